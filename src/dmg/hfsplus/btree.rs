//! B-trees of HFS+ (TN1150 "B-Trees"): nodes of records, linked level by level, and a header node with a map of those in use.

use std::ops::Range;

use super::super::bytes::{Put, u16_at, u32_at};
use super::BLOCK;

/// Node descriptor, header record and user record before the map in a header node; TN1150 "Header Node".
const DESCRIPTOR: usize = 14;
const HEADER_RECORD: usize = 106;
const USER_RECORD: usize = 128;
const HEADER_MAP_AT: usize = DESCRIPTOR + HEADER_RECORD + USER_RECORD;

pub const KIND_LEAF: i8 = -1;
pub const KIND_INDEX: i8 = 0;
pub const KIND_HEADER: i8 = 1;
pub const KIND_MAP: i8 = 2;

/// What tells one tree of a volume from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flavor {
    /// Bytes in a node of a tree of ours, as `newfs_hfs` chooses them.
    pub node: usize,
    pub max_key: u16,
    /// 0xCF orders names without case.
    pub key_compare: u8,
    /// BigKeys is 2, VariableIndexKeys 4.
    pub attributes: u32,
}

impl Flavor {
    /// Bytes of map in the header node, before its four record offsets.
    const fn header_map(self) -> usize {
        self.node - HEADER_MAP_AT - 8
    }

    /// Bytes of map in a map node: a multiple of four, as `newfs_hfs` keeps it.
    const fn map_node_map(self) -> usize {
        self.node - DESCRIPTOR - 6
    }
}

pub const CATALOG: Flavor = Flavor { node: BLOCK, max_key: 516, key_compare: 0xCF, attributes: 6 };
/// Always there, though empty: some readers cannot do without it.
pub const ATTRIBUTES: Flavor = Flavor { node: 2 * BLOCK, max_key: 266, key_compare: 0, attributes: 6 };
pub const EXTENTS: Flavor = Flavor { node: BLOCK, max_key: 10, key_compare: 0, attributes: 2 };

/// One record of a leaf: its key, with the length in front, and how many bytes of value follow.
#[derive(Debug, Clone)]
pub struct Leaf {
    pub key: Vec<u8>,
    pub value_len: usize,
}

/// Which record goes to which node, decided before any value is known.
#[derive(Debug)]
pub struct Shape {
    /// Leaves first; each range counts records (of leaves) or nodes of the level below.
    levels: Vec<Vec<Range<usize>>>,
    map_nodes: usize,
    flavor: Flavor,
}

impl Shape {
    pub fn plan(leaves: &[Leaf], flavor: Flavor) -> Shape {
        let mut levels = Vec::new();
        if !leaves.is_empty() {
            levels.push(pack(leaves.iter().map(|leaf| leaf.key.len() + leaf.value_len), flavor.node));
        }
        // The first record below each node of the top level.
        let mut firsts: Vec<usize> = levels.first().map_or(Vec::new(), |level| starts(level));
        while firsts.len() > 1 {
            let level = pack(firsts.iter().map(|&first| leaves[first].key.len() + 4), flavor.node);
            firsts = level.iter().map(|range| firsts[range.start]).collect();
            levels.push(level);
        }
        let nodes = 1 + levels.iter().map(Vec::len).sum::<usize>();
        let mut map_nodes = 0;
        while (nodes + map_nodes).saturating_sub(flavor.header_map() * 8)
            > map_nodes * flavor.map_node_map() * 8
        {
            map_nodes += 1;
        }
        Shape { levels, map_nodes, flavor }
    }

    /// All nodes, the header and the map nodes among them; none is free.
    pub fn nodes(&self) -> usize {
        1 + self.levels.iter().map(Vec::len).sum::<usize>() + self.map_nodes
    }

    /// Blocks of the whole tree.
    pub fn blocks(&self) -> u64 {
        super::blocks_for((self.nodes() * self.flavor.node) as u64)
    }

    /// The whole tree, `value` giving each record's value: header, leaves, index levels upwards, map nodes.
    pub fn write(&self, leaves: &[Leaf], mut value: impl FnMut(usize) -> Vec<u8>) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.nodes() * self.flavor.node);
        out.extend(self.header_node(leaves.len()));
        let mut first_node = 1;
        // For each node of the level just written, its number and its first record.
        let mut below: Vec<(u32, usize)> = Vec::new();
        for (height, level) in self.levels.iter().enumerate() {
            let mut written = Vec::with_capacity(level.len());
            for (index, range) in level.iter().enumerate() {
                let number = first_node + index;
                let next = if index + 1 < level.len() { number + 1 } else { 0 };
                let previous = if index > 0 { number - 1 } else { 0 };
                let kind = if height == 0 { KIND_LEAF } else { KIND_INDEX };
                let mut node =
                    Node::new(kind, height as u8 + 1, next as u32, previous as u32, self.flavor.node);
                for item in range.clone() {
                    match below.get(item) {
                        Some(&(child, first)) if height > 0 => {
                            node.record(&[&leaves[first].key, &child.to_be_bytes()]);
                        }
                        _ => node.record(&[&leaves[item].key, &value(item)]),
                    }
                }
                out.extend(node.finish());
                let first = if height == 0 { range.start } else { below[range.start].1 };
                written.push((number as u32, first));
            }
            first_node += level.len();
            below = written;
        }
        out.extend(self.map_nodes(first_node));
        out
    }

    fn header_node(&self, records: usize) -> Vec<u8> {
        let flavor = self.flavor;
        let leaf_nodes = self.levels.first().map_or(0, Vec::len);
        let tree_nodes: usize = self.levels.iter().map(Vec::len).sum();
        let total = self.nodes();
        let mut header = Vec::with_capacity(HEADER_RECORD);
        header.u16(self.levels.len() as u16);
        header.u32(tree_nodes as u32); // the root is written last, and is 0 in an empty tree
        header.u32(records as u32);
        header.u32(leaf_nodes.min(1) as u32);
        header.u32(leaf_nodes as u32);
        header.u16(flavor.node as u16);
        header.u16(flavor.max_key);
        header.u32(total as u32);
        header.u32(0); // free nodes
        header.u16(0);
        header.u32(super::CLUMP);
        header.u8(0);
        header.u8(flavor.key_compare);
        header.u32(flavor.attributes);
        header.zeros(64);
        let first_map = if self.map_nodes > 0 { tree_nodes + 1 } else { 0 };
        let mut node = Node::new(KIND_HEADER, 0, first_map as u32, 0, flavor.node);
        node.record(&[&header]);
        node.record(&[&[0; USER_RECORD]]);
        node.record(&[&map(total, 0, flavor.header_map())]);
        node.finish()
    }

    fn map_nodes(&self, first: usize) -> Vec<u8> {
        let total = self.nodes();
        let flavor = self.flavor;
        let mut out = Vec::with_capacity(self.map_nodes * flavor.node);
        for index in 0..self.map_nodes {
            let next = if index + 1 < self.map_nodes { first + index + 1 } else { 0 };
            let previous = if index > 0 { first + index - 1 } else { 0 };
            let mut node = Node::new(KIND_MAP, 0, next as u32, previous as u32, flavor.node);
            let from = flavor.header_map() + index * flavor.map_node_map();
            node.record(&[&map(total, from * 8, flavor.map_node_map())]);
            out.extend(node.finish());
        }
        out
    }
}

/// Nodes of `node_size` bytes filled one after the other with records of the given sizes.
fn pack(sizes: impl Iterator<Item = usize>, node_size: usize) -> Vec<Range<usize>> {
    let mut nodes: Vec<Range<usize>> = Vec::new();
    let mut room = 0;
    for (index, size) in sizes.enumerate() {
        let needed = size + 2;
        match nodes.last_mut() {
            Some(node) if needed <= room => node.end = index + 1,
            _ => {
                nodes.push(index..index + 1);
                room = node_size - DESCRIPTOR - 2;
            }
        }
        room -= needed;
    }
    nodes
}

fn starts(level: &[Range<usize>]) -> Vec<usize> {
    level.iter().map(|range| range.start).collect()
}

/// `bytes` of a bit map from bit `from` on, in which the first `used` bits of all are set.
fn map(used: usize, from: usize, bytes: usize) -> Vec<u8> {
    let set = used.saturating_sub(from).min(bytes * 8);
    let mut map = vec![0xFF; set / 8];
    if !set.is_multiple_of(8) {
        map.push(0xFF << (8 - set % 8));
    }
    map.resize(bytes, 0);
    map
}

/// A node being written: records from the front, their offsets from the back.
struct Node {
    bytes: Vec<u8>,
    offsets: Vec<u16>,
    size: usize,
}

impl Node {
    fn new(kind: i8, height: u8, next: u32, previous: u32, size: usize) -> Node {
        let mut bytes = Vec::with_capacity(size);
        bytes.u32(next);
        bytes.u32(previous);
        bytes.u8(kind as u8);
        bytes.u8(height);
        bytes.zeros(4);
        Node { bytes, offsets: vec![DESCRIPTOR as u16], size }
    }

    fn record(&mut self, parts: &[&[u8]]) {
        parts.iter().for_each(|part| self.bytes.extend_from_slice(part));
        self.offsets.push(self.bytes.len() as u16);
    }

    fn finish(mut self) -> Vec<u8> {
        let records = self.offsets.len() as u16 - 1;
        self.bytes[10..12].copy_from_slice(&records.to_be_bytes());
        self.bytes.resize(self.size - self.offsets.len() * 2, 0);
        for offset in self.offsets.iter().rev() {
            self.bytes.u16(*offset);
        }
        self.bytes
    }
}

/// A node as read: its descriptor, and its records by their offsets.
#[derive(Debug)]
pub struct NodeView<'a> {
    pub next: u32,
    pub previous: u32,
    pub kind: i8,
    pub height: u8,
    pub records: Vec<&'a [u8]>,
}

impl<'a> NodeView<'a> {
    /// `None` when an offset is out of place.
    pub fn parse(node: &'a [u8]) -> Option<NodeView<'a>> {
        let count = usize::from(u16_at(node, 10)?);
        let table = node.len().checked_sub((count + 1) * 2)?;
        let offset = |index: usize| u16_at(node, node.len() - 2 * (index + 1)).map(usize::from);
        let mut records = Vec::with_capacity(count);
        for index in 0..count {
            let (start, end) = (offset(index)?, offset(index + 1)?);
            let ordered = start >= DESCRIPTOR && start < end && end <= table && start.is_multiple_of(2);
            records.push(ordered.then(|| node.get(start..end))??);
        }
        let (kind, height) = (*node.get(8)? as i8, *node.get(9)?);
        Some(NodeView { next: u32_at(node, 0)?, previous: u32_at(node, 4)?, kind, height, records })
    }
}

/// A record's key (without its length) and value; `None` when it is shorter than it says.
pub fn split_key(record: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = usize::from(u16_at(record, 0)?);
    record.get(2..)?.split_at_checked(length)
}

/// BTHeaderRec, from a header node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    pub depth: u16,
    pub root: u32,
    pub leaf_records: u32,
    pub first_leaf: u32,
    pub last_leaf: u32,
    pub node_size: u16,
    pub max_key: u16,
    pub total_nodes: u32,
    pub free_nodes: u32,
    pub key_compare: u8,
    pub attributes: u32,
}

impl Header {
    /// Bytes from the start of the tree that hold all of it.
    pub const END: usize = DESCRIPTOR + HEADER_RECORD;

    pub fn parse(node: &[u8]) -> Option<Header> {
        let record = node.get(DESCRIPTOR..Self::END)?;
        Some(Header {
            depth: u16_at(record, 0)?,
            root: u32_at(record, 2)?,
            leaf_records: u32_at(record, 6)?,
            first_leaf: u32_at(record, 10)?,
            last_leaf: u32_at(record, 14)?,
            node_size: u16_at(record, 18)?,
            max_key: u16_at(record, 20)?,
            total_nodes: u32_at(record, 22)?,
            free_nodes: u32_at(record, 26)?,
            key_compare: *record.get(37)?,
            attributes: u32_at(record, 38)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NODE: usize = EXTENTS.node;

    fn leaves(count: usize) -> Vec<Leaf> {
        (0..count)
            .map(|index| {
                let mut key = Vec::new();
                key.u16(8);
                key.u64(index as u64);
                Leaf { key, value_len: 4 }
            })
            .collect()
    }

    #[test]
    fn an_empty_tree_is_its_header_node() {
        let shape = Shape::plan(&[], EXTENTS);
        let tree = shape.write(&[], |_| Vec::new());
        assert_eq!(tree.len(), NODE);
        let header = Header::parse(&tree).unwrap();
        assert_eq!((header.depth, header.root, header.total_nodes, header.free_nodes), (0, 0, 1, 0));
        let map = NodeView::parse(&tree).unwrap().records[2];
        assert_eq!((map.len(), map[0], map[1]), (3840, 0x80, 0));
    }

    #[test]
    fn every_record_is_in_order_and_every_level_is_linked() {
        let leaves = leaves(100_000);
        let shape = Shape::plan(&leaves, EXTENTS);
        let tree = shape.write(&leaves, |index| (index as u32).to_be_bytes().to_vec());
        let header = Header::parse(&tree).unwrap();
        assert_eq!(tree.len(), header.total_nodes as usize * NODE);
        assert_eq!((header.depth, header.leaf_records), (3, 100_000));
        let (mut number, mut seen) = (header.first_leaf, 0_u32);
        while number != 0 {
            let view = NodeView::parse(&tree[number as usize * NODE..][..NODE]).unwrap();
            assert_eq!((view.kind, view.height), (KIND_LEAF, 1));
            for record in &view.records {
                let (key, value) = split_key(record).unwrap();
                assert_eq!((u32_at(key, 4), u32_at(value, 0)), (Some(seen), Some(seen)));
                seen += 1;
            }
            assert!(view.next != 0 || number == header.last_leaf);
            number = view.next;
        }
        assert_eq!(seen, 100_000);
    }

    #[test]
    fn map_nodes_follow_when_the_header_cannot_map_all() {
        // 40,000 nodes: records so big that each fills one.
        let mut leaves = leaves(40_000);
        leaves.iter_mut().for_each(|leaf| leaf.value_len = 4000);
        let shape = Shape::plan(&leaves, EXTENTS);
        assert_eq!(shape.map_nodes, 1);
        let tree = shape.write(&leaves, |_| vec![7; 4000]);
        let header = NodeView::parse(&tree[..NODE]).unwrap();
        let map = NodeView::parse(&tree[header.next as usize * NODE..][..NODE]).unwrap();
        assert_eq!(map.kind, KIND_MAP);
        let bits: u32 = header.records[2].iter().chain(map.records[0]).map(|byte| byte.count_ones()).sum();
        assert_eq!(bits as usize, shape.nodes());
    }

    #[test]
    fn a_node_with_offsets_out_of_place_is_refused() {
        let mut tree = Shape::plan(&[], EXTENTS).write(&[], |_| Vec::new());
        tree[NODE - 3] = 0xFF;
        assert!(NodeView::parse(&tree).is_none());
        assert!(NodeView::parse(&[0xFF; 16]).is_none());
        assert!(NodeView::parse(&[]).is_none());
    }
}
