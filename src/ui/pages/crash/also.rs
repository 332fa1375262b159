//! What the story is not about: the other findings, each with its severity, its words and what to do.

use egui::{Sense, Ui, pos2, vec2};

use super::Told;
use super::remedy::{advice, links};
use super::shown::first;
use super::words::{lay_out, spoken};
use crate::triage::{Finding, Rule, Triage};
use crate::ui::command::Outbox;
use crate::ui::icons::Icon;
use crate::ui::pages::overview::severity_icon;
use crate::ui::theme::{Type, tokens};
use crate::ui::widgets::{Tone, text_name, wrapped};

/// Where the words stand beside the icon.
const TEXT: f32 = 24.0;
/// Wider than this no line is read with pleasure.
const LINE: f32 = 720.0;

pub fn others(triage: &Triage) -> Vec<&Finding> {
    let told = usize::from(first(triage).is_some());
    triage.findings.iter().skip(told).filter(|finding| finding.rule != Rule::OtherBuild).collect()
}

pub fn show(ui: &mut Ui, told: &Told<'_>, out: &mut Outbox) {
    for finding in others(told.triage) {
        let tied = told.is_tied();
        let advices: Vec<_> = finding.advice.iter().map(|line| advice(line, Some(finding))).collect();
        let texts = finding.advice.iter().zip(&advices);
        let texts = texts.map(|(line, advice)| if tied { advice.text.as_str() } else { line.as_str() });
        let lines: Vec<&str> = std::iter::once(finding.message.as_str()).chain(texts).collect();
        marked(ui, told, severity_icon(finding.severity), &finding.title, &lines);
        if let Some(advice) = advices.iter().find(|advice| tied && advice.offer.is_some()) {
            let margin = egui::Margin { left: TEXT as i8, ..egui::Margin::ZERO };
            egui::Frame::new().inner_margin(margin).show(ui, |ui| links(ui, told, advice, None, out));
        }
        ui.add_space(4.0);
    }
}

/// An icon, a line beside it, and smaller ones below.
pub fn marked(ui: &mut Ui, told: &Told<'_>, (icon, tone): (Icon, Tone), title: &str, lines: &[&str]) {
    let t = tokens(ui);
    let room = (ui.available_width() - TEXT).min(LINE);
    let title_words = wrapped(ui, title, Type::Body, t.text, room);
    let below: Vec<_> = lines
        .iter()
        .filter(|line| !line.is_empty())
        .map(|line| lay_out(ui, line, "", &told.shown.spaced, Type::Caption, room))
        .collect();
    let high = title_words.size().y + below.iter().map(|line| line.size().y + 2.0).sum::<f32>();
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), high + 6.0), Sense::hover());
    let all: Vec<String> = std::iter::once(title).chain(lines.iter().copied()).map(spoken).collect();
    text_name(&response, all.join(" ").trim_end());
    icon.paint_at(ui.painter(), pos2(rect.left() + 8.0, rect.top() + 9.0), 15.0, tone.ink(t));
    let mut y = rect.top();
    for words in std::iter::once(title_words).chain(below) {
        let high = words.size().y + 2.0;
        ui.painter().galley(pos2(rect.left() + TEXT, y), words, t.text);
        y += high;
    }
}
