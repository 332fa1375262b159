//! `.DS_Store` files: records in a B-tree in the blocks of a buddy allocator. Format after Wim Lewis' and Mozilla's
//! descriptions and the `ds_store` package (`buddy.py`, `store.py`). Offsets in the file count from byte 4.

use std::collections::BTreeSet;

use super::bytes::{Put, u16_at, u32_at, u64_at, utf16_at};
use super::hfsplus::unicode;

/// Bytes in a page of the tree, which is a block of width 12.
const PAGE: usize = 4096;
const PAGE_WIDTH: u32 = 12;
/// The allocator hands out a space of 2³¹ bytes.
const SPACE_WIDTH: u32 = 31;
/// A block has at least 2⁵ bytes: the five low bits of its address hold its width.
const MIN_WIDTH: u32 = 5;
/// Sixteen bytes after the header's three numbers, as the Finder leaves them.
const HEADER_REST: [u8; 16] = [0, 0, 0x10, 0x0C, 0, 0, 0, 0x87, 0, 0, 0x20, 0x0B, 0, 0, 0, 0];
/// Deeper trees hold more records than a file has bytes.
const MAX_DEPTH: usize = 16;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Bool(bool),
    Long(u32),
    Short(u32),
    Blob(Vec<u8>),
    Type([u8; 4]),
    Text(Vec<u16>),
    /// `comp` and `dutc`: eight bytes.
    Wide([u8; 4], u64),
}

/// One property of one file; the folder itself is called ".".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// On-disk form of the file's name.
    pub name: Vec<u16>,
    pub code: [u8; 4],
    pub value: Value,
}

impl Record {
    pub fn new(name: &[u16], code: &[u8; 4], value: Value) -> Record {
        Record { name: name.to_vec(), code: *code, value }
    }

    fn put(&self, out: &mut Vec<u8>) {
        put_text(out, &self.name);
        out.extend_from_slice(&self.code);
        let mut typed = |code: &[u8; 4]| out.extend_from_slice(code);
        match &self.value {
            Value::Bool(value) => {
                typed(b"bool");
                out.u8((*value).into());
            }
            Value::Long(value) => {
                typed(b"long");
                out.u32(*value);
            }
            Value::Short(value) => {
                typed(b"shor");
                out.u32(*value);
            }
            Value::Blob(bytes) => {
                typed(b"blob");
                out.u32(bytes.len() as u32);
                out.extend_from_slice(bytes);
            }
            Value::Type(value) => {
                typed(b"type");
                out.extend_from_slice(value);
            }
            Value::Text(text) => {
                typed(b"ustr");
                put_text(out, text);
            }
            Value::Wide(code, value) => {
                typed(code);
                out.u64(*value);
            }
        }
    }

    fn size(&self) -> usize {
        let mut out = Vec::new();
        self.put(&mut out);
        out.len()
    }

    /// The record at `at`, which moves behind it.
    fn take(page: &[u8], at: &mut usize) -> Option<Record> {
        let name = take_text(page, at)?;
        let mut take = |count: usize| {
            let bytes = page.get(*at..at.checked_add(count)?)?;
            *at += count;
            Some(bytes)
        };
        let code = take(4)?.try_into().ok()?;
        let kind: [u8; 4] = take(4)?.try_into().ok()?;
        let value = match &kind {
            b"bool" => Value::Bool(take(1)? != [0]),
            b"long" => Value::Long(u32_at(take(4)?, 0)?),
            b"shor" => Value::Short(u32_at(take(4)?, 0)?),
            b"type" => Value::Type(take(4)?.try_into().ok()?),
            b"comp" | b"dutc" => Value::Wide(kind, u64_at(take(8)?, 0)?),
            b"blob" => {
                let length = u32_at(take(4)?, 0)?;
                Value::Blob(take(length as usize)?.to_vec())
            }
            b"ustr" => Value::Text(take_text(page, at)?),
            _ => return None,
        };
        Some(Record { name, code, value })
    }
}

fn put_text(out: &mut Vec<u8>, text: &[u16]) {
    out.u32(text.len() as u32);
    text.iter().for_each(|unit| out.u16(*unit));
}

fn take_text(page: &[u8], at: &mut usize) -> Option<Vec<u16>> {
    let count = u32_at(page, *at)? as usize;
    let text = utf16_at(page, *at + 4, count)?;
    *at += 4 + count * 2;
    Some(text)
}

/// A whole `.DS_Store`, or `None` when one record is larger than a page.
pub fn write(mut records: Vec<Record>) -> Option<Vec<u8>> {
    records.sort_by_cached_key(|record| (unicode::fold(&record.name), record.code));
    let tree = plan(&records)?;
    let mut allocator = Allocator::new();
    let superblock = allocator.allocate(MIN_WIDTH);
    let pages: Vec<u32> = tree.iter().map(|_| allocator.allocate(PAGE_WIDTH)).collect();
    // Block 0 is the allocator's own, block 1 the tree's superblock; the pages follow.
    let mut addresses = vec![0, superblock];
    addresses.extend(&pages);
    let root_size = 4 + 4 + 4 * addresses.len().next_multiple_of(256) + 4 + 9 + 32 * 8 + 4;
    let width = root_size.next_power_of_two().trailing_zeros();
    addresses[0] = allocator.allocate(width);

    let mut file = vec![0; 4];
    let mut place = |address: u32, bytes: &[u8]| {
        let (start, size) = (4 + (address & !31) as usize, 1_usize << (address & 31));
        file.resize(file.len().max(start + size), 0);
        file[start..start + bytes.len()].copy_from_slice(bytes);
    };
    for (page, address) in tree.iter().zip(&pages) {
        place(*address, &page.bytes(&records));
    }
    let mut head = Vec::new();
    let levels = tree.last().map_or(0, |root| root.height);
    for number in [tree.len() as u32 + 1, levels as u32, records.len() as u32, tree.len() as u32, PAGE as u32]
    {
        head.u32(number);
    }
    place(superblock, &head);
    place(addresses[0], &allocator.block(&addresses));

    let mut start = Vec::new();
    start.u32(1);
    start.extend_from_slice(b"Bud1");
    for number in [addresses[0] & !31, 1 << width, addresses[0] & !31] {
        start.u32(number);
    }
    start.extend_from_slice(&HEADER_REST);
    file[..start.len()].copy_from_slice(&start);
    Some(file)
}

/// A page of the tree: records, and in an inner page the page before each of them and one after all.
struct Page {
    records: Vec<usize>,
    children: Vec<u32>,
    /// 0 for a leaf.
    height: usize,
}

impl Page {
    fn bytes(&self, records: &[Record]) -> Vec<u8> {
        let mut out = Vec::with_capacity(PAGE);
        out.u32(self.children.last().copied().unwrap_or(0));
        out.u32(self.records.len() as u32);
        for (index, record) in self.records.iter().enumerate() {
            if let Some(child) = self.children.get(index) {
                out.u32(*child);
            }
            records[*record].put(&mut out);
        }
        out
    }
}

/// The pages, leaves first and the root last. Page `n` becomes block `n + 2`.
fn plan(records: &[Record]) -> Option<Vec<Page>> {
    let mut pages: Vec<Page> = Vec::new();
    // The records of the level being laid out, and the pages between them.
    let mut level: Vec<usize> = (0..records.len()).collect();
    let mut children: Vec<u32> = Vec::new();
    for height in 0.. {
        let pointer = if height == 0 { 0 } else { 4 };
        let mut below = children.drain(..);
        let mut upper = Vec::new();
        let mut next_children = Vec::new();
        let mut page = Page { records: Vec::new(), children: below.next().into_iter().collect(), height };
        let mut room = PAGE - 8;
        let mut close = |page: Page, pages: &mut Vec<Page>| {
            next_children.push(pages.len() as u32 + 2);
            pages.push(page);
        };
        for record in level {
            let size = records[record].size() + pointer;
            if size > PAGE - 8 {
                return None;
            }
            let child = below.next();
            if size > room {
                // What does not fit stands between this page and the next, one level up.
                upper.push(record);
                let next = Page { records: Vec::new(), children: child.into_iter().collect(), height };
                close(std::mem::replace(&mut page, next), &mut pages);
                room = PAGE - 8;
            } else {
                page.records.push(record);
                page.children.extend(child);
                room -= size;
            }
        }
        close(page, &mut pages);
        drop(below);
        if upper.is_empty() {
            break;
        }
        (level, children) = (upper, next_children);
    }
    Some(pages)
}

/// The buddy allocator: free blocks by width.
struct Allocator {
    free: Vec<Vec<u32>>,
}

impl Allocator {
    /// All of the space is free but the first 2⁵ bytes, which hold the header.
    fn new() -> Allocator {
        let mut allocator = Allocator { free: vec![Vec::new(); 32] };
        allocator.free[SPACE_WIDTH as usize].push(0);
        allocator.allocate(MIN_WIDTH);
        allocator
    }

    /// The address of a block of 2^`width` bytes: offset and width in one number.
    fn allocate(&mut self, width: u32) -> u32 {
        let width = width.max(MIN_WIDTH);
        let from =
            (width..=SPACE_WIDTH).find(|&from| !self.free[from as usize].is_empty()).unwrap_or(SPACE_WIDTH);
        let offset = if self.free[from as usize].is_empty() { 0 } else { self.free[from as usize].remove(0) };
        for half in width..from {
            self.free[half as usize].push(offset + (1 << half));
        }
        offset | width
    }

    /// The allocator's own block: addresses, the table of contents and the free blocks.
    fn block(&self, addresses: &[u32]) -> Vec<u8> {
        let mut out = Vec::new();
        out.u32(addresses.len() as u32);
        out.u32(0);
        addresses.iter().for_each(|address| out.u32(*address));
        out.zeros((addresses.len().next_multiple_of(256) - addresses.len()) * 4);
        out.u32(1);
        out.u8(4);
        out.extend_from_slice(b"DSDB");
        out.u32(1);
        for free in &self.free {
            out.u32(free.len() as u32);
            free.iter().for_each(|offset| out.u32(*offset));
        }
        out
    }
}

/// The records of a `.DS_Store`, in order; `None` when it is none or damaged.
pub fn read(file: &[u8]) -> Option<Vec<Record>> {
    if u32_at(file, 0)? != 1 || file.get(4..8)? != b"Bud1" {
        return None;
    }
    let (offset, size) = (u32_at(file, 8)? as usize, u32_at(file, 12)? as usize);
    let root = file.get(offset.checked_add(4)?..offset.checked_add(4)?.checked_add(size)?)?;
    let count = u32_at(root, 0)? as usize;
    let block = |number: u32| {
        let number = number as usize;
        let address = (number < count).then(|| u32_at(root, 8 + number * 4))??;
        let start = 4 + (address & !31) as usize;
        // The last block may be cut off at the end of the file.
        file.get(start..file.len().min(start + (1_usize << (address & 31))))
    };
    let mut at = 8_usize.checked_add(count.checked_next_multiple_of(256)?.checked_mul(4)?)?;
    let names = u32_at(root, at)?;
    at += 4;
    let mut superblock = None;
    for _ in 0..names {
        let length = usize::from(*root.get(at)?);
        let name = root.get(at + 1..at + 1 + length)?;
        if name == b"DSDB" {
            superblock = u32_at(root, at + 1 + length);
        }
        at += 1 + length + 4;
    }
    let mut records = Vec::new();
    let mut seen = BTreeSet::new();
    read_page(&block, u32_at(block(superblock?)?, 0)?, 0, &mut seen, &mut records)?;
    Some(records)
}

fn read_page<'a>(
    block: &impl Fn(u32) -> Option<&'a [u8]>,
    number: u32,
    depth: usize,
    seen: &mut BTreeSet<u32>,
    records: &mut Vec<Record>,
) -> Option<()> {
    if depth > MAX_DEPTH || !seen.insert(number) {
        return None;
    }
    let page = block(number)?;
    let (last, count) = (u32_at(page, 0)?, u32_at(page, 4)?);
    let mut at = 8;
    for _ in 0..count {
        if last != 0 {
            read_page(block, u32_at(page, at)?, depth + 1, seen, records)?;
            at += 4;
        }
        records.push(Record::take(page, &mut at)?);
    }
    if last != 0 {
        read_page(block, last, depth + 1, seen, records)?;
    }
    Some(())
}

/// The place of an icon: its centre, in points from the window's top left.
pub fn icon_location(x: i32, y: i32) -> Value {
    let mut out = Vec::with_capacity(16);
    out.u32(x as u32);
    out.u32(y as u32);
    out.u32(0xFFFF_FFFF);
    out.u32(0xFFFF_0000);
    Value::Blob(out)
}

/// The place an `Iloc` record holds.
pub fn location_of(value: &Value) -> Option<(i32, i32)> {
    match value {
        Value::Blob(bytes) if u16_at(bytes, 6).is_some() => {
            Some((u32_at(bytes, 0)? as i32, u32_at(bytes, 4)? as i32))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(count: u32) -> Vec<Record> {
        let mut records: Vec<Record> = (0..count)
            .map(|index| {
                let name: Vec<u16> = format!("Document {index:05}.txt").encode_utf16().collect();
                Record::new(&name, b"Iloc", icon_location(index as i32, -5))
            })
            .collect();
        records.push(Record::new(&[0x2E], b"vSrn", Value::Long(1)));
        records.push(Record::new(&[0x2E], b"icvl", Value::Type(*b"icnv")));
        records
    }

    #[test]
    fn every_record_is_read_back_in_order_from_one_page_or_three_levels() {
        for count in [0, 5, 60, 500, 9_000] {
            let records = records(count);
            let read = read(&write(records.clone()).unwrap()).unwrap();
            assert_eq!(read.len(), records.len());
            assert_eq!(read[0].code, *b"icvl");
            assert!(read[1..].is_sorted_by_key(|record| record.name.clone()));
            assert!(records.iter().all(|record| read.contains(record)) || count > 500);
        }
    }

    #[test]
    fn blocks_never_overlap_and_free_ones_are_free() {
        let mut allocator = Allocator::new();
        let used: Vec<u32> = [5, 12, 12, 11, 13, 5, 12].map(|width| allocator.allocate(width)).to_vec();
        let free = allocator
            .free
            .iter()
            .enumerate()
            .flat_map(|(width, list)| list.iter().map(move |at| at | width as u32));
        let mut spans: Vec<(u64, u64)> = used
            .into_iter()
            .chain(free)
            .map(|at| (u64::from(at & !31), u64::from(at & !31) + (1 << (at & 31))))
            .collect();
        spans.sort_unstable();
        assert_eq!(spans[0].0, 32);
        assert!(spans.windows(2).all(|pair| pair[0].1 == pair[1].0));
        assert_eq!(spans.last().unwrap().1, 1 << 31);
    }

    #[test]
    fn a_cut_or_scrambled_file_is_refused_without_panic() {
        let file = write(records(300)).unwrap();
        for length in (0..file.len()).step_by(97) {
            read(&file[..length]);
        }
        for at in 0..2200 {
            for value in [0, 0xFF] {
                let mut bad = file.clone();
                bad[at] = value;
                read(&bad);
            }
        }
        assert_eq!(read(b"Bud1"), None);
        assert_eq!(write(vec![Record::new(&[0x2E], b"icvp", Value::Blob(vec![0; 5000]))]), None);
    }

    #[test]
    fn locations_read_back() {
        assert_eq!(location_of(&icon_location(172, -3)), Some((172, -3)));
    }
}
