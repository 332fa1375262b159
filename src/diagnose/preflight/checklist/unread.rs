//! What could not be looked into.

use crate::diagnose::Severity;
use crate::diagnose::preflight::{Outcome, Rule, Submission};

pub static RULE: Rule = Rule {
    id: "notary-unread",
    title: "Everything inside could be looked at",
    severity: Severity::Error,
    apple: None,
    advice: "Unpack what is named and run the preflight on its contents.",
    doc: include_str!("unread.md"),
    check,
};

fn check(submission: &Submission) -> Outcome {
    match submission.unread.as_slice() {
        [] => Outcome::Passed,
        unread => {
            let why =
                "Code may lie in files that could not be looked into. Apple\u{2019}s notary may see it.";
            Outcome::Unseen(why.to_owned(), unread.to_vec())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::preflight::Hit;

    #[test]
    fn what_was_not_looked_into_is_no_failure_and_not_passed_over() {
        let hit = Hit { path: "a.7z".to_owned(), archs: Vec::new(), message: "is compressed".to_owned() };
        let submission = Submission { unread: vec![hit], ..Submission::default() };
        assert!(matches!(check(&submission), Outcome::Unseen(..)));
        assert_eq!(check(&Submission::default()), Outcome::Passed);
    }
}
