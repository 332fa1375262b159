//! The partition table around the volume: the GUID one, laid out as `hdiutil create` lays it out; UEFI specification, chapter 5.
//! Little-endian, unlike everything else in the room.

/// Bytes in a sector.
pub const SECTOR: u64 = 512;
/// First sector of the volume; the six before it, after the table, stay free.
pub const FIRST: u64 = 40;
const TABLE_SECTORS: u64 = 32;
const FIRST_USABLE: u64 = 2 + TABLE_SECTORS;
/// Free sectors after the volume, so that the disk is a multiple of 4,096 bytes.
const FREE_AFTER: u64 = 7;

/// 48465300-0000-11AA-AA11-00306543ECAC, "Apple HFS/HFS+".
const TYPE_HFS: [u8; 16] =
    [0x00, 0x53, 0x46, 0x48, 0, 0, 0xAA, 0x11, 0xAA, 0x11, 0x00, 0x30, 0x65, 0x43, 0xEC, 0xAC];

/// The sectors around a volume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gpt {
    pub protective: Vec<u8>,
    pub primary_header: Vec<u8>,
    /// The same first and last.
    pub table: Vec<u8>,
    pub backup_header: Vec<u8>,
    /// First sector and count of what is free before and after the volume.
    pub free_before: (u64, u64),
    pub free_after: (u64, u64),
    /// First sector of the second table; its header is the last sector of the disk.
    pub backup_table: u64,
    /// Sectors of the whole disk.
    pub total: u64,
}

impl Gpt {
    /// Around a volume of `sectors` sectors.
    pub fn around(sectors: u64, disk_id: [u8; 16], partition_id: [u8; 16]) -> Gpt {
        let end = FIRST + sectors;
        let backup_table = end + FREE_AFTER;
        let total = backup_table + TABLE_SECTORS + 1;
        let table = table(end - 1, partition_id);
        let header = |at: u64, other: u64, table_at: u64| header(at, other, table_at, total, disk_id, &table);
        Gpt {
            protective: protective(total),
            primary_header: header(1, total - 1, 2),
            backup_header: header(total - 1, 1, backup_table),
            free_before: (FIRST_USABLE, FIRST - FIRST_USABLE),
            free_after: (end, FREE_AFTER),
            backup_table,
            total,
            table,
        }
    }
}

fn protective(total: u64) -> Vec<u8> {
    let mut sector = vec![0; SECTOR as usize];
    sector[446..454].copy_from_slice(&[0, 0, 2, 0, 0xEE, 0xFF, 0xFF, 0xFF]);
    sector[454..458].copy_from_slice(&1_u32.to_le_bytes());
    let length = u32::try_from(total - 1).unwrap_or(u32::MAX);
    sector[458..462].copy_from_slice(&length.to_le_bytes());
    sector[510..].copy_from_slice(&[0x55, 0xAA]);
    sector
}

/// 128 entries of 128 bytes, the first in use.
fn table(last: u64, partition_id: [u8; 16]) -> Vec<u8> {
    let mut table = Vec::with_capacity((TABLE_SECTORS * SECTOR) as usize);
    table.extend_from_slice(&TYPE_HFS);
    table.extend_from_slice(&partition_id);
    for number in [FIRST, last, 0] {
        table.extend_from_slice(&number.to_le_bytes());
    }
    "disk image".encode_utf16().for_each(|unit| table.extend_from_slice(&unit.to_le_bytes()));
    table.resize((TABLE_SECTORS * SECTOR) as usize, 0);
    table
}

fn header(at: u64, other: u64, table_at: u64, total: u64, disk_id: [u8; 16], table: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(SECTOR as usize);
    out.extend_from_slice(b"EFI PART");
    for number in [0x0001_0000_u32, 92, 0, 0] {
        out.extend_from_slice(&number.to_le_bytes());
    }
    for number in [at, other, FIRST_USABLE, total - 1 - TABLE_SECTORS - 1] {
        out.extend_from_slice(&number.to_le_bytes());
    }
    out.extend_from_slice(&disk_id);
    out.extend_from_slice(&table_at.to_le_bytes());
    for number in [128, 128, crc32fast::hash(table)] {
        out.extend_from_slice(&number.to_le_bytes());
    }
    let checksum = crc32fast::hash(&out);
    out[16..20].copy_from_slice(&checksum.to_le_bytes());
    out.resize(SECTOR as usize, 0);
    out
}

/// A version-4 layout of sixteen bytes that are as good as random, in GUID order.
pub fn guid(mut bytes: [u8; 16]) -> [u8; 16] {
    bytes[7] = bytes[7] & 0x0F | 0x40;
    bytes[8] = bytes[8] & 0x3F | 0x80;
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_headers_check_out_and_point_at_each_other() {
        let gpt = Gpt::around(20448, [1; 16], [2; 16]);
        // The numbers of an image hdiutil made around a volume of this size.
        assert_eq!((gpt.free_before, gpt.free_after), ((34, 6), (20488, 7)));
        assert_eq!((gpt.backup_table, gpt.total), (20495, 20528));
        assert_eq!(gpt.total % 8, 0);
        for (header, at, other) in [(&gpt.primary_header, 1, 20527), (&gpt.backup_header, 20527_u64, 1_u64)] {
            let mut bytes = header[..92].to_vec();
            let said = u32::from_le_bytes(bytes[16..20].try_into().unwrap());
            bytes[16..20].fill(0);
            assert_eq!(crc32fast::hash(&bytes), said);
            assert_eq!((&header[24..32], &header[32..40]), (&at.to_le_bytes()[..], &other.to_le_bytes()[..]));
        }
        assert_eq!(gpt.table.len(), 32 * 512);
    }
}
