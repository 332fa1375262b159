//! The story, in numbered steps: what happened, who loaded whom, whether it is this build, what to do.

use egui::{Key, Margin, Role, ScrollArea, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

use super::chains::{self, Asked};
use super::remedy::to_do;
use super::shown::first;
use super::words::{lay_out, spoken};
use super::{Told, also};
use crate::triage::{Section, SectionKind, Verdict};
use crate::ui::command::{Action, Outbox};
use crate::ui::facts::tone;
use crate::ui::icons::Icon;
use crate::ui::theme::{Type, size, tokens};
use crate::ui::widgets::{Tone, focus_ring, galley, paint_left, text_name};

/// Where the numbers stand, and where the text begins.
const NUMBER: f32 = 28.0;
const TEXT: f32 = 56.0;
/// Wider than this no line is read with pleasure.
pub const LINE: f32 = 760.0;

/// How the story is told.
pub struct Manner {
    /// Stays the same while the same story is told.
    pub key: (u64, usize),
    /// With what the inspector would tell, which is not in sight.
    pub whole: bool,
    /// The height that it may take.
    pub most: f32,
}

/// Answers the image of the report that was asked for.
pub fn show(ui: &mut Ui, told: &Told<'_>, manner: &Manner, out: &mut Outbox) -> Option<usize> {
    let t = tokens(ui);
    let mut asked = None;
    let id = ui.scope_id().with("story");
    let keys = scrolled_by(ui, id);
    let area = ScrollArea::vertical()
        .id_salt(("story", manner.key))
        .max_height(manner.most)
        .auto_shrink([false, true]);
    let shown = area.show(ui, |ui| {
        if keys != 0.0 {
            ui.scroll_with_delta(vec2(0.0, keys));
        }
        ui.add_space(14.0);
        let sections = told.triage.story.sections.iter();
        let steps = sections.filter(|section| manner.whole || section.kind != SectionKind::AlsoThere);
        let steps: Vec<&Section> = steps.collect();
        for (at, section) in steps.iter().enumerate() {
            step(ui, at + 1, section.kind.title(), at + 1 == steps.len(), |ui| {
                if let Some(image) = body(ui, told, section, out) {
                    asked = Some(image);
                }
            });
        }
        ui.add_space(4.0);
    });
    let mut rect = shown.inner_rect;
    rect.max.y = ui.cursor().top();
    let focus = ui.interact(rect, id, Sense::focusable_noninteractive());
    focus.widget_info(|| WidgetInfo::labeled(Role::Document, true, &told.triage.story.headline));
    focus_ring(ui, &focus, rect.shrink(3.0), 4.0);
    ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, t.line));
    asked
}

/// How far the keys scroll the story while it has the focus.
fn scrolled_by(ui: &Ui, id: egui::Id) -> f32 {
    let filter = egui::EventFilter { vertical_arrows: true, ..egui::EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(id, filter));
    if !ui.memory(|memory| memory.has_focus(id)) {
        return 0.0;
    }
    let steps =
        [(Key::ArrowDown, -48.0), (Key::ArrowUp, 48.0), (Key::PageDown, -200.0), (Key::PageUp, 200.0)];
    let pressed = |key: Key| ui.input_mut(|input| input.consume_key(egui::Modifiers::NONE, key));
    steps.into_iter().filter(|(key, _)| pressed(*key)).map(|(_, by)| by).sum()
}

/// One step: its number in a circle, its title, what is in it, and the line to the next.
fn step(ui: &mut Ui, number: usize, title: &str, last: bool, body: impl FnOnce(&mut Ui)) {
    let t = tokens(ui);
    let top = ui.cursor().top();
    let left = ui.max_rect().left();
    let margin = Margin { left: TEXT as i8, right: size::PADDING as i8, top: 0, bottom: 0 };
    egui::Frame::new().inner_margin(margin).show(ui, |ui| {
        ui.set_width(ui.available_width());
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 24.0), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Heading, true, title));
        paint_left(ui, rect.left(), rect.center().y, galley(ui, title, Type::Heading, t.text));
        ui.add_space(2.0);
        body(ui);
    });
    let center = pos2(left + NUMBER, top + 12.0);
    ui.painter().circle_filled(center, 11.0, t.raised);
    let digit = galley(ui, &number.to_string(), Type::CaptionMedium, t.text_soft);
    paint_left(ui, center.x - digit.size().x / 2.0, center.y, digit);
    ui.add_space(12.0);
    let end = ui.cursor().top() - 4.0;
    if !last && end - center.y > 22.0 {
        ui.painter().vline(center.x, center.y + 17.0..=end, Stroke::new(1.0, t.line));
    }
}

fn body(ui: &mut Ui, told: &Told<'_>, section: &Section, out: &mut Outbox) -> Option<usize> {
    let finding = first(told.triage);
    match section.kind {
        SectionKind::WhatHappened => {
            let lead = finding.map_or("", |finding| finding.title.as_str());
            section.lines.iter().for_each(|line| sentence(ui, told, line, lead));
        }
        SectionKind::WhoLoadedWhom => {
            let asked = who(ui, told, out);
            section.lines.iter().for_each(|line| sentence(ui, told, line, ""));
            return asked;
        }
        SectionKind::ThisBuild => section.lines.iter().for_each(|line| verdict(ui, told, line)),
        SectionKind::WhatToDo => to_do(ui, told, &section.lines, out),
        SectionKind::AlsoThere => also::show(ui, told, out),
        SectionKind::Unread => section.lines.iter().for_each(|line| sentence(ui, told, line, "")),
    }
    None
}

/// A sentence over the width there is.
pub fn sentence(ui: &mut Ui, told: &Told<'_>, text: &str, lead: &str) {
    let words = lay_out(ui, text, lead, &told.shown.spaced, Type::Body, ui.available_width().min(LINE));
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), words.size().y), Sense::hover());
    text_name(&response, &spoken(text));
    ui.painter().galley(rect.min, words, tokens(ui).text);
    ui.add_space(4.0);
}

fn who(ui: &mut Ui, told: &Told<'_>, out: &mut Outbox) -> Option<usize> {
    if told.shown.chains.is_empty() {
        return None;
    }
    ui.add_space(4.0);
    let tone = first(told.triage).map_or(Tone::Quiet, |finding| tone(finding.severity));
    let asked = chains::show(ui, &told.shown.chains, told.shown.bond.as_ref(), tone);
    ui.add_space(8.0);
    match asked? {
        Asked::Target((image, name)) => {
            out.push(Action::ShowInTree(image, name));
            None
        }
        Asked::Image(at) => Some(at),
    }
}

/// How a verdict about the build is marked.
pub fn verdict_mark(verdict: Verdict) -> (Icon, Tone) {
    match verdict {
        Verdict::Same => (Icon::Good, Tone::Good),
        Verdict::Partly | Verdict::Other => (Icon::Warning, Tone::Warning),
        Verdict::Unknown => (Icon::Note, Tone::Note),
    }
}

fn verdict(ui: &mut Ui, told: &Told<'_>, line: &str) {
    let Some(tie) = &told.triage.tie else { return sentence(ui, told, line, "") };
    let (icon, tone) = verdict_mark(tie.verdict);
    let left = ui.cursor().left_top();
    icon.paint_at(ui.painter(), left + vec2(8.0, 9.0), 15.0, tone.ink(tokens(ui)));
    let margin = Margin { left: 22, ..Margin::ZERO };
    egui::Frame::new().inner_margin(margin).show(ui, |ui| sentence(ui, told, line, ""));
}
