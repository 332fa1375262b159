//! Colours, as CSS writes them.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

/// A colour, written as CSS writes it: `#rrggbb`, `#rgb`, `rgb(r, g, b)` or one of the sixteen basic names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Color {
    pub red: u8,
    pub green: u8,
    pub blue: u8,
}

/// WCAG 2.2, "relative luminance": each shade of a part as the light it stands for.
static LIGHT: LazyLock<[f32; 256]> = LazyLock::new(|| {
    std::array::from_fn(|shade| {
        let part = shade as f32 / 255.0;
        if part <= 0.04045 { part / 12.92 } else { libm::powf((part + 0.055) / 1.055, 2.4) }
    })
});

impl Color {
    /// `0xRRGGBB`.
    pub const fn hex(number: u32) -> Color {
        let [_, red, green, blue] = number.to_be_bytes();
        Color { red, green, blue }
    }

    pub fn parts(self) -> [u8; 3] {
        [self.red, self.green, self.blue]
    }

    /// The light of each part, 0 to 1.
    pub(super) fn light(self) -> [f32; 3] {
        self.parts().map(|part| LIGHT[usize::from(part)])
    }

    /// The colour nearest to this light.
    pub(super) fn from_light(light: [f32; 3]) -> Color {
        let [red, green, blue] = light.map(|part| {
            let above = LIGHT.partition_point(|shade| *shade < part).min(255);
            let below = above.saturating_sub(1);
            if part - LIGHT[below] < LIGHT[above] - part { below as u8 } else { above as u8 }
        });
        Color { red, green, blue }
    }

    /// Relative luminance after WCAG 2.2: 0 for black, 1 for white.
    pub fn luminance(self) -> f32 {
        let [red, green, blue] = self.light();
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    /// Contrast ratio after WCAG 2.2, 1 to 21; text needs 4.5.
    pub fn contrast(self, other: Color) -> f32 {
        let (a, b) = (self.luminance() + 0.05, other.luminance() + 0.05);
        a.max(b) / a.min(b)
    }

    /// The mildest shade of this hue that has `contrast` with this ground; black or white where none has.
    pub(super) fn ink(self, contrast: f32) -> Color {
        let darker = self.luminance() > 0.18;
        let [most, least] = [self.parts().into_iter().max(), self.parts().into_iter().min()]
            .map(|part| f32::from(part.unwrap_or(0)));
        let share =
            |part: u8| if most - least < 5.0 { 0.5 } else { (f32::from(part) - least) / (most - least) };
        let vivid = if most - least < 5.0 {
            0.0
        } else if darker {
            0.52
        } else {
            0.3
        };
        let shade = |lightness: u8| {
            let lightness = f32::from(lightness);
            let reach = vivid * lightness.min(255.0 - lightness);
            let [red, green, blue] =
                self.parts().map(|part| (lightness - reach + 2.0 * reach * share(part)).round() as u8);
            Color { red, green, blue }
        };
        let enough = |ink: &Color| ink.contrast(self) >= contrast;
        let mut darkening = (0..=170_u8).rev().map(shade);
        let mut lightening = (80..=255_u8).map(shade);
        if darker {
            darkening.find(enough).unwrap_or(Color::hex(0))
        } else {
            lightening.find(enough).unwrap_or(Color::hex(0xFF_FFFF))
        }
    }
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
    if let Some((_, number)) = NAMED.iter().find(|(name, _)| *name == text) {
        return Some(Color::hex(*number));
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
    u32::from_str_radix(&doubled, 16).ok().map(Color::hex)
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

    #[test]
    fn contrast_is_that_of_wcag() {
        let [black, white] = [Color::hex(0), Color::hex(0xFF_FFFF)];
        assert!((black.contrast(white) - 21.0).abs() < 1e-4);
        // The grey that WCAG's own techniques name as the lightest for text on white.
        let ratio = Color::hex(0x76_7676).contrast(white);
        assert!((4.54..4.55).contains(&ratio), "{ratio}");
    }

    #[test]
    fn every_shade_survives_its_light() {
        for shade in 0..=255 {
            let color = Color { red: shade, green: 255 - shade, blue: shade / 2 };
            assert_eq!(Color::from_light(color.light()), color);
        }
    }

    #[test]
    fn ink_stands_out_from_every_ground_and_keeps_its_hue() {
        for number in (0..0x100_0000).step_by(0x01_1357) {
            let ground = Color::hex(number);
            assert!(ground.ink(4.5).contrast(ground) >= 4.5, "{ground}");
        }
        let ink = Color::hex(0xE0_F0F4).ink(7.0);
        assert!(ink.red < ink.green && ink.green < ink.blue, "{ink}");
    }
}
