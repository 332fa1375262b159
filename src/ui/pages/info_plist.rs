//! Info.plist as a searchable tree of keys, types and values.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use egui::{Id, Layout, Rect, Stroke, Ui, vec2};
use plist::Value;

use crate::bundle::info_plist::PlistFormat;
use crate::ui::command::{Action, Command, Outbox, keys};
use crate::ui::icons::Icon;
use crate::ui::shell;
use crate::ui::state::Opened;
use crate::ui::theme::{Type, size, tokens};
use crate::ui::widgets::{Button, Field, cut, elided, empty, galley, paint_left, panel_frame, tree_table};

pub const TABLE: &str = "info-plist";

#[derive(Default)]
pub struct View {
    pub filter: String,
    open: BTreeMap<u64, bool>,
    selected: Option<u64>,
}

/// One key, flattened out of the tree.
struct Line {
    key: u64,
    depth: usize,
    name: String,
    kind: &'static str,
    value: String,
    /// The text as it would be copied.
    whole: String,
    branch: bool,
    parent: Option<usize>,
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Array(_) => "Array",
        Value::Dictionary(_) => "Dictionary",
        Value::Boolean(_) => "Boolean",
        Value::Data(_) => "Data",
        Value::Date(_) => "Date",
        Value::Real(_) => "Real",
        Value::Integer(_) => "Integer",
        Value::String(_) => "String",
        Value::Uid(_) => "UID",
        _ => "Unknown",
    }
}

fn shown(value: &Value) -> String {
    let items = |count: usize| if count == 1 { "1 item".to_owned() } else { format!("{count} items") };
    match value {
        Value::Array(array) => items(array.len()),
        Value::Dictionary(dictionary) => items(dictionary.len()),
        Value::Boolean(true) => "YES".to_owned(),
        Value::Boolean(false) => "NO".to_owned(),
        Value::Data(bytes) => format!("{} bytes", bytes.len()),
        Value::Date(date) => date.to_xml_format(),
        Value::Real(number) => number.to_string(),
        Value::Integer(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::Uid(uid) => uid.get().to_string(),
        _ => String::new(),
    }
}

/// Every key below `value`, depth first; what a hostile file could nest is bounded by the reader.
fn flatten(
    name: &str,
    value: &Value,
    depth: usize,
    parent: Option<usize>,
    above: u64,
    lines: &mut Vec<Line>,
) {
    let mut hasher = DefaultHasher::new();
    (above, name).hash(&mut hasher);
    let key = hasher.finish();
    let at = lines.len();
    let branch = matches!(value, Value::Array(_) | Value::Dictionary(_));
    let text = shown(value);
    lines.push(Line {
        key,
        depth,
        name: name.to_owned(),
        kind: kind(value),
        whole: text.clone(),
        value: text,
        branch,
        parent,
    });
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                flatten(&format!("Item {index}"), item, depth + 1, Some(at), key, lines);
            }
        }
        Value::Dictionary(items) => {
            for (name, item) in items {
                flatten(name, item, depth + 1, Some(at), key, lines);
            }
        }
        _ => {}
    }
}

impl View {
    fn is_open(&self, line: &Line) -> bool {
        self.open.get(&line.key).copied().unwrap_or(line.depth < 1)
    }

    fn visible(&self, lines: &[Line]) -> Vec<usize> {
        let words = self.filter.trim().to_lowercase();
        if !words.is_empty() {
            let mut wanted = vec![false; lines.len()];
            for (index, line) in lines.iter().enumerate() {
                if line.name.to_lowercase().contains(&words) || line.value.to_lowercase().contains(&words) {
                    let mut at = Some(index);
                    while let Some(here) = at.filter(|here| !wanted[*here]) {
                        wanted[here] = true;
                        at = lines[here].parent;
                    }
                }
            }
            return (0..lines.len()).filter(|index| wanted[*index]).collect();
        }
        let mut rows = Vec::new();
        let mut hidden = None;
        for (index, line) in lines.iter().enumerate() {
            if hidden.is_some_and(|depth| line.depth > depth) {
                continue;
            }
            hidden = (line.branch && !self.is_open(line)).then_some(line.depth);
            rows.push(index);
        }
        rows
    }
}

pub fn filter_id() -> Id {
    Id::unique("plist-filter")
}

pub fn show(ui: &mut Ui, view: &mut View, opened: &Opened, out: &mut Outbox) {
    let t = tokens(ui);
    egui::CentralPanel::default().frame(panel_frame(t.panel)).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        let Some(info) = &opened.inspection.bundle.info else {
            shell::page_header(ui, "Info.plist", |_| {}, |_| {});
            empty(
                ui,
                Icon::List,
                "There is no Contents/Info.plist that can be read. macOS does not take this for an app.",
                None,
            );
            return;
        };
        let mut lines = Vec::new();
        if let Value::Dictionary(keys) = &info.value {
            for (name, value) in keys {
                flatten(name, value, 0, None, 0, &mut lines);
            }
        }
        let rows = view.visible(&lines);
        let selected = rows.iter().position(|index| Some(lines[*index].key) == view.selected);
        header(ui, view, info.format, selected.map(|row| &lines[rows[row]]), out);
        if rows.is_empty() {
            if empty(ui, Icon::Search, "No key or value matches.", Some("Show all")) {
                view.filter.clear();
            }
            return;
        }
        let wide = ui.available_width();
        let (kind_at, value_at) = ((wide * 0.40).round(), (wide * 0.40).round() + 104.0);
        tree_table::heads(ui, &[("Key", 16.0), ("Type", kind_at), ("Value", value_at)]);
        let table = tree_table::Table {
            salt: TABLE,
            name: "Info.plist",
            rows: rows.len(),
            row_height: size::ROW,
            selected,
            reveal: false,
        };
        let filtered = !view.filter.trim().is_empty();
        let event = tree_table::show(
            ui,
            &table,
            |row| {
                let line = &lines[rows[row]];
                tree_table::Row {
                    key: line.key,
                    depth: line.depth,
                    open: line.branch.then(|| filtered || view.is_open(line)),
                    spoken: format!("{}, {}, {}", line.name, line.kind, line.value),
                    heading: false,
                    twin: false,
                }
            },
            |ui, row, rect| paint(ui, &lines[rows[row]], rect, kind_at, value_at),
        );
        use tree_table::Event;
        match event {
            Some(Event::Select(row)) => view.selected = Some(lines[rows[row]].key),
            Some(Event::Open(row, open)) => {
                view.selected = Some(lines[rows[row]].key);
                view.open.insert(lines[rows[row]].key, open);
            }
            Some(Event::Activate(row)) => {
                let line = &lines[rows[row]];
                if line.branch {
                    view.open.insert(line.key, !view.is_open(line));
                } else {
                    out.push(Action::Copy(line.whole.clone()));
                }
            }
            Some(Event::Typed(text)) => {
                view.filter.push_str(&text);
                ui.memory_mut(|memory| memory.request_focus(filter_id()));
            }
            None => {}
        }
    });
}

fn header(ui: &mut Ui, view: &mut View, format: PlistFormat, selected: Option<&Line>, out: &mut Outbox) {
    shell::page_header(
        ui,
        "Info.plist",
        |ui| {
            let t = tokens(ui);
            let words = match format {
                PlistFormat::Xml => "XML",
                PlistFormat::Binary => "Binary",
            };
            crate::ui::widgets::label(ui, words, Type::Body, t.text_faint);
        },
        |ui| {
            let copy = Button::new("Copy value").icon(Icon::Copy).enabled(selected.is_some());
            if copy.tip("Copies the selected value; Enter does the same").show(ui).clicked()
                && let Some(line) = selected
            {
                out.push(Action::Copy(line.whole.clone()));
            }
            let hint = keys(ui.ctx(), Command::Find).unwrap_or_default();
            let wide = (ui.available_width() - 200.0).clamp(120.0, 280.0);
            let field = Field::new("Find key or value", wide)
                .icon(Icon::Search)
                .hint("Find")
                .after(&hint)
                .id(filter_id());
            ui.allocate_ui_with_layout(
                vec2(wide, size::CONTROL),
                Layout::left_to_right(egui::Align::Center),
                |ui| {
                    field.show(ui, &mut view.filter);
                },
            );
        },
    );
}

fn paint(ui: &Ui, line: &Line, rect: Rect, kind_at: f32, value_at: f32) {
    let t = tokens(ui);
    let y = rect.center().y;
    let x = tree_table::text_start(rect, line.depth);
    paint_left(ui, x, y, elided(ui, &line.name, Type::Mono, t.text, rect.left() + kind_at - x - 12.0));
    paint_left(ui, rect.left() + kind_at, y, galley(ui, line.kind, Type::Body, t.text_faint));
    let room = rect.right() - rect.left() - value_at - 16.0;
    let value = if line.branch {
        galley(ui, &line.value, Type::Body, t.text_faint)
    } else if line.value.starts_with('/') {
        elided(ui, &line.value, Type::Mono, t.text_soft, room)
    } else {
        cut(ui, &line.value.replace('\n', " "), Type::Mono, t.text_soft, room)
    };
    paint_left(ui, rect.left() + value_at, y, value);
    ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(0.5, t.line));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines() -> Vec<Line> {
        let mut inner = plist::Dictionary::new();
        inner.insert("Scheme".to_owned(), Value::String("kite".to_owned()));
        let value = Value::Array(vec![Value::Dictionary(inner), Value::Boolean(true)]);
        let mut lines = Vec::new();
        flatten("CFBundleURLTypes", &value, 0, None, 0, &mut lines);
        lines
    }

    #[test]
    fn a_filter_shows_what_leads_to_a_match() {
        let lines = lines();
        let view = View { filter: "KITE".to_owned(), ..View::default() };
        let names: Vec<&str> = view.visible(&lines).iter().map(|index| lines[*index].name.as_str()).collect();
        assert_eq!(names, ["CFBundleURLTypes", "Item 0", "Scheme"]);
    }

    #[test]
    fn branches_open_and_close() {
        let lines = lines();
        let mut view = View::default();
        assert_eq!(view.visible(&lines).len(), 3);
        view.open.insert(lines[0].key, false);
        assert_eq!(view.visible(&lines).len(), 1);
    }
}
