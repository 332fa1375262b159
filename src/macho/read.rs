//! Bytes → [`MachFile`]. The only file that knows goblin, which decodes one load command at a time: its reader of
//! whole files gives up on the odd ones and trusts some fields of the hostile ones.

use std::fmt::Write;

use goblin::container::Endian;
use goblin::mach::load_command::{
    CommandVariant, LC_BUILD_VERSION, LC_DYLD_CHAINED_FIXUPS, LC_DYLD_ENVIRONMENT, LC_UUID,
    LC_VERSION_MIN_IPHONEOS, LC_VERSION_MIN_MACOSX, LC_VERSION_MIN_TVOS, LC_VERSION_MIN_WATCHOS, LoadCommand,
};

use super::byte_order::ByteOrder;
use super::header::{Header, command_bytes};
use super::name_command::{NameCommand, NameKind};
use super::{
    BuildVersion, Container, DylibUse, FileType, InstallName, MachFile, PackedVersion, Parts, Platform,
    ReadError, Rpath, Signature, Slice, VersionCommand, fat, format,
};

/// The commands without a name that [`Slice`] has a field for.
const VALUE_COMMANDS: [u32; 6] = [
    LC_UUID,
    LC_BUILD_VERSION,
    LC_VERSION_MIN_MACOSX,
    LC_VERSION_MIN_IPHONEOS,
    LC_VERSION_MIN_TVOS,
    LC_VERSION_MIN_WATCHOS,
];

/// Whether `start` (at least the first 8 bytes of a file) begins a thin or universal Mach-O file.
/// Given the whole file, a universal static library is told apart, which is no code and so no Mach-O file here.
pub fn is_macho(start: &[u8]) -> bool {
    is_macho_file(&start)
}

/// [`is_macho`] of a whole file.
pub fn is_macho_file(file: &dyn Parts) -> bool {
    let thin_or_fat = file.part(0, 8).is_ok_and(|start| fat::container(&start).is_some());
    thin_or_fat && !fat::holds_archive(file)
}

/// Reads every slice.
///
/// # Errors
/// [`ReadError`] when the bytes are not Mach-O or are cut off; never panics.
pub fn read(bytes: &[u8]) -> Result<MachFile, ReadError> {
    read_file(&bytes)
}

/// [`read`] of a file in parts: of each slice the load commands and the signature are read, nothing else.
///
/// # Errors
/// As [`read`], and when a part cannot be read.
pub fn read_file(file: &dyn Parts) -> Result<MachFile, ReadError> {
    let places = fat::slices_of(file)?;
    let container = fat::container(&file.part(0, 8)?).unwrap_or(Container::Thin);
    let slices = places.into_iter().map(|(_, range)| read_range(file, range)).collect::<Result<_, _>>()?;
    Ok(MachFile { container, slices })
}

/// Reads the one slice that `bytes` is, as if it stood at the start of its file.
pub(super) fn read_slice(bytes: &[u8]) -> Result<Slice, ReadError> {
    read_range(&bytes, 0..bytes.len())
}

/// Most load commands fit into this many bytes.
const USUAL_COMMANDS: u64 = 4096;

fn read_range(file: &dyn Parts, range: std::ops::Range<usize>) -> Result<Slice, ReadError> {
    let (offset, size) = (range.start as u64, range.len() as u64);
    let mut bytes = file.part(offset, size.min(USUAL_COMMANDS))?;
    let end = Header::end(&bytes).unwrap_or(0);
    if end > bytes.len() as u64 {
        bytes = file.part(offset, size.min(end))?;
    }
    let bytes: &[u8] = &bytes;
    let header = Header::parse(bytes)?;
    let mut slice = Slice {
        arch: header.arch,
        offset,
        size,
        file_type: FileType::from_number(header.file_type),
        flags: header.flags,
        install_name: None,
        compatibility: None,
        uses: Vec::new(),
        rpaths: Vec::new(),
        build: None,
        version_commands: Vec::new(),
        uuid: None,
        header_room: 0,
        restricted: header.section("__RESTRICT", "__restrict").is_some(),
        chained_fixups: header.find(LC_DYLD_CHAINED_FIXUPS).is_some(),
        dyld_environment: Vec::new(),
        format_faults: format::read(&header, bytes, size),
        signature: Signature::NONE,
    };
    let mut least_end = header.size();
    for command in &header.commands {
        let raw = command_bytes(bytes, command)?;
        let name = NameCommand::parse(header.order, header.command_alignment(), raw)?;
        least_end += name.as_ref().map_or(raw.len(), |name| name.least_size(header.command_alignment()));
        if let Some(name) = name {
            add_name(&mut slice, name, &decode(raw, header.order)?);
        } else if VALUE_COMMANDS.contains(&command.cmd) {
            add_value(&mut slice, &decode(raw, header.order)?);
        } else if command.cmd == LC_DYLD_ENVIRONMENT {
            slice.dyld_environment.extend(environment(raw, header.order));
        }
    }
    slice.signature = signature(&header, bytes, file, offset..offset + size);
    slice.header_room = header.low_fileoff().map_or(0, |low| low.saturating_sub(least_end as u64));
    Ok(slice)
}

/// In bytes, beside a sixteenth of the slice: two digests of each page take less than a fiftieth.
const LONGEST_SIGNATURE: u64 = 1 << 20;

/// `commands` are the first bytes of the slice that stands at `slice` in the file.
fn signature(header: &Header, commands: &[u8], file: &dyn Parts, slice: std::ops::Range<u64>) -> Signature {
    let (start, length) = match header.code_signature(commands) {
        Ok(None) => return Signature::NONE,
        Ok(Some(data)) => (slice.start + u64::from(data.dataoff), u64::from(data.datasize)),
        Err(_) => return Signature::UNREADABLE,
    };
    let most = LONGEST_SIGNATURE + (slice.end - slice.start) / 16;
    let blob = (start + length <= slice.end && length <= most).then(|| file.part(start, length));
    match blob {
        Some(Ok(blob)) if blob.len() as u64 == length => Signature::parse(&blob),
        _ => Signature::UNREADABLE,
    }
}

fn decode(raw: &[u8], order: ByteOrder) -> Result<CommandVariant, ReadError> {
    let endian = if order == ByteOrder::Little { Endian::Little } else { Endian::Big };
    let decoded = LoadCommand::parse(raw, &mut 0, endian);
    decoded
        .map(|parsed| parsed.command)
        .map_err(|_| ReadError("has a load command that is too short".to_owned()))
}

/// The first LC_ID_DYLIB is the one that dyld takes.
fn add_name(slice: &mut Slice, name: NameCommand, decoded: &CommandVariant) {
    match name.kind {
        NameKind::Rpath => slice.rpaths.push(Rpath::new(name.text)),
        NameKind::Id if slice.install_name.is_some() => {}
        NameKind::Id => {
            slice.install_name = Some(InstallName::new(name.text));
            if let CommandVariant::IdDylib(it) = decoded {
                slice.compatibility = Some(PackedVersion(it.dylib.compatibility_version));
            }
        }
        NameKind::Use => slice.uses.push(dylib_use(name, decoded)),
    }
}

fn dylib_use(name: NameCommand, decoded: &CommandVariant) -> DylibUse {
    use CommandVariant::{LazyLoadDylib, LoadDylib, LoadUpwardDylib, LoadWeakDylib, ReexportDylib};
    let (current, compatibility) = match decoded {
        LoadDylib(it) | LoadWeakDylib(it) | ReexportDylib(it) | LoadUpwardDylib(it) | LazyLoadDylib(it) => {
            (it.dylib.current_version, it.dylib.compatibility_version)
        }
        _ => (0, 0),
    };
    DylibUse {
        kind: name.load_kind(),
        compatibility: PackedVersion(compatibility),
        current: PackedVersion(current),
        use_flags: name.use_flags.unwrap_or(0),
        name: InstallName::new(name.text),
    }
}

fn add_value(slice: &mut Slice, decoded: &CommandVariant) {
    use CommandVariant::{
        BuildVersion as Build, Uuid, VersionMinIphoneos, VersionMinMacosx, VersionMinTvos, VersionMinWatchos,
    };
    match decoded {
        Uuid(it) if slice.uuid.is_none() => slice.uuid = Some(uuid_text(&it.uuid)),
        Build(it) => add_build(slice, false, [it.platform, it.minos, it.sdk]),
        VersionMinMacosx(it) => add_build(slice, true, [1, it.version, it.sdk]),
        VersionMinIphoneos(it) => add_build(slice, true, [2, it.version, it.sdk]),
        VersionMinTvos(it) => add_build(slice, true, [3, it.version, it.sdk]),
        VersionMinWatchos(it) => add_build(slice, true, [4, it.version, it.sdk]),
        _ => {}
    }
}

/// A zippered library names macOS and Mac Catalyst; we are after macOS.
fn add_build(slice: &mut Slice, is_minimum: bool, [platform, min_os, sdk]: [u32; 3]) {
    let platform = Platform(platform);
    let build = BuildVersion { platform, min_os: PackedVersion(min_os), sdk: PackedVersion(sdk) };
    slice.version_commands.push(VersionCommand { is_minimum, build });
    let macos_at_last = |known: BuildVersion| platform == Platform::MACOS && known.platform != platform;
    if slice.build.is_none_or(macos_at_last) {
        slice.build = Some(build);
    }
}

/// The text of an LC_DYLD_ENVIRONMENT: a `dylinker_command`, whose `lc_str` stands at byte 8.
fn environment(raw: &[u8], order: ByteOrder) -> Option<String> {
    let text = raw.get(order.u32(raw, 8).ok()? as usize..)?;
    let length = text.iter().position(|&byte| byte == 0).unwrap_or(text.len());
    Some(String::from_utf8_lossy(&text[..length]).into_owned())
}

fn uuid_text(uuid: &[u8; 16]) -> String {
    let mut text = String::with_capacity(36);
    for (index, byte) in uuid.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02X}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::sample::{Sample, signature};
    use super::*;
    use crate::macho::{Arch, LoadKind};

    fn everything(arch: Arch, order: ByteOrder) -> Sample {
        let kinds = [
            (LoadKind::Required, "/usr/lib/libSystem.B.dylib"),
            (LoadKind::Weak, "@rpath/libweak.dylib"),
            (LoadKind::Reexport, "@rpath/libagain.dylib"),
            (LoadKind::Upward, "@rpath/libup.dylib"),
            (LoadKind::Lazy, "@rpath/liblazy.dylib"),
            (LoadKind::Delayed, "@rpath/liblate.dylib"),
        ];
        Sample {
            order,
            install_name: Some("@rpath/libme.dylib".into()),
            uses: kinds.map(|(kind, name)| (kind, name.into())).into(),
            rpaths: vec!["@loader_path".into(), "/opt/x".into(), "@loader_path".into()],
            uuid: Some([0xab; 16]),
            builds: vec![(6, 0x000e_0000, 0x000e_0000), (1, 0x000b_0000, 0x000e_0201)],
            signature: Some(signature("me", 0x20002)),
            room: 100,
            ..Sample::new(arch)
        }
    }

    #[test]
    fn every_field_is_read_in_both_widths_and_byte_orders() {
        let ppc = Arch { cpu_type: 18, cpu_subtype: 0 };
        let ppc64 = Arch { cpu_type: 0x0100_0012, cpu_subtype: 0 };
        let i386 = Arch { cpu_type: 7, cpu_subtype: 3 };
        for (arch, order) in [
            (Arch::ARM64, ByteOrder::Little),
            (i386, ByteOrder::Little),
            (ppc, ByteOrder::Big),
            (ppc64, ByteOrder::Big),
        ] {
            let sample = everything(arch, order);
            let bytes = sample.build();
            let file = read(&bytes).unwrap();
            assert_eq!(file.container, Container::Thin);
            let [slice] = &file.slices[..] else { panic!("one slice") };
            assert_eq!((slice.arch, slice.offset, slice.size), (arch, 0, bytes.len() as u64));
            assert_eq!(slice.file_type, FileType::Dylib);
            assert_eq!(slice.install_name.as_ref().unwrap().as_str(), "@rpath/libme.dylib");
            let uses: Vec<_> = slice.uses.iter().map(|it| (it.kind, it.name.as_str().to_owned())).collect();
            assert_eq!(uses, sample.uses);
            assert!(slice.uses.iter().all(|it| it.current == PackedVersion::new(1, 2, 3)));
            assert!(slice.uses.iter().all(|it| it.compatibility == PackedVersion::new(1, 0, 0)));
            assert_eq!(slice.uses.iter().map(|it| it.use_flags).collect::<Vec<_>>(), [0, 0, 0, 0, 0, 8]);
            assert_eq!(slice.rpaths.iter().map(Rpath::as_str).collect::<Vec<_>>(), sample.rpaths);
            assert_eq!(slice.uuid.as_deref(), Some("ABABABAB-ABAB-ABAB-ABAB-ABABABABABAB"));
            let build = slice.build.unwrap();
            assert_eq!((build.platform, build.min_os.to_string()), (Platform::MACOS, "11.0".to_owned()));
            assert_eq!(build.sdk, PackedVersion::new(14, 2, 1));
            assert_eq!(slice.header_room, 100);
            assert_eq!(slice.signature.state, crate::macho::SignatureState::Linker);
            assert_eq!(slice.signature.identifier.as_deref(), Some("me"));
        }
    }

    #[test]
    fn a_universal_file_has_a_slice_for_each_architecture() {
        let pieces = [Arch::X86_64, Arch::ARM64].map(|arch| everything(arch, ByteOrder::Little).build());
        for container in [Container::Fat, Container::Fat64] {
            let bytes = fat::assemble_fat(container, &pieces).unwrap();
            assert!(is_macho(&bytes));
            let file = read(&bytes).unwrap();
            assert_eq!(file.container, container);
            assert_eq!(file.archs().collect::<Vec<_>>(), [Arch::X86_64, Arch::ARM64]);
            assert_eq!(file.slices.iter().map(|slice| slice.offset).collect::<Vec<_>>(), [0x4000, 0x8000]);
        }
    }

    #[test]
    fn padding_of_name_commands_counts_as_room() {
        let plain = Sample { room: 64, ..everything(Arch::ARM64, ByteOrder::Little) };
        let padded = Sample { name_padding: 16, ..plain.clone() };
        let names = 1 + plain.uses.len() as u64 + plain.rpaths.len() as u64;
        assert_eq!(read(&plain.build()).unwrap().slices[0].header_room, 64);
        assert_eq!(read(&padded.build()).unwrap().slices[0].header_room, 64 + 16 * names);
    }

    #[test]
    fn what_is_not_macho_is_told_apart() {
        let class_file = [0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 0x34, 0, 1];
        for other in [&b"!<arch>\n#1/20   "[..], &class_file, b"#!/bin/sh\n", b"", &[0xca, 0xfe, 0xba, 0xbe]]
        {
            assert!(!is_macho(other));
            assert_eq!(read(other), Err(ReadError("is not a Mach-O file".into())));
        }
    }

    #[test]
    fn a_universal_static_library_is_no_macho_file() {
        let mut bytes = fat::assemble_fat(Container::Fat, &[Sample::new(Arch::ARM64).build()]).unwrap();
        bytes[0x4000..0x4008].copy_from_slice(b"!<arch>\n");
        assert!(is_macho(&bytes[..8]), "the first bytes alone cannot tell");
        assert!(!is_macho(&bytes));
        assert!(read(&bytes).unwrap_err().0.contains("static archive"));
    }

    #[test]
    fn a_signature_that_points_nowhere_is_unreadable() {
        let mut bytes = everything(Arch::ARM64, ByteOrder::Little).build();
        bytes.truncate(bytes.len() - 8);
        assert_eq!(read(&bytes).unwrap().slices[0].signature, Signature::UNREADABLE);
    }
}
