//! One library, two files.

use super::Rule;
use crate::diagnose::{Facts, Finding, Severity};
use std::collections::{BTreeMap, BTreeSet};

use crate::bundle::{Image, ImageId};
use crate::diagnose::Remedy;
use crate::macho::framework_suffix;
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "duplicate-library",
    title: "One library, two files",
    severity: Severity::Error,
    doc: include_str!("duplicate_library.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let mut by_uuid: BTreeMap<Vec<&str>, BTreeSet<&ImageId>> = BTreeMap::new();
    let outside = facts.build.externals.values();
    for image in facts.bundle.images.values().chain(outside).filter(|image| image.is_library()) {
        if let Some(key) = uuids(image) {
            by_uuid.entry(key).or_default().insert(&image.id);
        }
    }
    by_uuid.into_values().filter(|copies| copies.len() > 1).flat_map(|copies| findings(&copies)).collect()
}

/// The UUIDs of all slices: two files are the same build when they are equal. `None` when one has no UUID.
pub fn uuids(image: &Image) -> Option<Vec<&str>> {
    image.file.slices.iter().map(|slice| slice.uuid.as_deref()).collect()
}

fn findings(copies: &BTreeSet<&ImageId>) -> Vec<Finding> {
    let mut bundled: Vec<&BundlePath> = copies.iter().filter_map(|id| inside(id)).collect();
    bundled.sort_by_key(|path| (rank(path), *path));
    let Some((keep, others)) = bundled.split_first() else { return Vec::new() };
    let merged = others.iter().map(|remove| {
        let remedy = Remedy::Merge { keep: (*keep).clone(), remove: (*remove).clone() };
        finding(remove, &ImageId::Bundled((*keep).clone()), Some(remedy))
    });
    // The outside copy goes away with the references to it; those are findings of their own.
    let outside = copies.iter().filter(|id| inside(id).is_none()).map(|id| finding(keep, id, None));
    merged.chain(outside).collect()
}

/// Which copy is the one to keep: a framework's own version, then what stands in `Contents/Frameworks`.
fn rank(path: &BundlePath) -> u8 {
    let text = path.as_str();
    match framework_suffix(text) {
        Some(suffix) if suffix.contains("/Versions/") && !suffix.contains("/Versions/Current/") => 0,
        Some(_) => 1,
        None if text.starts_with("Contents/Frameworks/") => 2,
        None => 3,
    }
}

fn inside(id: &ImageId) -> Option<&BundlePath> {
    match id {
        ImageId::Bundled(path) => Some(path),
        ImageId::External(_) => None,
    }
}

fn finding(subject: &BundlePath, other: &ImageId, remedy: Option<Remedy>) -> Finding {
    let advice = match &remedy {
        Some(_) => format!("Keep {other} and point every reference at it."),
        None => "Point every reference at the bundle's copy.".to_owned(),
    };
    Finding {
        related: vec![other.clone()],
        remedy,
        ..Finding::new(
            &RULE,
            subject,
            format!("{} is there twice", subject.file_name()),
            format!(
                "{subject} and {other} are the same build (equal LC_UUID) in two files, so dyld loads both. {advice}"
            ),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found, shown};

    #[test]
    fn the_same_build_in_two_files_is_found_in_the_bundle_and_beside_it() {
        assert_eq!(
            shown(&found("sample", "Postcard", RULE.id)),
            [
                "error Contents/Frameworks/Quill: Quill is there twice",
                "error Contents/Frameworks/libstamp.1.dylib: libstamp.1.dylib is there twice",
            ]
        );
        let copies = found("faults", "dereferenced-framework", RULE.id);
        let keep = BundlePath::new("Contents/Frameworks/Art.framework/Versions/A/Art").unwrap();
        let kept = |finding: &Finding| matches!(&finding.remedy, Some(Remedy::Merge { keep: it, .. }) if *it == keep);
        assert!(copies.len() == 2 && copies.iter().all(kept));
    }

    #[test]
    fn two_libraries_of_one_name_are_two_libraries() {
        assert_eq!(shown(&found("col", "Col", RULE.id)), [] as [String; 0]);
    }
}
