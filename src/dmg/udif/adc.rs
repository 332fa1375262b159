//! Apple Data Compression, of images made before 2003 and of `UDCO`: literals, and copies of what came at most 64 KiB before.

/// The decompressed bytes; `None` when they contradict themselves or are more than `size`.
pub fn unpack(packed: &[u8], size: usize) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(size);
    let mut rest = packed;
    while let [first, behind @ ..] = rest {
        let first = usize::from(*first);
        if first & 0x80 != 0 {
            let (literal, behind) = behind.split_at_checked((first & 0x7F) + 1)?;
            out.extend_from_slice(literal);
            rest = behind;
        } else {
            // Two bytes for near copies, three for longer ones from farther away.
            let (length, distance, behind) = match (first & 0x40, behind) {
                (0, [low, behind @ ..]) => ((first >> 2) + 3, (first & 3) << 8 | usize::from(*low), behind),
                (0x40, [high, low, behind @ ..]) => {
                    ((first & 0x3F) + 4, usize::from(*high) << 8 | usize::from(*low), behind)
                }
                _ => return None,
            };
            let from = out.len().checked_sub(distance + 1)?;
            for at in from..from + length {
                out.push(*out.get(at)?); // which may be what this very copy has written
            }
            rest = behind;
        }
        if out.len() > size {
            return None;
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_and_both_copies_are_read() {
        // "abc", three bytes from three before, and four times the last.
        assert_eq!(unpack(&[0x82, b'a', b'b', b'c', 0x00, 2, 0x40, 0, 0], 10).unwrap(), b"abcabccccc");
        assert_eq!(unpack(&[], 4).unwrap(), b"");
    }

    #[test]
    fn what_points_before_the_start_or_is_too_long_is_refused() {
        for bad in [&[0x00, 0][..], &[0x80], &[0x80, 1, 0x00], &[0x80, 1, 0x40, 0], &[0x80, 1, 0x00, 1]] {
            assert_eq!(unpack(bad, 100), None, "{bad:?}");
        }
        assert_eq!(unpack(&[0x80, 1, 0x7F, 0, 0], 50), None);
    }
}
