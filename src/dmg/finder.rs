//! The window in the Finder's terms: a layout as a `.DS_Store`, and a `.DS_Store` as a layout.
//! The records are those dmgbuild 1.6.7 writes; what a window was called before Mac OS X 10.6 is left out.

use plist::{Dictionary, Value as Plist};

use super::alias::Alias;
use super::color::Color;
use super::ds_store::{self, Record, Value};
use super::hfsplus::unicode;
use super::layout::{Background, DmgLayout, Window};
use crate::failure::Failure;

/// A property list inside a `.DS_Store` is never larger; hostile ones could nest deep enough to exhaust the stack.
const MAX_PLIST: usize = 16 * 1024;
/// How far below the window the icons of hidden files stand, for those who have them shown.
const PARKED_BELOW: i32 = 200;
/// Files at the top of a volume that no user put there; macOS adds the last two.
pub const HIDDEN: [&str; 5] = [".background", ".DS_Store", ".VolumeIcon.icns", ".fseventsd", ".Trashes"];

impl DmgLayout {
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

    /// What names the picture in a `.DS_Store`.
    pub(super) fn background_alias(file: &[u8]) -> Option<Alias> {
        let records = ds_store::read(file)?;
        let list = records.iter().find_map(|record| match (&record.code, &record.value) {
            (b"icvp", Value::Blob(bytes)) => dictionary(bytes),
            _ => None,
        })?;
        list.get("backgroundImageAlias").and_then(Plist::as_data).and_then(Alias::parse)
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

#[cfg(test)]
mod tests {
    use super::*;

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
        (1..=count).for_each(|next| list.extend([0xA1, ((next % count) >> 8) as u8, (next % count) as u8]));
        let table = list.len();
        (0..count).for_each(|index| list.extend(((8 + index * 3) as u16).to_be_bytes()));
        list.extend([0, 0, 0, 0, 0, 0, 2, 2]);
        for number in [count as u64, 0, table as u64] {
            list.extend(number.to_be_bytes());
        }
        assert!(dictionary(&list).is_none());
    }
}
