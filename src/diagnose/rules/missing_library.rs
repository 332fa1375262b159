//! A library is not found.

use super::Rule;
use crate::bundle::ImageId;
use crate::diagnose::names::Names;
use crate::diagnose::references::{Hit, counterpart, hits};
use crate::diagnose::wording::{leaf, root_hint};
use crate::diagnose::{Facts, Finding, Severity};
use crate::dyld::{Resolution, system};

pub static RULE: Rule = Rule {
    id: "missing-library",
    title: "A library is not found",
    severity: Severity::Error,
    doc: include_str!("missing_library.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let names = Names::new(facts.bundle);
    let missing = hits(facts.build, |reference| {
        let dependency = reference.dependency;
        dependency.resolution == Resolution::Missing
            && !dependency.has_no_rpath()
            && !dependency.met_wrong_arch()
            && !has_its_own_rule(dependency.name.as_str())
            && names.fault(reference).is_none()
    });
    missing.iter().map(|hit| finding(facts, hit)).chain(only_here(facts)).collect()
}

/// What macOS lost or has not yet, and another libSystem than its own.
fn has_its_own_rule(name: &str) -> bool {
    system::gone(name).is_some() || system::is_system(name) || system::is_other_libsystem(name)
}

/// References that reach the bundle's own files only while it stands where it stands now.
fn only_here(facts: &Facts<'_>) -> Vec<Finding> {
    let lost = hits(facts.clean, |reference| reference.dependency.resolution == Resolution::Missing);
    let names = Names::new(facts.bundle);
    lost.iter()
        .filter_map(|hit| {
            let (user, name) = (hit.user(), hit.name());
            let built = hit.first.at(facts.build)?;
            let Resolution::Bundled(here) = built.dependency.resolution.clone() else { return None };
            if names.fault(&built).is_some() {
                return None;
            }
            let title = format!("{} is found only here", leaf(name));
            let message = format!(
                "{user} asks for {name}, which is {here} only while the bundle stands in this folder; on another Mac it is not found. Point the reference at the bundle's own copy."
            );
            Some(Finding {
                related: vec![ImageId::Bundled(here.clone())],
                remedy: Some(hit.repoint(here)),
                ..hit.finding(&RULE, facts, title, message)
            })
        })
        .collect()
}

fn finding(facts: &Facts<'_>, hit: &Hit<'_>) -> Finding {
    let (name, dependency) = (hit.name(), hit.first.dependency);
    let target = counterpart(facts.bundle, hit.user(), name, hit.first.launch.arch);
    let advice = match (&target, root_hint(name)) {
        (Some(target), _) => format!("The bundle has {target}: point the reference at it."),
        (None, Some(root)) => {
            format!(
                "If {root} of the build machine is here, say where with --root {root}=FOLDER; otherwise add the library to the bundle."
            )
        }
        (None, None) => format!(
            "Add {} to Contents/Frameworks, or map the folder of the build machine that holds it.",
            leaf(name)
        ),
    };
    let tried = dependency.candidates.len();
    let consequence = match dependency.needed {
        true => "dyld stops the launch here",
        false => "it is not needed, so the launch goes on without it",
    };
    let title = format!("{} is not found", leaf(name));
    let message = format!(
        "{} asks for {name}, and none of the {tried} places dyld tries has it; {consequence}. {advice}",
        hit.user()
    );
    Finding { remedy: target.map(|target| hit.repoint(target)), ..hit.finding(&RULE, facts, title, message) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::Remedy;
    use crate::diagnose::case::{found, found_alone, shown};
    use crate::paths::BundlePath;

    #[test]
    fn a_library_that_is_nowhere_is_an_error_a_weak_one_is_not() {
        let lines = shown(&found_alone("sample", "Postcard", RULE.id, |_| ()));
        assert_eq!(
            lines,
            [
                "error Contents/Frameworks/libstamp.1.dylib: libinkwell.2.dylib is not found",
                "error Contents/PlugIns/delivery/libairmail.so: Quill is not found",
                "info Contents/MacOS/write-postcard: libpigment.3.dylib is not found",
            ]
        );
    }

    #[test]
    fn it_says_which_folder_of_the_build_machine_to_map() {
        let findings = found_alone("t1", "T1", RULE.id, |_| ());
        assert!(findings[0].message.contains("--root /opt/homebrew=FOLDER"), "{}", findings[0].message);
    }

    #[test]
    fn one_library_of_the_name_in_the_bundle_is_what_was_meant() {
        let findings = found("faults", "many-executables", RULE.id);
        let target = BundlePath::new("Contents/Frameworks/libshared.dylib").unwrap();
        assert!(
            matches!(&findings[0].remedy, Some(Remedy::Repoint { target: there, .. }) if *there == target)
        );
    }

    #[test]
    fn with_its_folders_mapped_nothing_is_missing() {
        assert_eq!(shown(&found("sample", "Postcard", RULE.id)), [] as [String; 0]);
        assert_eq!(shown(&found("rp", "Rp", RULE.id)), [] as [String; 0]);
    }
}
