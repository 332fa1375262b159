//! The map that needs the disk; the others are functions of `crate::maps` over an [`Inspection`].

use super::Inspection;
use crate::failure::Failure;
use crate::maps::unused::{Mentions, Unused, mentions, unused};
use crate::progress::Progress;

/// What no program of the bundle loads, here or on another Mac, with what speaks for keeping it. Reads every program,
/// library and text of the bundle once when there is anything to look for.
///
/// # Errors
/// [`Failure::Cancelled`].
pub fn unused_images(inspection: &Inspection, progress: &Progress) -> Result<Vec<Unused>, Failure> {
    let graphs = [&*inspection.build, &*inspection.clean];
    let found = unused(&inspection.bundle, &graphs, &Mentions::new());
    let mentions = mentions(&inspection.bundle, &graphs, &found, progress)?;
    Ok(unused(&inspection.bundle, &graphs, &mentions))
}
