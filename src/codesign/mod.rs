//! Reads, verifies, plans and makes signatures. Rules are Apple's `libsecurity_codesigning` (Security-61901).
//!
//! [`plan`] decides, [`sign`] carries out, [`simulate`] says what the model is afterwards, [`verify_bundle`] checks.
//! Signing is ad hoc, where the hash of the code stands for it, or with an [`Identity`].

mod asn1;
mod authority;
mod blob;
mod certificate;
mod chain;
mod check_code;
mod check_seal;
mod check_signature;
mod cms;
mod code_directory;
mod credentials;
mod describe;
mod designated;
mod digest;
mod disk_image;
mod embedded;
mod entitlements;
mod entitlements_der;
mod identifier;
mod identity;
mod layout;
mod nested;
mod pages;
mod plan;
mod profile;
mod requirement;
mod rules;
mod seal;
mod signer;
mod signers;
mod simulate;
mod step;
mod timestamp;
mod unsealable;
mod verified;
mod verify;
mod write;

use crate::macho::{Arch, Signature};
use crate::paths::BundlePath;

pub use authority::{Authority, iso_time, moment};
pub use certificate::Certificate;
pub use chain::{SealLink, SealState, SealTree, SealedBy, own_code, seal_chain, seal_tree};
pub use credentials::{cms_faults, code_faults, credentials, image_credentials};
pub use describe::{Description, SealDescription, describe, describe_seal, flag_names};
pub use disk_image::{is_disk_image, plan_disk_image};
pub use entitlements::{Entitlements, needs_profile};
pub use identity::{Identity, Password};
pub use plan::{SignKind, SignOptions, SignPlan, SignStep, may_stand_beside_contents, plan, plan_file};
pub use profile::Profile;
pub use requirement::{requirement_blob, requirement_text};
pub use signer::Signer;
pub use signers::SignedBy;
pub use simulate::simulate;
pub use timestamp::{APPLE_TIMESTAMP_SERVER, TIMESTAMP_QUERY, TIMESTAMP_REPLY, TimestampServer};
pub use unsealable::check_sealable;
pub use verified::{Known, Verified};
pub use verify::{verify_bundle, verify_disk_image, verify_file, verify_known};
pub use write::{disk_image_end, sign, sign_disk_image, sign_file, sign_known};

/// One thing wrong with a signature or a seal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SealProblem {
    pub path: BundlePath,
    pub arch: Option<Arch>,
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
    /// Each signature, sorted by path; slices in the file's order.
    pub codes: Vec<SignedCode>,
    /// Code without a signature: where it is not among the problems it runs all the same.
    pub unsigned: Vec<(BundlePath, crate::macho::Arch)>,
    /// What need not be calculated again.
    pub verified: Verified,
}

/// What one signature says of its code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCode {
    /// The Mach-O file, or the bundle that keeps its signature in files.
    pub path: BundlePath,
    pub arch: Option<crate::macho::Arch>,
    pub identifier: String,
    pub team: Option<String>,
    /// Of the strongest code directory, in hexadecimal: what the system knows this code by.
    pub cdhash: Option<String>,
    /// Whether nobody's certificate stands behind it.
    pub ad_hoc: bool,
    /// Whether it seals the files of a bundle.
    pub seals_resources: bool,
    /// Who made its CMS and when; `None` when there is none or it cannot be read.
    pub authority: Option<Authority>,
    /// How other code knows it again, in the requirement language; `None` where it follows from certificates alone.
    pub designated: Option<String>,
    /// Whether the signature itself says so; else it is what codesign makes up for ad hoc code.
    pub says_designated: bool,
}

/// One thing wrong with the signature of a file that is looked at by itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CodeFault {
    pub arch: Option<Arch>,
    /// As in [`SealProblem`].
    pub code: &'static str,
    pub message: String,
}

/// What a signature claims, as far as a notary asks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    pub signature: Signature,
    /// Whether no code directory has a hash stronger than SHA-1.
    pub sha1_only: bool,
    /// Who made its CMS and when; `None` when there is none or it cannot be read.
    pub authority: Option<Authority>,
    /// The XML of slot 5 as it stands.
    pub entitlements: Option<Vec<u8>>,
    /// Whether a notarization ticket is stapled to it; only disk images have it there.
    pub has_ticket: bool,
}
