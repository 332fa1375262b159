//! Every finding, most severe first, with the rule behind the one that is selected.

use std::collections::BTreeMap;

use egui::{Id, Layout, Margin, Rect, Role, ScrollArea, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

use crate::bundle::ImageId;
use crate::diagnose::{Finding, Remedy, Severity, rule};
use crate::fix::Selection;
use crate::ui::command::{Action, Command, Outbox, keys};
use crate::ui::facts::counted;
use crate::ui::icons::Icon;
use crate::ui::markdown;
use crate::ui::pages::overview::{remedy_badge, severity_icon, subject};
use crate::ui::search::Words;
use crate::ui::shell;
use crate::ui::state::Opened;
use crate::ui::theme::{Type, size, tokens};
use crate::ui::widgets::{
    Button, Field, Tone, action_bar, callout, cut, divider, elided, empty, galley, inside, label, paint_left,
    panel_frame, paragraph, property_path, property_text, segments, tree_table,
};

pub const TABLE: &str = "findings";

/// The rule whose findings end when a folder of the build machine is mapped.
const MISSING: &str = "missing-library";

#[derive(Default)]
pub struct View {
    pub filter: String,
    /// 0 all, then by severity.
    only: usize,
    selected: Option<usize>,
    reveal: bool,
    lines: Vec<Line>,
    /// What `lines` were made from: inspection, filter and severity.
    made_from: Option<(u64, String, usize)>,
}

impl View {
    pub fn select(&mut self, index: usize) {
        *self = View { selected: Some(index), reveal: true, ..View::default() };
    }

    /// Brings the lines up to date with what is asked for.
    fn refresh(&mut self, findings: &[Finding], revision: u64) {
        let now = (revision, self.filter.clone(), self.only);
        if self.made_from.as_ref() != Some(&now) {
            let shown = self.shown(findings);
            self.lines = lines(findings, &shown);
            self.made_from = Some(now);
        }
        if self.selected.is_none_or(|index| index >= findings.len()) {
            self.selected = self.lines.iter().find_map(|line| match line {
                Line::Finding(index) => Some(*index),
                Line::Group(..) => None,
            });
        }
    }

    fn shown(&self, findings: &[Finding]) -> Vec<usize> {
        let words = Words::new(&self.filter);
        let wanted = [None, Some(Severity::Error), Some(Severity::Warning), Some(Severity::Info)];
        let only = wanted.get(self.only).copied().flatten();
        let matches = |finding: &Finding| {
            let texts = [&finding.title, &finding.message, finding.subject.as_str(), finding.rule];
            texts.iter().any(|text| words.are_in(text))
        };
        (0..findings.len())
            .filter(|index| {
                only.is_none_or(|only| findings[*index].severity == only) && matches(&findings[*index])
            })
            .collect()
    }
}

/// A line of the list: a heading, or a finding.
enum Line {
    Group(Severity, usize),
    Finding(usize),
}

fn lines(findings: &[Finding], shown: &[usize]) -> Vec<Line> {
    let mut counts: BTreeMap<Severity, usize> = BTreeMap::new();
    for &index in shown {
        *counts.entry(findings[index].severity).or_default() += 1;
    }
    let mut lines = Vec::new();
    let mut last = None;
    for &index in shown {
        let severity = findings[index].severity;
        if last != Some(severity) {
            last = Some(severity);
            lines.push(Line::Group(severity, counts.get(&severity).copied().unwrap_or(0)));
        }
        lines.push(Line::Finding(index));
    }
    lines
}

pub fn filter_id() -> Id {
    Id::unique("finding-filter")
}

pub fn show(ui: &mut Ui, view: &mut View, opened: &Opened, called: &mut bool, out: &mut Outbox) {
    let t = tokens(ui);
    let findings = opened.inspection.findings.clone();
    view.refresh(&findings, opened.revision);
    if !findings.is_empty() {
        shell::inspector(ui, 400.0, *called, |ui| inspector(ui, view, &findings, out));
    }
    egui::CentralPanel::default().frame(panel_frame(t.panel)).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        let fixable = opened.facts.fixable > 0;
        header(ui, fixable, out);
        if findings.is_empty() {
            empty(ui, Icon::Good, "No findings. Every rule was checked.", None);
            return;
        }
        toolbar(ui, view);
        if view.lines.is_empty() {
            if empty(ui, Icon::Search, "No finding matches this filter.", Some("Show all")) {
                view.filter.clear();
                view.only = 0;
            }
            return;
        }
        let lines = &view.lines;
        let selected = lines
            .iter()
            .position(|line| matches!(line, Line::Finding(index) if Some(*index) == view.selected));
        let table = tree_table::Table {
            salt: TABLE,
            name: "Findings",
            rows: lines.len(),
            row_height: size::TWO_LINES,
            selected,
            reveal: std::mem::take(&mut view.reveal),
        };
        let event = tree_table::show(
            ui,
            &table,
            |row| list_row(&findings, &lines[row]),
            |ui, row, rect| match lines[row] {
                Line::Group(severity, count) => group(ui, rect, severity, count),
                Line::Finding(index) => finding(ui, rect, &findings[index]),
            },
        );
        use tree_table::Event;
        match event {
            Some(Event::Select(row) | Event::Activate(row)) => {
                if let Some(&Line::Finding(index)) = view.lines.get(row) {
                    view.selected = Some(index);
                }
                *called |= matches!(event, Some(Event::Activate(_)));
            }
            Some(Event::Typed(text)) => {
                view.filter.push_str(&text);
                ui.memory_mut(|memory| memory.request_focus(filter_id()));
            }
            _ => {}
        }
    });
}

fn header(ui: &mut Ui, fixable: bool, out: &mut Outbox) {
    shell::page_header(
        ui,
        "Findings",
        |_| {},
        |ui| {
            let report = shell::HeaderButton {
                name: "Copy report",
                icon: Icon::Copy,
                tip: "Copies verdict and findings as text",
                command: Command::CopyReport,
                filled: false,
                enabled: true,
            };
            let mut buttons = vec![report];
            if fixable {
                buttons.insert(0, shell::review_fixes("Shows every edit before anything is written"));
            }
            shell::header_buttons(ui, &buttons, 0.0, out);
        },
    );
}

fn toolbar(ui: &mut Ui, view: &mut View) {
    let t = tokens(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), size::TOOLBAR), Sense::hover());
    let bounds = rect.shrink2(vec2(16.0, 6.0));
    inside(ui, bounds, Layout::left_to_right(egui::Align::Center), |ui| {
        let choices = [
            ("All", "Every finding"),
            ("Errors", "Breaks at launch, at install or on another Mac"),
            ("Warnings", "Works here, may not elsewhere"),
            ("Notes", "Worth knowing, nothing to do"),
        ];
        if let Some(only) = segments(ui, "Severity", &choices, view.only) {
            view.only = only;
        }
        let hint = keys(ui.ctx(), Command::Find).unwrap_or_default();
        let wide = ui.available_width().min(320.0);
        let field = Field::new("Filter findings", wide)
            .icon(Icon::Search)
            .hint("Filter")
            .after(&hint)
            .id(filter_id());
        field.show(ui, &mut view.filter);
    });
    ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, t.line));
}

fn list_row(findings: &[Finding], line: &Line) -> tree_table::Row {
    let (key, spoken, heading) = match line {
        Line::Group(severity, count) => {
            (u64::MAX - *severity as u64, counted(*count, &severity.to_string()), true)
        }
        Line::Finding(index) => {
            let finding = &findings[*index];
            (*index as u64, format!("{}: {}", finding.severity, finding.title), false)
        }
    };
    tree_table::Row { key, depth: 0, open: None, spoken, heading, twin: false }
}

fn group(ui: &Ui, rect: Rect, severity: Severity, count: usize) {
    let t = tokens(ui);
    let (icon, tone) = severity_icon(severity);
    let word = match severity {
        Severity::Error => ("error", "Breaks at launch, at install or on another Mac"),
        Severity::Warning => ("warning", "Works here, may not elsewhere"),
        Severity::Info => ("note", "Worth knowing, nothing to do"),
    };
    let y = rect.center().y;
    icon.paint_at(ui.painter(), pos2(rect.left() + 24.0, y), size::ICON, tone.ink(t));
    let x = paint_left(ui, rect.left() + 44.0, y, galley(ui, &counted(count, word.0), Type::Heading, t.text));
    paint_left(ui, x + 12.0, y, cut(ui, word.1, Type::Body, t.text_soft, rect.right() - x - 24.0));
}

fn finding(ui: &Ui, rect: Rect, finding: &Finding) {
    let t = tokens(ui);
    let y = rect.center().y;
    let (icon, tone) = severity_icon(finding.severity);
    icon.paint_at(ui.painter(), pos2(rect.left() + 24.0, y), size::ICON, tone.ink(t));
    let right = remedy_badge(ui, rect.right() - 16.0, y, finding);
    let x = rect.left() + 44.0;
    paint_left(ui, x, y - 9.0, cut(ui, &finding.title, Type::BodyMedium, t.text, right - x - 12.0));
    paint_left(
        ui,
        x,
        y + 9.0,
        elided(ui, &subject(finding), Type::MonoCaption, t.text_soft, right - x - 12.0),
    );
    ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, t.line));
}

fn inspector(ui: &mut Ui, view: &View, findings: &[Finding], out: &mut Outbox) {
    let t = tokens(ui);
    let Some(finding) = view.selected.and_then(|index| findings.get(index)) else {
        empty(ui, Icon::Flag, "Select a finding to read why it matters.", None);
        return;
    };
    action_bar(ui, "finding-actions", |ui| {
        if let Some(remedy) = &finding.remedy {
            let fix = Button::new("Fix this…").icon(Icon::Wrench);
            if fix.tip("Plans the repair of this finding and shows every edit").show(ui).clicked() {
                out.push(Action::Plan(one(finding, remedy)));
            }
        }
        if finding.remedy.is_none() && finding.rule == MISSING {
            let folders = Button::new("Build Mac folders…").icon(Icon::Folder);
            if folders.tip("Says where folders of the build Mac are on this machine").show(ui).clicked() {
                out.push(Action::Run(Command::BuildFolders));
            }
        }
        if Button::new("Show in tree")
            .icon(Icon::Tree)
            .tip("Selects it among the dependencies")
            .show(ui)
            .clicked()
        {
            out.push(Action::ShowInTree(
                ImageId::Bundled(finding.subject.clone()),
                finding.reference.clone(),
            ));
        }
        ui.with_layout(Layout::right_to_left(egui::Align::Center), |ui| {
            if Button::new("Copy finding")
                .icon_only(Icon::Copy)
                .tip("Copies title and message")
                .show(ui)
                .clicked()
            {
                out.push(Action::Copy(format!(
                    "{}\n{}\n{}",
                    finding.title,
                    subject(finding),
                    finding.message
                )));
            }
        });
    });
    ScrollArea::vertical().id_salt(("finding", view.selected)).auto_shrink(false).show(ui, |ui| {
        egui::Frame::new().inner_margin(Margin::same(16)).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            title(ui, finding);
            ui.add_space(8.0);
            paragraph(ui, &finding.message, Type::Body, t.text_soft);
            ui.add_space(12.0);
            property_path(ui, "Where", finding.subject.as_str());
            if let Some(name) = &finding.reference {
                property_path(ui, "Reference", name.as_str());
            }
            if let Some(arch) = finding.arch {
                property_text(ui, "Only on", &arch.to_string());
            }
            for (index, related) in finding.related.iter().enumerate() {
                property_path(ui, if index == 0 { "Also" } else { "" }, &related.to_string());
            }
            property_path(ui, "Rule", finding.rule);
            if let Some(words) = by_hand(finding) {
                ui.add_space(12.0);
                callout(ui, Tone::Warning, Icon::Warning, words);
            }
            if let Some(rule) = rule(finding.rule) {
                ui.add_space(12.0);
                divider(ui);
                ui.add_space(12.0);
                label(ui, rule.title, Type::Heading, t.text);
                ui.add_space(8.0);
                markdown::show(ui, rule.doc);
            }
        });
    });
}

fn title(ui: &mut Ui, finding: &Finding) {
    let t = tokens(ui);
    let (icon, tone) = severity_icon(finding.severity);
    let words =
        crate::ui::widgets::wrapped(ui, &finding.title, Type::Title, t.text, ui.available_width() - 28.0);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), words.size().y), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Heading, true, &finding.title));
    icon.paint_at(ui.painter(), pos2(rect.left() + 9.0, rect.top() + 12.0), 18.0, tone.ink(t));
    ui.painter().galley(pos2(rect.left() + 28.0, rect.top()), words, t.text);
}

/// What a person has to do about a finding that cannot be fixed here, by its rule.
fn by_hand(finding: &Finding) -> Option<&'static str> {
    if finding.remedy.is_some() || finding.severity == Severity::Info {
        return None;
    }
    Some(match finding.rule {
        MISSING => {
            "Needs you: say under Build Mac folders where the library's folder is on this machine, or put the library \
             into Contents/Frameworks. Then look again with Re-analyse."
        }
        "missing-architecture" => {
            "Needs you: build or get the library with this architecture too, put it in place of this one, and look again \
             with Re-analyse. Dropping the architecture from the whole app is the other way."
        }
        "no-header-room" => {
            "Needs you: link this file again with -Wl,-headerpad_max_install_names, put it in place, and look again with \
             Re-analyse."
        }
        "broken-file" | "executable-unusable" => {
            "Needs you: put a good copy of the file in its place, then look again with Re-analyse."
        }
        _ => {
            "Needs you: no edit here can mend this. The message above says what to do; then look again with Re-analyse."
        }
    })
}

/// The narrowest selection that covers this finding.
fn one(finding: &Finding, remedy: &Remedy) -> Selection {
    match &finding.reference {
        Some(name) => Selection::Reference { image: finding.subject.clone(), name: name.clone() },
        None => Selection::Finding(remedy.clone()),
    }
}
