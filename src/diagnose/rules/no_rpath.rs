//! @rpath is used but no LC_RPATH is there.

use super::Rule;
use crate::diagnose::Remedy;
use crate::diagnose::references::{counterpart, hits};
use crate::diagnose::wording::leaf;
use crate::diagnose::{Facts, Finding, Severity};
use crate::dyld::Resolution;

pub static RULE: Rule = Rule {
    id: "no-rpath",
    title: "@rpath is used but no LC_RPATH is there",
    severity: Severity::Error,
    doc: include_str!("no_rpath.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let missing = hits(facts.build, |reference| {
        reference.dependency.resolution == Resolution::Missing && reference.dependency.has_no_rpath()
    });
    missing
        .iter()
        .map(|hit| {
            let name = hit.name();
            let target = counterpart(facts.bundle, hit.user(), name, hit.first.launch.arch);
            let advice = match &target {
                Some(target) => {
                    format!("Give {} an LC_RPATH that leads to {target}.", hit.first.launch.entry)
                }
                None => {
                    format!("Add {} to Contents/Frameworks and an LC_RPATH that leads there.", leaf(name))
                }
            };
            Finding {
                rule: RULE.id,
                severity: if hit.first.dependency.is_needed() { Severity::Error } else { Severity::Info },
                subject: hit.user().clone(),
                arch: hit.arch(facts.bundle),
                title: format!("No rpath for {}", leaf(name)),
                message: format!(
                    "{} asks for {name}, but neither it nor what loads it has an LC_RPATH. {advice}",
                    hit.user()
                ),
                reference: Some(name.clone()),
                related: Vec::new(),
                remedy: target.map(|target| Remedy::Repoint {
                    image: hit.user().clone(),
                    name: name.clone(),
                    target,
                }),
            }
        })
        .collect()
}
