//! A switch: acts at once.

use egui::{
    Color32, CursorIcon, Rect, Response, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2,
};

use super::{focus_ring, galley, text::paint_tinted};
use crate::ui::theme::{Type, tokens};

/// A switch named `name`, with its words beside it when `shown`. `changed()` of the answer says that it was flipped.
pub fn switch(ui: &mut Ui, on: &mut bool, name: &str, shown: bool, tip: &str) -> Response {
    let t = tokens(ui);
    let words = shown.then(|| galley(ui, name, Type::Body, Color32::PLACEHOLDER));
    let wide = 28.0 + words.as_ref().map_or(0.0, |words| words.size().x + 8.0);
    let (rect, mut response) = ui.allocate_exact_size(vec2(wide, 24.0), Sense::click());
    if response.clicked() {
        *on = !*on;
        response.mark_changed();
    }
    response.widget_info(|| WidgetInfo::selected(Role::Switch, true, *on, name));

    let y = rect.center().y;
    let track = Rect::from_center_size(pos2(rect.left() + 14.0, y), vec2(28.0, 16.0));
    let at = ui.animate_bool_responsive(response.id, *on);
    let ground = t.raised.lerp_to_gamma(t.fill, at);
    ui.painter().rect_filled(track, 8.0, ground);
    if !*on {
        ui.painter().rect_stroke(track, 8.0, Stroke::new(1.0, t.outline), StrokeKind::Inside);
    }
    let knob = pos2(egui::lerp(track.left() + 8.0..=track.right() - 8.0, at), y);
    ui.painter().circle_filled(knob, 5.0, if *on { t.on_fill } else { t.outline });
    if let Some(words) = words {
        paint_tinted(ui, track.right() + 8.0, y, words, t.text);
    }
    focus_ring(ui, &response, track, 8.0);
    response.on_hover_cursor(CursorIcon::PointingHand).on_hover_text(tip)
}
