//! Two names are one on a Mac.

use super::Rule;
use crate::bundle::ImageId;
use crate::diagnose::{Facts, Finding, Severity};
use crate::paths::BundlePath;
use std::collections::BTreeMap;
use unicode_normalization::UnicodeNormalization;

pub static RULE: Rule = Rule {
    id: "case-collision",
    title: "Two names are one on a Mac",
    severity: Severity::Error,
    doc: include_str!("case_collision.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let mut by_name: BTreeMap<(BundlePath, String), Vec<&BundlePath>> = BTreeMap::new();
    for path in facts.bundle.nodes.keys() {
        if let Some(folder) = path.parent() {
            by_name.entry((folder, folded(path.file_name()))).or_default().push(path);
        }
    }
    by_name.values().filter_map(|same| finding(same)).collect()
}

/// As a disk that knows neither capitals nor two ways to write an accent compares names.
fn folded(name: &str) -> String {
    if name.is_ascii() { name.to_ascii_lowercase() } else { name.nfd().collect::<String>().to_lowercase() }
}

fn finding(same: &[&BundlePath]) -> Option<Finding> {
    let [first, second, ..] = same else { return None };
    let differ = match first.file_name().to_lowercase() == second.file_name().to_lowercase() {
        true => "in capitals",
        false => "in how an accent is written",
    };
    let title = format!("{} is there twice for a Mac", first.file_name());
    let message = format!(
        "{first} and {second} differ only {differ}. On most Macs they are one, and the second overwrites the first. \
         Rename or delete one of them."
    );
    let related = same.iter().skip(1).map(|path| ImageId::Bundled((*path).clone())).collect();
    Some(Finding { related, ..Finding::new(&RULE, first, title, message) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(names: &[&str]) -> Vec<String> {
        let paths: Vec<BundlePath> = names.iter().map(|name| BundlePath::new(name).unwrap()).collect();
        let mut by_name: BTreeMap<String, Vec<&BundlePath>> = BTreeMap::new();
        paths.iter().for_each(|path| by_name.entry(folded(path.file_name())).or_default().push(path));
        by_name.values().filter_map(|same| finding(same)).map(|finding| finding.message).collect()
    }

    #[test]
    fn capitals_and_accents_are_told_apart() {
        let found = paths(&["Icon.png", "icon.png", "caf\u{e9}", "cafe\u{301}", "cafe"]);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].contains("differ only in how an accent is written"), "{found:?}");
        assert!(found[1].starts_with("Icon.png and icon.png differ only in capitals"), "{found:?}");
    }

    // Where the test's own disk takes the names as one there is nothing to find.
    #[cfg(target_os = "linux")]
    #[test]
    fn only_names_of_one_folder_collide() {
        use crate::diagnose::case::{found_in, shown};
        let bundle = "Contents/MacOS/App execute\nContents/Resources/Icon text\nContents/Resources/icon text\n\
                      Contents/Resources/a/icon text\n";
        assert_eq!(
            shown(&found_in(bundle, RULE.id)),
            ["error Contents/Resources/Icon: Icon is there twice for a Mac"]
        );
    }
}
