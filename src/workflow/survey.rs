//! The maps of a bundle, worked out together.

use super::{Inspection, unused_images};
use crate::dyld::Graph;
use crate::failure::Failure;
use crate::maps::architectures::{Architectures, architectures};
use crate::maps::cycles::{Cycle, cycles};
use crate::maps::minimum_system::{MinimumSystem, minimum_systems};
use crate::maps::size::{Size, size};
use crate::maps::unused::Unused;
use crate::progress::Progress;

/// Every map that belongs to the bundle as a whole.
#[derive(Debug, Clone)]
pub struct Survey {
    pub cycles: Vec<Cycle>,
    pub unused: Vec<Unused>,
    pub size: Size,
    pub minimum_systems: Vec<MinimumSystem>,
    pub architectures: Architectures,
}

/// The maps of `graph`, which is one of the inspection's. Whether an image is unused is settled over every place, and the
/// strings of all files are read for it.
///
/// # Errors
/// [`Failure::Cancelled`] when the user asked to stop.
pub fn survey(inspection: &Inspection, graph: &Graph, progress: &Progress) -> Result<Survey, Failure> {
    let bundle = &inspection.bundle;
    progress.step("looking for unused images", &bundle.name, 0, 0)?;
    let unused = unused_images(inspection, progress)?;
    progress.step("measuring", &bundle.name, 0, 0)?;
    Ok(Survey {
        cycles: cycles(graph),
        unused,
        size: size(bundle, graph),
        minimum_systems: minimum_systems(bundle, graph),
        architectures: architectures(bundle, graph),
    })
}
