//! Which image has which architectures, and which of them a launch lacks.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::links::{archs, bundled_at, counts, own_loads, slice_for};
use crate::bundle::{Bundle, EntryKind, Image, ImageId};
use crate::dyld::graph::{Graph, Launch};
use crate::dyld::{Outcome, Resolution};
use crate::macho::Arch;
use crate::paths::BundlePath;

/// The matrix: a row for each image, a column for each architecture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Architectures {
    pub archs: Vec<Arch>,
    /// By path; those outside the bundle last.
    pub rows: Vec<Row>,
    /// The slices that a launch asks for in vain.
    pub lacks: Vec<Lack>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub image: ImageId,
    /// In the order of [`Architectures::archs`].
    pub cells: Vec<Cell>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell {
    /// Some launch loads this slice, of so many bytes.
    Loaded(u64),
    /// The slice is there and nothing loads it.
    Idle(u64),
    /// Not there, and nothing asks for it.
    Absent,
    /// Not there, and a launch fails or goes on without for want of it.
    Lacking,
}

/// A slice that is asked for and not there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lack {
    pub image: ImageId,
    pub arch: Arch,
    /// The image that asks; for a plug-in, the program that would open it.
    pub asked_by: ImageId,
    /// What is started or opened.
    pub entry: BundlePath,
}

impl Architectures {
    /// Bytes of slices that nothing loads, of this architecture.
    pub fn idle(&self, arch: Arch) -> u64 {
        let Some(column) = self.archs.iter().position(|one| *one == arch) else { return 0 };
        let cells = self.rows.iter().filter_map(|row| row.cells.get(column));
        cells.map(|cell| if let Cell::Idle(bytes) = cell { *bytes } else { 0 }).sum()
    }
}

/// The matrix of every image of the bundle and those outside that the graph reaches.
pub fn architectures(bundle: &Bundle, graph: &Graph) -> Architectures {
    let images = || bundle.images.values().chain(graph.externals.values());
    let here = images().flat_map(|image| image.file.archs());
    let archs: BTreeSet<Arch> = here.chain(archs(graph)).collect();
    let archs: Vec<Arch> = archs.into_iter().collect();
    let loaded = loaded(bundle, graph);
    let lacks = lacks(bundle, graph);
    let lacking: HashSet<(&ImageId, Arch)> = lacks.iter().map(|lack| (&lack.image, lack.arch)).collect();
    let cell = |image: &Image, arch: Arch| match image.file.slice(arch) {
        Some(slice) if loaded.contains(&(&image.id, arch)) => Cell::Loaded(slice.size),
        Some(slice) => Cell::Idle(slice.size),
        None if lacking.contains(&(&image.id, arch)) => Cell::Lacking,
        None => Cell::Absent,
    };
    let row = |image: &Image| Row {
        image: image.id.clone(),
        cells: archs.iter().map(|&arch| cell(image, arch)).collect(),
    };
    let rows = images().map(|image| row(image)).collect();
    Architectures { archs, rows, lacks }
}

/// Which slices some launch loads.
fn loaded<'a>(bundle: &'a Bundle, graph: &'a Graph) -> HashSet<(&'a ImageId, Arch)> {
    let slices = |launch: &'a Launch| {
        own_loads(launch).iter().filter_map(|load| {
            let image = graph.image(bundle, &load.image)?;
            Some((&image.id, slice_for(image, launch.arch)?.arch))
        })
    };
    graph.launches.iter().flat_map(slices).collect()
}

/// Each slice that is asked for in vain once, with the first who asks.
fn lacks(bundle: &Bundle, graph: &Graph) -> Vec<Lack> {
    let mut lacks: BTreeMap<(ImageId, Arch), Lack> = BTreeMap::new();
    let asked = graph.launches.iter().flat_map(|launch| asked_in_vain(bundle, graph, launch));
    for lack in asked.chain(unopenable(bundle, graph)) {
        lacks.entry((lack.image.clone(), lack.arch)).or_insert(lack);
    }
    lacks.into_values().collect()
}

/// Files that a search met and passed by, and in whose place it found nothing.
fn asked_in_vain<'a>(
    bundle: &'a Bundle,
    graph: &'a Graph,
    launch: &'a Launch,
) -> impl Iterator<Item = Lack> + 'a {
    let references =
        own_loads(launch).iter().flat_map(|load| load.dependencies.iter().map(move |one| (load, one)));
    let missing = references.filter(|(_, one)| one.resolution == Resolution::Missing && counts(one.kind));
    missing.flat_map(move |(load, one)| {
        let wrong = one.candidates.iter().filter(|place| matches!(place.outcome, Outcome::WrongArch { .. }));
        wrong.filter_map(move |place| {
            let path = bundled_at(bundle, graph, &place.tried)?;
            Some(Lack {
                image: ImageId::Bundled(path),
                arch: launch.arch,
                asked_by: load.image.clone(),
                entry: launch.entry.clone(),
            })
        })
    })
}

/// Plug-ins that have no slice for a program that would open them.
fn unopenable<'a>(bundle: &'a Bundle, graph: &'a Graph) -> impl Iterator<Item = Lack> + 'a {
    let mut archs_of: BTreeMap<&BundlePath, Vec<Arch>> = BTreeMap::new();
    for launch in &graph.launches {
        archs_of.entry(&launch.entry).or_default().push(launch.arch);
    }
    let plug_ins = bundle.entries.iter().filter(|entry| entry.kind == EntryKind::PlugIn);
    plug_ins.flat_map(move |entry| {
        let host = entry.host.as_ref();
        let hosts = host.and_then(|host| archs_of.get(host)).cloned().unwrap_or_default();
        let own = archs_of.get(&entry.image).cloned().unwrap_or_default();
        hosts.into_iter().filter(move |arch| !own.contains(arch)).filter_map(move |arch| {
            Some(Lack {
                image: ImageId::Bundled(entry.image.clone()),
                arch,
                asked_by: ImageId::Bundled(host?.clone()),
                entry: entry.image.clone(),
            })
        })
    })
}

#[cfg(test)]
mod tests {
    use super::super::case::described;
    use super::*;

    #[test]
    fn a_slice_that_is_asked_for_and_not_there_is_told_from_one_that_nobody_wants() {
        let (bundle, graph) = described(
            "
Contents/MacOS/App execute arm64 x86_64
  use @executable_path/half
  use @executable_path/link
Contents/MacOS/half dylib arm64
Contents/MacOS/link -> other
Contents/MacOS/other dylib x86_64
Contents/MacOS/helper execute arm64
Contents/PlugIns/p bundle x86_64
",
        );
        let found = architectures(&bundle, &graph);
        let row = |name: &str| {
            let wanted = |row: &&Row| row.image.to_string().ends_with(name);
            found.rows.iter().find(wanted).unwrap().cells.clone()
        };
        assert_eq!(found.archs, [Arch::X86_64, Arch::ARM64]);
        assert_eq!(row("App"), [Cell::Loaded(0), Cell::Loaded(0)]);
        assert_eq!(row("half"), [Cell::Lacking, Cell::Loaded(0)]);
        assert_eq!(row("other"), [Cell::Loaded(0), Cell::Lacking]);
        assert_eq!(row("helper"), [Cell::Absent, Cell::Loaded(0)]);
        assert_eq!(row("/p"), [Cell::Loaded(0), Cell::Lacking]);
        let asked_by: Vec<String> = found.lacks.iter().map(|lack| lack.asked_by.to_string()).collect();
        assert_eq!(asked_by, ["Contents/MacOS/App"; 3]);
    }

    #[test]
    fn a_slice_that_no_process_can_load_is_idle() {
        let (bundle, graph) = described(
            "
Contents/MacOS/App execute arm64
  use @executable_path/a
Contents/MacOS/a dylib arm64 i386
",
        );
        let found = architectures(&bundle, &graph);
        assert_eq!(found.rows[1].cells, [Cell::Idle(0), Cell::Loaded(0)]);
        assert!(found.lacks.is_empty());
    }
}
