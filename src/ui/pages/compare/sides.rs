//! The two sides: what each is, where it is, and the ways to choose another.

use std::path::{Path, PathBuf};

use egui::{Id, Key, Layout, Rect, Sense, Stroke, StrokeKind, Ui, pos2, vec2};

use super::view::{Side, View};
use crate::compare::Subject;
use crate::ui::command::{Action, Outbox};
use crate::ui::dialogs::Kind;
use crate::ui::facts::capital;
use crate::ui::facts::{bytes, counted};
use crate::ui::icons::Icon;
use crate::ui::theme::{Type, size, tokens};
use crate::ui::widgets::{
    Button, Field, Tone, badge, cut, galley, inside, middle_elide, paint_left, text_name,
};

/// A window lower than this has the facts beside the name, so that more rows are in sight.
const LOW: f32 = 640.0;
/// Between the two sides, where they are swapped.
const BETWEEN: f32 = 44.0;
const PADDING: f32 = 12.0;

pub fn show(ui: &mut Ui, view: &mut View, root: Option<&Path>, busy: bool, out: &mut Outbox) {
    let t = tokens(ui);
    let low = ui.ctx().content_rect().height() < LOW;
    let height = if low { 72.0 } else { 94.0 };
    let margin = if low { 8.0 } else { 12.0 };
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), height + 2.0 * margin), Sense::hover());
    ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, t.line));
    let whole = rect.shrink2(vec2(size::PADDING, margin));
    let wide = ((whole.width() - BETWEEN) / 2.0).floor();
    let left = Rect::from_min_size(whole.min, vec2(wide, height));
    let right = left.translate(vec2(wide + BETWEEN, 0.0));
    // In the order in which the keyboard goes through them.
    side(ui, view, Side::Left, left, root, busy, out);
    swap(ui, view, Rect::from_min_max(left.right_top(), right.left_bottom()), root, busy, out);
    side(ui, view, Side::Right, right, root, busy, out);
}

fn swap(ui: &mut Ui, view: &View, rect: Rect, root: Option<&Path>, busy: bool, out: &mut Outbox) {
    let pair = view.pair(root);
    let place = Rect::from_center_size(rect.center(), vec2(size::CONTROL, size::CONTROL));
    inside(ui, place, Layout::left_to_right(egui::Align::Center), |ui| {
        let button = Button::new("Swap sides").icon_only(Icon::Swap).enabled(pair.is_some() && !busy);
        if button.tip("Swaps the two sides and compares again").show(ui).clicked()
            && let Some((left, right)) = pair
        {
            out.push(Action::Compare(right, left));
        }
    });
}

fn side(
    ui: &mut Ui,
    view: &mut View,
    side: Side,
    rect: Rect,
    root: Option<&Path>,
    busy: bool,
    out: &mut Outbox,
) {
    let t = tokens(ui);
    ui.painter().rect(rect, size::RADIUS_CARD, t.panel, Stroke::new(1.0, t.line), StrokeKind::Inside);
    let inner = rect.shrink2(vec2(PADDING, 8.0));
    let path = view.path(side, root);
    let subject = view.comparison().map(|comparison| match side {
        Side::Left => &comparison.left,
        Side::Right => &comparison.right,
    });
    let low = rect.height() < 90.0;
    let end = title(ui, view, side, inner, root);
    let line = if low { inner.top() + 10.0 } else { inner.top() + 32.0 };
    let start = if low { end + 16.0 } else { inner.left() };
    facts(ui, side, start..=inner.right(), line, subject, path.is_some());
    let line = Rect::from_min_max(pos2(inner.left(), inner.bottom() - size::CONTROL), inner.max);
    inside(ui, line, Layout::right_to_left(egui::Align::Center), |ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        let word = side.word();
        let (file, folder) =
            (format!("Choose a file for the {word} side"), format!("Choose a folder for the {word} side"));
        let button = Button::new(&file).icon_only(Icon::File).enabled(!busy);
        if button.tip("Chooses a disk image, a Mach-O file or a static library…").show(ui).clicked() {
            out.push(Action::PickSide(side, Kind::File));
        }
        let button = Button::new(&folder).icon_only(Icon::Folder).enabled(!busy);
        if button.tip("Chooses an app bundle, a framework or any other folder…").show(ui).clicked() {
            out.push(Action::PickSide(side, Kind::Folder));
        }
        typed(ui, view, side, path, root, out);
    });
}

/// The name of a side; answers where it ends.
fn title(ui: &Ui, view: &View, side: Side, inner: Rect, root: Option<&Path>) -> f32 {
    let t = tokens(ui);
    let path = view.path(side, root);
    let other = view.path(if side == Side::Left { Side::Right } else { Side::Left }, root);
    let y = inner.top() + 10.0;
    let word = capital(side.word());
    let x = paint_left(ui, inner.left(), y, galley(ui, &word, Type::Body, t.text_faint)) + 8.0;
    let name = path.as_deref().map(|path| path.file_name().unwrap_or(path.as_os_str()).to_string_lossy());
    let is_open = path.is_some() && path.as_deref() == root;
    let room = inner.right() - x - if is_open { 56.0 } else { 0.0 };
    let words = match &name {
        Some(name) => {
            let letter = galley(ui, "n", Type::BodyMedium, t.text).size().x.max(1.0);
            cut(ui, &middle_elide(name, (room / letter) as usize), Type::BodyMedium, t.text, room)
        }
        None => cut(ui, "Nothing chosen", Type::Body, t.text_soft, room),
    };
    let mut end = paint_left(ui, x, y, words);
    if is_open {
        end = badge(ui, end + 8.0, y, "Open", Tone::Quiet, false);
    }
    let apart = path.as_deref().zip(other.as_deref()).and_then(|(path, other)| told_apart(path, other));
    if let Some(folder) = &apart {
        let words = cut(ui, &format!("in {folder}"), Type::Body, t.text_soft, inner.right() - end - 8.0);
        end = paint_left(ui, end + 8.0, y, words);
    }
    let place = Rect::from_min_max(inner.min, pos2(end, inner.top() + 20.0));
    let response = ui.interact(place, ui.scope_id().with((side, "name")), Sense::hover());
    let folder = apart.map(|folder| format!(" in {folder}")).unwrap_or_default();
    let open = if is_open { ", the open bundle" } else { "" };
    let name = name.as_deref().unwrap_or("nothing chosen");
    text_name(&response, &format!("{word}: {name}{folder}{open}"));
    end
}

/// The nearest folder that tells `path` from another path of the same name.
fn told_apart(path: &Path, other: &Path) -> Option<String> {
    let mut parts = path.components().rev().zip(other.components().rev());
    let (at, (own, _)) = parts.by_ref().enumerate().find(|(_, (own, other))| own != other)?;
    (at > 0).then(|| own.as_os_str().to_string_lossy().into_owned())
}

fn facts(
    ui: &Ui,
    side: Side,
    x: std::ops::RangeInclusive<f32>,
    y: f32,
    subject: Option<&Subject>,
    chosen: bool,
) {
    let t = tokens(ui);
    let words: Vec<String> = match subject {
        Some(subject) => {
            let (files, length) = (counted(subject.files, "file"), bytes(subject.bytes));
            let part = format!("{files} · {length}");
            vec![format!("{} · {part}", capital(&subject.kind)), part, length]
        }
        None if chosen => vec!["Not read yet".to_owned()],
        None => vec!["App bundle, Mach-O file or disk image".to_owned()],
    };
    let place = Rect::from_x_y_ranges(x, y - 8.0..=y + 8.0);
    let ink = if subject.is_some() { t.text_soft } else { t.text_faint };
    // As much as there is room for; the whole is never more than a hover away.
    let laid_out = words.iter().map(|words| galley(ui, words, Type::Caption, ink));
    if let Some(words) = laid_out.into_iter().find(|words| words.size().x <= place.width()) {
        paint_left(ui, place.left(), y, words);
    }
    let whole = words.first().map_or("", String::as_str);
    let response = ui.interact(place, ui.scope_id().with((side, "facts")), Sense::hover());
    text_name(&response, whole);
    if subject.is_some() {
        response.on_hover_text(whole);
    }
}

/// The path as a field: it loses its middle until it is being typed in.
fn typed(
    ui: &mut Ui,
    view: &mut View,
    side: Side,
    path: Option<PathBuf>,
    root: Option<&Path>,
    out: &mut Outbox,
) {
    let t = tokens(ui);
    let id = Id::unique(("compare-path", side));
    let whole = path.map(|path| path.display().to_string()).unwrap_or_default();
    let (wide, focused) = (ui.available_width(), ui.memory(|memory| memory.has_focus(id)));
    let letter = galley(ui, "m", Type::Mono, t.text).size().x.max(1.0);
    let mut text = match &view.typed {
        Some((of, text)) if *of == side => text.clone(),
        _ if focused => whole.clone(),
        _ => middle_elide(&whole, ((wide - 18.0) / letter).floor() as usize).into_owned(),
    };
    let name = format!("Path of the {} side", side.word());
    let response = Field::new(&name, wide).mono().id(id).hint("Type a path").show(ui, &mut text);
    if response.has_focus() {
        view.typed = Some((side, text));
    } else if view.typed.as_ref().is_some_and(|(of, _)| *of == side)
        && let Some((_, text)) = view.typed.take()
    {
        let typed = text.trim().trim_matches(['"', '\'']);
        let (entered, given_up) =
            ui.input(|input| (input.key_pressed(Key::Enter), input.key_pressed(Key::Escape)));
        if !typed.is_empty() && !given_up && (entered || typed != whole) {
            let pair = view.chosen(side, PathBuf::from(typed), root);
            if let Some((left, right)) = pair.filter(|_| entered) {
                out.push(Action::Compare(left, right));
            }
        }
    } else if !whole.is_empty() {
        response.on_hover_text(whole);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_of_one_name_are_told_apart_by_the_nearest_folder() {
        let apart = |path: &str, other: &str| told_apart(Path::new(path), Path::new(other));
        assert_eq!(apart("/ci/first/out/A.app", "/ci/again/out/A.app").as_deref(), Some("first"));
        assert_eq!(apart("/ci/A.app", "/ci/B.app"), None);
        assert_eq!(apart("/ci/A.app", "/ci/A.app"), None);
    }
}
