//! Checks the signature of code: structure, every page hash, every special slot
//! (Security, `StaticCode.cpp`, `MachO::validateStructure`).

use super::blob::*;
use super::code_directory::{CS_ADHOC, CS_LINKER_SIGNED, Cdhash, CodeDirectory, page_size};
use super::digest::HashType;
use super::embedded::{directory_hashes, is_code, is_directory_slot, signature_bytes};
use super::requirement::Subject;
use crate::macho::header::{Header, LC_CODE_SIGNATURE};
use crate::macho::{Arch, Container, fat};

/// `errSecCSSignatureFailed`.
const MODIFIED: &str = "invalid signature (code or signature have been modified)";
/// `errSecCSBadMainExecutable`.
const NOT_STRICT: &str = "main executable failed strict validation";

/// One thing wrong; the path is the caller's to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub arch: Option<Arch>,
    pub code: &'static str,
    pub message: String,
}

/// Who signed code claims to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    pub identifier: String,
    pub team: Option<String>,
    pub cdhashes: Vec<Cdhash>,
    pub has_cms: bool,
    pub linker_signed: bool,
    /// Whether special slot −3 is filled: it is the executable of a sealed bundle.
    pub seals_resources: bool,
}

impl Identity {
    pub fn subject(&self) -> Subject<'_> {
        Subject {
            identifier: &self.identifier,
            team: self.team.as_deref(),
            cdhashes: &self.cdhashes,
            has_cms: self.has_cms,
        }
    }
}

/// What the check of one file found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct CodeReport {
    pub checks: u64,
    pub faults: Vec<Fault>,
    /// Each slice of code, with its identity if it is signed.
    pub slices: Vec<(Arch, Option<Identity>)>,
}

impl CodeReport {
    pub fn identities(&self) -> impl Iterator<Item = &Identity> {
        self.slices.iter().filter_map(|(_, identity)| identity.as_ref())
    }

    fn expect(
        &mut self,
        holds: bool,
        arch: Option<Arch>,
        code: &'static str,
        message: impl FnOnce() -> String,
    ) {
        self.checks += 1;
        if !holds {
            self.faults.push(Fault { arch, code, message: message() });
        }
    }
}

/// What is signed with the code but stands outside of it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Outside<'a> {
    /// Nobody looked: only what the file itself holds is checked.
    Unknown,
    /// There is nothing: the file is not the executable of a bundle.
    Nothing,
    /// The files of the bundle whose executable this is.
    Bundle { info_plist: Option<&'a [u8]>, code_resources: Option<&'a [u8]> },
}

/// Checks every slice. Files that are no code (object files, debug symbols) have nothing to check.
pub(super) fn check_file(bytes: &[u8], outside: &Outside) -> CodeReport {
    let mut report = CodeReport::default();
    let slices = match fat::slices(bytes) {
        Ok(slices) => slices,
        Err(error) => {
            report.expect(false, None, "malformed", || format!("{NOT_STRICT}: the file {error}"));
            return report;
        }
    };
    for (arch, range) in &slices {
        let slice = bytes.get(range.clone()).unwrap_or_default();
        match Header::parse(slice) {
            Ok(header) if is_code(header.file_type) || header.find(LC_CODE_SIGNATURE).is_some() => {
                let identity = check_slice(&mut report, slice, &header, outside);
                report.slices.push((*arch, identity));
            }
            Ok(_) => {}
            Err(error) => {
                report.expect(false, Some(*arch), "malformed", || format!("{NOT_STRICT}: the slice {error}"));
            }
        }
    }
    if report.identities().next().is_some() {
        check_gaps(&mut report, bytes);
    }
    report
}

fn check_slice(
    report: &mut CodeReport,
    slice: &[u8],
    header: &Header,
    outside: &Outside,
) -> Option<Identity> {
    let arch = Some(header.arch);
    let Ok(Some(place)) = header.code_signature(slice) else {
        report.expect(!header.arch.needs_signature(), arch, "unsigned", || {
            format!("code object is not signed at all; {} code does not run without a signature", header.arch)
        });
        return None;
    };
    check_place(report, slice, header, u64::from(place.dataoff) + u64::from(place.datasize));
    let code = slice.get(..place.dataoff as usize).unwrap_or_default();
    let super_blob = signature_bytes(slice, header).ok_or("it lies outside of the slice".to_owned());
    let super_blob = match super_blob.and_then(SuperBlob::parse) {
        Ok(super_blob) => super_blob,
        Err(why) => {
            report.expect(false, arch, "signature-malformed", || format!("{MODIFIED}: {why}"));
            return None;
        }
    };
    let contents = |slot| match (slot, outside) {
        (SLOT_INFO_PLIST, Outside::Bundle { info_plist, .. }) => Contents::or_missing(*info_plist),
        (SLOT_CODE_RESOURCES, Outside::Bundle { code_resources, .. }) => {
            Contents::or_missing(*code_resources)
        }
        (SLOT_INFO_PLIST, Outside::Unknown) => {
            header.info_plist(slice).map_or(Contents::Unknown, Contents::Known)
        }
        (SLOT_INFO_PLIST, Outside::Nothing) => Contents::or_missing(header.info_plist(slice)),
        (SLOT_CODE_RESOURCES, Outside::Unknown) => Contents::Unknown,
        (slot, _) => Contents::or_missing(super_blob.get(slot)),
    };
    check_signature(report, arch, &super_blob, code, contents)
}

/// The signature is the end of `__LINKEDIT`, which is the end of the slice; load commands end before the contents.
fn check_place(report: &mut CodeReport, slice: &[u8], header: &Header, signature_end: u64) {
    let arch = Some(header.arch);
    let linkedit = header.segment("__LINKEDIT").map(|one| one.fileoff.saturating_add(one.filesize));
    let length = slice.len() as u64;
    report.expect(linkedit == Some(signature_end), arch, "structure", || {
        format!("{NOT_STRICT}: __LINKEDIT does not end with the signature")
    });
    report.expect(signature_end == length, arch, "structure", || {
        format!("{NOT_STRICT}: the signature ends at byte {signature_end} of {length}")
    });
    let low = header.low_fileoff();
    report.expect(low.is_none_or(|low| header.commands_end() as u64 <= low), arch, "structure", || {
        format!("{NOT_STRICT}: load commands reach into the first section")
    });
}

/// Between slices there are zeros, fewer than their alignment asks for, and nothing after the last
/// (Security, `Universal`).
fn check_gaps(report: &mut CodeReport, bytes: &[u8]) {
    let (row, align_at) = match fat::container(bytes) {
        Some(Container::Fat) => (20, 16),
        Some(Container::Fat64) => (32, 24),
        _ => return,
    };
    let slices = fat::slices(bytes).unwrap_or_default();
    let mut end = 8 + row * slices.len();
    let mut rows: Vec<_> = slices.into_iter().enumerate().collect();
    rows.sort_by_key(|(_, (_, range))| range.start);
    for (index, (arch, range)) in rows {
        let gap = bytes.get(end..range.start).unwrap_or_default();
        let align = u32_at(bytes, 8 + row * index + align_at).unwrap_or(0).min(31);
        let good = gap.len() < 1 << align && gap.iter().all(|byte| *byte == 0);
        report.expect(good, Some(arch), "structure", || {
            format!("{NOT_STRICT}: there is something between the slices of the file")
        });
        end = range.end;
    }
    report.expect(end == bytes.len(), None, "structure", || {
        format!("{NOT_STRICT}: {} bytes follow the last slice", bytes.len() - end)
    });
}

/// What a special slot is about.
#[derive(Debug, Clone, Copy)]
pub(super) enum Contents<'a> {
    Known(&'a [u8]),
    Missing,
    /// It stands elsewhere, out of sight.
    Unknown,
}

impl<'a> Contents<'a> {
    pub fn or_missing(contents: Option<&'a [u8]>) -> Self {
        contents.map_or(Contents::Missing, Contents::Known)
    }
}

/// Checks code directories and what they cover. `contents` gives what a special slot is about.
pub(super) fn check_signature<'a>(
    report: &mut CodeReport,
    arch: Option<Arch>,
    super_blob: &SuperBlob<'a>,
    code: &[u8],
    contents: impl Fn(u32) -> Contents<'a>,
) -> Option<Identity> {
    let mut directories = Vec::new();
    for (_, blob) in super_blob.blobs.iter().filter(|(slot, _)| is_directory_slot(*slot)) {
        match CodeDirectory::parse(blob) {
            Ok(directory) => directories.push(directory),
            Err(why) => report.expect(false, arch, "signature-malformed", || format!("{MODIFIED}: {why}")),
        }
    }
    let primary = super_blob.get(SLOT_CODE_DIRECTORY).and_then(|blob| CodeDirectory::parse(blob).ok());
    let Some(primary) = primary else {
        report
            .expect(false, arch, "signature-malformed", || format!("{MODIFIED}: there is no code directory"));
        return None;
    };
    for directory in &directories {
        check_directory(report, arch, directory, code);
        check_special_slots(report, arch, directory, &contents);
        let agrees = (directory.identifier, directory.flags, directory.code_limit, directory.team)
            == (primary.identifier, primary.flags, primary.code_limit, primary.team);
        report.expect(agrees, arch, "signature-malformed", || {
            format!("{MODIFIED}: its {} directory disagrees with the first", directory.hash_type.name())
        });
    }
    let is_ad_hoc = primary.flags & CS_ADHOC != 0;
    report.expect(is_ad_hoc != super_blob.has_cms(), arch, "signature-malformed", || {
        let what =
            if is_ad_hoc { "it says ad hoc but holds a CMS signature" } else { "its CMS signature is gone" };
        format!("{MODIFIED}: {what}")
    });
    Some(Identity {
        identifier: primary.identifier.to_owned(),
        team: primary.team.map(str::to_owned),
        cdhashes: directory_hashes(super_blob).unwrap_or_default(),
        has_cms: super_blob.has_cms(),
        linker_signed: primary.flags & CS_LINKER_SIGNED != 0,
        seals_resources: primary.special_hash(SLOT_CODE_RESOURCES).is_some(),
    })
}

fn check_directory(report: &mut CodeReport, arch: Option<Arch>, directory: &CodeDirectory, code: &[u8]) {
    let hash = directory.hash_type.name();
    // CodeDirectory::checkIntegrity: earliestVersion, compatibilityLimit; nobody scatters pages any more.
    let supported = (0x20001..=0x2f000).contains(&directory.version) && !directory.has_scatter;
    report.expect(supported, arch, "signature-malformed", || {
        format!("unsupported type or version of signature: {:#x}", directory.version)
    });
    report.expect(directory.code_limit == code.len() as u64, arch, "code-limit", || {
        format!("{MODIFIED}: it covers {} bytes of code, but there are {}", directory.code_limit, code.len())
    });
    let size = page_size(directory.page_log2, code.len());
    let pages = code.len().div_ceil(size);
    report.expect(directory.code_slots as usize == pages, arch, "code-limit", || {
        format!("{MODIFIED}: it holds {} {hash} page hashes for {pages} pages", directory.code_slots)
    });
    report.checks += pages as u64;
    let wrong = directory.wrong_pages(code);
    if let Some(first) = wrong.first() {
        let from = *first as usize * size;
        let message = format!(
            "{MODIFIED}: {} of {pages} {hash} page hashes are wrong, the first at byte {from:#x}",
            wrong.len()
        );
        report.faults.push(Fault { arch, code: "page-hash", message });
    }
}

fn check_special_slots<'a>(
    report: &mut CodeReport,
    arch: Option<Arch>,
    directory: &CodeDirectory,
    contents: &impl Fn(u32) -> Contents<'a>,
) {
    // The highest slot there is, so that what a short directory leaves out is noticed.
    const LAST: u32 = 11;
    let by_linker = directory.flags & CS_LINKER_SIGNED != 0;
    for slot in 1..=directory.special_slots.clamp(LAST, 64) {
        let (code, what) = special_slot(slot);
        match (contents(slot), directory.special_hash(slot)) {
            (Contents::Known(contents), Some(hash)) => {
                let same = directory.hash_type.digest(contents) == hash;
                report.expect(same, arch, code, || match slot {
                    SLOT_INFO_PLIST => format!("invalid Info.plist (plist or signature have been modified): its {} hash is wrong", directory.hash_type.name()),
                    SLOT_CODE_RESOURCES => format!("invalid resource directory (directory or signature have been modified): the {} hash of CodeResources is wrong", directory.hash_type.name()),
                    _ => format!("{MODIFIED}: the {} hash of its {what} is wrong", directory.hash_type.name()),
                });
            }
            (Contents::Missing, Some(_)) => report.expect(false, arch, code, || match slot {
                SLOT_CODE_RESOURCES => "code has no resources but signature indicates they must be present: _CodeSignature/CodeResources is missing".to_owned(),
                _ => format!("{MODIFIED}: its {what} is missing"),
            }),
            (Contents::Known(_), None) if !(by_linker && matches!(slot, SLOT_INFO_PLIST | SLOT_CODE_RESOURCES)) => {
                report.expect(false, arch, code, || format!("{MODIFIED}: its {what} is not covered by the signature"));
            }
            _ => {}
        }
    }
}

fn special_slot(slot: u32) -> (&'static str, &'static str) {
    match slot {
        SLOT_INFO_PLIST => ("info-plist", "Info.plist"),
        SLOT_REQUIREMENTS => ("requirements", "requirement set"),
        SLOT_CODE_RESOURCES => ("resource-directory", "CodeResources"),
        SLOT_ENTITLEMENTS => ("entitlements", "entitlements"),
        SLOT_DER_ENTITLEMENTS => ("entitlements", "DER entitlements"),
        _ => ("special-slot", "sealed component"),
    }
}

/// The strongest of an identity's hashes, which is what a seal names.
pub(super) fn is_own_cdhash(identity: &Identity, cdhash: &[u8]) -> bool {
    identity.cdhashes.iter().any(|own| own.0 == cdhash)
}

/// The digests of a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Digests {
    pub sha1: Option<Vec<u8>>,
    pub sha256: Option<Vec<u8>>,
}

impl Digests {
    pub fn of(bytes: &[u8], sha1: bool, sha256: bool) -> Digests {
        Digests {
            sha1: sha1.then(|| HashType::Sha1.digest(bytes)),
            sha256: sha256.then(|| HashType::Sha256.digest(bytes)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codesign::embedded::{Signing, sign_file};
    use crate::macho::sample::Sample;

    fn signed() -> Vec<u8> {
        let slices = [Sample::new(Arch::X86_64).build(), Sample::new(Arch::ARM64).build()];
        let file = fat::assemble_fat(Container::Fat, &slices).unwrap();
        sign_file(
            &file,
            &Signing {
                identifier: "org.example.lib",
                flags: 2,
                entitlements: None,
                signer: None,
                bundle: None,
            },
        )
        .unwrap()
    }

    fn codes(bytes: &[u8]) -> Vec<&'static str> {
        check_file(bytes, &Outside::Nothing).faults.iter().map(|fault| fault.code).collect()
    }

    #[test]
    fn what_we_sign_has_no_fault() {
        let report = check_file(&signed(), &Outside::Nothing);
        assert_eq!(report.faults, []);
        assert_eq!(report.identities().count(), 2);
        assert!(report.checks > 10);
    }

    #[test]
    fn every_changed_byte_of_code_and_of_its_hashes_is_noticed() {
        let signing = Signing {
            identifier: "org.example.lib",
            flags: 2,
            entitlements: None,
            signer: None,
            bundle: None,
        };
        let bytes = sign_file(&Sample::new(Arch::ARM64).build(), &signing).unwrap();
        let place = Header::parse(&bytes).unwrap().code_signature(&bytes).unwrap().unwrap();
        let signature = SuperBlob::parse(&bytes[place.dataoff as usize..]).unwrap();
        let directory = signature.get(SLOT_CODE_DIRECTORY).unwrap().len();
        // Of the signature itself the hashes; what stands before them is what the cdhash is there for.
        let hashes = place.dataoff as usize + 36 + 88 + "org.example.lib".len() + 1;
        let hashes = hashes..place.dataoff as usize + 36 + directory;
        for at in (0..place.dataoff as usize).chain(hashes) {
            let mut changed = bytes.clone();
            changed[at] ^= 0x10;
            assert_ne!(codes(&changed), [""; 0], "byte {at}");
        }
    }

    #[test]
    fn no_byte_makes_a_reader_or_the_signer_stumble() {
        let bytes = signed();
        let signing = Signing {
            identifier: "org.example.lib",
            flags: 2,
            entitlements: None,
            signer: None,
            bundle: None,
        };
        for at in (0..bytes.len()).filter(|at| bytes[*at] != 0 || at % 16 < 4) {
            for value in [0, 0x7f, 0xff] {
                let mut changed = bytes.clone();
                changed[at] = value;
                let _ = check_file(&changed, &Outside::Nothing);
                let _ = sign_file(&changed, &signing);
            }
        }
        for length in (0..bytes.len()).step_by(97) {
            let _ = (check_file(&bytes[..length], &Outside::Nothing), sign_file(&bytes[..length], &signing));
        }
    }

    #[test]
    fn a_file_that_grew_or_shrank_is_noticed() {
        let mut longer = signed();
        longer.push(0);
        assert_eq!(codes(&longer), ["structure"]);
        let shorter = &signed()[..signed().len() - 1];
        assert_eq!(codes(shorter), ["malformed"]);
        let mut gap = signed();
        gap[100] = 1;
        assert_eq!(codes(&gap), ["structure"]);
    }

    #[test]
    fn only_arm64_has_to_be_signed() {
        assert_eq!(codes(&Sample::new(Arch::X86_64).build()), [""; 0]);
        assert_eq!(codes(&Sample::new(Arch::ARM64).build()), ["unsigned"]);
    }
}
