//! Signatures: who signed what, what seals what, signing with a plan first, and the notary's checklist.

mod files;
pub mod preflight;
mod seals;
mod sign;
mod step;

use egui::{Id, Rect, Ui};

use crate::paths::BundlePath;
use crate::ui::command::{Command, Outbox};
use crate::ui::facts::{counted, number};
use crate::ui::icons::Icon;
use crate::ui::pages::identity;
use crate::ui::shell::{self, HeaderButton};
use crate::ui::state::Opened;
use crate::ui::theme::{Type, tokens};
use crate::ui::widgets::{elided, label, paint_left, panel_frame, segments};

use files::flag_words;

/// What of the page is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Part {
    #[default]
    Files,
    Seals,
    Sign,
    Preflight,
}

const PARTS: [(Part, &str, &str); 4] = [
    (Part::Files, "Files", "Who signed each file, and what is wrong with it"),
    (Part::Seals, "Seals", "What seals what, up to the app's own signature"),
    (Part::Sign, "Sign", "Sign the bundle, with a plan first"),
    (Part::Preflight, "Preflight", "Would Apple's notary accept it?"),
];

#[derive(Default)]
pub struct View {
    pub part: Part,
    files: files::View,
    pub seals: seals::View,
    pub sign: sign::View,
    pub preflight: preflight::View,
}

pub fn filter_id() -> Id {
    files::filter_id()
}

pub fn show(
    ui: &mut Ui,
    view: &mut View,
    form: &mut identity::View,
    opened: &Opened,
    busy: bool,
    called: &mut bool,
    out: &mut Outbox,
) {
    let t = tokens(ui);
    match view.part {
        Part::Files => files::beside(ui, &mut view.files, opened, *called),
        Part::Seals => seals::beside(ui, &mut view.seals, opened, *called, out),
        Part::Sign => sign::beside(ui, &mut view.sign, form, opened, (busy, *called), out),
        Part::Preflight => preflight::beside(ui, &view.preflight, *called, out),
    }
    egui::CentralPanel::default().frame(panel_frame(t.panel)).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        header(ui, view, opened, busy, out);
        match view.part {
            Part::Files => files::center(ui, &mut view.files, opened, called),
            Part::Seals => seals::center(ui, &mut view.seals, opened, called),
            Part::Sign => sign::center(ui, &mut view.sign, opened, called),
            Part::Preflight => preflight::center(ui, &view.preflight, busy, out),
        }
    });
}

/// What a signed thing is called, and the folder that it is in: a framework is known by its own name, not by its version's.
fn called<'a>(path: &'a BundlePath, opened: &'a Opened) -> (&'a str, &'a str) {
    let text = path.as_str();
    if path.is_root() {
        return (&opened.inspection.bundle.name, "");
    }
    let whole = text.rsplit_once("/Versions/").filter(|(_, version)| !version.contains('/'));
    let whole = whole.map_or(text, |(framework, _)| framework);
    whole.rsplit_once('/').map_or((whole, ""), |(folder, name)| (name, folder))
}

/// Paints what a signed thing is called and, where there is room, its folder.
fn paint_called(ui: &Ui, x: f32, end: f32, rect: Rect, path: &BundlePath, opened: &Opened) {
    let t = tokens(ui);
    let (name, folder) = called(path, opened);
    let y = rect.center().y;
    let x = paint_left(ui, x, y, elided(ui, name, Type::Mono, t.text, end - x));
    if !folder.is_empty() && end - x > 80.0 {
        paint_left(ui, x + 12.0, y, elided(ui, folder, Type::MonoCaption, t.text_faint, end - x - 12.0));
    }
}

fn header(ui: &mut Ui, view: &mut View, opened: &Opened, busy: bool, out: &mut Outbox) {
    let mut part = view.part;
    let seals = &opened.inspection.seals;
    shell::page_header(
        ui,
        "Signature",
        |ui| {
            let t = tokens(ui);
            let choices = PARTS.map(|(_, word, tip)| (word, tip));
            let on = PARTS.iter().position(|(known, ..)| *known == part).unwrap_or_default();
            if let Some(chosen) = segments(ui, "Signature", &choices, on) {
                part = PARTS[chosen].0;
            }
            ui.add_space(12.0);
            let problems = counted(seals.problems.len(), "problem");
            if ui.available_width() > 200.0 {
                let words = format!("{} checks, {problems}", number(seals.checks));
                label(ui, &words, Type::Body, t.text_faint);
            }
        },
        |ui| {
            let again = HeaderButton {
                name: "Verify again",
                icon: Icon::Refresh,
                tip: "Reads the bundle again and checks every page hash and seal",
                command: Command::Reanalyse,
                filled: false,
                enabled: !busy,
            };
            let preflight = HeaderButton {
                name: "Run again",
                icon: Icon::Play,
                tip: "Goes through the notary's checklist, as far as it can be seen without Apple",
                command: Command::Preflight,
                filled: true,
                enabled: !busy,
            };
            let fix = shell::review_fixes("Shows what would be signed again, and what is kept and lost");
            match view.part {
                Part::Files | Part::Seals if seals.problems.is_empty() => {
                    shell::header_buttons(ui, &[again], 0.0, out);
                }
                Part::Files | Part::Seals => shell::header_buttons(ui, &[fix, again], 0.0, out),
                Part::Preflight if view.preflight.has_run() => {
                    shell::header_buttons(ui, &[preflight], 0.0, out)
                }
                Part::Sign | Part::Preflight => {}
            }
        },
    );
    view.part = part;
}
