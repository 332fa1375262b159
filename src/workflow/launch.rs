//! Every launch of a bundle on another Mac, with its verdict.

use std::sync::Arc;

use super::{InspectOptions, Inspection};
use crate::bundle::{Bundle, EntryKind};
use crate::dyld::graph::Launch;
use crate::dyld::symbols::SymbolReport;
use crate::dyld::{Conditions, Graph, Place, Verdict, launch, resolve};
use crate::macho::Arch;

/// Every launch of `graph`, which shows the bundle of `inspection`, with its verdict. `symbols` are what its launches lack.
pub fn launches<'a>(
    inspection: &'a Inspection,
    graph: &'a Graph,
    symbols: &'a SymbolReport,
) -> impl Iterator<Item = (&'a Launch, Verdict)> {
    let said = move |(at, one): (usize, &'a Launch)| {
        (one, launch::verdict(&inspection.bundle, graph, one, symbols.of(at)))
    };
    graph.launches.iter().enumerate().map(said)
}

/// How it would load on one Mac, and the symbols that are missing there.
pub fn on(inspection: &Inspection, mac: Mac) -> (Arc<Graph>, Arc<SymbolReport>) {
    let InspectOptions { roots, conditions, .. } = &inspection.options;
    let graph = match mac {
        Mac::Clean => return (Arc::clone(&inspection.clean), Arc::clone(&inspection.symbols)),
        Mac::Build => Arc::clone(&inspection.build),
        Mac::Homebrew => {
            Arc::new(resolve(&inspection.bundle, &Place::HomebrewMac(roots.clone()), conditions))
        }
    };
    let symbols = inspection.system.check(&inspection.bundle, &graph);
    (graph, Arc::new(symbols))
}

/// Where the app is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mac {
    /// One that has nothing but the bundle.
    #[default]
    Clean,
    /// One that has what the search roots know of Homebrew's folders too.
    Homebrew,
    /// The build machine.
    Build,
}

/// Whether the app's own executable would start on another Mac, for each of its architectures.
pub fn starts(bundle: &Bundle) -> Vec<(Arch, bool)> {
    let graph = resolve(bundle, &Place::CleanMac, &Conditions::default());
    let main = graph.launches.iter().filter(|one| one.kind == EntryKind::Main);
    main.map(|one| (one.arch, launch::verdict(bundle, &graph, one, &[]).ok)).collect()
}
