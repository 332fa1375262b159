//! Several reports: those of one cause together, the most frequent cause first.

use egui::{Rect, Stroke, Ui};

use super::View;
use crate::triage::Triage;
use crate::ui::theme::{Type, tokens};
use crate::ui::widgets::{Tone, badge, cut, elided, paint_left, tree_table, wrapped};

const TABLE: &str = "crash-reports";
const ROW: f32 = 44.0;

/// A line of the list.
enum Line {
    /// By its position in the groups.
    Cause(usize),
    Report(usize),
}

fn lines(view: &View) -> Vec<Line> {
    let group = |(at, group): (usize, &crate::workflow::Group)| {
        let members: Vec<Line> = group.members.iter().map(|at| Line::Report(*at)).collect();
        std::iter::once(Line::Cause(at)).chain(members)
    };
    view.groups.iter().enumerate().flat_map(group).collect()
}

pub fn show(ui: &mut Ui, view: &mut View) {
    let t = tokens(ui);
    let edge = ui.max_rect();
    let lines = lines(view);
    let selected = lines.iter().position(|line| matches!(line, Line::Report(at) if *at == view.report));
    let table = tree_table::Table {
        salt: TABLE,
        name: "Reports by cause",
        rows: lines.len(),
        row_height: ROW,
        selected,
        reveal: false,
    };
    let event = tree_table::show(
        ui,
        &table,
        |row| {
            let (spoken, heading) = match lines[row] {
                Line::Cause(at) => (spoken_cause(view, at), true),
                Line::Report(at) => (view.triages.get(at).map_or_else(String::new, spoken_report), false),
            };
            tree_table::Row {
                key: row as u64,
                depth: usize::from(!heading),
                open: None,
                spoken,
                heading,
                twin: false,
            }
        },
        |ui, row, rect| match lines[row] {
            Line::Cause(at) => paint_cause(ui, view, at, rect),
            Line::Report(at) => {
                if let Some(triage) = view.triages.get(at) {
                    paint_report(ui, triage, rect);
                }
            }
        },
    );
    ui.painter().vline(edge.right() - 0.5, edge.y_range(), Stroke::new(1.0, t.line));
    use tree_table::Event;
    if let Some(Event::Select(row) | Event::Activate(row)) = event
        && let Some(Line::Report(at)) = lines.get(row)
    {
        view.turn_to(*at);
    }
}

/// The cause of a group and how many reports have it.
fn cause(view: &View, at: usize) -> (&str, usize) {
    let Some(group) = view.groups.get(at) else { return ("", 0) };
    let words = if group.cause.is_empty() { "Nothing found" } else { &group.cause };
    (words, group.members.len())
}

fn spoken_cause(view: &View, at: usize) -> String {
    let (words, count) = cause(view, at);
    format!("{words}, {}", crate::ui::facts::counted(count, "report"))
}

fn spoken_report(triage: &Triage) -> String {
    format!("{}, {}", triage.name, triage.story.headline)
}

fn paint_cause(ui: &Ui, view: &View, at: usize, rect: Rect) {
    let t = tokens(ui);
    let (words, count) = cause(view, at);
    let severity = view
        .groups
        .get(at)
        .and_then(|group| view.triages.get(*group.members.first()?)?.findings.first())
        .map(|finding| finding.severity);
    let tone = severity.filter(|_| words != "Nothing found").map_or(Tone::Quiet, crate::ui::facts::tone);
    let right =
        badge(ui, rect.right() - 12.0, rect.center().y, &crate::ui::facts::number(count as u64), tone, true);
    let room = right - rect.left() - 24.0;
    let mut words = wrapped(ui, words, Type::CaptionMedium, t.text, room);
    if words.rows.len() > 2 {
        words = cut(ui, cause(view, at).0, Type::CaptionMedium, t.text, room);
    }
    paint_left(ui, rect.left() + 16.0, rect.center().y, words);
}

fn paint_report(ui: &Ui, triage: &Triage, rect: Rect) {
    let t = tokens(ui);
    let (x, room) = (rect.left() + 16.0, rect.width() - 28.0);
    let y = rect.center().y;
    paint_left(ui, x, y - 8.0, elided(ui, &triage.name, Type::Mono, t.text, room));
    let headline = cut(ui, &triage.story.headline, Type::Caption, t.text_soft, room);
    paint_left(ui, x, y + 9.0, headline);
}
