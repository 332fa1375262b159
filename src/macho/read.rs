//! Bytes → [`MachFile`]. The only file that knows goblin.

use super::{MachFile, ReadError};

/// Whether `start` (at least the first 8 bytes of a file) begins a thin or universal Mach-O file.
pub fn is_macho(start: &[u8]) -> bool {
    let _ = start;
    todo!("macho room")
}

/// Reads every slice.
///
/// # Errors
/// [`ReadError`] when the bytes are not Mach-O or are cut off; never panics.
pub fn read(bytes: &[u8]) -> Result<MachFile, ReadError> {
    let _ = bytes;
    todo!("macho room")
}
