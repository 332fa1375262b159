//! Where the Finder draws an icon and its label, in points from the top left of the window's content.

use super::layout::{DmgLayout, Window};

/// Height of the Finder's title bar, which the window's height includes.
pub const TITLE_BAR: u32 = 28;
/// Height of the status bar and path bar. Nobody but the user controls whether they are there.
pub const BARS: u32 = 43;
/// Between an icon and its label.
const GAP: i32 = 4;

/// Points from the top left; right and bottom are outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    pub left: i32,
    pub top: i32,
    pub right: i32,
    pub bottom: i32,
}

impl Frame {
    pub fn meets(self, other: Frame) -> bool {
        self.left < other.right
            && other.left < self.right
            && self.top < other.bottom
            && other.top < self.bottom
    }

    pub fn holds(self, other: Frame) -> bool {
        self.left <= other.left
            && self.top <= other.top
            && self.right >= other.right
            && self.bottom >= other.bottom
    }

    /// The smallest frame around both.
    pub fn with(self, other: Frame) -> Frame {
        Frame {
            left: self.left.min(other.left),
            top: self.top.min(other.top),
            right: self.right.max(other.right),
            bottom: self.bottom.max(other.bottom),
        }
    }
}

impl Window {
    /// Width and height below the title bar.
    pub fn content(self) -> (u32, u32) {
        (self.width, self.height.saturating_sub(TITLE_BAR))
    }
}

impl DmgLayout {
    /// The square of an icon whose centre is `at`.
    pub fn icon_frame(&self, at: (i32, i32)) -> Frame {
        let half = self.icon_size as i32 / 2;
        let ((x, y), side) = (at, self.icon_size as i32);
        Frame {
            left: x.saturating_sub(half),
            top: y.saturating_sub(half),
            right: x.saturating_sub(half).saturating_add(side),
            bottom: y.saturating_sub(half).saturating_add(side),
        }
    }

    /// Where the label of the icon at `at` stands: one line or two, as wide as its letters are usually. The Finder's own
    /// font is not here, so that the last few points are an estimate.
    pub fn label_frame(&self, name: &str, at: (i32, i32)) -> Frame {
        let text = self.text_size as f32;
        let widest = (self.icon_size as f32 * 1.25).max(text * 8.0);
        let width: f32 = label(name).chars().map(|c| text * if is_wide(c) { 1.0 } else { 0.54 }).sum();
        let lines = if width > widest { 2.0 } else { 1.0 };
        let half = (width.min(widest) / 2.0).ceil() as i32;
        let top = self.icon_frame(at).bottom.saturating_add(GAP);
        Frame {
            left: at.0.saturating_sub(half),
            top,
            right: at.0.saturating_add(half),
            bottom: top.saturating_add((lines * text * 1.25).ceil() as i32),
        }
    }
}

/// The name as the Finder shows it: without the extension of an app.
pub fn label(name: &str) -> &str {
    name.strip_suffix(".app").unwrap_or(name)
}

/// Whether a letter is as wide as it is high: those of East Asia, and emoji.
fn is_wide(c: char) -> bool {
    matches!(c as u32, 0x1100..=0x11FF | 0x2E80..=0xA4CF | 0xAC00..=0xD7A3 | 0xF900..=0xFAFF | 0xFF00..=0xFF60 | 0x1_F000..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn icons_and_labels_stand_below_each_other_and_long_names_take_two_lines() {
        let layout = DmgLayout::standard("Foo.app");
        let icon = layout.icon_frame((172, 176));
        assert_eq!(icon, Frame { left: 108, top: 112, right: 236, bottom: 240 });
        let one = layout.label_frame("Foo.app", (172, 176));
        let two = layout.label_frame("A very long name of an application.app", (172, 176));
        assert_eq!((one.top, one.bottom, two.bottom), (244, 261, 277));
        assert!(one.right - one.left < 40 && two.right - two.left == 160, "{one:?} {two:?}");
        assert!(!icon.meets(one) && icon.with(one).holds(icon) && !one.holds(icon));
        assert_eq!(layout.window.content(), (640, 372));
        let far = layout.label_frame("x", (i32::MAX, i32::MIN));
        assert!(far.left <= far.right && far.top <= far.bottom);
    }
}
