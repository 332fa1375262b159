//! Two names are one on a Mac.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;

use super::Rule;
use crate::bundle::ImageId;
use crate::diagnose::{Facts, Finding, Severity};
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "case-collision",
    title: "Two names are one on a Mac",
    severity: Severity::Error,
    doc: include_str!("case_collision.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let mut by_name: Vec<(&str, Cow<'_, str>, &BundlePath)> =
        facts.bundle.nodes.keys().map(|path| (folder(path), folded(path.file_name()), path)).collect();
    by_name.sort();
    let same = by_name.chunk_by(|a, b| (a.0, &a.1) == (b.0, &b.1)).filter(|same| same.len() > 1);
    same.filter_map(|same| finding(&same.iter().map(|(.., path)| *path).collect::<Vec<_>>())).collect()
}

fn folder(path: &BundlePath) -> &str {
    path.as_str().rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// As a disk that knows neither capitals nor two ways to write an accent compares names.
fn folded(name: &str) -> Cow<'_, str> {
    match name.is_ascii() {
        true if name.bytes().any(|byte| byte.is_ascii_uppercase()) => Cow::Owned(name.to_ascii_lowercase()),
        true => Cow::Borrowed(name),
        false => Cow::Owned(name.nfd().collect::<String>().to_lowercase()),
    }
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

    fn same(a: &str, b: &str) -> Option<String> {
        let (a, b) = (BundlePath::new(a).unwrap(), BundlePath::new(b).unwrap());
        (folded(a.file_name()) == folded(b.file_name())).then(|| finding(&[&a, &b]).unwrap().message)
    }

    #[test]
    fn capitals_and_accents_are_told_apart() {
        let capitals = same("Icon.png", "icon.png").unwrap();
        assert!(capitals.starts_with("Icon.png and icon.png differ only in capitals"), "{capitals}");
        let accents = same("caf\u{e9}", "cafe\u{301}").unwrap();
        assert!(accents.contains("differ only in how an accent is written"), "{accents}");
        assert_eq!(same("cafe", "caf\u{e9}"), None);
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
