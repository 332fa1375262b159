//! Open a bundle: scan, resolve, verify, diagnose.

use std::path::Path;

use super::Inspection;
use crate::bundle::SearchRoots;
use crate::failure::Failure;
use crate::progress::Progress;

/// How to look at a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InspectOptions {
    pub roots: SearchRoots,
}

/// # Errors
/// [`Failure`] when `path` is missing, not a bundle, or cannot be listed; everything else is a finding.
pub fn inspect(path: &Path, options: &InspectOptions, progress: &Progress) -> Result<Inspection, Failure> {
    let _ = (path, options, progress);
    todo!("workflow room")
}
