//! `why`: every place tried for one reference, numbered, with what was found there and who sent dyld there.

use super::{BAD, CAREFUL, FAINT, GOOD, Page, STRONG, words};
use crate::dyld::graph::Dependency;
use crate::dyld::{Candidate, Outcome, Resolution};

pub fn places(page: &mut Page, dependency: &Dependency) {
    let width = dependency.candidates.len().to_string().len();
    for (position, candidate) in dependency.candidates.iter().enumerate() {
        page.put(format!("  {:>width$}. ", position + 1));
        place(page, candidate, width);
    }
    page.put("  ");
    if dependency.refused {
        page.paint(BAD, "→ refused").put("; ");
        page.put(if dependency.needed { "the launch fails here" } else { "dyld goes on without it" }).end();
        return;
    }
    match &dependency.resolution {
        Resolution::Bundled(path) => page.paint(GOOD, "→ ").put(path).put(", in the bundle"),
        Resolution::External(path) => page.paint(CAREFUL, "→ ").put(path).put(", outside the bundle"),
        Resolution::System(path) => page.paint(GOOD, "→ ").put(path).put(", part of macOS"),
        Resolution::Missing if words::may_be_missing(dependency.kind) => {
            page.paint(CAREFUL, "→ missing").put("; dyld goes on without it")
        }
        Resolution::Missing => page.paint(BAD, "→ missing").put("; the launch fails here"),
    };
    page.end();
}

fn place(page: &mut Page, candidate: &Candidate, width: usize) {
    let style = match candidate.outcome {
        Outcome::Found | Outcome::Reused { .. } => GOOD,
        Outcome::Skipped(_) => FAINT,
        _ => BAD,
    };
    page.paint(STRONG, &candidate.tried).end();
    page.put(format!("  {:width$}  ", "")).paint(style, &candidate.outcome);
    page.paint(FAINT, format!("  [{}]", words::how(candidate))).end();
}
