//! What dyld says when it gives up, in the words of dyld 2, 3 and 4.

use super::image_line::dyld_says;
use super::tried::{Tried, tried};
use super::uuid;

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DyldMessage {
    pub fault: DyldFault,
    /// The image that asks: "Referenced from".
    pub from: Option<Place>,
    /// Where a symbol should have been: "Expected in".
    pub expected_in: Option<Place>,
    /// What stands after "Reason:".
    pub reason: Option<String>,
    pub tried: Vec<Tried>,
    /// "macOS 14.0" when the asking image says that it was built for a newer one.
    pub built_for: Option<String>,
    /// Whether the text ends in the middle.
    pub cut: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DyldFault {
    /// The text of the load command; `None` when the report begins behind it.
    LibraryMissing(Option<String>),
    SymbolMissing(String),
    /// What a program asked for by `dlopen`.
    NotOpened(String),
    /// A library of DYLD_INSERT_LIBRARIES.
    NotInserted(String),
    /// dyld objects to a file as such: "duplicate LC_RPATH '…'". The file, when it is named, is [`DyldMessage::from`].
    Malformed(String),
}

/// An image as dyld names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// A path; "flat namespace" or "unknown" where there is no image.
    pub path: String,
    pub uuid: Option<String>,
}

const LIBRARY: &str = "Library not loaded: ";
const SYMBOL: &str = "Symbol not found: ";
const FLAT: &str = "symbol not found in flat namespace ";
const DEPENDENT: &str = "dependent dylib '";
const INSERTED: &str = "inserted dylib '";
const BUILT: [&str; 2] = [" (built for ", " (which was built for "];

/// What dyld objects to in a file (`UnsafeHeader::valid`, `Policy.cpp`).
const OBJECTIONS: [&str; 10] = [
    "duplicate LC_RPATH",
    "duplicate linked dylib",
    "missing LC_UUID",
    "missing LC_LOAD_DYLIB",
    "missing LC_ID_DYLIB",
    "duplicate segment name",
    "segment missing SG_READ_ONLY",
    "mis-aligned",
    "unknown required load command",
    "does not link with libSystem",
];

/// Where a message begins in `line`: behind what logs put in front.
pub fn begins(line: &str) -> Option<&str> {
    let said = dyld_says(line).unwrap_or(line).trim_start();
    let opens = |text: &str| text.contains("dlopen(") && (text.contains("): ") || text.contains("), "));
    if said.starts_with("dyld: launch") || said.starts_with("launch, ") {
        return None;
    }
    let starts = [LIBRARY, SYMBOL, FLAT, DEPENDENT, INSERTED].iter().any(|start| said.contains(start));
    let objects = said.len() < 400 && OBJECTIONS.iter().any(|objection| said.starts_with(objection));
    if starts || objects {
        return Some(said);
    }
    if opens(said) {
        return said.find("dlopen(").map(|at| &said[at..]);
    }
    let middle =
        ["Reason: tried:", "Referenced from:", "Expected in:"].iter().any(|start| said.starts_with(start));
    middle.then_some(said)
}

/// Whether `line` goes on with a message.
pub fn goes_on(line: &str) -> bool {
    let text = line.trim_start();
    let named = ["Referenced from:", "Reason:", "Expected in:", "in ", "Expected as weak-def"];
    let indented = line.len() > text.len() && !text.is_empty();
    named.iter().any(|start| text.starts_with(start)) || indented && text.starts_with('/')
}

/// Reads the lines of one message, joined by line feeds.
pub fn message(text: &str) -> Option<DyldMessage> {
    let reason = after(text, "Reason:").map(|rest| rest.trim().to_owned());
    let opened = opened(text);
    let (fault, needed_by) = fault(text, opened)?;
    let listed = reason.as_deref().unwrap_or(text);
    let (tried, mut cut) = tried(listed);
    let from = after(text, "Referenced from:").or(needed_by.as_deref());
    let built_for = from.and_then(built_for);
    let from = from.and_then(place);
    let expected_in =
        after(text, "Expected in:").or_else(|| quoted_after(text, "expected in '")).and_then(place);
    cut |= reason.as_deref() == Some("");
    Some(DyldMessage { fault, from, expected_in, reason, tried, built_for, cut })
}

/// What went wrong, and the image that dyld 3 names in the same line.
fn fault(text: &str, opened: Option<&str>) -> Option<(DyldFault, Option<String>)> {
    let needed_by = quoted_after(text, "needed by '").map(str::to_owned);
    if let Some(name) = after(text, LIBRARY) {
        return Some((DyldFault::LibraryMissing(Some(unquoted(first_line(name)).to_owned())), None));
    }
    if let Some(name) = quoted_after(text, DEPENDENT) {
        let by = quoted_after(text, "not found for '").map(str::to_owned);
        return Some((DyldFault::LibraryMissing(Some(name.to_owned())), by));
    }
    if let Some(name) = after(text, SYMBOL) {
        let name = first_line(name).split(", ").next().unwrap_or("");
        let name = unquoted(name).trim_start_matches('(').trim_end_matches(')');
        return Some((DyldFault::SymbolMissing(name.to_owned()), needed_by));
    }
    if let Some(name) = after(text, FLAT) {
        let name = unquoted(first_line(name)).trim_matches(['(', ')', '\'']);
        return Some((DyldFault::SymbolMissing(name.to_owned()), opened.map(str::to_owned)));
    }
    if let Some(name) = quoted_after(text, INSERTED) {
        return Some((DyldFault::NotInserted(name.to_owned()), None));
    }
    if let Some(path) = opened {
        return Some((DyldFault::NotOpened(path.to_owned()), None));
    }
    if let Some(objection) = OBJECTIONS.iter().find(|objection| text.starts_with(**objection)) {
        return Some(objected(text, objection));
    }
    after(text, "Reason: tried:").or_else(|| after(text, "Referenced from:"))?;
    Some((DyldFault::LibraryMissing(None), None))
}

/// `duplicate LC_RPATH '@loader_path' in /path`, the path perhaps in the next line.
fn objected(text: &str, objection: &str) -> (DyldFault, Option<String>) {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let from = objection.len();
    let (what, file) = match line.get(from..).and_then(|rest| rest.rsplit_once(" in ")) {
        Some((rest, file)) if file.contains('/') => (&line[..from + rest.len()], Some(file.to_owned())),
        _ => (line.as_str(), None),
    };
    (DyldFault::Malformed(what.to_owned()), file)
}

/// The path of `dlopen(PATH, MODE): …`.
fn opened(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("dlopen(")?;
    let (inside, _) = rest.split_once("): ")?;
    let path = inside.rsplit_once(", ").map_or(inside, |(path, _)| path).trim_matches('\'');
    (!path.is_empty() && !path.contains('\n')).then_some(path)
}

fn after<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    text.split_once(key).map(|(_, rest)| rest)
}

fn quoted_after<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    after(text, key)?.split_once('\'').map(|(name, _)| name)
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or("").trim()
}

fn unquoted(text: &str) -> &str {
    text.strip_prefix('\'').map_or(text, |rest| rest.trim_end_matches('\''))
}

fn built_for(text: &str) -> Option<String> {
    let line = first_line(text);
    let rest = BUILT.iter().find_map(|mark| after(line, mark))?;
    let end = rest.find(" which").or_else(|| rest.find(')')).unwrap_or(rest.len());
    Some(rest[..end].trim().to_owned())
}

/// `<UUID> /path`, `/path` or `'/path'`, perhaps with what macOS it was built for behind.
fn place(text: &str) -> Option<Place> {
    let line = first_line(text);
    let line =
        BUILT.iter().filter_map(|mark| line.split_once(mark)).map(|(line, _)| line).next().unwrap_or(line);
    let (id, path) = match line.strip_prefix('<').and_then(|rest| rest.split_once('>')) {
        Some((id, path)) => (uuid(id), path.trim()),
        None => (None, line),
    };
    let path = unquoted(path).trim();
    (!path.is_empty()).then(|| Place { path: path.to_owned(), uuid: id })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// "fault | from | expected in | reason".
    fn shown(text: &str) -> String {
        let read = message(text).unwrap_or_else(|| panic!("{text}"));
        let place = |place: Option<Place>| place.map_or("-".to_owned(), |place| place.path);
        format!(
            "{:?} | {} | {} | {}",
            read.fault,
            place(read.from),
            place(read.expected_in),
            read.reason.unwrap_or_default()
        )
    }

    #[test]
    fn a_missing_library_in_the_words_of_every_dyld() {
        let wanted = "LibraryMissing(Some(\"/l/libx.dylib\")) | /a/App | - | ";
        for (text, reason) in [
            (
                "Library not loaded: /l/libx.dylib\n  Referenced from: /a/App\n  Reason: image not found",
                "image not found",
            ),
            (
                "Library not loaded: '/l/libx.dylib'\n  Referenced from: '/a/App'\n  Reason: tried: '/l/libx.dylib' (no such file)",
                "tried: '/l/libx.dylib' (no such file)",
            ),
            (
                "Library not loaded: /l/libx.dylib\n  Referenced from: <14AD33D7-196F-32BB-91B6-598FA39EEF20> /a/App (built for macOS 14.0 which is newer than running OS)\n  Reason: tried: '/l/libx.dylib' (no such file)",
                "tried: '/l/libx.dylib' (no such file)",
            ),
            ("Library not loaded: /l/libx.dylib\nReferenced from:  /a/App\nReason: ", ""),
        ] {
            assert_eq!(shown(text), format!("{wanted}{reason}"));
        }
        assert!(shown("dependent dylib '/l/libx.dylib' not found for '/a/App', tried but didn't find: '/l/libx.dylib'").starts_with(wanted));
        let newer = message(
            "Library not loaded: x\nReferenced from: <no uuid> /a (which was built for Mac OS X 10.15)\n",
        )
        .unwrap();
        assert_eq!(newer.built_for.as_deref(), Some("Mac OS X 10.15"));
    }

    #[test]
    fn a_missing_symbol_in_the_words_of_every_dyld() {
        let wanted = "SymbolMissing(\"_f\") | /a/App | /l/libx.dylib | ";
        for text in [
            "lazy symbol binding failed: Symbol not found: _f\n  Referenced from: /a/App\n  Expected in: /l/libx.dylib",
            "Symbol not found: (_f)\n  Referenced from: '/a/App'\n  Expected in: '/l/libx.dylib'",
            "Symbol not found: _f\n  Referenced from: <14AD33D7-196F-32BB-91B6-598FA39EEF20> /a/App\n  Expected in:     <no uuid> /l/libx.dylib",
            "Symbol not found: _f, expected in '/l/libx.dylib', needed by '/a/App'",
        ] {
            assert_eq!(shown(text), wanted, "{text}");
        }
        let flat = "dlopen(/a/x.so, 0x0002): symbol not found in flat namespace '_f'";
        assert_eq!(shown(flat), "SymbolMissing(\"_f\") | /a/x.so | - | ");
    }

    #[test]
    fn objections_and_opened_files_are_told_apart() {
        assert_eq!(
            shown("duplicate LC_RPATH '@loader_path/'\n             in d/My App.app/Contents/MacOS/x"),
            "Malformed(\"duplicate LC_RPATH '@loader_path/'\") | d/My App.app/Contents/MacOS/x | - | "
        );
        assert_eq!(shown("dlopen(/a/x.so, 2): image not found"), "NotOpened(\"/a/x.so\") | - | - | ");
        assert!(begins("ImportError: dlopen(/a/x.so, 0x0002): tried: '/a/x.so' (no such file)").is_some());
        assert!(begins("dyld: launch, loading dependent libraries").is_none());
        assert!(begins("Thread 0 Crashed:").is_none());
    }
}
