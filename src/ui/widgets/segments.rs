//! A few choices side by side, one of them on.

use egui::{Color32, CursorIcon, Rect, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};

use super::{focus_ring, galley, text::paint_tinted};
use crate::ui::theme::{Type, size, tokens};

/// One choice: its word and what it means.
pub type Choice<'a> = (&'a str, &'a str);

/// Answers the choice that was clicked.
pub fn segments(ui: &mut Ui, name: &str, choices: &[Choice<'_>], on: usize) -> Option<usize> {
    let t = tokens(ui);
    let words: Vec<_> =
        choices.iter().map(|(word, _)| galley(ui, word, Type::BodyMedium, Color32::PLACEHOLDER)).collect();
    let wide = words.iter().map(|word| word.size().x + 20.0).sum::<f32>() + 4.0;
    let (rect, _) = ui.allocate_exact_size(vec2(wide.round(), size::CONTROL), Sense::hover());
    ui.painter().rect(rect, size::RADIUS, t.raised, Stroke::new(1.0, t.line), StrokeKind::Inside);
    let mut x = rect.left() + 2.0;
    let mut clicked = None;
    for (index, word) in words.into_iter().enumerate() {
        let part =
            Rect::from_min_size(pos2(x, rect.top() + 2.0), vec2(word.size().x + 20.0, rect.height() - 4.0));
        let (label, tip) = choices[index];
        let response = ui.interact(part, ui.scope_id().with((name, label)), Sense::click());
        response.widget_info(|| {
            WidgetInfo::selected(Role::RadioButton, true, index == on, format!("{name}: {label}"))
        });
        let ink = match (index == on, response.hovered()) {
            (true, _) => {
                ui.painter().rect_filled(part, size::RADIUS - 2, t.selected);
                t.text
            }
            (false, true) => t.text,
            (false, false) => t.text_soft,
        };
        let left = part.center().x - word.size().x / 2.0;
        paint_tinted(ui, left, part.center().y, word, ink);
        focus_ring(ui, &response, part, f32::from(size::RADIUS) - 2.0);
        if response.clicked() {
            clicked = Some(index);
        }
        response.on_hover_cursor(CursorIcon::PointingHand).on_hover_text(tip);
        x = part.right();
    }
    clicked.filter(|index| *index != on)
}
