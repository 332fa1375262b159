//! The arrow from the app to where it goes.

use image::RgbImage;

use super::drawing::{Arrow, ArrowStyle};
use super::{around, mix};
use crate::dmg::layout::DmgLayout;

/// WCAG 2.2, 1.4.11: what is no text needs 3:1; a little more looks meant.
const CONTRAST: f32 = 4.0;

/// A line with round ends, in pixels.
#[derive(Clone, Copy)]
struct Stroke {
    from: (f32, f32),
    to: (f32, f32),
    /// How much of its colour it has.
    strength: f32,
}

impl Stroke {
    fn new(from: (f32, f32), to: (f32, f32)) -> Stroke {
        Stroke { from, to, strength: 1.0 }
    }

    fn distance(&self, (x, y): (f32, f32)) -> f32 {
        let (dx, dy) = (self.to.0 - self.from.0, self.to.1 - self.from.1);
        let (px, py) = (x - self.from.0, y - self.from.1);
        let along = ((px * dx + py * dy) / (dx * dx + dy * dy).max(f32::EPSILON)).clamp(0.0, 1.0);
        length(px - along * dx, py - along * dy)
    }
}

/// Not `hypot`, whose last digit is the system's.
fn length(x: f32, y: f32) -> f32 {
    (x * x + y * y).sqrt()
}

/// Draws it at `scale` pixels to the point; nothing when an item has no place or the two stand too close.
pub(super) fn paint(picture: &mut RgbImage, layout: &DmgLayout, arrow: &Arrow, scale: u32) {
    let unit = scale as f32;
    let place = |name: &str| layout.positions.get(name).map(|&(x, y)| (x as f32 * unit, y as f32 * unit));
    let (Some(from), Some(to)) = (place(&arrow.from), place(&arrow.to)) else { return };
    let icon = layout.icon_size as f32 * unit;
    let strokes = strokes(arrow.style, from, to, Room::of(layout, from, to, unit));
    if strokes.is_empty() {
        return;
    }
    let radius = (icon * 0.024).max(1.2 * unit);
    let (mut left, mut top) = (f32::INFINITY, f32::INFINITY);
    let (mut right, mut bottom) = (0.0_f32, 0.0_f32);
    for (x, y) in strokes.iter().flat_map(|stroke| [stroke.from, stroke.to]) {
        (left, top) = (left.min(x - radius - 1.0), top.min(y - radius - 1.0));
        (right, bottom) = (right.max(x + radius + 2.0), bottom.max(y + radius + 2.0));
    }
    let columns = left.max(0.0) as u32..(right.max(0.0) as u32).min(picture.width());
    let rows = top.max(0.0) as u32..(bottom.max(0.0) as u32).min(picture.height());
    let ink = arrow.color.unwrap_or_else(|| around(picture, columns.clone(), rows.clone()).ink(CONTRAST));
    for y in rows {
        for x in columns.clone() {
            let point = (x as f32 + 0.5, y as f32 + 0.5);
            let covered = strokes
                .iter()
                .map(|stroke| (0.5 + radius - stroke.distance(point)).clamp(0.0, 1.0) * stroke.strength);
            let covered = covered.fold(0.0, f32::max);
            if covered > 0.0 {
                let pixel = picture.get_pixel_mut(x, y);
                *pixel = mix(*pixel, ink, covered);
            }
        }
    }
}

/// What an arrow has to keep clear of, in pixels.
struct Room {
    icon: f32,
    /// From the middle of the first icon to the beginning, and from the tip to the middle of the second.
    before: f32,
    after: f32,
}

impl Room {
    /// Beside an icon little is enough; below one stands its name.
    fn of(layout: &DmgLayout, from: (f32, f32), to: (f32, f32), unit: f32) -> Room {
        let icon = layout.icon_size as f32 * unit;
        let name = (layout.text_size as f32 * 1.3 + 10.0) * unit;
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let upright = dy.abs() > dx.abs();
        let below = |leaves_down: bool| if upright && leaves_down { icon * 0.56 + name } else { icon * 0.74 };
        let above = |value: f32| if upright { value.min(icon * 0.62).max(icon * 0.6) } else { value };
        match dy > 0.0 {
            true => Room { icon, before: below(true), after: above(icon * 0.74) },
            false => Room { icon, before: above(icon * 0.74), after: below(true) },
        }
    }
}

fn strokes(style: ArrowStyle, from: (f32, f32), to: (f32, f32), room: Room) -> Vec<Stroke> {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let distance = length(dx, dy);
    if distance < room.before + room.after + room.icon * 0.25 {
        return Vec::new();
    }
    let ahead = (dx / distance, dy / distance);
    let along = |from: (f32, f32), by: f32| (from.0 + ahead.0 * by, from.1 + ahead.1 * by);
    let (start, tip) = (along(from, room.before), along(to, -room.after));
    match style {
        ArrowStyle::Line => {
            let mut all = vec![Stroke::new(start, tip)];
            all.extend(head(tip, ahead, room.icon * 0.17));
            all
        }
        ArrowStyle::Curve => curve(start, tip, room.icon * 0.16),
        ArrowStyle::Chevrons => chevrons(start, tip, ahead, room.icon * 0.15),
    }
}

/// Two barbs of `size` at the tip.
fn head(tip: (f32, f32), ahead: (f32, f32), size: f32) -> [Stroke; 2] {
    let back = (tip.0 - ahead.0 * size, tip.1 - ahead.1 * size);
    [1.0, -1.0].map(|side| {
        let barb = (back.0 - ahead.1 * size * side, back.1 + ahead.0 * size * side);
        Stroke::new(tip, barb)
    })
}

/// A bow to the left of its way (upwards when it leads to the right), in short straight pieces.
fn curve(start: (f32, f32), tip: (f32, f32), size: f32) -> Vec<Stroke> {
    const PIECES: usize = 32;
    let (dx, dy) = (tip.0 - start.0, tip.1 - start.1);
    let bow = ((start.0 + tip.0) / 2.0 + dy * 0.34, (start.1 + tip.1) / 2.0 - dx * 0.34);
    // It stands as far below the line as its bow above it, so that the whole keeps its height.
    let sunk = (-dy * 0.085, dx * 0.085);
    let moved = |point: (f32, f32)| (point.0 + sunk.0, point.1 + sunk.1);
    let (start, tip, bow) = (moved(start), moved(tip), moved(bow));
    let point = |part: f32| {
        let rest = 1.0 - part;
        let at = |a: f32, b: f32, c: f32| a * rest * rest + 2.0 * b * rest * part + c * part * part;
        (at(start.0, bow.0, tip.0), at(start.1, bow.1, tip.1))
    };
    let points: Vec<_> = (0..=PIECES).map(|piece| point(piece as f32 / PIECES as f32)).collect();
    let mut all: Vec<Stroke> = points.windows(2).map(|pair| Stroke::new(pair[0], pair[1])).collect();
    let (x, y) = (tip.0 - bow.0, tip.1 - bow.1);
    let long = length(x, y).max(f32::EPSILON);
    all.extend(head(tip, (x / long, y / long), size));
    all
}

/// Three in the middle of the way, each stronger than the one before.
fn chevrons(start: (f32, f32), tip: (f32, f32), ahead: (f32, f32), size: f32) -> Vec<Stroke> {
    let middle =
        ((start.0 + tip.0) / 2.0 + ahead.0 * size / 2.0, (start.1 + tip.1) / 2.0 + ahead.1 * size / 2.0);
    let step = size * 1.35;
    let each = [(-1.0, 0.4), (0.0, 0.7), (1.0, 1.0)].map(|(place, strength)| {
        let point = (middle.0 + ahead.0 * step * place, middle.1 + ahead.1 * step * place);
        head(point, ahead, size).map(|stroke| Stroke { strength, ..stroke })
    });
    each.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::super::pictures;
    use super::*;
    use crate::dmg::background::drawing::Drawing;

    fn drawn(style: ArrowStyle, change: impl Fn(&mut DmgLayout)) -> [RgbImage; 2] {
        let mut layout = DmgLayout::standard("Foo.app");
        let mut drawing = Drawing::with_arrow("Foo.app", "Applications");
        drawing.arrow.as_mut().unwrap().style = style;
        layout.background = drawing.into();
        change(&mut layout);
        let pictures = pictures(&layout).unwrap().unwrap();
        [pictures.one, pictures.two.unwrap()]
    }

    fn dark(picture: &RgbImage, x: u32, y: u32) -> bool {
        picture.get_pixel(x, y).0[0] < 150
    }

    #[test]
    fn the_arrow_stands_between_the_icons_at_both_scales() {
        for (picture, scale) in drawn(ArrowStyle::Line, |_| ()).iter().zip([1, 2]) {
            assert_eq!(picture.dimensions(), (640 * scale, 400 * scale));
            assert!(dark(picture, 320 * scale, 176 * scale));
            // Not on the icons, not on their labels.
            let clear = |x: u32, y: u32| !dark(picture, x * scale, y * scale);
            assert!(clear(172, 176) && clear(236, 176) && clear(404, 176) && clear(320, 250));
        }
    }

    #[test]
    fn every_style_is_seen_in_every_direction_and_clear_of_the_icons() {
        let places = [(172, 176), (468, 176), (320, 90), (320, 420)];
        for style in ArrowStyle::ALL {
            for (from, to) in [(0, 1), (1, 0), (2, 3), (3, 2)] {
                let (from, to) = (places[from], places[to]);
                let [picture, _] = drawn(style, |layout| {
                    layout.window.height = 560;
                    layout.positions =
                        [("Foo.app".into(), from), ("Applications".into(), to)].into_iter().collect();
                });
                let seen = picture.enumerate_pixels().filter(|(x, y, _)| dark(&picture, *x, *y)).count();
                assert!(seen > 100, "{style:?} {from:?} {to:?}: {seen}");
                for (x, y) in [from, to] {
                    let on = |dx: i32, dy: i32| dark(&picture, (x + dx) as u32, (y + dy) as u32);
                    assert!(!(-64..64).any(|by| on(by, -64) || on(by, 63) || on(-64, by) || on(63, by)));
                }
            }
        }
    }

    #[test]
    fn icons_side_by_side_get_no_arrow() {
        let [picture, _] = drawn(ArrowStyle::Line, |layout| {
            layout.positions.insert("Applications".into(), (310, 176));
        });
        assert!(picture.pixels().all(|pixel| pixel.0[0] > 200));
    }
}
