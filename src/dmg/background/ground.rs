//! The ground of a drawn background: one colour, a gradient, waves at the foot.

use image::{Rgb, RgbImage};

use super::drawing::Base;
use super::mix;
use crate::dmg::color::Color;

/// A ground of `size` pixels; `None` for a picture, which is read and not made.
pub(super) fn paint(base: &Base, size: (u32, u32)) -> Option<RgbImage> {
    match base {
        Base::Solid { color } => Some(RgbImage::from_pixel(size.0, size.1, Rgb(color.parts()))),
        Base::Gradient { from, to, angle } => Some(gradient(*from, *to, *angle, size)),
        Base::Picture { .. } => None,
    }
}

/// CSS `linear-gradient`: the line through the middle on which the corners have the pure colours.
fn gradient(from: Color, to: Color, angle: i32, (width, height): (u32, u32)) -> RgbImage {
    let turned = (angle.rem_euclid(360) as f32).to_radians();
    let (right, down) = (libm::sinf(turned), -libm::cosf(turned));
    let (middle_x, middle_y) = (width as f32 / 2.0, height as f32 / 2.0);
    let length = (right * width as f32).abs() + (down * height as f32).abs();
    let (from, to) = (from.parts(), to.parts());
    RgbImage::from_fn(width, height, |x, y| {
        let along = (x as f32 + 0.5 - middle_x) * right + (y as f32 + 0.5 - middle_y) * down;
        let part = (along / length + 0.5).clamp(0.0, 1.0);
        Rgb(std::array::from_fn(|index| {
            let (from, to) = (f32::from(from[index]), f32::from(to[index]));
            // Four by four steps between two shades, so that a dark gradient shows no bands.
            (from + (to - from) * part + dither(x, y)).round() as u8
        }))
    })
}

/// Bayer's matrix of four, as less than half a shade up or down.
fn dither(x: u32, y: u32) -> f32 {
    const ORDER: [[u8; 4]; 4] = [[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]];
    (f32::from(ORDER[(y % 4) as usize][(x % 4) as usize]) + 0.5) / 16.0 - 0.5
}

/// Two hills across the foot, the nearer one lower and stronger.
pub(super) fn waves(picture: &mut RgbImage, color: Color, scale: u32) {
    let (width, height) = (picture.width() as f32, picture.height() as f32);
    let unit = scale as f32;
    let crest = |x: f32, share: f32, swing: f32, turns: f32, shift: f32| {
        let phase = std::f32::consts::TAU * (x / width * turns + shift);
        height - height * share - unit * swing * libm::sinf(phase)
    };
    for x in 0..picture.width() {
        let at = x as f32 + 0.5;
        let back = crest(at, 0.26, 22.0, 1.15, 0.62);
        let front = crest(at, 0.165, 17.0, 1.3, 0.98);
        for y in (back.min(front).max(0.0) as u32)..picture.height() {
            let pixel = picture.get_pixel_mut(x, y);
            for (line, strength) in [(back, 0.30), (front, 0.32)] {
                let covered = (y as f32 + 1.0 - line).clamp(0.0, 1.0);
                *pixel = mix(*pixel, color, covered * strength);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn angles_are_those_of_css() {
        let (black, white) = (Color::hex(0), Color::hex(0xFF_FFFF));
        let corners = |angle| {
            let picture = gradient(black, white, angle, (40, 20));
            [(0, 0), (39, 0), (0, 19), (39, 19)].map(|(x, y)| picture.get_pixel(x, y).0[0] / 100)
        };
        assert_eq!(corners(180), [0, 0, 2, 2]);
        assert_eq!(corners(0), [2, 2, 0, 0]);
        assert_eq!(corners(90), [0, 2, 0, 2]);
        assert_eq!(corners(-90), [2, 0, 2, 0]);
        assert_eq!(corners(135), [0, 1, 0, 2]);
    }

    #[test]
    fn one_shade_is_left_alone_by_the_dither() {
        let grey = Color::hex(0x80_8080);
        assert!(gradient(grey, grey, 30, (9, 9)).pixels().all(|pixel| pixel.0 == [0x80; 3]));
    }
}
