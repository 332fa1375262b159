//! AppleDouble (RFC 1740): the file `._name` in which systems without extended attributes keep what a Mac has beside the bytes
//! of `name`. Big-endian. Extended attributes stand behind the Finder information, as Apple's `copyfile.c` puts them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::bytes::{Put, u16_at, u32_at};

/// The two attributes that are no attributes on HFS+, but fields of the catalog.
pub const FINDER_INFO: &str = "com.apple.FinderInfo";
pub const RESOURCE_FORK: &str = "com.apple.ResourceFork";
/// Bytes of Finder information.
pub const FINDER_SIZE: usize = 32;

/// Extended attributes by name, the two above among them.
pub type Values = BTreeMap<String, Arc<[u8]>>;

const MAGIC: u32 = 0x0005_1607;
const VERSION: u32 = 0x0002_0000;
const ENTRY_RESOURCE_FORK: u32 = 2;
const ENTRY_FINDER_INFO: u32 = 9;
/// Behind the Finder information and two bytes of padding.
const ATTR_MAGIC: &[u8] = b"ATTR";
/// Magic, tag, sizes, room and flags, from the start of the attributes' own header to their number.
const ATTR_COUNT_AT: usize = 34;
const ATTR_HEADER: usize = 36;
/// Where the Finder information stands: behind the file's header and two entries.
const FINDER_AT: usize = 26 + 2 * 12;
/// Where the entries of the attributes stand.
const ATTR_ENTRIES_AT: usize = FINDER_AT + FINDER_SIZE + 2 + ATTR_HEADER;

/// What such a file holds; `None` when it is none, or contradicts itself.
pub fn parse(file: &[u8]) -> Option<Values> {
    if u32_at(file, 0)? != MAGIC || u32_at(file, 4)? != VERSION {
        return None;
    }
    let mut values = Values::new();
    for index in 0..usize::from(u16_at(file, 24)?) {
        let at = 26 + index * 12;
        let (kind, start, length) = (u32_at(file, at)?, u32_at(file, at + 4)?, u32_at(file, at + 8)?);
        let part = slice(file, start, length)?;
        match kind {
            ENTRY_RESOURCE_FORK if !part.is_empty() => {
                values.insert(RESOURCE_FORK.to_owned(), part.into());
            }
            ENTRY_FINDER_INFO => {
                let finder = part.get(..FINDER_SIZE)?;
                if finder.iter().any(|&byte| byte != 0) {
                    values.insert(FINDER_INFO.to_owned(), finder.into());
                }
                attributes(file, start as usize + FINDER_SIZE + 2, &mut values)?;
            }
            _ => {} // dates, comments, icons: a Mac leaves them, too
        }
    }
    Some(values)
}

/// Reads the attributes whose header is at byte `at`, if one is there.
fn attributes(file: &[u8], at: usize, values: &mut Values) -> Option<()> {
    if file.get(at..at + 4) != Some(ATTR_MAGIC) {
        return Some(());
    }
    let mut entry = at + ATTR_HEADER;
    // Values do not overlap, so that a small file cannot ask for much memory.
    let mut left = file.len();
    for _ in 0..u16_at(file, at + ATTR_COUNT_AT)? {
        let (start, length) = (u32_at(file, entry)?, u32_at(file, entry + 4)?);
        let name_length = usize::from(*file.get(entry + 10)?);
        let name = file.get(entry + 11..entry + 11 + name_length)?.strip_suffix(&[0])?;
        let name = std::str::from_utf8(name).ok().filter(|name| !name.is_empty())?;
        let value = slice(file, start, length)?;
        left = left.checked_sub(value.len())?;
        values.insert(name.to_owned(), value.into());
        entry += (11 + name_length).next_multiple_of(4);
    }
    Some(())
}

fn slice(file: &[u8], start: u32, length: u32) -> Option<&[u8]> {
    let start = usize::try_from(start).ok()?;
    file.get(start..start.checked_add(usize::try_from(length).ok()?)?)
}

/// The file that holds `values`; `None` when a name or the whole is too long for the format.
pub fn write(values: &Values) -> Option<Vec<u8>> {
    let plain = || values.iter().filter(|(name, _)| !matches!(name.as_str(), FINDER_INFO | RESOURCE_FORK));
    let entry_size = |name: &str| (11 + name.len() + 1).next_multiple_of(4);
    let data_start = ATTR_ENTRIES_AT + plain().map(|(name, _)| entry_size(name)).sum::<usize>();
    let data_length: usize = plain().map(|(_, value)| value.len()).sum();
    let end = u32::try_from(data_start + data_length).ok()?;
    let fork = values.get(RESOURCE_FORK).map_or(&[][..], |fork| fork);
    let mut out = Vec::with_capacity(end as usize + fork.len());
    out.u32(MAGIC);
    out.u32(VERSION);
    out.extend_from_slice(b"Mac OS X        ");
    out.u16(2);
    for (kind, start, length) in [
        (ENTRY_FINDER_INFO, FINDER_AT as u32, end - FINDER_AT as u32),
        (ENTRY_RESOURCE_FORK, end, u32::try_from(fork.len()).ok()?),
    ] {
        [kind, start, length].into_iter().for_each(|number| out.u32(number));
    }
    let mut finder = values.get(FINDER_INFO).map_or(Vec::new(), |finder| finder.to_vec());
    finder.resize(FINDER_SIZE, 0);
    out.extend_from_slice(&finder);
    out.zeros(2);
    out.extend_from_slice(ATTR_MAGIC);
    for number in [0, end, data_start as u32, data_length as u32, 0, 0, 0] {
        out.u32(number);
    }
    out.u16(0);
    out.u16(u16::try_from(plain().count()).ok()?);
    let mut at = data_start as u32;
    for (name, value) in plain() {
        let next = out.len() + entry_size(name);
        out.u32(at);
        out.u32(value.len() as u32);
        out.u16(0);
        out.u8(u8::try_from(name.len() + 1).ok()?);
        out.extend_from_slice(name.as_bytes());
        out.resize(next, 0);
        at += value.len() as u32;
    }
    plain().for_each(|(_, value)| out.extend_from_slice(value));
    out.extend_from_slice(fork);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values() -> Values {
        let mut finder = [0; FINDER_SIZE];
        finder[..8].copy_from_slice(b"TEXTttxt");
        Values::from([
            (FINDER_INFO.to_owned(), finder[..].into()),
            (RESOURCE_FORK.to_owned(), vec![7; 300].into()),
            ("com.apple.cs.CodeDirectory".to_owned(), vec![1, 2, 3].into()),
            ("com.apple.empty".to_owned(), Vec::new().into()),
        ])
    }

    #[test]
    fn what_is_written_is_read_back() {
        assert_eq!(parse(&write(&values()).unwrap()), Some(values()));
        assert_eq!(parse(&write(&Values::new()).unwrap()), Some(Values::new()));
    }

    #[test]
    fn a_file_of_a_mac_is_read() {
        // As `ditto` writes com.apple.quarantine of a file without a resource fork.
        let mut file = Vec::new();
        file.u32(MAGIC);
        file.u32(VERSION);
        file.extend_from_slice(b"Mac OS X        ");
        file.u16(2);
        [9, 0x32, 0x7B, 2, 0xAD, 0].into_iter().for_each(|number| file.u32(number));
        file.zeros(34);
        file.extend_from_slice(b"ATTR");
        [0x1234, 0xAD, 0x98, 0x15, 0, 0, 0].into_iter().for_each(|number| file.u32(number));
        file.u16(0);
        file.u16(1);
        [0x98, 0x15].into_iter().for_each(|number| file.u32(number));
        file.u16(0);
        file.u8(21);
        file.extend_from_slice(b"com.apple.quarantine\0");
        file.extend_from_slice(b"0083;62f3a1b2;Safari;");
        let value: Arc<[u8]> = b"0083;62f3a1b2;Safari;"[..].into();
        assert_eq!(file.len(), 0xAD);
        assert_eq!(parse(&file), Some(Values::from([("com.apple.quarantine".to_owned(), value)])));
    }

    #[test]
    fn no_change_of_a_byte_and_no_cut_makes_it_panic() {
        let good = write(&values()).unwrap();
        for at in 0..good.len() {
            assert!(parse(&good[..at]).is_none() || at > 26);
            let mut bad = good.clone();
            bad[at] ^= 0xFF;
            let _ = parse(&bad);
        }
        assert_eq!(parse(b"#!/bin/sh\n"), None);
    }
}
