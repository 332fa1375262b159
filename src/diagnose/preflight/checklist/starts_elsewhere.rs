//! Apps that do not start on another Mac.

use super::strict_content;
use crate::diagnose::Severity;
use crate::diagnose::preflight::submission::outcome;
use crate::diagnose::preflight::{Found, Outcome, Rule, Submission};

pub static RULE: Rule = Rule {
    id: "notary-starts-elsewhere",
    title: "Apps start on a Mac that has nothing but macOS",
    severity: Severity::Warning,
    apple: None,
    advice: "Run `bundlewright fix`, and sign again; `bundlewright check` says more.",
    doc: include_str!("starts_elsewhere.md"),
    check,
};

fn check(submission: &Submission) -> Outcome {
    if submission.bundles.is_empty() {
        return Outcome::Absent;
    }
    let found = submission.findings.iter().filter(|one| stops_a_launch(one));
    let found: Vec<_> = found.map(|one| (one.path(), one.finding.arch, one.finding.title.clone())).collect();
    outcome(found.iter().map(|(path, arch, message)| (&**path, *arch, message.clone())))
}

/// Every error of the ordinary rules that no other check tells.
fn stops_a_launch(found: &Found) -> bool {
    const TOLD: [&str; 2] = ["signature-invalid", "restricted-entitlement-adhoc"];
    let rule = found.finding.rule;
    found.finding.severity == Severity::Error
        && !TOLD.contains(&rule)
        && !strict_content::RULES.contains(&rule)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::preflight::checklist::case::{app, finding, hits};

    #[test]
    fn errors_of_the_ordinary_rules_count_unless_another_check_tells_them() {
        let mut odd = app("");
        for rule in ["missing-library", "signature-invalid", "broken-link", "unused-rpath"] {
            odd.findings.push(Found { app: String::new(), finding: finding(rule) });
        }
        assert_eq!(hits(&RULE, &odd), ["Contents/x [] a title"]);
    }
}
