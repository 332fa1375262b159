//! What of the differences is listed: by class, by what matters, by words.

use std::sync::Arc;

use egui::{
    Color32, CursorIcon, Galley, Layout, Rect, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2,
};

use super::look;
use super::rows::{List, Only};
use super::view::Found;
use crate::compare::Class;
use crate::ui::command::{Command, keys};
use crate::ui::facts::number;
use crate::ui::icons::Icon;
use crate::ui::theme::{Type, size, tokens};
use crate::ui::widgets::{Field, focus_ring, galley, inside, paint_tinted, switch};

/// Between two chips.
const GAP: f32 = 6.0;
/// What switch and filter take beside the chips.
const BESIDE: f32 = 400.0;
/// From one line of chips to the next.
const LINE: f32 = size::CONTROL_SMALL + GAP;

/// The chips stand above the rest when one line has no room for all, in short words when they are many.
struct Plan {
    short: bool,
    beside: bool,
    lines: f32,
}

impl Plan {
    fn of(ui: &Ui, found: &Found, room: f32) -> Plan {
        let widths = |short: bool| -> Vec<f32> {
            let chips = Class::ALL.into_iter().zip(found.counts);
            chips.map(|(class, count)| Chip { class, count, short }.width(ui) + GAP).collect()
        };
        let whole = widths(false).iter().sum::<f32>();
        if whole + BESIDE <= room {
            return Plan { short: false, beside: true, lines: 1.0 };
        }
        let short = whole - GAP > room;
        let (mut lines, mut x) = (1.0, 0.0);
        for wide in widths(short) {
            if x + wide - GAP > room {
                (lines, x) = (lines + 1.0, 0.0);
            }
            x += wide;
        }
        Plan { short, beside: false, lines }
    }
}

pub fn show(ui: &mut Ui, found: &Found, list: &mut List) {
    let t = tokens(ui);
    let plan = Plan::of(ui, found, ui.available_width() - 2.0 * size::PADDING);
    let above = if plan.beside { 0.0 } else { plan.lines * LINE };
    let (rect, _) =
        ui.allocate_exact_size(vec2(ui.available_width(), size::TOOLBAR + above + 2.0), Sense::hover());
    ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, t.line));
    let mut bounds = rect.shrink2(vec2(size::PADDING, 7.0));
    if !plan.beside {
        let first = Rect::from_min_size(bounds.min, vec2(bounds.width(), above));
        let layout = Layout::left_to_right(egui::Align::Min).with_main_wrap(true);
        inside(ui, first, layout, |ui| chips(ui, found, list, plan.short));
        bounds.min.y += above;
    }
    inside(ui, bounds, Layout::left_to_right(egui::Align::Center), |ui| {
        if plan.beside {
            chips(ui, found, list, plan.short);
            ui.add_space(12.0);
        }
        let mut on = list.only == Only::Matters;
        let tip = "Shows true content, linkage, and what a signature allows or whose it is";
        if switch(ui, &mut on, "Only what matters", true, tip).changed() {
            list.only = if on { Only::Matters } else { Only::All };
        }
        ui.add_space(8.0);
        let hint = keys(ui.ctx(), Command::Find).unwrap_or_default();
        let field = Field::new("Filter differences", ui.available_width().clamp(80.0, 320.0))
            .icon(Icon::Search)
            .hint("Filter")
            .after(&hint)
            .id(super::filter_id());
        field.show(ui, &mut list.filter);
    });
}

fn chips(ui: &mut Ui, found: &Found, list: &mut List, short: bool) {
    ui.spacing_mut().item_spacing = vec2(GAP, GAP);
    for (class, count) in Class::ALL.into_iter().zip(found.counts) {
        if (Chip { class, count, short }).show(ui, list.only.is_on(class)) {
            list.only.flip(class);
        }
    }
}

/// A class and how many differences are of it.
struct Chip {
    class: Class,
    count: usize,
    short: bool,
}

impl Chip {
    /// Its name and its number, laid out.
    fn words(&self, ui: &Ui) -> [Arc<Galley>; 2] {
        let name = if self.short {
            crate::ui::facts::capital(self.class.word())
        } else {
            self.class.title().to_owned()
        };
        [
            galley(ui, &name, Type::Caption, Color32::PLACEHOLDER),
            galley(ui, &number(self.count as u64), Type::CaptionMedium, Color32::PLACEHOLDER),
        ]
    }

    fn width(&self, ui: &Ui) -> f32 {
        let [name, count] = self.words(ui);
        (26.0 + name.size().x + 6.0 + count.size().x + 8.0).round()
    }

    /// `on` while only this class is listed. Answers whether it was flipped.
    fn show(&self, ui: &mut Ui, on: bool) -> bool {
        let t = tokens(ui);
        let there = self.count > 0;
        let sense = if there { Sense::click() } else { Sense::hover() };
        let (rect, response) = ui.allocate_exact_size(vec2(self.width(ui), size::CONTROL_SMALL), sense);
        let spoken = format!("{}: {}", self.class.title(), number(self.count as u64));
        response.widget_info(|| WidgetInfo::selected(Role::CheckBox, there, on, &spoken));
        let ground = match (on, there && response.hovered()) {
            (true, _) => t.selected,
            (_, true) => t.hover,
            _ => t.panel,
        };
        let edge = Stroke::new(1.0, if on { t.accent } else { t.line });
        ui.painter().rect(rect, size::RADIUS_BADGE, ground, edge, StrokeKind::Inside);
        let (strong, soft, mark) = match there {
            true => (t.text, if on { t.text } else { t.text_soft }, look::tone(self.class).ink(t)),
            false => (t.text_faint, t.text_faint, t.text_faint),
        };
        let y = rect.center().y;
        look::icon(self.class).paint_at(ui.painter(), pos2(rect.left() + 14.0, y), 13.0, mark);
        let [name, count] = self.words(ui);
        let x = paint_tinted(ui, rect.left() + 26.0, y, name, soft);
        paint_tinted(ui, x + 6.0, y, count, strong);
        focus_ring(ui, &response, rect, f32::from(size::RADIUS_BADGE));
        let clicked = response.clicked();
        let response = if there { response.on_hover_cursor(CursorIcon::PointingHand) } else { response };
        let more = if there { "Lists this class, with others that are chosen." } else { "There is none." };
        response.on_hover_text(format!("{}\n{more}", self.class.meaning()));
        clicked
    }
}
