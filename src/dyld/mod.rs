//! How it would load, with every place tried. Rules are dyld-1378's (`apple-oss-distributions/dyld`).

mod conditions;
pub mod format;
pub mod graph;
mod host;
pub mod known;
pub mod launch;
pub mod laws;
mod load_chain;
mod loads;
mod lookup;
mod message;
mod path_overrides;
mod places;
mod process;
mod process_config;
pub mod sdk;
pub mod search;
mod security;
pub mod symbols;
pub mod system;
pub mod walk;

pub use conditions::{Conditions, OsProfile};
pub use graph::{Graph, resolve};
pub use launch::{Problem, Verdict};
pub use loads::{Load, Loads};
pub use path_overrides::PathOverrides;
pub use process::InsertFailure;
pub use process_config::ProcessConfig;
pub use search::{Candidate, Outcome, Resolution, SearchRule};
pub use security::Security;

use crate::bundle::SearchRoots;
use crate::macho::PackedVersion;

/// Where the launch is simulated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Another Mac: the bundle in `/Applications` and the system's own libraries, nothing else.
    CleanMac,
    /// Another Mac that has what the search roots know of Homebrew's folders, `/opt/homebrew` and `/usr/local`.
    HomebrewMac(SearchRoots),
    /// The build machine, as far as the search roots bring it here.
    BuildMac(SearchRoots),
}

/// Binaries linked against an SDK before 14.0 still get the fallback folders (dyld `MachOFile::… pre2022Binary`).
pub const FIRST_SDK_WITHOUT_FALLBACK: PackedVersion = PackedVersion::new(14, 0, 0);
