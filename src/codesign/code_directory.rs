//! The code directory: the hash of every page of the code and of everything that is signed with it.
//!
//! `CS_CodeDirectory` of xnu's `cs_blobs.h`; all numbers big-endian, offsets from the start of the blob.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::blob::{MAGIC_CODE_DIRECTORY, u32_at, u64_at};
use super::digest::HashType;
use super::pages::{Code, KnownPages};

pub(super) const CS_ADHOC: u32 = 0x2;
pub(super) const CS_REQUIRE_LV: u32 = 0x2000;
pub(super) const CS_RUNTIME: u32 = 0x10000;
pub(super) const CS_LINKER_SIGNED: u32 = 0x20000;

/// The first version with `scatterOffset`: the oldest that codesign still writes.
const VERSION_SCATTER: u32 = 0x20100;
/// The first version with `teamOffset`.
const VERSION_TEAM: u32 = 0x20200;
/// The first version with `codeLimit64`.
const VERSION_LIMIT_64: u32 = 0x20300;
/// The first version with `execSegBase`.
const VERSION_EXEC_SEG: u32 = 0x20400;
/// The first version with `runtime`.
const VERSION_RUNTIME: u32 = 0x20500;

/// `__TEXT` as the kernel needs it: file offset, size, `CS_EXECSEG_*` flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct ExecSegment {
    pub base: u64,
    pub limit: u64,
    pub flags: u64,
}

/// A code directory as it was found.
#[derive(Debug, Clone)]
pub(super) struct CodeDirectory<'a> {
    pub bytes: &'a [u8],
    pub version: u32,
    pub flags: u32,
    pub identifier: &'a str,
    pub team: Option<&'a str>,
    pub hash_type: HashType,
    /// Base-2 logarithm of the page size in bytes; 0 means one page for everything.
    pub page_log2: u8,
    /// Bytes of code that are covered.
    pub code_limit: u64,
    /// Packed version of the hardened runtime.
    pub runtime: u32,
    /// Not 0 in Apple's own system.
    pub platform: u8,
    /// What it says of `__TEXT`; `None` in versions that say nothing.
    pub exec_segment: Option<ExecSegment>,
    /// Hashes of non-contiguous ranges, which nobody makes any more.
    pub has_scatter: bool,
    pub special_slots: u32,
    pub code_slots: u32,
    hash_offset: usize,
}

impl<'a> CodeDirectory<'a> {
    /// # Errors
    /// A clause that says what is malformed.
    pub fn parse(bytes: &'a [u8]) -> Result<CodeDirectory<'a>, String> {
        parse(bytes).ok_or("the code directory is cut off or malformed".to_owned())
    }

    /// The hash of code page `index`.
    pub fn code_hash(&self, index: u32) -> Option<&'a [u8]> {
        (index < self.code_slots).then(|| self.hash_at(i64::from(index))).flatten()
    }

    /// The hash in special slot −`slot`; `None` when there is none or it is all zeros.
    pub fn special_hash(&self, slot: u32) -> Option<&'a [u8]> {
        let present = (1..=self.special_slots).contains(&slot);
        let hash = present.then(|| self.hash_at(-i64::from(slot))).flatten()?;
        hash.iter().any(|byte| *byte != 0).then_some(hash)
    }

    /// The first 20 bytes of the directory's own hash: what the kernel and requirements know code by.
    pub fn cdhash(&self) -> Cdhash {
        let hash = self.hash_type.digest(self.bytes);
        let mut cdhash = [0; 20];
        cdhash.copy_from_slice(&hash[..20]);
        Cdhash(cdhash)
    }

    /// Numbers of the pages of `code` whose hash is not the one written here. What is `known` is not calculated again.
    pub fn wrong_pages(&self, code: &[u8], known: Option<&KnownPages>) -> Vec<u32> {
        let size = page_size(self.page_log2, code.len());
        let is_right = |index: u32, page: &[u8]| {
            let Some(said) = self.code_hash(index) else { return false };
            let known =
                known.and_then(|known| known.hash(self.hash_type, self.page_log2, index as usize, page));
            known.map_or_else(|| self.hash_type.digest(page) == said, |known| known == said)
        };
        code.par_chunks(size)
            .enumerate()
            .filter_map(|(index, page)| {
                let index = u32::try_from(index).ok()?;
                (!is_right(index, page)).then_some(index)
            })
            .collect()
    }

    fn hash_at(&self, index: i64) -> Option<&'a [u8]> {
        let size = self.hash_type.size();
        let at = i64::try_from(self.hash_offset).ok()?.checked_add(index.checked_mul(size as i64)?)?;
        let at = usize::try_from(at).ok()?;
        self.bytes.get(at..at.checked_add(size)?)
    }
}

fn parse(bytes: &[u8]) -> Option<CodeDirectory<'_>> {
    let word = |at| u32_at(bytes, at);
    if word(0)? != MAGIC_CODE_DIRECTORY || word(4)? as usize != bytes.len() {
        return None;
    }
    let (version, hash_offset) = (word(8)?, word(16)? as usize);
    let (special_slots, code_slots) = (word(24)?, word(28)?);
    let &[hash_size, hash_type, platform, page_log2] = bytes.get(36..)?.first_chunk()?;
    let hash_type = HashType::from_raw(hash_type).filter(|hash| hash.size() == usize::from(hash_size))?;
    let before = (special_slots as usize).checked_mul(hash_type.size())?;
    let after = (code_slots as usize).checked_mul(hash_type.size())?;
    if hash_offset.checked_sub(before)? < 44 || hash_offset.checked_add(after)? > bytes.len() {
        return None;
    }
    let team_at = if version >= VERSION_TEAM { word(48)? } else { 0 };
    let limit_64 = if version >= VERSION_LIMIT_64 { u64_at(bytes, 56)? } else { 0 };
    Some(CodeDirectory {
        bytes,
        version,
        flags: word(12)?,
        identifier: text_at(bytes, word(20)?)?,
        team: if team_at == 0 { None } else { Some(text_at(bytes, team_at)?) },
        hash_type,
        page_log2: Some(page_log2).filter(|log2| *log2 < 32)?,
        code_limit: if limit_64 == 0 { word(32)?.into() } else { limit_64 },
        runtime: if version >= VERSION_RUNTIME { word(88)? } else { 0 },
        platform,
        exec_segment: match version >= VERSION_EXEC_SEG {
            true => Some(ExecSegment {
                base: u64_at(bytes, 64)?,
                limit: u64_at(bytes, 72)?,
                flags: u64_at(bytes, 80)?,
            }),
            false => None,
        },
        has_scatter: version >= VERSION_SCATTER && word(44)? != 0,
        special_slots,
        code_slots,
        hash_offset,
    })
}

fn text_at(bytes: &[u8], at: u32) -> Option<&str> {
    let rest = bytes.get(at as usize..)?;
    std::str::from_utf8(&rest[..rest.iter().position(|byte| *byte == 0)?]).ok()
}

/// Bytes of one page; with logarithm 0 everything is one page.
pub(super) fn page_size(log2: u8, code_length: usize) -> usize {
    match log2 {
        0 => code_length.max(1),
        log2 => 1 << u32::from(log2).min(31),
    }
}

/// The hash of a code directory: the identity of ad hoc code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cdhash(pub [u8; 20]);

/// A code directory to be made.
#[derive(Debug, Clone)]
pub(super) struct NewDirectory<'a> {
    pub identifier: &'a str,
    /// The team of Apple's certificate.
    pub team: Option<&'a str>,
    pub flags: u32,
    pub hash_type: HashType,
    pub page_log2: u8,
    pub exec_segment: ExecSegment,
    /// Packed version; written when [`CS_RUNTIME`] is set.
    pub runtime: u32,
    /// What each special slot covers, by its positive number.
    pub special: BTreeMap<u32, &'a [u8]>,
    /// Bytes of code to be covered.
    pub code_limit: usize,
}

impl NewDirectory<'_> {
    /// Bytes of the blob: known before the code is final, because the code's header states it.
    pub fn size(&self) -> usize {
        let slots = self.special_slots() as usize + self.code_slots();
        self.header_size() + self.texts().len() + slots * self.hash_type.size()
    }

    /// The blob for `code`, whose length is `code_limit`.
    pub fn build(&self, code: &[u8]) -> Vec<u8> {
        self.build_of(&Code::whole(code), None)
    }

    /// [`build`](NewDirectory::build) for code that stands in parts. Pages are hashed in parallel, but for those that are
    /// `known`.
    pub fn build_of(&self, code: &Code, known: Option<&KnownPages>) -> Vec<u8> {
        let hash = |(index, page): (usize, &[u8])| {
            let known = known.and_then(|known| known.hash(self.hash_type, self.page_log2, index, page));
            known.map_or_else(|| self.hash_type.digest(page), <[u8]>::to_vec)
        };
        let pages = code.pages(page_size(self.page_log2, self.code_limit)).enumerate();
        let hashes: Vec<Vec<u8>> = pages.map(hash).collect();
        self.with_hashes(&hashes)
    }

    /// The blob for code whose pages have these hashes.
    pub fn with_hashes(&self, hashes: &[Vec<u8>]) -> Vec<u8> {
        let nothing = vec![0; self.hash_type.size()];
        let special = (1..=self.special_slots()).rev().map(|slot| match self.special.get(&slot) {
            Some(contents) => self.hash_type.digest(contents),
            None => nothing.clone(),
        });
        let mut bytes = self.header();
        bytes.extend(self.texts());
        bytes.extend(special.flatten());
        bytes.extend(hashes.iter().flatten());
        bytes
    }

    fn header(&self) -> Vec<u8> {
        let identifier_at = self.header_size();
        let team_at = self.team.map_or(0, |_| identifier_at + self.identifier.len() + 1);
        let hashes_at =
            identifier_at + self.texts().len() + self.special_slots() as usize * self.hash_type.size();
        // A limit past 4 GiB stands in codeLimit64 alone.
        let (limit, limit_64) = match u32::try_from(self.code_limit) {
            Ok(limit) => (limit, 0),
            Err(_) => (u32::MAX, self.code_limit as u64),
        };
        let version = self.version();
        let mut header = Vec::with_capacity(identifier_at);
        let words = [
            MAGIC_CODE_DIRECTORY,
            self.size() as u32,
            version,
            self.flags,
            hashes_at as u32,
            identifier_at as u32,
            self.special_slots(),
            self.code_slots() as u32,
            limit,
        ];
        header.extend(words.iter().flat_map(|word| word.to_be_bytes()));
        header.extend([self.hash_type.size() as u8, self.hash_type.raw(), 0, self.page_log2]);
        header.extend([0, 0, team_at as u32, 0].iter().flat_map(|word: &u32| word.to_be_bytes())); // spare2, scatterOffset, teamOffset, spare3
        let ExecSegment { base, limit, flags } = self.exec_segment;
        header.extend([limit_64, base, limit, flags].iter().flat_map(|long| long.to_be_bytes()));
        header.extend(self.runtime.to_be_bytes());
        header.extend([0; 4]); // preEncryptOffset
        header.truncate(identifier_at); // a version ends with its own last field
        header
    }

    /// Identifier and team, each with its NUL.
    fn texts(&self) -> Vec<u8> {
        let texts = std::iter::once(self.identifier).chain(self.team);
        texts.flat_map(|text| text.bytes().chain([0])).collect()
    }

    fn has_runtime(&self) -> bool {
        self.flags & CS_RUNTIME != 0
    }

    /// The oldest that has a field for everything that is said (`CodeDirectory::Builder::minVersion`).
    fn version(&self) -> u32 {
        match self {
            _ if self.has_runtime() => VERSION_RUNTIME,
            _ if self.exec_segment.limit > 0 => VERSION_EXEC_SEG,
            _ if u32::try_from(self.code_limit).is_err() => VERSION_LIMIT_64,
            _ if self.team.is_some() => VERSION_TEAM,
            _ => VERSION_SCATTER,
        }
    }

    /// Bytes before the identifier.
    fn header_size(&self) -> usize {
        match self.version() {
            VERSION_RUNTIME => 96,
            VERSION_EXEC_SEG => 88,
            VERSION_LIMIT_64 => 64,
            VERSION_TEAM => 52,
            _ => 48,
        }
    }

    fn special_slots(&self) -> u32 {
        self.special.keys().max().copied().unwrap_or(0)
    }

    fn code_slots(&self) -> usize {
        self.code_limit.div_ceil(page_size(self.page_log2, self.code_limit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(page_log2: u8, flags: u32, code_limit: usize) -> NewDirectory<'static> {
        NewDirectory {
            identifier: "org.example.x",
            team: (flags == 0).then_some("TEAM123456"),
            flags,
            hash_type: HashType::Sha256,
            page_log2,
            exec_segment: ExecSegment { base: 0, limit: 0x4000, flags: 1 },
            runtime: 0x000b_0000,
            special: BTreeMap::from([(1, &b"info"[..]), (3, b"resources")]),
            code_limit,
        }
    }

    #[test]
    fn what_is_built_is_read_back_and_covers_the_code() {
        for (page_log2, flags, length) in
            [(12, 0, 10000), (12, 2, 10000), (14, 0x10002, 16384), (0, 2, 5), (0, 2, 0)]
        {
            let code: Vec<u8> = (0..length).map(|index| index as u8).collect();
            let spec = new(page_log2, flags, length);
            let bytes = spec.build(&code);
            assert_eq!(bytes.len(), spec.size());
            let read = CodeDirectory::parse(&bytes).unwrap();
            assert_eq!(
                (read.identifier, read.flags, read.code_limit),
                ("org.example.x", flags, length as u64)
            );
            assert_eq!(read.team, spec.team);
            assert_eq!(
                (read.version, u64_at(&bytes, 72)),
                (if flags & CS_RUNTIME != 0 { 0x20500 } else { 0x20400 }, Some(0x4000))
            );
            assert_eq!(read.special_hash(1).unwrap(), HashType::Sha256.digest(b"info"));
            assert_eq!(read.special_hash(2), None);
            assert_eq!(read.special_hash(4), None);
            assert!(read.wrong_pages(&code, None).is_empty());
            assert_eq!(read.runtime, if flags & CS_RUNTIME != 0 { 0x000b_0000 } else { 0 });
        }
    }

    #[test]
    fn the_version_is_the_oldest_that_says_everything() {
        let without_text = |flags| NewDirectory { exec_segment: ExecSegment::default(), ..new(0, flags, 5) };
        let large = NewDirectory { code_limit: (u32::MAX as usize) + 1, ..without_text(2) };
        for (spec, version, identifier_at) in [
            (without_text(2), 0x20100, 48),
            (without_text(0), 0x20200, 52),
            (large, 0x20300, 64),
            (new(0, 2, 5), 0x20400, 88),
            (without_text(CS_RUNTIME), 0x20500, 96),
        ] {
            let bytes = spec.build(b"12345");
            assert_eq!((u32_at(&bytes, 8), u32_at(&bytes, 20)), (Some(version), Some(identifier_at)));
            assert_eq!(bytes.len(), spec.size());
            let read = CodeDirectory::parse(&bytes).unwrap();
            assert_eq!((read.code_limit, read.team), (spec.code_limit as u64, spec.team));
        }
    }

    #[test]
    fn one_changed_byte_is_one_wrong_page() {
        let mut code = vec![7; 9000];
        let bytes = new(12, 2, code.len()).build(&code);
        code[4096] = 8;
        assert_eq!(CodeDirectory::parse(&bytes).unwrap().wrong_pages(&code, None), [1]);
    }

    #[test]
    fn a_directory_cut_anywhere_is_refused() {
        let bytes = new(12, 2, 100).build(&[0; 100]);
        for length in 0..bytes.len() {
            assert!(CodeDirectory::parse(&bytes[..length]).is_err());
        }
    }
}
