//! Libraries that need each other in a circle: no order of their initialisers suits all of them.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet, VecDeque};

use super::links::{Links, archs, counts, own_loads};
use super::order::components;
use super::why::Step;
use crate::bundle::ImageId;
use crate::dyld::graph::Graph;
use crate::macho::{Arch, LoadKind};

/// Images each of which leads to every other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cycle {
    pub images: Vec<ImageId>,
    pub archs: Vec<Arch>,
    /// One of the shortest circles among them; each step asks for the next one's image, the last for the first's.
    pub shortest: Vec<Step>,
    /// Whether every circle among them goes through an LC_LOAD_UPWARD_DYLIB: whoever built them knew.
    pub is_upward: bool,
}

/// In how many images of one component the shortest circle is looked for: each costs a walk over the component.
const STARTS: usize = 32;

/// Every circle, by its first image; one that is the same on several architectures once.
pub fn cycles(graph: &Graph) -> Vec<Cycle> {
    let mut cycles: Vec<Cycle> = Vec::new();
    let mut known: HashMap<(Vec<ImageId>, Vec<Step>, bool), usize> = HashMap::new();
    for arch in archs(graph) {
        let launches = graph.launches.iter().filter(|launch| launch.arch == arch);
        let links = Links::of(launches.flat_map(own_loads).map(|load| &**load));
        for (images, shortest, is_upward) in circles(&links) {
            let key = (images.clone(), shortest.clone(), is_upward);
            match known.get(&key).and_then(|&at| cycles.get_mut(at)) {
                Some(cycle) => cycle.archs.push(arch),
                None => {
                    known.insert(key, cycles.len());
                    cycles.push(Cycle { images, archs: vec![arch], shortest, is_upward });
                }
            }
        }
    }
    cycles.sort_by(|a, b| a.images.cmp(&b.images));
    cycles
}

fn circles(links: &Links<'_>) -> Vec<(Vec<ImageId>, Vec<Step>, bool)> {
    let all = next(links, counts);
    let strict = next(links, |kind| counts(kind) && kind != LoadKind::Upward);
    let unintended: HashSet<usize> = components(&strict)
        .into_iter()
        .filter(|component| goes_round(component, &strict))
        .flatten()
        .collect();
    let found = components(&all).into_iter().filter(|component| goes_round(component, &all));
    found
        .map(|component| {
            let is_upward = !component.iter().any(|node| unintended.contains(node));
            let nodes = if is_upward { &all } else { &strict };
            let circle = shortest(&component, nodes);
            let images = component.iter().filter_map(|&node| links.images.get(node)?.image()).collect();
            (images, steps(&circle, links), is_upward)
        })
        .collect()
}

/// By image, what it leads to through references of the wanted kinds.
fn next(links: &Links<'_>, wanted: impl Fn(LoadKind) -> bool) -> Vec<Vec<usize>> {
    let next = |uses: &Vec<super::links::Link<'_>>| {
        let mut next: Vec<usize> = uses.iter().filter(|link| wanted(link.kind)).map(|link| link.to).collect();
        next.dedup();
        next
    };
    links.uses.iter().map(next).collect()
}

/// Whether the component is a circle: several images, or one that leads to itself.
fn goes_round(component: &[usize], next: &[Vec<usize>]) -> bool {
    match component {
        [one] => next[*one].contains(one),
        _ => component.len() > 1,
    }
}

/// The shortest circle through one of the first images.
fn shortest(component: &[usize], next: &[Vec<usize>]) -> Vec<usize> {
    let inside: HashSet<usize> = component.iter().copied().collect();
    let mut best: Option<Vec<usize>> = None;
    for &start in component.iter().take(STARTS) {
        let circle = circle_through(start, &inside, next);
        let is_better = |circle: &Vec<usize>| best.as_ref().is_none_or(|best| circle.len() < best.len());
        if let Some(circle) = circle.filter(is_better) {
            best = Some(circle);
        }
    }
    best.unwrap_or_default()
}

/// Breadth first from `start` until it is met again.
fn circle_through(start: usize, inside: &HashSet<usize>, next: &[Vec<usize>]) -> Option<Vec<usize>> {
    let mut from: HashMap<usize, usize> = HashMap::new();
    let mut ahead = VecDeque::from([start]);
    while let Some(node) = ahead.pop_front() {
        for &to in next[node].iter().filter(|to| inside.contains(to)) {
            if to == start {
                let back = std::iter::successors(Some(node), |one| from.get(one).copied());
                let mut circle: Vec<usize> = back.collect();
                circle.reverse();
                return Some(circle);
            }
            if let Entry::Vacant(new) = from.entry(to) {
                new.insert(node);
                ahead.push_back(to);
            }
        }
    }
    None
}

fn steps(circle: &[usize], links: &Links<'_>) -> Vec<Step> {
    let after = circle.iter().cycle().skip(1);
    let step = |(&user, &to): (&usize, &usize)| {
        let link = links.uses.get(user)?.iter().find(|link| link.to == to && counts(link.kind))?;
        Some(Step { image: links.images.get(user)?.image()?, name: link.name.clone(), kind: link.kind })
    };
    circle.iter().zip(after).filter_map(step).collect()
}

#[cfg(test)]
mod tests {
    use super::super::case::described;
    use super::*;

    fn found(text: &str) -> Vec<(usize, usize, bool)> {
        let (_, graph) = described(text);
        cycles(&graph).iter().map(|one| (one.images.len(), one.shortest.len(), one.is_upward)).collect()
    }

    const HEAD: &str = "Contents/MacOS/App execute arm64 x86_64\n  use @executable_path/a\n";

    #[test]
    fn a_circle_is_found_once_with_its_shortest_way_round() {
        let body = "
Contents/MacOS/a dylib arm64 x86_64
  use @executable_path/b
Contents/MacOS/b dylib arm64 x86_64
  use @executable_path/c
Contents/MacOS/c dylib arm64 x86_64
  use @executable_path/a
  use @executable_path/b
";
        assert_eq!(found(&format!("{HEAD}{body}")), [(3, 2, false)]);
        let (_, graph) = described(&format!("{HEAD}{body}"));
        let cycle = &cycles(&graph)[0];
        let names: Vec<&str> = cycle.shortest.iter().map(|step| step.name.leaf()).collect();
        assert_eq!((names, cycle.archs.len()), (vec!["c", "b"], 2));
    }

    #[test]
    fn upward_references_are_circles_on_purpose() {
        let body = "
Contents/MacOS/a dylib arm64 x86_64
  use @executable_path/b
Contents/MacOS/b dylib arm64 x86_64
  upward @executable_path/a
";
        assert_eq!(found(&format!("{HEAD}{body}")), [(2, 2, true)]);
    }

    #[test]
    fn an_image_that_asks_for_itself_is_a_circle_and_a_diamond_is_none() {
        let own = "Contents/MacOS/a dylib arm64 x86_64\n  use @executable_path/a\n";
        assert_eq!(found(&format!("{HEAD}{own}")), [(1, 1, false)]);
        let diamond = "
  use @executable_path/b
Contents/MacOS/a dylib arm64 x86_64
  use @executable_path/b
Contents/MacOS/b dylib arm64 x86_64
  lazy @executable_path/a
";
        assert!(found(&format!("{HEAD}{}", diamond.trim_start_matches('\n'))).is_empty());
    }
}
