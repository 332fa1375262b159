//! A library is outside the bundle.

use super::Rule;
use crate::bundle::ImageId;
use crate::diagnose::Remedy;
use crate::diagnose::references::{Hit, hits};
use crate::diagnose::wording::{leaf, origin};
use crate::diagnose::{Facts, Finding, Severity};
use crate::dyld::Resolution;
use crate::paths::{BundlePath, RuntimePath};

pub static RULE: Rule = Rule {
    id: "library-outside-bundle",
    title: "A library is outside the bundle",
    severity: Severity::Error,
    doc: include_str!("library_outside_bundle.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let outside =
        hits(facts.build, |reference| matches!(reference.dependency.resolution, Resolution::External(_)));
    outside
        .iter()
        .filter_map(|hit| match &hit.first.dependency.resolution {
            Resolution::External(external) => Some(finding(facts, hit, external)),
            _ => None,
        })
        .collect()
}

fn finding(facts: &Facts<'_>, hit: &Hit<'_>, external: &RuntimePath) -> Finding {
    let (user, name) = (hit.user(), hit.name());
    let elsewhere = on_another_mac(facts, hit);
    let (severity, message, remedy) = match elsewhere {
        Some(own) => (
            Severity::Warning,
            format!(
                "On the build machine {user} takes {external} for {name}; on another Mac it takes the bundle's {own}. Point the reference at the bundle's copy, so that both run the same code."
            ),
            Remedy::Repoint { image: user.clone(), name: name.clone(), target: own },
        ),
        None => (
            if hit.first.dependency.is_needed() { Severity::Error } else { Severity::Warning },
            format!(
                "{user} takes {name} from {} ({external}), which another Mac does not have. Copy it into the bundle.",
                origin(external)
            ),
            Remedy::Bundle { external: external.clone() },
        ),
    };
    Finding {
        rule: RULE.id,
        severity,
        subject: user.clone(),
        arch: hit.arch(facts.bundle),
        title: format!("{} is outside the bundle", leaf(name)),
        message,
        reference: Some(name.clone()),
        related: vec![ImageId::External(external.clone())],
        remedy: Some(remedy),
    }
}

/// The bundle's own file that the same reference ends at on a clean Mac.
fn on_another_mac(facts: &Facts<'_>, hit: &Hit<'_>) -> Option<BundlePath> {
    match hit.first.at(facts.clean)?.dependency.resolution.clone() {
        Resolution::Bundled(path) => Some(path),
        _ => None,
    }
}
