//! Volumes of generated trees: each is sound for the strict checker and read back equal, by our reader and by 7-Zip.

#![allow(clippy::disallowed_methods, reason = "tests make what they look at")]

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::process::Command;

use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestRunner};
use unicode_normalization::UnicodeNormalization;

use super::super::apple_double::Values;
use super::super::bytes::is_zero;
use super::super::spec::{DmgSpec, Format, Item};
use super::super::tree::{Content, Finder, Source, Tree, cnid};
use super::super::{Background, DiskImage, build};
use super::check::check;
use super::reader::{Entry, Kind, Volume};
use super::unicode;
use super::volume::{self, Identity};
use crate::progress::Progress;

/// What is added to a tree: where, how it is called, what it is, and what is beside it.
#[derive(Debug, Clone)]
struct Added {
    parent: prop::sample::Index,
    name: String,
    kind: u8,
    size: usize,
    attributes: Vec<(String, usize)>,
    resource: usize,
    finder: [u8; 32],
}

/// Names of letters that fold, decompose, stay apart, are ignored or lie beyond the Basic Multilingual Plane; and long ones.
fn name() -> impl Strategy<Value = String> {
    let mixed = "[a-cA-CéÄßÅſ각Ωﬁが가АаЙйΑαǅḀ😀🏴\u{301}\u{323}\u{200D}\u{FEFF}\u{2126} :._-]{1,12}";
    let text = |pattern: &str| proptest::string::string_regex(pattern).expect("a pattern");
    prop_oneof![6 => text(mixed), 1 => text("[a-z]{1,255}"), 1 => text("é{1,127}"), 1 => text("\\PC{1,20}")]
}

/// Around what fits a block, an inline attribute and one chunk.
fn size(most: usize) -> impl Strategy<Value = usize> {
    let edges = [0, 1, 511, 3801, 3802, 3803, 4095, 4096, 4097, 8192, 40_000];
    let edges: Vec<usize> = edges.into_iter().filter(|size| *size <= most).collect();
    prop_oneof![prop::sample::select(edges), 0..=most]
}

fn item() -> impl Strategy<Value = Added> {
    let attribute = ("[a-zé가😀.]{1,30}", size(20_000));
    let finder = prop_oneof![3 => Just([0; 32]), 1 => prop::array::uniform32(any::<u8>())];
    let resource = prop_oneof![4 => Just(0), 1 => size(9_000)];
    let attributes = prop_oneof![3 => Just(vec![]), 1 => prop::collection::vec(attribute, 1..6)];
    (any::<prop::sample::Index>(), name(), 0_u8..6, size(40_000), attributes, resource, finder).prop_map(
        |(parent, name, kind, size, attributes, resource, finder)| Added {
            parent,
            name,
            kind,
            size,
            attributes,
            resource,
            finder,
        },
    )
}

/// Wide, empty, and deep: in the last, each folder stands in the one before.
fn items() -> impl Strategy<Value = (Vec<Added>, bool)> {
    let some = |sizes: std::ops::Range<usize>| prop::collection::vec(item(), sizes);
    prop_oneof![
        6 => (some(0..60), Just(false)),
        1 => (some(60..300), Just(false)),
        2 => (some(1..50), Just(true)),
    ]
}

fn tree(items: Vec<Added>, deep: bool) -> Tree {
    let mut tree = Tree::new();
    let mut folders = vec![0];
    let mut taken = BTreeSet::new();
    for item in items {
        let parent = if deep { folders[folders.len() - 1] } else { *item.parent.get(&folders) };
        let key = unicode::fold(&unicode::to_disk(&item.name));
        let unfit =
            matches!(item.name.as_str(), "." | "..") || item.name.contains(['/', '\0']) || key.is_empty();
        if unfit || !taken.insert((parent, key)) {
            continue;
        }
        let origin = Path::new("x");
        let executable = item.kind == 3;
        let bytes: Vec<u8> = (0..item.size).map(|at| (at / 7) as u8).collect();
        let added = match if deep { 0 } else { item.kind } {
            0 => tree.add(parent, &item.name, Content::Folder, origin),
            1 => tree.add_link(parent, &item.name, "../Ä/b", origin),
            _ => {
                let size = bytes.len() as u64;
                let source = Source::Memory(bytes.into());
                tree.add(parent, &item.name, Content::File { source, size, executable }, origin)
            }
        };
        let Ok(index) = added else { continue }; // a name too long for HFS+
        let entry = &mut tree.entries[index];
        match entry.content {
            Content::Link { .. } => continue,
            Content::Folder => folders.push(index),
            Content::File { .. } => entry.resource = vec![item.size as u8; item.resource].into(),
        }
        // The first byte keeps it from being the type of a link.
        let mut finder = item.finder;
        finder[0] &= 0x5F;
        entry.finder = Finder::parse(&finder).expect("32 bytes");
        let values = item.attributes.into_iter();
        entry.attributes.extend(values.map(|(name, size)| (name, vec![size as u8; size].into())));
    }
    tree
}

fn bytes_of(tree: &Tree) -> Vec<u8> {
    let identity = Identity { name: "Völume", date: 3_000_000_000, id: 1 };
    let volume = volume::Volume::plan(tree, identity).expect("a tree that fits");
    let mut bytes = vec![0; volume.size as usize];
    volume.stream().fill(&mut bytes).expect("memory");
    bytes
}

/// The rules of `fsck_hfs`, then every file, folder and link with what is beside it.
fn sound_and_equal(tree: &Tree, bytes: &[u8]) -> Result<(), TestCaseError> {
    let mut disk = bytes;
    prop_assert_eq!(check(&mut disk).expect("a volume"), []);
    let volume = Volume::open(&mut disk).expect("a volume");
    let (label, entries) = volume.list(&mut disk).expect("a catalog");
    prop_assert_eq!(label, "Völume");
    let mut found: BTreeMap<u32, Entry> = entries.into_iter().map(|entry| (entry.cnid, entry)).collect();
    for (index, expected) in tree.entries.iter().enumerate().skip(1) {
        let entry = found.remove(&cnid(index)).expect("every entry");
        prop_assert_eq!((&entry.path, &entry.name), (&tree.path(index), &expected.name));
        let (mode, beside) = match &expected.content {
            Content::Folder => (0o040_755, tree.beside(index)),
            Content::Link { .. } => (0o120_755, Values::new()),
            Content::File { executable: true, .. } => (0o100_755, tree.beside(index)),
            Content::File { .. } => (0o100_644, tree.beside(index)),
        };
        prop_assert_eq!(entry.mode, mode);
        prop_assert_eq!(volume.beside(&mut disk, &entry).expect("attributes"), beside);
        match &expected.content {
            Content::Folder => prop_assert_eq!(entry.kind, Kind::Folder),
            Content::Link { target } => prop_assert_eq!(entry.kind, Kind::Link { target: target.clone() }),
            Content::File { source: Source::Memory(bytes), .. } => {
                let extents = volume.content(&entry).expect("blocks");
                let mut read = vec![0; entry.size as usize];
                volume.read_extents(&mut disk, &extents, 0, &mut read).expect("bytes");
                prop_assert!(read[..] == bytes[..]);
            }
            Content::File { .. } => unreachable!("every file is in memory"),
        }
    }
    prop_assert!(found.is_empty());
    Ok(())
}

/// Runs 7-Zip on a volume and answers what it prints. It may find no fault.
fn seven_zip(arguments: &[&str], image: &Path) -> Result<Vec<u8>, TestCaseError> {
    let ran = Command::new("7z").args(arguments).arg("-thfs").arg(image).output().expect("7z");
    let said = String::from_utf8_lossy(&ran.stderr);
    prop_assert!(ran.status.success() && said.trim().is_empty(), "{}", said);
    Ok(ran.stdout)
}

/// 7-Zip finds no fault, lists every file, fork and attribute, and reads the same bytes.
fn seven_zip_agrees(tree: &Tree, bytes: &[u8]) -> Result<(), TestCaseError> {
    let folder = tempfile::tempdir().expect("a folder");
    let image = folder.path().join("v.hfs");
    fs::write(&image, bytes).expect("to write");
    let listing = String::from_utf8(seven_zip(&["l", "-slt", "-sns", "-sccUTF-8"], &image)?).expect("UTF-8");
    prop_assert!(!listing.contains("Error") && !listing.contains("Warning"), "{}", listing);
    let everything = seven_zip(&["x", "-so", "-sns"], &image)?;

    let mut expected: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for (index, entry) in tree.entries.iter().enumerate().skip(1) {
        let path = format!("Völume/{}", tree.path(index));
        // 7-Zip spells a colon, which is a slash on disk, a backslash and a name of spaces as "_".
        if path.contains([':', '\\', '_']) || path.split('/').any(|name| name.trim().is_empty()) {
            continue;
        }
        let attributes =
            entry.attributes.iter().map(|(name, value)| (format!("{path}:{name}"), value.to_vec()));
        expected.extend(attributes);
        if !entry.resource.is_empty() {
            expected.insert(format!("{path}:rsrc"), entry.resource.to_vec());
        }
        match &entry.content {
            Content::Link { target } => drop(expected.insert(path, target.clone().into_bytes())),
            Content::File { source: Source::Memory(bytes), .. } => {
                drop(expected.insert(path, bytes.to_vec()))
            }
            _ => {}
        }
    }
    let composed = expected.into_iter().map(|(path, bytes)| (path.nfc().collect(), bytes));
    let mut expected: BTreeMap<String, Vec<u8>> = composed.collect();
    let mut at = 0;
    for part in listing.split("\n\n").filter(|part| part.contains("Path = ") && part.contains("Folder = -")) {
        let field = |name: &str| part.lines().find_map(|line| line.strip_prefix(name));
        let path: String = field("Path = ").expect("a path").nfc().collect();
        let size: usize = field("Size = ").and_then(|size| size.parse().ok()).expect("a size");
        let read = everything.get(at..at + size).expect("all bytes");
        at += size;
        if let Some(bytes) = expected.remove(&path) {
            prop_assert!(read == bytes, "{}", path);
        }
    }
    prop_assert_eq!(at, everything.len());
    prop_assert!(expected.is_empty(), "not listed: {:?}", expected.keys());
    Ok(())
}

/// Runs so many cases, and every `seven_zip`th past 7-Zip, which takes a second for each.
fn run(cases: u32, seven_zip: Option<u32>) {
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let number = Cell::new(0_u32);
    let result = TestRunner::new(config).run(&items(), |(items, deep)| {
        number.set(number.get() + 1);
        let tree = tree(items, deep);
        let bytes = bytes_of(&tree);
        sound_and_equal(&tree, &bytes)?;
        match seven_zip {
            Some(every) if number.get().is_multiple_of(every) => seven_zip_agrees(&tree, &bytes),
            _ => Ok(()),
        }
    });
    result.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn any_tree_is_written_sound_and_read_back_equal() {
    run(48, None);
}

#[test]
#[ignore = "takes a minute; .ci/run does it"]
fn a_thousand_trees_are_sound_and_read_back_equal_by_two_readers() {
    let seven_zip = Command::new("7z").arg("i").output().is_ok();
    println!("7-Zip {}", if seven_zip { "reads along" } else { "is not installed" });
    run(1_000, seven_zip.then_some(10));
}

#[test]
#[ignore = "takes a minute; .ci/run does it"]
fn a_hundred_thousand_files_are_sound_and_read_back_equal() {
    let mut tree = Tree::new();
    for folder in 0..100 {
        let origin = Path::new("x");
        let parent = tree.add(0, &format!("Folder {folder}"), Content::Folder, origin).expect("a name");
        for file in 0..1_000 {
            let index =
                tree.add_bytes(parent, &format!("{file} É.txt"), vec![file as u8; file % 5]).expect("a name");
            if file % 10 == 0 {
                tree.entries[index].attributes.insert("com.apple.a".into(), vec![1; file].into());
            }
        }
    }
    let bytes = bytes_of(&tree);
    sound_and_equal(&tree, &bytes).expect("equal");
    // Both trees have map nodes or several levels, and every file its own block but the empty ones.
    assert!(bytes.len() < 100_000 * 4096);
}

/// Its bytes are zeros but for a few: at the start, behind 4 GiB and at the end.
#[test]
#[ignore = "takes a minute; .ci/run does it"]
fn a_sparse_file_of_5_gb_takes_neither_room_nor_memory() {
    const SIZE: u64 = 5_000_000_001;
    const MARKS: [u64; 3] = [0, (4 << 30) + 12_345, SIZE - 1];
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("sparse.bin");
    let mut file = File::create(&path).expect("to write");
    file.set_len(SIZE).expect("a sparse file");
    for at in MARKS {
        file.seek(SeekFrom::Start(at)).and_then(|_| file.write_all(b"x")).expect("to write");
    }
    for format in [Format::Udro, Format::Ulfo] {
        let out = folder.path().join("x.dmg");
        let mut spec = DmgSpec::for_app(&path, "Sparse", 1_700_000_000).expect("a name");
        spec.items = vec![Item::local(&path).expect("a name")];
        spec.layout.background = Background::None;
        spec.format = format;
        // Building compares every byte with the file.
        let built = build(&spec, &out, &Progress::silent()).expect("an image");
        assert!(built.volume_bytes > SIZE && built.bytes < 5 << 20, "{} bytes", built.bytes);
        let mut image = DiskImage::open(&out).expect("an image");
        let entry = image.entry("sparse.bin").expect("the file").clone();
        assert_eq!(entry.size, SIZE);
        let (mut at, mut marks) = (0, Vec::new());
        let visit = &mut |part: &[u8]| {
            let part_marks = if is_zero(part) { &[] } else { part };
            let places = part_marks.iter().enumerate().filter(|(_, byte)| **byte == b'x');
            marks.extend(places.map(|(place, _)| at + place as u64));
            at += part.len() as u64;
            Ok(())
        };
        image.each_part(&entry, &out, visit).expect("its bytes");
        assert_eq!(marks, MARKS);
    }
}
