//! Libraries that need each other.

use std::collections::{BTreeMap, BTreeSet};

use super::Rule;
use crate::bundle::ImageId;
use crate::diagnose::references::references;
use crate::diagnose::wording::listed;
use crate::diagnose::{Facts, Finding, Severity};
use crate::dyld::Resolution;
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "dependency-cycle",
    title: "Libraries need each other",
    severity: Severity::Info,
    doc: include_str!("dependency_cycle.md"),
    check,
};

type Needs<'a> = BTreeMap<&'a BundlePath, BTreeSet<&'a BundlePath>>;

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let mut needs = Needs::new();
    for reference in references(facts.clean) {
        if let Resolution::Bundled(target) = &reference.dependency.resolution
            && target != reference.user
        {
            needs.entry(reference.user).or_default().insert(target);
        }
    }
    cycles(&needs).iter().filter_map(|cycle| finding(cycle)).collect()
}

fn finding(cycle: &BTreeSet<&BundlePath>) -> Option<Finding> {
    let first = cycle.first()?;
    let title = format!("{} and {} more need each other", first.file_name(), cycle.len() - 1);
    let message = format!(
        "{} load each other in a circle. dyld loads each once; which of them is initialised first depends on who is asked for first. Nothing is to be done unless one of them uses another while it starts.",
        listed(cycle.iter())
    );
    let related = cycle.iter().skip(1).map(|path| ImageId::Bundled((*path).clone())).collect();
    Some(Finding { related, ..Finding::new(&RULE, first, title, message) })
}

/// The groups of more than one in which each reaches each (Tarjan's algorithm, with a stack of our own: chains may be
/// thousands long), in a fixed order.
fn cycles<'a>(needs: &Needs<'a>) -> BTreeSet<BTreeSet<&'a BundlePath>> {
    let mut search = Search::default();
    for start in needs.keys() {
        if !search.index.contains_key(start) {
            search.run(needs, start);
        }
    }
    search.cycles
}

#[derive(Default)]
struct Search<'a> {
    /// When a node was met.
    index: BTreeMap<&'a BundlePath, usize>,
    /// The earliest node on the stack that it reaches.
    low: BTreeMap<&'a BundlePath, usize>,
    open: Vec<&'a BundlePath>,
    is_open: BTreeSet<&'a BundlePath>,
    cycles: BTreeSet<BTreeSet<&'a BundlePath>>,
}

impl<'a> Search<'a> {
    fn run(&mut self, needs: &Needs<'a>, start: &'a BundlePath) {
        let mut ahead = vec![(start, self.enter(needs, start))];
        while let Some((node, targets)) = ahead.last_mut() {
            let node = *node;
            match targets.pop() {
                Some(target) if !self.index.contains_key(target) => {
                    let further = self.enter(needs, target);
                    ahead.push((target, further));
                }
                Some(target) if self.is_open.contains(target) => {
                    self.lower(node, self.index.get(target).copied())
                }
                Some(_) => {}
                None => {
                    ahead.pop();
                    self.leave(node);
                    if let Some((user, _)) = ahead.last() {
                        self.lower(user, self.low.get(node).copied());
                    }
                }
            }
        }
    }

    fn enter(&mut self, needs: &Needs<'a>, node: &'a BundlePath) -> Vec<&'a BundlePath> {
        let at = self.index.len();
        self.index.insert(node, at);
        self.low.insert(node, at);
        self.open.push(node);
        self.is_open.insert(node);
        needs.get(node).into_iter().flatten().rev().copied().collect()
    }

    fn lower(&mut self, node: &'a BundlePath, to: Option<usize>) {
        if let (Some(low), Some(to)) = (self.low.get_mut(node), to) {
            *low = (*low).min(to);
        }
    }

    /// Closes the group that `node` is the first of.
    fn leave(&mut self, node: &'a BundlePath) {
        if self.low.get(node) != self.index.get(node) {
            return;
        }
        let from = self.open.iter().rposition(|open| *open == node).unwrap_or(self.open.len());
        let group: BTreeSet<&BundlePath> = self.open.drain(from..).collect();
        for member in &group {
            self.is_open.remove(member);
        }
        if group.len() > 1 {
            self.cycles.insert(group);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found, found_in, shown};

    #[test]
    fn an_upward_pair_and_a_ring_of_three_are_found_once() {
        assert_eq!(
            shown(&found("faults", "load-kinds", RULE.id)),
            ["info Contents/Frameworks/liblower.dylib: liblower.dylib and 1 more need each other"]
        );
        let ring = "Contents/Info.plist plist\n  key CFBundleExecutable App\n\
            Contents/MacOS/App execute\n  use @loader_path/../Frameworks/a.dylib\n  use @loader_path/../Frameworks/b.dylib\n\
            Contents/Frameworks/a.dylib dylib\n  id a\n  use @loader_path/b.dylib\n\
            Contents/Frameworks/b.dylib dylib\n  id b\n  use @loader_path/c.dylib\n\
            Contents/Frameworks/c.dylib dylib\n  id c\n  use @loader_path/a.dylib\n  use @loader_path/d.dylib\n\
            Contents/Frameworks/d.dylib dylib\n  id d\n";
        let findings = found_in(ring, RULE.id);
        assert_eq!(
            shown(&findings),
            ["info Contents/Frameworks/a.dylib: a.dylib and 2 more need each other"]
        );
        assert_eq!(findings[0].related.len(), 2, "not d.dylib");
    }

    #[test]
    fn a_diamond_is_no_circle() {
        let diamond = "Contents/Info.plist plist\n  key CFBundleExecutable App\n\
            Contents/MacOS/App execute\n  use @loader_path/a.dylib\n  use @loader_path/b.dylib\n\
            Contents/MacOS/a.dylib dylib\n  id a\n  use @loader_path/c.dylib\n\
            Contents/MacOS/b.dylib dylib\n  id b\n  use @loader_path/c.dylib\n\
            Contents/MacOS/c.dylib dylib\n  id c\n";
        assert_eq!(shown(&found_in(diamond, RULE.id)).len(), 0);
    }
}
