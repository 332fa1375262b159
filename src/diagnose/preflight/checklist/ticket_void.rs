//! A stapled ticket on a disk image that no notary can have seen.

use crate::diagnose::Severity;
use crate::diagnose::preflight::submission::signer;
use crate::diagnose::preflight::{Hit, Outcome, Rule, Submission};

pub static RULE: Rule = Rule {
    id: "notary-ticket-void",
    title: "The ticket stapled to the image fits its signature",
    severity: Severity::Warning,
    apple: None,
    advice: "Sign the image with your Developer ID, submit it, and staple the new ticket.",
    doc: include_str!("ticket_void.md"),
    check,
};

fn check(submission: &Submission) -> Outcome {
    let credentials = submission.image.as_ref().and_then(|image| image.credentials.as_ref());
    let Some(credentials) = credentials.filter(|one| one.has_ticket) else { return Outcome::Absent };
    let why_not = match &credentials.authority {
        Some(authority) => authority.not_developer_id.clone(),
        None => Some(signer(&credentials.signature).to_owned()),
    };
    match why_not {
        Some(why) => {
            let message = format!("the stapled ticket is of another signature: this image is {why}");
            Outcome::Failed(vec![Hit { path: String::new(), archs: Vec::new(), message }])
        }
        None => Outcome::Unseen(
            "a ticket is stapled to this image; whether it is of this signature, only a Mac can tell"
                .to_owned(),
            Vec::new(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codesign::{Authority, Credentials};
    use crate::diagnose::preflight::Image;
    use crate::diagnose::preflight::checklist::case::hits;
    use crate::macho::{Signature, SignatureState};

    fn image(state: SignatureState, has_ticket: bool) -> Submission {
        let credentials = Credentials {
            signature: Signature { state, ..Signature::NONE },
            sha1_only: false,
            authority: (state == SignatureState::Cms).then(Authority::default),
            entitlements: None,
            has_ticket,
        };
        Submission {
            image: Some(Image { credentials: Some(credentials), faults: Vec::new() }),
            ..Submission::default()
        }
    }

    #[test]
    fn only_a_developer_id_can_have_a_ticket() {
        assert_eq!(check(&Submission::default()), Outcome::Absent);
        assert_eq!(check(&image(SignatureState::Adhoc, false)), Outcome::Absent);
        assert_eq!(
            hits(&RULE, &image(SignatureState::Adhoc, true)),
            [" [] the stapled ticket is of another signature: this image is signed ad hoc"]
        );
        assert!(matches!(check(&image(SignatureState::Cms, true)), Outcome::Unseen(..)));
    }
}
