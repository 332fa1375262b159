//! What a drawn background is made of: a ground, and on it, each if wanted, waves, an arrow, words and plates under the labels.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::dmg::color::Color;
use crate::dmg::layout::Background;

/// A background drawn here. Lengths are in points, places are from the top left of the window's content.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Drawing {
    pub base: Base,
    /// Two low waves at the foot, in this colour.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waves: Option<Color>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arrow: Option<Arrow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<Caption>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subtitle: Option<Caption>,
    /// Plates under the names of the items, on which black and white are equally readable.
    pub label_plates: bool,
}

/// What the whole window is filled with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Base {
    Solid {
        color: Color,
    },
    Gradient {
        from: Color,
        to: Color,
        /// Where to, in degrees as CSS counts them: 0 is up, 90 to the right, 180 down.
        #[serde(default = "down")]
        angle: i32,
    },
    /// A picture of the user's, and its twin of twice the size.
    Picture {
        picture: PathBuf,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retina: Option<PathBuf>,
    },
}

/// From one item to another, by the names of their files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arrow {
    pub from: String,
    pub to: String,
    #[serde(default)]
    pub style: ArrowStyle,
    /// Without one, a colour that stands out from the ground.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub color: Option<Color>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ArrowStyle {
    #[default]
    Line,
    Curve,
    Chevrons,
}

/// A line of text around its middle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Caption {
    pub text: String,
    /// Its middle; without one, it is centred above the icons.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<(i32, i32)>,
    /// 8 to 200; without one, that of a title or a subtitle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u32>,
    /// Without one, a colour that stands out from the ground.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub color: Option<Color>,
}

fn down() -> i32 {
    180
}

impl Default for Base {
    /// Light enough for the Finder's black labels: 18:1 at the top, 15:1 at the bottom.
    fn default() -> Self {
        Base::Gradient { from: Color::hex(0xF1_F7F8), to: Color::hex(0xD3_E4E9), angle: down() }
    }
}

impl Arrow {
    pub fn between(from: &str, to: &str) -> Arrow {
        Arrow { from: from.to_owned(), to: to.to_owned(), style: ArrowStyle::default(), color: None }
    }
}

impl ArrowStyle {
    pub const ALL: [ArrowStyle; 3] = [ArrowStyle::Line, ArrowStyle::Curve, ArrowStyle::Chevrons];

    pub fn name(self) -> &'static str {
        match self {
            ArrowStyle::Line => "line",
            ArrowStyle::Curve => "curve",
            ArrowStyle::Chevrons => "chevrons",
        }
    }
}

impl Caption {
    pub const SIZES: std::ops::RangeInclusive<u32> = 8..=200;

    pub fn new(text: &str) -> Caption {
        Caption { text: text.to_owned(), at: None, size: None, color: None }
    }
}

impl Drawing {
    /// The plain ground with an arrow: what a layout without wishes has.
    pub fn with_arrow(from: &str, to: &str) -> Drawing {
        Drawing { arrow: Some(Arrow::between(from, to)), ..Drawing::default() }
    }

    /// The same background as one that more can be drawn on; the Finder's own white counts as white.
    pub fn over(background: &Background) -> Drawing {
        let base = match background {
            Background::Drawn(drawing) => return (**drawing).clone(),
            Background::None => Base::Solid { color: Color::hex(0xFF_FFFF) },
            Background::Color { color } => Base::Solid { color: *color },
            Background::Picture { picture, retina } => {
                Base::Picture { picture: picture.clone(), retina: retina.clone() }
            }
        };
        Drawing { base, ..Drawing::default() }
    }
}
