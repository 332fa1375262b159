//! The launches of a graph as lookups need them: who is loaded, in which order, and what each ordinal leads to.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::binaries::{BinaryId, Maps};
use crate::dyld::graph::{Dependency, Launch, Load};
use crate::dyld::{Graph, Loads, ProcessConfig, Resolution};
use crate::macho::{Arch, LoadKind, Slice};

/// Images that were loaded one after the other: those of a launch, or those that a plug-in adds to its host's.
pub(super) struct Process<'g> {
    pub config: &'g ProcessConfig,
    /// What was there before.
    pub base: Option<Arc<Process<'g>>>,
    /// Which of `loads` is the main executable; none for a plug-in.
    main: Option<usize>,
    /// In load order.
    pub loads: Vec<Loaded<'g>>,
    positions: HashMap<BinaryId, usize>,
    /// The libraries of macOS that `loads` name, each once.
    system: BTreeSet<&'g str>,
}

pub(super) struct Loaded<'g> {
    pub load: &'g Load,
    pub slice: &'g Slice,
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
            None => self.loads.get(self.main?),
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

/// One process for each launch of `graph`, in its order. Plug-ins of one host share what it had loaded.
pub(super) fn processes<'g>(graph: &'g Graph, maps: &Maps<'g>) -> Vec<Process<'g>> {
    let mut builder = Builder { maps, surroundings: HashMap::new(), bases: HashMap::new() };
    graph.launches.iter().map(|launch| builder.launch(launch)).collect()
}

struct Builder<'b, 'g> {
    maps: &'b Maps<'g>,
    surroundings: HashMap<(BinaryId, Vec<End<'g>>), u32>,
    /// Plug-ins share the very values of their host.
    bases: HashMap<*const Loads, Arc<Process<'g>>>,
}

impl<'g> Builder<'_, 'g> {
    fn launch(&mut self, launch: &'g Launch) -> Process<'g> {
        let base = launch.loads.before().map(|before| match self.bases.get(&Arc::as_ptr(before)) {
            Some(base) => Arc::clone(base),
            None => {
                let base = Arc::new(self.process(&launch.config, before, None));
                self.bases.insert(Arc::as_ptr(before), Arc::clone(&base));
                base
            }
        });
        self.process(&launch.config, &launch.loads, base)
    }

    fn process(
        &mut self,
        config: &'g ProcessConfig,
        loads: &'g Loads,
        base: Option<Arc<Process<'g>>>,
    ) -> Process<'g> {
        let first = loads.len() - loads.own().len();
        let own = loads.own().iter().enumerate().map(|(index, load)| (first + index, load));
        let loads: Vec<Loaded<'g>> =
            own.filter_map(|(position, load)| self.loaded(load, position, config.arch)).collect();
        let positions = loads.iter().enumerate().map(|(index, loaded)| (loaded.binary, index)).collect();
        let ends = loads.iter().flat_map(|loaded| &loaded.targets).map(|target| target.end);
        let system = ends.filter_map(|end| if let End::System(name) = end { Some(name) } else { None });
        let system = system.collect();
        let main = loads.iter().position(|loaded| loaded.load.path == config.executable);
        Process { config, base, main, system, positions, loads }
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
        Some(Loaded { load, slice: self.maps.slice(binary), position, binary, surroundings, targets })
    }

    fn end(&self, dependency: &'g Dependency, arch: Arch) -> End<'g> {
        match &dependency.resolution {
            Resolution::System(path) => End::System(path.as_str()),
            // A refused library that is not needed is as good as absent.
            _ if dependency.refused && !dependency.needed => End::Absent,
            Resolution::Missing if !dependency.needed => End::Absent,
            Resolution::Missing => End::Fatal,
            found => {
                let binary = found.image().and_then(|image| self.maps.id(&image, arch));
                binary.map_or(End::Fatal, End::Loaded)
            }
        }
    }
}
