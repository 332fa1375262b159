//! Values → text and JSON.

pub mod comparison;
pub mod crash;
pub mod crash_json;
pub mod findings;
pub mod inspection;
pub mod inspection_json;
pub mod launch;
pub mod loaded;
pub mod maps;
pub mod maps_json;
mod page;
pub mod preflight;
pub mod seals;
pub mod signers;
pub mod tree;
pub mod walk;
pub mod words;

pub use page::{BAD, CAREFUL, FAINT, GOOD, Page, STRONG, shown};

use serde::Serialize;

/// The version of every JSON document.
pub const SCHEMA: u32 = 1;

/// Pretty-printed, with a line feed at the end.
pub fn json(document: &impl Serialize) -> String {
    // Every document is made of strings, numbers and lists of them, which always serialise.
    let text =
        serde_json::to_string_pretty(document).unwrap_or_else(|error| format!("{{\"error\": \"{error}\"}}"));
    text + "\n"
}

/// "1 file", "3 files".
pub fn count(number: usize, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}
