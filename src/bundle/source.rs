//! Where the build machine's absolute paths live on this machine.

use std::path::PathBuf;

use crate::paths::RuntimePath;

/// `/opt/homebrew` → a folder here. Longest match wins; a path that no root covers is looked up as it stands when
/// `this_machine` is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchRoots {
    pub roots: Vec<(RuntimePath, PathBuf)>,
    /// Whether this machine's own file system counts as the build machine's.
    pub this_machine: bool,
}

impl Default for SearchRoots {
    fn default() -> Self {
        SearchRoots { roots: Vec::new(), this_machine: true }
    }
}
