//! What dyld's validation objects to in a slice, in its order and in its words (dyld-1378, `mach_o/UnsafeHeader.cpp`,
//! `valid`). Which SDK and which macOS an objection takes is `dyld::format`'s to say.
//!
//! The alignment of LINKEDIT contents and of the signature, and two encodings of fixups, are not here: dyld's source
//! checks them in `Image::validate`, which only the static linker and `dyld_info` call.

mod commands;
mod segments;

use std::collections::BTreeSet;
use std::fmt;

pub use segments::SegmentFault;

use super::header::Header;
use super::{Arch, BuildVersion, FileType, LoadKind, PackedVersion, Platform, Slice};

/// One objection. Numbers of load commands count from 1.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum FormatFault {
    UnknownFileType(u32),
    /// The command's size is not that of its structure.
    CommandSize {
        index: usize,
        command: &'static str,
    },
    SectionCount {
        index: usize,
        command: &'static str,
    },
    StringOutside {
        index: usize,
        offset: u32,
        size: usize,
    },
    StringUnterminated {
        index: usize,
    },
    /// A command with LC_REQ_DYLD that dyld does not know.
    UnknownCommand {
        index: usize,
        cmd: u32,
    },
    UnknownPlatform,
    IncompatiblePlatforms(Platform, Platform),
    TooManyUuids,
    MissingUuid,
    MultipleIds,
    MissingId,
    IdInNonDylib,
    DuplicateDylib(String),
    NoDylib,
    DuplicateRpath(String),
    Segment(SegmentFault),
    LinkerOption,
    InCacheBit,
    MultipleMains,
    MultipleThreads,
    MainAndThread,
    NoEntryPoint,
}

/// Bits of the Mach-O header's `flags`.
pub(super) const MH_DYLDLINK: u32 = 0x4;
pub(super) const MH_PIE: u32 = 0x20_0000;
pub(super) const MH_DYLIB_IN_CACHE: u32 = 0x8000_0000;

/// What no edit of names changes: everything but UUIDs that lack, ids, dylibs and rpaths.
/// `slice` holds at least the load commands of a slice of `size` bytes.
pub(super) fn read(header: &Header, slice: &[u8], size: u64) -> Vec<FormatFault> {
    let mut faults = commands::structure(header, slice);
    faults.extend(commands::platforms(header, slice));
    faults.extend(commands::repeated(header));
    faults.extend(segments::segments(header, slice, size).into_iter().map(FormatFault::Segment));
    faults.extend(commands::linker_options(header, slice));
    faults.extend(commands::entry_point(header));
    faults
}

/// Every objection to `slice`, in the order in which dyld looks; which of them counts depends on SDK and macOS.
pub fn faults(slice: &Slice) -> Vec<FormatFault> {
    let mut faults = slice.format_faults.clone();
    if slice.uuid.is_none() {
        faults.push(FormatFault::MissingUuid);
    }
    match (slice.file_type, &slice.install_name) {
        (FileType::Dylib | FileType::DylibStub, None) => faults.push(FormatFault::MissingId),
        (FileType::Dylib | FileType::DylibStub, Some(_)) | (_, None) => {}
        (_, Some(_)) => faults.push(FormatFault::IdInNonDylib),
    }
    faults.extend(linked_dylibs(slice));
    let rpaths = slice.rpaths.iter().map(|rpath| rpath.as_str());
    faults.extend(first_repeated(rpaths.take(MOST_RPATHS)).map(FormatFault::DuplicateRpath));
    faults.sort_by_key(FormatFault::stage);
    faults
}

/// How many names dyld remembers in its search for duplicates.
const MOST_DYLIBS: usize = 256;
const MOST_RPATHS: usize = 64;

fn linked_dylibs(slice: &Slice) -> Option<FormatFault> {
    let names = || slice.uses.iter().filter(|one| one.kind != LoadKind::Lazy).map(|one| one.name.as_str());
    if let Some(name) = first_repeated(names().take(MOST_DYLIBS)) {
        return Some(FormatFault::DuplicateDylib(name));
    }
    let part_of_libsystem =
        slice.install_name.as_ref().is_some_and(|id| id.as_str().starts_with("/usr/lib/system/"));
    let none = names().next().is_none() && !part_of_libsystem;
    (none && is_dyld_managed(slice.file_type, slice.flags)).then_some(FormatFault::NoDylib)
}

fn first_repeated<'a>(mut names: impl Iterator<Item = &'a str>) -> Option<String> {
    let mut seen = BTreeSet::new();
    names.find(|name| !seen.insert(*name)).map(str::to_owned)
}

pub(super) fn is_dyld_managed(file_type: FileType, flags: u32) -> bool {
    match file_type {
        FileType::Dylib | FileType::Bundle => true,
        FileType::Execute => flags & MH_DYLDLINK != 0,
        _ => false,
    }
}

/// What dyld takes a slice to be built for (`platformAndVersions`): the last version command of its platform, macOS
/// where it is zippered, and a guess where there is none. A first form of LC_VERSION_MIN_MACOSX had no SDK.
pub fn effective_build(slice: &Slice) -> Option<BuildVersion> {
    let of = |build: BuildVersion, is_minimum: bool| {
        let no_sdk = is_minimum && build.platform == Platform::MACOS && build.sdk == PackedVersion::default();
        BuildVersion { sdk: if no_sdk { build.min_os } else { build.sdk }, ..build }
    };
    let mut effective: Option<BuildVersion> = None;
    for command in &slice.version_commands {
        let build = of(command.build, command.is_minimum);
        if effective.is_none_or(|known| known.platform == build.platform || build.platform == Platform::MACOS)
        {
            effective = Some(build);
        }
    }
    effective.or_else(|| {
        let guessed = match slice.arch.cpu_type {
            cpu if cpu == Arch::ARM64.cpu_type => PackedVersion::new(11, 0, 0),
            cpu if cpu == Arch::X86_64.cpu_type || cpu == CPU_I386 => PackedVersion::new(10, 5, 0),
            _ => return None,
        };
        Some(BuildVersion { platform: Platform::MACOS, min_os: guessed, sdk: guessed })
    })
}

const CPU_I386: u32 = 7;

impl FormatFault {
    /// The step of `valid` that finds it.
    fn stage(&self) -> u8 {
        use FormatFault as F;
        match self {
            F::UnknownFileType(_)
            | F::CommandSize { .. }
            | F::SectionCount { .. }
            | F::StringOutside { .. }
            | F::StringUnterminated { .. }
            | F::UnknownCommand { .. } => 0,
            F::UnknownPlatform | F::IncompatiblePlatforms(..) => 1,
            F::TooManyUuids | F::MissingUuid => 2,
            F::MultipleIds | F::MissingId | F::IdInNonDylib => 3,
            F::DuplicateDylib(_) | F::NoDylib => 4,
            F::DuplicateRpath(_) => 5,
            F::LinkerOption => 7,
            F::InCacheBit | F::MultipleMains | F::MultipleThreads | F::MainAndThread | F::NoEntryPoint => 8,
            F::Segment(_) => 6,
        }
    }
}

/// dyld's words.
impl fmt::Display for FormatFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use FormatFault as F;
        match self {
            F::UnknownFileType(number) => write!(f, "unknown filetype {number}"),
            F::CommandSize { index, command } => write!(f, "load command #{index} {command} size wrong"),
            F::SectionCount { index, command } => {
                write!(f, "load command #{index} {command} size does not match number of sections")
            }
            F::StringOutside { index, offset, size } => {
                write!(f, "load command #{index} string offset ({offset}) outside its size ({size})")
            }
            F::StringUnterminated { index } => {
                write!(f, "load command #{index} string extends beyond end of load command")
            }
            F::UnknownCommand { index, cmd } => {
                write!(f, "load command #{index} unknown required load command 0x{cmd:08X}")
            }
            F::UnknownPlatform => f.write_str("unknown platform"),
            F::IncompatiblePlatforms(one, other) => {
                write!(f, "incompatible platforms: {} - {}", one.dyld_name(), other.dyld_name())
            }
            F::TooManyUuids => f.write_str("too many LC_UUID load commands"),
            F::MissingUuid => f.write_str("missing LC_UUID load command"),
            F::MultipleIds => f.write_str("multiple LC_ID_DYLIB found"),
            F::MissingId => f.write_str("MH_DYLIB is missing LC_ID_DYLIB"),
            F::IdInNonDylib => f.write_str("found LC_ID_DYLIB found in non-MH_DYLIB"),
            F::DuplicateDylib(name) => write!(f, "duplicate linked dylib '{name}'"),
            F::NoDylib => f.write_str("missing LC_LOAD_DYLIB (must link with at least libSystem.dylib)"),
            F::DuplicateRpath(rpath) => write!(f, "duplicate LC_RPATH '{rpath}'"),
            F::LinkerOption => f.write_str("malformed LC_LINKER_OPTION command"),
            F::InCacheBit => f.write_str("MH_EXECUTE has MH_DYLIB_IN_CACHE bit set"),
            F::MultipleMains => f.write_str("multiple LC_MAIN load commands"),
            F::MultipleThreads => f.write_str("multiple LC_UNIXTHREAD load commands"),
            F::MainAndThread => f.write_str("can't have LC_MAIN and LC_UNIXTHREAD load commands"),
            F::NoEntryPoint => f.write_str("missing LC_MAIN or LC_UNIXTHREAD in main executable"),
            F::Segment(fault) => fault.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::read::read_slice;
    use super::super::sample::Sample;
    use super::*;
    use crate::macho::VersionCommand;

    fn texts(sample: Sample) -> Vec<String> {
        faults(&read_slice(&sample.build()).unwrap()).iter().map(FormatFault::to_string).collect()
    }

    #[test]
    fn names_and_uuids_are_looked_at_in_dylds_order() {
        let twice =
            |name: &str| vec![(LoadKind::Required, name.to_owned()), (LoadKind::Weak, name.to_owned())];
        let sample = Sample {
            uses: twice("@rpath/libx.dylib"),
            rpaths: vec!["@loader_path".into(), "/opt/x".into(), "@loader_path".into()],
            ..Sample::new(Arch::ARM64)
        };
        assert_eq!(
            texts(sample),
            [
                "missing LC_UUID load command",
                "MH_DYLIB is missing LC_ID_DYLIB",
                "duplicate linked dylib '@rpath/libx.dylib'",
                "duplicate LC_RPATH '@loader_path'",
            ]
        );
    }

    #[test]
    fn a_plain_library_and_a_plain_executable_have_no_fault() {
        let library = Sample::plain(Arch::ARM64, 6);
        assert_eq!(texts(library.clone()), [] as [&str; 0]);
        assert_eq!(texts(Sample::plain(Arch::X86_64, 2)), [] as [&str; 0]);
        let bundle_with_id = Sample { file_type: 8, ..library.clone() };
        assert_eq!(texts(bundle_with_id), ["found LC_ID_DYLIB found in non-MH_DYLIB"]);
        let alone = Sample { uses: vec![(LoadKind::Lazy, "/usr/lib/libz.dylib".into())], ..library };
        assert_eq!(texts(alone), ["missing LC_LOAD_DYLIB (must link with at least libSystem.dylib)"]);
    }

    #[test]
    fn the_old_version_command_without_an_sdk_means_its_minimum() {
        let build = |platform, min_os, sdk| {
            let version = |major| PackedVersion::new(major, 0, 0);
            BuildVersion { platform: Platform(platform), min_os: version(min_os), sdk: version(sdk) }
        };
        let of = |commands: &[(bool, BuildVersion)]| {
            let mut slice = read_slice(&Sample::new(Arch::ARM64).build()).unwrap();
            slice.version_commands =
                commands.iter().map(|&(is_minimum, build)| VersionCommand { is_minimum, build }).collect();
            effective_build(&slice).unwrap()
        };
        assert_eq!(of(&[(true, build(1, 12, 0))]).sdk, PackedVersion::new(12, 0, 0));
        assert_eq!(of(&[(false, build(1, 12, 0))]).sdk, PackedVersion::default());
        assert_eq!(
            of(&[(false, build(6, 14, 14)), (false, build(1, 11, 15))]).sdk,
            PackedVersion::new(15, 0, 0)
        );
        assert_eq!(of(&[]).sdk, PackedVersion::new(11, 0, 0));
    }
}
