//! The inspector of the disk image: the selected icon, the window, the background, the volume and the format.

use egui::{Margin, Role, ScrollArea, Sense, Ui, WidgetInfo, pos2, vec2};

use super::{View, backdrop, items};
use crate::dmg::{DmgSpec, Format, ItemSource, PartitionMap};
use crate::ui::command::Outbox;
use crate::ui::facts::bytes;
use crate::ui::pages::identity;
use crate::ui::theme::{Type, size, tokens};
use crate::ui::widgets::{
    Field, cut, divider, focus_ring, galley, inside, label, number_field, paint_left, paint_right, segments,
    switch,
};

pub fn show(ui: &mut Ui, view: &mut View, form: &mut identity::View, out: &mut Outbox) {
    ScrollArea::vertical().id_salt("dmg-settings").auto_shrink(false).show(ui, |ui| {
        egui::Frame::new().inner_margin(Margin::same(16)).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            let before = view.spec.clone();
            selected(ui, view);
            window(ui, view);
            backdrop::show(ui, view, out);
            volume(ui, view);
            format(ui, view);
            signature(ui, view, form, out);
            if view.spec != before {
                view.forget_result();
            }
        });
    });
}

pub fn section(ui: &mut Ui, words: &str, first: bool) {
    let t = tokens(ui);
    if !first {
        ui.add_space(12.0);
        divider(ui);
        ui.add_space(12.0);
    }
    label(ui, words, Type::Heading, t.text);
    ui.add_space(6.0);
}

/// A setting: its name, then its controls.
pub fn row(ui: &mut Ui, name: &str, controls: impl FnOnce(&mut Ui)) {
    let t = tokens(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), size::STEP), Sense::hover());
    paint_left(ui, rect.left(), rect.center().y, galley(ui, name, Type::Body, t.text_faint));
    let mut bounds = rect;
    bounds.min.x += 80.0;
    let layout = egui::Layout::left_to_right(egui::Align::Center);
    inside(ui, bounds, layout, controls);
}

fn selected(ui: &mut Ui, view: &mut View) {
    let (Some(name), Some(spec)) = (view.selected.clone(), &mut view.spec) else { return };
    section(ui, name.strip_suffix(".app").unwrap_or(&name), true);
    if let Some((x, y)) = spec.layout.positions.get_mut(&name) {
        row(ui, "Position", |ui| {
            let (mut left, mut top) = (u32::try_from(*x).unwrap_or(0), u32::try_from(*y).unwrap_or(0));
            let moved = number_field(ui, "Position x", "x", &mut left, 0..=10_000);
            if moved | number_field(ui, "Position y", "y", &mut top, 0..=10_000) {
                (*x, *y) = (left as i32, top as i32);
            }
        });
    }
    if let Some(renamed) = named(ui, spec, &name) {
        items::rename(spec, &name, &renamed);
        view.selected = Some(renamed);
    }
}

/// What can be changed of the selected item beside its place; answers another name for it.
fn named(ui: &mut Ui, spec: &mut DmgSpec, name: &str) -> Option<String> {
    let mut taken: Vec<String> = spec.items.iter().map(|item| item.name.to_lowercase()).collect();
    taken.retain(|other| *other != name.to_lowercase());
    let item = spec.items.iter_mut().find(|item| item.name == name)?;
    let mut renamed = None;
    if !name.ends_with(".app") {
        row(ui, "Name", |ui| {
            let (wide, mut text) = (ui.available_width(), name.to_owned());
            Field::new("Item name", wide).show(ui, &mut text);
            let fits =
                !text.is_empty() && !text.contains(['/', ':']) && !taken.contains(&text.to_lowercase());
            renamed = (text != name && fits).then_some(text);
        });
    }
    match &mut item.source {
        ItemSource::Link(target) => row(ui, "Link to", |ui| {
            let wide = ui.available_width();
            Field::new("Link target", wide).mono().show(ui, target);
        }),
        ItemSource::Local(_) | ItemSource::Stored { .. } if !name.ends_with(".app") && name.contains('.') => {
            row(ui, "Extension", |ui| {
                let tip = "The Finder then shows the name without what follows its last full stop";
                switch(ui, &mut item.hide_extension, "Hide the extension", true, tip);
            });
        }
        _ => {}
    }
    renamed
}

fn window(ui: &mut Ui, view: &mut View) {
    section(ui, "Window", view.selected.is_none());
    let Some(spec) = &mut view.spec else { return };
    let layout = &mut spec.layout;
    row(ui, "Size", |ui| {
        number_field(ui, "Window width", "w", &mut layout.window.width, 100..=10_000);
        number_field(ui, "Window height", "h", &mut layout.window.height, 100..=10_000);
    });
    row(ui, "Icon size", |ui| {
        number_field(ui, "Icon size", "px", &mut layout.icon_size, 16..=512);
    });
    row(ui, "Text size", |ui| {
        number_field(ui, "Text size", "pt", &mut layout.text_size, 10..=16);
    });
}

fn volume(ui: &mut Ui, view: &mut View) {
    let t = tokens(ui);
    section(ui, "Volume", false);
    let Some(spec) = &mut view.spec else { return };
    row(ui, "Name", |ui| {
        let wide = ui.available_width();
        Field::new("Volume name", wide).show(ui, &mut spec.volume_name);
    });
    row(ui, "File system", |ui| {
        label(ui, "HFS+", Type::Body, t.text);
    });
    let maps = [
        ("GPT", "A disk with a partition table, as hdiutil makes it"),
        ("Bare", "The volume alone, without a partition table: a little smaller"),
    ];
    let on = usize::from(spec.partition_map == PartitionMap::Bare);
    row(ui, "Partitions", |ui| match segments(ui, "Partition map", &maps, on) {
        Some(0) => spec.partition_map = PartitionMap::Gpt,
        Some(_) => spec.partition_map = PartitionMap::Bare,
        None => {}
    });
}

fn format(ui: &mut Ui, view: &mut View) {
    let t = tokens(ui);
    section(ui, "Format", false);
    let View { spec: Some(spec), estimates, .. } = view else { return };
    for format in Format::ALL {
        let (on, word, what) = (spec.format == format, format.name(), format.about());
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 28.0), Sense::click());
        let estimate = estimates.iter().find(|estimate| estimate.format == format);
        let about = estimate.map(|one| format!(", about {}", bytes(one.bytes))).unwrap_or_default();
        let spoken = format!("{word}, {what}{about}");
        response.widget_info(|| WidgetInfo::selected(Role::RadioButton, true, on, &spoken));
        let ground = rect.expand2(vec2(8.0, 0.0));
        if on || response.hovered() {
            ui.painter().rect_filled(ground, size::RADIUS, if on { t.selected } else { t.hover });
        }
        let y = rect.center().y;
        let dot = pos2(rect.left() + 8.0, y);
        if on {
            ui.painter().circle_filled(dot, 7.0, t.fill);
            ui.painter().circle_filled(dot, 3.0, t.on_fill);
        } else {
            ui.painter().circle_stroke(dot, 6.5, egui::Stroke::new(1.0, t.outline));
        }
        paint_left(ui, rect.left() + 24.0, y, galley(ui, word, Type::BodyMedium, t.text));
        let mut right = rect.right();
        if let Some(estimate) = estimate {
            let words = format!("≈ {}", bytes(estimate.bytes));
            right = paint_right(ui, right, y, galley(ui, &words, Type::Caption, t.text_faint)) - 8.0;
        }
        let room = right - rect.left() - 72.0;
        paint_left(ui, rect.left() + 72.0, y, cut(ui, what, Type::Caption, t.text_soft, room));
        if let Some(estimate) = estimate {
            let off = bytes(estimate.uncertainty);
            let tip = format!("{what}.\nAbout {}, give or take {off}", bytes(estimate.bytes));
            response.clone().on_hover_text(tip);
        }
        focus_ring(ui, &response, ground, f32::from(size::RADIUS));
        if response.clicked() {
            spec.format = format;
        }
    }
}

fn signature(ui: &mut Ui, view: &mut View, form: &mut identity::View, out: &mut Outbox) {
    section(ui, "Signature", false);
    let tip =
        "An image that is signed and notarized opens without a question, and its app is not moved by macOS";
    let mut changed = switch(ui, &mut view.signs, "Sign the image", true, tip).changed();
    if view.signs {
        ui.add_space(8.0);
        changed |= identity::show(ui, form, out).changed;
    }
    if changed {
        view.forget_result();
    }
}
