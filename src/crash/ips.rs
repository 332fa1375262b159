//! `.ips`: a line of JSON that says what it is, and a document of JSON behind it.

use serde_json::{Map, Value};

use super::plain::Line;
use super::remarks::Remarks;
use super::{
    CrashReport, Exception, Format, Frame, LoadedImage, MOST_FRAMES, Source, Termination, arch, known, leaf,
    number, uuid,
};

type Object = Map<String, Value>;

/// What a document is.
pub enum Kind {
    /// The first line.
    Heading,
    Report,
    /// Some other JSON.
    Unknown,
}

/// `bug_type` of a report that holds no images of one process, and what it is.
const OTHER_KINDS: [(&str, &str); 4] = [
    ("288", "a stackshot"),
    ("298", "a report about memory"),
    ("210", "a panic of the kernel"),
    ("115", "a reset counter"),
];

pub fn kind(value: &Value) -> Kind {
    let has = |key: &str| value.get(key).is_some();
    if ["usedImages", "binaryImages", "procName", "procPath", "threads", "termination", "exception"]
        .iter()
        .any(|key| has(key))
    {
        Kind::Report
    } else if ["bug_type", "app_name", "incident_id", "os_version"].iter().any(|key| has(key)) {
        Kind::Heading
    } else {
        Kind::Unknown
    }
}

/// Takes the first line into `report`, where nothing is known yet.
pub fn heading(report: &mut CrashReport, value: &Value) {
    let Some(object) = value.as_object() else { return };
    fill(&mut report.process, text(object, &["app_name", "name"]));
    fill(&mut report.version, versions(text(object, &["app_version"]), text(object, &["build_version"])));
    fill(&mut report.identifier, text(object, &["bundleID"]));
    fill(&mut report.os, text(object, &["os_version"]));
    fill(&mut report.incident, text(object, &["incident_id"]));
    fill(&mut report.date, text(object, &["timestamp"]));
    let bug = text(object, &["bug_type"]);
    if let Some((_, what)) = OTHER_KINDS.iter().find(|(number, _)| bug.as_deref() == Some(*number)) {
        report.notes.push(format!(
            "This is {what} (bug_type {}), which lists no images of one process.",
            bug.unwrap_or_default()
        ));
    }
}

/// Takes the second document into `report`.
pub fn body(report: &mut CrashReport, value: &Value) {
    let Some(object) = value.as_object() else { return };
    report.format = Format::Ips;
    // It dates the crash, the heading the writing of it; and it names the process, the heading the app.
    report.date = text(object, &["captureTime"]).or_else(|| report.date.take());
    report.process = text(object, &["procName"]).or_else(|| report.process.take());
    fill(&mut report.path, text(object, &["procPath"]));
    fill(&mut report.parent, text(object, &["parentProc"]));
    fill(&mut report.incident, text(object, &["incident"]));
    fill(&mut report.team, text(object, &["codeSigningTeamID"]));
    report.pid = report.pid.or_else(|| object.get("pid")?.as_u64()?.try_into().ok());
    let cpu = text(object, &["cpuType", "cpu_type"]);
    report.arch = report.arch.take().or_else(|| cpu.as_deref().and_then(arch).map(str::to_owned));
    report.translated |= object.get("translated").and_then(Value::as_bool).unwrap_or(false);
    if let Some(info) = object.get("bundleInfo").and_then(Value::as_object) {
        fill(&mut report.identifier, text(info, &["CFBundleIdentifier"]));
        let version = versions(text(info, &["CFBundleShortVersionString"]), text(info, &["CFBundleVersion"]));
        report.version = version.or_else(|| report.version.take());
    }
    if let Some(os) = object.get("osVersion").and_then(Value::as_object) {
        fill(
            &mut report.os,
            text(os, &["train"]).map(|train| match text(os, &["build"]) {
                Some(build) => format!("{train} ({build})"),
                None => train,
            }),
        );
    }
    report.exception = exception(object).or_else(|| report.exception.take());
    report.termination = termination(object).or_else(|| report.termination.take());
    images(report, object);
    crashed_thread(report, object);
    said(report, object);
}

fn fill(field: &mut Option<String>, value: Option<String>) {
    if field.is_none() {
        *field = value;
    }
}

/// "1.2 (345)", as the text form has it.
fn versions(short: Option<String>, build: Option<String>) -> Option<String> {
    match (short, build) {
        (Some(short), Some(build)) => Some(format!("{short} ({build})")),
        (short, build) => short.or(build),
    }
}

fn text(object: &Object, keys: &[&str]) -> Option<String> {
    keys.iter().find_map(|key| known(object.get(*key)?.as_str()?))
}

/// A number, or a text that is one.
fn amount(object: &Object, key: &str) -> Option<u64> {
    let value = object.get(key)?;
    value.as_u64().or_else(|| number(value.as_str()?))
}

fn exception(object: &Object) -> Option<Exception> {
    let exception = object.get("exception")?.as_object()?;
    let detail = text(exception, &["subtype"]).filter(|subtype| subtype.starts_with("KERN_"));
    Some(Exception { kind: text(exception, &["type"])?, signal: text(exception, &["signal"]), detail })
}

fn termination(object: &Object) -> Option<Termination> {
    let end = object.get("termination")?.as_object()?;
    Some(Termination {
        namespace: text(end, &["namespace"])?,
        code: amount(end, "code"),
        message: text(end, &["indicator"]),
    })
}

fn images(report: &mut CrashReport, object: &Object) {
    let list = ["usedImages", "binaryImages"].iter().find_map(|key| object.get(*key)?.as_array());
    for (at, value) in list.into_iter().flatten().enumerate() {
        // Frames count every entry; one that is no image stays as a place without name.
        report.images.push(match value {
            Value::Object(image) => listed(image),
            Value::Array(parts) => listed_short(parts),
            _ => LoadedImage::default(),
        });
        if report.images.get(at).is_none_or(|image| image.name.is_empty()) && value.is_null() {
            report.notes.push(format!("Entry {at} of the list of images cannot be read."));
        }
    }
}

fn listed(image: &Object) -> LoadedImage {
    let path = text(image, &["path", "imagePath"]);
    let source = match image.get("source").and_then(Value::as_str) {
        Some("S" | "C") => Source::SharedCache,
        _ => Source::Listed,
    };
    let named = text(image, &["name"]);
    LoadedImage {
        name: path.as_deref().map(leaf).map(str::to_owned).or(named).unwrap_or_default(),
        version: text(image, &["CFBundleShortVersionString", "CFBundleVersion"]),
        uuid: image.get("uuid").and_then(Value::as_str).and_then(uuid),
        base: amount(image, "base").filter(|base| *base > 0),
        size: amount(image, "size").filter(|size| *size > 0),
        path,
        source,
        line: None,
    }
}

/// `[UUID, base, source]` of stackshots.
fn listed_short(parts: &[Value]) -> LoadedImage {
    let id = parts.first().and_then(Value::as_str).and_then(uuid);
    LoadedImage { uuid: id, base: parts.get(1).and_then(Value::as_u64), ..LoadedImage::default() }
}

fn crashed_thread(report: &mut CrashReport, object: &Object) {
    let Some(threads) = object.get("threads").and_then(Value::as_array) else { return };
    let number = object.get("faultingThread").and_then(Value::as_u64).and_then(|at| usize::try_from(at).ok());
    let triggered = |thread: &&Value| thread.get("triggered").and_then(Value::as_bool) == Some(true);
    let thread = threads.iter().find(triggered).or_else(|| threads.get(number?));
    let frames = thread.and_then(|thread| thread.get("frames")?.as_array());
    for frame in frames.into_iter().flatten().filter_map(Value::as_object).take(MOST_FRAMES) {
        let index = amount(frame, "imageIndex").and_then(|at| usize::try_from(at).ok());
        let image = index.and_then(|at| report.images.get(at));
        report.crashed.push(Frame {
            image: image.map(|image| image.name.clone()).unwrap_or_default(),
            index: index.filter(|_| image.is_some()),
            symbol: text(frame, &["symbol"]),
        });
    }
}

/// Everything that was said, read like lines of a log.
fn said(report: &mut CrashReport, object: &Object) {
    let mut remarks = Remarks::default();
    let end = object.get("termination").and_then(Value::as_object);
    for list in ["reasons", "details"] {
        let texts = end.and_then(|end| end.get(list)?.as_array());
        let texts = texts.into_iter().flatten().filter_map(Value::as_str);
        feed(report, &mut remarks, texts);
        remarks.finish(report);
    }
    feed(report, &mut remarks, object.get("fatalDyldError").and_then(Value::as_str).into_iter());
    remarks.finish(report);
    let information = object.get("asi").and_then(Value::as_object);
    for texts in information.into_iter().flat_map(Map::values).filter_map(Value::as_array) {
        let texts: Vec<&str> = texts.iter().filter_map(Value::as_str).collect();
        report.said.extend(texts.iter().flat_map(|text| text.lines()).map(str::to_owned));
        feed(report, &mut remarks, texts.into_iter());
        remarks.finish(report);
    }
    if let Some(notes) = object.get("reportNotes").and_then(Value::as_array) {
        let notes = notes.iter().filter_map(Value::as_str);
        report.notes.extend(notes.map(|note| format!("The report says: {note}")));
    }
}

fn feed<'a>(report: &mut CrashReport, remarks: &mut Remarks, texts: impl Iterator<Item = &'a str>) {
    for text in texts.flat_map(str::lines) {
        remarks.line(Line { number: 0, text, fence: false }, report);
    }
}
