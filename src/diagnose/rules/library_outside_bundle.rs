//! A library is outside the bundle.

use super::Rule;
use crate::bundle::ImageId;
use crate::diagnose::Remedy;
use crate::diagnose::references::{Hit, hits};
use crate::diagnose::wording::{leaf, origin};
use crate::diagnose::{Facts, Finding, Severity};
use crate::dyld::{Resolution, system};
use crate::paths::{BundlePath, RuntimePath};

pub static RULE: Rule = Rule {
    id: "library-outside-bundle",
    title: "A library is outside the bundle",
    severity: Severity::Error,
    doc: include_str!("library_outside_bundle.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    // A libSystem of somebody's own is not to be copied in: `second-libsystem` says why.
    let outside = hits(facts.build, |reference| {
        let dependency = reference.dependency;
        matches!(dependency.resolution, Resolution::External(_))
            && !system::is_other_libsystem(dependency.name.as_str())
    });
    outside
        .iter()
        .filter_map(|hit| match &hit.first.dependency.resolution {
            Resolution::External(external) => Some(finding(facts, hit, external)),
            _ => None,
        })
        .collect()
}

fn finding(facts: &Facts<'_>, hit: &Hit<'_>, external: &RuntimePath) -> Finding {
    let (user, name) = (hit.user(), hit.name());
    let title = format!("{} is outside the bundle", leaf(name));
    let related = vec![ImageId::External(external.clone())];
    if let Some(own) = on_another_mac(facts, hit) {
        let message = format!(
            "On the build machine {user} takes {external} for {name}; on another Mac it takes the bundle's {own}. Point the reference at the bundle's copy, so that both run the same code."
        );
        let finding = hit.finding(&RULE, facts, title, message);
        return Finding { severity: Severity::Warning, related, remedy: Some(hit.repoint(own)), ..finding };
    }
    let message = format!(
        "{user} takes {name} from {} ({external}), which another Mac does not have. Copy it into the bundle.",
        origin(external)
    );
    let needed = hit.first.dependency.needed;
    Finding {
        severity: if needed { Severity::Error } else { Severity::Warning },
        related,
        remedy: Some(Remedy::Bundle { external: external.clone() }),
        ..hit.finding(&RULE, facts, title, message)
    }
}

/// The bundle's own file that the same reference ends at on a clean Mac.
fn on_another_mac(facts: &Facts<'_>, hit: &Hit<'_>) -> Option<BundlePath> {
    match hit.first.at(facts.clean)?.dependency.resolution.clone() {
        Resolution::Bundled(path) => Some(path),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found, found_alone, shown};

    #[test]
    fn what_only_the_build_machine_has_is_named_and_a_leak_is_a_warning() {
        let findings = found("sample", "Postcard", RULE.id);
        assert_eq!(
            shown(&findings),
            [
                "error Contents/Frameworks/libstamp.1.dylib: libinkwell.2.dylib is outside the bundle",
                "error Contents/PlugIns/delivery/libairmail.so: Quill is outside the bundle",
                "warning Contents/MacOS/write-postcard: libpigment.3.dylib is outside the bundle",
                "warning Contents/MacOS/write-postcard: libstamp.1.dylib is outside the bundle",
            ]
        );
        assert!(findings[0].message.contains("from Homebrew"), "{}", findings[0].message);
        assert!(
            findings[3].message.contains("on another Mac it takes the bundle's"),
            "{}",
            findings[3].message
        );
    }

    #[test]
    fn nothing_is_outside_where_there_is_no_outside() {
        assert_eq!(shown(&found_alone("sample", "Postcard", RULE.id, |_| ())), [] as [String; 0]);
    }
}
