//! The load commands that carry a name: LC_ID_DYLIB, the dylib commands and LC_RPATH.

use super::byte_order::ByteOrder;
use super::header::{
    LC_ID_DYLIB, LC_LAZY_LOAD_DYLIB, LC_LOAD_DYLIB, LC_LOAD_UPWARD_DYLIB, LC_LOAD_WEAK_DYLIB,
    LC_REEXPORT_DYLIB, LC_RPATH,
};
use super::{LoadKind, ReadError};

/// `DYLIB_USE_MARKER` in the timestamp field: a `dylib_use_command`, whose flags stand before the name.
const DYLIB_USE_MARKER: u32 = 0x1a74_1800;
const SIZEOF_DYLIB_COMMAND: usize = 24;
const SIZEOF_DYLIB_USE_COMMAND: usize = 28;
const SIZEOF_RPATH_COMMAND: usize = 12;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NameKind {
    Id,
    Use,
    Rpath,
}

/// One such command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NameCommand {
    pub kind: NameKind,
    pub cmd: u32,
    pub text: String,
    /// The flags of a `dylib_use_command`; `None` for the classic forms.
    pub use_flags: Option<u32>,
    /// Bytes before the name.
    pub fixed: usize,
    pub cmdsize: usize,
    /// Whether it is laid out as every linker does, so that another name can be put in its place: the name right
    /// after the fixed part, UTF-8, and at least as long as [`smallest_size`] says.
    pub editable: bool,
}

impl NameCommand {
    /// Reads the command in `bytes`; `None` when it carries no name.
    ///
    /// # Errors
    /// When the name stands outside the command.
    pub fn parse(order: ByteOrder, alignment: usize, bytes: &[u8]) -> Result<Option<NameCommand>, ReadError> {
        let cmd = order.u32(bytes, 0)?;
        let (kind, classic) = match cmd {
            LC_ID_DYLIB => (NameKind::Id, SIZEOF_DYLIB_COMMAND),
            LC_RPATH => (NameKind::Rpath, SIZEOF_RPATH_COMMAND),
            LC_LOAD_DYLIB | LC_LOAD_WEAK_DYLIB | LC_REEXPORT_DYLIB | LC_LAZY_LOAD_DYLIB
            | LC_LOAD_UPWARD_DYLIB => (NameKind::Use, SIZEOF_DYLIB_COMMAND),
            _ => return Ok(None),
        };
        let name_at = order.u32(bytes, 8)? as usize;
        let marked = kind == NameKind::Use
            && name_at == SIZEOF_DYLIB_USE_COMMAND
            && order.u32(bytes, 12)? == DYLIB_USE_MARKER;
        let use_flags = if marked { Some(order.u32(bytes, 24)?) } else { None };
        let fixed = fixed_size(kind, use_flags.unwrap_or(0));
        let area = bytes.get(name_at..).filter(|area| name_at >= classic && !area.is_empty());
        let area = area.ok_or_else(|| ReadError(format!("has a load command {cmd:#x} without its name")))?;
        let name = area.split(|&byte| byte == 0).next().unwrap_or_default();
        let text = String::from_utf8_lossy(name).into_owned();
        let editable = name_at == fixed
            && text.as_bytes() == name
            && bytes.len() >= smallest_size(fixed, &text, alignment)
            && bytes.len().is_multiple_of(alignment);
        Ok(Some(NameCommand { kind, cmd, text, use_flags, fixed, cmdsize: bytes.len(), editable }))
    }

    /// Bytes it cannot do without.
    pub fn least_size(&self, alignment: usize) -> usize {
        if self.editable { smallest_size(self.fixed, &self.text, alignment) } else { self.cmdsize }
    }

    /// What dyld makes of it (mach_o/UnsafeHeader.cpp): the flags decide when there are any.
    pub fn load_kind(&self) -> LoadKind {
        const WEAK: u32 = 0x1;
        const REEXPORT: u32 = 0x2;
        const UPWARD: u32 = 0x4;
        const DELAYED_INIT: u32 = 0x8;
        match (self.use_flags, self.cmd) {
            (Some(flags), _) if flags & REEXPORT != 0 => LoadKind::Reexport,
            (Some(flags), _) if flags & DELAYED_INIT != 0 => LoadKind::Delayed,
            (Some(flags), _) if flags & UPWARD != 0 => LoadKind::Upward,
            (Some(flags), _) if flags & WEAK != 0 => LoadKind::Weak,
            (Some(_), _) => LoadKind::Required,
            (None, LC_LOAD_WEAK_DYLIB) => LoadKind::Weak,
            (None, LC_REEXPORT_DYLIB) => LoadKind::Reexport,
            (None, LC_LOAD_UPWARD_DYLIB) => LoadKind::Upward,
            (None, LC_LAZY_LOAD_DYLIB) => LoadKind::Lazy,
            (None, _) => LoadKind::Required,
        }
    }
}

/// Bytes before the name in a command of this kind.
pub(super) fn fixed_size(kind: NameKind, use_flags: u32) -> usize {
    match kind {
        NameKind::Rpath => SIZEOF_RPATH_COMMAND,
        NameKind::Use if use_flags != 0 => SIZEOF_DYLIB_USE_COMMAND,
        NameKind::Id | NameKind::Use => SIZEOF_DYLIB_COMMAND,
    }
}

/// `cmdsize` of a command with this name: terminated, and padded to the alignment of commands.
pub(super) fn smallest_size(fixed: usize, text: &str, alignment: usize) -> usize {
    fixed.saturating_add(text.len()).saturating_add(1).next_multiple_of(alignment)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dylib(cmd: u32, words: &[u32], name: &[u8]) -> Result<Option<NameCommand>, ReadError> {
        let size = (8 + words.len() * 4 + name.len()) as u32;
        let start = [&[cmd, size], words].concat();
        let bytes: Vec<u8> =
            start.iter().flat_map(|word| word.to_le_bytes()).chain(name.iter().copied()).collect();
        NameCommand::parse(ByteOrder::Little, 8, &bytes)
    }

    fn with_flags(flags: u32) -> LoadKind {
        let words = [28, DYLIB_USE_MARKER, 0, 0, flags];
        dylib(LC_LOAD_WEAK_DYLIB, &words, b"abc\0").unwrap().unwrap().load_kind()
    }

    #[test]
    fn flags_of_a_dylib_use_command_decide_its_kind() {
        assert_eq!(with_flags(0), LoadKind::Required);
        assert_eq!(with_flags(1), LoadKind::Weak);
        assert_eq!(with_flags(4), LoadKind::Upward);
        assert_eq!(with_flags(8 | 1), LoadKind::Delayed);
        assert_eq!(with_flags(8 | 2 | 1), LoadKind::Reexport);
    }

    #[test]
    fn the_marker_counts_only_where_the_name_leaves_room_for_flags() {
        let name = dylib(LC_LOAD_DYLIB, &[24, DYLIB_USE_MARKER, 0, 0], b"abcdefg\0").unwrap().unwrap();
        assert_eq!((name.use_flags, name.text.as_str(), name.editable), (None, "abcdefg", true));
    }

    #[test]
    fn a_name_outside_its_command_is_an_error() {
        for name_at in [0, 23, 32, u32::MAX] {
            assert!(dylib(LC_LOAD_DYLIB, &[name_at, 2, 0, 0], b"abcdefg\0").is_err(), "{name_at}");
        }
    }

    #[test]
    fn odd_layouts_are_read_but_not_edited() {
        let read = |words: &[u32], name: &[u8]| dylib(LC_LOAD_DYLIB, words, name).unwrap().unwrap();
        assert!(read(&[24, 2, 0, 0], b"abc\0\0\0\0\0").editable);
        assert!(!read(&[32, 2, 0, 0, 0, 0], b"abc\0\0\0\0\0").editable, "a gap before the name");
        assert!(!read(&[24, 2, 0, 0], b"abcdefgh").editable, "no end");
        assert!(!read(&[24, 2, 0, 0], b"abc\xff\0\0\0\0").editable, "not UTF-8");
        assert!(!read(&[24, 2, 0, 0], b"abc\0").editable, "not a multiple of eight");
        assert_eq!(read(&[24, 2, 0, 0], b"abcdefgh").text, "abcdefgh");
    }
}
