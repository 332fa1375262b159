//! Apps of slices too small to run, made for tests of symbols.

#![allow(clippy::disallowed_methods, reason = "tests make what they look at")]

use std::fs;
use std::path::PathBuf;

use crate::macho::sample::{ImportEntry, Sample, chained_fixups, trie};
use crate::macho::{Arch, LoadKind};

const FRAMEWORKS: &str = "@executable_path/../Frameworks";
const SYSTEM: (LoadKind, &str) = (LoadKind::Required, "/usr/lib/libSystem.B.dylib");

/// An app in a folder of its own.
pub(crate) struct App {
    folder: tempfile::TempDir,
}

impl App {
    pub fn new(main: &Sample) -> App {
        let app = App { folder: tempfile::tempdir().unwrap() };
        for place in ["MacOS", "Frameworks", "PlugIns"] {
            fs::create_dir_all(app.contents().join(place)).unwrap();
        }
        let info = "<?xml version=\"1.0\"?><plist version=\"1.0\"><dict><key>CFBundleExecutable</key><string>main</string></dict></plist>";
        fs::write(app.contents().join("Info.plist"), info).unwrap();
        app.add("MacOS/main", &Sample { file_type: 2, ..main.clone() })
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("T.app")
    }

    fn contents(&self) -> PathBuf {
        self.path().join("Contents")
    }

    pub fn add(self, path: &str, sample: &Sample) -> App {
        fs::write(self.contents().join(path), sample.build()).unwrap();
        self
    }

    /// A library in Frameworks under the name that [`uses`] asks for.
    pub fn library(self, leaf: &str, sample: Sample) -> App {
        let sample = Sample { install_name: Some(format!("{FRAMEWORKS}/{leaf}")), ..sample };
        self.add(&format!("Frameworks/{leaf}"), &sample)
    }
}

/// An image that uses libSystem, then `leaves` of Frameworks: their ordinals are 2, 3, ….
pub(crate) fn uses(leaves: &[(LoadKind, &str)]) -> Sample {
    let libraries = leaves.iter().map(|(kind, leaf)| (*kind, format!("{FRAMEWORKS}/{leaf}")));
    let system = (SYSTEM.0, SYSTEM.1.to_owned());
    Sample {
        uses: [system].into_iter().chain(libraries).collect(),
        uuid: Some([7; 16]),
        ..Sample::new(Arch::ARM64)
    }
}

pub(crate) fn needs(leaf: &str) -> Sample {
    uses(&[(LoadKind::Required, leaf)])
}

pub(crate) fn importing(imports: &[(i32, &str)], sample: Sample) -> Sample {
    let entry = |&(ordinal, name): &(i32, &str)| ImportEntry { ordinal, name: name.to_owned(), weak: false };
    let entries: Vec<ImportEntry> = imports.iter().map(entry).collect();
    Sample { chained_fixups: Some(chained_fixups(sample.order, 1, &entries)), ..sample }
}

pub(crate) fn exporting(names: &[&str], sample: Sample) -> Sample {
    let exports: Vec<(&str, Vec<u8>)> = names.iter().map(|name| (*name, vec![0, 0x10])).collect();
    Sample { exports_trie: Some(trie(&exports)), ..sample }
}

/// Exports `name` as what the library with this ordinal calls `there`.
pub(crate) fn forwarding(name: &str, ordinal: u8, there: &str, sample: Sample) -> Sample {
    let terminal = [&[8, ordinal], there.as_bytes(), &[0]].concat();
    Sample { exports_trie: Some(trie(&[(name, terminal)])), ..sample }
}
