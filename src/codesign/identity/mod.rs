//! An identity: a private key and the certificates that say whose it is, from a PKCS#12 or PEM file.

mod key;
mod pem;
mod pkcs12;
mod suitable;
#[cfg(test)]
mod tests;

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::certificate::{self, APPLE_LEAF, Certificate, DEVELOPER_ID_APPLICATION};
use crate::failure::Failure;
use key::PrivateKey;

/// Bytes beyond which a file is not read: an identity takes a few thousand.
const LONGEST: u64 = 1 << 20;
/// The password of an identity. It is erased when dropped, and never shown.
#[derive(Clone, Default)]
pub struct Password(Zeroizing<String>);

impl Password {
    pub fn new(text: impl Into<String>) -> Password {
        Password(Zeroizing::new(text.into()))
    }

    /// From the text of a file: one line feed (or CR LF) at its end is not part of it.
    pub fn from_lines(text: String) -> Password {
        let text = Zeroizing::new(text);
        let line = text.strip_suffix('\n').unwrap_or(&text);
        Password::new(line.strip_suffix('\r').unwrap_or(line))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Big-endian UTF-16 with a NUL behind it.
    fn as_utf16(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.0.encode_utf16().chain([0]).flat_map(u16::to_be_bytes).collect())
    }

    /// As PKCS#12 files are sealed with it: with its NUL, and no password also as nothing at all.
    fn spellings(&self) -> Vec<Zeroizing<Vec<u8>>> {
        let nothing = self.is_empty().then(Zeroizing::default);
        std::iter::once(self.as_utf16()).chain(nothing).collect()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// What a file holds before anything is made of it.
#[derive(Default)]
struct Contents {
    /// PKCS#8, unlocked.
    keys: Vec<Zeroizing<Vec<u8>>>,
    /// X.509.
    certificates: Vec<Vec<u8>>,
}

/// Why a file yields no identity.
#[derive(Debug)]
enum Trouble {
    WrongPassword,
    /// What is wrong with it, as a clause.
    Malformed(String),
    /// What it uses that is not read here, as a clause.
    Unknown(String),
}

/// A private key with the chain of its certificates.
pub struct Identity {
    path: PathBuf,
    key: PrivateKey,
    /// The leaf first; each is issued by the next.
    chain: Vec<Certificate>,
}

impl Identity {
    /// Reads the identity of the file at `path`: PKCS#12 (`.p12`, `.pfx`), or PEM with the key and its certificates.
    ///
    /// # Errors
    /// [`Failure`] when the file cannot be read or the password does not open it, when it holds no private key or no
    /// certificate of it, and when it holds several identities of which none is alone in being for code signing.
    pub fn open(path: &Path, password: &Password) -> Result<Identity, Failure> {
        let mut bytes = Zeroizing::new(Vec::new());
        let read = File::open(path).and_then(|file| file.take(LONGEST + 1).read_to_end(&mut bytes));
        read.map_err(|error| Failure::io(path, "read", &error))?;
        Identity::read(path, &bytes, password)
    }

    fn read(path: &Path, bytes: &[u8], password: &Password) -> Result<Identity, Failure> {
        let refuse = |what: &str, next: &str| Err(Failure::new(path, what, next));
        let contents = if bytes.len() as u64 > LONGEST {
            return refuse("is too long for an identity", "name a .p12 or .pem file");
        } else if pem::is_pem(bytes) {
            pem::read(bytes, password)
        } else if pkcs12::is_pkcs12(bytes) {
            pkcs12::read(bytes, password)
        } else if Certificate::read(bytes).is_some() {
            Ok(Contents { certificates: vec![bytes.to_vec()], ..Contents::default() })
        } else {
            return refuse(
                "is neither PKCS#12 nor PEM",
                "name the .p12 that Keychain Access exports, or a .pem file",
            );
        };
        let contents = contents.map_err(|trouble| trouble.into_failure(path, password))?;
        let certificates: Vec<Certificate> =
            contents.certificates.iter().filter_map(|der| Certificate::read(der)).collect();
        if contents.keys.is_empty() {
            return refuse(
                "holds no private key",
                "export the certificate together with its private key (in Keychain Access from My Certificates, as .p12)",
            );
        }
        if certificates.is_empty() {
            return refuse(
                "holds no certificate",
                "put the certificate of the private key into the same file",
            );
        }
        let keys: Result<Vec<PrivateKey>, String> =
            contents.keys.iter().map(|key| PrivateKey::from_pkcs8(key)).collect();
        let keys =
            keys.map_err(|what| Failure::new(path, what, "use an RSA key, or ECDSA over P-256 or P-384"))?;
        choose(path, keys, &certificates)
    }

    fn leaf(&self) -> &Certificate {
        &self.chain[0]
    }

    /// The name of the certificate: "Developer ID Application: …".
    pub fn name(&self) -> &str {
        self.leaf().name()
    }

    /// The certificates, the leaf first.
    pub fn certificates(&self) -> &[Certificate] {
        &self.chain
    }

    /// Whether Apple issued the certificate, as far as the file shows: up to its root, or up to one that names Apple as
    /// its issuer.
    pub fn is_apples(&self) -> bool {
        let Some(last) = self.chain.last() else { return false };
        let says_so = |one: &Certificate| one.extensions.iter().any(|oid| oid.starts_with(APPLE_LEAF));
        match last.is_self_issued() {
            true => last.is_apple_root,
            false => last.issuer_organization.as_deref() == Some("Apple Inc.") && says_so(self.leaf()),
        }
    }

    /// Whether it is for apps outside of the App Store.
    pub fn is_developer_id(&self) -> bool {
        self.is_apples() && self.leaf().has_extension(DEVELOPER_ID_APPLICATION)
    }

    /// The team identifier: the organizational unit of a certificate of Apple's.
    pub fn team(&self) -> Option<&str> {
        self.leaf().unit.as_deref().filter(|_| self.is_apples())
    }

    /// Whether the chain stops before a root.
    pub fn is_incomplete(&self) -> bool {
        self.chain.last().is_some_and(|last| !last.is_self_issued())
    }

    /// Checks that code may be signed with it at `time`, in seconds since 1970.
    ///
    /// # Errors
    /// [`Failure`] when the certificate is for something else, not valid at that time, or has a weak key.
    pub fn check(&self, time: u64) -> Result<(), Failure> {
        match suitable::objection(self, time) {
            Some((what, next)) => Err(Failure::new(&self.path, what, next)),
            None => Ok(()),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The `AlgorithmIdentifier` of [`sign`](Self::sign)'s signatures.
    pub(super) fn algorithm(&self) -> Vec<u8> {
        self.key.algorithm()
    }

    /// A signature over the SHA-256 of `message`; the same bytes each time.
    pub(super) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        self.key.sign(message)
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("name", &self.name()).finish_non_exhaustive()
    }
}

impl PartialEq for Identity {
    fn eq(&self, other: &Self) -> bool {
        self.chain == other.chain
    }
}

impl Eq for Identity {}

/// The one identity of a file, or the one of several that is for code signing.
fn choose(path: &Path, keys: Vec<PrivateKey>, certificates: &[Certificate]) -> Result<Identity, Failure> {
    let count = keys.len();
    let mut found: Vec<Identity> = keys
        .into_iter()
        .flat_map(|key| {
            let bits = key.public_bits();
            let leaf = certificates.iter().find(|one| bits.contains(&one.public_key))?;
            Some(Identity {
                path: path.to_owned(),
                key,
                chain: certificate::chain(leaf, certificates, |_, _| true),
            })
        })
        .collect();
    if found.len() > 1 {
        let names: Vec<String> = found.iter().map(|one| one.name().to_owned()).collect();
        found.retain(|one| suitable::is_for_code(one.leaf()));
        if found.len() != 1 {
            let what = format!("holds {} identities: {}", names.len(), names.join(", "));
            return Err(Failure::new(path, what, "export the one to sign with into a file of its own"));
        }
    }
    found.pop().ok_or_else(|| {
        let names: Vec<&str> = certificates.iter().map(Certificate::name).collect();
        let key = if count == 1 { "a private key" } else { "private keys" };
        let what = format!("holds {key} and certificates that do not belong together: {}", names.join(", "));
        Failure::new(path, what, "export the private key together with its own certificate")
    })
}

impl Trouble {
    fn into_failure(self, path: &Path, password: &Password) -> Failure {
        match self {
            Trouble::WrongPassword if password.is_empty() => Failure::new(
                path,
                "is locked with a password",
                "give its password in a file with --password-file",
            ),
            Trouble::WrongPassword => Failure::new(
                path,
                "does not open with this password",
                "check the password; of a password file all but a line feed at its end counts",
            ),
            Trouble::Malformed(what) => Failure::new(path, what, "export the identity again"),
            Trouble::Unknown(what) => Failure::new(
                path,
                what,
                "convert it: openssl pkcs12 -export -macalg sha256 for .p12, openssl pkcs8 -topk8 for a PEM key",
            ),
        }
    }
}
