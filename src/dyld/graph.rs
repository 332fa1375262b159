//! The load order of every entry point and architecture, each image once, as one dyld process would load it.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use rayon::prelude::*;

use super::host::Host;
use super::loads::Loads;

pub use super::loads::Load;
use super::process::{InsertFailure, Process, Running};
use super::process_config::ProcessConfig;
use super::search::{Candidate, Outcome, Resolution};
use super::{Conditions, Place};
use crate::bundle::{Bundle, Entry, EntryKind, Image, ImageId};
use crate::macho::{Arch, FileType, InstallName, LoadKind};
use crate::paths::{BundlePath, RuntimePath};

/// One reference of one image, under the load chain by which the image was loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    pub name: InstallName,
    pub kind: LoadKind,
    /// Every place tried, in order, the deciding one last unless later ones are kept to teach (`Outcome::Skipped`).
    pub candidates: Vec<Candidate>,
    pub resolution: Resolution,
    /// Whether dyld refuses the file that it ends at, for its signature or its format. What follows is shown as if it did
    /// not, so that every problem is seen.
    pub refused: bool,
    /// Whether a launch ends without it: not so for a weak reference, nor for a lazy one, which dyld ignores.
    pub needed: bool,
    /// Whether any image of the load chain has an LC_RPATH; only looked up when nothing was found.
    pub any_rpath: bool,
}

impl Dependency {
    /// Why dyld refuses the file that it ends at, in dyld's words.
    pub fn refusal(&self) -> Option<&str> {
        self.candidates.iter().filter(|_| self.refused).find_map(|candidate| match &candidate.outcome {
            Outcome::Refused(why) => Some(why.as_str()),
            _ => None,
        })
    }

    pub fn is_fatal(&self) -> bool {
        self.needed && (self.refused || self.resolution == Resolution::Missing)
    }
}

/// One entry point on one architecture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launch {
    pub entry: BundlePath,
    pub kind: EntryKind,
    /// The executable whose process it is; not known for a plug-in that is opened by itself.
    pub program: Option<BundlePath>,
    pub arch: Arch,
    /// Under which settings.
    pub config: Arc<ProcessConfig>,
    /// In dyld's load order. For a plug-in the images that its host process has loaded before come first.
    pub loads: Arc<Loads>,
    /// Position of the entry in `loads`. 0 but for plug-ins and behind what DYLD_INSERT_LIBRARIES loads.
    pub start: usize,
    /// Why dyld ends the process before it loads what the entry needs.
    pub insert_failure: Option<InsertFailure>,
}

/// Every launch, and the images outside the bundle that they reach.
#[derive(Debug, Clone, PartialEq)]
pub struct Graph {
    pub place: Place,
    pub conditions: Conditions,
    /// Sorted by entry (main first), then architecture.
    pub launches: Vec<Launch>,
    pub externals: BTreeMap<RuntimePath, Arc<Image>>,
}

impl Graph {
    /// The launch of one entry on one architecture.
    pub fn launch(&self, entry: &BundlePath, arch: Arch) -> Option<&Launch> {
        let key = |launch: &Launch| (launch.kind != EntryKind::Main, launch.entry.clone(), launch.arch);
        let wanted = |main: bool| (!main, entry.clone(), arch);
        let find = |main: bool| self.launches.binary_search_by_key(&wanted(main), key).ok();
        find(true).or_else(|| find(false)).and_then(|at| self.launches.get(at))
    }

    pub fn image<'a>(&'a self, bundle: &'a Bundle, id: &ImageId) -> Option<&'a Arc<Image>> {
        match id {
            ImageId::Bundled(path) => bundle.images.get(path),
            ImageId::External(path) => self.externals.get(path),
        }
    }
}

/// Walks every entry point of `bundle` as dyld would at `place` under `conditions`. Libraries that no entry point reaches follow as
/// plug-ins: a file in the bundle may be opened by name, and every one of them is resolved somewhere.
pub fn resolve(bundle: &Bundle, place: &Place, conditions: &Conditions) -> Graph {
    let host = Host::new(bundle, place);
    let processes = launch_processes(&host, conditions);
    let mut launches: Vec<Launch> = processes.iter().map(started).collect();
    let plug_ins: Vec<&Entry> =
        bundle.entries.iter().filter(|entry| entry.kind == EntryKind::PlugIn).collect();
    let opened: Vec<Vec<Launch>> = plug_ins
        .par_iter()
        .map(|entry| open(&host, &processes, &entry.image, entry.host.as_ref(), conditions))
        .collect();
    launches.extend(opened.into_iter().flatten());
    open_unreached(&host, &processes, &mut launches, conditions);
    launches.sort_by(|a, b| sort_key(a).cmp(&sort_key(b)));
    let externals = externals(&host, &launches);
    Graph { place: place.clone(), conditions: conditions.clone(), launches, externals }
}

/// A process of one of the bundle's programs.
struct Program<'h> {
    entry: BundlePath,
    kind: EntryKind,
    running: Running<'h>,
}

fn sort_key(launch: &Launch) -> impl Ord + '_ {
    (launch.kind != EntryKind::Main, &launch.entry, launch.config.arch)
}

/// Every entry point that starts a process, for each of its architectures.
fn launch_processes<'h>(host: &'h Host<'h>, conditions: &Conditions) -> Vec<Program<'h>> {
    let starts: Vec<(&Entry, Arch)> = host
        .bundle()
        .entries
        .iter()
        .filter(|entry| entry.kind != EntryKind::PlugIn)
        .flat_map(|entry| {
            archs(host.bundle(), &entry.image, &[FileType::Execute]).map(move |arch| (entry, arch))
        })
        .collect();
    starts
        .par_iter()
        .filter_map(|(entry, arch)| {
            let running = Process::launch(host, &entry.image, *arch, conditions)?;
            Some(Program { entry: entry.image.clone(), kind: entry.kind, running })
        })
        .collect()
}

/// The architectures of the slices of `path` that have one of these types.
fn archs<'b>(
    bundle: &'b Bundle,
    path: &BundlePath,
    types: &'b [FileType],
) -> impl Iterator<Item = Arch> + 'b {
    let slices = bundle.images.get(path).map(|image| image.file.slices.as_slice()).unwrap_or_default();
    slices.iter().filter(|slice| types.contains(&slice.file_type)).map(|slice| slice.arch)
}

fn started(program: &Program<'_>) -> Launch {
    Launch {
        entry: program.entry.clone(),
        kind: program.kind,
        program: Some(program.entry.clone()),
        arch: program.running.config().arch,
        config: Arc::clone(program.running.config()),
        loads: Arc::clone(&program.running.loads),
        start: program.running.main,
        insert_failure: program.running.insert_failure.clone(),
    }
}

fn opened(
    plug_in: &BundlePath,
    program: Option<&BundlePath>,
    config: &Arc<ProcessConfig>,
    loads: Arc<Loads>,
    start: usize,
) -> Launch {
    Launch {
        entry: plug_in.clone(),
        kind: EntryKind::PlugIn,
        program: program.cloned(),
        arch: config.arch,
        config: Arc::clone(config),
        loads,
        start,
        insert_failure: None,
    }
}

/// Opens a plug-in in every process of its host; without one, by itself in each of its architectures.
fn open<'h>(
    host: &'h Host<'h>,
    programs: &[Program<'h>],
    plug_in: &BundlePath,
    by: Option<&BundlePath>,
    conditions: &Conditions,
) -> Vec<Launch> {
    let mut hosts = programs.iter().filter(|program| Some(&program.entry) == by).peekable();
    if hosts.peek().is_some() {
        let open_in = |program: &Program<'h>| {
            let (loads, start) = program.running.open(plug_in)?;
            Some(opened(plug_in, Some(&program.entry), program.running.config(), Arc::new(loads), start))
        };
        return hosts.filter_map(open_in).collect();
    }
    let alone = archs(host.bundle(), plug_in, &[FileType::Dylib, FileType::Bundle]);
    let alone = alone.filter_map(|arch| Process::open_alone(host, plug_in, arch, conditions));
    let launch = |running: Running<'_>| {
        opened(plug_in, None, running.config(), Arc::clone(&running.loads), running.main)
    };
    alone.map(launch).collect()
}

/// Adds a launch for every library that none of `launches` loads, so that those of it are resolved too.
fn open_unreached<'h>(
    host: &'h Host<'h>,
    programs: &[Program<'h>],
    launches: &mut Vec<Launch>,
    conditions: &Conditions,
) {
    let reached = |launch: &Launch| -> Vec<(ImageId, Arch)> {
        launch.loads.own().iter().map(|load| (load.image.clone(), launch.arch)).collect()
    };
    let mut loaded: HashSet<(ImageId, Arch)> = launches.iter().flat_map(reached).collect();
    let host_of = host.bundle().host_of();
    for (path, image) in host.bundle().images.iter().filter(|(_, image)| can_be_opened(image)) {
        let by = host_of(path);
        let alone = || archs(host.bundle(), path, &[FileType::Dylib, FileType::Bundle]).collect::<Vec<_>>();
        let hosts = programs.iter().filter(|program| Some(&program.entry) == by.as_ref());
        let mut runs: Vec<Arch> = hosts.map(|program| program.running.config().arch).collect();
        if runs.is_empty() {
            runs = alone();
        }
        if runs.iter().any(|arch| !loaded.contains(&(image.id.clone(), *arch))) {
            for launch in open(host, programs, path, by.as_ref(), conditions) {
                if !loaded.contains(&(image.id.clone(), launch.arch)) {
                    loaded.extend(reached(&launch));
                    launches.push(launch);
                }
            }
        }
    }
}

fn can_be_opened(image: &Image) -> bool {
    let types = image.file.slices.iter().map(|slice| slice.file_type);
    types.into_iter().any(|file_type| matches!(file_type, FileType::Dylib | FileType::Bundle))
}

/// The outside images that some launch loads or that a lazy reference leads to.
fn externals(host: &Host<'_>, launches: &[Launch]) -> BTreeMap<RuntimePath, Arc<Image>> {
    let mut externals = BTreeMap::new();
    let loads = launches.iter().flat_map(|launch| launch.loads.own());
    for dependency in loads.flat_map(|load| &load.dependencies) {
        if let Resolution::External(path) = &dependency.resolution
            && !externals.contains_key(path)
            && let Some(image) = host.external(path)
        {
            externals.insert(path.clone(), image);
        }
    }
    externals
}
