//! A file's bytes in memory without reading them all: the one place with `unsafe`.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Deref;
use std::path::Path;

/// The bytes of a file as they are on disk, for a short look.
pub struct Mapped(memmap2::Mmap);

/// Maps `path` for reading.
///
/// # Errors
/// Those of opening and mapping it.
pub fn map(path: &Path) -> io::Result<Mapped> {
    map_file(&File::open(path)?)
}

/// A file's bytes, in whichever way is quicker.
pub(super) enum Bytes {
    Read(Vec<u8>),
    Mapped(Mapped),
}

/// Files up to this length are read: taking a map away stops every other thread for a moment, which costs more.
const SMALL: u64 = 64 << 10;

/// The first bytes that are looked at, which most load commands fit into.
const START: usize = 4096;

/// The bytes of a file whose first ones `wanted` picks; `None` for any other.
///
/// # Errors
/// Those of opening, reading and mapping it.
pub(super) fn open(path: &Path, wanted: impl Fn(&[u8]) -> bool) -> io::Result<Option<Bytes>> {
    let mut file = File::open(path)?;
    let mut start = [0; START];
    let first = file.read(&mut start)?;
    if !wanted(&start[..first]) {
        return Ok(None);
    }
    let length = file.metadata()?.len();
    if length > SMALL {
        return map_file(&file).map(|mapped| Some(Bytes::Mapped(mapped)));
    }
    let mut bytes = Vec::with_capacity(length as usize);
    bytes.extend_from_slice(&start[..first]);
    file.read_to_end(&mut bytes)?;
    Ok(Some(Bytes::Read(bytes)))
}

fn map_file(file: &File) -> io::Result<Mapped> {
    // SAFETY: the bytes are only ever read, as plain `u8`, for which every value is valid. What the compiler cannot
    // know is that nobody cuts the file off meanwhile (Unix would then stop the process; Windows refuses to cut a mapped
    // file). We never do: a file is replaced by a new one and a rename, never written in place, as linkers, `cp` to a
    // new name and installers do too; and a map lives only while load commands are parsed, symbols and
    // names are looked up or pages are hashed.
    #[allow(unsafe_code)]
    let bytes = unsafe { memmap2::Mmap::map(file)? };
    Ok(Mapped(bytes))
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Bytes::Read(bytes) => bytes,
            Bytes::Mapped(bytes) => bytes,
        }
    }
}

impl Deref for Mapped {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}
