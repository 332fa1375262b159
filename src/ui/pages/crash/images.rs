//! The table of loaded images: duplicates first, then what came from elsewhere.

use egui::{Rect, Sense, Stroke, Ui, pos2, vec2};

use super::shown::target_of_image;
use super::{View, filter_id, origin};
use crate::triage::{Origin, Triage};
use crate::ui::command::{Action, Command, Outbox, keys};
use crate::ui::facts::number;
use crate::ui::icons::Icon;
use crate::ui::state::Opened;
use crate::ui::theme::{Type, size, tokens};
use crate::ui::widgets::{
    Field, elided, empty, galley, inside, label, paint_left, paint_right, switch, tree_table,
};

const TABLE: &str = "crash-images";
const NUMBER_END: f32 = 46.0;
const NAME: f32 = 58.0;
const ORIGIN: f32 = 124.0;
const UUID: f32 = 92.0;

/// Left edges of the columns; `None` for those that have no room.
struct Columns {
    origin: f32,
    path: Option<f32>,
    uuid: Option<f32>,
    end: f32,
}

impl Columns {
    fn of(wide: f32) -> Columns {
        let uuid = (wide >= 620.0).then_some(wide - UUID);
        let with_path = wide >= 480.0;
        let origin = if with_path { (wide * 0.31).round().max(NAME + 120.0) } else { wide - ORIGIN };
        Columns { origin, path: with_path.then_some(origin + ORIGIN), uuid, end: uuid.unwrap_or(wide) }
    }
}

pub fn show(ui: &mut Ui, view: &mut View, opened: Option<&Opened>, called: &mut bool, out: &mut Outbox) {
    toolbar(ui, view);
    super::shown::refresh(view, opened);
    let Some(triage) = view.triages.get(view.report) else { return };
    if view.shown.rows.is_empty() {
        let words = if view.filter.is_empty() { "All images are macOS's own." } else { "No image matches." };
        if empty(ui, Icon::Search, words, Some("Show all")) {
            view.filter.clear();
            view.with_system = true;
        }
        return;
    }
    let columns = Columns::of(ui.available_width());
    let mut heads = vec![("Name", NAME), ("Origin", columns.origin)];
    heads.extend(columns.path.map(|x| ("Path", x)));
    heads.extend(columns.uuid.map(|x| ("UUID", x)));
    let top = ui.cursor().top();
    tree_table::heads(ui, &heads);
    let t = tokens(ui);
    let sign = galley(ui, "#", Type::Caption, t.text_faint);
    paint_right(ui, ui.max_rect().left() + NUMBER_END, top + size::ROW / 2.0, sign);
    let (rows, twice) = (&view.shown.rows, &view.shown.twice);
    let table = tree_table::Table {
        salt: TABLE,
        name: "Loaded images",
        rows: rows.len(),
        row_height: size::ROW,
        selected: view.image.and_then(|image| rows.iter().position(|at| *at == image)),
        reveal: std::mem::take(&mut view.reveal),
    };
    let event = tree_table::show(
        ui,
        &table,
        |row| tree_table::Row {
            key: rows[row] as u64,
            depth: 0,
            open: None,
            spoken: spoken(triage, rows[row], twice.contains(&rows[row])),
            heading: false,
            twin: twice.contains(&rows[row]),
        },
        |ui, row, rect| paint(ui, triage, rows[row], twice.contains(&rows[row]), rect, &columns),
    );
    use tree_table::Event;
    match event {
        Some(Event::Select(row)) => view.image = rows.get(row).copied(),
        Some(Event::Activate(row)) => {
            let image = rows.get(row).copied();
            match image.and_then(|at| target_of_image(triage, at, opened)) {
                Some((image, name)) => out.push(Action::ShowInTree(image, name)),
                None => *called = true,
            }
            view.image = image;
        }
        Some(Event::Typed(text)) => {
            view.filter.push_str(&text);
            ui.memory_mut(|memory| memory.request_focus(filter_id()));
        }
        _ => {}
    }
}

fn origin_of(triage: &Triage, at: usize) -> Origin {
    triage.origins.get(at).copied().unwrap_or(Origin::Unknown)
}

fn spoken(triage: &Triage, at: usize, twice: bool) -> String {
    let name = triage.report.images.get(at).map_or("", |image| image.name.as_str());
    let more = if twice { ", in memory more than once" } else { "" };
    format!("{name}, {}, {}{more}", origin::word(origin_of(triage, at)), triage.short(at))
}

fn toolbar(ui: &mut Ui, view: &mut View) {
    let t = tokens(ui);
    let images = view.triages.get(view.report).map_or(0, |triage| triage.report.images.len());
    let shown = view.shown.rows.len();
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), size::TOOLBAR), Sense::hover());
    let bounds = rect.shrink2(vec2(16.0, 6.0));
    let mut hide = !view.with_system;
    inside(ui, bounds, egui::Layout::right_to_left(egui::Align::Center), |ui| {
        ui.spacing_mut().item_spacing.x = 8.0;
        switch(
            ui,
            &mut hide,
            "Hide system",
            true,
            "Hides what belongs to macOS: it is the same on every Mac",
        );
        let hint = keys(ui.ctx(), Command::Find).unwrap_or_default();
        let wide = (ui.available_width() - 170.0).clamp(90.0, 220.0);
        Field::new("Filter images", wide)
            .icon(Icon::Search)
            .hint("Filter")
            .after(&hint)
            .id(filter_id())
            .show(ui, &mut view.filter);
        ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
            label(ui, "Loaded images", Type::Heading, t.text);
            let count = match shown == images {
                true => number(images as u64),
                false => format!("{} of {}", number(shown as u64), number(images as u64)),
            };
            label(ui, &count, Type::Body, t.text_faint);
        });
    });
    view.with_system = !hide;
    ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, t.line));
}

fn paint(ui: &Ui, triage: &Triage, at: usize, twice: bool, rect: Rect, columns: &Columns) {
    let t = tokens(ui);
    let Some(image) = triage.report.images.get(at) else { return };
    let (left, y) = (rect.left(), rect.center().y);
    if twice {
        let edge = Rect::from_min_size(rect.min, vec2(2.0, rect.height()));
        ui.painter().rect_filled(edge, 0.0, t.error);
    }
    paint_right(ui, left + NUMBER_END, y, galley(ui, &at.to_string(), Type::Mono, t.text_soft));
    let room = columns.origin - NAME - 12.0;
    paint_left(ui, left + NAME, y, elided(ui, &image.name, Type::Mono, t.text, room));
    origin::paint(ui, left + columns.origin, y, origin_of(triage, at), Type::Body, ORIGIN - 8.0);
    if let Some(x) = columns.path {
        let room = columns.end - x - 12.0;
        paint_left(ui, left + x, y, elided(ui, triage.short(at), Type::Mono, t.text_soft, room));
    }
    if let Some(x) = columns.uuid {
        let (words, ink) = match &image.uuid {
            Some(uuid) => (format!("{}…", uuid.split('-').next().unwrap_or(uuid)), t.text_soft),
            None => ("–".to_owned(), t.text_faint),
        };
        let ink = if twice { t.error } else { ink };
        ui.painter().galley(pos2(left + x, y - 8.0), galley(ui, &words, Type::Mono, ink), ink);
    }
}
