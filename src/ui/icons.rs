//! Icons, drawn with the painter on a grid of 16 by 16 in strokes of 1.5.

use egui::{Color32, Painter, Pos2, Rect, Shape, Stroke, StrokeKind, pos2};

/// A part of an icon, in grid units.
enum Part {
    /// An open line.
    Line(&'static [(f32, f32)]),
    /// A closed outline.
    Shape(&'static [(f32, f32)]),
    Circle(f32, f32, f32),
    Dot(f32, f32, f32),
    /// Left, top, right, bottom, corner radius.
    Box(f32, f32, f32, f32, f32),
}

use Part::{Box, Circle, Dot, Line};

macro_rules! icons {
    ($($name:ident => [$($part:expr),* $(,)?],)*) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Icon { $($name),* }

        impl Icon {
            #[cfg(test)]
            const ALL: &[Icon] = &[$(Icon::$name),*];

            fn parts(self) -> &'static [Part] {
                match self { $(Icon::$name => &[$($part),*]),* }
            }
        }
    };
}

icons! {
    Cube => [
        Part::Shape(&[(8.0, 1.5), (13.7, 4.7), (13.7, 11.3), (8.0, 14.5), (2.3, 11.3), (2.3, 4.7)]),
        Line(&[(2.3, 4.7), (8.0, 8.0), (13.7, 4.7)]), Line(&[(8.0, 8.0), (8.0, 14.5)]),
    ],
    Overview => [Box(2.5, 2.5, 13.5, 13.5, 2.0), Line(&[(5.5, 6.2), (10.5, 6.2)]), Line(&[(5.5, 9.8), (8.8, 9.8)])],
    List => [
        Dot(3.0, 4.0, 0.9), Dot(3.0, 8.0, 0.9), Dot(3.0, 12.0, 0.9),
        Line(&[(6.0, 4.0), (13.5, 4.0)]), Line(&[(6.0, 8.0), (13.5, 8.0)]), Line(&[(6.0, 12.0), (13.5, 12.0)]),
    ],
    Tree => [
        Box(2.0, 2.0, 6.0, 6.0, 1.0), Box(10.0, 4.0, 14.0, 8.0, 1.0), Box(10.0, 10.5, 14.0, 14.5, 1.0),
        Line(&[(4.0, 6.0), (4.0, 12.5), (10.0, 12.5)]), Line(&[(4.0, 6.5), (4.0, 6.0), (10.0, 6.0)]),
    ],
    Book => [
        Line(&[(8.0, 4.2), (6.4, 3.0), (2.0, 3.0), (2.0, 12.4), (6.4, 12.4), (8.0, 13.6), (9.6, 12.4), (14.0, 12.4), (14.0, 3.0), (9.6, 3.0), (8.0, 4.2), (8.0, 13.6)]),
    ],
    Map => [
        Circle(8.0, 3.6, 1.9), Circle(3.6, 12.2, 1.9), Circle(12.4, 12.2, 1.9),
        Line(&[(7.1, 5.4), (4.5, 10.5)]), Line(&[(8.9, 5.4), (11.5, 10.5)]), Line(&[(5.6, 12.2), (10.4, 12.2)]),
    ],
    Flag => [Line(&[(3.5, 14.5), (3.5, 2.5)]), Line(&[(3.5, 3.0), (12.5, 3.0), (10.6, 6.2), (12.5, 9.4), (3.5, 9.4)])],
    Shield => [
        Part::Shape(&[
            (8.0, 1.6), (13.2, 3.5), (13.2, 8.0), (12.3, 10.9), (10.3, 13.2), (8.0, 14.5), (5.7, 13.2), (3.7, 10.9), (2.8, 8.0),
            (2.8, 3.5),
        ]),
        Line(&[(5.6, 8.0), (7.3, 9.7), (10.5, 6.3)]),
    ],
    Drive => [Box(1.8, 3.2, 14.2, 12.8, 2.0), Line(&[(1.8, 9.2), (14.2, 9.2)]), Dot(11.6, 11.1, 0.8)],
    Wrench => [
        Line(&[
            (9.9, 2.2), (12.0, 2.0), (9.7, 4.4), (11.6, 6.3), (14.0, 4.0), (13.8, 6.3), (12.6, 8.2), (10.6, 8.9), (8.9, 8.6),
            (4.6, 13.2), (3.2, 13.6), (2.4, 12.8), (2.8, 11.4), (7.4, 7.1), (7.1, 5.4), (7.8, 3.4), (9.9, 2.2),
        ]),
    ],
    Redo => [
        Line(&[(10.4, 2.8), (13.5, 5.9), (10.4, 9.0)]),
        Line(&[(13.5, 5.9), (6.6, 5.9), (4.4, 6.6), (3.0, 8.3), (2.7, 9.8), (3.4, 11.9), (5.1, 13.2), (6.6, 13.4), (9.8, 13.4)]),
    ],
    Undo => [
        Line(&[(5.6, 2.8), (2.5, 5.9), (5.6, 9.0)]),
        Line(&[(2.5, 5.9), (9.4, 5.9), (11.6, 6.6), (13.0, 8.3), (13.3, 9.8), (12.6, 11.9), (10.9, 13.2), (9.4, 13.4), (6.2, 13.4)]),
    ],
    Pulse => [Line(&[(1.5, 8.6), (4.4, 8.6), (6.3, 3.2), (9.4, 13.2), (11.3, 8.6), (14.5, 8.6)])],
    Columns => [Box(2.0, 3.0, 6.8, 13.0, 1.2), Box(9.2, 3.0, 14.0, 13.0, 1.2), Line(&[(3.8, 6.2), (5.0, 6.2)]), Line(&[(11.0, 6.2), (12.2, 6.2)])],
    Search => [Circle(7.0, 7.0, 4.6), Line(&[(10.4, 10.4), (14.0, 14.0)])],
    ChevronRight => [Line(&[(6.0, 4.0), (10.0, 8.0), (6.0, 12.0)])],
    ChevronDown => [Line(&[(4.0, 6.0), (8.0, 10.0), (12.0, 6.0)])],
    ArrowLeft => [Line(&[(13.0, 8.0), (3.0, 8.0)]), Line(&[(7.0, 4.0), (3.0, 8.0), (7.0, 12.0)])],
    ArrowRight => [Line(&[(3.0, 8.0), (13.0, 8.0)]), Line(&[(9.0, 4.0), (13.0, 8.0), (9.0, 12.0)])],
    Swap => [
        Line(&[(2.5, 5.4), (13.0, 5.4)]), Line(&[(10.2, 2.6), (13.0, 5.4), (10.2, 8.2)]),
        Line(&[(13.5, 10.9), (3.0, 10.9)]), Line(&[(5.8, 8.1), (3.0, 10.9), (5.8, 13.7)]),
    ],
    Error => [Circle(8.0, 8.0, 6.3), Line(&[(5.8, 5.8), (10.2, 10.2)]), Line(&[(10.2, 5.8), (5.8, 10.2)])],
    Warning => [
        Part::Shape(&[(8.0, 2.0), (14.6, 13.4), (1.4, 13.4)]), Line(&[(8.0, 6.3), (8.0, 9.4)]), Dot(8.0, 11.4, 0.9),
    ],
    Good => [Circle(8.0, 8.0, 6.3), Line(&[(5.2, 8.2), (7.2, 10.1), (10.9, 6.0)])],
    Note => [Circle(8.0, 8.0, 6.3), Line(&[(8.0, 7.4), (8.0, 11.2)]), Dot(8.0, 5.0, 0.9)],
    Quiet => [Circle(8.0, 8.0, 6.3), Line(&[(5.4, 8.0), (10.6, 8.0)])],
    Link => [
        Line(&[(6.6, 9.4), (9.4, 6.6)]),
        Line(&[(7.4, 4.7), (9.0, 3.1), (10.6, 2.6), (12.2, 3.1), (13.1, 4.4), (13.2, 6.0), (12.7, 7.2), (11.3, 8.6)]),
        Line(&[(8.6, 11.3), (7.0, 12.9), (5.4, 13.4), (3.8, 12.9), (2.9, 11.6), (2.8, 10.0), (3.3, 8.8), (4.7, 7.4)]),
    ],
    Twin => [Box(2.0, 2.0, 10.0, 10.0, 1.5), Line(&[(12.2, 6.0), (14.0, 6.0), (14.0, 14.0), (6.0, 14.0), (6.0, 12.2)])],
    Copy => [Box(5.5, 5.5, 14.0, 14.0, 1.5), Line(&[(3.6, 10.5), (2.0, 10.5), (2.0, 2.0), (10.5, 2.0), (10.5, 3.6)])],
    Folder => [
        Part::Shape(&[(1.8, 3.2), (6.0, 3.2), (7.6, 5.0), (14.2, 5.0), (14.2, 12.8), (1.8, 12.8)]),
    ],
    File => [
        Part::Shape(&[(3.5, 1.8), (9.3, 1.8), (12.7, 5.2), (12.7, 14.2), (3.5, 14.2)]), Line(&[(9.0, 2.0), (9.0, 5.6), (12.5, 5.6)]),
    ],
    Picture => [
        Box(1.8, 2.8, 14.2, 13.2, 2.0), Dot(5.4, 6.2, 1.2), Line(&[(2.2, 11.6), (5.6, 8.8), (8.2, 11.0), (11.0, 7.6), (14.0, 10.4)]),
    ],
    Play => [Part::Shape(&[(4.8, 3.0), (12.6, 8.0), (4.8, 13.0)])],
    Eye => [
        Line(&[
            (1.4, 8.0), (3.4, 5.4), (5.6, 3.9), (8.0, 3.4), (10.4, 3.9), (12.6, 5.4), (14.6, 8.0), (12.6, 10.6), (10.4, 12.1),
            (8.0, 12.6), (5.6, 12.1), (3.4, 10.6), (1.4, 8.0),
        ]),
        Circle(8.0, 8.0, 2.2),
    ],
    Plus => [Line(&[(8.0, 3.0), (8.0, 13.0)]), Line(&[(3.0, 8.0), (13.0, 8.0)])],
    Minus => [Line(&[(3.0, 8.0), (13.0, 8.0)])],
    Close => [Line(&[(4.0, 4.0), (12.0, 12.0)]), Line(&[(12.0, 4.0), (4.0, 12.0)])],
    Refresh => [
        Line(&[(13.2, 8.0), (12.5, 10.7), (10.6, 12.5), (8.0, 13.2), (5.4, 12.5), (3.5, 10.7), (2.8, 8.0), (3.5, 5.4), (5.4, 3.5), (8.0, 2.8), (10.8, 3.6), (13.0, 5.8)]),
        Line(&[(13.2, 2.6), (13.2, 6.0), (9.8, 6.0)]),
    ],
    Half => [Circle(8.0, 8.0, 6.0), Line(&[(8.0, 2.0), (8.0, 14.0)]), Line(&[(10.5, 3.2), (10.5, 12.8)]), Line(&[(12.6, 4.6), (12.6, 11.4)])],
    Log => [Line(&[(2.5, 4.0), (6.0, 8.0), (2.5, 12.0)]), Line(&[(8.0, 12.4), (13.5, 12.4)])],
    More => [Dot(3.0, 8.0, 1.3), Dot(8.0, 8.0, 1.3), Dot(13.0, 8.0, 1.3)],
    Check => [Line(&[(3.0, 8.4), (6.4, 11.8), (13.0, 4.6)])],
}

impl Icon {
    /// Draws it in the middle of `rect`, whose shorter side it fills.
    pub fn paint(self, painter: &Painter, rect: Rect, color: Color32) {
        let side = rect.width().min(rect.height());
        let scale = side / 16.0;
        let origin = rect.center() - egui::vec2(side, side) / 2.0;
        let at = |&(x, y): &(f32, f32)| -> Pos2 { origin + egui::vec2(x, y) * scale };
        let stroke = Stroke::new((1.5 * scale).max(1.2), color);
        for part in self.parts() {
            match *part {
                Part::Line(points) => {
                    painter.add(Shape::line(points.iter().map(at).collect(), stroke));
                }
                Part::Shape(points) => {
                    painter.add(Shape::closed_line(points.iter().map(at).collect(), stroke));
                }
                Part::Circle(x, y, radius) => {
                    painter.circle_stroke(at(&(x, y)), radius * scale, stroke);
                }
                Part::Dot(x, y, radius) => {
                    painter.circle_filled(at(&(x, y)), radius * scale, color);
                }
                Part::Box(left, top, right, bottom, radius) => {
                    let rect = Rect::from_min_max(at(&(left, top)), at(&(right, bottom)));
                    painter.rect_stroke(rect, radius * scale, stroke, StrokeKind::Middle);
                }
            }
        }
    }

    /// Draws it `side` points wide around `center`.
    pub fn paint_at(self, painter: &Painter, center: Pos2, side: f32, color: Color32) {
        self.paint(painter, Rect::from_center_size(center, egui::vec2(side, side)), color);
    }
}

/// The product's mark: a white box on the one filled colour.
pub fn paint_mark(painter: &Painter, rect: Rect, fill: Color32, ink: Color32) {
    painter.rect_filled(rect, rect.width() * 0.22, fill);
    let side = rect.width() * 0.72;
    Icon::Cube.paint_at(painter, pos2(rect.center().x, rect.center().y), side, ink);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_icon_stays_on_its_grid() {
        for icon in Icon::ALL {
            for part in icon.parts() {
                let points: Vec<(f32, f32)> = match *part {
                    Part::Line(points) | Part::Shape(points) => points.to_vec(),
                    Part::Circle(x, y, r) | Part::Dot(x, y, r) => vec![(x - r, y - r), (x + r, y + r)],
                    Part::Box(left, top, right, bottom, _) => vec![(left, top), (right, bottom)],
                };
                assert!(
                    points.iter().all(|&(x, y)| (1.0..=15.0).contains(&x) && (1.0..=15.0).contains(&y)),
                    "{icon:?}"
                );
            }
        }
    }
}
