//! A selector shows "label value" and opens a menu of values.

use egui::{
    Color32, CursorIcon, Popup, Response, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2,
};

use super::{MenuItem, focus_ring, galley, text::paint_tinted};
use crate::ui::icons::Icon;
use crate::ui::theme::{Type, size, tokens};

/// Answers the value that was chosen. `wide` makes it fill that width.
pub fn selector(
    ui: &mut Ui,
    label: &str,
    values: &[String],
    on: usize,
    wide: Option<f32>,
    tip: &str,
) -> Option<usize> {
    let value = values.get(on).map_or("–", String::as_str);
    let response = drop_down(ui, label, value, wide);
    let width = response.rect.width();
    let mut chosen = None;
    Popup::menu(&response).accessible_name(label).gap(4.0).show(|ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        let widest =
            values.iter().map(|value| MenuItem::new(value).width(ui)).fold(width.max(120.0) - 8.0, f32::max);
        ui.set_width(widest);
        egui::ScrollArea::vertical().max_height(320.0).show(ui, |ui| {
            for (index, value) in values.iter().enumerate() {
                let tick = (index == on).then_some(Icon::Check);
                if MenuItem::new(value).icon(tick).show(ui, widest).clicked() {
                    chosen = Some(index);
                }
            }
        });
    });
    response.on_hover_text(tip);
    chosen.filter(|index| *index != on)
}

/// The button alone: "label value" with an arrow. What it opens is the caller's.
pub fn drop_down(ui: &mut Ui, label: &str, value: &str, wide: Option<f32>) -> Response {
    let t = tokens(ui);
    let shown_label = if wide.is_some() { "" } else { label };
    let name = galley(ui, shown_label, Type::Body, Color32::PLACEHOLDER);
    let words = super::cut(ui, value, Type::BodyMedium, Color32::PLACEHOLDER, wide.unwrap_or(220.0) - 40.0);
    let gap = if shown_label.is_empty() { 0.0 } else { 6.0 };
    let width = wide.unwrap_or(name.size().x + gap + words.size().x + 38.0);
    let (rect, response) = ui.allocate_exact_size(vec2(width.round(), size::CONTROL), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, format!("{label}: {value}")));
    let ground = if response.hovered() { t.hover } else { t.raised };
    ui.painter().rect(rect, size::RADIUS, ground, Stroke::new(1.0, t.line), StrokeKind::Inside);
    let y = rect.center().y;
    let end = paint_tinted(ui, rect.left() + 10.0, y, name, t.text_soft);
    paint_tinted(ui, end + gap, y, words, t.text);
    Icon::ChevronDown.paint_at(ui.painter(), pos2(rect.right() - 14.0, y), size::ICON_SMALL, t.text_soft);
    focus_ring(ui, &response, rect, f32::from(size::RADIUS));
    response.on_hover_cursor(CursorIcon::PointingHand)
}
