//! The pages of code: where each of them stands, and which hashes are known already.

use std::borrow::Cow;

use rayon::prelude::*;

use super::blob::SuperBlob;
use super::code_directory::CodeDirectory;
use super::digest::HashType;
use super::embedded::{is_directory_slot, signature_bytes};
use crate::macho::header::Header;
use crate::macho::{Arch, fat};

/// The longest page that a slice is signed with, in bytes; shorter ones divide it.
const LONGEST_PAGE: usize = 1 << 14;

/// Code that is to be signed: a changed start, the bytes of the old file, an end that is padded. Only the two ends are
/// copied, by whole pages.
pub(super) struct Code<'a> {
    head: Vec<u8>,
    body: &'a [u8],
    tail: Vec<u8>,
}

impl<'a> Code<'a> {
    /// Code that stays as it is.
    pub fn whole(bytes: &'a [u8]) -> Code<'a> {
        Code { head: Vec::new(), body: bytes, tail: Vec::new() }
    }

    /// `old`, of which the first `changed` bytes will change, with zeros behind it up to `limit` bytes.
    pub fn changed(old: &'a [u8], changed: usize, limit: usize) -> Code<'a> {
        let head_end = changed.next_multiple_of(LONGEST_PAGE).min(limit);
        let tail_start = (old.len() - old.len() % LONGEST_PAGE).max(head_end);
        let mut head = old.get(..head_end).unwrap_or(old).to_vec();
        head.resize(head_end, 0);
        let mut tail = old.get(tail_start..).unwrap_or_default().to_vec();
        tail.resize(limit - tail_start.min(limit), 0);
        Code { head, body: old.get(head_end..tail_start).unwrap_or_default(), tail }
    }

    pub fn head_mut(&mut self) -> &mut [u8] {
        &mut self.head
    }

    pub fn len(&self) -> usize {
        self.head.len() + self.body.len() + self.tail.len()
    }

    /// Its pages in order; where it is changed, `size` divides 16 KiB.
    pub fn pages(&self, size: usize) -> impl IndexedParallelIterator<Item = &[u8]> {
        self.head.par_chunks(size).chain(self.body.par_chunks(size)).chain(self.tail.par_chunks(size))
    }

    pub fn into_pieces(self) -> [Cow<'a, [u8]>; 3] {
        [Cow::Owned(self.head), Cow::Borrowed(self.body), Cow::Owned(self.tail)]
    }
}

/// Code of which a verification found that every page has the hash that its signature says.
pub(super) struct KnownPages<'a> {
    code: &'a [u8],
    directories: Vec<CodeDirectory<'a>>,
}

impl<'a> KnownPages<'a> {
    /// Of the slice for `arch` in a file that was verified.
    pub fn find(file: &'a [u8], arch: Arch) -> Option<KnownPages<'a>> {
        let slice = slice_of(file, arch)?;
        let header = Header::parse(slice).ok()?;
        let place = header.code_signature(slice).ok()??;
        let code = slice.get(..place.dataoff as usize)?;
        KnownPages::new(code, signature_bytes(slice, &header)?)
    }

    /// Of the slice for `arch` in a file that was given `signature`: pages that were not as they are there when it was made
    /// are not known.
    pub fn signed(file: &'a [u8], arch: Arch, signature: &'a [u8]) -> Option<KnownPages<'a>> {
        KnownPages::new(slice_of(file, arch)?, signature)
    }

    fn new(code: &'a [u8], signature: &'a [u8]) -> Option<KnownPages<'a>> {
        let super_blob = SuperBlob::parse(signature).ok()?;
        let directories = super_blob.blobs.iter().filter(|(slot, _)| is_directory_slot(*slot));
        let directories = directories.filter_map(|(_, blob)| CodeDirectory::parse(blob).ok()).collect();
        Some(KnownPages { code, directories })
    }

    /// The hash of page `index`, if it is byte for byte the page of this number here.
    pub fn hash(&self, hash_type: HashType, page_log2: u8, index: usize, page: &[u8]) -> Option<&'a [u8]> {
        let alike = |one: &&CodeDirectory| one.hash_type == hash_type && one.page_log2 == page_log2;
        let directory = self.directories.iter().find(alike)?;
        let start = index.checked_mul(1usize.checked_shl(page_log2.into())?)?;
        let known = self.code.get(start..start.checked_add(page.len())?)?;
        let is_whole = page.len() == 1 << page_log2 || start + page.len() == self.code.len();
        // A file that was not written to is its own witness.
        let same = is_whole && (std::ptr::eq(known, page) || known == page);
        same.then(|| directory.code_hash(u32::try_from(index).ok()?)).flatten()
    }
}

fn slice_of(file: &[u8], arch: Arch) -> Option<&[u8]> {
    let slices = fat::slices(file).ok()?;
    let (_, range) = slices.into_iter().find(|(other, _)| *other == arch)?;
    file.get(range)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codesign::embedded::{Signing, sign_file};
    use crate::macho::sample::Sample;

    #[test]
    fn changed_code_has_the_pages_of_the_whole() {
        let old: Vec<u8> = (0..100_000).map(|at| (at % 251) as u8).collect();
        for length in [1_usize, 15, 16, 4096, 16383, 16384, 16385, 32768, 40000, 65536, 99_999] {
            for changed in [1, 100, 16384, 16400, 70_000] {
                let limit = length.next_multiple_of(16);
                let mut whole = old[..length].to_vec();
                whole.resize(limit, 0);
                let code = Code::changed(&old[..length], changed, limit);
                for size in [4096, 8192, 16384] {
                    let pages: Vec<&[u8]> = code.pages(size).collect();
                    assert!(pages == whole.chunks(size).collect::<Vec<_>>(), "{length} {changed} {size}");
                }
                assert_eq!(code.len(), limit);
                assert!(code.into_pieces().concat() == whole);
            }
        }
    }

    #[test]
    fn only_a_page_that_is_the_same_is_known() {
        let signing = Signing {
            identifier: "org.example.lib",
            flags: 2,
            entitlements: None,
            signer: None,
            bundle: None,
        };
        let file = sign_file(&Sample::new(Arch::X86_64).build(), &signing).unwrap();
        let known = KnownPages::find(&file, Arch::X86_64).unwrap();
        let code = known.code.to_vec();
        let hash = |page: &[u8]| known.hash(HashType::Sha256, 12, 0, page).map(<[u8]>::to_vec);
        assert!(code.len() < 4096);
        assert_eq!(hash(&code), Some(HashType::Sha256.digest(&code)));
        assert_eq!(hash(&code[..code.len() - 1]), None);
        assert_eq!(known.hash(HashType::Sha1, 12, 0, &code), None);
        assert_eq!(known.hash(HashType::Sha256, 14, 0, &code), None);
        assert_eq!(known.hash(HashType::Sha256, 12, 1, &code), None);
        let mut changed = code.clone();
        changed[5] ^= 1;
        assert_eq!(hash(&changed), None);
        assert!(KnownPages::find(&file, Arch::ARM64).is_none());
    }
}
