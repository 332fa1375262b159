//! The story of a report, in order: what happened, who loaded whom from where, whether it is this build, what to do.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::culprit::of_own;
use super::ends::sentence;
use super::finding::{Certainty, Culprit, Finding, Hop, Rule};
use super::library_findings::next_step;
use super::place::leaf;
use super::{Case, Origin, Triage};
use crate::diagnose::Severity;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Story {
    /// "KDE Connect 25.8 on macOS 15.6 (24G84), arm64".
    pub headline: String,
    pub sections: Vec<Section>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    pub kind: SectionKind,
    /// A sentence each.
    pub lines: Vec<String>,
    /// Ways from what is started to what is loaded, to be drawn as boxes.
    pub chains: Vec<Vec<Hop>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SectionKind {
    WhatHappened,
    WhoLoadedWhom,
    ThisBuild,
    WhatToDo,
    AlsoThere,
    Unread,
}

impl SectionKind {
    pub fn title(self) -> &'static str {
        match self {
            SectionKind::WhatHappened => "What happened",
            SectionKind::WhoLoadedWhom => "Who loaded whom, and from where",
            SectionKind::ThisBuild => "Is it this build",
            SectionKind::WhatToDo => "What to do",
            SectionKind::AlsoThere => "Also in this report",
            SectionKind::Unread => "What could not be read",
        }
    }
}

/// `findings` come in the order in which they matter; the first is the one that the story is about.
pub fn story(name: &str, case: &Case<'_>, findings: &[Finding]) -> Story {
    let first = findings.first().filter(|finding| finding.severity != Severity::Info);
    let mut sections = vec![happened(case, first)];
    sections.push(who(case, first));
    let words = case.tie.map(|tie| tie.words.clone());
    sections.push(Section {
        kind: SectionKind::ThisBuild,
        lines: words.into_iter().collect(),
        chains: Vec::new(),
    });
    sections.push(to_do(case, first, findings));
    sections.push(also(findings, first));
    sections.push(Section {
        kind: SectionKind::Unread,
        lines: case.report.notes.clone(),
        chains: Vec::new(),
    });
    sections.retain(|section| !section.lines.is_empty() || !section.chains.is_empty());
    Story { headline: headline(name, case), sections }
}

fn headline(name: &str, case: &Case<'_>) -> String {
    let report = case.report;
    let mut text = report.process.as_deref().or(case.app.map(leaf)).unwrap_or(name).to_owned();
    if let Some(version) = &report.version {
        text += &format!(" {version}");
    }
    if let Some(os) = &report.os {
        text += &format!(" on {os}");
    }
    if let Some(arch) = &report.arch {
        text += &format!(", {arch}");
    }
    if report.translated {
        text += " under Rosetta";
    }
    text
}

fn happened(case: &Case<'_>, first: Option<&Finding>) -> Section {
    let mut lines: Vec<String> = sentence(case).into_iter().collect();
    match first {
        Some(finding) => {
            let sure = match finding.certainty {
                Certainty::Certain => String::new(),
                certainty => format!(" ({})", certainty.word()),
            };
            lines.push(format!("{}{sure}. {}", finding.title, finding.message));
        }
        None => lines.push(match case.report.lists_images() {
            true => "Nothing in the report speaks for a library that is missing, refused or there twice."
                .to_owned(),
            false => "The report shows nothing about libraries.".to_owned(),
        }),
    }
    Section { kind: SectionKind::WhatHappened, lines, chains: Vec::new() }
}

fn who(case: &Case<'_>, first: Option<&Finding>) -> Section {
    let culprits: &[Culprit] = first.map_or(&[], |finding| &finding.culprits);
    // Where a load command is known to lead there, what else the engine says of the files stands under what to do.
    let known = culprits.iter().any(|one| !one.chain.is_empty());
    let mut lines: Vec<String> = culprits
        .iter()
        .filter(|one| !known || !one.chain.is_empty())
        .filter(|one| first.is_none_or(|finding| !finding.message.contains(&one.words)))
        .map(|one| one.words.clone())
        .collect();
    lines.dedup();
    let mut chains: Vec<Vec<Hop>> =
        culprits.iter().map(|culprit| culprit.chain.clone()).filter(|chain| !chain.is_empty()).collect();
    chains.dedup();
    if chains.is_empty() {
        chains.extend(first.into_iter().flat_map(|finding| asked_in_vain(case, finding)));
    }
    let images = first.map_or(&[][..], |finding| &finding.images);
    if chains.is_empty() || first.is_some_and(|finding| finding.rule == Rule::DuplicateLibrary) {
        let reached: BTreeSet<&str> =
            chains.iter().filter_map(|chain| Some(chain.last()?.path.as_str())).collect();
        let own: Vec<Vec<Hop>> = images.iter().filter_map(|at| way(case, *at, &reached)).collect();
        chains.splice(0..0, own);
    }
    Section { kind: SectionKind::WhoLoadedWhom, lines, chains }
}

/// What the report alone shows of a library that is missing: the image that asks for it, and the library.
fn asked_in_vain(case: &Case<'_>, finding: &Finding) -> Vec<Vec<Hop>> {
    let hop = |path: &str, link: &str| Hop {
        name: leaf(path).to_owned(),
        path: case.short(path).to_owned(),
        origin: case.origin(path),
        link: link.to_owned(),
    };
    let askers =
        finding.culprits.iter().filter(|one| finding.rule == Rule::LibraryMissing && one.name.is_some());
    askers.map(|one| vec![hop(&one.image, "asks for it"), hop(&finding.subject, "")]).collect()
}

/// How an image that the story is about came in: the way through the bundle, or a box of its own. `None` when it ends a
/// chain already.
fn way(case: &Case<'_>, at: usize, reached: &BTreeSet<&str>) -> Option<Vec<Hop>> {
    let alone = listed(case, at)?;
    let path = case.report.images.get(at)?.path.as_deref()?;
    if reached.contains(path) || reached.contains(alone.path.as_str()) {
        return None;
    }
    let file = case.tie.and_then(|tie| tie.files.get(at)?.as_ref());
    Some(match (case.opened, file) {
        (Some(opened), Some(file)) => of_own(opened, file),
        _ => vec![alone],
    })
}

/// An image of the report as a box of its own.
fn listed(case: &Case<'_>, at: usize) -> Option<Hop> {
    let image = case.report.images.get(at)?;
    let path = image.path.as_deref()?;
    let origin = case.origins.get(at).copied().unwrap_or(Origin::Unknown);
    Some(Hop { name: image.name.clone(), path: case.short(path).to_owned(), origin, link: String::new() })
}

fn to_do(case: &Case<'_>, first: Option<&Finding>, findings: &[Finding]) -> Section {
    let mut lines = Vec::new();
    match first {
        Some(finding) => lines.extend(finding.advice.iter().cloned()),
        None => lines.extend(
            findings
                .iter()
                .find(|finding| finding.rule == Rule::FewImages)
                .into_iter()
                .flat_map(|finding| finding.advice.clone()),
        ),
    }
    let asked = first.is_some_and(|finding| {
        matches!(
            finding.rule,
            Rule::LibraryMissing | Rule::SymbolMissing | Rule::SignatureRefused | Rule::FileRefused
        )
    });
    if case.opened.is_none() && asked && case.app.is_some() {
        lines.push(next_step(case));
    }
    let mut seen = BTreeSet::new();
    lines.retain(|line| seen.insert(line.clone()));
    Section { kind: SectionKind::WhatToDo, lines, chains: Vec::new() }
}

fn also(findings: &[Finding], first: Option<&Finding>) -> Section {
    let others =
        findings.iter().skip(usize::from(first.is_some())).filter(|finding| finding.rule != Rule::OtherBuild);
    let lines = others.map(|finding| {
        let advice = finding.advice.join(" ");
        format!("{}. {} {advice}", finding.title, finding.message).trim_end().to_owned()
    });
    Section { kind: SectionKind::AlsoThere, lines: lines.collect(), chains: Vec::new() }
}

/// A chain in one line: `App → libx.dylib (LC_LOAD_DYLIB /…) → …`.
pub fn one_line(chain: &[Hop]) -> String {
    let mut text = String::new();
    for (at, hop) in chain.iter().enumerate() {
        if at > 0 {
            text += " → ";
        }
        text += if chain.len() == 1 { &hop.path } else { &hop.name };
        if hop.origin != Origin::Bundle || chain.len() == 1 {
            text += &format!(" [{}]", hop.origin.words());
        }
        if !hop.link.is_empty() {
            text += &format!(" ({})", hop.link);
        }
    }
    text
}

/// The story as Markdown, to paste into an issue.
pub fn markdown(triage: &Triage) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_markdown(&mut out, triage);
    out
}

fn write_markdown(out: &mut String, triage: &Triage) -> std::fmt::Result {
    writeln!(out, "# {}\n", escaped(&triage.story.headline))?;
    for section in &triage.story.sections {
        writeln!(out, "## {}\n", section.kind.title())?;
        for (at, line) in section.lines.iter().enumerate() {
            match section.kind {
                SectionKind::WhatHappened | SectionKind::ThisBuild => writeln!(out, "{}\n", escaped(line))?,
                SectionKind::WhatToDo => writeln!(out, "{}. {}", at + 1, escaped(line))?,
                _ => writeln!(out, "- {}", escaped(line))?,
            }
        }
        for chain in &section.chains {
            writeln!(out, "- {}", code(&one_line(chain)))?;
        }
        if !out.ends_with("\n\n") {
            writeln!(out)?;
        }
    }
    write_images(out, triage)
}

/// The images that are not macOS's, the duplicates first.
fn write_images(out: &mut String, triage: &Triage) -> std::fmt::Result {
    let images = order(triage);
    if images.is_empty() {
        return Ok(());
    }
    writeln!(out, "## Images outside macOS\n\n| image | from | UUID |\n|---|---|---|")?;
    for at in images {
        let Some(image) = triage.report.images.get(at) else { continue };
        let path = image.path.as_deref().unwrap_or(&image.name);
        let uuid = image.uuid.as_deref().map(code).unwrap_or_default();
        writeln!(
            out,
            "| {} | {} | {uuid} |",
            code(path).replace('|', "\\|"),
            triage.origins.get(at).map_or("", |origin| origin.words())
        )?;
    }
    Ok(())
}

/// Positions of the images that are not macOS's: duplicates first, each with its copies, then outsiders, then the bundle's own.
pub fn order(triage: &Triage) -> Vec<usize> {
    let mut twice: BTreeMap<usize, usize> = BTreeMap::new();
    for (rank, at) in triage.duplicates.iter().flat_map(|one| &one.images).enumerate() {
        twice.entry(*at).or_insert(rank);
    }
    let origin = |at: usize| triage.origins.get(at).copied().unwrap_or(Origin::Unknown);
    let mut all: Vec<usize> =
        (0..triage.report.images.len()).filter(|at| origin(*at) != Origin::System).collect();
    all.sort_by_key(|at| (twice.get(at).copied().unwrap_or(usize::MAX), !origin(*at).is_outside(), *at));
    all
}

/// As code: backticks in the text do not end it.
fn code(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let space = if longest > 0 { " " } else { "" };
    format!("{fence}{space}{}{space}{fence}", text.replace(['\n', '\r'], " "))
}

/// As running text, with what stands in backticks left as code.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let whole = text.matches('`').count().is_multiple_of(2);
    let mut in_code = false;
    for c in text.chars() {
        match c {
            '`' if whole => in_code = !in_code,
            '\n' | '\r' => {
                out.push(' ');
                continue;
            }
            '*' | '_' | '`' | '<' | '>' | '[' | ']' | '|' | '\\' | '#' if !in_code => out.push('\\'),
            _ => {}
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_cannot_write_markup() {
        assert_eq!(escaped("a <b> *c* `d*`"), "a \\<b\\> \\*c\\* `d*`");
        assert_eq!(escaped("one ` alone"), "one \\` alone");
        assert_eq!(code("a`b"), "`` a`b ``");
    }
}
