//! The selected difference whole: both values, what its class means, why it differs and what to set.

use std::collections::BTreeMap;

use egui::{Layout, Margin, Role, ScrollArea, Sense, Ui, WidgetInfo, pos2, vec2};

use super::look;
use super::rows::{List, only_slice};
use crate::bundle::ImageId;
use crate::compare::tree::Branch;
use crate::compare::{Class, Comparison, Difference};
use crate::paths::BundlePath;
use crate::ui::command::{Action, Outbox};
use crate::ui::facts::number;
use crate::ui::icons::Icon;
use crate::ui::state::Opened;
use crate::ui::theme::{Type, size, tokens};
use crate::ui::widgets::{
    Button, action_bar, diff_block, divider, empty, galley, label, paint_left, paint_right, paragraph,
    property, property_path, property_text, wrapped,
};

pub fn show(ui: &mut Ui, comparison: &Comparison, list: &List, opened: Option<&Opened>, out: &mut Outbox) {
    let Some((line, branch)) = list.selected().and_then(|line| Some((line, list.branch(line)?))) else {
        empty(ui, Icon::Columns, "Select a difference to see both values and why they differ.", None);
        return;
    };
    let difference = line.difference.and_then(|index| comparison.differences.get(index));
    let path = difference.or_else(|| first(comparison, branch)).map_or("", |it| it.path.as_str());
    let image = opened.and_then(|opened| image(comparison, opened, path));
    let text = difference.map(as_text).unwrap_or_else(|| path.to_owned());
    action_bar(ui, "difference-actions", |ui| actions(ui, image, difference.is_some(), text, out));
    ScrollArea::vertical().id_salt(("difference", line.key)).auto_shrink(false).show(ui, |ui| {
        egui::Frame::new().inner_margin(Margin::same(16)).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            match difference {
                Some(difference) => one(ui, difference),
                None => many(ui, branch, path, line.depth > 0),
            }
        });
    });
}

/// Any difference of a branch: all are of one file.
fn first<'a>(comparison: &'a Comparison, branch: &Branch) -> Option<&'a Difference> {
    let mut at = branch;
    while at.difference.is_none() {
        at = at.children.first()?;
    }
    comparison.differences.get(at.difference?)
}

/// The image at `path`, when one of the two sides is the bundle that is open.
fn image(comparison: &Comparison, opened: &Opened, path: &str) -> Option<ImageId> {
    let root = opened.path().display().to_string();
    let is_open = comparison.left.path == root || comparison.right.path == root;
    let path = BundlePath::new(path).filter(|_| is_open)?;
    opened.inspection.bundle.image(&path).map(|_| ImageId::Bundled(path))
}

fn actions(ui: &mut Ui, image: Option<ImageId>, one: bool, text: String, out: &mut Outbox) {
    if let Some(image) = image {
        let show = Button::new("Show in tree").icon(Icon::Tree);
        if show.tip("Selects this image among the dependencies of the open bundle").show(ui).clicked() {
            out.push(Action::ShowInTree(image, None));
        }
    }
    ui.with_layout(Layout::right_to_left(egui::Align::Center), |ui| {
        let (name, tip) = match one {
            true => ("Copy difference", "Copies the file, both values and the reason"),
            false => ("Copy path", "Copies the path of the file"),
        };
        if Button::new(name).icon_only(Icon::Copy).tip(tip).show(ui).clicked() {
            out.push(Action::Copy(text));
        }
    });
}

fn as_text(difference: &Difference) -> String {
    let slice = difference.arch.map(|arch| format!(" ({arch})")).unwrap_or_default();
    format!(
        "{}{slice}\n{}: {}\n{}: {}",
        difference.path,
        difference.field,
        crate::compare::tree::sides(difference),
        difference.class.title(),
        difference.explanation
    )
}

fn one(ui: &mut Ui, difference: &Difference) {
    let t = tokens(ui);
    title(ui, &difference.field, difference.class);
    ui.add_space(8.0);
    place(ui, difference);
    property_text(ui, "Found", look::change(difference.change));
    code(ui, difference.code);
    section(ui, "Left −, right +");
    let (left, right) = look::values(difference);
    diff_block(ui, left, right);
    section(ui, "Why it differs");
    paragraph(ui, &difference.explanation, Type::Body, t.text);
    ui.add_space(12.0);
    class(ui, difference.class);
}

fn title(ui: &mut Ui, field: &str, class: Class) {
    let t = tokens(ui);
    let words = wrapped(ui, field, Type::Title, t.text, ui.available_width() - 28.0);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), words.size().y), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Heading, true, field));
    let ink = look::tone(class).ink(t);
    look::icon(class).paint_at(ui.painter(), pos2(rect.left() + 9.0, rect.top() + 12.0), 18.0, ink);
    ui.painter().galley(pos2(rect.left() + 28.0, rect.top()), words, t.text);
}

fn place(ui: &mut Ui, difference: &Difference) {
    match difference.path.as_str() {
        "" => property_text(ui, "File", "The folder itself"),
        path => property_path(ui, "File", path),
    }
    if let Some(arch) = difference.arch {
        property_path(ui, "Slice", &arch.to_string());
    }
}

/// Whether other instructions or data would run.
fn code(ui: &mut Ui, other: bool) {
    let words = if other { "Other instructions or data run" } else { "The same code runs" };
    property(ui, "Code", words, |ui, x, y, _| {
        let t = tokens(ui);
        let (icon, ink) = if other { (Icon::Warning, t.warning) } else { (Icon::Good, t.good) };
        icon.paint_at(ui.painter(), pos2(x + 7.0, y), 14.0, ink);
        paint_left(ui, x + 20.0, y, galley(ui, words, Type::Body, if other { ink } else { t.text_soft }));
    });
}

/// A class by its title, and what that stands for.
fn class(ui: &mut Ui, class: Class) {
    let t = tokens(ui);
    divider(ui);
    ui.add_space(12.0);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 18.0), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("Class: {}", class.title())));
    let y = rect.center().y;
    look::icon(class).paint_at(
        ui.painter(),
        pos2(rect.left() + 8.0, y),
        size::ICON,
        look::tone(class).ink(t),
    );
    paint_left(ui, rect.left() + 24.0, y, galley(ui, class.title(), Type::Heading, t.text));
    ui.add_space(4.0);
    paragraph(ui, class.meaning(), Type::Body, t.text_soft);
}

/// A file or a slice: what is in it, by class.
fn many(ui: &mut Ui, branch: &Branch, path: &str, is_slice: bool) {
    let t = tokens(ui);
    let name = path.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or(&branch.label);
    title(ui, name, branch.class().unwrap_or(Class::Content));
    ui.add_space(8.0);
    if !path.is_empty() {
        property_path(ui, "File", path);
    }
    if let Some(slice) = if is_slice { Some(branch) } else { only_slice(branch) } {
        property_path(ui, "Slice", &slice.label);
    }
    section(ui, "Differences that are listed");
    counts(ui, &branch.counts);
    ui.add_space(8.0);
    paragraph(ui, "Select one of them to see both values and why they differ.", Type::Body, t.text_soft);
}

fn counts(ui: &mut Ui, counts: &BTreeMap<Class, usize>) {
    let t = tokens(ui);
    for (class, count) in counts {
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), size::ROW), Sense::hover());
        let spoken = format!("{}: {}", class.title(), number(*count as u64));
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &spoken));
        let y = rect.center().y;
        let ink = look::tone(*class).ink(t);
        look::icon(*class).paint_at(ui.painter(), pos2(rect.left() + 8.0, y), 14.0, ink);
        paint_left(ui, rect.left() + 24.0, y, galley(ui, class.title(), Type::Body, t.text));
        paint_right(ui, rect.right(), y, galley(ui, &number(*count as u64), Type::Body, t.text_soft));
        response.on_hover_text(class.meaning());
    }
}

fn section(ui: &mut Ui, words: &str) {
    let t = tokens(ui);
    ui.add_space(12.0);
    divider(ui);
    ui.add_space(12.0);
    label(ui, words, Type::Heading, t.text);
    ui.add_space(8.0);
}
