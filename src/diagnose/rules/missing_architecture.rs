//! A library lacks an architecture.

use super::Rule;
use crate::diagnose::references::hits;
use crate::diagnose::wording::leaf;
use crate::diagnose::{Facts, Finding, Severity};
use crate::dyld::{Outcome, Resolution};

pub static RULE: Rule = Rule {
    id: "missing-architecture",
    title: "A library lacks an architecture",
    severity: Severity::Error,
    doc: include_str!("missing_architecture.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let lacking = hits(facts.build, |reference| {
        reference.dependency.resolution == Resolution::Missing && reference.dependency.met_wrong_arch()
    });
    lacking
        .iter()
        .filter_map(|hit| {
            let dependency = hit.first.dependency;
            let (tried, have) = dependency.candidates.iter().find_map(|candidate| match &candidate.outcome {
                Outcome::WrongArch { have, .. } => Some((&candidate.tried, have)),
                _ => None,
            })?;
            let need = hit.archs.first()?;
            Some(Finding {
                rule: RULE.id,
                severity: if dependency.is_needed() { Severity::Error } else { Severity::Info },
                subject: hit.user().clone(),
                arch: hit.archs.first().copied(),
                title: format!("{} has no {need} code", leaf(hit.name())),
                message: format!(
                    "{} needs {} for {need}, but {tried} has only {have}. Use a build of it that has {need}, or ship the app without {need}.",
                    hit.user(),
                    hit.name()
                ),
                reference: Some(hit.name().clone()),
                related: Vec::new(),
                remedy: None,
            })
        })
        .collect()
}
