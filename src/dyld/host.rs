//! What is where on the simulated Mac, and whether a process could use it.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::Place;
use super::search::Outcome;
use crate::bundle::source::{self, Standing, follow, is_system_path};
use crate::bundle::{Bundle, Image, Node, SearchRoots};
use crate::macho::{Arch, Container, FileType, Slice};
use crate::paths::{BundlePath, RuntimePath};

/// The Mac: the bundle at its place, and for the build machine what the search roots reach. Whatever was looked at once
/// is remembered; safe to share between threads.
pub(super) struct Host<'a> {
    bundle: &'a Bundle,
    root: RuntimePath,
    roots: Option<&'a SearchRoots>,
    /// The folders of the build machine that this Mac has too; all when empty.
    only: &'static [&'static str],
    seen: Mutex<HashMap<RuntimePath, Spot>>,
    outside: Mutex<HashMap<RuntimePath, Standing>>,
    externals: Mutex<BTreeMap<RuntimePath, Arc<OnceLock<Spot>>>>,
}

/// Where Homebrew keeps what it installs, on Apple silicon and on Intel.
const HOMEBREW: [&str; 2] = ["/opt/homebrew", "/usr/local"];

/// What dyld finds at a path, all links followed.
#[derive(Debug, Clone)]
pub(super) enum Spot {
    Nothing,
    NotAFile,
    /// A regular file that is no image; dyld's words for it.
    Unusable(String),
    Image(RuntimePath, Arc<Image>),
}

impl<'a> Host<'a> {
    pub fn new(bundle: &'a Bundle, place: &'a Place) -> Self {
        let elsewhere = RuntimePath::new(format!("/Applications/{}", bundle.name));
        let (root, roots, only) = match place {
            Place::CleanMac => (elsewhere, None, &[][..]),
            Place::HomebrewMac(roots) => (elsewhere, Some(roots), &HOMEBREW[..]),
            Place::BuildMac(roots) => (bundle.runtime_root.clone(), Some(roots), &[][..]),
        };
        Host {
            bundle,
            root,
            roots,
            only,
            seen: Mutex::default(),
            outside: Mutex::default(),
            externals: Mutex::default(),
        }
    }

    pub fn bundle(&self) -> &'a Bundle {
        self.bundle
    }

    /// Where a file of the bundle is on this Mac.
    pub fn runtime_path(&self, path: &BundlePath) -> RuntimePath {
        self.root.join(path.as_str())
    }

    /// What is at `path`. Relative ones are looked up from `/`, where the Finder starts programs.
    pub fn look(&self, path: &str) -> Spot {
        if let Some(spot) = self.image_at(path).or_else(|| locked(&self.seen).get(path).cloned()) {
            return spot;
        }
        let path = RuntimePath::new(path);
        let spot = match follow(&path, |place| self.standing(place)) {
            None => Spot::Nothing,
            Some((real, Standing::File)) => self.file(real),
            Some(_) => Spot::NotAFile,
        };
        locked(&self.seen).insert(path, spot.clone());
        spot
    }

    /// The bundle's own image at a path that needs no following: its images are listed by their real paths.
    fn image_at(&self, path: &str) -> Option<Spot> {
        let inside = path.strip_prefix(self.root.as_str())?.strip_prefix('/')?;
        let image = self.bundle.images.get(inside)?;
        Some(Spot::Image(RuntimePath::new(path), Arc::clone(image)))
    }

    /// The image with this identity, if it was met.
    pub fn external(&self, path: &RuntimePath) -> Option<Arc<Image>> {
        let slot = locked(&self.externals).get(path).cloned()?;
        match slot.get()? {
            Spot::Image(_, image) => Some(Arc::clone(image)),
            _ => None,
        }
    }

    /// dyld's `realpath`: of the file, or else of its folder with the leaf put back. `None` without such a folder.
    pub fn real_path(&self, path: &str) -> Option<String> {
        let standing = |place: &RuntimePath| self.standing(place);
        if let Some((real, _)) = follow(&RuntimePath::new(path), standing) {
            return Some(real.as_str().to_owned());
        }
        let (folder, leaf) = path.rsplit_once('/').unwrap_or((".", path));
        let (folder, here) = follow(&RuntimePath::new((*folder).to_owned()), standing)?;
        (here == Standing::Folder).then(|| format!("{folder}/{leaf}"))
    }

    fn standing(&self, place: &RuntimePath) -> Standing {
        if let Some(inside) = place.strip_prefix(&self.root) {
            return BundlePath::new(inside).map_or(Standing::Nothing, |path| self.standing_inside(&path));
        }
        if self.root.strip_prefix(place).is_some() {
            return Standing::Folder;
        }
        match self.roots {
            Some(roots) if !is_system_path(place.as_str()) && self.has(place) => self.outside(roots, place),
            _ => Standing::Nothing,
        }
    }

    /// What stands at a place of this machine: the same folders are on the way to many a library.
    fn outside(&self, roots: &SearchRoots, place: &RuntimePath) -> Standing {
        if let Some(standing) = locked(&self.outside).get(place) {
            return standing.clone();
        }
        let standing = roots.standing(place);
        locked(&self.outside).insert(place.clone(), standing.clone());
        standing
    }

    /// Whether this Mac has the build machine's `place`, or a folder below it.
    fn has(&self, place: &RuntimePath) -> bool {
        let apart = |folder: &&str| {
            let folder = RuntimePath::new((*folder).to_owned());
            place.strip_prefix(&folder).is_none() && folder.strip_prefix(place).is_none()
        };
        self.only.is_empty() || !self.only.iter().all(apart)
    }

    fn standing_inside(&self, path: &BundlePath) -> Standing {
        if path.is_root() {
            return Standing::Folder;
        }
        match self.bundle.nodes.get(path) {
            None => Standing::Nothing,
            Some(Node::Folder) => Standing::Folder,
            Some(Node::File { .. }) => Standing::File,
            Some(Node::Link { target }) => Standing::Link(target.clone()),
            Some(Node::Other) => Standing::Other,
        }
    }

    fn file(&self, real: RuntimePath) -> Spot {
        let Some(path) = real.strip_prefix(&self.root).and_then(BundlePath::new) else {
            let slot = Arc::clone(locked(&self.externals).entry(real.clone()).or_default());
            return slot.get_or_init(|| self.open(real)).clone();
        };
        match (self.bundle.images.get(&path), self.bundle.nodes.get(&path)) {
            (Some(image), _) => Spot::Image(real, Arc::clone(image)),
            (None, Some(Node::File { length: 0, .. })) => Spot::Unusable(TOMBSTONE.to_owned()),
            (None, _) => Spot::Unusable(NOT_MACH_O.to_owned()),
        }
    }

    fn open(&self, real: RuntimePath) -> Spot {
        let Some(local) = self.roots.and_then(|roots| roots.map(&real)) else { return Spot::Nothing };
        let is_empty = || local.metadata().is_ok_and(|metadata| metadata.len() == 0);
        match source::open_image(&real, &local) {
            Ok(image) => Spot::Image(real, Arc::new(image)),
            Err(_) if is_empty() => Spot::Unusable(TOMBSTONE.to_owned()),
            Err(_) => Spot::Unusable(NOT_MACH_O.to_owned()),
        }
    }
}

const NOT_MACH_O: &str = "slice is not valid mach-o file";
/// An empty file hides a library without an error of its own.
const TOMBSTONE: &str = "";

/// A panic of another thread leaves these maps whole: each change is one insertion.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// arm64 code built for the later subtype.
const ARM64_V8: Arch = Arch { cpu_type: Arch::ARM64.cpu_type, cpu_subtype: 1 };

/// Which slices a process can load, best first, and how dyld lists them (`GradedArchitectures::currentLoad`; an arm64
/// process runs in arm64e's dyld with its keys off). The process's own architecture goes before all others here.
fn loadable(process: Arch) -> (Vec<Arch>, String) {
    match process {
        Arch::ARM64 => (
            vec![Arch::ARM64, ARM64_V8, Arch::ARM64E],
            "arm64e' or 'arm64e.v1' or 'arm64' or 'arm64".to_owned(),
        ),
        Arch::X86_64 => (vec![Arch::X86_64, Arch::X86_64H], "x86_64h' or 'x86_64".to_owned()),
        Arch::X86_64H => (vec![Arch::X86_64H, Arch::X86_64], "x86_64h' or 'x86_64".to_owned()),
        other => (vec![other], other.to_string()),
    }
}

/// The position of the slice that a process of this architecture would take.
pub(super) fn best_slice(image: &Image, arch: Arch) -> Option<usize> {
    let (wanted, _) = loadable(arch);
    wanted.iter().find_map(|arch| image.file.slices.iter().position(|slice| slice.arch == *arch))
}

/// The position of the slice that a process of this architecture and platform would take; else dyld's objection
/// (`MachOFile::compatibleSlice`). `path` is the path as dyld tried it.
pub(super) fn usable_slice(image: &Image, arch: Arch, platform: u32, path: &str) -> Result<usize, Outcome> {
    let slices = &image.file.slices;
    let Some(position) = best_slice(image, arch) else {
        let (_, need) = loadable(arch);
        let have: Vec<String> = image.file.archs().map(|arch| arch.to_string()).collect();
        let universal = image.file.container != Container::Thin;
        return Err(Outcome::WrongArch { universal, have: have.join(","), need });
    };
    match incompatible_platform(&slices[position], platform, path) {
        Some(objection) => Err(Outcome::Refused(objection)),
        None => Ok(position),
    }
}

/// dyld's objection to linking against this kind of file (`makeJustInTimeLoaderDisk`).
pub(super) fn cannot_link(slice: &Slice, path: &str) -> Option<Outcome> {
    let number = match slice.file_type {
        FileType::Dylib => return None,
        FileType::Bundle => return Some(Outcome::Refused(format!("cannot link against bundle '{path}'"))),
        FileType::Execute => {
            return Some(Outcome::Refused(format!("cannot link against a main executable '{path}'")));
        }
        FileType::Object => 1,
        FileType::Dylinker => 7,
        FileType::DylibStub => 9,
        FileType::Dsym => 10,
        FileType::Kext => 11,
        FileType::Other(number) => number,
    };
    Some(Outcome::Refused(format!("unloadable mach-o file type {number} '{path}'")))
}

const MACOS: u32 = 1;

/// dyld's names of the platforms whose code no Mac process loads.
const FOREIGN_PLATFORMS: [(u32, &str); 9] = [
    (2, "iOS"),
    (3, "tvOS"),
    (4, "watchOS"),
    (5, "bridgeOS"),
    (7, "iOS-simulator"),
    (8, "tvOS-simulator"),
    (9, "watchOS-simulator"),
    (11, "visionOS"),
    (12, "visionOS-simulator"),
];

/// The objection when a macOS process meets code of another platform.
fn incompatible_platform(slice: &Slice, process: u32, path: &str) -> Option<String> {
    let built_for = slice.build?.platform.0;
    let (_, have) = FOREIGN_PLATFORMS.iter().find(|(platform, _)| *platform == built_for)?;
    (process == MACOS)
        .then(|| format!("mach-o file ({path}), but incompatible platform (have '{have}', need 'macOS')"))
}
