//! One symbol in one process: `Loader::hasExportedSymbol`.

use super::binaries::{Binaries, BinaryId};
use super::processes::{End, Loaded, Process, Target};
use super::{Answer, SystemSymbols};
use crate::macho::exports_trie::Export;

/// How far re-exports with another name may lead; dyld itself has no limit but its stack.
const MAX_DEPTH: usize = 64;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    Yes,
    No,
    /// A library of macOS may have it, or a table could not be read.
    Unsure,
    /// dyld's complaint about an export that leads nowhere.
    Broken(String),
}

/// How far a search goes (`Loader::ExportedSymbolMode`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// The image and what it re-exports as a whole.
    StaticLink,
    /// The image's own table.
    Shallow,
}

/// Looks for symbols and remembers whose dylib commands it followed.
pub(super) struct Lookup<'c, 'm, 'g> {
    pub process: &'c Process<'g>,
    pub binaries: &'c Binaries<'m>,
    pub system: &'c dyn SystemSymbols,
    /// The images and their surroundings; the same search elsewhere ends alike when these are the same there.
    pub followed: Vec<(BinaryId, u32)>,
    searched: Vec<BinaryId>,
}

impl<'c, 'm, 'g> Lookup<'c, 'm, 'g> {
    pub fn new(process: &'c Process<'g>, binaries: &'c Binaries<'m>, system: &'c dyn SystemSymbols) -> Self {
        Lookup { process, binaries, system, followed: Vec::new(), searched: Vec::new() }
    }

    pub fn process(&self) -> &'c Process<'g> {
        self.process
    }

    /// In this image and what it re-exports, each image once.
    pub fn in_image(&mut self, loaded: &Loaded<'g>, name: &[u8]) -> Found {
        self.searched.clear();
        self.search(loaded, name, Mode::StaticLink, 0)
    }

    /// In the table of this image only.
    pub fn in_own_table(&mut self, loaded: &Loaded<'g>, name: &[u8]) -> Found {
        self.searched.clear();
        self.search(loaded, name, Mode::Shallow, 0)
    }

    pub fn in_system(&self, install_name: &str, name: &[u8]) -> Found {
        found(self.system.exports(install_name, &String::from_utf8_lossy(name), self.process.config.arch))
    }

    /// In the libraries of macOS that the process names, else in any: those bring others with them.
    pub fn in_named_libraries(&self, name: &[u8]) -> Found {
        if self.process.any_system(&mut |library| self.in_system(library, name) == Found::Yes) {
            return Found::Yes;
        }
        self.anywhere_in_system(name)
    }

    pub fn anywhere_in_system(&self, name: &[u8]) -> Found {
        found(self.system.anywhere(&String::from_utf8_lossy(name), self.process.config.arch))
    }

    fn search(&mut self, loaded: &Loaded<'g>, name: &[u8], mode: Mode, depth: usize) -> Found {
        if mode == Mode::StaticLink {
            if self.searched.contains(&loaded.binary) {
                return Found::No;
            }
            self.searched.push(loaded.binary);
        }
        let Ok(symbols) = &self.binaries.get(loaded.binary).symbols else { return Found::Unsure };
        match symbols.find(name) {
            Err(_) => return Found::Unsure,
            Ok(Some(Export::Definition { .. })) => return Found::Yes,
            Ok(Some(Export::Reexport { ordinal, name: there })) => {
                self.follow(loaded);
                let there = if there.is_empty() { name } else { there };
                return self.forward(loaded, ordinal, (name, there), mode, depth + 1);
            }
            Ok(None) if mode == Mode::Shallow => return Found::No,
            Ok(None) => {}
        }
        self.reexported(loaded, name, depth)
    }

    /// One export that another image has, with its names here and there.
    fn forward(
        &mut self,
        loaded: &Loaded<'g>,
        ordinal: u64,
        (name, there): (&[u8], &[u8]),
        mode: Mode,
        depth: usize,
    ) -> Found {
        if depth > MAX_DEPTH {
            return Found::No;
        }
        let index = usize::try_from(ordinal).ok().and_then(|ordinal| ordinal.checked_sub(1));
        let Some(target) = index.and_then(|index| loaded.targets.get(index)) else {
            let (path, name) = (&loaded.load.path, String::from_utf8_lossy(name));
            return Found::Broken(format!("re-export ordinal {ordinal} in {path} out of range for {name}"));
        };
        if there == name {
            return self.in_target(target, name, mode, depth);
        }
        // Under another name every image is asked anew, and what it re-exports too.
        let before = std::mem::take(&mut self.searched);
        let found = self.in_target(target, there, Mode::StaticLink, depth);
        self.searched = before;
        found
    }

    /// In every LC_REEXPORT_DYLIB of `loaded`.
    fn reexported(&mut self, loaded: &Loaded<'g>, name: &[u8], depth: usize) -> Found {
        let mut answer = Found::No;
        let targets = loaded.targets.iter().filter(|target| target.is_reexport());
        for (index, target) in targets.enumerate() {
            if index == 0 {
                self.follow(loaded);
            }
            match self.in_target(target, name, Mode::StaticLink, depth + 1) {
                Found::No => {}
                Found::Unsure => answer = Found::Unsure,
                decided => return decided,
            }
        }
        answer
    }

    fn in_target(&mut self, target: &Target<'g>, name: &[u8], mode: Mode, depth: usize) -> Found {
        let process = self.process;
        match target.end {
            End::System(install_name) => self.in_system(install_name, name),
            End::Absent => Found::No,
            End::Fatal => Found::Unsure,
            End::Loaded(binary) => match process.find(binary) {
                Some(loaded) if depth <= MAX_DEPTH => self.search(loaded, name, mode, depth),
                _ => Found::Unsure,
            },
        }
    }

    fn follow(&mut self, loaded: &Loaded<'g>) {
        let step = (loaded.binary, loaded.surroundings);
        if !self.followed.contains(&step) {
            self.followed.push(step);
        }
    }
}

fn found(answer: Answer) -> Found {
    match answer {
        Answer::Yes => Found::Yes,
        Answer::No => Found::No,
        Answer::Unknown => Found::Unsure,
    }
}
