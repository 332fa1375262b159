//! A library without an install name, or something else with one.

use super::Rule;
use crate::diagnose::{Facts, Finding, Severity};
use crate::macho::{FileType, Slice};
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "install-name-missing",
    title: "A library without an install name, or another file with one",
    severity: Severity::Error,
    doc: include_str!("install_name_missing.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, image) in &facts.bundle.images {
        let slices = &image.file.slices;
        let wrong: Vec<&Slice> = slices.iter().filter(|slice| is_wrong(slice)).collect();
        if let [first, ..] = wrong[..] {
            let arch = (wrong.len() < slices.len()).then_some(first.arch);
            findings.push(Finding { arch, ..finding(path, first) });
        }
    }
    findings
}

/// Only a library has an LC_ID_DYLIB, and every library has one.
fn is_wrong(slice: &Slice) -> bool {
    match slice.file_type {
        FileType::Dylib => slice.install_name.is_none(),
        FileType::Bundle | FileType::Execute => slice.install_name.is_some(),
        _ => false,
    }
}

fn finding(path: &BundlePath, slice: &Slice) -> Finding {
    let name = path.file_name();
    match &slice.install_name {
        None => Finding::new(
            &RULE,
            path,
            format!("{name} has no install name"),
            format!(
                "{path} is a library without LC_ID_DYLIB, which dyld refuses: MH_DYLIB is missing LC_ID_DYLIB. Link it again with -install_name @rpath/{name}."
            ),
        ),
        Some(id) => Finding::new(
            &RULE,
            path,
            format!("{name} has an install name but is no library"),
            format!(
                "{path} has the LC_ID_DYLIB {id} without being a library, which dyld of macOS 15.4 and later refuses: found LC_ID_DYLIB found in non-MH_DYLIB. Link it again without -install_name, or as a library with -dynamiclib."
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found, found_in, shown};

    fn with_plug_in(file: &str) -> Vec<Finding> {
        let app = format!(
            "Contents/Info.plist plist\n  key CFBundleExecutable App\nContents/MacOS/App execute\n\
             Contents/PlugIns/pen.so {file}\n"
        );
        found_in(&app, RULE.id)
    }

    #[test]
    fn a_library_without_and_a_loadable_bundle_with_one_are_refused() {
        let without = with_plug_in("dylib");
        assert_eq!(shown(&without), ["error Contents/PlugIns/pen.so: pen.so has no install name"]);
        assert!(without[0].message.ends_with("-install_name @rpath/pen.so."));
        let with = with_plug_in("bundle\n  id @rpath/pen.so");
        assert_eq!(
            shown(&with),
            ["error Contents/PlugIns/pen.so: pen.so has an install name but is no library"]
        );
    }

    #[test]
    fn libraries_with_and_bundles_without_are_right() {
        assert_eq!(shown(&with_plug_in("dylib\n  id @rpath/pen.so")).len(), 0);
        assert_eq!(shown(&with_plug_in("bundle")).len(), 0);
        assert_eq!(shown(&found("sample", "Postcard", RULE.id)).len(), 0);
    }
}
