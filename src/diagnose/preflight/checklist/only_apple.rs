//! What only Apple can see.

use crate::diagnose::Severity;
use crate::diagnose::preflight::{Outcome, Rule, Submission};

pub static RULE: Rule = Rule {
    id: "notary-only-apple",
    title: "What only Apple can tell",
    severity: Severity::Error,
    apple: None,
    advice: "Submit it: the commands are below.",
    doc: include_str!("only_apple.md"),
    check,
};

fn check(_: &Submission) -> Outcome {
    let what = "Whether Apple has revoked a certificate, whether your team has signed its agreements, and what the \
                search for malware finds.";
    Outcome::Unseen(what.to_owned(), Vec::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_never_claimed_to_have_passed() {
        assert!(matches!(check(&Submission::default()), Outcome::Unseen(..)));
    }
}
