//! What LC_CODE_SIGNATURE says about itself, without checking a single hash (that is `codesign`'s work).

/// How a slice is signed, as far as its code directory claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SignatureState {
    None,
    /// Made by the linker: ad hoc, replaced by any signer.
    Linker,
    Adhoc,
    /// Carries a CMS signature of some identity.
    Cms,
    /// There is a signature command but what it points at cannot be read.
    Unreadable,
}

/// The signature of one slice as its first code directory describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    pub state: SignatureState,
    pub identifier: Option<String>,
    pub team: Option<String>,
    /// CodeDirectory flags (CS_ADHOC 0x2, CS_RUNTIME 0x10000, CS_LINKER_SIGNED 0x20000, …).
    pub flags: u32,
}

impl Signature {
    pub const NONE: Signature =
        Signature { state: SignatureState::None, identifier: None, team: None, flags: 0 };
}
