//! A framework has no Info.plist.

use super::Rule;
use crate::bundle::{Framework, FrameworkShape};
use crate::diagnose::{Facts, Finding, Severity};

pub static RULE: Rule = Rule {
    id: "framework-without-plist",
    title: "A framework has no Info.plist",
    severity: Severity::Warning,
    doc: include_str!("framework_without_plist.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    facts.bundle.frameworks.iter().filter_map(|framework| finding(facts, framework)).collect()
}

fn finding(facts: &Facts<'_>, framework: &Framework) -> Option<Finding> {
    let (folder, wanted) = match framework.shape {
        FrameworkShape::NoBinary => return None,
        FrameworkShape::Unversioned => (framework.path.clone(), "Resources/Info.plist"),
        FrameworkShape::Whole | FrameworkShape::LinksLost => {
            let version = framework.current.as_deref()?;
            (framework.path.resolve("Versions")?.resolve(version)?, "Resources/Info.plist")
        }
    };
    let there = |at: &str| facts.bundle.nodes.contains_key(&folder.join(at));
    // The links' restoration brings what stands at the top into the version.
    let at_top = facts.bundle.nodes.contains_key(&framework.path.join("Resources/Info.plist"));
    if there(wanted) || at_top || framework.shape == FrameworkShape::Unversioned && there("Info.plist") {
        return None;
    }
    let title = format!("{} has no Info.plist", framework.path.file_name());
    let message = format!(
        "{} is not there, so nobody knows the framework's identifier and version. Copy Resources from where the \
         framework came from, and sign it again.",
        folder.join(wanted)
    );
    Some(Finding::new(&RULE, &framework.path, title, message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    const BINARY: &str = "Contents/MacOS/App execute\nContents/Frameworks/X.framework/Versions/A/X dylib\n";

    #[test]
    fn a_binary_alone_is_found_once() {
        assert_eq!(
            shown(&found_in(BINARY, RULE.id)),
            ["warning Contents/Frameworks/X.framework: X.framework has no Info.plist"]
        );
    }

    #[test]
    fn with_resources_in_the_version_or_still_at_the_top_it_is_fine() {
        for place in
            ["X.framework/Versions/A/Resources", "X.framework/Resources", "Y.framework/Versions/A/Resources"]
        {
            let bundle = format!("{BINARY}Contents/Frameworks/{place}/Info.plist plist\n");
            let expected = usize::from(place.starts_with('Y'));
            assert_eq!(found_in(&bundle, RULE.id).len(), expected, "{place}");
        }
        let headers =
            "Contents/MacOS/App execute\nContents/Frameworks/H.framework/Versions/A/Headers/h.h text\n";
        assert_eq!(shown(&found_in(headers, RULE.id)), [] as [String; 0]);
    }
}
