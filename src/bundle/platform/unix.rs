//! Linux and macOS.

use std::fs::Metadata;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Files carry permission bits of their own.
pub(in crate::bundle) const RECORDS_MODES: bool = true;

pub(in crate::bundle) fn mode(metadata: &Metadata) -> u32 {
    metadata.permissions().mode() & 0o7777
}

/// A link's target in the spelling of a Mac.
pub(in crate::bundle) fn link_text(target: &Path) -> String {
    target.to_string_lossy().into_owned()
}

/// A canonical path as people write it.
pub(in crate::bundle) fn plain_path(path: PathBuf) -> PathBuf {
    path
}

/// Where a path of the build machine is when this machine is it.
pub(in crate::bundle) fn local_path(runtime: &str) -> PathBuf {
    PathBuf::from(runtime)
}
