//! Every import of every loaded image, looked for as dyld would: `Loader::resolveSymbol` and `hasExportedSymbol` of
//! dyld-1378. What dyld does not stop at (weak imports, weak binds of LC_DYLD_INFO) is never missing here.

mod binaries;
mod check;
mod imports;
mod lookup;
mod message;
mod processes;
#[cfg(test)]
pub(crate) mod sample_app;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

pub use check::check;

use crate::bundle::ImageId;
use crate::macho::{Arch, InstallName};
use crate::paths::RuntimePath;

/// What is known of a library of macOS, whose file is on no disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    Yes,
    No,
    Unknown,
}

/// Who knows what the libraries of macOS export.
pub trait SystemSymbols: Sync {
    /// Whether the library with this install name exports `symbol`, through what it re-exports included.
    fn exports(&self, install_name: &str, symbol: &str, arch: Arch) -> Answer;

    /// Whether any library of macOS does: for lookups that name none.
    fn anywhere(&self, _symbol: &str, _arch: Arch) -> Answer {
        Answer::Unknown
    }
}

/// Knows nothing, so that nothing is missing in a library of macOS.
#[derive(Debug, Clone, Copy, Default)]
pub struct NothingKnown;

impl SystemSymbols for NothingKnown {
    fn exports(&self, _install_name: &str, _symbol: &str, _arch: Arch) -> Answer {
        Answer::Unknown
    }
}

/// Where dyld expects a symbol.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Expected {
    /// In a loaded image: a library, or the image itself.
    Image(ImageId),
    /// In the executable of the process, whichever that is.
    MainExecutable(ImageId),
    /// In a library of macOS, by the name that found it.
    System(RuntimePath),
    /// In a library that may be absent and is.
    AbsentLibrary,
    /// In any loaded image.
    FlatNamespace,
    /// In any loaded image with weak definitions.
    WeakDefinition,
    /// The ordinal has no dylib command, or a re-export has none.
    Nowhere,
}

/// When a missing symbol stops the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum When {
    /// At the launch, or when `dlopen` is called.
    Bind,
    /// Bound lazily: when it is called. `dlopen` with RTLD_NOW fails at once.
    Call,
}

/// One symbol that an image imports and that is not found where dyld looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingSymbol {
    /// The image that imports it, and the slice.
    pub image: ImageId,
    pub arch: Arch,
    pub symbol: String,
    /// The dylib command that its ordinal means.
    pub reference: Option<InstallName>,
    pub expected: Expected,
    pub when: When,
    /// False when a library of macOS that nobody knows the symbols of may have it.
    pub certain: bool,
    /// For [`Expected::FlatNamespace`], an image that has it and is not loaded by then.
    pub offered_by: Option<ImageId>,
    /// What dyld prints after `dyld[PID]: `, or `dlerror` after `dlopen(…): `. The UUID of a library of macOS is not
    /// known; [`SYSTEM_UUID`] stands for it.
    pub message: String,
}

/// A required import from libSystem that no macOS as old as the slice's own minimum has: there here, missing there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RecentSymbol {
    pub image: ImageId,
    pub arch: Arch,
    /// The dylib command that its ordinal means.
    pub reference: InstallName,
    pub symbol: String,
}

/// Stands in a message for the UUID of a library of macOS, which differs with every update.
pub const SYSTEM_UUID: &str = "UUID of this macOS";

/// What is missing in one launch: the position in its loads, and the symbol. In dyld's order: loads, then binds.
pub type LaunchSymbols = Vec<(usize, Arc<MissingSymbol>)>;

/// What is missing in every launch of a graph.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SymbolReport {
    /// Same order as the graph's launches. For a plug-in only of what it brings: the rest is its host's.
    pub launches: Vec<LaunchSymbols>,
    pub recent: BTreeSet<RecentSymbol>,
    /// Slices whose tables of symbols are malformed, and why. Nothing is said of what is expected in them.
    pub unreadable: BTreeMap<(ImageId, Arch), String>,
    /// Distinct images, slices and surroundings that were checked, and the imports that were looked for.
    pub checked: usize,
    pub imports: usize,
}

impl SymbolReport {
    /// What dyld would print at the launch at this position of the graph, when all its libraries are there.
    pub fn first_fatal(&self, launch: usize) -> Option<&MissingSymbol> {
        let missing = self.launches.get(launch)?.iter().map(|(_, missing)| missing.as_ref());
        missing.into_iter().find(|missing| missing.is_fatal())
    }

    /// What the launch at this position of the graph lacks.
    pub fn of(&self, launch: usize) -> &[(usize, Arc<MissingSymbol>)] {
        self.launches.get(launch).map_or(&[], Vec::as_slice)
    }

    /// Every missing symbol once, whichever launches lack it, in the order of the first of them.
    pub fn all(&self) -> Vec<&Arc<MissingSymbol>> {
        let mut seen = BTreeSet::new();
        let missing = self.launches.iter().flatten().map(|(_, missing)| missing);
        missing
            .filter(|one| seen.insert((&one.image, one.arch, one.symbol.as_str(), &one.expected)))
            .collect()
    }
}

impl MissingSymbol {
    /// Whether dyld stops at it.
    pub fn is_fatal(&self) -> bool {
        self.certain && self.when == When::Bind
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Expected::Image(image) | Expected::MainExecutable(image) => image.fmt(f),
            Expected::System(path) => path.fmt(f),
            Expected::AbsentLibrary => f.write_str("a library that is absent"),
            Expected::FlatNamespace => f.write_str("any loaded image"),
            Expected::WeakDefinition => f.write_str("any loaded image with weak definitions"),
            Expected::Nowhere => f.write_str("no library"),
        }
    }
}
