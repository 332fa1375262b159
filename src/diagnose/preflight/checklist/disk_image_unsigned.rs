//! A disk image without a signature.

use crate::diagnose::Severity;
use crate::diagnose::preflight::{Hit, Outcome, Rule, Submission};

pub static RULE: Rule = Rule {
    id: "notary-disk-image-unsigned",
    title: "The disk image itself is signed",
    severity: Severity::Warning,
    apple: None,
    advice: "Sign the image with your Developer ID (bundlewright sign) before you submit it, and staple the ticket to the image.",
    doc: include_str!("disk_image_unsigned.md"),
    check,
};

fn check(submission: &Submission) -> Outcome {
    match &submission.image {
        None => Outcome::Absent,
        Some(image) if image.credentials.is_some() => Outcome::Passed,
        Some(_) => {
            let message = "this disk image is not signed".to_owned();
            Outcome::Failed(vec![Hit { path: String::new(), archs: Vec::new(), message }])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::preflight::Image;
    use crate::diagnose::preflight::checklist::case::hits;

    #[test]
    fn an_image_without_a_signature_is_named() {
        let image = Some(Image { credentials: None, faults: Vec::new() });
        let submission = Submission { image, ..Submission::default() };
        assert_eq!(hits(&RULE, &submission), [" [] this disk image is not signed"]);
    }
}
