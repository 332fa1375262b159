//! The story, in numbered steps: what happened, who loaded whom, whether it is this build, what to do.

use egui::{Key, Margin, Rect, Role, ScrollArea, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

use super::chains::{self, Asked};
use super::shown::{Shown, first};
use super::words::{lay_out, spoken};
use crate::fix::Selection;
use crate::triage::{FixChoice, Section, SectionKind, Triage, Verdict};
use crate::ui::command::{Action, Command, Outbox};
use crate::ui::facts::tone;
use crate::ui::icons::Icon;
use crate::ui::state::Opened;
use crate::ui::theme::{Type, size, tokens};
use crate::ui::widgets::{Button, Tone, focus_ring, galley, name, paint_left, paint_right};

/// Where the numbers stand, and where the text begins.
const NUMBER: f32 = 28.0;
const TEXT: f32 = 56.0;
/// Wider than this no line is read with pleasure.
const LINE: f32 = 760.0;
/// Below this width the button stands under what it does.
const BESIDE: f32 = 560.0;

/// What the story is told of.
pub struct Tale<'a> {
    pub triage: &'a Triage,
    pub shown: &'a Shown,
    pub opened: Option<&'a Opened>,
    pub busy: bool,
    /// With what the inspector would tell, which is not in sight.
    pub whole: bool,
    /// The height that it may take.
    pub most: f32,
}

/// Answers the image of the report that was asked for. `key` stays the same while the same story is told.
pub fn show(ui: &mut Ui, tale: &Tale<'_>, key: (u64, usize), out: &mut Outbox) -> Option<usize> {
    let t = tokens(ui);
    let mut asked = None;
    let id = ui.scope_id().with("story");
    let keys = scrolled_by(ui, id);
    let area =
        ScrollArea::vertical().id_salt(("story", key)).max_height(tale.most).auto_shrink([false, true]);
    let shown = area.show(ui, |ui| {
        if keys != 0.0 {
            ui.scroll_with_delta(vec2(0.0, keys));
        }
        ui.add_space(14.0);
        let sections = tale.triage.story.sections.iter();
        let told = sections.filter(|section| tale.whole || section.kind != SectionKind::AlsoThere);
        let told: Vec<&Section> = told.collect();
        for (at, section) in told.iter().enumerate() {
            step(ui, at + 1, section.kind.title(), at + 1 == told.len(), |ui| {
                if let Some(image) = body(ui, tale, section, out) {
                    asked = Some(image);
                }
            });
        }
        ui.add_space(4.0);
    });
    let mut rect = shown.inner_rect;
    rect.max.y = ui.cursor().top();
    let focus = ui.interact(rect, id, Sense::focusable_noninteractive());
    focus.widget_info(|| WidgetInfo::labeled(Role::Document, true, &tale.triage.story.headline));
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

fn body(ui: &mut Ui, tale: &Tale<'_>, section: &Section, out: &mut Outbox) -> Option<usize> {
    let finding = first(tale.triage);
    match section.kind {
        SectionKind::WhatHappened => {
            let lead = finding.map_or("", |finding| finding.title.as_str());
            section.lines.iter().for_each(|line| sentence(ui, tale, line, lead));
        }
        SectionKind::WhoLoadedWhom => {
            let asked = who(ui, tale, out);
            section.lines.iter().for_each(|line| sentence(ui, tale, line, ""));
            return asked;
        }
        SectionKind::ThisBuild => section.lines.iter().for_each(|line| verdict(ui, tale, line)),
        SectionKind::WhatToDo => to_do(ui, tale, &section.lines, out),
        SectionKind::AlsoThere | SectionKind::Unread => {
            section.lines.iter().for_each(|line| sentence(ui, tale, line, ""));
        }
    }
    None
}

/// A sentence over the width there is.
fn sentence(ui: &mut Ui, tale: &Tale<'_>, text: &str, lead: &str) {
    let words = lay_out(ui, text, lead, &tale.shown.spaced, Type::Body, ui.available_width().min(LINE));
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), words.size().y), Sense::hover());
    name(&response, &spoken(text));
    ui.painter().galley(rect.min, words, tokens(ui).text);
    ui.add_space(4.0);
}

fn who(ui: &mut Ui, tale: &Tale<'_>, out: &mut Outbox) -> Option<usize> {
    if tale.shown.chains.is_empty() {
        return None;
    }
    ui.add_space(4.0);
    let tone = first(tale.triage).map_or(Tone::Quiet, |finding| tone(finding.severity));
    let asked = chains::show(ui, &tale.shown.chains, tale.shown.bond.as_ref(), tone);
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

fn verdict(ui: &mut Ui, tale: &Tale<'_>, line: &str) {
    let Some(tie) = &tale.triage.tie else { return sentence(ui, tale, line, "") };
    let (icon, tone) = verdict_mark(tie.verdict);
    let left = ui.cursor().left_top();
    icon.paint_at(ui.painter(), left + vec2(8.0, 9.0), 15.0, tone.ink(tokens(ui)));
    indented(ui, 22.0, |ui| sentence(ui, tale, line, ""));
}

fn indented(ui: &mut Ui, by: f32, contents: impl FnOnce(&mut Ui)) {
    let margin = Margin { left: by as i8, ..Margin::ZERO };
    egui::Frame::new().inner_margin(margin).show(ui, contents);
}

/// What a person must do, and the button that does what can be done for him.
fn to_do(ui: &mut Ui, tale: &Tale<'_>, lines: &[String], out: &mut Outbox) {
    let fix = fix(tale);
    let whole = ui.available_width();
    let wide = fix.as_ref().map_or(0.0, |_| fix_button(tale).measure(ui));
    let beside = fix.is_some() && whole >= BESIDE;
    let top = ui.cursor().top();
    let text = if beside { (whole - wide - 24.0).min(LINE) } else { whole };
    ui.allocate_ui_with_layout(vec2(text, 0.0), egui::Layout::top_down(egui::Align::Min), |ui| {
        ui.set_width(text);
        for (at, line) in lines.iter().enumerate() {
            if lines.len() == 1 {
                sentence(ui, tale, line, "");
                continue;
            }
            let number = galley(ui, &format!("{}.", at + 1), Type::Body, tokens(ui).text_faint);
            let start = ui.cursor().left_top();
            paint_right(ui, start.x + 16.0, start.y + 9.0, number);
            indented(ui, 22.0, |ui| sentence(ui, tale, line, ""));
        }
    });
    let Some(selection) = fix else { return };
    if beside {
        let left = ui.max_rect().left() + text + 24.0;
        let place = Rect::from_min_size(pos2(left, top), vec2(wide, size::CONTROL_LARGE));
        let layout = egui::Layout::top_down(egui::Align::Center);
        crate::ui::widgets::inside(ui, place, layout, |ui| buttons(ui, tale, selection, out));
        let short = place.bottom() - ui.cursor().top();
        if short > 0.0 {
            ui.add_space(short);
        }
    } else {
        ui.add_space(4.0);
        buttons(ui, tale, selection, out);
    }
}

fn fix_button<'a>(tale: &Tale<'_>) -> Button<'a> {
    Button::new("Fix in bundle…").icon(Icon::Wrench).filled().large().enabled(!tale.busy)
}

fn buttons(ui: &mut Ui, tale: &Tale<'_>, selection: Selection, out: &mut Outbox) {
    ui.spacing_mut().item_spacing.y = 4.0;
    let fix = fix_button(tale)
        .tip("Plans the repair in the open bundle and shows every edit; nothing is written yet");
    if fix.show(ui).clicked() {
        out.push(Action::Plan(selection));
    }
    if fixes(tale.triage) > 1 {
        let all = Button::new("Everything at once…").link().enabled(!tale.busy);
        let all = all.tip("Plans the repair of all that the bundle has wrong, not of this one fault alone");
        if all.show(ui).clicked() {
            out.push(Action::Run(Command::ReviewFixes));
        }
    }
}

/// The engine's repair of what the story is about, while its bundle is open.
fn fix(tale: &Tale<'_>) -> Option<Selection> {
    tale.opened?;
    tale.triage.tie.as_ref()?;
    let fix = first(tale.triage)?.fix()?;
    Some(match &fix.choice {
        FixChoice::Reference { image, name } => {
            Selection::Reference { image: image.clone(), name: name.clone() }
        }
        FixChoice::Rule(rule) => Selection::Rules(vec![(*rule).to_owned()]),
    })
}

/// How many repairs there are for what the story is about.
fn fixes(triage: &Triage) -> usize {
    let culprits = first(triage).map_or(&[][..], |finding| &finding.culprits);
    let commands = culprits.iter().filter_map(|culprit| Some(culprit.fix.as_ref()?.command.as_str()));
    commands.collect::<std::collections::BTreeSet<_>>().len()
}
