//! What a panel shows when it has nothing.

use egui::{Align, Layout, Ui, vec2};

use super::{Button, label};
use crate::ui::icons::Icon;
use crate::ui::theme::{Type, tokens};

/// One sentence and at most one button, in the middle. Answers whether the button was pressed.
pub fn empty(ui: &mut Ui, icon: Icon, sentence: &str, button: Option<&str>) -> bool {
    let t = tokens(ui);
    let mut pressed = false;
    ui.with_layout(Layout::top_down(Align::Center), |ui| {
        ui.add_space((ui.available_height() * 0.4 - 48.0).max(24.0));
        let (rect, _) = ui.allocate_exact_size(vec2(32.0, 32.0), egui::Sense::hover());
        icon.paint(ui.painter(), rect, t.text_faint);
        ui.add_space(12.0);
        label(ui, sentence, Type::Body, t.text_soft);
        if let Some(button) = button {
            ui.add_space(12.0);
            pressed = Button::new(button).show(ui).clicked();
        }
    });
    pressed
}
