//! What stands around every page: the top bar, the rail and the activity strip.

mod header;
mod rail;

use std::time::Duration;

pub use header::{HeaderButton, header_buttons, page_header, review_fixes};
pub use rail::{app_icon, page_name, rail};

use egui::style::StyleModifier;
use egui::{Color32, Layout, MenuBar, Panel, Rect, Role, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

use super::command::{Action, COMMANDS, Command, Entry, Menu, Outbox, Page, keys, shown};
use super::facts::{bytes, number};
use super::icons::{Icon, paint_mark};
use super::state::{Activity, Opened, State};
use super::theme::{Tokens, Type, size, tokens};
use super::widgets::{
    Button, MenuItem, Tone, badge, cut, divider, focus_ring, galley, inside, paint_left, panel_frame,
    progress,
};
use crate::progress::{Step, Unit, time_left};

/// Below this width the inspector opens only when it is called.
pub const NARROW: f32 = 900.0;

/// The bar of menus, title and palette button.
pub fn top_bar(ui: &mut Ui, state: &State, enabled: impl Fn(Command) -> bool, out: &mut Outbox) {
    let t = tokens(ui);
    Panel::top("top-bar")
        .exact_size(size::TOP_BAR)
        .resizable(false)
        .frame(panel_frame(t.window))
        .show_separator_line(false)
        .show(ui, |ui| {
            let bar = ui.max_rect();
            ui.painter().hline(bar.x_range(), bar.bottom() - 0.5, Stroke::new(1.0, t.line));
            let mark = Rect::from_center_size(pos2(bar.left() + 20.0, bar.center().y), vec2(16.0, 16.0));
            paint_mark(ui.painter(), mark, t.fill, t.on_fill);
            title(ui, bar, state.opened.as_ref(), t);
            ui.horizontal_centered(|ui| {
                ui.add_space(40.0);
                let bar = |style: &mut egui::Style| {
                    style.spacing.button_padding = vec2(9.0, 4.0);
                    for look in [&mut style.visuals.widgets.inactive, &mut style.visuals.widgets.hovered] {
                        look.bg_stroke = Stroke::NONE;
                    }
                    style.visuals.widgets.inactive.weak_bg_fill = Color32::TRANSPARENT;
                    style.visuals.widgets.open.bg_stroke = Stroke::NONE;
                };
                MenuBar::new().style(StyleModifier::new(bar)).ui(ui, |ui| {
                    ui.spacing_mut().item_spacing.x = 0.0;
                    for menu in Menu::ALL {
                        ui.menu_button(egui::RichText::new(menu.name()).font(Type::Body.font()), |ui| {
                            menu_lines(ui, menu, &enabled, out);
                        });
                    }
                });
            });
            palette_button(ui, bar, t, out);
        });
}

fn title(ui: &Ui, bar: Rect, opened: Option<&Opened>, t: &Tokens) {
    let Some(opened) = opened else { return };
    let room = (bar.width() - 720.0).max(160.0);
    let name = cut(ui, &opened.inspection.bundle.name, Type::BodyMedium, t.text, room);
    let folder =
        super::widgets::middle_elide(&opened.folder(), ((room - name.size().x) / 7.5).max(0.0) as usize)
            .into_owned();
    let folder = galley(ui, &format!(" — {folder}"), Type::Body, t.text_faint);
    let folder = (name.size().x + folder.size().x <= room).then_some(folder);
    let wide = name.size().x + folder.as_ref().map_or(0.0, |folder| folder.size().x);
    let x = paint_left(ui, bar.center().x - wide / 2.0, bar.center().y, name);
    if let Some(folder) = folder {
        paint_left(ui, x, bar.center().y, folder);
    }
}

fn menu_lines(ui: &mut Ui, menu: Menu, enabled: &impl Fn(Command) -> bool, out: &mut Outbox) {
    ui.spacing_mut().item_spacing.y = 0.0;
    let entries: Vec<&Entry> = COMMANDS.iter().filter(|entry| entry.menu == menu).collect();
    let item = |ui: &Ui, entry: &Entry| {
        let keys = entry.keys.map(|keys| shown(ui.ctx(), &keys));
        MenuItem::new(entry.name).icon(entry.icon).keys(keys).enabled(enabled(entry.command))
    };
    let wide = entries.iter().map(|entry| item(ui, entry).width(ui)).fold(200.0, f32::max);
    ui.set_width(wide);
    for (index, entry) in entries.into_iter().enumerate() {
        if entry.apart && index > 0 {
            ui.add_space(4.0);
            divider(ui);
            ui.add_space(4.0);
        }
        if item(ui, entry).show(ui, wide).clicked() {
            out.push(Action::Run(entry.command));
            ui.close();
        }
    }
}

fn palette_button(ui: &mut Ui, bar: Rect, t: &Tokens, out: &mut Outbox) {
    let hint = keys(ui.ctx(), Command::Palette).unwrap_or_default();
    let words = galley(ui, "Commands", Type::Body, Color32::PLACEHOLDER);
    let hint = galley(ui, &hint, Type::Caption, t.text_soft);
    let wide = 16.0 + 8.0 + words.size().x + 10.0 + hint.size().x + 12.0;
    let place = Rect::from_min_max(
        pos2(bar.right() - wide - 12.0, bar.top() + 5.0),
        pos2(bar.right() - 8.0, bar.bottom() - 5.0),
    );
    let response = ui.interact(place, ui.scope_id().with("palette"), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, "Commands"));
    let ink = if response.hovered() { t.text } else { t.text_soft };
    let y = place.center().y;
    Icon::Search.paint_at(ui.painter(), pos2(place.left() + 10.0, y), 15.0, ink);
    let x = place.left() + 26.0;
    ui.painter().galley(pos2(x, y - words.size().y / 2.0), words.clone(), ink);
    let cap = Rect::from_min_size(pos2(x + words.size().x + 8.0, y - 9.0), vec2(hint.size().x + 12.0, 18.0));
    ui.painter().rect_stroke(cap, size::RADIUS_BADGE, Stroke::new(1.0, t.line), egui::StrokeKind::Inside);
    paint_left(ui, cap.left() + 6.0, y, hint);
    focus_ring(ui, &response, place, 6.0);
    if response.clicked() {
        out.push(Action::Run(Command::Palette));
    }
    response.on_hover_text("Every command by name, with its keys");
}

/// The strip at the bottom: what is going on, how far it is, Cancel, and the log.
pub fn activity(ui: &mut Ui, state: &State, busy: bool, out: &mut Outbox) {
    let t = tokens(ui);
    Panel::bottom("activity")
        .exact_size(size::ACTIVITY)
        .resizable(false)
        .frame(panel_frame(t.window))
        .show_separator_line(false)
        .show(ui, |ui| {
            let bar = ui.max_rect();
            ui.painter().hline(bar.x_range(), bar.top() + 0.5, Stroke::new(1.0, t.line));
            let y = bar.center().y;
            let mut x = bar.left() + 12.0;
            let word = |icon: Icon, ink: Color32, words: &str, x: f32| {
                icon.paint_at(ui.painter(), pos2(x + 6.0, y), size::ICON_SMALL, ink);
                paint_left(ui, x + 18.0, y, galley(ui, words, Type::CaptionMedium, ink))
            };
            let mut running = None;
            let detail = match &state.activity {
                Activity::Idle => {
                    x = paint_left(
                        ui,
                        x,
                        y,
                        galley(
                            ui,
                            concat!("Bundlewright ", env!("CARGO_PKG_VERSION")),
                            Type::Caption,
                            t.text_soft,
                        ),
                    );
                    String::new()
                }
                Activity::Running { what, step, left, .. } => {
                    x = word(Icon::Refresh, t.accent, what, x);
                    running = Some(step.as_ref().map_or((0, 0), |step| (step.done, step.total)));
                    step.as_ref().map(|step| described(step, *left)).unwrap_or_default()
                }
                Activity::Done(what, words) => {
                    x = word(Icon::Good, t.good, what, x);
                    words.clone()
                }
                Activity::Cancelled => {
                    x = word(Icon::Quiet, t.text_soft, "Cancelled", x);
                    "Nothing was changed".to_owned()
                }
                Activity::Failed(words) => {
                    x = word(Icon::Error, t.error, "Could not do it", x);
                    words.clone()
                }
            };
            inside(ui, bar.shrink2(vec2(8.0, 2.0)), Layout::right_to_left(egui::Align::Center), |ui| {
                if Button::new("Log").quiet().tip("Everything that was done, line by line").show(ui).clicked()
                {
                    out.push(Action::Run(Command::ShowLog));
                }
                if busy {
                    if Button::new("Cancel")
                        .link()
                        .tip("Stops at the next step; nothing is left half done")
                        .show(ui)
                        .clicked()
                    {
                        out.push(Action::Run(Command::Cancel));
                    }
                    if let Some((done, total)) = running {
                        progress(ui, done, total);
                    }
                }
                let room = ui.max_rect().right() - x - 24.0 - (ui.max_rect().right() - ui.cursor().right());
                paint_left(ui, x + 10.0, y, cut(ui, &detail, Type::Caption, t.text_soft, room));
            });
        });
}

/// "12.3 MB of 48.0 MB · 8 s left · signing Contents/…".
fn described(step: &Step, left: Option<Duration>) -> String {
    let count = match (step.total, step.unit) {
        (0, _) => None,
        (total, Unit::Things) => Some(format!("{} of {}", number(step.done), number(total))),
        (total, Unit::Bytes) => Some(format!("{} of {}", bytes(step.done), bytes(total))),
    };
    let what = format!("{} {}", step.verb, step.item);
    let parts = count.into_iter().chain(left.map(time_left)).chain([what]);
    parts.collect::<Vec<_>>().join(" · ")
}

/// The log above the strip.
pub fn log(ui: &mut Ui, state: &mut State) {
    if !state.show_log {
        return;
    }
    let t = tokens(ui);
    Panel::bottom("log")
        .default_size(180.0)
        .size_range(80.0..=420.0)
        .resizable(true)
        .frame(panel_frame(t.panel))
        .show(ui, |ui| {
            ui.add_space(8.0);
            ui.horizontal(|ui| {
                ui.add_space(16.0);
                super::widgets::label(ui, "Log", Type::Heading, t.text);
                ui.with_layout(Layout::right_to_left(egui::Align::Center), |ui| {
                    ui.add_space(16.0);
                    if Button::new("Close log").icon_only(Icon::Close).bare().small().show(ui).clicked() {
                        state.show_log = false;
                    }
                    if Button::new("Copy")
                        .link()
                        .icon(Icon::Copy)
                        .tip("Copies the whole log")
                        .show(ui)
                        .clicked()
                    {
                        ui.ctx().copy_text(state.log.join("\n"));
                    }
                });
            });
            egui::ScrollArea::vertical().auto_shrink(false).stick_to_bottom(true).show_rows(
                ui,
                16.0,
                state.log.len().max(1),
                |ui, rows| {
                    ui.spacing_mut().item_spacing.y = 0.0;
                    for index in rows {
                        let line = state.log.get(index).map_or("Nothing yet.", String::as_str);
                        let (row, response) =
                            ui.allocate_exact_size(vec2(ui.available_width(), 16.0), Sense::hover());
                        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, line));
                        let words = cut(ui, line, Type::MonoCaption, t.text_soft, row.width() - 32.0);
                        paint_left(ui, row.left() + 16.0, row.center().y, words);
                        response.on_hover_text(line);
                    }
                },
            );
        });
}

/// Says, above every page, that the bundle is looked at under conditions that are not the usual ones.
pub fn what_if(ui: &mut Ui, state: &State, out: &mut Outbox) {
    let words = state.opened.as_ref().and_then(super::what_if::described);
    // Without words it is there all the same, empty: what comes after keeps its identity, such as an open menu.
    let height = if words.is_some() { 32.0 } else { 0.0 };
    let words = words.unwrap_or_default();
    let t = tokens(ui);
    Panel::top("what-if")
        .exact_size(height)
        .resizable(false)
        .frame(panel_frame(t.note_tint))
        .show_separator_line(false)
        .show(ui, |ui| {
            if words.is_empty() {
                return;
            }
            let bar = ui.max_rect();
            let y = bar.center().y;
            Icon::Note.paint_at(ui.painter(), pos2(bar.left() + 24.0, y), 15.0, t.note);
            let mut right = bar.right();
            let bounds = bar.shrink2(vec2(16.0, 4.0));
            inside(ui, bounds, Layout::right_to_left(egui::Align::Center), |ui| {
                let back = Button::new("Back to usual conditions").small();
                if back.tip("Newest macOS, no variables, hardened as it is signed").show(ui).clicked() {
                    out.push(Action::Run(Command::UsualConditions));
                }
                right = ui.min_rect().left();
            });
            let spoken = format!("What if: {words}");
            let response = ui.interact(bar, ui.scope_id().with("what-if"), Sense::hover());
            response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &spoken));
            let x = paint_left(ui, bar.left() + 40.0, y, galley(ui, "What if: ", Type::BodyMedium, t.text));
            paint_left(ui, x, y, cut(ui, &words, Type::Body, t.text, right - x - 16.0));
        });
}

/// Says what a drop would do while files hang over the window.
pub fn drop_overlay(ui: &Ui, page: Page) {
    let hovering = ui.input(|input| !input.raw.hovered_files.is_empty());
    if !hovering {
        return;
    }
    let t = tokens(ui);
    let layer = egui::LayerId::new(egui::Order::Foreground, egui::Id::unique("drop"));
    let painter = ui.ctx().layer_painter(layer);
    let rect = ui.ctx().content_rect();
    painter.rect_filled(rect, 0.0, t.window.gamma_multiply(0.92));
    let zone = rect.shrink(24.0);
    painter.rect_stroke(zone, size::RADIUS_DROP, Stroke::new(2.0, t.accent), egui::StrokeKind::Inside);
    let (icon, words, more) = match page {
        Page::Compare => (
            Icon::Columns,
            "Drop to compare",
            "One is the side that is missing, or the right one; two are both. No file is changed",
        ),
        _ => (Icon::Cube, "Drop to open", "Opening never changes a file"),
    };
    icon.paint_at(&painter, zone.center() - vec2(0.0, 36.0), 40.0, t.accent);
    painter.text(
        zone.center() + vec2(0.0, 8.0),
        egui::Align2::CENTER_CENTER,
        words,
        Type::Title.font(),
        t.text,
    );
    painter.text(
        zone.center() + vec2(0.0, 34.0),
        egui::Align2::CENTER_CENTER,
        more,
        Type::Body.font(),
        t.text_soft,
    );
}

/// The panel at the right that tells about the selection. Answers nothing in a window too narrow for it.
pub fn inspector(ui: &mut Ui, wide: f32, called: bool, contents: impl FnOnce(&mut Ui)) {
    let t = tokens(ui);
    let window = ui.ctx().content_rect().width();
    if window < NARROW && !called {
        return;
    }
    let wide = if window < 1200.0 { wide.min(size::INSPECTOR_SMALL) } else { wide };
    Panel::right("inspector")
        .exact_size(wide)
        .resizable(false)
        .frame(panel_frame(t.panel))
        .show_separator_line(false)
        .show(ui, |ui| {
            let edge = ui.max_rect();
            ui.spacing_mut().item_spacing.y = 0.0;
            contents(ui);
            // Last: a panel at its bottom has its own ground.
            ui.painter().vline(edge.left() + 0.5, edge.y_range(), Stroke::new(1.0, t.line));
        });
}

/// Two badges at most, after a name.
pub fn badges(ui: &Ui, mut x: f32, y: f32, words: &[(&str, Tone)]) -> f32 {
    for (word, tone) in words.iter().take(2) {
        x = badge(ui, x + 6.0, y, word, *tone, false);
    }
    x
}
