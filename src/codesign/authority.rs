//! Who made a CMS signature, and when, as the CMS says. Read, not verified: no signature of a certificate is checked here.

use std::time::Duration;

use der::DateTime;

use super::certificate::{Certificate, DEVELOPER_ID_APPLICATION, DEVELOPER_ID_AUTHORITY};
use super::cms::read::{Message, Signer};
use super::cms::timestamp::Stamp;

/// Where the root is left out, this is who issued what stands below it.
const APPLE_ROOT_NAME: &str = "Apple Root CA";

/// What a CMS says of its signer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Authority {
    /// Common names from the signer's certificate up, as far as the chain is in the CMS.
    pub names: Vec<String>,
    /// Whether the chain ends at one of Apple's roots.
    pub is_apples: bool,
    /// Whether it ends at a root at all.
    pub is_whole: bool,
    /// The organizational unit of the signer's certificate, by which Apple names a team.
    pub unit: Option<String>,
    /// When the signer's certificate is valid, in seconds since 1970.
    pub valid: (u64, u64),
    /// Why this is no Developer ID Application, as a clause about the signature; `None` when it is one.
    pub not_developer_id: Option<String>,
    /// Time of the server's timestamp in seconds since 1970.
    pub timestamp: Option<u64>,
    /// When the signer says that it was, in seconds since 1970.
    pub signed_time: Option<u64>,
}

impl Authority {
    /// Reads the contents of a signature's CMS slot; `None` when it cannot be read or the signer's certificate is not in it.
    pub fn read(cms: &[u8]) -> Option<Authority> {
        let message = Message::read(cms)?;
        let signer = message.signers.first()?;
        Some(Authority::of(signer, &message.chain(signer, |_, _| true)?))
    }

    /// `chain` begins with the certificate of `signer`.
    pub(super) fn of(signer: &Signer, chain: &[Certificate]) -> Authority {
        let timestamp = signer.timestamp().and_then(|token| Stamp::read(&token)).map(|stamp| stamp.time);
        let signed_time = signer.signing_time();
        Authority {
            names: chain.iter().map(|one| one.name().to_owned()).collect(),
            is_apples: chain.last().is_some_and(|root| root.is_apple_root),
            is_whole: chain.last().is_some_and(Certificate::is_self_issued),
            unit: chain[0].unit.clone(),
            valid: (chain[0].not_before, chain[0].not_after),
            not_developer_id: not_developer_id(chain, timestamp.or(signed_time)),
            timestamp,
            signed_time,
        }
    }
}

fn not_developer_id(chain: &[Certificate], signed_at: Option<u64>) -> Option<String> {
    let (leaf, issuer) = (chain.first()?, chain.get(1));
    let name = leaf.name();
    if leaf.is_self_issued() {
        return Some(format!("signed with the self-signed certificate {name}"));
    }
    if !leaf.has_extension(DEVELOPER_ID_APPLICATION) {
        return Some(format!("signed as {name}"));
    }
    let top = chain.last()?;
    let by_apple = match top.is_self_issued() {
        true => top.is_apple_root,
        false => top.issuer_name.as_deref() == Some(APPLE_ROOT_NAME),
    };
    if !by_apple || !issuer.is_some_and(|issuer| issuer.has_extension(DEVELOPER_ID_AUTHORITY)) {
        return Some(format!("signed as {name}, which no authority of Apple for Developer ID issued"));
    }
    let at = signed_at.filter(|at| *at < leaf.not_before || *at > leaf.not_after)?;
    let (from, to) = (date(leaf.not_before), date(leaf.not_after));
    Some(format!("signed as {name} on {}, but that certificate is valid from {from} to {to}", date(at)))
}

/// The day of a time in seconds since 1970, as ISO 8601 has it.
pub(super) fn date(seconds: u64) -> String {
    iso_time(seconds).split('T').next().unwrap_or_default().to_owned()
}

/// A time in seconds since 1970, as RFC 3339 has it.
pub fn iso_time(seconds: u64) -> String {
    match DateTime::from_unix_duration(Duration::from_secs(seconds)) {
        Ok(time) => time.to_string(),
        Err(_) => "the far future".to_owned(),
    }
}

/// A time in seconds since 1970 as codesign prints it, but in UTC: "21 Sep 2026 at 16:44:02 UTC".
pub fn moment(seconds: u64) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let Ok(time) = DateTime::from_unix_duration(Duration::from_secs(seconds)) else {
        return iso_time(seconds);
    };
    let month = MONTHS.get(usize::from(time.month()).wrapping_sub(1)).unwrap_or(&"");
    let clock = format!("{:02}:{:02}:{:02}", time.hour(), time.minutes(), time.seconds());
    format!("{} {month} {} at {clock} UTC", time.day(), time.year())
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
        tlv(6, &[der::asn1::ObjectIdentifier::new_unwrap(text).as_bytes()])
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
