//! Before and after: shared parts soft, changed parts tinted; the sign carries the meaning, not the colour.

use std::borrow::Cow;
use std::ops::Range;

use egui::text::LayoutJob;
use egui::{Color32, Rect, Sense, Stroke, StrokeKind, Ui, vec2};

use super::mono_block::{broken, letters};
use super::text::{self, format};
use super::{galley, middle_elide, paint_left};
use crate::ui::facts::number;
use crate::ui::theme::{Tokens, Type, size, tokens};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    Old,
    New,
}

impl Sign {
    /// The sign itself, its colour, and the ground of what changed.
    fn look(self, t: &Tokens) -> (&'static str, Color32, Color32) {
        match self {
            Sign::Old => ("−", t.error, t.diff_old),
            Sign::New => ("+", t.good, t.diff_new),
        }
    }
}

/// The parts of `old` and `new` that differ, grown to whole path components.
pub fn changed_part(old: &str, new: &str) -> (Range<usize>, Range<usize>) {
    changed(old, new, |letter| letter == '/')
}

/// The same for values of any kind: grown to whole path components, or to whole words where there are none.
fn changed_words(old: &str, new: &str) -> (Range<usize>, Range<usize>) {
    let is_path = |text: &str| text.contains('/') && !text.contains(' ');
    if is_path(old) || is_path(new) {
        return changed_part(old, new);
    }
    changed(old, new, |letter| matches!(letter, ' ' | '/' | ',' | ';' | '\n'))
}

fn changed(old: &str, new: &str, ends: impl Fn(char) -> bool) -> (Range<usize>, Range<usize>) {
    let (a, b): (Vec<&str>, Vec<&str>) =
        (old.split_inclusive(&ends).collect(), new.split_inclusive(&ends).collect());
    let same = |x: &[&str], y: &[&str]| x.iter().zip(y).take_while(|(p, q)| p == q).count();
    let head = same(&a, &b);
    let (ra, rb): (Vec<&str>, Vec<&str>) =
        (a[head..].iter().rev().copied().collect(), b[head..].iter().rev().copied().collect());
    let tail = same(&ra, &rb);
    let bytes = |parts: &[&str]| parts.iter().map(|part| part.len()).sum::<usize>();
    let range = |parts: &[&str], whole: &str| {
        let start = bytes(&parts[..head]);
        let end = whole.len() - bytes(&parts[parts.len() - tail..]);
        // The slash before a shared leaf belongs to what is shared.
        let end = if end > start + 1 && whole[..end].ends_with(&ends) { end - 1 } else { end };
        start..end
    };
    (range(&a, old), range(&b, new))
}

/// Paints one line of a diff; text that does not fit loses its middle.
pub fn diff_line(ui: &Ui, x: f32, y: f32, width: f32, sign: Sign, text: &str, changed: Range<usize>) {
    let t = tokens(ui);
    let (mark, ink, tint) = sign.look(t);
    paint_left(ui, x, y, galley(ui, mark, Type::Mono, ink));
    let x = x + 16.0;
    let letter = galley(ui, "m", Type::Mono, ink).size().x.max(1.0);
    let room = ((width - 16.0) / letter).floor().max(1.0) as usize;
    let mut job = LayoutJob::default();
    let (text, changed) = fitted(text, changed, room);
    let parts =
        [(&text[..changed.start], None), (&text[changed.clone()], Some(tint)), (&text[changed.end..], None)];
    for (part, tint) in parts {
        let mut look = format(Type::Mono, if tint.is_some() { t.text } else { t.text_soft });
        look.background = tint.unwrap_or(Color32::TRANSPARENT);
        if !part.is_empty() {
            job.append(part, 0.0, look);
        }
    }
    paint_left(ui, x, y, ui.painter().layout_job(job));
}

/// Letters of one side that are shown: laying out more would make each frame long, and nobody reads it here.
const SHOWN: usize = 6_000;

/// Both sides whole, one below the other, in lines as wide as the panel; a side that has nothing is left out.
pub fn diff_block(ui: &mut Ui, old: Option<&str>, new: Option<&str>) {
    let t = tokens(ui);
    let [old, new] = [old, new].map(|text| text.map(cut_long));
    let (of_old, of_new) = match (&old, &new) {
        (Some(old), Some(new)) => changed_words(old, new),
        _ => (0..0, 0..0),
    };
    let width = ui.available_width();
    let room = letters(ui, width - 24.0 - 16.0);
    let sides = [(Sign::Old, "Left", old, of_old), (Sign::New, "Right", new, of_new)];
    let laid_out: Vec<_> = sides
        .into_iter()
        .filter_map(|(sign, name, text, changed)| {
            let text = text?;
            let (plain, mut lit) = (format(Type::Mono, t.text_soft), format(Type::Mono, t.text));
            lit.background = sign.look(t).2;
            let words = ui.painter().layout_job(broken(&text, room, changed, &plain, &lit));
            Some((sign, format!("{name}: {text}"), words))
        })
        .collect();
    let gap = if laid_out.len() > 1 { 6.0 } else { 0.0 };
    let height = laid_out.iter().map(|(.., words)| words.size().y).sum::<f32>() + gap + 16.0;
    let (rect, _) = ui.allocate_exact_size(vec2(width, height), Sense::hover());
    ui.painter().rect(rect, size::RADIUS, t.raised, Stroke::new(1.0, t.line), StrokeKind::Inside);
    let mut at = rect.min + vec2(12.0, 8.0);
    for (sign, spoken, words) in laid_out {
        let (mark, ink, _) = sign.look(t);
        paint_left(ui, at.x, at.y + Type::Mono.line() / 2.0, galley(ui, mark, Type::Mono, ink));
        let place = Rect::from_min_size(at, vec2(rect.width() - 24.0, words.size().y));
        let response = ui.interact(place, ui.scope_id().with(("diff", mark)), Sense::hover());
        text::name(&response, &spoken);
        let below = words.size().y + gap;
        ui.painter().galley(at + vec2(16.0, 0.0), words, Color32::PLACEHOLDER);
        at.y += below;
    }
}

/// The start of a value that is too long to be read here, and how much is left out.
fn cut_long(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(SHOWN) {
        None => Cow::Borrowed(text),
        Some((end, _)) => {
            let more = number(text[end..].chars().count() as u64);
            Cow::Owned(format!("{}… and {more} letters more", &text[..end]))
        }
    }
}

/// `text` in at most `room` characters, and where its changed part then is. The changed part gives way first.
fn fitted(text: &str, changed: Range<usize>, room: usize) -> (String, Range<usize>) {
    let length = |text: &str| text.chars().count();
    if length(text) <= room {
        return (text.to_owned(), changed);
    }
    let (before, after) = (&text[..changed.start], &text[changed.end..]);
    let left = room.saturating_sub(length(before) + length(after));
    if left < 8 {
        let short = middle_elide(text, room).into_owned();
        let whole = 0..short.len();
        return (short, if changed.is_empty() { 0..0 } else { whole });
    }
    let middle = middle_elide(&text[changed], left);
    let start = before.len();
    (format!("{before}{middle}{after}"), start..start + middle.len())
}

#[cfg(test)]
mod tests {
    use super::{SHOWN, changed_part, changed_words, cut_long, fitted};

    #[test]
    fn the_change_is_told_in_whole_components() {
        let (old, new) = ("/opt/homebrew/opt/dbus/lib/libdbus-1.3.dylib", "@rpath/libdbus-1.3.dylib");
        let (a, b) = changed_part(old, new);
        assert_eq!((&old[a], &new[b]), ("/opt/homebrew/opt/dbus/lib", "@rpath"));
        let (old, new) = ("@rpath/qca-qt5", "@rpath/qca-qt5.framework/Versions/2/qca-qt5");
        let (a, b) = changed_part(old, new);
        assert_eq!((&old[a], &new[b]), ("", "qca-qt5.framework/Versions/2"));
    }

    #[test]
    fn a_long_line_gives_up_the_middle_of_what_changed() {
        let old = "/Users/builder/CraftRoot/lib/very/deep/libdbus-1.3.dylib";
        let (text, changed) = fitted(old, 0..38, 36);
        assert_eq!(&text[changed], "/Users/…/deep");
        assert!(text.ends_with("/libdbus-1.3.dylib") && text.chars().count() <= 36, "{text}");
        assert_eq!(fitted("abc", 1..2, 9), ("abc".to_owned(), 1..2));
    }

    #[test]
    fn values_that_are_no_paths_are_told_in_whole_words() {
        let (old, new) = ("x86_64, arm64", "x86_64, arm64e");
        let (a, b) = changed_words(old, new);
        assert_eq!((&old[a], &new[b]), ("arm64", "arm64e"));
        let (old, new) = ("3 bytes, 2 at 0x10", "3 bytes, 4 at 0x10");
        let (a, b) = changed_words(old, new);
        assert_eq!((&old[a], &new[b]), ("2", "4"));
    }

    #[test]
    fn a_value_without_end_says_how_much_is_left_out() {
        let long = "é".repeat(SHOWN + 1_234);
        assert!(cut_long(&long).ends_with("é… and 1,234 letters more"));
        assert_eq!(cut_long("short"), "short");
    }

    #[test]
    fn equal_and_empty_texts_change_nothing() {
        for text in ["", "/", "a/b"] {
            let (a, b) = changed_part(text, text);
            assert!(a.is_empty() && b.is_empty());
        }
        let (a, b) = changed_part("", "@rpath/x");
        assert_eq!((a, b), (0..0, 0..8));
    }
}
