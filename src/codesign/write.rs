//! Makes signatures. The only file of this room that writes to disk; every changed file is a new inode.

use std::path::Path;

use super::SignPlan;
use crate::failure::Failure;
use crate::progress::Progress;

/// Carries out `plan` on the bundle folder `root`.
///
/// # Errors
/// [`Failure`] when a file cannot be read, has no room for its signature, or cannot be written.
pub fn sign(root: &Path, plan: &SignPlan, progress: &Progress) -> Result<(), Failure> {
    let _ = (root, plan, progress);
    todo!("codesign room")
}
