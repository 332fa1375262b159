//! PEM (RFC 7468): a key and certificates in one text file, whatever stands between them.

use pkcs8::der::pem::decode_vec;
use zeroize::Zeroizing;

use super::{Contents, Password, Trouble, pkcs12};
use crate::codesign::asn1::{self, CONTEXT_0, Element, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE};

const BEGIN: &str = "-----BEGIN ";
/// 1.2.840.113549.1.1.1 and 1.2.840.10045.2.1 as DER writes them.
const RSA: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const EC: [u8; 7] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
/// 1.2.840.113549.1.5.13.
const PBES2: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0d];

/// Whether there is a block of PEM in the text.
pub(super) fn is_pem(bytes: &[u8]) -> bool {
    bytes.windows(BEGIN.len()).any(|part| part == BEGIN.as_bytes())
}

/// Keys and certificates of a file.
pub(super) fn read(bytes: &[u8], password: &Password) -> Result<Contents, Trouble> {
    let text = Zeroizing::new(String::from_utf8_lossy(bytes).replace("\r\n", "\n"));
    let mut found = Contents::default();
    let mut rest = text.as_str();
    while let Some(at) = rest.find(BEGIN) {
        rest = &rest[at..];
        let label = rest[BEGIN.len()..].split("-----").next().unwrap_or_default();
        let end = format!("-----END {label}-----");
        let length = rest.find(&end).ok_or_else(|| malformed(label))? + end.len();
        block(label, &rest[..length], password, &mut found)?;
        rest = &rest[length..];
    }
    Ok(found)
}

fn malformed(label: &str) -> Trouble {
    let shown: String = label.chars().filter(|one| !one.is_control()).take(40).collect();
    Trouble::Malformed(format!("has a PEM block {shown} that is cut off or malformed"))
}

fn block(label: &str, block: &str, password: &Password, found: &mut Contents) -> Result<(), Trouble> {
    if block.contains("\nProc-Type: 4,ENCRYPTED") {
        return Err(Trouble::Unknown(
            "has a private key that is encrypted as OpenSSL did before 2010".to_owned(),
        ));
    }
    let contents = || decode_vec(block.as_bytes()).map(|(_, der)| der).map_err(|_| malformed(label));
    match label {
        "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE" => found.certificates.push(contents()?),
        "PRIVATE KEY" => found.keys.push(Zeroizing::new(contents()?)),
        "ENCRYPTED PRIVATE KEY" => {
            let der = contents()?;
            let key = decrypt(&der, password).ok_or_else(|| malformed(label))??;
            found.keys.push(key);
        }
        "RSA PRIVATE KEY" => found.keys.push(pkcs8(&RSA, &asn1::NULL, &Zeroizing::new(contents()?))),
        "EC PRIVATE KEY" => {
            let key = Zeroizing::new(contents()?);
            let curve = curve_of(&key).ok_or_else(|| malformed(label))?;
            found.keys.push(pkcs8(&EC, &curve, &key));
        }
        _ => {} // parameters of a curve, requests, revocation lists
    }
    Ok(())
}

/// `None` when it is no `EncryptedPrivateKeyInfo` (RFC 5958).
fn decrypt(der: &[u8], password: &Password) -> Option<Result<Zeroizing<Vec<u8>>, Trouble>> {
    let parts = Element::read(der)?.parts(SEQUENCE)?;
    let algorithm = parts.first()?.parts(SEQUENCE)?;
    let encrypted = parts.get(1)?.is(OCTET_STRING)?;
    if algorithm.first()?.is(OBJECT_IDENTIFIER)? != PBES2 {
        let what = "has a private key that is encrypted in an old way (PBES1)".to_owned();
        return Some(Err(Trouble::Unknown(what)));
    }
    Some(pkcs12::pbes2(algorithm.get(1)?.whole, password, encrypted))
}

/// The named curve of an `ECPrivateKey` (RFC 5915): its part `[0]`.
fn curve_of(key: &[u8]) -> Option<Vec<u8>> {
    let parts = Element::read(key)?.parts(SEQUENCE)?;
    let parameters = parts.iter().find_map(|part| part.parts(CONTEXT_0))?;
    parameters.first().map(|curve| curve.whole.to_vec())
}

/// A key of its own format as PKCS#8 has it.
fn pkcs8(kind: &[u8], parameters: &[u8], key: &[u8]) -> Zeroizing<Vec<u8>> {
    let algorithm = asn1::sequence(&[&asn1::element(OBJECT_IDENTIFIER, kind), parameters]);
    let key = Zeroizing::new(asn1::element(OCTET_STRING, key));
    Zeroizing::new(asn1::sequence(&[&asn1::element(INTEGER, &[0]), &algorithm, &key]))
}
