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
    // What no signature cures and another rule says in its own words is not said twice.
    let said = ["invalid-link", "not-allowed", "unreadable"];
    facts.seals.problems.iter().filter(|problem| !said.contains(&problem.code)).map(finding).collect()
}

/// What a person must do where signing again would change nothing.
fn by_hand(problem: &SealProblem) -> Option<&'static str> {
    match problem.code {
        "unsealed-root" => Some("Move it into Contents/Resources"),
        "framework-structure" => Some(
            "A framework holds Versions and links into Versions/Current, nothing else: move it, or delete it",
        ),
        "bundle-format" => Some("Make it a bundle, or move it into Contents/Resources"),
        "malformed" => Some("Replace the file with a good copy"),
        _ => None,
    }
}

fn finding(problem: &SealProblem) -> Finding {
    let by_hand = by_hand(problem);
    Finding {
        rule: RULE.id,
        severity: Severity::Error,
        subject: problem.path.clone(),
        arch: problem.arch,
        title: match problem.code {
            "unsigned" => format!("{} is not signed", name(problem)),
            _ => format!("The signature of {} is broken", name(problem)),
        },
        message: match by_hand {
            Some(advice) => format!("{}. {advice}.", problem.message),
            None => format!("{}. Sign it again.", problem.message),
        },
        reference: None,
        related: Vec::new(),
        remedy: by_hand.is_none().then(|| Remedy::Sign { path: problem.path.clone() }),
    }
}

fn name(problem: &SealProblem) -> &str {
    if problem.path.is_root() { "the app" } else { problem.path.file_name() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found, shown};

    #[test]
    fn no_signature_and_one_that_no_longer_fits_are_told_apart() {
        assert_eq!(
            shown(&found("faults", "unsigned", RULE.id)),
            ["error Contents/Frameworks/libunsigned.dylib: libunsigned.dylib is not signed"]
        );
        assert_eq!(
            shown(&found("faults", "stale-signature", RULE.id)),
            ["error Contents/Frameworks/libedited.dylib: The signature of libedited.dylib is broken"]
        );
    }

    #[test]
    fn unsigned_intel_code_may_run() {
        assert_eq!(shown(&found("faults", "intel-only", RULE.id)), [] as [String; 0]);
    }
}
