//! Folder → [`Bundle`].

use std::path::Path;

use super::Bundle;
use crate::failure::Failure;
use crate::progress::Progress;

/// Reads everything below `path`; every Mach-O file is mapped and parsed, in parallel.
///
/// # Errors
/// [`Failure`] when `path` is missing, is not a bundle, or cannot be listed.
pub fn scan(path: &Path, progress: &Progress) -> Result<Bundle, Failure> {
    let _ = (path, progress);
    todo!("bundle room")
}

/// Scans `path` but reports it as if it stood at `stands_for`: how a staged copy is checked before it takes the
/// place of the original.
///
/// # Errors
/// As [`scan`].
pub fn scan_as(path: &Path, stands_for: &Path, progress: &Progress) -> Result<Bundle, Failure> {
    let _ = (path, stands_for, progress);
    todo!("bundle room")
}
