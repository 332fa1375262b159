//! Plates under the names of the items. The Finder writes names in black or in white, by its version and appearance; on a plate
//! both can be read, because it keeps the hue of the ground and has the one luminance to which both have the same contrast.

use image::{Rgb, RgbImage};

use super::mix;
use crate::dmg::color::Color;
use crate::dmg::label::Label;
use crate::dmg::layout::DmgLayout;

/// √(0.05 × 1.05) − 0.05: 4.58:1 to black and to white.
const LUMINANCE: f32 = 0.1791;
/// The ending ".app", which some users have shown, still fits.
const BESIDE: f32 = 14.0;
const ABOVE: f32 = 3.0;
const ROUNDING: f32 = 8.0;

pub(super) fn paint(picture: &mut RgbImage, layout: &DmgLayout, scale: u32) {
    layout
        .positions
        .keys()
        .filter_map(|name| layout.label(name))
        .for_each(|label| plate(picture, label, scale));
}

fn plate(picture: &mut RgbImage, label: Label, scale: u32) {
    let unit = scale as f32;
    let (left, right) = (label.left - BESIDE, label.left + label.width + BESIDE);
    let (top, bottom) = (label.top - ABOVE, label.top + label.height + ABOVE);
    let clip = |from: f32, to: f32, end: u32| {
        ((from * unit).max(0.0) as u32)..(((to * unit).max(0.0) as u32) + 1).min(end)
    };
    let (rows, columns) = (clip(top, bottom, picture.height()), clip(left, right, picture.width()));
    let (middle, half) =
        (((left + right) / 2.0, (top + bottom) / 2.0), ((right - left) / 2.0, (bottom - top) / 2.0));
    for y in rows {
        for x in columns.clone() {
            let point = ((x as f32 + 0.5) / unit - middle.0, (y as f32 + 0.5) / unit - middle.1);
            let covered = (0.5 - outside(point, half) * unit).clamp(0.0, 1.0);
            let pixel = picture.get_pixel_mut(x, y);
            *pixel = mix(*pixel, shade(*pixel), covered);
        }
    }
}

/// Distance in points from a rounded rectangle around the origin; negative within.
fn outside((x, y): (f32, f32), half: (f32, f32)) -> f32 {
    let (dx, dy) = (x.abs() - half.0 + ROUNDING, y.abs() - half.1 + ROUNDING);
    let corner = (dx.max(0.0) * dx.max(0.0) + dy.max(0.0) * dy.max(0.0)).sqrt();
    corner + dx.max(dy).min(0.0) - ROUNDING
}

/// The ground seen through the plate: its hue, a little calmed, at the plate's luminance.
fn shade(ground: Rgb<u8>) -> Color {
    const CALM: f32 = 0.35;
    let [red, green, blue] = ground.0;
    let color = Color { red, green, blue };
    let scaled = color.light().map(|part| part * LUMINANCE / color.luminance().max(0.004));
    let [red, green, blue] = scaled.map(|part| part.min(0.6));
    let kept = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    // What clipping took away comes back as grey.
    let grey = (LUMINANCE - kept * (1.0 - CALM)) / CALM;
    Color::from_light([red, green, blue].map(|part| (part * (1.0 - CALM) + grey * CALM).clamp(0.0, 1.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn black_and_white_are_readable_on_a_plate_over_any_ground() {
        for number in (0..0x100_0000).step_by(0x777).chain([0xFF, 0xFF00, 0xFF_0000, 0xFF_FFFF]) {
            let plate = shade(Rgb(Color::hex(number).parts()));
            let ratios = [0, 0xFF_FFFF].map(|ink| plate.contrast(Color::hex(ink)));
            assert!(ratios.iter().all(|ratio| *ratio >= 4.5), "{number:06x}: {plate} {ratios:?}");
        }
    }

    #[test]
    fn a_plate_covers_its_label_and_nothing_else() {
        let layout = DmgLayout::standard("Foo.app");
        let white = Rgb([255; 3]);
        for scale in [1, 2] {
            let mut picture = RgbImage::from_pixel(640 * scale, 400 * scale, white);
            paint(&mut picture, &layout, scale);
            let at =
                |x: f32, y: f32| *picture.get_pixel((x * scale as f32) as u32, (y * scale as f32) as u32);
            let label = layout.label("Applications").unwrap();
            let (right, bottom) = (label.left + label.width, label.top + label.height);
            for (x, y) in [(label.left, label.top), (right, label.top), (label.left, bottom), (right, bottom)]
            {
                assert!(at(x, y).0[1] < 125, "{x} {y}");
            }
            assert!(at(468.0, label.top - 6.0) == white && at(320.0, label.top) == white);
        }
    }
}
