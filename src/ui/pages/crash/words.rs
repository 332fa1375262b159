//! Sentences of a story: what stands in a file is shown in mono.

use std::collections::BTreeSet;
use std::sync::Arc;

use egui::text::{LayoutJob, TextWrapping};
use egui::{Galley, Ui};

use crate::triage::Triage;
use crate::ui::theme::{Type, tokens};
use crate::ui::widgets::format;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    /// A path, a load command, a UUID, a command to type.
    Code,
}

/// How a command of Bundlewright's begins; the rest of the sentence belongs to it.
pub const COMMAND: &str = ": bundlewright ";

/// `text` in its parts, without the backticks of those that are code. `known` are names that no rule of spelling finds.
fn parts<'a>(text: &'a str, known: &[String]) -> Vec<(Kind, &'a str)> {
    let (text, command) = match text.find(COMMAND) {
        Some(at) if !text[..at].contains('`') => text.split_at(at + 2),
        _ => (text, ""),
    };
    let mut parts = Vec::new();
    let quotes = text.matches('`').count().is_multiple_of(2);
    for (index, piece) in text.split('`').enumerate() {
        match quotes && index % 2 == 1 {
            true => parts.push((Kind::Code, piece)),
            false if quotes => known_and_tokens(piece, known, &mut parts),
            false => {}
        }
    }
    if !quotes {
        known_and_tokens(text, known, &mut parts);
    }
    parts.push((Kind::Code, command));
    parts.retain(|(_, part)| !part.is_empty());
    parts
}

/// The longest of the known names first, then what is spelt like something of a file.
fn known_and_tokens<'a>(text: &'a str, known: &[String], parts: &mut Vec<(Kind, &'a str)>) {
    let found = known.iter().find_map(|name| Some((text.find(name.as_str())?, name.len())));
    let Some((at, length)) = found.filter(|(_, length)| *length > 0) else { return tokens_of(text, parts) };
    known_and_tokens(&text[..at], known, parts);
    parts.push((Kind::Code, &text[at..at + length]));
    known_and_tokens(&text[at + length..], known, parts);
}

/// Words that stand in files, and what is between them.
fn tokens_of<'a>(text: &'a str, parts: &mut Vec<(Kind, &'a str)>) {
    let mut plain = 0;
    let mut at = 0;
    for token in text.split_inclusive([' ', '\n']) {
        let core = token.trim_end_matches([' ', '\n', '.', ',', ';', ':', ')', '"', '\'']);
        let begin = at + (core.len() - core.trim_start_matches(['(', '"', '\'']).len());
        let end = at + core.len();
        if text.get(begin..end).is_some_and(is_of_a_file) {
            parts.push((Kind::Plain, &text[plain..begin]));
            parts.push((Kind::Code, &text[begin..end]));
            plain = end;
        }
        at += token.len();
    }
    parts.push((Kind::Plain, &text[plain..]));
}

fn is_of_a_file(word: &str) -> bool {
    let starts = ["/", "@", "~/", "Contents/", "LC_", "DYLD_", "EXC_", "SIG", "KERN_", "0x"];
    let long = word.len() > 3;
    long && starts.iter().any(|start| word.starts_with(start)) || is_uuid(word) || is_library(word)
}

fn is_uuid(word: &str) -> bool {
    word.len() == 36 && word.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

fn is_library(word: &str) -> bool {
    [".dylib", ".so", ".framework", ".bundle"].iter().any(|end| word.len() > end.len() && word.ends_with(end))
}

/// `text` without its backticks, as it is read aloud.
pub fn spoken(text: &str) -> String {
    parts(text, &[]).into_iter().map(|(_, part)| part).collect()
}

/// What of a report has spaces in it, the longest first: a path that only the report itself can tell from a sentence.
pub fn names_with_spaces(triage: &Triage) -> Vec<String> {
    const MOST: usize = 64;
    let images = (0..triage.report.images.len()).map(|at| triage.short(at));
    let paths = triage.report.images.iter().filter_map(|image| image.path.as_deref());
    let tried = triage.report.dyld.iter().flat_map(|message| &message.tried).map(|one| one.path.as_str());
    let found = triage.findings.iter().flat_map(|finding| {
        let culprits = finding.culprits.iter();
        let named = culprits.flat_map(|one| [Some(one.image.as_str()), one.name.as_deref()]).flatten();
        named.chain([finding.subject.as_str()])
    });
    let all = images.chain(paths).chain(tried).chain(found).chain(triage.app.as_deref());
    let spaced: BTreeSet<&str> = all.filter(|name| name.contains(' ') && name.contains('/')).collect();
    let mut names: Vec<String> = spaced.into_iter().map(str::to_owned).collect();
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    names.truncate(MOST);
    names
}

/// A sentence that wraps at `width`. `lead`, what it begins with, is set off from the rest.
pub fn lay_out(ui: &Ui, text: &str, lead: &str, known: &[String], kind: Type, width: f32) -> Arc<Galley> {
    let t = tokens(ui);
    let (medium, mono) = match kind {
        Type::Caption => (Type::CaptionMedium, Type::MonoCaption),
        _ => (Type::BodyMedium, Type::Mono),
    };
    let mut code = format(mono, t.text);
    code.line_height = Some(kind.line());
    let mut job = LayoutJob { wrap: TextWrapping::wrap_at_width(width.max(1.0)), ..LayoutJob::default() };
    let rest = text.strip_prefix(lead).filter(|_| !lead.is_empty());
    if rest.is_some() {
        job.append(lead, 0.0, format(medium, t.text));
    }
    for (part_kind, part) in parts(rest.unwrap_or(text), known) {
        let look = if part_kind == Kind::Code { code.clone() } else { format(kind, t.text_soft) };
        job.append(part, 0.0, look);
    }
    ui.painter().layout_job(job)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> Vec<&str> {
        parts(text, &[]).into_iter().filter(|(kind, _)| *kind == Kind::Code).map(|(_, part)| part).collect()
    }

    #[test]
    fn what_stands_in_a_file_is_code() {
        assert_eq!(
            code(
                "Contents/PlugIns/a.so asks for it: its LC_LOAD_DYLIB says @rpath/libx.dylib (from /opt/lib)."
            ),
            ["Contents/PlugIns/a.so", "LC_LOAD_DYLIB", "@rpath/libx.dylib", "/opt/lib"]
        );
        assert_eq!(
            code("Both have the UUID 14AD33D7-196F-32BB-91B6-598FA39EEF20: the same build, and/or not."),
            ["14AD33D7-196F-32BB-91B6-598FA39EEF20"]
        );
        assert_eq!(
            code("ended (EXC_CRASH, SIGABRT) in libx.1.dylib"),
            ["EXC_CRASH", "SIGABRT", "libx.1.dylib"]
        );
    }

    #[test]
    fn paths_with_spaces_are_known_by_the_report() {
        let known =
            ["/Applications/My App.app/Contents/MacOS/My App", "Contents/MacOS/My App"].map(str::to_owned);
        let text = "'/Applications/My App.app/Contents/MacOS/My App' and Contents/MacOS/My App ask";
        let found = parts(text, &known);
        let code: Vec<&str> =
            found.iter().filter(|(kind, _)| *kind == Kind::Code).map(|(_, part)| *part).collect();
        assert_eq!(code, known);
        assert_eq!(found.iter().map(|(_, part)| *part).collect::<String>(), text);
        assert_eq!(
            super::tests::code("a duplicate LC_RPATH '@loader_path/../lib/'"),
            ["LC_RPATH", "@loader_path/../lib/"]
        );
    }

    #[test]
    fn commands_and_quotes_are_code_as_a_whole() {
        assert_eq!(
            code("Point it there. Do it with: bundlewright fix 'My App.app' --only x"),
            ["bundlewright fix 'My App.app' --only x"]
        );
        assert_eq!(code("`bundlewright launch Foo.app` shows it."), ["bundlewright launch Foo.app"]);
        assert_eq!(code("a lone ` and /usr/lib/x"), ["/usr/lib/x"]);
    }

    #[test]
    fn no_letter_is_lost() {
        for text in
            ["(\"/opt/x\").", "a  b\n/usr/lib/libz.dylib, @x/y", "ends: bundlewright fix x", "", "/", "\"(/"]
        {
            assert_eq!(spoken(text), text);
        }
        assert_eq!(spoken("with `code` in it"), "with code in it");
    }
}
