//! A file's bytes → lines without what mail, trackers and terminals put around them.

use std::borrow::Cow;

/// The text of a report. UTF-16 is told by its mark; bytes that are no UTF-8 become U+FFFD.
pub fn plain(bytes: &[u8]) -> String {
    let text = match bytes {
        [0xff, 0xfe, rest @ ..] => utf_16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf_16(rest, u16::from_be_bytes),
        _ => String::from_utf8_lossy(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)).into_owned(),
    };
    without_colors(&without_entities(&text)).into_owned()
}

fn utf_16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

/// What HTML and word processors make of angle brackets, spaces and quotes.
fn without_entities(text: &str) -> Cow<'_, str> {
    const WORDS: [(&str, &str); 7] = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&#39;", "'"),
        ("&quot;", "\""),
        ("\u{a0}", " "),
        ("\u{2018}", "'"),
        ("\u{2019}", "'"),
    ];
    let mut text = Cow::Borrowed(text);
    for (from, to) in WORDS {
        if text.contains(from) {
            text = Cow::Owned(text.replace(from, to));
        }
    }
    text
}

/// Without a terminal's color sequences (`ESC [ … letter`).
fn without_colors(text: &str) -> Cow<'_, str> {
    if !text.contains('\u{1b}') {
        return Cow::Borrowed(text);
    }
    let mut parts = text.split("\u{1b}[");
    let mut plain = parts.next().unwrap_or("").to_owned();
    for part in parts {
        let end = part.find(|c: char| c.is_ascii_alphabetic()).map_or(0, |at| at + 1);
        plain.push_str(&part[end..]);
    }
    Cow::Owned(plain)
}

/// One line without marks of quotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Line<'a> {
    /// From 1.
    pub number: u32,
    /// Without `> ` in front and white space behind.
    pub text: &'a str,
    /// Whether it is a fence of Markdown: what stands before it goes no further.
    pub fence: bool,
}

pub(super) fn lines(text: &str) -> Vec<Line<'_>> {
    let numbered = text.lines().zip(1u32..);
    numbered
        .map(|(line, number)| {
            let text = unquoted(line).trim_end();
            let fence =
                matches!(text.trim_start().as_bytes(), [b'`', b'`', b'`', ..] | [b'~', b'~', b'~', ..]);
            Line { number, text: if fence { "" } else { untagged(text) }, fence }
        })
        .collect()
}

/// Without `>` marks, however deep they are nested.
fn unquoted(mut line: &str) -> &str {
    while let Some(rest) = line.trim_start().strip_prefix('>') {
        line = rest.strip_prefix(' ').unwrap_or(rest);
    }
    line
}

fn untagged(line: &str) -> &str {
    let tag = ["<pre>", "<code>", "</pre>", "</code>", "<details>", "</details>"];
    let open = |line: &str| tag.iter().find(|tag| line.starts_with(**tag)).map(|tag| tag.len());
    let mut line = line;
    while let Some(length) = open(line) {
        line = &line[length..];
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_fences_and_tags_are_taken_off() {
        let text = "> > Process: Foo [1]  \r\n```text\n<pre><code>Path: /x";
        let read: Vec<(&str, bool)> = lines(text).iter().map(|line| (line.text, line.fence)).collect();
        assert_eq!(read, [("Process: Foo [1]", false), ("", true), ("Path: /x", false)]);
    }

    #[test]
    fn text_in_utf_16_with_colors_and_entities_is_plain() {
        let bytes: Vec<u8> = [0xfeff]
            .into_iter()
            .chain("a \u{1b}[31mb\u{1b}[0m &lt;c&gt;".encode_utf16())
            .flat_map(u16::to_le_bytes)
            .collect();
        assert_eq!(plain(&bytes), "a b <c>");
        assert_eq!(plain(b"\xef\xbb\xbfx\xff"), "x\u{fffd}");
    }
}
