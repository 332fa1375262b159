//! Found only because something loaded earlier has the same install name.

use super::Rule;
use crate::bundle::ImageId;
use crate::diagnose::references::Hit;
use crate::diagnose::reuse::Elsewhere;
use crate::diagnose::wording::leaf;
use crate::diagnose::{Facts, Finding, Severity};
use crate::dyld::Resolution;
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "order-dependent",
    title: "Found only because it was loaded earlier",
    severity: Severity::Warning,
    doc: include_str!("order_dependent.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    facts
        .elsewhere(|found| (*found == Elsewhere::Nothing).then_some(()))
        .iter()
        .filter_map(|(hit, ())| match &hit.first.dependency.resolution {
            Resolution::Bundled(target) => Some(finding(facts, hit, target)),
            _ => None,
        })
        .collect()
}

fn finding(facts: &Facts<'_>, hit: &Hit<'_>, target: &BundlePath) -> Finding {
    let (user, name) = (hit.user(), hit.name());
    let title = format!("{} is found only because it was loaded earlier", leaf(name));
    let message = format!(
        "{user} asks for {name}. No place that dyld would try has it; it takes {target}, which something else had loaded before under this install name. Point the reference at {target}."
    );
    Finding {
        related: vec![ImageId::Bundled(target.clone())],
        remedy: Some(hit.repoint(target.clone())),
        ..hit.finding(&RULE, facts, title, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    fn pen_asks_for(name: &str, id: &str) -> Vec<Finding> {
        let app = format!(
            "Contents/Info.plist plist\n  key CFBundleExecutable App\n\
             Contents/MacOS/App execute\n  use @executable_path/../Frameworks/libink.dylib\n  use @executable_path/../Frameworks/libpen.dylib\n\
             Contents/Frameworks/libink.dylib dylib\n  id {id}\n\
             Contents/Frameworks/libpen.dylib dylib\n  id @rpath/libpen.dylib\n  use {name}\n"
        );
        found_in(&app, RULE.id)
    }

    #[test]
    fn an_install_name_that_was_loaded_before_hides_that_there_is_no_way() {
        for name in ["@rpath/libink.dylib", "/Users/builder/lib/libink.dylib", "libink.dylib"] {
            let findings = pen_asks_for(name, name);
            let wanted = "warning Contents/Frameworks/libpen.dylib: libink.dylib is found only because it was loaded earlier";
            // A bare name has a rule of its own.
            let expected: &[&str] = if name.contains('/') { &[wanted] } else { &[] };
            assert_eq!(shown(&findings), expected, "{name}");
            assert!(findings.iter().all(|finding| finding.remedy.is_some()));
        }
    }

    #[test]
    fn with_a_way_of_its_own_it_does_not_matter_who_came_first() {
        let name = "@loader_path/libink.dylib";
        assert_eq!(shown(&pen_asks_for(name, "@rpath/libink.dylib")).len(), 0);
        assert_eq!(shown(&pen_asks_for("/usr/lib/libz.1.dylib", "/usr/lib/libz.1.dylib")).len(), 0);
    }
}
