//! A provisioning profile without the signature that it vouches for.

use super::Rule;
use crate::bundle::Node;
use crate::diagnose::{Facts, Finding, Severity};
use crate::macho::SignatureState;
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "provisioning-profile-void",
    title: "A provisioning profile means nothing here",
    severity: Severity::Info,
    doc: include_str!("provisioning_profile_void.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let path = BundlePath::root().join("Contents").join("embedded.provisionprofile");
    if !is_there(facts, &path) || has_identity(facts) {
        return Vec::new();
    }
    let message = format!(
        "{path} vouches for a team, but the executable is signed by none. Sign it with the team's identity, or remove the profile before you sign."
    );
    vec![Finding::new(&RULE, &path, "The provisioning profile means nothing here", message)]
}

pub(super) fn is_there(facts: &Facts<'_>, path: &BundlePath) -> bool {
    matches!(facts.bundle.nodes.get(path), Some(Node::File { .. }))
}

/// Whether the app's executable is there and signed with some identity, or cannot be looked at.
pub(super) fn has_identity(facts: &Facts<'_>) -> bool {
    let main = facts.bundle.main_executable.as_ref().and_then(|path| facts.bundle.real_path(path));
    let image = main.and_then(|path| facts.bundle.image(&path));
    image.is_none_or(|image| {
        image.file.slices.iter().any(|slice| slice.signature.state == SignatureState::Cms)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    #[test]
    fn a_profile_wants_a_team() {
        let with = |signed: &str| {
            let app = format!(
                "Contents/Info.plist plist\n  key CFBundleExecutable App\nContents/MacOS/App execute signed={signed}\nContents/embedded.provisionprofile text\n"
            );
            shown(&found_in(&app, RULE.id))
        };
        assert_eq!(
            with("adhoc"),
            ["info Contents/embedded.provisionprofile: The provisioning profile means nothing here"]
        );
        assert_eq!(with("TEAM123456"), [] as [&str; 0]);
    }
}
