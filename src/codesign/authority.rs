//! Who made a CMS signature, and when, as the CMS says (RFC 5652; for the timestamp RFC 3161). Read, not verified: no
//! signature of a certificate is checked here.

use cms::cert::CertificateChoices;
use cms::cert::x509::Certificate;
use cms::cert::x509::attr::Attributes;
use cms::cert::x509::ext::pkix::SubjectKeyIdentifier;
use cms::cert::x509::time::Time;
use cms::content_info::ContentInfo;
use cms::signed_data::{SignedData, SignerIdentifier, SignerInfo};
use der::asn1::{Any, GeneralizedTime, ObjectIdentifier, OctetString};
use der::{Decode, Encode, EncodingRules};
use sha2::{Digest, Sha256};

const SIGNING_TIME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.5");
const TIMESTAMP_TOKEN: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.14");
/// Extensions by which Apple marks what a certificate is for ("Developer ID Certification Practice Statement").
const DEVELOPER_ID_APPLICATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113635.100.6.1.13");
const DEVELOPER_ID_AUTHORITY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113635.100.6.2.6");
/// SHA-256 of Apple Root CA, from which Developer ID comes (<https://www.apple.com/certificateauthority/>).
const APPLE_ROOT: [u8; 32] = [
    0xb0, 0xb1, 0x73, 0x0e, 0xcb, 0xc7, 0xff, 0x45, 0x05, 0x14, 0x2c, 0x49, 0xf1, 0x29, 0x5e, 0x6e, 0xda,
    0x6b, 0xca, 0xed, 0x7e, 0x2c, 0x68, 0xc5, 0xbe, 0x91, 0xb5, 0xa1, 0x10, 0x01, 0xf0, 0x24,
];
const APPLE_ROOT_NAME: &str = "Apple Root CA";
/// More certificates than any chain has.
const LONGEST_CHAIN: usize = 8;

/// What a CMS says of its signer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    /// Common names from the signer's certificate up, as far as the chain is in the CMS.
    pub names: Vec<String>,
    /// Why this is no Developer ID Application, as a clause about the signature; `None` when it is one.
    pub not_developer_id: Option<String>,
    /// Time of the server's timestamp in seconds since 1970.
    pub timestamp: Option<u64>,
}

impl Authority {
    /// Reads the contents of a signature's CMS slot; `None` when it cannot be read or the signer's certificate is not in it.
    pub fn read(cms: &[u8]) -> Option<Authority> {
        let message = signed_data(cms)?;
        let signer = message.signer_infos.0.iter().next()?;
        let certificates = certificates(&message);
        let chain = chain(signer, &certificates)?;
        let timestamp = signer.unsigned_attrs.as_ref().and_then(timestamp);
        let signed_at = timestamp.or_else(|| signer.signed_attrs.as_ref().and_then(signing_time));
        Some(Authority {
            names: chain.iter().map(|one| common_name(one)).collect(),
            not_developer_id: not_developer_id(&chain, signed_at),
            timestamp,
        })
    }
}

/// The signed message in a CMS, which Apple writes with indefinite lengths.
pub(super) fn signed_data(cms: &[u8]) -> Option<SignedData> {
    let outer = ContentInfo::from_ber(cms).ok()?;
    outer.content.decode_as_encoding(EncodingRules::Ber).ok()
}

fn certificates(message: &SignedData) -> Vec<&Certificate> {
    let all = message.certificates.iter().flat_map(|set| set.0.iter());
    all.filter_map(|one| match one {
        CertificateChoices::Certificate(certificate) => Some(certificate),
        CertificateChoices::Other(_) => None,
    })
    .collect()
}

/// The signer's certificate, the one that issued it, and so on.
fn chain<'a>(signer: &SignerInfo, all: &[&'a Certificate]) -> Option<Vec<&'a Certificate>> {
    let is_signer = |one: &Certificate| match &signer.sid {
        SignerIdentifier::IssuerAndSerialNumber(id) => {
            (one.tbs_certificate().issuer(), one.tbs_certificate().serial_number())
                == (&id.issuer, &id.serial_number)
        }
        SignerIdentifier::SubjectKeyIdentifier(id) => {
            let own = one.tbs_certificate().get_extension::<SubjectKeyIdentifier>();
            matches!(own, Ok(Some((_, own))) if own == *id)
        }
    };
    let mut chain = vec![*all.iter().find(|one| is_signer(one))?];
    while let Some(last) = chain.last().filter(|last| !is_self_signed(last) && chain.len() < LONGEST_CHAIN) {
        let issuer = last.tbs_certificate().issuer();
        match all.iter().find(|one| one.tbs_certificate().subject() == issuer) {
            Some(next) => chain.push(next),
            None => break,
        }
    }
    Some(chain)
}

fn not_developer_id(chain: &[&Certificate], signed_at: Option<u64>) -> Option<String> {
    let (leaf, issuer) = (chain.first()?, chain.get(1));
    let name = common_name(leaf);
    if is_self_signed(leaf) {
        return Some(format!("signed with the self-signed certificate {name}"));
    }
    if !has(leaf, &DEVELOPER_ID_APPLICATION) {
        return Some(format!("signed as {name}"));
    }
    let top = chain.last()?;
    let by_apple = match is_self_signed(top) {
        true => top.to_der().is_ok_and(|der| Sha256::digest(der)[..] == APPLE_ROOT),
        // The root itself may be left out.
        false => name_of(top.tbs_certificate().issuer()) == APPLE_ROOT_NAME,
    };
    if !by_apple || !issuer.is_some_and(|issuer| has(issuer, &DEVELOPER_ID_AUTHORITY)) {
        return Some(format!("signed as {name}, which no authority of Apple for Developer ID issued"));
    }
    let validity = leaf.tbs_certificate().validity();
    let (from, to) = (seconds(&validity.not_before), seconds(&validity.not_after));
    match signed_at {
        Some(at) if at < from || at > to => {
            let day = |at: u64| super::profile::day(at / 86_400);
            Some(format!(
                "signed as {name} on {}, but that certificate is valid from {} to {}",
                day(at),
                day(from),
                day(to)
            ))
        }
        _ => None,
    }
}

fn has(certificate: &Certificate, extension: &ObjectIdentifier) -> bool {
    certificate
        .tbs_certificate()
        .extensions()
        .is_some_and(|all| all.iter().any(|one| one.extn_id == *extension))
}

fn is_self_signed(certificate: &Certificate) -> bool {
    certificate.tbs_certificate().subject() == certificate.tbs_certificate().issuer()
}

fn common_name(certificate: &Certificate) -> String {
    name_of(certificate.tbs_certificate().subject())
}

fn name_of(name: &cms::cert::x509::name::Name) -> String {
    match name.common_name() {
        Ok(Some(common)) => common.value().into_owned(),
        _ => name.to_string(),
    }
}

fn seconds(time: &Time) -> u64 {
    time.to_unix_duration().as_secs()
}

/// The first value of an attribute.
fn value<'a>(attributes: &'a Attributes, oid: &ObjectIdentifier) -> Option<&'a Any> {
    attributes.iter().find(|one| one.oid == *oid)?.values.iter().next()
}

fn signing_time(attributes: &Attributes) -> Option<u64> {
    value(attributes, &SIGNING_TIME)?.decode_as::<Time>().ok().map(|time| seconds(&time))
}

/// `genTime` of the `TSTInfo` in a timestamp token: the first time among its values.
fn timestamp(attributes: &Attributes) -> Option<u64> {
    let token = value(attributes, &TIMESTAMP_TOKEN)?.to_der().ok()?;
    let info: OctetString = signed_data(&token)?.encap_content_info.econtent?.decode_as().ok()?;
    let values: Vec<Any> = Vec::from_der(info.as_bytes()).ok()?;
    let time = values.iter().find_map(|one| one.decode_as::<GeneralizedTime>().ok())?;
    Some(time.to_unix_duration().as_secs())
}

/// Messages with made-up certificates; nothing in them is really signed.
#[cfg(test)]
pub(super) mod samples {
    /// DER of a tag and contents.
    pub fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
        let contents = parts.concat();
        let length = match contents.len() {
            short @ 0..128 => vec![short as u8],
            middle @ 128..256 => vec![0x81, middle as u8],
            long => [&[0x82][..], &(long as u16).to_be_bytes()].concat(),
        };
        [&[tag][..], &length, &contents].concat()
    }

    pub fn oid(text: &str) -> Vec<u8> {
        tlv(6, &[super::ObjectIdentifier::new_unwrap(text).as_bytes()])
    }

    fn name(common: &str) -> Vec<u8> {
        tlv(0x30, &[&tlv(0x31, &[&tlv(0x30, &[&oid("2.5.4.3"), &tlv(0x0c, &[common.as_bytes()])])])])
    }

    fn algorithm() -> Vec<u8> {
        tlv(0x30, &[&oid("1.2.840.113549.1.1.11"), &[5, 0]])
    }

    pub struct Made {
        pub subject: &'static str,
        pub issuer: &'static str,
        pub extension: Option<&'static str>,
        /// Two digits each: the years in which it is valid.
        pub years: (&'static str, &'static str),
    }

    fn certificate(made: &Made) -> Vec<u8> {
        let time = |year: &str| tlv(0x17, &[format!("{year}0101000000Z").as_bytes()]);
        let key = tlv(0x30, &[&algorithm(), &[3, 2, 0, 1]]);
        let marks = made.extension.iter().map(|mark| tlv(0x30, &[&oid(mark), &tlv(4, &[&[5, 0]])]));
        let marks: Vec<u8> = marks.flatten().collect();
        let extensions = tlv(0xa3, &[&tlv(0x30, &[&marks])]);
        let body = tlv(
            0x30,
            &[
                &[0xa0, 3, 2, 1, 2, 2, 1, 7],
                &algorithm(),
                &name(made.issuer),
                &tlv(0x30, &[&time(made.years.0), &time(made.years.1)]),
                &name(made.subject),
                &key,
                if made.extension.is_some() { &extensions } else { &[] },
            ],
        );
        tlv(0x30, &[&body, &algorithm(), &[3, 2, 0, 1]])
    }

    /// A message around `content`, with these certificates, whose first is the signer's, and attributes of its signer.
    pub fn message(kind: &str, content: &[u8], made: &[Made], signed: &[u8], unsigned: &[u8]) -> Vec<u8> {
        let sha256 = tlv(0x30, &[&oid("2.16.840.1.101.3.4.2.1")]);
        let certificates: Vec<u8> = made.iter().flat_map(certificate).collect();
        let signer = made.first().map(|leaf| {
            let id = tlv(0x30, &[&name(leaf.issuer), &[2, 1, 7]]);
            let attributes = |tag, all: &[u8]| if all.is_empty() { Vec::new() } else { tlv(tag, &[all]) };
            let (signed, unsigned) = (attributes(0xa0, signed), attributes(0xa1, unsigned));
            tlv(0x30, &[&[2, 1, 1], &id, &sha256, &signed, &algorithm(), &[4, 1, 0], &unsigned])
        });
        let parts = tlv(
            0x30,
            &[
                &[2, 1, 1],
                &tlv(0x31, &[&sha256]),
                &tlv(0x30, &[&oid(kind), &tlv(0xa0, &[&tlv(4, &[content])])]),
                &tlv(0xa0, &[&certificates]),
                &tlv(0x31, &[&signer.unwrap_or_default()]),
            ],
        );
        tlv(0x30, &[&oid("1.2.840.113549.1.7.2"), &tlv(0xa0, &[&parts])])
    }

    pub fn attribute(kind: &str, value: &[u8]) -> Vec<u8> {
        tlv(0x30, &[&oid(kind), &tlv(0x31, &[value])])
    }
}

#[cfg(test)]
mod tests {
    use super::samples::{Made, attribute, message, oid, tlv};
    use super::*;

    const DATA: &str = "1.2.840.113549.1.7.1";
    const LEAF: &str = "Developer ID Application: Ann (TEAM123456)";

    fn leaf(extension: &'static str, issuer: &'static str) -> Made {
        Made { subject: LEAF, issuer, extension: Some(extension), years: ("20", "27") }
    }

    fn authority(issuer: &'static str, extension: Option<&'static str>) -> Made {
        Made { subject: "Developer ID Certification Authority", issuer, extension, years: ("12", "40") }
    }

    fn read(made: &[Made], unsigned: &[u8]) -> Authority {
        Authority::read(&message(DATA, b"", made, &[], unsigned)).expect("a signer")
    }

    const APPLICATION: &str = "1.2.840.113635.100.6.1.13";
    const INTERMEDIATE: &str = "1.2.840.113635.100.6.2.6";
    const BETWEEN: &str = "Developer ID Certification Authority";

    /// A token of `year`, four digits.
    fn timestamp_of(year: &str) -> Vec<u8> {
        let imprint = tlv(0x30, &[&tlv(0x30, &[&oid("2.16.840.1.101.3.4.2.1")]), &tlv(4, &[&[0; 32]])]);
        let time = tlv(0x18, &[format!("{year}0601000000Z").as_bytes()]);
        let info = tlv(0x30, &[&[2, 1, 1], &oid("1.2.3"), &imprint, &[2, 1, 9], &time]);
        let token = message("1.2.840.113549.1.9.16.1.4", &info, &[], &[], &[]);
        attribute("1.2.840.113549.1.9.16.2.14", &token)
    }

    #[test]
    fn a_developer_id_is_known_by_its_marks_and_its_chain() {
        let good = [leaf(APPLICATION, BETWEEN), authority("Apple Root CA", Some(INTERMEDIATE))];
        let found = read(&good, &timestamp_of("2026"));
        assert_eq!((found.not_developer_id, found.timestamp), (None, Some(1_780_272_000)));
        assert_eq!(found.names, [LEAF, BETWEEN]);
        assert_eq!(read(&good, &[]).timestamp, None);
    }

    #[test]
    fn everything_else_is_named() {
        let why = |made: &[Made], unsigned: &[u8]| read(made, unsigned).not_developer_id.unwrap_or_default();
        let between = || authority("Apple Root CA", Some(INTERMEDIATE));
        assert_eq!(why(&[leaf("1.2.3", BETWEEN), between()], &[]), format!("signed as {LEAF}"));
        assert_eq!(
            why(&[leaf(APPLICATION, LEAF)], &[]),
            format!("signed with the self-signed certificate {LEAF}")
        );
        let other = format!("signed as {LEAF}, which no authority of Apple for Developer ID issued");
        assert_eq!(why(&[leaf(APPLICATION, BETWEEN)], &[]), other);
        assert_eq!(why(&[leaf(APPLICATION, BETWEEN), authority("Apple Root CA", None)], &[]), other);
        assert_eq!(why(&[leaf(APPLICATION, BETWEEN), authority("My Root", Some(INTERMEDIATE))], &[]), other);
        let root = Made { subject: "Apple Root CA", ..authority("Apple Root CA", None) };
        assert_eq!(
            why(&[leaf(APPLICATION, BETWEEN), between(), root], &[]),
            other,
            "a root of the same name"
        );
        let late = why(&[leaf(APPLICATION, BETWEEN), between()], &timestamp_of("2031"));
        assert!(
            late.ends_with("on 2031-06-01, but that certificate is valid from 2020-01-01 to 2027-01-01"),
            "{late}"
        );
    }

    #[test]
    fn a_message_cut_or_changed_anywhere_never_panics() {
        let whole = message(DATA, b"", &[leaf(APPLICATION, BETWEEN)], &[], &timestamp_of("2026"));
        for at in 0..whole.len() {
            let _ = Authority::read(&whole[..at]);
            let mut changed = whole.clone();
            changed[at] ^= 0x81;
            let _ = Authority::read(&changed);
        }
    }
}
