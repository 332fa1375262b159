//! One library, two files.

use super::Rule;
use crate::diagnose::{Facts, Finding, Severity};
use std::collections::{BTreeMap, BTreeSet};

use crate::bundle::{Bundle, Image, ImageId};
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
    bundled
        .sort_by_key(|path| (rank(path), !is_current(facts.bundle, path), !has_its_name(facts, path), *path));
    let Some((keep, others)) = bundled.split_first() else { return Vec::new() };
    let kept = ImageId::Bundled((*keep).clone());
    let shipped_twice = others.iter().filter(|other| !are_versions_of_one(keep, other)).map(|remove| {
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
        let loads = |id: &ImageId| launch.loads.position(id).is_some();
        let started = ImageId::Bundled(launch.entry.clone());
        started != *a && started != *b && loads(a) && loads(b)
    })
}

/// The framework and the version that a framework's own binary belongs to; `Current` is none.
fn version(path: &BundlePath) -> Option<(&str, &str)> {
    let (framework, inside) = path.as_str().rsplit_once(".framework/Versions/")?;
    let (version, _) =
        inside.split_once('/').filter(|(version, name)| *version != "Current" && !name.contains('/'))?;
    Some((framework, version))
}

/// Two versions of a framework are two by its maker's will, and what uses the older one asks for it by that name.
fn are_versions_of_one(a: &BundlePath, b: &BundlePath) -> bool {
    version(a).zip(version(b)).is_some_and(|(a, b)| a.0 == b.0)
}

fn is_current(bundle: &Bundle, path: &BundlePath) -> bool {
    let current = version(path).and_then(|(framework, _)| {
        bundle.real_path(&BundlePath::new(&format!("{framework}.framework/Versions/Current"))?)
    });
    path.parent().is_some_and(|folder| Some(folder) == current)
}

/// Whether its install name is that of its file.
fn has_its_name(facts: &Facts<'_>, path: &BundlePath) -> bool {
    let slices = facts.bundle.image(path).into_iter().flat_map(|image| &image.file.slices);
    slices.filter_map(|slice| slice.install_name.as_ref()).any(|name| name.leaf() == path.file_name())
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
    use crate::diagnose::case::{found, found_alone, shown};

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
    fn of_two_copies_the_one_that_bears_its_name_stays() {
        let copies = found_alone("rp", "Rp", RULE.id, |app| {
            let folder = app.join("Contents/Frameworks");
            std::fs::copy(folder.join("libleaf.dylib"), folder.join("a-copy.dylib")).unwrap();
        });
        assert_eq!(shown(&copies), ["warning Contents/Frameworks/a-copy.dylib: a-copy.dylib is there twice"]);
    }

    #[cfg(unix)]
    #[test]
    fn two_versions_of_a_framework_are_left_alone() {
        let copies = found_alone("rp", "Rp", RULE.id, |app| {
            let folder = app.join("Contents/Frameworks");
            for version in ["1", "2"] {
                let at = folder.join(format!("Leaf.framework/Versions/{version}"));
                std::fs::create_dir_all(&at).unwrap();
                std::fs::copy(folder.join("libleaf.dylib"), at.join("Leaf")).unwrap();
            }
            std::os::unix::fs::symlink("2", folder.join("Leaf.framework/Versions/Current")).unwrap();
        });
        let leaf = "Contents/Frameworks/libleaf.dylib";
        assert_eq!(shown(&copies), [format!("warning {leaf}: libleaf.dylib is there twice")]);
        assert!(copies[0].message.contains("Versions/2/Leaf"), "{}", copies[0].message);
    }

    #[test]
    fn two_libraries_of_one_name_are_two_libraries() {
        assert_eq!(shown(&found("col", "Col", RULE.id)), [] as [String; 0]);
    }
}
