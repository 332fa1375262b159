//! The launches as numbers: images and references, each once.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::bundle::{Bundle, Image, ImageId};
use crate::dyld::graph::{Graph, Launch, Load};
use crate::dyld::{Place, Resolution};
use crate::macho::{Arch, InstallName, LoadKind, Slice};
use crate::paths::{BundlePath, RuntimePath};

/// What a launch loads itself: everything, but for a plug-in without what its host has loaded before. Every map comes to
/// the loads of a launch through here, so that the launches of many plug-ins cost no more than they add.
pub(super) fn own_loads(launch: &Launch) -> &[Arc<Load>] {
    launch.loads.own()
}

/// Whether dyld loads what the reference asks for: not when it is lazy.
pub(super) fn counts(kind: LoadKind) -> bool {
    kind != LoadKind::Lazy
}

/// Whether the launch goes on without it.
pub(super) fn may_be_missing(kind: LoadKind) -> bool {
    matches!(kind, LoadKind::Weak | LoadKind::Lazy)
}

/// What a reference leads to, borrowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Key<'a> {
    Bundled(&'a BundlePath),
    External(&'a RuntimePath),
    System(&'a RuntimePath),
}

impl<'a> Key<'a> {
    pub fn of(image: &'a ImageId) -> Self {
        match image {
            ImageId::Bundled(path) => Key::Bundled(path),
            ImageId::External(path) => Key::External(path),
        }
    }

    /// `None` for what is missing.
    pub fn to(resolution: &'a Resolution) -> Option<Self> {
        match resolution {
            Resolution::Bundled(path) => Some(Key::Bundled(path)),
            Resolution::External(path) => Some(Key::External(path)),
            Resolution::System(path) => Some(Key::System(path)),
            Resolution::Missing => None,
        }
    }

    /// `None` for a library of macOS, whose file nobody has.
    pub fn image(self) -> Option<ImageId> {
        match self {
            Key::Bundled(path) => Some(ImageId::Bundled(path.clone())),
            Key::External(path) => Some(ImageId::External(path.clone())),
            Key::System(_) => None,
        }
    }
}

/// One reference between two images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Link<'a> {
    /// Position in [`Links::images`].
    pub to: usize,
    pub kind: LoadKind,
    pub name: &'a InstallName,
}

/// Which images refer to which, libraries of macOS left out.
pub(super) struct Links<'a> {
    /// Sorted; those in the bundle come first.
    pub images: Vec<Key<'a>>,
    /// By user, sorted, each once.
    pub uses: Vec<Vec<Link<'a>>>,
    numbers: HashMap<Key<'a>, usize>,
}

impl<'a> Links<'a> {
    pub fn of(loads: impl Iterator<Item = &'a Load> + Clone) -> Self {
        let keys: BTreeSet<Key<'a>> = loads.clone().flat_map(ends).collect();
        let images: Vec<Key<'a>> = keys.into_iter().collect();
        let numbers: HashMap<Key<'a>, usize> =
            images.iter().enumerate().map(|(number, key)| (*key, number)).collect();
        let mut uses = vec![Vec::new(); images.len()];
        for load in loads {
            let Some(links) = numbers.get(&Key::of(&load.image)).and_then(|&user| uses.get_mut(user)) else {
                continue;
            };
            links.extend(load.dependencies.iter().filter_map(|dependency| {
                let to = *numbers.get(&Key::to(&dependency.resolution)?)?;
                Some(Link { to, kind: dependency.kind, name: &dependency.name })
            }));
        }
        for links in &mut uses {
            links.sort_unstable();
            links.dedup();
        }
        Links { images, uses, numbers }
    }

    pub fn number(&self, key: Key<'_>) -> Option<usize> {
        self.numbers.get(&key).copied()
    }

    /// The numbers of what the image refers to and dyld loads, with repetitions.
    pub fn loaded_by(&self, user: usize) -> impl Iterator<Item = usize> + '_ {
        let links = self.uses.get(user).map(Vec::as_slice).unwrap_or_default();
        links.iter().filter(|link| counts(link.kind)).map(|link| link.to)
    }
}

/// An image and the images that it refers to.
fn ends<'a>(load: &'a Load) -> impl Iterator<Item = Key<'a>> {
    let to = load.dependencies.iter().filter_map(|dependency| Key::to(&dependency.resolution));
    to.filter(|key| !matches!(key, Key::System(_))).chain([Key::of(&load.image)])
}

/// The architectures that something is launched on, sorted.
pub(super) fn archs(graph: &Graph) -> Vec<Arch> {
    let archs: BTreeSet<Arch> = graph.launches.iter().map(|launch| launch.arch).collect();
    archs.into_iter().collect()
}

/// The slice that a process of this architecture loads of `image`: its own, or of the same processor.
pub(super) fn slice_for(image: &Image, arch: Arch) -> Option<&Slice> {
    image
        .file
        .slice(arch)
        .or_else(|| image.file.slices.iter().find(|slice| slice.arch.cpu_type == arch.cpu_type))
}

/// The image of the bundle that `tried` names on the simulated Mac, links followed.
pub(super) fn bundled_at(bundle: &Bundle, graph: &Graph, tried: &RuntimePath) -> Option<BundlePath> {
    let root = match graph.place {
        Place::CleanMac | Place::HomebrewMac(_) => RuntimePath::new(format!("/Applications/{}", bundle.name)),
        Place::BuildMac(_) => bundle.runtime_root.clone(),
    };
    let inside = BundlePath::new(tried.normalized().strip_prefix(&root)?)?;
    bundle.real_path(&inside)
}
