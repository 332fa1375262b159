//! The attributes tree: extended attributes by file and name, small ones in their record, others in blocks of their own; TN1150
//! "Attributes File" and `hfs_format.h`.

use std::sync::Arc;

use super::super::bytes::{Put, u16_at, u32_at, utf16_at};
use super::super::tree::{Tree, cnid};
use super::btree::{self, Leaf, Shape};
use super::{Extent, Fork, extents_at};

const INLINE: u32 = 0x10;
const FORK: u32 = 0x20;
const EXTENTS: u32 = 0x30;
/// Type, two reserved words and the size stand before an inline value.
const INLINE_HEADER: usize = 16;
const FORK_SIZE: usize = 88;
/// Bytes of the largest inline value: `getmaxinlineattrsize` of Apple's kernel, for our nodes.
pub const MAX_INLINE: usize = (btree::ATTRIBUTES.node - 14 - 6) / 2 - 268 - 16;
/// UTF-16 units of a name.
const MAX_NAME: usize = 127;

/// One attribute to be written.
pub struct Planned<'a> {
    pub entry: usize,
    name: Vec<u16>,
    pub value: &'a Arc<[u8]>,
}

impl Planned<'_> {
    /// Whether it needs blocks of its own.
    pub fn is_large(&self) -> bool {
        self.value.len() > MAX_INLINE
    }
}

/// All attributes of a tree, laid out but for where the large ones are.
pub struct Attributes<'a> {
    pub planned: Vec<Planned<'a>>,
    leaves: Vec<Leaf>,
    pub shape: Shape,
}

impl<'a> Attributes<'a> {
    pub fn plan(tree: &'a Tree) -> Attributes<'a> {
        let entries = tree.entries.iter().enumerate();
        let mut planned: Vec<Planned> = entries
            .flat_map(|(entry, about)| {
                let named = about.attributes.iter();
                named.map(move |(name, value)| Planned { entry, name: name.encode_utf16().collect(), value })
            })
            .collect();
        planned.sort_by(|a, b| (a.entry, &a.name).cmp(&(b.entry, &b.name)));
        let leaves: Vec<Leaf> = planned
            .iter()
            .map(|one| {
                let size = if one.is_large() { FORK_SIZE } else { INLINE_HEADER + one.value.len() };
                Leaf { key: key(cnid(one.entry), &one.name), value_len: size.next_multiple_of(2) }
            })
            .collect();
        let shape = Shape::plan(&leaves, btree::ATTRIBUTES);
        Attributes { planned, leaves, shape }
    }

    /// The finished tree; `forks` says where each large value is, in the order of `planned`.
    pub fn write(&self, forks: &[Fork]) -> Vec<u8> {
        self.shape.write(&self.leaves, |index| {
            let one = &self.planned[index];
            let mut out = Vec::with_capacity(self.leaves[index].value_len);
            if one.is_large() {
                out.u32(FORK);
                out.u32(0);
                forks[index].put(&mut out);
            } else {
                out.u32(INLINE);
                out.u64(0);
                out.u32(one.value.len() as u32);
                out.extend_from_slice(one.value);
            }
            out.resize(self.leaves[index].value_len, 0);
            out
        })
    }
}

/// HFSPlusAttrKey with its length in front: padding, file, first block of a continued fork, name.
fn key(cnid: u32, name: &[u16]) -> Vec<u8> {
    let mut out = Vec::with_capacity(14 + name.len() * 2);
    out.u16(12 + name.len() as u16 * 2);
    out.u16(0);
    out.u32(cnid);
    out.u32(0);
    out.u16(name.len() as u16);
    name.iter().for_each(|unit| out.u16(*unit));
    out
}

/// A key as read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    pub cnid: u32,
    pub name: Vec<u16>,
    /// The block of a fork from which this record goes on; 0 in its first.
    pub start: u32,
}

impl Key {
    /// From the bytes after the key's length.
    pub fn parse(key: &[u8]) -> Option<Key> {
        let name = utf16_at(key, 12, usize::from(u16_at(key, 10)?))?;
        let fits = name.len() <= MAX_NAME && key.len() == 12 + name.len() * 2;
        fits.then_some(Key { cnid: u32_at(key, 2)?, name, start: u32_at(key, 6)? })
    }
}

/// A record as read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    Inline(Vec<u8>),
    Fork(Fork),
    /// Where a fork goes on that is in more than eight pieces.
    Extents([Extent; 8]),
}

impl Record {
    pub fn parse(value: &[u8]) -> Option<Record> {
        match u32_at(value, 0)? {
            INLINE => {
                let length = usize::try_from(u32_at(value, 12)?).ok()?;
                let end = INLINE_HEADER.checked_add(length)?;
                Some(Record::Inline(value.get(INLINE_HEADER..end)?.to_vec()))
            }
            FORK => Some(Record::Fork(Fork::at(value, 8)?)),
            EXTENTS => Some(Record::Extents(extents_at(value, 8)?)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::btree::{NodeView, split_key};
    use super::*;

    #[test]
    fn small_values_stand_in_their_records_and_large_ones_elsewhere() {
        assert_eq!(MAX_INLINE, 3802); // as measured for nodes of 8,192 bytes
        let mut tree = Tree::new();
        let file = tree.add_bytes(0, "f", vec![1]).unwrap();
        for (name, size) in [("b", MAX_INLINE), ("a", MAX_INLINE + 1), ("c", 3), ("d", 0)] {
            tree.entries[file].attributes.insert(name.into(), vec![7; size].into());
        }
        tree.entries[0].attributes.insert("root".into(), vec![1].into());
        let attributes = Attributes::plan(&tree);
        let forks: Vec<Fork> = (0..5).map(|index| Fork::contiguous(3803, index, 0)).collect();
        let bytes = attributes.write(&forks);
        let node = NodeView::parse(&bytes[8192..16384]).unwrap();
        let read: Vec<(Key, Record)> = node
            .records
            .iter()
            .map(|record| split_key(record).unwrap())
            .map(|(key, value)| (Key::parse(key).unwrap(), Record::parse(value).unwrap()))
            .collect();
        let name = |name: &str, cnid| Key { cnid, name: name.encode_utf16().collect(), start: 0 };
        let expected = [
            (name("root", 2), Record::Inline(vec![1])),
            (name("a", 16), Record::Fork(forks[1])),
            (name("b", 16), Record::Inline(vec![7; MAX_INLINE])),
            (name("c", 16), Record::Inline(vec![7; 3])),
            (name("d", 16), Record::Inline(vec![])),
        ];
        assert_eq!(read, expected);
    }
}
