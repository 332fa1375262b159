//! The disk image: its window as the Finder will show it, laid out by hand, and the button that builds it.

mod backdrop;
pub mod canvas;
mod history;
pub mod items;
mod lints;
mod settings;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use egui::{Layout, Panel, Role, Sense, Stroke, TextureHandle, Ui, Vec2, WidgetInfo, pos2, vec2};

use crate::dmg::lint::{Context, Lint};
use crate::dmg::{DmgLayout, DmgSpec, Estimate, Item};
use crate::jobs::Request;
use crate::ui::command::{Action, Command, Outbox};
use crate::ui::facts::bytes;
use crate::ui::icons::Icon;
use crate::ui::pages::identity;
use crate::ui::shell;
use crate::ui::state::Opened;
use crate::ui::theme::{Type, size, tokens};
use crate::ui::widgets::{
    Button, Field, Tone, cut, elided, galley, inside, label, paint_left, panel_frame, segments, switch,
};

/// A disk image that was built from this bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    pub path: PathBuf,
    pub bytes: u64,
    /// In hexadecimal digits.
    pub sha256: String,
}

#[derive(Default)]
pub struct View {
    /// `None` until the usual image of the bundle is known.
    pub spec: Option<DmgSpec>,
    /// The item that is moved and nudged, by name.
    pub selected: Option<String>,
    pub snap_off: bool,
    pub dark: bool,
    pub output: String,
    pub built: Option<Built>,
    pub failure: Option<String>,
    /// A file that the last build would have replaced.
    pub in_the_way: Option<PathBuf>,
    /// Images that this window built and may replace.
    pub made: BTreeSet<PathBuf>,
    /// The picture behind the icons as it will be written, with its size in points, and the layout it was drawn for.
    pub picture: Option<(TextureHandle, Vec2)>,
    pub drawn_for: Option<DmgLayout>,
    /// What users call the app, for templates with words.
    pub title: String,
    pub history: history::History,
    /// The image that is designed anew, where it is not a bundle's.
    pub source: Option<PathBuf>,
    /// What could not be taken over from it.
    pub notes: Vec<String>,
    /// What is wrong with its checksums and signatures.
    pub problems: Vec<String>,
    /// Of the app in it.
    pub minimum_system: Option<(u32, u32)>,
    /// What the checks need, and for which layout and items it was read.
    context: Option<Context>,
    context_of: Option<(DmgLayout, Vec<Item>)>,
    /// What the checks said of this design.
    linted: Option<(DmgSpec, Vec<Lint>)>,
    estimates: Vec<Estimate>,
    estimated_for: Option<Vec<Item>>,
    /// Sign the image itself.
    pub signs: bool,
    /// The bundle has errors, and the user has not insisted.
    pub refused: bool,
    /// The user has.
    pub despite_errors: bool,
}

impl View {
    /// What the last build said no longer fits what is shown.
    pub fn forget_result(&mut self) {
        (self.built, self.failure, self.in_the_way, self.refused) = (None, None, None, false);
    }

    /// Takes note of a change when nothing is being dragged or typed.
    pub fn settle(&mut self, at_rest: bool) {
        if let Some(spec) = self.spec.as_ref().filter(|_| at_rest) {
            self.history.rest(spec);
        }
    }

    pub fn undo(&mut self) {
        if let Some(spec) = &mut self.spec {
            self.history.undo(spec);
        }
        self.changed_back();
    }

    pub fn redo(&mut self) {
        if let Some(spec) = &mut self.spec {
            self.history.redo(spec);
        }
        self.changed_back();
    }

    /// Puts the selected icon into the middle across.
    pub fn centre(&mut self) {
        let (Some(name), Some(spec)) = (&self.selected, &mut self.spec) else { return };
        let middle = spec.layout.window.width as i32 / 2;
        if let Some(at) = spec.layout.positions.get_mut(name) {
            at.0 = middle;
        }
        self.forget_result();
    }

    /// Icons of one line each get as much room as the others, from edge to edge of the window.
    pub fn space_evenly(&mut self) {
        let Some(spec) = &mut self.spec else { return };
        let wide = spec.layout.window.width as i32;
        let mut lines: BTreeMap<i32, Vec<(i32, String)>> = BTreeMap::new();
        for (name, (x, y)) in &spec.layout.positions {
            lines.entry(*y).or_default().push((*x, name.clone()));
        }
        for (y, mut line) in lines {
            line.sort();
            let count = line.len() as i32;
            for (index, (_, name)) in line.into_iter().enumerate() {
                let x = wide * (2 * index as i32 + 1) / (2 * count);
                spec.layout.positions.insert(name, (x, y));
            }
        }
        self.forget_result();
    }

    fn changed_back(&mut self) {
        self.forget_result();
    }

    /// What has to be worked out for a design that changed.
    pub fn wants(&self) -> Option<Request> {
        let spec = self.spec.as_ref()?;
        let read = self.context_of.as_ref();
        if read.is_none_or(|(layout, items)| *layout != spec.layout || *items != spec.items) {
            let minimum_system = self.minimum_system;
            return Some(Request::LookIntoImage { spec: spec.clone(), minimum_system });
        }
        let estimated = self.estimated_for.as_ref() == Some(&spec.items);
        (!estimated).then(|| Request::EstimateImage { spec: spec.clone() })
    }

    pub fn looked_into(&mut self, spec: &DmgSpec, context: Context) {
        self.context_of = Some((spec.layout.clone(), spec.items.clone()));
        (self.context, self.linted) = (Some(context), None);
    }

    pub fn estimated(&mut self, spec: &DmgSpec, estimates: Vec<Estimate>) {
        (self.estimates, self.estimated_for) = (estimates, Some(spec.items.clone()));
    }

    /// What was asked for beside cannot be had for this design.
    pub fn give_up(&mut self) {
        let Some(spec) = &self.spec else { return };
        if self.drawn_for.as_ref() != Some(&spec.layout) {
            (self.drawn_for, self.picture) = (Some(spec.layout.clone()), None);
        } else if self.context_of.is_some() {
            (self.estimated_for, self.estimates) = (Some(spec.items.clone()), Vec::new());
        }
    }

    pub fn is_built(&self) -> bool {
        self.built.is_some()
    }

    /// What the picture job has to draw, when the one shown is stale.
    pub fn stale_picture(&self) -> Option<DmgLayout> {
        let layout = &self.spec.as_ref()?.layout;
        let needs = layout.background.has_picture();
        (needs && self.drawn_for.as_ref() != Some(layout)).then(|| layout.clone())
    }

    /// The layout to begin with, and where the image would go.
    pub fn design(&mut self, spec: DmgSpec, output: PathBuf) {
        self.selected = spec.items.first().map(|item| item.name.clone());
        let app = spec.items.first().map(|item| item.name.as_str()).unwrap_or_default();
        self.title = app.strip_suffix(".app").unwrap_or(app).to_owned();
        self.spec = Some(spec);
        self.output = output.display().to_string();
    }
}

pub fn output_id() -> egui::Id {
    egui::Id::unique("dmg-output")
}

pub fn show(
    ui: &mut Ui,
    view: &mut View,
    form: &mut identity::View,
    opened: Option<&Opened>,
    busy: bool,
    called: bool,
    out: &mut Outbox,
) {
    let t = tokens(ui);
    shell::inspector(ui, 304.0, called, |ui| settings::show(ui, view, form, out));
    egui::CentralPanel::default().frame(panel_frame(t.panel)).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        header(ui, view, busy, out);
        output_bar(ui, view, opened, busy, out);
        if view.spec.is_none() {
            let words = match &view.failure {
                Some(failure) => failure.as_str(),
                None => "Reading what goes into the image.",
            };
            crate::ui::widgets::empty(ui, Icon::Drive, words, None);
            return;
        }
        if ui.available_width() > 700.0 {
            Panel::left("dmg-items")
                .exact_size(216.0)
                .resizable(false)
                .frame(panel_frame(t.panel))
                .show_separator_line(false)
                .show(ui, |ui| {
                    let edge = ui.max_rect();
                    ui.painter().vline(edge.right() - 0.5, edge.y_range(), Stroke::new(1.0, t.line));
                    items::show(ui, view, opened, out);
                });
        }
        egui::CentralPanel::default().frame(panel_frame(t.canvas)).show(ui, |ui| {
            tools(ui, view, out);
            lints::show(ui, view);
            canvas::show(ui, view, opened);
        });
    });
}

fn header(ui: &mut Ui, view: &View, busy: bool, out: &mut Outbox) {
    shell::page_header(
        ui,
        "Disk image",
        |_| {},
        |ui| {
            let build = shell::HeaderButton {
                name: "Build disk image",
                icon: Icon::Drive,
                tip: "Writes the image, reads it back and compares every file",
                command: Command::BuildImage,
                filled: true,
                enabled: !busy && view.spec.is_some(),
            };
            shell::header_buttons(ui, &[build], 0.0, out);
        },
    );
}

/// Mac the image goes, and what became of the last one.
fn output_bar(ui: &mut Ui, view: &mut View, opened: Option<&Opened>, busy: bool, out: &mut Outbox) {
    let t = tokens(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), size::TOOLBAR), Sense::hover());
    let bounds = rect.shrink2(vec2(16.0, 6.0));
    inside(ui, bounds, Layout::right_to_left(egui::Align::Center), |ui| {
        if Button::new("Choose…").tip("Choose name and folder of the image").enabled(!busy).show(ui).clicked()
        {
            out.push(Action::ChooseOutput);
        }
        ui.with_layout(Layout::left_to_right(egui::Align::Center), |ui| {
            label(ui, "Output", Type::Caption, t.text_faint);
            let wide = ui.available_width();
            let field = Field::new("Output file", wide).mono().id(output_id());
            let response = field.show(ui, &mut view.output);
            let entered = response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
            if entered && !busy && !view.output.trim().is_empty() {
                out.push(Action::Run(Command::BuildImage));
            }
        });
    });
    ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, t.line));
    let errors = opened.map_or(0, |opened| opened.facts.errors);
    if let Some(built) = &view.built {
        result(ui, built, out);
    } else if let Some(failure) = &view.failure {
        band(ui, Icon::Error, Tone::Error, "The image was not built.", failure, None, out);
    } else if let Some(path) = &view.in_the_way {
        let words = "This file is already there.";
        if band(ui, Icon::Warning, Tone::Warning, words, &path.display().to_string(), Some("Replace it"), out)
        {
            out.push(Action::Build { output: path.clone(), replace: true });
        }
    } else if view.refused {
        let errors = crate::ui::facts::counted(errors, "error");
        let words = format!("Not built: the bundle has {errors}, which the page Findings explains.");
        if band(ui, Icon::Error, Tone::Error, &words, "", Some("Build it all the same"), out) {
            out.push(Action::BuildDespiteErrors);
        }
    } else if errors > 0 {
        let errors = crate::ui::facts::counted(errors, "error");
        let words = format!("The bundle has {errors}. Fix them before you ship.");
        band(ui, Icon::Warning, Tone::Warning, &words, "", None, out);
    } else if let Some(source) = &view.source {
        let (icon, tone, words) = match (&view.problems[..], &view.notes[..]) {
            ([problem, ..], _) => (Icon::Error, Tone::Error, problem.as_str()),
            ([], [note, ..]) => (Icon::Note, Tone::Note, note.as_str()),
            _ => (Icon::Good, Tone::Good, "Opened · every checksum and signature holds"),
        };
        band(ui, icon, tone, words, &source.display().to_string(), None, out);
    }
}

/// What was built, where it is, and what it is known by.
fn result(ui: &mut Ui, built: &Built, out: &mut Outbox) {
    let t = tokens(ui);
    let path = built.path.display().to_string();
    let words = format!("Built and verified · {}", bytes(built.bytes));
    if band(ui, Icon::Good, Tone::Good, &words, &path, Some("Show in folder"), out) {
        out.push(Action::Reveal(built.path.clone()));
    }
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 30.0), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("SHA-256 {}", built.sha256)));
    ui.painter().rect_filled(rect, 0.0, Tone::Good.tint(t));
    let y = rect.center().y - 3.0;
    let mut right = rect.right() - 16.0;
    inside(
        ui,
        rect.shrink2(vec2(16.0, 1.0)).translate(vec2(0.0, -3.0)),
        Layout::right_to_left(egui::Align::Center),
        |ui| {
            let copy = Button::new("Copy SHA-256").icon_only(Icon::Copy).bare().small();
            if copy.tip("Copies the checksum that a download page shows").show(ui).clicked() {
                out.push(Action::Copy(built.sha256.clone()));
            }
            right = ui.min_rect().left();
        },
    );
    let x = paint_left(ui, rect.left() + 40.0, y, galley(ui, "SHA-256", Type::Caption, t.text_soft)) + 8.0;
    paint_left(ui, x, y, elided(ui, &built.sha256, Type::MonoCaption, t.text_soft, right - x - 12.0));
}

/// A line under the output field. Answers whether its button was pressed.
fn band(
    ui: &mut Ui,
    icon: Icon,
    tone: Tone,
    words: &str,
    path: &str,
    button: Option<&str>,
    out: &mut Outbox,
) -> bool {
    let t = tokens(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 36.0), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{words} {path}")));
    ui.painter().rect_filled(rect, 0.0, tone.tint(t));
    let y = rect.center().y;
    icon.paint_at(ui.painter(), pos2(rect.left() + 24.0, y), size::ICON, tone.ink(t));
    let mut pressed = false;
    let mut right = rect.right() - 16.0;
    let bounds = rect.shrink2(vec2(16.0, 6.0));
    inside(ui, bounds, Layout::right_to_left(egui::Align::Center), |ui| {
        if let Some(button) = button {
            pressed = Button::new(button).small().show(ui).clicked();
        } else if !path.is_empty()
            && Button::new("Copy path").icon_only(Icon::Copy).bare().small().show(ui).clicked()
        {
            out.push(Action::Copy(path.to_owned()));
        }
        right = ui.min_rect().left();
    });
    let x = rect.left() + 40.0;
    let x = paint_left(ui, x, y, cut(ui, words, Type::BodyMedium, t.text, right - x - 12.0)) + 12.0;
    if !path.is_empty() {
        paint_left(ui, x, y, elided(ui, path, Type::Mono, t.text_soft, right - x - 12.0));
    }
    pressed
}

/// Above the canvas: whose Finder, and whether icons keep to the grid.
fn tools(ui: &mut Ui, view: &mut View, out: &mut Outbox) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 44.0), Sense::hover());
    let bounds = rect.shrink2(vec2(16.0, 8.0));
    inside(ui, bounds, Layout::left_to_right(egui::Align::Center), |ui| {
        let looks = [
            ("Light", "Finder in light mode"),
            ("Dark", "Finder in dark mode; the picture stays, labels may turn white"),
        ];
        if let Some(look) = segments(ui, "Finder", &looks, usize::from(view.dark)) {
            view.dark = look == 1;
        }
        ui.with_layout(Layout::right_to_left(egui::Align::Center), |ui| {
            let mut snap = !view.snap_off;
            switch(
                ui,
                &mut snap,
                "Snap to 16 px",
                true,
                "Icons keep to a grid and to the middle; hold Ctrl to place freely",
            );
            view.snap_off = !snap;
            ui.add_space(12.0);
            let steps = [
                ("Redo", Icon::Redo, view.history.can_redo(), Command::RedoDesign),
                ("Undo", Icon::Undo, view.history.can_undo(), Command::UndoDesign),
            ];
            for (name, icon, enabled, command) in steps {
                let keys = crate::ui::command::keys(ui.ctx(), command).unwrap_or_default();
                let tip = format!("{name} a change of the design ({keys})");
                if Button::new(name).icon_only(icon).bare().enabled(enabled).tip(&tip).show(ui).clicked() {
                    out.push(Action::Run(command));
                }
            }
        });
    });
}
