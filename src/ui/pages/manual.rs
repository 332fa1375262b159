//! The manual: the laws by which dyld finds libraries, and the rules that look for what can be wrong.

use egui::{Id, Layout, Margin, Panel, Rect, Role, ScrollArea, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

use crate::diagnose::RULES;
use crate::diagnose::preflight::{self, CHECKLIST};
use crate::dyld::laws::CHAPTER;
use crate::ui::command::{Action, Command, Outbox, Page, keys};
use crate::ui::icons::Icon;
use crate::ui::markdown;
use crate::ui::pages::overview::severity_icon;
use crate::ui::shell;
use crate::ui::theme::{Type, size, tokens};
use crate::ui::widgets::{
    Button, Field, divider, elided, empty, galley, inside, paint_left, panel_frame, segments, tree_table,
    wrapped,
};

const TABLE: &str = "manual";
const LIST: f32 = 344.0;
/// Wider than this no line is read with pleasure.
const PAGE: f32 = 760.0;

#[derive(Default)]
pub struct View {
    /// 0 the laws, 1 the rules.
    chapter: usize,
    filter: String,
    selected: Option<&'static str>,
    reveal: bool,
    /// Mac a link came from.
    back: Option<Page>,
}

impl View {
    /// Opens the page of a law or a rule, which a link on the page `from` leads to.
    pub fn read(&mut self, id: &'static str, from: Page) {
        let is_rule = RULES.iter().any(|rule| rule.id == id) || preflight::check(id).is_some();
        self.chapter = usize::from(is_rule);
        self.filter.clear();
        self.selected = Some(id);
        self.reveal = true;
        self.come_from(from);
    }

    /// Remembers the page to go back to.
    pub fn come_from(&mut self, page: Page) {
        if page != Page::Manual {
            self.back = Some(page);
        }
    }
}

/// A line of the list.
enum Line {
    Heading(&'static str),
    Entry(Entry),
}

#[derive(Clone, Copy)]
struct Entry {
    id: &'static str,
    title: &'static str,
    text: &'static str,
    severity: Option<crate::diagnose::Severity>,
}

fn laws() -> Vec<Line> {
    let section = |section: &'static crate::dyld::laws::Section| {
        let entry = |law: &'static crate::dyld::laws::Law| {
            Line::Entry(Entry { id: law.id, title: law.title(), text: law.text, severity: None })
        };
        std::iter::once(Line::Heading(section.title)).chain(section.laws.iter().map(entry))
    };
    CHAPTER.iter().flat_map(section).collect()
}

fn rules() -> Vec<Line> {
    let entry = |rule: &&'static crate::diagnose::Rule| {
        Line::Entry(Entry { id: rule.id, title: rule.title, text: rule.doc, severity: Some(rule.severity) })
    };
    let check = |rule: &&'static preflight::Rule| {
        Line::Entry(Entry { id: rule.id, title: rule.title, text: rule.doc, severity: Some(rule.severity) })
    };
    let rules = std::iter::once(Line::Heading("In any app")).chain(RULES.iter().map(entry));
    let heading = std::iter::once(Line::Heading("For Apple's notary"));
    rules.chain(heading).chain(CHECKLIST.iter().map(check)).collect()
}

/// The lines that hold every word of `filter`; headings stay where one of theirs does.
fn matching(lines: Vec<Line>, filter: &str) -> Vec<Line> {
    let words: Vec<String> = filter.to_lowercase().split_whitespace().map(str::to_owned).collect();
    let holds = |entry: &Entry| {
        let text = format!("{} {} {}", entry.id, entry.title, entry.text).to_lowercase();
        words.iter().all(|word| text.contains(word))
    };
    let mut kept: Vec<Line> = Vec::new();
    for line in lines {
        match &line {
            Line::Heading(_) => {
                if matches!(kept.last(), Some(Line::Heading(_))) {
                    kept.pop();
                }
                kept.push(line);
            }
            Line::Entry(entry) if holds(entry) => kept.push(line),
            Line::Entry(_) => {}
        }
    }
    if matches!(kept.last(), Some(Line::Heading(_))) {
        kept.pop();
    }
    kept
}

pub fn filter_id() -> Id {
    Id::unique("manual-filter")
}

pub fn show(ui: &mut Ui, view: &mut View, opened: bool, out: &mut Outbox) {
    let t = tokens(ui);
    let lines = matching(if view.chapter == 0 { laws() } else { rules() }, &view.filter);
    let shown =
        lines.iter().any(|line| matches!(line, Line::Entry(entry) if Some(entry.id) == view.selected));
    if !shown {
        view.selected = lines.iter().find_map(|line| match line {
            Line::Entry(entry) => Some(entry.id),
            Line::Heading(_) => None,
        });
    }
    egui::CentralPanel::default().frame(panel_frame(t.panel)).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        header(ui, view, opened, out);
        let narrow = ui.available_width() < 800.0;
        let wide = if narrow { 264.0 } else { LIST };
        Panel::left("manual-list")
            .exact_size(wide)
            .resizable(false)
            .frame(panel_frame(t.panel))
            .show_separator_line(false)
            .show(ui, |ui| list(ui, view, &lines));
        egui::CentralPanel::default().frame(panel_frame(t.panel)).show(ui, |ui| {
            let edge = ui.max_rect();
            ui.painter().vline(edge.left() + 0.5, edge.y_range(), Stroke::new(1.0, t.line));
            let entry = lines.iter().find_map(|line| match line {
                Line::Entry(entry) if Some(entry.id) == view.selected => Some(*entry),
                _ => None,
            });
            match entry {
                Some(entry) => page(ui, &entry),
                None => {
                    empty(ui, Icon::Book, "No page has these words.", None);
                }
            }
        });
    });
}

fn header(ui: &mut Ui, view: &mut View, opened: bool, out: &mut Outbox) {
    let chapters = [
        ("Laws of dyld", "How dyld finds libraries: one law a page, each with a bundle that shows it"),
        ("What can be wrong", "Every rule: what it finds, why that breaks, what the fix does"),
    ];
    let title = if ui.available_width() < 760.0 { "Manual" } else { "How dyld finds libraries" };
    shell::page_header(
        ui,
        title,
        |ui| {
            if let Some(chapter) = segments(ui, "Chapter", &chapters, view.chapter) {
                view.chapter = chapter;
                view.selected = None;
            }
        },
        |ui| {
            let back = view.back.filter(|_| opened).map_or("Start", |page| shell::page_name(page).0);
            let button = Button::new(back).icon(Icon::ArrowLeft);
            if button.tip("Back to where you came from").show(ui).clicked() {
                out.push(Action::Run(Command::Go(view.back.unwrap_or(Page::Overview))));
            }
        },
    );
}

fn list(ui: &mut Ui, view: &mut View, lines: &[Line]) {
    let t = tokens(ui);
    ui.spacing_mut().item_spacing.y = 0.0;
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), size::TOOLBAR), Sense::hover());
    let bounds = rect.shrink2(vec2(size::PADDING, 6.0));
    inside(ui, bounds, Layout::left_to_right(egui::Align::Center), |ui| {
        let hint = keys(ui.ctx(), Command::Find).unwrap_or_default();
        let name = if view.chapter == 0 { "Search the laws" } else { "Search the rules" };
        let field = Field::new(name, bounds.width()).icon(Icon::Search).hint(name).after(&hint);
        field.id(filter_id()).show(ui, &mut view.filter);
    });
    ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, t.line));
    let selected =
        lines.iter().position(|line| matches!(line, Line::Entry(entry) if Some(entry.id) == view.selected));
    let table = tree_table::Table {
        salt: TABLE,
        name: "Pages of the manual",
        rows: lines.len(),
        row_height: size::TWO_LINES,
        selected,
        reveal: std::mem::take(&mut view.reveal),
    };
    let event =
        tree_table::show(ui, &table, |row| row_of(lines, row), |ui, row, rect| paint(ui, &lines[row], rect));
    match event {
        Some(tree_table::Event::Select(row) | tree_table::Event::Activate(row)) => {
            if let Some(Line::Entry(entry)) = lines.get(row) {
                view.selected = Some(entry.id);
            }
        }
        Some(tree_table::Event::Typed(text)) => {
            view.filter.push_str(&text);
            ui.memory_mut(|memory| memory.request_focus(filter_id()));
        }
        _ => {}
    }
}

fn row_of(lines: &[Line], row: usize) -> tree_table::Row {
    let (spoken, heading) = match &lines[row] {
        Line::Heading(words) => ((*words).to_owned(), true),
        Line::Entry(entry) => (entry.title.replace('`', ""), false),
    };
    tree_table::Row { key: row as u64, depth: 0, open: None, spoken, heading, twin: false }
}

fn paint(ui: &Ui, line: &Line, rect: Rect) {
    let t = tokens(ui);
    let y = rect.center().y;
    match line {
        Line::Heading(words) => {
            paint_left(ui, rect.left() + size::PADDING, y, galley(ui, words, Type::Heading, t.text));
        }
        Line::Entry(entry) => {
            let mut x = rect.left() + size::PADDING;
            if let Some(severity) = entry.severity {
                let (icon, tone) = severity_icon(severity);
                icon.paint_at(ui.painter(), pos2(x + 7.0, y), 15.0, tone.ink(t));
                x += 26.0;
            }
            let room = rect.right() - x - 12.0;
            let title = galley(ui, entry.title, Type::Body, t.text);
            if entry.severity.is_some() && title.size().x <= room {
                paint_left(ui, x, y - 9.0, title);
                paint_left(ui, x, y + 9.0, elided(ui, entry.id, Type::MonoCaption, t.text_faint, room));
            } else {
                let mut job = crate::ui::widgets::job(&entry.title.replace('`', ""), Type::Body, t.text);
                job.wrap.max_width = room;
                job.wrap.max_rows = 2;
                let words = ui.painter().layout_job(job);
                ui.painter().galley(pos2(x, (y - words.size().y / 2.0).round()), words, t.text);
            }
            ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, t.line));
        }
    }
}

fn page(ui: &mut Ui, entry: &Entry) {
    let t = tokens(ui);
    ScrollArea::vertical().id_salt(("manual-page", entry.id)).auto_shrink(false).show(ui, |ui| {
        egui::Frame::new().inner_margin(Margin::symmetric(32, 24)).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            ui.set_max_width(ui.available_width().min(PAGE));
            let title = entry.title.replace('`', "");
            let words = wrapped(ui, &title, Type::Display, t.text, ui.available_width());
            let (rect, response) =
                ui.allocate_exact_size(vec2(ui.available_width(), words.size().y), Sense::hover());
            response.widget_info(|| WidgetInfo::labeled(Role::Heading, true, &title));
            ui.painter().galley(rect.min, words, t.text);
            ui.add_space(4.0);
            let kind = match entry.severity {
                Some(severity) => format!("{severity} · {}", entry.id),
                None => format!("law · {}", entry.id),
            };
            let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 20.0), Sense::hover());
            paint_left(ui, rect.left(), rect.center().y, galley(ui, &kind, Type::MonoCaption, t.text_faint));
            ui.add_space(8.0);
            divider(ui);
            ui.add_space(12.0);
            let text = entry.text.trim_start();
            // The heading of a law is its title, which stands above.
            let body =
                text.strip_prefix("# ").and_then(|rest| rest.split_once('\n')).map_or(text, |(_, body)| body);
            markdown::show(ui, body);
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filter_looks_into_the_pages_and_drops_empty_sections() {
        let found = matching(laws(), "cryptex");
        assert!(matches!(found.first(), Some(Line::Heading(_))));
        let entries = found.iter().filter(|line| matches!(line, Line::Entry(_))).count();
        assert!(entries > 0 && entries < crate::dyld::laws::all().count());
        assert!(matching(laws(), "no page has this").is_empty());
        assert!(matching(rules(), "LC_RPATH").len() > 1);
    }

    #[test]
    fn a_link_opens_the_chapter_of_its_page() {
        let mut view = View::default();
        view.read("missing-library", Page::Findings);
        assert_eq!((view.chapter, view.selected), (1, Some("missing-library")));
        view.read("notary-timestamp", Page::Manual);
        assert_eq!((view.chapter, view.selected), (1, Some("notary-timestamp")));
        view.read("cycles-end", Page::Manual);
        assert_eq!((view.chapter, view.back), (0, Some(Page::Findings)));
    }
}
