//! The focus ring, shown only while the keyboard is what moves the focus.

use egui::{Context, Event, Id, Rect, Response, Stroke, StrokeKind, Ui};

use crate::ui::theme::tokens;

fn keyboard_id() -> Id {
    Id::unique("last-input-was-keyboard")
}

/// Remembers, once a frame, whether the keyboard or the pointer was used last.
pub fn note_input(ctx: &Context) {
    let used = ctx.input(|input| {
        input.events.iter().rev().find_map(|event| match event {
            Event::Key { pressed: true, .. } => Some(true),
            Event::PointerButton { pressed: true, .. } => Some(false),
            _ => None,
        })
    });
    if let Some(keyboard) = used {
        ctx.data_mut(|data| data.insert_temp(keyboard_id(), keyboard));
    }
}

/// Two points of accent, one point outside of `rect`.
pub fn focus_ring(ui: &Ui, response: &Response, rect: Rect, radius: f32) {
    let keyboard = ui.data(|data| data.get_temp(keyboard_id()).unwrap_or(false));
    if response.has_focus() && keyboard {
        let stroke = Stroke::new(2.0, tokens(ui).accent);
        ui.painter().rect_stroke(rect.expand(1.0), radius + 1.0, stroke, StrokeKind::Outside);
    }
}
