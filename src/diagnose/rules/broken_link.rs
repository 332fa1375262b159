//! A symbolic link leads nowhere.

use super::Rule;
use crate::bundle::Node;
use crate::diagnose::Remedy;
use crate::diagnose::{Facts, Finding, Severity};

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
        if absolute && (target.starts_with("/System/") || target.starts_with("/Library/")) {
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
        findings.push(Finding {
            rule: RULE.id,
            severity: Severity::Error,
            subject: path.clone(),
            arch: None,
            title: format!("{} is a broken link", path.file_name()),
            message: format!("The target of the link {path}, {target}, {what}. Remove the link, or put its target into the bundle."),
            reference: None,
            related: Vec::new(),
            remedy: Some(Remedy::RemoveLink { path: path.clone() }),
        });
    }
    findings
}
