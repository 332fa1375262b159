//! `objc[1]: Class X is implemented in both A (0x…) and B (0x…).` (objc4, `reportDuplicateClass`).

/// One class in two images.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClassTwice {
    pub class: String,
    /// The path that the runtime names first.
    pub first: String,
    pub second: String,
}

const BOTH: &str = " is implemented in both ";
const BOTH_OLD: &str = " is implemented in both: ";

/// Whether the sentence begins in `line`; it may go on in the next.
pub fn begins(line: &str) -> bool {
    line.contains(" is implemented in both")
}

/// The class and its two images; `None` when the sentence is cut off before the second.
pub fn class_twice(line: &str) -> Option<ClassTwice> {
    let (before, places) = line.split_once(BOTH_OLD).or_else(|| line.split_once(BOTH))?;
    let class = before.rsplit_once("Class ").map_or(before, |(_, class)| class).trim();
    // With addresses the first path ends at one; without them at the only "and" that a path follows.
    let (first, second) = match places.split_once(") and ") {
        Some((first, second)) => (first.rsplit_once(" (").map_or(first, |(path, _)| path), second),
        None => places.split_once(" and /").map(|(first, _)| (first, &places[first.len() + 5..]))?,
    };
    let end =
        [" (0x", ". One of the", ". This may", " (and "].iter().filter_map(|end| second.find(end)).min();
    let second = second.get(..end.unwrap_or(second.len()))?.trim().trim_end_matches('.');
    let first = first.trim();
    let whole = first.starts_with('/') && second.starts_with('/');
    whole.then(|| ClassTwice { class: class.to_owned(), first: first.to_owned(), second: second.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wording_names_the_two_images() {
        let lines = [
            "objc[1]: Class Foo is implemented in both /a b/X (0x1) and /c and d/X (0x2). One of the two will be used. Which one is undefined.",
            "objc[1]: Class Foo is implemented in both /a b/X (0x1) and /c and d/X (0x2). This may cause spurious casting failures and mysterious crashes. One of the duplicates must be removed or renamed.",
            "2011-11-11 x[1] objc[1]: Class Foo is implemented in both /a b/X and /c and d/X. One of the two will be used.",
            "Class Foo is implemented in both: /a b/X (0x1) and /c and d/X",
        ];
        for line in lines {
            let read = class_twice(line).unwrap();
            assert_eq!(
                (read.class.as_str(), read.first.as_str(), read.second.as_str()),
                ("Foo", "/a b/X", "/c and d/X"),
                "{line}"
            );
        }
    }

    #[test]
    fn half_a_sentence_is_none() {
        assert_eq!(class_twice("objc[1]: Class Foo is implemented in both /a/X (0x1) an"), None);
        assert_eq!(class_twice("objc[1]: Class Foo is implemented in both"), None);
    }
}
