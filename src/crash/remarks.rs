//! What any line of any format may say: dyld's messages, objc's sentences, printed libraries, toolkits' complaints.

use super::plain::Line;
use super::{CrashReport, DyldMessage, LoadedImage, Source, dyld_message, image_line, leaf, objc_line};

/// What toolkits print when they are there twice.
const HINTS: [&str; 7] = [
    "You might be loading two sets of Qt binaries",
    "Current thread",
    "Cannot create children for a parent that is in a different thread",
    "cannot register existing type",
    "assertion 'quark > 0' failed",
    "Could not load the Qt platform plugin",
    "multiple copies of the OpenMP runtime",
];

/// Lines of a message or sentence that is not finished.
const MOST_LINES: usize = 64;

/// Gathers remarks over lines; [`Remarks::finish`] hands them over.
#[derive(Default)]
pub struct Remarks {
    message: Vec<String>,
    class: Option<String>,
}

impl Remarks {
    /// Looks at one line. Whether it was a part of a remark.
    pub fn line(&mut self, line: Line<'_>, report: &mut CrashReport) -> bool {
        if self.class(line, report) {
            return true;
        }
        if !self.message.is_empty() {
            if dyld_message::goes_on(line.text) || self.wraps(line.text) {
                if self.message.len() < MOST_LINES {
                    self.message.push(line.text.to_owned());
                }
                return true;
            }
            self.end_message(report);
        }
        if line.text.contains("dyld cache '") && line.text.contains("not loaded") {
            report.no_shared_cache = true;
            return true;
        }
        if let Some(image) = image_line::printed(line.text) {
            report.images.push(LoadedImage { line: Some(line.number), ..image });
            return true;
        }
        if let Some(said) = dyld_message::begins(line.text) {
            self.message.push(said.to_owned());
            return true;
        }
        if HINTS.iter().any(|hint| line.text.contains(hint)) && report.hints.len() < 16 {
            report.hints.push(line.text.trim().to_owned());
            return true;
        }
        false
    }

    /// objc's sentence, which may be broken over lines.
    fn class(&mut self, line: Line<'_>, report: &mut CrashReport) -> bool {
        let text = match self.class.take() {
            Some(begun) if !objc_line::begins(line.text) && begun.len() < 4096 && !line.text.is_empty() => {
                format!("{begun} {}", line.text.trim())
            }
            _ if objc_line::begins(line.text) => line.text.to_owned(),
            _ => return false,
        };
        match objc_line::class_twice(&text) {
            Some(twice) if !report.classes.contains(&twice) || report.classes.len() > 500 => {
                report.classes.push(twice)
            }
            Some(_) => {}
            None => self.class = Some(text),
        }
        true
    }

    /// Whether a place of a `tried:` list goes on here: mail breaks long lines.
    fn wraps(&self, line: &str) -> bool {
        let open = self.message.last().is_some_and(|last| {
            let text = last.trim_end();
            (text.contains("tried: '") || self.message.len() > 2) && !text.ends_with(')')
        });
        open && !line.is_empty()
            && !line.starts_with('(')
            && !line.contains(": ")
            && line.contains(['/', '\'', ')'])
    }

    fn end_message(&mut self, report: &mut CrashReport) {
        let text = std::mem::take(&mut self.message).join("\n");
        let Some(message) = dyld_message::message(&text) else { return };
        let uncached = message.tried.iter().any(|one| one.why.contains("no dyld cache"));
        report.no_shared_cache |= uncached;
        if report.dyld.len() < 256 && !report.dyld.iter().any(|known| is_same(known, &message)) {
            report.dyld.push(message);
        }
    }

    pub fn finish(&mut self, report: &mut CrashReport) {
        self.class = None;
        self.end_message(report);
    }
}

/// Reports say the same more than once: on standard error, as the reason of the end, and in JSON.
pub fn is_same(a: &DyldMessage, b: &DyldMessage) -> bool {
    let from = |message: &DyldMessage| message.from.as_ref().map(|place| place.path.clone());
    a.fault == b.fault && (from(a) == from(b) || from(a).is_none() || from(b).is_none())
}

/// Adds the images that dyld and objc name and no list holds.
pub fn name_images(report: &mut CrashReport) {
    let classes = report.classes.iter().flat_map(|twice| [&twice.first, &twice.second]);
    let mut named: Vec<(String, Option<String>)> = classes.map(|path| (path.clone(), None)).collect();
    let asking = report.dyld.iter().filter_map(|message| message.from.as_ref());
    named.extend(asking.map(|place| (place.path.clone(), place.uuid.clone())));
    let mut known: std::collections::HashSet<String> =
        report.images.iter().filter_map(|image| image.path.clone()).collect();
    for (path, uuid) in named {
        if !path.contains('/') || known.contains(&path) || has_uuid(report, uuid.as_deref()) {
            continue;
        }
        known.insert(path.clone());
        let name = leaf(&path).to_owned();
        report.images.push(LoadedImage {
            path: Some(path),
            name,
            uuid,
            source: Source::Named,
            ..LoadedImage::default()
        });
    }
}

fn has_uuid(report: &CrashReport, uuid: Option<&str>) -> bool {
    uuid.is_some() && report.images.iter().any(|image| image.uuid.as_deref() == uuid)
}
