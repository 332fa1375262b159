//! A reference spells out where the bundle stood.

use super::Rule;
use crate::bundle::ImageId;
use crate::diagnose::names::NameFault;
use crate::diagnose::references::Hit;
use crate::diagnose::wording::leaf;
use crate::diagnose::{Facts, Finding, Severity};
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "absolute-path-into-bundle",
    title: "A reference spells out where the bundle stood",
    severity: Severity::Error,
    doc: include_str!("absolute_path_into_bundle.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let found = facts.name_faults(|fault| match fault {
        NameFault::IntoBundle(target) => Some(target.clone()),
        _ => None,
    });
    found.into_iter().map(|(hit, target)| finding(facts, &hit, target)).collect()
}

fn finding(facts: &Facts<'_>, hit: &Hit<'_>, target: BundlePath) -> Finding {
    let (user, name) = (hit.user(), hit.name());
    let usual = name.as_str().starts_with(&format!("/Applications/{}/", facts.bundle.name));
    let when = match usual {
        true => "it is found only while the app stands in /Applications under this name",
        false => "it is found only where the bundle was built",
    };
    let title = format!("{} is asked for by an absolute path", leaf(name));
    let message = format!(
        "{user} asks for {name}, which means {target} of the bundle itself: {when}. Point the reference at {target} with @rpath or @loader_path."
    );
    let finding = hit.finding(&RULE, facts, title, message);
    Finding {
        severity: if usual { finding.severity.max(Severity::Warning) } else { finding.severity },
        related: vec![ImageId::Bundled(target.clone())],
        remedy: Some(hit.repoint(target)),
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
    fn a_path_of_the_build_folder_breaks_and_one_of_applications_may() {
        let built = asks_for("/Users/builder/out/App.app/Contents/Frameworks/libink.dylib");
        let title = "Contents/MacOS/App: libink.dylib is asked for by an absolute path";
        assert_eq!(shown(&built), [format!("error {title}")]);
        assert!(built[0].remedy.is_some() && built[0].message.contains("where the bundle was built"));
        let usual = asks_for("/Applications/App.app/Contents/MacOS/../Frameworks/libink.dylib");
        assert_eq!(shown(&usual), [format!("warning {title}")]);
    }

    #[test]
    fn a_path_that_means_no_file_of_the_bundle_is_another_fault() {
        assert_eq!(
            shown(&asks_for("/Users/builder/out/App.app/Contents/Frameworks/libpaint.dylib")).len(),
            0
        );
        assert_eq!(shown(&asks_for("@executable_path/../Frameworks/libink.dylib")).len(), 0);
    }
}
