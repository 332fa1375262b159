//! Universal files: the table of slices (`<mach-o/fat.h>`, always big-endian), read and laid out anew.

use std::borrow::Cow;
use std::ops::Range;

use super::byte_order::ByteOrder;
use super::header::{Header, magic};
use super::{Arch, Container, Parts, ReadError};

const FAT_MAGIC: u32 = 0xcafe_babe;
const FAT_MAGIC_64: u32 = 0xcafe_babf;
/// A Java class file starts with the same four bytes, then its version, which is 45 or more.
const TOO_MANY_ARCHS: u32 = 30;
/// Bytes of a table with as many rows as there may be, its header included.
const LONGEST_TABLE: u64 = 8 + TOO_MANY_ARCHS as u64 * 32;
const ARCHIVE_MAGIC: &[u8] = b"!<arch>\n";
/// Slices are laid out on 16 KiB pages whatever the CPU, as `codesign_allocate` does.
const ALIGN_BITS: u32 = 14;

/// What the table says of one slice.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    arch: Arch,
    range: Range<usize>,
}

/// How `start` (at least 8 bytes) packs its slices, when it is Mach-O at all.
pub fn container(start: &[u8]) -> Option<Container> {
    if magic(start).is_some() {
        return Some(Container::Thin);
    }
    let container = match ByteOrder::Big.u32(start, 0).ok()? {
        FAT_MAGIC => Container::Fat,
        FAT_MAGIC_64 => Container::Fat64,
        _ => return None,
    };
    let count = ByteOrder::Big.u32(start, 4).ok()?;
    (1..TOO_MANY_ARCHS).contains(&count).then_some(container)
}

/// Every slice with its place in the file, in the order of the table. A thin file is one slice.
///
/// # Errors
/// When the bytes are not Mach-O, when a slice reaches past the end of the file, overlaps another or the table,
/// holds something else (a static archive above all) or repeats an architecture.
pub fn slices(bytes: &[u8]) -> Result<Vec<(Arch, Range<usize>)>, ReadError> {
    slices_of(&bytes)
}

/// [`slices`] of a file that is read in parts.
pub(super) fn slices_of(file: &dyn Parts) -> Result<Vec<(Arch, Range<usize>)>, ReadError> {
    let start = file.part(0, LONGEST_TABLE)?;
    match container(&start) {
        None => Err(ReadError("is not a Mach-O file".to_owned())),
        Some(Container::Thin) => {
            let end = usize::try_from(file.length());
            let end = end.map_err(|_| ReadError("is too large for this machine".to_owned()))?;
            Ok(vec![(arch_of(&start)?, 0..end)])
        }
        Some(container) => {
            let rows = table(&start, file.length(), container)?;
            check(file, container, &rows)
        }
    }
}

/// Whether this is a universal static library: the container of Mach-O, but no code that dyld could load.
pub(super) fn holds_archive(file: &dyn Parts) -> bool {
    let Ok(start) = file.part(0, LONGEST_TABLE) else { return false };
    let Some(container @ (Container::Fat | Container::Fat64)) = container(&start) else { return false };
    let is_archive =
        |row: &Row| start_of(file, &row.range).is_ok_and(|slice| slice.starts_with(ARCHIVE_MAGIC));
    table(&start, file.length(), container).is_ok_and(|rows| rows.iter().any(is_archive))
}

/// Enough of a slice to tell what it is.
fn start_of<'f>(file: &'f dyn Parts, slice: &Range<usize>) -> Result<Cow<'f, [u8]>, ReadError> {
    file.part(slice.start as u64, slice.len().min(16) as u64)
}

/// `start` is the table's, `length` the file's.
fn table(start: &[u8], length: u64, container: Container) -> Result<Vec<Row>, ReadError> {
    let word = |at| ByteOrder::Big.u32(start, at);
    let mut rows = Vec::new();
    for index in 0..word(4)? as usize {
        let at = 8 + index * row_size(container);
        let (offset, size) = match container {
            Container::Fat64 => (ByteOrder::Big.u64(start, at + 8)?, ByteOrder::Big.u64(start, at + 16)?),
            _ => (word(at + 8)?.into(), word(at + 12)?.into()),
        };
        let arch = Arch::new(word(at)?, word(at + 4)?);
        let end = offset.checked_add(size).filter(|end| *end <= length);
        let range = end.and_then(|end| Some(usize::try_from(offset).ok()?..usize::try_from(end).ok()?));
        let range = range.ok_or_else(|| {
            ReadError(format!("is cut off: its {arch} slice ends past the end of the file"))
        })?;
        rows.push(Row { arch, range });
    }
    Ok(rows)
}

/// The slices by what their own headers say: the table may name another subtype of the same CPU.
fn check(
    file: &dyn Parts,
    container: Container,
    rows: &[Row],
) -> Result<Vec<(Arch, Range<usize>)>, ReadError> {
    let table_end = 8 + rows.len() * row_size(container);
    let mut slices: Vec<(Arch, Range<usize>)> = Vec::new();
    for row in rows {
        let slice = start_of(file, &row.range)?;
        if slice.starts_with(ARCHIVE_MAGIC) {
            let claimed = row.arch;
            return Err(ReadError(format!(
                "holds a static archive for {claimed}, which is not code that dyld loads"
            )));
        }
        let arch = arch_of(&slice)?;
        if arch.cpu_type != row.arch.cpu_type {
            return Err(ReadError(format!("says {} of a slice that is {arch}", row.arch)));
        }
        let overlaps = |other: &Range<usize>| row.range.start < other.end && other.start < row.range.end;
        if row.range.start < table_end || slices.iter().any(|(_, other)| overlaps(other)) {
            return Err(ReadError(format!("has an {arch} slice that overlaps another part of the file")));
        }
        if slices.iter().any(|(other, _)| *other == arch) {
            return Err(ReadError(format!("has two slices for {arch}")));
        }
        slices.push((arch, row.range.clone()));
    }
    Ok(slices)
}

fn row_size(container: Container) -> usize {
    if container == Container::Fat64 { 32 } else { 20 }
}

fn arch_of(slice: &[u8]) -> Result<Arch, ReadError> {
    let (order, _) = magic(slice).ok_or_else(|| ReadError("has a slice that is not Mach-O".to_owned()))?;
    Ok(Arch::new(order.u32(slice, 4)?, order.u32(slice, 8)?))
}

/// Packs slices into one file: the table, then each slice at the next multiple of 16 KiB, zeros between, nothing
/// after the last (Security's `Universal` refuses anything else).
/// The table takes CPU and capabilities from the slices themselves, as `lipo` does. [`Container::Thin`] is the one
/// slice as it is.
///
/// # Errors
/// When a slice is not Mach-O, when there are too many or none, or when 32-bit offsets do not reach.
pub fn assemble_fat(container: Container, slices: &[Vec<u8>]) -> Result<Vec<u8>, ReadError> {
    if let (Container::Thin, [only]) = (container, slices) {
        return Ok(only.clone());
    }
    let headers = slices.iter().map(|slice| Header::parse(slice)).collect::<Result<Vec<_>, _>>()?;
    let rows: Vec<(&Header, usize)> = headers.iter().zip(slices.iter().map(Vec::len)).collect();
    let (mut file, starts) = layout(container, &rows)?;
    let end = starts.last().zip(slices.last()).map_or(0, |(start, slice)| start + slice.len());
    file.reserve_exact(end.saturating_sub(file.len()));
    for (slice, start) in slices.iter().zip(starts) {
        file.resize(start, 0);
        file.extend_from_slice(slice);
    }
    Ok(file)
}

/// The table of [`assemble_fat`] for slices with these headers and lengths, and where in the file each of them starts.
///
/// # Errors
/// When there are too many or none, or when 32-bit offsets do not reach.
pub fn layout(container: Container, slices: &[(&Header, usize)]) -> Result<(Vec<u8>, Vec<usize>), ReadError> {
    let count = u32::try_from(slices.len()).ok().filter(|count| (1..TOO_MANY_ARCHS).contains(count));
    let count = count.filter(|_| container != Container::Thin);
    let count = count.ok_or_else(|| ReadError(format!("cannot hold {} slices", slices.len())))?;
    let magic = if container == Container::Fat64 { FAT_MAGIC_64 } else { FAT_MAGIC };
    let mut table = [magic.to_be_bytes(), count.to_be_bytes()].concat();
    let mut contents_end = 8 + slices.len() * row_size(container);
    let mut starts = Vec::new();
    for (header, length) in slices {
        let start = contents_end.next_multiple_of(1 << ALIGN_BITS);
        table.extend(row(container, header, *length, start)?);
        starts.push(start);
        contents_end = start + length;
    }
    Ok((table, starts))
}

fn row(container: Container, header: &Header, length: usize, start: usize) -> Result<Vec<u8>, ReadError> {
    let cpu =
        [header.arch.cpu_type.to_be_bytes(), (header.arch.cpu_subtype | header.capabilities).to_be_bytes()];
    let mut row = cpu.concat();
    if container == Container::Fat64 {
        row.extend((start as u64).to_be_bytes());
        row.extend((length as u64).to_be_bytes());
        row.extend(ALIGN_BITS.to_be_bytes());
        row.extend([0; 4]);
    } else {
        for value in [start, length] {
            let value = u32::try_from(value);
            let value =
                value.map_err(|_| ReadError("is too large for a universal file of 32 bits".to_owned()))?;
            row.extend(value.to_be_bytes());
        }
        row.extend(ALIGN_BITS.to_be_bytes());
    }
    Ok(row)
}

#[cfg(test)]
mod tests {
    use super::super::sample::Sample;
    use super::*;

    fn two() -> Vec<Vec<u8>> {
        [Arch::X86_64, Arch::ARM64].map(|arch| Sample::new(arch).build()).into()
    }

    #[test]
    fn slices_come_back_as_they_were_put_in() {
        let pieces = two();
        for container in [Container::Fat, Container::Fat64] {
            let file = assemble_fat(container, &pieces).unwrap();
            let found = slices(&file).unwrap();
            assert_eq!(found.iter().map(|(arch, _)| *arch).collect::<Vec<_>>(), [Arch::X86_64, Arch::ARM64]);
            for ((_, range), piece) in found.iter().zip(&pieces) {
                assert_eq!(range.start % 0x4000, 0);
                assert_eq!(&file[range.clone()], piece);
            }
            assert_eq!(found.last().unwrap().1.end, file.len(), "nothing stands after the last slice");
        }
        assert_eq!(assemble_fat(Container::Thin, &pieces[..1]).as_ref(), Ok(&pieces[0]));
        assert!(assemble_fat(Container::Thin, &pieces).is_err());
    }

    #[test]
    fn capabilities_of_the_cpu_go_into_the_table() {
        let mut slice = Sample::new(Arch::ARM64E).build();
        slice[11] = 0x80;
        let file = assemble_fat(Container::Fat, &[slice]).unwrap();
        assert_eq!(file[12..16], [0x80, 0, 0, 2]);
        assert_eq!(slices(&file).unwrap()[0].0, Arch::ARM64E);
    }

    #[test]
    fn slices_that_overlap_repeat_or_leave_the_file_are_refused() {
        let good = assemble_fat(Container::Fat, &two()).unwrap();
        let with = |at: usize, value: u32| {
            let mut bytes = good.clone();
            bytes[at..at + 4].copy_from_slice(&value.to_be_bytes());
            slices(&bytes).unwrap_err().0
        };
        let (second_offset, first_size) = (8 + 20 + 8, 8 + 12);
        assert!(with(first_size, 0x4001).contains("overlaps"), "{}", with(first_size, 0x4001));
        assert!(with(second_offset, 0xffff_fff0).contains("past the end"));
        assert!(with(8, 18).contains("of a slice that is x86_64"));
        let twice = assemble_fat(Container::Fat, &[two()[0].clone(), two()[0].clone()]).unwrap();
        assert_eq!(slices(&twice).unwrap_err().0, "has two slices for x86_64");
    }
}
