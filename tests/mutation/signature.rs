//! Where things stand in a signature: written anew from `cs_blobs.h`, so that no reader is tested with itself.

use std::ops::Range;

use bundlewright::macho::fat;
use bundlewright::macho::header::Header;
use sha2::{Digest, Sha256};

/// Of one slice, every position in bytes from the start of the file.
pub struct Place {
    pub slice: Range<usize>,
    /// The SuperBlob.
    pub start: usize,
    /// Slot, where its index entry stands, and its blob.
    pub blobs: Vec<(u32, usize, Range<usize>)>,
}

impl Place {
    pub fn blob(&self, slot: u32) -> Range<usize> {
        self.blobs.iter().find(|(other, ..)| *other == slot).unwrap().2.clone()
    }

    /// Where the index entry of a slot stands.
    pub fn entry(&self, slot: u32) -> usize {
        self.blobs.iter().find(|(other, ..)| *other == slot).unwrap().1
    }

    /// Where the code directory starts.
    pub fn directory(&self) -> usize {
        self.blob(0).start
    }

    /// Where a hash stands in the code directory: pages from 0 on, special slots below it.
    pub fn hash(&self, bytes: &[u8], index: i64) -> usize {
        let directory = self.directory();
        let size = i64::from(bytes[directory + 36]);
        (directory as i64 + i64::from(word(bytes, directory + 16)) + index * size) as usize
    }
}

/// The signature of each slice; the sample has x86_64 first.
pub fn places(bytes: &[u8]) -> Vec<Place> {
    let slices = fat::slices(bytes).unwrap();
    let place = |(_, slice): (_, Range<usize>)| {
        let header = Header::parse(&bytes[slice.clone()]).unwrap();
        let start =
            slice.start + header.code_signature(&bytes[slice.clone()]).unwrap().unwrap().dataoff as usize;
        let blobs = (0..word(bytes, start + 8) as usize).map(|index| {
            let entry = start + 12 + 8 * index;
            let at = start + word(bytes, entry + 4) as usize;
            (word(bytes, entry), entry, at..at + word(bytes, at + 4) as usize)
        });
        Place { start, blobs: blobs.collect(), slice }
    };
    slices.into_iter().map(place).collect()
}

pub fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap())
}

pub fn put(bytes: &mut [u8], at: usize, word: u32) {
    bytes[at..at + 4].copy_from_slice(&word.to_be_bytes());
}

/// Makes the code directory of every slice cover `contents` in special slot −`slot`.
pub fn set_special(bytes: &mut [u8], slot: i64, contents: &[u8]) {
    for place in places(bytes) {
        let at = place.hash(bytes, -slot);
        bytes[at..at + 32].copy_from_slice(&Sha256::digest(contents));
    }
}

/// The file with a signature in its arm64 slice that holds these entitlements and nothing else that is right: for the
/// next signing to inherit from.
pub fn entitled(file: &[u8], xml: &str) -> Vec<u8> {
    let slices = fat::slices(file).unwrap();
    let mut parts: Vec<Vec<u8>> = slices.iter().map(|(_, range)| file[range.clone()].to_vec()).collect();
    let arm64 = slices.iter().position(|(arch, _)| arch.to_string() == "arm64").unwrap();
    let slice = &mut parts[arm64];
    let place = Header::parse(slice).unwrap().code_signature(slice).unwrap().unwrap();
    let words = |words: &[u32]| words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<u8>>();
    let name = b"org.example.write-postcard\0";
    let size = 44 + name.len() as u32;
    let mut directory = words(&[0xfade_0c02, size, 0x20001, 2, size, 44, 0, 0, 0, 0x2002_000c, 0]);
    directory.extend(name);
    let entitlements = [words(&[0xfade_7171, 8 + xml.len() as u32]), xml.as_bytes().to_vec()].concat();
    let total = 28 + size + entitlements.len() as u32;
    let index = words(&[0xfade_0cc0, total, 2, 0, 28, 5, 28 + size]);
    let signature = [index, directory, entitlements].concat();
    let room = place.dataoff as usize..(place.dataoff + place.datasize) as usize;
    slice[room][..signature.len()].copy_from_slice(&signature);
    fat::assemble_fat(fat::container(file).unwrap(), &parts).unwrap()
}
