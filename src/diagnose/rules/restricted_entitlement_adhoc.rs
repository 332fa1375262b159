//! Ad hoc code that claims what only a provisioning profile grants.

use std::collections::BTreeSet;

use super::Rule;
use crate::codesign::needs_profile;
use crate::diagnose::loaded::listed;
use crate::diagnose::{Facts, Finding, Remedy, Severity};
use crate::macho::FileType;

pub static RULE: Rule = Rule {
    id: "restricted-entitlement-adhoc",
    title: "Ad hoc code claims entitlements that need a profile",
    severity: Severity::Error,
    doc: include_str!("restricted_entitlement_adhoc.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, image) in &facts.bundle.images {
        let ad_hoc = image
            .file
            .slices
            .iter()
            .filter(|slice| slice.file_type == FileType::Execute && slice.signature.is_ad_hoc());
        let keys: BTreeSet<&String> =
            ad_hoc.flat_map(|slice| &slice.signature.claims).filter(|key| needs_profile(key)).collect();
        if keys.is_empty() {
            continue;
        }
        let title = format!("{} claims entitlements that ad hoc code cannot have", path.file_name());
        let message = format!(
            "{path} is signed ad hoc and claims {}, which only a provisioning profile grants: macOS kills it at launch. Sign it again without them, or with the team's identity and profile.",
            listed(keys)
        );
        let remedy = Some(Remedy::Sign { path: path.clone() });
        findings.push(Finding { remedy, ..Finding::new(&RULE, path, title, message) });
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    #[test]
    fn a_team_may_claim_what_ad_hoc_code_may_not() {
        let with = |signed: &str, key: &str| {
            let app = format!(
                "Contents/Info.plist plist\n  key CFBundleExecutable App\nContents/MacOS/App execute signed={signed} claims={key}\n"
            );
            shown(&found_in(&app, RULE.id))
        };
        let title = "error Contents/MacOS/App: App claims entitlements that ad hoc code cannot have";
        assert_eq!(with("adhoc", "com.apple.developer.icloud-services"), [title]);
        assert_eq!(with("TEAM123456", "com.apple.developer.icloud-services"), [] as [&str; 0]);
        assert_eq!(with("adhoc", "com.apple.security.cs.allow-jit"), [] as [&str; 0]);
    }
}
