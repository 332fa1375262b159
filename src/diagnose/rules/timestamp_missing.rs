//! Developer ID signatures without a secure timestamp.

use std::collections::BTreeSet;

use super::Rule;
use crate::diagnose::loaded::{about_all, counted, listed};
use crate::diagnose::{Facts, Finding, Severity};
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "timestamp-missing",
    title: "A signature has no secure timestamp",
    severity: Severity::Warning,
    doc: include_str!("timestamp_missing.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let images = facts.bundle.images.iter().filter(|(_, image)| {
        let without = |cms: crate::macho::Cms| cms.developer_id && !cms.timestamp;
        image.file.slices.iter().any(|slice| slice.signature.cms.is_some_and(without))
    });
    let files: BTreeSet<BundlePath> = images.map(|(path, _)| path.clone()).collect();
    let title = format!("{} signed without a timestamp", counted(files.len()));
    let message = format!(
        "The Developer ID signature of {} has no secure timestamp, so notarisation refuses the app. Sign with codesign --timestamp, from the inside out.",
        listed(&files)
    );
    about_all(&RULE, &files, title, message).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    #[test]
    fn only_a_developer_id_needs_one() {
        let with = |signed: &str| {
            let app = format!(
                "Contents/Info.plist plist\n  key CFBundleExecutable App\nContents/MacOS/App execute signed={signed}\n"
            );
            shown(&found_in(&app, RULE.id))
        };
        assert_eq!(
            with("TEAM123456+developer-id"),
            ["warning Contents/MacOS/App: 1 file signed without a timestamp"]
        );
        assert_eq!(with("TEAM123456+developer-id+timestamp"), [] as [&str; 0]);
        assert_eq!(with("TEAM123456"), [] as [&str; 0]);
    }
}
