//! What the page shows without a report: how to get one in, that one is read, or why it could not be.

use egui::{Align, Layout, Margin, Sense, Ui, vec2};

use super::View;
use crate::failure::Failure;
use crate::jobs::ReportSource;
use crate::ui::command::{Action, Command, Outbox};
use crate::ui::icons::Icon;
use crate::ui::theme::{Type, tokens};
use crate::ui::widgets::{Button, card, empty, inside, label, mono_block, paragraph};

pub fn show(ui: &mut Ui, view: &View, busy: bool, out: &mut Outbox) {
    match &view.failure {
        Some(failure) => failed(ui, failure, &view.sources, busy, out),
        None if view.sources.is_empty() => nothing(ui, busy, out),
        None if busy => {
            empty(ui, Icon::Pulse, "Reading…", None);
        }
        None => {
            if empty(ui, Icon::Pulse, "The report was not read to its end.", Some("Try again")) {
                out.push(Action::ReadReports(view.sources.clone()));
            }
        }
    }
}

fn nothing(ui: &mut Ui, busy: bool, out: &mut Outbox) {
    let t = tokens(ui);
    ui.with_layout(Layout::top_down(Align::Center), |ui| {
        ui.add_space((ui.available_height() * 0.4 - 64.0).max(24.0));
        let (rect, _) = ui.allocate_exact_size(vec2(32.0, 32.0), Sense::hover());
        Icon::Pulse.paint(ui.painter(), rect, t.text_faint);
        ui.add_space(12.0);
        label(ui, "No crash report yet. One can be dropped anywhere in the window.", Type::Body, t.text_soft);
        ui.add_space(16.0);
        let open = Button::new("Open report…").icon(Icon::Folder).filled().enabled(!busy);
        let open =
            open.tip("An .ips or .crash file, lines of dyld or objc, the output of sample or spindump");
        let paste = Button::new("Paste").icon(Icon::Copy).enabled(!busy);
        let paste = paste.tip("Reads a report, or a part of one, from the clipboard");
        let wide = open.measure(ui) + 8.0 + paste.measure(ui);
        let (row, _) = ui.allocate_exact_size(vec2(wide, 28.0), Sense::hover());
        inside(ui, row, Layout::left_to_right(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 8.0;
            if open.show(ui).clicked() {
                out.push(Action::Run(Command::OpenReport));
            }
            if paste.show(ui).clicked() {
                out.push(Action::Run(Command::PasteReport));
            }
        });
    });
}

fn failed(ui: &mut Ui, failure: &Failure, sources: &[ReportSource], busy: bool, out: &mut Outbox) {
    let t = tokens(ui);
    egui::Frame::new().inner_margin(Margin::same(24)).show(ui, |ui| {
        ui.set_max_width(640.0);
        card(ui, Margin::same(16), |ui| {
            ui.horizontal(|ui| {
                let (place, _) = ui.allocate_exact_size(vec2(16.0, 18.0), Sense::hover());
                Icon::Error.paint(ui.painter(), place, t.error);
                label(ui, "The report could not be read", Type::Heading, t.text);
            });
            ui.add_space(8.0);
            let words = match failure {
                Failure::Problem { path, what, next } => {
                    mono_block(ui, &path.display().to_string(), None);
                    ui.add_space(8.0);
                    match what.strip_prefix("could not") {
                        Some(rest) => format!("Could not{rest}; {next}."),
                        None => format!("It {what}; {next}."),
                    }
                }
                other => other.to_string(),
            };
            paragraph(ui, &words, Type::Body, t.text_soft);
            ui.add_space(12.0);
            ui.horizontal(|ui| {
                let again = Button::new("Try again").icon(Icon::Refresh).enabled(!busy);
                if again.tip("Reads the same files once more").show(ui).clicked() {
                    out.push(Action::ReadReports(sources.to_vec()));
                }
                let other = Button::new("Open report…").icon(Icon::Folder).enabled(!busy);
                if other.tip("Choose another file").show(ui).clicked() {
                    out.push(Action::Run(Command::OpenReport));
                }
            });
        });
    });
}
