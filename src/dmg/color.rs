//! Colours, as CSS writes them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A colour, written as CSS writes it: `#rrggbb`, `#rgb`, `rgb(r, g, b)` or one of the sixteen basic names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Color {
    pub red: u8,
    pub green: u8,
    pub blue: u8,
}

/// CSS Color Module Level 4, "Named Colors", those of HTML 4.
const NAMED: [(&str, u32); 16] = [
    ("aqua", 0x00FFFF),
    ("black", 0x000000),
    ("blue", 0x0000FF),
    ("fuchsia", 0xFF00FF),
    ("gray", 0x808080),
    ("green", 0x008000),
    ("lime", 0x00FF00),
    ("maroon", 0x800000),
    ("navy", 0x000080),
    ("olive", 0x808000),
    ("purple", 0x800080),
    ("red", 0xFF0000),
    ("silver", 0xC0C0C0),
    ("teal", 0x008080),
    ("white", 0xFFFFFF),
    ("yellow", 0xFFFF00),
];

impl FromStr for Color {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        parse_color(text.trim()).ok_or_else(|| {
            format!("\"{text}\" is not a colour; write it as #rrggbb, rgb(r, g, b) or a basic name")
        })
    }
}

fn parse_color(text: &str) -> Option<Color> {
    let text = text.to_ascii_lowercase();
    let from_number = |number: u32| {
        let [_, red, green, blue] = number.to_be_bytes();
        Color { red, green, blue }
    };
    if let Some((_, number)) = NAMED.iter().find(|(name, _)| *name == text) {
        return Some(from_number(*number));
    }
    if let Some(parts) = text.strip_prefix("rgb(").and_then(|rest| rest.strip_suffix(')')) {
        let parts: Option<Vec<u8>> = parts.split(',').map(|part| part.trim().parse().ok()).collect();
        return match parts?[..] {
            [red, green, blue] => Some(Color { red, green, blue }),
            _ => None,
        };
    }
    let digits =
        text.strip_prefix('#').filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    let doubled: String = match digits.len() {
        3 => digits.chars().flat_map(|digit| [digit, digit]).collect(),
        6 => digits.to_owned(),
        _ => return None,
    };
    u32::from_str_radix(&doubled, 16).ok().map(from_number)
}

impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.red, self.green, self.blue)
    }
}

impl TryFrom<String> for Color {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Color> for String {
    fn from(color: Color) -> String {
        color.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_read_as_css_writes_them() {
        let color = |text: &str| text.parse::<Color>().map(|color| color.to_string());
        assert_eq!(color("#AbC").unwrap(), "#aabbcc");
        assert_eq!(color("White").unwrap(), "#ffffff");
        assert_eq!(color("rgb(1,2,3)").unwrap(), "#010203");
        for bad in ["#12345", "rgb(1,2)", "rgb(256,0,0)", "bluish", "#é1"] {
            assert!(color(bad).unwrap_err().contains("is not a colour"), "{bad}");
        }
    }
}
