//! The notary's checklist with its answers, and the commands that come next.

use egui::{Layout, Margin, Rect, ScrollArea, Sense, Stroke, Ui, pos2, vec2};

use crate::diagnose::Severity;
use crate::diagnose::preflight::{Checked, Command as Next, Hit, Outcome, Place, Preflight};
use crate::ui::command::{Action, Command, Outbox};
use crate::ui::facts::{counted, number};
use crate::ui::icons::Icon;
use crate::ui::shell;
use crate::ui::theme::{Type, size, tokens};
use crate::ui::widgets::{
    Button, Tone, callout, divider, empty, galley, inside, label, mono_block, paint_left, paragraph,
};

/// How many files a check names before it counts the rest.
const SHOWN: usize = 8;

#[derive(Default)]
pub struct View {
    answer: Option<Preflight>,
    failure: Option<String>,
}

impl View {
    pub fn has_run(&self) -> bool {
        self.answer.is_some()
    }

    pub fn receive(&mut self, answer: Preflight) {
        self.answer = Some(answer);
        self.failure = None;
    }

    pub fn fail(&mut self, words: String) {
        self.failure = Some(words);
    }
}

/// What it comes to, in a line.
pub fn verdict(answer: &Preflight) -> String {
    match answer.checks.iter().filter(|one| one.rejects()).count() {
        0 => "nothing here that the notary would reject".to_owned(),
        reasons => format!("the notary would reject it for {}", counted(reasons, "reason")),
    }
}

fn look(checked: &Checked) -> (Icon, Tone, &'static str) {
    match (&checked.outcome, checked.rule.severity) {
        (Outcome::Failed(_), Severity::Error) => (Icon::Error, Tone::Error, "Failed"),
        (Outcome::Failed(_), _) => (Icon::Warning, Tone::Warning, "Warning"),
        (Outcome::Unseen(..), _) => (Icon::Note, Tone::Note, "Cannot be seen"),
        (Outcome::Passed | Outcome::Absent, _) => (Icon::Good, Tone::Good, "Passed"),
    }
}

/// What comes next, with the names of this bundle.
pub fn beside(ui: &mut Ui, view: &View, called: bool, out: &mut Outbox) {
    let Some(answer) = &view.answer else { return };
    shell::inspector(ui, size::INSPECTOR, called, |ui| {
        let t = tokens(ui);
        ScrollArea::vertical().id_salt("preflight-next").auto_shrink(false).show(ui, |ui| {
            egui::Frame::new().inner_margin(Margin::same(16)).show(ui, |ui| {
                ui.spacing_mut().item_spacing.y = 0.0;
                label(ui, "What comes next", Type::Title, t.text);
                ui.add_space(4.0);
                let words =
                    "Nothing is uploaded from here. These are the commands, with the names of this build.";
                paragraph(ui, words, Type::Body, t.text_soft);
                for (place, title) in
                    [(Place::Mac, "With Apple's tools on a Mac"), (Place::Anywhere, "Or on any system")]
                {
                    ui.add_space(14.0);
                    divider(ui);
                    ui.add_space(12.0);
                    label(ui, title, Type::Heading, t.text);
                    for command in answer.next.iter().filter(|command| command.place == place) {
                        next(ui, command, out);
                    }
                }
            });
        });
    });
}

fn next(ui: &mut Ui, command: &Next, out: &mut Outbox) {
    let t = tokens(ui);
    ui.add_space(10.0);
    paragraph(ui, &format!("{}{}", initial(command.why), "."), Type::Caption, t.text_soft);
    ui.add_space(4.0);
    mono_block(ui, &command.line, None);
    ui.add_space(2.0);
    ui.with_layout(Layout::right_to_left(egui::Align::Min), |ui| {
        let copy = Button::new("Copy").link().icon(Icon::Copy);
        if copy.tip("Copies the command").show(ui).clicked() {
            out.push(Action::Copy(command.line.clone()));
        }
    });
}

/// With a capital at its beginning.
fn initial(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

pub fn center(ui: &mut Ui, view: &View, busy: bool, out: &mut Outbox) {
    if let Some(words) = &view.failure {
        egui::Frame::new().inner_margin(Margin::same(16)).show(ui, |ui| {
            callout(ui, Tone::Error, Icon::Error, words);
        });
    }
    let Some(answer) = &view.answer else {
        let words =
            "Apple's notary asks for more than a Mac does. See what it would say before you upload anything.";
        let button = (!busy).then_some("Run preflight");
        if empty(ui, Icon::Shield, words, button) {
            out.push(Action::Run(Command::Preflight));
        }
        return;
    };
    band(ui, answer);
    ScrollArea::vertical().id_salt("preflight").auto_shrink(false).show(ui, |ui| {
        egui::Frame::new().inner_margin(Margin::symmetric(16, 12)).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            for (at, checked) in answer.checks.iter().enumerate() {
                if at > 0 {
                    ui.add_space(10.0);
                    divider(ui);
                    ui.add_space(10.0);
                }
                check(ui, checked, out);
            }
        });
    });
}

fn band(ui: &mut Ui, answer: &Preflight) {
    let t = tokens(ui);
    let (icon, tone) = match answer.is_rejected() {
        true => (Icon::Error, Tone::Error),
        false => (Icon::Good, Tone::Good),
    };
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 60.0), Sense::hover());
    ui.painter().rect_filled(rect, 0.0, tone.tint(t));
    icon.paint_at(ui.painter(), pos2(rect.left() + 28.0, rect.center().y), 20.0, tone.ink(t));
    let bounds = Rect::from_min_max(pos2(rect.left() + 52.0, rect.top() + 10.0), rect.max);
    inside(ui, bounds, Layout::top_down(egui::Align::Min), |ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        label(ui, &initial(&verdict(answer)), Type::Heading, t.text);
        let opened = match answer.opened {
            0 => String::new(),
            opened => format!(" and {}", counted(opened, "archive")),
        };
        let signers = match &answer.signers[..] {
            [] => "signed by nobody".to_owned(),
            names => format!("signed by {}", names.join(", ")),
        };
        let words = format!("{}{opened} looked at; {signers}", counted(answer.files, "Mach-O file"));
        label(ui, &words, Type::Caption, t.text_soft);
    });
    ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, t.line));
}

fn check(ui: &mut Ui, checked: &Checked, out: &mut Outbox) {
    let t = tokens(ui);
    let (icon, tone, word) = look(checked);
    let rule = checked.rule;
    let left = ui.max_rect().left();
    let head = ui.horizontal(|ui| {
        ui.add_space(28.0);
        label(ui, rule.title, Type::BodyMedium, t.text);
        ui.with_layout(Layout::right_to_left(egui::Align::Center), |ui| {
            let read = Button::new(rule.id).quiet();
            if read.tip("What this is, and why the notary asks for it").show(ui).clicked() {
                out.push(Action::Read(rule.id));
            }
        });
    });
    let mark = pos2(left + 10.0, head.response.rect.center().y);
    icon.paint_at(ui.painter(), mark, size::ICON, tone.ink(t));
    let said = ui.interact(
        Rect::from_center_size(mark, vec2(20.0, 20.0)),
        ui.scope_id().with(rule.id),
        Sense::hover(),
    );
    said.widget_info(|| {
        egui::WidgetInfo::labeled(egui::Role::Label, true, format!("{word}: {}", rule.title))
    });
    let (why, found): (Option<&str>, &[Hit]) = match &checked.outcome {
        Outcome::Failed(hits) => (rule.apple, hits),
        Outcome::Unseen(why, hits) => (Some(why), hits),
        Outcome::Passed | Outcome::Absent => return,
    };
    ui.horizontal_top(|ui| {
        ui.add_space(28.0);
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            ui.add_space(6.0);
            match (&checked.outcome, why) {
                (Outcome::Failed(_), Some(apple)) => mono_block(ui, apple, None),
                (_, Some(why)) => drop(paragraph(ui, why, Type::Body, t.text_soft)),
                _ => {}
            }
            hits(ui, found);
            if checked.failed().is_some() {
                ui.add_space(6.0);
                paragraph(ui, rule.advice, Type::Body, t.text);
            }
        });
    });
}

fn hits(ui: &mut Ui, hits: &[Hit]) {
    let t = tokens(ui);
    for hit in hits.iter().take(SHOWN) {
        ui.add_space(4.0);
        let place = match (&*hit.path, hit.message.contains(&hit.path)) {
            ("", _) | (_, true) => String::new(),
            (path, false) => format!("{path}: "),
        };
        paragraph(ui, &format!("• {place}{}", hit.message), Type::Body, t.text_soft);
    }
    if hits.len() > SHOWN {
        ui.add_space(4.0);
        let words = format!("and {} more", number((hits.len() - SHOWN) as u64));
        let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 18.0), Sense::hover());
        paint_left(ui, rect.left(), rect.center().y, galley(ui, &words, Type::Body, t.text_faint));
    }
}
