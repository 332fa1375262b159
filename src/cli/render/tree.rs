//! A launch as a tree of who asks for what.

use std::collections::{HashMap, HashSet};

use super::{BAD, CAREFUL, FAINT, Page, STRONG, count, words};
use crate::bundle::ImageId;
use crate::dyld::graph::{Dependency, Launch};
use crate::dyld::{Candidate, Outcome, Resolution};
use crate::macho::LoadKind;

/// How much of it is drawn.
pub struct Drawing {
    /// System libraries one by one instead of a count.
    pub system: bool,
    /// Levels below the entry; `None` for all.
    pub depth: Option<usize>,
}

/// A node whose children are being drawn. The stack is ours: a chain of libraries may be longer than the thread's.
struct Open<'a> {
    /// Its place in the launch.
    load: usize,
    children: Vec<Child<'a>>,
    next: usize,
}

#[derive(Clone, Copy)]
enum Child<'a> {
    Reference(&'a Dependency),
    Systems(usize),
}

/// Each image is drawn where dyld loads it; other references to it only name it.
pub fn tree(page: &mut Page, launch: &Launch, drawing: &Drawing) {
    let loads: HashMap<&ImageId, usize> =
        launch.loads.iter().enumerate().map(|(at, load)| (&load.image, at)).collect();
    page.paint(STRONG, &launch.entry).paint(FAINT, format!(" ({})", launch.arch)).end();
    let mut drawn: HashSet<usize> = HashSet::from([launch.start]);
    let mut stack = vec![Open::new(launch, launch.start, drawing)];
    while let Some(open) = stack.last_mut() {
        let Some(child) = open.children.get(open.next).copied() else {
            stack.pop();
            continue;
        };
        open.next += 1;
        let parent = open.load;
        rails(page, &stack);
        match child {
            Child::Systems(number) => page.paint(FAINT, libraries_of_macos(number)).end(),
            Child::Reference(dependency) => {
                let load = dependency.resolution.image().and_then(|image| loads.get(&image).copied());
                let Some(load) = load else {
                    reference(page, launch, dependency);
                    continue;
                };
                if launch.loads[load].loaded_by == Some(parent) && drawn.insert(load) {
                    reference(page, launch, dependency);
                    if drawing.depth.is_none_or(|most| stack.len() < most) {
                        stack.push(Open::new(launch, load, drawing));
                    }
                } else {
                    again(page, dependency, elsewhere(launch, load, drawn.contains(&load)));
                }
            }
        }
    }
}

/// Where an image is drawn that is not drawn here.
fn elsewhere(launch: &Launch, load: usize, drawn: bool) -> &'static str {
    match (drawn, load < launch.start) {
        (true, _) => "shown above",
        (false, true) => "loaded before by the program that opens this",
        (false, false) => "shown below",
    }
}

impl<'a> Open<'a> {
    fn new(launch: &'a Launch, load: usize, drawing: &Drawing) -> Self {
        let dependencies = &launch.loads[load].dependencies;
        let system = |dependency: &&Dependency| matches!(dependency.resolution, Resolution::System(_));
        let mut children: Vec<Child> = dependencies
            .iter()
            .filter(|dependency| drawing.system || !system(dependency))
            .map(Child::Reference)
            .collect();
        let hidden = dependencies.len() - children.len();
        if hidden > 0 {
            children.push(Child::Systems(hidden));
        }
        Open { load, children, next: 0 }
    }

    fn has_more(&self) -> bool {
        self.next < self.children.len()
    }
}

/// The lines that lead down to the child just taken from the last of `stack`.
fn rails(page: &mut Page, stack: &[Open<'_>]) {
    let Some((last, above)) = stack.split_last() else { return };
    let mut text: String = above.iter().map(|open| if open.has_more() { "│  " } else { "   " }).collect();
    text.push_str(if last.has_more() { "├─ " } else { "└─ " });
    page.paint(FAINT, text);
}

fn libraries_of_macos(number: usize) -> String {
    match number {
        1 => "1 library of macOS".to_owned(),
        _ => format!("{number} libraries of macOS"),
    }
}

fn reference(page: &mut Page, launch: &Launch, dependency: &Dependency) {
    let name = dependency.name.as_str();
    match &dependency.resolution {
        Resolution::Bundled(path) => page.put(name).paint(FAINT, " → ").put(path),
        Resolution::External(path) if path.as_str() == name => page.paint(CAREFUL, name),
        Resolution::External(path) => page.paint(CAREFUL, name).paint(FAINT, " → ").paint(CAREFUL, path),
        Resolution::System(_) => page.paint(FAINT, name),
        Resolution::Missing if dependency.kind == LoadKind::Lazy => page.paint(FAINT, name),
        Resolution::Missing if dependency.kind == LoadKind::Weak => page.paint(CAREFUL, name),
        Resolution::Missing => page.paint(BAD, name),
    };
    kind(page, dependency);
    page.paint(FAINT, format!(" [{}]", found_by(launch, dependency))).end();
}

fn again(page: &mut Page, dependency: &Dependency, place: &str) {
    page.put(&dependency.name);
    kind(page, dependency);
    page.paint(FAINT, format!(" ({place})")).end();
}

fn kind(page: &mut Page, dependency: &Dependency) {
    if dependency.kind != LoadKind::Required {
        page.put(" ").put(words::kind(dependency.kind));
    }
}

/// How dyld came by it, or how hard it tried.
fn found_by(launch: &Launch, dependency: &Dependency) -> String {
    let found = |candidate: &&Candidate| matches!(candidate.outcome, Outcome::Found | Outcome::Reused { .. });
    let decided = dependency.candidates.iter().find(found);
    if let Some(why) = dependency.refusal() {
        return format!("refused: {why}");
    }
    match &dependency.resolution {
        Resolution::System(_) => "macOS".to_owned(),
        Resolution::Missing if dependency.kind == LoadKind::Lazy => "not loaded at launch".to_owned(),
        Resolution::Missing => {
            let skipped = |candidate: &&Candidate| matches!(candidate.outcome, Outcome::Skipped(_));
            let places = dependency.candidates.iter().filter(|candidate| !skipped(candidate)).count();
            format!("missing, {} tried", count(places, "place"))
        }
        Resolution::Bundled(_) => decided.map_or_else(String::new, |candidate| how(launch, candidate)),
        Resolution::External(_) => {
            let how = decided.map_or_else(String::new, |candidate| how(launch, candidate));
            format!("outside the bundle, {how}")
        }
    }
}

/// Whose rpath it is goes without saying when it is the entry's own.
fn how(launch: &Launch, candidate: &Candidate) -> String {
    match (&candidate.rpath, &candidate.declared_by) {
        (Some(rpath), Some(ImageId::Bundled(by))) if *by == launch.entry => format!("rpath {rpath}"),
        _ => words::how(candidate),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::model::{bundle, items, sound};
    use crate::dyld::{Conditions, Place, resolve};

    fn launch(description: &str) -> Launch {
        let bundle = bundle(&sound(items(description)));
        let graph = resolve(&bundle, &Place::CleanMac, &Conditions::default());
        graph.launches.into_iter().next().unwrap()
    }

    fn drawn(launch: &Launch, drawing: &Drawing) -> String {
        let mut page = Page::default();
        tree(&mut page, launch, drawing);
        anstream::adapter::strip_str(&page.into_text()).to_string()
    }

    fn sample() -> Launch {
        let system = "use /usr/lib/libSystem.B.dylib";
        launch(&format!(
            "Contents/MacOS/App execute\n  rpath @loader_path\n  use @rpath/a\n  use @rpath/b\n  {system}\n\
             Contents/MacOS/a dylib\n  use @rpath/b\n  use @rpath/c\n  {system}\n\
             Contents/MacOS/b dylib\n  use @rpath/gone\n  use @rpath/c\n\
             Contents/MacOS/c dylib\n  use @rpath/a\n"
        ))
    }

    #[test]
    fn an_image_is_drawn_where_it_is_loaded_and_the_system_is_counted() {
        let text = drawn(&sample(), &Drawing { system: false, depth: None });
        assert_eq!(
            text,
            "Contents/MacOS/App (arm64)\n\
             ├─ @rpath/a → Contents/MacOS/a [rpath @loader_path]\n\
             │  ├─ @rpath/b (shown below)\n\
             │  ├─ @rpath/c → Contents/MacOS/c [rpath @loader_path]\n\
             │  │  └─ @rpath/a (shown above)\n\
             │  └─ 1 library of macOS\n\
             ├─ @rpath/b → Contents/MacOS/b [rpath @loader_path]\n\
             │  ├─ @rpath/gone [missing, 2 places tried]\n\
             │  └─ @rpath/c (shown above)\n\
             └─ 1 library of macOS\n"
        );
    }

    #[test]
    fn depth_and_system_are_for_the_user_to_choose() {
        let text = drawn(&sample(), &Drawing { system: true, depth: Some(1) });
        assert_eq!(text.lines().count(), 4, "{text}");
        assert!(text.ends_with("└─ /usr/lib/libSystem.B.dylib [macOS]\n"), "{text}");
    }

    #[test]
    fn a_cycle_ends_and_a_very_long_chain_is_no_trouble() {
        let length = 3_000;
        let mut text = String::from("Contents/MacOS/App execute\n  use @executable_path/l1\n");
        for number in 1..length {
            let next = if number + 1 == length { "App".to_owned() } else { format!("l{}", number + 1) };
            text += &format!("Contents/MacOS/l{number} dylib\n  use @executable_path/{next}\n");
        }
        let text = drawn(&launch(&text), &Drawing { system: false, depth: None });
        assert_eq!(text.lines().count(), length + 1);
        assert!(text.ends_with("(shown above)\n"));
    }
}
