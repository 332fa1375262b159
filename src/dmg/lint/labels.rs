//! Whether labels can be read, by the pixels that are behind each of them.

use image::RgbImage;

use super::super::Color;
use super::super::background::Pictures;
use super::super::frame::Frame;
use super::super::layout::Background;
use super::super::spec::DmgSpec;
use super::{Code, Context, Lint, Mend, Severity};

/// WCAG 2, success criterion 1.4.3.
const LEGIBLE: f64 = 4.5;
/// One pixel of so many may be worse: stray ones hide no letter.
const STRAY: usize = 10;

pub fn check(spec: &DmgSpec, context: &Context, found: &mut Vec<Lint>) {
    let ground = match (&spec.layout.background, &context.backdrop) {
        (Background::Color { color }, _) => Ground::Color(*color),
        (_, Ok(Some(pictures))) => Ground::Pictures(pictures),
        _ => return, // the Finder's own, which fits its labels
    };
    for item in spec.items.iter().filter(|item| !item.name.starts_with('.')) {
        let Some(&at) = spec.layout.positions.get(&item.name) else { continue };
        let Some(behind) = ground.behind(spec.layout.label_frame(&item.name, at)) else { continue };
        let (black, white) = (contrast(behind.darkest, 0.0), contrast(behind.lightest, 1.0));
        let mut say = |code, severity, title, next: &str, mend| {
            found.push(Lint { code, severity, subject: item.name.clone(), title, next: next.into(), mend });
        };
        let name = &item.name;
        if black < LEGIBLE {
            say(
                Code::LabelContrast,
                Severity::Warning,
                format!("The label of {name} has a contrast of {black:.1} to 1 in the light appearance"),
                "make the background lighter under the label",
                ground.mend(1.0),
            );
        } else if white < LEGIBLE {
            say(
                Code::LabelContrastDark,
                Severity::Info,
                format!(
                    "A white label of {name} would have a contrast of {white:.1} to 1 in the dark appearance"
                ),
                "put a plate of medium grey under the label if both matter",
                ground.mend(0.0),
            );
        }
    }
}

enum Ground<'a> {
    Color(Color),
    Pictures(&'a Pictures),
}

/// Luminances behind a label, without the strayest.
struct Behind {
    darkest: f64,
    lightest: f64,
}

impl Ground<'_> {
    fn behind(&self, label: Frame) -> Option<Behind> {
        match self {
            Ground::Color(Color { red, green, blue }) => {
                let all = luminance([*red, *green, *blue]);
                Some(Behind { darkest: all, lightest: all })
            }
            Ground::Pictures(pictures) => pixels(&pictures.one, label),
        }
    }

    /// The same colour, only so much nearer to white or black that labels can be read.
    fn mend(&self, towards: f64) -> Option<Mend> {
        let Ground::Color(color) = self else { return None };
        let ink = if towards > 0.5 { 0.0 } else { 1.0 };
        let mixed = |step: u32| {
            let part = |from: u8| {
                let by = f64::from(step) / 512.0;
                (f64::from(from) * (1.0 - by) + 255.0 * towards * by).round() as u8
            };
            Color { red: part(color.red), green: part(color.green), blue: part(color.blue) }
        };
        let legible =
            |color: &Color| contrast(luminance([color.red, color.green, color.blue]), ink) >= LEGIBLE;
        (0..=512).map(mixed).find(legible).map(Mend::UseColor)
    }
}

/// What the picture has under a label; it does not reach everywhere.
fn pixels(picture: &RgbImage, label: Frame) -> Option<Behind> {
    let clip = |at: i32, end: u32| u32::try_from(at).unwrap_or(0).min(end);
    let (left, right) = (clip(label.left, picture.width()), clip(label.right, picture.width()));
    let (top, bottom) = (clip(label.top, picture.height()), clip(label.bottom, picture.height()));
    let mut all: Vec<f64> = (top..bottom)
        .flat_map(|y| (left..right).map(move |x| (x, y)))
        .map(|(x, y)| luminance(picture.get_pixel(x, y).0))
        .collect();
    all.sort_by(f64::total_cmp);
    let stray = all.len() / STRAY;
    Some(Behind { darkest: *all.get(stray)?, lightest: *all.get(all.len() - 1 - stray)? })
}

/// Relative luminance, WCAG 2.
fn luminance(rgb: [u8; 3]) -> f64 {
    let [red, green, blue] = rgb.map(|part| {
        let part = f64::from(part) / 255.0;
        if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

fn contrast(one: f64, other: f64) -> f64 {
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{codes, mended, spec};
    use super::*;
    use crate::progress::Progress;

    #[test]
    fn contrast_is_that_of_the_guidelines() {
        // Pairs of the W3C's own tests: #767676 is the lightest grey on white that passes.
        let on_white = |rgb| contrast(luminance(rgb), luminance([255; 3]));
        assert!((on_white([0; 3]) - 21.0).abs() < 1e-9);
        assert!(on_white([0x76; 3]) >= 4.5 && on_white([0x77; 3]) < 4.5);
    }

    #[test]
    fn colours_are_mended_by_as_little_as_it_takes() {
        let mut spec = spec();
        spec.layout.background = Background::Color { color: "navy".parse().unwrap() };
        assert_eq!(codes(&spec), ["label-contrast"; 2]);
        let context = Context::read(&spec, None, &Progress::silent()).unwrap();
        let lint = super::super::lints(&spec, &context).remove(0);
        assert_eq!(lint.title, "The label of Foo.app has a contrast of 1.3 to 1 in the light appearance");
        lint.mend.unwrap().apply(&mut spec);
        assert!(!codes(&spec).contains(&"label-contrast"));
        let Background::Color { color } = spec.layout.background else { panic!() };
        assert!(color.blue > color.red, "still a blue: {color}");
        spec.layout.background = Background::Color { color: "silver".parse().unwrap() };
        assert_eq!(codes(&spec), ["label-contrast-dark"; 2]);
        let better = mended(&spec, Code::LabelContrastDark);
        assert_eq!(codes(&better), [""; 0], "a medium grey is readable in both");
    }

    #[test]
    fn only_the_pixels_under_the_label_count() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bg.png");
        let paint = |dark: Frame| {
            let inside = |x: u32, y: u32| {
                dark.holds(Frame { left: x as i32, top: y as i32, right: x as i32, bottom: y as i32 })
            };
            RgbImage::from_fn(640, 400, |x, y| image::Rgb(if inside(x, y) { [30; 3] } else { [240; 3] }))
                .save(&path)
                .unwrap();
        };
        let mut spec = spec();
        spec.layout.background = Background::Picture { picture: path.clone(), retina: None };
        let told = |spec: &DmgSpec| {
            let context = Context::read(spec, None, &Progress::silent()).unwrap();
            let mut found = Vec::new();
            check(spec, &context, &mut found);
            found.retain(|lint| lint.code == Code::LabelContrast);
            found.into_iter().map(|lint| lint.subject).collect::<Vec<_>>()
        };
        paint(Frame { left: 0, top: 0, right: 640, bottom: 230 });
        assert_eq!(told(&spec), [""; 0], "behind the icons it may be dark");
        paint(Frame { left: 320, top: 240, right: 640, bottom: 300 });
        assert_eq!(told(&spec), ["Applications"]);
        paint(spec.layout.label_frame("Foo.app", (172, 176)));
        assert_eq!(told(&spec), ["Foo.app"]);
        spec.layout.positions.insert("Foo.app".into(), (172, 4_000));
        assert_eq!(told(&spec), [""; 0], "no picture reaches there");
    }
}
