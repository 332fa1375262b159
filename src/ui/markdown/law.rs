//! The blocks of a law's page: the bundle it is about, the answers, and what dyld prints.

use egui::{Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};

use crate::ui::icons::Icon;
use crate::ui::theme::{Type, size, tokens};
use crate::ui::widgets::{
    Tone, badge, card, cut, galley, label, mono_block, paint_left, path_lines, wrapped,
};

/// Draws the block that the words after its fence name; `false` when it is none of a law's.
pub fn show(ui: &mut Ui, info: &str, code: &str) -> bool {
    let mut words = info.split(' ');
    match words.next() {
        Some("bundle") => headed(ui, "The bundle", |ui| bundle(ui, code)),
        Some("asks") => headed(ui, &whose("What dyld tries", words), |ui| asks(ui, code)),
        Some("loads") => headed(ui, &whose("What is loaded, in this order", words), |ui| loads(ui, code)),
        Some("says") if code.trim() == "it starts" => {
            caption(ui, &whose("What dyld says", words));
            let t = tokens(ui);
            let rect = line(ui, "Nothing: it starts", 24.0);
            let y = rect.center().y;
            Icon::Good.paint_at(ui.painter(), pos2(rect.left() + 8.0, y), 15.0, t.good);
            paint_left(ui, rect.left() + 24.0, y, galley(ui, "Nothing: it starts", Type::Body, t.text_soft));
        }
        Some("says") => {
            caption(ui, &whose("What dyld prints", words));
            mono_block(ui, &code.replace("tried: '", "tried:\n    '").replace("), '", "),\n    '"), None);
        }
        _ => return false,
    }
    true
}

/// The heading with what the further words choose: a place, an architecture, an entry point.
fn whose<'a>(heading: &str, words: impl Iterator<Item = &'a str>) -> String {
    let told = |word: &str| match word {
        "build" => "on the build Mac".to_owned(),
        "homebrew" => "on a Mac with Homebrew".to_owned(),
        "hardened" => "hardened".to_owned(),
        "no-cache" => "without the shared cache".to_owned(),
        other => match other.strip_prefix("os=") {
            Some(os) => format!("on macOS {os}"),
            None if other.starts_with("DYLD_") => format!("with {other}"),
            None => format!("for {other}"),
        },
    };
    let more: Vec<String> = words.map(told).collect();
    if more.is_empty() { heading.to_owned() } else { format!("{heading}, {}", more.join(", ")) }
}

fn caption(ui: &mut Ui, words: &str) {
    let t = tokens(ui);
    ui.add_space(4.0);
    label(ui, words, Type::CaptionMedium, t.text_faint);
    ui.add_space(4.0);
}

fn headed(ui: &mut Ui, words: &str, contents: impl FnOnce(&mut Ui)) {
    caption(ui, words);
    card(ui, egui::Margin::symmetric(12, 8), contents);
}

/// An item a line with its commands below it.
fn bundle(ui: &mut Ui, code: &str) {
    for line in code.lines().filter(|line| !line.trim().is_empty()) {
        match line.strip_prefix("  ") {
            Some(command) => self::command(ui, command.trim()),
            None => item(ui, line),
        }
    }
}

fn line(ui: &mut Ui, spoken: &str, height: f32) -> egui::Rect {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, spoken));
    rect
}

fn item(ui: &mut Ui, text: &str) {
    let t = tokens(ui);
    let (path, rest) = text.split_once(' ').unwrap_or((text, ""));
    let is_link = rest.starts_with("-> ");
    let mut words = rest.split(' ').filter(|word| !word.is_empty());
    let kind = if is_link { "link" } else { words.next().unwrap_or("") };
    let icon = match kind {
        "execute" => Icon::Play,
        "link" => Icon::Link,
        "plist" | "text" => Icon::File,
        _ => Icon::Cube,
    };
    let rect = line(ui, text, 24.0);
    let y = rect.center().y;
    let ink = if path.starts_with('/') { t.origin_build } else { t.origin_bundle };
    icon.paint_at(ui.painter(), pos2(rect.left() + 7.0, y), 14.0, ink);
    let shown = if is_link { text.replace(" -> ", " → ") } else { path.to_owned() };
    let mut x = paint_left(ui, rect.left() + 22.0, y, galley(ui, &shown, Type::MonoMedium, t.text));
    if !is_link {
        x = badge(ui, x + 8.0, y, kind, Tone::Quiet, false);
        let more: Vec<&str> = words.filter(|word| !word.starts_with("uuid=")).collect();
        if !more.is_empty() {
            let room = rect.right() - x - 8.0;
            paint_left(ui, x + 8.0, y, cut(ui, &more.join("  "), Type::MonoCaption, t.text_faint, room));
        }
    }
}

fn command(ui: &mut Ui, text: &str) {
    let t = tokens(ui);
    let (word, value) = text.split_once(' ').unwrap_or((text, ""));
    let rect = line(ui, text, 20.0);
    let y = rect.center().y;
    paint_left(ui, rect.left() + 22.0, y, galley(ui, word, Type::Caption, t.text_faint));
    paint_left(ui, rect.left() + 78.0, y, galley(ui, value, Type::Mono, t.text_soft));
}

fn loads(ui: &mut Ui, code: &str) {
    let t = tokens(ui);
    for (index, path) in code.lines().filter(|line| !line.is_empty()).enumerate() {
        let rect = line(ui, path, 24.0);
        let y = rect.center().y;
        number(ui, rect.left() + 9.0, y, index + 1);
        paint_left(ui, rect.left() + 28.0, y, galley(ui, path, Type::Mono, t.text));
    }
}

fn number(ui: &Ui, x: f32, y: f32, number: usize) {
    let t = tokens(ui);
    ui.painter().circle(pos2(x, y), 8.5, t.raised, Stroke::new(1.0, t.line));
    let words = galley(ui, &number.to_string(), Type::Caption, t.text_soft);
    paint_left(ui, x - words.size().x / 2.0, y, words);
}

/// A question of a page with the places tried for it.
fn asks(ui: &mut Ui, code: &str) {
    let mut place = 0;
    for (index, text) in code.lines().filter(|line| !line.trim().is_empty()).enumerate() {
        match (text.strip_prefix("  = "), text.strip_prefix("  ")) {
            (Some(result), _) => self::result(ui, result),
            (None, Some(tried)) => {
                place += 1;
                self::tried(ui, place, tried);
            }
            (None, None) => {
                place = 0;
                if index > 0 {
                    ui.add_space(8.0);
                }
                question(ui, text);
            }
        }
    }
}

fn question(ui: &mut Ui, text: &str) {
    let t = tokens(ui);
    let (image, name) = text.split_once(' ').unwrap_or((text, ""));
    let leaf = image.rsplit('/').next().unwrap_or(image);
    let rect = line(ui, &format!("{leaf} asks for {name}"), 24.0);
    let y = rect.center().y;
    let x = paint_left(ui, rect.left(), y, galley(ui, leaf, Type::MonoMedium, t.text));
    let x = paint_left(ui, x + 6.0, y, galley(ui, "asks for", Type::Body, t.text_soft));
    paint_left(ui, x + 6.0, y, galley(ui, name, Type::MonoMedium, t.text));
}

/// A line `Rule [RPATH of IMAGE]: path: answer`.
fn parts(text: &str) -> Option<(&str, &str, &str)> {
    let (rule, rest) = text.split_once(": ")?;
    let (path, answer) = rest.split_once(": ")?;
    Some((rule, path, answer))
}

fn rule_words(rule: &str) -> String {
    let (word, rest) = rule.split_once(' ').map_or((rule, ""), |(word, rest)| (word, rest));
    let told = match word {
        "AlreadyLoaded" => "loaded already",
        "SharedCache" => "macOS's shared cache",
        "Absolute" => "the path as it stands",
        "Cryptex" => "in the cryptex of macOS",
        "LoaderPath" => "@loader_path",
        "ExecutablePath" => "@executable_path",
        "Rpath" => "LC_RPATH",
        "Relative" => "from the current folder",
        "Fallback" => "a fallback folder",
        "RealPath" => "second round, links resolved",
        "PathVariable" => "a folder of a DYLD_ variable",
        "FallbackVariable" => "a fallback folder of a DYLD_ variable",
        "ImageSuffix" => "with DYLD_IMAGE_SUFFIX",
        "CatalystSupport" => "Mac Catalyst's support folder",
        other => other,
    };
    if rest.is_empty() { told.to_owned() } else { format!("{told} {rest}") }
}

fn answer_look(answer: &str) -> (Icon, Tone) {
    match answer {
        "found" => (Icon::Good, Tone::Good),
        _ if answer.starts_with("already loaded") => (Icon::Link, Tone::Good),
        _ if answer.starts_with("skipped") => (Icon::Quiet, Tone::Quiet),
        "no such file" | "not a file" => (Icon::Close, Tone::Quiet),
        _ => (Icon::Error, Tone::Error),
    }
}

fn tried(ui: &mut Ui, index: usize, text: &str) {
    let t = tokens(ui);
    let Some((rule, path, answer)) = parts(text) else {
        return mono_block(ui, text, None);
    };
    const LEFT: f32 = 28.0;
    let width = ui.available_width() - LEFT;
    let (icon, tone) = answer_look(answer);
    let ink = if tone == Tone::Quiet { t.text_soft } else { tone.ink(t) };
    let how = wrapped(ui, &rule_words(rule), Type::Caption, t.text_faint, width);
    let path_galley = path_lines(ui, path, Type::Mono, t.text, width);
    let answer_galley = wrapped(ui, answer, Type::Caption, ink, width - 18.0);
    let height = how.size().y + path_galley.size().y + answer_galley.size().y + 8.0;
    let rect = line(ui, text, height);
    number(ui, rect.left() + 9.0, rect.top() + 10.0, index);
    let (x, mut y) = (rect.left() + LEFT, rect.top() + 2.0);
    for row in [how, path_galley] {
        let high = row.size().y;
        ui.painter().galley(pos2(x, y), row, t.text);
        y += high;
    }
    icon.paint_at(ui.painter(), pos2(x + 6.0, y + 8.0), size::ICON_SMALL, tone.ink(t));
    ui.painter().galley(pos2(x + 18.0, y), answer_galley, t.text);
}

fn result(ui: &mut Ui, text: &str) {
    let t = tokens(ui);
    let (word, path) = text.split_once(' ').unwrap_or((text, ""));
    let (icon, tone, told) = match word {
        "bundled" => (Icon::Good, Tone::Good, "from the bundle"),
        "external" => (Icon::Warning, Tone::Warning, "from outside the bundle"),
        "system" => (Icon::Good, Tone::Good, "from macOS"),
        _ => (Icon::Error, Tone::Error, "nothing is found"),
    };
    let rect = line(ui, text, 26.0);
    let ground = rect.shrink2(vec2(0.0, 1.0));
    ui.painter().rect(ground, size::RADIUS_BADGE, tone.tint(t), Stroke::NONE, StrokeKind::Inside);
    let y = rect.center().y;
    icon.paint_at(ui.painter(), pos2(rect.left() + 12.0, y), 14.0, tone.ink(t));
    let x = paint_left(ui, rect.left() + 28.0, y, galley(ui, told, Type::BodyMedium, tone.ink(t)));
    paint_left(ui, x + 8.0, y, galley(ui, path, Type::Mono, t.text));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_comes_apart_and_is_told_in_words() {
        let line = "Rpath @loader_path of part.so: /a/b.dylib: skipped: not reached";
        assert_eq!(
            parts(line),
            Some(("Rpath @loader_path of part.so", "/a/b.dylib", "skipped: not reached"))
        );
        assert_eq!(rule_words("Rpath @loader_path of part.so"), "LC_RPATH @loader_path of part.so");
        assert_eq!(
            whose("What dyld tries", ["build", "part.so"].into_iter()),
            "What dyld tries, on the build Mac, for part.so"
        );
    }

    #[test]
    fn every_block_of_the_chapter_is_drawn_and_no_rule_goes_without_words() {
        for law in crate::dyld::laws::all() {
            let mut inside = false;
            for line in law.text.lines() {
                if let Some(info) = line.strip_prefix("```") {
                    inside = !inside && info.starts_with("asks");
                } else if let Some(text) =
                    line.strip_prefix("  ").filter(|line| inside && !line.starts_with("= "))
                {
                    let (rule, ..) = parts(text).expect(line);
                    let word = rule.split(' ').next().unwrap_or(rule);
                    assert_ne!(rule_words(word), word, "{line}");
                }
            }
        }
    }
}
