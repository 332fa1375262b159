//! Info.plist, XML or binary.

use std::io::Cursor;

use plist::Value;
use plist::stream::{Event, Reader};

/// A property list and how it is written.
#[derive(Debug, Clone, PartialEq)]
pub struct InfoPlist {
    pub format: PlistFormat,
    pub value: Value,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlistFormat {
    Xml,
    Binary,
}

/// Collections within collections; Apple's own plists stay below ten.
const MAX_DEPTH: usize = 256;
/// Values, counted as often as they are referred to: a small binary plist can spell out 2⁶⁰ of them.
const MAX_VALUES: usize = 1_000_000;
/// Bytes of all strings and data, counted likewise.
const MAX_BYTES: usize = 64 << 20;

impl InfoPlist {
    /// Reads either format; the dictionary's depth and size are bounded before it is built.
    ///
    /// # Errors
    /// Why it cannot be read, as a clause for "Info.plist …".
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        let format = if bytes.starts_with(b"bplist") { PlistFormat::Binary } else { PlistFormat::Xml };
        let mut bounded = Bounded::new(Reader::new(Cursor::new(bytes)));
        let value = Value::from_events(&mut bounded);
        if let Some(limit) = bounded.exceeded {
            return Err(limit.to_owned());
        }
        match value {
            Ok(value @ Value::Dictionary(_)) => Ok(InfoPlist { format, value }),
            Ok(_) => Err("holds no dictionary".to_owned()),
            Err(error) => Err(format!("is not a valid property list{}", place(&error))),
        }
    }

    /// Sets a top-level key to a text, at its place or else at the end.
    pub fn set(&mut self, key: &str, text: &str) {
        if let Some(values) = self.value.as_dictionary_mut() {
            values.insert(key.to_owned(), Value::String(text.to_owned()));
        }
    }

    /// The file, in the format that it was read from.
    ///
    /// # Errors
    /// Why it cannot be written, as a clause.
    pub fn to_bytes(&self) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        let written = match self.format {
            PlistFormat::Xml => self.value.to_writer_xml(&mut bytes),
            PlistFormat::Binary => self.value.to_writer_binary(&mut bytes),
        };
        written.map_err(|error| format!("cannot be written: {error}"))?;
        if self.format == PlistFormat::Xml {
            bytes.push(b'\n');
        }
        Ok(bytes)
    }

    /// The text of a top-level key.
    pub fn string(&self, key: &str) -> Option<&str> {
        self.value.as_dictionary()?.get(key)?.as_string()
    }
}

/// Where the fault is, " (offset 8)": the reader's names for faults are for programmers.
fn place(error: &plist::Error) -> String {
    let text = error.to_string();
    text.rfind(" (").map(|at| text[at..].to_owned()).unwrap_or_default()
}

/// Passes events on until a limit is exceeded, then ends the stream.
struct Bounded<I> {
    events: I,
    depth: usize,
    values: usize,
    bytes: usize,
    exceeded: Option<&'static str>,
}

impl<I> Bounded<I> {
    fn new(events: I) -> Self {
        Bounded { events, depth: 0, values: 0, bytes: 0, exceeded: None }
    }

    fn count(&mut self, event: &Event<'_>) -> Option<&'static str> {
        self.values += 1;
        match event {
            Event::StartArray(_) | Event::StartDictionary(_) => self.depth += 1,
            Event::EndCollection => self.depth = self.depth.saturating_sub(1),
            Event::String(text) => self.bytes = self.bytes.saturating_add(text.len()),
            Event::Data(data) => self.bytes = self.bytes.saturating_add(data.len()),
            _ => {}
        }
        if self.depth > MAX_DEPTH {
            Some("is nested more than 256 deep")
        } else if self.values > MAX_VALUES {
            Some("holds more than a million values")
        } else if self.bytes > MAX_BYTES {
            Some("holds more than 64 MB of text and data")
        } else {
            None
        }
    }
}

impl<I: Iterator<Item = Result<Event<'static>, plist::Error>>> Iterator for Bounded<I> {
    type Item = Result<Event<'static>, plist::Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.exceeded.is_some() {
            return None;
        }
        let event = self.events.next()?;
        if let Ok(event) = &event {
            self.exceeded = self.count(event);
        }
        if self.exceeded.is_some() { None } else { Some(event) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn xml(body: &str) -> Vec<u8> {
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<plist version=\"1.0\">{body}</plist>")
            .into_bytes()
    }

    #[test]
    fn both_formats_give_the_same_value() {
        let text = xml("<dict><key>CFBundleExecutable</key><string>Foo</string></dict>");
        let from_xml = InfoPlist::read(&text).unwrap();
        let mut binary = Vec::new();
        from_xml.value.to_writer_binary(&mut binary).unwrap();
        let from_binary = InfoPlist::read(&binary).unwrap();
        assert_eq!(from_xml.value, from_binary.value);
        assert_eq!((from_xml.format, from_binary.format), (PlistFormat::Xml, PlistFormat::Binary));
        assert_eq!(from_binary.string("CFBundleExecutable"), Some("Foo"));
    }

    #[test]
    fn ten_thousand_levels_are_refused_in_both_formats() {
        let deep =
            format!("<dict><key>a</key>{}{}</dict>", "<array>".repeat(10_000), "</array>".repeat(10_000));
        assert_eq!(InfoPlist::read(&xml(&deep)).unwrap_err(), "is nested more than 256 deep");
        assert_eq!(InfoPlist::read(&nested_binary(10_000, 1)).unwrap_err(), "is nested more than 256 deep");
    }

    #[test]
    fn a_small_binary_plist_that_unfolds_without_end_is_refused() {
        let why = InfoPlist::read(&nested_binary(60, 2)).unwrap_err();
        assert_eq!(why, "holds more than a million values");
    }

    #[test]
    fn rubbish_is_an_error_and_never_a_panic() {
        for bytes in
            [&b""[..], b"bplist00", b"bplist00\xff\xff\xff\xff", b"<plist>", b"<plist><dict><key>", b"\0\0"]
        {
            assert!(InfoPlist::read(bytes).is_err(), "{bytes:?}");
        }
        assert_eq!(InfoPlist::read(&xml("<array/>")).unwrap_err(), "holds no dictionary");
        assert_eq!(InfoPlist::read(b"").unwrap_err(), "is not a valid property list (offset 0)");
    }

    /// `depth` arrays, each of which holds the next one `times` times; object references of 2 bytes.
    fn nested_binary(depth: u16, times: u8) -> Vec<u8> {
        let mut bytes = b"bplist00".to_vec();
        let mut offsets = Vec::new();
        for level in 0..depth {
            offsets.push(bytes.len() as u32);
            bytes.push(0xa0 | times);
            for _ in 0..times {
                bytes.extend((level + 1).to_be_bytes());
            }
        }
        offsets.push(bytes.len() as u32);
        bytes.push(0xa0);
        let table = bytes.len() as u64;
        bytes.extend(offsets.iter().flat_map(|offset| offset.to_be_bytes()));
        bytes.extend([0, 0, 0, 0, 0, 0, 4, 2]);
        bytes.extend((offsets.len() as u64).to_be_bytes());
        bytes.extend(0u64.to_be_bytes());
        bytes.extend(table.to_be_bytes());
        bytes
    }
}
