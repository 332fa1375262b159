//! A reference leaves the bundle by `..`.

use super::Rule;
use crate::bundle::ImageId;
use crate::diagnose::names::NameFault;
use crate::diagnose::references::{Hit, counterpart};
use crate::diagnose::wording::leaf;
use crate::diagnose::{Facts, Finding, Severity};
use crate::dyld::Resolution;
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "reference-escapes-bundle",
    title: "A reference leaves the bundle by ..",
    severity: Severity::Error,
    doc: include_str!("reference_escapes_bundle.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let found = facts.name_faults(|fault| match fault {
        NameFault::Escapes(back) => Some(back.clone()),
        _ => None,
    });
    found.into_iter().map(|(hit, back)| finding(facts, &hit, back)).collect()
}

fn finding(facts: &Facts<'_>, hit: &Hit<'_>, back: Option<BundlePath>) -> Finding {
    let (user, name) = (hit.user(), hit.name());
    let found = match &hit.first.dependency.resolution {
        Resolution::Bundled(path) => Some(path.clone()),
        _ => back,
    };
    let what = match &found {
        Some(path) => format!("comes back to {path} only while the bundle keeps its name and place"),
        None => "ends beside the bundle, where another Mac has nothing".to_owned(),
    };
    let target = found.or_else(|| counterpart(facts.bundle, user, name, hit.first.launch.arch));
    let advice = match &target {
        Some(target) => format!("Point the reference at {target}."),
        None => format!("Add {} to Contents/Frameworks and ask for @rpath/{}.", leaf(name), leaf(name)),
    };
    let title = format!("The reference to {} leaves the bundle", leaf(name));
    let message = format!("{user} asks for {name}, which leaves the bundle by .. and {what}. {advice}");
    let finding = hit.finding(&RULE, facts, title, message);
    // A name that comes back by the bundle's own name is found in /Applications too.
    let renamed_only = name.as_str().contains(&format!("../{}/", facts.bundle.name))
        && hit.first.dependency.resolution != Resolution::Missing;
    Finding {
        severity: if renamed_only { finding.severity.max(Severity::Warning) } else { finding.severity },
        related: target.iter().cloned().map(ImageId::Bundled).collect(),
        remedy: target.map(|target| hit.repoint(target)),
        ..finding
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    fn asks_for(name: &str) -> Vec<Finding> {
        let app = format!(
            "Contents/Info.plist plist\n  key CFBundleExecutable App\n\
             Contents/MacOS/App execute\n  use {name}\n\
             Contents/Frameworks/libink.dylib dylib\n  id @rpath/libink.dylib\n"
        );
        found_in(&app, RULE.id)
    }

    #[test]
    fn a_library_beside_the_bundle_is_missing_elsewhere() {
        let findings = asks_for("@executable_path/../../../lib/libink.dylib");
        assert_eq!(
            shown(&findings),
            ["error Contents/MacOS/App: The reference to libink.dylib leaves the bundle"]
        );
        assert!(findings[0].remedy.is_some() && findings[0].message.contains("ends beside the bundle"));
    }

    #[test]
    fn one_that_comes_back_by_the_bundles_name_works_until_it_is_renamed() {
        let findings = asks_for("@loader_path/../../../App.app/Contents/Frameworks/libink.dylib");
        assert_eq!(findings[0].severity, Severity::Warning);
        assert!(findings[0].message.contains("comes back to Contents/Frameworks/libink.dylib"));
    }

    #[test]
    fn dots_that_stay_inside_are_fine() {
        assert_eq!(shown(&asks_for("@executable_path/../../Contents/Frameworks/libink.dylib")).len(), 0);
        assert_eq!(shown(&asks_for("@rpath/../../../../libink.dylib")).len(), 0);
    }
}
