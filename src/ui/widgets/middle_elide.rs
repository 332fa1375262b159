//! Paths lose their middle: the first part and the leaf stay, the cut falls at a slash if it can.

use std::borrow::Cow;
use std::sync::Arc;

use egui::{Color32, Galley, Ui};

use super::galley;
use crate::ui::theme::Type;

const CUT: &str = "…";

/// `path` in at most `room` characters.
pub fn middle_elide(path: &str, room: usize) -> Cow<'_, str> {
    let length = |text: &str| text.chars().count();
    if length(path) <= room {
        return Cow::Borrowed(path);
    }
    // A folder's closing slash belongs to its name.
    let name_end = path.strip_suffix('/').map_or(path.len(), str::len);
    let leaf_start = path[..name_end].rfind('/').map_or(0, |slash| slash + 1);
    let leaf = &path[leaf_start..];
    let parts: Vec<&str> = path[..name_end].split('/').collect();
    // "/opt/x" has an empty first part: it belongs to the second.
    let first = if path.starts_with('/') { 2 } else { 1 };
    for kept in (first..parts.len().saturating_sub(1)).rev() {
        let text = format!("{}/{CUT}/{leaf}", parts[..kept].join("/"));
        if length(&text) <= room {
            return Cow::Owned(text);
        }
    }
    let short = format!("{CUT}/{leaf}");
    if parts.len() > 1 && length(&short) <= room {
        return Cow::Owned(short);
    }
    Cow::Owned(cut_word(leaf, room))
}

/// Keeps both ends of a name that does not fit by itself.
fn cut_word(word: &str, room: usize) -> String {
    let letters: Vec<char> = word.chars().collect();
    if letters.len() <= room {
        return word.to_owned();
    }
    let kept = room.saturating_sub(1);
    let (head, tail) = (kept.div_ceil(2), kept / 2);
    letters[..head].iter().collect::<String>()
        + CUT
        + &letters[letters.len() - tail..].iter().collect::<String>()
}

/// A path in one of the monospaced styles, cut in its middle to fit `width`.
pub fn elided(ui: &Ui, path: &str, kind: Type, color: Color32, width: f32) -> Arc<Galley> {
    let letter = galley(ui, "m", kind, color).size().x.max(1.0);
    let room = (width / letter + 0.01).floor().max(1.0) as usize;
    galley(ui, &middle_elide(path, room), kind, color)
}

#[cfg(test)]
mod tests {
    use super::middle_elide;

    const PATH: &str = "/opt/homebrew/opt/dbus/lib/libdbus-1.3.dylib";

    #[test]
    fn the_first_part_and_the_leaf_stay() {
        assert_eq!(middle_elide(PATH, 99), PATH);
        assert_eq!(middle_elide(PATH, 36), "/opt/homebrew/…/libdbus-1.3.dylib");
        assert_eq!(middle_elide(PATH, 26), "/opt/…/libdbus-1.3.dylib");
        assert_eq!(middle_elide(PATH, 20), "…/libdbus-1.3.dylib");
        assert_eq!(middle_elide("Contents/Frameworks/", 15), "…/Frameworks/");
        assert_eq!(
            middle_elide("@rpath/a/b/libc.dylib", 18),
            "@rpath/…/libc.dylib".chars().skip(7).collect::<String>()
        );
    }

    #[test]
    fn a_name_that_does_not_fit_keeps_both_ends() {
        assert_eq!(middle_elide("libabcdefgh.dylib", 11), "libab…dylib");
        assert_eq!(middle_elide("näme-with-ümlauts", 7), "näm…uts");
    }

    #[test]
    fn it_is_never_longer_than_asked() {
        for room in 1..60 {
            assert!(middle_elide(PATH, room).chars().count() <= room, "{room}");
        }
    }
}
