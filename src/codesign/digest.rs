//! The hashes that code signing knows (`CS_HASHTYPE_*` of xnu's `cs_blobs.h`).

use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};

/// In order of strength: of several code directories the strongest counts (`CodeDirectory::hashPriority`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum HashType {
    Sha1,
    /// SHA-256 cut to 20 bytes.
    Sha256Truncated,
    Sha256,
    Sha384,
    Sha512,
}

impl HashType {
    pub fn from_raw(raw: u8) -> Option<HashType> {
        match raw {
            1 => Some(HashType::Sha1),
            2 => Some(HashType::Sha256),
            3 => Some(HashType::Sha256Truncated),
            4 => Some(HashType::Sha384),
            5 => Some(HashType::Sha512),
            _ => None,
        }
    }

    pub fn raw(self) -> u8 {
        match self {
            HashType::Sha1 => 1,
            HashType::Sha256 => 2,
            HashType::Sha256Truncated => 3,
            HashType::Sha384 => 4,
            HashType::Sha512 => 5,
        }
    }

    /// Bytes of one hash as it stands in a code directory.
    pub fn size(self) -> usize {
        match self {
            HashType::Sha1 | HashType::Sha256Truncated => 20,
            HashType::Sha256 => 32,
            HashType::Sha384 => 48,
            HashType::Sha512 => 64,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            HashType::Sha1 => "SHA-1",
            HashType::Sha256 | HashType::Sha256Truncated => "SHA-256",
            HashType::Sha384 => "SHA-384",
            HashType::Sha512 => "SHA-512",
        }
    }

    pub fn digest(self, bytes: &[u8]) -> Vec<u8> {
        let mut hash = match self {
            HashType::Sha1 => Sha1::digest(bytes).to_vec(),
            HashType::Sha256 | HashType::Sha256Truncated => Sha256::digest(bytes).to_vec(),
            HashType::Sha384 => Sha384::digest(bytes).to_vec(),
            HashType::Sha512 => Sha512::digest(bytes).to_vec(),
        };
        hash.truncate(self.size());
        hash
    }
}

/// Lower-case hexadecimal, as codesign prints hashes.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_number_and_size() {
        for raw in 1..=5 {
            let hash = HashType::from_raw(raw).unwrap();
            assert_eq!((hash.raw(), hash.digest(b"").len()), (raw, hash.size()));
        }
        assert_eq!(HashType::from_raw(6), None);
        assert_eq!(hex(&HashType::Sha1.digest(b"abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
    }
}
