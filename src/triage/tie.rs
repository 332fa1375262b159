//! Whether a report is from this build of the bundle, and which of its images are which files.

use std::collections::{BTreeMap, HashMap};

use super::place::{fit, inside, leaf};
use super::{Opened, Origin};
use crate::bundle::ImageId;
use crate::crash::CrashReport;
use crate::paths::BundlePath;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tie {
    /// The bundle's name.
    pub bundle: String,
    pub verdict: Verdict,
    /// Bundled images of the report whose UUID is that of the file.
    pub same: usize,
    /// Those whose place in the bundle holds another UUID.
    pub other: usize,
    /// Those whose UUID the report does not give.
    pub unknown: usize,
    /// Those whose place in the bundle is empty.
    pub absent: usize,
    /// By image of the report: the bundle's file.
    pub files: Vec<Option<BundlePath>>,
    /// A sentence.
    pub words: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Same,
    Partly,
    Other,
    /// The report gives no UUID of the bundle's images.
    Unknown,
}

impl Verdict {
    /// The word of `crash --json`.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Same => "yes",
            Verdict::Partly => "partly",
            Verdict::Other => "no",
            Verdict::Unknown => "unknown",
        }
    }
}

/// The files of a bundle by what a report may say of them.
struct Files<'a> {
    by_uuid: HashMap<&'a str, Vec<&'a BundlePath>>,
    by_leaf: BTreeMap<&'a str, Vec<&'a BundlePath>>,
}

impl<'a> Files<'a> {
    fn of(opened: &Opened<'a>) -> Self {
        let mut files = Files { by_uuid: HashMap::new(), by_leaf: BTreeMap::new() };
        for (path, image) in &opened.bundle.images {
            files.by_leaf.entry(path.file_name()).or_default().push(path);
            for uuid in image.file.slices.iter().filter_map(|slice| slice.uuid.as_deref()) {
                files.by_uuid.entry(uuid).or_default().push(path);
            }
        }
        files
    }

    /// The file that has this UUID; of several that at `place`, else the one that bears the report's file name.
    fn with_uuid(&self, uuid: &str, place: Option<&str>, name: &str) -> Option<&'a BundlePath> {
        let all = self.by_uuid.get(uuid)?;
        let at_place = all.iter().find(|path| place == Some(path.as_str()));
        let named = all.iter().find(|path| path.file_name() == name);
        at_place.or(named).or(all.first()).copied()
    }

    /// The one file that a redacted path may be.
    fn redacted(&self, path: &str, opened: &Opened<'a>) -> Option<&'a BundlePath> {
        let fits = |file: &&&BundlePath| {
            let whole = format!("/Applications/{}/{file}", opened.bundle.name);
            fit(path, &whole).is_some() || fit(path, opened.bundle.runtime_path(file).as_str()).is_some()
        };
        let mut fitting = self.by_leaf.get(leaf(path))?.iter().filter(fits);
        let first = fitting.next()?;
        fitting.next().is_none().then_some(*first)
    }
}

/// Compares the report with the bundle. `None` when nothing of the report is of the bundle, and nothing in it says that it
/// should be.
pub fn tie(report: &CrashReport, app: Option<&str>, origins: &[Origin], opened: &Opened<'_>) -> Tie {
    let known = Files::of(opened);
    let mut tie = Tie {
        bundle: opened.bundle.name.clone(),
        verdict: Verdict::Unknown,
        same: 0,
        other: 0,
        unknown: 0,
        absent: 0,
        files: Vec::with_capacity(report.images.len()),
        words: String::new(),
    };
    for (at, image) in report.images.iter().enumerate() {
        let path = image.path.as_deref();
        let place = path.and_then(|path| inside(app?, path));
        let is_own = origins.get(at) == Some(&Origin::Bundle);
        let by_uuid = image.uuid.as_deref().and_then(|uuid| known.with_uuid(uuid, place, &image.name));
        let outside = origins.get(at).is_some_and(|origin| origin.is_outside()) && !is_own;
        if let Some(file) = by_uuid {
            tie.same += usize::from(is_own);
            // A copy outside has the UUID of the bundle's file and is not that file.
            tie.files.push((!outside).then(|| file.clone()));
            continue;
        }
        let at_place = place.and_then(BundlePath::new).and_then(|path| opened.bundle.real_path(&path));
        let at_place = at_place.filter(|path| opened.bundle.images.contains_key(path));
        let redacted = path.filter(|_| is_own && place.is_some_and(|place| place.contains('*')));
        let file = at_place.or_else(|| known.redacted(redacted?, opened).cloned());
        if is_own {
            match (&file, &image.uuid) {
                (Some(_), Some(_)) => tie.other += 1,
                (Some(_), None) => tie.unknown += 1,
                (None, _) => tie.absent += 1,
            }
        }
        tie.files.push(file);
    }
    tie.verdict = verdict(&tie);
    tie.words = words(&tie, report, opened);
    tie
}

fn verdict(tie: &Tie) -> Verdict {
    match (tie.same, tie.other + tie.absent) {
        (0, 0) => Verdict::Unknown,
        (0, _) => Verdict::Other,
        (_, 0) => Verdict::Same,
        _ => Verdict::Partly,
    }
}

fn words(tie: &Tie, report: &CrashReport, opened: &Opened<'_>) -> String {
    let of = tie.same + tie.other + tie.absent;
    let bundle = &tie.bundle;
    let versions = versions(report, opened).map_or_else(String::new, |words| format!(" {words}"));
    match tie.verdict {
        Verdict::Same if of == 1 => {
            format!(
                "The report is from this build: the UUID of its one image of {bundle} is that of the file.{versions}"
            )
        }
        Verdict::Same => format!(
            "The report is from this build: the UUIDs of all {of} images of {bundle} that it gives are those of the files.{versions}"
        ),
        Verdict::Partly => format!(
            "The report is partly from this build: {} of {of} images of {bundle} have the UUIDs of the files, {} have another, {} are not there.{versions}",
            tie.same, tie.other, tie.absent
        ),
        Verdict::Other => format!(
            "The report is from another build or another app: none of its {of} images has the UUID of a file of {bundle}.{versions}"
        ),
        Verdict::Unknown if tie.unknown > 0 => format!(
            "Whether the report is from this build cannot be told: it gives no UUIDs. {} of its images are at places that {bundle} has.{versions}",
            tie.unknown
        ),
        Verdict::Unknown => {
            format!(
                "Whether the report is from this build cannot be told: it shows no image of {bundle}.{versions}"
            )
        }
    }
}

/// What identifiers and versions say when they differ.
fn versions(report: &CrashReport, opened: &Opened<'_>) -> Option<String> {
    let info = opened.bundle.info.as_ref()?;
    let differ = |said: &Option<String>, key: &str| {
        let (said, own) = (said.as_deref()?, info.string(key)?);
        let short = said.split(" (").next().unwrap_or(said);
        (short != own && said != own).then(|| (said.to_owned(), own.to_owned()))
    };
    if let Some((said, own)) =
        differ(&report.identifier, "CFBundleIdentifier").filter(|(said, _)| said.contains('.'))
    {
        return Some(format!("The report is about {said}; the bundle is {own}."));
    }
    let (said, own) = differ(&report.version, "CFBundleShortVersionString")?;
    (said != "0").then(|| format!("The report is about version {said}; the bundle is {own}."))
}

/// The bundle's file that dyld or objc name by this path.
pub fn file_at(opened: &Opened<'_>, app: Option<&str>, path: &str, uuid: Option<&str>) -> Option<BundlePath> {
    let files = Files::of(opened);
    let place = app.and_then(|app| inside(app, path));
    let by_place = || opened.bundle.real_path(&BundlePath::new(place?)?);
    let image = |path: &BundlePath| opened.bundle.images.contains_key(path);
    let by_uuid = uuid.and_then(|uuid| files.with_uuid(uuid, place, leaf(path))).cloned();
    by_uuid
        .filter(|_| place.is_some())
        .or_else(by_place)
        .filter(image)
        .or_else(|| files.redacted(path, opened).cloned())
}

/// Whether an image is in the bundle.
pub fn bundled(id: &ImageId) -> Option<&BundlePath> {
    match id {
        ImageId::Bundled(path) => Some(path),
        ImageId::External(_) => None,
    }
}
