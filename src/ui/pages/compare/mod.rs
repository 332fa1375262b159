//! Two builds side by side: what differs, and why.

mod blank;
mod filters;
mod inspector;
mod look;
mod rows;
mod sides;
mod summary;
mod table;
mod view;

use std::path::Path;

use egui::{Id, Ui};

use crate::ui::command::{Command, Outbox};
use crate::ui::icons::Icon;
use crate::ui::shell::{self, HeaderButton};
use crate::ui::state::Opened;
use crate::ui::theme::{size, tokens};
use crate::ui::widgets::panel_frame;

use view::Stage;
pub use view::{Side, View};

pub fn filter_id() -> Id {
    Id::unique("compare-filter")
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
    let root = opened.map(Opened::path);
    let root = root.as_deref();
    let stage = view.stage(root, busy);
    if let Some((found, list)) = view.found()
        && !found.comparison.is_equal()
    {
        list.refresh(&found.comparison);
        if !list.lines().is_empty() {
            shell::inspector(ui, size::INSPECTOR, *called, |ui| {
                inspector::show(ui, &found.comparison, list, opened, out);
            });
        }
    }
    egui::CentralPanel::default().frame(panel_frame(t.panel)).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        header(ui, view, root, &stage, busy, out);
        sides::show(ui, view, root, busy, out);
        match stage {
            Stage::Choose => blank::choose(ui, view.wanted(root), out),
            Stage::Ready => blank::ready(ui, busy),
            Stage::Running => blank::running(ui),
            Stage::Failed(failure) => blank::failed(ui, &failure, busy, out),
            Stage::Found => found(ui, view, called),
        }
    });
}

fn found(ui: &mut Ui, view: &mut View, called: &mut bool) {
    let Some((found, list)) = view.found() else { return };
    let comparison = &found.comparison;
    summary::show(ui, found);
    if comparison.is_equal() {
        blank::identical(ui, comparison);
        return;
    }
    filters::show(ui, found, list);
    if !list.lines().is_empty() {
        table::show(ui, comparison, list, called);
    } else if list.filter.trim().is_empty() {
        blank::nothing_matters(ui, found, list);
    } else {
        blank::nothing_matches(ui, list);
    }
}

fn header(ui: &mut Ui, view: &View, root: Option<&Path>, stage: &Stage, busy: bool, out: &mut Outbox) {
    let known = view.pair(root).is_some();
    let copy = HeaderButton {
        name: "Copy as Markdown",
        icon: Icon::Copy,
        tip: "Copies verdict, differences and reasons, to paste into an issue",
        command: Command::CopyReport,
        filled: false,
        enabled: true,
    };
    let again = HeaderButton {
        name: "Compare again",
        icon: Icon::Refresh,
        tip: "Reads both sides again",
        command: Command::Reanalyse,
        filled: false,
        enabled: known && !busy,
    };
    let compare = HeaderButton {
        name: "Compare",
        icon: Icon::Play,
        tip: "Reads both sides and shows what differs; neither is changed",
        filled: true,
        ..again
    };
    shell::page_header(
        ui,
        "Compare",
        |_| {},
        |ui| match stage {
            Stage::Found => shell::header_buttons(ui, &[copy, again], 0.0, out),
            Stage::Ready => shell::header_buttons(ui, &[compare], 0.0, out),
            Stage::Choose | Stage::Running | Stage::Failed(_) => {}
        },
    );
}
