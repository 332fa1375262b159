//! A link into /Library, which other Macs need not have.

use super::Rule;
use crate::bundle::Node;
use crate::diagnose::{Facts, Finding, Severity};

pub static RULE: Rule = Rule {
    id: "link-outside-bundle",
    title: "A link leads into a folder that other Macs need not have",
    severity: Severity::Warning,
    doc: include_str!("link_outside_bundle.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let links = facts.bundle.nodes.iter().filter_map(|(path, node)| match node {
        Node::Link { target } if target.starts_with("/Library/") => Some((path, target)),
        _ => None,
    });
    links
        .map(|(path, target)| {
            let title = format!("{} leads into /Library", path.file_name());
            let message = format!(
                "The target of the link {path} is {target}, which is there only where somebody installed it. Put a copy into the bundle, or make sure that the app does without."
            );
            Finding::new(&RULE, path, title, message)
        })
        .collect()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};
    use crate::diagnose::rules::broken_link;

    fn linked_to(target: &str) -> String {
        format!(
            "Contents/Info.plist plist\n  key CFBundleExecutable App\nContents/MacOS/App execute\n\
             Contents/Frameworks/Ink.framework -> {target}\n"
        )
    }

    #[test]
    fn a_framework_that_an_installer_puts_there_is_named() {
        assert_eq!(
            shown(&found_in(&linked_to("/Library/Frameworks/Ink.framework"), RULE.id)),
            ["warning Contents/Frameworks/Ink.framework: Ink.framework leads into /Library"]
        );
    }

    #[test]
    fn the_system_is_everywhere_and_other_absolute_links_are_broken() {
        let system = linked_to("/System/Library/Frameworks/AppKit.framework");
        assert_eq!(found_in(&system, RULE.id).len() + found_in(&system, broken_link::RULE.id).len(), 0);
        let elsewhere = linked_to("/opt/homebrew/Frameworks/Ink.framework");
        assert_eq!(found_in(&elsewhere, RULE.id).len(), 0);
        assert_eq!(found_in(&elsewhere, broken_link::RULE.id).len(), 1);
    }
}
