//! Code that was built with an SDK older than 10.9.

use crate::diagnose::Severity;
use crate::diagnose::preflight::submission::outcome;
use crate::diagnose::preflight::{Outcome, Rule, Submission};
use crate::macho::PackedVersion;

pub static RULE: Rule = Rule {
    id: "notary-old-sdk",
    title: "Everything was built with the SDK of macOS 10.9 or later",
    severity: Severity::Error,
    apple: Some("The binary uses an SDK older than the 10.9 SDK."),
    advice: "Build the file again with a newer SDK, or get a newer build of it.",
    doc: include_str!("old_sdk.md"),
    check,
};

const OLDEST: PackedVersion = PackedVersion::new(10, 9, 0);

fn check(submission: &Submission) -> Outcome {
    let old = submission.codes.iter().filter(|code| code.is_for_macs()).filter_map(|code| {
        let what = match code.sdk {
            Some(sdk) if sdk >= OLDEST => return None,
            Some(PackedVersion(0)) => "its load commands leave the SDK open".to_owned(),
            Some(sdk) => format!("built with the SDK {sdk}"),
            None => "no load command states an SDK".to_owned(),
        };
        Some((&*code.path, Some(code.arch), what))
    });
    outcome(old)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::preflight::checklist::case::{GOOD, app, hits};

    #[test]
    fn old_and_unknown_sdks_are_found_and_those_of_other_systems_are_not_compared() {
        let with =
            |words: &str| hits(&RULE, &app(&format!("Contents/MacOS/App execute signed={GOOD} {words}\n")));
        assert_eq!(with("sdk=10.9"), [""; 0]);
        assert_eq!(with("sdk=10.8"), ["Contents/MacOS/App [arm64] built with the SDK 10.8"]);
        assert_eq!(with("sdk=0.0"), ["Contents/MacOS/App [arm64] its load commands leave the SDK open"]);
        assert_eq!(with("sdk=9.0 platform=2"), [""; 0]);
    }
}
