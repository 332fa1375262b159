//! The cards of the plan: one for each file, and one for the signatures.

use egui::{CornerRadius, Rect, Role, Sense, Stroke, StrokeKind, Ui, UiBuilder, WidgetInfo, pos2, vec2};

use super::View;
use super::outline::{Group, Outline};
use crate::fix::{Edit, PlannedEdit, Safety};
use crate::ui::command::{Action, Outbox};
use crate::ui::facts::counted;
use crate::ui::icons::Icon;
use crate::ui::state::Opened;
use crate::ui::theme::{Type, size, tokens};
use crate::ui::widgets::{
    Sign, Tone, badge, changed_part, cut, diff_line, elided, galley, inside, paint_left, paint_right, switch,
    wrapped,
};
use crate::workflow::export;

const HEAD: f32 = 32.0;
const ONE: f32 = 30.0;
const TWO: f32 = 46.0;

/// Left edges of the columns within a card.
pub struct Columns {
    what: f32,
    diff: f32,
    diff_end: f32,
    header: Option<f32>,
    safety: f32,
}

impl Columns {
    pub fn of(width: f32, bytes: bool) -> Columns {
        let card = width - 32.0;
        let safety = card - 16.0;
        let header = (bytes && card > 560.0).then_some(safety - 72.0);
        let diff = if card > 700.0 { 220.0 } else { 190.0 };
        Columns { what: 56.0, diff, diff_end: header.unwrap_or(safety) - 72.0, header, safety }
    }
}

pub fn heads(ui: &mut Ui, columns: &Columns) {
    let t = tokens(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 28.0), Sense::hover());
    let (left, y) = (rect.left() + 16.0, rect.center().y + 2.0);
    let head = |words: &str| galley(ui, words, Type::Caption, t.text_faint);
    paint_left(ui, left + columns.what, y, head("Edit"));
    paint_left(ui, left + columns.diff, y, head("Before and after"));
    if let Some(x) = columns.header {
        paint_right(ui, left + x, y, head("Header"));
    }
    paint_right(ui, left + columns.safety, y, head("Safety"));
}

/// How high the card of `group` is.
pub fn height(group: &Group, open: bool) -> f32 {
    HEAD + if open { group.edits.iter().map(row_height).sum::<f32>() } else { 0.0 }
}

/// All edits of one file, drawn into `rect`. Answers whether its head was clicked.
pub fn file(
    ui: &mut Ui,
    view: &View,
    opened: &Opened,
    group: &Group,
    rect: Rect,
    columns: &Columns,
    out: &mut Outbox,
) -> bool {
    let t = tokens(ui);
    let open = view.is_open(group);
    ui.painter().rect(rect, size::RADIUS_CARD, t.panel, Stroke::new(1.0, t.line), StrokeKind::Inside);
    let top = Rect::from_min_size(rect.min, vec2(rect.width(), HEAD));
    let clicked = head(ui, top, opened, group, open);
    if !open {
        return clicked;
    }
    let mut y = top.bottom();
    for edit in &group.edits {
        let row = Rect::from_min_size(pos2(rect.left(), y), vec2(rect.width(), row_height(edit)));
        if ui.is_rect_visible(row) {
            ui.painter().hline(row.x_range(), row.top(), Stroke::new(1.0, t.line));
            edit_row(ui, view, edit, row, columns, out);
        }
        y = row.bottom();
    }
    clicked
}

fn row_height(edit: &PlannedEdit) -> f32 {
    if matches!(&edit.edit, Edit::CopyFile { .. } | Edit::CopyFramework { .. }) {
        return ONE;
    }
    if edit.edit.before().is_some() && edit.edit.after().is_some() { TWO } else { ONE }
}

/// The head of a card; answers whether it was clicked.
fn head(ui: &mut Ui, rect: Rect, opened: &Opened, group: &Group, open: bool) -> bool {
    let t = tokens(ui);
    let response = ui.interact(rect, ui.scope_id().with(("file", &group.path)), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Edits of {}", group.path)));
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_expanded(open));
    let low = if open { 0 } else { size::RADIUS_CARD - 1 };
    let corner = CornerRadius { nw: size::RADIUS_CARD - 1, ne: size::RADIUS_CARD - 1, sw: low, se: low };
    ui.painter().rect_filled(rect.shrink(1.0), corner, if response.hovered() { t.hover } else { t.raised });
    let y = rect.center().y;
    let arrow = if open { Icon::ChevronDown } else { Icon::ChevronRight };
    arrow.paint_at(ui.painter(), pos2(rect.left() + 22.0, y), size::ICON_SMALL, t.text_soft);
    let right = paint_right(ui, rect.right() - 16.0, y, galley(ui, &group.note, Type::Caption, t.text_soft));
    let name =
        if group.path.is_root() { opened.inspection.bundle.name.as_str() } else { group.path.as_str() };
    let room = right - rect.left() - 36.0 - 16.0 - if group.is_new { 44.0 } else { 0.0 };
    let x = paint_left(ui, rect.left() + 36.0, y, elided(ui, name, Type::Mono, t.text, room));
    if group.is_new {
        badge(ui, x + 8.0, y, "New", Tone::Note, false);
    }
    crate::ui::widgets::focus_ring(ui, &response, rect.shrink(2.0), 6.0);
    response.on_hover_text(name).clicked()
}

fn edit_row(ui: &mut Ui, view: &View, edit: &PlannedEdit, row: Rect, columns: &Columns, out: &mut Outbox) {
    let t = tokens(ui);
    let (left, y) = (row.left(), row.center().y);
    let key = edit.edit.key();
    let mut on = view.is_on(edit);
    let name = format!("{}: {}", words(&edit.edit), edit.edit.path());
    let place = Rect::from_min_size(pos2(left + 16.0, y - 12.0), vec2(28.0, 24.0));
    let tip = format!(
        "{} Asked for by the rule {}.",
        if on { "Switch off to leave this as it is." } else { "Switch on to make this edit." },
        edit.reason
    );
    let mut child = ui.new_child(UiBuilder::new().max_rect(place).id_salt(&key));
    if switch(&mut child, &mut on, &name, false, &tip).changed() {
        out.push(Action::SwitchEdit(key));
    }
    let fade = if on { 1.0 } else { 0.55 };
    inside(ui, row, egui::Layout::default(), |ui| {
        ui.set_opacity(fade);
        paint_left(
            ui,
            left + columns.what,
            y,
            cut(ui, words(&edit.edit), Type::Body, t.text, columns.diff - columns.what - 12.0),
        );
        diff(ui, &edit.edit, left + columns.diff, y, columns.diff_end - columns.diff);
        if let Some(x) = columns.header {
            let text = match edit.header_bytes {
                None => "–".to_owned(),
                Some(0) => "0 B".to_owned(),
                Some(more @ 1..) => format!("+{more} B"),
                Some(less) => format!("−{} B", less.unsigned_abs()),
            };
            paint_right(ui, left + x, y, galley(ui, &text, Type::Body, t.text_soft));
        }
        let (word, tone) = match edit.safety {
            Safety::Safe => ("Safe", Tone::Good),
            Safety::Review => ("Review", Tone::Warning),
            Safety::Manual => ("Needs you", Tone::Error),
        };
        badge(ui, left + columns.safety, y, word, tone, true);
    });
}

/// What is done, as a verb and an object.
pub fn words(edit: &Edit) -> &'static str {
    match edit {
        Edit::CopyFile { .. } => "Copy into bundle",
        Edit::CopyFramework { .. } => "Copy framework",
        Edit::Symlink { .. } => "Make link",
        Edit::WriteFile { .. } => "Write file",
        Edit::Remove { .. } => "Remove",
        Edit::Move { .. } => "Move",
        Edit::SetMode { .. } => "Make executable",
        Edit::Thin { .. } => "Take out code",
        Edit::SetInfo { .. } => "Set in Info.plist",
        Edit::SetId { .. } => "Set install name",
        Edit::ChangeUse { .. } => "Change reference",
        Edit::AddRpath { .. } => "Add rpath",
        Edit::ReplaceRpath { .. } => "Replace rpath",
        Edit::DeleteRpath { .. } => "Delete rpath",
    }
}

fn diff(ui: &Ui, edit: &Edit, x: f32, y: f32, width: f32) {
    let t = tokens(ui);
    if let Edit::CopyFile { from, .. } | Edit::CopyFramework { from, .. } = edit {
        let end = paint_left(ui, x, y, galley(ui, "+", Type::Mono, t.good));
        let end = paint_left(ui, end + 8.0, y, galley(ui, "from ", Type::Caption, t.text_faint));
        paint_left(ui, end, y, elided(ui, from.as_str(), Type::Mono, t.text, x + width - end));
        return;
    }
    if let Edit::WriteFile { contents, .. } = edit {
        let line = export::one_line(contents);
        diff_line(ui, x, y, width, Sign::New, &line, 0..line.len());
        return;
    }
    match (edit.before(), edit.after()) {
        (Some(before), Some(after)) => {
            let (old, new) = changed_part(&before, &after);
            diff_line(ui, x, y - 9.0, width, Sign::Old, &before, old);
            diff_line(ui, x, y + 9.0, width, Sign::New, &after, new);
        }
        (Some(before), None) => diff_line(ui, x, y, width, Sign::Old, &before, 0..before.len()),
        (None, Some(after)) => diff_line(ui, x, y, width, Sign::New, &after, 0..after.len()),
        (None, None) => {}
    }
}

/// What is signed, what is kept of the old signatures and what goes.
pub fn sign(ui: &mut Ui, outline: &Outline, steps: usize) {
    let t = tokens(ui);
    if steps == 0 {
        return;
    }
    let kinds = [("Keeps", Tone::Good), ("Drops", Tone::Warning), ("Note", Tone::Note)];
    let lines: Vec<(&str, Tone, &String)> = kinds
        .iter()
        .zip(&outline.signing)
        .flat_map(|((word, tone), texts)| texts.iter().map(|text| (*word, *tone, text)))
        .collect();
    let width = ui.available_width();
    let laid: Vec<_> =
        lines.iter().map(|(_, _, text)| wrapped(ui, text, Type::Body, t.text_soft, width - 96.0)).collect();
    let rows: f32 = laid.iter().map(|line| line.size().y + 12.0).sum();
    let (rect, response) = ui.allocate_exact_size(vec2(width, HEAD + rows), Sense::hover());
    ui.painter().rect(rect, size::RADIUS_CARD, t.panel, Stroke::new(1.0, t.line), StrokeKind::Inside);
    let top = Rect::from_min_size(rect.min, vec2(width, HEAD));
    let low = if rows > 0.0 { 0 } else { size::RADIUS_CARD - 1 };
    let corner = CornerRadius { nw: size::RADIUS_CARD - 1, ne: size::RADIUS_CARD - 1, sw: low, se: low };
    ui.painter().rect_filled(top.shrink(1.0), corner, t.raised);
    Icon::Shield.paint_at(ui.painter(), pos2(top.left() + 24.0, top.center().y), size::ICON, t.text_soft);
    let x = paint_left(ui, top.left() + 40.0, top.center().y, galley(ui, "Sign", Type::BodyMedium, t.text));
    let what = format!("{}, inside out · ad hoc", counted(steps, "signature"));
    paint_left(ui, x + 8.0, top.center().y, galley(ui, &what, Type::Body, t.text_soft));
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("Sign: {what}")));
    let mut y = top.bottom();
    for ((word, tone, _), line) in lines.iter().zip(laid) {
        let height = line.size().y + 12.0;
        badge(ui, rect.left() + 16.0, y + 15.0, word, *tone, false);
        ui.painter().galley(pos2(rect.left() + 76.0, y + 6.0), line, t.text_soft);
        y += height;
    }
}
