//! Two builds: what differs, and why.

use std::fmt::{self, Write};
use std::path::Path;

use super::export::{code, plain};
use crate::compare::{self, Class, Comparison, Difference, verdict};
use crate::failure::Failure;
use crate::progress::Progress;

/// # Errors
/// [`Failure`] when one of the two is missing or cannot be read, when they cannot be compared, or when the user stops it.
pub fn compare(left: &Path, right: &Path, progress: &Progress) -> Result<Comparison, Failure> {
    compare::compare(left, right, progress)
}

/// Differences of one file and class that the document lists; the rest is a number.
const LISTED: usize = 40;

/// The comparison as Markdown, for an issue or a pull request.
pub fn comparison_markdown(comparison: &Comparison) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_comparison(&mut out, comparison);
    out
}

fn write_comparison(out: &mut String, comparison: &Comparison) -> fmt::Result {
    writeln!(out, "# Comparison: {}\n", verdict(comparison))?;
    writeln!(out, "| | path | what | files | bytes |\n|---|---|---|---|---|")?;
    for (side, subject) in [("left", &comparison.left), ("right", &comparison.right)] {
        let (path, kind) = (code(&subject.path), &subject.kind);
        writeln!(out, "| {side} | {path} | {kind} | {} | {} |", subject.files, subject.bytes)?;
    }
    for class in Class::ALL {
        let of_class: Vec<&Difference> =
            comparison.differences.iter().filter(|difference| difference.class == class).collect();
        if of_class.is_empty() {
            continue;
        }
        writeln!(
            out,
            "\n## {} ({})\n\n| file | field | left | right |\n|---|---|---|---|",
            class.title(),
            of_class.len()
        )?;
        for difference in of_class.iter().take(LISTED) {
            let path = match difference.arch {
                Some(arch) => format!("{} ({arch})", code(&difference.path)),
                None => code(&difference.path),
            };
            let cell = |text: &String| if text.is_empty() { String::new() } else { code(text) };
            let cells = [&difference.field, &difference.left, &difference.right].map(cell);
            writeln!(out, "| {path} | {} |", cells.join(" | "))?;
        }
        if of_class.len() > LISTED {
            writeln!(out, "\n{} more.", of_class.len() - LISTED)?;
        }
        let mut reasons: Vec<&str> = Vec::new();
        for difference in of_class {
            if !reasons.contains(&&*difference.explanation) {
                reasons.push(&difference.explanation);
            }
        }
        writeln!(out)?;
        reasons.iter().try_for_each(|reason| writeln!(out, "- {}", plain(reason)))?;
    }
    comparison.notes.iter().try_for_each(|note| writeln!(out, "\n{note}"))
}
