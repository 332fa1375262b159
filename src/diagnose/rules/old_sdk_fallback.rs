//! Found only because the SDK is old, or lost because it is new.

use super::Rule;
use crate::diagnose::Remedy;
use crate::diagnose::references::{Hit, Reference, hits};
use crate::diagnose::wording::leaf;
use crate::diagnose::{Facts, Finding, Severity};
use crate::dyld::system::is_known;
use crate::dyld::{FIRST_SDK_WITHOUT_FALLBACK, Place, Resolution, SearchRule};
use crate::macho::{InstallName, PackedVersion};
use crate::paths::RuntimePath;

pub static RULE: Rule = Rule {
    id: "old-sdk-fallback",
    title: "Found only because the SDK is old",
    severity: Severity::Warning,
    doc: include_str!("old_sdk_fallback.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let kept = hits(facts.build, |reference| {
        reference.dependency.deciding().is_some_and(|one| one.rule == SearchRule::Fallback)
    });
    let lost = hits(facts.build, |reference| {
        reference.dependency.resolution == Resolution::Missing && is_new(facts, reference)
    });
    let kept = kept.iter().filter_map(|hit| found_by_fallback(facts, hit));
    kept.chain(lost.iter().filter_map(|hit| lost_with_new_sdk(facts, hit))).collect()
}

fn sdk(facts: &Facts<'_>, reference: &Reference<'_>) -> Option<PackedVersion> {
    let image = facts.bundle.image(reference.user)?;
    let slice = image.file.slice(reference.launch.arch).or_else(|| image.file.slices.first())?;
    slice.build.map(|build| build.sdk)
}

fn is_new(facts: &Facts<'_>, reference: &Reference<'_>) -> bool {
    sdk(facts, reference).is_some_and(|sdk| sdk >= FIRST_SDK_WITHOUT_FALLBACK)
}

fn found_by_fallback(facts: &Facts<'_>, hit: &Hit<'_>) -> Option<Finding> {
    let (user, name, dependency) = (hit.user(), hit.name(), hit.first.dependency);
    let place = &dependency.deciding()?.tried;
    let (advice, remedy) = match &dependency.resolution {
        Resolution::External(external) => (
            "Copy it into the bundle and ask for it by @rpath.".to_owned(),
            Some(Remedy::Bundle { external: external.clone() }),
        ),
        _ => (format!("Link against {place} by its full name."), None),
    };
    let why = match sdk(facts, &hit.first) {
        Some(sdk) if sdk >= FIRST_SDK_WITHOUT_FALLBACK => {
            "macOS 12 falls back for every file and no later one does".to_owned()
        }
        Some(sdk) if sdk != PackedVersion::default() => {
            format!("the file was built with the macOS {sdk} SDK")
        }
        _ => "the file was built without a known SDK".to_owned(),
    };
    let title = format!("{} is found only by a fallback", leaf(name));
    let message = format!(
        "{user} asks for {name}, which is not there; dyld falls back to {place} because {why}. Built with the macOS 14 SDK or later it finds nothing on a newer system. {advice}"
    );
    Some(Finding { remedy, ..hit.finding(&RULE, facts, title, message) })
}

fn lost_with_new_sdk(facts: &Facts<'_>, hit: &Hit<'_>) -> Option<Finding> {
    let (user, name) = (hit.user(), hit.name());
    let place = fallbacks(name).into_iter().find(|place| is_there(facts, place))?;
    let title = format!("An older SDK would have found {}", leaf(name));
    let message = format!(
        "{user} asks for {name}, which is not there. {place} is, and until the macOS 13 SDK dyld fell back to it; built with a newer one the file gets no fallback. Ask for {place} by its full name, or ship a copy."
    );
    Some(Finding { severity: Severity::Info, ..hit.finding(&RULE, facts, title, message) })
}

/// Where dyld looked last for files of an old SDK.
fn fallbacks(name: &InstallName) -> [RuntimePath; 2] {
    match name.framework_suffix() {
        Some(framework) => ["/Library/Frameworks", "/System/Library/Frameworks"]
            .map(|folder| RuntimePath::new(folder).join(framework)),
        None => ["/usr/local/lib", "/usr/lib"].map(|folder| RuntimePath::new(folder).join(name.leaf())),
    }
}

fn is_there(facts: &Facts<'_>, place: &RuntimePath) -> bool {
    let mapped = match &facts.build.place {
        Place::BuildMac(roots) | Place::HomebrewMac(roots) => roots.real_path(place).is_some(),
        Place::CleanMac => false,
    };
    mapped || is_known(place.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    fn with_sdk(sdk: &str, name: &str) -> Vec<Finding> {
        let app = format!(
            "Contents/Info.plist plist\n  key CFBundleExecutable App\n\
             Contents/MacOS/App execute sdk={sdk}\n  use {name}\n\
             /usr/local/lib/libink.dylib dylib\n  id /usr/local/lib/libink.dylib\n"
        );
        found_in(&app, RULE.id)
    }

    #[test]
    fn a_library_of_usr_local_is_lost_with_the_next_sdk() {
        let old = with_sdk("13.3", "/old/place/libink.dylib");
        assert_eq!(shown(&old), ["warning Contents/MacOS/App: libink.dylib is found only by a fallback"]);
        assert!(old[0].message.contains("the macOS 13.3 SDK"), "{}", old[0].message);
        assert!(matches!(old[0].remedy, Some(Remedy::Bundle { .. })));
        let new = with_sdk("14.0", "/old/place/libink.dylib");
        assert_eq!(shown(&new), ["info Contents/MacOS/App: An older SDK would have found libink.dylib"]);
    }

    #[test]
    fn a_library_of_macos_counts_as_well() {
        let old = with_sdk("0.0", "/old/place/libz.1.dylib");
        assert!(old[0].message.contains("without a known SDK") && old[0].remedy.is_none());
        assert!(old[0].message.ends_with("Link against /usr/lib/libz.1.dylib by its full name."));
    }

    #[test]
    fn what_is_where_it_is_asked_for_needs_no_fallback() {
        assert_eq!(shown(&with_sdk("13.3", "/usr/local/lib/libink.dylib")).len(), 0);
        assert_eq!(shown(&with_sdk("14.0", "/old/place/libnowhere.dylib")).len(), 0);
    }
}
