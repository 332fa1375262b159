//! Programs that let a debugger in.

use crate::diagnose::Severity;
use crate::diagnose::preflight::submission::outcome;
use crate::diagnose::preflight::{Outcome, Rule, Submission};

pub static RULE: Rule = Rule {
    id: "notary-get-task-allow",
    title: "No program lets a debugger in",
    severity: Severity::Error,
    apple: Some("The executable requests the com.apple.security.get-task-allow entitlement."),
    advice: "Build for Release, or sign with entitlements that lack com.apple.security.get-task-allow.",
    doc: include_str!("get_task_allow.md"),
    check,
};

const KEYS: [&str; 2] = ["com.apple.security.get-task-allow", "get-task-allow"];

fn check(submission: &Submission) -> Outcome {
    let asking = submission.programs().filter_map(|(code, one)| {
        let key = KEYS.into_iter().find(|key| one.signature.entitlements.contains(*key))?;
        Some((&*code.path, Some(code.arch), format!("its entitlements set {key}")))
    });
    outcome(asking)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::preflight::checklist::case::{GOOD, app, hits};

    #[test]
    fn the_entitlement_is_found_where_it_is_true() {
        let lines = format!("Contents/MacOS/App execute signed={GOOD} claims={}\n", KEYS[0]);
        let expected = "Contents/MacOS/App [arm64] its entitlements set com.apple.security.get-task-allow";
        assert_eq!(hits(&RULE, &app(&lines)), [expected]);
    }
}
