//! What will look wrong, as text and JSON.

use serde::Serialize;

use crate::cli::render::{CAREFUL, FAINT, Page};
use crate::dmg::lint::{Lint, Severity};

#[derive(Serialize)]
pub struct LintJson<'a> {
    code: &'static str,
    severity: &'static str,
    subject: &'a str,
    title: &'a str,
    why: &'static str,
    next: &'a str,
    /// What the window's button would do; null where only a person can.
    mend: Option<String>,
}

pub fn json<'a>(found: &'a [Lint]) -> Vec<LintJson<'a>> {
    let one = |lint: &'a Lint| {
        let Lint { code, severity, subject, title, next, mend } = lint;
        LintJson {
            code: code.name(),
            severity: word(*severity),
            subject,
            title,
            why: code.why(),
            next,
            mend: mend.as_ref().map(|mend| mend.label()),
        }
    };
    found.iter().map(one).collect()
}

pub fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "info",
    }
}

/// Those that users will notice, in a line each.
pub fn warnings(page: &mut Page, found: &[Lint]) {
    for lint in found.iter().filter(|lint| lint.severity != Severity::Info) {
        page.paint(CAREFUL, format!("mind: {}; {}", lint.title, lint.next));
        page.paint(FAINT, format!(" ({})", lint.code.name())).end();
    }
}
