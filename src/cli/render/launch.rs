//! A simulated start: the load order with the reason for each reuse, and what dyld would print.

use std::collections::BTreeMap;

use super::{BAD, FAINT, GOOD, Page, STRONG, count};
use crate::bundle::EntryKind;
use crate::dyld::graph::Launch;
use crate::dyld::{Outcome, Problem, Verdict};

pub fn launch(page: &mut Page, launch: &Launch, verdict: &Verdict) {
    let what = format!(" ({}, macOS {}, {})", launch.arch, launch.config.os.name(), kind(launch.kind));
    page.paint(STRONG, &launch.entry).paint(FAINT, what).put(": ");
    if verdict.ok {
        page.paint(GOOD, "starts").end();
    } else {
        page.paint(BAD, "does not start").end();
    }
    switched_off(page, launch);
    order(page, launch);
    message(page, verdict);
    later(page, verdict.problems.get(1..).unwrap_or_default());
}

/// Variables that the process was given and that do not count.
fn switched_off(page: &mut Page, launch: &Launch) {
    let ignored = &launch.config.path_overrides.ignored;
    if !ignored.is_empty() {
        let why = if launch.config.security.hardened { "hardened" } else { "restricted" };
        page.put("  ").paint(FAINT, format!("{} ignored: the process is {why}", ignored.join(", "))).end();
    }
}

fn order(page: &mut Page, launch: &Launch) {
    let loads = launch.loads.own();
    let before = launch.loads.len() - loads.len();
    if before > 0 {
        let host = count(before, "image");
        page.put("  ").paint(FAINT, format!("after {host} of the program that opens it")).end();
    }
    let reuses = reuses(launch);
    let width = loads.len().to_string().len();
    for (position, load) in loads.iter().enumerate() {
        page.put(format!("  {:>width$}. ", position + 1)).put(&load.image);
        if let Some(reused) = reuses.get(&(before + position)) {
            page.paint(FAINT, format!("  [{reused}]"));
        }
        page.end();
    }
}

/// For each image that is asked for again, how often and why dyld takes it for the same.
fn reuses(launch: &Launch) -> BTreeMap<usize, String> {
    let mut reasons: BTreeMap<usize, BTreeMap<String, usize>> = BTreeMap::new();
    for dependency in launch.loads.own().iter().flat_map(|load| &load.dependencies) {
        let because = dependency.candidates.iter().find_map(|candidate| match candidate.outcome {
            Outcome::Reused { .. } => Some(candidate.outcome.to_string()),
            _ => None,
        });
        let image = dependency.resolution.image();
        if let (Some(because), Some(at)) = (because, image.and_then(|image| launch.loads.position(&image))) {
            *reasons.entry(at).or_default().entry(because).or_default() += 1;
        }
    }
    let told = |(because, times): (String, usize)| match times {
        1 => format!("asked for again: {because}"),
        _ => format!("asked for {times} more times: {because}"),
    };
    let line =
        |reasons: BTreeMap<String, usize>| reasons.into_iter().map(told).collect::<Vec<_>>().join("; ");
    reasons.into_iter().map(|(at, reasons)| (at, line(reasons))).collect()
}

fn message(page: &mut Page, verdict: &Verdict) {
    if verdict.message.is_some() {
        page.end();
    }
    for text in verdict.before.iter().chain(&verdict.message) {
        for (position, line) in text.lines().enumerate() {
            page.put(if position == 0 { "  dyld[PID]: " } else { "  " }).paint(BAD, line).end();
        }
    }
}

/// What dyld would stop at next, once the first is mended.
fn later(page: &mut Page, problems: &[Problem]) {
    if problems.is_empty() {
        return;
    }
    page.end();
    page.put("  ").paint(FAINT, format!("{} behind it:", count(problems.len(), "more problem"))).end();
    for problem in problems {
        page.put("  - ").put(&problem.image).put(": ");
        match (&problem.reference, problem.message.lines().next()) {
            (Some(reference), _) => page.put(format!("Library not loaded: {reference}")),
            (None, first) => page.put(first.unwrap_or_default()),
        };
        page.end();
    }
}

pub fn kind(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Main => "the app",
        EntryKind::Helper => "helper",
        EntryKind::HelperApp => "nested app",
        EntryKind::XpcService => "XPC service",
        EntryKind::AppExtension => "app extension",
        EntryKind::PlugIn => "plug-in",
    }
}
