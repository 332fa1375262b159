//! Programs without the hardened runtime.

use crate::diagnose::Severity;
use crate::diagnose::preflight::submission::{outcome, signer};
use crate::diagnose::preflight::{Outcome, Rule, Submission};

pub static RULE: Rule = Rule {
    id: "notary-hardened-runtime",
    title: "Every program has the hardened runtime",
    severity: Severity::Error,
    apple: Some("The executable does not have the hardened runtime enabled."),
    advice: "Sign every program with codesign -o runtime; libraries do not need it.",
    doc: include_str!("hardened_runtime.md"),
    check,
};

fn check(submission: &Submission) -> Outcome {
    let without = submission.programs().filter(|(_, one)| !one.signature.has_hardened_runtime());
    outcome(without.map(|(code, one)| {
        (&*code.path, Some(code.arch), format!("{}, without the flag runtime", signer(&one.signature)))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::preflight::checklist::case::{GOOD, app, hits};

    #[test]
    fn programs_need_it_and_libraries_do_not() {
        let lines = format!(
            "Contents/MacOS/App execute signed={GOOD}\nContents/Helpers/tool execute signed=TEAM123456+developer-id\n\
             Contents/Frameworks/liba.dylib dylib signed=TEAM123456+developer-id\n"
        );
        let expected = "Contents/Helpers/tool [arm64] signed with a certificate, without the flag runtime";
        assert_eq!(hits(&RULE, &app(&lines)), [expected]);
    }
}
