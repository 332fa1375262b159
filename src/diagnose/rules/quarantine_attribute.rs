//! Files are still in quarantine.

use super::Rule;
use crate::diagnose::amounts::{about, counted, listed};
use crate::diagnose::{Facts, Finding, Severity};
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "quarantine-attribute",
    title: "Files are still in quarantine",
    severity: Severity::Info,
    doc: include_str!("quarantine_attribute.md"),
    check,
};

const ATTRIBUTE: &str = "com.apple.quarantine";

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let attributes = facts.contents.into_iter().flat_map(|contents| &contents.attributes);
    let paths: Vec<&BundlePath> =
        attributes.filter(|(_, names)| names.contains(ATTRIBUTE)).map(|(path, _)| path).collect();
    if paths.is_empty() {
        return Vec::new();
    }
    let title = format!("{} in quarantine", counted(paths.len(), "item"));
    let message = format!(
        "The attribute {ATTRIBUTE} of a download is still on {}. Take it off before you pack the app: xattr -dr \
         {ATTRIBUTE} {}.",
        listed(&paths),
        facts.bundle.name
    );
    vec![about(&RULE, &paths, title, message)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_with_attributes, shown};

    #[test]
    fn downloaded_files_are_counted() {
        let files = [("Contents/MacOS/App", ATTRIBUTE), ("Contents/Resources", ATTRIBUTE)];
        assert_eq!(shown(&found_with_attributes(&files, RULE.id)), ["info Contents: 2 items in quarantine"]);
    }

    #[test]
    fn other_attributes_are_no_quarantine() {
        let files =
            [("Contents/MacOS/App", "com.apple.provenance"), ("Contents/Resources", "com.apple.quarantined")];
        assert_eq!(shown(&found_with_attributes(&files, RULE.id)), [] as [String; 0]);
    }
}
