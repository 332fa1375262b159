//! The picture behind the icons: one for ordinary screens and one of twice the size for Retina, in a single TIFF.
//! The Finder does not scale pictures; it goes by their resolution alone, 72 dpi or 144 (`tiffutil -cathidpicheck`).

use std::io::Cursor;
use std::path::Path;

use image::imageops::{self, FilterType};
use image::{DynamicImage, ImageFormat, ImageReader, RgbImage};
use tiff::encoder::Compression;
use tiff::encoder::{Rational, TiffEncoder, colortype};
use tiff::tags::{Predictor, ResolutionUnit};

use super::arrow;
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
        Background::Arrow { from, to } => {
            let draw = |scale| arrow::draw(layout, from, to, scale);
            Ok(Some(Pictures { one: draw(1), two: Some(draw(2)) }))
        }
        Background::Picture { picture, retina } => {
            let (one, two) = load(picture)?;
            match (retina, two) {
                (Some(retina), _) => pair(picture, one, retina, load(retina)?.0).map(Some),
                (None, two @ Some(_)) => Ok(Some(Pictures { one, two })),
                (None, None) => Ok(Some(single(one, layout.window))),
            }
        }
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
    fn transparency_becomes_white() {
        let clear = image::RgbaImage::from_pixel(1, 1, image::Rgba([0, 0, 0, 0]));
        assert_eq!(on_white(clear.into()).get_pixel(0, 0).0, [255; 3]);
    }
}
