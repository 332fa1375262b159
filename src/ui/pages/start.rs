//! The start screen: open something, try the sample, or go back to a recent bundle.

use std::path::{Path, PathBuf};

use egui::{
    CursorIcon, Id, Key, Layout, Margin, Panel, Rect, Role, ScrollArea, Sense, Shape, Stroke, Ui, WidgetInfo,
    pos2, vec2,
};

use crate::ui::command::{Action, Command, Outbox, keys};
use crate::ui::icons::{Icon, paint_mark};
use crate::ui::state::State;
use crate::ui::theme::{Type, size, tokens};
use crate::ui::widgets::{
    Button, Field, card, cut, elided, focus_ring, galley, inside, label, mono_block, paint_left, paint_right,
    panel_frame, paragraph,
};

#[derive(Default)]
pub struct View {
    path: String,
    /// Put the caret into the path field.
    focus: bool,
    /// What was opened last, for Try again.
    asked: Option<PathBuf>,
}

impl View {
    pub fn type_path(&mut self) {
        self.focus = true;
    }

    pub fn asked(&mut self, path: &Path) {
        self.asked = Some(path.to_path_buf());
    }

    pub fn last_asked(&self) -> Option<PathBuf> {
        self.asked.clone()
    }
}

pub fn show(ui: &mut Ui, state: &mut State, busy: bool, out: &mut Outbox) {
    let t = tokens(ui);
    let window = ui.max_rect().width();
    if !state.recents.is_empty() && window >= 900.0 {
        let wide = (window * 0.42).min(608.0);
        Panel::right("recent")
            .exact_size(wide)
            .resizable(false)
            .frame(panel_frame(t.panel))
            .show_separator_line(false)
            .show(ui, |ui| {
                let edge = ui.max_rect();
                ui.painter().vline(edge.left() + 0.5, edge.y_range(), Stroke::new(1.0, t.line));
                recent(ui, state, out);
            });
    }
    egui::CentralPanel::default().frame(panel_frame(t.window)).show(ui, |ui| {
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            let wide = (ui.available_width() - 96.0).min(664.0);
            let side = ((ui.available_width() - wide) / 2.0).max(24.0);
            ui.add_space((ui.ctx().content_rect().height() - 600.0).mul_add(0.35, 12.0).clamp(8.0, 92.0));
            ui.horizontal_top(|ui| {
                ui.add_space(side);
                ui.vertical(|ui| {
                    ui.set_width(wide);
                    ui.spacing_mut().item_spacing.y = 0.0;
                    head(ui);
                    ui.add_space(32.0);
                    drop_zone(ui, busy, out);
                    ui.add_space(16.0);
                    by_path(ui, &mut state.start, out);
                    report(ui, busy, out);
                    refused(ui, state, out);
                    ui.add_space(32.0);
                    sample(ui, busy, out);
                    ui.add_space(24.0);
                    promises(ui);
                    ui.add_space(32.0);
                });
            });
        });
    });
}

fn head(ui: &mut Ui) {
    let t = tokens(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 56.0), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Heading, true, "Bundlewright"));
    let mark = Rect::from_min_size(pos2(rect.left() + 2.0, rect.top() + 3.0), vec2(50.0, 50.0));
    paint_mark(ui.painter(), mark, t.fill, t.on_fill);
    let x = mark.right() + 20.0;
    paint_left(ui, x, rect.center().y - 12.0, galley(ui, "Bundlewright", Type::Display, t.text));
    let line = "Make a Mac app start on every Mac, from any computer.";
    paint_left(ui, x, rect.center().y + 14.0, galley(ui, line, Type::Body, t.text_soft));
}

fn drop_zone(ui: &mut Ui, busy: bool, out: &mut Outbox) {
    let t = tokens(ui);
    let high = (ui.ctx().content_rect().height() * 0.31).clamp(172.0, 248.0);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), high), Sense::hover());
    ui.painter().rect_filled(rect, size::RADIUS_DROP, t.panel);
    dashed(ui, rect, f32::from(size::RADIUS_DROP), Stroke::new(1.0, t.outline));
    inside(ui, rect.shrink(16.0), Layout::top_down(egui::Align::Center), |ui| {
        ui.add_space((high - 32.0 - 164.0).max(0.0) / 2.0);
        let (place, _) = ui.allocate_exact_size(vec2(32.0, 32.0), Sense::hover());
        Icon::Cube.paint(ui.painter(), place, t.accent);
        ui.add_space(12.0);
        label(ui, "Drop an app bundle here", Type::Title, t.text);
        ui.add_space(4.0);
        label(ui, ".app, or any folder with a Contents inside", Type::Body, t.text_soft);
        ui.add_space(16.0);
        let hint = keys(ui.ctx(), Command::Open);
        let mut open = Button::new("Open…").icon(Icon::Folder).filled().large().enabled(!busy);
        if let Some(hint) = &hint {
            open = open.hint(hint);
        }
        if open.tip("Choose a bundle; it is only read").show(ui).clicked() {
            out.push(Action::Run(Command::Open));
        }
    });
}

/// A dashed outline with round corners.
fn dashed(ui: &Ui, rect: Rect, radius: f32, stroke: Stroke) {
    let rect = rect.shrink(0.5);
    let mut path = Vec::new();
    let corners = [
        (pos2(rect.right() - radius, rect.top() + radius), -90.0_f32),
        (pos2(rect.right() - radius, rect.bottom() - radius), 0.0),
        (pos2(rect.left() + radius, rect.bottom() - radius), 90.0),
        (pos2(rect.left() + radius, rect.top() + radius), 180.0),
    ];
    for (center, from) in corners {
        for step in 0..=6 {
            let angle = (from + 15.0 * step as f32).to_radians();
            path.push(center + radius * vec2(angle.cos(), angle.sin()));
        }
    }
    path.push(path[0]);
    ui.painter().extend(Shape::dashed_line(&path, stroke, 4.0, 3.0));
}

fn by_path(ui: &mut Ui, view: &mut View, out: &mut Outbox) {
    ui.horizontal(|ui| {
        let id = Id::unique("path-field");
        let button = 72.0;
        let wide = ui.available_width() - button - 8.0;
        let field = Field::new("Path of a bundle", wide).icon(Icon::ArrowRight).large().id(id);
        let response = field.hint("Or type a path, such as /home/you/out/MyApp.app").show(ui, &mut view.path);
        if std::mem::take(&mut view.focus) {
            response.request_focus();
        }
        let entered = response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        let typed = view.path.trim().trim_matches(['"', '\'']).to_owned();
        let pressed = Button::new("Open").large().width(button).enabled(!typed.is_empty()).show(ui).clicked();
        if (pressed || entered) && !typed.is_empty() {
            out.push(Action::Open(PathBuf::from(typed)));
        }
    });
}

/// What else the window takes.
fn report(ui: &mut Ui, busy: bool, out: &mut Outbox) {
    let t = tokens(ui);
    ui.add_space(12.0);
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        let (place, _) = ui.allocate_exact_size(vec2(20.0, 20.0), Sense::hover());
        Icon::Pulse.paint_at(ui.painter(), place.center(), 15.0, t.text_soft);
        label(ui, "A crash report can be dropped, too.", Type::Body, t.text_soft);
        let open = Button::new("Open crash report…").link().enabled(!busy);
        if open.tip("Tells what happened and who loaded whom, with or without the bundle").show(ui).clicked()
        {
            out.push(Action::Run(Command::OpenReport));
        }
    });
}

fn refused(ui: &mut Ui, state: &State, out: &mut Outbox) {
    let Some((path, failure)) = &state.refused else { return };
    let t = tokens(ui);
    ui.add_space(16.0);
    card(ui, Margin::same(16), |ui| {
        ui.horizontal(|ui| {
            let (place, _) = ui.allocate_exact_size(vec2(16.0, 18.0), Sense::hover());
            Icon::Error.paint(ui.painter(), place, t.error);
            label(ui, "This could not be opened", Type::Heading, t.text);
        });
        ui.add_space(8.0);
        mono_block(ui, &path.display().to_string(), None);
        ui.add_space(8.0);
        let words = match failure {
            crate::failure::Failure::Problem { what, next, .. } => format!("It {what}; {next}."),
            other => other.to_string(),
        };
        paragraph(ui, &words, Type::Body, t.text_soft);
        ui.add_space(12.0);
        if Button::new("Try again").icon(Icon::Refresh).show(ui).clicked() {
            out.push(Action::Open(path.clone()));
        }
    });
}

fn sample(ui: &mut Ui, busy: bool, out: &mut Outbox) {
    let t = tokens(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 88.0), Sense::hover());
    ui.painter().rect(rect, size::RADIUS_CARD, t.panel, Stroke::new(1.0, t.line), egui::StrokeKind::Inside);
    let place = Rect::from_min_size(pos2(rect.left() + 18.0, rect.center().y - 22.0), vec2(44.0, 44.0));
    ui.painter().rect(place, 10.0, t.raised, Stroke::new(1.0, t.line), egui::StrokeKind::Inside);
    Icon::Wrench.paint_at(ui.painter(), place.center(), 22.0, t.accent);
    let bounds = Rect::from_min_max(pos2(rect.left(), rect.top()), pos2(rect.right() - 16.0, rect.bottom()));
    let mut room = 0.0;
    let layout = Layout::right_to_left(egui::Align::Center);
    inside(ui, bounds, layout, |ui| {
        let open = Button::new("Open sample").icon(Icon::Play).enabled(!busy);
        if open.tip("Writes the sample to a temporary folder and opens it").show(ui).clicked() {
            out.push(Action::Run(Command::OpenSample));
        }
        room = ui.min_rect().left() - place.right() - 32.0;
    });
    let x = place.right() + 16.0;
    paint_left(ui, x, rect.center().y - 18.0, galley(ui, "Try the sample", Type::BodyMedium, t.text));
    let words =
        "A small app whose libraries live outside of it. Find the faults, fix them and build its disk image.";
    let words = crate::ui::widgets::wrapped(ui, words, Type::Body, t.text_soft, room);
    ui.painter().galley(pos2(x, rect.center().y - 8.0), words, t.text_soft);
}

fn promises(ui: &mut Ui) {
    let t = tokens(ui);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        for (icon, words) in [
            (Icon::Eye, "Opening never changes a file"),
            (Icon::Undo, "Every fix can be undone"),
            (Icon::Link, "Needs no Apple tools"),
        ] {
            let words_galley = galley(ui, words, Type::Caption, t.text_soft);
            let (rect, response) =
                ui.allocate_exact_size(vec2(words_galley.size().x + 28.0, 16.0), Sense::hover());
            response.widget_info(|| WidgetInfo::labeled(Role::Label, true, words));
            icon.paint_at(ui.painter(), pos2(rect.left() + 6.0, rect.center().y), 13.0, t.text_soft);
            paint_left(ui, rect.left() + 18.0, rect.center().y, words_galley);
        }
    });
}

fn recent(ui: &mut Ui, state: &State, out: &mut Outbox) {
    let t = tokens(ui);
    ui.spacing_mut().item_spacing.y = 0.0;
    let side = 44.0;
    ui.add_space((ui.ctx().content_rect().height() - 600.0).mul_add(0.35, 16.0).clamp(12.0, 88.0));
    ui.horizontal(|ui| {
        ui.add_space(side - 8.0);
        label(ui, "Recent", Type::Heading, t.text);
        ui.with_layout(Layout::right_to_left(egui::Align::Center), |ui| {
            ui.add_space(side - 8.0);
            if Button::new("Clear").link().tip("Forgets these bundles; the files stay").show(ui).clicked() {
                out.push(Action::ForgetRecents);
            }
        });
    });
    ui.add_space(8.0);
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        for recent in &state.recents {
            let (row, response) =
                ui.allocate_exact_size(vec2(ui.available_width(), size::TWO_LINES), Sense::click());
            let name =
                recent.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            response.widget_info(|| {
                WidgetInfo::labeled(Role::Button, true, format!("Open {name}: {}", recent.verdict))
            });
            let bounds = row.shrink2(vec2(side - 12.0, 0.0));
            if response.hovered() {
                ui.painter().rect_filled(bounds, size::RADIUS, t.hover);
            }
            let y = row.center().y;
            let place = Rect::from_min_size(pos2(bounds.left() + 12.0, y - 13.0), vec2(26.0, 26.0));
            ui.painter().rect(
                place,
                size::RADIUS,
                t.raised,
                Stroke::new(1.0, t.line),
                egui::StrokeKind::Inside,
            );
            Icon::Overview.paint_at(ui.painter(), place.center(), 14.0, t.text_soft);
            let ink = match recent.verdict.as_str() {
                "Ready" => t.good,
                words if words.contains("error") => t.error,
                _ => t.warning,
            };
            let right = paint_right(
                ui,
                bounds.right() - 12.0,
                y,
                galley(ui, &recent.verdict, Type::CaptionMedium, ink),
            );
            let x = place.right() + 14.0;
            paint_left(ui, x, y - 9.0, cut(ui, &name, Type::BodyMedium, t.text, right - x - 12.0));
            let folder = recent.path.parent().map(|folder| folder.display().to_string()).unwrap_or_default();
            paint_left(
                ui,
                x,
                y + 9.0,
                elided(ui, &folder, Type::MonoCaption, t.text_faint, right - x - 12.0),
            );
            focus_ring(ui, &response, bounds, f32::from(size::RADIUS));
            if response.clicked() {
                out.push(Action::Open(recent.path.clone()));
            }
            response
                .on_hover_cursor(CursorIcon::PointingHand)
                .on_hover_text(recent.path.display().to_string());
        }
    });
}
