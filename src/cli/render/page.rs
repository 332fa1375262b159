//! Text for a terminal. Colours are always written; standard output drops them when it is no terminal.

use std::borrow::Cow;
use std::fmt::{Display, Write};

use clap::builder::styling::{AnsiColor, Style};

pub const BAD: Style = AnsiColor::Red.on_default().bold();
pub const CAREFUL: Style = AnsiColor::Yellow.on_default();
pub const GOOD: Style = AnsiColor::Green.on_default();
pub const FAINT: Style = Style::new().dimmed();
pub const STRONG: Style = Style::new().bold();

/// Lines of text. What a bundle says about itself never reaches the terminal as a control sequence.
#[derive(Default)]
pub struct Page {
    text: String,
}

impl Page {
    pub fn put(&mut self, text: impl Display) -> &mut Self {
        self.text.push_str(&shown(&text.to_string()));
        self
    }

    pub fn paint(&mut self, style: Style, text: impl Display) -> &mut Self {
        let text = text.to_string();
        // Writing to a string cannot fail.
        let _ = write!(self.text, "{style}{}{style:#}", shown(&text));
        self
    }

    pub fn end(&mut self) {
        self.text.push('\n');
    }

    pub fn line(&mut self, text: impl Display) {
        self.put(text).end();
    }

    /// Every line of `text` after `indent` spaces.
    pub fn block(&mut self, indent: usize, text: &str) {
        for line in text.lines() {
            self.put(format!("{:indent$}{line}", "")).end();
        }
    }

    pub fn into_text(self) -> String {
        self.text
    }
}

/// `text` with its control characters, and those that reorder what is read, spelled out: `\u{1b}`.
pub fn shown(text: &str) -> Cow<'_, str> {
    let strange = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if !text.contains(strange) {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if strange(c) { plain.extend(c.escape_default()) } else { plain.push(c) }
    }
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_move_the_cursor_or_fake_a_line() {
        assert_eq!(shown("lib\u{1b}[2Jx\ny\u{202e}"), "lib\\u{1b}[2Jx\\ny\\u{202e}");
        assert_eq!(shown("Grüße.dylib"), "Grüße.dylib");
    }

    #[test]
    fn a_block_indents_every_line() {
        let mut page = Page::default();
        page.block(2, "a\nb");
        assert_eq!(page.into_text(), "  a\n  b\n");
    }
}
