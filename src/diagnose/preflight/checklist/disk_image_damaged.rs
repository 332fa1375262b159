//! A disk image that contradicts itself.

use crate::diagnose::Severity;
use crate::diagnose::preflight::{Outcome, Rule, Submission};

pub static RULE: Rule = Rule {
    id: "notary-disk-image-damaged",
    title: "The disk image is sound",
    severity: Severity::Error,
    apple: None,
    advice: "Build the disk image again.",
    doc: include_str!("disk_image_damaged.md"),
    check,
};

fn check(submission: &Submission) -> Outcome {
    submission.image.as_ref().map_or(Outcome::Absent, |image| Outcome::of(image.faults.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::preflight::checklist::case::hits;
    use crate::diagnose::preflight::{Hit, Image};

    #[test]
    fn an_app_has_no_image_and_a_checksum_that_does_not_fit_is_told() {
        assert_eq!(check(&Submission::default()), Outcome::Absent);
        let hit = |message: &str| Hit { path: String::new(), archs: Vec::new(), message: message.to_owned() };
        let with =
            |faults| Submission { image: Some(Image { credentials: None, faults }), ..Submission::default() };
        assert_eq!(hits(&RULE, &with(vec![hit("a checksum")])), [" [] a checksum"]);
        assert_eq!(check(&with(Vec::new())), Outcome::Passed);
    }
}
