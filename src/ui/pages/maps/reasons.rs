//! Why the selected image is there: who refers to it, and the shortest ways to it from what starts.

use egui::{CursorIcon, Layout, Margin, Role, ScrollArea, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

use crate::bundle::{EntryKind, ImageId};
use crate::macho::{Arch, LoadKind};
use crate::maps::why::{Chain, Why};
use crate::ui::command::{Action, Outbox};
use crate::ui::facts::{bytes, counted, number};
use crate::ui::icons::Icon;
use crate::ui::state::Opened;
use crate::ui::theme::{Type, size, tokens};
use crate::ui::widgets::{
    Button, Tone, action_bar, callout, divider, elided, empty, focus_ring, galley, label, paint_left,
    paragraph, path_lines, property_text,
};

/// Answers the image that was clicked.
pub fn show(
    ui: &mut Ui,
    opened: &Opened,
    selected: Option<&ImageId>,
    why: Option<&Why>,
    out: &mut Outbox,
) -> Option<ImageId> {
    let Some(image) = selected else {
        empty(ui, Icon::Map, "Select an image to see why it is there.", None);
        return None;
    };
    actions(ui, image, out);
    let mut chosen = None;
    ScrollArea::vertical().id_salt(("reasons", image)).auto_shrink(false).show(ui, |ui| {
        egui::Frame::new().inner_margin(Margin::same(16)).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            head(ui, opened, image);
            let Some(why) = why else { return };
            if why.weak_only {
                ui.add_space(8.0);
                let words = "Every way to it is weak: dyld starts everything without it, too.";
                callout(ui, Tone::Note, Icon::Note, words);
            }
            section(ui, "Why is this here");
            chosen = ways(ui, why, image);
            if !why.users.is_empty() {
                section(ui, &format!("Asked for by {}", counted(why.users.len(), "image")));
                chosen = users(ui, why).or(chosen.take());
            }
        });
    });
    chosen
}

fn actions(ui: &mut Ui, image: &ImageId, out: &mut Outbox) {
    action_bar(ui, "map-actions", |ui| {
        let tree = Button::new("Show in tree").icon(Icon::Tree);
        if tree.tip("Selects it among the dependencies, with its walk").show(ui).clicked() {
            out.push(Action::ShowInTree(image.clone(), None));
        }
        ui.with_layout(Layout::right_to_left(egui::Align::Center), |ui| {
            let copy = Button::new("Copy path").icon_only(Icon::Copy);
            if copy.tip("Copies the whole path").show(ui).clicked() {
                out.push(Action::Copy(image.to_string()));
            }
        });
    });
}

fn head(ui: &mut Ui, opened: &Opened, image: &ImageId) {
    let t = tokens(ui);
    let path = image.to_string();
    let leaf = path.rsplit('/').next().unwrap_or(&path);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 24.0), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Heading, true, leaf));
    paint_left(ui, rect.left(), rect.center().y, elided_title(ui, leaf, rect.width()));
    let words = path_lines(ui, &path, Type::Mono, t.text_soft, ui.available_width());
    let (rect, response) = ui.allocate_exact_size(words.size(), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &path));
    ui.painter().galley(rect.min, words, t.text_soft);
    ui.add_space(6.0);
    let known = match image {
        ImageId::Bundled(path) => opened.inspection.bundle.image(path),
        ImageId::External(path) => opened.inspection.build.externals.get(path),
    };
    if let Some(known) = known {
        property_text(ui, "File", &bytes(known.length));
        property_text(ui, "Slices", &archs(&known.file.archs().collect::<Vec<_>>()));
    }
}

fn elided_title(ui: &Ui, leaf: &str, width: f32) -> std::sync::Arc<egui::Galley> {
    let whole = galley(ui, leaf, Type::Title, tokens(ui).text);
    if whole.size().x <= width { whole } else { elided(ui, leaf, Type::MonoMedium, tokens(ui).text, width) }
}

fn archs(archs: &[Arch]) -> String {
    let mut names: Vec<String> = archs.iter().map(Arch::to_string).collect();
    names.sort();
    names.join(", ")
}

fn section(ui: &mut Ui, words: &str) {
    let t = tokens(ui);
    ui.add_space(12.0);
    divider(ui);
    ui.add_space(12.0);
    label(ui, words, Type::Heading, t.text);
    ui.add_space(8.0);
}

/// The ways, each a column of images from what starts down to the one that is asked about.
fn ways(ui: &mut Ui, why: &Why, target: &ImageId) -> Option<ImageId> {
    let t = tokens(ui);
    if why.chains.is_empty() {
        let words = "Nothing loads it: no program of the bundle and no plug-in refers to it.";
        paragraph(ui, words, Type::Body, t.text_soft);
        return None;
    }
    let mut chosen = None;
    for (index, chain) in why.chains.iter().enumerate() {
        if index > 0 {
            ui.add_space(10.0);
        }
        chosen = way(ui, chain, target, index).or(chosen);
    }
    if why.more > 0 {
        ui.add_space(8.0);
        let words = match why.more {
            u64::MAX => "And more ways than can be counted.".to_owned(),
            more => format!("And {} more ways of the same lengths.", number(more)),
        };
        paragraph(ui, &words, Type::Caption, t.text_soft);
    }
    chosen
}

fn way(ui: &mut Ui, chain: &Chain, target: &ImageId, index: usize) -> Option<ImageId> {
    let t = tokens(ui);
    let kind = match chain.kind {
        EntryKind::Main => "from the app",
        EntryKind::Helper => "from a helper",
        EntryKind::HelperApp => "from a helper app",
        EntryKind::XpcService => "from an XPC service",
        EntryKind::AppExtension => "from an extension",
        EntryKind::PlugIn => "from a plug-in, opened with dlopen",
    };
    let words = format!("{kind}, {}", archs(&chain.archs));
    label(ui, &words, Type::Caption, t.text_faint);
    let mut chosen = None;
    for (depth, step) in chain.steps.iter().enumerate() {
        let weak = if step.is_weak() { "weak" } else { "" };
        if stop(ui, &step.image, depth, weak, (index, depth), false) {
            chosen = Some(step.image.clone());
        }
    }
    let last = chain.steps.len();
    if stop(ui, target, last, "", (index, last), true) {
        chosen = Some(target.clone());
    }
    chosen
}

/// One image of a way.
fn stop(ui: &mut Ui, image: &ImageId, depth: usize, after: &str, key: (usize, usize), last: bool) -> bool {
    let t = tokens(ui);
    let path = image.to_string();
    let leaf = path.rsplit('/').next().unwrap_or(&path);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), size::ROW), Sense::hover());
    let response = ui.interact(rect, ui.scope_id().with(("way", key, &path)), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Link, true, format!("Way {}: {leaf}", key.0 + 1)));
    if response.hovered() {
        ui.painter().rect_filled(rect, size::RADIUS_BADGE, t.hover);
    }
    let y = rect.center().y;
    let x = rect.left() + 4.0 + (depth.min(8) as f32) * 12.0;
    if depth > 0 {
        let corner = pos2(x - 6.0, y);
        ui.painter().line_segment([pos2(corner.x, rect.top() - 4.0), corner], Stroke::new(1.0, t.line));
        ui.painter().line_segment([corner, pos2(x - 1.0, y)], Stroke::new(1.0, t.line));
    }
    let ink = if last { t.text } else { t.accent };
    let kind = if last { Type::MonoMedium } else { Type::Mono };
    let room = rect.right() - x - if after.is_empty() { 4.0 } else { 44.0 };
    let x = paint_left(ui, x + 2.0, y, elided(ui, leaf, kind, ink, room));
    if !after.is_empty() {
        crate::ui::widgets::badge(ui, x + 6.0, y, after, Tone::Quiet, false);
    }
    focus_ring(ui, &response, rect, 4.0);
    let clicked = response.clicked();
    response.on_hover_cursor(CursorIcon::PointingHand).on_hover_text(path);
    clicked
}

fn users(ui: &mut Ui, why: &Why) -> Option<ImageId> {
    const SHOWN: usize = 200;
    let t = tokens(ui);
    let mut chosen = None;
    for (index, user) in why.users.iter().take(SHOWN).enumerate() {
        let after = if matches!(user.kind, LoadKind::Weak) { "weak" } else { "" };
        if stop(ui, &user.image, 0, after, (usize::MAX - 1, index), false) {
            chosen = Some(user.image.clone());
        }
    }
    if why.users.len() > SHOWN {
        let more = format!("And {} more.", number((why.users.len() - SHOWN) as u64));
        paragraph(ui, &more, Type::Caption, t.text_soft);
    }
    chosen
}
