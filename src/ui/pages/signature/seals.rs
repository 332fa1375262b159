//! Everything that is signed, under what seals it; and for the selected thing the chain of seals up to the app.

use std::collections::BTreeSet;
use std::sync::Arc;

use egui::{Margin, Rect, Role, ScrollArea, Sense, Stroke, Ui, WidgetInfo, pos2};

use crate::bundle::Bundle;
use crate::jobs::Request;
use crate::paths::BundlePath;
use crate::ui::command::{Action, Outbox};
use crate::ui::facts::{counted, number};
use crate::ui::icons::Icon;
use crate::ui::shell;
use crate::ui::state::Opened;
use crate::ui::theme::{Type, size, tokens};
use crate::ui::widgets::{
    Status, Tone, cut, elided, empty, galley, label, mono_block, paint_left, paint_right, paragraph,
    path_lines, tree_table,
};
use crate::workflow::seals::{SealLink, SealState, SealTree, SealedBy};

const TABLE: &str = "seals";

#[derive(Default)]
pub struct View {
    tree: Option<(Arc<Bundle>, Arc<SealTree>)>,
    /// The bundle whose tree was asked for.
    asked: Option<Arc<Bundle>>,
    closed: BTreeSet<BundlePath>,
    rows: Vec<Line>,
    selected: BundlePath,
    chain: Option<(BundlePath, Vec<SealLink>)>,
    chain_asked: Option<BundlePath>,
}

/// One row of the tree.
struct Line {
    path: BundlePath,
    depth: usize,
    open: Option<bool>,
    identifier: Option<String>,
    sealed: usize,
    status: Status,
}

impl View {
    pub fn receive(&mut self, bundle: &Arc<Bundle>, tree: Arc<SealTree>) {
        self.selected = tree.path.clone();
        self.tree = Some((bundle.clone(), tree));
        self.chain = None;
        self.chain_asked = None;
        self.lay_out();
    }

    pub fn receive_chain(&mut self, bundle: &Arc<Bundle>, path: BundlePath, chain: Vec<SealLink>) {
        if self.tree.as_ref().is_some_and(|(of, _)| Arc::ptr_eq(of, bundle)) {
            self.chain = Some((path, chain));
        }
    }

    /// Asks for what is not there yet.
    fn ask(&mut self, opened: &Opened, out: &mut Outbox) {
        let bundle = &opened.inspection.bundle;
        let is_of = |of: Option<&Arc<Bundle>>| of.is_some_and(|of| Arc::ptr_eq(of, bundle));
        if !is_of(self.tree.as_ref().map(|(of, _)| of)) {
            if !is_of(self.asked.as_ref()) {
                self.asked = Some(bundle.clone());
                let inspection = opened.inspection.clone();
                out.push(Action::Ask(Box::new(Request::ReadSeals { inspection })));
            }
            return;
        }
        if self.chain_asked.as_ref() != Some(&self.selected) {
            self.chain_asked = Some(self.selected.clone());
            let (inspection, path) = (opened.inspection.clone(), self.selected.clone());
            out.push(Action::Ask(Box::new(Request::ReadSealChain { inspection, path })));
        }
    }

    /// The rows that are in view of the open branches.
    fn lay_out(&mut self) {
        self.rows.clear();
        let Some((_, tree)) = &self.tree else { return };
        // The stack is ours: bundles may be nested deeper than the thread's.
        let mut left: Vec<(usize, &SealTree)> = vec![(0, tree)];
        while let Some((depth, tree)) = left.pop() {
            let open = !self.closed.contains(&tree.path);
            self.rows.push(Line {
                path: tree.path.clone(),
                depth,
                open: (!tree.nested.is_empty()).then_some(open),
                identifier: tree.identifier.clone(),
                sealed: tree.sealed,
                status: status(tree),
            });
            if open {
                left.extend(tree.nested.iter().rev().map(|nested| (depth + 1, nested)));
            }
        }
    }
}

fn status(tree: &SealTree) -> Status {
    match tree.state {
        SealState::Sound => Status { word: "Holds".to_owned(), ..Status::found() },
        SealState::Broken => Status::new(Icon::Error, Tone::Error, counted(tree.problems, "problem")),
        SealState::Unsigned => Status::new(Icon::Warning, Tone::Warning, "Not signed"),
    }
}

fn named<'a>(path: &'a BundlePath, opened: &'a Opened) -> &'a str {
    if path.is_root() { &opened.inspection.bundle.name } else { path.as_str() }
}

/// What vouches for the selected thing, link by link.
pub fn beside(ui: &mut Ui, view: &mut View, opened: &Opened, called: bool, out: &mut Outbox) {
    view.ask(opened, out);
    let Some((path, chain)) = &view.chain else { return };
    shell::inspector(ui, size::INSPECTOR, called, |ui| {
        let t = tokens(ui);
        ScrollArea::vertical().id_salt(("seal-chain", path)).auto_shrink(false).show(ui, |ui| {
            egui::Frame::new().inner_margin(Margin::same(16)).show(ui, |ui| {
                ui.spacing_mut().item_spacing.y = 0.0;
                label(ui, "What vouches for it", Type::Title, t.text);
                ui.add_space(4.0);
                paragraph(ui, &in_short(chain), Type::Body, t.text_soft);
                ui.add_space(12.0);
                for (at, one) in chain.iter().enumerate() {
                    link(ui, at + 1, one, at + 1 == chain.len(), opened);
                }
            });
        });
    });
}

/// How far the chain holds.
fn in_short(chain: &[SealLink]) -> String {
    match chain.iter().position(|link| !link.faults.is_empty()) {
        Some(at) => format!("Broken at link {} of {}: what an edit broke first.", at + 1, chain.len()),
        None => match chain.last().map(|link| &link.seal) {
            None | Some(SealedBy::Nothing { .. }) => "No seal covers it.".to_owned(),
            Some(_) => {
                format!("{} up to the signature of the app, and each holds.", counted(chain.len(), "seal"))
            }
        },
    }
}

fn link(ui: &mut Ui, number: usize, link: &SealLink, last: bool, opened: &Opened) {
    let t = tokens(ui);
    let (tone, icon) = match &link.seal {
        _ if !link.faults.is_empty() => (Tone::Error, Icon::Error),
        SealedBy::Nothing { .. } => (Tone::Warning, Icon::Warning),
        _ => (Tone::Good, Icon::Good),
    };
    let left = ui.max_rect().left();
    let top = ui.cursor().top();
    ui.horizontal_top(|ui| {
        ui.add_space(28.0);
        ui.vertical(|ui| {
            ui.set_width(ui.available_width());
            let name = named(&link.path, opened);
            let lines = path_lines(ui, name, Type::Mono, t.text, ui.available_width());
            let (rect, response) = ui.allocate_exact_size(lines.size(), Sense::hover());
            response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("Link {number}: {name}")));
            ui.painter().galley(rect.min, lines, t.text);
            ui.add_space(2.0);
            paragraph(ui, &link.seal.words(), Type::Caption, t.text_soft);
            for fault in &link.faults {
                ui.add_space(4.0);
                mono_block(ui, fault, None);
            }
            ui.add_space(if last { 4.0 } else { 14.0 });
        });
    });
    let at = pos2(left + 9.0, top + 8.0);
    let end = ui.cursor().top();
    if !last {
        ui.painter().vline(at.x, at.y + 11.0..=end - 2.0, Stroke::new(1.0, t.line));
    }
    icon.paint_at(ui.painter(), at, size::ICON, tone.ink(t));
}

pub fn center(ui: &mut Ui, view: &mut View, opened: &Opened, called: &mut bool) {
    if view.rows.is_empty() {
        empty(ui, Icon::Shield, "The seals are being read…", None);
        return;
    }
    let wide = ui.available_width();
    let state_at = wide - 132.0;
    let sealed_at = (wide >= 420.0).then_some(state_at - 24.0);
    let identifier_at = (wide >= 640.0).then_some((wide * 0.5).round());
    let mut heads = vec![("Signed thing", 34.0), ("Seal", state_at)];
    heads.extend(identifier_at.map(|x| ("Identifier", x)));
    heads.extend(sealed_at.map(|x| ("Seals", x - 28.0)));
    tree_table::heads(ui, &heads);
    let table = tree_table::Table {
        salt: TABLE,
        name: "Seals",
        rows: view.rows.len(),
        row_height: size::ROW,
        selected: view.rows.iter().position(|line| line.path == view.selected),
        reveal: false,
    };
    let rows = &view.rows;
    let event = tree_table::show(
        ui,
        &table,
        |row| {
            let line = &rows[row];
            tree_table::Row {
                key: row as u64,
                depth: line.depth,
                open: line.open,
                spoken: format!("{}, {}", named(&line.path, opened), line.status.word),
                heading: false,
                twin: false,
            }
        },
        |ui, row, rect| {
            let columns = Columns { identifier: identifier_at, sealed: sealed_at, state: state_at };
            paint(ui, opened, rows, row, rect, &columns);
        },
    );
    use tree_table::Event;
    match event {
        Some(Event::Select(row) | Event::Activate(row)) => {
            if let Some(line) = view.rows.get(row) {
                view.selected = line.path.clone();
            }
            *called |= matches!(event, Some(Event::Activate(_)));
        }
        Some(Event::Open(row, open)) => {
            if let Some(line) = view.rows.get(row) {
                let path = line.path.clone();
                if open {
                    view.closed.remove(&path)
                } else {
                    view.closed.insert(path)
                };
                view.lay_out();
            }
        }
        _ => {}
    }
}

/// Edges of the columns: left ones, and the right one of the count.
struct Columns {
    identifier: Option<f32>,
    sealed: Option<f32>,
    state: f32,
}

fn paint(ui: &Ui, opened: &Opened, rows: &[Line], row: usize, rect: Rect, columns: &Columns) {
    let t = tokens(ui);
    let line = &rows[row];
    let y = rect.center().y;
    let x = tree_table::text_start(rect, line.depth);
    let end = columns.identifier.or(columns.sealed.map(|x| x - 48.0)).unwrap_or(columns.state);
    let around = rows[..row].iter().rev().find(|other| other.depth < line.depth);
    let name = below(&line.path, around.map(|other| &other.path)).unwrap_or(named(&line.path, opened));
    paint_left(ui, x, y, elided(ui, name, Type::Mono, t.text, rect.left() + end - x - 12.0));
    if let Some(at) = columns.identifier {
        let room = columns.sealed.map_or(columns.state, |x| x - 48.0) - at - 12.0;
        let words = line.identifier.as_deref().unwrap_or("–");
        paint_left(ui, rect.left() + at, y, cut(ui, words, Type::Mono, t.text_soft, room));
    }
    if let Some(at) = columns.sealed.filter(|_| line.sealed > 0) {
        let words = galley(ui, &number(line.sealed as u64), Type::Body, t.text_soft);
        paint_right(ui, rect.left() + at, y, words);
    }
    line.status.paint(ui, rect.left() + columns.state, y, rect.width() - columns.state - 8.0);
}

/// What is left of `path` below the folder of the bundle around it.
fn below<'a>(path: &'a BundlePath, around: Option<&BundlePath>) -> Option<&'a str> {
    let around = around?;
    if around.is_root() {
        return None;
    }
    path.as_str().strip_prefix(around.as_str())?.strip_prefix('/')
}
