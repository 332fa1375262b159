//! An rpath of the build machine.

use super::{Rule, rpath_before_bundle};
use crate::bundle::Bundle;
use crate::diagnose::Remedy;
use crate::diagnose::{Facts, Finding, Severity};
use crate::macho::Rpath;
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "rpath-outside-bundle",
    title: "An rpath of the build machine",
    severity: Severity::Warning,
    doc: include_str!("rpath_outside_bundle.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let said = rpath_before_bundle::leaks(facts);
    let mut findings = Vec::new();
    for (path, image) in &facts.bundle.images {
        for slice in &image.file.slices {
            let outside = slice.rpaths.iter().filter(|rpath| leads_outside(facts.bundle, path, rpath));
            for rpath in outside.filter(|rpath| !said.contains_key(&(path, *rpath))) {
                let title = format!("Rpath {rpath} leads out of the bundle");
                let message = format!(
                    "{path} has the LC_RPATH {rpath}, a place that only the build machine has. Delete it once nothing is found through it."
                );
                let remedy = Some(Remedy::DeleteRpath { image: path.clone(), rpath: rpath.clone() });
                let finding = Finding { remedy, ..Finding::new(&RULE, path, title, message) };
                if !findings.contains(&finding) {
                    findings.push(finding);
                }
            }
        }
    }
    findings
}

/// Whether `rpath` of `image` names a folder that is neither the bundle's nor macOS's. `@executable_path` is the folder
/// of the process's executable: any entry point that may load the image is accepted.
fn leads_outside(bundle: &Bundle, image: &BundlePath, rpath: &Rpath) -> bool {
    let text = rpath.as_str();
    let stays = |from: &BundlePath, tail: &str| {
        from.parent().is_some_and(|folder| folder.resolve(tail.trim_start_matches('/')).is_some())
    };
    if let Some(tail) = text.strip_prefix("@loader_path") {
        !stays(image, tail)
    } else if let Some(tail) = text.strip_prefix("@executable_path") {
        !bundle.entries.iter().any(|entry| stays(&entry.image, tail))
    } else {
        text.starts_with('/') && !text.starts_with("/usr/lib/") && !text.starts_with("/System/")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found, shown};

    #[test]
    fn a_folder_of_the_build_machine_is_named() {
        assert_eq!(
            shown(&found("sample", "Postcard", RULE.id)),
            [
                "warning Contents/MacOS/write-postcard: Rpath /Users/builder/CraftRoot/lib leads out of the bundle"
            ]
        );
    }

    #[test]
    fn rpaths_that_stay_in_the_bundle_are_fine_whoever_declares_them() {
        for app in ["many-executables", "duplicate-rpath", "fat64"] {
            assert_eq!(shown(&found("faults", app, RULE.id)), [] as [String; 0], "{app}");
        }
    }
}
