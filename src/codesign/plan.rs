//! What will be signed, in which order, what is kept and what is lost: said before anything is written.

use std::collections::BTreeSet;

use crate::bundle::Bundle;
use crate::paths::BundlePath;

/// The steps inside-out: a nested thing always before what seals it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SignPlan {
    pub steps: Vec<SignStep>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignStep {
    /// A Mach-O file, or the folder of a bundle (`""` for the app, `…/X.framework/Versions/A` for a framework).
    pub path: BundlePath,
    pub kind: SignKind,
    pub identifier: String,
    /// What of the old signature stays, in words: "identifier", "2 entitlements".
    pub keeps: Vec<String>,
    /// What goes: "hardened runtime (an ad hoc signature cannot keep it with bundled libraries)".
    pub drops: Vec<String>,
    pub warnings: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignKind {
    /// One Mach-O file by itself.
    Code,
    /// A bundle: its resources are sealed into CodeResources and its main executable is signed with them.
    Bundle,
}

/// Plans ad hoc signing of `touched` (bundle paths that changed or must be signed) and of everything that encloses
/// them, up to the app. With an empty `touched`, everything in the bundle.
pub fn plan(bundle: &Bundle, touched: &BTreeSet<BundlePath>) -> SignPlan {
    let _ = (bundle, touched);
    todo!("codesign room")
}
