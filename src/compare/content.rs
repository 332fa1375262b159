//! Two files that correspond and differ: what they are decides how they are compared.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use super::traces::{Trace, only_traces};
use super::{Class, Difference, Found, archive, explain, image, plists};
use crate::macho;

/// Everything that differs between two files of other bytes; never empty.
pub(super) fn compare(path: &str, left: &[u8], right: &[u8]) -> Vec<Difference> {
    let mut found = Found::new(path, None);
    let code = macho::is_macho(left) && macho::is_macho(right);
    if code {
        found.differences = image::compare(path, left, right);
    } else if archive::is_archive(left) && archive::is_archive(right) {
        archive::compare(path, left, right, &mut found);
    } else if plists::is_plist(path, left) && plists::is_plist(path, right) {
        plists::compare_file(path, left, right, &mut found);
    }
    if found.differences.is_empty() {
        plain(path, left, right, &mut found);
    }
    found.differences
}

/// Bytes of no known form.
fn plain(path: &str, left: &[u8], right: &[u8], found: &mut Found) {
    if explain::is_of_signature(path) {
        found.changed(
            Class::Signature,
            "content",
            described(left),
            described(right),
            explain::SIGNATURE_FILE,
        );
    } else if let Some(trace) = recognized(left, right) {
        found.changed(Trace::CLASS, "content", trace.left, trace.right, trace.explanation);
    } else {
        let (why, code) = match (macho::is_macho(left), macho::is_macho(right)) {
            (false, false) => (explain::CONTENT, false),
            (true, true) => (explain::BROKEN, true),
            _ => (explain::OTHER_FORM, true),
        };
        let is_finder = path.rsplit('/').next() == Some(".DS_Store");
        let class = if is_finder { Class::Environment } else { Class::Content };
        let why = if is_finder {
            "The Finder keeps the look of a window here, with dates of its own."
        } else {
            why
        };
        let (a, b) = both(left, right);
        found.changed(class, "content", a, b, why).code = code;
    }
}

/// A stamp that the form of the file has a place for, or dates and folders in plain sight.
fn recognized(left: &[u8], right: &[u8]) -> Option<Trace> {
    let stamp = |range: std::ops::Range<usize>, explanation| {
        let (a, b) = (left.get(range.clone())?, right.get(range.clone())?);
        let rest = left.get(..range.start) == right.get(..range.start)
            && left.get(range.end..) == right.get(range.end..);
        let seconds = |raw: &[u8]| raw.first_chunk().map(|raw| u32::from_le_bytes(*raw).to_string());
        (rest && a != b).then_some(Trace { explanation, left: seconds(a)?, right: seconds(b)? })
    };
    // RFC 1952: MTIME at 4. PEP 552: without flags, the time of the source at 8.
    let is_gzip = left.starts_with(&[0x1f, 0x8b, 8]);
    let is_compiled = left.get(2..4) == Some(b"\r\n") && left.get(4..8) == Some(&[0; 4]);
    let stamped = match (is_gzip, is_compiled) {
        (true, _) => stamp(4..8, explain::GZIP),
        (_, true) => stamp(8..12, explain::PYC),
        _ => None,
    };
    stamped.or_else(|| only_traces(left, right))
}

/// "4300 bytes, SHA-256 1f2e3d4c5b6a7988".
pub(super) fn described(bytes: &[u8]) -> String {
    format!("{} bytes, SHA-256 {}", bytes.len(), short_digest(bytes))
}

/// The first half of SHA-256's digits: enough to see that two are equal.
pub(super) fn short_digest(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in Sha256::digest(bytes).iter().take(8) {
        let _ = write!(text, "{byte:02x}"); // a string takes everything
    }
    text
}

/// Both sides, the right one with how much differs and where that begins.
pub(super) fn both(left: &[u8], right: &[u8]) -> (String, String) {
    let same = left.iter().zip(right).take_while(|(a, b)| a == b).count();
    let much = match left.len() == right.len() {
        true => {
            let differ = left.iter().zip(right).filter(|(a, b)| a != b).count();
            format!("{differ} bytes differ, the first at {same:#x}")
        }
        false => format!("different from {same:#x} on"),
    };
    (described(left), format!("{}, {much}", described(right)))
}
