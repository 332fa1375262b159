//! The rail: which app, and the steps from looking to shipping.

use egui::{Color32, CursorIcon, Panel, Rect, Role, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

use crate::ui::command::{Action, Command, Outbox, Page, keys};
use crate::ui::facts::{SignedBy, counted, number};
use crate::ui::icons::Icon;
use crate::ui::state::{Opened, State};
use crate::ui::theme::{Type, size, tokens};
use crate::ui::widgets::{Tone, cut, focus_ring, galley, paint_left, paint_right, panel_frame};

/// A rail lower than this draws its steps together.
const LOW: f32 = 620.0;

/// The rail: which app, and the steps from looking to shipping.
pub fn rail(ui: &mut Ui, state: &State, out: &mut Outbox) {
    let opened = state.opened.as_ref();
    if opened.is_none() && state.image.source.is_none() && !state.page().stands_alone() {
        return;
    }
    let t = tokens(ui);
    let narrow = ui.ctx().content_rect().width() < 1040.0;
    let wide = if narrow { size::RAIL_NARROW } else { size::RAIL };
    Panel::left("rail")
        .exact_size(wide)
        .resizable(false)
        .frame(panel_frame(t.window))
        .show_separator_line(false)
        .show(ui, |ui| {
            let edge = ui.max_rect();
            ui.painter().vline(edge.right() - 0.5, edge.y_range(), Stroke::new(1.0, t.line));
            ui.spacing_mut().item_spacing.y = 0.0;
            match opened {
                Some(opened) => app_head(ui, opened, narrow),
                None => ui.add_space(8.0),
            }
            // In a low window everything moves together, so that no step falls off its end.
            let low = edge.height() < LOW;
            let shape = Shape { narrow, high: if low { size::CONTROL } else { size::STEP } };
            for (heading, pages) in steps(state) {
                heading_line(ui, heading, narrow, low);
                for page in pages {
                    let mark = opened.map_or(Mark::None, |opened| mark(state, opened, page));
                    let mark = investigation(state, page).unwrap_or(mark);
                    let name = if opened.is_none() && page == Page::Overview {
                        ("Open an app", Icon::Folder)
                    } else {
                        page_name(page)
                    };
                    if step(ui, name, page == state.page(), &mark, shape).clicked() {
                        out.push(Action::Run(Command::Go(page)));
                    }
                }
            }
            if let Some(opened) = opened {
                undo(ui, opened, narrow, out);
            }
        });
}

fn steps(state: &State) -> Vec<(&'static str, Vec<Page>)> {
    let investigate = ("Investigate", vec![Page::Crash, Page::Compare]);
    let learn = ("Learn", vec![Page::Manual]);
    if state.opened.is_none() {
        let mut steps = vec![("Inspect", vec![Page::Overview]), investigate, learn];
        if state.image.source.is_some() {
            steps.insert(1, ("Ship", vec![Page::DiskImage]));
        }
        return steps;
    }
    let mut inspect = vec![Page::Overview, Page::InfoPlist, Page::Dependencies, Page::Maps, Page::Findings];
    if state.plan.is_asked() || state.page() == Page::Plan {
        inspect.push(Page::Plan);
    }
    inspect.push(Page::Signature);
    vec![("Inspect", inspect), ("Ship", vec![Page::DiskImage]), investigate, learn]
}

fn app_head(ui: &mut Ui, opened: &Opened, narrow: bool) {
    let t = tokens(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 56.0), Sense::hover());
    let facts = &opened.facts;
    let spoken = format!("{} {}", facts.name, facts.version.as_deref().unwrap_or(""));
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &spoken));
    let x = if narrow { rect.center().x - 16.0 } else { rect.left() + 16.0 };
    let place = Rect::from_min_size(pos2(x, rect.center().y - 16.0), vec2(32.0, 32.0));
    app_icon(ui, Some(opened), place);
    if narrow {
        response.on_hover_text(spoken);
        return;
    }
    let (x, room) = (place.right() + 8.0, rect.right() - place.right() - 20.0);
    paint_left(ui, x, rect.center().y - 9.0, cut(ui, &facts.name, Type::Heading, t.text, room));
    let version = facts.version.as_deref().map(|version| format!("{version} · ")).unwrap_or_default();
    let line = format!("{version}{}", facts.arch_list());
    paint_left(ui, x, rect.center().y + 9.0, cut(ui, &line, Type::Caption, t.text_soft, room));
}

/// The app's own icon, or a quiet box where it has none.
pub fn app_icon(ui: &Ui, opened: Option<&Opened>, place: Rect) {
    let t = tokens(ui);
    match opened.and_then(|opened| opened.icon.as_ref()) {
        Some(texture) => {
            let uv = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
            ui.painter().image(texture.id(), place, uv, Color32::WHITE);
        }
        None => {
            let corner = place.width() * 0.22;
            let bounds = place.shrink(place.width() * 0.06);
            ui.painter().rect(bounds, corner, t.raised, Stroke::new(1.0, t.line), egui::StrokeKind::Inside);
            Icon::Cube.paint_at(ui.painter(), place.center(), place.width() * 0.5, t.text_faint);
        }
    }
}

fn heading_line(ui: &mut Ui, words: &str, narrow: bool, low: bool) {
    let t = tokens(ui);
    let high = match (low, narrow) {
        (false, _) => 32.0,
        (true, false) => 20.0,
        (true, true) => 13.0,
    };
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), high), Sense::hover());
    if narrow {
        let x = rect.center().x;
        ui.painter().hline(x - 8.0..=x + 8.0, rect.center().y, Stroke::new(1.0, t.line));
    } else {
        paint_left(
            ui,
            rect.left() + 16.0,
            rect.center().y + 2.0,
            galley(ui, words, Type::Caption, t.text_faint),
        );
    }
}

/// What stands at the right end of a step.
enum Mark {
    None,
    Icon(Icon, Tone),
    /// A count that asks for attention.
    Count(usize, Tone),
    Words(String),
}

fn mark(state: &State, opened: &Opened, page: Page) -> Mark {
    let facts = &opened.facts;
    match page {
        Page::Overview if facts.refused.is_some() => Mark::Icon(Icon::Error, Tone::Error),
        Page::Overview => Mark::Icon(Icon::Good, Tone::Good),
        Page::InfoPlist if opened.inspection.bundle.info.is_none() => Mark::Icon(Icon::Error, Tone::Error),
        Page::InfoPlist if facts.is_minimum_too_old() => Mark::Icon(Icon::Warning, Tone::Warning),
        Page::InfoPlist => Mark::None,
        Page::Dependencies if facts.errors > 0 => Mark::Count(facts.errors, Tone::Error),
        Page::Dependencies | Page::Maps | Page::Crash | Page::Compare | Page::Manual => Mark::None,
        Page::Findings if opened.inspection.findings.is_empty() => Mark::None,
        Page::Findings => Mark::Count(opened.inspection.findings.len(), Tone::Quiet),
        Page::Plan => match state.plan.edits() {
            Some(count) => Mark::Count(count, Tone::Quiet),
            None => Mark::None,
        },
        Page::Signature if facts.signature == SignedBy::None => Mark::Words("None".to_owned()),
        Page::Signature => Mark::Words(facts.signature.word().to_owned()),
        Page::DiskImage if state.image.is_built() => Mark::Icon(Icon::Good, Tone::Good),
        Page::DiskImage => Mark::Words("Not built".to_owned()),
    }
}

/// Of the pages that need no bundle: what was found on them.
fn investigation(state: &State, page: Page) -> Option<Mark> {
    match page {
        Page::Crash => match state.crash.errors() {
            0 => None,
            errors => Some(Mark::Count(errors, Tone::Error)),
        },
        Page::Compare => match state.compare.shown() {
            0 => None,
            differences => Some(Mark::Count(differences, Tone::Quiet)),
        },
        _ => None,
    }
}

pub fn page_name(page: Page) -> (&'static str, Icon) {
    match page {
        Page::Overview => ("Overview", Icon::Overview),
        Page::InfoPlist => ("Info.plist", Icon::List),
        Page::Dependencies => ("Dependencies", Icon::Tree),
        Page::Maps => ("Maps", Icon::Map),
        Page::Findings => ("Findings", Icon::Flag),
        Page::Plan => ("Fix plan", Icon::Wrench),
        Page::Signature => ("Signature", Icon::Shield),
        Page::DiskImage => ("Disk image", Icon::Drive),
        Page::Crash => ("Crash report", Icon::Pulse),
        Page::Compare => ("Compare", Icon::Columns),
        Page::Manual => ("How dyld works", Icon::Book),
    }
}

/// How steps are drawn: icons alone, and how high.
#[derive(Clone, Copy)]
struct Shape {
    narrow: bool,
    high: f32,
}

fn step(ui: &mut Ui, (name, icon): (&str, Icon), on: bool, mark: &Mark, shape: Shape) -> egui::Response {
    let t = tokens(ui);
    let Shape { narrow, high } = shape;
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), high), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::Tab, true, on, name));
    let area = rect.shrink2(vec2(8.0, 0.0));
    if on {
        ui.painter().rect_filled(area, size::RADIUS, t.selected);
    } else if response.hovered() {
        ui.painter().rect_filled(area, size::RADIUS, t.hover);
    }
    let y = rect.center().y;
    let x = if narrow { rect.center().x } else { area.left() + 16.0 };
    icon.paint_at(ui.painter(), pos2(x, y), size::ICON, if on { t.text } else { t.text_soft });
    if narrow {
        if let Mark::Count(count, tone) = mark {
            let at = pos2(x + 12.0, y - 8.0);
            ui.painter().circle_filled(at, 7.0, tone.tint(t));
            let count = galley(ui, &count.min(&99).to_string(), Type::Caption, tone.ink(t));
            paint_left(ui, at.x - count.size().x / 2.0, at.y, count);
        }
    } else {
        let kind = if on { Type::BodyMedium } else { Type::Body };
        let ink = if on { t.text } else { t.text_soft };
        paint_left(ui, area.left() + 34.0, y, galley(ui, name, kind, ink));
        paint_mark_of_step(ui, area.right() - 8.0, y, mark);
    }
    focus_ring(ui, &response, area, f32::from(size::RADIUS));
    let response = response.on_hover_cursor(CursorIcon::PointingHand);
    if narrow { response.on_hover_text(name) } else { response }
}

fn paint_mark_of_step(ui: &Ui, right: f32, y: f32, mark: &Mark) {
    let t = tokens(ui);
    match mark {
        Mark::None => {}
        Mark::Icon(icon, tone) => icon.paint_at(ui.painter(), pos2(right - 8.0, y), 15.0, tone.ink(t)),
        Mark::Count(count, tone) => {
            let text = if *tone == Tone::Error { format!("{count} !") } else { number(*count as u64) };
            let words = galley(
                ui,
                &text,
                Type::CaptionMedium,
                if *tone == Tone::Quiet { t.text_soft } else { tone.ink(t) },
            );
            let pill = Rect::from_min_size(
                pos2(right - words.size().x.max(6.0) - 12.0, y - 9.0),
                vec2(words.size().x.max(6.0) + 12.0, 18.0),
            );
            ui.painter().rect_filled(pill, 9.0, if *tone == Tone::Quiet { t.hover } else { tone.tint(t) });
            paint_left(ui, pill.center().x - words.size().x / 2.0, y, words);
        }
        Mark::Words(words) => {
            paint_right(ui, right, y, galley(ui, words, Type::Caption, t.text_faint));
        }
    }
}

fn undo(ui: &mut Ui, opened: &Opened, narrow: bool, out: &mut Outbox) {
    let t = tokens(ui);
    let bottom = ui.max_rect();
    let rect = Rect::from_min_max(
        pos2(bottom.left(), bottom.bottom() - 40.0),
        pos2(bottom.right(), bottom.bottom() - 8.0),
    );
    let can = opened.last_fix.is_some();
    let sense = if can { Sense::click() } else { Sense::hover() };
    let response = ui.interact(rect, ui.scope_id().with("undo"), sense);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, can, "Undo last fix"));
    let area = rect.shrink2(vec2(8.0, 0.0));
    if can && response.hovered() {
        ui.painter().rect_filled(area, size::RADIUS, t.hover);
    }
    let (ink, y) = (if can { t.text } else { t.text_faint }, rect.center().y);
    let x = if narrow { rect.center().x } else { area.left() + 16.0 };
    Icon::Undo.paint_at(ui.painter(), pos2(x, y), size::ICON, ink);
    if !narrow {
        paint_left(ui, area.left() + 34.0, y, galley(ui, "Undo last fix", Type::Body, ink));
        let note = match &opened.last_fix {
            Some(receipt) if receipt.edits == 0 => "Signatures".to_owned(),
            Some(receipt) => counted(receipt.edits, "edit"),
            None => "None yet".to_owned(),
        };
        paint_right(ui, area.right() - 8.0, y, galley(ui, &note, Type::Caption, t.text_faint));
    }
    focus_ring(ui, &response, area, f32::from(size::RADIUS));
    if response.clicked() {
        out.push(Action::Run(Command::UndoLastFix));
    }
    let keys = keys(ui.ctx(), Command::UndoLastFix).unwrap_or_default();
    response.on_hover_text(format!("Puts the originals back, byte for byte · {keys}"));
}
