//! One slice names the same library in two load commands.

use std::collections::BTreeMap;

use super::Rule;
use crate::diagnose::{Facts, Finding, Remedy, Severity};
use crate::macho::edit::respelled;
use crate::macho::{FileType, InstallName, LoadKind, PackedVersion, Slice};
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "duplicate-reference",
    title: "The same library in two load commands",
    severity: Severity::Error,
    doc: include_str!("duplicate_reference.md"),
    check,
};

/// From which SDK dyld refuses it (dyld, `mach_o/Policy.cpp`): of libraries since macOS 15.4, of programs since 26.
const FIRST_STRICT_SDK: PackedVersion = PackedVersion::new(15, 0, 0);
const FIRST_STRICT_SDK_OF_PROGRAMS: PackedVersion = PackedVersion::new(26, 0, 0);

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, image) in &facts.bundle.images {
        for slice in &image.file.slices {
            let mut counts = BTreeMap::new();
            let read = slice.uses.iter().filter(|used| used.kind != LoadKind::Lazy);
            read.for_each(|used| *counts.entry(&used.name).or_insert(0) += 1);
            for (name, count) in counts.into_iter().filter(|(_, count)| *count > 1) {
                let title = format!(
                    "{path_name} asks for {} {count} times",
                    name.leaf(),
                    path_name = path.file_name()
                );
                let message = format!(
                    "The {} slice of {path} has {count} load commands for {name}: {}. Link it once, with one of the flags that name the library.",
                    slice.arch,
                    refusal(slice)
                );
                findings.push(Finding {
                    severity: if is_refused(slice) { Severity::Error } else { Severity::Warning },
                    arch: (image.file.slices.len() > 1).then_some(slice.arch),
                    reference: Some(name.clone()),
                    remedy: remedy(path, name),
                    ..Finding::new(&RULE, path, title, message)
                });
            }
        }
    }
    findings
}

/// What macOS has is found by its very name, so there is no other spelling of it.
fn remedy(image: &BundlePath, name: &InstallName) -> Option<Remedy> {
    let respell = || Remedy::Respell { image: image.clone(), name: name.clone() };
    respelled(name.as_str(), 1).map(|_| respell())
}

/// An SDK of 0 counts as the far future in dyld's arithmetic.
fn is_refused(slice: &Slice) -> bool {
    let program = slice.file_type == FileType::Execute;
    let first = if program { FIRST_STRICT_SDK_OF_PROGRAMS } else { FIRST_STRICT_SDK };
    slice.build.is_none_or(|build| build.sdk == PackedVersion::default() || build.sdk >= first)
}

fn refusal(slice: &Slice) -> &'static str {
    match (is_refused(slice), slice.file_type) {
        (true, FileType::Execute) => "dyld of macOS 26 refuses that",
        (true, _) => "dyld of macOS 15.4 and later refuses that in a library of this SDK",
        (false, _) => "dyld refuses that once the file is built with a newer SDK",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found, found_in, shown};

    fn severity(kind: &str, sdk: &str) -> Severity {
        let app = format!(
            "Contents/Info.plist plist\n  key CFBundleExecutable App\nContents/MacOS/App execute\n\
             Contents/MacOS/twice {kind} sdk={sdk}\n  use @rpath/libink.dylib\n  weak @rpath/libink.dylib\n"
        );
        found_in(&app, RULE.id)[0].severity
    }

    #[test]
    fn the_second_command_is_found_and_who_refuses_it_depends_on_the_sdk() {
        assert_eq!(
            shown(&found("faults", "duplicate-dylib", RULE.id)),
            ["error Contents/MacOS/main: main asks for libonce.dylib 2 times"]
        );
        assert_eq!(
            [severity("dylib", "15.0"), severity("dylib", "14.5"), severity("dylib", "0.0")],
            [Severity::Error, Severity::Warning, Severity::Error]
        );
        assert_eq!(
            [severity("execute", "26.0"), severity("execute", "15.4")],
            [Severity::Error, Severity::Warning]
        );
    }

    #[test]
    fn two_spellings_and_lazy_commands_are_not_the_same_name() {
        let app = "Contents/Info.plist plist\n  key CFBundleExecutable App\n\
            Contents/MacOS/App execute sdk=26.0\n  use @rpath/libink.dylib\n  use @rpath/libink.1.dylib\n  lazy @rpath/libink.dylib\n";
        assert_eq!(shown(&found_in(app, RULE.id)).len(), 0);
    }
}
