//! A file that dyld's validation refuses.

use super::Rule;
use crate::bundle::Image;
use crate::diagnose::{Facts, Finding, Severity};
use crate::dyld::format::{Enforced, Role, enforced};
use crate::macho::format::FormatFault;
use crate::macho::{FileType, Slice};
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "strict-format",
    title: "A file breaks a rule of dyld's format check",
    severity: Severity::Error,
    doc: include_str!("strict_format.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    facts.bundle.images.iter().flat_map(|(path, image)| of_image(path, image)).collect()
}

/// What other rules say in their own words: names, references and UUIDs.
fn has_its_own_rule(fault: &FormatFault) -> bool {
    use FormatFault as F;
    matches!(
        fault,
        F::MissingUuid
            | F::MissingId
            | F::IdInNonDylib
            | F::DuplicateDylib(_)
            | F::NoDylib
            | F::DuplicateRpath(_)
    )
}

/// The faults of a slice that a Mac of today may start; none for what dyld never loads.
pub(super) fn faults_of(slice: &Slice) -> Vec<Enforced> {
    let role = match slice.file_type {
        FileType::Execute => Role::Main,
        FileType::Dylib | FileType::Bundle => Role::Library,
        _ => return Vec::new(),
    };
    if super::extra_architecture::is_extra(slice.arch) { Vec::new() } else { enforced(slice, role) }
}

/// One finding for each fault, whichever slices have it.
fn of_image(path: &BundlePath, image: &Image) -> Vec<Finding> {
    let mut seen: Vec<(String, Finding)> = Vec::new();
    for slice in &image.file.slices {
        for one in faults_of(slice).into_iter().filter(|one| !has_its_own_rule(&one.fault)) {
            let text = one.fault.to_string();
            match seen.iter_mut().find(|(known, _)| *known == text) {
                Some((_, known)) => known.arch = None,
                None => seen.push((text, finding(path, image, slice, &one))),
            }
        }
    }
    seen.into_iter().map(|(_, finding)| finding).collect()
}

fn finding(path: &BundlePath, image: &Image, slice: &Slice, one: &Enforced) -> Finding {
    let (fault, arch) = (&one.fault, slice.arch);
    let (severity, when) = when(one);
    let message = format!(
        "The {arch} slice of {path} has a fault that dyld words as \"{fault}\". {when} Link it again, or use another build of it."
    );
    Finding {
        severity,
        arch: (image.file.slices.len() > 1).then_some(arch),
        ..Finding::new(&RULE, path, format!("{}: {fault}", path.file_name()), message)
    }
}

/// How bad it is, and a sentence that says from when on.
pub(super) fn when(one: &Enforced) -> (Severity, String) {
    match (one.refused_on, one.from_sdk) {
        (Some(os), _) => {
            (Severity::Error, format!("dyld of macOS {} and later refuses the file.", os.name()))
        }
        (None, Some(sdk)) => (
            Severity::Warning,
            format!("dyld of macOS 26 refuses it once it is linked against the macOS {sdk} SDK or later."),
        ),
        (None, None) => (Severity::Error, "dyld refuses the file.".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    fn found(main: &str) -> Vec<Finding> {
        let app =
            format!("Contents/Info.plist plist\n  key CFBundleExecutable App\nContents/MacOS/App {main}\n");
        found_in(&app, RULE.id)
    }

    #[test]
    fn a_segment_with_other_permissions_is_refused_from_an_sdk_on() {
        let title = "Contents/MacOS/App: App: __LINKEDIT segment permissions is not 'r--'";
        let error = found("dylib sdk=15.0 permissions=linkedit");
        assert_eq!(shown(&error), [format!("error {title}")]);
        assert!(
            error[0].message.contains("dyld of macOS 15.4 and later refuses the file."),
            "{}",
            error[0].message
        );
        let warning = found("execute sdk=15.0 permissions=linkedit");
        assert_eq!(shown(&warning), [format!("warning {title}")]);
        assert!(warning[0].message.contains("linked against the macOS 26.0 SDK or later"));
    }

    #[test]
    fn both_slices_with_one_fault_are_one_finding() {
        let findings = found("execute arm64 x86_64 sdk=26.0 permissions=text");
        assert_eq!(
            shown(&findings),
            ["error Contents/MacOS/App: App: __TEXT segment permissions is not 'r-x'"]
        );
        assert_eq!(findings[0].arch, None);
    }

    #[test]
    fn what_dyld_takes_and_what_other_rules_say_is_not_said() {
        let twice =
            "execute sdk=26.0\n  use @rpath/liba.dylib\n  use @rpath/liba.dylib\n  rpath a\n  rpath a";
        assert_eq!(shown(&found(twice)), [] as [&str; 0]);
        assert_eq!(
            shown(&found("dylib i386 sdk=15.0 permissions=linkedit")),
            [] as [&str; 0],
            "nothing starts it"
        );
    }
}
