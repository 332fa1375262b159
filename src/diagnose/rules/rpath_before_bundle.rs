//! An rpath of a package manager is tried before the bundle's own.

use std::collections::{BTreeMap, BTreeSet};

use super::Rule;
use crate::bundle::ImageId;
use crate::diagnose::references::references;
use crate::diagnose::wording::{each_rpath, listed};
use crate::diagnose::{Facts, Finding, Remedy, Severity};
use crate::dyld::{Outcome, Resolution, SearchRule};
use crate::macho::Rpath;
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "rpath-before-bundle",
    title: "An rpath of a package manager is tried before the bundle's own",
    severity: Severity::Warning,
    doc: include_str!("rpath_before_bundle.md"),
    check,
};

/// Folders that many Macs have.
const COMMON: [&str; 6] = [
    "/usr/local/lib/",
    "/usr/local/opt/",
    "/usr/local/Cellar/",
    "/opt/homebrew/",
    "/opt/local/",
    "/Library/Frameworks/",
];

/// The names looked for through each such rpath before the bundle is.
type Leaks<'a> = BTreeMap<(&'a BundlePath, &'a Rpath), BTreeSet<&'a str>>;

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    leaks(facts).into_iter().map(|((image, rpath), names)| finding(image, rpath, &names)).collect()
}

/// What the clean Mac's search passes by on its way to the bundle's own file.
pub fn leaks<'a>(facts: &Facts<'a>) -> Leaks<'a> {
    let mut leaks = Leaks::new();
    if !each_rpath(facts.bundle).into_iter().any(|(_, rpath)| is_common(rpath)) {
        return leaks;
    }
    let found = references(facts.clean)
        .filter(|reference| matches!(reference.dependency.resolution, Resolution::Bundled(_)));
    for reference in found {
        let before =
            reference.dependency.candidates.iter().take_while(|one| one.outcome == Outcome::NoSuchFile);
        for candidate in before.filter(|one| one.rule == SearchRule::Rpath) {
            if let (Some(ImageId::Bundled(image)), Some(rpath)) = (&candidate.declared_by, &candidate.rpath)
                && is_common(rpath)
            {
                leaks.entry((image, rpath)).or_default().insert(reference.dependency.name.leaf());
            }
        }
    }
    leaks
}

fn is_common(rpath: &Rpath) -> bool {
    let text = rpath.as_str().trim_end_matches('/');
    COMMON.iter().any(|common| text.starts_with(common) || Some(text) == common.strip_suffix('/'))
}

fn finding(image: &BundlePath, rpath: &Rpath, names: &BTreeSet<&str>) -> Finding {
    let title = format!("Rpath {rpath} comes before the bundle's own");
    let message = format!(
        "Because of the LC_RPATH {rpath} of {image}, dyld looks there for {} before it comes to the bundle's own copy: a Mac with another version in that folder loads that one. Delete the rpath.",
        listed(names.iter())
    );
    let remedy = Some(Remedy::DeleteRpath { image: image.clone(), rpath: rpath.clone() });
    Finding { remedy, ..Finding::new(&RULE, image, title, message) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};
    use crate::diagnose::rules::rpath_outside_bundle;

    fn with_rpaths(rpaths: [&str; 2]) -> String {
        format!(
            "Contents/Info.plist plist\n  key CFBundleExecutable App\n\
             Contents/MacOS/App execute\n  rpath {}\n  rpath {}\n  use @rpath/libink.dylib\n\
             Contents/Frameworks/libink.dylib dylib\n  id @rpath/libink.dylib\n",
            rpaths[0], rpaths[1]
        )
    }

    #[test]
    fn homebrews_folder_in_front_is_named_once_and_can_go() {
        let app = with_rpaths(["/opt/homebrew/lib", "@executable_path/../Frameworks"]);
        let findings = found_in(&app, RULE.id);
        assert_eq!(
            shown(&findings),
            ["warning Contents/MacOS/App: Rpath /opt/homebrew/lib comes before the bundle's own"]
        );
        assert!(findings[0].message.contains("for libink.dylib before"), "{}", findings[0].message);
        assert!(matches!(findings[0].remedy, Some(Remedy::DeleteRpath { .. })));
        assert_eq!(found_in(&app, rpath_outside_bundle::RULE.id), []);
    }

    #[test]
    fn behind_the_bundles_own_or_in_a_folder_that_nobody_has_it_takes_nothing() {
        let behind = with_rpaths(["@executable_path/../Frameworks", "/opt/homebrew/lib"]);
        assert_eq!(found_in(&behind, RULE.id), []);
        assert_eq!(found_in(&behind, rpath_outside_bundle::RULE.id).len(), 1);
        for private in ["/Users/builder/lib", "/usr/local/libclang-6.0/lib"] {
            let app = with_rpaths([private, "@executable_path/../Frameworks"]);
            assert_eq!(found_in(&app, RULE.id), []);
            assert_eq!(found_in(&app, rpath_outside_bundle::RULE.id).len(), 1);
        }
    }
}
