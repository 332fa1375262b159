//! Stories of crash reports as text.

use super::{BAD, CAREFUL, FAINT, GOOD, Page, STRONG, count};
use crate::crash::Format;
use crate::triage::{Origin, Section, SectionKind, Verdict, one_line, order};
use crate::workflow::{Group, Triage};

/// Images that the text lists; `--json` has all.
const MOST_IMAGES: usize = 24;

/// One story, or one for each cause with the reports that share it.
pub fn crash(page: &mut Page, triages: &[Triage], groups: &[Group]) {
    if let [one] = triages {
        story(page, one);
        return;
    }
    page.paint(STRONG, format!("{} with {}", count(triages.len(), "report"), count(groups.len(), "cause")))
        .end();
    for group in groups {
        page.end();
        let members: Vec<&Triage> = group.members.iter().filter_map(|at| triages.get(*at)).collect();
        let cause = if group.cause.is_empty() { "Nothing found" } else { &group.cause };
        page.paint(STRONG, format!("{} × {cause}", members.len())).end();
        for member in &members {
            page.put("  ").put(&member.name).put(": ").line(&member.story.headline);
        }
        if let Some(first) = members.first() {
            page.end();
            sections(page, first);
        }
    }
}

fn story(page: &mut Page, triage: &Triage) {
    page.paint(STRONG, &triage.story.headline).end();
    let report = &triage.report;
    let mut words = vec![triage.name.clone()];
    // What nothing was read from has no kind.
    if report.format != Format::Log || !report.images.is_empty() || !report.dyld.is_empty() {
        words.push(report.format.words().to_owned());
    }
    words.extend(report.date.clone());
    words.push(format!("{} listed", count(report.images.len(), "image")));
    page.paint(FAINT, words.join(" · ")).end();
    page.end();
    sections(page, triage);
    images(page, triage);
}

fn sections(page: &mut Page, triage: &Triage) {
    for section in &triage.story.sections {
        page.paint(STRONG, section.kind.title()).end();
        lines(page, triage, section);
        for chain in &section.chains {
            page.put("  ").line(one_line(chain));
        }
        page.end();
    }
}

fn lines(page: &mut Page, triage: &Triage, section: &Section) {
    for (at, line) in section.lines.iter().enumerate() {
        match section.kind {
            SectionKind::WhatToDo => page.put(format!("  {}. {line}", at + 1)).end(),
            SectionKind::ThisBuild => {
                let style = match triage.tie.as_ref().map(|tie| tie.verdict) {
                    Some(Verdict::Same) => GOOD,
                    Some(Verdict::Other) => BAD,
                    _ => CAREFUL,
                };
                page.put("  ").paint(style, line).end();
            }
            SectionKind::AlsoThere => page.put("  • ").line(line),
            _ => page.put("  ").line(line),
        }
    }
}

/// The images that are not macOS's, duplicates first.
fn images(page: &mut Page, triage: &Triage) {
    let all = order(triage);
    if all.is_empty() {
        return;
    }
    page.paint(STRONG, "Images outside macOS").end();
    let twice: Vec<usize> = triage.duplicates.iter().flat_map(|one| one.images.iter().copied()).collect();
    for at in all.iter().take(MOST_IMAGES) {
        let Some(image) = triage.report.images.get(*at) else { continue };
        let origin = triage.origins.get(*at).copied().unwrap_or(Origin::Unknown);
        let path = image.path.as_deref().unwrap_or(&image.name);
        page.put("  ");
        match (twice.contains(at), origin) {
            (true, _) => page.paint(BAD, path),
            (_, origin) if origin.is_outside() => page.paint(CAREFUL, path),
            _ => page.put(path),
        };
        page.put(format!(" — {}", origin.words()));
        if let Some(uuid) = &image.uuid {
            page.put(" ").paint(FAINT, uuid);
        }
        page.end();
    }
    if all.len() > MOST_IMAGES {
        page.line(format!("  … and {} more; --json lists all", all.len() - MOST_IMAGES));
    }
}
