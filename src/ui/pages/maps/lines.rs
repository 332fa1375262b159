//! The maps that are tables: their rows, worked out once, and how one is painted.

use egui::{Rect, Sense, Stroke, Ui, pos2, vec2};

use crate::bundle::{EntryKind, ImageId};
use crate::maps::architectures::Cell as Slice;
use crate::maps::unused::Standing;
use crate::ui::facts::{bytes, counted};
use crate::ui::icons::Icon;
use crate::ui::search::Words;
use crate::ui::theme::{Type, size, tokens};
use crate::ui::widgets::{Tone, cut, elided, galley, paint_left, paint_right, tree_table};
use crate::workflow::Survey;

/// A table with the sentence above it.
#[derive(Default)]
pub struct Sheet {
    pub summary: String,
    pub nothing: &'static str,
    first: &'static str,
    columns: Vec<Column>,
    pub lines: Vec<Line>,
}

struct Column {
    title: String,
    width: f32,
    /// Numbers stand at the right.
    right: bool,
}

pub struct Line {
    image: Option<ImageId>,
    depth: usize,
    /// Heads the lines below it.
    heading: bool,
    name: String,
    mark: Option<(Icon, Tone)>,
    cells: Vec<(String, Tone)>,
}

impl Line {
    fn of(image: ImageId, cells: Vec<(String, Tone)>) -> Line {
        let name = image.to_string();
        Line { image: Some(image), depth: 0, heading: false, name, mark: None, cells }
    }

    fn heading(name: String, mark: (Icon, Tone)) -> Line {
        Line { image: None, depth: 0, heading: true, name, mark: Some(mark), cells: Vec::new() }
    }

    pub fn image(&self) -> Option<&ImageId> {
        self.image.as_ref()
    }

    pub fn is_about(&self, image: &ImageId) -> bool {
        self.image.as_ref() == Some(image)
    }

    pub fn row(&self, index: usize) -> tree_table::Row {
        let cells: String = self.cells.iter().map(|(text, _)| format!(", {text}")).collect();
        tree_table::Row {
            key: index as u64,
            depth: self.depth,
            open: None,
            spoken: format!("{}{cells}", self.name),
            heading: self.heading,
            twin: false,
        }
    }
}

fn quiet(text: impl Into<String>) -> (String, Tone) {
    (text.into(), Tone::Quiet)
}

fn number(title: &str, width: f32) -> Column {
    Column { title: title.to_owned(), width, right: true }
}

fn words(title: &str, width: f32) -> Column {
    Column { title: title.to_owned(), width, right: false }
}

pub fn sizes(survey: &Survey) -> Sheet {
    let size = &survey.size;
    let line = |image: &crate::maps::size::ImageSize| {
        let alone = if image.exclusive == image.bytes { "–".to_owned() } else { bytes(image.exclusive) };
        Line::of(ImageId::Bundled(image.image.clone()), vec![quiet(bytes(image.bytes)), quiet(alone)])
    };
    Sheet {
        summary: format!(
            "{} of code in {}, {} of everything else. What only one image needs goes with it.",
            bytes(size.code),
            counted(size.images.len(), "image"),
            bytes(size.other)
        ),
        nothing: "The bundle has no image.",
        first: "Image",
        columns: vec![number("File", 96.0), number("With what it alone needs", 168.0)],
        lines: size.images.iter().map(line).collect(),
    }
}

pub fn unused(survey: &Survey) -> Sheet {
    let all: u64 = survey.unused.iter().map(|one| one.bytes).sum();
    let line = |one: &crate::maps::unused::Unused| {
        let standing = match one.standing {
            Standing::Named => {
                let file = one.named_in.first().map(|mention| mention.file.file_name()).unwrap_or_default();
                (format!("Named in {file}"), Tone::Quiet)
            }
            Standing::PlugIn => ("Made to be opened".to_owned(), Tone::Quiet),
            Standing::NeededByThose => ("Needed by one of those".to_owned(), Tone::Quiet),
            Standing::Nothing => ("Nothing speaks for it".to_owned(), Tone::Warning),
        };
        Line::of(ImageId::Bundled(one.image.clone()), vec![quiet(bytes(one.bytes)), standing])
    };
    Sheet {
        summary: if survey.unused.is_empty() {
            "Nothing lies idle.".to_owned()
        } else {
            format!(
                "{}, {}, that no program loads at its start. dlopen may still open those that something speaks for.",
                counted(survey.unused.len(), "image"),
                bytes(all)
            )
        },
        nothing: "Every image is loaded by some program of the bundle.",
        first: "Image",
        columns: vec![number("File", 96.0), words("What speaks for it", 220.0)],
        lines: survey.unused.iter().map(line).collect(),
    }
}

pub fn circles(survey: &Survey) -> Sheet {
    let mut lines = Vec::new();
    for cycle in &survey.cycles {
        let archs: Vec<String> = cycle.archs.iter().map(|arch| arch.to_string()).collect();
        let mark = if cycle.is_upward { (Icon::Note, Tone::Note) } else { (Icon::Warning, Tone::Warning) };
        let known = if cycle.is_upward { ", built as one (upward)" } else { "" };
        let words =
            format!("{} need each other, {}{known}", counted(cycle.images.len(), "image"), archs.join(", "));
        lines.push(Line::heading(words, mark));
        for step in &cycle.shortest {
            let asks = quiet(format!("asks for {}", step.name.leaf()));
            lines.push(Line { depth: 1, ..Line::of(step.image.clone(), vec![asks]) });
        }
    }
    Sheet {
        summary: match survey.cycles.len() {
            0 => "Every library can be initialised after those that it needs.".to_owned(),
            circles => format!(
                "{}. No order of their initialisers suits all libraries of a circle; shown is a shortest way round.",
                counted(circles, "circle")
            ),
        },
        nothing: "No libraries need each other in a circle.",
        first: "Image",
        columns: vec![words("", 260.0)],
        lines,
    }
}

pub fn minimum(survey: &Survey) -> Sheet {
    let version = |version: Option<crate::macho::PackedVersion>| {
        version.map_or_else(|| "–".to_owned(), |version| version.to_string())
    };
    let mut lines = Vec::new();
    for one in &survey.minimum_systems {
        let mark = if one.is_broken() { (Icon::Warning, Tone::Warning) } else { (Icon::Good, Tone::Good) };
        let name = format!("{} ({})", one.entry.file_name(), one.arch);
        let opened = if one.kind == EntryKind::PlugIn { "opened by an unknown program" } else { "" };
        let mut line = Line::heading(name, mark);
        line.cells = vec![
            quiet(version(one.promised)),
            quiet(version(one.to_start)),
            quiet(version(one.to_open_all)),
            quiet(opened),
        ];
        lines.push(line);
        for culprit in &one.culprits {
            let when = if culprit.is_opened_later { "opened later" } else { "loaded at the start" };
            let tone = if one.is_broken() { Tone::Warning } else { Tone::Quiet };
            let cells = vec![quiet(""), quiet(""), (culprit.minimum.to_string(), tone), quiet(when)];
            lines.push(Line { depth: 1, ..Line::of(culprit.image.clone(), cells) });
        }
    }
    let broken = survey.minimum_systems.iter().filter(|one| one.is_broken()).count();
    Sheet {
        summary: match broken {
            0 => "No image was built for a newer macOS than Info.plist promises.".to_owned(),
            _ => format!(
                "{} promised an older macOS than its images were built for.",
                counted(broken, "program")
            ),
        },
        nothing: "Nothing in the bundle is a program.",
        first: "Program, and the images that decide",
        columns: vec![
            number("Promised", 72.0),
            number("To start", 72.0),
            number("With all", 72.0),
            words("", 132.0),
        ],
        lines,
    }
}

pub fn slices(survey: &Survey) -> Sheet {
    let matrix = &survey.architectures;
    let cell = |cell: &Slice| match cell {
        Slice::Loaded(length) => (bytes(*length), Tone::Good),
        Slice::Idle(length) => (format!("{} idle", bytes(*length)), Tone::Quiet),
        Slice::Absent => quiet("–"),
        Slice::Lacking => ("missing".to_owned(), Tone::Error),
    };
    let line = |row: &crate::maps::architectures::Row| {
        Line::of(row.image.clone(), row.cells.iter().map(cell).collect())
    };
    let idle: Vec<String> = matrix
        .archs
        .iter()
        .filter(|arch| matrix.idle(**arch) > 0)
        .map(|arch| format!("{} of {arch}", bytes(matrix.idle(*arch))))
        .collect();
    let lacks = counted(matrix.lacks.len(), "slice");
    let idle = if idle.is_empty() {
        "every slice is loaded".to_owned()
    } else {
        format!("idle: {}", idle.join(", "))
    };
    Sheet {
        summary: format!("{lacks} asked for in vain; {idle}."),
        nothing: "The bundle has no image.",
        first: "Image",
        columns: matrix.archs.iter().map(|arch| number(&arch.to_string(), 104.0)).collect(),
        lines: matrix.rows.iter().map(line).collect(),
    }
}

impl Sheet {
    /// Drops the lines that `filter` does not match; a heading stays with its own.
    pub fn keep(&mut self, filter: &str) {
        let words = Words::new(filter);
        if words.is_empty() {
            return;
        }
        let mut kept: Vec<Line> = Vec::new();
        for line in self.lines.drain(..) {
            if line.heading {
                if kept.last().is_some_and(|last| last.heading) {
                    kept.pop();
                }
                kept.push(line);
            } else if words.are_in(&line.name) {
                kept.push(line);
            }
        }
        if kept.last().is_some_and(|last| last.heading) {
            kept.pop();
        }
        self.lines = kept;
    }

    /// The left and right edge of each column in a table of this width.
    pub fn places(&self, width: f32) -> Vec<(f32, f32)> {
        let mut right = width - size::PADDING;
        let mut places: Vec<(f32, f32)> = Vec::new();
        for column in self.columns.iter().rev() {
            places.push((right - column.width, right));
            right -= column.width + 16.0;
        }
        places.reverse();
        places
    }
}

/// Mac the names end.
fn name_end(columns: &[(f32, f32)], width: f32) -> f32 {
    columns.first().map_or(width, |first| first.0) - 16.0
}

pub fn heads(ui: &mut Ui, sheet: &Sheet, columns: &[(f32, f32)]) {
    let t = tokens(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), size::ROW), Sense::hover());
    let y = rect.center().y;
    paint_left(ui, rect.left() + size::PADDING, y, galley(ui, sheet.first, Type::Caption, t.text_faint));
    for (column, (left, right)) in sheet.columns.iter().zip(columns) {
        let words = galley(ui, &column.title, Type::Caption, t.text_faint);
        if column.right {
            paint_right(ui, rect.left() + right, y, words);
        } else {
            paint_left(ui, rect.left() + left, y, words);
        }
    }
    ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, t.line));
}

pub fn paint(ui: &Ui, sheet: &Sheet, line: &Line, rect: Rect, columns: &[(f32, f32)]) {
    let t = tokens(ui);
    let y = rect.center().y;
    let mut x = rect.left() + size::PADDING + line.depth as f32 * size::INDENT;
    if let Some((icon, tone)) = line.mark {
        icon.paint_at(ui.painter(), pos2(x + 7.0, y), 15.0, tone.ink(t));
        x += 24.0;
    }
    let cells = line.cells.iter().any(|(text, _)| !text.is_empty());
    let end =
        if cells { rect.left() + name_end(columns, rect.width()) } else { rect.right() - size::PADDING };
    let name = match line.heading {
        true => cut(ui, &line.name, Type::BodyMedium, t.text, end - x),
        false => elided(ui, &line.name, Type::Mono, t.text, end - x),
    };
    paint_left(ui, x, y, name);
    for (((text, tone), column), (left, right)) in line.cells.iter().zip(&sheet.columns).zip(columns) {
        let ink = if *tone == Tone::Quiet { t.text_soft } else { tone.ink(t) };
        let words = cut(ui, text, Type::Body, ink, right - left);
        if column.right {
            paint_right(ui, rect.left() + right, y, words);
        } else {
            paint_left(ui, rect.left() + left, y, words);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paths::BundlePath;

    fn sheet() -> Sheet {
        let line =
            |name: &str| Line::of(ImageId::Bundled(BundlePath::new(name).unwrap()), vec![quiet("1 KB")]);
        let heading = |name: &str| Line::heading(name.to_owned(), (Icon::Good, Tone::Good));
        Sheet {
            lines: vec![heading("one"), line("a/liba.dylib"), heading("two"), line("b/libb.dylib")],
            columns: vec![number("File", 80.0), words("Why", 120.0)],
            ..Sheet::default()
        }
    }

    #[test]
    fn a_heading_goes_with_its_lines() {
        let mut sheet = sheet();
        sheet.keep("LIBB");
        let names: Vec<&str> = sheet.lines.iter().map(|line| line.name.as_str()).collect();
        assert_eq!(names, ["two", "b/libb.dylib"]);
        sheet.keep("nothing");
        assert!(sheet.lines.is_empty());
    }

    #[test]
    fn columns_stand_at_the_right_and_names_get_the_rest() {
        let places = sheet().places(600.0);
        assert_eq!(places, [(368.0, 448.0), (464.0, 584.0)]);
        assert_eq!(name_end(&places, 600.0), 352.0);
    }
}
