//! The signatures of a plan, and what each keeps, gets and loses.

use egui::{Margin, Rect, ScrollArea, Stroke, Ui};

use super::sign::View;
use super::{called, flag_words, paint_called};
use crate::codesign::SignStep;
use crate::ui::facts::counted;
use crate::ui::icons::Icon;
use crate::ui::state::Opened;
use crate::ui::theme::{Type, size, tokens};
use crate::ui::widgets::{
    Status, Tone, cut, label, paint_left, paragraph, property_path, property_text, tree_table, wrapped,
};

const TABLE: &str = "sign-steps";

fn named<'a>(step: &'a SignStep, opened: &'a Opened) -> &'a str {
    if step.path.is_root() { &opened.inspection.bundle.name } else { step.path.as_str() }
}

/// What is worth a second look at a step.
fn status(step: &SignStep) -> Status {
    match (step.warnings.len(), step.drops.len(), step.adds.len()) {
        (0, 0, 0) => Status { word: "Renewed".to_owned(), ..Status::found() },
        (0, 0, more) => Status { word: format!("Gets {more}"), ..Status::found() },
        (0, fewer, _) => Status::new(Icon::Note, Tone::Note, format!("Loses {fewer}")),
        (warnings, ..) => Status::new(Icon::Warning, Tone::Warning, counted(warnings, "warning")),
    }
}

pub fn table(ui: &mut Ui, view: &mut View, steps: &[SignStep], opened: &Opened, called: &mut bool) {
    let wide = ui.available_width();
    let state_at = wide - 132.0;
    let identifier_at = (wide >= 520.0).then_some((wide * 0.5).round());
    let mut heads = vec![("Code", 16.0), ("Change", state_at)];
    heads.extend(identifier_at.map(|x| ("Identifier", x)));
    tree_table::heads(ui, &heads);
    let table = tree_table::Table {
        salt: TABLE,
        name: "Signatures to be made",
        rows: steps.len(),
        row_height: size::ROW,
        selected: Some(view.selected),
        reveal: false,
    };
    let event = tree_table::show(
        ui,
        &table,
        |row| tree_table::Row {
            key: row as u64,
            depth: 0,
            open: None,
            spoken: format!("{}, {}", named(&steps[row], opened), status(&steps[row]).word),
            heading: false,
            twin: false,
        },
        |ui, row, rect| paint(ui, &steps[row], opened, rect, identifier_at, state_at),
    );
    use tree_table::Event;
    if let Some(Event::Select(row) | Event::Activate(row)) = event {
        view.selected = row;
        *called &= !matches!(event, Some(Event::Activate(_)));
    }
}

fn paint(ui: &Ui, step: &SignStep, opened: &Opened, rect: Rect, identifier_at: Option<f32>, state_at: f32) {
    let t = tokens(ui);
    let y = rect.center().y;
    let end = identifier_at.unwrap_or(state_at);
    paint_called(ui, rect.left() + 16.0, rect.left() + end - 12.0, rect, &step.path, opened);
    if let Some(x) = identifier_at {
        let words = cut(ui, &step.identifier, Type::Mono, t.text_soft, state_at - x - 12.0);
        paint_left(ui, rect.left() + x, y, words);
    }
    status(step).paint(ui, rect.left() + state_at, y, rect.width() - state_at - 8.0);
}

/// The four lists of a step that are not empty.
fn lists(step: &SignStep) -> impl Iterator<Item = (&'static str, Icon, Tone, &[String])> {
    [
        ("Mind", Icon::Warning, Tone::Warning, &step.warnings[..]),
        ("Loses", Icon::Note, Tone::Note, &step.drops[..]),
        ("Gets", Icon::Good, Tone::Good, &step.adds[..]),
        ("Keeps", Icon::Good, Tone::Good, &step.keeps[..]),
    ]
    .into_iter()
    .filter(|(.., texts)| !texts.is_empty())
}

const HEAD: f32 = 118.0;

/// How high the particulars are, at most `most`.
pub fn height(ui: &Ui, step: &SignStep, most: f32) -> f32 {
    let t = tokens(ui);
    let room = ui.available_width() - 32.0 - 84.0 - 22.0;
    let lines = lists(step).flat_map(|(.., texts)| texts);
    let texts: f32 = lines.map(|text| wrapped(ui, text, Type::Body, t.text, room).size().y + 6.0).sum();
    (HEAD + texts).min(most.max(96.0))
}

/// What one signature keeps, gets and loses.
pub fn particulars(ui: &mut Ui, step: &SignStep, opened: &Opened) {
    let t = tokens(ui);
    let edge = ui.max_rect();
    ScrollArea::vertical().id_salt(("sign-step", &step.path)).auto_shrink(false).show(ui, |ui| {
        egui::Frame::new().inner_margin(Margin::symmetric(16, 12)).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            label(ui, called(&step.path, opened).0, Type::Heading, t.text);
            ui.add_space(4.0);
            property_path(ui, "Identifier", &step.identifier);
            property_text(ui, "Flags", &flag_words(step.flags));
            for (title, icon, tone, texts) in lists(step) {
                for (at, text) in texts.iter().enumerate() {
                    line(ui, if at == 0 { title } else { "" }, icon, tone, text);
                }
            }
        });
    });
    ui.painter().hline(edge.x_range(), edge.top() + 0.5, Stroke::new(1.0, t.line));
}

fn line(ui: &mut Ui, title: &str, icon: Icon, tone: Tone, text: &str) {
    let t = tokens(ui);
    let (left, top) = (ui.max_rect().left(), ui.cursor().top() + 3.0);
    ui.add_space(3.0);
    ui.horizontal_top(|ui| {
        ui.add_space(84.0 + 22.0);
        ui.vertical(|ui| paragraph(ui, text, Type::Body, t.text));
    });
    ui.add_space(3.0);
    paint_left(ui, left, top + 9.0, cut(ui, title, Type::Body, t.text_faint, 80.0));
    icon.paint_at(ui.painter(), egui::pos2(left + 84.0 + 7.0, top + 9.0), 14.0, tone.ink(t));
}
