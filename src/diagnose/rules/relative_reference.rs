//! A library is asked for by a bare or relative name.

use super::Rule;
use crate::bundle::ImageId;
use crate::diagnose::names::NameFault;
use crate::diagnose::references::{Hit, counterpart};
use crate::diagnose::wording::leaf;
use crate::diagnose::{Facts, Finding, Severity};
use crate::dyld::Resolution;

pub static RULE: Rule = Rule {
    id: "relative-reference",
    title: "A library is asked for by a relative path",
    severity: Severity::Error,
    doc: include_str!("relative_reference.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let found = facts.name_faults(|fault| (*fault == NameFault::Relative).then_some(()));
    found.iter().map(|(hit, ())| finding(facts, hit)).collect()
}

fn finding(facts: &Facts<'_>, hit: &Hit<'_>) -> Finding {
    let (user, name) = (hit.user(), hit.name());
    let (now, target) = match &hit.first.dependency.resolution {
        Resolution::Bundled(path) => (
            format!("Only because {path} was loaded earlier under this name is it found"),
            Some(path.clone()),
        ),
        Resolution::System(path) => (format!("Only a fallback for old SDKs finds {path}"), None),
        _ => ("Nothing is there".to_owned(), counterpart(facts.bundle, user, name, hit.first.launch.arch)),
    };
    let advice = match (&target, &hit.first.dependency.resolution) {
        (Some(target), _) => format!("Point the reference at {target}."),
        (None, Resolution::System(path)) => format!("Link against {path} by its full name."),
        (None, _) => format!("Add {} to Contents/Frameworks and ask for @rpath/{}.", leaf(name), leaf(name)),
    };
    let title = format!("{} is asked for by a relative path", leaf(name));
    let message = format!(
        "{user} asks for {name}, which dyld looks up from the current folder of the process, / for an app that the Finder starts. {now}. {advice}"
    );
    let finding = hit.finding(&RULE, facts, title, message);
    let missing = hit.first.dependency.resolution == Resolution::Missing;
    Finding {
        severity: if missing { finding.severity } else { finding.severity.max(Severity::Warning) },
        related: target.iter().cloned().map(ImageId::Bundled).collect(),
        remedy: target.map(|target| hit.repoint(target)),
        ..finding
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    fn with(name: &str, library: &str) -> Vec<Finding> {
        let app = format!(
            "Contents/Info.plist plist\n  key CFBundleExecutable App\n\
             Contents/MacOS/App execute\n  rpath @executable_path/../Frameworks\n  use @rpath/libuser.dylib\n\
             Contents/Frameworks/libuser.dylib dylib\n  id @rpath/libuser.dylib\n  use {name}\n{library}"
        );
        found_in(&app, RULE.id)
    }

    const INK: &str = "Contents/Frameworks/libink.dylib dylib\n  id libink.dylib\n";

    #[test]
    fn a_bare_name_is_found_nowhere_and_the_bundles_own_is_offered() {
        let findings = with("libink.dylib", INK);
        assert_eq!(
            shown(&findings),
            ["error Contents/Frameworks/libuser.dylib: libink.dylib is asked for by a relative path"]
        );
        assert!(findings[0].remedy.is_some(), "{}", findings[0].message);
        let none = with("lib/libink.dylib", "");
        assert!(none[0].remedy.is_none() && none[0].message.ends_with("ask for @rpath/libink.dylib."));
    }

    #[test]
    fn what_dyld_accepts_is_a_warning() {
        let app = "Contents/Info.plist plist\n  key CFBundleExecutable App\n\
            Contents/MacOS/App execute sdk=13.0\n  use libz.1.dylib\n";
        let findings = found_in(app, RULE.id);
        assert_eq!(findings[0].severity, Severity::Warning);
        assert!(findings[0].message.contains("/usr/lib/libz.1.dylib by its full name"));
    }

    #[test]
    fn names_with_a_place_are_not_relative() {
        assert_eq!(shown(&with("@loader_path/libink.dylib", INK)).len(), 0);
        assert_eq!(shown(&with("/usr/lib/libz.1.dylib", INK)).len(), 0);
    }
}
