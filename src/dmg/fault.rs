//! Why bytes of a disk image could not be read, before a file name is put to it.

use std::io;
use std::path::Path;

use crate::failure::Failure;

/// What went wrong inside an image.
#[derive(Debug)]
pub enum Fault {
    Io(io::Error),
    /// The image contradicts its format; a clause such as "its catalog has a loop".
    Damaged(String),
    /// The image is (or may be) sound, but uses what this reader does not know.
    Unsupported(String),
}

impl Fault {
    pub fn damaged(what: impl Into<String>) -> Self {
        Fault::Damaged(what.into())
    }

    /// As a clause about the image, or a part of it.
    pub fn words(&self) -> String {
        match self {
            Fault::Io(error) => format!("stops with an error of the disk ({})", error.kind()),
            Fault::Damaged(what) | Fault::Unsupported(what) => what.clone(),
        }
    }

    /// The same fault, told about the file `path`.
    pub fn in_file(self, path: &Path) -> Failure {
        match self {
            Fault::Io(error) => Failure::io(path, "read", &error),
            Fault::Damaged(what) => Failure::new(path, what, "download or build the disk image again"),
            Fault::Unsupported(what) => {
                Failure::new(path, what, "convert it with `hdiutil convert -format UDZO` on a Mac")
            }
        }
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Fault::damaged("ends too early"),
            _ => Fault::Io(error),
        }
    }
}

/// Bytes at any place of a disk or partition.
pub trait ReadAt {
    /// Fills `buf` from byte `at` on.
    fn read_at(&mut self, at: u64, buf: &mut [u8]) -> Result<(), Fault>;

    /// Size in bytes.
    fn size(&self) -> u64;
}

/// A part of a disk as a disk of its own.
pub struct Window<'a> {
    pub disk: &'a mut dyn ReadAt,
    /// First byte and length in bytes, within `disk`.
    pub start: u64,
    pub length: u64,
}

impl ReadAt for Window<'_> {
    fn read_at(&mut self, at: u64, buf: &mut [u8]) -> Result<(), Fault> {
        let end = at.checked_add(buf.len() as u64);
        match end {
            Some(end) if end <= self.length => self.disk.read_at(self.start + at, buf),
            _ => Err(Fault::damaged("points past the end of its partition")),
        }
    }

    fn size(&self) -> u64 {
        self.length
    }
}

impl ReadAt for &[u8] {
    fn read_at(&mut self, at: u64, buf: &mut [u8]) -> Result<(), Fault> {
        let start = usize::try_from(at).ok();
        let part = start.and_then(|start| self.get(start..start.checked_add(buf.len())?));
        buf.copy_from_slice(part.ok_or_else(|| Fault::damaged("ends too early"))?);
        Ok(())
    }

    fn size(&self) -> u64 {
        self.len() as u64
    }
}
