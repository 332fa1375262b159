//! Review fixes: every edit before and after, each with its switch, and what the bundle would be then.

mod card;
mod outline;
mod summary;

use std::collections::BTreeSet;
use std::sync::Arc;

use egui::{Panel, Rect, ScrollArea, Ui, pos2, vec2};

use self::outline::{Group, Outline};

use crate::diagnose::Finding;
use crate::fix::{Edit, EditKey, FixPlan, Offer, PlannedEdit, Receipt, Selection};
use crate::macho::Arch;
use crate::paths::BundlePath;
use crate::ui::command::{Action, Command, Outbox, Page};
use crate::ui::icons::Icon;
use crate::ui::pages::dependencies;
use crate::ui::shell;
use crate::ui::state::Opened;
use crate::ui::theme::{Type, tokens};
use crate::ui::widgets::{Button, empty, label, panel_frame, segments, switch};
use crate::workflow::{Inspection, Mac};

#[derive(Default)]
pub struct View {
    /// What is to be fixed; `None` while nobody asked.
    selection: Option<Selection>,
    plan: Option<Arc<FixPlan>>,
    outline: Outline,
    /// Whether the app then starts on another Mac, by architecture.
    starts: Vec<(Arch, bool)>,
    switched_off: BTreeSet<EditKey>,
    /// Rules whose offers are taken.
    also: BTreeSet<&'static str>,
    licences: bool,
    closed: BTreeSet<BundlePath>,
    hide_bytes: bool,
    /// The bundle as the plan leaves it, and its tree.
    after: Option<Box<Opened>>,
    tree: dependencies::View,
    shows_tree: bool,
    /// What the last apply did, until the next plan.
    pub receipt: Option<Receipt>,
}

impl View {
    /// A new bundle, or the same one after a change: the plan is stale.
    pub fn forget(&mut self) {
        let receipt = self.receipt.take();
        *self = View { hide_bytes: self.hide_bytes, receipt, ..View::default() };
    }

    pub fn ask(&mut self, selection: Selection) {
        *self = View { selection: Some(selection), hide_bytes: self.hide_bytes, ..View::default() };
    }

    pub fn is_asked(&self) -> bool {
        self.selection.is_some() || self.receipt.is_some()
    }

    pub fn selection(&self) -> Option<&Selection> {
        self.selection.as_ref()
    }

    pub fn switched_off(&self) -> &BTreeSet<EditKey> {
        &self.switched_off
    }

    /// Flips the switch of an edit; the plan has to be made again.
    pub fn flip(&mut self, key: &EditKey) {
        if !self.switched_off.remove(key) {
            self.switched_off.insert(key.clone());
        }
    }

    pub fn also(&self) -> &BTreeSet<&'static str> {
        &self.also
    }

    /// Takes what a rule offers, or no longer; the plan has to be made again.
    pub fn flip_offer(&mut self, rule: &'static str) {
        if !self.also.remove(rule) {
            self.also.insert(rule);
        }
    }

    pub fn with_licences(&self) -> bool {
        self.licences
    }

    pub fn flip_licences(&mut self) {
        self.licences = !self.licences;
    }

    /// Whether libraries come in, so that their licences may.
    fn copies(&self) -> bool {
        let copied = |planned: &PlannedEdit| {
            matches!(planned.edit, Edit::CopyFile { .. } | Edit::CopyFramework { .. })
        };
        self.plan.as_ref().is_some_and(|plan| plan.edits.iter().any(copied))
    }

    /// What could be done besides, where everything is to be fixed.
    fn offers(&self) -> &[Offer] {
        match (&self.selection, &self.plan) {
            (Some(Selection::Everything), Some(plan)) => &plan.offers,
            _ => &[],
        }
    }

    /// Takes in a plan for a bundle that has the findings `before`.
    pub fn receive(&mut self, plan: Arc<FixPlan>, starts: Vec<(Arch, bool)>, before: &[Finding]) {
        self.outline = Outline::of(&plan, before, &self.closed);
        self.plan = Some(plan);
        self.starts = starts;
        self.receipt = None;
    }

    /// Takes in the bundle as the plan leaves it.
    pub fn foresee(&mut self, inspection: Inspection) {
        let revision = self.after.as_ref().map_or(1, |after| after.revision + 1);
        self.after = Some(Box::new(Opened::foreseen(revision, inspection)));
    }

    pub fn plan(&self) -> Option<&Arc<FixPlan>> {
        self.plan.as_ref()
    }

    pub fn edits(&self) -> Option<usize> {
        Some(self.plan.as_ref()?.edits.len())
    }

    /// Whether Apply would do anything.
    pub fn can_apply(&self) -> bool {
        self.plan.as_ref().is_some_and(|plan| !plan.edits.is_empty() || !plan.sign.steps.is_empty())
    }

    fn is_on(&self, edit: &PlannedEdit) -> bool {
        !self.switched_off.contains(&edit.edit.key())
    }

    fn is_open(&self, group: &Group) -> bool {
        !self.closed.contains(&group.path)
    }

    /// Opens or closes the card of a file.
    fn fold(&mut self, index: usize) {
        let Some(group) = self.outline.groups.get(index) else { return };
        if !self.closed.remove(&group.path) {
            self.closed.insert(group.path.clone());
        }
        self.outline.measure(&self.closed);
    }
}

/// Room for the switch beside the buttons of the head.
const BYTES_SWITCH: f32 = 120.0;

pub fn show(ui: &mut Ui, view: &mut View, opened: &Opened, busy: bool, called: bool, out: &mut Outbox) {
    let t = tokens(ui);
    if view.plan.is_some() {
        if called || ui.ctx().content_rect().width() >= shell::NARROW {
            shell::inspector(ui, 312.0, true, |ui| summary::show(ui, view, busy, out));
        } else {
            Panel::bottom("plan-strip")
                .exact_size(60.0)
                .resizable(false)
                .frame(panel_frame(t.panel))
                .show_separator_line(false)
                .show(ui, |ui| summary::strip(ui, view, busy, out));
        }
    }
    egui::CentralPanel::default().frame(panel_frame(t.panel)).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        header(ui, view, busy, out);
        let Some(plan) = view.plan.clone() else {
            without_plan(ui, view, busy, out);
            return;
        };
        if view.outline.groups.is_empty() && plan.sign.steps.is_empty() {
            let words = if plan.remaining.is_empty() {
                "Nothing to fix. The bundle is as it should be."
            } else {
                "Nothing here can be fixed by itself. The findings say what a person has to do."
            };
            if empty(ui, Icon::Good, words, Some("Show findings")) {
                out.push(Action::Run(Command::Go(Page::Findings)));
            }
            return;
        }
        match view.shows_tree {
            true => tree(ui, view),
            false => cards(ui, view, opened, plan.sign.steps.len(), out),
        }
    });
}

/// The dependencies as another Mac would load them after the fix.
fn tree(ui: &mut Ui, view: &mut View) {
    let Some(after) = &view.after else { return };
    view.tree.refresh(after, Mac::Clean);
    egui::Frame::new().inner_margin(egui::Margin::symmetric(16, 6)).show(ui, |ui| {
        ui.horizontal_wrapped(|ui| view.tree.choose_launch(ui, after));
    });
    dependencies::table(ui, &mut view.tree, after, "Dependencies after the fix");
}

/// One card for each file, of which only those in view are drawn, and one for the signatures.
fn cards(ui: &mut Ui, view: &mut View, opened: &Opened, signatures: usize, out: &mut Outbox) {
    const TOP: f32 = 4.0;
    let columns = card::Columns::of(ui.available_width(), !view.hide_bytes);
    card::heads(ui, &columns);
    let mut folded = None;
    ScrollArea::vertical().id_salt("plan").auto_shrink(false).show_viewport(ui, |ui, seen| {
        ui.spacing_mut().item_spacing.y = 0.0;
        let area = ui.max_rect();
        let (left, right, top) = (area.left() + 16.0, area.right() - 16.0, area.top() + TOP);
        for index in view.outline.within(seen.top() - TOP, seen.bottom() - TOP) {
            let Some(group) = view.outline.groups.get(index) else { continue };
            let height = card::height(group, view.is_open(group));
            let at = pos2(left, top + view.outline.top(index));
            let rect = Rect::from_min_size(at, vec2(right - left, height));
            if card::file(ui, view, opened, group, rect, &columns, out) {
                folded = Some(index);
            }
        }
        ui.add_space(TOP + view.outline.height());
        egui::Frame::new()
            .inner_margin(egui::Margin { left: 16, right: 16, top: 0, bottom: 16 })
            .show(ui, |ui| card::sign(ui, &view.outline, signatures));
    });
    if let Some(index) = folded {
        view.fold(index);
    }
}

/// What the page shows of a plan.
const VIEWS: [(&str, &str); 2] = [
    ("Edits", "Every edit before and after, with its switch"),
    ("Tree afterwards", "What another Mac would load once these edits are made"),
];

fn header(ui: &mut Ui, view: &mut View, busy: bool, out: &mut Outbox) {
    let title = match view.selection {
        Some(Selection::Reference { .. }) => "Fix one reference",
        Some(Selection::Finding(_)) => "Fix one finding",
        _ => "Review fixes",
    };
    let t = tokens(ui);
    let mut back = false;
    let mut chosen = None;
    let (foreseen, shows_tree) = (view.plan.is_some() && view.after.is_some(), view.shows_tree);
    shell::page_header(
        ui,
        "",
        |ui| {
            back = Button::new("Back to the overview").icon_only(Icon::ArrowLeft).show(ui).clicked();
            ui.add_space(4.0);
            label(ui, title, Type::Title, t.text);
            if foreseen {
                ui.add_space(12.0);
                chosen = segments(ui, "Shown", &VIEWS, usize::from(shows_tree));
            }
        },
        |ui| {
            if view.plan.is_some() {
                let export = shell::HeaderButton {
                    name: "Export plan…",
                    icon: Icon::File,
                    tip: "Writes the plan as text, for a review or a ticket",
                    command: Command::ExportPlan,
                    filled: false,
                    enabled: !busy,
                };
                shell::header_buttons(ui, &[export], BYTES_SWITCH, out);
                let mut bytes = !view.hide_bytes;
                if shows_tree {
                    return;
                }
                switch(
                    ui,
                    &mut bytes,
                    "Show bytes",
                    true,
                    "What each edit costs or gains in the file's header",
                );
                view.hide_bytes = !bytes;
            }
        },
    );
    view.shows_tree = chosen.map_or(shows_tree, |chosen| chosen == 1);
    if back {
        out.push(Action::Run(Command::Go(Page::Overview)));
    }
}

/// Before there is a plan, and after one was applied.
fn without_plan(ui: &mut Ui, view: &View, busy: bool, out: &mut Outbox) {
    if let Some(receipt) = &view.receipt {
        summary::applied(ui, receipt, out);
    } else if busy {
        empty(ui, Icon::Wrench, "Planning: findings become edits until nothing more can be mended.", None);
    } else if empty(
        ui,
        Icon::Wrench,
        "No plan yet. Nothing is written before you have seen it.",
        Some("Review fixes…"),
    ) {
        out.push(Action::Run(Command::ReviewFixes));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_switch_flips_back_and_forth() {
        let mut view = View::default();
        let key = EditKey("set_id x a -> b".to_owned());
        view.flip(&key);
        assert!(view.switched_off().contains(&key));
        view.flip(&key);
        assert!(view.switched_off().is_empty());
    }
}
