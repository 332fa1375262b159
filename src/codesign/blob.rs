//! Blobs and the SuperBlob that holds them: magic, length, contents; all numbers big-endian
//! (`CS_GenericBlob`, `CS_SuperBlob` of xnu's `cs_blobs.h`).

use std::ops::Range;

pub(super) const MAGIC_EMBEDDED_SIGNATURE: u32 = 0xfade_0cc0;
pub(super) const MAGIC_CODE_DIRECTORY: u32 = 0xfade_0c02;
pub(super) const MAGIC_REQUIREMENT: u32 = 0xfade_0c00;
pub(super) const MAGIC_REQUIREMENTS: u32 = 0xfade_0c01;
pub(super) const MAGIC_ENTITLEMENTS: u32 = 0xfade_7171;
pub(super) const MAGIC_DER_ENTITLEMENTS: u32 = 0xfade_7172;
pub(super) const MAGIC_CONSTRAINT: u32 = 0xfade_8181;
pub(super) const MAGIC_BLOB_WRAPPER: u32 = 0xfade_0b01;

pub(super) const SLOT_CODE_DIRECTORY: u32 = 0;
pub(super) const SLOT_INFO_PLIST: u32 = 1;
pub(super) const SLOT_REQUIREMENTS: u32 = 2;
pub(super) const SLOT_CODE_RESOURCES: u32 = 3;
pub(super) const SLOT_ENTITLEMENTS: u32 = 5;
/// `cdRepSpecificSlot`: the trailer of a disk image, of which the signature holds the hash alone.
pub(super) const SLOT_TRAILER: u32 = 6;
pub(super) const SLOT_DER_ENTITLEMENTS: u32 = 7;
/// Launch constraints on itself, the parent and the responsible process, and on libraries: slots 8 to 11.
pub(super) const SLOT_CONSTRAINTS: std::ops::RangeInclusive<u32> = 8..=11;
/// The first of up to five further code directories with other hashes.
pub(super) const SLOT_ALTERNATE_DIRECTORY: u32 = 0x1000;
pub(super) const SLOT_ALTERNATE_DIRECTORY_END: u32 = 0x1005;
pub(super) const SLOT_CMS: u32 = 0x10000;
/// `cdTicketSlot`: what `stapler` adds to the signature of a disk image.
pub(super) const SLOT_TICKET: u32 = 0x10002;

/// More than a signature ever holds: each blob is compared with each.
const MAX_BLOBS: usize = 64;

/// Bytes of a blob's own magic and length.
pub(super) const BLOB_HEADER: usize = 8;

pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|raw| u32::from_be_bytes(*raw))
}

pub(super) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().map(|raw| u64::from_be_bytes(*raw))
}

/// The blobs of one signature, each with its header, by slot in the order of the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SuperBlob<'a> {
    pub blobs: Vec<(u32, &'a [u8])>,
    /// Bytes that it takes up, which may be less than the room it was given.
    pub length: usize,
}

impl<'a> SuperBlob<'a> {
    /// # Errors
    /// A clause that says what is malformed: wrong magic, a blob out of bounds, two blobs that overlap or share a slot.
    pub fn parse(bytes: &'a [u8]) -> Result<SuperBlob<'a>, String> {
        let (magic, length, count) = (u32_at(bytes, 0), u32_at(bytes, 4), u32_at(bytes, 8));
        if magic != Some(MAGIC_EMBEDDED_SIGNATURE) {
            return Err("it does not begin as a signature does".to_owned());
        }
        let length = length.unwrap_or(0) as usize;
        let whole = bytes.get(..length).ok_or("it is cut off")?;
        let count = count.map(|count| count as usize).filter(|count| *count <= MAX_BLOBS);
        let index = whole.get(12..12 + 8 * count.ok_or("its index is cut off")?);
        let mut blobs: Vec<(u32, &[u8])> = Vec::new();
        let mut taken: Vec<Range<usize>> = Vec::new();
        for entry in index.ok_or("its index is cut off")?.chunks_exact(8) {
            let slot = u32_at(entry, 0).unwrap_or(0);
            let start = u32_at(entry, 4).unwrap_or(0) as usize;
            let size = u32_at(whole, start.saturating_add(4)).unwrap_or(0) as usize;
            let range = start..start.saturating_add(size);
            let in_bounds = size >= BLOB_HEADER && start >= 12 + index.map_or(0, <[u8]>::len);
            let blob = whole.get(range.clone()).filter(|_| in_bounds);
            let blob = blob.ok_or_else(|| format!("slot {slot:#x} lies outside of it"))?;
            if taken.iter().any(|other| range.start < other.end && other.start < range.end) {
                return Err(format!("slot {slot:#x} overlaps another"));
            }
            if blobs.iter().any(|(other, _)| *other == slot) {
                return Err(format!("slot {slot:#x} is there twice"));
            }
            taken.push(range);
            blobs.push((slot, blob));
        }
        Ok(SuperBlob { blobs, length })
    }

    /// The blob in a slot, header included.
    pub fn get(&self, slot: u32) -> Option<&'a [u8]> {
        self.blobs.iter().find(|(other, _)| *other == slot).map(|(_, blob)| *blob)
    }

    /// What follows the header of the blob in a slot.
    pub fn contents(&self, slot: u32) -> Option<&'a [u8]> {
        self.get(slot)?.get(BLOB_HEADER..)
    }

    /// Whether the blobs follow the index, and each other, without a gap up to the end (`strictValidateBlob`).
    pub fn is_packed(&self) -> bool {
        let blobs: usize = self.blobs.iter().map(|(_, blob)| blob.len()).sum();
        // They do not overlap and stand behind the index.
        12 + 8 * self.blobs.len() + blobs == self.length
    }

    /// Whether there is a CMS signature; ad hoc signing leaves an empty wrapper.
    pub fn has_cms(&self) -> bool {
        self.contents(SLOT_CMS).is_some_and(|cms| !cms.is_empty())
    }
}

/// A blob of `magic` around `contents`.
pub(super) fn blob(magic: u32, contents: &[u8]) -> Vec<u8> {
    let length = (contents.len() + BLOB_HEADER) as u32;
    [&magic.to_be_bytes(), &length.to_be_bytes(), contents].concat()
}

/// The requirement set without a requirement: what ad hoc code carries.
pub(super) fn empty_requirements() -> Vec<u8> {
    blob(MAGIC_REQUIREMENTS, &0u32.to_be_bytes())
}

/// Lays `blobs` out in the order given.
pub(super) fn super_blob(blobs: &[(u32, Vec<u8>)]) -> Vec<u8> {
    let index_end = 12 + 8 * blobs.len();
    let mut index = Vec::new();
    let mut contents = Vec::new();
    for (slot, blob) in blobs {
        index.extend(slot.to_be_bytes());
        index.extend(((index_end + contents.len()) as u32).to_be_bytes());
        contents.extend_from_slice(blob);
    }
    let count = (blobs.len() as u32).to_be_bytes();
    blob(MAGIC_EMBEDDED_SIGNATURE, &[&count[..], &index, &contents].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Vec<u8> {
        super_blob(&[(SLOT_REQUIREMENTS, empty_requirements()), (SLOT_CMS, blob(MAGIC_BLOB_WRAPPER, &[]))])
    }

    #[test]
    fn what_is_laid_out_is_read_back() {
        let bytes = [sample(), vec![0; 9]].concat();
        let parsed = SuperBlob::parse(&bytes).unwrap();
        assert_eq!(parsed.length, sample().len());
        assert_eq!(parsed.get(SLOT_REQUIREMENTS), Some(&empty_requirements()[..]));
        assert!(!parsed.has_cms());
    }

    #[test]
    fn a_gap_is_noticed_wherever_it_is() {
        let word =
            |bytes: &mut [u8], at: usize, word: u32| bytes[at..at + 4].copy_from_slice(&word.to_be_bytes());
        assert!(SuperBlob::parse(&sample()).unwrap().is_packed());
        let length = sample().len() as u32;
        for (first, second) in [(1, 1), (0, 1), (0, 0)] {
            let mut bytes = sample();
            let at = [28, 40, 48][(2 - first - second) as usize];
            bytes.insert(at, 0);
            word(&mut bytes, 4, length + 1);
            word(&mut bytes, 16, 28 + first);
            word(&mut bytes, 24, 40 + second);
            assert!(!SuperBlob::parse(&bytes).unwrap().is_packed(), "a byte before {at}");
        }
    }

    #[test]
    fn every_malformed_index_is_refused() {
        for (at, byte) in [(0, 0), (7, 255), (11, 255), (19, 255), (19, 4), (27, 28), (15, 0)] {
            let mut bytes = sample();
            bytes[at] = byte;
            bytes[12..16].copy_from_slice(&if at == 15 { SLOT_CMS } else { 2 }.to_be_bytes());
            assert!(SuperBlob::parse(&bytes).is_err(), "{at}");
        }
        for length in 0..sample().len() {
            assert!(SuperBlob::parse(&sample()[..length]).is_err());
        }
    }
}
