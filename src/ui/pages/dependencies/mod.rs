//! How dyld would load everything, as a tree.

mod inspector;
mod rows;
pub mod tree;
mod verdict;
mod walk;

use std::collections::{BTreeMap, BTreeSet};

use egui::{Id, Margin, Ui, vec2};

use self::tree::{Tree, What};
use crate::bundle::{EntryKind, ImageId};
use crate::dyld::{Conditions, Graph};
use crate::macho::{Arch, InstallName};
use crate::paths::BundlePath;
use crate::ui::command::{Action, Command, Outbox, keys};
use crate::ui::facts::arch_order;
use crate::ui::icons::Icon;
use crate::ui::search::Words;
use crate::ui::shell;
use crate::ui::state::Opened;
use crate::ui::theme::{size, tokens};
use crate::ui::what_if::{self, CHOICES, MACS, SHORT};
use crate::ui::widgets::{Field, empty, panel_frame, segments, selector, switch, tree_table};
use crate::workflow::Mac;

pub const TABLE: &str = "dependencies";

#[derive(Default)]
pub struct View {
    /// Which executable's process is shown, and on what.
    entry: Option<BundlePath>,
    arch: Option<Arch>,
    /// On whose Mac.
    place: Mac,
    pub filter: String,
    problems_only: bool,
    open: BTreeMap<u64, bool>,
    selected: Option<u64>,
    reveal: bool,
    /// What to select once the tree is there.
    wanted: Option<(ImageId, Option<InstallName>)>,
    tree: Tree,
    rows: Vec<usize>,
    /// What `tree` and `rows` were made from.
    made_from: Option<MadeFrom>,
    /// What can be started, and the inspection that it was taken from.
    entries: (u64, Vec<BundlePath>),
    verdict: verdict::Verdict,
    walk: walk::View,
}

#[derive(PartialEq, Clone)]
struct MadeFrom {
    revision: u64,
    entry: BundlePath,
    arch: Arch,
    place: Mac,
    filter: String,
    problems_only: bool,
    opened: usize,
}

impl View {
    /// Selects this reference, or where the image is expanded, as soon as the tree is there.
    pub fn look_at(&mut self, image: ImageId, name: Option<InstallName>) {
        self.filter.clear();
        self.problems_only = false;
        self.wanted = Some((image, name));
    }

    /// Selects where the image is expanded, without a change of what is shown around it.
    pub fn follow(&mut self, image: ImageId) {
        self.wanted = Some((image, None));
    }

    fn graph<'a>(&self, opened: &'a Opened) -> &'a Graph {
        opened.graph(self.place)
    }

    /// The launch whose tree is shown: its position in the graph.
    pub fn launch(&self, graph: &Graph) -> Option<usize> {
        let (entry, arch) = (self.entry.as_ref()?, self.arch?);
        graph.launches.iter().position(|launch| launch.entry == *entry && launch.arch == arch)
    }

    /// The image of the selected row.
    pub fn selected_image(&self, opened: &Opened) -> Option<ImageId> {
        self.tree.image(self.graph(opened), self.selected_node()?)
    }

    /// Brings tree and rows up to date with what is asked for.
    pub fn refresh(&mut self, opened: &Opened, place: Mac) {
        self.place = place;
        if self.entries.0 != opened.revision {
            self.entries = (opened.revision, entries(opened));
        }
        let entries = &self.entries.1;
        let entry =
            self.entry.clone().filter(|entry| entries.contains(entry)).or_else(|| entries.first().cloned());
        let Some(entry) = entry else {
            self.tree = Tree::default();
            self.rows.clear();
            return;
        };
        let archs = archs(opened, &entry);
        let arch = self.arch.filter(|arch| archs.contains(arch)).or_else(|| archs.first().copied());
        let Some(arch) = arch else { return };
        self.entry = Some(entry.clone());
        self.arch = Some(arch);
        let now = MadeFrom {
            revision: opened.revision,
            entry: entry.clone(),
            arch,
            place,
            filter: self.filter.clone(),
            problems_only: self.problems_only,
            opened: self.opened_or_closed(),
        };
        if self.made_from.as_ref() == Some(&now) && self.wanted.is_none() {
            return;
        }
        let graph = self.graph(opened);
        let same_tree = self.made_from.as_ref().is_some_and(|old| {
            (old.revision, &old.entry, old.arch, old.place) == (now.revision, &now.entry, now.arch, now.place)
        });
        if !same_tree {
            self.tree = Tree::build(&opened.inspection, graph, &entry, arch);
            self.verdict = verdict::Verdict::of(opened, graph, &self.tree, &entry, arch);
            self.walk.forget();
        }
        if let Some((image, name)) = self.wanted.take() {
            self.select_reference(graph, &image, name.as_ref());
        }
        self.rows = self.visible_rows(opened);
        self.made_from = Some(MadeFrom { opened: self.opened_or_closed(), ..now });
        if self.selected_row().is_none() {
            self.selected = self.rows.first().map(|node| self.tree.nodes[*node].key);
        }
    }

    /// Changes with every branch that is opened or closed by hand.
    fn opened_or_closed(&self) -> usize {
        let one = |(key, open): (&u64, &bool)| (*key as usize).wrapping_mul(3 + usize::from(*open));
        self.open.iter().map(one).fold(0, usize::wrapping_add)
    }

    fn visible_rows(&self, opened: &Opened) -> Vec<usize> {
        let graph = self.graph(opened);
        let words = Words::new(&self.filter);
        let matches = |index: usize| {
            let node = &self.tree.nodes[index];
            let wrong = !self.problems_only || node.own.is_problem() || node.own == tree::Own::AbsentWeak;
            wrong && words.are_in(&rows::name(&self.tree, graph, index))
        };
        let filtered = self.problems_only || !words.is_empty();
        self.tree.visible(&self.open, filtered.then_some(&matches as &dyn Fn(usize) -> bool))
    }

    fn select_reference(&mut self, graph: &Graph, image: &ImageId, name: Option<&InstallName>) {
        let found = (0..self.tree.nodes.len()).find(|&index| match (name, &self.tree.nodes[index].what) {
            (Some(name), What::Reference { .. }) => self
                .tree
                .dependency(graph, index)
                .is_some_and(|(load, dependency)| load.image == *image && dependency.name == *name),
            (None, _) => {
                self.tree.nodes[index].shown_at.is_none()
                    && self.tree.image(graph, index).as_ref() == Some(image)
            }
            _ => false,
        });
        if let Some(index) = found {
            self.tree.reveal(index, &mut self.open);
            self.selected = Some(self.tree.nodes[index].key);
            self.reveal = true;
        }
    }

    /// Rows stand in the order of their nodes.
    fn selected_row(&self) -> Option<usize> {
        self.rows.binary_search(&self.selected_node()?).ok()
    }

    /// The node behind the selected row.
    fn selected_node(&self) -> Option<usize> {
        self.tree.with_key(self.selected?)
    }

    /// The bundle's own reference that is selected: what a fix for one reference is about.
    pub fn selected_reference(&self, opened: &Opened) -> Option<(BundlePath, InstallName)> {
        let (load, dependency) = self.tree.dependency(self.graph(opened), self.selected_node()?)?;
        match &load.image {
            ImageId::Bundled(path) => Some((path.clone(), dependency.name.clone())),
            ImageId::External(_) => None,
        }
    }

    fn jump(&mut self, node: usize) {
        self.tree.reveal(node, &mut self.open);
        self.filter.clear();
        self.problems_only = false;
        self.selected = Some(self.tree.nodes[node].key);
        self.reveal = true;
    }

    fn happened(&mut self, event: tree_table::Event) {
        use tree_table::Event;
        match event {
            Event::Select(row) => self.selected = self.rows.get(row).map(|node| self.tree.nodes[*node].key),
            Event::Open(row, open) => {
                if let Some(node) = self.rows.get(row) {
                    self.selected = Some(self.tree.nodes[*node].key);
                    self.open.insert(self.tree.nodes[*node].key, open);
                }
            }
            Event::Activate(row) => {
                let Some(&node) = self.rows.get(row) else { return };
                self.selected = Some(self.tree.nodes[node].key);
                match self.tree.nodes[node].shown_at {
                    Some(first) => self.jump(first),
                    None if !self.tree.nodes[node].children.is_empty() => {
                        let open = self.tree.is_open(node, &self.open);
                        self.open.insert(self.tree.nodes[node].key, !open);
                    }
                    None => {}
                }
            }
            Event::Typed(text) => self.filter.push_str(&text),
        }
    }
}

/// Executables whose process can be looked at; plug-ins stand inside of their host's.
fn entries(opened: &Opened) -> Vec<BundlePath> {
    let graph = &opened.inspection.clean;
    let bundle = &opened.inspection.bundle;
    let hosted: BTreeSet<&BundlePath> = bundle
        .entries
        .iter()
        .filter(|entry| entry.kind == EntryKind::PlugIn && entry.host.is_some())
        .map(|entry| &entry.image)
        .collect();
    // The launches of one entry follow each other.
    let mut entries: Vec<BundlePath> = graph.launches.iter().map(|launch| launch.entry.clone()).collect();
    entries.retain(|entry| !hosted.contains(entry));
    entries.dedup();
    entries
}

fn archs(opened: &Opened, entry: &BundlePath) -> Vec<Arch> {
    let launches = opened.inspection.clean.launches.iter();
    let mut archs: Vec<Arch> =
        launches.filter(|launch| launch.entry == *entry).map(|launch| launch.arch).collect();
    archs.sort_by_key(arch_order);
    archs
}

pub fn filter_id() -> Id {
    Id::unique("dependency-filter")
}

/// Under which conditions the page looks.
pub struct Scope<'a> {
    pub place: Mac,
    pub conditions: &'a Conditions,
    pub variables: &'a mut what_if::View,
}

pub fn show(
    ui: &mut Ui,
    view: &mut View,
    scope: &mut Scope<'_>,
    opened: &Opened,
    fixable: bool,
    called: &mut bool,
    out: &mut Outbox,
) {
    view.refresh(opened, scope.place);
    let t = tokens(ui);
    shell::inspector(ui, size::INSPECTOR, *called, |ui| inspector::show(ui, view, opened, out));
    egui::CentralPanel::default().frame(panel_frame(t.panel)).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        header(ui, scope, fixable, out);
        toolbar(ui, view, scope, opened, out);
        if !view.tree.nodes.is_empty() {
            view.verdict.show(ui, out);
        }
        if view.tree.nodes.is_empty() {
            empty(
                ui,
                Icon::Tree,
                "No executable was found, so there is nothing that dyld could start.",
                None,
            );
            return;
        }
        if view.rows.is_empty() {
            if empty(ui, Icon::Search, "No reference matches this filter.", Some("Show all")) {
                view.filter.clear();
                view.problems_only = false;
            }
            return;
        }
        *called |= table(ui, view, opened, "Dependencies");
    });
}

/// The rows; answers whether one was asked about.
pub fn table(ui: &mut Ui, view: &mut View, opened: &Opened, name: &str) -> bool {
    let columns = rows::Columns::of(ui.available_width());
    tree_table::heads(ui, &columns.heads());
    let graph = view.graph(opened);
    let (table_rows, nodes) = (&view.rows, &view.tree);
    let table = tree_table::Table {
        salt: TABLE,
        name,
        rows: table_rows.len(),
        row_height: size::ROW,
        selected: view.selected_row(),
        reveal: std::mem::take(&mut view.reveal),
    };
    let twin = rows::twin_of_selected(nodes, graph, view.selected_node());
    let filtered = view.problems_only || !view.filter.trim().is_empty();
    let event = tree_table::show(
        ui,
        &table,
        |row| rows::row(nodes, graph, table_rows[row], &view.open, filtered, twin.as_ref()),
        |ui, row, rect| rows::paint(ui, nodes, graph, opened, table_rows[row], rect, &columns),
    );
    let Some(event) = event else { return false };
    let asked = matches!(event, tree_table::Event::Activate(_));
    if matches!(event, tree_table::Event::Typed(_)) {
        ui.memory_mut(|memory| memory.request_focus(filter_id()));
    }
    view.happened(event);
    asked
}

fn header(ui: &mut Ui, scope: &Scope<'_>, fixable: bool, out: &mut Outbox) {
    let mut chosen = None;
    let choices = if ui.available_width() < 640.0 { SHORT } else { CHOICES };
    shell::page_header(
        ui,
        "Dependencies",
        |ui| {
            let on = MACS.iter().position(|place| *place == scope.place).unwrap_or(0);
            chosen = segments(ui, "Place", &choices, on).and_then(|at| MACS.get(at));
        },
        |ui| {
            let folders = shell::HeaderButton {
                name: "Build Mac folders…",
                icon: Icon::Folder,
                tip: "Says where folders of the build Mac, such as /opt/homebrew, are on this machine",
                command: Command::BuildFolders,
                filled: false,
                enabled: true,
            };
            let mut buttons = vec![folders];
            if fixable {
                buttons.insert(0, shell::review_fixes("Shows every edit before anything is written"));
            }
            shell::header_buttons(ui, &buttons, 0.0, out);
        },
    );
    if let Some(place) = chosen {
        out.push(Action::WhatIf(*place, scope.conditions.clone()));
    }
}

fn toolbar(ui: &mut Ui, view: &mut View, scope: &mut Scope<'_>, opened: &Opened, out: &mut Outbox) {
    let t = tokens(ui);
    let frame = egui::Frame::new().inner_margin(Margin::symmetric(size::PADDING as i8, 6));
    let response = frame.show(ui, |ui| {
        ui.spacing_mut().item_spacing = vec2(8.0, 6.0);
        ui.horizontal_wrapped(|ui| {
            view.choose_launch(ui, opened);
            what_if::controls(ui, scope.variables, scope.place, scope.conditions, out);
            let hint = keys(ui.ctx(), Command::Find).unwrap_or_default();
            let field = Field::new("Filter", 216.0).icon(Icon::Search).hint("Filter").id(filter_id());
            field.after(&hint).show(ui, &mut view.filter);
            let tip = "Hides everything that loads as it should";
            switch(ui, &mut view.problems_only, "Problems only", true, tip);
        });
    });
    let rect = response.response.rect;
    ui.painter().hline(ui.max_rect().x_range(), rect.bottom() - 0.5, egui::Stroke::new(1.0, t.line));
}

impl View {
    /// Which executable on which architecture.
    pub fn choose_launch(&mut self, ui: &mut Ui, opened: &Opened) {
        let entries = &self.entries.1;
        let on = entries.iter().position(|entry| Some(entry) == self.entry.as_ref()).unwrap_or(0);
        let names: Vec<String> = entries.iter().map(|entry| entry.file_name().to_owned()).collect();
        let tip = "Which executable's process is shown";
        if let Some(chosen) = selector(ui, "Start from", &names, on, None, tip) {
            self.entry = entries.get(chosen).cloned();
            self.selected = None;
        }
        let archs = self.entry.as_ref().map(|entry| archs(opened, entry)).unwrap_or_default();
        let names: Vec<String> = archs.iter().map(Arch::to_string).collect();
        let on = archs.iter().position(|arch| Some(*arch) == self.arch).unwrap_or(0);
        let tip = "Each architecture has its own load commands";
        if let Some(chosen) = selector(ui, "Arch", &names, on, None, tip) {
            self.arch = archs.get(chosen).copied();
        }
    }
}
