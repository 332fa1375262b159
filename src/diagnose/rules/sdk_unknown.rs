//! LC_BUILD_VERSION without an SDK.

use std::collections::BTreeSet;

use super::Rule;
use crate::diagnose::loaded::{about_all, counted, listed};
use crate::diagnose::{Facts, Finding, Severity};
use crate::macho::format::effective_build;
use crate::macho::{FileType, PackedVersion, Slice};
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "sdk-unknown",
    title: "A file does not say which SDK it was linked against",
    severity: Severity::Warning,
    doc: include_str!("sdk_unknown.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let without_sdk = |slice: &Slice| {
        let loads = matches!(slice.file_type, FileType::Execute | FileType::Dylib | FileType::Bundle);
        loads && effective_build(slice).is_some_and(|build| build.sdk == PackedVersion::default())
    };
    let images = facts.bundle.images.iter();
    let files: BTreeSet<BundlePath> = images
        .filter(|(_, image)| image.file.slices.iter().any(without_sdk))
        .map(|(path, _)| path.clone())
        .collect();
    let title = format!("{} without an SDK version", counted(files.len()));
    let message = format!(
        "LC_BUILD_VERSION of {} names no SDK. dyld holds such files to every check of its newest release, and library validation refuses them. Link with -platform_version, or use vtool -set-build-version and sign again.",
        listed(&files)
    );
    about_all(&RULE, &files, title, message).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    #[test]
    fn an_sdk_of_0_counts_in_the_newer_command_only() {
        let app = |library: &str| {
            format!(
                "Contents/Info.plist plist\n  key CFBundleExecutable App\nContents/MacOS/App execute\nContents/Frameworks/liba.dylib {library}\n"
            )
        };
        assert_eq!(
            shown(&found_in(&app("dylib sdk=0.0"), RULE.id)),
            ["warning Contents/Frameworks/liba.dylib: 1 file without an SDK version"]
        );
        assert_eq!(shown(&found_in(&app("dylib sdk=0.0\n  minimum 10.13"), RULE.id)), [] as [&str; 0]);
        assert_eq!(shown(&found_in(&app("dylib"), RULE.id)), [] as [&str; 0]);
    }
}
