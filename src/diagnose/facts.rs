//! Everything that a rule may look at.

use std::sync::OnceLock;

use super::loaded::{self, Process};
use super::missing_symbols::Symbols;
use super::names::{NameFault, Names};
use super::references::{Hit, Reference, hits_of, references};
use super::reuse::{Elsewhere, elsewhere};
use crate::bundle::{Bundle, Contents};
use crate::codesign::Verification;
use crate::dyld::Graph;

/// What is there, and what follows from it for more than one rule: that is worked out once, when first asked for.
pub struct Facts<'a> {
    pub bundle: &'a Bundle,
    /// As the build machine would load it, as far as the search roots bring it here.
    pub build: &'a Graph,
    /// As a Mac would that has nothing but the bundle.
    pub clean: &'a Graph,
    pub seals: &'a Verification,
    /// `None` where symbols were not looked up, as for the rounds of a plan.
    pub symbols: Option<Symbols<'a>>,
    /// What is in the files; `None` while a repair is planned, which no such fault needs.
    pub contents: Option<&'a Contents>,
    name_faults: OnceLock<Vec<(Reference<'a>, NameFault)>>,
    elsewhere: OnceLock<Vec<(Reference<'a>, Elsewhere)>>,
    processes: OnceLock<Vec<Process<'a>>>,
}

impl<'a> Facts<'a> {
    /// Without symbols and contents, which are the caller's to add.
    pub fn new(bundle: &'a Bundle, build: &'a Graph, clean: &'a Graph, seals: &'a Verification) -> Self {
        Facts {
            bundle,
            build,
            clean,
            seals,
            symbols: None,
            contents: None,
            name_faults: OnceLock::new(),
            elsewhere: OnceLock::new(),
            processes: OnceLock::new(),
        }
    }

    /// Every process that the bundle can start, by executable and architecture.
    pub(super) fn processes(&self) -> &[Process<'a>] {
        self.processes.get_or_init(|| loaded::processes(self))
    }

    /// References of the build machine whose names have a fault that `wanted` picks, each once, in a fixed order.
    pub(super) fn name_faults<T>(&self, wanted: impl Fn(&NameFault) -> Option<T>) -> Vec<(Hit<'a>, T)> {
        let all = self.name_faults.get_or_init(|| {
            let names = Names::new(self.bundle);
            references(self.build).filter_map(|one| Some((one, names.fault(&one)?))).collect()
        });
        picked(all, wanted)
    }

    /// References of the clean Mac that an image loaded before answers by its install name alone, and what the search would
    /// have come to; those that `wanted` picks, each once, in a fixed order.
    pub(super) fn elsewhere<T>(&self, wanted: impl Fn(&Elsewhere) -> Option<T>) -> Vec<(Hit<'a>, T)> {
        let all = self.elsewhere.get_or_init(|| {
            references(self.clean).filter_map(|one| Some((one, elsewhere(self.bundle, &one)?))).collect()
        });
        picked(all, wanted)
    }
}

fn picked<'a, F, T>(all: &[(Reference<'a>, F)], wanted: impl Fn(&F) -> Option<T>) -> Vec<(Hit<'a>, T)> {
    hits_of(all.iter().filter_map(|(reference, fault)| Some((*reference, wanted(fault)?))))
}
