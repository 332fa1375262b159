//! An Info.plist that says too little.

use crate::diagnose::Severity;
use crate::diagnose::preflight::submission::outcome;
use crate::diagnose::preflight::{Outcome, Rule, Submission};

pub static RULE: Rule = Rule {
    id: "notary-info-plist",
    title: "Every app says who it is",
    severity: Severity::Warning,
    apple: None,
    advice: "Complete Info.plist, then sign the app again.",
    doc: include_str!("info_plist.md"),
    check,
};

/// The ordinary rules that look for it.
pub const RULES: [&str; 3] = ["plist-key-missing", "plist-placeholder", "bundle-identifier-invalid"];

fn check(submission: &Submission) -> Outcome {
    if submission.bundles.is_empty() {
        return Outcome::Absent;
    }
    let is_worth_it = |severity| severity != Severity::Info;
    let found = submission.findings.iter();
    let found = found.filter(|one| RULES.contains(&one.finding.rule) && is_worth_it(one.finding.severity));
    let found: Vec<_> = found.map(|one| (one.path(), one.finding.message.clone())).collect();
    outcome(found.iter().map(|(path, message)| (&**path, None, message.clone())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::preflight::Found;
    use crate::diagnose::preflight::checklist::case::{app, finding, hits};

    #[test]
    fn keys_that_are_missing_come_from_the_ordinary_rule() {
        let mut odd = app("");
        odd.findings.push(Found { app: String::new(), finding: finding("plist-key-missing") });
        assert_eq!(hits(&RULE, &odd), ["Contents/x [] A message."]);
    }
}
