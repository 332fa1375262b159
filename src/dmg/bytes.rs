//! Big-endian numbers, the byte order of every format in this room but GPT.

/// Appends big-endian numbers.
pub trait Put {
    fn u8(&mut self, value: u8);
    fn u16(&mut self, value: u16);
    fn u32(&mut self, value: u32);
    fn u64(&mut self, value: u64);
    fn zeros(&mut self, count: usize);
}

impl Put for Vec<u8> {
    fn u8(&mut self, value: u8) {
        self.push(value);
    }
    fn u16(&mut self, value: u16) {
        self.extend_from_slice(&value.to_be_bytes());
    }
    fn u32(&mut self, value: u32) {
        self.extend_from_slice(&value.to_be_bytes());
    }
    fn u64(&mut self, value: u64) {
        self.extend_from_slice(&value.to_be_bytes());
    }
    fn zeros(&mut self, count: usize) {
        self.resize(self.len() + count, 0);
    }
}

fn array<const N: usize>(data: &[u8], at: usize) -> Option<[u8; N]> {
    data.get(at..at.checked_add(N)?)?.try_into().ok()
}

pub fn u16_at(data: &[u8], at: usize) -> Option<u16> {
    array(data, at).map(u16::from_be_bytes)
}

pub fn u32_at(data: &[u8], at: usize) -> Option<u32> {
    array(data, at).map(u32::from_be_bytes)
}

pub fn u64_at(data: &[u8], at: usize) -> Option<u64> {
    array(data, at).map(u64::from_be_bytes)
}

/// `count` UTF-16 units from byte `at` on.
pub fn utf16_at(data: &[u8], at: usize, count: usize) -> Option<Vec<u16>> {
    let bytes = data.get(at..at.checked_add(count.checked_mul(2)?)?)?;
    Some(bytes.as_chunks::<2>().0.iter().map(|pair| u16::from_be_bytes(*pair)).collect())
}

/// Whether there are zeros alone: each byte is the one before it. A comparison of memory, as fast as the machine reads.
pub fn is_zero(data: &[u8]) -> bool {
    match data {
        [] => true,
        [first, rest @ ..] => *first == 0 && data[..rest.len()] == *rest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_are_told_from_anything_else() {
        for length in [0, 1, 2, 513] {
            let mut data = vec![0; length];
            assert!(is_zero(&data));
            for at in 0..length {
                data[at] = 1;
                assert!(!is_zero(&data), "{at} of {length}");
                data[at] = 0;
            }
        }
        assert!(!is_zero(&[7; 9]));
    }

    #[test]
    fn what_is_put_is_read_back_and_nothing_is_read_past_the_end() {
        let mut out = Vec::new();
        out.u16(0x4244);
        out.u32(7);
        out.u64(u64::MAX);
        assert_eq!(
            (u16_at(&out, 0), u32_at(&out, 2), u64_at(&out, 6)),
            (Some(0x4244), Some(7), Some(u64::MAX))
        );
        assert_eq!(
            (u16_at(&out, 13), u32_at(&out, usize::MAX), utf16_at(&out, 0, usize::MAX)),
            (None, None, None)
        );
    }
}
