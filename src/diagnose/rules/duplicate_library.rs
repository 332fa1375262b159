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
        rule: RULE.id,
        severity: Severity::Error,
        subject: subject.clone(),
        arch: None,
        title: format!("{} is there twice", subject.file_name()),
        message: format!(
            "{subject} and {other} are the same build (equal LC_UUID) in two files, so dyld loads both. {advice}"
        ),
        reference: None,
        related: vec![other.clone()],
        remedy,
    }
}
