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
    let lost_links = |problem: &SealProblem| {
        problem.code == "framework-structure" && problem.path.file_name().ends_with(".framework")
    };
    let own = facts.seals.problems.iter().filter(|one| !said.contains(&one.code) && !lost_links(one));
    own.map(finding).collect()
}

/// What a person must do where signing again would change nothing.
fn by_hand(problem: &SealProblem) -> Option<&'static str> {
    match problem.code {
        "unsealed-root" => Some("Move it into Contents/Resources"),
        "framework-structure" => Some(
            "A framework holds Versions and links into Versions/Current, nothing else: move it, or delete it",
        ),
        "bundle-format" => Some("Move it into Contents/Resources, with a link in its place if need be"),
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
    use crate::paths::BundlePath;

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
    fn what_no_signature_cures_says_what_to_do_and_what_another_rule_says_is_not_repeated() {
        let of = |code| {
            let message = "what codesign says".to_owned();
            finding(&SealProblem { path: BundlePath::root(), arch: None, code, message })
        };
        for code in ["unsealed-root", "framework-structure", "bundle-format", "malformed"] {
            assert_eq!(
                (of(code).remedy, of(code).message.ends_with("Sign it again.")),
                (None, false),
                "{code}"
            );
        }
        assert!(of("page-hash").remedy.is_some());
        assert_eq!(of("page-hash").message, "what codesign says. Sign it again.");
    }

    #[test]
    fn unsigned_intel_code_may_run() {
        assert_eq!(shown(&found("faults", "intel-only", RULE.id)), [] as [String; 0]);
    }
}
