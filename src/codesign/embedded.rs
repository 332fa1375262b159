//! The signature inside a Mach-O slice: what an old one says, and how a new one is laid out
//! (Security, `codesign_alloc.cpp` and `cdbuilder.cpp`; cctools, `codesign_allocate`).

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::blob::*;
use super::code_directory::{CS_LINKER_SIGNED, Cdhash, CodeDirectory, ExecSegment, NewDirectory};
use super::digest::HashType;
use super::entitlements::Entitlements;
use super::pages::{Code, KnownPages};
use super::signer::{self, Signer};
use super::verified::Witness;
use crate::macho::header::{Header, LC_CODE_SIGNATURE, LC_SEGMENT_64, NCMDS_AT, SIZEOFCMDS_AT};
use crate::macho::{Arch, Container, ReadError, Segment, fat};

const MH_EXECUTE: u32 = 2;
const LC_VERSION_MIN_MACOSX: u32 = 0x24;
const LC_VERSION_MIN_IPHONEOS: u32 = 0x25;
const LC_BUILD_VERSION: u32 = 0x32;
const PLATFORM_MACOS: u32 = 1;
const PLATFORM_IOS: u32 = 2;
/// `__LINKEDIT` is rounded up to this in memory, whatever the CPU.
const SEGMENT_ALIGNMENT: u64 = 0x4000;
const CS_EXECSEG_MAIN_BINARY: u64 = 1;
/// Bytes of LC_CODE_SIGNATURE.
const COMMAND_SIZE: usize = 16;

/// Why a file cannot be signed: what is wrong with it, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub what: String,
    pub next: String,
}

impl Refusal {
    pub fn new(what: impl Into<String>, next: impl Into<String>) -> Refusal {
        Refusal { what: what.into(), next: next.into() }
    }
}

impl From<ReadError> for Refusal {
    fn from(error: ReadError) -> Self {
        Refusal::new(error.0, "link or download the file again")
    }
}

/// Whether files of this `filetype` carry signatures: MH_EXECUTE, MH_DYLIB, MH_DYLINKER, MH_BUNDLE,
/// MH_KEXT_BUNDLE. Object files, archives and debug symbols are resources (`MachORep::candidate`).
pub(super) fn is_code(file_type: u32) -> bool {
    matches!(file_type, 2 | 6 | 7 | 8 | 11)
}

/// What a slice's present signature says that a new one may inherit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct OldSignature {
    pub identifier: String,
    pub flags: u32,
    pub page_log2: u8,
    pub runtime: u32,
    /// The XML of slot 5.
    pub entitlements: Option<Vec<u8>>,
}

impl OldSignature {
    /// `None` when there is none or it cannot be read, and for the linker's, which hands nothing down.
    pub fn read(slice: &[u8], header: &Header) -> Option<OldSignature> {
        let super_blob = SuperBlob::parse(signature_bytes(slice, header)?).ok()?;
        let directory = CodeDirectory::parse(super_blob.get(SLOT_CODE_DIRECTORY)?).ok()?;
        (directory.flags & CS_LINKER_SIGNED == 0).then(|| OldSignature {
            identifier: directory.identifier.to_owned(),
            flags: directory.flags,
            page_log2: directory.page_log2,
            runtime: directory.runtime,
            entitlements: super_blob.contents(SLOT_ENTITLEMENTS).map(<[u8]>::to_vec),
        })
    }
}

/// The bytes that LC_CODE_SIGNATURE points at.
pub(super) fn signature_bytes<'a>(slice: &'a [u8], header: &Header) -> Option<&'a [u8]> {
    let place = header.code_signature(slice).ok()??;
    let start = place.dataoff as usize;
    slice.get(start..start.checked_add(place.datasize as usize)?)
}

/// The entitlements of a file's executable slices as XML. The first slice that has some decides for all.
pub(super) fn old_entitlements(bytes: &[u8]) -> Option<Vec<u8>> {
    let slices = fat::slices(bytes).unwrap_or_default();
    slices.into_iter().find_map(|(_, range)| {
        let slice = bytes.get(range)?;
        let header = Header::parse(slice).ok().filter(|header| header.file_type == MH_EXECUTE)?;
        OldSignature::read(slice, &header)?.entitlements
    })
}

/// The code directories' hashes of each signed slice, strongest last.
pub(super) fn cdhashes(bytes: &[u8]) -> Vec<(Arch, Vec<Cdhash>)> {
    let slices = fat::slices(bytes).unwrap_or_default();
    let of_slice = |slice: &[u8]| {
        let header = Header::parse(slice).ok()?;
        directory_hashes(&SuperBlob::parse(signature_bytes(slice, &header)?).ok()?)
    };
    slices.into_iter().filter_map(|(arch, range)| Some((arch, of_slice(bytes.get(range)?)?))).collect()
}

/// The designated requirement that every slice carries, if each is signed with an identity and carries what `signer` gives it.
pub(super) fn requirement_text(bytes: &[u8], signer: &Signer) -> Option<String> {
    let of_slice = |slice: &[u8]| {
        let header = Header::parse(slice).ok()?;
        let super_blob =
            SuperBlob::parse(signature_bytes(slice, &header)?).ok().filter(SuperBlob::has_cms)?;
        let directory = CodeDirectory::parse(super_blob.get(SLOT_CODE_DIRECTORY)?).ok()?;
        signer.requirement_text(directory.identifier, super_blob.get(SLOT_REQUIREMENTS)?)
    };
    let slices = fat::slices(bytes).ok()?;
    let texts: Option<Vec<String>> =
        slices.into_iter().map(|(_, range)| of_slice(bytes.get(range)?)).collect();
    let mut texts = texts?;
    texts.dedup();
    texts.pop().filter(|_| texts.is_empty())
}

/// `None` when there is no code directory that can be read.
pub(super) fn directory_hashes(super_blob: &SuperBlob) -> Option<Vec<Cdhash>> {
    let mut directories: Vec<CodeDirectory> = super_blob
        .blobs
        .iter()
        .filter(|(slot, _)| is_directory_slot(*slot))
        .filter_map(|(_, blob)| CodeDirectory::parse(blob).ok())
        .collect();
    directories.sort_by_key(|directory| directory.hash_type);
    (!directories.is_empty()).then(|| directories.iter().map(CodeDirectory::cdhash).collect())
}

pub(super) fn is_directory_slot(slot: u32) -> bool {
    slot == SLOT_CODE_DIRECTORY || (SLOT_ALTERNATE_DIRECTORY..SLOT_ALTERNATE_DIRECTORY_END).contains(&slot)
}

/// What the new signature of a file says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Signing<'a> {
    pub identifier: &'a str,
    pub flags: u32,
    /// What its executable slices may do.
    pub entitlements: Option<&'a Entitlements>,
    /// Ad hoc without one.
    pub signer: Option<&'a Signer>,
    /// The bundle whose main executable this is.
    pub bundle: Option<SealedWith<'a>>,
}

/// The files of a bundle that its main executable is signed with.
#[derive(Debug, Clone, Copy)]
pub(super) struct SealedWith<'a> {
    pub info_plist: Option<&'a [u8]>,
    pub code_resources: &'a [u8],
}

/// A file with new signatures.
pub(super) struct SignedFile<'a> {
    /// Its bytes, in order.
    pub pieces: Vec<Cow<'a, [u8]>>,
    /// The signature of each slice, once more.
    pub signatures: Vec<(Arch, Vec<u8>)>,
}

/// [`sign_pieces`] with nothing known, as one.
#[cfg(test)]
pub(super) fn sign_file(bytes: &[u8], signing: &Signing) -> Result<Vec<u8>, Refusal> {
    sign_pieces(bytes, signing, None).map(|signed| signed.pieces.concat())
}

/// The whole file signed anew in every slice, in pieces of which those that stay are not copied. `witness` knows pages
/// of it.
///
/// # Errors
/// [`Refusal`] when it is not code, or has no room for a signature.
pub(super) fn sign_pieces<'a>(
    bytes: &'a [u8],
    signing: &Signing,
    witness: Option<&Witness>,
) -> Result<SignedFile<'a>, Refusal> {
    let slices = fat::slices(bytes)?;
    let parts: Vec<&[u8]> = slices.iter().filter_map(|(_, range)| bytes.get(range.clone())).collect();
    let headers: Vec<Header> = parts.iter().map(|slice| Header::parse(slice)).collect::<Result<_, _>>()?;
    let needs_sha1 = parts.iter().zip(&headers).any(|(slice, header)| predates_sha256(slice, header));
    let hashes: &[HashType] =
        if needs_sha1 { &[HashType::Sha1, HashType::Sha256] } else { &[HashType::Sha256] };
    let sign = |(slice, header): (&&'a [u8], &Header)| {
        let known = witness.and_then(|witness| witness.pages(bytes, header.arch));
        sign_slice(slice, header, signing, hashes, known.as_ref())
    };
    let signed = parts.iter().zip(&headers).map(sign).collect::<Result<Vec<_>, _>>()?;
    let container = fat::container(bytes).ok_or_else(|| ReadError("is not a Mach-O file".to_owned()))?;
    let signature = |pieces: &Vec<Cow<[u8]>>| pieces.last().map(|last| last.to_vec()).unwrap_or_default();
    let archs = headers.iter().map(|header| header.arch);
    let signatures = archs.zip(signed.iter().map(signature)).collect();
    if container == Container::Thin {
        return Ok(SignedFile { pieces: signed.into_iter().flatten().collect(), signatures });
    }
    let lengths = signed.iter().map(|pieces| pieces.iter().map(|piece| piece.len()).sum());
    let rows: Vec<(&Header, usize)> = headers.iter().zip(lengths).collect();
    let (table, starts) = fat::layout(container, &rows)?;
    let mut end = table.len();
    let mut pieces = vec![Cow::Owned(table)];
    for ((slice, start), (_, length)) in signed.into_iter().zip(starts).zip(rows) {
        pieces.push(Cow::Owned(vec![0; start - end]));
        pieces.extend(slice);
        end = start + length;
    }
    Ok(SignedFile { pieces, signatures })
}

/// Whether it may run on a system that knows only SHA-1: before OS X 10.11.4 and iOS 11.
pub(super) fn predates_sha256(slice: &[u8], header: &Header) -> bool {
    match versions(slice, header) {
        Some((PLATFORM_MACOS, min_os, _)) => min_os < 0x000a_0b04,
        Some((PLATFORM_IOS, min_os, _)) => min_os < 0x000b_0000,
        _ => false,
    }
}

/// Platform, minimum system and SDK.
fn versions(slice: &[u8], header: &Header) -> Option<(u32, u32, u32)> {
    let word = |at| header.order.u32(slice, at).ok();
    header.commands.iter().find_map(|command| {
        let at = command.range.start;
        match command.cmd {
            LC_BUILD_VERSION => Some((word(at + 8)?, word(at + 12)?, word(at + 16)?)),
            LC_VERSION_MIN_MACOSX => Some((PLATFORM_MACOS, word(at + 8)?, word(at + 12)?)),
            LC_VERSION_MIN_IPHONEOS => Some((PLATFORM_IOS, word(at + 8)?, word(at + 12)?)),
            _ => None,
        }
    })
}

fn sign_slice<'a>(
    slice: &'a [u8],
    header: &Header,
    signing: &Signing,
    hashes: &[HashType],
    known: Option<&KnownPages>,
) -> Result<Vec<Cow<'a, [u8]>>, Refusal> {
    if !is_code(header.file_type) {
        return Err(Refusal::new(
            format!("is Mach-O of file type {}, which carries no signature", header.file_type),
            "leave it out; it is sealed as a resource",
        ));
    }
    let place = Place::find(slice, header)?;
    let code_limit = place.code_end.next_multiple_of(16);
    let entitlements = signing.entitlements.filter(|_| header.file_type == MH_EXECUTE);
    let requirements = signer::requirements(signing.signer, signing.identifier);
    let entitlement_blobs = entitlements.map(|kept| (kept.xml_blob(), kept.der_blob()));
    let embedded_info = signing.bundle.is_none().then(|| header.info_plist(slice)).flatten();
    let info = signing.bundle.and_then(|bundle| bundle.info_plist).or(embedded_info);
    let mut special: BTreeMap<u32, &[u8]> = BTreeMap::from([(SLOT_REQUIREMENTS, &requirements[..])]);
    special.extend(info.map(|info| (SLOT_INFO_PLIST, info)));
    special.extend(signing.bundle.map(|bundle| (SLOT_CODE_RESOURCES, bundle.code_resources)));
    if let Some((xml, der)) = &entitlement_blobs {
        special.extend([(SLOT_ENTITLEMENTS, &xml[..]), (SLOT_DER_ENTITLEMENTS, der)]);
    }
    let old = OldSignature::read(slice, header);
    let directories: Vec<NewDirectory> = hashes
        .iter()
        .map(|hash_type| NewDirectory {
            identifier: signing.identifier,
            team: signing.signer.and_then(|signer| signer.identity().team()),
            flags: signing.flags,
            hash_type: *hash_type,
            page_log2: page_log2(header.arch, old.as_ref()),
            exec_segment: exec_segment(header, entitlements),
            runtime: runtime(slice, header, old.as_ref()),
            special: special.clone(),
            code_limit,
        })
        .collect();

    let blobs = |directories: Vec<Vec<u8>>, cms: &[u8]| {
        let mut directories = directories.into_iter();
        let mut blobs: Vec<(u32, Vec<u8>)> =
            vec![(SLOT_CODE_DIRECTORY, directories.next().unwrap_or_default())];
        blobs.push((SLOT_REQUIREMENTS, requirements.clone()));
        if let Some((xml, der)) = &entitlement_blobs {
            blobs.extend([(SLOT_ENTITLEMENTS, xml.clone()), (SLOT_DER_ENTITLEMENTS, der.clone())]);
        }
        blobs.extend((SLOT_ALTERNATE_DIRECTORY..).zip(directories));
        blobs.push((SLOT_CMS, blob(MAGIC_BLOB_WRAPPER, cms)));
        super_blob(&blobs)
    };
    // The header says how long the signature is, and the signature covers the header.
    let empty = directories.iter().map(|directory| vec![0; directory.size()]).collect();
    let length = blobs(empty, &[]).len() + signing.signer.map_or(0, Signer::reserved);
    let length = length.next_multiple_of(16);
    let old_code = slice.get(..place.code_end).unwrap_or_default();
    let mut code = Code::changed(old_code, header.commands_end() + COMMAND_SIZE, code_limit);
    place.write(&mut code, header, length)?;
    let directories: Vec<Vec<u8>> =
        directories.iter().map(|directory| directory.build_of(&code, known)).collect();
    let signed: Vec<&[u8]> = directories.iter().map(Vec::as_slice).collect();
    let cms = signing.signer.map(|signer| signer.sign(&signed)).transpose()?.unwrap_or_default();
    let mut signature = blobs(directories, &cms);
    signature.resize(length, 0);
    Ok(code.into_pieces().into_iter().chain([Cow::Owned(signature)]).collect())
}

/// Where the signature goes.
struct Place<'a> {
    /// Where the code's own bytes end.
    code_end: usize,
    linkedit: &'a Segment,
    /// Where LC_CODE_SIGNATURE stands or is to stand.
    command_at: usize,
    is_new: bool,
}

impl<'a> Place<'a> {
    fn find(slice: &[u8], header: &'a Header) -> Result<Place<'a>, Refusal> {
        let arch = header.arch;
        let relink = "link it again with a current linker";
        let linkedit = header.segment("__LINKEDIT");
        let linkedit =
            linkedit.ok_or_else(|| Refusal::new(format!("has no __LINKEDIT segment for {arch}"), relink))?;
        let linkedit_end = linkedit.fileoff.checked_add(linkedit.filesize);
        let is_last = |end: u64| {
            header.segments.iter().all(|other| other.fileoff.saturating_add(other.filesize) <= end)
        };
        let linkedit_end = linkedit_end.filter(|end| *end <= slice.len() as u64 && is_last(*end));
        let linkedit_end = linkedit_end.ok_or_else(|| {
            Refusal::new(format!("has a __LINKEDIT that is not last in its {arch} slice"), relink)
        })?;
        let old = header.code_signature(slice)?;
        let (code_end, old_end) = match &old {
            Some(old) => (u64::from(old.dataoff), u64::from(old.dataoff) + u64::from(old.datasize)),
            None => (linkedit_end, linkedit_end),
        };
        if code_end < linkedit.fileoff || code_end > slice.len() as u64 {
            return Err(Refusal::new(format!("has a signature outside of its {arch} __LINKEDIT"), relink));
        }
        let behind = usize::try_from(old_end).ok().and_then(|end| slice.get(end..)).unwrap_or_default();
        if behind.iter().any(|byte| *byte != 0) {
            return Err(Refusal::new(
                format!(
                    "has {} bytes behind its {arch} __LINKEDIT (main executable failed strict validation)",
                    behind.len()
                ),
                "move that data into a file of its own in Contents/Resources",
            ));
        }
        let command_at = old.as_ref().map_or_else(|| header.commands_end(), |old| old.command.start);
        let place = Place { code_end: code_end as usize, linkedit, command_at, is_new: old.is_none() };
        place.check_room(header)?;
        Ok(place)
    }

    fn check_room(&self, header: &Header) -> Result<(), Refusal> {
        let needed = (self.command_at + COMMAND_SIZE) as u64;
        match header.low_fileoff() {
            Some(first) if self.is_new && first < needed => Err(Refusal::new(
                format!(
                    "has {} bytes too few for LC_CODE_SIGNATURE in its {} header (not enough room in load commands)",
                    needed - first,
                    header.arch
                ),
                "relink it with -Wl,-headerpad,0x20 or more",
            )),
            _ => Ok(()),
        }
    }

    /// Makes the load commands say where the signature is: at the end of `code`, `length` bytes.
    fn write(&self, code: &mut Code, header: &Header, length: usize) -> Result<(), Refusal> {
        let order = header.order;
        let at_end = code.len();
        let code = code.head_mut();
        let too_large =
            || Refusal::new("is too large for a signature (4 GiB)", "split it into several libraries");
        let dataoff = u32::try_from(at_end).map_err(|_| too_large())?;
        let datasize = u32::try_from(length).map_err(|_| too_large())?;
        for (offset, word) in
            [LC_CODE_SIGNATURE, COMMAND_SIZE as u32, dataoff, datasize].into_iter().enumerate()
        {
            order.put_u32(code, self.command_at + 4 * offset, word)?;
        }
        if self.is_new {
            order.put_u32(code, NCMDS_AT, header.commands.len() as u32 + 1)?;
            let size = self.command_at + COMMAND_SIZE - header.size();
            order.put_u32(code, SIZEOFCMDS_AT, size as u32)?;
        }
        let filesize = (at_end + length) as u64 - self.linkedit.fileoff;
        let vmsize = filesize.next_multiple_of(SEGMENT_ALIGNMENT);
        let vm_end = self.linkedit.vmaddr.saturating_add(vmsize);
        let in_the_way = |other: &&Segment| other.vmaddr >= self.linkedit.vmaddr && other.vmaddr < vm_end;
        if let Some(other) = header.segments.iter().filter(|one| *one != self.linkedit).find(in_the_way) {
            return Err(Refusal::new(
                format!("has no room in memory to let __LINKEDIT grow: {} follows", other.name),
                "link it again with a current linker",
            ));
        }
        self.put_segment(code, header, vmsize, filesize)
    }

    fn put_segment(
        &self,
        code: &mut [u8],
        header: &Header,
        vmsize: u64,
        filesize: u64,
    ) -> Result<(), Refusal> {
        let at = self.linkedit.command_at;
        // segment_command_64: cmd, cmdsize, segname[16], then vmaddr, vmsize, fileoff, filesize.
        if header.order.u32(code, at)? == LC_SEGMENT_64 {
            header.order.put_u64(code, at + 32, vmsize)?;
            header.order.put_u64(code, at + 48, filesize)?;
        } else {
            header.order.put_u32(code, at + 28, vmsize as u32)?;
            header.order.put_u32(code, at + 36, filesize as u32)?;
        }
        Ok(())
    }
}

/// The old page size, else 16 KiB where the CPU's pages are that long, and 4 KiB elsewhere.
fn page_log2(arch: Arch, old: Option<&OldSignature>) -> u8 {
    match old {
        Some(old) if (12..=14).contains(&old.page_log2) => old.page_log2,
        _ if arch.needs_signature() => 14,
        _ => 12,
    }
}

fn runtime(slice: &[u8], header: &Header, old: Option<&OldSignature>) -> u32 {
    let of_old = old.map(|old| old.runtime).filter(|version| *version != 0);
    of_old.or_else(|| versions(slice, header).map(|(_, _, sdk)| sdk)).unwrap_or(0)
}

pub(super) fn exec_segment(header: &Header, entitlements: Option<&Entitlements>) -> ExecSegment {
    let text = header.segment("__TEXT");
    let of_main = CS_EXECSEG_MAIN_BINARY | entitlements.map_or(0, Entitlements::exec_segment_flags);
    ExecSegment {
        base: text.map_or(0, |text| text.fileoff),
        limit: text.map_or(0, |text| text.filesize),
        flags: if header.file_type == MH_EXECUTE { of_main } else { 0 },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::macho::sample::Sample;

    const SIGNING: Signing<'static> =
        Signing { identifier: "org.example.lib", flags: 2, entitlements: None, signer: None, bundle: None };

    #[test]
    fn a_slice_signed_twice_is_the_same() {
        for arch in [Arch::ARM64, Arch::X86_64, Arch::new(7, 3)] {
            let once = sign_file(&Sample::new(arch).build(), &SIGNING).unwrap();
            assert_eq!(sign_file(&once, &SIGNING).unwrap(), once);
            let header = Header::parse(&once).unwrap();
            let old = OldSignature::read(&once, &header).unwrap();
            assert_eq!((&old.identifier[..], old.flags), ("org.example.lib", 2));
            assert_eq!(old.page_log2, if arch == Arch::ARM64 { 14 } else { 12 });
        }
    }

    #[test]
    fn fat_files_keep_their_container_and_every_slice_is_signed() {
        let slices = [Sample::new(Arch::X86_64).build(), Sample::new(Arch::ARM64).build()];
        for container in [Container::Fat, Container::Fat64] {
            let file = fat::assemble_fat(container, &slices).unwrap();
            let signed = sign_file(&file, &SIGNING).unwrap();
            assert_eq!(fat::container(&signed), Some(container));
            assert_eq!(cdhashes(&signed).len(), 2);
            assert_eq!(sign_file(&signed, &SIGNING).unwrap(), signed);
        }
    }

    #[test]
    fn old_systems_get_sha1_as_well() {
        let mut sample = Sample::new(Arch::X86_64);
        sample.builds = vec![(PLATFORM_MACOS, 0x000a_0900, 0x000a_0f00)];
        let signed = sign_file(&sample.build(), &SIGNING).unwrap();
        assert_eq!(cdhashes(&signed)[0].1.len(), 2);
    }

    #[test]
    fn entitlements_go_on_in_executables_alone() {
        let xml = b"<plist version=\"1.0\"><dict><key>get-task-allow</key><true/></dict></plist>";
        let old = |file_type| {
            let directory = NewDirectory {
                identifier: "old",
                team: None,
                flags: 2,
                hash_type: HashType::Sha256,
                page_log2: 12,
                exec_segment: ExecSegment::default(),
                runtime: 0,
                special: BTreeMap::new(),
                code_limit: 0,
            };
            let blobs = [
                (SLOT_CODE_DIRECTORY, directory.build(&[])),
                (SLOT_ENTITLEMENTS, blob(MAGIC_ENTITLEMENTS, xml)),
            ];
            let signature = Some(super_blob(&blobs));
            Sample { file_type, signature, ..Sample::new(Arch::ARM64) }.build()
        };
        let slots = |file_type| {
            let old = old(file_type);
            let entitlements =
                old_entitlements(&old).and_then(|xml| Entitlements::keep(&xml, false).entitlements);
            let signing = Signing { entitlements: entitlements.as_ref(), ..SIGNING };
            let signed = sign_file(&old, &signing).unwrap();
            let header = Header::parse(&signed).unwrap();
            let super_blob = SuperBlob::parse(signature_bytes(&signed, &header).unwrap()).unwrap();
            let directory = super_blob.get(SLOT_CODE_DIRECTORY).unwrap();
            let page_log2 = CodeDirectory::parse(directory).unwrap().page_log2;
            (
                page_log2,
                u64_at(directory, 80),
                super_blob.blobs.iter().map(|(slot, _)| *slot).collect::<Vec<_>>(),
            )
        };
        assert_eq!(slots(MH_EXECUTE), (12, Some(0x11), vec![0, 2, 5, 7, 0x10000]));
        assert_eq!(slots(6), (12, Some(0), vec![0, 2, 0x10000]));
    }

    #[test]
    fn no_room_is_refused_with_what_to_do() {
        let mut sample = Sample::new(Arch::ARM64);
        sample.room = 8;
        let refusal = sign_file(&sample.build(), &SIGNING).unwrap_err();
        assert!(refusal.what.contains("8 bytes too few"), "{refusal:?}");
        assert!(refusal.next.contains("headerpad"));
    }

    #[test]
    fn data_behind_the_code_is_never_thrown_away() {
        let mut bytes = Sample::new(Arch::ARM64).build();
        bytes.extend(b"payload");
        assert!(sign_file(&bytes, &SIGNING).unwrap_err().what.contains("7 bytes behind"));
    }

    #[test]
    fn an_object_file_is_not_code() {
        let mut sample = Sample::new(Arch::ARM64);
        sample.file_type = 1;
        assert!(sign_file(&sample.build(), &SIGNING).is_err());
    }
}
