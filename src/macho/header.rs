//! The Mach-O header and its load commands as byte ranges: for those who must write what goblin only reads.
//!
//! Every position is in bytes from the start of the slice; numbers stand in the slice's own byte order.

use std::ops::Range;

use super::byte_order::{ByteOrder, range_at};
use super::segment::{Section, Segment};
use super::{Arch, ReadError};

/// `LC_REQ_DYLD`: dyld refuses an image with such a command that it does not know.
const REQ_DYLD: u32 = 0x8000_0000;

pub const LC_SEGMENT: u32 = 0x1;
pub const LC_LOAD_DYLIB: u32 = 0xc;
pub const LC_ID_DYLIB: u32 = 0xd;
pub const LC_LOAD_WEAK_DYLIB: u32 = 0x18 | REQ_DYLD;
pub const LC_SEGMENT_64: u32 = 0x19;
pub const LC_RPATH: u32 = 0x1c | REQ_DYLD;
pub const LC_CODE_SIGNATURE: u32 = 0x1d;
pub const LC_REEXPORT_DYLIB: u32 = 0x1f | REQ_DYLD;
pub const LC_LAZY_LOAD_DYLIB: u32 = 0x20;
pub const LC_LOAD_UPWARD_DYLIB: u32 = 0x23 | REQ_DYLD;

/// Positions of the header's own fields.
pub const NCMDS_AT: usize = 16;
pub const SIZEOFCMDS_AT: usize = 20;

/// One load command: its number and where it stands, `cmd` and `cmdsize` included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    pub cmd: u32,
    pub range: Range<usize>,
}

/// A `linkedit_data_command` such as LC_CODE_SIGNATURE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkeditData {
    /// Where the command stands.
    pub command: Range<usize>,
    pub dataoff: u32,
    pub datasize: u32,
}

/// What the header of one slice says. It borrows nothing, so that the bytes can be changed while it is at hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    pub order: ByteOrder,
    pub is_64: bool,
    pub arch: Arch,
    /// The upper eight bits of `cpusubtype`, where they are (`CPU_SUBTYPE_MASK`).
    pub capabilities: u32,
    /// `MH_OBJECT` 1, `MH_EXECUTE` 2, `MH_DYLIB` 6, …
    pub file_type: u32,
    pub flags: u32,
    pub commands: Vec<Command>,
    pub segments: Vec<Segment>,
}

impl Header {
    /// Reads the header of the slice that `slice` holds from its first byte on.
    ///
    /// # Errors
    /// When it is not Mach-O, when its width does not match its CPU (xnu refuses that too), or when a command or a
    /// section table reaches past its bounds.
    pub fn parse(slice: &[u8]) -> Result<Header, ReadError> {
        let (order, is_64) = magic(slice).ok_or_else(|| ReadError("is not a Mach-O file".to_owned()))?;
        let cpu_subtype = order.u32(slice, 8)?;
        let arch = Arch::new(order.u32(slice, 4)?, cpu_subtype);
        if arch.is_64_bit() != is_64 {
            return Err(ReadError(format!("has a header of the wrong width for {arch}")));
        }
        let commands = parse_commands(slice, order, is_64)?;
        let segments = commands
            .iter()
            .filter(|command| matches!(command.cmd, LC_SEGMENT | LC_SEGMENT_64))
            .map(|command| Segment::parse(slice, order, command))
            .collect::<Result<_, _>>()?;
        Ok(Header {
            order,
            is_64,
            arch,
            capabilities: cpu_subtype & 0xff00_0000,
            file_type: order.u32(slice, 12)?,
            flags: order.u32(slice, 24)?,
            commands,
            segments,
        })
    }

    /// Where the load commands end, by the header's own word; `None` when `start` holds no header.
    pub fn end(start: &[u8]) -> Option<u64> {
        let (order, is_64) = magic(start)?;
        Some(header_size(is_64) as u64 + u64::from(order.u32(start, SIZEOFCMDS_AT).ok()?))
    }

    /// Bytes of `mach_header` or `mach_header_64`: where the first load command stands.
    pub fn size(&self) -> usize {
        header_size(self.is_64)
    }

    /// Where the next load command would stand.
    pub fn commands_end(&self) -> usize {
        self.commands.last().map_or(self.size(), |command| command.range.end)
    }

    /// What `cmdsize` must be a multiple of.
    pub fn command_alignment(&self) -> usize {
        if self.is_64 { 8 } else { 4 }
    }

    /// The first command with this number.
    pub fn find(&self, cmd: u32) -> Option<&Command> {
        self.commands.iter().find(|command| command.cmd == cmd)
    }

    pub fn segment(&self, name: &str) -> Option<&Segment> {
        self.segments.iter().find(|segment| segment.name == name)
    }

    pub fn section(&self, segment: &str, name: &str) -> Option<&Section> {
        let sections = self.segments.iter().flat_map(|segment| &segment.sections);
        sections.into_iter().find(|section| section.segment == segment && section.name == name)
    }

    /// Where the first contents stand that load commands must not reach: the lowest file offset of a section with
    /// data, or of a segment with data and no sections (cctools, `install_name_tool`: `low_fileoff`).
    /// `None` when nothing of the kind is there to tell.
    pub fn low_fileoff(&self) -> Option<u64> {
        self.segments.iter().filter_map(Segment::low_fileoff).min()
    }

    /// # Errors
    /// When the command is too short to hold its fields.
    pub fn code_signature(&self, slice: &[u8]) -> Result<Option<LinkeditData>, ReadError> {
        let Some(command) = self.find(LC_CODE_SIGNATURE) else { return Ok(None) };
        let bytes = command_bytes(slice, command)?;
        let (dataoff, datasize) = (self.order.u32(bytes, 8)?, self.order.u32(bytes, 12)?);
        Ok(Some(LinkeditData { command: command.range.clone(), dataoff, datasize }))
    }

    /// The Info.plist that a bare executable carries in `__TEXT,__info_plist`.
    pub fn info_plist<'a>(&self, slice: &'a [u8]) -> Option<&'a [u8]> {
        let section = self.section("__TEXT", "__info_plist")?;
        slice.get(range_at(slice, section.offset.into(), section.size).ok()?)
    }
}

/// Byte order and 64-bitness by the first four bytes.
pub(super) fn magic(start: &[u8]) -> Option<(ByteOrder, bool)> {
    match start.first_chunk::<4>()? {
        [0xfe, 0xed, 0xfa, 0xce] => Some((ByteOrder::Big, false)),
        [0xfe, 0xed, 0xfa, 0xcf] => Some((ByteOrder::Big, true)),
        [0xce, 0xfa, 0xed, 0xfe] => Some((ByteOrder::Little, false)),
        [0xcf, 0xfa, 0xed, 0xfe] => Some((ByteOrder::Little, true)),
        _ => None,
    }
}

/// The bytes of one command.
///
/// # Errors
/// When `slice` is not the one that the command was read from.
pub fn command_bytes<'a>(slice: &'a [u8], command: &Command) -> Result<&'a [u8], ReadError> {
    slice.get(command.range.clone()).ok_or_else(|| ReadError("is shorter than its load commands".to_owned()))
}

fn header_size(is_64: bool) -> usize {
    if is_64 { 32 } else { 28 }
}

fn parse_commands(slice: &[u8], order: ByteOrder, is_64: bool) -> Result<Vec<Command>, ReadError> {
    let (ncmds, sizeofcmds) = (order.u32(slice, NCMDS_AT)?, order.u32(slice, SIZEOFCMDS_AT)?);
    let area = range_at(slice, header_size(is_64) as u64, sizeofcmds.into())
        .map_err(|_| ReadError(format!("is cut off within its {sizeofcmds} bytes of load commands")))?;
    if ncmds > sizeofcmds / 8 {
        return Err(ReadError(format!("claims {ncmds} load commands in {sizeofcmds} bytes")));
    }
    let mut at = area.start;
    let mut commands = Vec::with_capacity(ncmds as usize);
    for index in 0..ncmds {
        let malformed = || ReadError(format!("has a malformed load command {index}"));
        let rest = slice.get(at..area.end).ok_or_else(malformed)?;
        let cmd = order.u32(rest, 0).map_err(|_| malformed())?;
        let cmdsize = order.u32(rest, 4).map_err(|_| malformed())? as usize;
        if cmdsize < 8 || cmdsize > rest.len() {
            return Err(malformed());
        }
        commands.push(Command { cmd, range: at..at + cmdsize });
        at += cmdsize;
    }
    Ok(commands)
}

#[cfg(test)]
mod tests {
    use super::super::sample::{Sample, signature};
    use super::*;

    fn parsed(change: impl Fn(&mut [u8])) -> Result<Header, ReadError> {
        let mut bytes = Sample::new(Arch::ARM64).build();
        change(&mut bytes);
        Header::parse(&bytes)
    }

    #[test]
    fn segments_sections_and_the_signature_are_found() {
        let i386 = Arch { cpu_type: 7, cpu_subtype: 3 };
        for (arch, order) in [(Arch::ARM64, ByteOrder::Little), (i386, ByteOrder::Big)] {
            let blob = signature("me", 2);
            let sample = Sample { order, room: 40, signature: Some(blob.clone()), ..Sample::new(arch) };
            let bytes = sample.build();
            let header = Header::parse(&bytes).unwrap();
            let low = header.commands_end() as u64 + 40;
            assert_eq!(header.low_fileoff(), Some(low));
            let text = header.section("__TEXT", "__text").unwrap();
            assert_eq!((text.offset as u64, text.size, text.flags), (low, 16, 0x8000_0400));
            let linkedit = header.segment("__LINKEDIT").unwrap();
            assert_eq!(linkedit.fileoff + linkedit.filesize, bytes.len() as u64);
            assert_eq!(order.u32(&bytes, linkedit.command_at), Ok(header.commands[1].cmd));
            let found = header.code_signature(&bytes).unwrap().unwrap();
            assert_eq!(found.command, header.commands[2].range);
            assert_eq!(
                (found.dataoff as usize, found.datasize as usize),
                (bytes.len() - blob.len(), blob.len())
            );
            assert_eq!(header.info_plist(&bytes), None);
        }
    }

    #[test]
    fn an_embedded_info_plist_is_the_contents_of_its_section() {
        let mut bytes = Sample::new(Arch::ARM64).build();
        let section_at = 32 + 72;
        bytes[section_at..section_at + 16].copy_from_slice(b"__info_plist\0\0\0\0");
        let header = Header::parse(&bytes).unwrap();
        assert_eq!(header.info_plist(&bytes), Some(&[0xc3; 16][..]));
        assert_eq!(header.info_plist(&bytes[..200]), None, "cut off");
    }

    #[test]
    fn a_section_that_takes_no_room_in_the_file_sets_no_limit() {
        let (size_at, offset_at, flags_at) = (32 + 72 + 40, 32 + 72 + 48, 32 + 72 + 64);
        let linkedit = parsed(|_| ()).unwrap().segment("__LINKEDIT").unwrap().fileoff;
        for change in [(size_at, 0), (offset_at, 0), (flags_at, 0x1), (flags_at, 0xc), (flags_at, 0x12)] {
            let header =
                parsed(|bytes| ByteOrder::Little.put_u32(bytes, change.0, change.1).unwrap()).unwrap();
            assert_eq!(header.low_fileoff(), Some(linkedit), "{change:?}");
        }
    }

    #[test]
    fn bounds_that_do_not_hold_are_refused() {
        let with =
            |at, value| parsed(|bytes| ByteOrder::Little.put_u32(bytes, at, value).unwrap()).unwrap_err().0;
        assert!(with(NCMDS_AT, u32::MAX).contains("claims 4294967295 load commands"));
        assert!(with(SIZEOFCMDS_AT, u32::MAX).contains("cut off within"));
        assert!(with(32 + 4, 4).contains("malformed load command 0"));
        assert!(with(32 + 4, 4000).contains("malformed load command 0"));
        assert!(with(32 + 64, 2).contains("claims 2 sections in the room of 1"));
        assert!(with(4, 7).contains("wrong width for i386"));
    }
}
