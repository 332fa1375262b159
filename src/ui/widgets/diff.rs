//! Before and after: shared parts soft, changed parts tinted; the sign carries the meaning, not the colour.

use std::ops::Range;

use egui::text::LayoutJob;
use egui::{Color32, Ui};

use super::{galley, middle_elide, paint_left, text::format};
use crate::ui::theme::{Type, tokens};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    Old,
    New,
}

/// The parts of `old` and `new` that differ, grown to whole path components.
pub fn changed_part(old: &str, new: &str) -> (Range<usize>, Range<usize>) {
    let (a, b): (Vec<&str>, Vec<&str>) =
        (old.split_inclusive('/').collect(), new.split_inclusive('/').collect());
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
        let end = if end > start + 1 && whole[..end].ends_with('/') { end - 1 } else { end };
        start..end
    };
    (range(&a, old), range(&b, new))
}

/// Paints one line of a diff; text that does not fit loses its middle.
pub fn diff_line(ui: &Ui, x: f32, y: f32, width: f32, sign: Sign, text: &str, changed: Range<usize>) {
    let t = tokens(ui);
    let (mark, ink, tint) = match sign {
        Sign::Old => ("−", t.error, t.diff_old),
        Sign::New => ("+", t.good, t.diff_new),
    };
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
    use super::fitted;

    use super::changed_part;

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
    fn equal_and_empty_texts_change_nothing() {
        for text in ["", "/", "a/b"] {
            let (a, b) = changed_part(text, text);
            assert!(a.is_empty() && b.is_empty());
        }
        let (a, b) = changed_part("", "@rpath/x");
        assert_eq!((a, b), (0..0, 0..8));
    }
}
