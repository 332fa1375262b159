//! Every launch of a bundle on another Mac, with its verdict.

use super::{InspectOptions, Inspection};
use crate::bundle::{Bundle, EntryKind};
use crate::dyld::graph::Launch;
use crate::dyld::{Conditions, Graph, Place, Verdict, launch, resolve};
use crate::macho::Arch;

/// Every launch of `graph`, which shows the bundle of `inspection`, with its verdict.
pub fn launches<'a>(
    inspection: &'a Inspection,
    graph: &'a Graph,
) -> impl Iterator<Item = (&'a Launch, Verdict)> {
    graph.launches.iter().map(|one| (one, launch::verdict(&inspection.bundle, graph, one)))
}

/// How it would load on another Mac that has what the search roots know of Homebrew's folders.
pub fn on_homebrew_mac(inspection: &Inspection) -> Graph {
    let InspectOptions { roots, conditions } = &inspection.options;
    resolve(&inspection.bundle, &Place::HomebrewMac(roots.clone()), conditions)
}

/// Whether the app's own executable would start on another Mac, for each of its architectures.
pub fn starts(bundle: &Bundle) -> Vec<(Arch, bool)> {
    let graph = resolve(bundle, &Place::CleanMac, &Conditions::default());
    let main = graph.launches.iter().filter(|one| one.kind == EntryKind::Main);
    main.map(|one| (one.arch, launch::verdict(bundle, &graph, one).ok)).collect()
}
