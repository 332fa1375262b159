//! Where the boxes of chains stand: on one line with aligned ends while there is room, then closer, at last on several lines.

use egui::{Rect, pos2, vec2};

/// Height of a box, and the gap below it.
pub const BOX: f32 = 44.0;
const BELOW: f32 = 8.0;
/// Between two boxes: the arrow with its air.
const ARROW: f32 = 30.0;
/// Beside what stands on an arrow.
const LABEL_AIR: f32 = 6.0;
const INDENT: f32 = 24.0;

/// What a box asks for.
#[derive(Debug, Clone, Copy)]
pub struct Measures {
    pub wide: f32,
    /// With its name cut.
    pub least: f32,
    /// What stands on the arrow after it, and whether that is a path.
    pub label: f32,
    pub path: bool,
    /// It ends its chain below or above the others of its kind.
    pub aligned: bool,
}

pub struct Placed {
    pub rows: Vec<Row>,
    pub height: f32,
    /// Every chain is on a line of its own.
    pub one_line: bool,
}

pub struct Row {
    pub boxes: Vec<Place>,
    pub labels: Labels,
}

/// What of the arrows' words there is room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Labels {
    All,
    /// No paths.
    Words,
    None,
}

impl Labels {
    pub fn has(self, path: bool) -> bool {
        match self {
            Labels::All => true,
            Labels::Words => !path,
            Labels::None => false,
        }
    }
}

/// A box, from the left top of all.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    pub rect: Rect,
    pub line: usize,
}

/// Places every chain in `width`, of which `aside` is wanted for what joins the ends.
pub fn layout(chains: &[Vec<Measures>], width: f32, aside: f32) -> Placed {
    let room = width - aside;
    let squeezed = |part: f32| -> Vec<Vec<Measures>> {
        let one = |one: &Measures| Measures { wide: one.least + (one.wide - one.least) * part, ..*one };
        chains.iter().map(|chain| chain.iter().map(one).collect()).collect()
    };
    use Labels::{All, None, Words};
    for (part, labels) in [(1.0, All), (1.0, Words), (1.0, None), (0.6, None), (0.3, None), (0.0, None)] {
        if let Some(placed) = in_lines(&squeezed(part), room, labels) {
            return placed;
        }
    }
    wrapped(&squeezed(1.0), width)
}

fn gap(from: &Measures, labels: Labels) -> f32 {
    ARROW + if labels.has(from.path) && from.label > 0.0 { from.label + LABEL_AIR } else { 0.0 }
}

/// Each chain on one line, those that end in copies aligned at their ends. `None` when it is wider than `room`.
fn in_lines(chains: &[Vec<Measures>], room: f32, labels: Labels) -> Option<Placed> {
    let start_of_end = |chain: &[Measures]| -> f32 {
        let before = chain.len().saturating_sub(1);
        chain.iter().take(before).map(|one| one.wide + gap(one, labels)).sum()
    };
    let ends = || chains.iter().filter(|chain| chain.last().is_some_and(|end| end.aligned));
    let column = ends().map(|chain| start_of_end(chain)).fold(0.0, f32::max);
    let widest = ends().filter_map(|chain| chain.last()).map(|end| end.wide).fold(0.0, f32::max);
    let mut rows = Vec::new();
    for (line, chain) in chains.iter().enumerate() {
        let y = line as f32 * (BOX + BELOW);
        let mut x = 0.0;
        let mut boxes = Vec::new();
        for (at, one) in chain.iter().enumerate() {
            let aligned = one.aligned && at + 1 == chain.len();
            let (left, wide) = if aligned { (column, widest) } else { (x, one.wide) };
            let rect = Rect::from_min_size(pos2(left, y), vec2(wide, BOX));
            if rect.right() > room {
                return None;
            }
            boxes.push(Place { rect, line });
            x = rect.right() + gap(one, labels);
        }
        rows.push(Row { boxes, labels });
    }
    Some(Placed { height: height(rows.len()), rows, one_line: true })
}

/// Boxes one after the other, going on further in on the next line.
fn wrapped(chains: &[Vec<Measures>], width: f32) -> Placed {
    let mut rows = Vec::new();
    let mut line = 0;
    for chain in chains {
        let mut x = 0.0;
        let mut boxes = Vec::new();
        for one in chain {
            let fits = |x: f32| x + one.wide <= width;
            if !boxes.is_empty() {
                x += ARROW;
                if !fits(x) {
                    line += 1;
                    x = INDENT;
                }
            }
            let wide = one.wide.min(width - x).max(1.0);
            let y = line as f32 * (BOX + BELOW);
            boxes.push(Place { rect: Rect::from_min_size(pos2(x, y), vec2(wide, BOX)), line });
            x += wide;
        }
        rows.push(Row { boxes, labels: Labels::None });
        line += 1;
    }
    Placed { height: height(line), rows, one_line: false }
}

fn height(lines: usize) -> f32 {
    (lines as f32 * (BOX + BELOW) - BELOW).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(widths: &[f32], copy: bool) -> Vec<Measures> {
        let last = widths.len() - 1;
        let one = |(at, wide): (usize, &f32)| Measures {
            wide: *wide,
            least: wide / 2.0,
            label: 40.0,
            path: at > 0,
            aligned: copy && at == last,
        };
        widths.iter().enumerate().map(one).collect()
    }

    #[test]
    fn copies_stand_below_each_other() {
        let placed = layout(&[chain(&[100.0, 80.0], true), chain(&[90.0, 90.0, 120.0], true)], 900.0, 100.0);
        assert!(placed.one_line && placed.rows.iter().all(|row| row.labels == Labels::All));
        let ends: Vec<Rect> = placed.rows.iter().map(|row| row.boxes.last().unwrap().rect).collect();
        assert_eq!(ends[0].x_range(), ends[1].x_range());
        assert_eq!(ends[1].top() - ends[0].top(), BOX + BELOW);
    }

    #[test]
    fn nothing_is_ever_wider_than_the_room_and_no_boxes_overlap() {
        let chains = [
            chain(&[100.0, 80.0, 150.0], true),
            chain(&[90.0, 90.0, 120.0, 300.0], true),
            chain(&[500.0], false),
        ];
        for width in (60..1200).step_by(20) {
            let width = width as f32;
            let placed = layout(&chains, width, 90.0);
            let boxes: Vec<Rect> =
                placed.rows.iter().flat_map(|row| row.boxes.iter().map(|place| place.rect)).collect();
            assert!(
                boxes.iter().all(|rect| rect.right() <= width && rect.bottom() <= placed.height),
                "{width}"
            );
            for (at, rect) in boxes.iter().enumerate() {
                assert!(boxes[at + 1..].iter().all(|other| !rect.shrink(0.1).intersects(*other)), "{width}");
            }
        }
    }
}
