//! The bundle seen from above: sizes, what is unused, circles, the macOS it needs, its slices, the graph, and for each
//! image why it is there.

mod drawing;
mod lines;
mod reasons;

use std::sync::Arc;

use egui::{Id, Margin, Role, Sense, Stroke, Ui, WidgetInfo, vec2};

use self::drawing::Drawing;
use self::lines::{Line, Sheet};
use super::dependencies;
use crate::bundle::ImageId;
use crate::dyld::{Graph, Resolution};
use crate::jobs::Request;
use crate::maps::network::Network;
use crate::maps::why::Why;
use crate::ui::command::{Action, Command, Outbox, keys};
use crate::ui::icons::Icon;
use crate::ui::shell;
use crate::ui::state::Opened;
use crate::ui::theme::{Type, size, tokens};
use crate::ui::what_if::{CHOICES, MACS};
use crate::ui::widgets::{
    Field, cut, empty, paint_left, panel_frame, segments, selector, switch, tree_table,
};
use crate::workflow::{Mac, Survey};

const TABLE: &str = "maps";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Map {
    #[default]
    Sizes,
    Unused,
    Circles,
    Minimum,
    Slices,
    Drawing,
}

impl Map {
    const ALL: [Map; 6] = [Map::Sizes, Map::Unused, Map::Circles, Map::Minimum, Map::Slices, Map::Drawing];
    const NAMES: [crate::ui::widgets::Choice<'static>; 6] = [
        ("Sizes", "What each image weighs, and what would go with it"),
        ("Unused", "Images that no program of the bundle loads"),
        ("Circles", "Libraries that need each other"),
        (
            "Minimum macOS",
            "Which macOS the images really need, and which of them ask for more than is promised",
        ),
        ("Slices", "Which image has which architecture, and which is loaded"),
        ("Graph", "Who uses whom, as a picture"),
    ];
}

#[derive(Default)]
pub struct View {
    map: Map,
    filter: String,
    selected: Option<ImageId>,
    reveal: bool,
    /// What was selected in the tree when the two were last the same.
    in_tree: Option<ImageId>,
    survey: Option<(Arc<Graph>, Arc<Survey>)>,
    /// The maps of this graph are on their way.
    surveying: Option<Arc<Graph>>,
    trace: Option<(Arc<Graph>, Resolution, Arc<Why>)>,
    tracing: Option<(Arc<Graph>, Resolution)>,
    drawing: Drawing,
    sheet: Sheet,
    made_from: Option<(usize, Map, String)>,
}

impl View {
    pub fn select(&mut self, image: ImageId) {
        self.selected = Some(image);
        self.filter.clear();
        self.reveal = true;
    }

    pub fn surveyed(&mut self, graph: Arc<Graph>, survey: Arc<Survey>) {
        self.surveying = None;
        self.made_from = None;
        self.survey = Some((graph, survey));
    }

    pub fn traced(&mut self, graph: Arc<Graph>, target: Resolution, why: Arc<Why>) {
        self.tracing = None;
        self.trace = Some((graph, target, why));
    }

    pub fn drawn(&mut self, graph: Arc<Graph>, launch: usize, network: Arc<Network>) {
        self.drawing.arrived(graph, launch, network);
    }

    /// What was asked for does not come; it may be asked for again.
    pub fn give_up(&mut self) {
        self.surveying = None;
        self.tracing = None;
        self.drawing.give_up();
    }

    /// Asks for what is not there or belongs to another graph.
    fn ask(&mut self, opened: &Opened, graph: &Arc<Graph>, out: &mut Outbox) {
        let is = |known: Option<&Arc<Graph>>| known.is_some_and(|known| Arc::ptr_eq(known, graph));
        let there = is(self.survey.as_ref().map(|(graph, _)| graph));
        if !there && !is(self.surveying.as_ref()) && self.map != Map::Drawing {
            self.surveying = Some(Arc::clone(graph));
            let inspection = opened.inspection.clone();
            out.push(Action::Ask(Box::new(Request::Survey { inspection, graph: Arc::clone(graph) })));
        }
        let Some(target) = self.selected.as_ref().map(resolution) else { return };
        let traced = self.trace.as_ref().is_some_and(|(of, known, _)| is(Some(of)) && *known == target);
        let asked = self.tracing.as_ref().is_some_and(|(of, known)| is(Some(of)) && *known == target);
        if !traced && !asked {
            self.tracing = Some((Arc::clone(graph), target.clone()));
            out.push(Action::Ask(Box::new(Request::Trace { graph: Arc::clone(graph), target })));
        }
    }

    /// The maps of `graph`, when they are there.
    fn survey(&self, graph: &Arc<Graph>) -> Option<&Arc<Survey>> {
        self.survey.as_ref().filter(|(of, _)| Arc::ptr_eq(of, graph)).map(|(_, survey)| survey)
    }

    /// Brings the selections of the tree and of this page together: the later one counts.
    fn follow(&mut self, tree: &mut dependencies::View, opened: &Opened) {
        let there = tree.selected_image(opened);
        if there != self.in_tree {
            self.in_tree = there.clone();
            if there.is_some() {
                self.selected = there;
                self.reveal = true;
            }
        }
    }

    fn choose(&mut self, image: Option<ImageId>, tree: &mut dependencies::View) {
        if let Some(image) = image.filter(|image| Some(image) != self.selected.as_ref()) {
            tree.follow(image.clone());
            self.selected = Some(image);
        }
    }
}

fn resolution(image: &ImageId) -> Resolution {
    match image {
        ImageId::Bundled(path) => Resolution::Bundled(path.clone()),
        ImageId::External(path) => Resolution::External(path.clone()),
    }
}

pub fn filter_id() -> Id {
    Id::unique("maps-filter")
}

pub fn show(
    ui: &mut Ui,
    view: &mut View,
    tree: &mut dependencies::View,
    place: Mac,
    opened: &Opened,
    called: &mut bool,
    out: &mut Outbox,
) {
    let t = tokens(ui);
    tree.refresh(opened, place);
    view.follow(tree, opened);
    let graph = Arc::clone(opened.graph(place));
    view.ask(opened, &graph, out);
    shell::inspector(ui, size::INSPECTOR_SMALL, *called, |ui| {
        let why = view.trace.as_ref().filter(|(of, ..)| Arc::ptr_eq(of, &graph));
        let why =
            why.filter(|(_, target, _)| view.selected.as_ref().map(resolution).as_ref() == Some(target));
        let chosen = reasons::show(ui, opened, view.selected.as_ref(), why.map(|(.., why)| &**why), out);
        view.choose(chosen, tree);
    });
    egui::CentralPanel::default().frame(panel_frame(t.panel)).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        header(ui, view);
        toolbar(ui, view, tree, place, opened, out);
        if view.map == Map::Drawing {
            let chosen = view.drawing.show(ui, &graph, tree.launch(&graph), view.selected.as_ref(), out);
            view.choose(chosen, tree);
            return;
        }
        match view.survey(&graph).cloned() {
            Some(survey) => *called |= table(ui, view, tree, &survey),
            None => {
                empty(ui, Icon::Map, "The maps are being worked out…", None);
            }
        }
    });
}

fn header(ui: &mut Ui, view: &mut View) {
    shell::page_header(
        ui,
        "Maps",
        |ui| {
            let on = Map::ALL.iter().position(|map| *map == view.map).unwrap_or(0);
            if let Some(map) = segments(ui, "Map", &Map::NAMES, on).and_then(|at| Map::ALL.get(at)) {
                view.map = *map;
                view.reveal = true;
            }
        },
        |_| {},
    );
}

fn toolbar(
    ui: &mut Ui,
    view: &mut View,
    tree: &mut dependencies::View,
    place: Mac,
    opened: &Opened,
    out: &mut Outbox,
) {
    let t = tokens(ui);
    let frame = egui::Frame::new().inner_margin(Margin::symmetric(size::PADDING as i8, 6));
    let rect = frame
        .show(ui, |ui| {
            ui.spacing_mut().item_spacing = vec2(8.0, 6.0);
            ui.horizontal_wrapped(|ui| {
                let names = CHOICES.map(|(name, _)| name.to_owned());
                let on = MACS.iter().position(|one| *one == place).unwrap_or(0);
                let tip = "Whose Mac the maps are about; macOS and more are chosen under Dependencies";
                if let Some(to) = selector(ui, "On", &names, on, None, tip).and_then(|at| MACS.get(at)) {
                    out.push(Action::WhatIf(*to, opened.inspection.options.conditions.clone()));
                }
                if view.map == Map::Drawing {
                    tree.choose_launch(ui, opened);
                    let tip = "Draws the libraries of macOS too";
                    switch(ui, &mut view.drawing.system, "macOS libraries", true, tip);
                } else {
                    let hint = keys(ui.ctx(), Command::Find).unwrap_or_default();
                    let field = Field::new("Filter images", 240.0).icon(Icon::Search).hint("Filter images");
                    field.id(filter_id()).after(&hint).show(ui, &mut view.filter);
                }
            });
        })
        .response
        .rect;
    ui.painter().hline(ui.max_rect().x_range(), rect.bottom() - 0.5, Stroke::new(1.0, t.line));
}

/// Answers whether a row was activated: the inspector is wanted.
fn table(ui: &mut Ui, view: &mut View, tree: &mut dependencies::View, survey: &Arc<Survey>) -> bool {
    let t = tokens(ui);
    let now = (Arc::as_ptr(survey) as usize, view.map, view.filter.clone());
    if view.made_from.as_ref() != Some(&now) {
        view.sheet = match view.map {
            Map::Sizes | Map::Drawing => lines::sizes(survey),
            Map::Unused => lines::unused(survey),
            Map::Circles => lines::circles(survey),
            Map::Minimum => lines::minimum(survey),
            Map::Slices => lines::slices(survey),
        };
        view.sheet.keep(&view.filter);
        view.made_from = Some(now);
    }
    let sheet = &view.sheet;
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 36.0), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &sheet.summary));
    let words = cut(ui, &sheet.summary, Type::Body, t.text_soft, rect.width() - 2.0 * size::PADDING);
    paint_left(ui, rect.left() + size::PADDING, rect.center().y, words);
    ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, t.line));
    response.on_hover_text(&sheet.summary);
    if sheet.lines.is_empty() {
        let filtered = !view.filter.trim().is_empty();
        let words = if filtered { "No image matches this filter." } else { sheet.nothing };
        let icon = if filtered { Icon::Search } else { Icon::Good };
        if empty(ui, icon, words, filtered.then_some("Show all")) {
            view.filter.clear();
        }
        return false;
    }
    let columns = sheet.places(ui.available_width());
    lines::heads(ui, sheet, &columns);
    let selected =
        view.selected.as_ref().and_then(|image| sheet.lines.iter().position(|line| line.is_about(image)));
    let table = tree_table::Table {
        salt: TABLE,
        name: "Images of the map",
        rows: sheet.lines.len(),
        row_height: size::ROW,
        selected,
        reveal: std::mem::take(&mut view.reveal),
    };
    let event = tree_table::show(
        ui,
        &table,
        |row| sheet.lines[row].row(row),
        |ui, row, rect| lines::paint(ui, sheet, &sheet.lines[row], rect, &columns),
    );
    let activated = matches!(event, Some(tree_table::Event::Activate(_)));
    match event {
        Some(tree_table::Event::Select(row) | tree_table::Event::Activate(row)) => {
            let image = view.sheet.lines.get(row).and_then(Line::image).cloned();
            view.choose(image, tree);
        }
        Some(tree_table::Event::Typed(text)) => {
            view.filter.push_str(&text);
            ui.memory_mut(|memory| memory.request_focus(filter_id()));
        }
        _ => {}
    }
    activated
}
