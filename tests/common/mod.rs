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
