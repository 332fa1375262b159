//! One name looked up in one process: `Loader::getLoader` of dyld-1378.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::format::{Role, refusal};
use super::host::{Spot, cannot_link, usable_slice};
use super::places::{LoadChain, Place, Request};
use super::process::Process;
use super::search::{Candidate, Outcome, Reuse, SearchRule};
use super::security::refused_by_amfi;
use super::system::{self, Exists};
use crate::bundle::Image;
use crate::bundle::source::is_system_path;
use crate::macho::Slice;
use crate::paths::{RuntimePath, normalized};

/// What a search came to.
pub(super) enum Hit {
    Loaded(usize),
    New { real: RuntimePath, image: Arc<Image>, slice: usize },
    System(RuntimePath),
}

/// Every place tried, in order, and what dyld settles on.
pub(super) struct Found {
    pub candidates: Vec<Candidate>,
    pub hit: Option<Hit>,
    /// Whether `hit` is a file that dyld refuses: the first of them, for want of a better one.
    pub refused: bool,
}

/// Libraries of which a hardened process has only macOS's own (`isProtectedLibSystemPath`).
const PROTECTED: [&str; 3] = [
    "/usr/lib/libSystem.B.dylib",
    "/usr/lib/system/libsystem_secinit.dylib",
    "/usr/lib/system/libsystem_sandbox.dylib",
];

impl Process<'_> {
    /// Every place that dyld tries for `name`, asked for by the newest image of `chain`, and what it settles on.
    pub(super) fn search<'p>(&'p self, name: &'p str, chain: &'p dyn LoadChain, inserted: bool) -> Found {
        let mut search =
            Search { process: self, name, candidates: Vec::new(), hit: None, refused: None, cached: false };
        if name.starts_with('/') || name.starts_with("@rpath/") {
            search.already_loaded(name);
        }
        search.cached = self.config.shared_cache && system::is_system(name) && self.has(name);
        let overridable = self.config.path_overrides.may_override_cache();
        if search.hit.is_none() && search.cached && !overridable {
            let path = RuntimePath::new(name);
            search.settle(SearchRule::SharedCache, path.clone(), Outcome::Found, Hit::System(path));
        }
        let request = Request { name, chain, config: &self.config, inserted };
        if search.hit.is_none() {
            let _ = request.for_each_place(&mut |place| search.visit(place, None));
        }
        if search.hit.is_none() {
            search.second_round(&request);
        }
        let refused = search.hit.is_none() && search.refused.is_some();
        Found { candidates: search.candidates, hit: search.hit.or(search.refused), refused }
    }
}

impl Process<'_> {
    /// Whether the simulated macOS may have this library of the system: not one that surely came later or went before.
    fn has(&self, name: &str) -> bool {
        let os = self.config.os.version();
        !matches!(system::exists(name, os), Exists::Gone { .. })
            && !system::library(name).is_some_and(|known| known.surely_newer_than(os))
    }
}

/// The state of one search.
struct Search<'p, 'h> {
    process: &'p Process<'h>,
    name: &'p str,
    candidates: Vec<Candidate>,
    hit: Option<Hit>,
    /// The first file that would do but for its signature or its format.
    refused: Option<Hit>,
    /// Whether the name as asked for is one of the shared cache.
    cached: bool,
}

impl Search<'_, '_> {
    fn settle(&mut self, rule: SearchRule, tried: RuntimePath, outcome: Outcome, hit: Hit) {
        let by_nobody =
            Candidate { rule, declared_by: None, rpath: None, tried, on_disk_only: false, outcome };
        self.candidates.push(by_nobody);
        self.hit = Some(hit);
    }

    /// Before anything is searched: an image that has this very path or install name.
    fn already_loaded(&mut self, name: &str) {
        if let Some((position, because)) = self.process.matching(name) {
            let path = self.process.path_of(position).clone();
            self.settle(SearchRule::AlreadyLoaded, path, Outcome::Reused { because }, Hit::Loaded(position));
        }
    }

    fn visit(&mut self, place: Place<'_>, rule: Option<SearchRule>) -> ControlFlow<()> {
        let (outcome, hit) = self.look(&place);
        match outcome {
            Outcome::Refused(_) => self.refused = self.refused.take().or(hit),
            _ => self.hit = hit,
        }
        self.candidates.push(candidate(place, rule, outcome));
        if self.hit.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn look(&self, place: &Place<'_>) -> (Outcome, Option<Hit>) {
        let (path, config) = (place.path.as_str(), &self.process.config);
        if let Some((position, because)) = self.process.matching(path) {
            return (Outcome::Reused { because }, Some(Hit::Loaded(position)));
        }
        if is_relative(path) && !config.security.allow_env_vars_path {
            return (Outcome::Refused("relative path not allowed in hardened program".to_owned()), None);
        }
        if is_system_path(&normalized(path)) {
            return match !place.on_disk_only && self.in_shared_cache(path) {
                true => (Outcome::Found, Some(Hit::System(RuntimePath::new(path)))),
                false => (Outcome::NoSuchFile, None),
            };
        }
        let (real, image) = match self.process.host.look(path) {
            Spot::Nothing => return (Outcome::NoSuchFile, None),
            Spot::NotAFile => return (Outcome::NotAFile, None),
            Spot::Unusable(why) => return (Outcome::Refused(why), None),
            Spot::Image(real, image) => (real, image),
        };
        if self.cached && PROTECTED.contains(&self.name) && !config.security.allow_lib_system_overrides {
            return (Outcome::Refused("cannot override a protected system dylib".to_owned()), None);
        }
        if let Some(position) = self.process.same_file(&image.id) {
            return (Outcome::Reused { because: Reuse::SameFile }, Some(Hit::Loaded(position)));
        }
        self.use_file(path, real, image)
    }

    /// What dyld makes of a file that is there. With an objection comes the file that it is about, when it would do without.
    fn use_file(&self, path: &str, real: RuntimePath, image: Arc<Image>) -> (Outcome, Option<Hit>) {
        let config = &self.process.config;
        let position = match usable_slice(&image, config.arch, config.platform, path) {
            Ok(position) => position,
            Err(objection) => return (objection, None),
        };
        let slice = &image.file.slices[position];
        if let Some(objection) = cannot_link(slice, path) {
            return (objection, None);
        }
        let malformed = || refusal(slice, config.os, Role::Library).map(Outcome::Refused);
        let outcome = malformed().or_else(|| self.not_valid(slice, &real)).unwrap_or(Outcome::Found);
        (outcome, Some(Hit::New { real, image, slice: position }))
    }

    /// Whether the signature keeps it out (`Loader::mapSegments`, F_CHECK_LV).
    fn not_valid(&self, slice: &Slice, real: &RuntimePath) -> Option<Outcome> {
        let config = &self.process.config;
        let why = refused_by_amfi(&config.signature, config.security.library_validation, slice)?;
        let uuid = slice.uuid.as_deref().unwrap_or("no uuid");
        Some(Outcome::Refused(format!(
            "code signature in <{uuid}> '{real}' not valid for use in process: {why}"
        )))
    }

    fn in_shared_cache(&self, path: &str) -> bool {
        self.process.config.shared_cache
            && ((system::is_known(path) && self.process.has(path)) || (self.cached && path == self.name))
    }

    /// The same with the links of the name resolved, when that makes another name.
    fn second_round(&mut self, request: &Request<'_>) {
        if request.name.starts_with('@') {
            return;
        }
        if is_relative(request.name) && !request.config.security.allow_env_vars_path {
            return;
        }
        let real = self.process.host.real_path(request.name);
        let Some(real) = real.filter(|real| !request.name.starts_with(real.as_str())) else { return };
        let again = Request { name: &real, ..*request };
        let _ = again.for_each_place(&mut |place| self.visit(place, Some(SearchRule::RealPath)));
    }
}

/// Whether the file system would look for it in the current folder (`isFileRelativePath`).
fn is_relative(path: &str) -> bool {
    !path.starts_with(['/', '@'])
}

fn candidate(place: Place<'_>, rule: Option<SearchRule>, outcome: Outcome) -> Candidate {
    Candidate {
        rule: rule.unwrap_or(place.rule),
        declared_by: place.rpath.map(|(image, _)| image.clone()),
        rpath: place.rpath.map(|(_, rpath)| rpath.clone()),
        tried: RuntimePath::new(place.path),
        on_disk_only: place.on_disk_only,
        outcome,
    }
}
