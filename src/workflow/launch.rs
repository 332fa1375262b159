//! Every launch of a bundle on another Mac, with its verdict.

use super::Inspection;
use crate::bundle::{Bundle, EntryKind};
use crate::dyld::graph::Launch;
use crate::dyld::{Conditions, Place, Verdict, launch, resolve};
use crate::macho::Arch;

/// The launches on a Mac that has nothing but the bundle, in the graph's order.
pub fn launches(inspection: &Inspection) -> impl Iterator<Item = (&Launch, Verdict)> {
    inspection.clean.launches.iter().map(|one| (one, launch::verdict(&inspection.bundle, one)))
}

/// Whether the app's own executable would start on another Mac, for each of its architectures.
pub fn starts(bundle: &Bundle) -> Vec<(Arch, bool)> {
    let graph = resolve(bundle, &Place::CleanMac, &Conditions::default());
    let main = graph.launches.iter().filter(|one| one.kind == EntryKind::Main);
    main.map(|one| (one.arch, launch::verdict(bundle, one).ok)).collect()
}
