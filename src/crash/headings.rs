//! `Key:   value` lines of reports in text.

use super::{CrashReport, Exception, Format, Termination, arch, known, number};

/// What the lines that follow belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Part {
    #[default]
    Heading,
    Said,
    Crashed,
    Images,
    Other,
}

/// A heading's key and value. Keys begin the line, white space aside, and hold few words.
pub fn split(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.trim_start().split_once(':')?;
    let plain = key.len() < 40 && key.starts_with(|c: char| c.is_ascii_uppercase());
    plain.then(|| (key.trim_end(), value.trim()))
}

/// "Foo [123]" → the name and the process's number.
pub fn process(value: &str) -> (Option<String>, Option<u32>) {
    match value.rsplit_once(" [") {
        Some((name, rest)) => (known(name), rest.split(']').next().and_then(|pid| pid.parse().ok())),
        None => (known(value), None),
    }
}

/// Takes in one heading. The part that it opens; `None` when the key means nothing here.
pub fn take(report: &mut CrashReport, key: &str, value: &str) -> Option<Part> {
    match key {
        "Path" => set(&mut report.path, value),
        "Identifier" => set(&mut report.identifier, value),
        "Version" => set(&mut report.version, value),
        "Incident Identifier" => set(&mut report.incident, value),
        "Parent Process" | "Parent" => report.parent = report.parent.take().or_else(|| process(value).0),
        "Date/Time" => set(&mut report.date, value),
        "OS Version" => set(&mut report.os, value),
        "Team ID" => set(&mut report.team, value),
        "PID" => report.pid = report.pid.or_else(|| value.parse().ok()),
        "Code Type" | "Architecture" => {
            report.arch = report.arch.take().or_else(|| arch(value).map(str::to_owned));
            report.translated |= value.contains("ranslated");
        }
        "Report Version" => crashed(report),
        "Analysis Tool" => report.format = Format::Sample,
        "Data Source" | "Steps" => report.format = Format::Spindump,
        "Exception Type" => {
            crashed(report);
            report.exception = Some(exception(value));
        }
        "Exception Subtype" | "Exception Codes" => {
            if let Some(exception) = report.exception.as_mut().filter(|_| value.starts_with("KERN_")) {
                exception.detail = known(value);
            }
        }
        "Termination Reason" => report.termination = Some(termination(value)),
        "Termination Details" | "Termination Description" => {
            // The description of iOS holds what macOS puts into the reason.
            if let Some(end) = report.termination.as_mut().filter(|end| end.message.is_none()) {
                end.message = known(value);
            }
        }
        "Application Specific Information" => return Some(Part::Said),
        "Dyld Error Message" => {}
        "Binary Images" => {
            crashed(report);
            return Some(Part::Images);
        }
        "Call graph" | "Thread State" | "External Modification Summary" | "VM Region Summary" => {
            return Some(Part::Other);
        }
        _ => return section(key),
    }
    Some(Part::Heading)
}

/// "Thread 0 Crashed::" and its kind.
fn section(key: &str) -> Option<Part> {
    let rest = key.strip_prefix("Thread ").filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    match rest {
        Some(rest) if rest.contains("Crashed") => Some(Part::Crashed),
        Some(_) => Some(Part::Other),
        None if key.starts_with("Application Specific Backtrace") => Some(Part::Other),
        None => None,
    }
}

/// An excerpt without the headings that say so.
fn crashed(report: &mut CrashReport) {
    if report.format == Format::Log {
        report.format = Format::Crash;
    }
}

/// The first word counts: a second report that is pasted behind begins with "Process:".
fn set(field: &mut Option<String>, value: &str) {
    if field.is_none() {
        *field = known(value);
    }
}

/// `EXC_CRASH (SIGABRT)`, also `EXC_BAD_ACCESS (SIGKILL (Code Signature Invalid))`.
pub fn exception(value: &str) -> Exception {
    let (kind, signal) = match value.split_once(" (") {
        Some((kind, rest)) => (kind, known(rest.strip_suffix(')').unwrap_or(rest))),
        None => (value, None),
    };
    Exception { kind: kind.trim().to_owned(), signal, detail: None }
}

/// `Namespace DYLD, Code 1 Library missing`, with a comma before the words since macOS 26; `DYLD, [0x1] Library missing` of
/// Mac OS X 10.12; `Namespace SIGNAL, Code 0xb`.
pub fn termination(value: &str) -> Termination {
    let text = value.strip_prefix("Namespace ").unwrap_or(value);
    let (namespace, rest) = text.split_once(',').unwrap_or((text, ""));
    let rest = rest.trim_start();
    let rest = rest.strip_prefix("Code ").or_else(|| rest.strip_prefix('[')).unwrap_or(rest).trim_start();
    let end = rest.find([' ', ',', ']']).unwrap_or(rest.len());
    let message = rest[end..].trim_start_matches([' ', ',', ']', ':']);
    Termination {
        namespace: namespace.trim().to_owned(),
        code: number(&rest[..end]),
        message: known(message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_read_in_every_releases_words() {
        for (text, expected) in [
            ("Namespace DYLD, Code 1 Library missing", ("DYLD", Some(1), Some("Library missing"))),
            ("Namespace DYLD, Code 1, Library missing", ("DYLD", Some(1), Some("Library missing"))),
            ("DYLD, [0x4] Symbol missing", ("DYLD", Some(4), Some("Symbol missing"))),
            ("Namespace SIGNAL, Code 0xb", ("SIGNAL", Some(11), None)),
            ("Namespace CODESIGNING, Code 0x2", ("CODESIGNING", Some(2), None)),
            ("Namespace CODESIGNING, Code 2 Invalid Page", ("CODESIGNING", Some(2), Some("Invalid Page"))),
            ("CODESIGNING", ("CODESIGNING", None, None)),
        ] {
            let read = termination(text);
            assert_eq!((read.namespace.as_str(), read.code, read.message.as_deref()), expected, "{text}");
        }
    }

    #[test]
    fn a_heading_is_a_short_key() {
        assert_eq!(split("Process:     Foo [1]"), Some(("Process", "Foo [1]")));
        assert_eq!(split("  Binary Images:"), Some(("Binary Images", "")));
        assert_eq!(split("/usr/lib/x: y"), None);
        assert_eq!(process("My App [12] (suspended)"), (Some("My App".into()), Some(12)));
    }
}
