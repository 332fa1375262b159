//! What stands on the volume: the list beside the canvas, and what is added, renamed and taken away.

use egui::{Layout, Margin, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use super::View;
use crate::dmg::{Background, DmgSpec, Item, ItemSource, lint};
use crate::ui::command::{Action, Outbox};
use crate::ui::dialogs::Kind;
use crate::ui::icons::Icon;
use crate::ui::shell;
use crate::ui::state::Opened;
use crate::ui::theme::{Type, size, tokens};
use crate::ui::widgets::{Button, cut, focus_ring, galley, inside, paint_left, paint_right, paragraph};

pub fn show(ui: &mut Ui, view: &mut View, opened: Option<&Opened>, out: &mut Outbox) {
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
    ui.add_space(8.0);
    add(ui, view, out);
    let Some(spec) = &view.spec else { return };
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

/// Buttons that put another thing on the volume.
fn add(ui: &mut Ui, view: &mut View, out: &mut Outbox) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), size::STEP), Sense::hover());
    inside(ui, rect.shrink2(vec2(14.0, 2.0)), Layout::left_to_right(egui::Align::Center), |ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        let button = |name, icon| Button::new(name).icon_only(icon).small();
        if button("Add a file…", Icon::File)
            .tip("Add a file, a read-me say, to the volume")
            .show(ui)
            .clicked()
        {
            out.push(Action::PickItem(Kind::File));
        }
        if button("Add a folder…", Icon::Folder).tip("Add a folder to the volume").show(ui).clicked() {
            out.push(Action::PickItem(Kind::Folder));
        }
        let link = button("Add a link", Icon::Link).tip("Add a link to a place on the user's Mac").show(ui);
        if link.clicked()
            && let Some(spec) = &mut view.spec
        {
            view.selected =
                Some(put(spec, Item::new("Utilities", ItemSource::Link("/Applications/Utilities".into()))));
        }
        let selected =
            view.selected.clone().filter(|_| view.spec.as_ref().is_some_and(|spec| spec.items.len() > 1));
        let remove = button("Remove", Icon::Close).tip("Take the selected item off the volume");
        if remove.enabled(selected.is_some()).show(ui).clicked()
            && let (Some(name), Some(spec)) = (&selected, &mut view.spec)
        {
            take(spec, name);
            view.selected = spec.items.first().map(|item| item.name.clone());
        }
    });
}

/// Puts an item on the volume, where there is room, and answers the name it got.
pub fn put(spec: &mut DmgSpec, mut item: Item) -> String {
    let taken = |name: &str| spec.items.iter().any(|other| other.name.to_lowercase() == name.to_lowercase());
    let wanted = item.name.clone();
    let mut number = 2;
    while taken(&item.name) {
        item.name = match wanted.rsplit_once('.') {
            Some((stem, end)) if !stem.is_empty() => format!("{stem} {number}.{end}"),
            _ => format!("{wanted} {number}"),
        };
        number += 1;
    }
    let name = item.name.clone();
    spec.items.push(item);
    let window = spec.layout.window;
    let middle = (window.width as i32 / 2, window.height as i32 / 2);
    let at = lint::free_place(spec, &name).unwrap_or(middle); // a full window shows what stands on what
    spec.layout.positions.insert(name.clone(), at);
    name
}

/// Takes an item off the volume.
pub fn take(spec: &mut DmgSpec, name: &str) {
    spec.items.retain(|item| item.name != name);
    spec.layout.positions.remove(name);
}

/// Gives an item another name, in its place and at both ends of the arrow.
pub fn rename(spec: &mut DmgSpec, old: &str, new: &str) {
    for item in spec.items.iter_mut().filter(|item| item.name == old) {
        item.name = new.to_owned();
    }
    if let Some(at) = spec.layout.positions.remove(old) {
        spec.layout.positions.insert(new.to_owned(), at);
    }
    if let Background::Drawn(drawing) = &mut spec.layout.background
        && let Some(arrow) = &mut drawing.arrow
    {
        for end in [&mut arrow.from, &mut arrow.to] {
            if end == old {
                *end = new.to_owned();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn items_come_get_a_name_of_their_own_and_go() {
        let mut spec = DmgSpec::for_app(Path::new("/x/Foo.app"), "Foo", 0).unwrap();
        let before = spec.clone();
        let link = || Item::new("applications", ItemSource::Link("/x".into()));
        assert_eq!(put(&mut spec, link()), "applications 2", "names that differ by case collide");
        let text = || Item::new("Read me.txt", ItemSource::Local("/x/Read me.txt".into()));
        assert_eq!([put(&mut spec, text()), put(&mut spec, text())], ["Read me.txt", "Read me 2.txt"]);
        rename(&mut spec, "Applications", "Programme");
        assert!(spec.layout.positions.contains_key("Programme"));
        let Background::Drawn(drawing) = &spec.layout.background else { panic!("the usual one is drawn") };
        assert_eq!(drawing.arrow.as_ref().map(|arrow| arrow.to.as_str()), Some("Programme"));
        rename(&mut spec, "Programme", "Applications");
        ["applications 2", "Read me.txt", "Read me 2.txt"].iter().for_each(|name| take(&mut spec, name));
        assert_eq!(spec, before);
    }
}
