//! LC_SEGMENT and LC_SEGMENT_64 with their sections.

use super::ReadError;
use super::byte_order::ByteOrder;
use super::header::{Command, LC_SEGMENT_64, command_bytes};

/// One segment: what is mapped where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Where its load command starts in the slice.
    pub command_at: usize,
    pub name: String,
    pub vmaddr: u64,
    pub vmsize: u64,
    pub fileoff: u64,
    pub filesize: u64,
    /// `VM_PROT_READ` 1, `VM_PROT_WRITE` 2, `VM_PROT_EXECUTE` 4.
    pub initprot: u32,
    /// `SG_*`.
    pub flags: u32,
    pub sections: Vec<Section>,
}

/// One section of a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// `segname`: in an object file not the name of the segment that lists it.
    pub segment: String,
    pub name: String,
    pub addr: u64,
    pub size: u64,
    pub offset: u32,
    /// Type in the low eight bits, attributes above.
    pub flags: u32,
}

/// Positions within the command, which differ between 32 and 64 bits: (sizes of an address, of the fixed part, of a
/// section; where `nsects` stands).
struct Layout {
    word: usize,
    fixed: usize,
    section: usize,
    nsects: usize,
}

const LAYOUT_32: Layout = Layout { word: 4, fixed: 56, section: 68, nsects: 48 };
const LAYOUT_64: Layout = Layout { word: 8, fixed: 72, section: 80, nsects: 64 };

impl Segment {
    pub(super) fn parse(slice: &[u8], order: ByteOrder, command: &Command) -> Result<Segment, ReadError> {
        let layout = if command.cmd == LC_SEGMENT_64 { LAYOUT_64 } else { LAYOUT_32 };
        let bytes = command_bytes(slice, command)?;
        let word = |index: usize| layout.word_at(order, bytes, 24 + index * layout.word);
        let nsects = order.u32(bytes, layout.nsects)? as usize;
        let room = bytes.len().saturating_sub(layout.fixed) / layout.section;
        if nsects > room {
            return Err(ReadError(format!(
                "has a segment that claims {nsects} sections in the room of {room}"
            )));
        }
        let tables = bytes.get(layout.fixed..).unwrap_or_default().chunks_exact(layout.section).take(nsects);
        Ok(Segment {
            command_at: command.range.start,
            name: fixed_name(bytes, 8)?,
            vmaddr: word(0)?,
            vmsize: word(1)?,
            fileoff: word(2)?,
            filesize: word(3)?,
            initprot: order.u32(bytes, layout.nsects - 4)?,
            flags: order.u32(bytes, layout.nsects + 4)?,
            sections: tables.map(|table| Section::parse(table, order, &layout)).collect::<Result<_, _>>()?,
        })
    }

    /// The first file offset whose bytes belong to the segment's contents rather than to the header.
    pub(super) fn low_fileoff(&self) -> Option<u64> {
        if self.sections.is_empty() {
            return (self.filesize != 0 && self.fileoff != 0).then_some(self.fileoff);
        }
        self.sections.iter().filter(|section| section.has_data()).map(|section| section.offset.into()).min()
    }
}

impl Section {
    fn parse(table: &[u8], order: ByteOrder, layout: &Layout) -> Result<Section, ReadError> {
        let after_words = 32 + 2 * layout.word;
        Ok(Section {
            segment: fixed_name(table, 16)?,
            name: fixed_name(table, 0)?,
            addr: layout.word_at(order, table, 32)?,
            size: layout.word_at(order, table, 32 + layout.word)?,
            offset: order.u32(table, after_words)?,
            flags: order.u32(table, after_words + 16)?,
        })
    }

    /// Whether bytes of the file are its contents: not so for the zero-fill types, nor in a dSYM, which keeps the
    /// section table of the code but not the code.
    pub fn has_data(&self) -> bool {
        const ZEROFILL: u32 = 0x1;
        const GB_ZEROFILL: u32 = 0xc;
        const THREAD_LOCAL_ZEROFILL: u32 = 0x12;
        let zero_fill = matches!(self.flags & 0xff, ZEROFILL | GB_ZEROFILL | THREAD_LOCAL_ZEROFILL);
        self.offset != 0 && self.size != 0 && !zero_fill
    }
}

impl Layout {
    fn word_at(&self, order: ByteOrder, bytes: &[u8], at: usize) -> Result<u64, ReadError> {
        if self.word == 8 { order.u64(bytes, at) } else { order.u32(bytes, at).map(u64::from) }
    }
}

/// A name of up to 16 bytes, padded with NUL.
fn fixed_name(bytes: &[u8], at: usize) -> Result<String, ReadError> {
    let raw = bytes.get(at..).and_then(|rest| rest.first_chunk::<16>());
    let raw = raw.ok_or_else(|| ReadError("has a segment command that is too short".to_owned()))?;
    let length = raw.iter().position(|&byte| byte == 0).unwrap_or(raw.len());
    Ok(String::from_utf8_lossy(&raw[..length]).into_owned())
}
