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
    let twice = by_uuid.into_values().filter(|copies| copies.len() > 1);
    twice.flat_map(|copies| findings(facts, &copies)).collect()
}

/// The UUIDs of all slices: two files are the same build when they are equal. `None` when one has no UUID.
pub fn uuids(image: &Image) -> Option<Vec<&str>> {
    image.file.slices.iter().map(|slice| slice.uuid.as_deref()).collect()
}

fn findings(facts: &Facts<'_>, copies: &BTreeSet<&ImageId>) -> Vec<Finding> {
    let mut bundled: Vec<&BundlePath> = copies.iter().filter_map(|id| inside(id)).collect();
    bundled.sort_by_key(|path| (rank(path), *path));
    let Some((keep, others)) = bundled.split_first() else { return Vec::new() };
    let kept = ImageId::Bundled((*keep).clone());
    let shipped_twice = others.iter().map(|remove| {
        let remedy = Remedy::Merge { keep: (*keep).clone(), remove: (*remove).clone() };
        finding(remove, &kept, loaded_together(facts, &kept, &ImageId::Bundled((*remove).clone())), remedy)
    });
    // A copy outside is a fault of its own only where one process loads both; it goes when its users are pointed inside.
    let outside = copies.iter().filter_map(|id| match id {
        ImageId::External(external) if loaded_together(facts, &kept, id) => {
            Some(finding(keep, id, true, Remedy::Bundle { external: external.clone() }))
        }
        _ => None,
    });
    shipped_twice.chain(outside).collect()
}

/// Whether something other than the two makes one process load both.
fn loaded_together(facts: &Facts<'_>, a: &ImageId, b: &ImageId) -> bool {
    facts.build.launches.iter().any(|launch| {
        let loads = |id: &ImageId| launch.loads.iter().any(|load| load.image == *id);
        let started = ImageId::Bundled(launch.entry.clone());
        started != *a && started != *b && loads(a) && loads(b)
    })
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

fn finding(subject: &BundlePath, other: &ImageId, together: bool, remedy: Remedy) -> Finding {
    let title = format!("{} is there twice", subject.file_name());
    let what = match together {
        true => "one process loads both, each with its own state",
        false => "whatever opens the second gets a second copy of its state",
    };
    let advice = match remedy {
        Remedy::Merge { .. } => format!("Keep {other} and point every reference at it."),
        _ => "Point every reference at the bundle's copy.".to_owned(),
    };
    let message =
        format!("{subject} and {other} are the same build (equal LC_UUID) in two files: {what}. {advice}");
    Finding {
        severity: if together { Severity::Error } else { Severity::Warning },
        related: vec![other.clone()],
        remedy: Some(remedy),
        ..Finding::new(&RULE, subject, title, message)
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
            ["error Contents/Frameworks/Quill: Quill is there twice"]
        );
        let copies = found("faults", "dereferenced-framework", RULE.id);
        let keep = BundlePath::new("Contents/Frameworks/Art.framework/Versions/A/Art").unwrap();
        let kept = |finding: &Finding| matches!(&finding.remedy, Some(Remedy::Merge { keep: it, .. }) if *it == keep);
        assert!(copies.len() == 2 && copies.iter().all(kept) && copies[0].severity == Severity::Warning);
    }

    #[test]
    fn two_libraries_of_one_name_are_two_libraries() {
        assert_eq!(shown(&found("col", "Col", RULE.id)), [] as [String; 0]);
    }
}
