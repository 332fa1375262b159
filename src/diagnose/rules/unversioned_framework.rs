//! A framework has no versions.

use super::Rule;
use crate::bundle::FrameworkShape;
use crate::diagnose::{Facts, Finding, Remedy, Severity};
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "unversioned-framework",
    title: "A framework has no versions",
    severity: Severity::Warning,
    doc: include_str!("unversioned_framework.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let flat =
        facts.bundle.frameworks.iter().filter(|framework| framework.shape == FrameworkShape::Unversioned);
    flat.map(|framework| finding(&framework.path)).collect()
}

fn finding(framework: &BundlePath) -> Finding {
    let title = format!("{} has no versions", framework.file_name());
    let message = format!(
        "{framework} is laid out as on iOS, without Versions/A and Versions/Current. It loads, but Xcode and the App Store \
         refuse it. Move its files into a version, with links at the top, and sign it again."
    );
    let remedy = Some(Remedy::RestoreFramework { framework: framework.clone() });
    Finding { remedy, ..Finding::new(&RULE, framework, title, message) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    #[test]
    fn a_framework_of_ios_is_found_and_can_be_given_versions() {
        let bundle = "Contents/MacOS/App execute\nContents/Frameworks/X.framework/X dylib\n\
                      Contents/Frameworks/X.framework/Info.plist plist\n";
        let findings = found_in(bundle, RULE.id);
        assert_eq!(
            shown(&findings),
            ["warning Contents/Frameworks/X.framework: X.framework has no versions"]
        );
        assert!(matches!(findings[0].remedy, Some(Remedy::RestoreFramework { .. })));
        assert_eq!(found_in(bundle, "flattened-framework"), []);
    }

    #[test]
    fn one_that_lost_its_links_and_one_without_a_binary_are_other_faults() {
        let bundle = "Contents/MacOS/App execute\nContents/Frameworks/X.framework/Versions/A/X dylib\n\
                      Contents/Frameworks/H.framework/Headers/h.h text\n";
        assert_eq!(shown(&found_in(bundle, RULE.id)), [] as [String; 0]);
    }
}
