//! The walk in the inspector: what it comes to, step by step why, and what dyld would print.

use std::sync::Arc;

use egui::{CursorIcon, Galley, Role, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

use super::View as Page;
use super::inspector::section;
use super::tree::{What, missing};
use crate::dyld::laws;
use crate::dyld::walk::{self, Fact, Mark, Note, Step, Walk};
use crate::ui::command::{Action, Outbox};
use crate::ui::icons::Icon;
use crate::ui::pages::overview::one_place_a_line;
use crate::ui::state::Opened;
use crate::ui::theme::{Tokens, Type, size, tokens};
use crate::ui::widgets::{
    Button, Tone, callout, focus_ring, galley, mono_block, paint_left, paragraph, path_lines, switch, wrapped,
};

pub struct View {
    /// Whether the steps say why.
    pub explained: bool,
    /// The node that the walk is about.
    node: Option<usize>,
    walk: Option<Walk>,
    /// What dyld says of the launch, when the node is what starts it.
    pub says: Option<String>,
    /// What the reference comes to on the other Macs, and whether that is well.
    elsewhere: Vec<(String, bool)>,
}

impl Default for View {
    fn default() -> Self {
        View { explained: true, node: None, walk: None, says: None, elsewhere: Vec::new() }
    }
}

impl View {
    pub fn forget(&mut self) {
        self.node = None;
    }
}

impl Page {
    /// Works out the walk of the selected reference when another one was shown.
    pub fn refresh_walk(&mut self, opened: &Opened, node: usize) {
        if self.walk.node == Some(node) {
            return;
        }
        let (graph, bundle) = (self.graph(opened), &opened.inspection.bundle);
        let found = match self.tree.nodes[node].what {
            What::Reference { launch, load, dependency } => graph
                .launches
                .get(launch)
                .and_then(|launch| Some((launch, walk::walk(bundle, graph, launch, load, dependency)?))),
            _ => None,
        };
        let others = [&opened.inspection.clean, &opened.inspection.build].into_iter().chain(&opened.homebrew);
        let elsewhere = match &found {
            Some((launch, walk)) => others
                .filter(|other| other.place != graph.place)
                .map(|other| walk::elsewhere(bundle, other, launch, walk))
                .collect(),
            None => Vec::new(),
        };
        let says = match self.tree.nodes[node].what {
            What::Entry { launch: at } => graph.launches.get(at).and_then(|launch| {
                let missing = missing(&opened.inspection, graph, at);
                crate::dyld::launch::verdict(bundle, graph, launch, missing).message
            }),
            _ => None,
        };
        let explained = self.walk.explained;
        let walk = found.map(|(_, walk)| walk);
        self.walk = View { explained, node: Some(node), walk, says, elsewhere };
    }
}

pub fn show(ui: &mut Ui, explained: &mut bool, view: &View, out: &mut Outbox) {
    let Some(walk) = &view.walk else { return };
    outcome(ui, view, walk, out);
    section(ui, "How dyld finds it");
    switch(ui, explained, "Explain each step", true, "Says why dyld does what it does");
    ui.add_space(8.0);
    let deciding = walk.steps.iter().position(|step| step.mark.decides());
    let last = walk.steps.len().saturating_sub(1);
    for (index, one) in walk.steps.iter().enumerate() {
        step(ui, index, one, *explained, deciding == Some(index), index < last, out);
    }
    if let Some(says) = &walk.says {
        section(ui, if says.first { "What dyld prints" } else { "What dyld would print" });
        if !says.first {
            let t = tokens(ui);
            paragraph(
                ui,
                "Another fault comes first; by itself this one prints:",
                Type::Caption,
                t.text_soft,
            );
            ui.add_space(4.0);
        }
        mono_block(ui, &one_place_a_line(&says.message), None);
    }
    ui.add_space(12.0);
    ui.horizontal(|ui| {
        let copy = |ui: &mut Ui, name: &str, tip: &str| {
            Button::new(name).icon(Icon::Copy).small().tip(tip).show(ui).clicked()
        };
        if copy(ui, "Copy as text", "Copies the whole walk, as `bundlewright why` prints it") {
            out.push(Action::Copy(walk::plain(walk, *explained)));
        }
        if copy(ui, "Copy as Markdown", "Copies the whole walk, for an issue or a lesson") {
            out.push(Action::Copy(walk::markdown(walk)));
        }
    });
}

/// What it comes to here, what follows, and what it comes to elsewhere.
fn outcome(ui: &mut Ui, view: &View, walk: &Walk, out: &mut Outbox) {
    section(ui, "What happens");
    let (icon, tone) = look_of_end(walk);
    callout(ui, tone, icon, &format!("On {} {}", walk.place, walk.end.words));
    for note in &walk.notes {
        ui.add_space(6.0);
        consequence(ui, note, out);
    }
    for (words, well) in &view.elsewhere {
        ui.add_space(6.0);
        let (icon, tone) = if *well { (Icon::Good, Tone::Good) } else { (Icon::Warning, Tone::Warning) };
        said(ui, icon, tone, words);
    }
}

fn look_of_end(walk: &Walk) -> (Icon, Tone) {
    use crate::dyld::Resolution;
    match &walk.end.resolution {
        _ if walk.end.fatal => (Icon::Error, Tone::Error),
        Resolution::Missing => (Icon::Note, Tone::Note),
        Resolution::External(_) => (Icon::Warning, Tone::Warning),
        Resolution::Bundled(_) | Resolution::System(_) => (Icon::Good, Tone::Good),
    }
}

fn consequence(ui: &mut Ui, note: &Note, out: &mut Outbox) {
    if !note.fault {
        return said(ui, Icon::Link, Tone::Quiet, &note.words);
    }
    callout(ui, Tone::Error, Icon::Twin, &note.words);
    ui.add_space(4.0);
    for fact in &note.facts {
        facts_line(ui, fact);
    }
    if let Some(law) = note.law {
        law_link(ui, law, 0.0, out);
    }
}

/// An icon and words that wrap.
fn said(ui: &mut Ui, icon: Icon, tone: Tone, words: &str) {
    let t = tokens(ui);
    let text = wrapped(ui, words, Type::Caption, t.text_soft, ui.available_width() - 20.0);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), text.size().y), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, words));
    icon.paint_at(ui.painter(), pos2(rect.left() + 6.0, rect.top() + 8.0), size::ICON_SMALL, tone.ink(t));
    ui.painter().galley(pos2(rect.left() + 20.0, rect.top()), text, t.text_soft);
}

fn facts_line(ui: &mut Ui, fact: &Fact) {
    let t = tokens(ui);
    let lines = fact_lines(ui, fact, ui.available_width(), t);
    let height: f32 = lines.iter().map(|line| line.size().y).sum();
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{}: {}", fact.label, fact.text)));
    let mut y = rect.top();
    for line in lines {
        let high = line.size().y;
        ui.painter().galley(pos2(rect.left(), y), line, t.text);
        y += high;
    }
}

/// The label small, the text below it in mono.
fn fact_lines(ui: &Ui, fact: &Fact, width: f32, t: &Tokens) -> [Arc<Galley>; 2] {
    [
        wrapped(ui, fact.label, Type::Caption, t.text_faint, width),
        path_lines(ui, &fact.text, Type::Mono, t.text, width),
    ]
}

fn look(mark: Mark) -> (Icon, Tone) {
    match mark {
        Mark::Asked => (Icon::ArrowRight, Tone::Quiet),
        Mark::No => (Icon::Close, Tone::Quiet),
        Mark::Found => (Icon::Good, Tone::Good),
        Mark::Reused => (Icon::Link, Tone::Good),
        Mark::Refused => (Icon::Error, Tone::Error),
        Mark::Skipped => (Icon::Quiet, Tone::Quiet),
    }
}

fn step(
    ui: &mut Ui,
    index: usize,
    step: &Step,
    explained: bool,
    deciding: bool,
    more: bool,
    out: &mut Outbox,
) {
    const LEFT: f32 = 32.0;
    let t = tokens(ui);
    let top = ui.cursor().top();
    let width = ui.available_width() - LEFT;
    let (icon, tone) = look(step.mark);
    let mut lines = vec![galley(ui, &step.title, Type::BodyMedium, t.text)];
    if explained && !step.why.is_empty() {
        lines.push(wrapped(ui, &step.why, Type::Caption, t.text_soft, width));
    }
    lines.extend(step.facts.iter().flat_map(|fact| fact_lines(ui, fact, width, t)));
    let ink = if tone == Tone::Quiet { t.text_soft } else { tone.ink(t) };
    let kind = if deciding { Type::CaptionMedium } else { Type::Caption };
    let answer = wrapped(ui, &step.answer, kind, ink, width - 18.0);
    let height = lines.iter().map(|line| line.size().y).sum::<f32>() + answer.size().y + 6.0;
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
    let facts: String = step.facts.iter().map(|fact| format!(" {}: {}.", fact.label, fact.text)).collect();
    let spoken = format!("Step {}: {}.{facts} {}", index + 1, step.title, step.answer);
    response.widget_info(|| WidgetInfo::labeled(Role::ListItem, true, &spoken));
    let mut y = rect.top() + 1.0;
    for line in lines {
        let high = line.size().y;
        ui.painter().galley(pos2(rect.left() + LEFT, y), line, t.text);
        y += high;
    }
    y += 2.0;
    icon.paint_at(ui.painter(), pos2(rect.left() + LEFT + 6.0, y + 8.0), size::ICON_SMALL, tone.ink(t));
    ui.painter().galley(pos2(rect.left() + LEFT + 18.0, y), answer, t.text);
    if let (true, Some(law)) = (explained, step.law) {
        law_link(ui, law, LEFT, out);
    }
    ui.add_space(10.0);
    number(ui, index, (deciding, tone), (rect.left(), top), more);
}

/// The step's number in its ring, and the line to the next one.
fn number(ui: &Ui, index: usize, (deciding, tone): (bool, Tone), (left, top): (f32, f32), more: bool) {
    let t = tokens(ui);
    let center = pos2(left + 10.0, top + 10.0);
    if more {
        let end = ui.cursor().top() - 2.0;
        ui.painter().vline(center.x, center.y + 14.0..=end, Stroke::new(1.0, t.line));
    }
    let (ring, ground) = if deciding { (tone.ink(t), tone.tint(t)) } else { (t.line, t.raised) };
    ui.painter().circle(center, 9.5, ground, Stroke::new(if deciding { 1.5 } else { 1.0 }, ring));
    let ink = if deciding { tone.ink(t) } else { t.text_soft };
    let number = galley(ui, &(index + 1).to_string(), Type::CaptionMedium, ink);
    paint_left(ui, center.x - number.size().x / 2.0, center.y, number);
}

/// A link to the law that explains a step.
fn law_link(ui: &mut Ui, id: &'static str, left: f32, out: &mut Outbox) {
    let Some(law) = laws::all().find(|law| law.id == id) else { return };
    let t = tokens(ui);
    let title = law.title().replace('`', "");
    let words = wrapped(ui, &title, Type::Caption, t.accent, ui.available_width() - left - 18.0);
    let (rect, response) =
        ui.allocate_exact_size(vec2(ui.available_width(), words.size().y + 2.0), Sense::hover());
    drop(response);
    let place = egui::Rect::from_min_size(
        pos2(rect.left() + left, rect.top() + 1.0),
        vec2(words.size().x + 18.0, words.size().y),
    );
    let response = ui.interact(place, ui.scope_id().with(("law", id, rect.top() as i32)), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Link, true, format!("Law: {title}")));
    Icon::Book.paint_at(
        ui.painter(),
        pos2(place.left() + 6.0, place.top() + 8.0),
        size::ICON_SMALL,
        t.accent,
    );
    if response.hovered() {
        let bottom = place.bottom() - 1.0;
        ui.painter().hline(place.left() + 18.0..=place.right(), bottom, Stroke::new(1.0, t.accent));
    }
    ui.painter().galley(pos2(place.left() + 18.0, place.top()), words, t.accent);
    focus_ring(ui, &response, place, 4.0);
    if response.clicked() {
        out.push(Action::Read(id));
    }
    response.on_hover_cursor(CursorIcon::PointingHand).on_hover_text("Opens the law in the manual");
}
