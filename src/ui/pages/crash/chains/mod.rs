//! Who loaded whom, as boxes: from what is started to what was loaded, with the copies of one library side by side.

mod places;

use egui::{CursorIcon, Rect, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};

use super::origin;
use super::shown::{Bond, Node, Target};
use crate::ui::icons::Icon;
use crate::ui::theme::{Type, size, tokens};
use crate::ui::widgets::{Tone, elided, focus_ring, galley, paint_left, text_name};
use places::{Measures, Row, layout};

/// What a click on a box asks for.
pub enum Asked {
    /// Its place in the tree.
    Target(Target),
    /// Its row in the table of images.
    Image(usize),
}

/// Padding of a box on either side.
const PAD: f32 = 10.0;
const NAME_LEAST: f32 = 76.0;
const LABEL_MOST: usize = 28;
const NOT_FOUND: &str = "Not found";

/// Where it is from, or that it was nowhere.
fn word_of(node: &Node) -> &'static str {
    if node.missing { NOT_FOUND } else { origin::word(node.hop.origin) }
}

/// Draws `chains` in the width there is. `tone` is that of what the story is about.
pub fn show(ui: &mut Ui, chains: &[Vec<Node>], bond: Option<&Bond>, tone: Tone) -> Option<Asked> {
    let width = ui.available_width();
    let aside = bond.map_or(0.0, |bond| bond_width(ui, bond));
    let placed = layout(&measure(ui, chains), width, aside);
    let (whole, _) = ui.allocate_exact_size(vec2(width, placed.height), Sense::hover());
    let mut asked = None;
    for (index, (chain, row)) in chains.iter().zip(&placed.rows).enumerate() {
        links(ui, chain, row, whole, tone);
        for (at, (node, place)) in chain.iter().zip(&row.boxes).enumerate() {
            let rect = place.rect.translate(whole.min.to_vec2());
            let before = at.checked_sub(1).and_then(|at| chain.get(at));
            let ends = at + 1 == chain.len();
            let response = one_box(ui, (index, at), node, before, rect, ends.then_some(tone));
            if response.clicked() {
                asked = node.target.clone().map(Asked::Target).or(node.image.map(Asked::Image));
            }
        }
    }
    if let Some(bond) = bond {
        let ends =
            chains.iter().zip(&placed.rows).filter(|(chain, _)| chain.last().is_some_and(|end| end.copy));
        let ends: Vec<Rect> =
            ends.filter_map(|(_, row)| Some(row.boxes.last()?.rect.translate(whole.min.to_vec2()))).collect();
        joined(ui, bond, &ends, (placed.one_line && ends.len() > 1).then_some(aside), tone);
    }
    asked
}

/// The widths that boxes and links would like, and the least that they can do with.
fn measure(ui: &Ui, chains: &[Vec<Node>]) -> Vec<Vec<Measures>> {
    let letter = galley(ui, "m", Type::Mono, tokens(ui).text).size().x;
    let of = |node: &Node| {
        let name = node.hop.name.chars().count() as f32 * letter;
        let word = galley(ui, word_of(node), Type::Caption, tokens(ui).text).size().x + origin::MARK;
        let label = label_of(node);
        let path = label.as_deref().is_some_and(is_path);
        let label = label.map_or(0.0, |label| label_galley(ui, &label).size().x);
        Measures {
            wide: name.max(word).ceil() + 2.0 * PAD,
            least: name.min(NAME_LEAST).max(word).ceil() + 2.0 * PAD,
            label: label.ceil(),
            path,
            aligned: node.copy,
        }
    };
    chains.iter().map(|chain| chain.iter().map(of).collect()).collect()
}

/// What stands on the arrow after a box: how a plug-in is opened, or the name that leads out of the bundle.
fn label_of(node: &Node) -> Option<String> {
    let link = node.hop.link.as_str();
    match link.split_once(' ') {
        Some((command, name)) if command.starts_with("LC_") => {
            let outside = name.starts_with('/') && node.hop.origin == crate::triage::Origin::Bundle;
            outside.then(|| crate::ui::widgets::middle_elide(name, LABEL_MOST).into_owned())
        }
        _ if link.is_empty() => None,
        _ => Some(link.to_owned()),
    }
}

fn is_path(label: &str) -> bool {
    label.starts_with('/')
}

fn label_galley(ui: &Ui, label: &str) -> std::sync::Arc<egui::Galley> {
    let kind = if is_path(label) { Type::MonoCaption } else { Type::Caption };
    galley(ui, label, kind, tokens(ui).text_soft)
}

fn one_box(
    ui: &Ui,
    key: (usize, usize),
    node: &Node,
    before: Option<&Node>,
    rect: Rect,
    ends: Option<Tone>,
) -> egui::Response {
    let t = tokens(ui);
    let id = ui.scope_id().with(("chain", key));
    let can = node.target.is_some() || node.image.is_some();
    let response = ui.interact(rect, id, if can { Sense::click() } else { Sense::hover() });
    let hop = &node.hop;
    let spoken = format!("{}, {}, {}", hop.name, word_of(node), hop.path);
    response.widget_info(|| WidgetInfo::labeled(if can { Role::Button } else { Role::Label }, true, &spoken));
    let outside = hop.origin.is_outside() && before.is_some();
    let marked = ends.filter(|tone| *tone != Tone::Quiet && (node.copy || node.missing || outside));
    let hot = can && response.hovered();
    let (ground, edge) = match marked {
        Some(tone) => (tone.tint(t), tone.ink(t)),
        None => (if hot { t.hover } else { t.panel }, if hot { t.outline } else { t.line }),
    };
    ui.painter().rect(rect, size::RADIUS, ground, Stroke::new(1.0, edge), StrokeKind::Inside);
    let (x, room) = (rect.left() + PAD, rect.width() - 2.0 * PAD);
    paint_left(ui, x, rect.center().y - 9.0, elided(ui, &hop.name, Type::Mono, t.text, room + 1.0));
    let y = rect.center().y + 10.0;
    if node.missing {
        Icon::Error.paint_at(ui.painter(), pos2(x + 5.0, y), 11.0, t.error);
        paint_left(ui, x + origin::MARK, y, galley(ui, NOT_FOUND, Type::Caption, t.error));
    } else {
        origin::paint(ui, x, y, hop.origin, Type::Caption, room + 1.0);
    }
    focus_ring(ui, &response, rect, f32::from(size::RADIUS));
    let way = before.map_or_else(String::new, |before| format!("\n{} {}", before.hop.name, before.hop.link));
    let hint = match (&node.target, node.image) {
        (Some(_), _) => "\nClick to see it in the tree",
        (None, Some(_)) => "\nClick to see it among the loaded images",
        (None, None) => "",
    };
    let response = response.on_hover_text(format!("{}{way}{hint}", hop.path));
    if can { response.on_hover_cursor(CursorIcon::PointingHand) } else { response }
}

/// The arrows of a chain, with what stands on them.
fn links(ui: &Ui, chain: &[Node], row: &Row, whole: Rect, tone: Tone) {
    let t = tokens(ui);
    for (at, pair) in row.boxes.windows(2).enumerate() {
        let [from, to] = pair else { continue };
        let (node, next) = (&chain[at], &chain[at + 1]);
        let leaves =
            at + 2 == chain.len() && (next.missing || next.hop.origin.is_outside()) && tone != Tone::Quiet;
        let ink = if leaves { tone.ink(t) } else { t.text_faint };
        let stroke = Stroke::new(1.0, if leaves { ink } else { t.outline });
        let to_rect = to.rect.translate(whole.min.to_vec2());
        let y = to_rect.center().y;
        let arrow = pos2(to_rect.left() - 12.0, y);
        Icon::ArrowRight.paint_at(ui.painter(), arrow, size::ICON_SMALL, ink);
        if from.line != to.line {
            continue;
        }
        let mut x = from.rect.right() + whole.left() + 8.0;
        if let Some(label) = label_of(node).filter(|label| row.labels.has(is_path(label))) {
            x = paint_left(ui, x, y, label_galley(ui, &label)) + 8.0;
        }
        if arrow.x - 10.0 - x > 12.0 {
            ui.painter().hline(x..=arrow.x - 10.0, y, stroke);
        }
    }
}

fn bond_width(ui: &Ui, bond: &Bond) -> f32 {
    let t = tokens(ui);
    let words = galley(ui, &bond.words, Type::BodyMedium, t.text).size().x;
    let uuid =
        bond.uuid.as_deref().map_or(0.0, |uuid| galley(ui, &short(uuid), Type::MonoCaption, t.text).size().x);
    (8.0 + 12.0 + 8.0 + words.max(uuid)).ceil()
}

fn short(uuid: &str) -> String {
    format!("{}…", uuid.split('-').next().unwrap_or(uuid))
}

/// The bracket that joins the copies, with why they are one library; a line below them where there is no room beside.
fn joined(ui: &mut Ui, bond: &Bond, ends: &[Rect], beside: Option<f32>, tone: Tone) {
    let t = tokens(ui);
    let ink = tone.ink(t);
    let spoken = match &bond.uuid {
        Some(uuid) => format!("{}, UUID {uuid}", bond.words),
        None => bond.words.clone(),
    };
    let (Some(first), Some(last), Some(wide)) = (ends.first(), ends.last(), beside) else {
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 24.0), Sense::hover());
        text_name(&response, &spoken);
        Icon::Twin.paint_at(ui.painter(), pos2(rect.left() + 7.0, rect.center().y), size::ICON_SMALL, ink);
        let x = paint_left(
            ui,
            rect.left() + 20.0,
            rect.center().y,
            galley(ui, &bond.words, Type::BodyMedium, ink),
        );
        if let Some(uuid) = &bond.uuid {
            paint_left(ui, x + 8.0, rect.center().y, galley(ui, &short(uuid), Type::MonoCaption, ink));
        }
        return;
    };
    let left = first.right().max(last.right()) + 8.0;
    let (top, bottom) = (first.center().y, last.center().y);
    let stroke = Stroke::new(1.0, ink);
    let right = left + 12.0;
    let line = [
        (left, top),
        (right - 3.0, top),
        (right, top + 3.0),
        (right, bottom - 3.0),
        (right - 3.0, bottom),
        (left, bottom),
    ];
    ui.painter().line(line.map(|(x, y)| pos2(x, y)).to_vec(), stroke);
    let y = f32::midpoint(top, bottom);
    let place = Rect::from_min_max(pos2(right + 8.0, y - 18.0), pos2(left + wide, y + 18.0));
    let response = ui.interact(place, ui.scope_id().with("bond"), Sense::hover());
    text_name(&response, &spoken);
    let up = if bond.uuid.is_some() { 9.0 } else { 0.0 };
    paint_left(ui, place.left(), y - up, galley(ui, &bond.words, Type::BodyMedium, ink));
    if let Some(uuid) = &bond.uuid {
        paint_left(ui, place.left(), y + 9.0, galley(ui, &short(uuid), Type::MonoCaption, ink));
        response.on_hover_text(uuid);
    }
}
