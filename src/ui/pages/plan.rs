//! Review fixes: every edit before and after, each with its switch, and what the bundle would be then.

mod card;
mod summary;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use egui::{Margin, ScrollArea, Ui};

use crate::diagnose::Finding;
use crate::fix::{EditKey, FixPlan, PlannedEdit, Receipt, Selection};
use crate::macho::Arch;
use crate::paths::BundlePath;
use crate::ui::command::{Action, Command, Outbox, Page, keys};
use crate::ui::icons::Icon;
use crate::ui::shell;
use crate::ui::state::Opened;
use crate::ui::theme::{Type, tokens};
use crate::ui::widgets::{Button, empty, label, panel_frame, switch};

#[derive(Default)]
pub struct View {
    /// What is to be fixed; `None` while nobody asked.
    selection: Option<Selection>,
    plan: Option<Arc<FixPlan>>,
    /// Whether the app then starts on another Mac, by architecture.
    starts: Vec<(Arch, bool)>,
    switched_off: BTreeSet<EditKey>,
    closed: BTreeSet<BundlePath>,
    hide_bytes: bool,
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

    pub fn receive(&mut self, plan: Arc<FixPlan>, starts: Vec<(Arch, bool)>) {
        self.plan = Some(plan);
        self.starts = starts;
        self.receipt = None;
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
}

/// The edits of one file, switched off ones included.
struct Group<'a> {
    path: &'a BundlePath,
    edits: Vec<&'a PlannedEdit>,
}

/// By file, in the order of the plan.
fn groups(plan: &FixPlan) -> Vec<Group<'_>> {
    let mut order: BTreeMap<&BundlePath, usize> = BTreeMap::new();
    let mut groups: Vec<Group<'_>> = Vec::new();
    for edit in plan.edits.iter().chain(&plan.switched_off) {
        let path = edit.edit.path();
        let at = *order.entry(path).or_insert_with(|| {
            groups.push(Group { path, edits: Vec::new() });
            groups.len() - 1
        });
        groups[at].edits.push(edit);
    }
    groups
}

/// Findings that the plan would mend.
fn mended<'a>(before: &'a [Finding], plan: &FixPlan) -> Vec<&'a Finding> {
    let still = |finding: &Finding| {
        plan.remaining.iter().any(|left| {
            (left.rule, &left.subject, &left.reference, left.arch)
                == (finding.rule, &finding.subject, &finding.reference, finding.arch)
        })
    };
    before.iter().filter(|finding| !still(finding)).collect()
}

pub fn show(ui: &mut Ui, view: &mut View, opened: &Opened, busy: bool, called: bool, out: &mut Outbox) {
    let t = tokens(ui);
    if view.plan.is_some() {
        shell::inspector(ui, 312.0, called || ui.ctx().content_rect().width() < 900.0, |ui| {
            summary::show(ui, view, opened, busy, out);
        });
    }
    egui::CentralPanel::default().frame(panel_frame(t.panel)).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        header(ui, view, out);
        let Some(plan) = view.plan.clone() else {
            without_plan(ui, view, busy, out);
            return;
        };
        let groups = groups(&plan);
        if groups.is_empty() && plan.sign.steps.is_empty() {
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
        let columns = card::Columns::of(ui.available_width(), !view.hide_bytes);
        card::heads(ui, &columns);
        ScrollArea::vertical().id_salt("plan").auto_shrink(false).show(ui, |ui| {
            egui::Frame::new().inner_margin(Margin { left: 16, right: 16, top: 4, bottom: 16 }).show(
                ui,
                |ui| {
                    ui.spacing_mut().item_spacing.y = 0.0;
                    for group in &groups {
                        card::file(ui, view, opened, &plan, group, &columns, out);
                        ui.add_space(8.0);
                    }
                    card::sign(ui, &plan);
                },
            );
        });
    });
}

fn header(ui: &mut Ui, view: &mut View, out: &mut Outbox) {
    let title = match view.selection {
        Some(Selection::Reference { .. }) => "Fix one reference",
        Some(Selection::Finding(_)) => "Fix one finding",
        _ => "Review fixes",
    };
    let t = tokens(ui);
    let mut back = false;
    shell::page_header(
        ui,
        "",
        |ui| {
            back = Button::new("Back to the overview").icon_only(Icon::ArrowLeft).show(ui).clicked();
            ui.add_space(4.0);
            label(ui, title, Type::Title, t.text);
        },
        |ui| {
            if view.plan.is_some() {
                let hint = keys(ui.ctx(), Command::ExportPlan).unwrap_or_default();
                let export = Button::new("Export plan…").icon(Icon::File);
                if export
                    .tip(&format!("Writes the plan as text, for a review or a ticket · {hint}"))
                    .show(ui)
                    .clicked()
                {
                    out.push(Action::Run(Command::ExportPlan));
                }
                let mut bytes = !view.hide_bytes;
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
