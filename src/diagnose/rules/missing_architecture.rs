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
            let title = format!("{} has no {need} code", leaf(hit.name()));
            let message = format!(
                "{} needs {} for {need}, but {tried} has only {have}. Use a build of it that has {need}, or ship the app without {need}.",
                hit.user(),
                hit.name()
            );
            Some(hit.finding(&RULE, facts, title, message))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found, shown};

    #[test]
    fn one_library_without_the_architecture_stops_that_launch() {
        let findings = found("faults", "missing-architecture", RULE.id);
        assert_eq!(shown(&findings), ["error Contents/MacOS/main: libintel.dylib has no arm64 code"]);
        assert!(findings[0].remedy.is_none() && findings[0].message.contains("has only x86_64"));
    }

    #[test]
    fn a_thin_app_lacks_nothing() {
        assert_eq!(shown(&found("faults", "intel-only", RULE.id)), [] as [String; 0]);
    }
}
