//! No LC_UUID.

use super::Rule;
use super::strict_format::{faults_of, when};
use crate::diagnose::{Facts, Finding, Severity};
use crate::macho::format::FormatFault;

pub static RULE: Rule = Rule {
    id: "uuid-missing",
    title: "A file has no UUID",
    severity: Severity::Error,
    doc: include_str!("uuid_missing.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, image) in &facts.bundle.images {
        let lacking: Vec<_> = image
            .file
            .slices
            .iter()
            .filter_map(|slice| {
                let fault = faults_of(slice).into_iter().find(|one| one.fault == FormatFault::MissingUuid)?;
                Some((slice.arch, when(&fault)))
            })
            .collect();
        let Some((arch, (severity, when))) = lacking.iter().min_by_key(|(_, (severity, _))| *severity) else {
            continue;
        };
        let message = format!(
            "The {arch} slice of {path} has no LC_UUID. {when} Crash reports cannot be matched to it. Link it again without -no_uuid."
        );
        findings.push(Finding {
            severity: *severity,
            arch: (lacking.len() < image.file.slices.len()).then_some(*arch),
            ..Finding::new(&RULE, path, format!("{} has no LC_UUID", path.file_name()), message)
        });
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    #[test]
    fn it_is_refused_from_an_sdk_on_that_is_later_for_executables() {
        let with = |kind: &str| {
            let app = format!(
                "Contents/Info.plist plist\n  key CFBundleExecutable App\nContents/MacOS/App {kind}\n  use /usr/lib/libSystem.B.dylib\n"
            );
            shown(&found_in(&app, RULE.id))
        };
        assert_eq!(with("dylib sdk=12.0 uuid=none"), ["error Contents/MacOS/App: App has no LC_UUID"]);
        assert_eq!(with("dylib sdk=11.0 uuid=none"), ["warning Contents/MacOS/App: App has no LC_UUID"]);
        assert_eq!(with("execute sdk=15.0 uuid=none"), ["warning Contents/MacOS/App: App has no LC_UUID"]);
        assert_eq!(with("execute sdk=26.0 uuid=none"), ["error Contents/MacOS/App: App has no LC_UUID"]);
        assert_eq!(with("execute sdk=26.0"), [] as [&str; 0]);
        assert_eq!(with("execute i386 sdk=0.0"), [] as [&str; 0], "code that nothing starts");
    }
}
