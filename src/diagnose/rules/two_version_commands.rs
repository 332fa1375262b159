//! Load commands that disagree about the macOS a slice was built for, or the wrong one of them.

use super::Rule;
use crate::diagnose::{Facts, Finding, Severity};
use crate::macho::{Platform, Slice};

pub static RULE: Rule = Rule {
    id: "two-version-commands",
    title: "Version commands that disagree",
    severity: Severity::Warning,
    doc: include_str!("two_version_commands.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, image) in &facts.bundle.images {
        let fault = image.file.slices.iter().find_map(|slice| Some((slice.arch, fault(slice)?)));
        if let Some((arch, what)) = fault {
            let title = format!("{}: {what}", path.file_name());
            let message = format!(
                "In the {arch} slice of {path} {what}. Keep one LC_BUILD_VERSION (vtool -remove-version-min macos, or -set-build-version with -replace) and sign it again."
            );
            let arch = (image.file.slices.len() > 1).then_some(arch);
            findings.push(Finding { arch, ..Finding::new(&RULE, path, title, message) });
        }
    }
    findings
}

/// A clause. Two platforms are another matter: macOS with Mac Catalyst is right, others dyld refuses.
fn fault(slice: &Slice) -> Option<String> {
    let of_macos: Vec<_> =
        slice.version_commands.iter().filter(|command| command.build.platform == Platform::MACOS).collect();
    if let [first, .., last] = &of_macos[..]
        && first.build != last.build
    {
        let (a, b) = (first.build, last.build);
        return Some(format!(
            "two version commands say macOS {} (SDK {}) and {} (SDK {})",
            a.min_os, a.sdk, b.min_os, b.sdk
        ));
    }
    let only_old = !of_macos.is_empty() && of_macos.iter().all(|command| command.is_minimum);
    (slice.arch.needs_signature() && only_old)
        .then(|| "LC_VERSION_MIN_MACOSX stands in place of LC_BUILD_VERSION".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    #[test]
    fn two_that_agree_are_fine() {
        let with = |main: &str| {
            let app = format!(
                "Contents/Info.plist plist\n  key CFBundleExecutable App\nContents/MacOS/App execute {main}\n"
            );
            shown(&found_in(&app, RULE.id))
        };
        assert_eq!(
            with("sdk=15.0 minos=11.0\n  minimum 10.13"),
            [
                "warning Contents/MacOS/App: App: two version commands say macOS 11.0 (SDK 15.0) and 10.13 (SDK 10.13)"
            ]
        );
        assert_eq!(with("sdk=11.0 minos=11.0\n  minimum 11.0"), [] as [&str; 0]);
        assert_eq!(with("sdk=11.0"), [] as [&str; 0]);
    }

    #[test]
    fn arm64_code_wants_the_newer_command() {
        let version = |is_minimum| crate::macho::VersionCommand {
            is_minimum,
            build: crate::macho::BuildVersion {
                platform: Platform::MACOS,
                min_os: crate::macho::PackedVersion::new(11, 0, 0),
                sdk: crate::macho::PackedVersion::new(11, 0, 0),
            },
        };
        let bytes = crate::macho::sample::Sample::new(crate::macho::Arch::ARM64).build();
        let slice = crate::macho::read(&bytes).unwrap().slices.remove(0);
        let with =
            |is_minimum| fault(&Slice { version_commands: vec![version(is_minimum)], ..slice.clone() });
        assert_eq!(with(true).as_deref(), Some("LC_VERSION_MIN_MACOSX stands in place of LC_BUILD_VERSION"));
        assert_eq!(with(false), None);
    }
}
