//! Which libraries are in memory twice, how sure that is, and why.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;

use super::finding::Certainty;
use super::origin::Origin;
use super::place::{is_program, is_redacted, leaf};
use crate::crash::{CrashReport, LoadedImage};
use crate::diagnose::generation;
use crate::macho::framework_suffix;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duplicate {
    /// The framework's or the file's name.
    pub name: String,
    pub certainty: Certainty,
    pub why: Why,
    /// Positions in the report's images, the bundle's own first.
    pub images: Vec<usize>,
    /// Classes that the Objective-C runtime met in both.
    pub classes: usize,
    pub whence: Whence,
}

/// What tells that two images are one library. Serializes as the contract's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// Equal LC_UUID: the same build.
    SameUuid,
    /// One name, two builds.
    SameName,
    /// objc: "Class … is implemented in both".
    ObjcClasses,
    /// A framework's bare binary beside the framework.
    FlattenedFramework,
    /// Two generations of one library.
    TwoVersions,
}

/// Where the copies are: what is to be done depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whence {
    /// One in the bundle, one outside: a reference leaks.
    Leak,
    /// Both in the bundle.
    ShippedTwice,
    /// None in the bundle: the Mac's own mixture.
    Outside,
}

/// Whether it is a plug-in, whose like repeat file names in several folders by right.
fn is_plug_in(path: &str) -> bool {
    const FOLDERS: [&str; 11] = [
        "/PlugIns/",
        "/plugins/",
        "/qml/",
        "/loaders/",
        "/modules/",
        "/site-packages/",
        "/lib-dynload/",
        "/engines",
        "/gio/",
        "/Plug-Ins/",
        "/.dylibs/",
    ];
    path.ends_with(".so") || path.ends_with(".bundle") || FOLDERS.iter().any(|folder| path.contains(folder))
}

/// How a library lies on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Framework,
    File,
    /// A file without suffix, whose framework may have been lost or redacted.
    Bare,
}

struct Candidate<'a> {
    at: usize,
    image: &'a LoadedImage,
    path: &'a str,
}

impl<'a> Candidate<'a> {
    /// What two images of one library share: the framework's or the file's name; a plug-in's with its folder.
    fn key(&self) -> &'a str {
        if framework_suffix(self.path).is_none() && is_plug_in(self.path) {
            let before = self.path.rmatch_indices('/').nth(1);
            return before.map_or(self.path, |(at, _)| &self.path[at + 1..]);
        }
        leaf(self.path)
    }

    fn shape(&self) -> Shape {
        match framework_suffix(self.path) {
            Some(_) => Shape::Framework,
            None if leaf(self.path).contains('.') => Shape::File,
            None => Shape::Bare,
        }
    }

    fn is_redacted(&self) -> bool {
        self.path.split('/').any(is_redacted)
    }
}

/// Every duplicate, the surest first.
pub fn duplicates(report: &CrashReport, origins: &[Origin]) -> Vec<Duplicate> {
    let candidates = candidates(report, origins);
    let classes = classes(report, &candidates);
    let mut found: Vec<Duplicate> = Vec::new();
    let mut taken: BTreeSet<usize> = BTreeSet::new();
    for group in groups(&candidates, |one| one.image.uuid.clone()) {
        taken.extend(group.iter().map(|one| one.at));
        found.push(duplicate(&group, Why::SameUuid, Certainty::Certain, &classes, origins));
    }
    for group in groups(&candidates, |one| Some(one.key())) {
        if group.iter().filter(|one| !taken.contains(&one.at)).count() == 0 {
            continue; // all of it was told by UUID
        }
        let (why, certainty) = same_name(&group, &classes);
        taken.extend(group.iter().map(|one| one.at));
        found.push(duplicate(&group, why, certainty, &classes, origins));
    }
    found.extend(two_versions(&candidates, &classes, origins, &found));
    found.sort_by(|a, b| {
        (a.certainty, a.why, &a.name, &a.images).cmp(&(b.certainty, b.why, &b.name, &b.images))
    });
    found
}

/// The images that may be a library twice: none of macOS, no program.
fn candidates<'a>(report: &'a CrashReport, origins: &[Origin]) -> Vec<Candidate<'a>> {
    let mut seen: BTreeMap<(&str, Option<&str>), Option<u64>> = BTreeMap::new();
    let mut candidates = Vec::new();
    for (at, image) in report.images.iter().enumerate() {
        let Some(path) = image.path.as_deref() else { continue };
        let own = report.path.as_deref() == Some(path) || leaf(path) == "dyld";
        if own || is_program(path) || origins.get(at) == Some(&Origin::System) {
            continue;
        }
        // A list may hold an image twice; two files behind one redacted path lie at two addresses.
        let before = seen.insert((path, image.uuid.as_deref()), image.base);
        let elsewhere =
            |before: Option<u64>| path.contains("/*/") && image.base.is_some() && before != image.base;
        if before.is_some_and(|before| !elsewhere(before)) {
            continue;
        }
        candidates.push(Candidate { at, image, path });
    }
    candidates
}

/// Images of one key, where there is more than one path.
fn groups<'c, 'a, K: Ord>(
    candidates: &'c [Candidate<'a>],
    key: impl Fn(&'c Candidate<'a>) -> Option<K>,
) -> Vec<Vec<&'c Candidate<'a>>> {
    let mut groups: BTreeMap<K, Vec<&Candidate<'_>>> = BTreeMap::new();
    for candidate in candidates {
        if let Some(key) = key(candidate) {
            groups.entry(key).or_default().push(candidate);
        }
    }
    groups.into_values().filter(|group| group.len() > 1).collect()
}

/// How many classes two images share, by their positions.
type Classes = HashMap<(usize, usize), usize>;

fn classes(report: &CrashReport, candidates: &[Candidate<'_>]) -> Classes {
    let at: HashMap<&str, usize> = candidates.iter().map(|one| (one.path, one.at)).collect();
    let mut classes = Classes::new();
    for twice in &report.classes {
        if let (Some(&a), Some(&b)) = (at.get(twice.first.as_str()), at.get(twice.second.as_str())) {
            *classes.entry((a.min(b), a.max(b))).or_default() += 1;
        }
    }
    classes
}

fn shared(group: &[&Candidate<'_>], classes: &Classes) -> usize {
    let at: BTreeSet<usize> = group.iter().map(|one| one.at).collect();
    classes.iter().filter(|((a, b), _)| at.contains(a) && at.contains(b)).map(|(_, count)| count).sum()
}

/// Why images of one name are one library, and how sure it is.
fn same_name(group: &[&Candidate<'_>], classes: &Classes) -> (Why, Certainty) {
    if shared(group, classes) > 0 {
        return (Why::ObjcClasses, Certainty::Certain);
    }
    let shapes: Vec<Shape> = group.iter().map(|one| one.shape()).collect();
    let bare = shapes.contains(&Shape::Bare);
    if bare
        && shapes.contains(&Shape::Framework)
        && !group.iter().any(|one| one.shape() == Shape::Bare && one.is_redacted())
    {
        return (Why::FlattenedFramework, Certainty::Likely);
    }
    // Without UUIDs, and where redaction hides the folders, the name alone speaks.
    let unsure = bare || group.iter().any(|one| one.image.uuid.is_none());
    (Why::SameName, if unsure { Certainty::Likely } else { Certainty::Certain })
}

fn duplicate(
    group: &[&Candidate<'_>],
    why: Why,
    certainty: Certainty,
    classes: &Classes,
    origins: &[Origin],
) -> Duplicate {
    let mut images: Vec<usize> = group.iter().map(|one| one.at).collect();
    let origin = |at: &usize| origins.get(*at).copied().unwrap_or(Origin::Unknown);
    images.sort_by_key(|at| (origin(at) != Origin::Bundle, *at));
    let bundled = images.iter().filter(|at| origin(at) == Origin::Bundle).count();
    let whence = match bundled {
        0 => Whence::Outside,
        all if all == images.len() => Whence::ShippedTwice,
        _ => Whence::Leak,
    };
    let name = group.first().map_or("", |one| leaf(one.path)).to_owned();
    Duplicate { name, certainty, why, images, classes: shared(group, classes), whence }
}

/// Generations of a toolkit, and sonames that differ in their number only.
fn two_versions(
    candidates: &[Candidate<'_>],
    classes: &Classes,
    origins: &[Origin],
    known: &[Duplicate],
) -> Vec<Duplicate> {
    let mut found = Vec::new();
    let told: BTreeSet<usize> = known.iter().flat_map(|one| one.images.iter().copied()).collect();
    for group in groups(candidates, |one| toolkit(one).map(|(toolkit, _)| toolkit)) {
        let generations: BTreeSet<String> =
            group.iter().filter_map(|one| toolkit(one)).map(|(_, version)| version).collect();
        if generations.len() > 1 && !group.iter().any(|one| told.contains(&one.at)) {
            let certainty =
                if shared(&group, classes) > 0 { Certainty::Certain } else { Certainty::Possible };
            found.push(duplicate(&group, Why::TwoVersions, certainty, classes, origins));
        }
    }
    let told: BTreeSet<usize> =
        known.iter().chain(&found).flat_map(|one| one.images.iter().copied()).collect();
    for group in groups(candidates, |one| stem(leaf(one.path)).filter(|_| !is_plug_in(one.path))) {
        let leaves: BTreeSet<&str> = group.iter().map(|one| leaf(one.path)).collect();
        let own = group.iter().all(|one| origins.get(one.at) == Some(&Origin::Bundle));
        if leaves.len() > 1 && !own && !group.iter().any(|one| told.contains(&one.at)) {
            found.push(duplicate(&group, Why::TwoVersions, Certainty::Possible, classes, origins));
        }
    }
    found
}

fn toolkit<'a>(one: &Candidate<'a>) -> Option<(&'static str, String)> {
    if let Some((toolkit, version)) = generation(one.path) {
        return Some((toolkit.name(), version.to_owned()));
    }
    // Redaction hides `Versions/5`; the report's own version says it.
    let version = one.image.version.as_deref()?;
    (leaf(one.path) == "QtCore").then(|| ("Qt", version.split('.').next().unwrap_or("").to_owned()))
}

/// `libssl` of `libssl.1.1.dylib`; `None` for names without a version.
fn stem(leaf: &str) -> Option<&str> {
    let name = leaf.strip_suffix(".dylib")?;
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | '-'));
    let numbered = name.len() > stem.len() && name[stem.len()..].starts_with(['.', '-']);
    (numbered && stem.len() > 3).then_some(stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(lines: &[(&str, u8)]) -> Vec<String> {
        let image = |(path, uuid): &(&str, u8)| LoadedImage {
            path: Some((*path).to_owned()),
            name: leaf(path).to_owned(),
            uuid: (*uuid > 0).then(|| format!("{uuid:08}-0000-3000-8000-000000000000")),
            ..LoadedImage::default()
        };
        let report = CrashReport { images: lines.iter().map(image).collect(), ..CrashReport::default() };
        let app = Some("/Applications/F.app");
        let origins = super::super::origin::origins(&report, app);
        let shown = |one: Duplicate| {
            format!("{} {:?} {:?} {:?} {:?}", one.name, one.certainty, one.why, one.images, one.whence)
        };
        duplicates(&report, &origins).into_iter().map(shown).collect()
    }

    const IN: &str = "/Applications/F.app/Contents";

    #[test]
    fn one_build_from_two_files_is_certain_even_flattened() {
        let flat = format!("{IN}/Frameworks/qca");
        assert_eq!(
            found(&[("/Users/USER/*/qca.framework/Versions/2/qca", 1), (&flat, 1)]),
            ["qca Certain SameUuid [1, 0] Leak"]
        );
    }

    #[test]
    fn one_name_in_two_builds_is_as_sure_as_its_paths() {
        let own = format!("{IN}/Frameworks/QtCore.framework/Versions/A/QtCore");
        let brew = "/opt/homebrew/lib/QtCore.framework/Versions/A/QtCore";
        assert_eq!(found(&[(&own, 1), (brew, 2)]), ["QtCore Certain SameName [0, 1] Leak"]);
        assert_eq!(
            found(&[(&own, 1), ("/opt/homebrew/*/QtCore", 2)]),
            ["QtCore Likely SameName [0, 1] Leak"]
        );
        let flat = format!("{IN}/Frameworks/QtCore");
        assert_eq!(found(&[(&own, 1), (&flat, 2)]), ["QtCore Likely FlattenedFramework [0, 1] ShippedTwice"]);
        assert_eq!(
            found(&[("/opt/local/lib/libz.1.dylib", 1), ("/opt/homebrew/lib/libz.1.dylib", 2)]),
            ["libz.1.dylib Certain SameName [0, 1] Outside"]
        );
    }

    #[test]
    fn generations_are_possible() {
        let five = format!("{IN}/Frameworks/QtCore.framework/Versions/5/QtCore");
        assert_eq!(
            found(&[(&five, 1), ("/opt/homebrew/lib/libQt6Core.6.dylib", 2)]),
            ["QtCore Possible TwoVersions [0, 1] Leak"]
        );
        let ssl = format!("{IN}/Frameworks/libssl.1.1.dylib");
        assert_eq!(
            found(&[(&ssl, 1), ("/opt/homebrew/lib/libssl.3.dylib", 2)]),
            ["libssl.1.1.dylib Possible TwoVersions [0, 1] Leak"]
        );
    }

    #[test]
    fn namesakes_by_right_are_no_duplicates() {
        let python =
            "/opt/homebrew/*/Python.framework/Versions/3.11/Resources/Python.app/Contents/MacOS/Python";
        let plug_in = format!("{IN}/PlugIns/platforms/libq.dylib");
        let other = format!("{IN}/PlugIns/styles/libq.dylib");
        let (a, b) = (format!("{IN}/Resources/lib/a/_core.so"), format!("{IN}/Resources/lib/b/_core.so"));
        assert_eq!(
            found(&[
                (python, 1),
                ("/opt/homebrew/*/Python.framework/Versions/3.11/Python", 2),
                (&plug_in, 3),
                (&other, 4),
                (&a, 5),
                (&b, 6),
                ("/usr/lib/libz.1.dylib", 7),
                ("/System/Library/X/libz.1.dylib", 8),
                (&format!("{IN}/MacOS/F"), 9),
                (&format!("{IN}/Frameworks/F"), 10),
            ]),
            [] as [String; 0]
        );
    }

    #[test]
    fn an_image_that_is_listed_twice_is_one() {
        let own = format!("{IN}/Frameworks/libx.dylib");
        assert_eq!(found(&[(&own, 1), (&own, 1)]), [] as [String; 0]);
    }
}
