//! A simulated start: the load order, and what dyld would print.

use super::{BAD, FAINT, GOOD, Page, STRONG, count};
use crate::bundle::EntryKind;
use crate::dyld::Verdict;
use crate::dyld::graph::Launch;

pub fn launch(page: &mut Page, launch: &Launch, verdict: &Verdict) {
    page.paint(STRONG, &launch.entry)
        .paint(FAINT, format!(" ({}, {})", launch.arch, kind(launch.kind)))
        .put(": ");
    if verdict.ok {
        page.paint(GOOD, "starts").end();
    } else {
        page.paint(BAD, "does not start").end();
    }
    let loads = launch.loads.get(launch.start..).unwrap_or_default();
    if launch.start > 0 {
        let host = count(launch.start, "image");
        page.put("  ").paint(FAINT, format!("after {host} of the program that opens it")).end();
    }
    let width = loads.len().to_string().len();
    for (position, load) in loads.iter().enumerate() {
        page.put(format!("  {:>width$}. ", position + 1)).put(&load.image).end();
    }
    if let Some(message) = &verdict.message {
        page.end();
        for (position, line) in message.lines().enumerate() {
            page.put(if position == 0 { "  dyld[PID]: " } else { "  " }).paint(BAD, line).end();
        }
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
