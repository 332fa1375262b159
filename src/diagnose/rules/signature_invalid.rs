//! A signature is missing or broken.

use super::Rule;
use crate::codesign::SealProblem;
use crate::diagnose::Remedy;
use crate::diagnose::{Facts, Finding, Severity};

pub static RULE: Rule = Rule {
    id: "signature-invalid",
    title: "A signature is missing or broken",
    severity: Severity::Error,
    doc: include_str!("signature_invalid.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    facts.seals.problems.iter().map(finding).collect()
}

fn finding(problem: &SealProblem) -> Finding {
    Finding {
        rule: RULE.id,
        severity: Severity::Error,
        subject: problem.path.clone(),
        arch: problem.arch,
        title: match problem.code {
            "unsigned" => format!("{} is not signed", name(problem)),
            _ => format!("The signature of {} is broken", name(problem)),
        },
        message: problem.message.clone(),
        reference: None,
        related: Vec::new(),
        remedy: Some(Remedy::Sign { path: problem.path.clone() }),
    }
}

fn name(problem: &SealProblem) -> &str {
    if problem.path.is_root() { "the app" } else { problem.path.file_name() }
}
