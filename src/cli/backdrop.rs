//! The flags of what stands behind the icons.

use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::PossibleValuesParser;
use clap::builder::TypedValueParser;

use crate::dmg::{Arrow, ArrowStyle, Background, Base, Caption, Color, DmgLayout, Drawing, Template};

#[derive(Args)]
pub struct BackdropArgs {
    /// A whole layout to begin with, which the other flags change: classic (waves and an arrow), titled (the app's name above the
    /// icons), wide (large icons, a bowed arrow), dark (with plates under the names), minimal (a small white window) or down (dragged
    /// downwards).
    #[arg(long, value_name = "NAME", conflicts_with = "layout", value_parser = template())]
    template: Option<Template>,
    /// A picture behind the icons; one of twice the size called NAME@2x beside it is taken along.
    #[arg(long, value_name = "IMAGE", conflicts_with_all = ["background_color", "gradient"])]
    background: Option<PathBuf>,
    /// A colour behind the icons, as CSS writes it.
    #[arg(long, value_name = "CSS", conflicts_with = "gradient")]
    background_color: Option<Color>,
    /// From one colour to another; the angle is in degrees as CSS counts them, 180 (down) unless given.
    #[arg(long, value_name = "CSS,CSS[,ANGLE]", value_parser = gradient)]
    gradient: Option<Base>,
    /// Words above the icons; none with "".
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// Smaller words below the title; none with "".
    #[arg(long, value_name = "TEXT")]
    subtitle: Option<String>,
    /// Plates under the names of the items, on which they can be read in both appearances.
    #[arg(long)]
    label_plates: bool,
    /// How the arrow from the app to Applications is drawn: line, curve or chevrons.
    #[arg(long, value_name = "STYLE", value_parser = arrow())]
    arrow: Option<ArrowStyle>,
    /// No arrow.
    #[arg(long, conflicts_with = "arrow")]
    no_arrow: bool,
}

impl BackdropArgs {
    /// The template asked for, for the app `app` that its users call `title`.
    pub fn template(&self, app: &str, title: &str) -> Option<DmgLayout> {
        self.template.map(|template| template.layout(app, title))
    }

    /// What the user wants otherwise behind the icons of `app`.
    pub fn adjust(&self, layout: &mut DmgLayout, app: &str) {
        if let Some(picture) = &self.background {
            layout.background = Background::Picture { picture: picture.clone(), retina: twice(picture) };
        }
        if let Some(color) = self.background_color {
            layout.background = Background::Color { color };
        }
        let draws = self.gradient.is_some() || self.title.is_some() || self.subtitle.is_some();
        if draws || self.label_plates || self.arrow.is_some() || self.no_arrow {
            layout.background = self.drawing(&layout.background, app).into();
        }
    }

    fn drawing(&self, background: &Background, app: &str) -> Drawing {
        let mut drawing = Drawing::over(background);
        if let Some(base) = &self.gradient {
            // Colours that were chosen for another ground are chosen anew.
            let arrow = drawing.arrow.map(|arrow| Arrow { color: None, ..arrow });
            let plain = |caption: Option<Caption>| caption.map(|caption| Caption { color: None, ..caption });
            let (title, subtitle) = (plain(drawing.title), plain(drawing.subtitle));
            drawing = Drawing { base: base.clone(), waves: None, arrow, title, subtitle, ..drawing };
        }
        for (words, caption) in [(&self.title, &mut drawing.title), (&self.subtitle, &mut drawing.subtitle)] {
            match (words, &mut *caption) {
                (None, _) => {}
                (Some(words), _) if words.trim().is_empty() => *caption = None,
                (Some(words), Some(caption)) => caption.text.clone_from(words),
                (Some(words), None) => *caption = Some(Caption::new(words)),
            }
        }
        drawing.label_plates |= self.label_plates;
        if let Some(style) = self.arrow {
            let arrow = drawing.arrow.unwrap_or_else(|| Arrow::between(app, "Applications"));
            drawing.arrow = Some(Arrow { style, ..arrow });
        }
        if self.no_arrow {
            drawing.arrow = None;
        }
        drawing
    }
}

fn template() -> impl TypedValueParser<Value = Template> {
    let named = |name: &str| Template::ALL.into_iter().find(|template| template.name() == name);
    PossibleValuesParser::new(Template::ALL.map(Template::name))
        .map(move |name| named(&name).unwrap_or_default())
}

fn arrow() -> impl TypedValueParser<Value = ArrowStyle> {
    let named = |name: &str| ArrowStyle::ALL.into_iter().find(|style| style.name() == name);
    PossibleValuesParser::new(ArrowStyle::ALL.map(ArrowStyle::name))
        .map(move |name| named(&name).unwrap_or_default())
}

/// `#fff,navy,90` or `rgb(1, 2, 3),white`: commas in brackets are the colours' own.
fn gradient(text: &str) -> Result<Base, String> {
    let mut depth = 0;
    let parts = text.split(|letter| {
        depth += i32::from(letter == '(') - i32::from(letter == ')');
        letter == ',' && depth == 0
    });
    let parts: Vec<&str> = parts.map(str::trim).collect();
    let (colors, angle) = match parts[..] {
        [from, to] => ([from, to], 180),
        [from, to, angle] => {
            let angle = angle.parse::<i32>().map_err(|_| format!("\"{angle}\" is no angle; write it as 180"));
            ([from, to], angle?)
        }
        _ => return Err("write it as #ffffff,#d3e4e9 or #ffffff,#d3e4e9,135".to_owned()),
    };
    Ok(Base::Gradient { from: colors[0].parse()?, to: colors[1].parse()?, angle })
}

/// `bg@2x.png` beside `bg.png`.
fn twice(picture: &Path) -> Option<PathBuf> {
    let (stem, extension) = (picture.file_stem()?.to_str()?, picture.extension()?.to_str()?);
    Some(picture.with_file_name(format!("{stem}@2x.{extension}"))).filter(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        backdrop: BackdropArgs,
        #[arg(long)]
        layout: Option<PathBuf>,
    }

    fn background(flags: &[&str]) -> Background {
        let line = Line::try_parse_from(["dmg"].iter().chain(flags)).unwrap();
        assert_eq!(line.layout, None);
        let template = line.backdrop.template("A.app", "A");
        let mut layout = template.unwrap_or_else(|| DmgLayout::standard("A.app"));
        line.backdrop.adjust(&mut layout, "A.app");
        layout.background
    }

    #[test]
    fn gradients_are_read_as_written() {
        let (from, to) = (Color::hex(0x01_0203), Color::hex(0xFF_FFFF));
        assert_eq!(gradient("rgb(1, 2, 3),white"), Ok(Base::Gradient { from, to, angle: 180 }));
        assert_eq!(gradient("#010203, #fff, -45"), Ok(Base::Gradient { from, to, angle: -45 }));
        for wrong in ["#fff", "#fff,#000,1,2", "#fff,blurple", "#fff,#000,up"] {
            assert!(gradient(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn flags_change_what_a_template_or_picture_began() {
        let drawn = |flags: &[&str]| Drawing::over(&background(flags));
        assert!(background(&[]) == DmgLayout::standard("A.app").background);
        assert_eq!(drawn(&["--no-arrow"]).arrow, None);
        let titled = drawn(&["--template", "titled", "--title", "B", "--subtitle", ""]);
        assert_eq!((titled.title.map(|title| title.text), titled.subtitle), (Some("B".into()), None));
        let red = drawn(&["--background-color", "red", "--title", "B", "--arrow", "curve"]);
        assert_eq!(red.base, Base::Solid { color: Color::hex(0xFF_0000) });
        assert_eq!(
            red.arrow.map(|arrow| (arrow.from, arrow.style)),
            Some(("A.app".into(), ArrowStyle::Curve))
        );
        let picture = drawn(&["--background", "bg.png", "--label-plates"]);
        assert_eq!(picture.base, Base::Picture { picture: "bg.png".into(), retina: None });
        assert!(picture.label_plates && picture.arrow.is_none());
        let gradient = drawn(&["--template", "dark", "--gradient", "#fff,#eee"]);
        assert_eq!((gradient.waves, gradient.title.unwrap().color), (None, None));
        for wrong in
            [["--gradient", "#fff,#000", "--background-color", "red"], ["--no-arrow", "--arrow", "line", ""]]
        {
            let wrong = wrong.iter().filter(|flag| !flag.is_empty());
            assert!(Line::try_parse_from(["dmg"].iter().chain(wrong)).is_err());
        }
    }
}
