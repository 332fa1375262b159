//! Text in the type styles, measured and painted, always with its line height.

use std::sync::Arc;

use egui::text::{LayoutJob, TextFormat, TextWrapping};
use egui::{Align, Color32, Galley, Pos2, Response, Role, Sense, Ui, WidgetInfo, pos2};

use crate::ui::theme::Type;

pub fn format(kind: Type, color: Color32) -> TextFormat {
    TextFormat {
        font_id: kind.font(),
        line_height: Some(kind.line()),
        color,
        valign: Align::Center,
        ..TextFormat::default()
    }
}

pub fn job(text: &str, kind: Type, color: Color32) -> LayoutJob {
    LayoutJob::single_section(text.to_owned(), format(kind, color))
}

/// One line, however long.
pub fn galley(ui: &Ui, text: &str, kind: Type, color: Color32) -> Arc<Galley> {
    let mut job = job(text, kind, color);
    job.break_on_newline = false;
    ui.painter().layout_job(job)
}

/// One line of words, cut at its end when longer than `width`. Paths go through [`super::elided`].
pub fn cut(ui: &Ui, text: &str, kind: Type, color: Color32, width: f32) -> Arc<Galley> {
    let mut job = job(text, kind, color);
    job.wrap = TextWrapping::truncate_at_width(width.max(0.0));
    ui.painter().layout_job(job)
}

pub fn wrapped(ui: &Ui, text: &str, kind: Type, color: Color32, width: f32) -> Arc<Galley> {
    let mut job = job(text, kind, color);
    job.wrap = TextWrapping::wrap_at_width(width.max(1.0));
    ui.painter().layout_job(job)
}

/// Paints `galley` from `x` on, centred on `y`; answers where it ends.
pub fn paint_left(ui: &Ui, x: f32, y: f32, galley: Arc<Galley>) -> f32 {
    paint_tinted(ui, x, y, galley, Color32::PLACEHOLDER)
}

/// The same for a galley that was laid out without a colour.
pub fn paint_tinted(ui: &Ui, x: f32, y: f32, galley: Arc<Galley>, color: Color32) -> f32 {
    let size = galley.size();
    ui.painter().galley(crisp(ui, pos2(x, y - size.y / 2.0)), galley, color);
    x + size.x
}

/// Paints `galley` up to `x`, centred on `y`; answers where it begins.
pub fn paint_right(ui: &Ui, x: f32, y: f32, galley: Arc<Galley>) -> f32 {
    let left = x - galley.size().x;
    paint_left(ui, left, y, galley);
    left
}

/// On whole pixels, so that letters stay sharp.
fn crisp(ui: &Ui, at: Pos2) -> Pos2 {
    let scale = ui.pixels_per_point();
    pos2((at.x * scale).round() / scale, (at.y * scale).round() / scale)
}

/// One line as a widget of its own.
pub fn label(ui: &mut Ui, text: &str, kind: Type, color: Color32) -> Response {
    let galley = cut(ui, text, kind, color, ui.available_width());
    place(ui, text, galley)
}

/// Words that wrap at the available width.
pub fn paragraph(ui: &mut Ui, text: &str, kind: Type, color: Color32) -> Response {
    let galley = wrapped(ui, text, kind, color, ui.available_width());
    place(ui, text, galley)
}

fn place(ui: &mut Ui, text: &str, galley: Arc<Galley>) -> Response {
    let (rect, response) = ui.allocate_exact_size(galley.size(), Sense::hover());
    name(&response, text);
    ui.painter().galley(crisp(ui, rect.min), galley, Color32::PLACEHOLDER);
    response
}

/// Gives painted text to screen readers.
pub fn name(response: &Response, text: &str) {
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, text));
}

/// A path over several lines, broken after a slash.
pub fn path_lines(ui: &Ui, path: &str, kind: Type, color: Color32, width: f32) -> Arc<Galley> {
    let letter = galley(ui, "m", kind, color).size().x.max(1.0);
    let room = (width / letter).floor().max(8.0) as usize;
    galley_lines(ui, &break_path(path, room), kind, color)
}

fn galley_lines(ui: &Ui, lines: &str, kind: Type, color: Color32) -> Arc<Galley> {
    ui.painter().layout_job(job(lines, kind, color))
}

/// `path` with line breaks so that no line is longer than `room` characters, after a slash where there is one.
fn break_path(path: &str, room: usize) -> String {
    let mut lines = vec![String::new()];
    let mut length = 0;
    for part in path.split_inclusive('/') {
        let letters: Vec<char> = part.chars().collect();
        if length > 0 && length + letters.len() > room {
            lines.push(String::new());
            length = 0;
        }
        for piece in letters.chunks(room) {
            if length > 0 && length + piece.len() > room {
                lines.push(String::new());
                length = 0;
            }
            length += piece.len();
            if let Some(line) = lines.last_mut() {
                line.extend(piece);
            }
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::break_path;

    #[test]
    fn paths_wrap_after_a_slash() {
        assert_eq!(break_path("/Users/craft/lib/libqca.dylib", 14), "/Users/craft/\nlib/\nlibqca.dylib");
        assert_eq!(break_path("abcdefgh", 3), "abc\ndef\ngh");
        assert_eq!(break_path("", 8), "");
    }
}
