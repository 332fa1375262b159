//! Info.plist, XML or binary.

use plist::Value;

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

impl InfoPlist {
    /// The text of a top-level key.
    pub fn string(&self, key: &str) -> Option<&str> {
        self.value.as_dictionary()?.get(key)?.as_string()
    }
}
