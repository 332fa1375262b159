//! What LC_CODE_SIGNATURE says about itself, without checking a single hash (that is `codesign`'s work).

use std::collections::BTreeSet;
use std::io::Cursor;

use plist::stream::{Event, Reader};

use super::byte_order::{ByteOrder, range_at};

/// How a slice is signed, as far as its code directory claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SignatureState {
    None,
    /// Made by the linker: ad hoc, replaced by any signer.
    Linker,
    Adhoc,
    /// Carries a CMS signature of some identity.
    Cms,
    /// There is a signature command but what it points at cannot be read.
    Unreadable,
}

/// The signature of one slice as its first code directory describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    pub state: SignatureState,
    pub identifier: Option<String>,
    pub team: Option<String>,
    /// CodeDirectory flags (CS_ADHOC 0x2, CS_RUNTIME 0x10000, CS_LINKER_SIGNED 0x20000, …).
    pub flags: u32,
    /// Keys of the entitlements whose value is true.
    pub entitlements: BTreeSet<String>,
    /// Keys of all entitlements, whatever their values.
    pub claims: BTreeSet<String>,
    /// What its CMS says, when there is one.
    pub cms: Option<Cms>,
}

/// What can be told of a CMS signature by the object identifiers in it, without checking it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cms {
    /// Made with a Developer ID Application certificate.
    pub developer_id: bool,
    /// Carries a timestamp of a server.
    pub timestamp: bool,
}

const MAGIC_EMBEDDED_SIGNATURE: u32 = 0xfade_0cc0;
const MAGIC_CODE_DIRECTORY: u32 = 0xfade_0c02;
const MAGIC_BLOB_WRAPPER: u32 = 0xfade_0b01;
const MAGIC_ENTITLEMENTS: u32 = 0xfade_7171;
const SLOT_CODE_DIRECTORY: u32 = 0;
const SLOT_ENTITLEMENTS: u32 = 5;
const SLOT_SIGNATURE: u32 = 0x10000;
const CS_REQUIRE_LV: u32 = 0x2000;
const CS_RUNTIME: u32 = 0x1_0000;
const CS_LINKER_SIGNED: u32 = 0x20000;
/// 1.2.840.113635.100.6.1.13 as DER writes it: the extension of Developer ID Application certificates.
pub(super) const OID_DEVELOPER_ID: [u8; 10] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x63, 0x64, 0x06, 0x01, 0x0d];
/// 1.2.840.113549.1.9.16.2.14: `id-aa-timeStampToken` of RFC 3161.
pub(super) const OID_TIMESTAMP: [u8; 11] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x02, 0x0e];
/// The first `CodeDirectory.version` with a `teamOffset` field.
const VERSION_WITH_TEAM: u32 = 0x20200;

impl Signature {
    pub const NONE: Signature = Signature::empty(SignatureState::None);

    /// A signature command whose data cannot be read.
    pub const UNREADABLE: Signature = Signature::empty(SignatureState::Unreadable);

    const fn empty(state: SignatureState) -> Signature {
        Signature {
            state,
            identifier: None,
            team: None,
            flags: 0,
            entitlements: BTreeSet::new(),
            claims: BTreeSet::new(),
            cms: None,
        }
    }

    /// Whether a process that starts with it loads only libraries of its own team and of Apple.
    pub fn validates_libraries(&self) -> bool {
        const MAY_LOAD_ANY: &str = "com.apple.security.cs.disable-library-validation";
        self.flags & (CS_RUNTIME | CS_REQUIRE_LV) != 0 && !self.entitlements.contains(MAY_LOAD_ANY)
    }

    pub fn has_hardened_runtime(&self) -> bool {
        self.flags & CS_RUNTIME != 0
    }

    pub fn is_ad_hoc(&self) -> bool {
        matches!(self.state, SignatureState::Adhoc | SignatureState::Linker)
    }

    /// Reads the SuperBlob (big-endian throughout) that LC_CODE_SIGNATURE points at: `CS_SuperBlob` and
    /// `CS_CodeDirectory` of xnu's `cs_blobs.h`. Whatever cannot be read is [`Signature::UNREADABLE`].
    pub fn parse(super_blob: &[u8]) -> Signature {
        parse(super_blob).unwrap_or(Signature::UNREADABLE)
    }
}

fn parse(super_blob: &[u8]) -> Option<Signature> {
    if u32_at(super_blob, 0)? != MAGIC_EMBEDDED_SIGNATURE {
        return None;
    }
    let directory = blob(super_blob, SLOT_CODE_DIRECTORY, MAGIC_CODE_DIRECTORY)?;
    let (version, flags) = (u32_at(directory, 8)?, u32_at(directory, 12)?);
    let team_at = if version >= VERSION_WITH_TEAM { u32_at(directory, 48)? } else { 0 };
    // An empty wrapper, 8 bytes of header, is what ad hoc signing leaves.
    let cms = blob(super_blob, SLOT_SIGNATURE, MAGIC_BLOB_WRAPPER).filter(|cms| cms.len() > 8).map(Cms::of);
    let state = match (cms.is_some(), flags & CS_LINKER_SIGNED != 0) {
        (true, _) => SignatureState::Cms,
        (false, true) => SignatureState::Linker,
        (false, false) => SignatureState::Adhoc,
    };
    let team = if team_at == 0 { None } else { Some(text_at(directory, team_at)?) };
    let identifier = Some(text_at(directory, u32_at(directory, 20)?)?);
    let entitlements = blob(super_blob, SLOT_ENTITLEMENTS, MAGIC_ENTITLEMENTS);
    let xml = entitlements.and_then(|blob| blob.get(8..));
    let (claims, entitlements) = xml.map(entitled).unwrap_or_default();
    Some(Signature { state, identifier, team, flags, entitlements, claims, cms })
}

impl Cms {
    fn of(cms: &[u8]) -> Cms {
        let holds = |oid: &[u8]| cms.windows(oid.len()).any(|part| part == oid);
        Cms { developer_id: holds(&OID_DEVELOPER_ID), timestamp: holds(&OID_TIMESTAMP) }
    }
}

/// The top-level keys of an XML property list: all of them, and those that are true. What cannot be read grants
/// nothing.
fn entitled(xml: &[u8]) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut depth, mut key, mut all, mut keys) = (0usize, None, BTreeSet::new(), BTreeSet::new());
    for event in Reader::new(Cursor::new(xml)).map_while(Result::ok) {
        key = match (event, key) {
            (Event::StartDictionary(_) | Event::StartArray(_), _) => {
                depth += 1;
                None
            }
            (Event::EndCollection, _) => {
                depth = depth.saturating_sub(1);
                None
            }
            (Event::String(text), None) if depth == 1 => {
                all.insert(text.clone().into_owned());
                Some(text.into_owned())
            }
            (Event::Boolean(true), Some(name)) => {
                keys.insert(name);
                None
            }
            _ => None,
        };
    }
    (all, keys)
}

/// The bytes of the blob in `slot`, its own header included, when it bears `magic`.
fn blob(super_blob: &[u8], slot: u32, magic: u32) -> Option<&[u8]> {
    let count = u32_at(super_blob, 8)? as usize;
    let index = super_blob.get(12..)?.chunks_exact(8).take(count);
    let offset = index.filter(|entry| u32_at(entry, 0) == Some(slot)).find_map(|entry| u32_at(entry, 4))?;
    let rest = super_blob.get(offset as usize..)?;
    let range = range_at(rest, 0, u32_at(rest, 4)?.into()).ok()?;
    (u32_at(rest, 0)? == magic).then(|| rest.get(range)).flatten()
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    ByteOrder::Big.u32(bytes, at).ok()
}

fn text_at(directory: &[u8], at: u32) -> Option<String> {
    let rest = directory.get(at as usize..)?;
    let length = rest.iter().position(|&byte| byte == 0)?;
    Some(String::from_utf8_lossy(&rest[..length]).into_owned())
}

#[cfg(test)]
mod tests {
    use super::super::sample::signature;
    use super::*;

    fn words(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    /// A code directory of a version with a team, and a CMS wrapper with `cms` bytes of contents.
    fn with_team_and_cms(flags: u32, cms: usize) -> Vec<u8> {
        let names = b"org.example.app\0TEAM123456\0";
        let directory_size = 52 + names.len() as u32;
        let mut directory = words(&[MAGIC_CODE_DIRECTORY, directory_size, 0x20400, flags, 0, 52]);
        directory.resize(48, 0);
        directory.extend(words(&[52 + 16]));
        directory.extend(names);
        let wrapper = [words(&[MAGIC_BLOB_WRAPPER, 8 + cms as u32]), vec![1; cms]].concat();
        let (at, total) = (28 + directory_size, 28 + directory_size + wrapper.len() as u32);
        let index = words(&[MAGIC_EMBEDDED_SIGNATURE, total, 2, SLOT_CODE_DIRECTORY, 28, SLOT_SIGNATURE, at]);
        [index, directory, wrapper].concat()
    }

    #[test]
    fn the_state_tells_linker_ad_hoc_and_identity_apart() {
        assert_eq!(Signature::parse(&signature("a", 0x20002)).state, SignatureState::Linker);
        assert_eq!(Signature::parse(&signature("a", 0x2)).state, SignatureState::Adhoc);
        assert_eq!(Signature::parse(&with_team_and_cms(0x2, 0)).state, SignatureState::Adhoc);
        assert_eq!(Signature::parse(&with_team_and_cms(0x10000, 100)).state, SignatureState::Cms);
    }

    #[test]
    fn identifier_team_and_flags_come_from_the_code_directory() {
        let signature = Signature::parse(&with_team_and_cms(0x10000, 100));
        assert_eq!(signature.identifier.as_deref(), Some("org.example.app"));
        assert_eq!(signature.team.as_deref(), Some("TEAM123456"));
        assert_eq!(signature.flags, 0x10000);
    }

    #[test]
    fn entitlements_are_the_keys_that_are_true() {
        let xml = b"<plist version=\"1.0\"><dict><key>a</key><true/><key>b</key><false/><key>c</key><array>\
            <string>d</string><true/></array><key>e</key><true/></dict></plist>";
        let (all, granted) = entitled(xml);
        assert_eq!(granted.into_iter().collect::<Vec<_>>(), ["a", "e"]);
        assert_eq!(all.into_iter().collect::<Vec<_>>(), ["a", "b", "c", "e"]);
        assert_eq!(entitled(b"<plist><dict><key>a"), Default::default());
    }

    #[test]
    fn a_cms_tells_its_certificate_and_its_timestamp_by_their_identifiers() {
        let of = |parts: &[&[u8]]| Cms::of(&parts.concat());
        assert_eq!(of(&[&[0x30, 9], &OID_DEVELOPER_ID]), Cms { developer_id: true, timestamp: false });
        assert_eq!(of(&[&OID_TIMESTAMP, &[1]]), Cms { developer_id: false, timestamp: true });
    }

    #[test]
    fn libraries_are_validated_by_hardened_code_that_does_not_ask_for_less() {
        let with = |flags, entitlement: &str| {
            let entitlements = [entitlement.to_owned()].into();
            Signature { flags, entitlements, ..Signature::NONE }.validates_libraries()
        };
        assert!(with(0x1_0000, "x") && with(0x2000, "x"));
        assert!(!with(0x1_0000, "com.apple.security.cs.disable-library-validation") && !with(2, "x"));
    }

    #[test]
    fn stale_bytes_after_the_blob_do_not_matter_but_missing_ones_do() {
        let blob = with_team_and_cms(0x2, 0);
        let padded = [&blob[..], &[0xee; 40]].concat();
        assert_eq!(Signature::parse(&padded), Signature::parse(&blob));
        assert_eq!(Signature::parse(&blob[..60]), Signature::UNREADABLE);
        assert_eq!(Signature::parse(&[0; 64]), Signature::UNREADABLE);
    }
}
