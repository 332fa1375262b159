//! Numbers at unchecked positions, in the byte order of one slice.

use std::ops::Range;

use super::ReadError;

/// The byte order that a slice's magic announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByteOrder {
    Little,
    Big,
}

impl ByteOrder {
    /// # Errors
    /// When the four bytes at `at` are not all there; so for the other three.
    pub fn u32(self, bytes: &[u8], at: usize) -> Result<u32, ReadError> {
        let raw = array_at(bytes, at)?;
        Ok(match self {
            ByteOrder::Little => u32::from_le_bytes(raw),
            ByteOrder::Big => u32::from_be_bytes(raw),
        })
    }

    pub fn u64(self, bytes: &[u8], at: usize) -> Result<u64, ReadError> {
        let raw = array_at(bytes, at)?;
        Ok(match self {
            ByteOrder::Little => u64::from_le_bytes(raw),
            ByteOrder::Big => u64::from_be_bytes(raw),
        })
    }

    pub fn put_u32(self, bytes: &mut [u8], at: usize, value: u32) -> Result<(), ReadError> {
        put(
            bytes,
            at,
            match self {
                ByteOrder::Little => value.to_le_bytes(),
                ByteOrder::Big => value.to_be_bytes(),
            },
        )
    }

    pub fn put_u64(self, bytes: &mut [u8], at: usize, value: u64) -> Result<(), ReadError> {
        put(
            bytes,
            at,
            match self {
                ByteOrder::Little => value.to_le_bytes(),
                ByteOrder::Big => value.to_be_bytes(),
            },
        )
    }

    /// `value` as the four bytes of this order.
    pub fn bytes_of_u32(self, value: u32) -> [u8; 4] {
        match self {
            ByteOrder::Little => value.to_le_bytes(),
            ByteOrder::Big => value.to_be_bytes(),
        }
    }
}

/// `at..at + length` when that lies within `bytes`.
pub(super) fn range_at(bytes: &[u8], at: u64, length: u64) -> Result<Range<usize>, ReadError> {
    let range = at.checked_add(length).and_then(|end| {
        let range = usize::try_from(at).ok()?..usize::try_from(end).ok()?;
        bytes.get(range.clone()).map(|_| range)
    });
    range.ok_or_else(|| {
        ReadError(format!("is cut off: it names {length} bytes at {at} but has {}", bytes.len()))
    })
}

fn array_at<const N: usize>(bytes: &[u8], at: usize) -> Result<[u8; N], ReadError> {
    bytes.get(at..).and_then(|rest| rest.first_chunk::<N>()).copied().ok_or_else(|| cut_off(bytes, at, N))
}

fn put<const N: usize>(bytes: &mut [u8], at: usize, value: [u8; N]) -> Result<(), ReadError> {
    let length = bytes.len();
    match bytes.get_mut(at..).and_then(|rest| rest.first_chunk_mut::<N>()) {
        Some(place) => {
            *place = value;
            Ok(())
        }
        None => Err(ReadError(format!("is cut off: it names {N} bytes at {at} but has {length}"))),
    }
}

fn cut_off(bytes: &[u8], at: usize, wanted: usize) -> ReadError {
    ReadError(format!("is cut off: it names {wanted} bytes at {at} but has {}", bytes.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_as_written_in_both_orders() {
        for order in [ByteOrder::Little, ByteOrder::Big] {
            let mut bytes = [0; 12];
            order.put_u32(&mut bytes, 0, 0x0102_0304).unwrap();
            order.put_u64(&mut bytes, 4, 0x0506_0708_090a_0b0c).unwrap();
            assert_eq!(order.u32(&bytes, 0), Ok(0x0102_0304));
            assert_eq!(order.u64(&bytes, 4), Ok(0x0506_0708_090a_0b0c));
            assert_eq!(bytes[..4], order.bytes_of_u32(0x0102_0304));
        }
        assert_eq!(ByteOrder::Big.u32(&[1, 2, 3, 4], 0), Ok(0x0102_0304));
    }

    #[test]
    fn a_position_past_the_end_is_an_error_and_writes_nothing() {
        let mut bytes = [7; 4];
        assert!(ByteOrder::Little.put_u32(&mut bytes, 1, 0).is_err());
        assert_eq!(bytes, [7; 4]);
        assert!(ByteOrder::Little.u64(&bytes, usize::MAX).is_err());
        assert!(range_at(&bytes, u64::MAX, 2).is_err());
        assert_eq!(range_at(&bytes, 4, 0), Ok(4..4));
    }
}
