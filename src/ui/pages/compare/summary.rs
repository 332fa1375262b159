//! The verdict in words, how many files are equal, and what could not be compared.

use egui::{Role, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

use super::view::Found;
use crate::compare::Tally;
use crate::ui::facts::{counted, number};
use crate::ui::icons::Icon;
use crate::ui::theme::{Type, size, tokens};
use crate::ui::widgets::{Tone, paint_left, text_name, wrapped};

pub fn show(ui: &mut Ui, found: &Found) {
    let (t, comparison) = (tokens(ui), &found.comparison);
    let (tone, icon) = match (comparison.is_equal(), found.same_code) {
        (true, _) => (Tone::Good, Icon::Good),
        (_, true) => (Tone::Note, Icon::Good),
        _ => (Tone::Warning, Icon::Warning),
    };
    let (words, detail) = (&found.verdict, files(comparison.tally));
    let room = ui.available_width() - 56.0;
    let (head, below) = (
        wrapped(ui, words, Type::BodyMedium, t.text, room),
        wrapped(ui, &detail, Type::Body, t.text_soft, room),
    );
    let height = (head.size().y + below.size().y + 12.0).max(size::TWO_LINES);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{words}. {detail}")));
    ui.painter().rect_filled(rect, 0.0, tone.tint(t));
    ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, t.line));
    icon.paint_at(ui.painter(), pos2(rect.left() + 24.0, rect.center().y), size::ICON, tone.ink(t));
    let at = pos2(rect.left() + 40.0, (rect.center().y - (head.size().y + below.size().y) / 2.0).round());
    let under = at + vec2(0.0, head.size().y);
    ui.painter().galley(at, head, t.text);
    ui.painter().galley(under, below, t.text_soft);
    comparison.notes.iter().for_each(|one| note(ui, one));
}

fn note(ui: &mut Ui, words: &str) {
    let t = tokens(ui);
    let galley = wrapped(ui, words, Type::Caption, t.text_soft, ui.available_width() - 56.0);
    let height = galley.size().y + 8.0;
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
    text_name(&response, words);
    ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, t.line));
    let y = rect.center().y;
    Icon::Note.paint_at(ui.painter(), pos2(rect.left() + 24.0, y), size::ICON_SMALL, t.note);
    paint_left(ui, rect.left() + 40.0, y, galley);
}

/// "20 files equal, 3 changed, 1 only on the right".
pub fn files(tally: Tally) -> String {
    let words = [
        (tally.equal, "equal"),
        (tally.changed, "changed"),
        (tally.moved, "moved"),
        (tally.removed, "only on the left"),
        (tally.added, "only on the right"),
    ];
    let mut parts: Vec<String> = Vec::new();
    for (count, word) in words.into_iter().filter(|(count, _)| *count > 0) {
        let count = if parts.is_empty() { counted(count, "file") } else { number(count as u64) };
        parts.push(format!("{count} {word}"));
    }
    if parts.is_empty() { "No files".to_owned() } else { parts.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_counted_in_words() {
        let tally = Tally { equal: 1_204, changed: 1, added: 2, ..Tally::default() };
        assert_eq!(files(tally), "1,204 files equal, 1 changed, 2 only on the right");
        assert_eq!(files(Tally { removed: 1, ..Tally::default() }), "1 file only on the left");
        assert_eq!(files(Tally::default()), "No files");
    }
}
