//! One X.509 certificate (RFC 5280), as signing, requirements and the notary's checks ask for it, and the chain above it.

use der::asn1::{ObjectIdentifier, OctetString};
use der::oid::db::{rfc4519, rfc5912};
use der::{Decode, Encode};
use sha1::{Digest, Sha1};
use sha2::Sha256;
use x509_cert::certificate::{CertificateInner, Raw};
use x509_cert::ext::pkix::{BasicConstraints, CertificatePolicies, ExtendedKeyUsage, KeyUsage};
use x509_cert::name::Name;

use super::asn1::{Element, SEQUENCE};

/// Extensions that say what a certificate of Apple's is for begin like this (Apple, "Certification Practice Statement,
/// Worldwide Developer Relations" and "Developer ID").
pub(super) const APPLE_LEAF: &str = "1.2.840.113635.100.6.1.";
pub(super) const DEVELOPER_ID_APPLICATION: &str = "1.2.840.113635.100.6.1.13";
/// The mark of the authority that issues them.
pub(super) const DEVELOPER_ID_AUTHORITY: &str = "1.2.840.113635.100.6.2.6";
/// What the App Store signs with, whoever made the app.
pub(super) const APP_STORE: &str = "1.2.840.113635.100.6.1.9";
pub(super) const CODE_SIGNING: &str = "1.3.6.1.5.5.7.3.3";
pub(super) const TIME_STAMPING: &str = "1.3.6.1.5.5.7.3.8";

/// Apple Root CA, Apple Root CA - G2 and G3 by SHA-256. The files are those of <https://www.apple.com/certificateauthority/>;
/// the first also stands in what codesign signs with a Developer ID, Node.js for one.
const APPLE_ROOTS: [[u8; 32]; 3] = [
    hex32("b0b1730ecbc7ff4505142c49f1295e6eda6bcaed7e2c68c5be91b5a11001f024"),
    hex32("c2b9b042dd57830e7d117dac55ac8ae19407d38e41d88f3215bc3a890444a050"),
    hex32("63343abfb89a6a03ebb57e9b3f5fa7be7c4f5c756f3017b3a8c488c3653e9179"),
];
/// Certificates that a chain may have; Apple's have three.
const LONGEST_CHAIN: usize = 10;

/// Names that requirements have for the fields of a subject (Security, `reqinterp.cpp`), with their object identifiers.
const FIELDS: [(&str, &str); 12] = [
    ("C", "2.5.4.6"),
    ("CN", "2.5.4.3"),
    ("D", "2.5.4.13"),
    ("L", "2.5.4.7"),
    ("O", "2.5.4.10"),
    ("C-O", "2.5.4.10.1"),
    ("OU", "2.5.4.11"),
    ("C-OU", "2.5.4.11.1"),
    ("ST", "2.5.4.8"),
    ("C-ST", "2.5.4.8.1"),
    ("STREET", "2.5.4.9"),
    ("UID", "0.9.2342.19200300.100.1.1"),
];

const fn hex32(text: &str) -> [u8; 32] {
    const fn digit(byte: u8) -> u8 {
        if byte >= b'a' { byte - b'a' + 10 } else { byte - b'0' }
    }
    let (text, mut bytes, mut at) = (text.as_bytes(), [0; 32], 0);
    while at < 32 {
        bytes[at] = digit(text[2 * at]) << 4 | digit(text[2 * at + 1]);
        at += 1;
    }
    bytes
}

/// One certificate, as its file has it and as its fields say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Certificate {
    pub(super) der: Vec<u8>,
    /// The DER of both names and of the serial number, for comparison and for a CMS signature.
    pub(super) subject: Vec<u8>,
    pub(super) issuer: Vec<u8>,
    pub(super) serial: Vec<u8>,
    /// Object identifier and value of each field of the subject, in its order.
    pub(super) fields: Vec<(String, String)>,
    pub common_name: Option<String>,
    pub organization: Option<String>,
    pub unit: Option<String>,
    pub issuer_name: Option<String>,
    pub issuer_organization: Option<String>,
    /// Seconds since 1970, both included.
    pub not_before: u64,
    pub not_after: u64,
    /// Object identifiers as dotted numbers.
    pub usages: Vec<String>,
    pub extensions: Vec<String>,
    pub policies: Vec<String>,
    /// Whether its key may sign data; `true` when it does not say.
    pub may_sign: bool,
    /// Whether its key may sign certificates.
    pub is_authority: bool,
    /// Whether it is one of Apple's roots, by its SHA-256.
    pub is_apple_root: bool,
    /// `subjectKeyIdentifier`, by which a CMS may name it.
    pub(super) key_identifier: Option<Vec<u8>>,
    /// The bits of the public key, and the `SubjectPublicKeyInfo` around them.
    pub(super) public_key: Vec<u8>,
    pub(super) key_info: Vec<u8>,
    /// How its issuer signed it: object identifier of the algorithm, and the value.
    pub(super) algorithm: String,
    pub(super) signature: Vec<u8>,
}

impl Certificate {
    /// `None` when `der` is no certificate.
    pub fn read(der: &[u8]) -> Option<Certificate> {
        let parsed = CertificateInner::<Raw>::from_der(der).ok()?;
        let fields = parsed.tbs_certificate();
        let (subject, issuer) = (fields.subject(), fields.issuer());
        let extension = |oid: ObjectIdentifier| {
            let all = fields.extensions().into_iter().flatten();
            all.clone().find(|one| one.extn_id == oid).map(|one| one.extn_value.as_bytes())
        };
        let usages =
            extension(rfc5912::ID_CE_EXT_KEY_USAGE).and_then(|der| ExtendedKeyUsage::from_der(der).ok());
        let policies = extension(rfc5912::ID_CE_CERTIFICATE_POLICIES)
            .and_then(|der| CertificatePolicies::from_der(der).ok());
        let key_usage = extension(rfc5912::ID_CE_KEY_USAGE).and_then(|der| KeyUsage::from_der(der).ok());
        let basic =
            extension(rfc5912::ID_CE_BASIC_CONSTRAINTS).and_then(|der| BasicConstraints::from_der(der).ok());
        let key_identifier =
            extension(rfc5912::ID_CE_SUBJECT_KEY_IDENTIFIER).and_then(|der| OctetString::from_der(der).ok());
        let key_info = fields.subject_public_key_info();
        Some(Certificate {
            is_apple_root: APPLE_ROOTS.contains(&Sha256::digest(der).into()),
            der: der.to_vec(),
            subject: subject.to_der().ok()?,
            issuer: issuer.to_der().ok()?,
            serial: fields.serial_number().to_der().ok()?,
            fields: subject
                .iter()
                .map(|field| (field.oid.to_string(), text(field.value.header().tag(), field.value.value())))
                .collect(),
            common_name: find(subject, rfc4519::COMMON_NAME),
            organization: find(subject, rfc4519::ORGANIZATION_NAME),
            unit: find(subject, rfc4519::ORGANIZATIONAL_UNIT_NAME),
            issuer_name: find(issuer, rfc4519::COMMON_NAME),
            issuer_organization: find(issuer, rfc4519::ORGANIZATION_NAME),
            not_before: fields.validity().not_before.to_unix_duration().as_secs(),
            not_after: fields.validity().not_after.to_unix_duration().as_secs(),
            usages: usages.map(|all| all.0.iter().map(ToString::to_string).collect()).unwrap_or_default(),
            extensions: fields
                .extensions()
                .into_iter()
                .flatten()
                .map(|one| one.extn_id.to_string())
                .collect(),
            policies: policies
                .map(|all| all.0.iter().map(|one| one.policy_identifier.to_string()).collect())
                .unwrap_or_default(),
            may_sign: key_usage.is_none_or(|usage| usage.digital_signature()),
            is_authority: basic.is_some_and(|basic| basic.ca)
                && key_usage.is_none_or(|usage| usage.key_cert_sign()),
            key_identifier: key_identifier.map(|id| id.as_bytes().to_vec()),
            public_key: key_info.subject_public_key.raw_bytes().to_vec(),
            key_info: key_info.to_der().ok()?,
            algorithm: parsed.signature_algorithm().oid.to_string(),
            signature: parsed.signature().as_bytes()?.to_vec(),
        })
    }

    /// What its issuer signed: the `TBSCertificate` as it stands.
    pub(super) fn signed_part(&self) -> Option<&[u8]> {
        Some(Element::read(&self.der)?.parts(SEQUENCE)?.first()?.whole)
    }

    /// The subject as people call it.
    pub fn name(&self) -> &str {
        self.common_name.as_deref().or(self.organization.as_deref()).unwrap_or("a certificate without a name")
    }

    /// A field of the subject by the name that requirements have for it: `CN`, `OU`, `UID`.
    pub fn subject_field(&self, name: &str) -> Option<&str> {
        let (_, wanted) = FIELDS.iter().find(|(known, _)| *known == name)?;
        self.fields.iter().find(|(oid, _)| oid == wanted).map(|(_, value)| &**value)
    }

    pub fn is_self_issued(&self) -> bool {
        self.subject == self.issuer
    }

    pub fn has_extension(&self, oid: &str) -> bool {
        self.extensions.iter().any(|other| other == oid)
    }

    pub fn has_policy(&self, oid: &str) -> bool {
        self.policies.iter().any(|other| other == oid)
    }

    pub fn is_for(&self, usage: &str) -> bool {
        self.usages.iter().any(|other| other == usage)
    }

    pub fn sha1(&self) -> [u8; 20] {
        Sha1::digest(&self.der).into()
    }

    pub fn sha256(&self) -> [u8; 32] {
        Sha256::digest(&self.der).into()
    }
}

/// `leaf` and who issued it, as far as `known` has them. Of several issuers of one name it is the first for whom
/// `has_issued(issuer, issued)` is true, else the first.
pub(super) fn chain(
    leaf: &Certificate,
    known: &[Certificate],
    has_issued: impl Fn(&Certificate, &Certificate) -> bool,
) -> Vec<Certificate> {
    let mut chain = vec![leaf.clone()];
    while let Some(last) = chain.last()
        && !last.is_self_issued()
        && chain.len() < LONGEST_CHAIN
    {
        let of_name: Vec<&Certificate> =
            known.iter().filter(|one| one.subject == last.issuer && !chain.contains(one)).collect();
        let issuer = match of_name[..] {
            [] => break,
            [only] => only,
            [first, ..] => of_name.iter().find(|one| has_issued(one, last)).unwrap_or(&first),
        };
        chain.push(issuer.clone());
    }
    chain
}

fn find(name: &Name, wanted: ObjectIdentifier) -> Option<String> {
    let field = name.iter().find(|field| field.oid == wanted)?;
    Some(text(field.value.header().tag(), field.value.value()))
}

fn text(tag: der::Tag, bytes: &[u8]) -> String {
    match tag {
        der::Tag::BmpString => {
            let units: Vec<u16> =
                bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
            String::from_utf16_lossy(&units)
        }
        der::Tag::TeletexString => bytes.iter().map(|byte| char::from(*byte)).collect(),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}
