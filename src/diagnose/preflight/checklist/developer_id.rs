//! Signatures of anybody but a Developer ID.

use crate::diagnose::Severity;
use crate::diagnose::preflight::submission::{outcome, signer};
use crate::diagnose::preflight::{Outcome, Rule, Submission};

pub static RULE: Rule = Rule {
    id: "notary-developer-id",
    title: "Everything is signed with a Developer ID",
    severity: Severity::Error,
    apple: Some("The binary is not signed with a valid Developer ID certificate."),
    advice: "Sign with a certificate of the kind Developer ID Application, from the inside out.",
    doc: include_str!("developer_id.md"),
    check,
};

fn check(submission: &Submission) -> Outcome {
    let others = submission.signed().filter_map(|(path, arch, one)| {
        let what = match &one.authority {
            Some(authority) => authority.not_developer_id.clone()?,
            None => signer(&one.signature).to_owned(),
        };
        Some((path, arch, what))
    });
    outcome(others)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::preflight::checklist::case::{GOOD, app, hits};

    #[test]
    fn only_a_developer_id_is_taken() {
        let with = |signed: &str| {
            hits(&RULE, &app(&format!("Contents/MacOS/App execute arm64 x86_64 signed={signed}\n")))
        };
        assert_eq!(with(GOOD), [""; 0]);
        assert_eq!(with("adhoc"), ["Contents/MacOS/App [arm64 x86_64] signed ad hoc"]);
        assert_eq!(with("TEAM123456"), ["Contents/MacOS/App [arm64 x86_64] signed as Apple Development"]);
    }
}
