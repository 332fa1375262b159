//! Where the Finder writes the name of an icon.

use super::background::words;
use super::layout::DmgLayout;

/// The place of a name, in points from the top left of the window's content.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Label {
    pub left: f32,
    pub top: f32,
    pub width: f32,
    pub height: f32,
}

/// Between the icon and its name.
const GAP: f32 = 4.0;
/// How much wider than the icon a name may be before the Finder breaks it.
const OVERHANG: f32 = 60.0;

impl DmgLayout {
    /// Where the name of an item stands; `None` when the item has no place. The Finder hides the ending `.app`, breaks a long
    /// name once and cuts it in the middle then. Its font is not ours, so that the width is within a few points.
    pub fn label(&self, name: &str) -> Option<Label> {
        let &(x, y) = self.positions.get(name)?;
        let shown = name.strip_suffix(".app").unwrap_or(name);
        let widest = self.icon_size as f32 + OVERHANG;
        let width = words::name_width(shown, self.text_size as f32);
        let lines = if width > widest { 2.0 } else { 1.0 };
        let width = width.min(widest);
        let top = y as f32 + self.icon_size as f32 / 2.0 + GAP;
        Some(Label { left: x as f32 - width / 2.0, top, width, height: self.line_height() * lines })
    }

    fn line_height(&self) -> f32 {
        (self.text_size as f32 * 1.23).round()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_centred_below_its_icon() {
        let mut layout = DmgLayout::standard("Foo.app");
        let label = layout.label("Foo.app").unwrap();
        assert_eq!((label.left + label.width / 2.0, label.top, label.height), (172.0, 244.0, 16.0));
        assert!((20.0..30.0).contains(&label.width), "{}", label.width);
        assert_eq!(layout.label("None"), None);
        let long = "A name that is longer than any icon is wide.txt";
        layout.positions.insert(long.into(), (300, 100));
        assert_eq!(layout.label(long).map(|label| (label.width, label.height)), Some((188.0, 32.0)));
        layout.positions.insert("日本語".into(), (300, 100));
        assert_eq!(layout.label("日本語").map(|label| label.width), Some(39.0));
    }
}
