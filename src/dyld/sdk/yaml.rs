//! The part of YAML that `.tbd` files are written in: documents, block maps and lists, flow lists, quoted and plain
//! texts, comments. Anything else is refused with the line.

use std::borrow::Cow;

/// A value of one document. Texts borrow from the file where nothing was escaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value<'a> {
    /// A key with nothing behind it.
    Nothing,
    Text(Cow<'a, str>),
    List(Vec<Value<'a>>),
    Map(Vec<(Cow<'a, str>, Value<'a>)>),
}

/// One document and the tag behind its `---` (`!tapi-tbd-v3`), empty when there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Document<'a> {
    pub tag: &'a str,
    pub value: Value<'a>,
}

/// Real files nest three deep.
const MAX_DEPTH: usize = 12;

/// Reads every document of `text`.
///
/// # Errors
/// A clause with the line number, when something is not of this part of YAML.
pub(super) fn read(text: &str) -> Result<Vec<Document<'_>>, String> {
    let mut reader = Reader { text, at: 0 };
    let mut documents = Vec::new();
    loop {
        reader.skip_blank();
        if reader.rest().is_empty() {
            return Ok(documents);
        }
        if reader.is_marker("...") {
            reader.end_of_line();
            continue;
        }
        let mut tag = "";
        if reader.is_marker("---") {
            reader.at += 3;
            tag = reader.end_of_line().trim();
        }
        reader.skip_blank();
        let value = if reader.at_end() { Value::Nothing } else { reader.block(0)? };
        reader.skip_blank();
        if !reader.at_end() {
            return Err(reader.fault("is indented in a way that this part of YAML does not have"));
        }
        documents.push(Document { tag, value });
    }
}

struct Reader<'a> {
    text: &'a str,
    /// Always at a character's first byte.
    at: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn fault(&self, what: &str) -> String {
        let before = self.text.get(..self.at).unwrap_or(self.text);
        format!("line {} {what}", before.bytes().filter(|byte| *byte == b'\n').count() + 1)
    }

    /// Bytes from the start of the line.
    fn column(&self) -> usize {
        let before = self.text.get(..self.at).unwrap_or("");
        before.len() - before.rfind('\n').map_or(0, |line| line + 1)
    }

    fn is_marker(&self, marker: &str) -> bool {
        let ends = |rest: &str| rest.is_empty() || rest.starts_with(char::is_whitespace);
        self.rest().strip_prefix(marker).is_some_and(ends) && self.column() == 0
    }

    /// The end of the file or of a document.
    fn at_end(&self) -> bool {
        self.rest().is_empty() || self.is_marker("---") || self.is_marker("...")
    }

    fn skip_spaces(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\r']).len();
    }

    /// Goes to the next thing that is neither blank nor comment, over lines.
    fn skip_blank(&mut self) {
        loop {
            let rest = self.rest();
            self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
            if !self.rest().starts_with('#') {
                return;
            }
            self.end_of_line();
        }
    }

    /// What is left of the line without its comment; goes behind its end.
    fn end_of_line(&mut self) -> &'a str {
        let rest = self.rest();
        let line = rest.split('\n').next().unwrap_or("");
        self.at += (line.len() + 1).min(rest.len());
        let comment = if line.starts_with('#') { Some(0) } else { line.find(" #") };
        comment.and_then(|at| line.get(..at)).unwrap_or(line).trim_end()
    }

    /// Whether nothing but a comment is left of the line.
    fn line_is_done(&mut self) -> bool {
        self.skip_spaces();
        self.rest().is_empty() || self.rest().starts_with(['\n', '#'])
    }

    fn starts_item(&self) -> bool {
        self.rest()
            .strip_prefix('-')
            .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\n', '\r']))
    }

    /// The length of the key that begins here, when a key does.
    fn key_length(&self) -> Option<usize> {
        let line = self.rest().split('\n').next().unwrap_or("");
        if line.starts_with(['[', '{', '\'', '"', '#', '&', '*', '!', '|', '>', '?']) {
            return None;
        }
        line.match_indices(':').map(|(at, _)| at).find(|at| {
            line.get(at + 1..).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r']))
        })
    }

    /// A value that may go over several lines, from here on.
    fn block(&mut self, depth: usize) -> Result<Value<'a>, String> {
        if depth > MAX_DEPTH {
            return Err(self.fault("is nested too deep"));
        }
        if self.starts_item() {
            self.block_list(depth)
        } else if self.key_length().is_some() {
            self.block_map(depth)
        } else {
            self.inline(depth)
        }
    }

    fn block_list(&mut self, depth: usize) -> Result<Value<'a>, String> {
        let column = self.column();
        let mut items = Vec::new();
        while !self.at_end() && self.column() == column && self.starts_item() {
            self.at += 1;
            if self.line_is_done() {
                self.skip_blank();
                let inside = !self.at_end() && self.column() > column;
                items.push(if inside { self.block(depth + 1)? } else { Value::Nothing });
            } else {
                items.push(self.block(depth + 1)?);
            }
            self.skip_blank();
        }
        Ok(Value::List(items))
    }

    fn block_map(&mut self, depth: usize) -> Result<Value<'a>, String> {
        let column = self.column();
        let mut entries = Vec::new();
        while !self.at_end() && self.column() == column && !self.starts_item() {
            let Some(length) = self.key_length() else { return Err(self.fault("has no key")) };
            let key = self.rest().get(..length).unwrap_or("").trim_end();
            self.at += length + 1;
            let value =
                if self.line_is_done() { self.below(column, depth)? } else { self.inline(depth + 1)? };
            entries.push((Cow::Borrowed(key), value));
            self.skip_blank();
        }
        Ok(Value::Map(entries))
    }

    /// The value of a key on the lines after it. A list may stand as far left as the key itself.
    fn below(&mut self, column: usize, depth: usize) -> Result<Value<'a>, String> {
        self.skip_blank();
        let inside = self.column() > column || self.column() == column && self.starts_item();
        if self.at_end() || !inside { Ok(Value::Nothing) } else { self.block(depth + 1) }
    }

    /// A flow list, or a text that ends with its line.
    fn inline(&mut self, depth: usize) -> Result<Value<'a>, String> {
        let value = match self.rest().bytes().next() {
            Some(b'[') => self.flow_list(depth)?,
            Some(b'\'' | b'"') => Value::Text(self.quoted()?),
            Some(b'{' | b'&' | b'*' | b'|' | b'>' | b'!' | b'%' | b'@' | b'`') | None => {
                return Err(self.fault("uses a part of YAML that .tbd files do not"));
            }
            Some(_) => return Ok(Value::Text(Cow::Borrowed(self.end_of_line()))),
        };
        if self.line_is_done() { Ok(value) } else { Err(self.fault("goes on behind a value")) }
    }

    fn flow_list(&mut self, depth: usize) -> Result<Value<'a>, String> {
        if depth > MAX_DEPTH {
            return Err(self.fault("is nested too deep"));
        }
        self.at += 1;
        let mut items = Vec::new();
        loop {
            self.skip_blank();
            match self.rest().bytes().next() {
                None => return Err(self.fault("ends inside a list")),
                Some(b']') => {
                    self.at += 1;
                    return Ok(Value::List(items));
                }
                Some(b'[') => items.push(self.flow_list(depth + 1)?),
                Some(b'\'' | b'"') => items.push(Value::Text(self.quoted()?)),
                Some(b'{' | b'}' | b',') => {
                    return Err(self.fault("uses a part of YAML that .tbd files do not"));
                }
                Some(_) => items.push(Value::Text(Cow::Borrowed(self.plain_in_list()))),
            }
            self.skip_blank();
            match self.rest().bytes().next() {
                Some(b',') => self.at += 1,
                Some(b']') => {}
                _ => return Err(self.fault("lacks a comma in a list")),
            }
        }
    }

    fn plain_in_list(&mut self) -> &'a str {
        let rest = self.rest();
        let length = rest.find([',', ']', '[', '\n']).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or("").trim_end()
    }

    fn quoted(&mut self) -> Result<Cow<'a, str>, String> {
        let rest = self.rest();
        let quote = if rest.starts_with('"') { '"' } else { '\'' };
        let Some(inside) = rest.get(1..) else { return Err(self.fault("ends inside quotes")) };
        let plain = inside.find([quote, '\\', '\n']).unwrap_or(inside.len());
        let simple = inside.get(plain..).and_then(|tail| tail.strip_prefix(quote));
        if let (Some(tail), Some(text)) = (simple, inside.get(..plain))
            && !(quote == '\'' && tail.starts_with('\''))
        {
            self.at += plain + 2;
            return Ok(Cow::Borrowed(text));
        }
        self.escaped(quote, inside)
    }

    /// `''` in single quotes, `\` and one of a few letters in double quotes.
    fn escaped(&mut self, quote: char, inside: &'a str) -> Result<Cow<'a, str>, String> {
        let mut text = String::new();
        let mut chars = inside.char_indices().peekable();
        while let Some((at, character)) = chars.next() {
            match character {
                '\n' => break,
                _ if character == quote => {
                    if quote == '\'' && chars.next_if(|(_, next)| *next == '\'').is_some() {
                        text.push('\'');
                        continue;
                    }
                    self.at += at + 2;
                    return Ok(Cow::Owned(text));
                }
                '\\' if quote == '"' => match chars.next() {
                    Some((_, plain @ ('"' | '\\' | '/'))) => text.push(plain),
                    Some((_, 't')) => text.push('\t'),
                    Some((_, '0')) => text.push('\0'),
                    Some((at, 'x')) => {
                        let digits = inside.get(at + 1..at + 3);
                        let code = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
                        text.push(code.map(char::from).ok_or_else(|| self.fault("has a broken escape"))?);
                        chars.nth(1);
                    }
                    _ => return Err(self.fault("has an escape that .tbd files do not use")),
                },
                _ => text.push(character),
            }
        }
        Err(self.fault("ends inside quotes"))
    }
}

impl<'a> Value<'a> {
    /// What a map has under `key`.
    pub fn get(&self, key: &str) -> Option<&Value<'a>> {
        match self {
            Value::Map(entries) => entries.iter().find(|(known, _)| known == key).map(|(_, value)| value),
            _ => None,
        }
    }

    pub fn text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The items of a list; a single text counts as a list of one.
    pub fn items(&self) -> &[Value<'a>] {
        match self {
            Value::List(items) => items,
            Value::Text(_) => std::slice::from_ref(self),
            Value::Nothing | Value::Map(_) => &[],
        }
    }

    /// The texts under `key`.
    pub fn texts<'v>(&'v self, key: &str) -> impl Iterator<Item = &'v str> + use<'v, 'a> {
        self.get(key).map_or(&[] as &[Value<'a>], Value::items).iter().filter_map(Value::text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Value<'_> {
        let mut documents = read(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(documents.len(), 1);
        documents.remove(0).value
    }

    #[test]
    fn both_kinds_of_lists_say_the_same() {
        let flow = one("a: [ x, 'y',\n     \"z\" ] # three\n");
        assert_eq!(flow, one("a:\n  - x\n  - 'y'\n  - z\n"));
        assert_eq!(flow, one("a:\n- x\n- y # two\n\n- z"));
        assert_eq!(flow.texts("a").collect::<Vec<_>>(), ["x", "y", "z"]);
    }

    #[test]
    fn maps_stand_in_lists_of_maps() {
        let value = one(
            "exports:\n  - targets: [ a ]\n    symbols:\n      [ _x ]\n  -\n    targets: [ b ]\nlast: end\n",
        );
        let exports = value.get("exports").map(Value::items).unwrap_or_default();
        let targets: Vec<_> = exports.iter().flat_map(|one| one.texts("targets")).collect();
        assert_eq!(targets, ["a", "b"]);
        assert_eq!(exports[0].texts("symbols").collect::<Vec<_>>(), ["_x"]);
        assert_eq!(value.get("last").and_then(Value::text), Some("end"));
    }

    #[test]
    fn quotes_keep_what_would_mean_something() {
        let value = one(r#"a: [ '$ld$x: [y], #z', 'it''s', "t\"\x41\\" ]"#);
        assert_eq!(value.texts("a").collect::<Vec<_>>(), ["$ld$x: [y], #z", "it's", "t\"A\\"]);
    }

    #[test]
    fn documents_have_tags_and_ends() {
        let documents = read("--- !tapi-tbd-v3\na: b\n--- !tapi-tbd\nc: d\n...\n").expect("two documents");
        assert_eq!(documents.iter().map(|one| one.tag).collect::<Vec<_>>(), ["!tapi-tbd-v3", "!tapi-tbd"]);
        assert_eq!(documents[1].value.get("c").and_then(Value::text), Some("d"));
        assert_eq!(read("# nothing\n\n"), Ok(Vec::new()));
    }

    #[test]
    fn what_is_not_understood_is_refused_with_its_line() {
        for (text, line) in [
            ("a: {b: c}\n", 1),
            ("a: &x b\n", 1),
            ("a: [ b\n", 2),
            ("a: 'b\n", 1),
            ("a: b\n  c: d\n", 2),
            ("a: [ 'b' 'c' ]", 1),
            ("a: b\nc\n", 2),
            ("a: 'b' c\n", 1),
        ] {
            let error = read(text).expect_err(text);
            assert!(error.starts_with(&format!("line {line} ")), "{text}: {error}");
        }
        let deep = format!("a: {}", "[".repeat(1000));
        assert!(read(&deep).expect_err("deep").contains("nested too deep"));
        assert!(read(&"- ".repeat(1000)).expect_err("deep").contains("nested too deep"));
    }
}
