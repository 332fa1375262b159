//! Whether a public key made a signature: RSA (PKCS#1 v1.5) and ECDSA over P-256 and P-384.

use der::asn1::ObjectIdentifier;
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use rsa::Pkcs1v15Sign;
use rsa::traits::SignatureScheme;
use sha1::{Digest, Sha1};
use sha2::{Sha256, Sha384, Sha512};
use x509_cert::spki::{DecodePublicKey, SubjectPublicKeyInfoRef};

use crate::codesign::certificate::Certificate;

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");

/// A hash that a signature is made over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::codesign) enum Hash {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    const ALL: [Hash; 4] = [Hash::Sha1, Hash::Sha256, Hash::Sha384, Hash::Sha512];

    pub fn of(algorithm: &ObjectIdentifier) -> Option<Hash> {
        Hash::ALL.into_iter().find(|hash| hash.object_identifier() == *algorithm)
    }

    pub fn object_identifier(self) -> ObjectIdentifier {
        ObjectIdentifier::new_unwrap(match self {
            Hash::Sha1 => "1.3.14.3.2.26",
            Hash::Sha256 => "2.16.840.1.101.3.4.2.1",
            Hash::Sha384 => "2.16.840.1.101.3.4.2.2",
            Hash::Sha512 => "2.16.840.1.101.3.4.2.3",
        })
    }

    pub fn digest(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Hash::Sha1 => Sha1::digest(bytes).to_vec(),
            Hash::Sha256 => Sha256::digest(bytes).to_vec(),
            Hash::Sha384 => Sha384::digest(bytes).to_vec(),
            Hash::Sha512 => Sha512::digest(bytes).to_vec(),
        }
    }

    fn padding(self) -> Pkcs1v15Sign {
        match self {
            Hash::Sha1 => Pkcs1v15Sign::new::<Sha1>(),
            Hash::Sha256 => Pkcs1v15Sign::new::<Sha256>(),
            Hash::Sha384 => Pkcs1v15Sign::new::<Sha384>(),
            Hash::Sha512 => Pkcs1v15Sign::new::<Sha512>(),
        }
    }

    /// The hash that a signature algorithm names; the bare name of a kind of key leaves it to `other` (RFC 3370, 3.2).
    fn in_signature(algorithm: &str, other: Option<Hash>) -> Option<Hash> {
        match algorithm {
            "1.2.840.113549.1.1.1" | "1.2.840.10045.2.1" => other,
            "1.2.840.113549.1.1.5" | "1.2.840.10045.4.1" => Some(Hash::Sha1),
            "1.2.840.113549.1.1.11" | "1.2.840.10045.4.3.2" => Some(Hash::Sha256),
            "1.2.840.113549.1.1.12" | "1.2.840.10045.4.3.3" => Some(Hash::Sha384),
            "1.2.840.113549.1.1.13" | "1.2.840.10045.4.3.4" => Some(Hash::Sha512),
            _ => None,
        }
    }
}

/// How something was signed.
pub(super) struct Made<'a> {
    pub algorithm: &'a str,
    /// The hash, if the algorithm does not name it.
    pub hash: Option<Hash>,
    pub value: &'a [u8],
}

/// # Errors
/// Why it is not the signature of `signer`'s key over `message`, as a clause.
pub(super) fn check(signer: &Certificate, message: &[u8], made: &Made) -> Result<(), String> {
    let unknown = || format!("it is made in a way that is not known here ({})", made.algorithm);
    let hash = Hash::in_signature(made.algorithm, made.hash).ok_or_else(unknown)?;
    let holds = match verifies(&signer.key_info, hash, &hash.digest(message), made.value) {
        Some(holds) => holds,
        None => return Err(format!("the key of {} is of a kind that is not known here", signer.name())),
    };
    let fits = made.algorithm.starts_with("1.2.840.113549.") == is_rsa(&signer.key_info);
    if holds && fits { Ok(()) } else { Err(format!("the key of {} did not make it", signer.name())) }
}

fn is_rsa(key_info: &[u8]) -> bool {
    SubjectPublicKeyInfoRef::try_from(key_info).is_ok_and(|info| info.algorithm.oid == RSA)
}

/// `None` for a key of another kind.
fn verifies(key_info: &[u8], hash: Hash, digest: &[u8], value: &[u8]) -> Option<bool> {
    let info = SubjectPublicKeyInfoRef::try_from(key_info).ok()?;
    match (info.algorithm.oid, info.algorithm.parameters_oid().ok()) {
        (RSA, _) => {
            let key = rsa::PublicKey::from_public_key_der(key_info).ok()?;
            Some(hash.padding().verify(&key, digest, value).is_ok())
        }
        (EC, Some(P256)) => {
            let key = p256::ecdsa::VerifyingKey::from_public_key_der(key_info).ok()?;
            let value = p256::ecdsa::Signature::from_der(value);
            Some(value.is_ok_and(|value| key.verify_prehash(digest, &value).is_ok()))
        }
        (EC, Some(P384)) => {
            let key = p384::ecdsa::VerifyingKey::from_public_key_der(key_info).ok()?;
            let value = p384::ecdsa::Signature::from_der(value);
            Some(value.is_ok_and(|value| key.verify_prehash(digest, &value).is_ok()))
        }
        _ => None,
    }
}

/// Whether `issuer` signed `issued`.
///
/// # Errors
/// Why not, as a clause.
pub(super) fn check_issuer(issuer: &Certificate, issued: &Certificate) -> Result<(), String> {
    let made = Made { algorithm: &issued.algorithm, hash: None, value: &issued.signature };
    check(issuer, issued.signed_part().unwrap_or_default(), &made)
}
