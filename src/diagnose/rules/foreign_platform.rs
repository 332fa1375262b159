//! A file built for another platform than the process that it is loaded into.

use std::collections::BTreeSet;

use super::Rule;
use crate::diagnose::wording::leaf;
use crate::diagnose::{Facts, Finding, Severity, references};
use crate::macho::format::effective_build;
use crate::macho::{FileType, Platform, Slice};

pub static RULE: Rule = Rule {
    id: "foreign-platform",
    title: "A file is built for another platform",
    severity: Severity::Error,
    doc: include_str!("foreign_platform.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let asked_for: BTreeSet<&str> =
        references(facts.build).map(|reference| leaf(&reference.dependency.name)).collect();
    let catalyst =
        facts.bundle.main_executable.as_ref().and_then(|path| facts.bundle.image(path)).is_some_and(
            |image| image.file.slices.iter().any(|slice| platform(slice) == Some(Platform::MAC_CATALYST)),
        );
    let mut findings = Vec::new();
    for (path, image) in &facts.bundle.images {
        let foreign = image.file.slices.iter().find_map(|slice| {
            let runs = matches!(slice.file_type, FileType::Execute | FileType::Dylib | FileType::Bundle);
            let built_for =
                platform(slice).filter(|_| runs && !super::extra_architecture::is_extra(slice.arch))?;
            let fits = built_for == Platform::MACOS || catalyst && built_for == Platform::MAC_CATALYST;
            (!fits).then_some((slice.arch, built_for))
        });
        let Some((arch, built_for)) = foreign else { continue };
        let is_asked_for = asked_for.contains(path.file_name());
        let why = if is_asked_for {
            format!(
                "dyld refuses it in a macOS process: incompatible platform (have '{}', need 'macOS').",
                built_for.dyld_name()
            )
        } else {
            "No load command asks for it; dlopen would fail.".to_owned()
        };
        let message = format!(
            "The {arch} slice of {path} is built for {}. {why} Replace it by its macOS build.",
            built_for.dyld_name()
        );
        findings.push(Finding {
            severity: if is_asked_for { Severity::Error } else { Severity::Warning },
            arch: (image.file.slices.len() > 1).then_some(arch),
            ..Finding::new(
                &RULE,
                path,
                format!("{} is built for {}", path.file_name(), built_for.dyld_name()),
                message,
            )
        });
    }
    findings
}

fn platform(slice: &Slice) -> Option<Platform> {
    effective_build(slice).map(|build| build.platform)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    fn app(main: &str, library: &str, used: &str) -> String {
        format!(
            "Contents/Info.plist plist\n  key CFBundleExecutable App\nContents/MacOS/App execute {main}\n  use {used}\n  rpath @executable_path/../Frameworks\nContents/Frameworks/liba.dylib dylib {library}\n  id @rpath/liba.dylib\n  use /usr/lib/libSystem.B.dylib\n"
        )
    }

    #[test]
    fn a_library_for_the_phone_stops_the_launch() {
        let findings = found_in(&app("platform=1", "platform=2", "@rpath/liba.dylib"), RULE.id);
        assert_eq!(shown(&findings), ["error Contents/Frameworks/liba.dylib: liba.dylib is built for iOS"]);
    }

    #[test]
    fn catalyst_has_its_place_in_a_catalyst_app_only() {
        let in_app = |main| shown(&found_in(&app(main, "platform=6", "@rpath/liba.dylib"), RULE.id));
        assert_eq!(in_app("platform=6"), [] as [&str; 0]);
        assert_eq!(
            in_app("platform=1"),
            ["error Contents/Frameworks/liba.dylib: liba.dylib is built for macCatalyst"]
        );
    }
}
