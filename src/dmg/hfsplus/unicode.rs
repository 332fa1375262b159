//! File names as HFS+ keeps them: decomposed UTF-16, compared without case.
//!
//! Both tables are facts of Apple's kernel. Decomposition is canonical (NFD) as of Unicode 3.2 and only for the Basic
//! Multilingual Plane, without U+2000–2FFF and U+F900–FAFF (TN1150 "Canonical Decomposition", xnu `vfs_utfconv.c`);
//! Balinese, U+1B00–1BFF, came with Unicode 5. Folding is `FastUnicodeCompare` of TN1150 and
//! `hfs/core/UCStringCompareData.h`: Unicode 2 lower case for letters that do not decompose, and zero for ignorable ones.

use unicode_normalization::char::{canonical_combining_class, compose, decompose_canonical};

/// The longest name, in UTF-16 units.
pub const MAX_NAME: usize = 255;

/// The on-disk form of a POSIX file name: decomposed, with `:` kept as `/`.
pub fn to_disk(name: &str) -> Vec<u16> {
    let mut chars: Vec<char> = Vec::with_capacity(name.len());
    for c in name.chars().map(|c| if c == ':' { '/' } else { c }) {
        if decomposes(c) {
            decompose_canonical(c, |part| chars.push(part));
        } else {
            chars.push(c);
        }
    }
    order_marks(&mut chars);
    let mut units = vec![0; chars.iter().map(|c| c.len_utf16()).sum()];
    let mut at = 0;
    for c in chars {
        at += c.encode_utf16(&mut units[at..]).len();
    }
    units
}

/// The POSIX name of an on-disk one, composed again as people type it; [`to_disk`] gives the on-disk form back.
/// `None` for a name no Mac can have written: a `:`, or half a character.
pub fn from_disk(name: &[u16]) -> Option<String> {
    let text = String::from_utf16(name).ok()?;
    // The kernel shows U+0000, which its own private folders use, as U+2400.
    (!text.contains(':')).then(|| recompose(&text).replace('/', ":").replace('\0', "\u{2400}"))
}

/// Canonical composition, but only to characters that [`to_disk`] takes apart again.
fn recompose(text: &str) -> String {
    let mut out: Vec<char> = Vec::with_capacity(text.len());
    // The last base character, and the class of the last mark after it that found no place in it.
    let mut base: Option<usize> = None;
    let mut blocked = 0;
    for c in text.chars() {
        let class = class(c);
        let adjacent = base.is_some_and(|base| base + 1 == out.len());
        let reachable = if class == 0 { adjacent } else { adjacent || blocked < class };
        let joined = base.filter(|_| reachable).and_then(|base| Some((base, compose(out[base], c)?)));
        match joined.filter(|(_, joined)| decomposes(*joined)) {
            Some((base, joined)) => out[base] = joined,
            None => {
                out.push(c);
                if class == 0 {
                    base = Some(out.len() - 1);
                }
                blocked = class;
            }
        }
    }
    out.into_iter().collect()
}

/// The key by which names are ordered and told apart; two names with the same key cannot share a folder.
pub fn fold(name: &[u16]) -> Vec<u16> {
    name.iter().map(|&unit| fold_unit(unit)).filter(|&unit| unit != 0).collect()
}

fn decomposes(c: char) -> bool {
    !matches!(c as u32, 0..0xC0 | 0x1B00..=0x1BFF | 0x2000..=0x2FFF | 0xF900..=0xFAFF | 0x1_0000..)
}

/// Canonical ordering: combining marks between two base characters stand in the order of their class.
fn order_marks(chars: &mut [char]) {
    for run in chars.chunk_by_mut(|_, next| class(*next) != 0) {
        let marks = usize::from(run.first().is_some_and(|first| class(*first) == 0));
        run[marks..].sort_by_key(|c| class(*c));
    }
}

/// Canonical combining class, of which the kernel knows none beyond the Basic Multilingual Plane.
fn class(c: char) -> u8 {
    if (c as u32) < 0x1_0000 { canonical_combining_class(c) } else { 0 }
}

/// How a run of UTF-16 units folds: `(first, last, step, distance)`.
const FOLD_RUNS: [(u16, u16, u16, u16); 66] = [
    (0x0041, 0x005A, 1, 32),
    (0x00C6, 0x00C6, 1, 32),
    (0x00D0, 0x00D0, 1, 32),
    (0x00D8, 0x00D8, 1, 32),
    (0x00DE, 0x00DE, 1, 32),
    (0x0110, 0x0110, 1, 1),
    (0x0126, 0x0126, 1, 1),
    (0x0132, 0x0132, 1, 1),
    (0x013F, 0x0141, 2, 1),
    (0x014A, 0x014A, 1, 1),
    (0x0152, 0x0152, 1, 1),
    (0x0166, 0x0166, 1, 1),
    (0x0181, 0x0181, 1, 210),
    (0x0182, 0x0184, 2, 1),
    (0x0186, 0x0186, 1, 206),
    (0x0187, 0x0187, 1, 1),
    (0x0189, 0x018A, 1, 205),
    (0x018B, 0x018B, 1, 1),
    (0x018E, 0x018E, 1, 79),
    (0x018F, 0x018F, 1, 202),
    (0x0190, 0x0190, 1, 203),
    (0x0191, 0x0191, 1, 1),
    (0x0193, 0x0193, 1, 205),
    (0x0194, 0x0194, 1, 207),
    (0x0196, 0x0196, 1, 211),
    (0x0197, 0x0197, 1, 209),
    (0x0198, 0x0198, 1, 1),
    (0x019C, 0x019C, 1, 211),
    (0x019D, 0x019D, 1, 213),
    (0x019F, 0x019F, 1, 214),
    (0x01A2, 0x01A4, 2, 1),
    (0x01A7, 0x01A7, 1, 1),
    (0x01A9, 0x01A9, 1, 218),
    (0x01AC, 0x01AC, 1, 1),
    (0x01AE, 0x01AE, 1, 218),
    (0x01B1, 0x01B2, 1, 217),
    (0x01B3, 0x01B5, 2, 1),
    (0x01B7, 0x01B7, 1, 219),
    (0x01B8, 0x01BC, 4, 1),
    (0x01C4, 0x01C4, 1, 2),
    (0x01C5, 0x01C5, 1, 1),
    (0x01C7, 0x01C7, 1, 2),
    (0x01C8, 0x01C8, 1, 1),
    (0x01CA, 0x01CA, 1, 2),
    (0x01CB, 0x01CB, 1, 1),
    (0x01E4, 0x01E4, 1, 1),
    (0x01F1, 0x01F1, 1, 2),
    (0x01F2, 0x01F2, 1, 1),
    (0x0391, 0x03A1, 1, 32),
    (0x03A3, 0x03A9, 1, 32),
    (0x03E2, 0x03EE, 2, 1),
    (0x0402, 0x0404, 2, 80),
    (0x0405, 0x0406, 1, 80),
    (0x0408, 0x040B, 1, 80),
    (0x040F, 0x040F, 1, 80),
    (0x0410, 0x0418, 1, 32),
    (0x041A, 0x042F, 1, 32),
    (0x0460, 0x0474, 2, 1),
    (0x0478, 0x0480, 2, 1),
    (0x0490, 0x04BE, 2, 1),
    (0x04C3, 0x04C7, 4, 1),
    (0x04CB, 0x04CB, 1, 1),
    (0x0531, 0x0556, 1, 48),
    (0x10A0, 0x10C5, 1, 48),
    (0x2160, 0x216F, 1, 16),
    (0xFF21, 0xFF3A, 1, 32),
];

fn fold_unit(unit: u16) -> u16 {
    match unit {
        0 => return 0xFFFF,
        0x200C..=0x200F | 0x202A..=0x202E | 0x206A..=0x206F | 0xFEFF => return 0,
        _ => {}
    }
    match FOLD_RUNS.get(FOLD_RUNS.partition_point(|run| run.1 < unit)) {
        Some(&(first, _, step, distance)) if unit >= first && (unit - first).is_multiple_of(step) => {
            unit + distance
        }
        _ => unit,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disk(name: &str) -> String {
        String::from_utf16(&to_disk(name)).unwrap()
    }

    #[test]
    fn names_are_decomposed_as_the_kernel_does() {
        assert_eq!(disk("Café ñandú"), "Cafe\u{301} n\u{303}andu\u{301}");
        assert_eq!(disk("한글"), "\u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af}");
        assert_eq!(disk("ǖ"), "u\u{308}\u{304}");
        // Excluded: the Ångström and Ohm signs, a compatibility ideograph, Balinese, an astral note.
        for kept in ["\u{212B}", "\u{2126}", "\u{F900}", "\u{1B06}", "\u{1D15E}", "😀"] {
            assert_eq!(disk(kept), kept);
        }
        assert_eq!(disk("a\u{301}\u{323}"), "a\u{323}\u{301}");
        assert_eq!(disk("a:b"), "a/b");
        assert_eq!(from_disk(&to_disk("a:b")).unwrap(), "a:b");
    }

    #[test]
    fn decomposing_twice_changes_nothing() {
        for c in (0..=0xFFFF_u32).filter_map(char::from_u32).filter(|c| !matches!(c, ':' | '/' | '\0')) {
            let once = disk(&c.to_string());
            assert_eq!(disk(&once), once, "{:04X}", c as u32);
        }
    }

    #[test]
    fn names_come_back_composed_and_go_to_the_same_place() {
        let back = |name: &str| from_disk(&to_disk(name)).unwrap();
        for name in [
            "Café ñandú",
            "한글 파일",
            "ǖ",
            "ΐ Й ё が",
            "\u{212B}\u{2126}≠",
            "a\u{323}\u{307}\u{301}",
            "\u{301}x",
        ] {
            assert_eq!(to_disk(&back(name)), to_disk(name), "{name}");
        }
        assert_eq!(back("e\u{301}"), "é");
        assert_eq!(back("≠"), "≠");
        assert_eq!(from_disk(&to_disk("=\u{338}")).unwrap(), "=\u{338}");
        for c in (0..=0xFFFF_u32).filter_map(char::from_u32).filter(|c| !matches!(c, ':' | '/' | '\0')) {
            let name = format!("a{c}\u{323}\u{301}");
            assert_eq!(to_disk(&back(&name)), to_disk(&name), "{:04X}", c as u32);
        }
    }

    #[test]
    fn folding_agrees_with_lower_case_where_unicode_2_had_it() {
        let folded: Vec<u16> = (1..=0xFFFE).filter(|&unit| fold_unit(unit) != unit).collect();
        // 31 in the first page (A–Z, Æ, Ð, Ø, Þ, without NUL) and 298 in the others, 16 of these ignorable.
        assert_eq!(folded.len(), 30 + 298);
        for unit in folded.into_iter().filter(|&unit| fold_unit(unit) != 0) {
            let c = char::from_u32(unit.into()).unwrap();
            // Georgian capitals fold to the letters of 1996; Unicode has since given them another lower case.
            let expected = if (0x10A0..=0x10C5).contains(&unit) {
                unit + 48
            } else {
                c.to_lowercase().next().unwrap() as u16
            };
            assert_eq!(fold_unit(unit), expected, "{unit:04X}");
        }
        assert_eq!(fold_unit(0), 0xFFFF);
    }

    #[test]
    fn names_that_differ_in_case_or_invisible_characters_have_one_key() {
        let key = |name: &str| fold(&to_disk(name));
        assert_eq!(key("README"), key("readme"));
        assert_eq!(key("Ä.txt"), key("a\u{308}.TXT"));
        assert_eq!(key("a\u{200D}b"), key("ab"));
        assert_ne!(key("ß"), key("ss"));
        assert!(key("a_b") < key("AB"));
    }

    #[test]
    fn a_name_no_mac_writes_is_refused() {
        assert_eq!(from_disk(&[0x3A]), None);
        assert_eq!(from_disk(&[0xD800]), None);
        assert_eq!(from_disk(&[0, 0x41]).unwrap(), "\u{2400}A");
    }
}
