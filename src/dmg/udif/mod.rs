//! UDIF, the container of a `.dmg`: `[data fork][property list][512-byte trailer]`.
//!
//! The data fork holds the disk in chunks; a `mish` table per partition says what each chunk is, and the property list
//! holds the tables. Facts measured on images of `hdiutil`; see also 7-Zip `DmgHandler.cpp` and qemu `block/dmg.c`.

mod adc;
pub mod codec;
pub mod reader;
pub mod writer;

use super::bytes::{Put, u32_at, u64_at};

/// Sectors (of 512 bytes) in a chunk: 1 MiB.
pub const CHUNK_SECTORS: u64 = 2048;

/// Kinds of run. What is "ignored" is free space: its content does not matter and no checksum covers it.
pub const RUN_ZERO: u32 = 0;
pub const RUN_RAW: u32 = 1;
pub const RUN_IGNORE: u32 = 2;
pub const RUN_ADC: u32 = 0x8000_0004;
pub const RUN_ZLIB: u32 = 0x8000_0005;
pub const RUN_BZIP2: u32 = 0x8000_0006;
pub const RUN_LZFSE: u32 = 0x8000_0007;
pub const RUN_LZMA: u32 = 0x8000_0008;
pub const RUN_COMMENT: u32 = 0x7FFF_FFFE;
pub const RUN_END: u32 = 0xFFFF_FFFF;

/// Checksum type 2 is CRC-32, of 32 bits.
const CRC32: u32 = 2;

/// One run of a `mish` table: 40 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    pub kind: u32,
    /// First sector, within the partition, and count.
    pub sector: u64,
    pub sectors: u64,
    /// Place and length of its bytes in the file.
    pub offset: u64,
    pub length: u64,
}

/// A checksum field: type, size in bits and 128 bytes.
fn put_checksum(out: &mut Vec<u8>, crc: u32) {
    out.u32(CRC32);
    out.u32(32);
    out.u32(crc);
    out.zeros(124);
}

/// The CRC-32 in a checksum field; `None` when it is of another type.
fn checksum_at(data: &[u8], at: usize) -> Option<u32> {
    (u32_at(data, at)? == CRC32).then(|| u32_at(data, at + 8))?
}

/// The trailer, called koly after its first four bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Koly {
    pub data_offset: u64,
    pub data_length: u64,
    pub segment_id: [u8; 16],
    pub data_checksum: Option<u32>,
    pub xml_offset: u64,
    pub xml_length: u64,
    /// CRC-32 of the tables' checksums, one after the other.
    pub master_checksum: Option<u32>,
    /// Whether it is a disk with a partition map, and not one volume.
    pub partitioned: bool,
    pub sectors: u64,
}

impl Koly {
    pub const SIZE: usize = 512;

    pub fn bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(Self::SIZE);
        out.extend_from_slice(b"koly");
        out.u32(4);
        out.u32(Self::SIZE as u32);
        out.u32(1); // flattened
        out.u64(0);
        out.u64(self.data_offset);
        out.u64(self.data_length);
        out.zeros(16); // no resource fork
        out.u32(1);
        out.u32(1); // segment 1 of 1
        out.extend_from_slice(&self.segment_id);
        put_checksum(&mut out, self.data_checksum.unwrap_or(0));
        out.u64(self.xml_offset);
        out.u64(self.xml_length);
        out.zeros(64);
        out.zeros(16); // no code signature
        out.zeros(40);
        put_checksum(&mut out, self.master_checksum.unwrap_or(0));
        out.u32(if self.partitioned { 1 } else { 2 });
        out.u64(self.sectors);
        out.zeros(12);
        out
    }

    pub fn parse(data: &[u8]) -> Option<Koly> {
        if !data.starts_with(b"koly") {
            return None;
        }
        Some(Koly {
            data_offset: u64_at(data, 24)?,
            data_length: u64_at(data, 32)?,
            segment_id: data.get(64..80)?.try_into().ok()?,
            data_checksum: checksum_at(data, 80),
            xml_offset: u64_at(data, 216)?,
            xml_length: u64_at(data, 224)?,
            master_checksum: checksum_at(data, 352),
            partitioned: u32_at(data, 488)? == 1,
            sectors: u64_at(data, 492)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trailer_is_one_sector_and_reads_back() {
        let koly = Koly {
            data_offset: 0,
            data_length: 9,
            segment_id: [7; 16],
            data_checksum: Some(1),
            xml_offset: 9,
            xml_length: 3,
            master_checksum: Some(2),
            partitioned: true,
            sectors: 80,
        };
        let bytes = koly.bytes();
        assert_eq!(bytes.len(), Koly::SIZE);
        // The fields other writers have put elsewhere.
        assert_eq!(
            (u32_at(&bytes, 352), u64_at(&bytes, 296), u64_at(&bytes, 492)),
            (Some(2), Some(0), Some(80))
        );
        assert_eq!(Koly::parse(&bytes), Some(koly));
    }
}
