//! Entitlements: what an executable may do. Which of them ad hoc code can hold, and their DER form.

use std::fs;
use std::path::Path;

use plist::{Dictionary, Value};

use super::asn1::element;
use super::blob::{MAGIC_DER_ENTITLEMENTS, MAGIC_ENTITLEMENTS, blob};
use crate::bundle::InfoPlist;
use crate::failure::Failure;

/// Set when a process may load libraries of other teams, without which hardened ad hoc code cannot load its own.
pub(super) const DISABLE_LIBRARY_VALIDATION: &str = "com.apple.security.cs.disable-library-validation";

/// How deep a property list may be nested before it is refused.
const DEEPEST: usize = 64;

/// Entitlements in both forms that a signature holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Entitlements {
    xml: Vec<u8>,
    der: Vec<u8>,
    values: Dictionary,
}

/// There is nothing in it that is not equal to itself: reals have no DER form.
impl Eq for Entitlements {}

/// What becomes of an executable's entitlements when it is signed anew.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Kept {
    /// `None` when nothing is left.
    pub entitlements: Option<Entitlements>,
    /// Keys that only a provisioning profile grants: AMFI kills code that claims them without one. They are gone unless
    /// they were said to be granted.
    pub restricted: Vec<String>,
    /// Why all of them are lost, if they are.
    pub unreadable: Option<String>,
}

impl Entitlements {
    /// The old entitlements without the restricted ones, unless those are `granted`. The text stays as it is when nothing had
    /// to go.
    pub(super) fn keep(xml: &[u8], granted: bool) -> Kept {
        let values = match InfoPlist::read(xml).map(|plist| plist.value) {
            Ok(Value::Dictionary(values)) => values,
            _ => return Kept::unreadable("they are not a property list of keys"),
        };
        let (restricted, mut kept): (Dictionary, Dictionary) =
            values.into_iter().partition(|(key, value)| is_restricted(key, value));
        let keys: Vec<String> = restricted.keys().cloned().collect();
        if granted {
            kept.extend(restricted);
        }
        let xml = if keys.is_empty() || granted { Some(xml.to_vec()) } else { to_xml(&kept) };
        let entitlements = match (kept.is_empty(), xml, der(&kept)) {
            (true, ..) => None,
            (_, Some(xml), Some(der)) => Some(Entitlements { xml, der, values: kept }),
            _ => return Kept::unreadable("they hold a value that cannot be encoded as DER"),
        };
        Kept { entitlements, restricted: keys, unreadable: None }
    }

    /// Entitlements that somebody wrote for an app, from the property list at `path`. What AMFI does not read as it stands
    /// (a binary list, a byte order mark, comments) is written anew.
    ///
    /// # Errors
    /// [`Failure`] when the file cannot be read, is no property list of keys, or holds a value without a DER form.
    pub fn open(path: &Path) -> Result<Entitlements, Failure> {
        let xml = fs::read(path).map_err(|error| Failure::io(path, "read", &error))?;
        let refuse = |what: String, next: &str| Failure::new(path, what, next);
        let wrong = "name a property list like {\"com.apple.security.cs.allow-jit\": true}, as Xcode's .entitlements are";
        let plist = InfoPlist::read(&xml).map_err(|why| refuse(why, wrong))?;
        let Value::Dictionary(values) = plist.value else {
            return Err(refuse("holds no dictionary of entitlements".to_owned(), wrong));
        };
        let is_plain = xml.starts_with(b"<?xml") && !xml.windows(4).any(|four| four == b"<!--");
        let xml = if is_plain { Some(xml) } else { to_xml(&values) };
        match (xml, der(&values)) {
            (Some(xml), Some(der)) => Ok(Entitlements { xml, der, values }),
            _ => Err(refuse(
                "holds a value that no entitlement has: a real number or a date".to_owned(),
                "use booleans, strings, whole numbers, lists of them and dictionaries",
            )),
        }
    }

    /// Keys, and whether their value is true.
    pub(super) fn keys(&self) -> impl Iterator<Item = (&String, bool)> {
        self.values.iter().map(|(key, value)| (key, value.as_boolean() == Some(true)))
    }

    /// Keys that only a provisioning profile grants.
    pub(super) fn restricted(&self) -> impl Iterator<Item = &String> {
        self.values.iter().filter(|(key, value)| is_restricted(key, value)).map(|(key, _)| key)
    }

    /// The blob for slot 5.
    pub(super) fn xml_blob(&self) -> Vec<u8> {
        blob(MAGIC_ENTITLEMENTS, &self.xml)
    }

    /// The blob for slot 7.
    pub(super) fn der_blob(&self) -> Vec<u8> {
        blob(MAGIC_DER_ENTITLEMENTS, &self.der)
    }

    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.values.contains_key(key)
    }

    pub(super) fn is_true(&self, key: &str) -> bool {
        self.values.get(key).and_then(Value::as_boolean) == Some(true)
    }

    /// `CS_EXECSEG_*` flags that follow from entitlements (Security, `signer.cpp`).
    pub(super) fn exec_segment_flags(&self) -> u64 {
        const FLAGS: [(&str, u64); 7] = [
            ("get-task-allow", 0x10),
            ("run-unsigned-code", 0x10),
            ("com.apple.private.cs.debugger", 0x20),
            ("dynamic-codesigning", 0x40),
            ("com.apple.private.skip-library-validation", 0x80),
            ("com.apple.private.amfi.can-load-cdhash", 0x100),
            ("com.apple.private.amfi.can-execute-cdhash", 0x200),
        ];
        FLAGS.iter().filter(|(key, _)| self.is_true(key)).fold(0, |flags, (_, flag)| flags | flag)
    }
}

impl Kept {
    fn unreadable(why: &str) -> Kept {
        Kept { unreadable: Some(why.to_owned()), ..Kept::default() }
    }
}

/// Whether only a provisioning profile (or Apple) grants this entitlement, whatever its value.
pub fn needs_profile(key: &str) -> bool {
    const KEYS: [&str; 3] =
        ["application-identifier", "com.apple.application-identifier", "keychain-access-groups"];
    const PREFIXES: [&str; 3] = ["com.apple.developer.", "com.apple.private.", "com.apple.rootless."];
    KEYS.contains(&key) || PREFIXES.iter().any(|prefix| key.starts_with(prefix))
}

fn is_restricted(key: &str, value: &Value) -> bool {
    needs_profile(key) || key == "com.apple.security.application-groups" && names_a_team(value)
}

/// Whether a group begins with the ten characters of a team identifier.
fn names_a_team(groups: &Value) -> bool {
    let of_team = |group: &str| {
        group.split_once('.').is_some_and(|(team, _)| {
            team.len() == 10 && team.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        })
    };
    groups.as_array().into_iter().flatten().filter_map(Value::as_string).any(of_team)
}

fn to_xml(values: &Dictionary) -> Option<Vec<u8>> {
    let mut xml = Vec::new();
    Value::Dictionary(values.clone()).to_writer_xml(&mut xml).ok()?;
    Some(xml)
}

/// `[APPLICATION 16] { INTEGER 1, [CONTEXT 16] { sorted pairs } }`, the form that AMFI reads since macOS 12
/// (CoreEntitlements). `None` for values it has no form for: reals, dates, UIDs.
fn der(values: &Dictionary) -> Option<Vec<u8>> {
    Some(element(0x70, &[element(0x02, &[1]), der_dictionary(values, 0)?].concat()))
}

fn der_dictionary(values: &Dictionary, depth: usize) -> Option<Vec<u8>> {
    let mut pairs: Vec<(&String, &Value)> = values.iter().collect();
    pairs.sort_by_key(|(key, _)| *key);
    let pairs: Option<Vec<Vec<u8>>> = pairs
        .into_iter()
        .map(|(key, value)| {
            Some(element(0x30, &[element(0x0c, key.as_bytes()), der_value(value, depth + 1)?].concat()))
        })
        .collect();
    Some(element(0xb0, &pairs?.concat()))
}

fn der_value(value: &Value, depth: usize) -> Option<Vec<u8>> {
    if depth > DEEPEST {
        return None;
    }
    match value {
        Value::Dictionary(values) => der_dictionary(values, depth),
        Value::Array(values) => {
            let values: Option<Vec<Vec<u8>>> =
                values.iter().map(|value| der_value(value, depth + 1)).collect();
            Some(element(0x30, &values?.concat()))
        }
        Value::Boolean(value) => Some(element(0x01, &[if *value { 0xff } else { 0 }])),
        Value::String(text) => Some(element(0x0c, text.as_bytes())),
        Value::Data(bytes) => Some(element(0x04, bytes)),
        Value::Integer(number) => {
            let number = number.as_signed().map(i128::from).or(number.as_unsigned().map(i128::from))?;
            Some(element(0x02, &shortest(number)))
        }
        _ => None,
    }
}

/// Two's complement, big-endian, in as few bytes as keep the sign.
fn shortest(number: i128) -> Vec<u8> {
    let bytes = number.to_be_bytes();
    let spare = bytes
        .windows(2)
        .take_while(|pair| {
            matches!(pair, [0, next] if *next < 0x80) || matches!(pair, [0xff, next] if *next >= 0x80)
        })
        .count();
    bytes[spare..].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plist(body: &str) -> Vec<u8> {
        format!("<?xml version=\"1.0\"?><plist version=\"1.0\"><dict>{body}</dict></plist>").into_bytes()
    }

    #[test]
    fn what_ad_hoc_code_may_hold_stays_word_for_word() {
        let xml = plist("<key>com.apple.security.cs.allow-jit</key><true/>");
        let kept = Entitlements::keep(&xml, false);
        assert!(kept.restricted.is_empty());
        assert_eq!(kept.entitlements.unwrap().xml, xml);
    }

    #[test]
    fn what_needs_a_profile_goes() {
        let xml = plist(
            "<key>com.apple.developer.icloud-services</key><string>*</string><key>get-task-allow</key><true/>\
             <key>com.apple.security.application-groups</key><array><string>ABCDE12345.group</string></array>",
        );
        let kept = Entitlements::keep(&xml, false);
        assert_eq!(
            kept.restricted,
            ["com.apple.developer.icloud-services", "com.apple.security.application-groups"]
        );
        let entitlements = kept.entitlements.unwrap();
        assert_eq!((entitlements.len(), entitlements.exec_segment_flags()), (1, 0x10));
        assert_eq!(Entitlements::keep(&entitlements.xml, false).entitlements.unwrap(), entitlements);
        assert_eq!(
            Entitlements::keep(&plist("<key>keychain-access-groups</key><array/>"), false).entitlements,
            None
        );
    }

    #[test]
    fn what_a_profile_grants_stays_word_for_word() {
        let xml = plist("<key>keychain-access-groups</key><array/><key>get-task-allow</key><true/>");
        let kept = Entitlements::keep(&xml, true);
        assert_eq!(kept.restricted, ["keychain-access-groups"]);
        let entitlements = kept.entitlements.unwrap();
        assert_eq!((&entitlements.xml, entitlements.len()), (&xml, 2));
        assert_eq!(entitlements.restricted().collect::<Vec<_>>(), ["keychain-access-groups"]);
    }

    #[test]
    fn der_is_sorted_and_minimal() {
        let xml =
            plist("<key>b</key><integer>200</integer><key>a</key><array><true/><string>x</string></array>");
        let der = Entitlements::keep(&xml, false).entitlements.unwrap().der;
        let a = [0x30, 0x0b, 0x0c, 1, b'a', 0x30, 6, 1, 1, 0xff, 0x0c, 1, b'x'];
        let b = [0x30, 0x07, 0x0c, 1, b'b', 2, 2, 0, 200];
        let expected = [&[0x70, 27, 2, 1, 1, 0xb0, 22][..], &a, &b].concat();
        assert_eq!(der, expected);
        assert_eq!([shortest(0), shortest(-1), shortest(-129)], [vec![0], vec![0xff], vec![0xff, 0x7f]]);
    }

    #[test]
    fn what_has_no_der_form_is_said() {
        assert!(Entitlements::keep(&plist("<key>x</key><real>1.5</real>"), false).unreadable.is_some());
        assert!(Entitlements::keep(b"nonsense", false).unreadable.is_some());
    }
}
