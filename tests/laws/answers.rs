//! What the simulation says to each question of a page.

use std::path::Path;

use bundlewright::bundle::{Bundle, ImageId, SearchRoots};
use bundlewright::dyld::graph::{Dependency, Launch};
use bundlewright::dyld::launch::verdict;
use bundlewright::dyld::{Conditions, Graph, OsProfile, Place, Resolution, resolve};
use bundlewright::macho::Arch;
use bundlewright::paths::RuntimePath;

use crate::model;
use crate::page::Page;

/// The page as it should read.
pub fn answer(page: &Page) -> String {
    let items = model::sound(model::items(page.bundle()));
    let bundle = model::bundle(&items);
    let disk = tempfile::tempdir().unwrap();
    #[cfg(unix)]
    crate::thin::write(&items, disk.path());
    page.rewritten(|info, body| {
        let words: Vec<&str> = info.split(' ').collect();
        if !matches!(words[0], "asks" | "loads" | "says") {
            return body.to_owned();
        }
        let graph = resolve(&bundle, &place(&words, disk.path()), &conditions(&words));
        let launch = choose(&graph, &words);
        match words[0] {
            "asks" => asks(launch, body),
            "loads" => loads(launch),
            _ => says(&bundle, &graph, launch),
        }
    })
}

fn place(words: &[&str], disk: &Path) -> Place {
    if words.contains(&"build") {
        Place::BuildMac(build_machine(disk))
    } else if words.contains(&"homebrew") {
        Place::HomebrewMac(build_machine(disk))
    } else {
        Place::CleanMac
    }
}

/// `os=12`, `DYLD_…=…`, `hardened`, `no-cache`.
fn conditions(words: &[&str]) -> Conditions {
    let os = words.iter().find_map(|word| OsProfile::from_name(word.strip_prefix("os=")?));
    let variables = words.iter().filter(|word| word.starts_with("DYLD_"));
    let variables = variables.filter_map(|word| word.split_once('='));
    Conditions {
        os: os.unwrap_or_default(),
        environment: variables.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        hardened: words.contains(&"hardened").then_some(true),
        no_shared_cache: words.contains(&"no-cache"),
    }
}

/// A disk with nothing but the page's files.
fn build_machine(disk: &Path) -> SearchRoots {
    SearchRoots { roots: vec![(RuntimePath::new("/"), disk.to_owned())], this_machine: false }
}

/// The launch that the words ask for; else the first.
fn choose<'g>(graph: &'g Graph, words: &[&str]) -> &'g Launch {
    let arch = words.iter().find_map(|word| Arch::from_name(word)).unwrap_or(Arch::ARM64);
    let named = |launch: &&Launch| words.contains(&launch.entry.file_name());
    let fits = |launch: &&Launch| launch.arch == arch;
    let by_name = graph.launches.iter().filter(fits).find(named);
    by_name.or_else(|| graph.launches.iter().find(fits)).expect("a launch")
}

/// Answers each line `IMAGE NAME` that is not indented.
fn asks(launch: &Launch, body: &str) -> String {
    let questions = body.lines().filter(|line| !line.starts_with("  ") && !line.trim().is_empty());
    questions.map(|question| format!("{question}\n{}", places(dependency(launch, question)))).collect()
}

fn dependency<'l>(launch: &'l Launch, question: &str) -> &'l Dependency {
    let (image, name) = question.split_once(' ').expect("an image and a name");
    let load = launch.loads.iter().find(|load| load.image.to_string() == image);
    let load = load.unwrap_or_else(|| panic!("{image} is not loaded"));
    load.dependencies.iter().find(|dependency| dependency.name.as_str() == name).expect("a reference")
}

fn places(dependency: &Dependency) -> String {
    let mut text = String::new();
    for candidate in &dependency.candidates {
        let by = match (&candidate.declared_by, &candidate.rpath) {
            (Some(image), Some(rpath)) => format!(" {rpath} of {}", leaf(image)),
            _ => String::new(),
        };
        text += &format!("  {:?}{by}: {}: {}\n", candidate.rule, candidate.tried, candidate.outcome);
    }
    let result = match &dependency.resolution {
        Resolution::Bundled(path) => format!("bundled {path}"),
        Resolution::External(path) => format!("external {path}"),
        Resolution::System(path) => format!("system {path}"),
        Resolution::Missing => "missing".to_owned(),
    };
    let refused = if dependency.refused { ", refused" } else { "" };
    text + &format!("  = {result}{refused}\n")
}

fn leaf(image: &ImageId) -> String {
    image.to_string().rsplit('/').next().unwrap_or_default().to_owned()
}

fn loads(launch: &Launch) -> String {
    launch.loads.iter().map(|load| format!("{}\n", load.image)).collect()
}

/// What dyld prints, and then in how many more ways it would have failed.
fn says(bundle: &Bundle, graph: &Graph, launch: &Launch) -> String {
    let verdict = verdict(bundle, graph, launch, &[]);
    let mut text: String = verdict.before.iter().map(|line| format!("{line}\n")).collect();
    text += &(verdict.message.unwrap_or_else(|| "it starts".to_owned()) + "\n");
    text
}
