//! Load commands in isolation: their sizes, strings, platforms, and how often some may stand there.

use super::{FormatFault, MH_DYLIB_IN_CACHE};
use crate::macho::byte_order::ByteOrder;
use crate::macho::header::{Command, Header, LC_ID_DYLIB, LC_SEGMENT, LC_SEGMENT_64, command_bytes};
use crate::macho::{FileType, Platform};

const REQ_DYLD: u32 = 0x8000_0000;
const LC_UNIXTHREAD: u32 = 0x5;
const LC_UUID: u32 = 0x1b;
const LC_LINKER_OPTION: u32 = 0x2d;
const LC_BUILD_VERSION: u32 = 0x32;
const LC_MAIN: u32 = 0x28 | REQ_DYLD;

/// Commands of one fixed size in bytes.
const FIXED_SIZES: [(u32, usize, &str); 18] = [
    (0x2, 24, "LC_SYMTAB"),
    (0xb, 80, "LC_DYSYMTAB"),
    (0x1e, 16, "LC_SEGMENT_SPLIT_INFO"),
    (0x36, 16, "LC_ATOM_INFO"),
    (0x26, 16, "LC_FUNCTION_STARTS"),
    (0x33 | REQ_DYLD, 16, "LC_DYLD_EXPORTS_TRIE"),
    (0x34 | REQ_DYLD, 16, "LC_DYLD_CHAINED_FIXUPS"),
    (0x21, 20, "LC_ENCRYPTION_INFO"),
    (0x2c, 24, "LC_ENCRYPTION_INFO_64"),
    (0x22, 48, "LC_DYLD_INFO_ONLY"),
    (0x22 | REQ_DYLD, 48, "LC_DYLD_INFO_ONLY"),
    (0x24, 16, "LC_VERSION_MIN_*"),
    (0x25, 16, "LC_VERSION_MIN_*"),
    (0x2f, 16, "LC_VERSION_MIN_*"),
    (0x30, 16, "LC_VERSION_MIN_*"),
    (LC_UUID, 24, "LC_UUID"),
    (LC_MAIN, 24, "LC_MAIN"),
    (0x37, 16, "LC_FUNCTION_VARIANTS"),
];
const LC_FUNCTION_VARIANT_FIXUPS: (u32, usize, &str) = (0x38, 16, "LC_FUNCTION_VARIANT_FIXUPS");

/// Commands with an `lc_str` at byte 8: the dylib commands, LC_RPATH, LC_SUB_UMBRELLA, _CLIENT and _LIBRARY.
const WITH_STRING: [u32; 9] =
    [0xc, 0xd, 0x18 | REQ_DYLD, 0x1f | REQ_DYLD, 0x23 | REQ_DYLD, 0x1c | REQ_DYLD, 0x13, 0x14, 0x15];

const LC_FILESET_ENTRY: u32 = 0x35 | REQ_DYLD;

/// `MH_OBJECT`, `MH_EXECUTE`, `MH_PRELOAD`, `MH_DYLIB`, `MH_DYLINKER`, `MH_BUNDLE`, `MH_DYLIB_STUB`, `MH_DSYM`,
/// `MH_KEXT_BUNDLE`, `MH_FILESET`.
const FILE_TYPES: [u32; 10] = [1, 2, 5, 6, 7, 8, 9, 10, 11, 12];

pub(super) fn structure(header: &Header, slice: &[u8]) -> Vec<FormatFault> {
    let file_type = header.file_type;
    let unknown = (!FILE_TYPES.contains(&file_type)).then_some(FormatFault::UnknownFileType(file_type));
    let commands = header.commands.iter().enumerate().filter_map(|(at, command)| {
        let bytes = command_bytes(slice, command).ok()?;
        fault(header.order, at + 1, command, bytes)
    });
    unknown.into_iter().chain(commands).collect()
}

fn fault(order: ByteOrder, index: usize, command: &Command, bytes: &[u8]) -> Option<FormatFault> {
    let (cmd, size) = (command.cmd, bytes.len());
    let fixed = FIXED_SIZES.iter().chain([&LC_FUNCTION_VARIANT_FIXUPS]).find(|(known, ..)| *known == cmd);
    if let Some(&(_, wanted, name)) = fixed {
        return (size != wanted).then_some(FormatFault::CommandSize { index, command: name });
    }
    let count_at = |at| order.u32(bytes, at).ok().map(|count| count as usize);
    let sized = |at, fixed: usize, each: usize| {
        count_at(at).and_then(|count| count.checked_mul(each)?.checked_add(fixed)) == Some(size)
    };
    match cmd {
        LC_BUILD_VERSION => {
            (!sized(20, 24, 8)).then_some(FormatFault::CommandSize { index, command: "LC_BUILD_VERSION" })
        }
        LC_SEGMENT => {
            (!sized(48, 56, 68)).then_some(FormatFault::SectionCount { index, command: "LC_SEGMENT" })
        }
        LC_SEGMENT_64 => {
            (!sized(64, 72, 80)).then_some(FormatFault::SectionCount { index, command: "LC_SEGMENT_64" })
        }
        LC_FILESET_ENTRY => string_fault(index, bytes, order.u32(bytes, 24).unwrap_or(u32::MAX)),
        cmd if WITH_STRING.contains(&cmd) => {
            string_fault(index, bytes, order.u32(bytes, 8).unwrap_or(u32::MAX))
        }
        cmd => (cmd & REQ_DYLD != 0).then_some(FormatFault::UnknownCommand { index, cmd }),
    }
}

fn string_fault(index: usize, bytes: &[u8], offset: u32) -> Option<FormatFault> {
    match bytes.get(offset as usize..).filter(|rest| !rest.is_empty()) {
        None => Some(FormatFault::StringOutside { index, offset, size: bytes.len() }),
        Some(rest) => (!rest.contains(&0)).then_some(FormatFault::StringUnterminated { index }),
    }
}

/// The platforms of the version commands must be one, or macOS with Mac Catalyst (`PlatformAndVersions::zip`).
pub(super) fn platforms(header: &Header, slice: &[u8]) -> Option<FormatFault> {
    let mut seen: Vec<Platform> = Vec::new();
    for command in &header.commands {
        let platform = match command.cmd {
            LC_BUILD_VERSION => header.order.u32(command_bytes(slice, command).ok()?, 8).ok()?,
            0x24 => 1,
            0x25 => 2,
            0x2f => 3,
            0x30 => 4,
            _ => continue,
        };
        let platform = Platform(platform);
        if !platform.is_known() {
            return Some(FormatFault::UnknownPlatform);
        }
        let zips = |one: Platform| {
            let mac = [Platform::MACOS, Platform::MAC_CATALYST];
            one == platform || mac.contains(&one) && mac.contains(&platform)
        };
        match seen.first() {
            Some(&first) if !zips(first) => return Some(FormatFault::IncompatiblePlatforms(first, platform)),
            Some(_) => {}
            None => seen.push(platform),
        }
    }
    None
}

/// Commands that may stand there once.
pub(super) fn repeated(header: &Header) -> Vec<FormatFault> {
    let uuids = (count(header, LC_UUID) > 1).then_some(FormatFault::TooManyUuids);
    let ids = (count(header, LC_ID_DYLIB) > 1).then_some(FormatFault::MultipleIds);
    uuids.into_iter().chain(ids).collect()
}

/// Each option is a string with its end within the command.
pub(super) fn linker_options(header: &Header, slice: &[u8]) -> Option<FormatFault> {
    let broken = |command: &Command| {
        let bytes = command_bytes(slice, command).ok()?;
        let count = header.order.u32(bytes, 8).ok()? as usize;
        let ends = bytes.get(12..)?.iter().filter(|byte| **byte == 0).count();
        (ends < count).then_some(FormatFault::LinkerOption)
    };
    header.commands.iter().filter(|command| command.cmd == LC_LINKER_OPTION).find_map(broken)
}

pub(super) fn entry_point(header: &Header) -> Vec<FormatFault> {
    if FileType::from_number(header.file_type) != FileType::Execute {
        return Vec::new();
    }
    let (mains, threads) = (count(header, LC_MAIN), count(header, LC_UNIXTHREAD));
    let checks = [
        (header.flags & MH_DYLIB_IN_CACHE != 0, FormatFault::InCacheBit),
        (mains > 1, FormatFault::MultipleMains),
        (threads > 1, FormatFault::MultipleThreads),
        (mains > 0 && threads > 0, FormatFault::MainAndThread),
        (mains + threads == 0, FormatFault::NoEntryPoint),
    ];
    checks.into_iter().filter(|(wrong, _)| *wrong).map(|(_, fault)| fault).collect()
}

fn count(header: &Header, cmd: u32) -> usize {
    header.commands.iter().filter(|command| command.cmd == cmd).count()
}

#[cfg(test)]
mod tests {
    use super::super::faults;
    use crate::macho::Arch;
    use crate::macho::read::read_slice;
    use crate::macho::sample::Sample;

    /// What is objected to when one more command stands at the end.
    fn with(file_type: u32, extra: &[(u32, Vec<u32>)]) -> Vec<String> {
        let sample = Sample { extra: extra.to_vec(), ..Sample::plain(Arch::ARM64, file_type) };
        faults(&read_slice(&sample.build()).unwrap()).iter().map(|fault| fault.to_string()).collect()
    }

    #[test]
    fn sizes_strings_and_unknown_commands() {
        // A plain library has six commands.
        for (command, said) in [
            ((0x26, vec![0]), "load command #7 LC_FUNCTION_STARTS size wrong"),
            ((0x32, vec![1, 0, 0, 1]), "load command #7 LC_BUILD_VERSION size wrong"),
            ((0x14, vec![12, 0x4141_4141]), "load command #7 string extends beyond end of load command"),
            ((0x14, vec![99, 0]), "load command #7 string offset (99) outside its size (16)"),
            ((0x8000_0099, vec![0, 0]), "load command #7 unknown required load command 0x80000099"),
            ((0x32, vec![99, 0, 0, 0]), "unknown platform"),
            ((0x32, vec![2, 0, 0, 0]), "incompatible platforms: macOS - iOS"),
            ((0x1b, vec![0, 0, 0, 0]), "too many LC_UUID load commands"),
            ((0x2d, vec![2, 0x0041_4141]), "malformed LC_LINKER_OPTION command"),
        ] {
            assert_eq!(with(6, &[command]), [said]);
        }
        assert_eq!(with(6, &[(0x32, vec![6, 0, 0, 0])]), [] as [&str; 0], "zippered");
        assert_eq!(with(6, &[(0x99, vec![0, 0])]), [] as [&str; 0], "unknown but not required");
    }

    #[test]
    fn an_executable_starts_at_one_place() {
        let main = (0x8000_0028, vec![0, 0, 0, 0]);
        assert_eq!(with(2, std::slice::from_ref(&main)), ["multiple LC_MAIN load commands"]);
        assert_eq!(with(2, &[(5, vec![0, 0])]), ["can't have LC_MAIN and LC_UNIXTHREAD load commands"]);
        assert_eq!(with(6, &[main]), [] as [&str; 0], "a library's are not looked at");
    }
}
