//! Pictures that a window shows: the app's icon and what stands behind the icons of its disk image.

use std::io::Cursor;

use icns::{IconFamily, PixelFormat};

use crate::bundle::Bundle;
use crate::dmg::{DmgLayout, background};
use crate::failure::Failure;
use crate::workflow::package;

/// Pixels from the top left, four bytes each: red, green, blue, alpha (not multiplied in).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    pub width: u32,
    pub height: u32,
    /// 2 for a picture made for Retina screens.
    pub pixels_per_point: u32,
    pub rgba: Vec<u8>,
}

/// No larger than this is shown anywhere.
const LARGEST_ICON: u32 = 256;

/// The app's own icon in the largest size up to 256 pixels; `None` when it has none that can be read.
pub fn icon(bundle: &Bundle) -> Option<Picture> {
    let family = IconFamily::read(Cursor::new(package::icon(bundle)?)).ok()?;
    let mut kinds = family.available_icons();
    kinds.retain(|kind| kind.pixel_width() <= LARGEST_ICON);
    kinds.sort_by_key(|kind| kind.pixel_width());
    let image = kinds.into_iter().rev().find_map(|kind| family.get_icon_with_type(kind).ok())?;
    let image = image.convert_to(PixelFormat::RGBA);
    let (width, height) = (image.width(), image.height());
    Some(Picture { width, height, pixels_per_point: 1, rgba: image.into_data().into_vec() })
}

/// The background of `layout` as it will be written, in twice the size where there is one.
///
/// # Errors
/// [`Failure`] naming the file that is no picture.
pub fn backdrop(layout: &DmgLayout) -> Result<Option<Picture>, Failure> {
    let Some(pictures) = background::pictures(layout)? else { return Ok(None) };
    let (image, pixels_per_point) = match pictures.two {
        Some(two) => (two, 2),
        None => (pictures.one, 1),
    };
    let (width, height) = image.dimensions();
    let rgba = image.pixels().flat_map(|pixel| [pixel.0[0], pixel.0[1], pixel.0[2], 0xFF]).collect();
    Ok(Some(Picture { width, height, pixels_per_point, rgba }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_background_is_drawn_in_twice_the_size() {
        let picture = backdrop(&DmgLayout::standard("Postcard.app")).unwrap().unwrap();
        assert_eq!(picture.rgba.len() as u64, u64::from(picture.width) * u64::from(picture.height) * 4);
        assert!(picture.width >= 1280, "{}", picture.width);
    }

    #[test]
    fn a_picture_that_is_not_there_is_named() {
        let picture = std::path::PathBuf::from("/nowhere/back.png");
        let background = crate::dmg::Background::Picture { picture, retina: None };
        let failure = backdrop(&DmgLayout { background, ..DmgLayout::default() }).unwrap_err();
        assert!(failure.to_string().contains("/nowhere/back.png"), "{failure}");
    }
}
