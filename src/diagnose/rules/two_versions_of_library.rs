//! One process loads two builds of a library.

use std::collections::BTreeMap;

use super::Rule;
use super::duplicate_library::uuids;
use crate::bundle::ImageId;
use crate::diagnose::processes::together;
use crate::diagnose::wording::listed;
use crate::diagnose::{Facts, Finding, Severity};
use crate::macho::framework_suffix;
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "two-versions-of-library",
    title: "Two builds of one library in one process",
    severity: Severity::Warning,
    doc: include_str!("two_versions_of_library.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let mut seen: BTreeMap<Vec<&ImageId>, &BundlePath> = BTreeMap::new();
    for meeting in together(facts.build, |image| library_name(facts, image)) {
        let all: Vec<&ImageId> = meeting.images.into_iter().collect();
        if are_of_the_bundle(&all) && are_two_builds(facts, &all) {
            seen.entry(all).or_insert(meeting.entry);
        }
    }
    seen.into_iter().filter_map(|(images, entry)| finding(&images, entry)).collect()
}

/// What a library is known by: its framework's name, or its file's. Plug-ins repeat names and are left out.
fn library_name<'a>(facts: &Facts<'a>, id: &'a ImageId) -> Option<&'a str> {
    let image = facts.build.image(facts.bundle, id)?;
    let path = match id {
        ImageId::Bundled(path) => path.as_str(),
        ImageId::External(path) => path.as_str(),
    };
    if !image.is_library() {
        return None;
    }
    match framework_suffix(path) {
        Some(suffix) => suffix.split('/').next(),
        None => path.rsplit('/').next().filter(|leaf| leaf.ends_with(".dylib")),
    }
}

/// Two libraries that are both outside come in under names of their own.
fn are_of_the_bundle(images: &[&ImageId]) -> bool {
    images.iter().any(|id| matches!(id, ImageId::Bundled(_)))
}

/// Equal ones are duplicate-library's.
fn are_two_builds(facts: &Facts<'_>, images: &[&ImageId]) -> bool {
    let builds: Option<Vec<_>> =
        images.iter().map(|id| facts.build.image(facts.bundle, id).and_then(|image| uuids(image))).collect();
    builds.is_some_and(|builds| builds.windows(2).any(|pair| pair[0] != pair[1]))
}

fn finding(images: &[&ImageId], entry: &BundlePath) -> Option<Finding> {
    let subject = images.iter().find_map(|id| match id {
        ImageId::Bundled(path) => Some(path),
        ImageId::External(_) => None,
    })?;
    let title = format!("Two builds of {} in one process", subject.file_name());
    let message = format!(
        "The process of {entry} loads {}: two builds (different LC_UUID) of a library of one name, each with its own state. Keep the one that all users can work with, and point their load commands at it.",
        listed(images.iter())
    );
    let related = images.iter().filter(|id| !matches!(id, ImageId::Bundled(path) if path == subject));
    Some(Finding {
        related: related.map(|id| (*id).clone()).collect(),
        ..Finding::new(&RULE, subject, title, message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found, found_in, shown};

    fn app(plug_in: &str, uuid: &str) -> Vec<Finding> {
        let app = format!(
            "Contents/Info.plist plist\n  key CFBundleExecutable App\n\
             Contents/MacOS/App execute\n  use @loader_path/../Frameworks/libink.dylib\n\
             Contents/Frameworks/libink.dylib dylib uuid=11111111-1111-1111-1111-111111111111\n  id @rpath/libink.dylib\n\
             Contents/PlugIns/pen.so bundle\n  use @loader_path/lib/{plug_in}\n\
             Contents/PlugIns/lib/{plug_in} dylib uuid={uuid}\n  id @loader_path/lib/{plug_in}\n"
        );
        found_in(&app, RULE.id)
    }

    #[test]
    fn a_plug_in_that_brings_another_build_into_its_host_is_named() {
        let findings = app("libink.dylib", "22222222-2222-2222-2222-222222222222");
        assert_eq!(
            shown(&findings),
            ["warning Contents/Frameworks/libink.dylib: Two builds of libink.dylib in one process"]
        );
        assert!(findings[0].message.starts_with("The process of Contents/PlugIns/pen.so loads"));
        assert_eq!(findings[0].related.len(), 1);
    }

    #[test]
    fn one_build_another_name_and_two_strangers_are_not_meant() {
        assert_eq!(shown(&app("libink.dylib", "11111111-1111-1111-1111-111111111111")).len(), 0);
        assert_eq!(shown(&app("libink.2.dylib", "22222222-2222-2222-2222-222222222222")).len(), 0);
        assert_eq!(shown(&found("col", "Col", RULE.id)).len(), 0, "both are outside");
    }
}
