//! What codesign --strict refuses in a bundle.

use crate::diagnose::Severity;
use crate::diagnose::preflight::submission::outcome;
use crate::diagnose::preflight::{Outcome, Rule, Submission};

pub static RULE: Rule = Rule {
    id: "notary-strict-content",
    title: "Nothing lies in an app that codesign refuses",
    severity: Severity::Error,
    apple: Some("The signature of the binary is invalid."),
    advice: "Remove what is named, then sign the app again.",
    doc: include_str!("strict_content.md"),
    check,
};

/// The ordinary rules that look for it.
pub const RULES: [&str; 3] = ["broken-link", "resource-fork", "unsealed-root"];

fn check(submission: &Submission) -> Outcome {
    if submission.bundles.is_empty() {
        return Outcome::Absent;
    }
    let found = submission.findings.iter().filter(|one| RULES.contains(&one.finding.rule));
    let found: Vec<_> =
        found.map(|one| (one.path(), one.finding.arch, one.finding.message.clone())).collect();
    outcome(found.iter().map(|(path, arch, message)| (&**path, *arch, message.clone())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::preflight::Found;
    use crate::diagnose::preflight::checklist::case::{app, finding, hits};

    #[test]
    fn links_and_detritus_come_from_the_ordinary_rules() {
        let mut odd = app("");
        for rule in ["broken-link", "unused-rpath"] {
            odd.findings.push(Found { app: "Tool.app".to_owned(), finding: finding(rule) });
        }
        assert_eq!(hits(&RULE, &odd), ["Tool.app/Contents/x [] A message."]);
    }
}
