//! What is in the process already, what the search comes to, and what follows.

use std::collections::HashSet;
use std::sync::Arc;

use super::super::graph::Load;
use super::super::search::{Outcome, Resolution, Reuse, SearchRule};
use super::{End, Fact, Mark, Note, Scene, Step, fact, leaf};
use crate::bundle::ImageId;
use crate::macho::LoadKind;

/// How many other users are named.
const NAMED: usize = 3;

/// Before any place is tried, dyld asks the images that are loaded. Only absolute and `@rpath` names are asked about.
pub fn already_loaded(scene: &Scene<'_>) -> Option<Step> {
    let name = scene.name();
    if !name.starts_with('/') && !name.starts_with("@rpath/") {
        return None;
    }
    let first = scene.dependency.candidates.first();
    let hit = first.filter(|candidate| candidate.rule == SearchRule::AlreadyLoaded);
    let why = "dyld compares whole texts with the path and the install name (LC_ID_DYLIB) of every image that it has \
               loaded. An equal file name means nothing to it."
        .to_owned();
    let (mark, facts, answer, law) = match hit.map(|candidate| (&candidate.outcome, &candidate.tried)) {
        Some((outcome, tried)) => {
            let facts = vec![fact("loaded from", tried.to_string())];
            (Mark::Reused, facts, format!("Yes: {outcome}. It is used again."), reuse_law(outcome))
        }
        None => nobody(scene),
    };
    Some(Step { title: "Is it loaded already?".to_owned(), why, facts, mark, answer, law: Some(law) })
}

fn nobody(scene: &Scene<'_>) -> (Mark, Vec<Fact>, String, &'static str) {
    let before = loaded_before(scene);
    let near: Vec<&Load> =
        before.iter().copied().filter(|load| leaf(&load.image) == scene.dependency.name.leaf()).collect();
    let mut facts = Vec::new();
    for load in near.iter().take(NAMED) {
        facts.push(fact("is loaded", load.path.to_string()));
        let id = scene.graph.image(scene.bundle, &load.image).and_then(|image| {
            image.file.slice(scene.launch.arch)?.install_name.as_ref().map(|name| name.to_string())
        });
        facts.push(fact("install name", id.unwrap_or_else(|| "none".to_owned())));
    }
    if near.is_empty() {
        let answer = match before.len() {
            1 => "No: the one image that is there has neither this path nor this install name.".to_owned(),
            images => format!("No: none of the {images} images loaded so far has this path or install name."),
        };
        return (Mark::No, facts, answer, "install-name-reuse");
    }
    let answer = "No. An image of the same file name is there, but neither its path nor its install name is this text: \
                  for dyld it is another library."
        .to_owned();
    (Mark::No, facts, answer, "same-leaf-is-not-the-same-library")
}

/// The images that were there when dyld came to this reference.
fn loaded_before<'a>(scene: &Scene<'a>) -> Vec<&'a Load> {
    let launch = scene.launch;
    let target = scene.dependency.resolution.image();
    let own = launch
        .loads
        .iter()
        .position(|load| load.loaded_by == Some(scene.position) && Some(&load.image) == target.as_ref());
    let end = own.unwrap_or_else(|| {
        let earlier = scene.load.dependencies.get(..scene.at).unwrap_or_default();
        let brought = |load: &Load| {
            load.loaded_by == Some(scene.position)
                && earlier.iter().any(|one| one.resolution.image().as_ref() == Some(&load.image))
        };
        let before = scene.entered_with();
        before + launch.loads.iter().skip(before).filter(|load| brought(load)).count()
    });
    launch.loads.iter().take(end).map(|load| &**load).collect()
}

impl Scene<'_> {
    /// How many images were loaded when it was the asker's turn: dyld loads all that an image asks for before it goes
    /// down into the first of them.
    fn entered_with(&self) -> usize {
        let loads = &self.launch.loads;
        let earlier = loads.turns().take_while(|load| load.image != self.load.image);
        let earlier: HashSet<&ImageId> = earlier.map(|load| &load.image).collect();
        let brought = |load: &&Arc<Load>| {
            load.loaded_by.and_then(|by| loads.get(by)).is_some_and(|by| earlier.contains(&by.image))
        };
        self.launch.start + 1 + loads.own().iter().filter(brought).count()
    }
}

pub fn reuse_law(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Reused { because: Reuse::SameFile } => "same-file-through-a-link",
        Outcome::Reused { because: Reuse::SamePath } => "cycles-end",
        _ => "install-name-reuse",
    }
}

pub fn end(scene: &Scene<'_>) -> End {
    let dependency = scene.dependency;
    let reused = dependency.candidates.iter().any(|one| matches!(one.outcome, Outcome::Reused { .. }));
    let leaf = dependency.resolution.image().map(|image| leaf(&image)).unwrap_or_default();
    let words = match &dependency.resolution {
        Resolution::Bundled(_) | Resolution::External(_) if dependency.refused => {
            let then = if dependency.needed { "" } else { " It goes on without it." };
            format!("{leaf} is found, and dyld refuses it.{then}")
        }
        Resolution::Bundled(_) if reused => format!("the bundle's {leaf} is used, which is loaded already."),
        Resolution::Bundled(_) => format!("the bundle's own {leaf} is loaded."),
        Resolution::External(_) if reused => {
            format!("{leaf} from outside the bundle is used, which is loaded already.")
        }
        Resolution::External(_) => {
            format!("{leaf} is loaded from outside the bundle. Only a Mac that has this file can do that.")
        }
        Resolution::System(path) => format!("macOS's own {} is used.", path.file_name()),
        Resolution::Missing if dependency.kind == LoadKind::Lazy => "nothing is looked for.".to_owned(),
        Resolution::Missing if !dependency.needed => "nothing is found. dyld goes on without it.".to_owned(),
        Resolution::Missing if scene.is_plug_in() => {
            "nothing is found. The plug-in cannot be opened, and what it does is missing from the app."
                .to_owned()
        }
        Resolution::Missing => "nothing is found. dyld stops the launch.".to_owned(),
    };
    let file = dependency.resolution.image().map(|image| image.to_string());
    End { resolution: dependency.resolution.clone(), fatal: dependency.is_fatal(), words, file }
}

pub fn notes(scene: &Scene<'_>) -> Vec<Note> {
    let Some(image) = scene.dependency.resolution.image() else { return Vec::new() };
    twin(scene, &image).into_iter().chain(shared_with(scene, &image)).collect()
}

/// Another copy of the same library in this process.
fn twin(scene: &Scene<'_>, image: &ImageId) -> Option<Note> {
    let mine = scene.launch.loads.iter().find(|load| load.image == *image)?;
    let same_build = |load: &Load| mine.uuid.is_some() && load.uuid == mine.uuid;
    let other = scene.launch.loads.iter().find(|load| load.image != *image && same_build(load))?;
    Some(Note {
        fault: true,
        words: "Two copies of one build (equal LC_UUID) are now in this process. Each has its own variables, classes \
                and lists: what is registered with one copy, the other does not know. The app and the plug-in no longer \
                talk about the same things."
            .to_owned(),
        facts: vec![fact("one copy", mine.path.to_string()), fact("the other", other.path.to_string())],
        law: Some("same-leaf-is-not-the-same-library"),
    })
}

/// Who else gets this very image.
fn shared_with(scene: &Scene<'_>, image: &ImageId) -> Option<Note> {
    let uses = |load: &Load| {
        load.image != scene.load.image
            && load.dependencies.iter().any(|one| one.resolution.image().as_ref() == Some(image))
    };
    let users: Vec<String> =
        scene.launch.loads.iter().filter(|load| uses(load)).map(|load| leaf(&load.image)).collect();
    let named = users.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    let words = match users.len() {
        0 => return None,
        1..=NAMED => format!("The same image serves {named}."),
        more => format!("The same image serves {named} and {} more.", more - NAMED),
    };
    Some(Note { fault: false, words, facts: Vec::new(), law: Some("install-name-reuse") })
}
