//! The install names of macOS: `libraries.txt` and `moved.txt`.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::{lines, version};
use crate::macho::PackedVersion;

/// What is known about one library of macOS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    pub name: &'static str,
    pub since: Since,
    pub end: End,
    /// Whether the version letter in `name` is a guess: only the framework's own name is a fact then.
    pub letter_guessed: bool,
}

/// The macOS that brought a library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// Older than every list that could name it; the version is that of the earliest such list.
    AtOrBefore(PackedVersion),
    /// objc2 or pyobjc records it. `lacking` is the newest older SDK list without it, which confirms the record.
    Recorded { version: PackedVersion, lacking: Option<PackedVersion> },
    /// The first SDK list that has it; the one of `lacking` does not.
    FirstListed { version: PackedVersion, lacking: Option<PackedVersion> },
}

/// How a library ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    StillThere,
    /// macOS has not had it since this version.
    Gone(PackedVersion),
    /// libSystem.B.dylib no longer re-exports it; whether the file is still there is not known.
    LeftLibSystem(PackedVersion),
    /// A later SDK list does not name it, which proves nothing.
    Unlisted(PackedVersion),
}

/// Whether one macOS has a library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exists {
    Yes,
    /// Not before `since`, which [`super::Shown`] writes.
    NotYet {
        since: PackedVersion,
    },
    Gone {
        since: PackedVersion,
    },
    /// A list of this macOS's shared cache was given and does not have it.
    NotListed,
    /// Nothing known says yes or no.
    Unknown,
}

/// A library whose symbols, or some of them, are recorded under an older name by a linker whose deployment target lies in
/// `from <= target < until` (ld's `$ld$previous$` symbols).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moved {
    pub now: &'static str,
    pub before: &'static str,
    pub from: PackedVersion,
    pub until: Option<PackedVersion>,
}

/// Sorted by name.
static LIBRARIES: LazyLock<Vec<Facts>> =
    LazyLock::new(|| lines(include_str!("libraries.txt")).filter_map(row).collect());

/// Sorted by `now`.
static MOVED: LazyLock<Vec<Moved>> =
    LazyLock::new(|| lines(include_str!("moved.txt")).filter_map(moved_row).collect());

static BY_NAME: LazyLock<HashMap<&'static str, &'static Facts>> =
    LazyLock::new(|| LIBRARIES.iter().map(|facts| (facts.name, facts)).collect());

/// What is gone: a library's name, or the folder of a framework with its `/`.
static GONE: LazyLock<HashMap<&'static str, PackedVersion>> = LazyLock::new(|| {
    LIBRARIES
        .iter()
        .filter_map(|facts| match facts.end {
            End::Gone(since) => Some((framework_folder(facts.name).unwrap_or(facts.name), since)),
            _ => None,
        })
        .collect()
});

fn row(line: &'static str) -> Option<Facts> {
    let mut columns = line.split('\t');
    let (name, since, lacking) = (columns.next()?, columns.next()?, columns.next()?);
    let (end, evidence) = (columns.next()?, columns.next()?);
    let lacking = version(lacking);
    let since = match since.strip_prefix("<=") {
        Some(earliest) => Since::AtOrBefore(version(earliest)?),
        None if evidence.contains('R') => Since::Recorded { version: version(since)?, lacking },
        None => Since::FirstListed { version: version(since)?, lacking },
    };
    let end = match end.split_once(' ') {
        Some(("gone", since)) => End::Gone(version(since)?),
        Some(("left", since)) => End::LeftLibSystem(version(since)?),
        Some(("unlisted", since)) => End::Unlisted(version(since)?),
        _ => End::StillThere,
    };
    Some(Facts { name, since, end, letter_guessed: evidence.contains('?') })
}

fn moved_row(line: &'static str) -> Option<Moved> {
    let mut columns = line.split('\t');
    let (now, before) = (columns.next()?, columns.next()?);
    Some(Moved { now, before, from: version(columns.next()?)?, until: columns.next().and_then(version) })
}

/// `/System/…/X.framework/` of a name in it.
fn framework_folder(name: &str) -> Option<&str> {
    name.find(".framework/").and_then(|at| name.get(..at + ".framework/".len()))
}

/// What is known about the library that `name` means: an install name, or a framework by `X.framework/X`, by
/// `Versions/Current`, or by whatever letter where the letter is not a fact.
pub fn library(name: &str) -> Option<&'static Facts> {
    BY_NAME.get(name).copied().or_else(|| framework(name))
}

fn framework(name: &str) -> Option<&'static Facts> {
    let (folder, leaf) = name.rsplit_once('/')?;
    let own = format!("/{leaf}.framework");
    let (top, letter) = match folder.rsplit_once("/Versions/") {
        Some((top, letter)) if top.ends_with(&own) && !letter.contains('/') => (top, Some(letter)),
        _ if folder.ends_with(&own) => (folder, None),
        _ => return None,
    };
    let versions = format!("{top}/Versions/");
    let first = LIBRARIES.partition_point(|facts| facts.name < versions.as_str());
    let facts = LIBRARIES.get(first..)?.iter().take_while(|facts| facts.name.starts_with(&versions)).find(
        |facts| {
            let rest = facts.name.get(versions.len()..).and_then(|rest| rest.split_once('/'));
            rest.is_some_and(|(_, name)| name == leaf)
        },
    )?;
    let any_letter = facts.letter_guessed || matches!(facts.end, End::Gone(_));
    (any_letter || letter.is_none_or(|letter| letter == "Current")).then_some(facts)
}

/// The macOS since which nothing is left of what `name` means.
pub fn gone(name: &str) -> Option<PackedVersion> {
    GONE.get(framework_folder(name).unwrap_or(name)).copied()
}

/// Whether macOS `os` has the library that `name` means. Where the lists leave a gap, the answer is `Unknown`.
pub fn exists(name: &str, os: PackedVersion) -> Exists {
    if let Some(since) = gone(name).filter(|since| os >= *since) {
        return Exists::Gone { since };
    }
    library(name).map_or(Exists::Unknown, |facts| facts.exists(os))
}

/// The older names that a linker records for symbols of `name` with the deployment target `target`.
pub fn moved(name: &str, target: PackedVersion) -> impl Iterator<Item = &'static Moved> {
    let now = library(name).map_or("", |facts| facts.name);
    MOVED.iter().filter(move |moved| {
        moved.now == now && moved.from <= target && moved.until.is_none_or(|until| target < until)
    })
}

impl Facts {
    /// Whether macOS `os` has it.
    pub fn exists(&self, os: PackedVersion) -> Exists {
        match self.end {
            End::Gone(since) if os >= since => return Exists::Gone { since },
            End::LeftLibSystem(since) | End::Unlisted(since) if os >= since => return Exists::Unknown,
            _ => {}
        }
        match self.since {
            Since::AtOrBefore(version)
            | Since::Recorded { version, .. }
            | Since::FirstListed { version, .. }
                if os >= version =>
            {
                Exists::Yes
            }
            Since::Recorded { version, .. } => Exists::NotYet { since: version },
            Since::FirstListed { version, lacking: Some(lacking) } if os <= lacking => {
                Exists::NotYet { since: version }
            }
            Since::AtOrBefore(_) | Since::FirstListed { .. } => Exists::Unknown,
        }
    }

    /// Whether two kinds of sources agree that `os` does not have it yet: a record, and an SDK list without it.
    pub fn surely_newer_than(&self, os: PackedVersion) -> bool {
        matches!(self.since, Since::Recorded { version, lacking: Some(lacking) } if os < version && os <= lacking)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn os(text: &str) -> PackedVersion {
        version(text).expect("a version")
    }

    #[test]
    fn every_line_is_read_and_the_tables_are_sorted() {
        let names: Vec<&str> = LIBRARIES.iter().map(|facts| facts.name).collect();
        assert_eq!(names.len(), lines(include_str!("libraries.txt")).count());
        assert!(names.len() > 600 && names.is_sorted_by(|a, b| a < b));
        assert_eq!(MOVED.len(), lines(include_str!("moved.txt")).count());
        assert!(MOVED.is_sorted_by_key(|moved| moved.now) && MOVED.len() > 9);
    }

    #[test]
    fn the_table_says_nothing_that_it_does_not_explain() {
        for line in lines(include_str!("libraries.txt")) {
            let [name, since, lacking, end, evidence] = line.split('\t').collect::<Vec<_>>()[..] else {
                panic!("{line}")
            };
            assert!(name.starts_with("/usr/lib/") || name.starts_with("/System/Library/"), "{line}");
            assert!(!name.contains("BuildRoots") && !name.contains("/Users/"), "{line}");
            assert!(version(since.strip_prefix("<=").unwrap_or(since)).is_some(), "{line}");
            assert!(lacking == "-" || version(lacking) < version(since), "{line}");
            let known_end = ["gone ", "left ", "unlisted "].iter().find_map(|word| end.strip_prefix(word));
            assert!(end == "-" || known_end.is_some_and(|end| version(end).is_some()), "{line}");
            assert!(
                !evidence.is_empty() && evidence.chars().all(|letter| "SLRI?".contains(letter)),
                "{line}"
            );
            assert!(!(evidence.contains('S') && evidence.contains('?')), "{line}");
        }
    }

    #[test]
    fn a_library_comes_and_goes() {
        let screen = "/System/Library/Frameworks/ScreenCaptureKit.framework/Versions/A/ScreenCaptureKit";
        assert_eq!(exists(screen, os("12.0")), Exists::NotYet { since: os("12.3") });
        assert_eq!(exists(screen, os("12.3")), Exists::Yes);
        let python = "/System/Library/Frameworks/Python.framework/Versions/2.7/Python";
        assert_eq!(exists(python, os("12.0")), Exists::Yes);
        assert_eq!(exists(python, os("12.3")), Exists::Gone { since: os("12.3") });
        assert_eq!(exists("/usr/lib/libmine.dylib", os("12.0")), Exists::Unknown);
    }

    #[test]
    fn between_two_lists_and_before_the_first_nothing_is_claimed() {
        let charts = "/System/Library/Frameworks/Charts.framework/Charts";
        assert_eq!(exists(charts, os("12.3")), Exists::NotYet { since: os("13.1") });
        assert_eq!(exists(charts, os("13.0")), Exists::Unknown);
        assert_eq!(exists("/usr/lib/libbz2.1.0.dylib", os("10.13")), Exists::Unknown);
        assert_eq!(exists("/usr/lib/libbz2.1.0.dylib", os("26.0")), Exists::Yes);
        assert_eq!(exists("/usr/lib/system/libsystem_trial.dylib", os("26.0")), Exists::Unknown);
    }

    #[test]
    fn a_later_list_without_it_is_no_proof() {
        let launch = "/usr/lib/system/liblaunch.dylib";
        assert_eq!(library(launch).map(|facts| facts.end), Some(End::LeftLibSystem(os("12.1"))));
        assert_eq!(exists(launch, os("13.0")), Exists::Unknown);
        let plug_in = "/System/Library/Frameworks/IMServicePlugIn.framework/IMServicePlugIn";
        assert_eq!(exists(plug_in, os("14.0")), Exists::Unknown);
    }

    #[test]
    fn a_guessed_letter_matches_by_the_frameworks_name() {
        let by = |letter: &str| {
            library(&format!("/System/Library/Frameworks/SwiftData.framework/Versions/{letter}/SwiftData"))
        };
        assert!(by("A").is_some_and(|facts| facts.letter_guessed));
        assert_eq!(by("A"), by("Q"));
        assert!(library("/System/Library/Frameworks/AppKit.framework/Versions/Q/AppKit").is_none());
        assert!(library("/System/Library/Frameworks/AppKit.framework/Versions/Current/AppKit").is_some());
        assert!(library("/System/Library/Frameworks/AppKit.framework/Versions/C/Other").is_none());
    }

    #[test]
    fn a_record_that_a_list_contradicts_is_corrected() {
        let since = |leaf: &str| {
            library(&format!("/System/Library/Frameworks/{leaf}.framework/{leaf}")).map(|facts| facts.since)
        };
        assert_eq!(since("MetricKit"), Some(Since::AtOrBefore(os("11.1"))));
        assert_eq!(since("vecLib"), Some(Since::AtOrBefore(os("13.1"))));
        assert_eq!(exists("/usr/lib/libobjc.A.dylib", os("10.4")), Exists::Unknown);
        assert_eq!(since("CoreLocation"), Some(Since::Recorded { version: os("10.6"), lacking: None }));
    }

    #[test]
    fn a_moved_library_has_its_old_name_below_a_target() {
        let audio = "/System/Library/Frameworks/AVFAudio.framework/Versions/A/AVFAudio";
        let names = |target| moved(audio, target).map(|moved| moved.before).collect::<Vec<_>>();
        assert_eq!(
            names(os("11.0")),
            ["/System/Library/Frameworks/AVFoundation.framework/Versions/A/AVFoundation"]
        );
        assert_eq!(names(os("11.3")), [] as [&str; 0]);
    }
}
