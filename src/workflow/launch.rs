//! Every launch of a bundle on another Mac, with its verdict.

use super::Inspection;
use crate::dyld::graph::Launch;
use crate::dyld::{Verdict, launch};

/// The launches on a Mac that has nothing but the bundle, in the graph's order.
pub fn launches(inspection: &Inspection) -> impl Iterator<Item = (&Launch, Verdict)> {
    inspection.clean.launches.iter().map(|one| (one, launch::verdict(&inspection.bundle, one)))
}
