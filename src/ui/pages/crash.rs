//! From a crash report back to the fault: the story, and every image that was loaded.

use egui::{Id, Ui};

use crate::jobs::ReportSource;
use crate::triage::Triage;
use crate::ui::command::{Action, Command, Outbox};
use crate::ui::icons::Icon;
use crate::ui::shell;
use crate::ui::state::Opened;
use crate::ui::theme::tokens;
use crate::ui::widgets::{empty, panel_frame};

#[derive(Default)]
pub struct View {
    sources: Vec<ReportSource>,
    triages: Vec<Triage>,
    /// Why the reports could not be read.
    failure: Option<String>,
}

impl View {
    /// These reports are being read.
    pub fn asked(&mut self, sources: Vec<ReportSource>) {
        *self = View { sources, ..View::default() };
    }

    pub fn sources(&self) -> &[ReportSource] {
        &self.sources
    }

    pub fn receive(&mut self, triages: Vec<Triage>) {
        self.failure = None;
        self.triages = triages;
    }

    pub fn fail(&mut self, words: String) {
        self.failure = Some(words);
    }

    /// Findings of all reports that are errors.
    pub fn errors(&self) -> usize {
        let errors = |triage: &Triage| {
            triage
                .findings
                .iter()
                .filter(|finding| finding.severity == crate::diagnose::Severity::Error)
                .count()
        };
        self.triages.iter().map(errors).sum()
    }
}

pub fn filter_id() -> Id {
    Id::unique("crash-filter")
}

pub fn show(
    ui: &mut Ui,
    view: &mut View,
    _opened: Option<&Opened>,
    _busy: bool,
    _called: &mut bool,
    out: &mut Outbox,
) {
    let t = tokens(ui);
    egui::CentralPanel::default().frame(panel_frame(t.panel)).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        shell::page_header(ui, "Crash report", |_| {}, |_| {});
        let words = view.failure.as_deref().unwrap_or("No report is open.");
        if view.triages.is_empty() && empty(ui, Icon::Pulse, words, Some("Open crash report…")) {
            out.push(Action::Run(Command::OpenReport));
        }
    });
}
