//! A library with a lower compatibility version than its user asks for.

use super::Rule;
use crate::diagnose::loaded::declared_minimum;
use crate::diagnose::references::hits;
use crate::diagnose::wording::leaf;
use crate::diagnose::{Facts, Finding, Reference, Severity};
use crate::dyld::Resolution;
use crate::macho::PackedVersion;

pub static RULE: Rule = Rule {
    id: "compatibility-version",
    title: "A library is older than its user asks for",
    severity: Severity::Error,
    doc: include_str!("compatibility_version.md"),
    check,
};

/// The first macOS whose dyld does not look at compatibility versions.
const FIRST_WITHOUT: PackedVersion = PackedVersion::new(12, 0, 0);

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    hits(facts.build, |reference| versions(facts, reference).is_some())
        .iter()
        .filter_map(|hit| {
            let (asked, has) = versions(facts, &hit.first)?;
            let target = hit.first.dependency.resolution.image()?;
            let arch = hit.first.launch.arch;
            let checked = declared_minimum(facts.bundle, arch).is_some_and(|minimum| minimum < FIRST_WITHOUT);
            let title = format!("{} {has} is older than {asked}, which {} asks for", leaf(hit.name()), hit.user().file_name());
            let meaning = if checked {
                "dyld of macOS 11 and earlier, on which the app may start, refuses it."
            } else {
                "dyld does not check this since macOS 12, but functions may be missing."
            };
            let message = format!(
                "{} asks for {} in compatibility version {asked}, and {target} has {has}. {meaning} Ship the library that it was linked against, or a newer one.",
                hit.user(),
                hit.name()
            );
            let finding = hit.finding(&RULE, facts, title, message);
            let severity = if checked { finding.severity } else { Severity::Info };
            Some(Finding { severity, ..finding })
        })
        .collect()
}

/// What is asked for and what is there, when that is less.
fn versions(facts: &Facts<'_>, reference: &Reference<'_>) -> Option<(PackedVersion, PackedVersion)> {
    let Resolution::Bundled(target) = &reference.dependency.resolution else { return None };
    let slice = |path| facts.bundle.image(path)?.file.slice(reference.launch.arch);
    let name = &reference.dependency.name;
    let asked = slice(reference.user)?.uses.iter().find(|one| one.name == *name)?.compatibility;
    let has = slice(target)?.compatibility?;
    (has < asked).then_some((asked, has))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    fn app(keys: &str, asked: &str) -> String {
        format!(
            "Contents/Info.plist plist\n  key CFBundleExecutable App\n{keys}Contents/MacOS/App execute x86_64\n  use @rpath/liba.dylib\n  needs {asked}\n  rpath @executable_path/../Frameworks\nContents/Frameworks/liba.dylib dylib x86_64\n  id @rpath/liba.dylib\n  compatibility 2.0\n  use /usr/lib/libSystem.B.dylib\n"
        )
    }

    #[test]
    fn only_an_app_for_macos_11_meets_the_check() {
        let title = "Contents/MacOS/App: liba.dylib 2.0 is older than 3.0, which App asks for";
        assert_eq!(
            shown(&found_in(&app("  key LSMinimumSystemVersion 10.15\n", "3.0"), RULE.id)),
            [format!("error {title}")]
        );
        assert_eq!(
            shown(&found_in(&app("  key LSMinimumSystemVersion 12.0\n", "3.0"), RULE.id)),
            [format!("info {title}")]
        );
        assert_eq!(
            shown(&found_in(&app("  key LSMinimumSystemVersion 10.15\n", "2.0"), RULE.id)),
            [] as [&str; 0]
        );
    }
}
