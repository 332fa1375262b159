//! What a build leaves in bytes by itself: dates, times, and the folders that it stood in.

use std::sync::LazyLock;

use regex::bytes::Regex;

use super::{Class, explain};

/// Larger files are not searched.
const LARGEST: usize = 64 << 20;
/// A date of `__DATE__` or ISO 8601, a time of `__TIME__`; then a folder of a build machine with all that follows.
const DATE: &str = concat!(
    r"(?-u)(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ 0-3]\d (?:19|20)\d\d",
    r"|(?:19|20)\d\d-[01]\d-[0-3]\d(?:[T ][0-2]\d:[0-5]\d(?::[0-5]\d)?)?",
    r"|\b[0-2]\d:[0-5]\d:[0-5]\d\b"
);
const FOLDER: &str = concat!(
    r"(?-u)/(?:Users|home|private/tmp|private/var/folders|tmp|var/folders|opt/homebrew|opt/local|usr/local|nix/store",
    r"|Volumes|builds|build|workspace|Applications/Xcode[^/]{0,32}\.app)",
    r"(?:/[\x21\x23-\x26\x28-\x2e\x30-\x39\x3b\x3d\x3f-\x7e]{1,128}){1,32}"
);

// Made once: there are many sections.
static DATES: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(DATE).ok());
static FOLDERS: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(FOLDER).ok());
static EITHER: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(&format!("{DATE}|{FOLDER}")).ok());

/// What alone differs between two pieces of bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trace {
    pub explanation: &'static str,
    /// The first that differs, on each side.
    pub left: String,
    pub right: String,
}

impl Trace {
    pub const CLASS: Class = Class::Environment;
}

/// `None` when other things differ as well, or nothing of the kind does.
pub(super) fn only_traces(left: &[u8], right: &[u8]) -> Option<Trace> {
    if left.len().max(right.len()) > LARGEST {
        return None;
    }
    let date = || differing(left, right, &DATES).map(|pair| (pair, explain::DATES));
    let folder = || differing(left, right, &FOLDERS).map(|pair| (pair, explain::PATHS));
    let either = || differing(left, right, &EITHER).map(|pair| (pair, explain::PATHS));
    let ((left, right), explanation) = date().or_else(folder).or_else(either)?;
    Some(Trace { explanation, left, right })
}

/// The first pair of matches that differ, when all between the matches is equal.
fn differing(left: &[u8], right: &[u8], pattern: &LazyLock<Option<Regex>>) -> Option<(String, String)> {
    let pattern = pattern.as_ref()?;
    let (mut a, mut b) = (pattern.find_iter(left), pattern.find_iter(right));
    let (mut at, mut other_at, mut first) = (0, 0, None);
    loop {
        let (one, other) = (a.next(), b.next());
        let ends = (one.map_or(left.len(), |one| one.start()), other.map_or(right.len(), |one| one.start()));
        if left.get(at..ends.0) != right.get(other_at..ends.1) {
            return None;
        }
        let (Some(one), Some(other)) = (one, other) else {
            return first.filter(|_| one.is_none() && other.is_none());
        };
        let leaf = |found: &[u8]| found.rsplit(|&byte| byte == b'/').next().map(<[u8]>::to_vec);
        if one.as_bytes().starts_with(b"/") && leaf(one.as_bytes()) != leaf(other.as_bytes()) {
            return None; // another file, not another folder
        }
        (at, other_at) = (one.end(), other.end());
        if first.is_none() && one.as_bytes() != other.as_bytes() {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            first = Some((text(one.as_bytes()), text(other.as_bytes())));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_folders_alone_are_recognized() {
        let dates =
            only_traces(b"v1 built Nov 25 2026 20:48:11\0x", b"v1 built Jan  1 2027 00:00:00\0x").unwrap();
        assert_eq!(dates.explanation, explain::DATES);
        assert_eq!((dates.left.as_str(), dates.right.as_str()), ("Nov 25 2026", "Jan  1 2027"));
        let folders = only_traces(b"\0/Users/ann/src/a.c\0z", b"\0/home/bob/other/a.c\0z").unwrap();
        assert_eq!(folders.explanation, explain::PATHS);
        assert!(only_traces(b"2026-11-25 /tmp/x/a", b"2026-11-26 /tmp/y/a").is_some(), "both at once");
    }

    #[test]
    fn anything_else_that_differs_is_content() {
        assert_eq!(only_traces(b"a Nov 25 2026", b"b Jan 25 2026"), None);
        assert_eq!(only_traces(b"one", b"two"), None);
        assert_eq!(only_traces(b"Nov 25 2026 Nov 25 2026", b"Nov 25 2026"), None);
        assert_eq!(only_traces(b"/Users/ann/a", b"/Users/ann/a and more"), None, "the text behind");
        assert_eq!(only_traces(b"/usr/local/bin/a", b"/usr/local/bin/b"), None, "another file");
    }
}
