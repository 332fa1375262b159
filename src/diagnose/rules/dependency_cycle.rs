//! Libraries that need each other.

use std::collections::{BTreeSet, HashMap};

use super::Rule;
use crate::bundle::ImageId;
use crate::diagnose::references::references;
use crate::diagnose::wording::listed;
use crate::diagnose::{Facts, Finding, Severity};
use crate::dyld::Resolution;
use crate::maps::components;
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "dependency-cycle",
    title: "Libraries need each other",
    severity: Severity::Info,
    doc: include_str!("dependency_cycle.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let images: Vec<&BundlePath> = facts.bundle.images.keys().collect();
    let numbers: HashMap<&BundlePath, usize> = images.iter().copied().zip(0..).collect();
    let mut needs = vec![Vec::new(); images.len()];
    for reference in references(facts.clean) {
        if let Resolution::Bundled(target) = &reference.dependency.resolution
            && let (Some(&user), Some(&target)) = (numbers.get(reference.user), numbers.get(target))
        {
            needs[user].push(target);
        }
    }
    let mut cycles = components(&needs);
    cycles.retain(|cycle| cycle.len() > 1);
    cycles.sort_unstable();
    let named = |cycle: &Vec<usize>| cycle.iter().map(|&image| images[image]).collect();
    cycles.iter().filter_map(|cycle| finding(&named(cycle))).collect()
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
