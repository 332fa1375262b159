//! A library that macOS no longer has.

use super::Rule;
use crate::bundle::ImageId;
use crate::diagnose::references::{Hit, counterpart, hits};
use crate::diagnose::wording::leaf;
use crate::diagnose::{Facts, Finding, Severity};
use crate::dyld::{Resolution, system};

pub static RULE: Rule = Rule {
    id: "system-library-removed",
    title: "A library that macOS no longer has",
    severity: Severity::Error,
    doc: include_str!("system_library_removed.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let gone = hits(facts.clean, |reference| {
        let dependency = reference.dependency;
        dependency.resolution == Resolution::Missing && system::gone(dependency.name.as_str()).is_some()
    });
    gone.iter().filter_map(|hit| finding(facts, hit)).collect()
}

fn finding(facts: &Facts<'_>, hit: &Hit<'_>) -> Option<Finding> {
    let (user, name) = (hit.user(), hit.name());
    let since = system::Shown(system::gone(name.as_str())?);
    let target = counterpart(facts.bundle, user, name, hit.first.launch.arch);
    let consequence = match hit.first.dependency.needed {
        true => "dyld stops the launch there",
        false => "it is not needed, so the launch goes on without it",
    };
    let advice = match &target {
        Some(target) => {
            format!("The bundle has {target}: point the reference at it if it is the same version.")
        }
        None => {
            "Bring a library of your own into the bundle and link against it, or drop what needs it.".into()
        }
    };
    let title = format!("{} is gone since macOS {since}", leaf(name));
    let message =
        format!("{user} asks for {name}, which macOS has not had since {since}; {consequence}. {advice}");
    Some(Finding {
        related: target.iter().cloned().map(ImageId::Bundled).collect(),
        remedy: target.map(|target| hit.repoint(target)),
        ..hit.finding(&RULE, facts, title, message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_with, shown};
    use crate::diagnose::rules::missing_library;
    use crate::macho::sample::Sample;
    use crate::macho::{Arch, LoadKind};

    const PYTHON: &str = "/System/Library/Frameworks/Python.framework/Versions/2.7/Python";

    fn library(kind: LoadKind, name: &str) -> Vec<u8> {
        let install_name = Some("@rpath/libold.dylib".into());
        Sample { uses: vec![(kind, name.to_owned())], install_name, ..Sample::new(Arch::ARM64) }.build()
    }

    #[test]
    fn the_systems_python_is_gone_and_that_is_said_once() {
        let code = library(LoadKind::Required, PYTHON);
        let findings = found_with(RULE.id, "libold.dylib", &code);
        assert_eq!(
            shown(&findings),
            ["error Contents/Frameworks/libold.dylib: Python is gone since macOS 12.3"]
        );
        assert!(findings[0].message.contains("dyld stops the launch there"), "{}", findings[0].message);
        assert_eq!(shown(&found_with(missing_library::RULE.id, "libold.dylib", &code)), [] as [String; 0]);
    }

    #[test]
    fn a_weak_reference_may_stay_and_what_is_there_is_no_fault() {
        let findings = found_with(RULE.id, "libold.dylib", &library(LoadKind::Weak, PYTHON));
        assert_eq!(findings[0].severity, Severity::Info);
        let there = library(LoadKind::Required, "/usr/lib/system/liblaunch.dylib");
        assert!(
            found_with(RULE.id, "libold.dylib", &there).is_empty(),
            "left libSystem, not known to be gone"
        );
    }
}
