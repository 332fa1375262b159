//! The token of a timestamp server (RFC 3161): a signed message that says when a hash was there.

use std::time::Duration;

use der::asn1::ObjectIdentifier;
use der::{DateTime, Encode};

use super::key::Hash;
use super::read::Message;
use super::verify::{check_chain, check_content, check_validity, check_value, the_signer};
use crate::codesign::asn1::{Element, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE};
use crate::codesign::certificate::{Certificate, TIME_STAMPING};
use crate::codesign::cms::key::check_issuer;

/// `id-ct-TSTInfo`.
const TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");
/// `id-aa-signingCertificate` (RFC 2634), whose hash is SHA-1, and `id-aa-signingCertificateV2` (RFC 5035).
const SIGNING_CERTIFICATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.12");
const SIGNING_CERTIFICATE_2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");
const GENERALIZED_TIME: u8 = 0x18;

/// What a token says (`TSTInfo`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::codesign) struct Stamp {
    pub hash: Option<Hash>,
    pub imprint: Vec<u8>,
    /// Seconds since 1970; fractions are left out.
    pub time: u64,
}

impl Stamp {
    /// What `token` says; `None` when it is about something else or malformed.
    pub fn read(token: &Message) -> Option<Stamp> {
        let info = token.content.as_ref().filter(|_| token.kind == TST_INFO)?;
        let info = Element::read(info)?.parts(SEQUENCE)?;
        let [version, _policy, imprint, _serial, time, ..] = &info[..] else { return None };
        version.is(INTEGER)?;
        let imprint = imprint.parts(SEQUENCE)?;
        let algorithm = imprint.first()?.parts(SEQUENCE)?.first()?.is(OBJECT_IDENTIFIER)?;
        Some(Stamp {
            hash: Hash::of(&ObjectIdentifier::from_bytes(algorithm).ok()?),
            imprint: imprint.get(1)?.is(OCTET_STRING)?.to_vec(),
            time: general_time(time.is(GENERALIZED_TIME)?)?,
        })
    }

    fn is_about(&self, bytes: &[u8]) -> bool {
        self.hash.is_some_and(|hash| hash.digest(bytes) == self.imprint)
    }
}

/// `YYYYMMDDhhmmss[.f…]Z` (RFC 3161, 2.4.2).
fn general_time(text: &[u8]) -> Option<u64> {
    let (digits, rest) = text.split_first_chunk::<14>()?;
    let fraction = rest.strip_suffix(b"Z")?;
    let is_fraction =
        fraction.is_empty() || fraction[0] == b'.' && fraction[1..].iter().all(u8::is_ascii_digit);
    if !is_fraction || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = |from: usize, to: usize| {
        digits[from..to].iter().fold(0, |all, digit| all * 10 + u16::from(digit - b'0'))
    };
    let small = |at: usize| number(at, at + 2) as u8;
    let time = DateTime::new(number(0, 4), small(4), small(6), small(8), small(10), small(12)).ok()?;
    Some(time.unix_duration()).as_ref().map(Duration::as_secs)
}

/// Checks that `token` is a server's word about `signature`: its imprint, its own signature and chain, and that its
/// certificate is for timestamps and was valid then.
///
/// # Errors
/// What is wrong, as a clause.
pub(super) fn check_token(token: &Message, signature: &[u8]) -> Result<Stamp, String> {
    let stamp = Stamp::read(token).ok_or("it is no timestamp token")?;
    if !stamp.is_about(signature) {
        return Err("it is about another signature".to_owned());
    }
    let signer = the_signer(token)?;
    check_content(signer, &token.kind, token.content.as_deref().unwrap_or_default())?;
    let chain = token.chain(signer, |issuer, issued| check_issuer(issuer, issued).is_ok());
    let chain = chain.ok_or("the certificate of its server is not in it")?;
    check_value(signer, &chain[0])?;
    check_chain(&chain)?;
    if !chain[0].is_for(TIME_STAMPING) {
        return Err(format!("the certificate {} is not for timestamps", chain[0].name()));
    }
    if named_certificate(signer).is_some_and(|named| !named(&chain[0])) {
        return Err(format!("it names another certificate than {}", chain[0].name()));
    }
    check_validity(&chain, stamp.time)?;
    Ok(stamp)
}

/// The certificate that the server says it signed with, against one of the same key or name (RFC 5816).
fn named_certificate(signer: &super::read::Signer) -> Option<impl Fn(&Certificate) -> bool> {
    let found = signer.attribute(&SIGNING_CERTIFICATE_2).map(|values| (Hash::Sha256, values));
    let (default, values) =
        found.or(signer.attribute(&SIGNING_CERTIFICATE).map(|values| (Hash::Sha1, values)))?;
    let der = values.iter().next()?.to_der().ok()?;
    let first = |element: &Element| -> Option<(Option<Hash>, Vec<u8>)> {
        let id = element.parts(SEQUENCE)?.first()?.parts(SEQUENCE)?.first()?.parts(SEQUENCE)?;
        match id.first()?.parts(SEQUENCE) {
            Some(algorithm) => {
                let oid = ObjectIdentifier::from_bytes(algorithm.first()?.is(OBJECT_IDENTIFIER)?).ok()?;
                Some((Hash::of(&oid), id.get(1)?.is(OCTET_STRING)?.to_vec()))
            }
            None => Some((Some(default), id.first()?.is(OCTET_STRING)?.to_vec())),
        }
    };
    let (hash, digest) = first(&Element::read(&der)?)?;
    Some(move |one: &Certificate| hash.is_some_and(|hash| hash.digest(&one.der) == digest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_may_have_fractions_and_nothing_else() {
        assert_eq!(general_time(b"20260921164402Z"), Some(1_790_009_042));
        assert_eq!(general_time(b"20260921164402.25Z"), Some(1_790_009_042));
        for bad in [&b"20260921164402"[..], b"20261321164402Z", b"2026092116440Z", b"20260921164402.x2Z", b""]
        {
            assert_eq!(general_time(bad), None, "{bad:?}");
        }
    }
}
