//! Entitlements: what an executable may do. Which of them ad hoc code can hold, and their DER form.

use plist::{Dictionary, Value};

use super::blob::{MAGIC_DER_ENTITLEMENTS, MAGIC_ENTITLEMENTS, blob};
use crate::bundle::InfoPlist;

/// Set when a process may load libraries of other teams, without which hardened ad hoc code cannot load its own.
pub(super) const DISABLE_LIBRARY_VALIDATION: &str = "com.apple.security.cs.disable-library-validation";

/// How deep a property list may be nested before it is refused.
const DEEPEST: usize = 64;

/// Entitlements in both forms that a signature holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entitlements {
    xml: Vec<u8>,
    der: Vec<u8>,
    values: Dictionary,
}

/// What becomes of an executable's entitlements when it is signed ad hoc.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Kept {
    /// `None` when nothing is left.
    pub entitlements: Option<Entitlements>,
    /// Keys that only a provisioning profile grants: AMFI kills ad hoc code that claims them.
    pub restricted: Vec<String>,
    /// Why all of them are lost, if they are.
    pub unreadable: Option<String>,
}

impl Entitlements {
    /// The old entitlements without the restricted ones. The text stays as it is when nothing had to go.
    pub fn keep(xml: &[u8]) -> Kept {
        let values = match InfoPlist::read(xml).map(|plist| plist.value) {
            Ok(Value::Dictionary(values)) => values,
            _ => return Kept::unreadable("they are not a property list of keys"),
        };
        let (restricted, kept): (Dictionary, Dictionary) =
            values.into_iter().partition(|(key, value)| is_restricted(key, value));
        let restricted: Vec<String> = restricted.into_iter().map(|(key, _)| key).collect();
        let xml = if restricted.is_empty() { Some(xml.to_vec()) } else { to_xml(&kept) };
        let entitlements = match (kept.is_empty(), xml, der(&kept)) {
            (true, ..) => None,
            (_, Some(xml), Some(der)) => Some(Entitlements { xml, der, values: kept }),
            _ => return Kept::unreadable("they hold a value that cannot be encoded as DER"),
        };
        Kept { entitlements, restricted, unreadable: None }
    }

    /// The blob for slot 5.
    pub fn xml_blob(&self) -> Vec<u8> {
        blob(MAGIC_ENTITLEMENTS, &self.xml)
    }

    /// The blob for slot 7.
    pub fn der_blob(&self) -> Vec<u8> {
        blob(MAGIC_DER_ENTITLEMENTS, &self.der)
    }

    pub fn len(&self) -> usize {
        self.values.len()
    }

    pub fn is_true(&self, key: &str) -> bool {
        self.values.get(key).and_then(Value::as_boolean) == Some(true)
    }

    /// `CS_EXECSEG_*` flags that follow from entitlements (Security, `signer.cpp`).
    pub fn exec_segment_flags(&self) -> u64 {
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
pub(super) fn der(values: &Dictionary) -> Option<Vec<u8>> {
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

/// Tag, definite length, contents.
fn element(tag: u8, contents: &[u8]) -> Vec<u8> {
    let length = contents.len();
    let mut bytes = vec![tag];
    if length < 0x80 {
        bytes.push(length as u8);
    } else {
        let raw = length.to_be_bytes();
        let raw = &raw[raw.iter().take_while(|byte| **byte == 0).count()..];
        bytes.push(0x80 | raw.len() as u8);
        bytes.extend(raw);
    }
    bytes.extend(contents);
    bytes
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
        let kept = Entitlements::keep(&xml);
        assert!(kept.restricted.is_empty());
        assert_eq!(kept.entitlements.unwrap().xml, xml);
    }

    #[test]
    fn what_needs_a_profile_goes() {
        let xml = plist(
            "<key>com.apple.developer.icloud-services</key><string>*</string><key>get-task-allow</key><true/>\
             <key>com.apple.security.application-groups</key><array><string>ABCDE12345.group</string></array>",
        );
        let kept = Entitlements::keep(&xml);
        assert_eq!(
            kept.restricted,
            ["com.apple.developer.icloud-services", "com.apple.security.application-groups"]
        );
        let entitlements = kept.entitlements.unwrap();
        assert_eq!((entitlements.len(), entitlements.exec_segment_flags()), (1, 0x10));
        assert_eq!(Entitlements::keep(&entitlements.xml).entitlements.unwrap(), entitlements);
        assert_eq!(
            Entitlements::keep(&plist("<key>keychain-access-groups</key><array/>")).entitlements,
            None
        );
    }

    #[test]
    fn der_is_sorted_and_minimal() {
        let xml =
            plist("<key>b</key><integer>200</integer><key>a</key><array><true/><string>x</string></array>");
        let der = Entitlements::keep(&xml).entitlements.unwrap().der;
        let a = [0x30, 0x0b, 0x0c, 1, b'a', 0x30, 6, 1, 1, 0xff, 0x0c, 1, b'x'];
        let b = [0x30, 0x07, 0x0c, 1, b'b', 2, 2, 0, 200];
        let expected = [&[0x70, 27, 2, 1, 1, 0xb0, 22][..], &a, &b].concat();
        assert_eq!(der, expected);
        assert_eq!([shortest(0), shortest(-1), shortest(-129)], [vec![0], vec![0xff], vec![0xff, 0x7f]]);
        assert_eq!(element(4, &[0; 300])[..4], [4, 0x82, 1, 44]);
    }

    #[test]
    fn what_has_no_der_form_is_said() {
        assert!(Entitlements::keep(&plist("<key>x</key><real>1.5</real>")).unreadable.is_some());
        assert!(Entitlements::keep(b"nonsense").unreadable.is_some());
    }
}
