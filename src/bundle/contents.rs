//! What is in the files, as far as findings need it: one pass over the bytes and the extended attributes, for looking
//! at a bundle and never for planning. Values are small, whatever the size of the files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;
use regex::bytes::{Match, Regex};

use super::{Bundle, Image, Node, map};
use crate::failure::Failure;
use crate::macho::header::Header;
use crate::os;
use crate::paths::BundlePath;
use crate::progress::{Cancelled, Progress};

/// What the pass keeps.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Contents {
    /// The first bytes, at most [`START`], of every Info.plist and PkgInfo and of what is no Mach-O file in a folder `MacOS`.
    pub starts: BTreeMap<BundlePath, Vec<u8>>,
    /// The text of configuration files that name other files.
    pub configuration: BTreeMap<BundlePath, String>,
    /// Folders of the build machine that stand in a file's bytes (`/Users/ann`), each with the first path that shows it.
    /// Load commands are left out: rules of their own look at them.
    pub traces: BTreeMap<BundlePath, BTreeMap<String, String>>,
    /// Names of extended attributes, without the prefix `user.` that Linux puts before them.
    pub attributes: BTreeMap<BundlePath, BTreeSet<String>>,
}

/// Bytes of the beginning that are kept.
const START: u64 = 256;
/// No configuration file of any use is larger.
const MAX_CONFIGURATION: u64 = 256 << 10;
/// Larger text files are data.
const MAX_TEXT: u64 = 1 << 20;
/// Different folders of one file that are kept.
const MAX_TRACES: usize = 16;

/// A home, or a folder for temporary files, with what follows it. Group 1 or 3 is the folder, group 2 the name of
/// the home.
const TRACE: &str = concat!(
    r"(?-u)(?:(/(?:Users|home)/([A-Za-z0-9._-]{1,64})|/var/folders)|(/private/tmp)/[A-Za-z0-9._-]{1,64})",
    r"/[\x21\x23-\x26\x28-\x3a\x3d\x3f-\x7e]{1,160}"
);

/// Names that stand in manuals and examples instead of a person's.
const NOBODY: [&str; 16] = [
    "Shared", "user", "User", "username", "USERNAME", "me", "you", "yourname", "name", "foo", "bar",
    "someone", "somebody", "example", "Guest", "xxx",
];

/// Endings of text files in which build tools leave paths.
const TEXTS: [&str; 16] = [
    "cache", "cfg", "cmake", "conf", "config", "ini", "json", "la", "pc", "plist", "prf", "pri", "prl",
    "pth", "pyc", "sh",
];

/// Reads what [`Contents`] holds, in parallel. What cannot be read is left out: the scan has said so.
///
/// # Errors
/// [`Failure`] when the user stops it.
pub fn read_contents(bundle: &Bundle, progress: &Progress) -> Result<Contents, Failure> {
    let pattern = Regex::new(TRACE)
        .map_err(|error| Failure::new(&bundle.root, error.to_string(), "report this as a bug"))?;
    let (done, total) = (AtomicU64::new(0), bundle.nodes.len() as u64);
    let nodes: Vec<(&BundlePath, &Node)> = bundle.nodes.iter().collect();
    let read: Vec<Contents> = nodes
        .par_iter()
        .fold(
            || Ok(Contents::default()),
            |so_far: Result<Contents, Cancelled>, (path, node)| {
                let mut contents = so_far?;
                let seen = done.fetch_add(1, Ordering::Relaxed);
                progress.step("looking into", path.as_str(), seen, total)?;
                contents.add(bundle, path, node, &pattern);
                Ok(contents)
            },
        )
        .collect::<Result<_, Cancelled>>()?;
    Ok(read.into_iter().fold(Contents::default(), Contents::and))
}

impl Contents {
    fn and(mut self, other: Contents) -> Contents {
        self.starts.extend(other.starts);
        self.configuration.extend(other.configuration);
        self.traces.extend(other.traces);
        self.attributes.extend(other.attributes);
        self
    }

    fn add(&mut self, bundle: &Bundle, path: &BundlePath, node: &Node, pattern: &Regex) {
        let local = path.to_local(&bundle.root);
        if matches!(node, Node::File { .. } | Node::Folder) {
            let names = attributes(&local);
            if !names.is_empty() {
                self.attributes.insert(path.clone(), names);
            }
        }
        let Node::File { length: 1.., .. } = node else { return };
        let found = match bundle.image(path) {
            Some(image) => in_image(image, &local, pattern),
            None => self.add_text(path, &local, pattern),
        };
        if !found.is_empty() {
            self.traces.insert(path.clone(), found);
        }
    }

    /// Keeps what is wanted of a file that is no image, and answers the traces in it.
    fn add_text(&mut self, path: &BundlePath, local: &Path, pattern: &Regex) -> BTreeMap<String, String> {
        let (first, settings, text) = (keeps_start(path), is_configuration(path), is_text(path));
        if !(first || settings || text) {
            return BTreeMap::new();
        }
        let Ok(bytes) = map(local) else { return BTreeMap::new() };
        let length = bytes.len() as u64;
        if first {
            let kept = bytes.get(..bytes.len().min(START as usize)).unwrap_or_default();
            self.starts.insert(path.clone(), kept.to_vec());
        }
        if settings && length <= MAX_CONFIGURATION {
            self.configuration.insert(path.clone(), String::from_utf8_lossy(&bytes).into_owned());
        }
        let mut found = BTreeMap::new();
        if text && length <= MAX_TEXT {
            search(&bytes, pattern, &mut found);
        }
        if path.file_name().ends_with(".pyc") {
            found.retain(|_, text| text.contains(".py")); // where it was compiled, not what its texts speak of
        }
        found
    }
}

fn attributes(local: &Path) -> BTreeSet<String> {
    let names = os::attribute_names(local).into_iter();
    names.map(|name| name.strip_prefix("user.").map_or(name.clone(), str::to_owned)).collect()
}

fn keeps_start(path: &BundlePath) -> bool {
    let folder = path.components().rev().nth(1);
    matches!(path.file_name(), "Info.plist" | "PkgInfo") || folder == Some("MacOS")
}

/// Files that say where plug-ins, fonts or a home are.
fn is_configuration(path: &BundlePath) -> bool {
    let name = path.file_name();
    matches!(
        name,
        "qt.conf"
            | "qt6.conf"
            | "loaders.cache"
            | "immodules.cache"
            | "pango.modules"
            | "pyvenv.cfg"
            | "fonts.conf"
    ) || name.ends_with(".pth")
}

fn is_text(path: &BundlePath) -> bool {
    let name = path.file_name();
    name.rsplit_once('.').is_some_and(|(_, ending)| TEXTS.contains(&ending))
}

/// The traces in each slice: behind its load commands, and not in its instructions.
fn in_image(image: &Image, local: &Path, pattern: &Regex) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let Ok(bytes) = map(local) else { return found };
    for slice in &image.file.slices {
        let (start, end) = (slice.offset, slice.offset.saturating_add(slice.size));
        let Some(slice) = part(&bytes, start, end.min(bytes.len() as u64)) else { continue };
        let Ok(header) = Header::parse(slice) else { continue };
        let mut from = header.commands_end() as u64;
        for (start, end) in instructions(&header) {
            search(part(slice, from, start).unwrap_or_default(), pattern, &mut found);
            from = from.max(end);
        }
        search(part(slice, from, slice.len() as u64).unwrap_or_default(), pattern, &mut found);
    }
    found
}

fn part(bytes: &[u8], start: u64, end: u64) -> Option<&[u8]> {
    bytes.get(usize::try_from(start).ok()?..usize::try_from(end).ok()?)
}

/// Where the sections that hold nothing but instructions begin and end in the slice, in order.
fn instructions(header: &Header) -> Vec<(u64, u64)> {
    const S_ATTR_PURE_INSTRUCTIONS: u32 = 0x8000_0000;
    let sections = header.segments.iter().flat_map(|segment| &segment.sections);
    let code = sections.filter(|section| section.has_data() && section.flags & S_ATTR_PURE_INSTRUCTIONS != 0);
    let mut places: Vec<(u64, u64)> = code
        .map(|section| (section.offset.into(), u64::from(section.offset).saturating_add(section.size)))
        .collect();
    places.sort_unstable();
    places
}

fn search(bytes: &[u8], pattern: &Regex, found: &mut BTreeMap<String, String>) {
    for captures in pattern.captures_iter(bytes) {
        let folder = captures.get(1).or_else(|| captures.get(3));
        let (Some(whole), Some(folder)) = (captures.get(0), folder) else { continue };
        let name = captures.get(2).map(|name| name.as_bytes());
        let nobody = name.is_some_and(|name| NOBODY.iter().any(|one| one.as_bytes() == name));
        if nobody || !begins_a_path(bytes, &whole) {
            continue;
        }
        let text = |one: &Match<'_>| String::from_utf8_lossy(one.as_bytes()).into_owned();
        let folder = text(&folder);
        if found.len() < MAX_TRACES || found.contains_key(&folder) {
            found.entry(folder).or_insert_with(|| text(&whole));
        }
    }
}

/// Whether what stands before is no part of the path: `https://example.org/home/ann/` names a page.
fn begins_a_path(bytes: &[u8], whole: &Match<'_>) -> bool {
    let before = whole.start().checked_sub(1).and_then(|at| bytes.get(at));
    before.is_none_or(|byte| !byte.is_ascii_alphanumeric() && !b"._-~%})]>*/\\".contains(byte))
        || bytes.get(..whole.start()).is_some_and(|start| start.ends_with(b"file://"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn traces(text: &str) -> Vec<String> {
        let mut found = BTreeMap::new();
        search(text.as_bytes(), &Regex::new(TRACE).unwrap(), &mut found);
        found.into_iter().map(|(folder, path)| format!("{folder}: {path}")).collect()
    }

    #[test]
    fn a_home_is_named_once_with_the_first_path_in_it() {
        let text =
            "\0/Users/ann/src/a.c\0/Users/ann/src/b.c\0 file:///home/bob/x\0/private/tmp/openssl-1/x\0";
        assert_eq!(
            traces(text),
            [
                "/Users/ann: /Users/ann/src/a.c",
                "/home/bob: /home/bob/x",
                "/private/tmp: /private/tmp/openssl-1/x"
            ]
        );
    }

    #[test]
    fn pages_patterns_and_examples_are_nobodys_home() {
        for text in [
            "https://example.org/home/ann/page",
            "/Users/%s/Library",
            "/Users/",
            "/Users/Shared/x",
            "/home/user/x",
            "/home/ann",
            "/private/tmp/socket",
            "../home/ann/x",
        ] {
            assert_eq!(traces(text), [] as [String; 0], "{text}");
        }
    }

    #[test]
    fn so_many_homes_are_kept_and_no_more() {
        let text: String = (0..40).map(|number| format!(" /Users/ann{number:02}/x")).collect();
        assert_eq!(traces(&text).len(), MAX_TRACES);
    }

    #[test]
    fn an_image_is_searched_behind_its_commands_and_around_its_instructions() {
        let mut sample = crate::macho::sample::Sample::new(crate::macho::Arch::ARM64);
        sample.rpaths = vec!["/Users/ann/lib".to_owned()];
        let mut bytes = sample.build();
        bytes.extend_from_slice(b"\0/home/bob/src/x.c\0");
        let dir = tempfile::tempdir().unwrap();
        let app = dir.path().join("A.app");
        std::fs::create_dir_all(app.join("Contents/MacOS")).unwrap();
        std::fs::write(app.join("Contents/MacOS/A"), bytes).unwrap();
        let bundle = crate::bundle::scan(&app, &Progress::silent()).unwrap();
        let contents = read_contents(&bundle, &Progress::silent()).unwrap();
        let found: Vec<&String> = contents.traces.values().flat_map(BTreeMap::keys).collect();
        assert_eq!(found, ["/home/bob"]);
    }

    #[cfg(unix)]
    #[test]
    fn attributes_have_the_names_that_a_mac_gives_them() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("x");
        std::fs::write(&file, b"x").unwrap();
        let name =
            if cfg!(target_os = "linux") { "user.com.apple.quarantine" } else { "com.apple.quarantine" };
        if xattr::set(&file, name, b"0").is_ok() {
            assert!(attributes(&file).contains("com.apple.quarantine"));
        }
        assert_eq!(attributes(&dir.path().join("absent")), BTreeSet::new());
    }

    #[test]
    fn one_pass_keeps_the_beginnings_and_the_settings() {
        let dir = tempfile::tempdir().unwrap();
        let app = dir.path().join("A.app");
        for (path, text) in [
            ("Contents/MacOS/A", "#!/bin/sh\nexec true\n"),
            ("Contents/Resources/qt.conf", "[Paths]\nPrefix = /opt/qt\n"),
            ("Contents/Resources/build.cfg", "from=/Users/ann/project\n"),
            ("Contents/Resources/photo.raw", "/Users/ann/project\n"),
        ] {
            let file = app.join(path);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        }
        let bundle = crate::bundle::scan(&app, &Progress::silent()).unwrap();
        let contents = read_contents(&bundle, &Progress::silent()).unwrap();
        let path = |text: &str| BundlePath::new(text).unwrap();
        assert!(contents.starts[&path("Contents/MacOS/A")].starts_with(b"#!/bin/sh"));
        assert!(contents.configuration[&path("Contents/Resources/qt.conf")].contains("Prefix"));
        let traced: Vec<&str> = contents.traces.keys().map(BundlePath::as_str).collect();
        assert_eq!(traced, ["Contents/Resources/build.cfg"]);
        let stop = Progress::new(|_| Err(Cancelled));
        assert_eq!(read_contents(&bundle, &stop), Err(Failure::Cancelled));
    }
}
