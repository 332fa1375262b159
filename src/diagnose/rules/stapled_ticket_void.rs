//! A notarisation ticket of code that is no longer here.

use super::Rule;
use super::provisioning_profile_void::{has_identity, is_there};
use crate::diagnose::{Facts, Finding, Severity};
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "stapled-ticket-void",
    title: "A notarisation ticket is of other code",
    severity: Severity::Info,
    doc: include_str!("stapled_ticket_void.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    // `stapler` puts the ticket beside Info.plist; the seal of that name is in _CodeSignature.
    let path = BundlePath::root().join("Contents").join("CodeResources");
    if !is_there(facts, &path) || has_identity(facts) {
        return Vec::new();
    }
    let message = format!(
        "{path} is the ticket of a notarised app, but the executable is not signed with an identity any more. Sign it with a Developer ID, notarise and staple again."
    );
    vec![Finding::new(&RULE, &path, "The notarisation ticket is of other code", message)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    #[test]
    fn the_ticket_is_not_the_seal() {
        let with = |signed: &str, path: &str| {
            let app = format!(
                "Contents/Info.plist plist\n  key CFBundleExecutable App\nContents/MacOS/App execute signed={signed}\n{path} text\n"
            );
            shown(&found_in(&app, RULE.id))
        };
        assert_eq!(
            with("adhoc", "Contents/CodeResources"),
            ["info Contents/CodeResources: The notarisation ticket is of other code"]
        );
        assert_eq!(with("TEAM123456", "Contents/CodeResources"), [] as [&str; 0]);
        assert_eq!(with("adhoc", "Contents/_CodeSignature/CodeResources"), [] as [&str; 0]);
    }
}
