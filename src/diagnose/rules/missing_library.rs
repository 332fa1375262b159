//! A library is not found.

use super::Rule;
use crate::bundle::ImageId;
use crate::diagnose::Remedy;
use crate::diagnose::references::{Hit, counterpart, hits};
use crate::diagnose::wording::{leaf, root_hint};
use crate::diagnose::{Facts, Finding, Severity};
use crate::dyld::Resolution;

pub static RULE: Rule = Rule {
    id: "missing-library",
    title: "A library is not found",
    severity: Severity::Error,
    doc: include_str!("missing_library.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let missing = hits(facts.build, |reference| {
        let dependency = reference.dependency;
        dependency.resolution == Resolution::Missing
            && !dependency.has_no_rpath()
            && !dependency.met_wrong_arch()
    });
    missing.iter().map(|hit| finding(facts, hit)).chain(only_here(facts)).collect()
}

/// References that reach the bundle's own files only while it stands where it stands now.
fn only_here(facts: &Facts<'_>) -> Vec<Finding> {
    let lost = hits(facts.clean, |reference| reference.dependency.resolution == Resolution::Missing);
    lost.iter()
        .filter_map(|hit| {
            let (user, name) = (hit.user(), hit.name());
            let Resolution::Bundled(here) = hit.first.at(facts.build)?.dependency.resolution.clone() else { return None };
            Some(Finding {
                rule: RULE.id,
                severity: if hit.first.dependency.is_needed() { Severity::Error } else { Severity::Info },
                subject: user.clone(),
                arch: hit.arch(facts.bundle),
                title: format!("{} is found only here", leaf(name)),
                message: format!(
                    "{user} asks for {name}, which is {here} only while the bundle stands in this folder; on another Mac it is not found. Point the reference at the bundle's own copy."
                ),
                reference: Some(name.clone()),
                related: vec![ImageId::Bundled(here.clone())],
                remedy: Some(Remedy::Repoint { image: user.clone(), name: name.clone(), target: here }),
            })
        })
        .collect()
}

fn finding(facts: &Facts<'_>, hit: &Hit<'_>) -> Finding {
    let (name, dependency) = (hit.name(), hit.first.dependency);
    let target = counterpart(facts.bundle, hit.user(), name, hit.first.launch.arch);
    let needed = dependency.is_needed();
    let advice = match (&target, root_hint(name)) {
        (Some(target), _) => format!("The bundle has {target}: point the reference at it."),
        (None, Some(root)) => {
            format!(
                "If {root} of the build machine is here, say where with --root {root}=FOLDER; otherwise add the library to the bundle."
            )
        }
        (None, None) => format!(
            "Add {} to Contents/Frameworks, or map the folder of the build machine that holds it.",
            leaf(name)
        ),
    };
    let tried = dependency.candidates.len();
    let consequence =
        if needed { "dyld stops the launch here" } else { "it is weak, so the launch goes on without it" };
    Finding {
        rule: RULE.id,
        severity: if needed { Severity::Error } else { Severity::Info },
        subject: hit.user().clone(),
        arch: hit.arch(facts.bundle),
        title: format!("{} is not found", leaf(name)),
        message: format!(
            "{} asks for {name}, and none of the {tried} places dyld tries has it; {consequence}. {advice}",
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
}
