//! The background drawn here: a soft gradient, and an arrow from the app to where it goes.

use image::{Rgb, RgbImage};

use super::layout::DmgLayout;

/// Light enough for the Finder's black labels: 17:1 at the top, 14:1 at the bottom.
const TOP: [f32; 3] = [252.0, 253.0, 254.0];
const BOTTOM: [f32; 3] = [222.0, 231.0, 240.0];
const ARROW: [f32; 3] = [74.0, 116.0, 150.0];

/// A line with round ends, in pixels.
struct Stroke {
    from: (f32, f32),
    to: (f32, f32),
}

impl Stroke {
    fn distance(&self, (x, y): (f32, f32)) -> f32 {
        let (dx, dy) = (self.to.0 - self.from.0, self.to.1 - self.from.1);
        let (px, py) = (x - self.from.0, y - self.from.1);
        let along = ((px * dx + py * dy) / (dx * dx + dy * dy).max(f32::EPSILON)).clamp(0.0, 1.0);
        (px - along * dx).hypot(py - along * dy)
    }
}

/// The picture for a window, at `scale` pixels to the point. Without both items it is the gradient alone.
pub fn draw(layout: &DmgLayout, from: &str, to: &str, scale: u32) -> RgbImage {
    let (width, height) = (layout.window.width * scale, layout.window.height * scale);
    let unit = scale as f32;
    let place = |name: &str| layout.positions.get(name).map(|&(x, y)| (x as f32 * unit, y as f32 * unit));
    let icon = layout.icon_size as f32 * unit;
    let strokes = match (place(from), place(to)) {
        (Some(from), Some(to)) => strokes(from, to, icon),
        _ => Vec::new(),
    };
    let radius = icon * 0.024;
    RgbImage::from_fn(width, height, |x, y| {
        let down = y as f32 / height.max(2) as f32;
        let point = (x as f32 + 0.5, y as f32 + 0.5);
        let nearest = strokes.iter().map(|stroke| stroke.distance(point)).fold(f32::INFINITY, f32::min);
        let ink = (0.5 + radius - nearest).clamp(0.0, 1.0);
        Rgb(std::array::from_fn(|part| {
            let ground = TOP[part] + (BOTTOM[part] - TOP[part]) * down;
            (ground + (ARROW[part] - ground) * ink).round() as u8
        }))
    })
}

/// Shaft and head of an arrow between two icons, clear of both; none when they stand too close.
fn strokes(from: (f32, f32), to: (f32, f32), icon: f32) -> Vec<Stroke> {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let distance = dx.hypot(dy);
    let clear = icon * 0.74;
    if distance < clear * 2.0 + icon * 0.25 {
        return Vec::new();
    }
    let (ux, uy) = (dx / distance, dy / distance);
    let along = |from: (f32, f32), by: f32| (from.0 + ux * by, from.1 + uy * by);
    let (start, tip) = (along(from, clear), along(to, -clear));
    let back = along(tip, -icon * 0.17);
    let side = icon * 0.17;
    let barb = |sign: f32| (back.0 - uy * side * sign, back.1 + ux * side * sign);
    vec![
        Stroke { from: start, to: tip },
        Stroke { from: tip, to: barb(1.0) },
        Stroke { from: tip, to: barb(-1.0) },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dark(picture: &RgbImage, x: u32, y: u32) -> bool {
        picture.get_pixel(x, y).0[0] < 120
    }

    #[test]
    fn the_arrow_stands_between_the_icons_at_both_scales() {
        let layout = DmgLayout::standard("Foo.app");
        for scale in [1, 2] {
            let picture = draw(&layout, "Foo.app", "Applications", scale);
            assert_eq!(picture.dimensions(), (640 * scale, 400 * scale));
            assert!(dark(&picture, 320 * scale, 176 * scale));
            // Not on the icons, not on their labels.
            let clear = |x: u32, y: u32| !dark(&picture, x * scale, y * scale);
            assert!(clear(172, 176) && clear(236, 176) && clear(404, 176) && clear(320, 250));
        }
    }

    #[test]
    fn icons_side_by_side_get_no_arrow() {
        let mut layout = DmgLayout::standard("Foo.app");
        layout.positions.insert("Applications".into(), (310, 176));
        let picture = draw(&layout, "Foo.app", "Applications", 1);
        assert!(picture.pixels().all(|pixel| pixel.0[0] > 200));
    }
}
