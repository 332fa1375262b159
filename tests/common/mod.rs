//! What several test files need: the archives of `tests/fixtures`, unpacked.

// Each test file compiles this anew and uses a part of it.
#![allow(dead_code)]

use std::fs::File;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use tempfile::TempDir;

/// An unpacked archive; it goes when this is dropped.
pub struct Fixture {
    dir: TempDir,
}

/// Unpacks `tests/fixtures/<name>.tar.gz` with its links and modes. `README.md` there says what it holds.
pub fn unpack(name: &str) -> Fixture {
    unpack_file(&repository().join(format!("tests/fixtures/{name}.tar.gz")))
}

/// Unpacks `assets/sample/sample.tar.gz`.
pub fn unpack_sample() -> Fixture {
    unpack_file(&repository().join("assets/sample/sample.tar.gz"))
}

fn unpack_file(archive: &Path) -> Fixture {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let file = File::open(archive).unwrap_or_else(|error| panic!("{}: {error}", archive.display()));
    tar::Archive::new(GzDecoder::new(file)).unpack(dir.path()).expect("a fixture that unpacks");
    Fixture { dir }
}

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

impl Fixture {
    /// The folder, for whoever needs nothing else of it.
    pub fn into_folder(self) -> TempDir {
        self.dir
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// `app("T1")` is the folder of T1.app.
    pub fn app(&self, name: &str) -> PathBuf {
        self.dir.path().join(format!("{name}.app"))
    }

    /// The build machine's folders in this fixture: where they were, and where they are now.
    pub fn roots(&self) -> Vec<(String, PathBuf)> {
        let disks = ["root", "build-machine"].map(|name| self.dir.path().join(name));
        let folders = ["/Users/builder/CraftRoot", "/opt/homebrew", "/p"];
        let placed =
            disks.iter().flat_map(|disk| folders.map(|from| (from.to_owned(), disk.join(&from[1..]))));
        placed.filter(|(_, to)| to.is_dir()).collect()
    }
}

/// A thin little-endian library of 64 bits that is not signed, with a `__LINKEDIT` that is longer by `length` bytes.
pub fn grown(library: &[u8], length: usize) -> Vec<u8> {
    let mut bytes = library.to_vec();
    let word = |bytes: &[u8], at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four"));
    let (mut at, count) = (32, word(&bytes, 16));
    for _ in 0..count {
        let size = word(&bytes, at + 4) as usize;
        // LC_SEGMENT_64: the name at 8, vmsize at 32, filesize at 48.
        if word(&bytes, at) == 0x19 && bytes[at + 8..].starts_with(b"__LINKEDIT\0") {
            let filesize = u64::from(word(&bytes, at + 48)) + length as u64;
            let vmsize = filesize.next_multiple_of(0x4000);
            bytes[at + 32..at + 40].copy_from_slice(&vmsize.to_le_bytes());
            bytes[at + 48..at + 56].copy_from_slice(&filesize.to_le_bytes());
        }
        at += size;
    }
    bytes.extend(filler(length));
    bytes
}

/// Bytes that are not all the same.
pub fn filler(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at * 31 + at / 4096) as u8).collect()
}
