//! One transaction: stage beside the bundle, sign, check, then swap. Undo swaps back.

use std::path::Path;

use super::FixPlan;
use crate::bundle::Bundle;
use crate::failure::Failure;
use crate::progress::Progress;

/// What a fix did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    pub edits: usize,
    /// Files that are new or changed, and signatures made.
    pub files_changed: usize,
    pub signed: usize,
}

/// Carries out `plan` on the bundle it was made for: all of it or nothing.
///
/// # Errors
/// [`Failure`]; the bundle is then as it was.
pub fn apply(bundle: &Bundle, plan: &FixPlan, progress: &Progress) -> Result<Receipt, Failure> {
    let _ = (bundle, plan, progress);
    todo!("fix room")
}

/// Puts the originals of the last fix back, byte for byte.
///
/// # Errors
/// [`Failure`] when there is nothing to undo, or the bundle was changed since.
pub fn undo(bundle: &Path, progress: &Progress) -> Result<(), Failure> {
    let _ = (bundle, progress);
    todo!("fix room")
}

/// Cleans up after a fix that was killed: the bundle is then whole, old or new. Says what it did.
///
/// # Errors
/// [`Failure`] when the leftovers cannot be read or removed.
pub fn recover(bundle: &Path) -> Result<Option<String>, Failure> {
    let _ = bundle;
    todo!("fix room")
}

/// Whether there is a fix that [`undo`] can take back.
pub fn last_fix(bundle: &Path) -> Option<Receipt> {
    let _ = bundle;
    todo!("fix room")
}
