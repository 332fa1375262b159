//! The window and the picture in it: their sizes, and the screen they have to fit on.

use image::RgbImage;

use super::super::background::Pictures;
use super::super::frame::TITLE_BAR;
use super::super::layout::Background;
use super::super::spec::DmgSpec;
use super::{Code, Context, Lint, Mend, Severity};

/// Points of the smallest screen of a current Mac below its menu bar, and of the usual one.
const SMALLEST: (u32, u32) = (1280, 776);
const USUAL: (i32, i32) = (1440, 875);

pub fn check(spec: &DmgSpec, context: &Context, found: &mut Vec<Lint>) {
    screen(spec, found);
    match &context.backdrop {
        Err(failure) => found.push(Lint {
            code: Code::BackgroundUnreadable,
            severity: Severity::Error,
            subject: String::new(),
            title: failure.to_string(),
            next: "choose another picture, or leave it out".into(),
            mend: None,
        }),
        Ok(Some(pictures)) if matches!(spec.layout.background, Background::Picture { .. }) => {
            picture(spec, pictures, found);
        }
        Ok(_) => {}
    }
}

fn about(code: Code, severity: Severity, title: String, next: String, mend: Option<Mend>) -> Lint {
    Lint { code, severity, subject: String::new(), title, next, mend }
}

fn screen(spec: &DmgSpec, found: &mut Vec<Lint>) {
    let window = spec.layout.window;
    let (width, height) = (window.width.min(SMALLEST.0), window.height.min(SMALLEST.1));
    if (width, height) != (window.width, window.height) {
        let title =
            format!("The window of {} × {} points is larger than small screens", window.width, window.height);
        let mend = Some(Mend::ResizeWindow { width, height });
        found.push(about(
            Code::WindowLarge,
            Severity::Warning,
            title,
            format!("make it {width} × {height}"),
            mend,
        ));
        return;
    }
    let keep = |at: i32, size: u32, screen: i32| at.clamp(0, (screen - size as i32).max(0));
    let (x, y) = (keep(window.x, window.width, USUAL.0), keep(window.y, window.height, USUAL.1));
    if (x, y) != (window.x, window.y) {
        let title =
            format!("The window opens at {}, {}, partly outside of usual screens", window.x, window.y);
        let mend = Some(Mend::MoveWindow { x, y });
        found.push(about(Code::WindowOffScreen, Severity::Info, title, format!("open it at {x}, {y}"), mend));
    }
}

/// A picture of the user's. One that reaches under the title bar is usual, and so is one that ends at it.
fn picture(spec: &DmgSpec, pictures: &Pictures, found: &mut Vec<Lint>) {
    let window = spec.layout.window;
    let (one, (width, content)) = (pictures.one.dimensions(), window.content());
    let said = format!("The picture is {} × {} pixels", one.0, one.1);
    let fitting = |(width, height): (u32, u32)| {
        let mend = Mend::ResizeWindow { width, height };
        (width >= 100 && height >= 100 && width <= SMALLEST.0 && height <= SMALLEST.1).then_some(mend)
    };
    let is_twice = |size: u32, of: u32| size.abs_diff(of * 2) <= 2 * TITLE_BAR;
    let alone = pictures.two.is_none();
    if alone && is_twice(one.0, width) && is_twice(one.1, window.height) {
        let title = format!("{said}, about twice the window, and would show its top left quarter");
        let half = (one.0 / 2, one.1 / 2);
        let even = one.0.is_multiple_of(2) && one.1.is_multiple_of(2);
        let next = format!("make the window {} × {}: the picture is then the Retina one", half.0, half.1);
        let mend = fitting(half).filter(|_| even);
        found.push(about(Code::BackgroundDensity, Severity::Warning, title, next, mend));
        return;
    }
    if one.0 < width || one.1 < content {
        let title = format!("{said}, less than the {width} × {content} of the window");
        let next = "make the picture larger or the window smaller".to_owned();
        let size = (one.0.min(width), (one.1 + TITLE_BAR).min(window.height));
        found.push(about(Code::BackgroundSize, Severity::Warning, title, next, fitting(size)));
    } else if one.0 > width || one.1 > window.height {
        let title = format!("{said}, of which the window shows {width} × {content}");
        let next = "make the window larger if more of it is meant to be seen".to_owned();
        let size = (one.0.max(width), if one.1 > window.height { one.1 + TITLE_BAR } else { window.height });
        found.push(about(Code::BackgroundSize, Severity::Info, title, next, fitting(size)));
    }
    if alone && !is_flat(&pictures.one) {
        let next = format!("make one of {} × {} as well, called NAME@2x", one.0 * 2, one.1 * 2);
        let title = format!("{said}, and there is none for Retina screens");
        found.push(about(Code::BackgroundDensity, Severity::Info, title, next, None));
    }
}

/// Of one colour, which no screen can blur.
fn is_flat(picture: &RgbImage) -> bool {
    let mut pixels = picture.pixels();
    let first = pixels.next();
    pixels.all(|pixel| Some(pixel) == first)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{codes, mended, spec};
    use super::*;
    use std::path::Path;

    fn with_picture(folder: &Path, width: u32, height: u32) -> DmgSpec {
        let path = folder.join("bg.png");
        let pixel = |x: u32, y: u32| image::Rgb([250, 200 + (x % 50) as u8, 200 + (y % 50) as u8]);
        RgbImage::from_fn(width, height, pixel).save(&path).unwrap();
        let mut spec = spec();
        spec.layout.background = Background::Picture { picture: path, retina: None };
        spec
    }

    fn of_picture(spec: &DmgSpec) -> Vec<&'static str> {
        codes(spec).into_iter().filter(|code| code.starts_with("background")).collect()
    }

    #[test]
    fn pictures_are_held_to_the_window() {
        let folder = tempfile::tempdir().unwrap();
        let found = |width, height| of_picture(&with_picture(folder.path(), width, height));
        for height in [372, 400] {
            assert_eq!(found(640, height), ["background-density"], "no Retina twin");
        }
        assert_eq!(found(1280, 800), [""; 0], "the Retina picture itself");
        assert_eq!(found(500, 372), ["background-size", "background-density"]);
        assert_eq!(found(700, 500), ["background-size", "background-density"]);
        let twice = with_picture(folder.path(), 1280, 744);
        assert_eq!(of_picture(&twice), ["background-density"]);
        assert_eq!(mended(&twice, Code::BackgroundDensity).layout.window.height, 372);
        mended(&with_picture(folder.path(), 500, 372), Code::BackgroundSize);
        mended(&with_picture(folder.path(), 700, 500), Code::BackgroundSize);
        std::fs::write(folder.path().join("bg.png"), "<html>").unwrap();
        assert_eq!(of_picture(&twice), ["background-unreadable"]);
    }

    #[test]
    fn windows_fit_on_small_screens() {
        let mut spec = spec();
        spec.layout.background = Background::None;
        spec.layout.window.height = 900;
        assert_eq!(codes(&spec), ["window-large"]);
        assert_eq!(mended(&spec, Code::WindowLarge).layout.window.height, 776);
        spec.layout.window.height = 400;
        spec.layout.window.x = -300;
        spec.layout.window.y = 600;
        assert_eq!(codes(&spec), ["window-off-screen"]);
        let window = mended(&spec, Code::WindowOffScreen).layout.window;
        assert_eq!((window.x, window.y), (0, 475));
    }
}
