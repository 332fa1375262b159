//! The load order of every entry point and architecture, each image once, as one dyld process would load it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;

use super::host::Host;
use super::process::Process;
use super::search::{Candidate, Resolution};
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
}

/// One loaded image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Load {
    pub image: ImageId,
    /// Its path as dyld shows it: every link resolved.
    pub path: RuntimePath,
    /// LC_UUID of the slice that was loaded.
    pub uuid: Option<String>,
    /// Position in [`Launch::loads`] of the image that caused it; `None` for the entry itself.
    pub loaded_by: Option<usize>,
    /// Same order as the slice's `uses`.
    pub dependencies: Vec<Dependency>,
}

/// One entry point on one architecture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launch {
    pub entry: BundlePath,
    pub kind: EntryKind,
    pub arch: Arch,
    /// In dyld's load order. For a plug-in the images that its host process has loaded before come first; they are
    /// the same values as in the host's launch.
    pub loads: Vec<Arc<Load>>,
    /// Position of the entry in `loads`: 0 but for plug-ins.
    pub start: usize,
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
    let processes = launch_processes(&host);
    let mut launches: Vec<Launch> =
        processes.iter().map(|((entry, kind), process)| launch_of(entry, *kind, process, 0)).collect();
    let plug_ins: Vec<&Entry> =
        bundle.entries.iter().filter(|entry| entry.kind == EntryKind::PlugIn).collect();
    let opened: Vec<Vec<Launch>> =
        plug_ins.par_iter().map(|entry| open(&host, &processes, &entry.image, entry.host.as_ref())).collect();
    launches.extend(opened.into_iter().flatten());
    open_unreached(&host, &processes, &mut launches);
    launches.sort_by(|a, b| sort_key(a).cmp(&sort_key(b)));
    let externals = externals(&host, &launches);
    Graph { place: place.clone(), conditions: conditions.clone(), launches, externals }
}

/// Every entry point that starts a process, for each of its architectures.
type Processes<'h> = Vec<((BundlePath, EntryKind), Process<'h>)>;

fn sort_key(launch: &Launch) -> impl Ord + '_ {
    (launch.kind != EntryKind::Main, &launch.entry, launch.arch)
}

fn launch_processes<'h>(host: &'h Host<'h>) -> Processes<'h> {
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
            let process = Process::launch(host, &entry.image, *arch)?;
            Some(((entry.image.clone(), entry.kind), process))
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

fn launch_of(entry: &BundlePath, kind: EntryKind, process: &Process<'_>, start: usize) -> Launch {
    Launch { entry: entry.clone(), kind, arch: process.arch(), loads: process.loads(), start }
}

/// Opens a plug-in in every process of its host; without one, by itself in each of its architectures.
fn open<'h>(
    host: &'h Host<'h>,
    processes: &Processes<'h>,
    plug_in: &BundlePath,
    by: Option<&BundlePath>,
) -> Vec<Launch> {
    let mut hosts = processes.iter().filter(|((path, _), _)| Some(path) == by).peekable();
    let opened: Vec<(Process<'_>, usize)> = if hosts.peek().is_some() {
        hosts.filter_map(|(_, process)| process.open(plug_in)).collect()
    } else {
        archs(host.bundle(), plug_in, &[FileType::Dylib, FileType::Bundle])
            .filter_map(|arch| Process::open_alone(host, plug_in, arch))
            .collect()
    };
    opened.iter().map(|(process, start)| launch_of(plug_in, EntryKind::PlugIn, process, *start)).collect()
}

/// Adds a launch for every library that none of `launches` loads, so that those of it are resolved too.
fn open_unreached<'h>(host: &'h Host<'h>, processes: &Processes<'h>, launches: &mut Vec<Launch>) {
    let reached = |launch: &Launch| -> Vec<(ImageId, Arch)> {
        launch.loads.iter().map(|load| (load.image.clone(), launch.arch)).collect()
    };
    let mut loaded: BTreeSet<(ImageId, Arch)> = launches.iter().flat_map(reached).collect();
    for (path, image) in &host.bundle().images {
        let by = host.bundle().host_of(path);
        let alone = || archs(host.bundle(), path, &[FileType::Dylib, FileType::Bundle]).collect::<Vec<_>>();
        let mut runs: Vec<Arch> = processes
            .iter()
            .filter(|((host, _), _)| Some(host) == by.as_ref())
            .map(|(_, process)| process.arch())
            .collect();
        if runs.is_empty() {
            runs = alone();
        }
        let is_library = image
            .file
            .slices
            .iter()
            .any(|slice| matches!(slice.file_type, FileType::Dylib | FileType::Bundle));
        if is_library && runs.iter().any(|arch| !loaded.contains(&(image.id.clone(), *arch))) {
            for launch in open(host, processes, path, by.as_ref()) {
                if !loaded.contains(&(image.id.clone(), launch.arch)) {
                    loaded.extend(reached(&launch));
                    launches.push(launch);
                }
            }
        }
    }
}

/// The outside images that some launch loads or that a lazy reference leads to.
fn externals(host: &Host<'_>, launches: &[Launch]) -> BTreeMap<RuntimePath, Arc<Image>> {
    let mut externals = BTreeMap::new();
    for dependency in launches.iter().flat_map(|launch| &launch.loads).flat_map(|load| &load.dependencies) {
        if let Resolution::External(path) = &dependency.resolution
            && !externals.contains_key(path)
            && let Some(image) = host.external(path)
        {
            externals.insert(path.clone(), image);
        }
    }
    externals
}
