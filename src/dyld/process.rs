//! One process as dyld fills it: `JustInTimeLoader::loadDependents` and `Loader::getLoader` of dyld-1378.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use super::graph::{Dependency, Load};
use super::host::{Host, Spot, cannot_link, usable_slice};
use super::places::{Link, Place, Request};
use super::search::{Candidate, Outcome, Resolution, Reuse, SearchRule};
use super::system_libraries::{is_known, is_system};
use crate::bundle::source::is_system_path;
use crate::bundle::{Image, ImageId};
use crate::macho::{Arch, DylibUse, LoadKind, Slice};
use crate::paths::{BundlePath, RuntimePath};

/// A process after its launch, or after a plug-in was opened in it.
#[derive(Clone)]
pub(super) struct Process<'h> {
    host: &'h Host<'h>,
    arch: Arch,
    /// `platform` of the main executable.
    platform: u32,
    /// Real path of the main executable.
    executable: RuntimePath,
    loaded: Vec<Loaded>,
    /// First come first: dyld asks its images in load order.
    by_path: HashMap<RuntimePath, usize>,
    by_install_name: HashMap<String, usize>,
    by_file: HashMap<ImageId, usize>,
    /// Load chains; each link points to the one before it.
    chain: Vec<ChainLink>,
}

#[derive(Clone)]
struct Loaded {
    load: Arc<Load>,
    image: Arc<Image>,
    slice: usize,
    /// Whether its dependents were loaded.
    entered: bool,
}

#[derive(Clone, Copy)]
struct ChainLink {
    image: usize,
    previous: Option<usize>,
}

/// What a search came to.
enum Hit {
    Loaded(usize),
    New { real: RuntimePath, image: Arc<Image>, slice: usize },
    System(RuntimePath),
}

/// An image whose dependents are loaded one after the other.
struct Frame {
    link: usize,
    children: Vec<usize>,
    next: usize,
}

/// How many places after the deciding one are kept to be shown.
const MAX_SKIPPED: usize = 64;

impl<'h> Process<'h> {
    /// Launches the executable at `path`. `None` when it has no such slice.
    pub fn launch(host: &'h Host<'h>, path: &BundlePath, arch: Arch) -> Option<Self> {
        let (mut process, main) = Process::with_main(host, path, arch)?;
        let base = process.link(main, None);
        process.load_dependents(main, base);
        Some(process)
    }

    /// Opens `path` in a process of its own: for plug-ins whose host is not known.
    pub fn open_alone(host: &'h Host<'h>, path: &BundlePath, arch: Arch) -> Option<(Self, usize)> {
        let (mut process, start) = Process::with_main(host, path, arch)?;
        let program = host.bundle().main_executable.as_ref();
        process.executable = host.runtime_path(program.unwrap_or(path));
        let base = process.link(start, None);
        process.load_dependents(start, base);
        Some((process, start))
    }

    fn with_main(host: &'h Host<'h>, path: &BundlePath, arch: Arch) -> Option<(Self, usize)> {
        let image = Arc::clone(host.bundle().images.get(path)?);
        let slice = image.file.slices.iter().position(|slice| slice.arch == arch)?;
        let executable = host.runtime_path(path);
        let mut process = Process {
            host,
            arch,
            platform: image.file.slices[slice].build.map_or(1, |build| build.platform.0),
            executable: executable.clone(),
            loaded: Vec::new(),
            by_path: HashMap::new(),
            by_install_name: HashMap::new(),
            by_file: HashMap::new(),
            chain: Vec::new(),
        };
        let main = process.add(executable, image, slice, None);
        Some((process, main))
    }

    /// What `dlopen` by the main executable does with the image at `path`: the process afterwards, and the image's
    /// position. `None` when it has no slice for this process.
    pub fn open(&self, path: &BundlePath) -> Option<(Self, usize)> {
        let image = Arc::clone(self.host.bundle().images.get(path)?);
        let mut process = self.clone();
        if let Some(&start) = process.by_file.get(&image.id) {
            return Some((process, start));
        }
        let slice = usable_slice(&image, self.arch, self.platform, "").ok()?;
        // dlopen makes [main], [caller = main] and [plug-in] before loadDependents adds the plug-in once more.
        let main = process.link(0, None);
        let caller = process.link(0, Some(main));
        let start = process.add(self.host.runtime_path(path), image, slice, None);
        let base = process.link(start, Some(caller));
        process.load_dependents(start, base);
        Some((process, start))
    }

    pub fn arch(&self) -> Arch {
        self.arch
    }

    /// Every image in load order.
    pub fn loads(&self) -> Vec<Arc<Load>> {
        self.loaded.iter().map(|loaded| Arc::clone(&loaded.load)).collect()
    }

    fn link(&mut self, image: usize, previous: Option<usize>) -> usize {
        self.chain.push(ChainLink { image, previous });
        self.chain.len() - 1
    }

    fn add(&mut self, path: RuntimePath, image: Arc<Image>, slice: usize, by: Option<usize>) -> usize {
        let position = self.loaded.len();
        let header = &image.file.slices[slice];
        self.by_path.entry(path.clone()).or_insert(position);
        self.by_file.entry(image.id.clone()).or_insert(position);
        if let Some(name) = &header.install_name {
            self.by_install_name.entry(name.as_str().to_owned()).or_insert(position);
        }
        let (id, uuid) = (image.id.clone(), header.uuid.clone());
        let load = Arc::new(Load { image: id, path, uuid, loaded_by: by, dependencies: Vec::new() });
        self.loaded.push(Loaded { load, image, slice, entered: false });
        position
    }

    /// Direct dependents first, in load-command order, then theirs. A stack of our own: chains may be thousands long.
    fn load_dependents(&mut self, top: usize, base: usize) {
        let mut stack = vec![self.enter(top, base)];
        while let Some(frame) = stack.last_mut() {
            match frame.children.get(frame.next) {
                None => drop(stack.pop()),
                Some(&child) => {
                    frame.next += 1;
                    let link = frame.link;
                    if !self.loaded[child].entered {
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
        self.loaded[position].entered = true;
        let image = Arc::clone(&self.loaded[position].image);
        let slice = &image.file.slices[self.loaded[position].slice];
        let mut children = Vec::new();
        let mut dependencies = Vec::with_capacity(slice.uses.len());
        for used in &slice.uses {
            let (dependency, child) = self.depend(position, link, used);
            dependencies.push(dependency);
            children.extend(child);
        }
        let load = Load { dependencies, ..Load::clone(&self.loaded[position].load) };
        self.loaded[position].load = Arc::new(load);
        Frame { link, children, next: 0 }
    }

    fn depend(&mut self, by: usize, link: usize, used: &DylibUse) -> (Dependency, Option<usize>) {
        let (mut candidates, hit) = self.search(link, used.name.as_str());
        let resolution = match &hit {
            None => Resolution::Missing,
            Some(Hit::System(path)) => Resolution::System(path.clone()),
            Some(Hit::Loaded(position)) => resolution_of(&self.loaded[*position].load.image),
            Some(Hit::New { image, .. }) => resolution_of(&image.id),
        };
        let child = match hit {
            _ if used.kind == LoadKind::Lazy => {
                candidates.extend(ignored(&candidates));
                None
            }
            Some(Hit::Loaded(position)) => Some(position),
            Some(Hit::New { real, image, slice }) => Some(self.add(real, image, slice, Some(by))),
            Some(Hit::System(_)) | None => None,
        };
        (Dependency { name: used.name.clone(), kind: used.kind, candidates, resolution }, child)
    }

    /// Every place that dyld tries for `name`, and what it settles on.
    fn search(&self, link: usize, name: &str) -> (Vec<Candidate>, Option<Hit>) {
        let mut search = Search { process: self, candidates: Vec::new(), hit: None };
        if name.starts_with('/') || name.starts_with("@rpath/") {
            search.already_loaded(name);
        }
        if search.hit.is_none() && is_system(name) {
            search.settle(SearchRule::SharedCache, name, Outcome::Found, Hit::System(RuntimePath::new(name)));
        }
        // Only rpaths look further back than to the image that asks.
        let depth = if name.starts_with("@rpath/") { usize::MAX } else { 1 };
        let chain: Vec<Link<'_>> = self.links(link).take(depth).collect();
        let request = Request { name, chain: &chain, executable: &self.executable };
        if search.hit.is_none() {
            let _ = request.for_each_place(&mut |place| search.visit(place, None));
        }
        if search.hit.is_none() {
            search.second_round(&request);
        } else if let Some(tail) = name.strip_prefix("@rpath/") {
            search.keep_skipped(&request, tail);
        }
        (search.candidates, search.hit)
    }

    /// The load chain from its newest link back to the main executable.
    fn links(&self, newest: usize) -> impl Iterator<Item = Link<'_>> {
        std::iter::successors(Some(newest), |&link| self.chain[link].previous).map(|link| {
            let loaded = &self.loaded[self.chain[link].image];
            Link { id: &loaded.load.image, path: &loaded.load.path, slice: loaded.header() }
        })
    }

    /// The first loaded image whose path or install name is `text` (`JustInTimeLoader::matchesPath`).
    fn matching(&self, text: &str) -> Option<(usize, Reuse)> {
        let path = self.by_path.get(&RuntimePath::new(text)).map(|&position| (position, Reuse::SamePath));
        let name = self.by_install_name.get(text).map(|&position| (position, Reuse::SameInstallName));
        match (path, name) {
            (Some(path), Some(name)) => Some(if name.0 < path.0 { name } else { path }),
            (path, name) => path.or(name),
        }
    }
}

impl Loaded {
    fn header(&self) -> &Slice {
        &self.image.file.slices[self.slice]
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

/// The state of one search.
struct Search<'p, 'h> {
    process: &'p Process<'h>,
    candidates: Vec<Candidate>,
    hit: Option<Hit>,
}

impl Search<'_, '_> {
    fn settle(&mut self, rule: SearchRule, tried: &str, outcome: Outcome, hit: Hit) {
        let tried = RuntimePath::new(tried);
        self.candidates.push(Candidate { rule, declared_by: None, rpath: None, tried, outcome });
        self.hit = Some(hit);
    }

    /// Before anything is searched: an image that has this very path or install name.
    fn already_loaded(&mut self, name: &str) {
        if let Some((position, because)) = self.process.matching(name) {
            let path = self.process.loaded[position].load.path.as_str().to_owned();
            self.settle(SearchRule::AlreadyLoaded, &path, Outcome::Reused { because }, Hit::Loaded(position));
        }
    }

    fn visit(&mut self, place: Place<'_>, rule: Option<SearchRule>) -> ControlFlow<()> {
        let (outcome, hit) = self.look(&place);
        self.candidates.push(candidate(place, rule, outcome));
        self.hit = hit;
        if self.hit.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn look(&self, place: &Place<'_>) -> (Outcome, Option<Hit>) {
        let path = place.path.as_str();
        if let Some((position, because)) = self.process.matching(path) {
            return (Outcome::Reused { because }, Some(Hit::Loaded(position)));
        }
        if is_system_path(&RuntimePath::new(path).normalized()) {
            return if !place.on_disk_only && is_known(path) {
                (Outcome::Found, Some(Hit::System(RuntimePath::new(path))))
            } else {
                (Outcome::NoSuchFile, None)
            };
        }
        let (real, image) = match self.process.host.look(path) {
            Spot::Nothing => return (Outcome::NoSuchFile, None),
            Spot::NotAFile => return (Outcome::NotAFile, None),
            Spot::Unusable(why) => return (Outcome::Refused(why), None),
            Spot::Image(real, image) => (real, image),
        };
        if let Some(&position) = self.process.by_file.get(&image.id) {
            return (Outcome::Reused { because: Reuse::SameFile }, Some(Hit::Loaded(position)));
        }
        let slice = match usable_slice(&image, self.process.arch, self.process.platform, path) {
            Ok(slice) => slice,
            Err(objection) => return (objection, None),
        };
        match cannot_link(&image.file.slices[slice], path) {
            Some(objection) => (objection, None),
            None => (Outcome::Found, Some(Hit::New { real, image, slice })),
        }
    }

    /// The same with the links of the name resolved, when that makes another name.
    fn second_round(&mut self, request: &Request<'_>) {
        if request.name.starts_with('@') {
            return;
        }
        let real = self.process.host.real_path(request.name);
        let Some(real) = real.filter(|real| !request.name.starts_with(real.as_str())) else { return };
        let again = Request { name: &real, chain: request.chain, executable: request.executable };
        let _ = again.for_each_place(&mut |place| self.visit(place, Some(SearchRule::RealPath)));
    }

    /// The rpath places behind the deciding one, each once.
    fn keep_skipped(&mut self, request: &Request<'_>, tail: &str) {
        // An image that was reused may stand at one of them; that it would be found there is worth knowing.
        let tried = self.candidates.iter().filter(|candidate| candidate.rule == SearchRule::Rpath);
        let mut known: HashSet<String> = tried.map(|candidate| candidate.tried.as_str().to_owned()).collect();
        let mut left = MAX_SKIPPED;
        let _ = request.for_each_rpath(tail, &mut |place| {
            if place.rule == SearchRule::Rpath && known.insert(place.path.clone()) {
                self.candidates.push(candidate(place, None, Outcome::Skipped("not reached".to_owned())));
                left -= 1;
            }
            if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
    }
}

fn candidate(place: Place<'_>, rule: Option<SearchRule>, outcome: Outcome) -> Candidate {
    Candidate {
        rule: rule.unwrap_or(place.rule),
        declared_by: place.rpath.map(|(image, _)| image.clone()),
        rpath: place.rpath.map(|(_, rpath)| rpath.clone()),
        tried: RuntimePath::new(place.path),
        outcome,
    }
}
