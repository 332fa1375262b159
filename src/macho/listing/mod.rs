//! Load commands field by field, in the words of `otool -l`: for people to read and for comparing two files.

mod names;

use std::borrow::Cow;

use super::byte_order::ByteOrder;
use super::header::{Command, Header, LC_ID_DYLIB, LC_SEGMENT, LC_SEGMENT_64, command_bytes};
use super::{PackedVersion, Platform, ReadError};

pub use names::header_flags;

const LC_PREBOUND_DYLIB: u32 = 0x10;
const LC_TWO_ADDRESSES: [u32; 2] = [0x11, 0x1a]; // LC_ROUTINES, LC_ROUTINES_64
const LC_THREADS: [u32; 2] = [0x4, 0x5];
const LC_UUID: u32 = 0x1b;
const LC_VERSION_MINS: [u32; 4] = [0x24, 0x25, 0x2f, 0x30];
const LC_MAIN: u32 = 0x8000_0028;
const LC_SOURCE_VERSION: u32 = 0x2a;
const LC_LINKER_OPTION: u32 = 0x2d;
const LC_NOTE: u32 = 0x31;
const LC_BUILD_VERSION: u32 = 0x32;
const LC_FILESET_ENTRY: u32 = 0x8000_0035;
const DYLIB_COMMANDS: [u32; 6] = [0xc, LC_ID_DYLIB, 0x8000_0018, 0x8000_001f, 0x20, 0x8000_0023];

/// Bytes of what no header describes that are shown.
const MOST_RAW: usize = 64;

/// The name of a field and its value, both as otool prints them.
pub type Field = (Cow<'static, str>, String);

/// One load command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub cmd: u32,
    /// `LC_UUID`; `LC_0x0000004f` for what no header names.
    pub name: Cow<'static, str>,
    /// Without `cmd` and `cmdsize`.
    pub fields: Vec<Field>,
    /// Of a segment.
    pub sections: Vec<ListedSection>,
}

/// One row of a segment's section table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedSection {
    pub segment: String,
    pub name: String,
    /// Without `sectname` and `segname`.
    pub fields: Vec<Field>,
}

impl Listed {
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Every load command of the slice that `slice` holds from its first byte on, in order.
///
/// # Errors
/// When it is not Mach-O, or when its commands reach past their bounds. A command that is too short for its fields has
/// fewer of them.
pub fn list(slice: &[u8]) -> Result<Vec<Listed>, ReadError> {
    let header = Header::parse(slice)?;
    header.commands.iter().map(|command| listed(slice, &header, command)).collect()
}

fn listed(slice: &[u8], header: &Header, command: &Command) -> Result<Listed, ReadError> {
    let reading = Reading { order: header.order, is_64: header.is_64, bytes: command_bytes(slice, command)? };
    let name = match names::command(command.cmd) {
        Some(name) => Cow::Borrowed(name),
        None => Cow::Owned(format!("LC_{:#010x}", command.cmd)),
    };
    let mut listed = Listed { cmd: command.cmd, name, fields: Vec::new(), sections: Vec::new() };
    match command.cmd {
        LC_SEGMENT | LC_SEGMENT_64 => reading.segment(command.cmd == LC_SEGMENT_64, &mut listed),
        cmd => listed.fields = reading.fields(cmd).unwrap_or_default(),
    }
    Ok(listed)
}

/// One command's bytes, `cmd` and `cmdsize` included.
#[derive(Clone, Copy)]
struct Reading<'a> {
    order: ByteOrder,
    is_64: bool,
    bytes: &'a [u8],
}

fn field(name: &'static str, value: impl ToString) -> Field {
    (Cow::Borrowed(name), value.to_string())
}

impl Reading<'_> {
    fn u32(&self, at: usize) -> Option<u32> {
        self.order.u32(self.bytes, at).ok()
    }

    fn u64(&self, at: usize) -> Option<u64> {
        self.order.u64(self.bytes, at).ok()
    }

    /// An `lc_str`: where the text begins stands at `at`.
    fn text(&self, at: usize) -> Option<String> {
        let raw = self.bytes.get(self.u32(at)? as usize..)?;
        let end = raw.iter().position(|&byte| byte == 0).unwrap_or(raw.len());
        Some(String::from_utf8_lossy(&raw[..end]).into_owned())
    }

    fn fixed_text(&self, at: usize) -> Option<String> {
        let raw = self.bytes.get(at..at + 16)?;
        let end = raw.iter().position(|&byte| byte == 0).unwrap_or(16);
        Some(String::from_utf8_lossy(&raw[..end]).into_owned())
    }

    fn version(&self, at: usize) -> Option<PackedVersion> {
        self.u32(at).map(PackedVersion)
    }

    /// `None` when the command is too short for what it is.
    fn fields(&self, cmd: u32) -> Option<Vec<Field>> {
        if let Some(names) = names::numbers(cmd) {
            let numbers = names.iter().enumerate();
            return numbers.map(|(index, name)| Some(field(name, self.u32(8 + 4 * index)?))).collect();
        }
        if let Some(name) = names::text_field(cmd) {
            return Some(vec![field(name, self.text(8)?)]);
        }
        Some(match cmd {
            _ if DYLIB_COMMANDS.contains(&cmd) => self.dylib(cmd)?,
            _ if LC_VERSION_MINS.contains(&cmd) => {
                vec![field("version", self.version(8)?), field("sdk", sdk(self.version(12)?))]
            }
            _ if LC_TWO_ADDRESSES.contains(&cmd) => self.routines()?,
            _ if LC_THREADS.contains(&cmd) => self.thread()?,
            LC_PREBOUND_DYLIB => vec![field("name", self.text(8)?), field("nmodules", self.u32(12)?)],
            LC_UUID => vec![field("uuid", self.uuid()?)],
            LC_MAIN => vec![field("entryoff", self.u64(8)?), field("stacksize", self.u64(16)?)],
            LC_SOURCE_VERSION => vec![field("version", source_version(self.u64(8)?))],
            LC_LINKER_OPTION => self.linker_option()?,
            LC_NOTE => vec![
                field("data owner", self.fixed_text(8)?),
                field("offset", self.u64(24)?),
                field("size", self.u64(32)?),
            ],
            LC_BUILD_VERSION => self.build_version()?,
            LC_FILESET_ENTRY => vec![
                field("vmaddr", format!("{:#018x}", self.u64(8)?)),
                field("fileoff", self.u64(16)?),
                field("entry_id", self.text(24)?),
            ],
            _ => vec![field("data", hex(self.bytes.get(8..)?))],
        })
    }

    fn dylib(&self, cmd: u32) -> Option<Vec<Field>> {
        let mut fields = vec![field("name", self.text(8)?)];
        const USE_MARKER: u32 = 0x1a74_1800;
        let stamp = self.u32(12)?;
        // A dylib_use_command: its marker stands where the time stamp was, its flags after the versions.
        if stamp == USE_MARKER && cmd != LC_ID_DYLIB && self.u32(8)? >= 28 {
            fields.push(field("flags", format!("{:#010x}", self.u32(24)?)));
        } else {
            fields.push(field("time stamp", stamp));
        }
        fields.push(field("current version", self.version(16)?.dotted()));
        fields.push(field("compatibility version", self.version(20)?.dotted()));
        Some(fields)
    }

    fn routines(&self) -> Option<Vec<Field>> {
        let (address, module) = match self.is_64 {
            true => (format!("{:#018x}", self.u64(8)?), self.u64(16)?),
            false => (format!("{:#010x}", self.u32(8)?), self.u32(12)?.into()),
        };
        Some(vec![field("init_address", address), field("init_module", module)])
    }

    fn thread(&self) -> Option<Vec<Field>> {
        let state = self.bytes.get(16..).unwrap_or_default();
        Some(vec![
            field("flavor", self.u32(8)?),
            field("count", self.u32(12)?),
            field("state", format!("{} bytes, {}", state.len(), hex(state))),
        ])
    }

    fn uuid(&self) -> Option<String> {
        let digits = self.bytes.get(8..24)?.iter().map(|byte| format!("{byte:02X}")).collect::<String>();
        let part = |range: std::ops::Range<usize>| digits.get(range).unwrap_or_default();
        Some([part(0..8), part(8..12), part(12..16), part(16..20), part(20..32)].join("-"))
    }

    fn linker_option(&self) -> Option<Vec<Field>> {
        let count = self.u32(8)?;
        let texts = self.bytes.get(12..)?.split(|&byte| byte == 0).take(count as usize).enumerate();
        let strings = texts.map(|(index, text)| {
            (Cow::Owned(format!("string #{}", index + 1)), String::from_utf8_lossy(text).into_owned())
        });
        Some(std::iter::once(field("count", count)).chain(strings).collect())
    }

    fn build_version(&self) -> Option<Vec<Field>> {
        let count = self.u32(20)?;
        let mut fields = vec![
            field("platform", Platform(self.u32(8)?)),
            field("sdk", sdk(self.version(16)?)),
            field("minos", self.version(12)?),
            field("ntools", count),
        ];
        let room = self.bytes.len().saturating_sub(24) / 8;
        for index in 0..(count as usize).min(room) {
            let at = 24 + 8 * index;
            fields.push(field("tool", names::tool(self.u32(at)?)));
            fields.push(field("version", self.version(at + 4)?));
        }
        Some(fields)
    }

    fn segment(&self, is_64: bool, listed: &mut Listed) {
        let fields = self.segment_fields(is_64);
        listed.fields = fields.unwrap_or_default();
        let (fixed, size) = if is_64 { (72, 80) } else { (56, 68) };
        let count = self.u32(fixed - 8).unwrap_or(0) as usize;
        let tables = self.bytes.get(fixed..).unwrap_or_default().chunks_exact(size).take(count);
        let sections =
            tables.filter_map(|table| Reading { bytes: table, ..*self }.section(is_64)).collect::<Vec<_>>();
        listed.sections = sections;
    }

    fn segment_fields(&self, is_64: bool) -> Option<Vec<Field>> {
        let (word, after) = if is_64 { (8, 56) } else { (4, 40) };
        let number = |index: usize| {
            let at = 24 + index * word;
            if is_64 { self.u64(at) } else { self.u32(at).map(u64::from) }
        };
        Some(vec![
            field("segname", self.fixed_text(8)?),
            field("vmaddr", address(number(0)?, is_64)),
            field("vmsize", address(number(1)?, is_64)),
            field("fileoff", number(2)?),
            field("filesize", number(3)?),
            field("maxprot", format!("{:#010x}", self.u32(after)?)),
            field("initprot", format!("{:#010x}", self.u32(after + 4)?)),
            field("nsects", self.u32(after + 8)?),
            field("flags", format!("{:#x}", self.u32(after + 12)?)),
        ])
    }

    fn section(&self, is_64: bool) -> Option<ListedSection> {
        let (addr, size, after) = match is_64 {
            true => (self.u64(32)?, self.u64(40)?, 48),
            false => (self.u32(32)?.into(), self.u32(36)?.into(), 40),
        };
        let word = |index: usize| self.u32(after + 4 * index);
        let align = word(1)?;
        Some(ListedSection {
            segment: self.fixed_text(16)?,
            name: self.fixed_text(0)?,
            fields: vec![
                field("addr", address(addr, is_64)),
                field("size", address(size, is_64)),
                field("offset", word(0)?),
                field("align", format!("2^{align}")),
                field("reloff", word(2)?),
                field("nreloc", word(3)?),
                field("flags", format!("{:#010x}", word(4)?)),
                field("reserved1", word(5)?),
                field("reserved2", word(6)?),
            ],
        })
    }
}

fn address(value: u64, is_64: bool) -> String {
    if is_64 { format!("{value:#018x}") } else { format!("{value:#010x}") }
}

/// 0 stands for an SDK that the linker did not know.
fn sdk(version: PackedVersion) -> String {
    if version.0 == 0 { "n/a".to_owned() } else { version.to_string() }
}

/// A.B.C.D.E packed as 24.10.10.10.10 bits, without the parts at the end that are 0.
fn source_version(packed: u64) -> String {
    let parts =
        [packed >> 40, packed >> 30 & 0x3ff, packed >> 20 & 0x3ff, packed >> 10 & 0x3ff, packed & 0x3ff];
    let last = parts.iter().rposition(|&part| part != 0).unwrap_or(0).max(1);
    parts[..=last].iter().map(u64::to_string).collect::<Vec<_>>().join(".")
}

fn hex(bytes: &[u8]) -> String {
    let shown = bytes.iter().take(MOST_RAW).map(|byte| format!("{byte:02x}")).collect::<String>();
    if bytes.len() > MOST_RAW { shown + "…" } else { shown }
}

#[cfg(test)]
mod tests {
    use super::super::sample::Sample;
    use super::super::{Arch, LoadKind};
    use super::*;

    fn shown(listed: &[Listed], name: &str) -> Vec<String> {
        let of_name = listed.iter().filter(|one| one.name == name);
        of_name.flat_map(|one| one.fields.iter().map(|(name, value)| format!("{name} {value}"))).collect()
    }

    #[test]
    fn fields_have_otools_names_and_values() {
        let sample = Sample {
            uuid: Some([0xab; 16]),
            rpaths: vec!["@loader_path/..".into()],
            uses: vec![(LoadKind::Weak, "@rpath/libz.dylib".into())],
            builds: vec![(1, 0x000b_0000, 0x000e_0500)],
            ..Sample::new(Arch::ARM64)
        };
        let listed = list(&sample.build()).unwrap();
        assert_eq!(shown(&listed, "LC_UUID"), ["uuid ABABABAB-ABAB-ABAB-ABAB-ABABABABABAB"]);
        assert_eq!(shown(&listed, "LC_RPATH"), ["path @loader_path/.."]);
        assert_eq!(shown(&listed, "LC_BUILD_VERSION")[..3], ["platform macos", "sdk 14.5", "minos 11.0"]);
        let weak = shown(&listed, "LC_LOAD_WEAK_DYLIB");
        assert_eq!((weak[0].as_str(), weak[2].as_str()), ("name @rpath/libz.dylib", "current version 1.2.3"));
        let text = listed.iter().find(|one| one.field("segname") == Some("__TEXT")).unwrap();
        assert_eq!(text.sections[0].name, "__text");
        assert_eq!(text.field("initprot"), Some("0x00000005"));
    }

    #[test]
    fn source_versions_lose_the_zeros_at_their_end() {
        assert_eq!(source_version(0), "0.0");
        assert_eq!(source_version(1221 << 40 | 4 << 30), "1221.4");
        assert_eq!(source_version(1 << 40 | 7), "1.0.0.0.7");
    }

    #[test]
    fn a_command_that_is_too_short_has_no_fields_and_an_unknown_one_shows_its_bytes() {
        let sample =
            Sample { extra: vec![(0x1b, vec![1]), (0x4f, vec![0x0102_0304, 0])], ..Sample::new(Arch::ARM64) };
        let listed = list(&sample.build()).unwrap();
        let of = |cmd| listed.iter().find(|one| one.cmd == cmd).unwrap();
        assert!(of(0x1b).fields.is_empty());
        assert_eq!(shown(&listed, "LC_0x0000004f"), ["data 0403020100000000"]);
        assert_eq!(of(0x4f).name, "LC_0x0000004f");
    }
}
