//! Words of dyld, codesign or Finder: quoted in mono, never rephrased.

use std::ops::Range;

use egui::text::{LayoutJob, TextFormat, TextWrapping};
use egui::{Color32, Sense, Stroke, StrokeKind, Ui, vec2};

use super::text::{self, format};
use crate::ui::theme::{Type, size, tokens};

/// Shows `quote` with `marked` (a part of it) tinted. Answers nothing: copying is the caller's button.
pub fn mono_block(ui: &mut Ui, quote: &str, marked: Option<&str>) {
    let t = tokens(ui);
    let width = ui.available_width();
    let plain = format(Type::Mono, t.text);
    let mut lit = plain.clone();
    lit.background = t.diff_old;
    let at = marked.and_then(|marked| quote.find(marked).map(|at| at..at + marked.len())).unwrap_or(0..0);
    let galley = ui.painter().layout_job(broken(quote, letters(ui, width - 24.0), at, &plain, &lit));
    let (rect, response) = ui.allocate_exact_size(vec2(width, galley.size().y + 16.0), Sense::hover());
    ui.painter().rect(rect, size::RADIUS, t.raised, Stroke::new(1.0, t.line), StrokeKind::Inside);
    ui.painter().galley(rect.min + vec2(12.0, 8.0), galley, Color32::PLACEHOLDER);
    text::name(&response, quote);
}

/// How many letters in mono are `width` wide.
pub(super) fn letters(ui: &Ui, width: f32) -> usize {
    let letter = text::galley(ui, "m", Type::Mono, Color32::PLACEHOLDER).size().x.max(1.0);
    (width / letter).floor().max(16.0) as usize
}

/// `quote` in lines of at most `room` letters, in `plain` and its bytes `marked` in `lit`.
pub(super) fn broken(
    quote: &str,
    room: usize,
    marked: Range<usize>,
    plain: &TextFormat,
    lit: &TextFormat,
) -> LayoutJob {
    let mut job = LayoutJob { wrap: TextWrapping::no_max_width(), ..LayoutJob::default() };
    for (index, (indent, line)) in lines(quote, room).into_iter().enumerate() {
        let start = if index > 0 { "\n" } else { "" };
        job.append(&format!("{start}{}", " ".repeat(indent)), 0.0, plain.clone());
        let (from, to) = (marked.start.clamp(line.start, line.end), marked.end.clamp(line.start, line.end));
        for (part, look) in [(line.start..from, plain), (from..to, lit), (to..line.end, plain)] {
            if !part.is_empty() {
                job.append(&quote[part], 0.0, look.clone());
            }
        }
    }
    job
}

/// The lines of `quote`, each at most `room` letters long: how far it is indented beyond its own letters, and which bytes
/// of `quote` stand on it. A line that does not fit goes on below, a little further in, after a space or a slash.
fn lines(quote: &str, room: usize) -> Vec<(usize, Range<usize>)> {
    let mut lines = Vec::new();
    let mut begin = 0;
    for whole in quote.split('\n') {
        let end = begin + whole.len();
        let own = whole.len() - whole.trim_start_matches(' ').len();
        let (mut from, mut indent) = (begin, 0);
        loop {
            let fits = room.saturating_sub(indent).max(8);
            let rest = &quote[from..end];
            let Some((limit, _)) = rest.char_indices().nth(fits) else { break };
            let lead = rest.len() - rest.trim_start_matches(' ').len();
            let after = |letter: char| rest[..limit].rfind(letter).map(|at| at + 1).filter(|at| *at > lead);
            let cut = match (after(' '), after('/')) {
                (Some(space), Some(slash)) if slash > space + fits / 2 => slash,
                (Some(space), _) => space,
                (None, Some(slash)) => slash,
                (None, None) => limit,
            };
            lines.push((indent, from..from + cut));
            (from, indent) = (from + cut, (own + 2).min(room / 2));
        }
        lines.push((indent, from..end));
        begin = end + 1;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::lines;

    fn shown(quote: &str, room: usize) -> Vec<String> {
        let line = |(indent, part): (usize, std::ops::Range<usize>)| " ".repeat(indent) + &quote[part];
        lines(quote, room).into_iter().map(line).collect()
    }

    #[test]
    fn a_long_line_goes_on_further_in() {
        let quote = "Reason: tried:\n    '/Applications/Postcard.app/Contents/libink.dylib' (no such file)";
        assert_eq!(
            shown(quote, 40),
            [
                "Reason: tried:",
                "    '/Applications/Postcard.app/",
                "      Contents/libink.dylib' (no such ",
                "      file)"
            ]
        );
        assert_eq!(shown("short\n\nlines", 40), ["short", "", "lines"]);
    }

    #[test]
    fn no_letter_is_lost_and_no_line_is_too_long() {
        let quote =
            "dyld[1]: Library not loaded: @rpath/Größe.framework/Versions/A/Größe\n  Referenced from: <4C4C>";
        for room in 16..90 {
            let kept: String = lines(quote, room).into_iter().map(|(_, part)| &quote[part]).collect();
            assert_eq!(kept, quote.replace('\n', ""));
            assert!(shown(quote, room).iter().all(|line| line.trim_end().chars().count() <= room), "{room}");
        }
    }
}
