//! Reads, verifies, plans and makes signatures. Rules are Apple's `libsecurity_codesigning` (Security-61901).

mod nested;
mod plan;
mod verify;
mod write;

use crate::paths::BundlePath;

pub use plan::{SignKind, SignPlan, SignStep, plan};
pub use verify::{verify_bundle, verify_file};
pub use write::sign;

/// One thing wrong with a signature or a seal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SealProblem {
    pub path: BundlePath,
    pub arch: Option<crate::macho::Arch>,
    /// Stable word for scripts: `unsigned`, `page-hash`, `sealed-resource-modified`, …
    pub code: &'static str,
    /// Apple's words first where codesign has them, then ours.
    pub message: String,
}

/// What a verification looked at and what it found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verification {
    /// How many hashes, seals and structures were compared.
    pub checks: u64,
    /// Sorted by path.
    pub problems: Vec<SealProblem>,
}
