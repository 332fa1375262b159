//! HFS+ volumes: written in one pass, read back, and checked as strictly as Apple's `fsck_hfs` does.
//!
//! The format is Apple's Technical Note TN1150 and `hfs/core/hfs_format.h`. Everything is big-endian. A volume of ours
//! has 4,096-byte blocks, no free space and one extent per file:
//! `[header][allocation bitmap][extents tree][attributes tree][catalog tree][files…][alternate header]`.

pub mod attributes;
pub mod btree;
pub mod catalog;
pub mod check;
pub mod entries;
#[cfg(test)]
mod generated;
pub mod reader;
pub mod unicode;
pub mod volume;

use super::bytes::{Put, u16_at, u32_at, u64_at};

/// Bytes in an allocation block.
pub const BLOCK: usize = 4096;

/// Catalog node IDs with a meaning; those of a user's files start at `FIRST_USER`.
pub const ROOT_PARENT: u32 = 1;
pub const ROOT_FOLDER: u32 = 2;
pub const EXTENTS_FILE: u32 = 3;
pub const CATALOG_FILE: u32 = 4;
pub const ALLOCATION_FILE: u32 = 6;
pub const STARTUP_FILE: u32 = 7;
pub const ATTRIBUTES_FILE: u32 = 8;
pub const FIRST_USER: u32 = 16;

pub const SIGNATURE_HFS_PLUS: u16 = 0x482B;
pub const SIGNATURE_HFSX: u16 = 0x4858;

/// kHFSVolumeUnmounted and kHFSUnusedNodeFix, as `newfs_hfs` writes them.
const ATTRIBUTES: u32 = 0x8000_0100;
/// '10.0', the version Mac OS X writes.
const LAST_MOUNTED_VERSION: u32 = 0x3130_2E30;
const CLUMP: u32 = 65536;

/// Finder flags of a file or folder (`userInfo`).
pub const FINDER_CUSTOM_ICON: u16 = 0x0400;
pub const FINDER_INVISIBLE: u16 = 0x4000;
/// What `SetFile -a E` sets.
pub const FINDER_NO_EXTENSION: u16 = 0x0010;

/// Seconds from 1904, where HFS+ dates start, to 1970.
const EPOCH_1904: u64 = 2_082_844_800;

/// The HFS+ date of a Unix time, or `None` from 6 February 2040 on.
pub fn date(epoch: u64) -> Option<u32> {
    epoch.checked_add(EPOCH_1904).and_then(|seconds| u32::try_from(seconds).ok())
}

/// The Unix time of an HFS+ date; those before 1970 become 1970.
pub fn epoch(date: u32) -> u64 {
    u64::from(date).saturating_sub(EPOCH_1904)
}

/// A run of blocks: first block and count.
pub type Extent = (u32, u32);

/// HFSPlusForkData: 80 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Fork {
    /// Bytes.
    pub size: u64,
    pub clump: u32,
    pub blocks: u32,
    pub extents: [Extent; 8],
}

impl Fork {
    /// A fork in one piece.
    pub fn contiguous(size: u64, start: u32, clump: u32) -> Fork {
        let blocks = blocks_for(size) as u32;
        let mut extents = [(0, 0); 8];
        if blocks > 0 {
            extents[0] = (start, blocks);
        }
        Fork { size, clump, blocks, extents }
    }

    pub fn put(&self, out: &mut Vec<u8>) {
        out.u64(self.size);
        out.u32(self.clump);
        out.u32(self.blocks);
        for (start, count) in self.extents {
            out.u32(start);
            out.u32(count);
        }
    }

    pub fn at(data: &[u8], at: usize) -> Option<Fork> {
        let (size, clump, blocks) = (u64_at(data, at)?, u32_at(data, at + 8)?, u32_at(data, at + 12)?);
        Some(Fork { size, clump, blocks, extents: extents_at(data, at + 16)? })
    }
}

/// Eight extents, as a fork and a record of the extents tree hold them.
pub fn extents_at(data: &[u8], at: usize) -> Option<[Extent; 8]> {
    let mut extents = [(0, 0); 8];
    for (index, extent) in extents.iter_mut().enumerate() {
        *extent = (u32_at(data, at + index * 8)?, u32_at(data, at + index * 8 + 4)?);
    }
    Some(extents)
}

/// Blocks that hold `size` bytes.
pub fn blocks_for(size: u64) -> u64 {
    size.div_ceil(BLOCK as u64)
}

/// HFSPlusVolumeHeader: 512 bytes at byte 1,024, and again 1,024 bytes before the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VolumeHeader {
    pub signature: u16,
    pub create_date: u32,
    pub file_count: u32,
    pub folder_count: u32,
    pub block_size: u32,
    pub total_blocks: u32,
    pub free_blocks: u32,
    pub next_catalog_id: u32,
    /// `[2]` is the folder whose window opens on mounting, `[6..8]` the volume's identity.
    pub finder_info: [u32; 8],
    pub allocation: Fork,
    pub extents: Fork,
    pub catalog: Fork,
    pub attributes: Fork,
    pub startup: Fork,
}

impl VolumeHeader {
    /// Byte 1,024 is where the first one stands.
    pub const AT: u64 = 1024;
    pub const SIZE: usize = 512;

    pub fn bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(Self::SIZE);
        out.u16(self.signature);
        out.u16(4);
        out.u32(ATTRIBUTES);
        out.u32(LAST_MOUNTED_VERSION);
        out.u32(0); // no journal
        for date in [self.create_date, self.create_date, 0, self.create_date] {
            out.u32(date);
        }
        for number in
            [self.file_count, self.folder_count, self.block_size, self.total_blocks, self.free_blocks]
        {
            out.u32(number);
        }
        out.u32(0); // where to look for free blocks next
        out.u32(CLUMP);
        out.u32(CLUMP);
        out.u32(self.next_catalog_id);
        out.u32(1); // times written
        out.u64(1); // text encodings: MacRoman
        self.finder_info.iter().for_each(|number| out.u32(*number));
        for fork in [self.allocation, self.extents, self.catalog, self.attributes, self.startup] {
            fork.put(&mut out);
        }
        out
    }

    /// `None` when `data` is too short or no HFS+ volume starts here.
    pub fn parse(data: &[u8]) -> Option<VolumeHeader> {
        let signature = u16_at(data, 0)?;
        if !matches!(signature, SIGNATURE_HFS_PLUS | SIGNATURE_HFSX) {
            return None;
        }
        let mut finder_info = [0; 8];
        for (index, number) in finder_info.iter_mut().enumerate() {
            *number = u32_at(data, 80 + index * 4)?;
        }
        Some(VolumeHeader {
            signature,
            create_date: u32_at(data, 16)?,
            file_count: u32_at(data, 32)?,
            folder_count: u32_at(data, 36)?,
            block_size: u32_at(data, 40)?,
            total_blocks: u32_at(data, 44)?,
            free_blocks: u32_at(data, 48)?,
            next_catalog_id: u32_at(data, 64)?,
            finder_info,
            allocation: Fork::at(data, 112)?,
            extents: Fork::at(data, 192)?,
            catalog: Fork::at(data, 272)?,
            attributes: Fork::at(data, 352)?,
            startup: Fork::at(data, 432)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_volume_header_fills_its_sector_and_reads_back() {
        let header = VolumeHeader {
            signature: SIGNATURE_HFS_PLUS,
            create_date: 1,
            file_count: 2,
            folder_count: 3,
            block_size: 4096,
            total_blocks: 9,
            free_blocks: 0,
            next_catalog_id: 17,
            finder_info: [0, 0, 2, 0, 0, 0, 5, 6],
            allocation: Fork::contiguous(4096, 1, 4096),
            extents: Fork::contiguous(4096, 2, 4096),
            catalog: Fork::contiguous(12288, 3, 4096),
            attributes: Fork::default(),
            startup: Fork::default(),
        };
        let bytes = header.bytes();
        assert_eq!(bytes.len(), VolumeHeader::SIZE);
        assert_eq!(VolumeHeader::parse(&bytes), Some(header));
        assert_eq!(VolumeHeader::parse(&bytes[..500]), None);
    }

    #[test]
    fn dates_end_in_2040() {
        assert_eq!(date(0), Some(2_082_844_800));
        assert_eq!(date(2_212_122_495), Some(u32::MAX));
        assert_eq!(date(2_212_122_496), None);
        assert_eq!(date(u64::MAX), None);
    }
}
