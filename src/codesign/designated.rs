//! The designated requirement that codesign gives to code signed with an identity (Security, `drmaker.cpp`), as bytes and
//! as text (`requirement.h`, `reqdumper.cpp`).

use super::blob::{BLOB_HEADER, MAGIC_REQUIREMENTS, blob};
use super::certificate::Certificate;
use super::digest::hex;
use super::identity::Identity;

const MAGIC_REQUIREMENT: u32 = 0xfade_0c00;
/// The only kind of requirement: an expression in prefix form.
const EXPRESSION: u32 = 1;
/// `kSecDesignatedRequirementType`.
const DESIGNATED: u32 = 3;

const OP_IDENTIFIER: u32 = 2;
const OP_ANCHOR_HASH: u32 = 4;
const OP_AND: u32 = 6;
const OP_CERTIFICATE_FIELD: u32 = 11;
const OP_CERTIFICATE_GENERIC: u32 = 14;
const OP_APPLE_GENERIC_ANCHOR: u32 = 15;
const MATCH_EXISTS: u32 = 0;
const MATCH_EQUAL: u32 = 1;

/// 1.2.840.113635.100.6.2.6: the intermediate of Developer ID.
const DEVELOPER_ID_AUTHORITY: [u8; 10] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x63, 0x64, 0x06, 0x02, 0x06];
/// 1.2.840.113635.100.6.1.13: Developer ID Application.
const DEVELOPER_ID_APPLICATION: [u8; 10] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x63, 0x64, 0x06, 0x01, 0x0d];
/// 1.2.840.113635.100.6.2.1: the intermediate of Worldwide Developer Relations.
const DEVELOPER_RELATIONS: [u8; 10] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x63, 0x64, 0x06, 0x02, 0x01];

/// Who has to have signed code that is to count as the same.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Authority {
    DeveloperId {
        team: String,
    },
    /// Apple Development: the certificate's name.
    Development {
        name: String,
    },
    /// A certificate at a place of the chain: 0 for the leaf, −1 for the root, by its SHA-1.
    Certificate {
        place: i32,
        sha1: [u8; 20],
    },
}

/// A designated requirement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Designated {
    identifier: String,
    authority: Authority,
}

impl Designated {
    /// As `DRMaker::make` decides it.
    pub fn of(identifier: &str, identity: &Identity) -> Designated {
        let leaf = &identity.certificates()[0];
        let authority = match (identity.is_developer_id(), identity.is_apples()) {
            (true, _) => Authority::DeveloperId { team: leaf.unit.clone().unwrap_or_default() },
            (_, true) => Authority::Development { name: leaf.common_name.clone().unwrap_or_default() },
            _ => not_apples(identity.certificates(), identity.is_incomplete()),
        };
        Designated { identifier: identifier.to_owned(), authority }
    }

    /// The requirement set for slot 2: this one alone.
    pub fn set(&self) -> Vec<u8> {
        let requirement = blob(MAGIC_REQUIREMENT, &[word(EXPRESSION), self.expression()].concat());
        // Count, then a row of kind and offset for each.
        let at = BLOB_HEADER as u32 + 4 + 8;
        blob(MAGIC_REQUIREMENTS, &[word(1), word(DESIGNATED), word(at), requirement].concat())
    }

    fn expression(&self) -> Vec<u8> {
        let and = |left: Vec<u8>, right: Vec<u8>| [word(OP_AND), left, right].concat();
        let carries = |place: u32, oid: &[u8]| {
            [word(OP_CERTIFICATE_GENERIC), word(place), data(oid), word(MATCH_EXISTS)].concat()
        };
        let equals = |field: &str, text: &str| {
            [
                word(OP_CERTIFICATE_FIELD),
                word(0),
                data(field.as_bytes()),
                word(MATCH_EQUAL),
                data(text.as_bytes()),
            ]
            .concat()
        };
        let authority = match &self.authority {
            Authority::DeveloperId { team } => and(
                word(OP_APPLE_GENERIC_ANCHOR),
                and(
                    carries(1, &DEVELOPER_ID_AUTHORITY),
                    and(carries(0, &DEVELOPER_ID_APPLICATION), equals("subject.OU", team)),
                ),
            ),
            Authority::Development { name } => and(
                word(OP_APPLE_GENERIC_ANCHOR),
                and(equals("subject.CN", name), carries(1, &DEVELOPER_RELATIONS)),
            ),
            Authority::Certificate { place, sha1 } => {
                [word(OP_ANCHOR_HASH), place.to_be_bytes().to_vec(), data(sha1)].concat()
            }
        };
        and([word(OP_IDENTIFIER), data(self.identifier.as_bytes())].concat(), authority)
    }

    /// As `csreq -t` prints it, which is what a seal holds.
    pub fn text(&self) -> String {
        let authority = match &self.authority {
            Authority::DeveloperId { team } => format!(
                "anchor apple generic and certificate 1[field.1.2.840.113635.100.6.2.6] /* exists */ and \
                 certificate leaf[field.1.2.840.113635.100.6.1.13] /* exists */ and \
                 certificate leaf[subject.OU] = {}",
                quoted(team)
            ),
            Authority::Development { name } => format!(
                "anchor apple generic and certificate leaf[subject.CN] = {} and \
                 certificate 1[field.1.2.840.113635.100.6.2.1] /* exists */",
                quoted(name)
            ),
            Authority::Certificate { place, sha1 } => {
                let place = match place {
                    0 => "leaf".to_owned(),
                    -1 => "root".to_owned(),
                    place => place.to_string(),
                };
                format!("certificate {place} = H\"{}\"", hex(sha1))
            }
        };
        format!("identifier {} and {authority}", quoted(&self.identifier))
    }
}

/// `DRMaker::nonAppleAnchor`: the last certificate of the chain that is the leaf's own organization's.
fn not_apples(chain: &[Certificate], is_incomplete: bool) -> Authority {
    let organization = |one: &Certificate| one.organization.as_ref().map(|name| name.to_lowercase());
    let own = organization(&chain[0]);
    let last = match own {
        None => 0,
        own => chain.iter().take_while(|one| organization(one) == own).count() - 1,
    };
    let is_root = last + 1 == chain.len() && !is_incomplete && chain[0].organization.is_some();
    let place = if is_root { -1 } else { last as i32 };
    Authority::Certificate { place, sha1: chain[last].sha1() }
}

fn word(number: u32) -> Vec<u8> {
    number.to_be_bytes().to_vec()
}

/// Length, bytes, zeros up to a multiple of four.
fn data(bytes: &[u8]) -> Vec<u8> {
    let mut data = [&(bytes.len() as u32).to_be_bytes()[..], bytes].concat();
    data.resize(data.len().next_multiple_of(4), 0);
    data
}

/// Letters and digits stand as they are unless a digit comes first; all else stands in quotes.
fn quoted(text: &str) -> String {
    let is_simple = text.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && text.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic());
    if is_simple {
        return text.to_owned();
    }
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The requirement set of Node.js 26.10 for macOS, as Apple's codesign wrote it.
    const OF_NODE: &str = "fade0c01000000a4000000010000000300000014fade0c0000000090000000010000000600000002000000046e6f64650000\
        00060000000f000000060000000e000000010000000a2a864886f76364060206000000000000000000060000000e00000000\
        0000000a2a864886f7636406010d0000000000000000000b000000000000000a7375626a6563742e4f550000000000010000\
        000a485837373339473846580000";

    fn designated(identifier: &str, authority: Authority) -> Designated {
        Designated { identifier: identifier.to_owned(), authority }
    }

    #[test]
    fn a_developer_id_requirement_is_what_codesign_writes() {
        let node = designated("node", Authority::DeveloperId { team: "HX7739G8FX".to_owned() });
        assert_eq!(hex(&node.set()), OF_NODE);
        assert_eq!(
            node.text(),
            "identifier node and anchor apple generic and certificate 1[field.1.2.840.113635.100.6.2.6] /* exists */ and \
             certificate leaf[field.1.2.840.113635.100.6.1.13] /* exists */ and certificate leaf[subject.OU] = HX7739G8FX"
        );
    }

    #[test]
    fn names_are_quoted_where_the_language_asks_for_it() {
        assert_eq!(
            ["abc1", "1abc", "org.x", "", "a\"b\\"].map(quoted),
            ["abc1", "\"1abc\"", "\"org.x\"", "\"\"", "\"a\\\"b\\\\\""]
        );
    }

    #[test]
    fn a_certificate_is_named_by_its_place() {
        let text = |place| designated("org.x", Authority::Certificate { place, sha1: [0xab; 20] }).text();
        assert!(text(0).starts_with("identifier \"org.x\" and certificate leaf = H\"abab"), "{}", text(0));
        assert!(text(-1).contains("certificate root = H"));
        assert!(text(1).contains("certificate 1 = H"));
    }
}
