//! A symbolic link leads nowhere.

use super::Rule;
use crate::bundle::{Bundle, FrameworkShape, Node};
use crate::diagnose::Remedy;
use crate::diagnose::{Facts, Finding, Severity};
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "broken-link",
    title: "A symbolic link leads nowhere",
    severity: Severity::Error,
    doc: include_str!("broken_link.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, node) in &facts.bundle.nodes {
        let Node::Link { target } = node else { continue };
        let absolute = target.starts_with('/');
        if restored(facts.bundle, path)
            || absolute && (target.starts_with("/System/") || target.starts_with("/Library/"))
        {
            continue;
        }
        if !absolute && facts.bundle.real_path(path).is_some() {
            continue;
        }
        let leaves = !absolute && path.parent().is_some_and(|folder| folder.resolve(target).is_none());
        let what = match (absolute, leaves) {
            (true, _) => "is absolute, so it leads out of the bundle",
            (_, true) => "leads out of the bundle",
            _ => "does not exist",
        };
        let title = format!("{} is a broken link", path.file_name());
        let message = format!(
            "The target of the link {path}, {target}, {what}. Remove the link, or put its target into the bundle."
        );
        let remedy = Some(Remedy::RemoveLink { path: path.clone() });
        findings.push(Finding { remedy, ..Finding::new(&RULE, path, title, message) });
    }
    findings
}

/// The restoration of a framework deals with the links at its top and with `Versions/Current`.
fn restored(bundle: &Bundle, path: &BundlePath) -> bool {
    let mut lost = bundle.frameworks.iter().filter(|framework| framework.shape == FrameworkShape::LinksLost);
    lost.any(|framework| {
        path.parent().as_ref() == Some(&framework.path) || *path == framework.path.join("Versions/Current")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found, shown};

    #[test]
    fn a_dangling_link_and_one_out_of_the_bundle_are_told_apart() {
        let findings = found("faults", "broken-symlink", RULE.id);
        let messages: Vec<&str> = findings.iter().map(|finding| finding.message.as_str()).collect();
        assert!(messages[0].contains("libgone.1.dylib, does not exist"), "{messages:?}");
        assert!(messages[1].contains("/Users/builder/theme, is absolute"), "{messages:?}");
    }

    #[test]
    fn the_links_of_a_framework_are_fine() {
        assert_eq!(shown(&found("faults", "load-kinds", RULE.id)), [] as [String; 0]);
    }
}
