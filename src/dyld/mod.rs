//! How it would load, with every place tried. Rules are dyld-1378's (`apple-oss-distributions/dyld`).

pub mod graph;
mod host;
pub mod launch;
mod places;
mod process;
pub mod search;
pub mod symbols;
pub mod system_libraries;

pub use graph::{Graph, resolve};
pub use launch::Verdict;
pub use search::{Candidate, Outcome, Resolution, SearchRule};

use crate::bundle::SearchRoots;
use crate::macho::PackedVersion;

/// Where the launch is simulated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Another Mac: the bundle in `/Applications` and the system's own libraries, nothing else.
    CleanMac,
    /// The build machine, as far as the search roots bring it here.
    BuildMac(SearchRoots),
}

/// Whose dyld is simulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum OsProfile {
    MacOs12,
    /// 13 to 15.3.
    MacOs13,
    /// 15.4 to 15.x: dylibs are validated.
    MacOs15_4,
    /// 26: main executables too.
    #[default]
    MacOs26,
}

impl OsProfile {
    pub const ALL: [OsProfile; 4] =
        [OsProfile::MacOs12, OsProfile::MacOs13, OsProfile::MacOs15_4, OsProfile::MacOs26];

    /// The profile that a `--os` value names; `None` when nothing is known about it.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "12" => Some(OsProfile::MacOs12),
            "13" | "14" | "15" => Some(OsProfile::MacOs13),
            "15.4" => Some(OsProfile::MacOs15_4),
            "26" => Some(OsProfile::MacOs26),
            _ => None,
        }
    }
}

/// Binaries linked against an SDK before 14.0 still get the fallback folders (dyld `MachOFile::… pre2022Binary`).
pub const FIRST_SDK_WITHOUT_FALLBACK: PackedVersion = PackedVersion::new(14, 0, 0);
