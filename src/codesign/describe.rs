//! What a signature says, in the words of `codesign -dvvv`, without checking a single hash.

use plist::{Dictionary, Value};

use super::authority::{Authority, moment};
use super::blob::{
    BLOB_HEADER, SLOT_CMS, SLOT_CODE_DIRECTORY, SLOT_CODE_RESOURCES, SLOT_DER_ENTITLEMENTS,
    SLOT_ENTITLEMENTS, SLOT_INFO_PLIST, SLOT_REQUIREMENTS, SuperBlob,
};
use super::code_directory::{CS_LINKER_SIGNED, CodeDirectory};
use super::digest::{HashType, hex};
use super::embedded::is_directory_slot;
use super::entitlements::Entitlements;
use super::seal::{CodeResources, Seal};
use crate::bundle::InfoPlist;
use crate::macho::PackedVersion;

/// The signature of one slice, as it describes itself.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Description {
    /// Names as codesign prints them, with their values, in its order.
    pub fields: Vec<(&'static str, String)>,
    /// What the executable may do, by key.
    pub entitlements: Dictionary,
}

/// Reads what LC_CODE_SIGNATURE points at.
///
/// # Errors
/// A clause that says what is malformed.
pub fn describe(super_blob: &[u8]) -> Result<Description, String> {
    let blobs = SuperBlob::parse(super_blob)?;
    let directory = blobs.get(SLOT_CODE_DIRECTORY).ok_or("it holds no code directory")?;
    let first = CodeDirectory::parse(directory)?;
    let all = blobs.blobs.iter().filter(|(slot, _)| is_directory_slot(*slot));
    let mut all: Vec<CodeDirectory> = all.filter_map(|(_, blob)| CodeDirectory::parse(blob).ok()).collect();
    all.sort_by_key(|directory| directory.hash_type);
    let strongest = all.last().unwrap_or(&first);
    let digest = |bytes: &[u8]| hex(&HashType::Sha256.digest(bytes));
    let special = |slot| strongest.special_hash(slot).map_or_else(|| "not bound".to_owned(), hex);
    let kind = match (blobs.has_cms(), first.flags & CS_LINKER_SIGNED != 0) {
        (true, _) => "CMS",
        (false, true) => "linker-signed, ad hoc",
        (false, false) => "adhoc",
    };
    let hashes: Vec<&str> = all.iter().map(|directory| directory.hash_type.name()).collect();
    let cms = blobs.contents(SLOT_CMS).filter(|cms| !cms.is_empty());
    let mut fields = vec![
        ("Signature", kind.to_owned()),
        ("Identifier", first.identifier.to_owned()),
        ("TeamIdentifier", first.team.unwrap_or("not set").to_owned()),
        ("CodeDirectory flags", flags(first.flags)),
        ("CodeDirectory version", format!("{:x}", first.version)),
        ("Hash choices", hashes.join(", ")),
        ("Page size", 1_u64.checked_shl(first.page_log2.into()).unwrap_or(0).to_string()),
        ("Runtime Version", PackedVersion(first.runtime).dotted()),
        ("Info.plist", special(SLOT_INFO_PLIST)),
        ("Sealed Resources", special(SLOT_CODE_RESOURCES)),
        ("Internal requirements", blobs.contents(SLOT_REQUIREMENTS).map_or_else(String::new, digest)),
        ("CMS signature", cms.map_or_else(|| "none".to_owned(), digest)),
        ("CDHash", hex(&strongest.cdhash().0)),
    ];
    if let Some(authority) = cms.and_then(Authority::read) {
        fields.push(("Authority", authority.names.join(", ")));
        fields.extend(authority.timestamp.map(|at| ("Timestamp", moment(at))));
        fields.extend(authority.signed_time.map(|at| ("Signed Time", moment(at))));
    }
    let xml = blobs.contents(SLOT_ENTITLEMENTS);
    let entitlements = match xml.map(InfoPlist::read) {
        Some(Ok(InfoPlist { value: Value::Dictionary(values), .. })) => values,
        Some(_) => {
            fields.push(("Entitlements", "cannot be read".to_owned()));
            Dictionary::new()
        }
        None => Dictionary::new(),
    };
    // The two forms say the same, or the kernel believes the other one.
    if let Some(der) = blobs.contents(SLOT_DER_ENTITLEMENTS) {
        let expected = xml.and_then(|xml| Entitlements::keep(xml, true).entitlements);
        let same = expected.is_some_and(|known| known.der_blob().get(BLOB_HEADER..) == Some(der));
        if !same {
            fields.push(("DER entitlements", digest(der)));
        }
    }
    Ok(Description { fields, entitlements })
}

/// What a `CodeResources` file seals.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SealDescription {
    /// Each sealed path with what stands for it: a hash, a link's target, the identity of code.
    pub entries: std::collections::BTreeMap<String, String>,
}

/// Reads `_CodeSignature/CodeResources`.
///
/// # Errors
/// A clause that says what is malformed.
pub fn describe_seal(bytes: &[u8]) -> Result<SealDescription, String> {
    let seal = CodeResources::parse(bytes)?;
    let entry = |seal: &Seal| match seal {
        Seal::File { sha1, sha256, optional } => {
            let hash = sha256.as_ref().or(sha1.as_ref()).map(|hash| hex(hash)).unwrap_or_default();
            if *optional { hash + ", optional" } else { hash }
        }
        Seal::Link { target, .. } => format!("link to {target}"),
        Seal::Code { cdhash, requirement } => format!("code {}, {requirement}", hex(cdhash)),
    };
    Ok(SealDescription {
        entries: seal.files2.iter().map(|(path, seal)| (path.clone(), entry(seal))).collect(),
    })
}

/// The names that `codesign -d` gives to CodeDirectory flags (CSCommon.h, kSecCodeSignature*).
const FLAGS: [(u32, &str); 10] = [
    (0x1, "host"),
    (0x2, "adhoc"),
    (0x100, "hard"),
    (0x200, "kill"),
    (0x400, "expires"),
    (0x800, "restrict"),
    (0x1000, "enforcement"),
    (0x2000, "library-validation"),
    (0x1_0000, "runtime"),
    (0x2_0000, "linker-signed"),
];

pub fn flag_names(flags: u32) -> Vec<&'static str> {
    FLAGS.iter().filter(|(bit, _)| flags & bit != 0).map(|(_, name)| *name).collect()
}

/// `0x10002(adhoc,runtime)`.
fn flags(flags: u32) -> String {
    let names = flag_names(flags);
    format!("{flags:#x}({})", if names.is_empty() { "none".to_owned() } else { names.join(",") })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codesign::blob::{MAGIC_ENTITLEMENTS, blob, super_blob};
    use crate::codesign::code_directory::NewDirectory;

    fn signature(flags: u32, entitlements: Option<&str>) -> Vec<u8> {
        let directory = NewDirectory {
            identifier: "org.example.app",
            team: None,
            flags,
            hash_type: HashType::Sha256,
            page_log2: 12,
            exec_segment: Default::default(),
            runtime: 0x000e_0000,
            special: [(SLOT_INFO_PLIST, &b"info"[..])].into(),
            code_limit: 4,
        };
        let mut blobs = vec![(SLOT_CODE_DIRECTORY, directory.build(b"code"))];
        let plist = |body: &str| format!("<plist version=\"1.0\"><dict>{body}</dict></plist>");
        let xml = entitlements.map(|body| blob(MAGIC_ENTITLEMENTS, plist(body).as_bytes()));
        blobs.extend(xml.map(|xml| (SLOT_ENTITLEMENTS, xml)));
        super_blob(&blobs)
    }

    #[test]
    fn fields_have_codesigns_names() {
        let said = describe(&signature(0x1_0002, Some("<key>a</key><true/>"))).unwrap();
        let of = |name| said.fields.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str());
        assert_eq!(of("Identifier"), Some("org.example.app"));
        assert_eq!(of("CodeDirectory flags"), Some("0x10002(adhoc,runtime)"));
        assert_eq!(of("Runtime Version"), Some("14.0.0"));
        assert_eq!(of("Page size"), Some("4096"));
        assert_eq!(of("Sealed Resources"), Some("not bound"));
        assert_eq!(of("CDHash").map(str::len), Some(40));
        assert_eq!(said.entitlements.get("a"), Some(&Value::Boolean(true)));
    }

    #[test]
    fn flags_have_codesigns_names() {
        assert_eq!(flag_names(0x1_0002), ["adhoc", "runtime"]);
        assert_eq!(flags(0), "0x0(none)");
    }

    #[test]
    fn what_cannot_be_read_says_so() {
        assert!(describe(&[0; 40]).is_err());
        let said = describe(&signature(2, Some("<key>a"))).unwrap();
        assert_eq!(said.fields.last(), Some(&("Entitlements", "cannot be read".to_owned())));
        assert!(describe_seal(b"<plist/>").is_err());
    }
}
