//! The inspector: the image that is selected, the report, whether it is this build, how sure it is, and what else is there.

use egui::{Margin, Role, ScrollArea, Sense, Ui, WidgetInfo, pos2, vec2};

use super::also::{self, marked, others};
use super::shown::{first, target_of_image};
use super::story::verdict_mark;
use super::words::{lay_out, spoken};
use super::{Told, origin};
use crate::crash::Source;
use crate::triage::{Certainty, Origin, Rule, Tie, Triage, Verdict};
use crate::ui::command::{Action, Command, Outbox};
use crate::ui::facts::{bytes, number};
use crate::ui::icons::Icon;
use crate::ui::theme::{Type, tokens};
use crate::ui::widgets::{
    Button, Tone, action_bar, badge, chip, cut, divider, elided, galley, label, paint_left, property,
    property_path, property_text, text_name,
};

pub fn show(ui: &mut Ui, told: &Told<'_>, selected: Option<usize>, out: &mut Outbox) {
    if let Some(at) = selected {
        action_bar(ui, "crash-actions", |ui| actions(ui, told, at, out));
    }
    ScrollArea::vertical().id_salt(("crash", selected)).auto_shrink(false).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        if let Some(at) = selected {
            part(ui, None, |ui| image(ui, told, at));
            divider(ui);
        }
        part(ui, Some("Report"), |ui| report(ui, told.triage));
        divider(ui);
        part(ui, Some("This bundle"), |ui| match &told.triage.tie {
            Some(tie) => bundle(ui, told, tie),
            None => no_bundle(ui, told, out),
        });
        if first(told.triage).is_some() {
            divider(ui);
            part(ui, Some("How sure"), |ui| how_sure(ui, told));
        }
        if !others(told.triage).is_empty() {
            divider(ui);
            part(ui, Some("Also in this report"), |ui| also::show(ui, told, out));
        }
    });
}

fn part(ui: &mut Ui, title: Option<&str>, contents: impl FnOnce(&mut Ui)) {
    egui::Frame::new().inner_margin(Margin::symmetric(16, 12)).show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.spacing_mut().item_spacing.y = 0.0;
        if let Some(title) = title {
            let response = label(ui, title, Type::Heading, tokens(ui).text);
            response.widget_info(|| WidgetInfo::labeled(Role::Heading, true, title));
            ui.add_space(4.0);
        }
        contents(ui);
    });
}

fn actions(ui: &mut Ui, told: &Told<'_>, at: usize, out: &mut Outbox) {
    let target = target_of_image(told.triage, at, told.opened);
    let tip = match (&target, told.opened) {
        (Some((_, None)), _) => "Shows the file in the tree of the open bundle",
        (Some((_, Some(_))), _) => "Shows the reference that led to it in the tree of the open bundle",
        (None, Some(_)) => "The open bundle has no such file, and no reference that leads to it",
        (None, None) => "Needs the bundle to be open",
    };
    let tree = Button::new("Show in tree").icon(Icon::Tree).enabled(target.is_some());
    if tree.tip(tip).show(ui).clicked()
        && let Some((image, name)) = target
    {
        out.push(Action::ShowInTree(image, name));
    }
    let Some(path) = told.triage.report.images.get(at).and_then(|image| image.path.clone()) else { return };
    ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
        let copy = Button::new("Copy path").icon_only(Icon::Copy);
        if copy.tip("Copies the whole path as the report has it").show(ui).clicked() {
            out.push(Action::Copy(path));
        }
    });
}

fn image(ui: &mut Ui, told: &Told<'_>, at: usize) {
    let t = tokens(ui);
    let Some(image) = told.triage.report.images.get(at) else { return };
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 28.0), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Heading, true, &image.name));
    paint_left(ui, rect.left(), rect.center().y, elided_title(ui, &image.name, rect.width()));
    response.on_hover_text(&image.name);
    let from = told.triage.origins.get(at).copied().unwrap_or(Origin::Unknown);
    property(ui, "Origin", origin::word(from), |ui, x, y, room| {
        origin::paint(ui, x, y, from, Type::Body, room);
    });
    if let Some(path) = &image.path {
        property_path(ui, "Path", path);
    }
    let file = told.triage.tie.as_ref().and_then(|tie| tie.files.get(at)?.as_ref());
    if let Some(file) = file.filter(|file| file.as_str() != told.triage.short(at)) {
        property_path(ui, "File", file.as_str());
    }
    property_path(ui, "UUID", image.uuid.as_deref().unwrap_or("–"));
    if let Some(version) = &image.version {
        property_text(ui, "Version", version);
    }
    if let Some(base) = image.base {
        property_path(ui, "Address", &format!("{base:#x}"));
    }
    if let Some(length) = image.size {
        property_text(ui, "Mapped", &bytes(length));
    }
    let source = match image.source {
        Source::Listed => None,
        Source::SharedCache => Some("In the shared cache"),
        Source::Named => Some("Named, not listed"),
    };
    if let Some(source) = source {
        property_text(ui, "Known", source);
    }
    if told.shown.twice.contains(&at) {
        let of = told.triage.duplicates.iter().find(|one| one.images.contains(&at));
        let others = of.map_or(Vec::new(), |one| one.images.iter().filter(|one| **one != at).collect());
        let others: Vec<String> = others.into_iter().map(|at| format!("# {at}")).collect();
        let words = format!("In memory also as {}", others.join(", "));
        property(ui, "Twice", &words, |ui, x, y, room| {
            Icon::Twin.paint_at(ui.painter(), pos2(x + 6.0, y), 12.0, t.error);
            paint_left(ui, x + 18.0, y, cut(ui, &words, Type::Body, t.error, room - 18.0));
        });
    }
}

/// A file's name as a title: never cut at its end.
fn elided_title(ui: &Ui, words: &str, width: f32) -> std::sync::Arc<egui::Galley> {
    let ink = tokens(ui).text;
    let whole = galley(ui, words, Type::Title, ink);
    if whole.size().x <= width { whole } else { elided(ui, words, Type::MonoMedium, ink, width) }
}

fn report(ui: &mut Ui, triage: &Triage) {
    let t = tokens(ui);
    let report = &triage.report;
    let text = |ui: &mut Ui, name: &str, value: &Option<String>| {
        if let Some(value) = value {
            property_text(ui, name, value);
        }
    };
    text(ui, "Process", &report.process);
    text(ui, "Version", &report.version);
    text(ui, "System", &report.os);
    if let Some(arch) = &report.arch {
        let spoken = if report.translated { format!("{arch}, under Rosetta") } else { arch.clone() };
        property(ui, "Architecture", &spoken, |ui, x, y, _| {
            let end = chip(ui, x, y, arch, false);
            if report.translated {
                paint_left(ui, end + 8.0, y, galley(ui, "under Rosetta", Type::Body, t.text));
            }
        });
    }
    if let Some(app) = triage.app.as_deref().or(report.path.as_deref()) {
        let odd = |rule: Rule| matches!(rule, Rule::DiskImage | Rule::Translocated);
        let folder =
            app.rsplit_once('/').map_or(app, |(folder, _)| if folder.is_empty() { "/" } else { folder });
        let ink = if triage.findings.iter().any(|one| odd(one.rule)) { t.warning } else { t.text };
        property(ui, "Run from", folder, |ui, x, y, room| {
            paint_left(ui, x, y, elided(ui, folder, Type::Mono, ink, room));
        });
    }
    if let Some(exception) = &report.exception {
        property_path(ui, "Ended by", &exception.kind);
        if let Some(signal) = &exception.signal {
            property_path(ui, "Signal", signal);
        }
    }
    text(ui, "Date", &report.date);
    let listed = report.images.iter().filter(|image| image.source != Source::Named).count();
    let few = triage.findings.iter().any(|finding| finding.rule == Rule::FewImages);
    let more = if few { ", not all" } else { "" };
    let images = match (listed, report.images.len()) {
        (0, named) if named > 0 => format!("{} named, none listed", number(named as u64)),
        _ => format!("{} listed{more}", number(listed as u64)),
    };
    property_text(ui, "Images", &images);
    property_text(ui, "Read from", report.format.words());
}

fn verdict_words(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Same => "Same build as the report",
        Verdict::Partly => "Partly the report's build",
        Verdict::Other => "Another build than the report's",
        Verdict::Unknown => "Cannot be told",
    }
}

fn bundle(ui: &mut Ui, told: &Told<'_>, tie: &Tie) {
    let (icon, tone) = verdict_mark(tie.verdict);
    let words = verdict_words(tie.verdict);
    let of = tie.same + tie.other + tie.absent;
    let mut counts = vec![format!("{} of {} UUIDs match", number(tie.same as u64), number(of as u64))];
    if tie.unknown > 0 {
        counts.push(format!("{} without UUID", number(tie.unknown as u64)));
    }
    if tie.absent > 0 {
        counts.push(format!("{} not in the bundle", number(tie.absent as u64)));
    }
    marked(ui, told, (icon, tone), words, &[&counts.join(" · ")]);
    property_text(ui, "Bundle", &tie.bundle);
}

fn no_bundle(ui: &mut Ui, told: &Told<'_>, out: &mut Outbox) {
    marked(
        ui,
        told,
        (Icon::Note, Tone::Note),
        "No bundle is open",
        &[
            "With it the story says whether the report is from this build, which load command is to blame, and what mends it.",
        ],
    );
    ui.add_space(6.0);
    let open = Button::new("Open the bundle…").icon(Icon::Folder).enabled(!told.busy);
    if open.tip("Choose the app that crashed; it is only read").show(ui).clicked() {
        out.push(Action::Run(Command::Open));
    }
}

/// Of what the story is about, and of whom it blames.
fn how_sure(ui: &mut Ui, told: &Told<'_>) {
    const MOST: usize = 6;
    let Some(finding) = first(told.triage) else { return };
    sure(ui, told, finding.certainty, &finding.title);
    let blamed = finding.culprits.iter().filter(|culprit| culprit.name.is_some());
    for culprit in blamed.take(MOST) {
        sure(ui, told, culprit.certainty, &culprit.words);
    }
}

fn sure(ui: &mut Ui, told: &Told<'_>, certainty: Certainty, words: &str) {
    const BADGE: f32 = 66.0;
    let t = tokens(ui);
    let (word, tone) = match certainty {
        Certainty::Certain => ("Certain", Tone::Quiet),
        Certainty::Likely => ("Likely", Tone::Note),
        Certainty::Possible => ("Possible", Tone::Warning),
    };
    let lines = lay_out(ui, words, "", &told.shown.spaced, Type::Body, ui.available_width() - BADGE);
    let high = lines.size().y.max(20.0) + 6.0;
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), high), Sense::hover());
    text_name(&response, &format!("{word}: {}", spoken(words)));
    badge(ui, rect.left(), rect.top() + 10.0, word, tone, false);
    ui.painter().galley(rect.min + vec2(BADGE, 1.0), lines, t.text);
}
