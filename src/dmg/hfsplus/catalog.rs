//! The catalog: one record for each file and folder, one thread that leads back to it; TN1150 "Catalog File".

use super::super::bytes::{Put, u16_at, u32_at, utf16_at};
use super::super::tree::{Content, Entry, Finder, Tree, cnid};
use super::btree::{self, Leaf, Shape};
use super::{Fork, ROOT_PARENT, unicode};
use crate::failure::Failure;

const FOLDER: u16 = 1;
const FILE: u16 = 2;
const FOLDER_THREAD: u16 = 3;
const FILE_THREAD: u16 = 4;
const FOLDER_SIZE: usize = 88;
const FILE_SIZE: usize = 248;
/// File flag: a thread record exists.
const THREAD_EXISTS: u16 = 0x0002;
/// Flag of a file or folder: the attributes tree has records of it.
const HAS_ATTRIBUTES: u16 = 0x0004;

/// Owner and group of everything: the first user of a Mac and "staff". Disk images are mounted without owners anyway.
const OWNER: u32 = 501;
const GROUP: u32 = 20;

const MODE_FOLDER: u16 = 0o040_755;
const MODE_FILE: u16 = 0o100_644;
const MODE_PROGRAM: u16 = 0o100_755;
const MODE_LINK: u16 = 0o120_755;
/// The file-type bits of a mode.
pub const MODE_TYPE: u16 = 0o170_000;

/// A symbolic link's type and creator (`kSymLinkFileType`, `kSymLinkCreator`).
const LINK_FINDER: Finder = Finder { kind: *b"slnk", creator: *b"rhap", flags: 0, rest: [0; 22] };

/// Where the two forks of a file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Forks {
    pub data: Fork,
    pub resource: Fork,
}

/// A record to be: which entry it is about, and whether it is its thread.
#[derive(Debug, Clone, Copy)]
struct Planned {
    entry: usize,
    thread: bool,
}

/// The catalog of a tree, laid out but for where the files are.
pub struct Catalog<'a> {
    tree: &'a Tree,
    volume_name: Vec<u16>,
    planned: Vec<Planned>,
    leaves: Vec<Leaf>,
    valence: Vec<u32>,
    pub shape: Shape,
}

impl<'a> Catalog<'a> {
    /// # Errors
    /// A [`Failure`] naming two files that the volume would take for one.
    pub fn plan(tree: &'a Tree, volume_name: &[u16]) -> Result<Catalog<'a>, Failure> {
        let mut keyed = Vec::with_capacity(tree.entries.len() * 2);
        let mut valence = vec![0; tree.entries.len()];
        for (index, entry) in tree.entries.iter().enumerate() {
            let name = if index == 0 { volume_name } else { &entry.name };
            let parent = parent_cnid(tree, index);
            keyed.push((parent, unicode::fold(name), Planned { entry: index, thread: false }));
            keyed.push((cnid(index), Vec::new(), Planned { entry: index, thread: true }));
            if index > 0 {
                valence[entry.parent] += 1;
            }
        }
        keyed.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        for pair in keyed.windows(2) {
            if (pair[0].0, &pair[0].1) == (pair[1].0, &pair[1].1) {
                return Err(collision(tree, pair[0].2.entry, pair[1].2.entry));
            }
        }
        let planned: Vec<Planned> = keyed.into_iter().map(|(_, _, planned)| planned).collect();
        let mut catalog = Catalog {
            tree,
            volume_name: volume_name.to_vec(),
            planned,
            leaves: Vec::new(),
            valence,
            shape: Shape::plan(&[], btree::CATALOG),
        };
        catalog.leaves = catalog.planned.iter().map(|planned| catalog.leaf(*planned)).collect();
        catalog.shape = Shape::plan(&catalog.leaves, btree::CATALOG);
        Ok(catalog)
    }

    /// The finished tree; `forks` says where each entry's bytes are.
    pub fn write(&self, forks: &[Forks], date: u32) -> Vec<u8> {
        self.shape.write(&self.leaves, |index| self.value(self.planned[index], forks, date))
    }

    fn name(&self, index: usize) -> &[u16] {
        if index == 0 { &self.volume_name } else { &self.tree.entries[index].name }
    }

    fn leaf(&self, planned: Planned) -> Leaf {
        let name = self.name(planned.entry);
        if planned.thread {
            return Leaf { key: key(cnid(planned.entry), &[]), value_len: 10 + name.len() * 2 };
        }
        let value_len = match self.tree.entries[planned.entry].content {
            Content::Folder => FOLDER_SIZE,
            _ => FILE_SIZE,
        };
        Leaf { key: key(parent_cnid(self.tree, planned.entry), name), value_len }
    }

    fn value(&self, planned: Planned, forks: &[Forks], date: u32) -> Vec<u8> {
        let entry = &self.tree.entries[planned.entry];
        if planned.thread {
            return self.thread(planned.entry, entry);
        }
        let (mode, finder) = match &entry.content {
            Content::Folder => (MODE_FOLDER, entry.finder),
            Content::File { executable: true, .. } => (MODE_PROGRAM, entry.finder),
            Content::File { .. } => (MODE_FILE, entry.finder),
            Content::Link { .. } => (MODE_LINK, LINK_FINDER),
        };
        let is_folder = entry.content == Content::Folder;
        let mut out = Vec::with_capacity(FILE_SIZE);
        out.u16(if is_folder { FOLDER } else { FILE });
        let attributes = if entry.attributes.is_empty() { 0 } else { HAS_ATTRIBUTES };
        out.u16(attributes | if is_folder { 0 } else { THREAD_EXISTS });
        out.u32(if is_folder { self.valence[planned.entry] } else { 0 });
        out.u32(cnid(planned.entry));
        for date in [date, date, date, date, 0] {
            out.u32(date); // created, content changed, attributes changed, read, backed up
        }
        out.u32(OWNER);
        out.u32(GROUP);
        out.u16(0); // admin and owner flags
        out.u16(mode);
        out.u32(if is_folder { 0 } else { 1 }); // links to it
        out.extend_from_slice(&finder.bytes());
        out.u32(0); // text encoding: MacRoman
        out.u32(0);
        if !is_folder {
            forks[planned.entry].data.put(&mut out);
            forks[planned.entry].resource.put(&mut out);
        }
        out
    }

    fn thread(&self, index: usize, entry: &Entry) -> Vec<u8> {
        let mut out = Vec::new();
        out.u16(if entry.content == Content::Folder { FOLDER_THREAD } else { FILE_THREAD });
        out.u16(0);
        out.u32(parent_cnid(self.tree, index));
        put_name(&mut out, self.name(index));
        out
    }
}

fn parent_cnid(tree: &Tree, index: usize) -> u32 {
    if index == 0 { ROOT_PARENT } else { cnid(tree.entries[index].parent) }
}

fn put_name(out: &mut Vec<u8>, name: &[u16]) {
    out.u16(name.len() as u16);
    name.iter().for_each(|unit| out.u16(*unit));
}

/// A catalog key with its length in front.
fn key(parent: u32, name: &[u16]) -> Vec<u8> {
    let mut out = Vec::with_capacity(8 + name.len() * 2);
    out.u16(6 + name.len() as u16 * 2);
    out.u32(parent);
    put_name(&mut out, name);
    out
}

fn collision(tree: &Tree, first: usize, second: usize) -> Failure {
    let (first, second) = (first.min(second), first.max(second));
    let other = tree.entries[first].origin.display();
    let what = format!("has the name of {other} for a Mac, which ignores case and accents' spelling");
    Failure::new(&tree.entries[second].origin, what, "rename one of them")
}

/// A catalog key: parent folder and name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    pub parent: u32,
    pub name: Vec<u16>,
}

impl Key {
    /// From the bytes after the key's length.
    pub fn parse(key: &[u8]) -> Option<Key> {
        let name = utf16_at(key, 6, usize::from(u16_at(key, 4)?))?;
        (name.len() <= unicode::MAX_NAME).then_some(Key { parent: u32_at(key, 0)?, name })
    }
}

/// A catalog record as read.
#[derive(Debug, Clone, PartialEq)]
pub enum Record {
    Folder { cnid: u32, valence: u32, mode: u16, finder: Finder, has_attributes: bool },
    File(File),
    Thread { is_folder: bool, parent: u32, name: Vec<u16> },
}

#[derive(Debug, Clone, PartialEq)]
pub struct File {
    pub cnid: u32,
    pub has_thread: bool,
    pub has_attributes: bool,
    pub mode: u16,
    /// Of a hard link, the number of the file that it leads to.
    pub special: u32,
    /// `UF_COMPRESSED` is 0x20.
    pub owner_flags: u8,
    pub finder: Finder,
    pub data: Fork,
    pub resource: Fork,
}

impl Record {
    pub fn parse(value: &[u8]) -> Option<Record> {
        let kind = u16_at(value, 0)?;
        let has_attributes = u16_at(value, 2)? & HAS_ATTRIBUTES != 0;
        let finder = || Finder::parse(value.get(48..80)?);
        match kind {
            FOLDER => Some(Record::Folder {
                valence: u32_at(value, 4)?,
                cnid: u32_at(value, 8)?,
                mode: u16_at(value, 42)?,
                finder: finder()?,
                has_attributes,
            }),
            FILE => Some(Record::File(File {
                has_thread: u16_at(value, 2)? & THREAD_EXISTS != 0,
                cnid: u32_at(value, 8)?,
                owner_flags: *value.get(41)?,
                mode: u16_at(value, 42)?,
                special: u32_at(value, 44)?,
                finder: finder()?,
                has_attributes,
                data: Fork::at(value, 88)?,
                resource: Fork::at(value, 168)?,
            })),
            FOLDER_THREAD | FILE_THREAD => Some(Record::Thread {
                is_folder: kind == FOLDER_THREAD,
                parent: u32_at(value, 4)?,
                name: utf16_at(value, 10, usize::from(u16_at(value, 8)?))?,
            }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn names_equal_without_case_or_spelling_collide_and_both_are_named() {
        for (one, two) in [("Readme", "README"), ("é", "e\u{301}"), ("ab", "a\u{200B}b\u{FEFF}")] {
            let mut tree = Tree::new();
            tree.add(0, one, Content::Folder, Path::new("/src/one")).unwrap();
            tree.add(0, two, Content::Folder, Path::new("/src/two")).unwrap();
            let result = Catalog::plan(&tree, &[0x41]);
            // U+200B is not among the ignorable characters, U+FEFF is.
            if two.contains('\u{200B}') {
                assert!(result.is_ok());
                continue;
            }
            let text = result.err().unwrap().to_string();
            assert!(text.contains("/src/one") && text.contains("/src/two"), "{text}");
        }
    }

    #[test]
    fn the_same_name_in_two_folders_is_fine_and_records_read_back() {
        let mut tree = Tree::new();
        let folder = tree.add(0, "a", Content::Folder, Path::new("a")).unwrap();
        tree.add_link(folder, "a", "b", Path::new("a/a")).unwrap();
        let catalog = Catalog::plan(&tree, &[0x56]).unwrap();
        let forks = vec![Forks::default(); 3];
        let values: Vec<Record> = catalog
            .planned
            .iter()
            .map(|planned| {
                let value = catalog.value(*planned, &forks, 9);
                assert_eq!(value.len(), catalog.leaf(*planned).value_len);
                Record::parse(&value).unwrap()
            })
            .collect();
        assert!(matches!(values[0], Record::Folder { cnid: 2, valence: 1, mode: 0o040755, .. }));
        assert_eq!(values[1], Record::Thread { is_folder: true, parent: 1, name: vec![0x56] });
        let Some(Record::File(link)) = values.iter().find(|record| matches!(record, Record::File(_))) else {
            panic!("no link");
        };
        assert_eq!((link.mode, link.finder, link.cnid), (0o120755, LINK_FINDER, 17));
    }
}
