//! Checks the signatures of a Mach-O file and where they stand in it (Security, `MachO::validateStructure`, `Universal`).

use std::collections::BTreeSet;

use super::blob::*;
use super::check_signature::{Contents, Known, MODIFIED, Signed, check_signature};
use super::cms::verify::Signatory;
use super::code_directory::Cdhash;
use super::digest::{HashType, hex};
use super::embedded::{exec_segment, is_code, signature_bytes};
use super::pages::KnownPages;
use super::requirement::{Chain, Subject, of_cdhashes};
use super::verified::Witness;
use super::{CodeFault, SignedCode};
use crate::macho::header::{Header, LC_CODE_SIGNATURE};
use crate::macho::{Arch, Container, fat};
use crate::paths::BundlePath;

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
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Identity {
    pub identifier: String,
    pub team: Option<String>,
    /// Of its strongest code directory.
    pub cdhash: Option<Cdhash>,
    /// Of all of them, weakest first.
    pub cdhashes: Vec<Cdhash>,
    pub platform: u8,
    /// Of its code directories: a seal's files must bear each of them.
    pub hashes: BTreeSet<HashType>,
    pub has_cms: bool,
    /// Who made its CMS; `None` when it has none or it cannot be read.
    pub signatory: Option<Signatory>,
    pub linker_signed: bool,
    /// Whether special slot −3 is filled: it is the executable of a sealed bundle.
    pub seals_resources: bool,
    /// The text of its designated requirement, when it carries one.
    pub designated: Option<String>,
    pub info: Known,
    pub entitlements: Known,
}

impl Identity {
    pub fn subject(&self) -> Subject<'_> {
        Subject {
            identifier: &self.identifier,
            team: self.team.as_deref(),
            cdhash: self.cdhash,
            platform: self.platform,
            certificates: self.certificates(),
            info: self.info.keys(),
            entitlements: self.entitlements.keys(),
        }
    }

    fn certificates(&self) -> Chain<'_> {
        match &self.signatory {
            Some(Signatory { authority, chain: Some(chain) }) => {
                Chain::Read { certificates: chain, whole: authority.is_whole }
            }
            _ if self.has_cms => Chain::Unread,
            _ => Chain::None,
        }
    }
}

/// What the check of one file found.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct CodeReport {
    pub checks: u64,
    pub faults: Vec<Fault>,
    /// Each slice of code, with its identity if it is signed.
    pub slices: Vec<(Arch, Option<Identity>)>,
    /// Whether it is about a signature that belongs to no architecture, in files or of a disk image: its one slice stands for
    /// all.
    pub is_whole: bool,
}

/// The slices of code that carry no signature that can be read.
pub(super) fn unsigned_codes(path: &BundlePath, report: &CodeReport) -> Vec<(BundlePath, Arch)> {
    let unsigned = report.slices.iter().filter(|(_, identity)| identity.is_none());
    unsigned.map(|(arch, _)| (path.clone(), *arch)).collect()
}

/// What every signature of `report`, about what stands at `path`, says.
pub(super) fn signed_codes(path: &BundlePath, report: &CodeReport) -> Vec<SignedCode> {
    // Made up by `SecStaticCode::defaultDesignatedRequirement`.
    let all: Vec<Cdhash> = report.identities().flat_map(|identity| identity.cdhashes.clone()).collect();
    let made_up = of_cdhashes(&all);
    let signed = |(arch, identity): &(Arch, Option<Identity>)| {
        let identity = identity.as_ref()?;
        let made_up = (!identity.has_cms).then(|| made_up.clone());
        Some(SignedCode {
            path: path.clone(),
            arch: Some(*arch).filter(|_| !report.is_whole),
            identifier: identity.identifier.clone(),
            team: identity.team.clone(),
            cdhash: identity.cdhash.map(|cdhash| hex(&cdhash.0)),
            ad_hoc: !identity.has_cms,
            seals_resources: identity.seals_resources,
            authority: identity.signatory.as_ref().map(|one| one.authority.clone()),
            says_designated: identity.designated.is_some(),
            designated: identity.designated.clone().or(made_up),
        })
    };
    report.slices.iter().filter_map(signed).collect()
}

impl CodeReport {
    pub fn identities(&self) -> impl Iterator<Item = &Identity> {
        self.slices.iter().filter_map(|(_, identity)| identity.as_ref())
    }

    pub fn into_faults(self) -> Vec<CodeFault> {
        let faults = self.faults.into_iter();
        faults.map(|fault| CodeFault { arch: fault.arch, code: fault.code, message: fault.message }).collect()
    }

    pub fn expect(
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
    check_known_file(bytes, outside, None)
}

/// [`check_file`] where `witness` knows pages of it.
pub(super) fn check_known_file(bytes: &[u8], outside: &Outside, witness: Option<&Witness>) -> CodeReport {
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
        let known = witness.and_then(|witness| witness.pages(bytes, *arch));
        match Header::parse(slice) {
            Ok(header) if is_code(header.file_type) || header.find(LC_CODE_SIGNATURE).is_some() => {
                let identity = check_slice(&mut report, slice, &header, outside, known);
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
    check_teams(&mut report);
    report
}

/// All slices are of one team (`SecStaticCode::handleOtherArchitectures`).
fn check_teams(report: &mut CodeReport) {
    let teams: BTreeSet<Option<String>> = report.identities().map(|identity| identity.team.clone()).collect();
    report.expect(teams.len() < 2, None, "signature-malformed", || {
        format!("{MODIFIED}: its architectures are signed by different teams")
    });
}

fn check_slice(
    report: &mut CodeReport,
    slice: &[u8],
    header: &Header,
    outside: &Outside,
    known: Option<KnownPages>,
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
    // Entitlements add flags to it that are theirs to be judged by.
    let text = header.segment("__TEXT").map(|_| exec_segment(header, None));
    check_signature(report, &Signed { arch, code, text, known }, &super_blob, contents)
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
