//! A tinted note inside a panel.

use egui::{Rect, Sense, Ui, pos2, vec2};

use super::badge::Tone;
use super::{text, wrapped};
use crate::ui::icons::Icon;
use crate::ui::theme::{Type, size, tokens};

pub fn callout(ui: &mut Ui, tone: Tone, icon: Icon, words: &str) {
    let t = tokens(ui);
    let width = ui.available_width();
    let words_galley = wrapped(ui, words, Type::Caption, t.text, width - 52.0);
    let (rect, response) = ui.allocate_exact_size(vec2(width, words_galley.size().y + 20.0), Sense::hover());
    ui.painter().rect_filled(rect, size::RADIUS, tone.tint(t));
    icon.paint_at(ui.painter(), pos2(rect.left() + 20.0, rect.center().y), size::ICON, tone.ink(t));
    let place = Rect::from_min_size(pos2(rect.left() + 40.0, rect.top() + 10.0), words_galley.size());
    ui.painter().galley(place.min, words_galley, t.text);
    text::name(&response, words);
}
