//! Symbols of libSystem that came or went since 10.15.6: `libsystem.txt`.

use std::sync::LazyLock;

use super::{lines, version};
use crate::macho::PackedVersion;

/// What the stubs of libSystem say about a symbol on one macOS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listed {
    Yes,
    /// The stub of `first` is the first to list it; the one of `lacking`, which is not older than the macOS asked about,
    /// does not.
    NotYet {
        lacking: PackedVersion,
        first: PackedVersion,
    },
    /// No longer in the stub since the one of `since`. It may still be there at run time.
    Unlisted {
        since: PackedVersion,
    },
    /// Nothing that came or went: it was there all the time, or never; or the macOS lies between two stubs.
    Unknown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Group {
    lacking: Option<PackedVersion>,
    first: Option<PackedVersion>,
    last: Option<PackedVersion>,
    unlisted: Option<PackedVersion>,
}

/// The oldest stub compared.
const FIRST_STUB: PackedVersion = PackedVersion::new(10, 15, 6);

/// Sorted by symbol.
static SYMBOLS: LazyLock<Vec<(&'static str, Group)>> = LazyLock::new(|| {
    let mut group = Group::default();
    let mut symbols = Vec::new();
    for line in lines(include_str!("libsystem.txt")) {
        match line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            Some(head) => group = read_group(head),
            None => symbols.push((line, group)),
        }
    }
    symbols.sort_unstable_by_key(|(symbol, _)| *symbol);
    symbols
});

fn read_group(head: &str) -> Group {
    let mut parts = head.split(' ').map(version);
    let mut next = || parts.next().flatten();
    Group { lacking: next(), first: next(), last: next(), unlisted: next() }
}

/// What is known about `symbol` (with its `_`) of libSystem on macOS `os`.
pub fn libsystem_symbol(symbol: &str, os: PackedVersion) -> Listed {
    let at = SYMBOLS.binary_search_by(|(known, _)| (*known).cmp(symbol));
    at.ok().and_then(|at| SYMBOLS.get(at)).map_or(Listed::Unknown, |(_, group)| group.listed(os))
}

impl Group {
    fn listed(&self, os: PackedVersion) -> Listed {
        match (self.lacking, self.first) {
            (Some(lacking), Some(first)) if os <= lacking => return Listed::NotYet { lacking, first },
            (_, Some(first)) if os < first => return Listed::Unknown,
            (_, None) if os < FIRST_STUB => return Listed::Unknown,
            _ => {}
        }
        match (self.last, self.unlisted) {
            (_, Some(since)) if os >= since => Listed::Unlisted { since },
            (Some(last), _) if os > last => Listed::Unknown,
            _ => Listed::Yes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn os(text: &str) -> PackedVersion {
        version(text).expect("a version")
    }

    #[test]
    fn every_group_says_something_and_is_sorted() {
        let mut before = "";
        let mut groups = 0;
        for line in lines(include_str!("libsystem.txt")) {
            if let Some(head) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                let group = read_group(head);
                let ends = [group.lacking, group.first, group.last, group.unlisted];
                let known: Vec<PackedVersion> = ends.into_iter().flatten().collect();
                assert!(head.split(' ').count() == 4 && known.is_sorted() && known.len() > 1, "{head}");
                assert_eq!(group.lacking.is_some(), group.first.is_some(), "{head}");
                assert_eq!(group.last.is_some(), group.unlisted.is_some(), "{head}");
                (before, groups) = ("", groups + 1);
            } else {
                assert!(before < line && !line.contains(char::is_whitespace), "{line}");
                before = line;
            }
        }
        assert!(groups > 20 && SYMBOLS.len() > 2900);
        assert!(SYMBOLS.is_sorted_by(|a, b| a.0 < b.0), "a symbol stands in two groups");
    }

    #[test]
    fn a_symbol_is_new_up_to_the_stub_that_lacks_it_and_open_until_the_one_that_has_it() {
        let (lacking, first) = (os("13.0"), os("13.3"));
        let group = Group { lacking: Some(lacking), first: Some(first), ..Group::default() };
        assert_eq!(group.listed(os("12.0")), Listed::NotYet { lacking, first });
        assert_eq!(group.listed(os("13.1")), Listed::Unknown);
        assert_eq!(group.listed(os("13.3")), Listed::Yes);
    }

    #[test]
    fn what_left_the_stub_may_still_be_there() {
        let group = Group { last: Some(os("14.0")), unlisted: Some(os("15.0")), ..Group::default() };
        assert_eq!(group.listed(os("10.13")), Listed::Unknown);
        assert_eq!(group.listed(os("12.0")), Listed::Yes);
        assert_eq!(group.listed(os("14.5")), Listed::Unknown);
        assert_eq!(group.listed(os("15.0")), Listed::Unlisted { since: os("15.0") });
    }

    #[test]
    fn a_function_of_15_4_is_new_for_14_and_open_for_15() {
        assert!(matches!(libsystem_symbol("_strchrnul", os("14.0")), Listed::NotYet { .. }));
        assert_eq!(libsystem_symbol("_strchrnul", os("15.0")), Listed::Unknown);
        assert_eq!(libsystem_symbol("_strchrnul", os("26.0")), Listed::Yes);
        assert_eq!(libsystem_symbol("_malloc", os("14.0")), Listed::Unknown);
    }
}
