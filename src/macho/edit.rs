//! Edits of load commands with the verbs of `install_name_tool`, on bytes and on the model alike.
//!
//! Rules: dylib commands are never removed or reordered (their position is the ordinal that binds refer to); freed
//! bytes are zeroed; nothing is ever written at or past the first section; 16 bytes stay free for LC_CODE_SIGNATURE
//! while a slice has none.

use std::fmt;

use super::{Arch, InstallName, Rpath, Slice};

/// One change to the load commands of one slice.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LoadCommandEdit {
    /// Replace the text of LC_ID_DYLIB.
    SetId(InstallName),
    /// Replace the text of every dylib command that names `from`; kind, versions and order stay.
    ChangeUse { from: InstallName, to: InstallName },
    /// Append an LC_RPATH after the existing load commands.
    AddRpath(Rpath),
    /// Replace the text of the first LC_RPATH that says `from`.
    ReplaceRpath { from: Rpath, to: Rpath },
    /// Remove the last LC_RPATH that says this, so that of two equal ones the first keeps its place.
    DeleteRpath(Rpath),
}

/// Why a slice cannot be edited as asked. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EditError {
    /// The commands would reach `missing` bytes past the room before the first section.
    NoRoom { arch: Arch, missing: u64 },
    /// There is no such command to change.
    NotFound { arch: Arch, what: String },
    /// The result would hold the same LC_RPATH or dylib name twice, which newer dyld refuses.
    WouldDuplicate { arch: Arch, what: String },
    /// The bytes are not a Mach-O slice that can be edited.
    Malformed(String),
}

impl fmt::Display for EditError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EditError::NoRoom { arch, missing } => write!(
                f,
                "the {arch} header has {missing} bytes too few for this; relink with -Wl,-headerpad_max_install_names"
            ),
            EditError::NotFound { arch, what } => write!(f, "the {arch} slice has no {what}"),
            EditError::WouldDuplicate { arch, what } => write!(f, "the {arch} slice would have {what} twice"),
            EditError::Malformed(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for EditError {}

/// Applies `edits` in order to the bytes of one slice, of which only the load commands change.
///
/// # Errors
/// [`EditError`]; the bytes are then as they were.
pub fn edit_bytes(slice: &mut [u8], edits: &[LoadCommandEdit]) -> Result<(), EditError> {
    let _ = (slice, edits);
    todo!("macho room")
}

/// The same on the model: `read(edit_bytes(b, e)) == edit_model(read(b), e)`.
///
/// # Errors
/// The same [`EditError`] as [`edit_bytes`].
pub fn edit_model(slice: &Slice, edits: &[LoadCommandEdit]) -> Result<Slice, EditError> {
    let _ = (slice, edits);
    todo!("macho room")
}
