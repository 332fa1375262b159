//! Object identifiers: `1.2.840.113635` and the contents of its DER form (X.690, 8.19).

/// The dotted form; bytes that end within a number give what is whole.
pub(super) fn dotted(der: &[u8]) -> String {
    let mut numbers: Vec<u64> = Vec::new();
    let mut number = 0u64;
    for byte in der {
        number = number.wrapping_shl(7) | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            if numbers.is_empty() {
                let first = (number / 40).min(2);
                numbers.push(first);
                number -= first * 40;
            }
            numbers.push(number);
            number = 0;
        }
    }
    numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(".")
}

/// The contents of the DER form; `None` when `dotted` is none.
pub(super) fn der(dotted: &str) -> Option<Vec<u8>> {
    let numbers: Vec<u64> = dotted.split('.').map(|number| number.parse().ok()).collect::<Option<_>>()?;
    let [first @ 0..=2, second, rest @ ..] = &numbers[..] else { return None };
    let joined = first * 40 + Some(*second).filter(|second| *first == 2 || *second < 40)?;
    let mut der = Vec::new();
    for number in std::iter::once(&joined).chain(rest) {
        let sevens = (64 - number.leading_zeros()).div_ceil(7).max(1);
        for place in (0..sevens).rev() {
            der.push((number >> (7 * place) & 0x7f) as u8 | if place > 0 { 0x80 } else { 0 });
        }
    }
    Some(der)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn apples_own_is_read_and_written() {
        let bytes = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x63, 0x64, 6, 1, 13];
        assert_eq!(dotted(&bytes), "1.2.840.113635.100.6.1.13");
        assert_eq!(der("1.2.840.113635.100.6.1.13").unwrap(), bytes);
        assert_eq!(der("2.100.3").map(|der| dotted(&der)).unwrap(), "2.100.3");
        for wrong in ["", "1", "3.1", "1.40", "1.x", "1..2"] {
            assert_eq!(der(wrong), None, "{wrong}");
        }
    }
}
