//! Entitlements that only a provisioning profile grants.

use std::collections::BTreeSet;

use crate::codesign::needs_profile;
use crate::diagnose::Severity;
use crate::diagnose::loaded::listed;
use crate::diagnose::preflight::submission::outcome;
use crate::diagnose::preflight::{Code, Outcome, Rule, Submission};

pub static RULE: Rule = Rule {
    id: "notary-restricted-entitlement",
    title: "Restricted entitlements have their profile",
    severity: Severity::Warning,
    apple: None,
    advice: "Put the provisioning profile that grants them into Contents/embedded.provisionprofile, or sign without them.",
    doc: include_str!("restricted_entitlement.md"),
    check,
};

fn check(submission: &Submission) -> Outcome {
    let claims = submission.programs().filter_map(|(code, one)| {
        let keys: BTreeSet<&String> = one.signature.claims.iter().filter(|key| needs_profile(key)).collect();
        if keys.is_empty() {
            return None;
        }
        let message = message(submission, code, &keys)?;
        Some((&*code.path, Some(code.arch), message))
    });
    outcome(claims)
}

/// What is wrong with the claim of `keys`, if anything is.
fn message(submission: &Submission, code: &Code, keys: &BTreeSet<&String>) -> Option<String> {
    let own = submission.profiles.iter().find(|one| one.executable.as_ref() == Some(&code.path));
    match own.map(|one| &one.profile) {
        None => Some(format!("it claims {}, and its bundle has no provisioning profile", listed(keys))),
        Some(Err(_)) => None, // the check of profiles says it
        Some(Ok(profile)) => {
            let refused: Vec<_> = keys.iter().filter(|key| !profile.entitlements.contains(**key)).collect();
            let what =
                || format!("it claims {}, which its provisioning profile does not grant", listed(&refused));
            (!refused.is_empty()).then(what)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codesign::Profile;
    use crate::diagnose::preflight::Vouched;
    use crate::diagnose::preflight::checklist::case::{GOOD, app, hits};

    const KEY: &str = "com.apple.developer.icloud-services";

    fn claiming(profile: Option<&[&str]>) -> Vec<String> {
        let mut app = app(&format!("Contents/MacOS/App execute signed={GOOD} claims={KEY}\n"));
        app.profiles.extend(profile.map(|keys| Vouched {
            path: "Contents/embedded.provisionprofile".to_owned(),
            profile: Ok(Profile {
                entitlements: keys.iter().map(|key| (*key).to_owned()).collect(),
                ..Profile::default()
            }),
            bundle: String::new(),
            executable: Some("Contents/MacOS/App".to_owned()),
        }));
        hits(&RULE, &app)
    }

    #[test]
    fn a_claim_needs_a_profile_that_grants_it() {
        let what = format!("Contents/MacOS/App [arm64] it claims {KEY}, ");
        assert_eq!(claiming(None), [format!("{what}and its bundle has no provisioning profile")]);
        assert_eq!(claiming(Some(&[])), [format!("{what}which its provisioning profile does not grant")]);
        assert_eq!(claiming(Some(&[KEY])), [""; 0]);
    }
}
