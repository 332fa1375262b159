//! Cards and dividers.

use egui::{Align, CornerRadius, Frame, InnerResponse, Layout, Margin, Panel, Stroke, Ui, vec2};

use super::inside;
use crate::ui::theme::{size, tokens};

/// A bordered ground with round corners.
pub fn card<R>(ui: &mut Ui, padding: Margin, contents: impl FnOnce(&mut Ui) -> R) -> InnerResponse<R> {
    let t = tokens(ui);
    Frame::new()
        .fill(t.panel)
        .stroke(Stroke::new(1.0, t.line))
        .corner_radius(CornerRadius::same(size::RADIUS_CARD))
        .inner_margin(padding)
        .show(ui, |ui| {
            ui.set_min_width(ui.available_width());
            ui.spacing_mut().item_spacing.y = 0.0;
            contents(ui)
        })
}

/// A line across, one point high.
pub fn divider(ui: &mut Ui) {
    let t = tokens(ui);
    let (rect, _) = ui.allocate_exact_size(egui::vec2(ui.available_width(), 1.0), egui::Sense::hover());
    ui.painter().hline(rect.x_range(), rect.center().y, Stroke::new(1.0, t.line));
}

/// The bar of buttons at the foot of what is selected, kept in sight while its text scrolls.
pub fn action_bar(ui: &mut Ui, id: &'static str, buttons: impl FnOnce(&mut Ui)) {
    let t = tokens(ui);
    let bar = Panel::bottom(id).exact_size(56.0).resizable(false).show_separator_line(false);
    bar.frame(panel_frame(t.panel)).show(ui, |ui| {
        let rect = ui.max_rect();
        ui.painter().hline(rect.x_range(), rect.top() + 0.5, Stroke::new(1.0, t.line));
        inside(ui, rect.shrink2(vec2(16.0, 14.0)), Layout::left_to_right(Align::Center), buttons);
    });
}

/// A panel's ground without padding.
pub fn panel_frame(fill: egui::Color32) -> Frame {
    Frame::new().fill(fill)
}
