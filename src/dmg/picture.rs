//! Pictures where they lie: on disk, or in a disk image as `Foo.dmg/.background/background.tiff`; and the second page that a
//! TIFF may have for Retina screens.

use std::io::Cursor;
use std::path::Path;

use image::{DynamicImage, GrayImage, RgbImage, RgbaImage};
use tiff::ColorType;
use tiff::decoder::{Decoder, DecodingResult, Limits};

use super::read::DiskImage;
use crate::failure::Failure;

/// The bytes of the file at `path`; a path may go on in a disk image.
///
/// # Errors
/// A [`Failure`] naming `path`.
pub fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let error = match std::fs::read(path) {
        Ok(bytes) => return Ok(bytes),
        Err(error) => error,
    };
    let Some(image) = path.ancestors().skip(1).find(|image| image.is_file()) else {
        return Err(Failure::io(path, "read", &error));
    };
    let inside = path.strip_prefix(image).unwrap_or(path).to_string_lossy().replace('\\', "/");
    DiskImage::open(image)?.read(&inside)
}

/// The second page of a TIFF in eight bits; `None` for everything else.
pub fn second_page(bytes: &[u8]) -> Option<DynamicImage> {
    if !bytes.starts_with(b"II*\0") && !bytes.starts_with(b"MM\0*") {
        return None;
    }
    let mut decoder = Decoder::new(Cursor::new(bytes)).ok()?.with_limits(Limits::default());
    decoder.next_image().ok()?;
    let (width, height) = decoder.dimensions().ok()?;
    let color = decoder.colortype().ok()?;
    let DecodingResult::U8(pixels) = decoder.read_image().ok()? else { return None };
    match color {
        ColorType::RGB(8) => RgbImage::from_raw(width, height, pixels).map(DynamicImage::from),
        ColorType::RGBA(8) => RgbaImage::from_raw(width, height, pixels).map(DynamicImage::from),
        ColorType::Gray(8) => GrayImage::from_raw(width, height, pixels).map(DynamicImage::from),
        _ => None,
    }
}
