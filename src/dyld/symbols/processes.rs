//! The launches of a graph as lookups need them: who is loaded, in which order, and what each ordinal leads to.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::binaries::{BinaryId, Maps};
use crate::bundle::EntryKind;
use crate::dyld::graph::{Dependency, Launch, Load};
use crate::dyld::{Graph, Resolution};
use crate::macho::{Arch, LoadKind};

/// Images that were loaded one after the other: those of a launch, or those that a plug-in adds to its host's.
pub(super) struct Process<'g> {
    pub arch: Arch,
    /// What was there before.
    pub base: Option<Arc<Process<'g>>>,
    /// False for a plug-in whose host is not known.
    has_main: bool,
    /// In load order.
    pub loads: Vec<Loaded<'g>>,
    positions: HashMap<BinaryId, usize>,
    /// The libraries of macOS that `loads` name, each once.
    system: BTreeSet<&'g str>,
}

pub(super) struct Loaded<'g> {
    pub load: &'g Load,
    /// In the loads of the launch.
    pub position: usize,
    pub binary: BinaryId,
    /// Equal for equal images whose dylib commands lead to equal places.
    pub surroundings: u32,
    /// By ordinal, from 1 on.
    pub targets: Vec<Target<'g>>,
}

/// Where one dylib command leads.
pub(super) struct Target<'g> {
    pub dependency: Option<&'g Dependency>,
    pub end: End<'g>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum End<'g> {
    Loaded(BinaryId),
    System(&'g str),
    /// A missing library that the launch goes on without.
    Absent,
    /// A missing library that stops the launch before any symbol is looked for.
    Fatal,
}

impl<'g> Process<'g> {
    /// The image in this process; what was there before included.
    pub fn find(&self, binary: BinaryId) -> Option<&Loaded<'g>> {
        match self.positions.get(&binary) {
            Some(&position) => self.loads.get(position),
            None => self.base.as_ref()?.find(binary),
        }
    }

    pub fn main(&self) -> Option<&Loaded<'g>> {
        match &self.base {
            Some(base) => base.main(),
            None => self.loads.first().filter(|_| self.has_main),
        }
    }

    /// Whether `wanted` holds for a library of macOS that some image names.
    pub fn any_system(&self, wanted: &mut dyn FnMut(&str) -> bool) -> bool {
        let here = self.system.iter().any(|name| wanted(name));
        here || self.base.as_ref().is_some_and(|base| base.any_system(wanted))
    }

    /// Every image in load order.
    pub fn in_order(&self) -> impl Iterator<Item = &Loaded<'g>> {
        let base: Box<dyn Iterator<Item = &Loaded<'g>>> = match &self.base {
            Some(base) => Box::new(base.in_order()),
            None => Box::new(std::iter::empty()),
        };
        base.chain(&self.loads)
    }
}

impl Target<'_> {
    pub fn is_reexport(&self) -> bool {
        self.dependency.is_some_and(|dependency| dependency.kind == LoadKind::Reexport)
    }
}

/// What was loaded before the launch's entry was opened, and what it brought.
fn split(launch: &Launch) -> (&[Arc<Load>], &[Arc<Load>]) {
    let (before, new) = launch.loads.split_at(launch.start.min(launch.loads.len()));
    // An image that its host had already loaded brings nothing.
    let is_new = launch.start == 0 || new.first().is_some_and(|entry| entry.loaded_by.is_none());
    if is_new { (before, new) } else { (&launch.loads, &[]) }
}

/// What the launch brought beyond what its host had loaded.
pub(super) fn new_loads(launch: &Launch) -> &[Arc<Load>] {
    split(launch).1
}

/// One process for each launch of `graph`, in its order. Plug-ins of one host share what it had loaded.
pub(super) fn processes<'g>(graph: &'g Graph, maps: &Maps<'g>) -> Vec<Process<'g>> {
    let mut builder = Builder { maps, surroundings: HashMap::new(), bases: HashMap::new() };
    graph.launches.iter().map(|launch| builder.launch(launch)).collect()
}

struct Builder<'b, 'g> {
    maps: &'b Maps<'g>,
    surroundings: HashMap<(BinaryId, Vec<End<'g>>), u32>,
    /// By the first load and their number: plug-ins share the very values of their host.
    bases: HashMap<(*const Load, usize), Arc<Process<'g>>>,
}

impl<'g> Builder<'_, 'g> {
    fn launch(&mut self, launch: &'g Launch) -> Process<'g> {
        let (before, new) = split(launch);
        let base = before.first().map(|first| {
            let key = (Arc::as_ptr(first), before.len());
            match self.bases.get(&key) {
                Some(base) => Arc::clone(base),
                None => {
                    let base = Arc::new(self.process(launch.arch, true, 0, before, None));
                    self.bases.insert(key, Arc::clone(&base));
                    base
                }
            }
        });
        self.process(launch.arch, launch.kind != EntryKind::PlugIn, before.len(), new, base)
    }

    fn process(
        &mut self,
        arch: Arch,
        has_main: bool,
        first: usize,
        loads: &'g [Arc<Load>],
        base: Option<Arc<Process<'g>>>,
    ) -> Process<'g> {
        let loads = loads.iter().enumerate().map(|(index, load)| (first + index, load));
        let loads: Vec<Loaded<'g>> =
            loads.filter_map(|(position, load)| self.loaded(load, position, arch)).collect();
        let positions = loads.iter().enumerate().map(|(index, loaded)| (loaded.binary, index)).collect();
        let ends = loads.iter().flat_map(|loaded| &loaded.targets).map(|target| target.end);
        let system = ends.filter_map(|end| if let End::System(name) = end { Some(name) } else { None });
        Process { arch, base, has_main, system: system.collect(), positions, loads }
    }

    fn loaded(&mut self, load: &'g Load, position: usize, arch: Arch) -> Option<Loaded<'g>> {
        let binary = self.maps.id(&load.image, arch)?;
        let mut targets: Vec<Target<'g>> = load
            .dependencies
            .iter()
            .filter(|dependency| dependency.kind != LoadKind::Lazy)
            .map(|dependency| Target { dependency: Some(dependency), end: self.end(dependency, arch) })
            .collect();
        if load.dependencies.is_empty() {
            // dyld makes up this one (`UnsafeHeader::forEachLinkedDylib`).
            targets.push(Target { dependency: None, end: End::System("/usr/lib/libSystem.B.dylib") });
        }
        let key = (binary, targets.iter().map(|target| target.end).collect());
        let next = self.surroundings.len() as u32;
        let surroundings = *self.surroundings.entry(key).or_insert(next);
        Some(Loaded { load, position, binary, surroundings, targets })
    }

    fn end(&self, dependency: &'g Dependency, arch: Arch) -> End<'g> {
        match &dependency.resolution {
            Resolution::System(path) => End::System(path.as_str()),
            Resolution::Missing if dependency.kind == LoadKind::Weak => End::Absent,
            Resolution::Missing => End::Fatal,
            found => {
                let binary = found.image().and_then(|image| self.maps.id(&image, arch));
                binary.map_or(End::Fatal, End::Loaded)
            }
        }
    }
}
