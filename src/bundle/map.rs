//! A file's bytes in memory without reading them all: the one place with `unsafe`.

use std::fs::File;
use std::io;
use std::ops::Deref;
use std::path::Path;

/// The bytes of a file as they are on disk, for a short look.
pub struct Mapped(memmap2::Mmap);

/// Maps `path` for reading.
///
/// # Errors
/// Those of opening and mapping it.
pub fn map(path: &Path) -> io::Result<Mapped> {
    let file = File::open(path)?;
    // SAFETY: the bytes are only ever read, as plain `u8`, for which every value is valid. What the compiler cannot
    // know is that nobody cuts the file off meanwhile (Unix would then stop the process; Windows refuses to cut a mapped
    // file). We never do: a file is replaced by a new one and a rename, never written in place, as linkers, `cp` to a
    // new name and installers do too; and a map lives only while load commands are parsed, symbols and
    // names are looked up or pages are hashed.
    #[allow(unsafe_code)]
    let bytes = unsafe { memmap2::Mmap::map(&file)? };
    Ok(Mapped(bytes))
}

impl Deref for Mapped {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}
