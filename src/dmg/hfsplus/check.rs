//! A strict check of an HFS+ volume: every rule Apple's `fsck_hfs` holds a volume to that a writer could break.

use std::collections::{BTreeMap, BTreeSet};

use super::super::fault::{Fault, ReadAt};
use super::super::verify::Problem;
use super::attributes;
use super::btree::{self, Flavor, KIND_HEADER, KIND_INDEX, KIND_LEAF, KIND_MAP, NodeView, split_key};
use super::catalog::{Key, MODE_TYPE, Record};
use super::reader::{Tree, Volume};
use super::{
    ALLOCATION_FILE, ATTRIBUTES_FILE, CATALOG_FILE, EXTENTS_FILE, Extent, FIRST_USER, Fork, ROOT_FOLDER,
    ROOT_PARENT, SIGNATURE_HFSX, STARTUP_FILE, VolumeHeader, unicode,
};

/// Deeper trees than this hold more records than a disk has bytes.
const MAX_DEPTH: u16 = 16;

/// All that is wrong with the volume on `disk`.
///
/// # Errors
/// A [`Fault`] when it cannot even be opened.
pub fn check(disk: &mut dyn ReadAt) -> Result<Vec<Problem>, Fault> {
    let volume = Volume::open(disk)?;
    let mut check = Check { volume: &volume, problems: Vec::new(), extents: Vec::new() };
    check.headers(disk)?;
    check.tree(disk, &volume.catalog, "catalog", btree::CATALOG, |key| {
        Key::parse(key).map(|key| {
            let folds =
                volume.header.signature != SIGNATURE_HFSX || volume.catalog.header.key_compare == 0xCF;
            let name = if folds { unicode::fold(&key.name) } else { key.name };
            let mut order = key.parent.to_be_bytes().to_vec();
            order.extend(name.iter().flat_map(|unit| unit.to_be_bytes()));
            order
        })
    });
    if let Some(tree) = &volume.extents {
        check.tree(disk, tree, "extents file", btree::EXTENTS, |key| {
            // Ordered by file, then fork, then block; the fork type stands first in the key.
            let order = [key.get(2..6)?, key.get(0..1)?, key.get(6..10)?];
            Some(order.concat())
        });
    }
    if let Some(tree) = &volume.attributes {
        check.tree(disk, tree, "attributes file", btree::ATTRIBUTES, |key| {
            attributes::Key::parse(key).map(|key| {
                let mut order = key.cnid.to_be_bytes().to_vec();
                // A name that another one begins with comes before it.
                order.extend(key.name.iter().flat_map(|unit| [1, (unit >> 8) as u8, *unit as u8]));
                order.push(0);
                order.extend(key.start.to_be_bytes());
                order
            })
        });
    }
    match volume.records(disk) {
        Ok(records) => check.catalog(&records),
        Err(fault) => check.say("", "catalog", format!("the catalog cannot be read: it {}", fault.words())),
    }
    check.allocation(disk)?;
    Ok(check.problems)
}

struct Check<'a> {
    volume: &'a Volume,
    problems: Vec<Problem>,
    /// Blocks in use, as far as the walk has found them.
    extents: Vec<Extent>,
}

impl Check<'_> {
    fn say(&mut self, path: &str, code: &'static str, message: impl Into<String>) {
        self.problems.push(Problem { path: path.to_owned(), code, message: message.into() });
    }

    fn headers(&mut self, disk: &mut dyn ReadAt) -> Result<(), Fault> {
        let header = &self.volume.header;
        let end = u64::from(header.block_size) * u64::from(header.total_blocks);
        let mut alternate = [0; VolumeHeader::SIZE];
        disk.read_at(end.saturating_sub(VolumeHeader::AT), &mut alternate)?;
        match VolumeHeader::parse(&alternate) {
            Some(other)
                if other.total_blocks == header.total_blocks && other.block_size == header.block_size => {}
            _ => self.say(
                "",
                "alternate-header",
                "the second volume header is missing or disagrees with the first",
            ),
        }
        for (cnid, fork) in [
            (ALLOCATION_FILE, header.allocation),
            (STARTUP_FILE, header.startup),
            (ATTRIBUTES_FILE, header.attributes),
            (EXTENTS_FILE, header.extents),
            (CATALOG_FILE, header.catalog),
        ] {
            self.fork("", cnid, 0, &fork);
        }
        Ok(())
    }

    fn fork(&mut self, path: &str, cnid: u32, kind: u8, fork: &Fork) {
        match self.volume.extents_of(cnid, kind, fork) {
            Ok(extents) => self.extents.extend(extents),
            Err(_) => self.say(path, "extents", format!("the blocks of file {cnid} do not add up")),
        }
    }

    /// Walks a tree from its root, level by level: kinds, heights, keys, links, counts and the map of nodes.
    fn tree(
        &mut self,
        disk: &mut dyn ReadAt,
        tree: &Tree,
        name: &str,
        flavor: Flavor,
        order: impl Fn(&[u8]) -> Option<Vec<u8>>,
    ) {
        let before = self.problems.len();
        if let Err(what) = self.walk(disk, tree, order) {
            self.say("", "b-tree", format!("the {name} is out of order: {what}"));
        }
        let header = &tree.header;
        if header.max_key != flavor.max_key || header.attributes & 2 == 0 {
            self.say("", "b-tree", format!("the {name} has a key length of {}", header.max_key));
        }
        if before == self.problems.len() && header.depth == 0 && header.root != 0 {
            self.say("", "b-tree", format!("the {name} has a root but no depth"));
        }
    }

    fn walk(
        &mut self,
        disk: &mut dyn ReadAt,
        tree: &Tree,
        order: impl Fn(&[u8]) -> Option<Vec<u8>>,
    ) -> Result<(), String> {
        let header = &tree.header;
        if header.depth > MAX_DEPTH {
            return Err(format!("it is {} levels deep", header.depth));
        }
        let mut used = BTreeSet::from([0]);
        // The nodes of the level being walked, each with the key its parent has for it.
        let mut level: Vec<(u32, Option<Vec<u8>>)> = Vec::new();
        if header.depth > 0 {
            level.push((header.root, None));
        }
        let mut records = 0;
        for height in (1..=header.depth).rev() {
            let mut below = Vec::new();
            let mut last_key: Option<Vec<u8>> = None;
            if height == 1 {
                let ends = (level.first().map(|node| node.0), level.last().map(|node| node.0));
                if ends != (Some(header.first_leaf), Some(header.last_leaf)) {
                    return Err("its first or last leaf is another than the header says".into());
                }
            }
            for (index, (number, expected)) in level.iter().enumerate() {
                if !used.insert(*number) {
                    return Err(format!("node {number} is used twice"));
                }
                let node = self
                    .volume
                    .read_node(disk, tree, *number)
                    .map_err(|_| format!("node {number} is missing"))?;
                let view = NodeView::parse(&node).ok_or_else(|| format!("node {number} has bad offsets"))?;
                let kind = if height == 1 { KIND_LEAF } else { KIND_INDEX };
                let neighbor = |at: Option<usize>| at.and_then(|at| level.get(at)).map_or(0, |node| node.0);
                let links = (neighbor(index.checked_sub(1)), neighbor(Some(index + 1)));
                if view.kind != kind || u16::from(view.height) != height || view.records.is_empty() {
                    return Err(format!("node {number} has the wrong kind, height or no record"));
                }
                if (view.previous, view.next) != links {
                    return Err(format!("node {number} is not linked to its neighbours"));
                }
                for (at, record) in view.records.iter().enumerate() {
                    let bad = || format!("node {number} has a bad record");
                    let (key, value) = split_key(record).ok_or_else(bad)?;
                    let key = order(key).ok_or_else(bad)?;
                    if at == 0 && expected.as_ref().is_some_and(|expected| *expected != key) {
                        return Err(format!("node {number} starts with another key than its parent says"));
                    }
                    if last_key.as_ref().is_some_and(|last| *last >= key) {
                        return Err(format!("the keys of node {number} are not in order"));
                    }
                    if height > 1 {
                        let child = <[u8; 4]>::try_from(value).map_err(|_| bad())?;
                        below.push((u32::from_be_bytes(child), Some(key.clone())));
                    }
                    last_key = Some(key);
                }
                records += if height == 1 { view.records.len() as u64 } else { 0 };
            }
            level = below;
        }
        if records != u64::from(header.leaf_records) {
            return Err(format!("it has {records} records, not {}", header.leaf_records));
        }
        self.node_map(disk, tree, used)
    }

    /// The map of nodes in use, in the header node and the map nodes behind it.
    fn node_map(&self, disk: &mut dyn ReadAt, tree: &Tree, mut used: BTreeSet<u32>) -> Result<(), String> {
        let mut map = Vec::new();
        let mut number = 0;
        loop {
            let node =
                self.volume.read_node(disk, tree, number).map_err(|_| "a map node is missing".to_owned())?;
            let view = NodeView::parse(&node).ok_or("a map node has bad offsets")?;
            let (kind, record) = if number == 0 { (KIND_HEADER, 2) } else { (KIND_MAP, 0) };
            let record =
                view.records.get(record).filter(|_| view.kind == kind).ok_or("a map node holds no map")?;
            map.extend_from_slice(record);
            if view.next == 0 {
                break;
            }
            if !used.insert(view.next) {
                return Err("its map nodes go in a circle".into());
            }
            number = view.next;
        }
        let total = tree.header.total_nodes;
        let bit = |node: u32| map.get(node as usize / 8).is_some_and(|byte| byte & (0x80 >> (node % 8)) != 0);
        if map.len() as u64 * 8 < u64::from(total) {
            return Err("its map is shorter than the tree".into());
        }
        let set: u64 = map.iter().map(|byte| u64::from(byte.count_ones())).sum();
        if set != used.len() as u64 || !used.iter().all(|node| bit(*node)) {
            return Err("its map does not show the nodes in use".into());
        }
        if u64::from(tree.header.free_nodes) != u64::from(total).saturating_sub(set) {
            return Err(format!("it counts {} free nodes", tree.header.free_nodes));
        }
        Ok(())
    }

    /// Threads, valence, numbers, names and blocks of all files and folders.
    fn catalog(&mut self, records: &[(Key, Record)]) {
        let mut threads: BTreeMap<u32, (bool, u32, &[u16])> = BTreeMap::new();
        let mut valence: BTreeMap<u32, u32> = BTreeMap::new();
        let mut folders = BTreeSet::from([ROOT_PARENT]);
        for (key, record) in records {
            match record {
                Record::Thread { is_folder, parent, name } => {
                    threads.insert(key.parent, (*is_folder, *parent, name));
                    if !key.name.is_empty() {
                        self.say("", "thread", format!("the thread of {} has a name in its key", key.parent));
                    }
                }
                Record::Folder { cnid, .. } => {
                    folders.insert(*cnid);
                    *valence.entry(key.parent).or_default() += 1;
                }
                Record::File(_) => *valence.entry(key.parent).or_default() += 1,
            }
        }
        let (mut seen, mut flagged) = (BTreeSet::new(), BTreeSet::new());
        let mut counts = (0_u32, 0_u32);
        for (key, record) in records {
            let (cnid, is_folder) = match record {
                Record::Thread { .. } => continue,
                Record::Folder { cnid, valence: said, mode, has_attributes, .. } => {
                    flagged.extend(has_attributes.then_some(*cnid));
                    let inside = valence.get(cnid).copied().unwrap_or(0);
                    if inside != *said {
                        self.say(
                            "",
                            "valence",
                            format!("folder {cnid} holds {inside} items and says {said}"),
                        );
                    }
                    if mode & MODE_TYPE != 0o040_000 {
                        self.say("", "mode", format!("folder {cnid} has the mode {mode:o}"));
                    }
                    counts.0 += 1;
                    (*cnid, true)
                }
                Record::File(file) => {
                    flagged.extend(file.has_attributes.then_some(file.cnid));
                    if !matches!(file.mode & MODE_TYPE, 0o100_000 | 0o120_000) || !file.has_thread {
                        self.say(
                            "",
                            "mode",
                            format!("file {} has the mode {:o} or no thread", file.cnid, file.mode),
                        );
                    }
                    self.fork("", file.cnid, 0, &file.data);
                    self.fork("", file.cnid, 0xFF, &file.resource);
                    counts.1 += 1;
                    (file.cnid, false)
                }
            };
            if !seen.insert(cnid) || (cnid < FIRST_USER && cnid != ROOT_FOLDER) {
                self.say(
                    "",
                    "catalog-number",
                    format!("the catalog number {cnid} is used twice or reserved"),
                );
            }
            if cnid >= self.volume.header.next_catalog_id {
                self.say("", "catalog-number", format!("the catalog number {cnid} is still to be given"));
            }
            if threads.remove(&cnid) != Some((is_folder, key.parent, &key.name)) {
                self.say("", "thread", format!("the thread of {cnid} is missing or leads elsewhere"));
            }
            if !folders.contains(&key.parent) {
                self.say(
                    "",
                    "orphan",
                    format!("file {cnid} is in the folder {}, which does not exist", key.parent),
                );
            }
            let name = unicode::from_disk(&key.name);
            let kernel = key.name.contains(&0);
            if !kernel && name.is_none_or(|name| unicode::to_disk(&name) != key.name) {
                self.say("", "name", format!("the name of file {cnid} is not spelled as HFS+ spells it"));
            }
        }
        for cnid in threads.keys() {
            self.say("", "thread", format!("a thread leads to file {cnid}, which does not exist"));
        }
        self.attributes(&flagged);
        let header = &self.volume.header;
        // The root does not count itself.
        if counts != (header.folder_count.saturating_add(1), header.file_count) {
            let said = (header.folder_count, header.file_count);
            self.say(
                "",
                "count",
                format!("the volume counts {said:?} folders and files and holds {counts:?}"),
            );
        }
    }

    /// The catalog says of each file whether it has attributes; large ones have blocks.
    fn attributes(&mut self, flagged: &BTreeSet<u32>) {
        let volume = self.volume;
        let mut owners = BTreeSet::new();
        for (key, record) in &volume.attribute_records {
            owners.insert(key.cnid);
            match record {
                attributes::Record::Fork(fork) => match volume.attribute_extents(key, fork) {
                    Ok(extents) => self.extents.extend(extents),
                    Err(_) => {
                        let message =
                            format!("the blocks of an attribute of file {} do not add up", key.cnid);
                        self.say("", "extents", message);
                    }
                },
                attributes::Record::Extents(_) => {
                    let first = volume.attribute_records.get(&attributes::Key { start: 0, ..key.clone() });
                    if !matches!(first, Some(attributes::Record::Fork(_))) {
                        let message = format!("an attribute of file {} goes on that never began", key.cnid);
                        self.say("", "attributes", message);
                    }
                }
                attributes::Record::Inline(_) => {}
            }
        }
        if let Some(cnid) = owners.symmetric_difference(flagged).next() {
            let message = format!("the catalog is wrong about whether file {cnid} has extended attributes");
            self.say("", "attributes", message);
        }
    }

    /// Every block that something uses, and no other, is set in the bitmap; none is used twice.
    fn allocation(&mut self, disk: &mut dyn ReadAt) -> Result<(), Fault> {
        let header = &self.volume.header;
        let (total, block) = (header.total_blocks, header.block_size);
        // The blocks of boot sectors and volume headers, which belong to no file.
        let head = (VolumeHeader::AT as u32 + 512).div_ceil(block);
        let tail = VolumeHeader::AT.div_ceil(block.into()) as u32;
        self.extents.push((0, head));
        self.extents.push((total.saturating_sub(tail), tail));
        self.extents.sort_unstable();
        let overlap =
            self.extents.windows(2).find(|pair| pair[0].0 + pair[0].1 > pair[1].0).map(|pair| pair[1].0);
        if let Some(block) = overlap {
            self.say("", "overlap", format!("block {block} belongs to two files"));
            return Ok(());
        }
        let used: u64 = self.extents.iter().map(|extent| u64::from(extent.1)).sum();
        if u64::from(self.volume.header.free_blocks) != u64::from(total).saturating_sub(used) {
            let message =
                format!("it counts {} free blocks of {total}, and {used} are in use", header.free_blocks);
            self.say("", "free-blocks", message);
        }
        let Ok(bitmap) = self.volume.extents_of(ALLOCATION_FILE, 0, &header.allocation) else {
            return Ok(());
        };
        if header.allocation.size < u64::from(total.div_ceil(8)) {
            self.say("", "bitmap", "the allocation bitmap is too short");
            return Ok(());
        }
        if let Some(block) = self.bitmap_differs(disk, &bitmap)? {
            self.say("", "bitmap", format!("the allocation bitmap is wrong about block {block}"));
        }
        Ok(())
    }

    /// The first block whose bit is wrong; the bitmap is read in parts, since a hostile one may claim to be huge.
    fn bitmap_differs(&self, disk: &mut dyn ReadAt, bitmap: &[Extent]) -> Result<Option<u64>, Fault> {
        const PART: u32 = 64 * 1024;
        let total = self.volume.header.total_blocks;
        let spans =
            self.extents.iter().map(|&(start, count)| u64::from(start)..u64::from(start) + u64::from(count));
        let mut spans = spans.peekable();
        let bytes = total.div_ceil(8);
        let mut part = Vec::new();
        for first in (0..bytes).step_by(PART as usize) {
            part.resize((bytes - first).min(PART) as usize, 0);
            self.volume.read_extents(disk, bitmap, first.into(), &mut part)?;
            for (index, byte) in part.iter().enumerate() {
                let eight = (u64::from(first) + index as u64) * 8..(u64::from(first) + index as u64 + 1) * 8;
                let whole =
                    spans.peek().is_some_and(|span| span.start <= eight.start && eight.end <= span.end);
                if whole && *byte == 0xFF {
                    continue;
                }
                for (bit, block) in eight.enumerate() {
                    while spans.next_if(|span| span.end <= block).is_some() {}
                    let used = spans.peek().is_some_and(|span| span.start <= block);
                    if (byte & (0x80 >> bit) != 0) != used {
                        return Ok(Some(block));
                    }
                }
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::apple_double::Values;
    use super::super::super::tree::{Content, Tree, cnid};
    use super::super::reader::Volume;
    use super::super::volume::{self, Identity};
    use super::*;
    use std::path::Path;

    fn bytes_of(tree: &Tree) -> Vec<u8> {
        let identity = Identity { name: "Völume", date: 3_000_000_000, id: 1 };
        let volume = volume::Volume::plan(tree, identity).unwrap();
        let mut bytes = vec![0; volume.size as usize];
        volume.stream().fill(&mut bytes).unwrap();
        bytes
    }

    fn problems(bytes: &[u8]) -> Vec<Problem> {
        check(&mut &bytes[..]).unwrap()
    }

    fn sample() -> Tree {
        let mut tree = Tree::new();
        let folder = tree.add(0, "Foo.app", Content::Folder, Path::new("Foo.app")).unwrap();
        for index in 0..400 {
            tree.add_bytes(folder, &format!("file {index}"), vec![index as u8; index * 20]).unwrap();
        }
        tree.add_link(0, "Applications", "/Applications", Path::new("Applications")).unwrap();
        for (index, size) in [(0, 5), (1, 9), (2, 40_000), (3, 3_000), (4, 3_000), (5, 3_000), (5, 0)] {
            let name = format!("com.apple.a{size}");
            tree.entries[index].attributes.insert(name, vec![3; size].into());
        }
        tree.entries[6].resource = vec![4; 5_000].into();
        tree.entries[6].finder.kind = *b"TEXT";
        tree
    }

    #[test]
    fn what_stands_beside_the_files_is_read_back() {
        let tree = sample();
        let bytes = bytes_of(&tree);
        let mut disk = &bytes[..];
        let volume = Volume::open(&mut disk).unwrap();
        let (_, entries) = volume.list(&mut disk).unwrap();
        assert_eq!(volume.attribute_records.len(), 7);
        for (index, expected) in tree.entries.iter().enumerate().skip(1) {
            let entry = entries.iter().find(|entry| entry.cnid == cnid(index)).unwrap();
            let expected = match expected.content {
                Content::Link { .. } => Values::new(),
                _ => tree.beside(index),
            };
            assert_eq!(volume.beside(&mut disk, entry).unwrap(), expected);
        }
    }

    #[test]
    fn what_is_written_has_no_problem() {
        assert_eq!(problems(&bytes_of(&Tree::new())), []);
        assert_eq!(problems(&bytes_of(&sample())), []);
    }

    /// Each damage, by where it is done, must be called by its name.
    #[test]
    fn every_damage_is_noticed() {
        let good = bytes_of(&sample());
        let header = VolumeHeader::parse(&good[1024..]).unwrap();
        let start = |fork: Fork| fork.extents[0].0 as usize * 4096;
        let (bitmap, catalog) = (start(header.allocation), start(header.catalog));
        let attributes = start(header.attributes);
        let fork = [&[0, 0, 0, 0x20, 0, 0, 0, 0][..], &40_000_u64.to_be_bytes()].concat();
        let large = good.windows(16).position(|bytes| bytes == fork).unwrap();
        let leaf = catalog + 4096;
        let end = good.len();
        let damages: [(&str, usize, u8); 14] = [
            ("alternate-header", end - 1024, 0),
            ("free-blocks", 1024 + 51, 3),
            ("count", 1024 + 35, 9),
            ("catalog-number", 1024 + 67, 1),
            ("bitmap", bitmap, 0xFE),
            ("b-tree", catalog + 14 + 9, 1),   // number of records
            ("b-tree", catalog + 248, 0x7F),   // map of nodes
            ("b-tree", leaf + 4096 + 3, 0xEE), // link to the next leaf
            ("valence", leaf + 14 + 2 + 6 + 14 + 7, 77),
            ("b-tree", attributes + 14 + 9, 1),
            ("attributes", attributes + 8192 + 14 + 7, 99), // the file of the first record
            ("attributes", leaf + 14 + 8 + 14 + 3, 0),      // the root's flags
            ("extents", large + 8 + 5, 1),                  // its size
            ("thread", leaf + 14 + 2 + 6 + 1, 0),           // the first letter of the volume's name
        ];
        for (code, at, value) in damages {
            let mut bad = good.clone();
            bad[at] = value;
            let found = problems(&bad);
            assert!(found.iter().any(|problem| problem.code == code), "{code} at {at}: {found:?}");
        }
    }

    #[test]
    fn no_single_byte_of_the_metadata_makes_the_reader_panic() {
        let mut tree = Tree::new();
        tree.add_bytes(0, "a", vec![1; 9]).unwrap();
        let good = bytes_of(&tree);
        for at in (1024..good.len()).step_by(5) {
            let mut bad = good.clone();
            bad[at] ^= 0xFF;
            let mut disk = &bad[..];
            if let Ok(volume) = Volume::open(&mut disk) {
                drop(volume.list(&mut disk));
                drop(check(&mut disk));
            }
        }
    }
}
