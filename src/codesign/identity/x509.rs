//! What signing asks of one certificate (RFC 5280).

use der::asn1::ObjectIdentifier;
use der::oid::db::{rfc4519, rfc5912};
use der::{Decode, Encode};
use sha1::{Digest, Sha1};
use sha2::Sha256;
use x509_cert::certificate::{CertificateInner, Raw};
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage};
use x509_cert::name::Name;

/// One certificate, as its file has it and as its fields say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    pub(in crate::codesign) der: Vec<u8>,
    /// The DER of both names and of the serial number, for comparison and for a CMS signature.
    pub(in crate::codesign) subject: Vec<u8>,
    pub(in crate::codesign) issuer: Vec<u8>,
    pub(in crate::codesign) serial: Vec<u8>,
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
    /// Whether its key may sign data; `true` when it does not say.
    pub may_sign: bool,
    pub is_authority: bool,
    /// The bits of the public key.
    pub(in crate::codesign) public_key: Vec<u8>,
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
        let key_usage = extension(rfc5912::ID_CE_KEY_USAGE).and_then(|der| KeyUsage::from_der(der).ok());
        let basic =
            extension(rfc5912::ID_CE_BASIC_CONSTRAINTS).and_then(|der| BasicConstraints::from_der(der).ok());
        Some(Certificate {
            der: der.to_vec(),
            subject: subject.to_der().ok()?,
            issuer: issuer.to_der().ok()?,
            serial: fields.serial_number().to_der().ok()?,
            common_name: text(subject, rfc4519::COMMON_NAME),
            organization: text(subject, rfc4519::ORGANIZATION_NAME),
            unit: text(subject, rfc4519::ORGANIZATIONAL_UNIT_NAME),
            issuer_name: text(issuer, rfc4519::COMMON_NAME),
            issuer_organization: text(issuer, rfc4519::ORGANIZATION_NAME),
            not_before: fields.validity().not_before.to_unix_duration().as_secs(),
            not_after: fields.validity().not_after.to_unix_duration().as_secs(),
            usages: usages
                .map(|usages| usages.0.iter().map(ToString::to_string).collect())
                .unwrap_or_default(),
            extensions: fields
                .extensions()
                .into_iter()
                .flatten()
                .map(|one| one.extn_id.to_string())
                .collect(),
            may_sign: key_usage.is_none_or(|usage| usage.digital_signature()),
            is_authority: basic.is_some_and(|basic| basic.ca),
            public_key: fields.subject_public_key_info().subject_public_key.raw_bytes().to_vec(),
        })
    }

    /// The subject as people call it.
    pub fn name(&self) -> &str {
        self.common_name.as_deref().or(self.organization.as_deref()).unwrap_or("a certificate without a name")
    }

    pub fn is_self_issued(&self) -> bool {
        self.subject == self.issuer
    }

    pub fn has_extension(&self, oid: &str) -> bool {
        self.extensions.iter().any(|other| other == oid)
    }

    pub(in crate::codesign) fn sha1(&self) -> [u8; 20] {
        Sha1::digest(&self.der).into()
    }

    pub(in crate::codesign) fn sha256(&self) -> [u8; 32] {
        Sha256::digest(&self.der).into()
    }
}

fn text(name: &Name, wanted: ObjectIdentifier) -> Option<String> {
    let field = name.iter().find(|field| field.oid == wanted)?;
    let bytes = field.value.value();
    match field.value.header().tag() {
        der::Tag::BmpString => {
            let units: Vec<u16> =
                bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
            Some(String::from_utf16_lossy(&units))
        }
        der::Tag::TeletexString => Some(bytes.iter().map(|byte| char::from(*byte)).collect()),
        _ => Some(String::from_utf8_lossy(bytes).into_owned()),
    }
}
