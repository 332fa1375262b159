//! Code that is newer than the macOS which Info.plist promises.

use std::collections::{BTreeMap, BTreeSet};

use super::Rule;
use crate::diagnose::loaded::{about_all, counted, declared_minimum, listed};
use crate::diagnose::{Facts, Finding, Remedy, Severity};
use crate::macho::format::effective_build;
use crate::macho::{Arch, PackedVersion, Platform, Slice};
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "minimum-system-too-low",
    title: "Info.plist promises an older macOS than the code needs",
    severity: Severity::Warning,
    doc: include_str!("minimum_system_too_low.md"),
    check,
};

/// The macOS that a slice was built for.
pub(super) fn minimum(slice: &Slice) -> Option<PackedVersion> {
    effective_build(slice).filter(|build| build.platform == Platform::MACOS).map(|build| build.min_os)
}

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let mut newer: BTreeMap<Arch, BTreeMap<BundlePath, PackedVersion>> = BTreeMap::new();
    for process in facts.processes() {
        let arch = process.slice.arch;
        let Some(promised) = declared_minimum(facts.bundle, arch) else { continue };
        let images = process.libraries.iter().chain([(&process.executable, &process.slice)]);
        let needing = images.filter_map(|(path, slice)| Some((path.clone(), minimum(slice)?)));
        newer.entry(arch).or_default().extend(needing.filter(|(_, needed)| *needed > promised));
    }
    let needed = newer.values().flat_map(|files| files.values()).max().copied();
    let remedy = needed.and_then(|needed| remedy(facts, needed));
    let findings = newer.iter().filter_map(|(arch, files)| finding(facts, *arch, files));
    findings.map(|finding| Finding { remedy: remedy.clone(), ..finding }).collect()
}

/// What every file needs is promised. Where the promise differs by architecture, a person decides.
fn remedy(facts: &Facts<'_>, needed: PackedVersion) -> Option<Remedy> {
    let key = "LSMinimumSystemVersion";
    let info = facts.bundle.info.as_ref()?;
    let by_arch = info.value.as_dictionary()?.contains_key("LSMinimumSystemVersionByArchitecture");
    let plist = BundlePath::root().join("Contents/Info.plist");
    let plain = !by_arch && info.string(key).is_some();
    plain.then(|| Remedy::SetInfo { plist, key, value: needed.to_string() })
}

fn finding(facts: &Facts<'_>, arch: Arch, files: &BTreeMap<BundlePath, PackedVersion>) -> Option<Finding> {
    let (promised, needed) = (declared_minimum(facts.bundle, arch)?, files.values().max()?);
    let worst: BTreeSet<BundlePath> =
        files.iter().filter(|(_, version)| *version == needed).map(|(path, _)| path.clone()).collect();
    let title = format!(
        "{} for {arch} {} macOS {needed}, Info.plist says {promised}",
        counted(files.len()),
        if files.len() == 1 { "needs" } else { "need" }
    );
    let message = format!(
        "LSMinimumSystemVersion lets {arch} code start on macOS {promised}, but {} {} built for {needed}. Raise LSMinimumSystemVersion to {needed}, or build them for {promised}.",
        listed(&worst),
        if worst.len() == 1 { "is" } else { "are" }
    );
    let finding = about_all(&RULE, &worst, title, message)?;
    Some(Finding { arch: Some(arch), ..finding })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    fn app(promised: &str, archs: &str, needs: &str) -> String {
        format!(
            "Contents/Info.plist plist\n  key CFBundleExecutable App\n{promised}Contents/MacOS/App execute {archs} minos=10.13\n  use @rpath/liba.dylib\n  rpath @executable_path/../Frameworks\nContents/Frameworks/liba.dylib dylib {archs} minos={needs}\n  id @rpath/liba.dylib\n  use /usr/lib/libSystem.B.dylib\nContents/Frameworks/libunused.dylib dylib {archs} minos=10.9\n"
        )
    }

    #[test]
    fn the_newest_of_the_loaded_files_decides() {
        let findings = found_in(&app("  key LSMinimumSystemVersion 10.13\n", "x86_64", "14.0"), RULE.id);
        assert_eq!(
            shown(&findings),
            [
                "warning Contents/Frameworks/liba.dylib: 1 file for x86_64 needs macOS 14.0, Info.plist says 10.13"
            ]
        );
        assert!(
            findings[0].message.ends_with("Raise LSMinimumSystemVersion to 14.0, or build them for 10.13.")
        );
    }

    #[test]
    fn arm64_starts_at_11_and_an_architecture_may_have_its_own_minimum() {
        let plain = "  key LSMinimumSystemVersion 10.13\n";
        assert_eq!(shown(&found_in(&app(plain, "arm64", "11.0"), RULE.id)), [] as [&str; 0]);
        let own = format!(
            "{plain}  key LSMinimumSystemVersionByArchitecture <dict><key>arm64</key><string>12.0</string></dict>\n"
        );
        assert_eq!(shown(&found_in(&app(&own, "arm64", "12.0"), RULE.id)), [] as [&str; 0]);
        assert_eq!(found_in(&app(&own, "arm64 x86_64", "12.0"), RULE.id).len(), 1);
        assert_eq!(
            shown(&found_in(&app("", "x86_64", "14.0"), RULE.id)),
            [] as [&str; 0],
            "nothing is promised"
        );
    }
}
