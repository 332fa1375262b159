//! Reads, verifies, plans and makes signatures. Rules are Apple's `libsecurity_codesigning` (Security-61901).
//!
//! [`plan`] decides, [`sign`] carries out, [`simulate`] says what the model is afterwards, [`verify_bundle`] checks.
//! Signing is ad hoc: there is no identity, and the hash of the code stands for it.

mod blob;
mod check_code;
mod check_seal;
mod code_directory;
mod describe;
mod digest;
mod embedded;
mod entitlements;
mod identifier;
mod layout;
mod nested;
mod plan;
mod requirement;
mod rules;
mod seal;
mod simulate;
mod verify;
mod write;

use crate::paths::BundlePath;

pub use describe::{Description, SealDescription, describe, describe_seal, flag_names};
pub use entitlements::needs_profile;
pub use plan::{SignKind, SignPlan, SignStep, may_stand_beside_contents, plan, plan_file};
pub use simulate::simulate;
pub use verify::{verify_bundle, verify_file};
pub use write::{sign, sign_file};

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
