//! A strict check of an HFS+ volume: every rule Apple's `fsck_hfs` holds a volume to that a writer could break.

use std::collections::{BTreeMap, BTreeSet};

use super::super::fault::{Fault, ReadAt};
use super::super::verify::Problem;
use super::btree::{self, KIND_HEADER, KIND_INDEX, KIND_LEAF, KIND_MAP, NodeView, split_key};
use super::catalog::{Key, MODE_TYPE, Record};
use super::reader::{Tree, Volume};
use super::{
    CATALOG_FILE, EXTENTS_FILE, Extent, FIRST_USER, Fork, ROOT_FOLDER, ROOT_PARENT, SIGNATURE_HFSX,
    VolumeHeader, unicode,
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
    check.tree(disk, &volume.catalog, "catalog", |key| {
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
        check.tree(disk, tree, "extents file", |key| {
            // Ordered by file, then fork, then block; the fork type stands first in the key.
            let order = [key.get(2..6)?, key.get(0..1)?, key.get(6..10)?];
            Some(order.concat())
        });
    }
    match volume.records(disk) {
        Ok(records) => check.catalog(&records),
        Err(fault) => check.say("", "catalog", format!("the catalog cannot be read: {fault:?}")),
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
        for (cnid, fork) in [(6, header.allocation), (7, header.startup), (8, header.attributes)] {
            self.fork("", cnid, 0, &fork);
        }
        self.fork("", EXTENTS_FILE, 0, &header.extents);
        self.fork("", CATALOG_FILE, 0, &header.catalog);
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
        order: impl Fn(&[u8]) -> Option<Vec<u8>>,
    ) {
        let before = self.problems.len();
        if let Err(what) = self.walk(disk, tree, order) {
            self.say("", "b-tree", format!("the {name} is out of order: {what}"));
        }
        let header = &tree.header;
        let flavor = if name == "catalog" { btree::CATALOG } else { btree::EXTENTS };
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
        let mut seen = BTreeSet::new();
        let mut counts = (0_u32, 0_u32);
        for (key, record) in records {
            let (cnid, is_folder) = match record {
                Record::Thread { .. } => continue,
                Record::Folder { cnid, valence: said, mode, .. } => {
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
        let Ok(bitmap) = self.volume.extents_of(6, 0, &header.allocation) else { return Ok(()) };
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
