//! A table whose rows may be a tree: only visible rows are laid out, one tab stop, arrow keys inside.

use egui::{
    EventFilter, Id, Key, Modifiers, Rect, Role, ScrollArea, Sense, Stroke, Ui, WidgetInfo, pos2, vec2,
};

use super::{focus_ring, galley, paint_left};
use crate::ui::icons::Icon;
use crate::ui::theme::{Type, size, tokens};

/// What one row is, apart from how its cells are painted.
pub struct Row {
    /// Stays the same when other rows come and go.
    pub key: u64,
    pub depth: usize,
    /// `None` for a leaf.
    pub open: Option<bool>,
    /// What a screen reader says.
    pub spoken: String,
    /// Headings of groups cannot be selected.
    pub heading: bool,
    /// Marked beside the selected one: another copy of the same thing.
    pub twin: bool,
}

pub struct Table<'a> {
    pub salt: &'a str,
    pub name: &'a str,
    pub rows: usize,
    pub row_height: f32,
    pub selected: Option<usize>,
    /// Bring the selected row into view, as after a jump.
    pub reveal: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    Select(usize),
    Open(usize, bool),
    /// Enter or a double click.
    Activate(usize),
    /// Letters typed while the table has the focus: the start of a filter.
    Typed(String),
}

/// The id of the table's focus, for commands that send the user there.
pub fn focus_id(salt: &str) -> Id {
    Id::unique(("tree-table", salt))
}

/// Column heads: title and left edge.
pub fn heads(ui: &mut Ui, heads: &[(&str, f32)]) {
    let t = tokens(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), size::ROW), Sense::hover());
    for (title, x) in heads {
        paint_left(ui, rect.left() + x, rect.center().y, galley(ui, title, Type::Caption, t.text_faint));
    }
    ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, t.line));
}

/// Shows the table in all the space there is. `paint` draws the cells of a row into its rectangle.
pub fn show(
    ui: &mut Ui,
    table: &Table<'_>,
    row: impl Fn(usize) -> Row,
    mut paint: impl FnMut(&mut Ui, usize, Rect),
) -> Option<Event> {
    let id = focus_id(table.salt);
    let area = ui.available_rect_before_wrap();
    let focus = ui.interact(area, id, Sense::focusable_noninteractive());
    focus.widget_info(|| WidgetInfo::labeled(Role::Tree, true, table.name));
    let page = ((area.height() / table.row_height).floor() as usize).max(1);
    let filter = EventFilter { horizontal_arrows: true, vertical_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(id, filter));
    let mut event = if focus.has_focus() { keys(ui, table, page, &row) } else { None };
    let moved = match &event {
        Some(Event::Select(to)) => Some(*to),
        _ if table.reveal => table.selected,
        _ => None,
    };

    ScrollArea::vertical().id_salt(table.salt).auto_shrink(false).show_viewport(ui, |ui, view| {
        let full = table.rows as f32 * table.row_height;
        ui.set_height(full);
        let top = ui.max_rect().top();
        let place = |index: usize| {
            let y = top + index as f32 * table.row_height;
            Rect::from_min_size(pos2(ui.max_rect().left(), y), vec2(ui.max_rect().width(), table.row_height))
        };
        if let Some(to) = moved {
            ui.scroll_to_rect(place(to).expand2(vec2(0.0, table.row_height)), None);
        }
        let first = (view.top() / table.row_height).floor().max(0.0) as usize;
        let last = ((view.bottom() / table.row_height).ceil().max(0.0) as usize).min(table.rows);
        if table.rows > 0 && first >= table.rows {
            ui.ctx().request_repaint(); // it got shorter and scrolls back now
        }
        let places: Vec<(usize, Rect)> = (first..last).map(|index| (index, place(index))).collect();
        for (index, rect) in places {
            let selected = table.selected == Some(index);
            if let Some(happened) =
                one_row(ui, id, index, rect, &row(index), selected, table.rows, focus.has_focus())
            {
                ui.memory_mut(|memory| memory.request_focus(id));
                event = Some(happened);
            }
            paint(ui, index, rect);
        }
    });
    focus_ring(ui, &focus, area.shrink(3.0), 4.0);
    event
}

#[expect(clippy::too_many_arguments, reason = "the parts of one row, used once")]
fn one_row(
    ui: &mut Ui,
    table: Id,
    index: usize,
    rect: Rect,
    row: &Row,
    selected: bool,
    rows: usize,
    focused: bool,
) -> Option<Event> {
    let t = tokens(ui);
    let id = table.with(row.key);
    let response = ui.interact(rect, id, Sense::CLICK);
    response.widget_info(|| WidgetInfo::labeled(Role::TreeItem, true, &row.spoken));
    ui.ctx().accesskit_node_builder(id, |node| {
        node.set_selected(selected);
        node.set_level(row.depth + 1);
        node.set_position_in_set(index + 1);
        node.set_size_of_set(rows);
        if let Some(open) = row.open {
            node.set_expanded(open);
        }
    });
    if row.heading {
        ui.painter().rect_filled(rect, 0.0, t.raised);
    } else if selected {
        ui.painter().rect_filled(rect, 0.0, t.selected);
        if focused {
            let edge = Rect::from_min_size(rect.min, vec2(2.0, rect.height()));
            ui.painter().rect_filled(edge, 0.0, t.accent);
        }
    } else if row.twin {
        ui.painter().rect_filled(rect, 0.0, t.error_tint);
    } else if response.hovered() {
        ui.painter().rect_filled(rect, 0.0, t.hover);
    }
    let arrow = chevron(rect, row.depth);
    if let Some(open) = row.open {
        let icon = if open { Icon::ChevronDown } else { Icon::ChevronRight };
        icon.paint_at(ui.painter(), arrow.center(), size::ICON_SMALL, t.text_soft);
    }
    let on_arrow = response.interact_pointer_pos().is_some_and(|at| arrow.expand(3.0).contains(at));
    match row.open {
        Some(open) if response.clicked() && (on_arrow || row.heading) => Some(Event::Open(index, !open)),
        Some(_) if response.double_clicked() => Some(Event::Activate(index)),
        _ if row.heading => None,
        _ if response.double_clicked() => Some(Event::Activate(index)),
        _ if response.clicked() => Some(Event::Select(index)),
        _ => None,
    }
}

/// Mac the arrow of a row at `depth` stands.
fn chevron(row: Rect, depth: usize) -> Rect {
    let x = row.left() + size::PADDING + depth as f32 * size::INDENT;
    Rect::from_center_size(pos2(x + 6.0, row.center().y), vec2(size::ICON_SMALL, size::ICON_SMALL))
}

/// Mac the text of a row at `depth` begins.
pub fn text_start(row: Rect, depth: usize) -> f32 {
    row.left() + size::PADDING + depth as f32 * size::INDENT + 18.0
}

fn keys(ui: &mut Ui, table: &Table<'_>, page: usize, row: &impl Fn(usize) -> Row) -> Option<Event> {
    if table.rows == 0 {
        return None;
    }
    let pressed = |key: Key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
    let at = table.selected.filter(|at| *at < table.rows);
    let last = table.rows - 1;
    if pressed(Key::ArrowDown) {
        return step(row, at.map_or(0, |at| (at + 1).min(last)), last, true);
    }
    if pressed(Key::ArrowUp) {
        return step(row, at.map_or(0, |at| at.saturating_sub(1)), last, false);
    }
    for (key, to) in [
        (Key::Home, 0),
        (Key::End, last),
        (Key::PageDown, at.map_or(0, |at| (at + page).min(last))),
        (Key::PageUp, at.map_or(0, |at| at.saturating_sub(page))),
    ] {
        if pressed(key) {
            return step(row, to, last, key != Key::End && key != Key::PageUp);
        }
    }
    if let Some(at) = at {
        let here = row(at);
        if pressed(Key::ArrowRight) {
            return match here.open {
                Some(false) => Some(Event::Open(at, true)),
                Some(true) => step(row, (at + 1).min(last), last, true),
                None => None,
            };
        }
        if pressed(Key::ArrowLeft) {
            return match here.open {
                Some(true) => Some(Event::Open(at, false)),
                _ => (0..at).rev().find(|above| row(*above).depth < here.depth).map(Event::Select),
            };
        }
        if pressed(Key::Enter) {
            return Some(Event::Activate(at));
        }
    }
    typed(ui)
}

/// The next row from `to` on that can be selected.
fn step(row: &impl Fn(usize) -> Row, to: usize, last: usize, down: bool) -> Option<Event> {
    let ahead: Vec<usize> = if down { (to..=last).collect() } else { (0..=to).rev().collect() };
    ahead.into_iter().find(|index| !row(*index).heading).map(Event::Select)
}

fn typed(ui: &Ui) -> Option<Event> {
    ui.input(|input| {
        input.events.iter().find_map(|event| match event {
            egui::Event::Text(text) if !text.trim().is_empty() && !input.modifiers.command => {
                Some(Event::Typed(text.clone()))
            }
            _ => None,
        })
    })
}
