//! What stands below the sides while there is no list: what to do, what went wrong, or that nothing differs.

use egui::{Align, Layout, Margin, Sense, Ui, vec2};

use super::rows::{List, Only};
use super::summary;
use super::view::{Found, Side};
use crate::compare::{Class, Comparison, tree};
use crate::failure::Failure;
use crate::ui::command::{Action, Command, Outbox, keys};
use crate::ui::dialogs::Kind;
use crate::ui::facts::counted;
use crate::ui::icons::Icon;
use crate::ui::theme::{Type, tokens};
use crate::ui::widgets::{Button, card, empty, label, mono_block, paragraph};

/// A side is missing: one sentence, and the two ways to choose it.
pub fn choose(ui: &mut Ui, side: Side, out: &mut Outbox) {
    let t = tokens(ui);
    let words = match side {
        Side::Left => {
            "Choose two builds to see what differs and why: drop both here, or type their paths above."
        }
        Side::Right => {
            "Choose the other build to see what differs and why: drop it here, or type its path above."
        }
    };
    middle(ui, Icon::Columns, t.text_faint, |ui| {
        label(ui, words, Type::Body, t.text_soft);
        ui.add_space(12.0);
        let (folder, file) = (Button::new("Folder or app…"), Button::new("File or disk image…"));
        let (folder, file) = (folder.icon(Icon::Folder), file.icon(Icon::Drive));
        let wide = folder.measure(ui) + file.measure(ui) + 8.0;
        let hint = keys(ui.ctx(), Command::CompareWith).map(|keys| format!(" · {keys}")).unwrap_or_default();
        ui.allocate_ui_with_layout(vec2(wide, 28.0), Layout::left_to_right(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 8.0;
            let tip = format!("Chooses the {} side: a bundle, a framework, any folder{hint}", side.word());
            if folder.tip(&tip).show(ui).clicked() {
                out.push(Action::PickSide(side, Kind::Folder));
            }
            let tip = format!("Chooses the {} side: a disk image, a Mach-O file", side.word());
            if file.tip(&tip).show(ui).clicked() {
                out.push(Action::PickSide(side, Kind::File));
            }
        });
    });
}

pub fn ready(ui: &mut Ui, busy: bool) {
    let words = match busy {
        true => "Both sides are chosen. Something else is still running.",
        false => "Both sides are chosen. Compare reads them; neither is changed.",
    };
    empty(ui, Icon::Columns, words, None);
}

pub fn running(ui: &mut Ui) {
    empty(ui, Icon::Columns, "The two sides are being compared…", None);
}

/// What could not be compared, why, and what to do.
pub fn failed(ui: &mut Ui, failure: &Failure, busy: bool, out: &mut Outbox) {
    let t = tokens(ui);
    let side = ((ui.available_width() - 560.0) / 2.0).max(16.0);
    ui.add_space((ui.available_height() * 0.3 - 80.0).clamp(16.0, 120.0));
    ui.horizontal_top(|ui| {
        ui.add_space(side);
        ui.vertical(|ui| {
            ui.set_width(ui.available_width() - side);
            card(ui, Margin::same(16), |ui| {
                ui.horizontal(|ui| {
                    let (place, _) = ui.allocate_exact_size(vec2(16.0, 18.0), Sense::hover());
                    Icon::Error.paint(ui.painter(), place, t.error);
                    label(ui, "These two could not be compared", Type::Heading, t.text);
                });
                ui.add_space(8.0);
                let words = match failure {
                    Failure::Problem { path, what, next } => {
                        mono_block(ui, &path.display().to_string(), None);
                        ui.add_space(8.0);
                        format!("It {what}; {next}.")
                    }
                    Failure::Cancelled => failure.to_string(),
                };
                paragraph(ui, &words, Type::Body, t.text_soft);
                ui.add_space(12.0);
                let again = Button::new("Try again").icon(Icon::Refresh).enabled(!busy);
                if again.tip("Reads both sides again").show(ui).clicked() {
                    out.push(Action::Run(Command::Reanalyse));
                }
            });
        });
    });
}

/// The calm case.
pub fn identical(ui: &mut Ui, comparison: &Comparison) {
    let t = tokens(ui);
    middle(ui, Icon::Good, t.good, |ui| {
        label(ui, "Nothing differs", Type::Title, t.text);
        ui.add_space(4.0);
        let words = format!(
            "{}. The same code, signatures and settings on both sides.",
            summary::files(comparison.tally)
        );
        label(ui, &words, Type::Body, t.text_soft);
    });
}

/// Everything that differs is of the kind that is not listed at first.
pub fn nothing_matters(ui: &mut Ui, found: &Found, list: &mut List) {
    let t = tokens(ui);
    let count = found.comparison.differences.len();
    middle(ui, Icon::Good, t.good, |ui| {
        label(ui, "Nothing that matters differs", Type::Title, t.text);
        ui.add_space(4.0);
        let counts = Class::ALL.into_iter().zip(found.counts).filter(|(_, count)| *count > 0).collect();
        let be = if count == 1 { "is" } else { "are" };
        let words = format!("{} {be} not listed: {}.", counted(count, "difference"), tree::summary(&counts));
        label(ui, &words, Type::Body, t.text_soft);
        ui.add_space(12.0);
        if Button::new("Show all").tip("Lists every difference, with what to set").show(ui).clicked() {
            list.only = Only::All;
        }
    });
}

pub fn nothing_matches(ui: &mut Ui, list: &mut List) {
    if empty(ui, Icon::Search, "No difference matches this filter.", Some("Show all")) {
        list.filter.clear();
        list.only = Only::All;
    }
}

fn middle(ui: &mut Ui, icon: Icon, ink: egui::Color32, contents: impl FnOnce(&mut Ui)) {
    ui.with_layout(Layout::top_down(Align::Center), |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        ui.add_space((ui.available_height() * 0.4 - 72.0).max(16.0));
        let (rect, _) = ui.allocate_exact_size(vec2(32.0, 32.0), Sense::hover());
        icon.paint(ui.painter(), rect, ink);
        ui.add_space(12.0);
        contents(ui);
    });
}
