//! The little Markdown that rules and laws are written in: headings, paragraphs, lists, code, and the laws' own blocks.

mod law;

use egui::text::{LayoutJob, TextWrapping};
use egui::{Color32, Role, Sense, Ui, WidgetInfo, vec2};

use super::theme::{Type, tokens};
use super::widgets::{label, mono_block};

#[derive(Debug, PartialEq, Eq)]
enum Block {
    Heading(String),
    Text(String),
    Item(String),
    /// The word after the fence, and what stands inside.
    Code(String, String),
}

/// Stands for the fence of code that is told by four spaces.
const INDENTED: &str = "    ";

/// Paragraphs are joined over line breaks; a blank line ends them.
fn blocks(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut open = false;
    let mut fenced = false;
    for line in text.lines() {
        let trimmed = line.trim();
        if trimmed.starts_with("```") {
            fenced = !fenced;
            if fenced {
                let info = trimmed.trim_start_matches('`').trim();
                blocks.push(Block::Code(info.to_owned(), String::new()));
            }
            open = false;
        } else if fenced {
            if let Some(Block::Code(_, code)) = blocks.last_mut() {
                code.push_str(if code.is_empty() { "" } else { "\n" });
                code.push_str(line);
            }
        } else if let Some(code) = line.strip_prefix("    ").filter(|_| !open && !trimmed.is_empty()) {
            match blocks.last_mut() {
                Some(Block::Code(info, before)) if info == INDENTED => {
                    before.push('\n');
                    before.push_str(code);
                }
                _ => blocks.push(Block::Code(INDENTED.to_owned(), code.to_owned())),
            }
        } else if trimmed.is_empty() {
            open = false;
        } else if trimmed.starts_with('#') {
            blocks.push(Block::Heading(trimmed.trim_start_matches('#').trim().to_owned()));
            open = false;
        } else if let Some(item) = trimmed.strip_prefix("- ").or_else(|| trimmed.strip_prefix("* ")) {
            blocks.push(Block::Item(item.to_owned()));
            open = true;
        } else if let (true, Some(Block::Text(last) | Block::Item(last))) = (open, blocks.last_mut()) {
            last.push(' ');
            last.push_str(trimmed);
        } else {
            blocks.push(Block::Text(trimmed.to_owned()));
            open = true;
        }
    }
    blocks
}

/// Parts of a line with whether they are code; emphasis marks are dropped.
fn spans(line: &str) -> Vec<(String, bool)> {
    line.split('`')
        .enumerate()
        .map(
            |(index, part)| {
                if index % 2 == 1 { (part.to_owned(), true) } else { (part.replace("**", ""), false) }
            },
        )
        .filter(|(part, _)| !part.is_empty())
        .collect()
}

pub fn show(ui: &mut Ui, text: &str) {
    let t = tokens(ui);
    for block in blocks(text) {
        match block {
            Block::Heading(words) => {
                ui.add_space(8.0);
                label(ui, &words, Type::CaptionMedium, t.text_faint);
                ui.add_space(4.0);
            }
            Block::Text(line) => {
                flow(ui, &line, 0.0);
                ui.add_space(6.0);
            }
            Block::Item(line) => {
                let top = ui.cursor().top();
                flow(ui, &line, 14.0);
                let at = egui::pos2(ui.min_rect().left() + 4.0, top + 9.0);
                ui.painter().circle_filled(at, 2.0, t.text_faint);
                ui.add_space(4.0);
            }
            Block::Code(info, code) => {
                if !law::show(ui, &info, &code) {
                    mono_block(ui, &code, None);
                }
                ui.add_space(8.0);
            }
        }
    }
}

pub fn flow(ui: &mut Ui, line: &str, indent: f32) {
    let t = tokens(ui);
    let width = ui.available_width();
    let mut job = LayoutJob { wrap: TextWrapping::wrap_at_width(width - indent), ..LayoutJob::default() };
    for (part, code) in spans(line) {
        let (kind, ink) = if code { (Type::Mono, t.text) } else { (Type::Body, t.text_soft) };
        let mut format = super::widgets::job("", kind, ink).sections[0].format.clone();
        format.line_height = Some(Type::Body.line());
        job.append(&part, 0.0, format);
    }
    let galley = ui.painter().layout_job(job);
    let (rect, response) = ui.allocate_exact_size(vec2(width, galley.size().y), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, line));
    ui.painter().galley(rect.min + vec2(indent, 0.0), galley, Color32::PLACEHOLDER);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_join_their_lines() {
        let found = blocks(
            "## What\n\nOne\ntwo.\n\n- a\n  b\n- c\n\n```says\nx\n\ny\n```\nEnd\n\n    four\n      six",
        );
        let text = |words: &str| words.to_owned();
        let wanted = [
            Block::Heading(text("What")),
            Block::Text(text("One two.")),
            Block::Item(text("a b")),
            Block::Item(text("c")),
            Block::Code(text("says"), text("x\n\ny")),
            Block::Text(text("End")),
            Block::Code(INDENTED.to_owned(), text("four\n  six")),
        ];
        assert_eq!(found, wanted);
    }

    #[test]
    fn code_is_told_from_words() {
        let found = spans("Use `@rpath` **always**.");
        assert_eq!(
            found,
            [("Use ".to_owned(), false), ("@rpath".to_owned(), true), (" always.".to_owned(), false)]
        );
    }
}
