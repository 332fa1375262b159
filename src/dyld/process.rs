//! One process as dyld fills it: `JustInTimeLoader::loadDependents` and `loadInsertedLibraries` of dyld-1378.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::Conditions;
use super::graph::Dependency;
use super::host::{Host, usable_slice};
use super::load_chain::LoadChains;
use super::loads::{Load, Loads};
use super::lookup::{Found, Hit};
use super::places::{Link, LoadChain};
use super::process_config::ProcessConfig;
use super::search::{Candidate, Outcome, Resolution, Reuse};
use crate::bundle::{Image, ImageId, Node};
use crate::macho::{Arch, DylibUse, InstallName, LoadKind, Slice};
use crate::paths::{BundlePath, RuntimePath};

/// A process that has loaded what it starts with, ready to open plug-ins.
pub(super) struct Running<'h> {
    host: &'h Host<'h>,
    config: Arc<ProcessConfig>,
    images: Arc<Images>,
    pub loads: Arc<Loads>,
    /// Position of the main executable.
    pub main: usize,
    /// Why it ended before anything was loaded.
    pub insert_failure: Option<InsertFailure>,
}

/// A library of DYLD_INSERT_LIBRARIES that could not be loaded: dyld ends the process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InsertFailure {
    pub path: String,
    pub candidates: Vec<Candidate>,
}

/// The images of a process by what dyld matches them with. First come first: dyld asks them in load order.
#[derive(Default)]
struct Images {
    /// Where the first of them stands in the process.
    start: usize,
    loaded: Vec<Loaded>,
    by_path: HashMap<RuntimePath, usize>,
    by_install_name: HashMap<InstallName, usize>,
    by_file: HashMap<ImageId, usize>,
}

struct Loaded {
    load: Arc<Load>,
    image: Arc<Image>,
    /// Whether its dependents were loaded.
    entered: bool,
}

/// A load chain of one process.
struct Chain<'p, 'h> {
    process: &'p Process<'h>,
    newest: usize,
}

/// An executable that asks for what DYLD_INSERT_LIBRARIES names.
struct Alone<'l>(Link<'l>);

impl LoadChain for Chain<'_, '_> {
    fn for_each<'a>(&'a self, visit: &mut dyn FnMut(Link<'a>) -> ControlFlow<()>) -> ControlFlow<()> {
        self.process.links(self.newest).try_for_each(visit)
    }
}

impl LoadChain for Alone<'_> {
    fn for_each<'a>(&'a self, visit: &mut dyn FnMut(Link<'a>) -> ControlFlow<()>) -> ControlFlow<()> {
        visit(self.0)
    }
}

/// The work of one launch or one `dlopen`.
pub(super) struct Process<'h> {
    pub(super) host: &'h Host<'h>,
    pub(super) config: Arc<ProcessConfig>,
    /// What the host process has loaded, for a plug-in.
    before: Option<Arc<Images>>,
    own: Images,
    chains: LoadChains,
    turns: Vec<usize>,
    main: usize,
}

/// An image whose dependents are loaded one after the other.
struct Frame {
    link: usize,
    children: Vec<usize>,
    next: usize,
}

impl<'h> Process<'h> {
    /// Launches the executable at `path`. `None` when it has no such slice.
    pub fn launch(
        host: &'h Host<'h>,
        path: &BundlePath,
        arch: Arch,
        conditions: &Conditions,
    ) -> Option<Running<'h>> {
        let (image, slice) = slice_of(host, path, arch)?;
        let executable = host.runtime_path(path);
        let header = &image.file.slices[slice];
        let mut config = ProcessConfig::new(header, mode_of(host, path), executable.clone(), conditions);
        let inserted = std::mem::take(&mut config.path_overrides.inserted);
        let mut process = Process::new(host, config);
        let mut insert_failure = None;
        for path in &inserted {
            let main = Link { id: &image.id, path: &executable, slice: header, is_main: true };
            match process.insert(path, main) {
                Ok(()) => {}
                Err(candidates) => {
                    insert_failure = Some(InsertFailure { path: path.clone(), candidates });
                    break;
                }
            }
        }
        Arc::make_mut(&mut process.config).path_overrides.inserted = inserted;
        let tops = process.own.loaded.len();
        let main = process.add(executable, image, slice, None);
        process.main = main;
        let base = process.link(main, None);
        if insert_failure.is_none() {
            process.load_dependents(main, base);
            for inserted in 0..tops {
                process.load_dependents(inserted, base);
            }
        }
        Some(process.settle(insert_failure))
    }

    /// Opens `path` in a process of its own: for plug-ins whose host is not known.
    pub fn open_alone(
        host: &'h Host<'h>,
        path: &BundlePath,
        arch: Arch,
        conditions: &Conditions,
    ) -> Option<Running<'h>> {
        let (image, slice) = slice_of(host, path, arch)?;
        let program = host.bundle().main_executable.as_ref();
        let executable = host.runtime_path(program.unwrap_or(path));
        let config = ProcessConfig::new(&image.file.slices[slice], 0, executable, conditions);
        let mut process = Process::new(host, config);
        let start = process.add(host.runtime_path(path), image, slice, None);
        process.main = start;
        let base = process.link(start, None);
        process.load_dependents(start, base);
        Some(process.settle(None))
    }

    fn new(host: &'h Host<'h>, config: ProcessConfig) -> Self {
        Process {
            host,
            config: Arc::new(config),
            before: None,
            own: Images::default(),
            chains: LoadChains::default(),
            turns: Vec::new(),
            main: 0,
        }
    }

    fn settle(self, insert_failure: Option<InsertFailure>) -> Running<'h> {
        let loads = self.own.loaded.iter().map(|loaded| Arc::clone(&loaded.load)).collect();
        Running {
            host: self.host,
            config: self.config,
            loads: Arc::new(Loads::new(None, loads, self.turns)),
            images: Arc::new(self.own),
            main: self.main,
            insert_failure,
        }
    }

    /// Loads one library of DYLD_INSERT_LIBRARIES; its dependents come after the main executable's. A library that is
    /// there already is passed over.
    fn insert(&mut self, path: &str, main: Link<'_>) -> Result<(), Vec<Candidate>> {
        match self.search(path, &Alone(main), true) {
            // Without a place to look at dyld has nothing to say, and goes on.
            Found { candidates, .. } if candidates.is_empty() => Ok(()),
            Found { candidates, refused: true, .. } => Err(candidates),
            Found { hit: Some(Hit::New { real, image, slice }), .. } => {
                self.add(real, image, slice, None);
                Ok(())
            }
            Found { hit: Some(_), .. } => Ok(()),
            Found { candidates, hit: None, .. } => Err(candidates),
        }
    }

    fn link(&mut self, position: usize, previous: Option<usize>) -> usize {
        let loaded = self.own.at(position, self.before.as_deref());
        let (id, path) = (&loaded.load.image, &loaded.load.path);
        let link = Link { id, path, slice: loaded.header(), is_main: position == self.main };
        self.chains.push(position, &link, previous, &self.config)
    }

    fn add(&mut self, path: RuntimePath, image: Arc<Image>, slice: usize, by: Option<usize>) -> usize {
        let position = self.own.start + self.own.loaded.len();
        let header = &image.file.slices[slice];
        self.own.by_path.entry(path.clone()).or_insert(position);
        self.own.by_file.entry(image.id.clone()).or_insert(position);
        if let Some(name) = &header.install_name {
            self.own.by_install_name.entry(name.clone()).or_insert(position);
        }
        let (id, uuid) = (image.id.clone(), header.uuid.clone());
        let load = Load { image: id, path, uuid, slice, loaded_by: by, dependencies: Vec::new() };
        self.own.loaded.push(Loaded { load: Arc::new(load), image, entered: false });
        position
    }

    /// Direct dependents first, in load-command order, then theirs. A stack of our own: chains may be thousands long.
    fn load_dependents(&mut self, top: usize, base: usize) {
        if self.loaded(top).entered {
            return;
        }
        let mut stack = vec![self.enter(top, base)];
        while let Some(frame) = stack.last_mut() {
            match frame.children.get(frame.next) {
                None => drop(stack.pop()),
                Some(&child) => {
                    frame.next += 1;
                    let link = frame.link;
                    if !self.loaded(child).entered {
                        let frame = self.enter(child, link);
                        stack.push(frame);
                    }
                }
            }
        }
    }

    /// Finds every direct dependent of the image at `position`, whose own chain goes on at `previous`.
    fn enter(&mut self, position: usize, previous: usize) -> Frame {
        let link = self.link(position, Some(previous));
        self.turns.push(position);
        let own = position - self.own.start;
        self.own.loaded[own].entered = true;
        let image = Arc::clone(&self.own.loaded[own].image);
        let slice = &image.file.slices[self.own.loaded[own].load.slice];
        let mut children = Vec::new();
        let mut dependencies = Vec::with_capacity(slice.uses.len());
        for used in &slice.uses {
            let (dependency, child) = self.depend(position, link, used);
            dependencies.push(dependency);
            children.extend(child);
        }
        Arc::make_mut(&mut self.own.loaded[own].load).dependencies = dependencies;
        Frame { link, children, next: 0 }
    }

    fn depend(&mut self, by: usize, link: usize, used: &DylibUse) -> (Dependency, Option<usize>) {
        let name = used.name.as_str();
        let chain = Chain { process: self, newest: link };
        let Found { mut candidates, hit, refused } = self.search(name, &chain, false);
        let any_rpath = hit.is_none() && self.links(link).any(|link| !link.slice.rpaths.is_empty());
        if let Some(tail) = name.strip_prefix("@rpath/").filter(|_| hit.is_some() && !refused) {
            candidates.extend(self.chains.not_reached(link, tail, &candidates));
        }
        let resolution = match &hit {
            None => Resolution::Missing,
            Some(Hit::System(path)) => Resolution::System(path.clone()),
            Some(Hit::Loaded(position)) => resolution_of(&self.loaded(*position).load.image),
            Some(Hit::New { image, .. }) => resolution_of(&image.id),
        };
        let needed = used.kind != LoadKind::Lazy && !used.may_be_missing();
        let child = match hit {
            _ if used.kind == LoadKind::Lazy => {
                candidates.extend(ignored(&candidates));
                None
            }
            _ if refused && !needed => None,
            Some(Hit::Loaded(position)) => Some(position),
            Some(Hit::New { real, image, slice }) => Some(self.add(real, image, slice, Some(by))),
            Some(Hit::System(_)) | None => None,
        };
        let (name, kind) = (used.name.clone(), used.kind);
        (Dependency { name, kind, candidates, resolution, refused, needed, any_rpath }, child)
    }

    /// The load chain from its newest link back to the main executable: behind the newest only images with rpaths.
    fn links(&self, newest: usize) -> impl Iterator<Item = Link<'_>> {
        self.chains.images(newest).map(|position| {
            let loaded = self.loaded(position);
            let (id, path) = (&loaded.load.image, &loaded.load.path);
            Link { id, path, slice: loaded.header(), is_main: position == self.main }
        })
    }

    fn loaded(&self, position: usize) -> &Loaded {
        self.own.at(position, self.before.as_deref())
    }

    /// The path by which dyld knows the loaded image at `position`.
    pub(super) fn path_of(&self, position: usize) -> &RuntimePath {
        &self.loaded(position).load.path
    }

    /// The first loaded image whose path or install name is `text` (`JustInTimeLoader::matchesPath`).
    pub(super) fn matching(&self, text: &str) -> Option<(usize, Reuse)> {
        let before = self.before.as_ref().and_then(|before| before.matching(text));
        before.or_else(|| self.own.matching(text))
    }

    pub(super) fn same_file(&self, image: &ImageId) -> Option<usize> {
        let before = self.before.as_ref().and_then(|before| before.by_file.get(image).copied());
        before.or_else(|| self.own.by_file.get(image).copied())
    }
}

impl<'h> Running<'h> {
    pub fn config(&self) -> &Arc<ProcessConfig> {
        &self.config
    }

    /// What `dlopen` by the main executable does with the image at `path`: what is loaded afterwards, and the image's
    /// position. `None` when it has no slice for this process.
    pub fn open(&self, path: &BundlePath) -> Option<(Loads, usize)> {
        let image = Arc::clone(self.host.bundle().images.get(path)?);
        if let Some(&start) = self.images.by_file.get(&image.id) {
            return Some((Loads::new(Some(Arc::clone(&self.loads)), Vec::new(), Vec::new()), start));
        }
        let slice = usable_slice(&image, self.config.arch, self.config.platform, "").ok()?;
        let start = self.images.loaded.len();
        let mut process = Process {
            host: self.host,
            config: Arc::clone(&self.config),
            before: Some(Arc::clone(&self.images)),
            own: Images { start, ..Images::default() },
            chains: LoadChains::default(),
            turns: Vec::new(),
            main: self.main,
        };
        // dlopen makes [main], [caller = main] and [plug-in] before loadDependents adds the plug-in once more.
        let main = process.link(self.main, None);
        let caller = process.link(self.main, Some(main));
        let start = process.add(self.host.runtime_path(path), image, slice, None);
        let base = process.link(start, Some(caller));
        process.load_dependents(start, base);
        let loads = process.own.loaded.iter().map(|loaded| Arc::clone(&loaded.load)).collect();
        Some((Loads::new(Some(Arc::clone(&self.loads)), loads, process.turns), start))
    }
}

impl Images {
    /// The image at `position` of the process: one of these, or of those `before`.
    fn at<'i>(&'i self, position: usize, before: Option<&'i Images>) -> &'i Loaded {
        match (position.checked_sub(self.start), before) {
            (Some(own), _) => &self.loaded[own],
            (None, Some(before)) => &before.loaded[position],
            (None, None) => &self.loaded[0],
        }
    }

    fn matching(&self, text: &str) -> Option<(usize, Reuse)> {
        let path = self.by_path.get(text).map(|&position| (position, Reuse::SamePath));
        let name = self.by_install_name.get(text).map(|&position| (position, Reuse::SameInstallName));
        match (path, name) {
            (Some(path), Some(name)) => Some(if name.0 < path.0 { name } else { path }),
            (path, name) => path.or(name),
        }
    }
}

impl Loaded {
    fn header(&self) -> &Slice {
        &self.image.file.slices[self.load.slice]
    }
}

fn slice_of(host: &Host<'_>, path: &BundlePath, arch: Arch) -> Option<(Arc<Image>, usize)> {
    let image = Arc::clone(host.bundle().images.get(path)?);
    let slice = image.file.slices.iter().position(|slice| slice.arch == arch)?;
    Some((image, slice))
}

fn mode_of(host: &Host<'_>, path: &BundlePath) -> u32 {
    match host.bundle().nodes.get(path) {
        Some(Node::File { mode, .. }) => *mode,
        _ => 0,
    }
}

fn resolution_of(image: &ImageId) -> Resolution {
    match image {
        ImageId::Bundled(path) => Resolution::Bundled(path.clone()),
        ImageId::External(path) => Resolution::External(path.clone()),
    }
}

/// Says behind the search for a lazy dependency that dyld does not make it.
fn ignored(candidates: &[Candidate]) -> Option<Candidate> {
    let why = "dyld ignores LC_LAZY_LOAD_DYLIB since macOS 12".to_owned();
    Some(Candidate { outcome: Outcome::Skipped(why), ..candidates.last()?.clone() })
}
