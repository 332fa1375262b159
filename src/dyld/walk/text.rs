//! A walk as text and as Markdown, for a mail, an issue or a lesson.

use std::fmt::Write;

use super::super::laws;
use super::{Fact, Mark, Walk};

/// Lines of text, with `explained` the reasons too.
pub fn plain(walk: &Walk, explained: bool) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_plain(&mut out, walk, explained);
    out
}

fn write_plain(out: &mut String, walk: &Walk, explained: bool) -> std::fmt::Result {
    writeln!(out, "On {} with macOS {} ({})", walk.place, walk.os.name(), walk.arch)?;
    let width = walk.steps.len().to_string().len();
    let indent = " ".repeat(width + 4);
    for (at, step) in walk.steps.iter().enumerate() {
        writeln!(out, "  {:>width$}. {}", at + 1, step.title)?;
        if explained && !step.why.is_empty() {
            for line in wrapped(&step.why, 96) {
                writeln!(out, "{indent}{line}")?;
            }
        }
        facts(out, &indent, &step.facts)?;
        writeln!(out, "{indent}{} {}", sign(step.mark), step.answer)?;
    }
    writeln!(out, "  → On {} {}", walk.place, walk.end.words)?;
    if let Some(file) = &walk.end.file {
        writeln!(out, "    file: {file}")?;
    }
    for note in &walk.notes {
        for (at, line) in wrapped(&note.words, 96).into_iter().enumerate() {
            let start = if at > 0 {
                " "
            } else if note.fault {
                "!"
            } else {
                "·"
            };
            writeln!(out, "  {start} {line}")?;
        }
        facts(out, "    ", &note.facts)?;
    }
    if let Some(says) = &walk.says {
        let which =
            if says.first { "dyld prints" } else { "Another fault comes first; by itself this one prints" };
        writeln!(out, "  {which}:")?;
        for line in says.message.lines() {
            writeln!(out, "    {line}")?;
        }
    }
    Ok(())
}

fn facts(out: &mut String, indent: &str, facts: &[Fact]) -> std::fmt::Result {
    facts.iter().try_for_each(|fact| writeln!(out, "{indent}{}: {}", fact.label, fact.text))
}

fn sign(mark: Mark) -> &'static str {
    match mark {
        Mark::Asked => "·",
        Mark::No => "✗",
        Mark::Found | Mark::Reused => "✓",
        Mark::Refused => "!",
        Mark::Skipped => "–",
    }
}

/// `text` in lines of at most `room` letters, broken at spaces.
fn wrapped(text: &str, room: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let long = lines
            .last()
            .is_some_and(|line| !line.is_empty() && line.chars().count() + 1 + word.chars().count() > room);
        if long {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            line.push_str(if line.is_empty() { "" } else { " " });
            line.push_str(word);
        }
    }
    lines
}

/// A Markdown page, every law by its title.
pub fn markdown(walk: &Walk) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_markdown(&mut out, walk);
    out
}

fn write_markdown(out: &mut String, walk: &Walk) -> std::fmt::Result {
    writeln!(out, "# How dyld finds {} for {}\n", code(walk.name.as_str()), code(&walk.asker.to_string()))?;
    writeln!(out, "On {} with macOS {}, {}.\n", walk.place, walk.os.name(), walk.arch)?;
    for (at, step) in walk.steps.iter().enumerate() {
        let number = format!("{}. ", at + 1);
        let indent = " ".repeat(number.len());
        writeln!(out, "{number}**{}**", escaped(&step.title))?;
        if !step.why.is_empty() {
            writeln!(out, "{indent}{}", escaped(&step.why))?;
        }
        writeln!(out)?;
        for fact in &step.facts {
            writeln!(out, "{indent}- {}: {}", escaped(fact.label), code(&fact.text))?;
        }
        let law = step.law.and_then(law_title).map(|title| format!(" *Law: {title}.*")).unwrap_or_default();
        writeln!(out, "{indent}- {} {}{law}\n", sign(step.mark), escaped(&step.answer))?;
    }
    writeln!(out, "**On {} {}**", walk.place, escaped(&walk.end.words))?;
    if let Some(file) = &walk.end.file {
        writeln!(out, "\nFile: {}", code(file))?;
    }
    for note in &walk.notes {
        writeln!(out, "\n> {}", escaped(&note.words))?;
        for fact in &note.facts {
            writeln!(out, "> - {}: {}", fact.label, code(&fact.text))?;
        }
    }
    if let Some(says) = &walk.says {
        let which =
            if says.first { "dyld prints" } else { "Another fault comes first; by itself this one prints" };
        writeln!(out, "\n{which}:\n\n```\n{}\n```", says.message)?;
    }
    Ok(())
}

fn law_title(id: &str) -> Option<&'static str> {
    laws::all().find(|law| law.id == id).map(|law| law.title())
}

/// As code: backticks in the text do not end it.
pub(super) fn code(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let space = if longest > 0 { " " } else { "" };
    format!("{fence}{space}{text}{space}{fence}")
}

/// As running text: what Markdown would take for markup is escaped.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '*' | '_' | '`' | '<' | '>' | '[' | ']' | '\\' | '#') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
