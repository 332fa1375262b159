//! Segments: their bounds, permissions, and how they lie beside each other.

use std::fmt;

use super::{MH_DYLIB_IN_CACHE, MH_PIE, is_dyld_managed};
use crate::macho::header::{Header, command_bytes};
use crate::macho::{Arch, FileType, Segment};

const READ: u32 = 1;
const WRITE: u32 = 2;
const EXECUTE: u32 = 4;
/// `SG_READ_ONLY` of a segment's flags: dyld makes it read-only after fixups.
const SG_READ_ONLY: u32 = 0x10;
const LC_LOAD_DYLINKER: u32 = 0xe;
const LC_SEGMENT_SPLIT_INFO: u32 = 0x1e;

/// More segments than chained fixups can name are compared no further: the pairs are their square.
const MOST_COMPARED: usize = 256;

/// An objection to one segment, or to two together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum SegmentFault {
    BeyondFile(String),
    FilesizeExceedsVmsize(String),
    InvalidPermissions(String, u32),
    TextPermissions,
    LinkeditPermissions,
    DataPermissions,
    DataConstPermissions,
    DataConstNotReadOnly,
    RangeWraps(String),
    SectionTooLarge(String, u64),
    /// Section, its address, its segment's address.
    SectionBefore(String, u64, u64),
    /// Section, its end, its segment's end.
    SectionBeyond(String, u64, u64),
    NoText,
    TextOffset,
    TextFileSize,
    TextVmSize,
    VmOverlap(String, String),
    FileOverlap(String, String),
    DuplicateName(String),
    FileOrder(String),
    VmOrder(String),
}

pub(super) fn segments(header: &Header, slice: &[u8], file_size: u64) -> Vec<SegmentFault> {
    let kind = Kind::of(header, slice);
    let mut faults: Vec<SegmentFault> =
        header.segments.iter().flat_map(|segment| alone(&kind, segment, file_size)).collect();
    if kind.managed {
        faults.extend(text(header, kind.in_cache));
    }
    faults.extend(pairs(&kind, &header.segments));
    faults.extend(order(&kind, header));
    faults
}

/// What the checks of one segment depend on.
struct Kind {
    file_type: FileType,
    managed: bool,
    in_cache: bool,
    /// `__DATA_CONST` may do without SG_READ_ONLY.
    writable_const: bool,
}

impl Kind {
    fn of(header: &Header, slice: &[u8]) -> Kind {
        let file_type = FileType::from_number(header.file_type);
        let in_cache = header.flags & MH_DYLIB_IN_CACHE != 0;
        let has = |cmd| header.find(cmd).is_some();
        let static_executable = file_type == FileType::Execute && !has(LC_LOAD_DYLINKER);
        let split = header.find(LC_SEGMENT_SPLIT_INFO).and_then(|command| command_bytes(slice, command).ok());
        // A command of no data only marks; with data the library was meant for the shared cache.
        let has_data = split.and_then(|bytes| header.order.u32(bytes, 12).ok()).is_some_and(|size| size != 0);
        let for_cache = has_data && matches!(file_type, FileType::Dylib | FileType::DylibStub);
        let writable_const = for_cache || in_cache || static_executable || file_type == FileType::Dsym;
        Kind { file_type, managed: is_dyld_managed(file_type, header.flags), in_cache, writable_const }
    }
}

fn alone(kind: &Kind, segment: &Segment, file_size: u64) -> Vec<SegmentFault> {
    let name = || segment.name.clone();
    let mut faults = Vec::new();
    if segment.fileoff.checked_add(segment.filesize).is_none_or(|end| end > file_size) {
        faults.push(SegmentFault::BeyondFile(name()));
    }
    if kind.file_type != FileType::Object && segment.filesize > segment.vmsize {
        let unmapped = segment.vmsize == 0 && segment.initprot == 0;
        faults.extend((!unmapped).then(|| SegmentFault::FilesizeExceedsVmsize(name())));
        return faults;
    }
    if segment.initprot & !(READ | WRITE | EXECUTE) != 0 {
        faults.push(SegmentFault::InvalidPermissions(name(), segment.initprot));
    }
    faults.extend(permissions(kind, segment));
    let Some(end) = segment.vmaddr.checked_add(segment.vmsize) else {
        faults.push(SegmentFault::RangeWraps(name()));
        return faults;
    };
    if kind.file_type != FileType::DylibStub {
        faults.extend(segment.sections.iter().find_map(|section| {
            let (name, section_end) = (section.name.clone(), section.addr.wrapping_add(section.size));
            match section {
                one if one.size > i64::MAX as u64 => Some(SegmentFault::SectionTooLarge(name, one.size)),
                one if one.addr < segment.vmaddr => {
                    Some(SegmentFault::SectionBefore(name, one.addr, segment.vmaddr))
                }
                _ => (section_end > end).then_some(SegmentFault::SectionBeyond(name, section_end, end)),
            }
        }));
    }
    faults
}

fn permissions(kind: &Kind, segment: &Segment) -> Option<SegmentFault> {
    let (prot, stub) = (segment.initprot, kind.file_type == FileType::DylibStub);
    match segment.name.as_str() {
        "__TEXT" if kind.managed => (prot != READ | EXECUTE).then_some(SegmentFault::TextPermissions),
        "__LINKEDIT" => (prot != READ).then_some(SegmentFault::LinkeditPermissions),
        "__DATA" if !stub => (prot != READ | WRITE).then_some(SegmentFault::DataPermissions),
        "__DATA_CONST" if !stub && prot != READ | WRITE => Some(SegmentFault::DataConstPermissions),
        "__DATA_CONST" if !stub && !kind.writable_const => {
            (segment.flags & SG_READ_ONLY == 0).then_some(SegmentFault::DataConstNotReadOnly)
        }
        _ => None,
    }
}

fn text(header: &Header, in_cache: bool) -> Vec<SegmentFault> {
    // dyld takes the last of several.
    let Some(text) = header.segments.iter().rfind(|segment| segment.name == "__TEXT") else {
        return vec![SegmentFault::NoText];
    };
    let commands_end = header.commands_end() as u64;
    let checks = [
        (!in_cache && text.fileoff != 0, SegmentFault::TextOffset),
        (text.filesize < commands_end, SegmentFault::TextFileSize),
        (text.vmsize < commands_end, SegmentFault::TextVmSize),
    ];
    checks.into_iter().filter(|(wrong, _)| *wrong).map(|(_, fault)| fault).collect()
}

/// The first two that overlap, and the first two of one name, in the order in which dyld comes upon them.
fn pairs(kind: &Kind, segments: &[Segment]) -> Vec<SegmentFault> {
    let segments = segments.get(..MOST_COMPARED.min(segments.len())).unwrap_or_default();
    let overlap =
        |a: (u64, u64), b: (u64, u64)| b.0 < a.0.saturating_add(a.1) && b.0.saturating_add(b.1) > a.0;
    let (mut faults, mut overlapping, mut same_name) = (Vec::new(), false, false);
    for (at, one) in segments.iter().enumerate() {
        for (_, other) in segments.iter().enumerate().filter(|(other, _)| *other != at) {
            let names = || (one.name.clone(), other.name.clone());
            if !overlapping && overlap((one.vmaddr, one.vmsize), (other.vmaddr, other.vmsize)) {
                overlapping = true;
                faults.push(SegmentFault::VmOverlap(names().0, names().1));
            }
            let (file, other_file) = ((one.fileoff, one.filesize), (other.fileoff, other.filesize));
            if !overlapping && !kind.in_cache && overlap(file, other_file) {
                overlapping = true;
                faults.push(SegmentFault::FileOverlap(names().0, names().1));
            }
            if !same_name && kind.managed && one.name == other.name {
                same_name = true;
                faults.push(SegmentFault::DuplicateName(names().0));
            }
        }
    }
    faults
}

/// The order of the load commands must be that of the file and that of the addresses; dyld leaves the last one out.
fn order(kind: &Kind, header: &Header) -> Option<SegmentFault> {
    if kind.in_cache {
        return None;
    }
    let old_intel = header.arch.cpu_type == Arch::X86_64.cpu_type
        && kind.file_type == FileType::Execute
        && header.find(LC_LOAD_DYLINKER).is_some()
        && header.flags & MH_PIE == 0;
    let compared = header.segments.get(..header.segments.len().saturating_sub(1)).unwrap_or_default();
    compared.windows(2).find_map(|pair| match pair {
        [a, b] if b.fileoff < a.fileoff && b.filesize != 0 => Some(SegmentFault::FileOrder(a.name.clone())),
        [a, b] if b.vmaddr < a.vmaddr && !old_intel => Some(SegmentFault::VmOrder(b.name.clone())),
        _ => None,
    })
}

/// dyld's words.
impl fmt::Display for SegmentFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use SegmentFault as F;
        match self {
            F::BeyondFile(segment) => {
                write!(f, "segment '{segment}' load command content extends beyond end of file")
            }
            F::FilesizeExceedsVmsize(segment) => write!(f, "segment '{segment}' filesize exceeds vmsize"),
            F::InvalidPermissions(segment, bits) => {
                write!(f, "{segment} segment permissions has invalid bits set (0x{bits:08X})")
            }
            F::TextPermissions => f.write_str("__TEXT segment permissions is not 'r-x'"),
            F::LinkeditPermissions => f.write_str("__LINKEDIT segment permissions is not 'r--'"),
            F::DataPermissions => f.write_str("__DATA segment permissions is not 'rw-'"),
            F::DataConstPermissions => f.write_str("__DATA_CONST segment permissions is not 'rw-'"),
            F::DataConstNotReadOnly => f.write_str("__DATA_CONST segment missing SG_READ_ONLY flag"),
            F::RangeWraps(segment) => write!(f, "'{segment}' segment vm range wraps"),
            F::SectionTooLarge(section, size) => write!(f, "section '{section}' size too large 0x{size:X}"),
            F::SectionBefore(section, addr, start) => write!(
                f,
                "section '{section}' start address 0x{addr:X} is before containing segment's address 0x{start:X}"
            ),
            F::SectionBeyond(section, end, last) => write!(
                f,
                "section '{section}' end address 0x{end:X} is beyond containing segment's end address 0x{last:X}"
            ),
            F::NoText => f.write_str("missing __TEXT segment"),
            F::TextOffset => f.write_str("__TEXT segment fileoffset is not zero"),
            F::TextFileSize => f.write_str("load commands do not fit in __TEXT segment filesize"),
            F::TextVmSize => f.write_str("load commands do not fit in __TEXT segment vmsize"),
            F::VmOverlap(one, other) => write!(f, "vm range of segment '{one}' overlaps segment '{other}'"),
            F::FileOverlap(one, other) => {
                write!(f, "file range of segment '{one}' overlaps segment '{other}'")
            }
            F::DuplicateName(name) => write!(f, "duplicate segment name '{name}'"),
            F::FileOrder(segment) => write!(f, "segment '{segment}' file offset out of order"),
            F::VmOrder(segment) => write!(f, "segment '{segment}' vm address out of order"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::faults;
    use super::*;
    use crate::macho::read::read_slice;
    use crate::macho::sample::{EmptySegment, Sample};

    fn texts(bytes: &[u8]) -> Vec<String> {
        faults(&read_slice(bytes).unwrap()).iter().map(|fault| fault.to_string()).collect()
    }

    fn with(segments: &[(&'static str, usize, u32, u32)]) -> Sample {
        let segment =
            |&(name, vmaddr, initprot, flags)| EmptySegment { name, vmaddr, vmsize: 0x1000, initprot, flags };
        Sample { segments: segments.iter().map(segment).collect(), ..Sample::plain(Arch::ARM64, 6) }
    }

    #[test]
    fn permissions() {
        let said = |segments: &[_]| texts(&with(segments).build());
        assert_eq!(said(&[("__DATA", 0x10000, 3, 0)]), [] as [&str; 0]);
        assert_eq!(said(&[("__DATA", 0x10000, 1, 0)]), ["__DATA segment permissions is not 'rw-'"]);
        assert_eq!(said(&[("__DATA_CONST", 0x10000, 3, 0x10)]), [] as [&str; 0]);
        assert_eq!(
            said(&[("__DATA_CONST", 0x10000, 1, 0x10)]),
            ["__DATA_CONST segment permissions is not 'rw-'"]
        );
        assert_eq!(
            said(&[("__DATA_CONST", 0x10000, 3, 0)]),
            ["__DATA_CONST segment missing SG_READ_ONLY flag"]
        );
        assert_eq!(
            said(&[("__X", 0x10000, 0x13, 0)]),
            ["__X segment permissions has invalid bits set (0x00000013)"]
        );
        let sample = Sample { permissions: (7, 7), ..with(&[]) };
        assert_eq!(
            texts(&sample.build()),
            ["__TEXT segment permissions is not 'r-x'", "__LINKEDIT segment permissions is not 'r--'"]
        );
    }

    #[test]
    fn a_library_meant_for_the_cache_may_have_its_constants_written_to() {
        let split =
            |size| Sample { extra: vec![(0x1e, vec![0, size])], ..with(&[("__DATA_CONST", 0x10000, 3, 0)]) };
        assert_eq!(texts(&split(8).build()), [] as [&str; 0]);
        assert_eq!(texts(&split(0).build()), ["__DATA_CONST segment missing SG_READ_ONLY flag"]);
    }

    #[test]
    fn neighbours() {
        let said = |segments: &[_]| texts(&with(segments).build());
        assert_eq!(
            said(&[("__A", 0x10000, 3, 0), ("__B", 0x10800, 3, 0)]),
            ["vm range of segment '__A' overlaps segment '__B'"]
        );
        assert_eq!(said(&[("__A", 0x10000, 3, 0), ("__A", 0x20000, 3, 0)]), ["duplicate segment name '__A'"]);
        assert_eq!(
            said(&[("__A", 0x20000, 3, 0), ("__B", 0x10000, 3, 0)]),
            ["segment '__B' vm address out of order"]
        );
    }

    #[test]
    fn sizes() {
        let put = |at: usize, value: u32| {
            let mut bytes = Sample::plain(Arch::ARM64, 6).build();
            bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
            texts(&bytes)
        };
        // The first segment command stands at 32: vmsize at +32, fileoff at +40, filesize at +48, its section at +72.
        assert!(put(32 + 32, 0)[0].starts_with("segment '__TEXT' filesize exceeds vmsize"));
        assert!(put(32 + 40, 8).contains(&"__TEXT segment fileoffset is not zero".to_owned()));
        assert!(put(32 + 48, 64).contains(&"load commands do not fit in __TEXT segment filesize".to_owned()));
        assert_eq!(
            put(32 + 48, 1 << 20)[0],
            "segment '__TEXT' load command content extends beyond end of file"
        );
        assert!(put(32 + 72 + 40, 0xffff)[0].starts_with("section '__text' end address 0x"));
        assert!(put(32 + 72 + 44, 1 << 31)[0].starts_with("section '__text' size too large 0x80000000"));
        assert!(put(32 + 8, 0x4141_4141).contains(&"missing __TEXT segment".to_owned()));
    }
}
