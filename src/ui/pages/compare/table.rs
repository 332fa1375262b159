//! The tree of differences: file, slice, field, with what each side has.

use egui::{Rect, Stroke, Ui, pos2};

use super::look;
use super::rows::{Line, List, only_slice};
use crate::compare::{Comparison, Difference};
use crate::ui::theme::{Type, size, tokens};
use crate::ui::widgets::{Tone, badge, chip, cut, elided, galley, paint_left, tree_table};

pub const TABLE: &str = "differences";

/// Letters of a value that are looked at for a cell: no column is wider.
const LONGEST: usize = 400;

/// Where the columns begin, from the left edge.
struct Columns {
    class: f32,
    words: Words,
    left: f32,
    right: f32,
}

/// How a class is told beside its icon.
#[derive(Clone, Copy, PartialEq)]
enum Words {
    Title,
    Word,
    /// No room: the icon alone. The inspector has the words.
    None,
}

impl Columns {
    fn in_width(wide: f32) -> Columns {
        let (words, share, class) = match wide {
            900.0.. => (Words::Title, 0.38, 152.0),
            600.0.. => (Words::Word, 0.38, 116.0),
            _ => (Words::None, 0.44, 32.0),
        };
        let left = (wide * share).round() + class;
        Columns { class: left - class, words, left, right: (left + (wide - left) / 2.0).round() }
    }
}

pub fn show(ui: &mut Ui, comparison: &Comparison, list: &mut List, called: &mut bool) {
    let columns = Columns::in_width(ui.available_width());
    let class = if columns.words == Words::None { "" } else { "Class" };
    let heads = [("Name", 34.0), (class, columns.class), ("Left", columns.left), ("Right", columns.right)];
    tree_table::heads(ui, &heads);
    let table = tree_table::Table {
        salt: TABLE,
        name: "Differences",
        rows: list.lines().len(),
        row_height: size::ROW,
        selected: list.selected_row(),
        reveal: std::mem::take(&mut list.reveal),
    };
    let event = tree_table::show(
        ui,
        &table,
        |row| described(comparison, list, &list.lines()[row]),
        |ui, row, rect| paint(ui, comparison, list, &list.lines()[row], rect, &columns),
    );
    use tree_table::Event;
    match event {
        Some(Event::Select(row)) => list.select(Some(row)),
        Some(Event::Open(row, open)) => list.set_open(row, open, comparison),
        Some(Event::Activate(row)) => match list.lines().get(row).and_then(|line| line.open) {
            Some(open) => list.set_open(row, !open, comparison),
            None => {
                list.select(Some(row));
                *called = true;
            }
        },
        Some(Event::Typed(text)) => {
            list.filter.push_str(&text);
            ui.memory_mut(|memory| memory.request_focus(super::filter_id()));
        }
        None => {}
    }
}

fn described(comparison: &Comparison, list: &List, line: &Line) -> tree_table::Row {
    let difference = line.difference.and_then(|index| comparison.differences.get(index));
    let branch = list.branch(line);
    let label = branch.map_or("", |branch| branch.label.as_str());
    let spoken = match (difference, branch) {
        (Some(difference), _) => {
            let sides = short(&crate::compare::tree::sides(difference)).into_owned();
            format!("{label}, {}, {sides}", difference.class.title())
        }
        (None, Some(branch)) => match only_slice(branch) {
            Some(slice) => format!("{label}, {}, {}", slice.label, branch.summary),
            None => format!("{label}, {}", branch.summary),
        },
        (None, None) => String::new(),
    };
    tree_table::Row { key: line.key, depth: line.depth, open: line.open, spoken, heading: false, twin: false }
}

fn paint(ui: &Ui, comparison: &Comparison, list: &List, line: &Line, rect: Rect, columns: &Columns) {
    let t = tokens(ui);
    let Some(branch) = list.branch(line) else { return };
    let y = rect.center().y;
    let (x, end) = (tree_table::text_start(rect, line.depth), rect.left() + columns.class - 12.0);
    let difference = line.difference.and_then(|index| comparison.differences.get(index));
    let code = difference.is_some_and(|difference| difference.code);
    let slice = only_slice(branch).map(|slice| slice.label.as_str());
    let marks = slice.map_or(0.0, |slice| galley(ui, slice, Type::MonoCaption, t.text).size().x + 16.0);
    let room = end - x - marks - if code { 48.0 } else { 0.0 };
    let kind = if line.depth == 0 { Type::MonoMedium } else { Type::Mono };
    let after = paint_left(ui, x, y, elided(ui, &branch.label, kind, t.text, room));
    if let Some(slice) = slice {
        chip(ui, after + 8.0, y, slice, false);
    }
    if code {
        badge(ui, after + 8.0, y, "Code", Tone::Warning, false);
    }
    ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(0.5, t.line));
    match difference {
        Some(difference) => cells(ui, difference, rect, columns),
        None => {
            let x = rect.left() + columns.class;
            let words = cut(ui, &branch.summary, Type::Body, t.text_soft, rect.right() - x - 16.0);
            paint_left(ui, x, y, words);
        }
    }
}

fn cells(ui: &Ui, difference: &Difference, rect: Rect, columns: &Columns) {
    let t = tokens(ui);
    let (y, class) = (rect.center().y, difference.class);
    let x = rect.left() + columns.class;
    let ink = look::tone(class).ink(t);
    look::icon(class).paint_at(ui.painter(), pos2(x + 7.0, y), 14.0, ink);
    let words = match columns.words {
        Words::Title => class.title().to_owned(),
        Words::Word => crate::ui::facts::capital(class.word()),
        Words::None => String::new(),
    };
    let room = columns.left - columns.class - 30.0;
    paint_left(ui, x + 22.0, y, cut(ui, &words, Type::Body, t.text_soft, room));
    let (left, right) = look::values(difference);
    let ends = [columns.right - 12.0, rect.width() - 16.0];
    for ((value, from), to) in [(left, columns.left), (right, columns.right)].into_iter().zip(ends) {
        let words = match value {
            // Words are cut at their end, paths and hashes in their middle.
            Some(value) if value.contains(' ') => cut(ui, &short(value), Type::Mono, t.text_soft, to - from),
            Some(value) => elided(ui, &short(value), Type::Mono, t.text_soft, to - from),
            None => galley(ui, "–", Type::Mono, t.text_faint),
        };
        paint_left(ui, rect.left() + from, y, words);
    }
}

/// One line of a value, without the middle of what no cell could hold.
fn short(value: &str) -> std::borrow::Cow<'_, str> {
    if value.len() <= LONGEST && !value.contains('\n') {
        return value.into();
    }
    let letters: Vec<char> = value.chars().take(LONGEST / 2).collect();
    let mut end: Vec<char> = value.chars().rev().take(LONGEST / 2).collect();
    end.reverse();
    let whole = value.chars().count() <= LONGEST;
    let text: String =
        if whole { value.to_owned() } else { letters.into_iter().chain(['…']).chain(end).collect() };
    text.replace('\n', " ").into()
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn a_value_is_one_line_and_keeps_both_ends() {
        assert_eq!(short("a\nb"), "a b");
        let long = format!("{}Ende", "ü".repeat(2_000));
        let shown = short(&long);
        assert!(shown.chars().count() == 401 && shown.starts_with('ü') && shown.ends_with("Ende"));
        assert_eq!(short(&"x".repeat(400)).len(), 400);
    }
}
