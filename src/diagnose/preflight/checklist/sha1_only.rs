//! Signatures with SHA-1 alone.

use crate::diagnose::Severity;
use crate::diagnose::preflight::submission::outcome;
use crate::diagnose::preflight::{Outcome, Rule, Submission};

pub static RULE: Rule = Rule {
    id: "notary-sha1-only",
    title: "Every signature has SHA-256 hashes",
    severity: Severity::Error,
    apple: None,
    advice: "Sign again: today codesign and Bundlewright write SHA-256.",
    doc: include_str!("sha1_only.md"),
    check,
};

fn check(submission: &Submission) -> Outcome {
    let weak = submission.signed().filter(|(.., one)| one.sha1_only);
    outcome(weak.map(|(path, arch, _)| (path, arch, "its only code directory is of SHA-1".to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::preflight::checklist::case::{GOOD, app, hits};

    #[test]
    fn a_signature_of_long_ago_is_found() {
        let mut old = app(&format!("Contents/MacOS/App execute signed={GOOD}\n"));
        for code in &mut old.codes {
            code.credentials.as_mut().unwrap().sha1_only = true;
        }
        assert_eq!(hits(&RULE, &old), ["Contents/MacOS/App [arm64] its only code directory is of SHA-1"]);
    }
}
