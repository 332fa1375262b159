//! "Why is this here": who asks for an image, and the shortest ways from what is started or opened to it.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use super::links::{Key, counts, may_be_missing, own_loads};
use crate::bundle::{EntryKind, ImageId};
use crate::dyld::Resolution;
use crate::dyld::graph::{Graph, Launch, Load};
use crate::macho::{Arch, InstallName, LoadKind};
use crate::paths::BundlePath;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Why {
    /// Every reference that leads to it, by user.
    pub users: Vec<User>,
    /// The shortest ways to it, of each launch that brings it into a process.
    pub chains: Vec<Chain>,
    /// How many further shortest ways there are; `u64::MAX` stands for more than can be counted.
    pub more: u64,
    /// Whether every way to it goes through a weak reference: dyld starts everything without it.
    pub weak_only: bool,
}

/// One reference that leads to the image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    pub image: ImageId,
    pub name: InstallName,
    pub kind: LoadKind,
    pub archs: Vec<Arch>,
}

/// One way from an entry point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    pub entry: BundlePath,
    pub kind: EntryKind,
    pub archs: Vec<Arch>,
    /// From the entry on; the last step asks for the image itself. Empty when the entry is the image.
    pub steps: Vec<Step>,
}

/// An image and what it asks for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Step {
    pub image: ImageId,
    pub name: InstallName,
    pub kind: LoadKind,
}

impl Step {
    /// Whether the launch goes on without what is asked for.
    pub fn is_weak(&self) -> bool {
        may_be_missing(self.kind)
    }
}

/// Why `target` is loaded. At most `most` chains are kept; [`Why::more`] counts the others. Images that a plug-in finds
/// loaded by its host belong to the host's launch alone.
pub fn why(graph: &Graph, target: &Resolution, most: usize) -> Why {
    let Some(target) = Key::to(target) else {
        return Why { users: Vec::new(), chains: Vec::new(), more: 0, weak_only: false };
    };
    let mut ways: Vec<Ways> = Vec::new();
    let mut weak_only = true;
    for launch in &graph.launches {
        let Some(found) = Search::of(launch, target) else { continue };
        weak_only &= !found.is_needed();
        let (steps, count) = (found.chains(most), found.count());
        match ways.iter_mut().rev().find(|ways| ways.entry == &launch.entry && ways.steps == steps) {
            Some(ways) if ways.count == count => ways.archs.push(launch.arch),
            _ => ways.push(Ways {
                entry: &launch.entry,
                kind: launch.kind,
                archs: vec![launch.arch],
                steps,
                count,
            }),
        }
    }
    let weak_only = weak_only && !ways.is_empty();
    // What starts a process says more than what may be opened in it.
    ways.sort_by_key(|ways| ways.kind == EntryKind::PlugIn);
    let all = ways.iter().fold(0u64, |sum, ways| sum.saturating_add(ways.count));
    let chains: Vec<Chain> = ways.into_iter().flat_map(Ways::chains).take(most).collect();
    let more = if all == u64::MAX { all } else { all - chains.len() as u64 };
    Why { users: users(graph, target), chains, more, weak_only }
}

/// The shortest ways of one entry, on architectures where they are the same.
struct Ways<'a> {
    entry: &'a BundlePath,
    kind: EntryKind,
    archs: Vec<Arch>,
    steps: Vec<Vec<Step>>,
    count: u64,
}

impl Ways<'_> {
    fn chains(self) -> impl Iterator<Item = Chain> {
        let (entry, kind, archs) = (self.entry.clone(), self.kind, self.archs);
        self.steps.into_iter().map(move |steps| Chain {
            entry: entry.clone(),
            kind,
            archs: archs.clone(),
            steps,
        })
    }
}

fn users(graph: &Graph, target: Key<'_>) -> Vec<User> {
    let mut users: BTreeMap<(&ImageId, &InstallName, LoadKind), BTreeSet<Arch>> = BTreeMap::new();
    for launch in &graph.launches {
        for load in own_loads(launch) {
            for dependency in &load.dependencies {
                if Key::to(&dependency.resolution) == Some(target) {
                    let user = (&load.image, &dependency.name, dependency.kind);
                    users.entry(user).or_default().insert(launch.arch);
                }
            }
        }
    }
    let user = |((image, name, kind), archs): ((&ImageId, &InstallName, LoadKind), BTreeSet<Arch>)| User {
        image: image.clone(),
        name: name.clone(),
        kind,
        archs: archs.into_iter().collect(),
    };
    users.into_iter().map(user).collect()
}

/// The part of one launch that leads to the target.
struct Search<'a> {
    loads: &'a [Arc<Load>],
    /// Position in `loads` of every image of the launch.
    positions: HashMap<Key<'a>, usize>,
    target: Key<'a>,
    /// By position: references to the target; `None` where no way leads to it.
    far: Vec<Option<usize>>,
}

impl<'a> Search<'a> {
    /// `None` when the launch does not bring the target in.
    fn of(launch: &'a Launch, target: Key<'a>) -> Option<Self> {
        let loads = own_loads(launch);
        let is_here = match target {
            Key::System(_) => loads.iter().any(|load| leads_to(load, target)),
            _ => loads.iter().any(|load| Key::of(&load.image) == target),
        };
        if !is_here {
            return None;
        }
        let positions: HashMap<Key<'a>, usize> =
            loads.iter().enumerate().map(|(position, load)| (Key::of(&load.image), position)).collect();
        let mut search = Search { loads, positions, target, far: vec![None; loads.len()] };
        search.measure();
        search.far.first()?.is_some().then_some(search)
    }

    /// Breadth first from the target against the references.
    fn measure(&mut self) {
        let mut users: Vec<Vec<usize>> = vec![Vec::new(); self.loads.len()];
        let mut ahead = VecDeque::new();
        for (position, load) in self.loads.iter().enumerate() {
            let start = if Key::of(&load.image) == self.target {
                Some(0)
            } else if leads_to(load, self.target) && matches!(self.target, Key::System(_)) {
                Some(1)
            } else {
                None
            };
            self.far[position] = start;
            ahead.extend(start.map(|_| position));
            for (next, _) in self.next(position) {
                users[next].push(position);
            }
        }
        while let Some(position) = ahead.pop_front() {
            for &user in &users[position] {
                if self.far[user].is_none() {
                    self.far[user] = self.far[position].map(|far| far + 1);
                    ahead.push_back(user);
                }
            }
        }
    }

    /// The loads that `position` refers to, each once, with the reference that binds most.
    fn next(&self, position: usize) -> Vec<(usize, (&'a InstallName, LoadKind))> {
        let mut next: Vec<(usize, (&InstallName, LoadKind))> = Vec::new();
        let mut known: HashMap<usize, usize> = HashMap::new();
        let Some(load) = self.loads.get(position) else { return next };
        for dependency in load.dependencies.iter().filter(|dependency| counts(dependency.kind)) {
            let to = Key::to(&dependency.resolution).and_then(|key| self.positions.get(&key).copied());
            let Some(to) = to else { continue };
            let reference = (&dependency.name, dependency.kind);
            match known.get(&to).and_then(|&at| next.get_mut(at)) {
                None => {
                    known.insert(to, next.len());
                    next.push((to, reference));
                }
                Some(one) if may_be_missing(one.1.1) && !may_be_missing(dependency.kind) => one.1 = reference,
                Some(_) => {}
            }
        }
        next
    }

    /// Those of [`Search::next`] that are on a shortest way.
    fn nearer(&self, position: usize) -> Vec<(usize, (&'a InstallName, LoadKind))> {
        let mut next = self.next(position);
        let wanted = self.far[position].and_then(|far| far.checked_sub(1));
        next.retain(|&(to, _)| wanted.is_some() && self.far[to] == wanted);
        next
    }

    /// The reference by which the image at `position` asks for a library of macOS itself.
    fn last_step(&self, position: usize) -> Option<Step> {
        let load = self.loads.get(position)?;
        let asks = load.dependencies.iter().filter(|one| Key::to(&one.resolution) == Some(self.target));
        let binding = asks.clone().find(|one| !may_be_missing(one.kind));
        let dependency = binding.or(asks.clone().find(|one| counts(one.kind)))?;
        Some(step(load, &dependency.name, dependency.kind))
    }

    /// How many shortest ways there are.
    fn count(&self) -> u64 {
        let mut by_distance: Vec<usize> =
            (0..self.loads.len()).filter(|&at| self.far[at].is_some()).collect();
        by_distance.sort_by_key(|&at| self.far[at]);
        let mut ways = vec![0u64; self.loads.len()];
        for position in by_distance {
            let nearer = self.nearer(position);
            ways[position] = match nearer.is_empty() {
                true => 1,
                false => nearer.iter().fold(0, |sum, &(to, _)| sum.saturating_add(ways[to])),
            };
        }
        ways.first().copied().unwrap_or(0)
    }

    /// The first `most` of them, in load-command order. A stack of our own: ways may be thousands long.
    fn chains(&self, most: usize) -> Vec<Vec<Step>> {
        let mut chains = Vec::new();
        let mut stack = vec![(0, self.nearer(0), 0)];
        let mut steps: Vec<Step> = Vec::new();
        while let Some((position, nearer, next)) = stack.last_mut() {
            let position = *position;
            if chains.len() == most {
                break;
            }
            match nearer.get(*next) {
                Some(&(to, (name, kind))) => {
                    *next += 1;
                    steps.push(step(&self.loads[position], name, kind));
                    stack.push((to, self.nearer(to), 0));
                }
                None => {
                    if nearer.is_empty() {
                        chains.push(steps.iter().cloned().chain(self.last_step_of(position)).collect());
                    }
                    stack.pop();
                    steps.pop();
                }
            }
        }
        chains
    }

    fn last_step_of(&self, position: usize) -> Option<Step> {
        if self.far[position] == Some(0) { None } else { self.last_step(position) }
    }

    /// Whether the target is reached by references that must lead somewhere.
    fn is_needed(&self) -> bool {
        let mut seen = vec![false; self.loads.len()];
        let mut ahead = vec![0];
        while let Some(position) = ahead.pop() {
            if std::mem::replace(&mut seen[position], true) {
                continue;
            }
            let here = match self.far[position] {
                Some(0) => true,
                Some(1) if matches!(self.target, Key::System(_)) => {
                    self.last_step(position).is_some_and(|step| !step.is_weak())
                }
                _ => false,
            };
            if here {
                return true;
            }
            let binding = self.next(position).into_iter().filter(|(_, (_, kind))| !may_be_missing(*kind));
            ahead.extend(binding.map(|(to, _)| to));
        }
        false
    }
}

fn step(load: &Load, name: &InstallName, kind: LoadKind) -> Step {
    Step { image: load.image.clone(), name: name.clone(), kind }
}

/// Whether a reference that dyld follows leads from `load` straight to `target`.
fn leads_to(load: &Load, target: Key<'_>) -> bool {
    load.dependencies.iter().any(|one| counts(one.kind) && Key::to(&one.resolution) == Some(target))
}

#[cfg(test)]
mod tests {
    use super::super::case::{bundled, described};
    use super::*;
    use crate::paths::RuntimePath;

    /// Each chain as "entry > image > image", a weak step as "~>".
    fn shown(why: &Why) -> Vec<String> {
        let leaf = |image: &ImageId| image.to_string().rsplit('/').next().unwrap_or_default().to_owned();
        let text = |chain: &Chain| {
            let steps = chain
                .steps
                .iter()
                .map(|step| format!("{} {} ", leaf(&step.image), if step.is_weak() { "~>" } else { ">" }));
            steps.collect::<String>()
        };
        why.chains.iter().map(text).collect()
    }

    const DIAMOND: &str = "
Contents/MacOS/App execute arm64 x86_64
  use @executable_path/a.dylib
  use @executable_path/b.dylib
  weak @executable_path/c.dylib
Contents/MacOS/a.dylib dylib arm64 x86_64
  use @executable_path/d.dylib
Contents/MacOS/b.dylib dylib arm64 x86_64
  use @executable_path/d.dylib
Contents/MacOS/c.dylib dylib arm64 x86_64
  use @executable_path/e.dylib
Contents/MacOS/d.dylib dylib arm64 x86_64
  use /usr/lib/libz.1.dylib
Contents/MacOS/e.dylib dylib arm64 x86_64
";

    #[test]
    fn all_shortest_ways_are_found_once_for_both_architectures() {
        let (_, graph) = described(DIAMOND);
        let found = why(&graph, &bundled("Contents/MacOS/d.dylib"), 10);
        assert_eq!(shown(&found), ["App > a.dylib > ", "App > b.dylib > "]);
        assert_eq!(found.chains[0].archs, [Arch::X86_64, Arch::ARM64]);
        assert_eq!((found.more, found.weak_only, found.users.len()), (0, false, 2));
    }

    #[test]
    fn what_is_left_out_is_counted() {
        let (_, graph) = described(DIAMOND);
        let found = why(&graph, &bundled("Contents/MacOS/d.dylib"), 1);
        assert_eq!((shown(&found).len(), found.more), (1, 1));
    }

    #[test]
    fn what_only_a_weak_reference_brings_is_marked() {
        let (_, graph) = described(DIAMOND);
        let found = why(&graph, &bundled("Contents/MacOS/e.dylib"), 10);
        assert_eq!((shown(&found), found.weak_only), (vec!["App ~> c.dylib > ".to_owned()], true));
    }

    #[test]
    fn a_library_of_macos_has_users_too() {
        let (_, graph) = described(DIAMOND);
        let found = why(&graph, &Resolution::System(RuntimePath::new("/usr/lib/libz.1.dylib")), 10);
        assert_eq!(shown(&found), ["App > a.dylib > d.dylib > ", "App > b.dylib > d.dylib > "]);
        assert!(!found.weak_only);
    }

    #[test]
    fn a_plug_in_brings_only_what_its_host_has_not() {
        let (_, graph) = described(
            "
Contents/MacOS/App execute
  use @executable_path/a.dylib
Contents/MacOS/a.dylib dylib
Contents/PlugIns/p.dylib dylib
  use @executable_path/a.dylib
  use @executable_path/own.dylib
Contents/MacOS/own.dylib dylib
",
        );
        assert_eq!(shown(&why(&graph, &bundled("Contents/MacOS/a.dylib"), 9)), ["App > "]);
        let own = why(&graph, &bundled("Contents/MacOS/own.dylib"), 9);
        assert_eq!((shown(&own), own.chains[0].kind), (vec!["p.dylib > ".to_owned()], EntryKind::PlugIn));
    }

    #[test]
    fn ways_beyond_counting_are_said_to_be_so() {
        let mut text =
            "Contents/MacOS/App execute\n  use @executable_path/a0\n  use @executable_path/b0\n".to_owned();
        for level in 0..70 {
            for side in ["a", "b"] {
                let next = level + 1;
                text += &format!("Contents/MacOS/{side}{level} dylib\n");
                text += &format!("  use @executable_path/a{next}\n  use @executable_path/b{next}\n");
            }
        }
        text += "Contents/MacOS/a70 dylib\nContents/MacOS/b70 dylib\n";
        let (_, graph) = described(&text);
        let found = why(&graph, &bundled("Contents/MacOS/a70"), 3);
        assert_eq!((found.chains.len(), found.more), (3, u64::MAX));
    }
}
