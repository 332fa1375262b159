//! A signed message (RFC 5652) as its bytes say. Apple writes it with open lengths (BER).

use cms::content_info::{CmsVersion, ContentInfo};
use cms::signed_data::EncapsulatedContentInfo;
use der::asn1::{Any, ObjectIdentifier, OctetString, SetOfVec};
use der::{Decode, DecodeValue, Encode, EncodingRules, FixedTag, Sequence, Tag, TagNumber, ValueOrd};
use x509_cert::attr::Attributes;
use x509_cert::spki::AlgorithmIdentifierOwned;
use x509_cert::time::Time;

use super::key::Hash;
use crate::codesign::asn1::{SET, from_ber, sequence};
use crate::codesign::certificate::{Certificate, chain};

const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
pub(super) const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
pub(super) const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
const SIGNING_TIME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.5");
/// `id-aa-timeStampToken` (RFC 3161, appendix A).
const TIMESTAMP_TOKEN: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.14");
/// More certificates than any signature needs; what stands behind them is not looked at.
const MOST_CERTIFICATES: usize = 32;

/// `SignedData`, with its certificates as bytes: a certificate has to be judged as it was signed.
#[derive(Sequence)]
struct SignedData {
    #[allow(dead_code, reason = "says nothing that the rest does not")]
    version: CmsVersion,
    digest_algorithms: SetOfVec<AlgorithmIdentifierOwned>,
    content: EncapsulatedContentInfo,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", constructed = "true", optional = "true")]
    certificates: Option<SetOfVec<Any>>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", constructed = "true", optional = "true")]
    revocations: Option<SetOfVec<Any>>,
    signers: SetOfVec<Signer>,
}

/// `SignerInfo`: who signed, what, and how.
#[derive(Debug, Clone, PartialEq, Eq, Sequence, ValueOrd)]
pub(in crate::codesign) struct Signer {
    version: CmsVersion,
    /// Issuer and serial number of the certificate, or its key identifier with tag 0.
    id: Any,
    digest: AlgorithmIdentifierOwned,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", constructed = "true", optional = "true")]
    signed: Option<Attributes>,
    pub algorithm: AlgorithmIdentifierOwned,
    pub value: OctetString,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", constructed = "true", optional = "true")]
    unsigned: Option<Attributes>,
}

/// A message that somebody signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::codesign) struct Message {
    pub kind: ObjectIdentifier,
    /// `None` when what is signed stands elsewhere.
    pub content: Option<Vec<u8>>,
    pub certificates: Vec<Certificate>,
    pub signers: Vec<Signer>,
}

impl Message {
    /// Reads a `ContentInfo`; zeros may follow it. `None` when it is malformed or holds something else.
    pub fn read(bytes: &[u8]) -> Option<Message> {
        let der = from_ber(bytes)?;
        let outer = ContentInfo::from_ber(&der).ok().filter(|outer| outer.content_type == SIGNED_DATA)?;
        // Sets stay in the order in which they were signed, which strict DER would not allow.
        let data: SignedData = outer.content.decode_as_encoding(EncodingRules::Ber).ok()?;
        let content = match data.content.econtent {
            Some(content) => Some(content.decode_as::<OctetString>().ok()?.as_bytes().to_vec()),
            None => None,
        };
        let certificates = data.certificates.iter().flat_map(SetOfVec::iter).take(MOST_CERTIFICATES);
        Some(Message {
            kind: data.content.econtent_type,
            content,
            certificates: certificates.filter_map(|one| Certificate::read(&one.to_der().ok()?)).collect(),
            signers: data.signers.into_vec(),
        })
    }

    /// The signer's certificate and those above it, as far as the message has them.
    pub fn chain(
        &self,
        signer: &Signer,
        has_issued: impl Fn(&Certificate, &Certificate) -> bool,
    ) -> Option<Vec<Certificate>> {
        let leaf = self.certificates.iter().find(|one| signer.is(one))?;
        Some(chain(leaf, &self.certificates, has_issued))
    }
}

impl Signer {
    fn is(&self, certificate: &Certificate) -> bool {
        // Implicit, and an octet string.
        const KEY_IDENTIFIER: Tag = Tag::ContextSpecific { constructed: false, number: TagNumber(0) };
        match self.id.header().tag() {
            Tag::Sequence => {
                let id = sequence(&[&certificate.issuer, &certificate.serial]);
                self.id.to_der().is_ok_and(|own| own == id)
            }
            tag => tag == KEY_IDENTIFIER && certificate.key_identifier.as_deref() == Some(self.id.value()),
        }
    }

    /// The hash of the message and of the attributes.
    pub fn hash(&self) -> Option<Hash> {
        Hash::of(&self.digest.oid)
    }

    /// What the value signs: the attributes as a set (RFC 5652, 5.4). `None` when there are none.
    pub fn signed_bytes(&self) -> Option<Vec<u8>> {
        let mut bytes = self.signed.as_ref()?.to_der().ok()?;
        *bytes.first_mut()? = SET;
        Some(bytes)
    }

    /// The values of a signed attribute; `None` when it is not there, or there twice.
    pub fn attribute(&self, kind: &ObjectIdentifier) -> Option<&SetOfVec<Any>> {
        values(self.signed.as_ref()?, kind)
    }

    /// The only value of a signed attribute.
    pub fn value_of<'a, T: DecodeValue<'a, Error = der::Error> + FixedTag + 'a>(
        &'a self,
        kind: &ObjectIdentifier,
    ) -> Option<T> {
        single(self.attribute(kind)?)?.decode_as().ok()
    }

    /// When the signer says that it was, in seconds since 1970.
    pub fn signing_time(&self) -> Option<u64> {
        let der = single(self.attribute(&SIGNING_TIME)?)?.to_der().ok()?;
        Some(Time::from_der(&der).ok()?.to_unix_duration().as_secs())
    }

    pub fn has_timestamp(&self) -> bool {
        self.unsigned.as_ref().is_some_and(|all| all.iter().any(|one| one.oid == TIMESTAMP_TOKEN))
    }

    /// The token of a timestamp server over the value.
    pub fn timestamp(&self) -> Option<Message> {
        let token = single(values(self.unsigned.as_ref()?, &TIMESTAMP_TOKEN)?)?;
        Message::read(&token.to_der().ok()?)
    }
}

fn values<'a>(attributes: &'a Attributes, kind: &ObjectIdentifier) -> Option<&'a SetOfVec<Any>> {
    let mut of_kind = attributes.iter().filter(|one| one.oid == *kind);
    let found = of_kind.next()?;
    of_kind.next().is_none().then_some(&found.values)
}

fn single(values: &SetOfVec<Any>) -> Option<&Any> {
    values.iter().next().filter(|_| values.len() == 1)
}
