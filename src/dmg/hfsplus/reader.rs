//! Reading an HFS+ volume: its trees, and the bytes of any fork. Made for hostile input: no panic, no unchecked allocation.

use std::collections::{BTreeMap, BTreeSet};

use super::super::bytes::{u16_at, u32_at};
use super::super::fault::{Fault, ReadAt};
use super::attributes;
use super::btree::{self, Header, KIND_LEAF, NodeView, split_key};
use super::catalog::{Key, Record};
use super::{ATTRIBUTES_FILE, CATALOG_FILE, EXTENTS_FILE, Extent, Fork, VolumeHeader, extents_at};

pub use super::entries::{Entry, Kind};

/// Bytes of a B-tree that is read into memory: a catalog of a million files has half of it.
const MAX_TREE: u64 = 512 << 20;

/// Extents beyond a fork's first eight, by file and fork (0 data, 0xFF resources), then by the block they go on from.
type Overflow = BTreeMap<(u32, u8), BTreeMap<u32, [Extent; 8]>>;
type Attributes = BTreeMap<attributes::Key, attributes::Record>;

/// A mounted volume: everything but the disk it is read from.
#[derive(Debug)]
pub struct Volume {
    pub header: VolumeHeader,
    pub catalog: Tree,
    pub extents: Option<Tree>,
    pub attributes: Option<Tree>,
    overflow: Overflow,
    /// Every record of the attributes tree.
    pub(super) attribute_records: Attributes,
}

/// A B-tree of a volume.
#[derive(Debug)]
pub struct Tree {
    pub header: Header,
    /// Where its bytes are.
    pub extents: Vec<Extent>,
}

impl Volume {
    /// # Errors
    /// [`Fault::Damaged`] when `disk` holds no HFS+ volume or one that contradicts itself.
    pub fn open(disk: &mut dyn ReadAt) -> Result<Volume, Fault> {
        let mut sector = [0; VolumeHeader::SIZE];
        disk.read_at(VolumeHeader::AT, &mut sector)?;
        let header = VolumeHeader::parse(&sector).ok_or_else(|| Fault::damaged("holds no HFS+ volume"))?;
        let size = u64::from(header.block_size) * u64::from(header.total_blocks);
        if !header.block_size.is_power_of_two() || header.block_size < 512 || size > disk.size() {
            return Err(Fault::damaged("has an HFS+ volume header that does not fit its partition"));
        }
        let mut volume = Volume {
            catalog: Tree { header: empty_header(), extents: Vec::new() },
            extents: None,
            attributes: None,
            overflow: BTreeMap::new(),
            attribute_records: BTreeMap::new(),
            header,
        };
        if volume.header.extents.blocks > 0 {
            let tree = volume.open_tree(disk, EXTENTS_FILE, &volume.header.extents)?;
            volume.overflow = volume.read_overflow(disk, &tree)?;
            volume.extents = Some(tree);
        }
        if volume.header.attributes.blocks > 0 {
            let tree = volume.open_tree(disk, ATTRIBUTES_FILE, &volume.header.attributes)?;
            volume.attribute_records = volume.read_attributes(disk, &tree)?;
            volume.attributes = Some(tree);
        }
        volume.catalog = volume.open_tree(disk, CATALOG_FILE, &volume.header.catalog)?;
        Ok(volume)
    }

    fn open_tree(&self, disk: &mut dyn ReadAt, cnid: u32, fork: &Fork) -> Result<Tree, Fault> {
        let extents = self.extents_of(cnid, 0, fork)?;
        let mut start = [0; Header::END];
        self.read_extents(disk, &extents, 0, &mut start)?;
        let header = Header::parse(&start).ok_or_else(|| Fault::damaged("has a B-tree without a header"))?;
        let size = u64::from(header.node_size) * u64::from(header.total_nodes);
        if !header.node_size.is_power_of_two() || header.node_size < 512 || size > fork.size {
            return Err(Fault::damaged("has a B-tree that is larger than its file"));
        }
        if size > MAX_TREE {
            let size = size >> 20;
            return Err(Fault::Unsupported(format!(
                "lists its files in {size} MiB, more than can be held here"
            )));
        }
        Ok(Tree { header, extents })
    }

    fn read_overflow(&self, disk: &mut dyn ReadAt, tree: &Tree) -> Result<Overflow, Fault> {
        let mut overflow = Overflow::new();
        self.each_leaf(disk, tree, |key, value| {
            let bad = || Fault::damaged("has a bad record in its extents file");
            let fork = *key.first().ok_or_else(bad)?;
            let (cnid, start) = (u32_at(key, 2).ok_or_else(bad)?, u32_at(key, 6).ok_or_else(bad)?);
            let extents = extents_at(value, 0).ok_or_else(bad)?;
            match overflow.entry((cnid, fork)).or_default().insert(start, extents) {
                None => Ok(()),
                Some(_) => Err(bad()),
            }
        })?;
        Ok(overflow)
    }

    fn read_attributes(&self, disk: &mut dyn ReadAt, tree: &Tree) -> Result<Attributes, Fault> {
        let mut records = Attributes::new();
        self.each_leaf(disk, tree, |key, value| {
            let bad = || Fault::damaged("has a bad record in its attributes file");
            let key = attributes::Key::parse(key).ok_or_else(bad)?;
            let record = attributes::Record::parse(value).ok_or_else(bad)?;
            records.insert(key, record).map_or(Ok(()), |_| Err(bad()))
        })?;
        Ok(records)
    }

    /// Every extent of a fork, those of the extents file included.
    pub fn extents_of(&self, cnid: u32, kind: u8, fork: &Fork) -> Result<Vec<Extent>, Fault> {
        let more = self.overflow.get(&(cnid, kind));
        self.all_extents(fork, |block| more?.get(&block).copied())
    }

    /// Every extent of a large attribute, those of its further records included.
    pub(super) fn attribute_extents(&self, key: &attributes::Key, fork: &Fork) -> Result<Vec<Extent>, Fault> {
        self.all_extents(fork, |start| {
            match self.attribute_records.get(&attributes::Key { start, ..key.clone() }) {
                Some(attributes::Record::Extents(extents)) => Some(*extents),
                _ => None,
            }
        })
    }

    /// The extents of a fork; `more` has the eight that go on from a block.
    fn all_extents(
        &self,
        fork: &Fork,
        more: impl Fn(u32) -> Option<[Extent; 8]>,
    ) -> Result<Vec<Extent>, Fault> {
        let mut extents = Vec::new();
        let mut blocks = 0_u64;
        let mut next = Some(fork.extents);
        while let Some(eight) = next {
            for &(start, count) in eight.iter().filter(|(_, count)| *count > 0) {
                let inside = start.checked_add(count).is_some_and(|end| end <= self.header.total_blocks);
                if !inside {
                    return Err(Fault::damaged("has a file that lies outside its volume"));
                }
                extents.push((start, count));
                blocks += u64::from(count);
            }
            if blocks >= u64::from(fork.blocks) {
                break;
            }
            next = u32::try_from(blocks).ok().and_then(&more).filter(|eight| eight[0].1 > 0);
        }
        if blocks != u64::from(fork.blocks) || fork.size > blocks * u64::from(self.header.block_size) {
            return Err(Fault::damaged("has a file whose blocks do not add up"));
        }
        Ok(extents)
    }

    /// Fills `buf` from byte `at` of the fork that `extents` hold on.
    pub fn read_extents(
        &self,
        disk: &mut dyn ReadAt,
        extents: &[Extent],
        mut at: u64,
        mut buf: &mut [u8],
    ) -> Result<(), Fault> {
        let block = u64::from(self.header.block_size);
        for &(start, count) in extents {
            let length = u64::from(count) * block;
            if at >= length {
                at -= length;
                continue;
            }
            let part = usize::try_from(length - at).map_or(buf.len(), |left| left.min(buf.len()));
            let (now, rest) = buf.split_at_mut(part);
            disk.read_at(u64::from(start) * block + at, now)?;
            (buf, at) = (rest, 0);
            if buf.is_empty() {
                break;
            }
        }
        if buf.is_empty() { Ok(()) } else { Err(Fault::damaged("ends a file too early")) }
    }

    /// The bytes of node `number`.
    pub fn read_node(&self, disk: &mut dyn ReadAt, tree: &Tree, number: u32) -> Result<Vec<u8>, Fault> {
        if number >= tree.header.total_nodes {
            return Err(Fault::damaged(format!(
                "points at node {number} of a B-tree of {}",
                tree.header.total_nodes
            )));
        }
        let mut node = vec![0; usize::from(tree.header.node_size)];
        self.read_extents(disk, &tree.extents, u64::from(number) * node.len() as u64, &mut node)?;
        Ok(node)
    }

    /// Calls `visit` with the key and value of every leaf record, in order.
    fn each_leaf(
        &self,
        disk: &mut dyn ReadAt,
        tree: &Tree,
        mut visit: impl FnMut(&[u8], &[u8]) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let bad = || Fault::damaged("has a B-tree with a node that is not a leaf where one must be");
        let mut seen = BTreeSet::new();
        let mut number = tree.header.first_leaf;
        while number != 0 {
            if !seen.insert(number) {
                return Err(Fault::damaged("has a B-tree whose leaves go in a circle"));
            }
            let node = self.read_node(disk, tree, number)?;
            let view = NodeView::parse(&node).filter(|view| view.kind == KIND_LEAF).ok_or_else(bad)?;
            for record in &view.records {
                let (key, value) = split_key(record).ok_or_else(bad)?;
                visit(key, value)?;
            }
            number = view.next;
        }
        Ok(())
    }

    /// Every record of the catalog, in order.
    pub fn records(&self, disk: &mut dyn ReadAt) -> Result<Vec<(Key, Record)>, Fault> {
        let mut records = Vec::new();
        self.each_leaf(disk, &self.catalog, |key, value| {
            let bad = || Fault::damaged("has a bad record in its catalog");
            records.push((Key::parse(key).ok_or_else(bad)?, Record::parse(value).ok_or_else(bad)?));
            Ok(())
        })?;
        Ok(records)
    }
}

fn empty_header() -> Header {
    Header {
        depth: 0,
        root: 0,
        leaf_records: 0,
        first_leaf: 0,
        last_leaf: 0,
        node_size: btree::CATALOG.node as u16,
        max_key: 0,
        total_nodes: 0,
        free_nodes: 0,
        key_compare: 0,
        attributes: 0,
    }
}

/// Whether an HFS+ volume starts at byte 0 of `disk`.
pub fn probe(disk: &mut dyn ReadAt) -> Result<bool, Fault> {
    let mut start = [0; 4];
    if disk.size() < VolumeHeader::AT + VolumeHeader::SIZE as u64 {
        return Ok(false);
    }
    disk.read_at(VolumeHeader::AT, &mut start)?;
    Ok(matches!(u16_at(&start, 0), Some(super::SIGNATURE_HFS_PLUS | super::SIGNATURE_HFSX)))
}

#[cfg(test)]
mod tests {
    use super::super::super::bytes::Put;
    use super::super::super::tree::{self, Content, Tree};
    use super::super::btree::{EXTENTS, Leaf, Shape};
    use super::super::volume::{self, Identity};
    use super::super::{BLOCK, FINDER_INVISIBLE, SIGNATURE_HFSX, check};
    use super::*;
    use std::path::Path;

    fn bytes_of(tree: &Tree) -> Vec<u8> {
        let identity = Identity { name: "V", date: 3_000_000_000, id: 1 };
        let volume = volume::Volume::plan(tree, identity).unwrap();
        let mut bytes = vec![0; volume.size as usize];
        volume.stream().fill(&mut bytes).unwrap();
        bytes
    }

    fn content(bytes: &[u8], path: &str) -> Vec<u8> {
        let mut disk = bytes;
        let volume = Volume::open(&mut disk).unwrap();
        let entry = volume.list(&mut disk).unwrap().1.into_iter().find(|entry| entry.path == path).unwrap();
        let mut read = vec![0; entry.size as usize];
        let extents = volume.content(&entry).unwrap();
        volume.read_extents(&mut disk, &extents, 0, &mut read).unwrap();
        read
    }

    fn numbered(blocks: usize) -> Vec<u8> {
        (0..blocks).flat_map(|block| vec![block as u8 + 1; BLOCK]).collect()
    }

    /// The same volume with its one file in twenty pieces, the blocks in reverse order: eight extents in the catalog, the
    /// others in the extents file, which moves to the end because it needs another node.
    fn fragmented() -> Vec<u8> {
        let mut tree = Tree::new();
        tree.add_bytes(0, "f", numbered(20)).unwrap();
        let mut bytes = bytes_of(&tree);
        let mut header = VolumeHeader::parse(&bytes[1024..]).unwrap();
        let first = header.catalog.extents[0].0 + header.catalog.extents[0].1;
        let extents: Vec<Extent> = (0..20).rev().map(|block| (first + block, 1)).collect();
        let start = first as usize * BLOCK;
        let reversed: Vec<u8> =
            bytes[start..start + 20 * BLOCK].chunks(BLOCK).rev().flatten().copied().collect();
        bytes[start..start + 20 * BLOCK].copy_from_slice(&reversed);

        let mut fork = Fork::contiguous(20 * BLOCK as u64, first, 0);
        let (mut before, mut after) = (Vec::new(), Vec::new());
        fork.put(&mut before);
        fork.extents.copy_from_slice(&extents[..8]);
        fork.put(&mut after);
        let at = bytes.windows(80).position(|window| window == before).unwrap();
        bytes[at..at + 80].copy_from_slice(&after);

        let leaves: Vec<Leaf> =
            [8, 16].map(|block| Leaf { key: extent_key(16, block), value_len: 64 }).into();
        let shape = Shape::plan(&leaves, EXTENTS);
        let overflow = shape.write(&leaves, |index| {
            let mut value = Vec::new();
            let from = 8 + index * 8;
            extents[from..20.min(from + 8)].iter().for_each(|(start, count)| {
                value.u32(*start);
                value.u32(*count);
            });
            value.resize(64, 0);
            value
        });
        let total = header.total_blocks;
        let old = header.extents.extents[0].0;
        header.extents = Fork::contiguous(overflow.len() as u64, total - 1, super::super::CLUMP);
        header.total_blocks += 2;
        header.free_blocks = 1;
        let end = bytes.split_off((total as usize - 1) * BLOCK);
        bytes.extend(overflow);
        bytes.extend(end);
        let sector = header.bytes();
        let alternate = bytes.len() - 1024;
        bytes[1024..1536].copy_from_slice(&sector);
        bytes[alternate..alternate + 512].copy_from_slice(&sector);
        let bitmap = header.allocation.extents[0].0 as usize * BLOCK;
        let mut set = |block: u32, used: bool| {
            let bit = 0x80_u8 >> (block % 8);
            let byte = &mut bytes[bitmap + block as usize / 8];
            *byte = if used { *byte | bit } else { *byte & !bit };
        };
        set(old, false);
        (total..total + 2).for_each(|block| set(block, true));
        bytes
    }

    /// HFSPlusExtentKey with its length in front.
    fn extent_key(cnid: u32, block: u32) -> Vec<u8> {
        let mut key = Vec::new();
        key.u16(10);
        key.u16(0);
        key.u32(cnid);
        key.u32(block);
        key
    }

    #[test]
    fn a_file_in_many_pieces_is_read_in_their_order() {
        let bytes = fragmented();
        assert_eq!(check::check(&mut &bytes[..]).unwrap(), []);
        assert!(content(&bytes, "f") == numbered(20));
    }

    #[test]
    fn a_volume_that_tells_upper_from_lower_case_is_read() {
        let mut tree = Tree::new();
        tree.add_bytes(0, "B", vec![1]).unwrap();
        tree.add_bytes(0, "a", vec![2]).unwrap();
        let mut bytes = bytes_of(&tree);
        let header = VolumeHeader::parse(&bytes[1024..]).unwrap();
        let catalog = header.catalog.extents[0].0 as usize * BLOCK;
        bytes[catalog + 14 + 37] = 0xBC;
        let found = check::check(&mut &bytes[..]).unwrap();
        assert!(found.is_empty(), "with the signature of HFS+ nothing changes: {found:?}");
        for at in [1024, bytes.len() - 1024] {
            bytes[at..at + 4].copy_from_slice(&[0x48, 0x58, 0, 5]);
        }
        assert_eq!(VolumeHeader::parse(&bytes[1024..]).unwrap().signature, SIGNATURE_HFSX);
        assert_eq!((content(&bytes, "a"), content(&bytes, "B")), (vec![2], vec![1]));
        let found = check::check(&mut &bytes[..]).unwrap();
        assert_eq!(found.iter().map(|problem| problem.code).collect::<Vec<_>>(), ["b-tree"], "a is before B");
    }

    #[test]
    fn a_hard_link_has_the_bytes_of_its_file() {
        let mut tree = Tree::new();
        let private = tree.add(0, "private", Content::Folder, Path::new("x")).unwrap();
        tree.entries[private].name = "\0\0\0\0HFS+ Private Data".encode_utf16().collect();
        tree.entries[private].finder.flags = FINDER_INVISIBLE;
        let inode = tree.add_bytes(private, "iNode1", b"shared".to_vec()).unwrap();
        tree.entries[inode].attributes.insert("com.apple.a".into(), b"beside"[..].into());
        for name in ["one", "two"] {
            let link = tree.add_bytes(0, name, Vec::new()).unwrap();
            tree.entries[link].finder =
                tree::Finder { kind: *b"hlnk", creator: *b"hfs+", ..tree::Finder::default() };
        }
        let bytes = bytes_of(&tree);
        assert_eq!(
            (content(&bytes, "one"), content(&bytes, "two")),
            (b"shared".to_vec(), b"shared".to_vec())
        );
        let mut disk = &bytes[..];
        let volume = Volume::open(&mut disk).unwrap();
        let one = volume.list(&mut disk).unwrap().1.into_iter().find(|entry| entry.path == "one").unwrap();
        assert_eq!(volume.beside(&mut disk, &one).unwrap().keys().collect::<Vec<_>>(), ["com.apple.a"]);
    }
}
