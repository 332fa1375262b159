//! A fact: its name faint at the left, its value beside it.

use egui::{Sense, Ui, pos2, vec2};

use super::{cut, galley, paint_left, text};
use crate::ui::theme::{Type, size, tokens};

const NAME: f32 = 84.0;

/// A row `NAME + value`; `value` paints from the x and y it gets, in the width it gets.
pub fn property(ui: &mut Ui, name: &str, spoken: &str, value: impl FnOnce(&mut Ui, f32, f32, f32)) {
    let t = tokens(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), size::ROW), Sense::hover());
    text::name(&response, &format!("{name}: {spoken}"));
    paint_left(ui, rect.left(), rect.center().y, galley(ui, name, Type::Body, t.text_faint));
    let x = rect.left() + NAME;
    value(ui, x, rect.center().y, rect.right() - x);
}

pub fn property_text(ui: &mut Ui, name: &str, words: &str) {
    property(ui, name, words, |ui, x, y, width| {
        let t = tokens(ui);
        paint_left(ui, x, y, cut(ui, words, Type::Body, t.text, width));
    });
}

/// A path as value: in mono, wrapped after a slash when it is long.
pub fn property_path(ui: &mut Ui, name: &str, path: &str) {
    let t = tokens(ui);
    let x = NAME;
    let words = text::path_lines(ui, path, Type::Mono, t.text, ui.available_width() - x);
    let height = words.size().y.max(16.0) + 8.0;
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
    text::name(&response, &format!("{name}: {path}"));
    paint_left(ui, rect.left(), rect.top() + 12.0, galley(ui, name, Type::Body, t.text_faint));
    ui.painter().galley(pos2(rect.left() + x, rect.top() + 4.0), words, t.text);
}
