//! The same LC_RPATH twice.

use super::Rule;
use super::strict_format::{faults_of, when};
use crate::diagnose::{Facts, Finding, Severity};
use std::collections::BTreeMap;

use crate::diagnose::Remedy;
use crate::macho::Slice;
use crate::macho::format::FormatFault;

pub static RULE: Rule = Rule {
    id: "duplicate-rpath",
    title: "The same LC_RPATH twice",
    severity: Severity::Error,
    doc: include_str!("duplicate_rpath.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, image) in &facts.bundle.images {
        for slice in &image.file.slices {
            let mut counts = BTreeMap::new();
            slice.rpaths.iter().for_each(|rpath| *counts.entry(rpath).or_insert(0) += 1);
            for (rpath, count) in counts.into_iter().filter(|(_, count)| *count > 1) {
                let title = format!("LC_RPATH {rpath} stands there {count} times");
                let message = format!(
                    "The {} slice of {path} has the LC_RPATH {rpath} {count} times, which dyld of macOS 15.4 and later refuses for new SDKs. Delete all but the first.",
                    slice.arch
                );
                findings.push(Finding {
                    severity: severity(slice),
                    arch: (image.file.slices.len() > 1).then_some(slice.arch),
                    remedy: Some(Remedy::DeleteRpath { image: path.clone(), rpath: rpath.clone() }),
                    ..Finding::new(&RULE, path, title, message)
                });
            }
        }
    }
    findings
}

/// dyld's own thresholds; what it never loads is no worse than untidy.
fn severity(slice: &Slice) -> Severity {
    let fault = faults_of(slice).into_iter().find(|one| matches!(one.fault, FormatFault::DuplicateRpath(_)));
    fault.map_or(Severity::Warning, |fault| when(&fault).0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found, found_in, shown};

    #[test]
    fn the_second_of_two_equal_rpaths_is_to_go() {
        let findings = found("faults", "duplicate-rpath", RULE.id);
        assert_eq!(
            shown(&findings),
            ["error Contents/Frameworks/libtwice.dylib: LC_RPATH @loader_path/sub stands there 2 times"]
        );
    }

    #[test]
    fn an_sdk_that_dyld_does_not_hold_to_it_yet_makes_it_a_warning() {
        let with_sdk = |sdk: &str| {
            let app = format!(
                "Contents/Info.plist plist\n  key CFBundleExecutable App\nContents/MacOS/App execute sdk={sdk}\n  rpath @executable_path\n  rpath @executable_path\n"
            );
            found_in(&app, RULE.id)[0].severity
        };
        assert_eq!(
            ["14.0", "15.4", "0.0", "26.0"].map(with_sdk),
            [Severity::Warning, Severity::Warning, Severity::Error, Severity::Error]
        );
    }

    #[test]
    fn different_rpaths_are_no_fault() {
        assert_eq!(shown(&found("sample", "Postcard", RULE.id)), [] as [String; 0]);
    }
}
