//! A text → the reports in it.

use std::collections::HashSet;

use serde_json::Value;

use super::headings::{self, Part};
use super::plain::{Line, lines};
use super::remarks::{Remarks, is_same, name_images};
use super::{CrashReport, Format, Frame, LoadedImage, MOST_FRAMES, image_line, ips, known, mend};

/// Every report in `text`, in its order; a spindump's target first. At least one: where nothing was found, an empty one
/// whose notes say so.
pub fn read(text: &str) -> Vec<CrashReport> {
    let lines = lines(text);
    let mut reader = Reader::default();
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        at += match line.text.trim_start().starts_with('{') {
            true => reader.json(&lines[at..]),
            false => {
                reader.line(*line);
                1
            }
        };
    }
    reader.finish()
}

const CUT: &str = "The report breaks off after its first line.";

#[derive(Default)]
struct Reader {
    done: Vec<CrashReport>,
    now: CrashReport,
    remarks: Remarks,
    part: Part,
    /// Addresses of the frames of the crashed thread; images come later.
    addresses: Vec<(usize, u64)>,
    /// The first line of an `.ips`, until its report comes.
    heading: Option<Value>,
    /// What a spindump says once for all its processes, and whom it is about.
    shared: CrashReport,
    target: Option<String>,
}

impl Reader {
    fn line(&mut self, line: Line<'_>) {
        if let Some(pid) = pid(line.text) {
            if self.now.pid.is_some_and(|known| known != pid) {
                self.end();
            }
            self.now.pid = Some(pid);
        }
        let listing = self.part == Part::Images || line.text.trim_start().starts_with("0x");
        if listing && let Some(image) = image_line::listed(line.text) {
            self.now.images.push(LoadedImage { line: Some(line.number), ..image });
            return;
        }
        if self.remarks.line(line, &mut self.now) {
            return;
        }
        if let Some((key, value)) = headings::split(line.text)
            && self.heading(key, value)
        {
            return;
        }
        match self.part {
            Part::Said if line.text.is_empty() => self.part = Part::Heading,
            Part::Said if self.now.said.len() < 1000 => self.now.said.push(line.text.trim().to_owned()),
            Part::Crashed => self.frame(line.text),
            _ => self.analysis(line.text),
        }
    }

    fn heading(&mut self, key: &str, value: &str) -> bool {
        match key {
            "Process" => self.process(value),
            "Command" => self.target = known(value),
            _ => match headings::take(&mut self.now, key, value) {
                Some(part) => self.part = part,
                None => return false,
            },
        }
        true
    }

    /// A new report begins, unless what came before was its own log.
    fn process(&mut self, value: &str) {
        let (name, pid) = headings::process(value);
        if self.now.format == Format::Spindump && self.now.process.is_none() {
            let first = std::mem::take(&mut self.now);
            let (format, os, date, incident) = (first.format, first.os, first.date, first.incident);
            self.shared = CrashReport { format, os, date, incident, ..CrashReport::default() };
            self.now = self.shared.clone();
        }
        let same_pid = pid.is_none() || self.now.pid.is_none_or(|known| Some(known) == pid);
        // `sample` names the process in its first line already.
        let is_first =
            self.now.process.is_none() || self.now.format == Format::Sample && self.now.path.is_none();
        let own_log = is_first && same_pid;
        if !own_log || self.shared.format == Format::Spindump {
            self.end();
        }
        if let Some(heading) = self.heading.take() {
            ips::heading(&mut self.now, &heading); // `.ips` of before macOS 12 hold a text
        }
        self.now.process = name.or_else(|| self.now.process.take());
        self.now.pid = pid.or(self.now.pid);
        if self.now.format == Format::Log {
            self.now.format = Format::Crash;
        }
        self.part = Part::Heading;
    }

    /// `0   libfoo.dylib   0x00007fff80c6d087a function + 10`.
    fn frame(&mut self, line: &str) {
        if line.is_empty() && !self.now.crashed.is_empty() {
            self.part = Part::Other;
            return;
        }
        let text = line.trim_start();
        let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let rest = text[digits..].trim_start();
        let Some(at) = rest.find("0x").filter(|at| digits > 0 && *at > 0) else { return };
        let (image, place) = (rest[..at].trim(), &rest[at..]);
        let (address, symbol) = place.split_once(' ').unwrap_or((place, ""));
        let symbol = symbol.rsplit_once(" + ").map_or(symbol, |(symbol, _)| symbol);
        if self.now.crashed.len() >= MOST_FRAMES {
            return;
        }
        if let Some(address) = super::number(address) {
            self.addresses.push((self.now.crashed.len(), address));
        }
        let symbol = known(symbol).filter(|symbol| !symbol.starts_with("0x"));
        self.now.crashed.push(Frame { image: image.to_owned(), index: None, symbol });
    }

    /// `Analysis of sampling Foo (pid 123) every 1 millisecond`.
    fn analysis(&mut self, line: &str) {
        let Some(rest) = line.strip_prefix("Analysis of sampling ") else { return };
        self.now.format = Format::Sample;
        if let Some((name, rest)) = rest.split_once(" (pid ") {
            self.now.process = known(name);
            self.now.pid = rest.split(')').next().and_then(|pid| pid.parse().ok());
        }
        // The headings that follow are this process's own.
        self.shared = CrashReport::default();
    }

    /// Reads the document that begins here; how many lines it takes.
    fn json(&mut self, lines: &[Line<'_>]) -> usize {
        let found = match mend::document(lines) {
            Ok(found) => found,
            Err(used) => return used.max(1),
        };
        match ips::kind(&found.value) {
            ips::Kind::Heading => {
                self.report_of_heading(CUT);
                self.heading = Some(found.value);
            }
            ips::Kind::Report => self.report(&found.value, found.cut),
            ips::Kind::Unknown => self.report_of_heading("What follows its first line lists no images."),
        }
        found.lines
    }

    fn report_of_heading(&mut self, note: &str) {
        if let Some(heading) = self.heading.take() {
            self.end();
            ips::heading(&mut self.now, &heading);
            self.now.format = Format::Ips;
            self.now.notes.push(note.to_owned());
            self.end();
        }
    }

    fn report(&mut self, value: &Value, cut: bool) {
        let mut report = CrashReport::default();
        if let Some(heading) = self.heading.take() {
            ips::heading(&mut report, &heading);
        }
        ips::body(&mut report, value);
        if cut {
            report.notes.push("The JSON breaks off; what stands before the break was read.".to_owned());
        }
        self.remarks.finish(&mut self.now);
        let same = |a: &Option<String>, b: &Option<String>| a.is_some() && a == b;
        if self.now.pid == report.pid && report.pid.is_some() || same(&self.now.process, &report.process) {
            merge(&mut self.now, report); // the text form that Console puts in front
            return;
        }
        self.end();
        self.now = report;
        self.end();
    }

    /// Puts away what was read so far.
    fn end(&mut self) {
        self.remarks.finish(&mut self.now);
        let mut report = std::mem::replace(&mut self.now, self.shared.clone());
        drop_nameless(&mut report);
        self.place_frames(&mut report);
        self.part = Part::default();
        if report.is_empty() {
            return;
        }
        name_images(&mut report);
        self.done.push(report);
    }

    /// Which image each frame of the crashed thread is in, by its address.
    fn place_frames(&mut self, report: &mut CrashReport) {
        let mut starts: Vec<(u64, u64, usize)> = Vec::new();
        for (at, image) in report.images.iter().enumerate() {
            starts.extend(image.base.zip(image.size).map(|(base, size)| (base, size, at)));
        }
        starts.sort_unstable();
        for (frame, address) in self.addresses.drain(..) {
            let before = starts.partition_point(|(base, ..)| *base <= address);
            let found = before.checked_sub(1).and_then(|at| starts.get(at));
            let index = found.filter(|(base, size, _)| address - base < *size).map(|(.., at)| *at);
            if let Some(frame) = report.crashed.get_mut(frame) {
                frame.index = index;
            }
        }
    }

    fn finish(mut self) -> Vec<CrashReport> {
        self.report_of_heading(CUT);
        if self.now.process.is_none() {
            self.now.process = self.target.clone().filter(|_| self.now.format == Format::Spindump);
        }
        self.end();
        let target = self.target.as_deref();
        self.done.sort_by_key(|report| target.is_some() && report.process.as_deref() != target);
        if self.done.is_empty() {
            let note = "Nothing in this text is known as a crash report or as a message of dyld or objc.";
            self.done.push(CrashReport { notes: vec![note.to_owned()], ..CrashReport::default() });
        }
        self.done
    }
}

/// Takes out entries that stand for no image; frames keep theirs.
fn drop_nameless(report: &mut CrashReport) {
    let is_image = |image: &LoadedImage| !image.name.is_empty() || image.uuid.is_some();
    if report.images.iter().all(is_image) {
        return;
    }
    let mut kept = 0;
    let places: Vec<Option<usize>> = report
        .images
        .iter()
        .map(|image| {
            let place = is_image(image).then_some(kept);
            kept += usize::from(place.is_some());
            place
        })
        .collect();
    for frame in &mut report.crashed {
        frame.index = frame.index.and_then(|at| places.get(at).copied().flatten());
    }
    report.images.retain(is_image);
}

/// The process that a line of dyld or objc is about.
fn pid(line: &str) -> Option<u32> {
    let at = ["dyld[", "objc["].iter().find_map(|start| line.find(start).map(|at| at + start.len()))?;
    line[at..].split_once("]: ")?.0.parse().ok()
}

/// Adds what the second form of one report says beyond the first.
fn merge(into: &mut CrashReport, from: CrashReport) {
    for (field, value) in [
        (&mut into.path, from.path),
        (&mut into.identifier, from.identifier),
        (&mut into.version, from.version),
        (&mut into.os, from.os),
        (&mut into.arch, from.arch),
        (&mut into.parent, from.parent),
        (&mut into.date, from.date),
        (&mut into.incident, from.incident),
        (&mut into.team, from.team),
        (&mut into.process, from.process),
    ] {
        if field.is_none() {
            *field = value;
        }
    }
    into.translated |= from.translated;
    into.exception = into.exception.take().or(from.exception);
    into.termination = into.termination.take().or(from.termination);
    if into.crashed.is_empty() {
        into.crashed = from.crashed;
    }
    let place = |image: &LoadedImage| (image.uuid.clone(), image.base);
    let places: HashSet<(Option<String>, Option<u64>)> = into.images.iter().map(place).collect();
    for image in from.images.into_iter().filter(|image| !image.name.is_empty()) {
        if !places.contains(&place(&image)) {
            into.images.push(image);
        }
    }
    for message in from.dyld {
        if !into.dyld.iter().any(|known| is_same(known, &message)) {
            into.dyld.push(message);
        }
    }
    let classes = from.classes.into_iter().filter(|twice| !into.classes.contains(twice));
    into.classes.extend(classes.collect::<Vec<_>>());
    into.notes.extend(from.notes);
}
