//! A version is written in a form that macOS does not read.

use super::Rule;
use crate::diagnose::described::{Described, described, placeholder};
use crate::diagnose::{Facts, Finding, Severity};

pub static RULE: Rule = Rule {
    id: "plist-version-format",
    title: "A version is written in a form that macOS does not read",
    severity: Severity::Warning,
    doc: include_str!("plist_version_format.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let processes = described(facts.bundle).filter(|one| one.is_process());
    processes
        .flat_map(|one| {
            [
                finding(&one, "CFBundleVersion", Severity::Warning, "macOS compares it as nothing"),
                finding(
                    &one,
                    "CFBundleShortVersionString",
                    Severity::Info,
                    "people read it, the App Store refuses it",
                ),
            ]
        })
        .flatten()
        .collect()
}

fn finding(one: &Described<'_>, key: &str, severity: Severity, effect: &str) -> Option<Finding> {
    let text = one.text(key).filter(|text| placeholder(text).is_none() && !is_version(text))?;
    let title = format!("{key} is {text:?}");
    let message = format!(
        "In {} {key} is {text:?}, which is not numbers with dots between them: {effect}. Write it like 1.4.2 and sign \
         the bundle again.",
        one.path
    );
    Some(Finding { severity, ..Finding::new(&RULE, one.path, title, message) })
}

/// Numbers with dots between them; a stage may follow (CFBundleVersion in Apple's Information Property List reference).
fn is_version(text: &str) -> bool {
    let start = text.find(|letter: char| letter.is_ascii_alphabetic()).unwrap_or(text.len());
    let (numbers, stage) = text.split_at(start);
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let is_stage = |stage: &str| {
        ["fc", "d", "a", "b"].iter().any(|word| stage.strip_prefix(word).is_some_and(is_number))
    };
    numbers.split('.').all(is_number) && (stage.is_empty() || is_stage(stage))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    #[test]
    fn words_are_no_version() {
        let bundle = "Contents/Info.plist plist\n  key CFBundleVersion release-7\n\
                      \x20 key CFBundleShortVersionString 7.0-beta\nContents/MacOS/App execute\n";
        assert_eq!(
            shown(&found_in(bundle, RULE.id)),
            [
                "warning Contents/Info.plist: CFBundleVersion is \"release-7\"",
                "info Contents/Info.plist: CFBundleShortVersionString is \"7.0-beta\"",
            ]
        );
    }

    #[test]
    fn numbers_and_stages_are_versions() {
        for text in ["1", "1.4.2", "120.0.6099.109", "20241124", "1.2b3", "10.0fc12"] {
            let bundle = format!(
                "Contents/Info.plist plist\n  key CFBundleVersion {text}\nContents/MacOS/App execute\n"
            );
            assert_eq!(shown(&found_in(&bundle, RULE.id)), [] as [String; 0], "{text}");
        }
        for text in ["v1", "1.", "1..2", "1.2-3", "1.2rc1", "1 2"] {
            assert!(!is_version(text), "{text}");
        }
    }
}
