//! Code without a signature.

use crate::diagnose::Severity;
use crate::diagnose::preflight::submission::outcome;
use crate::diagnose::preflight::{Outcome, Rule, Submission};

pub static RULE: Rule = Rule {
    id: "notary-not-signed",
    title: "Every Mach-O file is signed",
    severity: Severity::Error,
    apple: Some("The binary is not signed."),
    advice: "Sign every program and library with your Developer ID, from the inside out; what lies in an archive before it is packed.",
    doc: include_str!("not_signed.md"),
    check,
};

fn check(submission: &Submission) -> Outcome {
    let unsigned = submission.codes.iter().filter(|code| code.credentials.is_none());
    outcome(unsigned.map(|code| (&*code.path, Some(code.arch), "not signed".to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::preflight::checklist::case::{GOOD, app, hits};

    #[test]
    fn every_slice_anywhere_must_be_signed() {
        let jar = "Contents/Resources/tools.jar/native/liba.dylib";
        let lines = format!("Contents/MacOS/App execute signed={GOOD}\n{jar} dylib x86_64 signed=none\n");
        assert_eq!(hits(&RULE, &app(&lines)), [format!("{jar} [x86_64] not signed")]);
        assert_eq!(hits(&RULE, &app("Contents/MacOS/App execute signed=adhoc\n")), [""; 0]);
    }
}
