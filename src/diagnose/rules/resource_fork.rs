//! Files carry what codesign calls detritus.

use super::Rule;
use crate::bundle::Node;
use crate::diagnose::amounts::{about, counted, listed};
use crate::diagnose::{Facts, Finding, Severity};
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "resource-fork",
    title: "Files carry what codesign calls detritus",
    severity: Severity::Error,
    doc: include_str!("resource_fork.md"),
    check,
};

const DETRITUS: [&str; 2] = ["com.apple.ResourceFork", "com.apple.FinderInfo"];

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let attributes = facts.contents.into_iter().flat_map(|contents| &contents.attributes);
    let carry = attributes.filter(|(_, names)| DETRITUS.iter().any(|name| names.contains(*name)));
    let carry: Vec<&BundlePath> = carry.map(|(path, _)| path).collect();
    let files = facts.bundle.nodes.iter().filter(|(_, node)| matches!(node, Node::File { .. }));
    let doubles: Vec<&BundlePath> =
        files.map(|(path, _)| path).filter(|path| path.file_name().starts_with("._")).collect();
    let attached = (!carry.is_empty()).then(|| {
        let title = format!("codesign refuses {}", counted(carry.len(), "item"));
        let message = format!(
            "A resource fork or Finder information, detritus to codesign, is attached to {}. Take it off with xattr -cr {}.",
            listed(&carry),
            facts.bundle.name
        );
        about(&RULE, &carry, title, message)
    });
    let beside = (!doubles.is_empty()).then(|| {
        let title = format!("{} of attributes", counted(doubles.len(), "file"));
        let message = format!(
            "Attributes of a Mac's disk stand in {}. A Mac that unpacks them gives them to other files and breaks the seal. Delete \
             every file that begins with ._ and sign the app again.",
            listed(&doubles)
        );
        Finding { severity: Severity::Warning, ..about(&RULE, &doubles, title, message) }
    });
    attached.into_iter().chain(beside).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, found_with_attributes, shown};

    #[test]
    fn attributes_and_the_files_that_stand_for_them_are_found() {
        let files = [("Contents/Resources/x", DETRITUS[0]), ("Contents/MacOS/App", DETRITUS[1])];
        assert_eq!(
            shown(&found_with_attributes(&files, RULE.id)),
            ["error Contents: codesign refuses 2 items"]
        );
        let bundle = "Contents/MacOS/App execute\nContents/Resources/._icon.icns text\n  line x\n";
        assert_eq!(
            shown(&found_in(bundle, RULE.id)),
            ["warning Contents/Resources/._icon.icns: 1 file of attributes"]
        );
    }

    #[test]
    fn quarantine_and_hidden_files_are_no_detritus() {
        let files = [("Contents/MacOS/App", "com.apple.quarantine")];
        assert_eq!(shown(&found_with_attributes(&files, RULE.id)), [] as [String; 0]);
        let bundle = "Contents/MacOS/App execute\nContents/Resources/.hidden text\n";
        assert_eq!(shown(&found_in(bundle, RULE.id)), [] as [String; 0]);
    }
}
