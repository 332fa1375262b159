//! JSON that stands in other text, and JSON that was cut off.

use serde_json::Value;

use super::plain::Line;

/// A JSON document as far as it is there.
pub struct Document {
    pub value: Value,
    /// Lines that it takes.
    pub lines: usize,
    /// Whether its end was missing.
    pub cut: bool,
}

/// The object that begins with the first of `lines`; `None` when that is no JSON. Every line is looked at once. `Err` says
/// how many lines to pass over.
pub fn document(lines: &[Line<'_>]) -> Result<Document, usize> {
    let first = lines.first().and_then(|line| line.text.trim_start().strip_prefix('{')).ok_or(1usize)?;
    if !matches!(first.trim_start().as_bytes(), [] | [b'"' | b'}', ..]) {
        return Err(1);
    }
    let mut scan = Scan::default();
    let mut used = 0;
    for line in lines {
        if line.fence && used > 0 {
            break;
        }
        used += 1;
        if !scan.line(line.text) {
            break;
        }
    }
    let cut = !scan.closed;
    let value = serde_json::from_str(&scan.finish()).map_err(|_| used)?;
    Ok(Document { value, lines: used, cut })
}

/// Deeper than any report, and within what the reader of JSON takes.
const DEEPEST: usize = 100;

/// Where a scan through a document stands. `text` is cut back to `safe` when the end is missing; no bracket stands behind
/// `safe`, so that `open` always fits it.
#[derive(Default)]
struct Scan {
    text: String,
    open: Vec<char>,
    safe: usize,
    in_string: bool,
    escaped: bool,
    closed: bool,
}

impl Scan {
    /// Whether the document goes on after this line.
    fn line(&mut self, line: &str) -> bool {
        for c in line.chars() {
            if !self.take(c) {
                return false;
            }
        }
        // A line that was broken by mail: within a text nothing is lost, elsewhere a space does no harm.
        if !self.in_string {
            self.text.push(' ');
        }
        true
    }

    fn take(&mut self, c: char) -> bool {
        if self.in_string {
            self.text.push(c);
            match c {
                _ if self.escaped => self.escaped = false,
                '\\' => self.escaped = true,
                '"' => self.in_string = false,
                _ => {}
            }
            return true;
        }
        match c {
            '{' | '[' if self.open.len() < DEEPEST => {
                self.open.push(if c == '{' { '}' } else { ']' });
                self.text.push(c);
                self.safe = self.text.len();
            }
            '}' | ']' if self.open.last() == Some(&c) => {
                self.open.pop();
                self.text.push(c);
                self.safe = self.text.len();
                self.closed = self.open.is_empty();
                return !self.closed;
            }
            ',' => {
                self.safe = self.text.len();
                self.text.push(c);
            }
            '"' => {
                self.in_string = true;
                self.text.push(c);
            }
            // Numbers, `true`, `false`, `null`: any other letter is a sentence's.
            ':' | '-' | '+' | '.' | '0'..='9' | ' ' | '\t' | 'E' => self.text.push(c),
            't' | 'r' | 'u' | 'e' | 'f' | 'a' | 'l' | 's' | 'n' => self.text.push(c),
            _ => return false,
        }
        true
    }

    fn finish(mut self) -> String {
        if !self.closed {
            self.text.truncate(self.safe);
            self.text.extend(self.open.iter().rev());
        }
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::super::plain::lines;
    use super::*;

    fn read(text: &str) -> Option<String> {
        document(&lines(text)).ok().map(|found| found.value.to_string())
    }

    #[test]
    fn what_was_cut_off_is_closed_behind_the_last_whole_value() {
        for (text, expected) in [
            (r#"{"a":[1,2,{"b":"x","c":"hal"#, r#"{"a":[1,2,{"b":"x"}]}"#),
            (r#"{"a":1,"b""#, r#"{"a":1}"#),
            (r#"{"a":[[],"#, r#"{"a":[[]]}"#),
            ("{", "{}"),
            (r#"{"a":"x}]\"y","b":"#, r#"{"a":"x}]\"y"}"#),
        ] {
            assert_eq!(read(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn the_document_ends_where_it_ends() {
        let text = lines("{\"a\":\n1}\nProcess: x\n");
        let found = document(&text).ok().unwrap();
        assert_eq!((found.lines, found.cut), (2, false));
        assert_eq!(read("{\"a\":1,\n```\n\"b\":2}").as_deref(), Some("{\"a\":1}"));
        assert_eq!(read("{ this is a sentence"), None);
        let text = lines("{\n\"a\": 1,\nProcess: x [1]\nPath: /x\n");
        assert!(document(&text).is_ok_and(|found| found.lines == 3 && found.cut));
    }

    #[test]
    fn a_line_broken_inside_a_text_is_one_text() {
        assert_eq!(read("{\"a\":\"/usr/\nlib\"}").as_deref(), Some("{\"a\":\"/usr/lib\"}"));
    }

    #[test]
    fn a_thousand_brackets_are_no_danger() {
        assert_eq!(read(&"[{\"a\":".repeat(1000)), None);
        assert!(read(&format!("{{\"a\":{}", "[".repeat(1000))).is_some());
    }
}
