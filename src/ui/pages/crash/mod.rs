//! From a crash report back to the fault: the story, every image that was loaded, and the way to the repair.

mod also;
mod beside;
mod chains;
mod images;
mod origin;
mod remedy;
mod reports;
mod shown;
mod states;
mod story;
mod words;

use egui::{Id, Panel, Ui};

use crate::diagnose::Severity;
use crate::failure::Failure;
use crate::jobs::ReportSource;
use crate::triage::Triage;
use crate::ui::command::{Command, Outbox};
use crate::ui::icons::Icon;
use crate::ui::shell::{self, HeaderButton};
use crate::ui::state::Opened;
use crate::ui::theme::{Type, size, tokens};
use crate::ui::widgets::{elided, label, paint_left, panel_frame};
use crate::workflow::{Group, by_cause, triage_markdown};

use shown::Shown;

const INSPECTOR: f32 = 320.0;
/// What the buttons of the head want beside what it keeps for them.
const BUTTONS: f32 = 148.0;

#[derive(Default)]
pub struct View {
    sources: Vec<ReportSource>,
    triages: Vec<Triage>,
    groups: Vec<Group>,
    /// Why the reports could not be read.
    failure: Option<Failure>,
    /// Counts up with every reading: what was made from an older one is stale.
    revision: u64,
    /// The report that is shown, and the image of it that is selected.
    report: usize,
    image: Option<usize>,
    reveal: bool,
    filter: String,
    with_system: bool,
    shown: Shown,
}

impl View {
    /// These reports are being read.
    pub fn asked(&mut self, sources: Vec<ReportSource>) {
        *self = View { sources, revision: self.revision + 1, ..View::default() };
    }

    pub fn sources(&self) -> &[ReportSource] {
        &self.sources
    }

    /// The same reports may come again, tied to a bundle: what is selected in them stays.
    pub fn receive(&mut self, triages: Vec<Triage>) {
        self.failure = None;
        self.revision += 1;
        self.groups = by_cause(&triages);
        if self.triages.len() != triages.len() {
            let first = self.groups.first().and_then(|group| group.members.first());
            self.report = first.copied().unwrap_or_default();
            self.image = None;
        }
        self.triages = triages;
    }

    pub fn fail(&mut self, failure: Failure) {
        self.failure = Some(failure);
    }

    /// Findings of all reports that are errors.
    pub fn errors(&self) -> usize {
        let errors = |triage: &Triage| {
            triage.findings.iter().filter(|finding| finding.severity == Severity::Error).count()
        };
        self.triages.iter().map(errors).sum()
    }

    pub fn has_reports(&self) -> bool {
        !self.triages.is_empty()
    }

    /// What is known of the reports, as Markdown; `None` while there is none.
    pub fn summary(&self) -> Option<String> {
        self.has_reports().then(|| triage_markdown(&self.triages, &self.groups))
    }

    /// Shows another of the reports.
    fn turn_to(&mut self, report: usize) {
        if self.report != report {
            self.report = report;
            self.image = None;
        }
    }
}

/// The report that is told, and what it is told with.
struct Told<'a> {
    triage: &'a Triage,
    shown: &'a Shown,
    opened: Option<&'a Opened>,
    /// Something is running: nothing else can be started.
    busy: bool,
}

impl Told<'_> {
    /// Whether the bundle is open that it was tied to.
    fn is_tied(&self) -> bool {
        self.opened.is_some() && self.triage.tie.is_some()
    }
}

pub fn filter_id() -> Id {
    Id::unique("crash-filter")
}

pub fn show(
    ui: &mut Ui,
    view: &mut View,
    opened: Option<&Opened>,
    busy: bool,
    called: &mut bool,
    out: &mut Outbox,
) {
    let t = tokens(ui);
    let beside_story = ui.ctx().content_rect().width() >= shell::NARROW || *called;
    shown::refresh(view, opened);
    if let Some(triage) = view.triages.get(view.report) {
        let told = Told { triage, shown: &view.shown, opened, busy };
        shell::inspector(ui, INSPECTOR, *called, |ui| beside::show(ui, &told, view.image, out));
    }
    egui::CentralPanel::default().frame(panel_frame(t.panel)).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        header(ui, view, busy, out);
        if view.triages.is_empty() {
            states::show(ui, view, busy, out);
            return;
        }
        if view.triages.len() > 1 {
            let wide = (ui.available_width() * 0.26).clamp(180.0, 300.0).round();
            let list = Panel::left("crash-reports").exact_size(wide).resizable(false);
            list.frame(panel_frame(t.panel)).show_separator_line(false).show(ui, |ui| {
                reports::show(ui, view);
            });
        }
        center(ui, view, opened, busy, beside_story, called, out);
    });
}

/// The story, and below it the images.
fn center(
    ui: &mut Ui,
    view: &mut View,
    opened: Option<&Opened>,
    busy: bool,
    beside_story: bool,
    called: &mut bool,
    out: &mut Outbox,
) {
    egui::CentralPanel::default().frame(panel_frame(tokens(ui).panel)).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        let Some(triage) = view.triages.get(view.report) else { return };
        let room = ui.available_height();
        let lists = !triage.report.images.is_empty();
        let most = if lists { room - table_room(room, view.shown.rows.len()) } else { room };
        let told = Told { triage, shown: &view.shown, opened, busy };
        let manner = story::Manner { key: (view.revision, view.report), whole: !beside_story, most };
        if let Some(image) = story::show(ui, &told, &manner, out) {
            view.image = Some(image);
            view.reveal = true;
            view.filter.clear();
            shown::refresh(view, opened);
        }
        if lists {
            images::show(ui, view, opened, called, out);
        }
    });
}

/// What the table of images keeps of `room`, however long the story is: three rows at least.
fn table_room(room: f32, rows: usize) -> f32 {
    let heads = size::TOOLBAR + size::ROW;
    let wanted = heads + (rows.max(3) as f32 + 0.5) * size::ROW;
    (room * 0.3).max(heads + 3.0 * size::ROW).min(wanted)
}

fn header(ui: &mut Ui, view: &View, busy: bool, out: &mut Outbox) {
    let name = view.triages.get(view.report).map(|triage| triage.name.as_str());
    let open = HeaderButton {
        name: "Open report…",
        icon: Icon::Folder,
        tip: "Reads a crash report, lines of dyld or objc, sample or spindump",
        command: Command::OpenReport,
        filled: false,
        enabled: !busy,
    };
    let copy = HeaderButton {
        name: "Copy summary",
        icon: Icon::Copy,
        tip: "Copies what is known of all reports here as Markdown, to paste into an issue",
        command: Command::CopyReport,
        filled: false,
        enabled: true,
    };
    shell::page_header(
        ui,
        "Crash report",
        |ui| {
            let t = tokens(ui);
            let Some(name) = name else { return };
            let words = elided(ui, name, Type::Mono, t.text_soft, (ui.available_width() - BUTTONS).max(60.0));
            let (rect, response) = ui.allocate_exact_size(words.size(), egui::Sense::hover());
            crate::ui::widgets::text_name(&response, name);
            paint_left(ui, rect.left(), rect.center().y + 1.0, words);
            response.on_hover_text(name);
        },
        |ui| match name {
            Some(_) => shell::header_buttons(ui, &[open, copy], 0.0, out),
            None => {
                label(ui, "", Type::Body, tokens(ui).text_faint);
            }
        },
    );
}
