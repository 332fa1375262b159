//! LEB128 numbers and NUL-terminated names, as opcodes and tries are made of (DWARF 4, §7.6).

/// A reading position. Every read returns `None` past the end of the bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub fn new(bytes: &'a [u8], at: usize) -> Self {
        Cursor { bytes, at }
    }

    /// Bytes from the start.
    pub fn position(&self) -> usize {
        self.at
    }

    pub fn byte(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    pub fn take(&mut self, length: u64) -> Option<&'a [u8]> {
        let end = self.at.checked_add(usize::try_from(length).ok()?)?;
        let taken = self.bytes.get(self.at..end)?;
        self.at = end;
        Some(taken)
    }

    /// Unsigned; `None` when it does not fit into 64 bits either.
    pub fn uleb(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        let mut shift = 0_u32;
        loop {
            let byte = self.byte()?;
            let part = u64::from(byte & 0x7f);
            if shift > 63 || (part << shift) >> shift != part {
                return None;
            }
            value |= part << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
            shift += 7;
        }
    }

    /// Passes over a signed number, whose value nobody needs here.
    pub fn skip_sleb(&mut self) -> Option<()> {
        for _ in 0..10 {
            if self.byte()? & 0x80 == 0 {
                return Some(());
            }
        }
        None
    }

    /// The bytes before the next NUL, which is passed over.
    pub fn c_string(&mut self) -> Option<&'a [u8]> {
        let rest = self.bytes.get(self.at..)?;
        let length = rest.iter().position(|&byte| byte == 0)?;
        self.at += length + 1;
        rest.get(..length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_end_where_they_say() {
        let bytes = [0xe5, 0x8e, 0x26, 0x7f, b'a', b'b', 0, 9];
        let mut cursor = Cursor::new(&bytes, 0);
        assert_eq!(cursor.uleb(), Some(624_485));
        assert_eq!(cursor.skip_sleb(), Some(()));
        assert_eq!(cursor.c_string(), Some(&b"ab"[..]));
        assert_eq!((cursor.position(), cursor.byte(), cursor.byte()), (7, Some(9), None));
    }

    #[test]
    fn what_does_not_fit_or_never_ends_is_nothing() {
        let largest = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
        assert_eq!(Cursor::new(&largest, 0).uleb(), Some(u64::MAX));
        let too_large = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02];
        assert_eq!(Cursor::new(&too_large, 0).uleb(), None);
        assert_eq!(Cursor::new(&[0x80; 20], 0).uleb(), None);
        assert_eq!(Cursor::new(&[0x80; 20], 0).skip_sleb(), None);
        assert_eq!(Cursor::new(b"abc", 0).c_string(), None);
        assert_eq!(Cursor::new(b"abc", 1).take(u64::MAX), None);
        assert_eq!(Cursor::new(b"abc", 9).byte(), None);
    }
}
