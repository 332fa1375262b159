//! The command palette: every command by name, run with Enter.

use egui::{Id, Key, Modal, Modifiers, ScrollArea, Ui};

use super::command::{Action, COMMANDS, Command, Entry, Outbox, shown};
use super::icons::Icon;
use super::theme::{Type, tokens};
use super::widgets::{Field, MenuItem, label};

#[derive(Default)]
pub struct View {
    open: bool,
    words: String,
    at: usize,
}

impl View {
    pub fn toggle(&mut self) {
        *self = View { open: !self.open, ..View::default() };
    }

    pub fn is_open(&self) -> bool {
        self.open
    }
}

/// Every word typed stands in the name, in any order.
fn matches(entry: &Entry, words: &str) -> bool {
    let name = entry.name.to_lowercase();
    words.to_lowercase().split_whitespace().all(|word| name.contains(word))
}

pub fn show(ui: &Ui, view: &mut View, enabled: impl Fn(Command) -> bool, out: &mut Outbox) {
    if !view.open {
        return;
    }
    let ctx = ui.ctx();
    let found: Vec<&Entry> = COMMANDS
        .iter()
        .filter(|entry| {
            entry.command != Command::Palette && enabled(entry.command) && matches(entry, &view.words)
        })
        .collect();
    let pressed = |key: Key| ctx.input_mut(|input| input.consume_key(Modifiers::NONE, key));
    let last = found.len().saturating_sub(1);
    let moved = pressed(Key::ArrowDown) as usize;
    view.at = (view.at + moved).saturating_sub(pressed(Key::ArrowUp) as usize).min(last);
    let mut run = pressed(Key::Enter).then(|| found.get(view.at)).flatten().map(|entry| entry.command);

    let t = tokens(ui);
    let id = Id::unique("palette");
    let area = Modal::default_area(id).anchor(egui::Align2::CENTER_TOP, egui::vec2(0.0, 72.0));
    let frame = egui::Frame::popup(ui.style()).inner_margin(8.0);
    let modal = Modal::new(id).area(area).frame(frame).backdrop_color(t.canvas.gamma_multiply(0.55)).show(
        ctx,
        |ui| {
            ui.set_width(520.0);
            let field = Id::unique("palette-field");
            let response = Field::new("Command", 520.0)
                .icon(Icon::Search)
                .hint("What do you want to do?")
                .large()
                .id(field)
                .show(ui, &mut view.words);
            if response.changed() {
                view.at = 0;
            }
            response.request_focus();
            ui.add_space(4.0);
            if found.is_empty() {
                ui.add_space(8.0);
                label(
                    ui,
                    "  No command of this name. Try “open”, “fix” or “image”.",
                    Type::Body,
                    t.text_soft,
                );
                ui.add_space(8.0);
            }
            ScrollArea::vertical().max_height(360.0).show(ui, |ui| {
                ui.spacing_mut().item_spacing.y = 0.0;
                for (index, entry) in found.iter().enumerate() {
                    let keys = entry.keys.map(|keys| shown(ui.ctx(), &keys));
                    let item = MenuItem::new(entry.name)
                        .icon(entry.icon)
                        .keys(keys)
                        .lit(index == view.at)
                        .show(ui, 520.0);
                    if moved > 0 && index == view.at {
                        item.scroll_to_me(None);
                    }
                    if item.clicked() {
                        run = Some(entry.command);
                    }
                }
            });
        },
    );
    if let Some(command) = run {
        view.open = false;
        out.push(Action::Run(command));
    } else if modal.should_close() {
        view.open = false;
    }
}
