//! Signatures and seals that do not fit what they cover.

use crate::diagnose::Severity;
use crate::diagnose::preflight::{Outcome, Rule, Submission};

pub static RULE: Rule = Rule {
    id: "notary-signature-invalid",
    title: "Every signature and seal is intact",
    severity: Severity::Error,
    apple: Some("The signature of the binary is invalid."),
    advice: "Sign again whatever was changed after it was signed, then everything around it.",
    doc: include_str!("signature_invalid.md"),
    check,
};

fn check(submission: &Submission) -> Outcome {
    Outcome::of(submission.faults.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::preflight::Hit;
    use crate::diagnose::preflight::checklist::case::{GOOD, app, hits};

    #[test]
    fn what_the_verification_says_is_what_fails() {
        let mut broken = app(&format!("Contents/MacOS/App execute signed={GOOD}\n"));
        assert_eq!(hits(&RULE, &broken), [""; 0]);
        let path = "Contents/MacOS/App".to_owned();
        broken.faults.push(Hit { path, archs: Vec::new(), message: "invalid signature".to_owned() });
        assert_eq!(hits(&RULE, &broken), ["Contents/MacOS/App [] invalid signature"]);
    }
}
