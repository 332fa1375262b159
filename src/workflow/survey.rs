//! The maps of a bundle, worked out together.

use super::Inspection;
use crate::dyld::Graph;
use crate::failure::Failure;
use crate::maps::architectures::{Architectures, architectures};
use crate::maps::cycles::{Cycle, cycles};
use crate::maps::minimum_system::{MinimumSystem, minimum_systems};
use crate::maps::size::{Size, size};
use crate::maps::unused::{Mentions, Unused, mentions, unused};
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
    let graphs: [&Graph; 2] = [&inspection.build, &inspection.clean];
    progress.step("looking for unused images", &bundle.name, 0, 0)?;
    let unnamed = unused(bundle, &graphs, &Mentions::new());
    let named = mentions(bundle, &unnamed, progress)?;
    progress.step("measuring", &bundle.name, 0, 0)?;
    Ok(Survey {
        cycles: cycles(graph),
        unused: unused(bundle, &graphs, &named),
        size: size(bundle, graph),
        minimum_systems: minimum_systems(bundle, graph),
        architectures: architectures(bundle, graph),
    })
}
