//! The head of a page: its title, what belongs to it, and its buttons, which give way to a menu when it is narrow.

use egui::{Layout, Popup, Sense, Stroke, Ui, pos2, vec2};

use crate::ui::command::{Action, Command, Outbox, keys};
use crate::ui::icons::Icon;
use crate::ui::theme::{Type, size, tokens};
use crate::ui::widgets::{Button, MenuItem, inside, label};

/// Room that the title's side leaves to the filled button.
const FILLED: f32 = 168.0;
const GAP: f32 = 8.0;

/// Heads a page: a title at the left (or none, when `left` brings its own), what `left` adds, what `right` adds at the
/// right end (last first).
pub fn page_header(ui: &mut Ui, title: &str, left: impl FnOnce(&mut Ui), right: impl FnOnce(&mut Ui)) {
    let t = tokens(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), size::PAGE_HEADER), Sense::hover());
    ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, t.line));
    let whole = rect.shrink2(vec2(size::PADDING, 0.0));
    let mut taken = whole.left();
    let mut room = whole;
    room.max.x = (whole.right() - FILLED).max(whole.left());
    inside(ui, room, Layout::left_to_right(egui::Align::Center), |ui| {
        if !title.is_empty() {
            label(ui, title, Type::Title, t.text);
            ui.add_space(8.0);
        }
        left(ui);
        taken = ui.min_rect().right();
    });
    let rest = egui::Rect::from_min_max(pos2(taken + GAP, whole.top()), whole.max);
    inside(ui, rest, Layout::right_to_left(egui::Align::Center), right);
}

/// A button of a page's head, which runs a command.
pub struct HeaderButton<'a> {
    pub name: &'a str,
    pub icon: Icon,
    /// What it does; its keys are added.
    pub tip: &'a str,
    pub command: Command,
    /// The next step: it never moves into the menu.
    pub filled: bool,
    pub enabled: bool,
}

impl HeaderButton<'_> {
    fn tip(&self, ui: &Ui) -> String {
        match keys(ui.ctx(), self.command) {
            Some(keys) => format!("{} · {keys}", self.tip),
            None => self.tip.to_owned(),
        }
    }

    fn button(&self) -> Button<'_> {
        let button = Button::new(self.name).icon(self.icon).enabled(self.enabled);
        if self.filled { button.filled() } else { button }
    }

    fn line(&self, ui: &Ui) -> MenuItem<'_> {
        let keys = keys(ui.ctx(), self.command);
        MenuItem::new(self.name).icon(Some(self.icon)).keys(keys).enabled(self.enabled)
    }
}

/// Shows `buttons` from the right end on, in a layout from right to left; `beside` is what else the head wants to keep
/// free. Those that have no room, the leftmost first, stand in a menu.
pub fn header_buttons(ui: &mut Ui, buttons: &[HeaderButton<'_>], beside: f32, out: &mut Outbox) {
    ui.spacing_mut().item_spacing.x = GAP;
    let widths: Vec<f32> = buttons.iter().map(|button| button.button().measure(ui) + GAP).collect();
    let shown = fitting(&widths, buttons, ui.available_width() - beside);
    for button in &buttons[..shown] {
        let tip = button.tip(ui);
        if button.button().tip(&tip).show(ui).clicked() {
            out.push(Action::Run(button.command));
        }
    }
    if shown < buttons.len() {
        more(ui, &buttons[shown..], out);
    }
}

/// How many buttons, counted from the right end, stand in `room` points.
fn fitting(widths: &[f32], buttons: &[HeaderButton<'_>], room: f32) -> usize {
    if widths.iter().sum::<f32>() - GAP <= room {
        return widths.len();
    }
    let menu = size::CONTROL;
    let mut taken = 0.0;
    let fits = |(width, button): &(&f32, &HeaderButton<'_>)| {
        taken += **width;
        button.filled || taken + menu <= room
    };
    widths.iter().zip(buttons).take_while(fits).count()
}

fn more(ui: &mut Ui, buttons: &[HeaderButton<'_>], out: &mut Outbox) {
    let response = Button::new("More actions").icon_only(Icon::More).show(ui);
    Popup::menu(&response).accessible_name("More actions").gap(4.0).show(|ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        let wide = buttons.iter().map(|button| button.line(ui).width(ui)).fold(160.0, f32::max);
        ui.set_width(wide);
        // In the order in which they stood, from the left.
        for button in buttons.iter().rev() {
            if button.line(ui).show(ui, wide).on_hover_text(button.tip).clicked() {
                out.push(Action::Run(button.command));
                ui.close();
            }
        }
    });
}

/// "Review fixes…", the next step of every page about what is wrong.
pub fn review_fixes(tip: &str) -> HeaderButton<'_> {
    HeaderButton {
        name: "Review fixes…",
        icon: Icon::Wrench,
        tip,
        command: Command::ReviewFixes,
        filled: true,
        enabled: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buttons_give_way_from_the_left_and_the_filled_one_stays() {
        let plain = || HeaderButton { filled: false, ..review_fixes("") };
        let buttons = [review_fixes(""), plain(), plain()];
        let widths = [150.0, 120.0, 120.0];
        let shown = |room: f32| fitting(&widths, &buttons, room);
        assert_eq!([shown(400.0), shown(382.0), shown(381.0)], [3, 3, 2]);
        assert_eq!([shown(297.0), shown(200.0), shown(40.0)], [1, 1, 1]);
    }
}
