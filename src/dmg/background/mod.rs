//! The picture behind the icons: one for ordinary screens and one of twice the size for Retina, in a single TIFF.
//! The Finder does not scale pictures; it goes by their resolution alone, 72 dpi or 144 (`tiffutil -cathidpicheck`).

use std::io::Cursor;
use std::ops::Range;
use std::path::Path;

use image::imageops::{self, FilterType};
use image::{DynamicImage, ImageFormat, ImageReader, Rgb, RgbImage};
use tiff::encoder::Compression;
use tiff::encoder::{Rational, TiffEncoder, colortype};
use tiff::tags::{Predictor, ResolutionUnit};

pub mod drawing;

mod arrow;
mod ground;
mod plates;
pub(super) mod words;

use drawing::{Base, Drawing};

use super::color::Color;
use super::layout::{Background, DmgLayout, Window};
use super::picture;
use crate::failure::Failure;

/// Wider or higher than any screen.
const MAX_SIDE: u32 = 16_384;

/// A background at one pixel to the point, and at two where there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pictures {
    pub one: RgbImage,
    pub two: Option<RgbImage>,
}

/// The pictures of a layout, drawn or read; `None` when it has no picture.
///
/// # Errors
/// A [`Failure`] naming a file that is no picture, or two whose sizes do not fit.
pub fn pictures(layout: &DmgLayout) -> Result<Option<Pictures>, Failure> {
    match &layout.background {
        Background::None | Background::Color { .. } => Ok(None),
        Background::Drawn(drawing) => draw(layout, drawing).map(Some),
        Background::Picture { picture, retina } => read(picture, retina.as_deref(), layout.window).map(Some),
    }
}

/// What of a layout's background is not drawn as it was asked for, in a sentence each.
pub fn notes(layout: &DmgLayout) -> Vec<String> {
    match &layout.background {
        Background::Drawn(drawing) => words::notes(layout, drawing),
        _ => Vec::new(),
    }
}

fn draw(layout: &DmgLayout, drawing: &Drawing) -> Result<Pictures, Failure> {
    let Window { width, height, .. } = layout.window;
    let (mut one, mut two) = match &drawing.base {
        Base::Picture { picture, retina } => {
            let read = read(picture, retina.as_deref(), layout.window)?;
            let (width, height) = read.one.dimensions();
            // What is drawn on it is sharp on a Retina screen even where the picture is not.
            let enlarged = || imageops::resize(&read.one, width * 2, height * 2, FilterType::Triangle);
            let two = read.two.unwrap_or_else(enlarged);
            (read.one, two)
        }
        base => {
            let paint = |scale| ground::paint(base, (width * scale, height * scale)).unwrap_or_default();
            (paint(1), paint(2))
        }
    };
    for (picture, scale) in [(&mut one, 1), (&mut two, 2)] {
        if let Some(color) = drawing.waves {
            ground::waves(picture, color, scale);
        }
        if drawing.label_plates {
            plates::paint(picture, layout, scale);
        }
        if let Some(arrow) = &drawing.arrow {
            arrow::paint(picture, layout, arrow, scale);
        }
        words::paint(picture, layout, drawing, scale);
    }
    Ok(Pictures { one, two: Some(two) })
}

/// `ground` with that much of `color` on it.
fn mix(ground: Rgb<u8>, color: Color, much: f32) -> Rgb<u8> {
    let color = color.parts();
    Rgb(std::array::from_fn(|part| {
        let (ground, color) = (f32::from(ground.0[part]), f32::from(color[part]));
        (ground + (color - ground) * much).round() as u8
    }))
}

/// The mean colour of a part of the picture.
fn around(picture: &RgbImage, columns: Range<u32>, rows: Range<u32>) -> Color {
    let mut sums = [0_u64; 3];
    for (x, y) in rows.clone().flat_map(|y| columns.clone().map(move |x| (x, y))) {
        for (sum, part) in sums.iter_mut().zip(picture.get_pixel(x, y).0) {
            *sum += u64::from(part);
        }
    }
    let count = (columns.len() * rows.len()).max(1) as u64;
    let [red, green, blue] = sums.map(|sum| (sum / count) as u8);
    Color { red, green, blue }
}

fn read(picture: &Path, retina: Option<&Path>, window: Window) -> Result<Pictures, Failure> {
    let (one, two) = load(picture)?;
    match (retina, two) {
        (Some(retina), _) => pair(picture, one, retina, load(retina)?.0),
        (None, two @ Some(_)) => Ok(Pictures { one, two }),
        (None, None) => Ok(single(one, window)),
    }
}

fn pair(path: &Path, one: RgbImage, retina: &Path, two: RgbImage) -> Result<Pictures, Failure> {
    let (width, height) = one.dimensions();
    if two.dimensions() != (width * 2, height * 2) {
        let what = format!(
            "is {} × {} pixels, and {} is {width} × {height}",
            two.width(),
            two.height(),
            path.display()
        );
        return Err(Failure::new(retina, what, format!("make it {} × {}", width * 2, height * 2)));
    }
    Ok(Pictures { one, two: Some(two) })
}

/// A lone picture of twice the window's size is the Retina one; the other is made from it.
fn single(picture: RgbImage, window: Window) -> Pictures {
    let (width, height) = picture.dimensions();
    if (width, height) != (window.width * 2, window.height * 2) {
        return Pictures { one: picture, two: None };
    }
    let one = imageops::resize(&picture, width / 2, height / 2, FilterType::Triangle);
    Pictures { one, two: Some(picture) }
}

/// A picture, and the one of twice the size where the same file holds it.
fn load(path: &Path) -> Result<(RgbImage, Option<RgbImage>), Failure> {
    let bytes = picture::read(path)?;
    let one =
        decode(&bytes).map_err(|what| Failure::new(path, what, "choose a PNG, JPEG or TIFF picture"))?;
    let two = picture::second_page(&bytes).map(on_white);
    let (width, height) = one.dimensions();
    Ok((one, two.filter(|two| two.dimensions() == (width * 2, height * 2))))
}

/// Told by its first bytes, whatever it is called.
fn decode(bytes: &[u8]) -> Result<RgbImage, String> {
    let format = image::guess_format(bytes).ok();
    let format =
        format.filter(|format| matches!(format, ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::Tiff));
    let format = format.ok_or("is not a PNG, JPEG or TIFF picture")?;
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = image::Limits::default();
    (limits.max_image_width, limits.max_image_height) = (Some(MAX_SIDE), Some(MAX_SIDE));
    reader.limits(limits);
    let picture = reader.decode().map_err(|error| format!("cannot be read as a picture: {error}"))?;
    Ok(on_white(picture))
}

/// Transparent parts become white, since Finder versions disagree about what is behind them.
fn on_white(picture: DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.into_rgb8();
    }
    let picture = picture.into_rgba8();
    RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        let [red, green, blue, alpha] = picture.get_pixel(x, y).0.map(u32::from);
        image::Rgb([red, green, blue].map(|part| ((part * alpha + 255 * (255 - alpha) + 127) / 255) as u8))
    })
}

/// One TIFF with a page for each picture.
pub fn tiff(pictures: &Pictures) -> Result<Vec<u8>, Failure> {
    let mut out = Vec::new();
    write_tiff(pictures, &mut out).map_err(|error| {
        Failure::new("the background picture", format!("could not be written: {error}"), "try again")
    })?;
    Ok(out)
}

fn write_tiff(pictures: &Pictures, out: &mut Vec<u8>) -> tiff::TiffResult<()> {
    let mut encoder = TiffEncoder::new(Cursor::new(out))?
        .with_compression(Compression::Lzw)
        .with_predictor(Predictor::Horizontal);
    for (picture, dots) in [(Some(&pictures.one), 72), (pictures.two.as_ref(), 144)] {
        let Some(picture) = picture else { continue };
        let mut page = encoder.new_image::<colortype::RGB8>(picture.width(), picture.height())?;
        page.resolution(ResolutionUnit::Inch, Rational { n: dots, d: 1 });
        page.write_data(picture.as_raw())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use tiff::decoder::Decoder;
    use tiff::tags::Tag;

    fn layout(picture: &Path, retina: Option<&Path>) -> DmgLayout {
        let retina = retina.map(Path::to_path_buf);
        DmgLayout {
            background: Background::Picture { picture: picture.to_path_buf(), retina },
            ..DmgLayout::default()
        }
    }

    fn png(path: &Path, width: u32, height: u32) {
        RgbImage::from_pixel(width, height, image::Rgb([9, 8, 7])).save(path).unwrap();
    }

    #[test]
    fn the_tiff_has_both_sizes_with_their_resolution_and_exact_pixels() {
        let drawn = pictures(&DmgLayout::standard("A.app")).unwrap();
        assert_eq!(drawn, None.or(drawn.clone()));
        let standard = DmgLayout::standard("A.app");
        let drawn = pictures(&standard).unwrap().unwrap();
        let bytes = tiff(&drawn).unwrap();
        let mut decoder = Decoder::new(Cursor::new(bytes)).unwrap();
        for (picture, dots) in [(&drawn.one, 72), (drawn.two.as_ref().unwrap(), 144)] {
            assert_eq!(decoder.dimensions().unwrap(), picture.dimensions());
            let resolution = decoder.get_tag(Tag::XResolution).unwrap();
            assert_eq!(resolution, tiff::decoder::ifd::Value::Rational(dots, 1));
            let tiff::decoder::DecodingResult::U8(pixels) = decoder.read_image().unwrap() else {
                panic!("not bytes")
            };
            assert!(pixels == *picture.as_raw());
            if decoder.more_images() {
                decoder.next_image().unwrap();
            }
        }
    }

    #[test]
    fn a_lone_picture_of_twice_the_size_is_the_retina_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bg.png");
        png(&path, 1280, 800);
        let found = pictures(&layout(&path, None)).unwrap().unwrap();
        assert_eq!((found.one.dimensions(), found.two.unwrap().dimensions()), ((640, 400), (1280, 800)));
        png(&path, 640, 400);
        assert_eq!(pictures(&layout(&path, None)).unwrap().unwrap().two, None);
    }

    #[test]
    fn what_is_no_picture_or_no_twin_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (folder.path().join("bg.png"), folder.path().join("bg@2x.png"));
        fs::write(&one, "<?xml version=\"1.0\"?><html/>").unwrap();
        let text = pictures(&layout(&one, None)).unwrap_err().to_string();
        assert!(text.contains("bg.png: is not a PNG, JPEG or TIFF picture; choose"), "{text}");
        png(&one, 100, 50);
        png(&two, 200, 99);
        let text = pictures(&layout(&one, Some(&two))).unwrap_err().to_string();
        assert!(
            text.contains("bg@2x.png: is 200 × 99 pixels") && text.contains("make it 200 × 100"),
            "{text}"
        );
        fs::write(&one, &fs::read(&two).unwrap()[..60]).unwrap();
        assert!(
            pictures(&layout(&one, None)).unwrap_err().to_string().contains("cannot be read as a picture")
        );
    }

    #[test]
    fn a_picture_can_be_drawn_on_and_stays_what_it_is_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bg.png");
        png(&path, 640, 400);
        let mut standard = DmgLayout::standard("A.app");
        let background = Background::Picture { picture: path, retina: None };
        let drawing = Drawing { label_plates: true, ..Drawing::over(&background) };
        standard.background = drawing.into();
        let found = pictures(&standard).unwrap().unwrap();
        let two = found.two.unwrap();
        assert_eq!((found.one.dimensions(), two.dimensions()), ((640, 400), (1280, 800)));
        assert_eq!((found.one.get_pixel(9, 9).0, two.get_pixel(18, 18).0), ([9, 8, 7], [9, 8, 7]));
        assert!(found.one.get_pixel(468, 252).0[1] > 90 && two.get_pixel(936, 504).0[1] > 90);
    }

    #[test]
    fn transparency_becomes_white() {
        let clear = image::RgbaImage::from_pixel(1, 1, image::Rgba([0, 0, 0, 0]));
        assert_eq!(on_white(clear.into()).get_pixel(0, 0).0, [255; 3]);
    }
}
