//! Reading an HFS+ volume: its list of files, and their bytes. Made for hostile input: no panic, no unchecked allocation.

use std::collections::{BTreeMap, BTreeSet};

use super::super::apple_double::{FINDER_INFO, RESOURCE_FORK, Values};
use super::super::bytes::{u16_at, u32_at};
use super::super::fault::{Fault, ReadAt};
use super::super::tree::Finder;
use super::attributes;
use super::btree::{self, Header, KIND_LEAF, NodeView, split_key};
use super::catalog::{self, Key, MODE_TYPE, Record};
use super::{
    ATTRIBUTES_FILE, CATALOG_FILE, EXTENTS_FILE, Extent, Fork, ROOT_FOLDER, ROOT_PARENT, VolumeHeader,
    extents_at, unicode,
};

/// Longer than any path macOS can use; a hostile image could make each name longer than the last.
const MAX_PATH: usize = 16 * 1024;
/// PATH_MAX of macOS, with room for what other writers allow.
const MAX_TARGET: u64 = 4096;
const MODE_LINK: u16 = 0o120_000;
/// Bytes of a B-tree that is read into memory: a catalog of a million files has half of it.
const MAX_TREE: u64 = 512 << 20;
/// Bytes of one extended attribute or resource fork.
const MAX_VALUE: u64 = 64 << 20;

/// Why a hard link's content is elsewhere.
const HARD_LINK: &str = "is a hard link to a folder or to nothing";

/// What a file of the volume is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    Folder,
    File,
    /// A symbolic link, with its target as it stands in the volume.
    Link {
        target: String,
    },
}

/// A file, folder or link of a volume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// `/`-separated, without a leading slash; names are composed, as people type them.
    pub path: String,
    pub kind: Kind,
    /// Bytes of the data fork.
    pub size: u64,
    /// POSIX mode with its file-type bits.
    pub mode: u16,
    pub finder: Finder,
    pub cnid: u32,
    /// On-disk form of the name.
    pub name: Vec<u16>,
    pub(super) data: Fork,
    resource: Fork,
    /// The catalog number of the file whose forks and attributes these are: another's, of a hard link.
    owner: u32,
    /// Why its data fork is not its content: it is a hard link, or compressed by the file system.
    indirect: Option<&'static str>,
}

impl Entry {
    /// Whether the Finder hides it: by its flag or its name.
    pub fn is_hidden(&self) -> bool {
        self.finder.flags & super::FINDER_INVISIBLE != 0 || self.name.first() == Some(&u16::from(b'.'))
    }

    /// Byte of the volume where its content starts, in units of blocks; for reading files in disk order.
    pub fn first_block(&self) -> u32 {
        self.data.extents[0].0
    }
}

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

    /// The volume's name, and all in it in the order of their folders.
    pub fn list(&self, disk: &mut dyn ReadAt) -> Result<(String, Vec<Entry>), Fault> {
        let mut children: BTreeMap<u32, Vec<(Key, Record)>> = BTreeMap::new();
        let mut seen = BTreeSet::new();
        let mut name = None;
        for (key, record) in self.records(disk)? {
            let cnid = match &record {
                Record::Folder { cnid, .. } => *cnid,
                Record::File(catalog::File { cnid, .. }) => *cnid,
                Record::Thread { .. } => continue,
            };
            if !seen.insert(cnid) {
                return Err(Fault::damaged(format!("uses the catalog number {cnid} twice")));
            }
            if cnid == ROOT_FOLDER && key.parent == ROOT_PARENT {
                name = unicode::from_disk(&key.name);
            } else {
                children.entry(key.parent).or_default().push((key, record));
            }
        }
        let name = name.ok_or_else(|| Fault::damaged("has a volume without a root folder"))?;
        let inodes = inodes(&children);
        let mut entries = Vec::new();
        // Depth first, folders waiting on a stack; each leaves `children` once, so no loop can form.
        let mut waiting: Vec<(String, Key, Record)> = Vec::new();
        let mut push = |waiting: &mut Vec<_>, folder: u32, path: &str| {
            let inside = children.remove(&folder).unwrap_or_default();
            waiting.extend(inside.into_iter().rev().map(|(key, record)| (path.to_owned(), key, record)));
        };
        push(&mut waiting, ROOT_FOLDER, "");
        while let Some((folder, key, record)) = waiting.pop() {
            let name = unicode::from_disk(&key.name)
                .filter(|name| !matches!(name.as_str(), "" | "." | ".."))
                .ok_or_else(|| Fault::damaged("has a file name that no Mac writes"))?;
            let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
            if path.len() > MAX_PATH {
                return Err(Fault::damaged("has folders nested deeper than any path can say"));
            }
            if let Record::Folder { cnid, .. } = record {
                push(&mut waiting, cnid, &path);
            }
            entries.extend(self.entry(disk, path, key, record, &inodes)?);
        }
        Ok((name, entries))
    }

    fn entry(
        &self,
        disk: &mut dyn ReadAt,
        path: String,
        key: Key,
        record: Record,
        inodes: &BTreeMap<u32, catalog::File>,
    ) -> Result<Option<Entry>, Fault> {
        Ok(match record {
            Record::Thread { .. } => None,
            Record::Folder { cnid, mode, finder, .. } => Some(Entry {
                path,
                kind: Kind::Folder,
                size: 0,
                mode,
                finder,
                cnid,
                name: key.name,
                data: Fork::default(),
                resource: Fork::default(),
                owner: cnid,
                indirect: None,
            }),
            Record::File(link) => {
                let is_link = (&link.finder.kind, &link.finder.creator) == (b"hlnk", b"hfs+");
                let file = inodes.get(&link.special).filter(|_| is_link).unwrap_or(&link);
                let kind = match file.mode & MODE_TYPE {
                    MODE_LINK => Kind::Link { target: self.link_target(disk, file)? },
                    _ => Kind::File,
                };
                let indirect = match (&file.finder.kind, &file.finder.creator) {
                    (b"hlnk", b"hfs+") | (b"fdrp", b"MACS") => Some(HARD_LINK),
                    _ if file.owner_flags & 0x20 != 0 => Some("is compressed by the file system"),
                    _ => None,
                };
                Some(Entry {
                    path,
                    kind,
                    size: file.data.size,
                    mode: file.mode,
                    finder: file.finder,
                    cnid: link.cnid,
                    name: key.name,
                    data: file.data,
                    resource: file.resource,
                    owner: file.cnid,
                    indirect,
                })
            }
        })
    }

    fn link_target(&self, disk: &mut dyn ReadAt, file: &catalog::File) -> Result<String, Fault> {
        if file.data.size > MAX_TARGET {
            return Err(Fault::damaged("has a link to a path longer than any path can be"));
        }
        let extents = self.extents_of(file.cnid, 0, &file.data)?;
        let mut target = vec![0; file.data.size as usize];
        self.read_extents(disk, &extents, 0, &mut target)?;
        String::from_utf8(target).map_err(|_| Fault::damaged("has a link whose target is not Unicode"))
    }

    /// What a file or folder has beside its bytes, as extended attributes; nothing of links.
    ///
    /// # Errors
    /// A [`Fault`] when a value is damaged, or larger than any that is read here.
    pub fn beside(&self, disk: &mut dyn ReadAt, entry: &Entry) -> Result<Values, Fault> {
        let mut values = Values::new();
        if matches!(entry.kind, Kind::Link { .. }) {
            return Ok(values);
        }
        let first = attributes::Key { cnid: entry.owner, name: Vec::new(), start: 0 };
        let of_file = self.attribute_records.range(first..).take_while(|(key, _)| key.cnid == entry.owner);
        for (key, record) in of_file {
            let value = match record {
                attributes::Record::Inline(value) => value.clone(),
                attributes::Record::Fork(fork) => {
                    self.read_value(disk, fork, &self.attribute_extents(key, fork)?)?
                }
                attributes::Record::Extents(_) => continue,
            };
            let name = String::from_utf16(&key.name)
                .map_err(|_| Fault::damaged("has an extended attribute whose name is not Unicode"))?;
            values.insert(name, value.into());
        }
        if entry.finder != Finder::default() && entry.indirect != Some(HARD_LINK) {
            values.insert(FINDER_INFO.to_owned(), entry.finder.bytes()[..].into());
        }
        if entry.resource.size > 0 {
            let extents = self.extents_of(entry.owner, 0xFF, &entry.resource)?;
            values.insert(RESOURCE_FORK.to_owned(), self.read_value(disk, &entry.resource, &extents)?.into());
        }
        Ok(values)
    }

    fn read_value(&self, disk: &mut dyn ReadAt, fork: &Fork, extents: &[Extent]) -> Result<Vec<u8>, Fault> {
        if fork.size > MAX_VALUE {
            let size = fork.size;
            return Err(Fault::Unsupported(format!(
                "has an extended attribute of {size} bytes, too large to read"
            )));
        }
        let mut value = vec![0; fork.size as usize];
        self.read_extents(disk, extents, 0, &mut value)?;
        Ok(value)
    }

    /// The blocks of a file's content.
    ///
    /// # Errors
    /// [`Fault::Unsupported`] for hard links that lead nowhere or to folders, and for compressed files, whose content is elsewhere.
    pub fn content(&self, entry: &Entry) -> Result<Vec<Extent>, Fault> {
        match entry.indirect {
            Some(why) => {
                Err(Fault::Unsupported(format!("holds {}, which {why} and cannot be read yet", entry.path)))
            }
            None => self.extents_of(entry.owner, 0, &entry.data),
        }
    }
}

/// The files that hard links lead to, by their numbers: they stand in a folder that nobody sees; TN1150 "Hard Links".
fn inodes(children: &BTreeMap<u32, Vec<(Key, Record)>>) -> BTreeMap<u32, catalog::File> {
    let private: Vec<u16> = "\0\0\0\0HFS+ Private Data".encode_utf16().collect();
    let folder = children.get(&ROOT_FOLDER).into_iter().flatten().find(|(key, _)| key.name == private);
    let Some((_, Record::Folder { cnid, .. })) = folder else { return BTreeMap::new() };
    let files = children.get(cnid).into_iter().flatten().filter_map(|(key, record)| match record {
        Record::File(file) => {
            let name = String::from_utf16(&key.name).ok()?;
            Some((name.strip_prefix("iNode")?.parse().ok()?, file.clone()))
        }
        _ => None,
    });
    files.collect()
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
                tree::Finder { kind: *b"hlnk", creator: *b"hfs+", ..Finder::default() };
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
