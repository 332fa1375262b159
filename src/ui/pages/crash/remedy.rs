//! What a person must do, and what the window can do in his place: a command of the story becomes a button.

use egui::{Margin, Rect, Ui, pos2, vec2};

use super::Told;
use super::shown::first;
use super::story::{LINE, sentence};
use super::words::COMMAND;
use crate::fix::Selection;
use crate::triage::{Finding, Fix, FixChoice};
use crate::ui::command::{Action, Command, Outbox};
use crate::ui::icons::Icon;
use crate::ui::theme::{Type, size, tokens};
use crate::ui::widgets::{Button, galley, inside, paint_right};

/// Below this width the button stands under what it does.
const BESIDE: f32 = 560.0;

/// A sentence of advice; its command, where it ends in one, is for other windows than this.
#[derive(Debug, Clone, PartialEq)]
pub struct Advice<'a> {
    pub text: String,
    pub command: Option<&'a str>,
    pub offer: Option<Offer>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Offer {
    Fix(Selection),
    Everything,
}

/// `line` as the window shows it while the bundle is open.
pub fn advice<'a>(line: &'a str, finding: Option<&Finding>) -> Advice<'a> {
    let at = line.find(COMMAND).filter(|at| !line[..*at].contains('`'));
    let Some(at) = at else { return Advice { text: line.to_owned(), command: None, offer: None } };
    let (head, command) = (&line[..at], &line[at + 2..]);
    let text = match head.strip_suffix("Do it with") {
        Some(text) => text.trim_end().to_owned(),
        None => format!("{head}."),
    };
    let fixes = finding.into_iter().flat_map(|finding| &finding.culprits).filter_map(|one| one.fix.as_ref());
    let fix = fixes.into_iter().find(|fix| fix.command == command);
    let offer = match fix {
        Some(fix) => Some(Offer::Fix(selection(fix))),
        None => command.starts_with("bundlewright fix ").then_some(Offer::Everything),
    };
    Advice { text, command: Some(command), offer }
}

fn selection(fix: &Fix) -> Selection {
    match &fix.choice {
        FixChoice::Reference { image, name } => {
            Selection::Reference { image: image.clone(), name: name.clone() }
        }
        FixChoice::Rule(rule) => Selection::Rules(vec![(*rule).to_owned()]),
    }
}

/// Small buttons for what an advice offers; `told_already` is what the filled button does.
pub fn links(
    ui: &mut Ui,
    told: &Told<'_>,
    advice: &Advice<'_>,
    told_already: Option<&Selection>,
    out: &mut Outbox,
) {
    if advice.command.is_none() {
        return;
    }
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 12.0;
        match &advice.offer {
            Some(Offer::Fix(selection)) if Some(selection) != told_already => {
                let plan = Button::new("Plan this…").icon(Icon::Wrench).link().enabled(!told.busy);
                if plan.tip("Plans this repair in the open bundle and shows every edit").show(ui).clicked() {
                    out.push(Action::Plan(selection.clone()));
                }
            }
            Some(Offer::Everything) => {
                let all = Button::new("Plan everything…").icon(Icon::Wrench).link().enabled(!told.busy);
                if all.tip("Plans the repair of all that the bundle has wrong").show(ui).clicked() {
                    out.push(Action::Run(Command::ReviewFixes));
                }
            }
            _ => {}
        }
        if let Some(command) = advice.command {
            let copy = Button::new("Copy command").icon(Icon::Copy).link();
            if copy
                .tip(&format!("Copies what does the same on the command line:\n{command}"))
                .show(ui)
                .clicked()
            {
                out.push(Action::Copy(command.to_owned()));
            }
        }
    });
    ui.add_space(4.0);
}

/// The advice of the story, and the one filled button where the engine can mend what it is about.
pub fn to_do(ui: &mut Ui, told: &Told<'_>, lines: &[String], out: &mut Outbox) {
    let finding = first(told.triage);
    let fix = finding.filter(|_| told.is_tied()).and_then(Finding::fix).map(selection);
    let whole = ui.available_width();
    let wide = fix.as_ref().map_or(0.0, |_| fix_button(told).measure(ui));
    let beside = fix.is_some() && whole >= BESIDE;
    let top = ui.cursor().top();
    let text = if beside { (whole - wide - 24.0).min(LINE) } else { whole };
    ui.allocate_ui_with_layout(vec2(text, 0.0), egui::Layout::top_down(egui::Align::Min), |ui| {
        ui.set_width(text);
        for (at, line) in lines.iter().enumerate() {
            let several = lines.len() > 1;
            if several {
                let number = galley(ui, &format!("{}.", at + 1), Type::Body, tokens(ui).text_faint);
                let start = ui.cursor().left_top();
                paint_right(ui, start.x + 16.0, start.y + 9.0, number);
            }
            let margin = Margin { left: if several { 22 } else { 0 }, ..Margin::ZERO };
            egui::Frame::new().inner_margin(margin).show(ui, |ui| one(ui, told, line, fix.as_ref(), out));
        }
    });
    let Some(selection) = fix else { return };
    if beside {
        let left = ui.max_rect().left() + text + 24.0;
        let place = Rect::from_min_size(pos2(left, top), vec2(wide, size::CONTROL_LARGE));
        let layout = egui::Layout::top_down(egui::Align::Min);
        inside(ui, place, layout, |ui| press(ui, told, selection, out));
        let short = place.bottom() - ui.cursor().top();
        if short > 0.0 {
            ui.add_space(short);
        }
    } else {
        ui.add_space(4.0);
        press(ui, told, selection, out);
    }
}

fn one(ui: &mut Ui, told: &Told<'_>, line: &str, fix: Option<&Selection>, out: &mut Outbox) {
    if !told.is_tied() {
        return sentence(ui, told, line, "");
    }
    let advice = advice(line, first(told.triage));
    sentence(ui, told, &advice.text, "");
    links(ui, told, &advice, fix, out);
}

fn fix_button<'a>(told: &Told<'_>) -> Button<'a> {
    Button::new("Fix in bundle…").icon(Icon::Wrench).filled().large().enabled(!told.busy)
}

fn press(ui: &mut Ui, told: &Told<'_>, selection: Selection, out: &mut Outbox) {
    let tip = "Plans the repair in the open bundle and shows every edit; nothing is written yet";
    if fix_button(told).tip(tip).show(ui).clicked() {
        out.push(Action::Plan(selection));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::Severity;
    use crate::triage::{Certainty, Culprit, Rule};

    #[test]
    fn a_command_becomes_what_the_window_does_in_its_place() {
        let command = "bundlewright fix A.app --only duplicate-library";
        let fix = Fix {
            choice: FixChoice::Rule("duplicate-library"),
            command: command.to_owned(),
            words: String::new(),
        };
        let culprit = Culprit {
            image: "Contents/MacOS/A".to_owned(),
            name: None,
            certainty: Certainty::Certain,
            words: String::new(),
            chain: Vec::new(),
            fix: Some(fix),
        };
        let finding = Finding {
            culprits: vec![culprit],
            ..Finding::new(Rule::DuplicateLibrary, Severity::Error, "x", "x")
        };
        let line = format!("Quill is there twice. Do it with: {command}");
        let found = advice(&line, Some(&finding));
        let rules = Selection::Rules(vec!["duplicate-library".to_owned()]);
        assert_eq!((found.text.as_str(), found.command), ("Quill is there twice.", Some(command)));
        assert_eq!(found.offer, Some(Offer::Fix(rules)));

        let found = advice("Or everything at once: bundlewright fix A.app", Some(&finding));
        assert_eq!((found.text.as_str(), found.offer), ("Or everything at once.", Some(Offer::Everything)));
        let found = advice("`bundlewright launch A.app` shows it.", None);
        assert_eq!((found.text.as_str(), found.command), ("`bundlewright launch A.app` shows it.", None));
    }
}
