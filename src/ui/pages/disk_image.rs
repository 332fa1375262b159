//! The disk image: its window as the Finder will show it, laid out by hand, and the button that builds it.

pub mod canvas;
mod settings;

use std::collections::BTreeSet;
use std::path::PathBuf;

use egui::{
    Layout, Margin, Panel, Rect, Role, Sense, Stroke, TextureHandle, Ui, Vec2, WidgetInfo, pos2, vec2,
};

use crate::dmg::{DmgLayout, DmgSpec};
use crate::ui::command::{Action, Command, Outbox};
use crate::ui::facts::bytes;
use crate::ui::icons::Icon;
use crate::ui::pages::identity;
use crate::ui::shell;
use crate::ui::state::Opened;
use crate::ui::theme::{Type, size, tokens};
use crate::ui::widgets::{
    Button, Field, Tone, cut, elided, focus_ring, galley, inside, label, paint_left, paint_right,
    panel_frame, paragraph, segments, switch,
};

/// A disk image that was built from this bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    pub path: PathBuf,
    pub bytes: u64,
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
    color: String,
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
    opened: &Opened,
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
                    items(ui, view, opened);
                });
        }
        egui::CentralPanel::default().frame(panel_frame(t.canvas)).show(ui, |ui| {
            tools(ui, view);
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
fn output_bar(ui: &mut Ui, view: &mut View, opened: &Opened, busy: bool, out: &mut Outbox) {
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
    if let Some(built) = &view.built {
        let words = format!("Built and verified · {}", bytes(built.bytes));
        band(ui, Icon::Good, Tone::Good, &words, &built.path.display().to_string(), None, out);
    } else if let Some(failure) = &view.failure {
        band(ui, Icon::Error, Tone::Error, "The image was not built.", failure, None, out);
    } else if let Some(path) = &view.in_the_way {
        let words = "This file is already there.";
        if band(ui, Icon::Warning, Tone::Warning, words, &path.display().to_string(), Some("Replace it"), out)
        {
            out.push(Action::Build { output: path.clone(), replace: true });
        }
    } else if view.refused {
        let errors = crate::ui::facts::counted(opened.facts.errors, "error");
        let words = format!("Not built: the bundle has {errors}, which the page Findings explains.");
        if band(ui, Icon::Error, Tone::Error, &words, "", Some("Build it all the same"), out) {
            out.push(Action::BuildDespiteErrors);
        }
    } else if opened.facts.errors > 0 {
        let words = format!(
            "The bundle has {}. Fix them before you ship.",
            crate::ui::facts::counted(opened.facts.errors, "error")
        );
        band(ui, Icon::Warning, Tone::Warning, &words, "", None, out);
    }
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

fn items(ui: &mut Ui, view: &mut View, opened: &Opened) {
    let t = tokens(ui);
    ui.spacing_mut().item_spacing.y = 0.0;
    ui.add_space(12.0);
    heading(ui, "Items");
    ui.add_space(8.0);
    let Some(spec) = &view.spec else { return };
    let mut chosen = None;
    for item in &spec.items {
        let at = spec.layout.positions.get(&item.name).map(|(x, y)| format!("{x},{y}")).unwrap_or_default();
        let on = view.selected.as_deref() == Some(&item.name);
        let (row, response) =
            ui.allocate_exact_size(vec2(ui.available_width() - 1.0, size::STEP), Sense::click());
        response.widget_info(|| {
            WidgetInfo::selected(Role::ListBoxOption, true, on, format!("{} at {at}", item.name))
        });
        if on {
            ui.painter().rect_filled(row, 0.0, t.selected);
            ui.painter().rect_filled(Rect::from_min_size(row.min, vec2(2.0, row.height())), 0.0, t.accent);
        } else if response.hovered() {
            ui.painter().rect_filled(row, 0.0, t.hover);
        }
        let y = row.center().y;
        let place = Rect::from_center_size(pos2(row.left() + 24.0, y), vec2(18.0, 18.0));
        if matches!(item.source, crate::dmg::ItemSource::Link(_)) {
            Icon::Link.paint_at(ui.painter(), place.center(), size::ICON, t.text_soft);
        } else {
            shell::app_icon(ui, opened, place);
        }
        let right = paint_right(ui, row.right() - 12.0, y, galley(ui, &at, Type::Caption, t.text_faint));
        let name = item.name.strip_suffix(".app").unwrap_or(&item.name);
        paint_left(ui, row.left() + 42.0, y, cut(ui, name, Type::Body, t.text, right - row.left() - 50.0));
        focus_ring(ui, &response, row.shrink(2.0), 4.0);
        if response.clicked() {
            chosen = Some(item.name.clone());
        }
    }
    if chosen.is_some() {
        view.selected = chosen;
    }
    ui.add_space(16.0);
    caption(ui, "Hidden, parked below");
    let picture = spec.layout.background.has_picture();
    let hidden = [
        (".DS_Store", Icon::File, true),
        (".VolumeIcon.icns", Icon::File, spec.volume_icon.is_some()),
        (".background", Icon::Picture, picture),
    ];
    for (name, icon, _) in hidden.into_iter().filter(|(_, _, there)| *there) {
        let (row, response) = ui.allocate_exact_size(vec2(ui.available_width(), 28.0), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, name));
        icon.paint_at(ui.painter(), pos2(row.left() + 24.0, row.center().y), size::ICON, t.text_faint);
        paint_left(ui, row.left() + 42.0, row.center().y, galley(ui, name, Type::Body, t.text_soft));
    }
    ui.add_space(16.0);
    egui::Frame::new().inner_margin(Margin::symmetric(16, 0)).show(ui, |ui| {
        paragraph(
            ui,
            "Finder reads positions once, from .DS_Store. What you see here is what it will show.",
            Type::Caption,
            t.text_faint,
        );
    });
}

fn heading(ui: &mut Ui, words: &str) {
    let t = tokens(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 20.0), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, words));
    paint_left(ui, rect.left() + 16.0, rect.center().y, galley(ui, words, Type::Heading, t.text));
}

fn caption(ui: &mut Ui, words: &str) {
    let t = tokens(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 24.0), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, words));
    paint_left(ui, rect.left() + 16.0, rect.center().y, galley(ui, words, Type::Caption, t.text_faint));
}

/// Above the canvas: whose Finder, and whether icons keep to the grid.
fn tools(ui: &mut Ui, view: &mut View) {
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
        });
    });
}
