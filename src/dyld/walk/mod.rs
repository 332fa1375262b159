//! One reference as a lesson: numbered steps that say what dyld does, why, and what it finds. The window, `why` and both
//! exports show the same values.

mod asked;
mod places;
mod process;
mod text;

use std::collections::BTreeSet;
use std::sync::Arc;

use super::graph::{Dependency, Graph, Launch, Load};
use super::launch;
use super::search::{Resolution, SearchRule};
use super::symbols::MissingSymbol;
use super::{OsProfile, Place};
use crate::bundle::{Bundle, EntryKind, ImageId};
use crate::macho::{Arch, InstallName, LoadKind, Slice};

pub use text::{markdown, plain};

/// The search for one reference, from the load command to what it comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Walk {
    /// The image whose load command it is.
    pub asker: ImageId,
    pub name: InstallName,
    pub kind: LoadKind,
    pub arch: Arch,
    pub os: OsProfile,
    /// Whose Mac: "a clean Mac".
    pub place: &'static str,
    pub steps: Vec<Step>,
    pub end: End,
    /// What follows for the process.
    pub notes: Vec<Note>,
    pub says: Option<Says>,
}

/// One thing that dyld does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub title: String,
    /// What one has to know to understand it; empty where an earlier step has said it.
    pub why: String,
    /// What the step works with: a name for it, and the text as it stands in a file or on disk.
    pub facts: Vec<Fact>,
    pub mark: Mark,
    /// What came out.
    pub answer: String,
    /// The law that explains it, by [`super::laws::Law::id`].
    pub law: Option<&'static str>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    pub label: &'static str,
    pub text: String,
}

/// What kind of answer a step has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// A question is put.
    Asked,
    /// Nothing there; dyld goes on.
    No,
    /// This decides: a file, or a library of macOS.
    Found,
    /// This decides: an image that is loaded already.
    Reused,
    /// Something is there that dyld cannot use.
    Refused,
    /// Not tried.
    Skipped,
}

impl Mark {
    /// Whether the search ends here.
    pub fn decides(self) -> bool {
        matches!(self, Mark::Found | Mark::Reused)
    }
}

/// What the search came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    pub resolution: Resolution,
    /// Whether a launch ends here.
    pub fatal: bool,
    /// A clause without a beginning: "… the bundle's libx.dylib is loaded."
    pub words: String,
    /// The whole path of the file.
    pub file: Option<String>,
}

/// A consequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Whether it is a fault and not just worth knowing.
    pub fault: bool,
    pub words: String,
    pub facts: Vec<Fact>,
    pub law: Option<&'static str>,
}

/// What dyld prints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Says {
    /// After `dyld[PID]: `, or for a plug-in what `dlerror` answers.
    pub message: String,
    /// Whether it is the one at which the launch ends; another is printed otherwise.
    pub first: bool,
}

/// What a step looks at.
struct Scene<'a> {
    bundle: &'a Bundle,
    graph: &'a Graph,
    launch: &'a Launch,
    /// Position of the asker in the launch.
    position: usize,
    load: &'a Load,
    /// The asker's slice.
    slice: Option<&'a Slice>,
    /// Position of the reference among the asker's.
    at: usize,
    dependency: &'a Dependency,
}

/// The walk of one reference: the `dependency`th of the `load`th image of `launch`, which is one of `graph`. `None` when
/// there is no such reference.
pub fn walk(bundle: &Bundle, graph: &Graph, launch: &Launch, load: usize, dependency: usize) -> Option<Walk> {
    let (position, at) = (load, dependency);
    let load = launch.loads.get(position)?;
    let dependency = load.dependencies.get(at)?;
    let slice = graph.image(bundle, &load.image).and_then(|image| image.file.slice(launch.arch));
    let scene = Scene { bundle, graph, launch, position, load, slice, at, dependency };
    let mut steps = vec![asked::asked(&scene)];
    steps.extend(process::already_loaded(&scene));
    steps.extend(asked::shared_cache(&scene));
    steps.extend(places::switched_off(&scene));
    steps.extend(places::tried(&scene));
    steps.extend(places::left_out(&scene));
    say_once(&mut steps);
    Some(Walk {
        asker: load.image.clone(),
        name: dependency.name.clone(),
        kind: dependency.kind,
        arch: launch.arch,
        os: graph.conditions.os,
        place: place_name(&graph.place),
        steps,
        end: process::end(&scene),
        notes: process::notes(&scene),
        says: says(&scene),
    })
}

/// What an earlier step has explained needs no second time.
fn say_once(steps: &mut [Step]) {
    let mut said = BTreeSet::new();
    for step in steps {
        if !said.insert(step.why.clone()) {
            step.why.clear();
        }
    }
}

/// The walk of the reference `name` of `image` on `arch`, in the first launch that loads the image.
pub fn find(bundle: &Bundle, graph: &Graph, image: &ImageId, arch: Arch, name: &InstallName) -> Option<Walk> {
    let launches = graph.launches.iter().filter(|launch| launch.arch == arch);
    launches.into_iter().find_map(|launch| {
        let position = launch.loads.position(image)?;
        let load = launch.loads.get(position)?;
        let at = load.dependencies.iter().position(|dependency| dependency.name == *name)?;
        walk(bundle, graph, launch, position, at)
    })
}

/// What the same reference comes to at the place of `other`, in a sentence; and whether that is well.
pub fn elsewhere(bundle: &Bundle, other: &Graph, launch: &Launch, walk: &Walk) -> (String, bool) {
    let place = capital(place_name(&other.place));
    let same = |one: &&Launch| one.entry == launch.entry && one.arch == launch.arch;
    let there = other.launches.iter().find(same).and_then(|launch| {
        let position = launch.loads.position(&walk.asker)?;
        let at = launch.loads.get(position)?.dependencies.iter().position(|one| one.name == walk.name)?;
        self::walk(bundle, other, launch, position, at)
    });
    match there {
        None => (format!("{place}: dyld does not come this far. What needs it is not loaded there."), false),
        Some(there) => {
            let well = !matches!(there.end.resolution, Resolution::External(_) | Resolution::Missing)
                && there.notes.iter().all(|note| !note.fault);
            let twice = there.notes.iter().any(|note| note.fault);
            let more = if twice { " Two copies are then in one process." } else { "" };
            (format!("{place}: {}{more}", there.end.words), well)
        }
    }
}

/// The fault at which a launch ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    /// The image that asks.
    pub image: ImageId,
    pub name: Option<InstallName>,
    /// "dyld stops at libx.dylib, which liby.dylib asks for"
    pub words: String,
}

/// Where dyld stops `launch`, which lacks the symbols `missing`; `None` when it starts.
pub fn stop(
    bundle: &Bundle,
    graph: &Graph,
    launch: &Launch,
    missing: &[(usize, Arc<MissingSymbol>)],
) -> Option<Stop> {
    let problem = launch::verdict(bundle, graph, launch, missing).problems.into_iter().next()?;
    let words = match &problem.reference {
        Some(name) => format!("dyld stops at {}, which {} asks for", name.leaf(), leaf(&problem.image)),
        None => format!("dyld says: {}", problem.message.lines().next().unwrap_or_default()),
    };
    Some(Stop { image: problem.image, name: problem.reference, words })
}

/// "a clean Mac", "the build Mac".
pub fn place_name(place: &Place) -> &'static str {
    match place {
        Place::CleanMac => "a clean Mac",
        Place::HomebrewMac(_) => "a Mac with Homebrew",
        Place::BuildMac(_) => "the build Mac",
    }
}

fn says(scene: &Scene<'_>) -> Option<Says> {
    let problems = launch::verdict(scene.bundle, scene.graph, scene.launch, &[]).problems;
    let mine = |problem: &launch::Problem| {
        problem.image == scene.load.image && problem.reference.as_ref() == Some(&scene.dependency.name)
    };
    let at = problems.iter().position(mine)?;
    problems.into_iter().nth(at).map(|problem| Says { message: problem.message, first: at == 0 })
}

impl Scene<'_> {
    fn name(&self) -> &str {
        self.dependency.name.as_str()
    }

    fn is_plug_in(&self) -> bool {
        self.launch.kind == EntryKind::PlugIn
    }

    /// The folder of the process's main executable.
    fn executable_folder(&self) -> String {
        self.launch.config.executable.parent().to_string()
    }

    /// The asker and what it was loaded for, back to the main executable: where LC_RPATHs are taken from.
    fn chain(&self) -> Vec<&ImageId> {
        let mut chain: Vec<&ImageId> = Vec::new();
        let mut at = Some(self.position);
        while let Some(load) = at.and_then(|at| self.launch.loads.get(at)) {
            if chain.contains(&&load.image) {
                break;
            }
            chain.push(&load.image);
            at = load.loaded_by;
        }
        let is_main = |load: &&Arc<Load>| load.path == self.launch.config.executable;
        let main = self.launch.loads.iter().find(is_main).map(|load| &load.image);
        chain.extend(main.filter(|main| self.is_plug_in() && !chain.contains(main)));
        chain
    }

    fn has(&self, rule: SearchRule) -> bool {
        self.dependency.candidates.iter().any(|candidate| candidate.rule == rule)
    }
}

fn fact(label: &'static str, text: impl Into<String>) -> Fact {
    Fact { label, text: text.into() }
}

/// The last part of an image's path.
fn leaf(image: &ImageId) -> String {
    let path = image.to_string();
    path.rsplit('/').next().unwrap_or_default().to_owned()
}

fn capital(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|first| first.to_uppercase().collect::<String>());
    first.unwrap_or_default() + letters.as_str()
}
