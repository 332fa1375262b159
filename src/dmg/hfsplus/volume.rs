//! A whole volume: planned first, then streamed from the first byte to the last without ever being held.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use super::super::bytes::Put;
use super::super::tree::{Content, Source, Tree, cnid};
use super::attributes::Attributes;
use super::btree::{self, Shape};
use super::catalog::{Catalog, Forks};
use super::{BLOCK, Fork, ROOT_FOLDER, SIGNATURE_HFS_PLUS, VolumeHeader, blocks_for, unicode};
use crate::failure::Failure;

/// What the volume is called, and the numbers it cannot know by itself.
#[derive(Debug, Clone, Copy)]
pub struct Identity<'a> {
    pub name: &'a str,
    /// HFS+ date of everything in it. The header's is local time in principle; here it is UTC, the same everywhere.
    pub date: u32,
    pub id: u64,
}

/// Consecutive bytes from byte `at` on; zeros lie between two pieces.
struct Piece {
    at: u64,
    size: u64,
    source: Source,
}

/// A planned volume.
pub struct Volume {
    pieces: Vec<Piece>,
    /// Bytes, a multiple of 4,096.
    pub size: u64,
}

/// Numbers of blocks, in the order in which they stand.
struct Layout {
    bitmap: u64,
    extents: u64,
    attributes: u64,
    catalog: u64,
    total: u64,
}

impl Layout {
    fn plan(attributes: u64, catalog: u64, data: u64) -> Layout {
        let mut bitmap = 1;
        loop {
            let total = 1 + bitmap + 1 + attributes + catalog + data + 1;
            let needed = blocks_for(total.div_ceil(8));
            if needed <= bitmap {
                return Layout { bitmap, extents: 1, attributes, catalog, total };
            }
            bitmap = needed;
        }
    }

    /// First block of each file of the volume's own, after the header's; then that of the first user's file.
    fn starts(&self) -> [u64; 5] {
        let extents = 1 + self.bitmap;
        let attributes = extents + self.extents;
        let catalog = attributes + self.attributes;
        [1, extents, attributes, catalog, catalog + self.catalog]
    }
}

impl Volume {
    /// # Errors
    /// A [`Failure`] when two names collide or the volume would be too big for HFS+.
    pub fn plan(tree: &Tree, identity: Identity) -> Result<Volume, Failure> {
        let name = unicode::to_disk(identity.name);
        let catalog = Catalog::plan(tree, &name)?;
        let attributes = Attributes::plan(tree);
        let contents = contents(tree, &attributes);
        let data = contents.iter().map(|content| blocks_for(content.size)).sum();
        let layout = Layout::plan(attributes.shape.blocks(), catalog.shape.blocks(), data);
        if layout.total > u64::from(u32::MAX) {
            return Err(Failure::new(
                identity.name,
                "would be larger than 16 TB",
                "put less into the disk image",
            ));
        }

        let mut forks = vec![Forks::default(); tree.entries.len()];
        let mut large = vec![Fork::default(); attributes.planned.len()];
        let mut pieces = Vec::with_capacity(contents.len());
        let [bitmap, extents, attributes_start, catalog_start, mut block] = layout.starts();
        for content in contents {
            let fork = Fork::contiguous(content.size, block as u32, 0);
            match content.of {
                Part::Data(index) => forks[index].data = fork,
                Part::Resource(index) => forks[index].resource = fork,
                Part::Attribute(index) => large[index] = fork,
            }
            pieces.push(Piece { at: block * BLOCK as u64, size: content.size, source: content.source });
            block += blocks_for(content.size);
        }
        let header = header(tree, identity, &layout).bytes();
        let mut start = vec![0; VolumeHeader::AT as usize];
        start.extend_from_slice(&header);
        let no_extents = Shape::plan(&[], btree::EXTENTS).write(&[], |_| Vec::new());
        let fixed = [
            (0, start),
            (bitmap, full_bitmap(layout.total)),
            (extents, no_extents),
            (attributes_start, attributes.write(&large)),
            (catalog_start, catalog.write(&forks, identity.date)),
        ];
        let fixed = fixed.into_iter().map(|(block, bytes)| in_memory(block * BLOCK as u64, bytes));
        let size = layout.total * BLOCK as u64;
        let end = in_memory(size - VolumeHeader::AT, header);
        Ok(Volume { pieces: fixed.chain(pieces).chain([end]).collect(), size })
    }

    /// The volume's bytes, from the first on.
    pub fn stream(&self) -> Stream<'_> {
        Stream { volume: self, piece: 0, at: 0, open: None }
    }

    /// The bytes from `at` on; zeros past the end.
    ///
    /// # Errors
    /// A [`Failure`] naming a source file that cannot be read or is shorter than it was.
    pub fn read_at(&self, at: u64, buf: &mut [u8]) -> Result<(), Failure> {
        let piece = self.pieces.partition_point(|piece| piece.at + piece.size <= at);
        let mut stream = Stream { volume: self, piece, at, open: None };
        if let Some(Piece { at: start, source: Source::Local(path), .. }) = self.pieces.get(piece)
            && *start < at
        {
            let opened =
                File::open(path).and_then(|mut file| file.seek(SeekFrom::Start(at - start)).map(|_| file));
            stream.open = Some(opened.map_err(|error| Failure::io(path, "read", &error))?);
        }
        stream.fill(buf)
    }
}

fn in_memory(at: u64, bytes: Vec<u8>) -> Piece {
    Piece { at, size: bytes.len() as u64, source: Source::Memory(bytes.into()) }
}

/// What blocks are for: a fork of the entry, or the attribute, of this index.
enum Part {
    Data(usize),
    Resource(usize),
    Attribute(usize),
}

/// Bytes that get blocks of their own.
struct Stored {
    of: Part,
    source: Source,
    size: u64,
}

/// Everything that gets blocks, in the order of the disk: files of one kind stand together, since they compress better side by
/// side; then resource forks and large attributes.
fn contents(tree: &Tree, attributes: &Attributes) -> Vec<Stored> {
    let mut files: Vec<Stored> = tree
        .entries
        .iter()
        .enumerate()
        .filter_map(|(index, entry)| {
            let (source, size) = data_of(&entry.content)?;
            Some(Stored { of: Part::Data(index), source, size })
        })
        .collect();
    files.sort_by_cached_key(|stored| {
        let Part::Data(index) = stored.of else { return (None, 0) };
        let entry = &tree.entries[index];
        let dot = entry.name.iter().rposition(|&unit| unit == u16::from(b'.'));
        (dot.map(|dot| unicode::fold(&entry.name[dot..])), index)
    });
    let forks = tree.entries.iter().enumerate().filter(|(_, entry)| !entry.resource.is_empty());
    let forks = forks.map(|(index, entry)| (Part::Resource(index), &entry.resource));
    let large = attributes.planned.iter().enumerate().filter(|(_, one)| one.is_large());
    let large = large.map(|(index, one)| (Part::Attribute(index), one.value));
    let beside = forks.chain(large);
    files.extend(beside.map(|(of, bytes)| {
        let (source, size) = (Source::Memory(bytes.clone()), bytes.len() as u64);
        Stored { of, source, size }
    }));
    files
}

/// The bytes of a file or link, unless it has none.
fn data_of(content: &Content) -> Option<(Source, u64)> {
    match content {
        Content::Folder | Content::File { size: 0, .. } => None,
        Content::File { source, size, .. } => Some((source.clone(), *size)),
        Content::Link { target } => Some((Source::Memory(Arc::from(target.as_bytes())), target.len() as u64)),
    }
}

fn header(tree: &Tree, identity: Identity, layout: &Layout) -> VolumeHeader {
    let folders = tree.entries.iter().filter(|entry| entry.content == Content::Folder).count();
    let [bitmap, extents, attributes, catalog, _] = layout.starts();
    let fork = |blocks: u64, start: u64| {
        let size = blocks * BLOCK as u64;
        Fork::contiguous(size, start as u32, super::CLUMP)
    };
    VolumeHeader {
        signature: SIGNATURE_HFS_PLUS,
        create_date: identity.date,
        file_count: (tree.entries.len() - folders) as u32,
        folder_count: folders as u32 - 1,
        block_size: BLOCK as u32,
        total_blocks: layout.total as u32,
        free_blocks: 0,
        next_catalog_id: cnid(tree.entries.len()),
        finder_info: [0, 0, ROOT_FOLDER, 0, 0, 0, (identity.id >> 32) as u32, identity.id as u32],
        allocation: fork(layout.bitmap, bitmap),
        extents: fork(layout.extents, extents),
        catalog: fork(layout.catalog, catalog),
        attributes: fork(layout.attributes, attributes),
        startup: Fork::default(),
    }
}

/// Every block is in use.
fn full_bitmap(blocks: u64) -> Vec<u8> {
    let mut bitmap = vec![0xFF; (blocks / 8) as usize];
    if !blocks.is_multiple_of(8) {
        bitmap.u8(0xFF << (8 - blocks % 8));
    }
    bitmap
}

/// Reads a [`Volume`] from front to back.
pub struct Stream<'a> {
    volume: &'a Volume,
    piece: usize,
    at: u64,
    open: Option<File>,
}

impl Stream<'_> {
    /// The next bytes of the volume; zeros past its end.
    ///
    /// # Errors
    /// A [`Failure`] naming a source file that cannot be read or is no longer as long as it was.
    pub fn fill(&mut self, buf: &mut [u8]) -> Result<(), Failure> {
        let mut done = 0;
        while done < buf.len() {
            let rest = &mut buf[done..];
            done += match self.volume.pieces.get(self.piece) {
                Some(piece) if self.at >= piece.at => {
                    let offset = self.at - piece.at;
                    let count = up_to(rest.len(), piece.size - offset);
                    self.open = read_piece(piece, offset, &mut rest[..count], self.open.take())?;
                    if offset + count as u64 == piece.size {
                        self.piece += 1;
                        self.open = None;
                    }
                    self.at += count as u64;
                    count
                }
                next => {
                    let gap = next.map_or(u64::MAX, |piece| piece.at - self.at);
                    let count = up_to(rest.len(), gap);
                    rest[..count].fill(0);
                    self.at += count as u64;
                    count
                }
            };
        }
        Ok(())
    }
}

fn up_to(length: usize, limit: u64) -> usize {
    usize::try_from(limit).map_or(length, |limit| length.min(limit))
}

/// Reads `buf` from byte `offset` of a piece on, and answers the file to go on with.
fn read_piece(
    piece: &Piece,
    offset: u64,
    buf: &mut [u8],
    open: Option<File>,
) -> Result<Option<File>, Failure> {
    let path = match &piece.source {
        Source::Memory(bytes) => {
            let offset = offset as usize;
            buf.copy_from_slice(&bytes[offset..offset + buf.len()]);
            return Ok(None);
        }
        Source::Stored(stored) => return stored.read_at(offset, buf).map(|()| None),
        Source::Local(path) => path,
    };
    let io = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::UnexpectedEof => changed(path),
        _ => Failure::io(path, "read", &error),
    };
    let mut file = match open {
        Some(file) => file,
        None => File::open(path).map_err(io)?,
    };
    file.read_exact(buf).map_err(io)?;
    let at_end = offset + buf.len() as u64 == piece.size;
    if at_end && file.read(&mut [0]).map_err(io)? > 0 {
        return Err(changed(path));
    }
    Ok(Some(file))
}

fn changed(path: &Path) -> Failure {
    let what = "changed while the disk image was being built";
    Failure::new(path, what, "wait until nothing writes to it and build again")
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDENTITY: Identity = Identity { name: "V", date: 3_000_000_000, id: 7 };

    #[test]
    fn the_smallest_volume_has_both_headers_and_every_block_in_use() {
        let tree = Tree::new();
        let volume = Volume::plan(&tree, IDENTITY).unwrap();
        // header, bitmap, extents, attributes (two blocks), catalog header and leaf, alternate header
        assert_eq!(volume.size, 8 * 4096);
        let mut bytes = vec![0; volume.size as usize];
        volume.stream().fill(&mut bytes).unwrap();
        let header = VolumeHeader::parse(&bytes[1024..]).unwrap();
        assert_eq!(bytes[1024..1536], bytes[8 * 4096 - 1024..8 * 4096 - 512]);
        assert_eq!((header.total_blocks, header.free_blocks, header.next_catalog_id), (8, 0, 16));
        assert_eq!(bytes[4096..4098], [0b1111_1111, 0]);
    }

    #[test]
    fn reading_in_small_steps_gives_the_same_bytes() {
        let mut tree = Tree::new();
        tree.add_bytes(0, "a", vec![1; 5000]).unwrap();
        tree.add_bytes(0, "b", vec![2; 1]).unwrap();
        let volume = Volume::plan(&tree, IDENTITY).unwrap();
        let mut whole = vec![0; volume.size as usize];
        volume.stream().fill(&mut whole).unwrap();
        let mut pieces = vec![0; volume.size as usize];
        let mut stream = volume.stream();
        pieces.chunks_mut(777).for_each(|part| stream.fill(part).unwrap());
        assert!(whole == pieces);
    }

    #[test]
    fn reading_at_any_place_gives_the_same_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        std::fs::write(&path, (0..9000_u32).map(|at| at as u8).collect::<Vec<_>>()).unwrap();
        let mut tree = Tree::new();
        tree.add_bytes(0, "a", vec![1; 5000]).unwrap();
        tree.add_local(0, "f", &path, &crate::progress::Progress::silent()).unwrap();
        let volume = Volume::plan(&tree, IDENTITY).unwrap();
        let mut whole = vec![0; volume.size as usize + 5000];
        volume.stream().fill(&mut whole).unwrap();
        for at in (0..whole.len() - 3000).step_by(500) {
            let mut part = vec![9; 3000];
            volume.read_at(at as u64, &mut part).unwrap();
            assert!(part == whole[at..at + 3000], "{at}");
        }
    }

    #[test]
    fn a_file_that_shrank_or_grew_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        for now in [1, 9] {
            std::fs::write(&path, vec![0; 5]).unwrap();
            let mut tree = Tree::new();
            tree.add_local(0, "f", &path, &crate::progress::Progress::silent()).unwrap();
            let volume = Volume::plan(&tree, IDENTITY).unwrap();
            std::fs::write(&path, vec![0; now]).unwrap();
            let error = volume.stream().fill(&mut vec![0; volume.size as usize]).unwrap_err().to_string();
            assert!(error.contains("changed while"), "{error}");
        }
    }
}
