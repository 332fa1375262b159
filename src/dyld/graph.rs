//! The load order of every entry point and architecture, each image once, as one dyld process would load it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Place;
use super::search::{Candidate, Resolution};
use crate::bundle::{Bundle, EntryKind, Image, ImageId};
use crate::macho::{Arch, InstallName, LoadKind};
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

/// Walks every entry point of `bundle` as dyld would at `place`.
pub fn resolve(bundle: &Bundle, place: &Place) -> Graph {
    let _ = (bundle, place);
    todo!("dyld room")
}
