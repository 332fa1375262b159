//! Entitlements in DER, read back (CoreEntitlements; the writer is in `entitlements`).

use plist::{Dictionary, Value};

/// How deep values may be nested before they are refused.
const DEEPEST: usize = 64;

/// Reads `[APPLICATION 16] { INTEGER 1, [CONTEXT 16] { pairs } }`, or the bare `SET` of pairs of macOS 11.
///
/// # Errors
/// A clause that says what is malformed.
pub(super) fn read(der: &[u8]) -> Result<Dictionary, String> {
    let malformed = || "they are not well-formed DER".to_owned();
    let (tag, contents, rest) = element(der).ok_or_else(malformed)?;
    let pairs = match tag {
        APPLICATION => {
            let (_, _, after_version) = element(contents).ok_or_else(malformed)?;
            let (tag, pairs, after) = element(after_version).ok_or_else(malformed)?;
            Some(pairs).filter(|_| tag == DICTIONARY && after.is_empty())
        }
        SET => Some(contents),
        _ => None,
    };
    let pairs = pairs.filter(|_| rest.is_empty()).ok_or_else(malformed)?;
    dictionary(pairs, 0).ok_or_else(malformed)
}

const BOOLEAN: u8 = 0x01;
const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const UTF8: u8 = 0x0c;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const APPLICATION: u8 = 0x70;
const DICTIONARY: u8 = 0xb0;

fn dictionary(mut pairs: &[u8], depth: usize) -> Option<Dictionary> {
    let mut values = Dictionary::new();
    let mut last: Option<String> = None;
    while !pairs.is_empty() {
        let (tag, pair, rest) = element(pairs)?;
        let (key_tag, key, value) = element(pair)?;
        let (value_tag, contents, after) = element(value)?;
        let key = std::str::from_utf8(key).ok()?.to_owned();
        // DER sorts a set; a key that comes twice would let two readers see two things.
        let in_order = last.as_ref().is_none_or(|last| *last < key);
        if tag != SEQUENCE || key_tag != UTF8 || !after.is_empty() || !in_order {
            return None;
        }
        values.insert(key.clone(), of(value_tag, contents, depth + 1)?);
        last = Some(key);
        pairs = rest;
    }
    Some(values)
}

fn of(tag: u8, contents: &[u8], depth: usize) -> Option<Value> {
    if depth > DEEPEST {
        return None;
    }
    Some(match tag {
        BOOLEAN => Value::Boolean(*contents.first().filter(|_| contents.len() == 1)? != 0),
        INTEGER => Value::Integer(integer(contents)?),
        OCTETS => Value::Data(contents.to_vec()),
        UTF8 => Value::String(std::str::from_utf8(contents).ok()?.to_owned()),
        DICTIONARY | SET => Value::Dictionary(dictionary(contents, depth)?),
        SEQUENCE => {
            let mut values = Vec::new();
            let mut left = contents;
            while !left.is_empty() {
                let (tag, contents, rest) = element(left)?;
                values.push(of(tag, contents, depth + 1)?);
                left = rest;
            }
            Value::Array(values)
        }
        _ => return None,
    })
}

fn integer(contents: &[u8]) -> Option<plist::Integer> {
    let negative = *contents.first()? >= 0x80;
    if contents.len() > 9 {
        return None;
    }
    let start = if negative { -1i128 } else { 0 };
    let number = contents.iter().fold(start, |number, byte| number << 8 | i128::from(*byte));
    i64::try_from(number)
        .map(plist::Integer::from)
        .or_else(|_| u64::try_from(number).map(plist::Integer::from))
        .ok()
}

/// Tag, contents, and what follows.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (raw, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (raw.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    let (contents, rest) = rest.split_at_checked(length)?;
    Some((tag, contents, rest))
}

#[cfg(test)]
mod tests {
    use super::super::entitlements::Entitlements;
    use super::*;
    use crate::bundle::InfoPlist;

    const XML: &[u8] = b"<plist version=\"1.0\"><dict><key>b</key><array><true/><string>x</string></array><key>a</key>\
        <integer>-300</integer><key>c</key><dict><key>d</key><data>AAEC</data><key>e</key><integer>18446744073709551615\
        </integer></dict></dict></plist>";

    #[test]
    fn what_is_written_is_read_back() {
        let blob = Entitlements::keep(XML, false).entitlements.unwrap().der_blob();
        let written = read(&blob[8..]).unwrap();
        assert_eq!(Value::Dictionary(written), InfoPlist::read(XML).unwrap().value);
    }

    #[test]
    fn no_byte_makes_it_stumble() {
        let blob = Entitlements::keep(XML, false).entitlements.unwrap().der_blob();
        for length in 8..blob.len() {
            assert!(read(&blob[8..length]).is_err());
        }
        for at in 8..blob.len() {
            for value in [0, 0x30, 0x7f, 0x84, 0xb0, 0xff] {
                let mut changed = blob[8..].to_vec();
                changed[at - 8] = value;
                let _ = read(&changed);
            }
        }
        assert!(read(&[0x30; 500]).is_err());
    }
}
