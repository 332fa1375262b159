//! PKCS#12 (RFC 7292): what Keychain Access, OpenSSL, Java and Windows export as `.p12` or `.pfx`.

use cbc::cipher::{BlockCipherDecrypt, BlockModeDecrypt, InnerIvInit, block_padding::Pkcs7};
use der::Decode;
use hmac::{KeyInit, Mac, SimpleHmac};
use pkcs8::der::asn1::ObjectIdentifier;
use pkcs8::pkcs5::pbes2;
use sha1::Sha1;
use sha2::digest::{Digest, block_api::BlockSizeUser};
use sha2::{Sha224, Sha256, Sha384, Sha512};
use zeroize::Zeroizing;

use super::{Contents, Password, Trouble};
use crate::codesign::asn1::{CONTEXT_0, Element, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, from_ber};

const DATA: &str = "1.2.840.113549.1.7.1";
const ENCRYPTED_DATA: &str = "1.2.840.113549.1.7.6";
const KEY_BAG: &str = "1.2.840.113549.1.12.10.1.1";
const SHROUDED_KEY_BAG: &str = "1.2.840.113549.1.12.10.1.2";
const CERTIFICATE_BAG: &str = "1.2.840.113549.1.12.10.1.3";
const SAFE_CONTENTS_BAG: &str = "1.2.840.113549.1.12.10.1.6";
const PBES2: &str = "1.2.840.113549.1.5.13";
const PBMAC1: &str = "1.2.840.113549.1.5.14";

/// Rounds of a key derivation beyond which a file is a trap and not a locked box: a minute of work at most.
const MOST_ROUNDS: u32 = 10_000_000;
/// Bytes of memory that scrypt may ask for.
const MOST_SCRYPT_MEMORY: u64 = 1 << 28;
/// How deep bags may lie in bags.
const DEEPEST_BAG: usize = 8;

/// Whether `bytes` begin like a PKCS#12 file: a sequence with the version 3.
pub(super) fn is_pkcs12(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(16)];
    head.first() == Some(&SEQUENCE) && head.windows(4).any(|part| part == [2, 1, 3, 0x30])
}

/// Keys and certificates of a file.
pub(super) fn read(bytes: &[u8], password: &Password) -> Result<Contents, Trouble> {
    let der = from_ber(bytes).ok_or_else(malformed)?;
    let file = Element::read(&der).and_then(|file| file.parts(SEQUENCE)).ok_or_else(malformed)?;
    let safe = file.get(1).and_then(content).ok_or_else(malformed)?;
    if safe.0 != DATA {
        return Err(Trouble::Unknown(format!("is locked with a certificate ({})", safe.0)));
    }
    let safe = safe.1.is(OCTET_STRING).ok_or_else(malformed)?;
    let spelling = match file.get(2) {
        Some(seal) => Some(check_seal(seal, safe, password)?),
        None => None,
    };
    let open = Open { password, spelling: spelling.unwrap_or_else(|| password.as_utf16()) };
    let safe = from_ber(safe).ok_or_else(malformed)?;
    let mut found = Contents::default();
    for part in Element::read(&safe).and_then(|safe| safe.parts(SEQUENCE)).ok_or_else(malformed)? {
        let (kind, inside) = content(&part).ok_or_else(malformed)?;
        match kind.as_str() {
            DATA => open.bags(inside.is(OCTET_STRING).ok_or_else(malformed)?, &mut found, 0)?,
            ENCRYPTED_DATA => open.bags(&open.encrypted_data(&inside)?, &mut found, 0)?,
            other => return Err(Trouble::Unknown(format!("holds a part of the kind {other}"))),
        }
    }
    Ok(found)
}

fn malformed() -> Trouble {
    Trouble::Malformed("is a PKCS#12 file that is cut off or malformed".to_owned())
}

/// Kind and content of a `ContentInfo`.
fn content<'a>(info: &Element<'a>) -> Option<(String, Element<'a>)> {
    let parts = info.parts(SEQUENCE)?;
    Some((dotted(parts.first()?)?, *parts.get(1)?.parts(CONTEXT_0)?.first()?))
}

fn dotted(element: &Element) -> Option<String> {
    ObjectIdentifier::from_bytes(element.is(OBJECT_IDENTIFIER)?).ok().map(|oid| oid.to_string())
}

/// Kind and parameters of an `AlgorithmIdentifier`.
fn algorithm<'a>(element: &Element<'a>) -> Option<(String, Option<Element<'a>>)> {
    let parts = element.parts(SEQUENCE)?;
    Some((dotted(parts.first()?)?, parts.get(1).copied()))
}

/// Checks the seal over the whole, and answers the spelling of the password that fits.
fn check_seal(seal: &Element, safe: &[u8], password: &Password) -> Result<Zeroizing<Vec<u8>>, Trouble> {
    let parts = seal.parts(SEQUENCE).ok_or_else(malformed)?;
    let [digest, salt, rest @ ..] = &parts[..] else { return Err(malformed()) };
    let digest = digest.parts(SEQUENCE).ok_or_else(malformed)?;
    let [kind, expected] = &digest[..] else { return Err(malformed()) };
    let (kind, _) = algorithm(kind).ok_or_else(malformed)?;
    let expected = expected.is(OCTET_STRING).ok_or_else(malformed)?;
    let salt = salt.is(OCTET_STRING).ok_or_else(malformed)?;
    let rounds = rest.first().map_or(Some(1), Element::number).ok_or_else(malformed)?;
    check_rounds(rounds)?;
    let fits = |password: &[u8]| match kind.as_str() {
        "1.3.14.3.2.26" => Ok(is_sealed::<Sha1>(password, salt, rounds, safe, expected)),
        "2.16.840.1.101.3.4.2.4" => Ok(is_sealed::<Sha224>(password, salt, rounds, safe, expected)),
        "2.16.840.1.101.3.4.2.1" => Ok(is_sealed::<Sha256>(password, salt, rounds, safe, expected)),
        "2.16.840.1.101.3.4.2.2" => Ok(is_sealed::<Sha384>(password, salt, rounds, safe, expected)),
        "2.16.840.1.101.3.4.2.3" => Ok(is_sealed::<Sha512>(password, salt, rounds, safe, expected)),
        PBMAC1 => {
            Err(Trouble::Unknown("is sealed with PBMAC1 (RFC 9579), which no Mac reads either".to_owned()))
        }
        other => Err(Trouble::Unknown(format!("is sealed with the algorithm {other}"))),
    };
    for spelling in password.spellings() {
        if fits(&spelling)? {
            return Ok(spelling);
        }
    }
    Err(Trouble::WrongPassword)
}

fn check_rounds(rounds: u32) -> Result<(), Trouble> {
    if rounds == 0 || rounds > MOST_ROUNDS {
        return Err(Trouble::Malformed(format!("asks for {rounds} rounds to derive a key")));
    }
    Ok(())
}

fn is_sealed<D: Digest + BlockSizeUser>(
    password: &[u8],
    salt: &[u8],
    rounds: u32,
    safe: &[u8],
    expected: &[u8],
) -> bool {
    let key = derive::<D>(Purpose::Seal, password, salt, rounds, <D as Digest>::output_size());
    let Ok(mut mac) = <SimpleHmac<D> as KeyInit>::new_from_slice(&key) else { return false };
    mac.update(safe);
    mac.verify_slice(expected).is_ok()
}

/// What a derived key is for: the `ID` byte of RFC 7292, B.3.
#[derive(Clone, Copy)]
enum Purpose {
    Key = 1,
    InitialVector = 2,
    Seal = 3,
}

/// The key derivation of RFC 7292, B.2. `password` is UTF-16 with its NUL.
fn derive<D: Digest + BlockSizeUser>(
    purpose: Purpose,
    password: &[u8],
    salt: &[u8],
    rounds: u32,
    length: usize,
) -> Zeroizing<Vec<u8>> {
    let block = D::block_size();
    let filled = |text: &[u8]| -> Vec<u8> {
        text.iter().copied().cycle().take(block * text.len().div_ceil(block)).collect()
    };
    let mut input = Zeroizing::new([filled(salt), filled(password)].concat());
    let mut key = Zeroizing::new(Vec::with_capacity(length + 64));
    while key.len() < length {
        let mut hash = D::new().chain_update(vec![purpose as u8; block]).chain_update(&*input).finalize();
        for _ in 1..rounds {
            hash = D::digest(&hash);
        }
        key.extend_from_slice(&hash);
        // Each block of the input becomes itself + B + 1, as one big number.
        for number in input.chunks_mut(block) {
            let mut carry = 1;
            for (at, byte) in number.iter_mut().enumerate().rev() {
                let sum = u16::from(*byte) + u16::from(hash[at % hash.len()]) + carry;
                *byte = sum as u8;
                carry = sum >> 8;
            }
        }
    }
    key.truncate(length);
    key
}

/// A file whose password is known to fit.
struct Open<'a> {
    password: &'a Password,
    /// The password as PKCS#12 spells it.
    spelling: Zeroizing<Vec<u8>>,
}

impl Open<'_> {
    fn encrypted_data(&self, data: &Element) -> Result<Zeroizing<Vec<u8>>, Trouble> {
        let parts = data.parts(SEQUENCE).ok_or_else(malformed)?;
        let info = parts.get(1).and_then(|info| info.parts(SEQUENCE)).ok_or_else(malformed)?;
        let [_, algorithm, encrypted] = &info[..] else { return Err(malformed()) };
        // [0] IMPLICIT OCTET STRING, in one piece or in several.
        let bytes = match encrypted.parts(CONTEXT_0) {
            Some(pieces) => {
                let pieces: Option<Vec<&[u8]>> = pieces.iter().map(|piece| piece.is(OCTET_STRING)).collect();
                pieces.ok_or_else(malformed)?.concat()
            }
            None => encrypted.is(0x80).ok_or_else(malformed)?.to_vec(),
        };
        self.decrypt(algorithm, &bytes)
    }

    fn bags(&self, safe: &[u8], found: &mut Contents, depth: usize) -> Result<(), Trouble> {
        let safe = Zeroizing::new(from_ber(safe).ok_or_else(malformed)?);
        let bags = Element::read(&safe).and_then(|safe| safe.parts(SEQUENCE));
        for bag in bags.filter(|_| depth < DEEPEST_BAG).ok_or_else(malformed)? {
            let (kind, value) = content(&bag).ok_or_else(malformed)?;
            match kind.as_str() {
                KEY_BAG => found.keys.push(Zeroizing::new(value.whole.to_vec())),
                SHROUDED_KEY_BAG => {
                    let parts = value.parts(SEQUENCE).ok_or_else(malformed)?;
                    let [algorithm, encrypted] = &parts[..] else { return Err(malformed()) };
                    found
                        .keys
                        .push(self.decrypt(algorithm, encrypted.is(OCTET_STRING).ok_or_else(malformed)?)?);
                }
                CERTIFICATE_BAG => {
                    let (_, certificate) = content(&value).ok_or_else(malformed)?;
                    found.certificates.push(certificate.is(OCTET_STRING).ok_or_else(malformed)?.to_vec());
                }
                SAFE_CONTENTS_BAG => self.bags(value.whole, found, depth + 1)?,
                _ => {} // revocation lists and secrets
            }
        }
        Ok(())
    }

    fn decrypt(&self, scheme: &Element, bytes: &[u8]) -> Result<Zeroizing<Vec<u8>>, Trouble> {
        let (kind, parameters) = algorithm(scheme).ok_or_else(malformed)?;
        let parameters = parameters.ok_or_else(malformed)?;
        if kind == PBES2 {
            return pbes2(parameters.whole, self.password, bytes);
        }
        let parts = parameters.parts(SEQUENCE).ok_or_else(malformed)?;
        let [salt, rounds] = &parts[..] else { return Err(malformed()) };
        let salt = salt.is(OCTET_STRING).ok_or_else(malformed)?;
        let rounds = rounds.number().ok_or_else(malformed)?;
        check_rounds(rounds)?;
        let key = |length| derive::<Sha1>(Purpose::Key, &self.spelling, salt, rounds, length);
        let vector = derive::<Sha1>(Purpose::InitialVector, &self.spelling, salt, rounds, 8);
        let plain = match kind.as_str() {
            "1.2.840.113549.1.12.1.3" => cbc::<des::TdesEde3>(&key(24), &vector, bytes),
            "1.2.840.113549.1.12.1.4" => cbc::<des::TdesEde2>(&key(16), &vector, bytes),
            "1.2.840.113549.1.12.1.5" => cbc::<rc2::Rc2>(&key(16), &vector, bytes),
            "1.2.840.113549.1.12.1.6" => cbc::<rc2::Rc2>(&key(5), &vector, bytes),
            other => return Err(Trouble::Unknown(format!("is encrypted with the algorithm {other}"))),
        };
        plain.ok_or(Trouble::WrongPassword)
    }
}

fn cbc<C: BlockCipherDecrypt + cbc::cipher::KeyInit>(
    key: &[u8],
    vector: &[u8],
    bytes: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    let cipher = cbc::Decryptor::<C>::inner_iv_slice_init(C::new_from_slice(key).ok()?, vector).ok()?;
    cipher.decrypt_padded_vec::<Pkcs7>(bytes).ok().map(Zeroizing::new)
}

/// PBES2 of RFC 8018, as PKCS#12 and PKCS#8 use it. `parameters` are in DER.
pub(super) fn pbes2(
    parameters: &[u8],
    password: &Password,
    bytes: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Trouble> {
    let unknown =
        |_| Trouble::Unknown("is encrypted in a way that this program does not know (PBES2)".to_owned());
    let scheme = pbes2::Parameters::from_der(parameters).map_err(unknown)?;
    if let Some(pbkdf2) = scheme.kdf.pbkdf2() {
        check_rounds(pbkdf2.iteration_count)?;
    }
    if let Some(scrypt) = scheme.kdf.scrypt() {
        let memory = scrypt.cost_parameter.saturating_mul(128 * u64::from(scrypt.block_size));
        if memory.saturating_mul(scrypt.parallelization.into()) > MOST_SCRYPT_MEMORY {
            return Err(Trouble::Malformed("asks for too much memory to derive a key (scrypt)".to_owned()));
        }
    }
    scheme.decrypt(password.as_bytes(), bytes).map(Zeroizing::new).map_err(|_| Trouble::WrongPassword)
}
