//! The verdict: what two builds have in common, in one line.

use std::collections::BTreeSet;

use super::{Change, Class, Comparison, Difference};

/// "identical", "same code, different UUID and signature", "different code in 3 images", …
pub fn verdict(comparison: &Comparison) -> String {
    if comparison.is_equal() {
        return "identical".to_owned();
    }
    let changed = code(comparison, |difference| !is_whole(difference));
    let alone = code(comparison, is_whole);
    let mut parts = Vec::new();
    match (changed, alone) {
        (0, 0) => parts.push("same code".to_owned()),
        (0, _) => parts.push("same code in all that both have".to_owned()),
        (1, _) => parts.push("different code in 1 image".to_owned()),
        (images, _) => parts.push(format!("different code in {images} images")),
    }
    if alone > 0 {
        parts.push(match alone {
            1 => "1 image or slice on one side only".to_owned(),
            count => format!("{count} images or slices on one side only"),
        });
    }
    if changed == 0 {
        let nouns = nouns(comparison);
        if !nouns.is_empty() {
            parts.push(format!("different {}", listed(&nouns)));
        }
    }
    parts.join(", ")
}

/// A whole image or slice that the other side lacks.
fn is_whole(difference: &Difference) -> bool {
    difference.change != Change::Changed
        && (difference.field == "file" || difference.field.starts_with("architecture "))
}

/// Files with code of one kind or the other.
fn code(comparison: &Comparison, of: impl Fn(&Difference) -> bool) -> usize {
    let differences = comparison.differences.iter().filter(|difference| difference.code && of(difference));
    differences
        .map(|difference| (&difference.path, is_whole(difference).then_some(&difference.field)))
        .collect::<BTreeSet<_>>()
        .len()
}

fn nouns(comparison: &Comparison) -> Vec<&'static str> {
    let has = |class: Class| comparison.differences.iter().any(|it| it.class == class && !it.code);
    let nouns = [
        (Class::Content, "files or values"),
        (Class::Linkage, "linkage"),
        (Class::Environment, "build environment"),
        (Class::Format, "format"),
        (Class::Always, "UUID"),
        (Class::Signature, "signature"),
    ];
    nouns.into_iter().filter(|(class, _)| has(*class)).map(|(_, noun)| noun).collect()
}

/// "a", "a and b", "a, b and c".
fn listed(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
