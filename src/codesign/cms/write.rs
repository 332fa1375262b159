//! Makes the CMS signature over a code directory, as Security's `CMSEncoder` does for codesign: detached, with signed
//! attributes, in DER.

use std::time::Duration;

use der::Encode;
use der::asn1::{GeneralizedTime, UtcTime};
use sha2::{Digest, Sha256};

use crate::codesign::asn1::{
    CONTEXT_0, CONTEXT_1, INTEGER, NULL, OBJECT_IDENTIFIER, OCTET_STRING, element, sequence, set,
};
use crate::codesign::code_directory::{Cdhash, CodeDirectory};
use crate::codesign::digest::HashType;
use crate::codesign::identity::Identity;
use crate::codesign::seal::base64;

/// Object identifiers as DER writes their contents.
mod oid {
    pub const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];
    pub const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
    pub const CONTENT_TYPE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x03];
    pub const MESSAGE_DIGEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x04];
    pub const SIGNING_TIME: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x05];
    /// `id-aa-timeStampToken` of RFC 3161: 1.2.840.113549.1.9.16.2.14.
    pub const TIMESTAMP: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x02, 0x0e];
    /// 1.2.840.113635.100.9.1: a property list with all cdhashes.
    pub const HASH_AGILITY: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x63, 0x64, 0x09, 0x01];
    /// 1.2.840.113635.100.9.2: the whole hash of each code directory.
    pub const HASH_AGILITY_2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x63, 0x64, 0x09, 0x02];
    pub const SHA1: &[u8] = &[0x2b, 0x0e, 0x03, 0x02, 0x1a];
    pub const SHA256: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];
    pub const SHA384: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02];
    pub const SHA512: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03];
}

/// A signature that waits for its timestamp, or for being encoded without one.
pub(in crate::codesign) struct Signed<'a> {
    identity: &'a Identity,
    attributes: Vec<u8>,
    /// The signature value, which a timestamp covers.
    pub value: Vec<u8>,
}

impl<'a> Signed<'a> {
    /// Signs `directories`, code directories with their headers of which the first is that of slot 0. `time` is in seconds
    /// since 1970. `None` when the time has no form in ASN.1, a directory cannot be read, or the key does not sign.
    pub fn new(identity: &'a Identity, time: u64, directories: &[&[u8]]) -> Option<Signed<'a>> {
        let hashes: Option<Vec<Hash>> =
            directories.iter().map(|bytes| Some(Hash::of(&CodeDirectory::parse(bytes).ok()?))).collect();
        let hashes = hashes?;
        let agility =
            hashes.iter().map(|hash| sequence(&[&object(hash.kind), &element(OCTET_STRING, &hash.whole)]));
        let agility = agility.collect();
        let cdhashes: Vec<Cdhash> = hashes.iter().map(|hash| hash.cdhash).collect();
        let attributes = vec![
            attribute(oid::CONTENT_TYPE, vec![object(oid::DATA)]),
            attribute(oid::SIGNING_TIME, vec![asn1_time(time)?]),
            attribute(
                oid::MESSAGE_DIGEST,
                vec![element(OCTET_STRING, &Sha256::digest(directories.first()?))],
            ),
            attribute(oid::HASH_AGILITY, vec![element(OCTET_STRING, agility_plist(&cdhashes).as_bytes())]),
            attribute(oid::HASH_AGILITY_2, agility),
        ];
        let attributes = set(attributes);
        let value = identity.sign(&attributes)?;
        Some(Signed { identity, attributes, value })
    }

    /// The `ContentInfo` in DER, with `token` (a `TimeStampToken`) as its timestamp.
    pub fn encode(&self, token: Option<&[u8]>) -> Vec<u8> {
        let chain = self.identity.certificates();
        let sha256 = sequence(&[&object(oid::SHA256), &NULL]);
        let issuer_and_serial = sequence(&[&chain[0].issuer, &chain[0].serial]);
        // In SignerInfo the set is tagged [0]; what is signed is the set (RFC 5652, 5.4).
        let mut attributes = self.attributes.clone();
        attributes[0] = CONTEXT_0;
        let token = token.map(|token| element(CONTEXT_1, &attribute(oid::TIMESTAMP, vec![token.to_vec()])));
        let signer = sequence(&[
            &element(INTEGER, &[1]),
            &issuer_and_serial,
            &sha256,
            &attributes,
            &self.identity.algorithm(),
            &element(OCTET_STRING, &self.value),
            &token.unwrap_or_default(),
        ]);
        let mut certificates = set(chain.iter().map(|one| one.der.clone()).collect());
        certificates[0] = CONTEXT_0;
        let signed_data = sequence(&[
            &element(INTEGER, &[1]),
            &set(vec![sha256.clone()]),
            &sequence(&[&object(oid::DATA)]),
            &certificates,
            &set(vec![signer]),
        ]);
        sequence(&[&object(oid::SIGNED_DATA), &element(CONTEXT_0, &signed_data)])
    }
}

fn object(contents: &[u8]) -> Vec<u8> {
    element(OBJECT_IDENTIFIER, contents)
}

fn attribute(kind: &[u8], values: Vec<Vec<u8>>) -> Vec<u8> {
    sequence(&[&object(kind), &set(values)])
}

/// What the attributes say of one code directory.
struct Hash {
    /// The kind of hash as an object identifier.
    kind: &'static [u8],
    whole: Vec<u8>,
    cdhash: Cdhash,
}

impl Hash {
    fn of(directory: &CodeDirectory) -> Hash {
        let (kind, hash_type) = match directory.hash_type {
            HashType::Sha1 => (oid::SHA1, HashType::Sha1),
            HashType::Sha256 | HashType::Sha256Truncated => (oid::SHA256, HashType::Sha256),
            HashType::Sha384 => (oid::SHA384, HashType::Sha384),
            HashType::Sha512 => (oid::SHA512, HashType::Sha512),
        };
        Hash { kind, whole: hash_type.digest(directory.bytes), cdhash: directory.cdhash() }
    }
}

/// UTCTime until 2049, GeneralizedTime after it (RFC 5652, 11.3).
fn asn1_time(seconds: u64) -> Option<Vec<u8>> {
    let since_1970 = Duration::from_secs(seconds);
    let short = UtcTime::from_unix_duration(since_1970).and_then(|time| time.to_der());
    short.or_else(|_| GeneralizedTime::from_unix_duration(since_1970)?.to_der()).ok()
}

/// As CoreFoundation writes it.
fn agility_plist(cdhashes: &[Cdhash]) -> String {
    let rows: String = cdhashes
        .iter()
        .map(|cdhash| format!("\t\t<data>\n\t\t{}\n\t\t</data>\n", base64(&cdhash.0)))
        .collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \
         \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n\
         <plist version=\"1.0\">\n<dict>\n\t<key>cdhashes</key>\n\t<array>\n{rows}\t</array>\n</dict>\n</plist>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_after_2049_has_four_digits_for_its_year() {
        assert_eq!(asn1_time(1_790_000_000).unwrap()[2..], *b"260921141320Z");
        assert_eq!(asn1_time(2_600_000_000).unwrap()[2..], *b"20520522141320Z");
        assert_eq!(asn1_time(u64::MAX), None);
    }

    #[test]
    fn the_property_list_is_as_long_as_apples() {
        // That of Node.js 26.10, with one hash, has 278 bytes.
        assert_eq!(agility_plist(&[Cdhash([7; 20])]).len(), 278);
    }
}
