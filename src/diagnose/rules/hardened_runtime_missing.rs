//! Executables without the hardened runtime.

use std::collections::BTreeSet;

use super::Rule;
use crate::diagnose::loaded::{about_all, listed};
use crate::diagnose::{Facts, Finding, Severity};
use crate::macho::{FileType, Signature};
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "hardened-runtime-missing",
    title: "An executable lacks the hardened runtime",
    severity: Severity::Warning,
    doc: include_str!("hardened_runtime_missing.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let files = executables(facts, |signature| {
        signature.cms.is_some_and(|cms| cms.developer_id) && !signature.has_hardened_runtime()
    });
    let title = format!("{} without the hardened runtime", listed(files.iter().map(|path| path.file_name())));
    let message = format!(
        "{} {} signed with a Developer ID but without the hardened runtime, so notarisation refuses the app. Sign with codesign -o runtime, from the inside out.",
        listed(&files),
        if files.len() == 1 { "is" } else { "are" }
    );
    about_all(&RULE, &files, title, message).into_iter().collect()
}

/// The executables of which a slice has such a signature.
pub(super) fn executables(facts: &Facts<'_>, wanted: impl Fn(&Signature) -> bool) -> BTreeSet<BundlePath> {
    let images = facts.bundle.images.iter().filter(|(_, image)| {
        image.file.slices.iter().any(|slice| slice.file_type == FileType::Execute && wanted(&slice.signature))
    });
    images.map(|(path, _)| path.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    #[test]
    fn only_code_that_could_be_notarised_needs_it() {
        let with = |signed: &str| {
            let app = format!(
                "Contents/Info.plist plist\n  key CFBundleExecutable App\nContents/MacOS/App execute signed={signed}\n"
            );
            shown(&found_in(&app, RULE.id))
        };
        assert_eq!(
            with("TEAM123456+developer-id"),
            ["warning Contents/MacOS/App: App without the hardened runtime"]
        );
        assert_eq!(with("TEAM123456+developer-id+hardened"), [] as [&str; 0]);
        assert_eq!(with("TEAM123456"), [] as [&str; 0], "a development certificate");
        assert_eq!(with("adhoc"), [] as [&str; 0]);
    }
}
