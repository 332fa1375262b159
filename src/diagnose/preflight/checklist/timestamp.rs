//! Signatures without a secure timestamp.

use crate::diagnose::Severity;
use crate::diagnose::preflight::submission::{outcome, signer};
use crate::diagnose::preflight::{Outcome, Rule, Submission};
use crate::macho::SignatureState;

pub static RULE: Rule = Rule {
    id: "notary-timestamp",
    title: "Every signature has a secure timestamp",
    severity: Severity::Error,
    apple: Some("The signature does not include a secure timestamp."),
    advice: "Sign with codesign --timestamp, or with the address of a timestamp server.",
    doc: include_str!("timestamp.md"),
    check,
};

fn check(submission: &Submission) -> Outcome {
    let without = submission
        .signed()
        .filter(|(.., one)| one.authority.as_ref().is_none_or(|authority| authority.timestamp.is_none()));
    outcome(without.map(|(path, arch, one)| {
        let what = match one.signature.state {
            SignatureState::Cms => "no timestamp of a server in its signature",
            _ => signer(&one.signature),
        };
        (path, arch, what.to_owned())
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::preflight::checklist::case::{GOOD, app, hits};

    #[test]
    fn the_signing_time_alone_is_not_enough() {
        let with = |signed: &str| hits(&RULE, &app(&format!("Contents/MacOS/App execute signed={signed}\n")));
        assert_eq!(with(GOOD), [""; 0]);
        assert_eq!(
            with("TEAM123456+developer-id"),
            ["Contents/MacOS/App [arm64] no timestamp of a server in its signature"]
        );
        assert_eq!(with("adhoc"), ["Contents/MacOS/App [arm64] signed ad hoc"]);
    }
}
