//! A launch as a tree of who asks for what.

use std::collections::{HashMap, HashSet};

use super::{BAD, CAREFUL, FAINT, Page, STRONG, count, words};
use crate::bundle::ImageId;
use crate::dyld::graph::{Dependency, Launch};
use crate::dyld::{Outcome, Resolution};
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
    children: Vec<Child<'a>>,
    next: usize,
}

enum Child<'a> {
    Reference(&'a Dependency),
    Systems(usize),
}

pub fn tree(page: &mut Page, launch: &Launch, drawing: &Drawing) {
    let loads: HashMap<&ImageId, usize> =
        launch.loads.iter().enumerate().map(|(at, load)| (&load.image, at)).collect();
    page.paint(STRONG, &launch.entry).paint(FAINT, format!(" ({})", launch.arch)).end();
    let mut drawn: HashSet<usize> = HashSet::from([launch.start]);
    let mut stack = vec![Open::new(launch, launch.start, drawing)];
    while let Some(open) = stack.last_mut() {
        let Some(child) = open.children.get(open.next) else {
            stack.pop();
            continue;
        };
        open.next += 1;
        let child = child.clone();
        rails(page, &stack);
        match child {
            Child::Systems(number) => page.paint(FAINT, libraries_of_macos(number)).end(),
            Child::Reference(dependency) => {
                let load = dependency.resolution.image().and_then(|image| loads.get(&image).copied());
                let leaf = load.is_none_or(|load| launch.loads[load].dependencies.is_empty());
                let again = load.is_some_and(|load| !drawn.insert(load));
                reference(page, dependency, again && !leaf);
                if let Some(load) = load.filter(|_| !again)
                    && drawing.depth.is_none_or(|most| stack.len() < most)
                {
                    stack.push(Open::new(launch, load, drawing));
                }
            }
        }
    }
}

impl Clone for Child<'_> {
    fn clone(&self) -> Self {
        match self {
            Child::Reference(dependency) => Child::Reference(dependency),
            Child::Systems(number) => Child::Systems(*number),
        }
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
        Open { children, next: 0 }
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

fn reference(page: &mut Page, dependency: &Dependency, again: bool) {
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
    if dependency.kind != LoadKind::Required {
        page.put(" ").put(words::kind(dependency.kind));
    }
    page.paint(FAINT, format!(" [{}]", found_by(dependency)));
    if again {
        page.paint(FAINT, " (shown above)");
    }
    page.end();
}

/// How dyld came by it, or how hard it tried.
fn found_by(dependency: &Dependency) -> String {
    let outside =
        if matches!(dependency.resolution, Resolution::External(_)) { "outside the bundle, " } else { "" };
    match &dependency.resolution {
        Resolution::System(_) => return "macOS".to_owned(),
        Resolution::Missing if dependency.kind == LoadKind::Lazy => return "not loaded at launch".to_owned(),
        Resolution::Missing => {
            let tried = |outcome: &Outcome| !matches!(outcome, Outcome::Skipped(_));
            let places = dependency.candidates.iter().filter(|candidate| tried(&candidate.outcome)).count();
            return format!("missing, {} tried", count(places, "place"));
        }
        _ => {}
    }
    let decided = dependency
        .candidates
        .iter()
        .find(|candidate| matches!(candidate.outcome, Outcome::Found | Outcome::Reused { .. }));
    match decided {
        Some(candidate) if matches!(candidate.outcome, Outcome::Reused { .. }) => {
            format!("{outside}{}", candidate.outcome)
        }
        Some(candidate) => format!("{outside}{}", words::how(candidate)),
        None => format!("{outside}found"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::bundle::EntryKind;
    use crate::dyld::graph::Load;
    use crate::dyld::{Candidate, SearchRule};
    use crate::macho::{Arch, InstallName, Rpath};
    use crate::paths::{BundlePath, RuntimePath};

    fn at(text: &str) -> BundlePath {
        BundlePath::new(text).unwrap()
    }

    fn dependency(name: &str, resolution: Resolution) -> Dependency {
        let found = resolution != Resolution::Missing;
        Dependency {
            name: InstallName(name.to_owned()),
            kind: LoadKind::Required,
            candidates: vec![Candidate {
                rule: SearchRule::Rpath,
                declared_by: Some(ImageId::Bundled(at("main"))),
                rpath: Some(Rpath("@loader_path".to_owned())),
                tried: RuntimePath::new("/x"),
                outcome: if found { Outcome::Found } else { Outcome::NoSuchFile },
            }],
            resolution,
        }
    }

    fn load(image: &str, dependencies: Vec<Dependency>) -> Arc<Load> {
        Arc::new(Load {
            image: ImageId::Bundled(at(image)),
            path: RuntimePath::new(format!("/{image}")),
            uuid: None,
            loaded_by: None,
            dependencies,
        })
    }

    fn launch(loads: Vec<Arc<Load>>) -> Launch {
        Launch { entry: at("main"), kind: EntryKind::Main, arch: Arch::ARM64, loads, start: 0 }
    }

    fn drawn(launch: &Launch, drawing: &Drawing) -> String {
        let mut page = Page::default();
        tree(&mut page, launch, drawing);
        anstream::adapter::strip_str(&page.into_text()).to_string()
    }

    fn sample() -> Launch {
        let system =
            || dependency("/usr/lib/libSystem.B.dylib", Resolution::System(RuntimePath::new("/usr/lib/l")));
        launch(vec![
            load(
                "main",
                vec![
                    dependency("@rpath/a", Resolution::Bundled(at("a"))),
                    dependency("@rpath/b", Resolution::Bundled(at("b"))),
                    system(),
                ],
            ),
            load("a", vec![dependency("@rpath/b", Resolution::Bundled(at("b"))), system()]),
            load("b", vec![dependency("@rpath/gone", Resolution::Missing)]),
        ])
    }

    #[test]
    fn shared_libraries_are_drawn_once_and_the_system_is_counted() {
        let text = drawn(&sample(), &Drawing { system: false, depth: None });
        assert_eq!(
            text,
            "main (arm64)\n\
             ├─ @rpath/a → a [rpath @loader_path of main]\n\
             │  ├─ @rpath/b → b [rpath @loader_path of main]\n\
             │  │  └─ @rpath/gone [missing, 1 place tried]\n\
             │  └─ 1 library of macOS\n\
             ├─ @rpath/b → b [rpath @loader_path of main] (shown above)\n\
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
        let name = |n: usize| if n == 0 { "main".to_owned() } else { format!("l{n}") };
        let length = 3_000;
        let loads = (0..length).map(|n| {
            let next = name((n + 1) % length);
            load(&name(n), vec![dependency(&next, Resolution::Bundled(at(&next)))])
        });
        let text = drawn(&launch(loads.collect()), &Drawing { system: false, depth: None });
        assert_eq!(text.lines().count(), length + 1);
        assert!(text.ends_with("(shown above)\n"));
    }
}
