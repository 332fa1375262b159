//! Versions/Current of a framework leads nowhere.

use super::Rule;
use crate::bundle::{Bundle, Framework, FrameworkShape, Node};
use crate::diagnose::{Facts, Finding, Remedy, Severity};
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "framework-current-broken",
    title: "Versions/Current of a framework leads nowhere",
    severity: Severity::Error,
    doc: include_str!("framework_current_broken.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let frameworks = facts.bundle.frameworks.iter();
    frameworks
        .filter_map(|framework| Some(finding(&framework.path, &fault(facts.bundle, framework)?)))
        .collect()
}

/// What is wrong with `Versions/Current`, as a clause about the framework. Other lost links are another rule's.
pub fn fault(bundle: &Bundle, framework: &Framework) -> Option<String> {
    if framework.shape != FrameworkShape::LinksLost {
        return None;
    }
    let current = framework.path.join("Versions/Current");
    match bundle.nodes.get(&current) {
        Some(Node::Link { target }) if bundle.real_path(&current).is_none() => {
            Some(format!("has a link Versions/Current to {target}, which is not there"))
        }
        None if framework.versions.len() > 1 => {
            Some(format!("has the versions {} and no Versions/Current", framework.versions.join(", ")))
        }
        _ => None,
    }
}

fn finding(framework: &BundlePath, fault: &str) -> Finding {
    let title = format!("Versions/Current of {} leads nowhere", framework.file_name());
    let message = format!("{framework} {fault}. Make Versions/Current a link to the version that is meant.");
    let remedy = Some(Remedy::RestoreFramework { framework: framework.clone() });
    Finding { remedy, ..Finding::new(&RULE, framework, title, message) }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    const LINKS: &str =
        "Contents/MacOS/App execute\nContents/Frameworks/X.framework/X -> Versions/Current/X\n";

    #[test]
    fn a_dangling_current_and_one_missing_among_two_are_found() {
        let dangling = format!(
            "{LINKS}Contents/Frameworks/X.framework/Versions/6/X dylib\n\
             Contents/Frameworks/X.framework/Versions/Current -> 5\n"
        );
        let findings = found_in(&dangling, RULE.id);
        let title = "Versions/Current of X.framework leads nowhere";
        assert_eq!(shown(&findings), [format!("error Contents/Frameworks/X.framework: {title}")]);
        assert!(findings[0].message.contains("Versions/Current to 5, which is not there"));
        // The restoration deals with its links, so nobody takes them away before.
        assert_eq!(found_in(&dangling, "broken-link"), []);
        assert_eq!(found_in(&dangling, "flattened-framework"), []);
        let two = format!(
            "{LINKS}Contents/Frameworks/X.framework/Versions/5/X dylib\nContents/Frameworks/X.framework/Versions/6/X dylib\n"
        );
        assert!(found_in(&two, RULE.id)[0].message.contains("has the versions 5, 6 and no Versions/Current"));
    }

    #[test]
    fn one_version_without_current_has_only_lost_its_links() {
        let bundle = format!("{LINKS}Contents/Frameworks/X.framework/Versions/6/X dylib\n");
        assert_eq!(shown(&found_in(&bundle, RULE.id)), [] as [String; 0]);
        assert_eq!(found_in(&bundle, "flattened-framework").len(), 1);
    }
}
