//! Where on a disk the HFS+ volume is: behind the tables of a UDIF file, an Apple partition map (`IM:Devices`, chapter 3), a GUID
//! partition table, in an HFS wrapper (TN1150 "HFS Wrapper"), or at the very start.

use super::bytes::{u16_at, u32_at};
use super::fault::{Fault, ReadAt, Window};
use super::gpt::SECTOR;
use super::hfsplus::VolumeHeader;
use super::hfsplus::reader;

/// More partitions than any disk image has.
const MAX_PARTITIONS: u32 = 256;
/// What is said of a disk on which nothing is known.
pub const NOTHING: &str = "holds no HFS+ volume";
/// 'BD', the signature of HFS without plus.
const HFS: u16 = 0x4244;

/// First byte and length.
type Part = (u64, u64);

/// A table of a UDIF file: its name, which ends in the kind of the partition, and where it is.
pub struct Named<'a> {
    pub name: &'a str,
    pub part: Part,
}

/// First byte and length of the first HFS+ volume of `disk`.
///
/// # Errors
/// [`Fault::Unsupported`] that says what is there instead.
pub fn find_volume(disk: &mut dyn ReadAt, tables: &[Named]) -> Result<Part, Fault> {
    // Where a table leads to a volume, what is damaged around it does not matter here.
    let size = disk.size();
    let fits = |part: &Part| part.0.checked_add(part.1).is_some_and(|end| end <= size);
    let mut parts: Vec<Part> = tables.iter().map(|table| table.part).filter(fits).collect();
    if let Some(found) = search(disk, &parts)? {
        return Ok(found);
    }
    let mut kinds: Vec<String> = tables.iter().filter_map(|table| kind_in(table.name)).collect();
    let named = parts.len();
    apple_map(disk, &mut parts, &mut kinds)?;
    guid_table(disk, &mut parts)?;
    parts.push((0, size));
    parts.retain(fits);
    if let Some(found) = search(disk, parts.get(named..).unwrap_or_default())? {
        return Ok(found);
    }
    let mut other = None;
    for (start, length) in parts {
        other = other.or(file_system(&mut Window { disk, start, length })?);
    }
    let kind = kinds.iter().find(|kind| !matches!(kind.as_str(), "Free" | "partition_map" | "Driver_ATAPI"));
    let what = match (other, kind) {
        (Some(name), _) => format!("holds a volume of the kind {name}, which cannot be read yet"),
        (None, Some(kind)) => format!("holds a volume of the kind {kind}, which cannot be read yet"),
        (None, None) => NOTHING.to_owned(),
    };
    Err(Fault::Unsupported(what))
}

/// The first of `parts` with an HFS+ volume.
fn search(disk: &mut dyn ReadAt, parts: &[Part]) -> Result<Option<Part>, Fault> {
    for &(start, length) in parts {
        let mut part = Window { disk, start, length };
        if reader::probe(&mut part)? {
            return Ok(Some((start, length)));
        }
        if let Some((inside, length)) = wrapped(&mut part)? {
            return Ok(Some((start + inside, length)));
        }
    }
    Ok(None)
}

/// "HFS" of "disk image (Apple_HFS : 4)" and of "Apple_HFS".
fn kind_in(name: &str) -> Option<String> {
    let (_, rest) = name.split_once("Apple_")?;
    rest.split([' ', ')']).next().map(str::to_owned)
}

/// Bytes from `at` on, or `None` past the end.
fn at(disk: &mut dyn ReadAt, at: u64, length: usize) -> Result<Option<Vec<u8>>, Fault> {
    if at.checked_add(length as u64).is_none_or(|end| end > disk.size()) {
        return Ok(None);
    }
    let mut bytes = vec![0; length];
    disk.read_at(at, &mut bytes).map(|()| Some(bytes))
}

/// Entries of 'PM', one a block from the second on; the driver's record 'ER' in the first says how long blocks are.
fn apple_map(disk: &mut dyn ReadAt, parts: &mut Vec<Part>, kinds: &mut Vec<String>) -> Result<(), Fault> {
    let Some(first) = at(disk, 0, 4)? else { return Ok(()) };
    let block = match (u16_at(&first, 0), u16_at(&first, 2)) {
        (Some(0x4552), Some(size)) if size >= 512 => u64::from(size),
        _ => SECTOR,
    };
    let mut count = 1;
    let mut index = 0;
    while index < count {
        index += 1;
        let Some(entry) = at(disk, u64::from(index) * block, 80)? else { return Ok(()) };
        let numbers = (u16_at(&entry, 0), u32_at(&entry, 4), u32_at(&entry, 8), u32_at(&entry, 12));
        let (Some(0x504D), Some(entries), Some(start), Some(length)) = numbers else { return Ok(()) };
        count = entries.min(MAX_PARTITIONS);
        parts.push((u64::from(start) * block, u64::from(length) * block));
        let kind = entry.get(48..80).unwrap_or_default().split(|byte| *byte == 0).next();
        kinds.extend(kind.and_then(|kind| std::str::from_utf8(kind).ok()).and_then(kind_in));
    }
    Ok(())
}

/// The entries of a GUID partition table, whose numbers are little-endian.
fn guid_table(disk: &mut dyn ReadAt, parts: &mut Vec<Part>) -> Result<(), Fault> {
    let Some(header) = at(disk, SECTOR, 92)?.filter(|header| header.starts_with(b"EFI PART")) else {
        return Ok(());
    };
    let word = |at: usize| u32_at(&header, at).map_or(0, u32::swap_bytes);
    let long = |bytes: &[u8], at: usize| {
        let word = |at: usize| u32_at(bytes, at).map_or(0, |word| u64::from(word.swap_bytes()));
        word(at) | word(at + 4) << 32
    };
    let (table, count, size) = (long(&header, 72), word(80).min(MAX_PARTITIONS), u64::from(word(84)));
    for index in 0..u64::from(count) {
        let place = table.checked_mul(SECTOR).and_then(|table| table.checked_add(index * size));
        let Some(place) = place else { return Ok(()) };
        let Some(entry) = at(disk, place, 48)? else { return Ok(()) };
        let (first, last) = (long(&entry, 32), long(&entry, 40));
        let sectors = last.checked_sub(first).and_then(|sectors| sectors.checked_add(1));
        let bytes = first.checked_mul(SECTOR).zip(sectors.and_then(|sectors| sectors.checked_mul(SECTOR)));
        parts.extend(bytes.filter(|_| entry.iter().take(16).any(|byte| *byte != 0)));
    }
    Ok(())
}

/// The HFS+ volume inside an HFS one that old systems see instead: byte within the partition, and length.
fn wrapped(part: &mut Window) -> Result<Option<Part>, Fault> {
    let Some(block) = at(part, VolumeHeader::AT, 162)? else { return Ok(None) };
    if u16_at(&block, 0) != Some(HFS) || u16_at(&block, 0x7C) != Some(0x482B) {
        return Ok(None);
    }
    let numbers = (u32_at(&block, 0x14), u16_at(&block, 0x1C), u16_at(&block, 0x7E), u16_at(&block, 0x80));
    let (Some(size), Some(first), Some(start), Some(count)) = numbers else { return Ok(None) };
    let inside = u64::from(first) * SECTOR + u64::from(start) * u64::from(size);
    let length = u64::from(count) * u64::from(size);
    let (start, end) = (part.start, part.length);
    let fits = length > 0 && inside.checked_add(length).is_some_and(|last| last <= end);
    let found = fits && reader::probe(&mut Window { disk: part.disk, start: start + inside, length })?;
    Ok(found.then_some((inside, length)))
}

/// What a partition without HFS+ holds, by the marks of its first bytes.
fn file_system(part: &mut Window) -> Result<Option<&'static str>, Fault> {
    let marks: [(u64, &[u8], &str); 7] = [
        (32, b"NXSB", "APFS"),
        (VolumeHeader::AT, &HFS.to_be_bytes(), "HFS (Mac OS Standard)"),
        (3, b"EXFAT   ", "exFAT"),
        (3, b"NTFS    ", "NTFS"),
        (54, b"FAT", "FAT"),
        (82, b"FAT32", "FAT"),
        (32_769, b"CD001", "ISO 9660"),
    ];
    for (place, mark, name) in marks {
        if at(part, place, mark.len())?.is_some_and(|bytes| bytes == mark) {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::super::hfsplus::volume::{Identity, Volume};
    use super::super::tree::Tree;
    use super::*;

    fn volume() -> Vec<u8> {
        let volume = Volume::plan(&Tree::new(), Identity { name: "V", date: 3_000_000_000, id: 7 }).unwrap();
        let mut bytes = vec![0; volume.size as usize];
        volume.stream().fill(&mut bytes).unwrap();
        bytes
    }

    fn put(disk: &mut [u8], at: usize, bytes: &[u8]) {
        disk[at..at + bytes.len()].copy_from_slice(bytes);
    }

    /// A CD's map: blocks of 2,048 bytes, three entries, the volume in the last.
    fn apple_disk() -> Vec<u8> {
        let volume = volume();
        let mut disk = vec![0; 16 * 2048];
        put(&mut disk, 0, &[b'E', b'R', 8, 0]);
        let blocks = volume.len() as u32 / 2048;
        for (index, start, count, kind) in
            [(1, 1, 3, "Apple_partition_map"), (2, 4, 12, "Apple_Free"), (3, 16, blocks, "Apple_HFS")]
        {
            let entry = index * 2048;
            put(&mut disk, entry, &[b'P', b'M', 0, 0, 0, 0, 0, 3]);
            put(&mut disk, entry + 8, &u32::to_be_bytes(start));
            put(&mut disk, entry + 12, &count.to_be_bytes());
            put(&mut disk, entry + 48, kind.as_bytes());
        }
        disk.extend(volume);
        disk
    }

    /// An HFS volume whose allocation blocks of 1,024 bytes start at sector 5, with the other one from block 3 on.
    fn wrapper() -> Vec<u8> {
        let volume = volume();
        let mut disk = vec![0; 5 * 512 + 3 * 1024];
        put(&mut disk, 1024, b"BD");
        put(&mut disk, 1024 + 0x14, &1024_u32.to_be_bytes());
        put(&mut disk, 1024 + 0x1C, &[0, 5]);
        put(&mut disk, 1024 + 0x7C, b"H+");
        put(&mut disk, 1024 + 0x7E, &[0, 3, 0, (volume.len() / 1024) as u8]);
        disk.extend(volume);
        disk
    }

    #[test]
    fn the_volume_is_found_wherever_it_is() {
        let length = volume().len() as u64;
        let gpt = super::super::gpt::Gpt::around(length / SECTOR, [1; 16], [2; 16]);
        let parts = [&gpt.protective[..], &gpt.primary_header, &gpt.table, &[0; 6 * 512], &volume()];
        for (disk, start) in [
            (volume(), 0),
            (apple_disk(), 16 * 2048),
            (wrapper(), 5 * 512 + 3 * 1024),
            (parts.concat(), 40 * 512),
        ] {
            assert_eq!(find_volume(&mut &disk[..], &[]).unwrap(), (start, length));
        }
    }

    #[test]
    fn what_is_there_instead_is_named() {
        let mut apfs = vec![0; 40_000];
        put(&mut apfs, 32, b"NXSB");
        let mut standard = vec![0; 40_000];
        put(&mut standard, 1024, b"BD");
        for (disk, tables, words) in [
            (apfs, &[][..], "the kind APFS, which"),
            (standard, &[], "the kind HFS (Mac OS Standard)"),
            (vec![0; 9000], &[Named { name: "disk image (Apple_UFS : 4)", part: (0, 9000) }], "the kind UFS"),
            (vec![0; 9000], &[], "no HFS+ volume"),
            (vec![], &[], "no HFS+ volume"),
        ] {
            let fault = find_volume(&mut &disk[..], tables).unwrap_err();
            assert!(matches!(&fault, Fault::Unsupported(what) if what.contains(words)), "{fault:?}");
        }
    }

    #[test]
    fn a_partition_past_the_end_of_everything_is_passed_over() {
        let mut disk = vec![0; 8192];
        put(&mut disk, 512, b"EFI PART");
        put(&mut disk, 512 + 72, &[2]);
        put(&mut disk, 512 + 80, &[1, 0, 0, 0, 128]);
        put(&mut disk, 1024, &[1; 32]);
        put(&mut disk, 1024 + 32, &((u64::MAX >> 9) - 1).to_le_bytes());
        put(&mut disk, 1024 + 40, &(u64::MAX - 1).to_le_bytes());
        assert!(find_volume(&mut &disk[..], &[]).is_err());
        put(&mut disk, 1024 + 40, &(u64::MAX >> 9).to_le_bytes());
        assert!(find_volume(&mut &disk[..], &[]).is_err());
    }

    #[test]
    fn no_byte_of_a_map_makes_it_panic() {
        for good in [apple_disk(), wrapper()] {
            for at in (0..8192).filter(|at| at % 2048 < 256) {
                for bits in [1, 0x80, 0xFF] {
                    let mut bad = good.clone();
                    bad[at] ^= bits;
                    drop(find_volume(&mut &bad[..], &[]));
                }
            }
        }
    }
}
