//! Filters: words found in texts whatever their case, without a copy of each text.

/// What is typed, as it is compared.
pub struct Words {
    lower: String,
}

impl Words {
    pub fn new(typed: &str) -> Self {
        Words { lower: typed.trim().to_lowercase() }
    }

    pub fn is_empty(&self) -> bool {
        self.lower.is_empty()
    }

    /// Whether `text` has what was typed; everything has nothing.
    pub fn are_in(&self, text: &str) -> bool {
        let (text, sought) = (text.as_bytes(), self.lower.as_bytes());
        let Some(first) = sought.first() else { return true };
        if !self.lower.is_ascii() {
            return std::str::from_utf8(text).is_ok_and(|text| text.to_lowercase().contains(&self.lower));
        }
        let upper = first.to_ascii_uppercase();
        text.len() >= sought.len()
            && (0..=text.len() - sought.len()).any(|at| {
                (text[at] == *first || text[at] == upper)
                    && text[at..at + sought.len()].eq_ignore_ascii_case(sought)
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_whatever_their_case() {
        for (typed, text, found) in [
            ("QT", "libQt5Core.dylib", true),
            (" core ", "libQt5Core.dylib", true),
            ("", "anything", true),
            ("qt6", "libQt5Core.dylib", false),
            ("größe", "libGRÖßE.dylib", true),
            ("longer than the text", "short", false),
        ] {
            assert_eq!(Words::new(typed).are_in(text), found, "{typed} in {text}");
        }
    }
}
