//! Checks one signature: its code directories and what they cover, its entitlements and its own requirement
//! (Security, `StaticCode.cpp`, `codedirectory.cpp`).

use plist::{Dictionary, Value};

use super::blob::*;
use super::check_code::{CodeReport, Identity};
use super::cms::verify::check_cms;
use super::code_directory::{CS_ADHOC, CS_LINKER_SIGNED, CS_RUNTIME, CodeDirectory, ExecSegment, page_size};
use super::digest::HashType;
use super::embedded::{directory_hashes, is_directory_slot};
use super::entitlements_der;
use super::pages::KnownPages;
use super::requirement::{DESIGNATED, Keys, Requirements, Verdict};
use crate::bundle::InfoPlist;
use crate::macho::Arch;

/// `errSecCSSignatureFailed`.
pub(super) const MODIFIED: &str = "invalid signature (code or signature have been modified)";
/// `errSecCSReqInvalid`.
const BAD_REQUIREMENT: &str = "invalid or corrupted code requirement(s)";
/// `errSecCSReqFailed`.
const UNMET_REQUIREMENT: &str = "code failed to satisfy specified code requirement(s)";
const CS_EXECSEG_MAIN_BINARY: u64 = 1;
const BEHIND_GAP: &str = "a code directory stands behind an empty slot, where no Mac looks for it";

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

/// What is signed, apart from the signature.
pub(super) struct Signed<'a> {
    pub arch: Option<Arch>,
    pub code: &'a [u8],
    /// `__TEXT` as the slice itself has it; `None` for what is no Mach-O, or has none.
    pub text: Option<ExecSegment>,
    /// The same code, as far as it was verified before.
    pub known: Option<KnownPages<'a>>,
}

/// Checks code directories and what they cover. `contents` gives what a special slot is about.
pub(super) fn check_signature<'a>(
    report: &mut CodeReport,
    signed: &Signed,
    super_blob: &SuperBlob<'a>,
    contents: impl Fn(u32) -> Contents<'a>,
) -> Option<Identity> {
    let arch = signed.arch;
    let directories = read_directories(report, arch, super_blob);
    let primary = super_blob.get(SLOT_CODE_DIRECTORY).and_then(|blob| CodeDirectory::parse(blob).ok());
    let Some(primary) = primary else {
        report
            .expect(false, arch, "signature-malformed", || format!("{MODIFIED}: there is no code directory"));
        return None;
    };
    check_blobs(report, arch, super_blob);
    for directory in &directories {
        check_directory(report, signed, directory);
        check_special_slots(report, arch, directory, &contents);
        check_agreement(report, arch, directory, &primary);
    }
    let is_ad_hoc = primary.flags & CS_ADHOC != 0;
    report.expect(is_ad_hoc != super_blob.has_cms(), arch, "signature-malformed", || {
        let what =
            if is_ad_hoc { "it says ad hoc but holds a CMS signature" } else { "its CMS signature is gone" };
        format!("{MODIFIED}: {what}")
    });
    let signatory = super_blob.contents(SLOT_CMS).filter(|cms| !cms.is_empty()).and_then(|cms| {
        let others = directories.iter().filter(|other| other.hash_type != primary.hash_type);
        let all: Vec<&CodeDirectory> = std::iter::once(&primary).chain(others).collect();
        check_cms(report, arch, cms, &all)
    });
    let entitlements = check_entitlements(report, arch, super_blob);
    let info = match contents(SLOT_INFO_PLIST) {
        Contents::Known(bytes) => Known::of(InfoPlist::read(bytes).ok().map(|plist| plist.value)),
        Contents::Missing => Known::Nothing,
        Contents::Unknown => Known::Unread,
    };
    let strongest = directories.iter().max_by_key(|directory| directory.hash_type);
    let mut identity = Identity {
        identifier: primary.identifier.to_owned(),
        team: primary.team.map(str::to_owned),
        cdhash: strongest.map(CodeDirectory::cdhash),
        cdhashes: directory_hashes(super_blob).unwrap_or_default(),
        platform: primary.platform,
        hashes: directories.iter().map(|directory| directory.hash_type).collect(),
        has_cms: super_blob.has_cms(),
        signatory,
        linker_signed: primary.flags & CS_LINKER_SIGNED != 0,
        seals_resources: primary.special_hash(SLOT_CODE_RESOURCES).is_some(),
        designated: None,
        info,
        entitlements,
    };
    check_own_requirement(report, arch, super_blob, &mut identity);
    Some(identity)
}

/// A property list of the code, as far as somebody looked.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) enum Known {
    #[default]
    Nothing,
    Unread,
    Keys(Dictionary),
}

impl Known {
    fn of(value: Option<Value>) -> Known {
        value.and_then(Value::into_dictionary).map_or(Known::Nothing, Known::Keys)
    }

    pub fn keys(&self) -> Keys<'_> {
        match self {
            Known::Nothing => Keys::None,
            Known::Unread => Keys::Unread,
            Known::Keys(keys) => Keys::Read(keys),
        }
    }
}

/// Every code directory that a Mac would read: slot 0, then the alternates up to the first empty slot
/// (`SecStaticCode::loadCodeDirectories`).
fn read_directories<'a>(
    report: &mut CodeReport,
    arch: Option<Arch>,
    super_blob: &SuperBlob<'a>,
) -> Vec<CodeDirectory<'a>> {
    let mut directories: Vec<CodeDirectory> = Vec::new();
    let slots = super_blob.blobs.iter().filter(|(slot, _)| is_directory_slot(*slot));
    for (slot, blob) in slots {
        let before = super_blob.get(slot.saturating_sub(1));
        let in_row = *slot == SLOT_CODE_DIRECTORY || *slot == SLOT_ALTERNATE_DIRECTORY || before.is_some();
        report.expect(in_row, arch, "signature-malformed", || format!("{MODIFIED}: {BEHIND_GAP}"));
        match CodeDirectory::parse(blob) {
            Ok(directory) => {
                let hash = directory.hash_type;
                let is_new = directories.iter().all(|other| other.hash_type != hash);
                report.expect(is_new, arch, "signature-malformed", || {
                    format!("{MODIFIED}: it holds two {} directories", hash.name())
                });
                report.expect(hash != HashType::Sha512, arch, "signature-malformed", || {
                    "unsupported digest algorithm: no Mac reads code directories with SHA-512".to_owned()
                });
                directories.push(directory);
            }
            Err(why) => report.expect(false, arch, "signature-malformed", || format!("{MODIFIED}: {why}")),
        }
    }
    directories
}

/// Each blob bears the magic of its slot.
fn check_blobs(report: &mut CodeReport, arch: Option<Arch>, super_blob: &SuperBlob) {
    for (slot, blob) in &super_blob.blobs {
        let magic = match *slot {
            SLOT_REQUIREMENTS => MAGIC_REQUIREMENTS,
            SLOT_ENTITLEMENTS => MAGIC_ENTITLEMENTS,
            SLOT_DER_ENTITLEMENTS => MAGIC_DER_ENTITLEMENTS,
            SLOT_CMS => MAGIC_BLOB_WRAPPER,
            slot if SLOT_CONSTRAINTS.contains(&slot) => MAGIC_CONSTRAINT,
            _ => continue,
        };
        report.expect(u32_at(blob, 0) == Some(magic), arch, "signature-malformed", || {
            format!("{MODIFIED}: what stands in slot {slot:#x} is something else")
        });
    }
}

fn check_directory(report: &mut CodeReport, signed: &Signed, directory: &CodeDirectory) {
    let Signed { arch, code, text, .. } = *signed;
    let hash = directory.hash_type.name();
    // CodeDirectory::checkIntegrity: earliestVersion, compatibilityLimit; nobody scatters pages any more.
    let supported = (0x20001..=0x2f000).contains(&directory.version) && !directory.has_scatter;
    report.expect(supported, arch, "signature-malformed", || {
        format!("unsupported type or version of signature: {:#x}", directory.version)
    });
    report.expect(directory.code_limit == code.len() as u64, arch, "code-limit", || {
        format!("{MODIFIED}: it covers {} bytes of code, but there are {}", directory.code_limit, code.len())
    });
    let hardened = directory.flags & CS_RUNTIME != 0;
    report.expect(!hardened || directory.runtime != 0, arch, "signature-malformed", || {
        format!("{MODIFIED}: it asks for the hardened runtime without naming its version")
    });
    if let (Some(text), Some(said)) = (text, directory.exec_segment) {
        // Some tools leave out what follows the last section; codesign does not look, and such code runs.
        let same = said.base == text.base
            && said.limit <= text.limit
            && said.flags & CS_EXECSEG_MAIN_BINARY == text.flags & CS_EXECSEG_MAIN_BINARY;
        report.expect(same, arch, "exec-segment", || {
            format!(
                "{MODIFIED}: it says of __TEXT that it is {:#x} bytes at {:#x} (flags {:#x}), but it is {:#x} bytes at {:#x}",
                said.limit, said.base, said.flags, text.limit, text.base
            )
        });
    }
    check_pages(report, signed, directory, hash);
}

fn check_pages(report: &mut CodeReport, signed: &Signed, directory: &CodeDirectory, hash: &str) {
    let Signed { arch, code, ref known, .. } = *signed;
    let size = page_size(directory.page_log2, code.len());
    let pages = code.len().div_ceil(size);
    report.expect(directory.code_slots as usize == pages, arch, "code-limit", || {
        format!("{MODIFIED}: it holds {} {hash} page hashes for {pages} pages", directory.code_slots)
    });
    report.checks += pages as u64;
    let wrong = directory.wrong_pages(code, known.as_ref());
    if let Some(first) = wrong.first() {
        let from = *first as usize * size;
        report.expect(false, arch, "page-hash", || {
            format!(
                "{MODIFIED}: {} of {pages} {hash} page hashes are wrong, the first at byte {from:#x}",
                wrong.len()
            )
        });
    }
}

/// All directories say the same of the code, so that it does not matter which one a Mac chooses.
fn check_agreement(
    report: &mut CodeReport,
    arch: Option<Arch>,
    directory: &CodeDirectory,
    primary: &CodeDirectory,
) {
    let about = |one: &CodeDirectory| {
        (one.flags, one.code_limit, one.page_log2, one.code_slots, one.platform, one.exec_segment)
    };
    let agrees = about(directory) == about(primary)
        && (directory.identifier, directory.team) == (primary.identifier, primary.team);
    report.expect(agrees, arch, "signature-malformed", || {
        format!("{MODIFIED}: its {} directory disagrees with the first", directory.hash_type.name())
    });
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
        4 => ("special-slot", "top directory"),
        SLOT_TRAILER => ("special-slot", "disk image trailer"),
        8 => ("special-slot", "launch constraint on itself"),
        9 => ("special-slot", "launch constraint on its parent"),
        10 => ("special-slot", "launch constraint on the responsible process"),
        11 => ("special-slot", "library constraint"),
        _ => ("special-slot", "sealed component"),
    }
}

/// XML and DER entitlements say the same: older systems read the one, newer ones the other.
fn check_entitlements(report: &mut CodeReport, arch: Option<Arch>, super_blob: &SuperBlob) -> Known {
    let xml = super_blob.contents(SLOT_ENTITLEMENTS);
    let der = super_blob.contents(SLOT_DER_ENTITLEMENTS);
    let mut read = |what: Result<Dictionary, String>| {
        report.expect(what.is_ok(), arch, "entitlements", || {
            format!(
                "{MODIFIED}: its entitlements cannot be read: {}",
                what.as_ref().err().map_or("", |why| why)
            )
        });
        what.ok()
    };
    let xml = xml.and_then(|xml| {
        let value = InfoPlist::read(xml).map(|plist| plist.value);
        read(
            value
                .map(|value| value.into_dictionary().unwrap_or_default())
                .map_err(|why| format!("the XML {why}")),
        )
    });
    let der = der.map(|der| read(entitlements_der::read(der)));
    let Some(der) = der else { return Known::of(xml.map(Value::Dictionary)) };
    let same = der.is_none() || xml == der;
    report.expect(same, arch, "entitlements", || {
        format!("{MODIFIED}: its DER entitlements are not those of its XML: {}", difference(&xml, &der))
    });
    Known::of(der.or(xml).map(Value::Dictionary))
}

/// The keys in which two sets of entitlements differ.
fn difference(xml: &Option<Dictionary>, der: &Option<Dictionary>) -> String {
    let (nothing, also_nothing) = (Dictionary::new(), Dictionary::new());
    let (xml, der) = (xml.as_ref().unwrap_or(&nothing), der.as_ref().unwrap_or(&also_nothing));
    let mut keys: Vec<&str> = xml.keys().chain(der.keys()).map(String::as_str).collect();
    keys.retain(|key| xml.get(key) != der.get(key));
    keys.sort_unstable();
    keys.dedup();
    keys.join(", ")
}

/// Code has to be what its own designated requirement asks for, or no Mac knows it again after an update.
fn check_own_requirement(
    report: &mut CodeReport,
    arch: Option<Arch>,
    super_blob: &SuperBlob,
    identity: &mut Identity,
) {
    let Some(set) =
        super_blob.get(SLOT_REQUIREMENTS).filter(|set| u32_at(set, 0) == Some(MAGIC_REQUIREMENTS))
    else {
        return;
    };
    let set = Requirements::read(set);
    report.expect(set.is_ok(), arch, "requirements", || {
        format!("{BAD_REQUIREMENT}: {}", set.as_ref().err().map_or("", |why| why))
    });
    let Some(designated) = set.as_ref().ok().and_then(|set| set.get(DESIGNATED)) else { return };
    let met = designated.evaluate(&identity.subject()) != Verdict::No;
    report.expect(met, arch, "requirement", || {
        format!("{UNMET_REQUIREMENT}: it is not what its own designated requirement asks for: {designated}")
    });
    identity.designated = Some(designated.to_string());
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::code_directory::NewDirectory;
    use super::super::entitlements::Entitlements;
    use super::super::requirement::requirement_blob;
    use super::*;

    const CODE: [u8; 5000] = [7; 5000];

    /// A signature of [`CODE`] with a code directory for each of `hashes`, over what stands in `special`.
    fn signature(hashes: &[HashType], special: &[(u32, Vec<u8>)]) -> Vec<(u32, Vec<u8>)> {
        let slots: BTreeMap<u32, &[u8]> = special.iter().map(|(slot, blob)| (*slot, &blob[..])).collect();
        let directory = |hash_type: &HashType| {
            let new = NewDirectory {
                identifier: "org.example.x",
                team: None,
                flags: CS_ADHOC,
                hash_type: *hash_type,
                page_log2: 12,
                exec_segment: ExecSegment::default(),
                runtime: 0,
                special: slots.clone(),
                code_limit: CODE.len(),
            };
            new.build(&CODE)
        };
        let places = std::iter::once(SLOT_CODE_DIRECTORY).chain(SLOT_ALTERNATE_DIRECTORY..);
        let directories = places.zip(hashes.iter().map(directory));
        directories.chain(special.iter().cloned()).collect()
    }

    fn faults(blobs: &[(u32, Vec<u8>)]) -> Vec<&'static str> {
        let bytes = super_blob(blobs);
        let parsed = SuperBlob::parse(&bytes).unwrap();
        let mut report = CodeReport::default();
        let signed = Signed { arch: None, code: &CODE, text: None, known: None };
        check_signature(&mut report, &signed, &parsed, |slot| Contents::or_missing(parsed.get(slot)));
        report.faults.iter().map(|fault| fault.code).collect()
    }

    #[test]
    fn the_strongest_directory_counts_and_all_agree() {
        let all = [HashType::Sha1, HashType::Sha256Truncated, HashType::Sha256, HashType::Sha384];
        let blobs = signature(&all, &[]);
        assert_eq!(faults(&blobs), [""; 0]);
        let bytes = super_blob(&blobs);
        let parsed = SuperBlob::parse(&bytes).unwrap();
        let signed = Signed { arch: None, code: &CODE, text: None, known: None };
        let identity =
            check_signature(&mut CodeReport::default(), &signed, &parsed, |_| Contents::Missing).unwrap();
        let strongest = CodeDirectory::parse(&blobs[3].1).unwrap();
        assert_eq!((identity.cdhash, identity.hashes.len()), (Some(strongest.cdhash()), 4));
    }

    #[test]
    fn directories_that_no_mac_would_take_are_told() {
        let twice = signature(&[HashType::Sha256, HashType::Sha256], &[]);
        assert_eq!(faults(&twice), ["signature-malformed"]);
        assert_eq!(faults(&signature(&[HashType::Sha512], &[])), ["signature-malformed"]);
        let mut behind_gap = signature(&[HashType::Sha256, HashType::Sha1], &[]);
        behind_gap[1].0 = SLOT_ALTERNATE_DIRECTORY + 1;
        assert_eq!(faults(&behind_gap), ["signature-malformed"]);
        let mut other = signature(&[HashType::Sha256, HashType::Sha1], &[]);
        other[1].1[15] |= 1; // a flag of the second alone
        assert_eq!(faults(&other), ["signature-malformed"]);
    }

    #[test]
    fn both_forms_of_entitlements_say_the_same() {
        let entitled = |key: &str| {
            let xml = format!("<plist version=\"1.0\"><dict><key>{key}</key><true/></dict></plist>");
            Entitlements::keep(xml.as_bytes(), false).entitlements.unwrap()
        };
        let (one, other) = (entitled("a"), entitled("b"));
        let with = |xml: Vec<u8>, der: Vec<u8>| {
            signature(&[HashType::Sha256], &[(SLOT_ENTITLEMENTS, xml), (SLOT_DER_ENTITLEMENTS, der)])
        };
        assert_eq!(faults(&with(one.xml_blob(), one.der_blob())), [""; 0]);
        assert_eq!(faults(&with(one.xml_blob(), other.der_blob())), ["entitlements"]);
        let torn = blob(MAGIC_DER_ENTITLEMENTS, &[0x70, 0x80]);
        assert_eq!(faults(&with(one.xml_blob(), torn)), ["entitlements"]);
        let as_xml = blob(MAGIC_DER_ENTITLEMENTS, b"");
        assert!(faults(&with(as_xml, one.der_blob())).contains(&"signature-malformed"));
    }

    #[test]
    fn code_meets_its_own_designated_requirement() {
        let with = |text: &str| {
            let index: Vec<u8> =
                [1, DESIGNATED, 20].iter().flat_map(|word: &u32| word.to_be_bytes()).collect();
            let set = blob(MAGIC_REQUIREMENTS, &[index, requirement_blob(text).unwrap()].concat());
            signature(&[HashType::Sha256], &[(SLOT_REQUIREMENTS, set)])
        };
        assert_eq!(faults(&with("identifier \"org.example.x\"")), [""; 0]);
        assert_eq!(faults(&with("identifier \"org.example.y\"")), ["requirement"]);
        assert_eq!(faults(&with("anchor apple generic")), ["requirement"]);
        let torn = blob(MAGIC_REQUIREMENTS, &1u32.to_be_bytes());
        assert_eq!(faults(&signature(&[HashType::Sha256], &[(SLOT_REQUIREMENTS, torn)])), ["requirements"]);
    }

    #[test]
    fn launch_constraints_are_sealed_like_all_else() {
        let constraint = blob(MAGIC_CONSTRAINT, b"constraint");
        let mut blobs = signature(&[HashType::Sha256], &[(8, constraint)]);
        assert_eq!(faults(&blobs), [""; 0]);
        blobs[1].1[9] ^= 1;
        assert_eq!(faults(&blobs), ["special-slot"]);
        blobs.pop();
        assert_eq!(faults(&blobs), ["special-slot"]);
    }
}
