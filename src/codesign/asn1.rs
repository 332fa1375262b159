//! ASN.1 bytes, as far as they are written here by hand: X.690 tag, definite length, contents.

pub(super) const INTEGER: u8 = 0x02;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const NULL: [u8; 2] = [0x05, 0];
pub(super) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;
/// `[0]` and `[1]`, constructed.
pub(super) const CONTEXT_0: u8 = 0xa0;
pub(super) const CONTEXT_1: u8 = 0xa1;

/// In the first byte of a tag: what follows is made of elements.
const CONSTRUCTED: u8 = 0x20;
/// How deep elements may be nested before the bytes count as malformed.
const DEEPEST: usize = 64;

/// Tag, definite length, contents.
pub(super) fn element(tag: u8, contents: &[u8]) -> Vec<u8> {
    let length = contents.len();
    let mut bytes = vec![tag];
    if length < 0x80 {
        bytes.push(length as u8);
    } else {
        let raw = length.to_be_bytes();
        let raw = &raw[raw.iter().take_while(|byte| **byte == 0).count()..];
        bytes.push(0x80 | raw.len() as u8);
        bytes.extend(raw);
    }
    bytes.extend(contents);
    bytes
}

/// A sequence of `parts`, which are elements.
pub(super) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    element(SEQUENCE, &parts.concat())
}

/// A set in the order that DER asks for.
pub(super) fn set(mut parts: Vec<Vec<u8>>) -> Vec<u8> {
    parts.sort();
    element(SET, &parts.concat())
}

/// The element at the start of `bytes` with definite lengths and strings in one piece: what Java, NSS and Apple's own
/// encoders write is BER, with lengths left open and strings in pieces (X.690, 8.1.3.6 and 8.7.3). Bytes behind the element
/// are left out. `None` when it is malformed.
pub(super) fn from_ber(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut rest = bytes;
    normalized(&mut rest, 0)
}

fn normalized(rest: &mut &[u8], depth: usize) -> Option<Vec<u8>> {
    if depth > DEEPEST {
        return None;
    }
    let (tag, length) = head(rest)?;
    let first = *tag.first()?;
    let mut inside = match length {
        Some(length) => {
            let (inside, after) = rest.split_at_checked(length)?;
            *rest = after;
            inside
        }
        None if first & CONSTRUCTED != 0 => *rest,
        None => return None,
    };
    let contents = if first & CONSTRUCTED == 0 {
        inside.to_vec()
    } else {
        let mut parts = Vec::new();
        loop {
            match length {
                Some(_) if inside.is_empty() => break,
                None if inside.starts_with(&[0, 0]) => {
                    *rest = &inside[2..];
                    break;
                }
                _ => parts.push(normalized(&mut inside, depth + 1)?),
            }
        }
        if first == OCTET_STRING | CONSTRUCTED {
            let pieces: Option<Vec<&[u8]>> =
                parts.iter().map(|part| Element::read(part)?.is(OCTET_STRING)).collect();
            return Some(element(OCTET_STRING, &pieces?.concat()));
        }
        parts.concat()
    };
    let mut whole = element(first, &contents);
    whole.splice(..1, tag.iter().copied());
    Some(whole)
}

/// Takes tag and length off the front; no length means that two zeros end the element.
fn head<'a>(rest: &mut &'a [u8]) -> Option<(&'a [u8], Option<usize>)> {
    let bytes = *rest;
    let mut at = 1;
    if bytes.first()? & 0x1f == 0x1f {
        while bytes.get(at)? & 0x80 != 0 {
            at += 1;
        }
        at += 1;
    }
    let tag = bytes.get(..at)?;
    let first = *bytes.get(at)?;
    at += 1;
    let length = match first {
        0x80 => None,
        short if short < 0x80 => Some(usize::from(short)),
        long => {
            let count = usize::from(long & 0x7f);
            let raw = bytes.get(at..at + count).filter(|_| count <= 4)?;
            at += count;
            Some(raw.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)))
        }
    };
    *rest = bytes.get(at..)?;
    Some((tag, length))
}

/// One element of a DER value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Element<'a> {
    pub tag: u8,
    pub contents: &'a [u8],
    /// With tag and length.
    pub whole: &'a [u8],
}

impl<'a> Element<'a> {
    /// The element that `bytes` are, and nothing behind it.
    pub fn read(bytes: &'a [u8]) -> Option<Element<'a>> {
        let mut rest = bytes;
        let element = Element::take(&mut rest)?;
        rest.is_empty().then_some(element)
    }

    /// Takes the first element off the front.
    fn take(rest: &mut &'a [u8]) -> Option<Element<'a>> {
        let bytes = *rest;
        let (tag, length) = head(rest)?;
        let (contents, after) = rest.split_at_checked(length?)?;
        *rest = after;
        let whole = &bytes[..bytes.len() - after.len()];
        Some(Element { tag: *tag.first()?, contents, whole })
    }

    /// The elements that it is made of, if its tag is `tag`.
    pub fn parts(&self, tag: u8) -> Option<Vec<Element<'a>>> {
        let mut rest = Some(self.contents).filter(|_| self.tag == tag)?;
        let mut parts = Vec::new();
        while !rest.is_empty() {
            parts.push(Element::take(&mut rest)?);
        }
        Some(parts)
    }

    /// Its contents, if its tag is `tag`.
    pub fn is(&self, tag: u8) -> Option<&'a [u8]> {
        (self.tag == tag).then_some(self.contents)
    }

    /// A number that is not negative and below 2³².
    pub fn number(&self) -> Option<u32> {
        let raw = self.is(INTEGER)?;
        let raw = raw.strip_prefix(&[0]).unwrap_or(raw);
        let fits = raw.len() <= 4 && self.contents.first().is_some_and(|first| *first < 0x80);
        fits.then(|| raw.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_take_as_few_bytes_as_they_can() {
        assert_eq!(element(4, &[1])[..2], [4, 1]);
        assert_eq!(element(4, &[0; 200])[..3], [4, 0x81, 200]);
        assert_eq!(element(4, &[0; 300])[..4], [4, 0x82, 1, 44]);
        assert_eq!(set(vec![vec![2, 1, 9], vec![2, 1, 3]]), [0x31, 6, 2, 1, 3, 2, 1, 9]);
    }

    #[test]
    fn open_lengths_and_pieces_of_strings_become_der() {
        let ber = [0x30, 0x80, 0x24, 0x80, 4, 2, 1, 2, 4, 1, 3, 0, 0, 0xa0, 0x81, 3, 2, 1, 7, 0, 0, 99];
        assert_eq!(from_ber(&ber).unwrap(), [0x30, 10, 4, 3, 1, 2, 3, 0xa0, 3, 2, 1, 7]);
        let der = [0x30, 5, 0x9f, 0x81, 1, 1, 5];
        assert_eq!(from_ber(&der).unwrap(), der);
    }

    #[test]
    fn malformed_bytes_are_refused() {
        for bytes in [
            &[][..],
            &[0x30],
            &[0x30, 0x80],
            &[0x30, 5, 1],
            &[4, 0x80, 0, 0],
            &[0x30, 0x85, 0, 0, 0, 0, 1, 0],
            &[0x1f],
        ] {
            assert_eq!(from_ber(bytes), None, "{bytes:?}");
        }
        assert_eq!(from_ber(&[0x30, 0x80].repeat(100_000)), None);
    }
}
