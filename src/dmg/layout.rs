//! How the window of the disk image looks: the designer edits it, `--layout` reads it, `.DS_Store` carries it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::background::drawing::{Base, Caption, Drawing};
use super::color::Color;
use super::template::Template;
use crate::failure::Failure;

/// Everything about the window. Lengths are in points.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DmgLayout {
    pub window: Window,
    /// 16 to 512.
    pub icon_size: u32,
    /// 10 to 16.
    pub text_size: u32,
    /// Centre of each icon by the name of its file, from the top left of the window's content.
    pub positions: BTreeMap<String, (i32, i32)>,
    pub background: Background,
}

/// Place on the screen, from its bottom left, and size with the title bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Window {
    pub x: i32,
    pub y: i32,
    pub width: u32,
    pub height: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields, from = "Saved")]
pub enum Background {
    #[default]
    None,
    /// The Finder paints it itself.
    Color { color: Color },
    /// A picture drawn here.
    Drawn(Box<Drawing>),
    /// A picture of the user's, and its twin of twice the size for Retina screens.
    Picture {
        picture: PathBuf,
        #[serde(skip_serializing_if = "Option::is_none")]
        retina: Option<PathBuf>,
    },
}

/// What layouts on disk may say: a [`Background`], or the arrow of version 0.1.
#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
enum Saved {
    None,
    Color { color: Color },
    Arrow { from: String, to: String },
    Drawn(Drawing),
    Picture { picture: PathBuf, retina: Option<PathBuf> },
}

impl From<Saved> for Background {
    fn from(saved: Saved) -> Background {
        match saved {
            Saved::None => Background::None,
            Saved::Color { color } => Background::Color { color },
            Saved::Arrow { from, to } => Drawing::with_arrow(&from, &to).into(),
            Saved::Drawn(drawing) => drawing.into(),
            Saved::Picture { picture, retina } => Background::Picture { picture, retina },
        }
    }
}

impl From<Drawing> for Background {
    fn from(drawing: Drawing) -> Background {
        Background::Drawn(Box::new(drawing))
    }
}

impl Background {
    /// The pictures it is made from.
    fn files(&mut self) -> Option<(&mut PathBuf, &mut Option<PathBuf>)> {
        match self {
            Background::Picture { picture, retina } => Some((picture, retina)),
            Background::Drawn(drawing) => match &mut drawing.base {
                Base::Picture { picture, retina } => Some((picture, retina)),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether a picture stands in the volume for it.
    pub fn has_picture(&self) -> bool {
        matches!(self, Background::Drawn(_) | Background::Picture { .. })
    }
}

impl Default for Window {
    fn default() -> Self {
        Window { x: 200, y: 160, width: 640, height: 400 }
    }
}

impl Default for DmgLayout {
    fn default() -> Self {
        DmgLayout {
            window: Window::default(),
            icon_size: 128,
            text_size: 13,
            positions: BTreeMap::new(),
            background: Background::None,
        }
    }
}

impl DmgLayout {
    /// [`Template::Classic`]: the app on the left, `Applications` on the right, an arrow between them.
    pub fn standard(app_name: &str) -> DmgLayout {
        Template::Classic.layout(app_name, "")
    }

    /// A layout saved as JSON. Pictures are looked for beside the file `path`.
    ///
    /// # Errors
    /// A [`Failure`] naming `path` with the line at fault.
    pub fn from_json(json: &str, path: &Path) -> Result<DmgLayout, Failure> {
        let mut layout: DmgLayout = serde_json::from_str(json)
            .map_err(|error| Failure::new(path, format!("is not a layout: {error}"), "correct that line"))?;
        if let Some((picture, retina)) = layout.background.files() {
            let folder = path.parent().unwrap_or(Path::new(""));
            for picture in std::iter::once(picture).chain(retina) {
                *picture = folder.join(&*picture);
            }
        }
        layout.check()?;
        Ok(layout)
    }

    pub fn to_json(&self) -> String {
        // Cannot fail: every key is text.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// # Errors
    /// A [`Failure`] naming the number that the Finder would not take.
    pub fn check(&self) -> Result<(), Failure> {
        let limits = [
            ("window width", self.window.width, 100..=4_000),
            ("window height", self.window.height, 100..=4_000),
            ("icon size", self.icon_size, 16..=512),
            ("text size", self.text_size, 10..=16),
        ];
        let captions = match &self.background {
            Background::Drawn(drawing) => [&drawing.title, &drawing.subtitle],
            _ => [&None, &None],
        };
        let captions = ["title size", "subtitle size"].into_iter().zip(captions);
        let captions =
            captions.filter_map(|(name, caption)| Some((name, caption.as_ref()?.size?, Caption::SIZES)));
        for (name, value, range) in limits.into_iter().chain(captions) {
            if !range.contains(&value) {
                let next = format!("choose {} to {}", range.start(), range.end());
                return Err(Failure::new("the layout", format!("has a {name} of {value}"), next));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn backgrounds_of_version_0_1_are_still_read() {
        let parse = |json: &str| DmgLayout::from_json(json, Path::new("/x/l.json")).unwrap().background;
        let arrow = parse(r#"{"background": {"kind": "arrow", "from": "A.app", "to": "Applications"}}"#);
        assert_eq!(arrow, Drawing::with_arrow("A.app", "Applications").into());
        let color = parse(r##"{"background": {"kind": "color", "color": "#fff"}}"##);
        assert_eq!(color, Background::Color { color: Color::hex(0xFF_FFFF) });
    }

    #[test]
    fn a_layout_survives_json_and_bad_json_is_explained() {
        let mut layout = DmgLayout::standard("Foo.app");
        assert_eq!(DmgLayout::from_json(&layout.to_json(), Path::new("l.json")).unwrap(), layout);
        layout.background = Background::Color { color: "navy".parse().unwrap() };
        assert!(layout.to_json().contains("#000080"));
        let parse = |json: &str| DmgLayout::from_json(json, Path::new("/x/l.json"));
        assert!(
            parse(r#"{"icon_size": "big"}"#).unwrap_err().to_string().contains("/x/l.json: is not a layout")
        );
        assert!(parse(r#"{"icons": 3}"#).unwrap_err().to_string().contains("unknown field"));
        assert!(parse(r#"{"icon_size": 900}"#).unwrap_err().to_string().contains("choose 16 to 512"));
        let picture =
            parse(r#"{"background": {"kind": "picture", "picture": "bg.png"}}"#).unwrap().background;
        assert_eq!(picture, Background::Picture { picture: "/x/bg.png".into(), retina: None });
    }
}
