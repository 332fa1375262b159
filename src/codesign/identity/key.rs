//! The private key of an identity: RSA, or ECDSA over P-256 or P-384.

use p256::ecdsa::signature::hazmat::PrehashSigner;
use pkcs8::der::asn1::ObjectIdentifier;
use pkcs8::{DecodePrivateKey, PrivateKeyInfoRef};
use rsa::traits::PublicKeyParts;
use sha2::{Digest, Sha256};

use crate::codesign::asn1::{self, OBJECT_IDENTIFIER};

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const SHA256_WITH_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
const ECDSA_WITH_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");

/// RSA keys shorter than this are broken by whoever wants to (NIST SP 800-131A).
const SHORTEST_RSA: usize = 2048;

/// What it holds is erased when it is dropped.
pub(super) enum PrivateKey {
    Rsa(Box<rsa::PrivateKey>),
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
}

impl PrivateKey {
    /// Reads PKCS#8 (`PrivateKeyInfo` in DER).
    ///
    /// # Errors
    /// What is wrong with it, as a clause: "holds a private key of …".
    pub fn from_pkcs8(der: &[u8]) -> Result<PrivateKey, String> {
        let malformed = |_| "holds a private key that is cut off or malformed".to_owned();
        let info = PrivateKeyInfoRef::try_from(der).map_err(malformed)?;
        let curve = info.algorithm.parameters_oid().ok();
        match (info.algorithm.oid, curve) {
            (RSA, _) => {
                let key = rsa::PrivateKey::from_pkcs8_der(der).map_err(malformed)?;
                Ok(PrivateKey::Rsa(Box::new(key)))
            }
            (EC, Some(P256)) => {
                p256::ecdsa::SigningKey::from_pkcs8_der(der).map(PrivateKey::P256).map_err(malformed)
            }
            (EC, Some(P384)) => {
                p384::ecdsa::SigningKey::from_pkcs8_der(der).map(PrivateKey::P384).map_err(malformed)
            }
            (EC, Some(other)) => {
                Err(format!("holds a private key on the curve {other}, which codesign does not sign with"))
            }
            (other, _) => {
                Err(format!("holds a private key of the kind {other}, which codesign does not sign with"))
            }
        }
    }

    /// The bits that a certificate has of the public key, in the spellings that are possible.
    pub fn public_bits(&self) -> Vec<Vec<u8>> {
        match self {
            PrivateKey::Rsa(key) => {
                let public = key.to_public_key();
                rsa::pkcs1::EncodeRsaPublicKey::to_pkcs1_der(&public)
                    .map(|der| vec![der.as_bytes().to_vec()])
                    .unwrap_or_default()
            }
            PrivateKey::P256(key) => {
                let point = |short| key.verifying_key().to_sec1_point(short).as_bytes().to_vec();
                vec![point(false), point(true)]
            }
            PrivateKey::P384(key) => {
                let point = |short| key.verifying_key().to_sec1_point(short).as_bytes().to_vec();
                vec![point(false), point(true)]
            }
        }
    }

    /// Why it should not sign anything.
    pub fn weakness(&self) -> Option<String> {
        match self {
            PrivateKey::Rsa(key) => {
                let bits = key.n().bit_width() as usize;
                (bits < SHORTEST_RSA).then(|| format!("has a weak key: RSA with {bits} bits"))
            }
            _ => None,
        }
    }

    /// The `AlgorithmIdentifier` of what [`sign`](Self::sign) makes.
    pub fn algorithm(&self) -> Vec<u8> {
        match self {
            PrivateKey::Rsa(_) => {
                asn1::sequence(&[&asn1::element(OBJECT_IDENTIFIER, SHA256_WITH_RSA.as_bytes()), &asn1::NULL])
            }
            _ => asn1::sequence(&[&asn1::element(OBJECT_IDENTIFIER, ECDSA_WITH_SHA256.as_bytes())]),
        }
    }

    /// PKCS#1 v1.5 or ECDSA with the nonce of RFC 6979, over SHA-256: the same bytes each time.
    pub fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let digest = Sha256::digest(message);
        match self {
            PrivateKey::Rsa(key) => key.sign(rsa::Pkcs1v15Sign::new::<Sha256>(), &digest).ok(),
            PrivateKey::P256(key) => {
                let signature: p256::ecdsa::Signature = key.sign_prehash(&digest).ok()?;
                Some(signature.to_der().as_bytes().to_vec())
            }
            PrivateKey::P384(key) => {
                let signature: p384::ecdsa::Signature = key.sign_prehash(&digest).ok()?;
                Some(signature.to_der().as_bytes().to_vec())
            }
        }
    }
}
