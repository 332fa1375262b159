//! Whole layouts to begin with, by name.

use super::background::drawing::{Arrow, ArrowStyle, Base, Caption, Drawing};
use super::color::Color;
use super::layout::{DmgLayout, Window};

const TARGET: &str = "Applications";

/// A layout of an app and the link it is dragged to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Template {
    #[default]
    Classic,
    Titled,
    Wide,
    Dark,
    Minimal,
    Down,
}

impl Template {
    pub const ALL: [Template; 6] = [
        Template::Classic,
        Template::Titled,
        Template::Wide,
        Template::Dark,
        Template::Minimal,
        Template::Down,
    ];

    /// As `--template` takes it.
    pub fn name(self) -> &'static str {
        match self {
            Template::Classic => "classic",
            Template::Titled => "titled",
            Template::Wide => "wide",
            Template::Dark => "dark",
            Template::Minimal => "minimal",
            Template::Down => "down",
        }
    }

    /// What it looks like, in a few words.
    pub fn about(self) -> &'static str {
        match self {
            Template::Classic => "a light gradient with waves and an arrow",
            Template::Titled => "the app's name and what to do above the icons",
            Template::Wide => "a wide window, large icons and a bowed arrow",
            Template::Dark => "a night sky with plates under the names",
            Template::Minimal => "a small white window",
            Template::Down => "a tall window, dragged downwards",
        }
    }

    /// The layout for the app `app_name` ("Foo.app"), which its users call `title` ("Foo").
    pub fn layout(self, app_name: &str, title: &str) -> DmgLayout {
        let design = match self {
            Template::Classic => classic(),
            Template::Titled => titled(title),
            Template::Wide => wide(),
            Template::Dark => dark(title),
            Template::Minimal => minimal(),
            Template::Down => down(title),
        };
        let Design { size: (width, height), icon_size, app, target, style, arrow, drawing } = design;
        let arrow = Arrow { style, color: arrow.map(Color::hex), ..Arrow::between(app_name, TARGET) };
        DmgLayout {
            window: Window { width, height, ..Window::default() },
            icon_size,
            positions: [(app_name.to_owned(), app), (TARGET.to_owned(), target)].into(),
            background: Drawing { arrow: Some(arrow), ..drawing }.into(),
            ..DmgLayout::default()
        }
    }
}

struct Design {
    size: (u32, u32),
    icon_size: u32,
    app: (i32, i32),
    target: (i32, i32),
    style: ArrowStyle,
    arrow: Option<u32>,
    drawing: Drawing,
}

fn gradient(from: u32, to: u32, angle: i32) -> Base {
    Base::Gradient { from: Color::hex(from), to: Color::hex(to), angle }
}

fn caption(text: &str, size: u32, color: u32) -> Option<Caption> {
    let caption = Caption { size: Some(size), color: Some(Color::hex(color)), ..Caption::new(text) };
    (!text.is_empty()).then_some(caption)
}

fn classic() -> Design {
    Design {
        size: (640, 400),
        icon_size: 128,
        app: (172, 176),
        target: (468, 176),
        style: ArrowStyle::Line,
        arrow: Some(0x2A_7088),
        drawing: Drawing { waves: Some(Color::hex(0x86_BECB)), ..Drawing::default() },
    }
}

fn titled(title: &str) -> Design {
    Design {
        size: (660, 440),
        icon_size: 128,
        app: (180, 222),
        target: (480, 222),
        style: ArrowStyle::Line,
        arrow: Some(0x7A_70B8),
        drawing: Drawing {
            base: gradient(0xFB_FAFF, 0xE6_E3F5, 180),
            waves: Some(Color::hex(0xB4_ABDD)),
            title: caption(title, 26, 0x2E_2860),
            subtitle: caption("Drag the app onto the Applications folder", 14, 0x5B_5685),
            ..Drawing::default()
        },
    }
}

fn wide() -> Design {
    Design {
        size: (820, 440),
        icon_size: 160,
        app: (220, 190),
        target: (600, 190),
        style: ArrowStyle::Curve,
        arrow: Some(0xC2_6A4A),
        drawing: Drawing { base: gradient(0xFF_F8F0, 0xF9_DFD3, 150), ..Drawing::default() },
    }
}

fn dark(title: &str) -> Design {
    Design {
        size: (660, 440),
        icon_size: 128,
        app: (180, 212),
        target: (480, 212),
        style: ArrowStyle::Chevrons,
        arrow: Some(0xA9_B8F0),
        drawing: Drawing {
            base: gradient(0x2B_3052, 0x10_1322, 165),
            waves: Some(Color::hex(0x3C_4680)),
            title: caption(title, 26, 0xF2_F4FF),
            label_plates: true,
            ..Drawing::default()
        },
    }
}

fn minimal() -> Design {
    Design {
        size: (500, 320),
        icon_size: 96,
        app: (140, 130),
        target: (360, 130),
        style: ArrowStyle::Chevrons,
        arrow: Some(0x8E_949C),
        drawing: Drawing { base: Base::Solid { color: Color::hex(0xFA_FAFB) }, ..Drawing::default() },
    }
}

fn down(title: &str) -> Design {
    Design {
        size: (420, 600),
        icon_size: 128,
        app: (210, 164),
        target: (210, 424),
        style: ArrowStyle::Line,
        arrow: Some(0x3E_8A63),
        drawing: Drawing {
            base: gradient(0xF4_FBF6, 0xD5_EBDD, 180),
            title: caption(title, 22, 0x1E_4D36),
            ..Drawing::default()
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dmg::background;

    #[test]
    fn every_template_is_sound_and_everything_in_it_has_its_place() {
        for template in Template::ALL {
            let layout = template.layout("Foo.app", "Foo");
            layout.check().unwrap();
            assert_eq!(DmgLayout::from_json(&layout.to_json(), "l.json".as_ref()).unwrap(), layout);
            assert!(background::notes(&layout).is_empty());
            for name in ["Foo.app", TARGET] {
                // The Finder may cover the lowest forty points.
                let label = layout.label(name).unwrap();
                assert!(label.top + label.height < layout.window.height as f32 - 68.0, "{template:?}");
                assert!(label.left > 20.0 && label.left + label.width < layout.window.width as f32 - 20.0);
            }
        }
    }

    #[test]
    fn black_labels_are_readable_on_every_template_and_white_ones_on_plates() {
        for template in Template::ALL {
            let layout = template.layout("Foo.app", "Foo");
            let picture = background::pictures(&layout).unwrap().unwrap().one;
            let label = layout.label(TARGET).unwrap();
            let plates = Drawing::over(&layout.background).label_plates;
            for x in label.left as u32..(label.left + label.width) as u32 {
                let [red, green, blue] = picture.get_pixel(x, label.top as u32 + 8).0;
                let ground = Color { red, green, blue };
                assert!(ground.contrast(Color::hex(0)) >= 4.5, "{template:?} {ground}");
                assert!(!plates || ground.contrast(Color::hex(0xFF_FFFF)) >= 4.5, "{template:?} {ground}");
            }
        }
    }
}
