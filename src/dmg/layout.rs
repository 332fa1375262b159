//! How the window of the disk image looks: the designer edits it, `--layout` reads it, `.DS_Store` carries it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use plist::{Dictionary, Value as Plist};
use serde::{Deserialize, Serialize};

use super::alias::Alias;
use super::ds_store::{self, Record, Value};
use super::hfsplus::unicode;
use crate::failure::Failure;

/// A property list inside a `.DS_Store` is never larger; hostile ones could nest deep enough to exhaust the stack.
const MAX_PLIST: usize = 16 * 1024;
/// How far below the window the icons of hidden files stand, for those who have them shown.
const PARKED_BELOW: i32 = 200;
/// Files at the top of a volume that no user put there; macOS adds the last two.
pub const HIDDEN: [&str; 5] = [".background", ".DS_Store", ".VolumeIcon.icns", ".fseventsd", ".Trashes"];

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
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Background {
    #[default]
    None,
    Color {
        color: Color,
    },
    /// A picture drawn here: a soft gradient, and an arrow from one item to another.
    Arrow {
        from: String,
        to: String,
    },
    /// A picture of the user's, and its twin of twice the size for Retina screens.
    Picture {
        picture: PathBuf,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retina: Option<PathBuf>,
    },
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
    /// The app on the left, `Applications` on the right, an arrow between them.
    pub fn standard(app_name: &str) -> DmgLayout {
        let positions = [(app_name.to_owned(), (172, 176)), ("Applications".to_owned(), (468, 176))];
        DmgLayout {
            positions: positions.into(),
            background: Background::Arrow { from: app_name.to_owned(), to: "Applications".to_owned() },
            ..DmgLayout::default()
        }
    }

    /// A layout saved as JSON. Pictures are looked for beside the file `path`.
    ///
    /// # Errors
    /// A [`Failure`] naming `path` with the line at fault.
    pub fn from_json(json: &str, path: &Path) -> Result<DmgLayout, Failure> {
        let mut layout: DmgLayout = serde_json::from_str(json)
            .map_err(|error| Failure::new(path, format!("is not a layout: {error}"), "correct that line"))?;
        if let Background::Picture { picture, retina } = &mut layout.background {
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
            ("window width", self.window.width, 100..=10_000),
            ("window height", self.window.height, 100..=10_000),
            ("icon size", self.icon_size, 16..=512),
            ("text size", self.text_size, 10..=16),
        ];
        for (name, value, range) in limits {
            if !range.contains(&value) {
                let next = format!("choose {} to {}", range.start(), range.end());
                return Err(Failure::new("the layout", format!("has a {name} of {value}"), next));
            }
        }
        Ok(())
    }

    /// The `.DS_Store` of the volume; `background` names the picture in it.
    pub(super) fn ds_store(&self, background: Option<&Alias>) -> Result<Vec<u8>, Failure> {
        let window = unicode::to_disk(".");
        let blob = |list: Dictionary| {
            let mut bytes = Vec::new();
            Plist::Dictionary(list).to_writer_binary(&mut bytes).map(|()| Value::Blob(bytes))
        };
        let lists =
            blob(self.window_list()).and_then(|window| Ok((window, blob(self.icon_list(background))?)));
        let (window_list, icon_list) = lists.map_err(|error| {
            Failure::new(".DS_Store", format!("could not be written: {error}"), "try again")
        })?;
        let mut records = vec![
            Record::new(&window, b"bwsp", window_list),
            Record::new(&window, b"icvp", icon_list),
            Record::new(&window, b"icvl", Value::Type(*b"icnv")),
            Record::new(&window, b"vSrn", Value::Long(1)),
        ];
        let parked = HIDDEN.iter().enumerate().map(|(index, name)| {
            let step = self.icon_size as i32 + 32;
            (*name, (100 + index as i32 * step, self.window.height as i32 + PARKED_BELOW))
        });
        let parked = parked.filter(|(name, _)| !self.positions.contains_key(*name));
        let placed = self.positions.iter().map(|(name, place)| (name.as_str(), *place));
        for (name, (x, y)) in placed.chain(parked) {
            records.push(Record::new(&unicode::to_disk(name), b"Iloc", ds_store::icon_location(x, y)));
        }
        ds_store::write(records)
            .ok_or_else(|| Failure::new("the layout", "has a file name longer than a page", "shorten it"))
    }

    fn window_list(&self) -> Dictionary {
        let Window { x, y, width, height } = self.window;
        let mut list = Dictionary::new();
        for hidden in ["ContainerShowSidebar", "PreviewPaneVisibility", "ShowPathbar", "ShowSidebar"] {
            list.insert(hidden.into(), Plist::Boolean(false));
        }
        for hidden in ["ShowStatusBar", "ShowTabView", "ShowToolbar"] {
            list.insert(hidden.into(), Plist::Boolean(false));
        }
        list.insert("SidebarWidth".into(), Plist::Integer(180.into()));
        list.insert("WindowBounds".into(), Plist::String(format!("{{{{{x}, {y}}}, {{{width}, {height}}}}}")));
        list
    }

    fn icon_list(&self, background: Option<&Alias>) -> Dictionary {
        let mut list = Dictionary::new();
        let color = match &self.background {
            Background::Color { color } => *color,
            _ => Color { red: 255, green: 255, blue: 255 },
        };
        let kind = match (&self.background, background) {
            (Background::Color { .. }, _) => 1,
            (_, Some(_)) => 2,
            _ => 0,
        };
        list.insert("arrangeBy".into(), Plist::String("none".into()));
        for (name, part) in [("Blue", color.blue), ("Green", color.green), ("Red", color.red)] {
            list.insert(format!("backgroundColor{name}"), Plist::Real(f64::from(part) / 255.0));
        }
        if let Some(alias) = background {
            list.insert("backgroundImageAlias".into(), Plist::Data(alias.bytes()));
        }
        list.insert("backgroundType".into(), Plist::Integer(kind.into()));
        for (name, number) in [
            ("gridOffsetX", 0.0),
            ("gridOffsetY", 0.0),
            ("gridSpacing", 100.0),
            ("iconSize", f64::from(self.icon_size)),
            ("scrollPositionX", 0.0),
            ("scrollPositionY", 0.0),
            ("textSize", f64::from(self.text_size)),
        ] {
            list.insert(name.into(), Plist::Real(number));
        }
        for (name, shown) in [("labelOnBottom", true), ("showIconPreview", true), ("showItemInfo", false)] {
            list.insert(name.into(), Plist::Boolean(shown));
        }
        list.insert("viewOptionsVersion".into(), Plist::Integer(1.into()));
        list
    }

    /// The layout a `.DS_Store` describes; a picture is named by its place in the volume. `None` when it is damaged.
    pub fn from_ds_store(file: &[u8]) -> Option<DmgLayout> {
        let mut layout = DmgLayout::default();
        for record in ds_store::read(file)? {
            let name = unicode::from_disk(&record.name)?;
            match (&record.code, &record.value) {
                (b"Iloc", value) if !HIDDEN.contains(&name.as_str()) => {
                    layout.positions.insert(name, ds_store::location_of(value)?);
                }
                (b"bwsp", Value::Blob(bytes)) if name == "." => {
                    let list = dictionary(bytes)?;
                    let bounds = list.get("WindowBounds").and_then(Plist::as_string).and_then(window);
                    layout.window = bounds.unwrap_or(layout.window);
                }
                (b"icvp", Value::Blob(bytes)) if name == "." => layout.read_icon_list(&dictionary(bytes)?),
                _ => {}
            }
        }
        Some(layout)
    }

    fn read_icon_list(&mut self, list: &Dictionary) {
        let number = |name: &str| match list.get(name) {
            Some(Plist::Real(number)) => Some(*number),
            Some(Plist::Integer(number)) => number.as_signed().map(|number| number as f64),
            _ => None,
        };
        self.icon_size = number("iconSize").map_or(self.icon_size, |size| size as u32);
        self.text_size = number("textSize").map_or(self.text_size, |size| size as u32);
        let part = |name: &str| (number(name).unwrap_or(1.0) * 255.0).round() as u8;
        let alias = list.get("backgroundImageAlias").and_then(Plist::as_data).and_then(Alias::parse);
        self.background = match (number("backgroundType").map(|kind| kind as i64), alias) {
            (Some(1), _) => Background::Color {
                color: Color {
                    red: part("backgroundColorRed"),
                    green: part("backgroundColorGreen"),
                    blue: part("backgroundColorBlue"),
                },
            },
            (Some(2), Some(alias)) => Background::Picture { picture: alias.path().into(), retina: None },
            _ => Background::None,
        };
    }
}

fn dictionary(bytes: &[u8]) -> Option<Dictionary> {
    if bytes.len() > MAX_PLIST {
        return None;
    }
    Plist::from_reader(std::io::Cursor::new(bytes)).ok()?.into_dictionary()
}

/// `{{x, y}, {width, height}}`.
fn window(bounds: &str) -> Option<Window> {
    let numbers: Option<Vec<i32>> = bounds
        .split(',')
        .map(|part| part.trim_matches(|c: char| "{} ".contains(c)).parse::<f64>().ok())
        .map(|number| number.map(|number| number as i32))
        .collect();
    match numbers?[..] {
        [x, y, width, height] => {
            Some(Window { x, y, width: width.try_into().ok()?, height: height.try_into().ok()? })
        }
        _ => None,
    }
}

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

    #[test]
    fn a_layout_survives_the_ds_store() {
        let mut layout = DmgLayout::standard("Foo.app");
        layout.window = Window { x: -20, y: 7, width: 700, height: 500 };
        for color in ["#fff", "#010203", "rgb(9, 8, 7)"] {
            layout.background = Background::Color { color: color.parse().unwrap() };
            assert_eq!(DmgLayout::from_ds_store(&layout.ds_store(None).unwrap()).unwrap(), layout);
        }
        let alias = Alias {
            volume: "V".into(),
            folder: ".background".into(),
            file: "background.tiff".into(),
            folder_cnid: 16,
            file_cnid: 17,
            date: 1,
        };
        layout.background =
            Background::Picture { picture: ".background/background.tiff".into(), retina: None };
        assert_eq!(DmgLayout::from_ds_store(&layout.ds_store(Some(&alias)).unwrap()).unwrap(), layout);
    }

    #[test]
    fn a_property_list_nested_as_deep_as_it_may_be_does_no_harm() {
        // A binary list of arrays in arrays: marker, two-byte reference, and a two-byte offset for each.
        let count = (MAX_PLIST - 40) / 5;
        let mut list = b"bplist00".to_vec();
        (1..=count).for_each(|next| list.extend([0xA1, (next % count >> 8) as u8, (next % count) as u8]));
        let table = list.len();
        (0..count).for_each(|index| list.extend(((8 + index * 3) as u16).to_be_bytes()));
        list.extend([0, 0, 0, 0, 0, 0, 2, 2]);
        for number in [count as u64, 0, table as u64] {
            list.extend(number.to_be_bytes());
        }
        assert!(dictionary(&list).is_none());
    }

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
