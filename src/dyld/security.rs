//! What a process may do and what is switched off for it: dyld's `ProcessConfig::Security`.
//!
//! dyld asks AppleMobileFileIntegrity, whose policy is closed. What stands here is what Apple documents for the hardened
//! runtime and what dyld 519 still decided by itself (`configureProcessRestrictions`).

use super::Conditions;
use crate::macho::{Signature, SignatureState, Slice};

/// The answers that dyld gets, by its own names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Security {
    /// `@executable_path` and relative places are looked at.
    pub allow_at_paths: bool,
    /// `DYLD_…PATH` variables and relative file paths count.
    pub allow_env_vars_path: bool,
    /// `/usr/local/lib` and `/Library/Frameworks` are among the fallback folders.
    pub allow_classic_fallback_paths: bool,
    /// LC_DYLD_ENVIRONMENT of the main executable counts.
    pub allow_embedded_vars: bool,
    /// `DYLD_LIBRARY_PATH` may put something in libSystem's place.
    pub allow_lib_system_overrides: bool,
    /// Only libraries of the same team, and Apple's, may be mapped.
    pub library_validation: bool,
    /// Whether any of it is because the process runs hardened.
    pub hardened: bool,
}

/// CodeDirectory flags (`cs_blobs.h`).
const CS_RESTRICT: u32 = 0x800;
const CS_REQUIRE_LV: u32 = 0x2000;
const CS_RUNTIME: u32 = 0x1_0000;

/// `S_ISUID` and `S_ISGID`.
const SET_ID: u32 = 0o6000;

const ALLOW_VARIABLES: &str = "com.apple.security.cs.allow-dyld-environment-variables";
const NO_LIBRARY_VALIDATION: &str = "com.apple.security.cs.disable-library-validation";

impl Security {
    pub(super) fn of(main: &Slice, mode: u32, conditions: &Conditions) -> Self {
        let flags = main.signature.flags;
        let restricted = mode & SET_ID != 0 || flags & CS_RESTRICT != 0 || main.restricted;
        let hardened = conditions.hardened.unwrap_or(flags & CS_RUNTIME != 0);
        let may = |key: &str| main.signature.entitlements.contains(key);
        Security {
            allow_at_paths: !restricted,
            allow_env_vars_path: !restricted && (!hardened || may(ALLOW_VARIABLES)),
            allow_classic_fallback_paths: !restricted,
            allow_embedded_vars: !restricted,
            allow_lib_system_overrides: !hardened,
            library_validation: (hardened || flags & CS_REQUIRE_LV != 0) && !may(NO_LIBRARY_VALIDATION),
            hardened,
        }
    }
}

/// What AMFI answers when a process of this signature wants to map code of that one; `None` when it may.
pub(super) fn refused_by_amfi(main: &Signature, validated: bool, mapped: &Slice) -> Option<&'static str> {
    let unsigned = mapped.signature.state == SignatureState::None;
    if unsigned && (validated || mapped.arch.needs_signature()) {
        return Some(
            "mapped file has no cdhash, completely unsigned? Code has to be at least ad-hoc signed.",
        );
    }
    if !validated {
        return None;
    }
    match (&main.team, &mapped.signature.team) {
        (Some(main), Some(mapped)) if main == mapped => None,
        (Some(_), None) => Some(
            "mapped file has no Team ID and is not a platform binary (signed with custom identity or adhoc?)",
        ),
        // Two ad hoc signatures have no Team ID, and no two of those are the same.
        _ => Some("mapping process and mapped file (non-platform) have different Team IDs"),
    }
}
