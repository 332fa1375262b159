//! What will look wrong, as text and JSON.

use serde::Serialize;

use crate::cli::answer::Answer;
use crate::cli::render::{self, BAD, CAREFUL, FAINT, GOOD, Page, SCHEMA};
use crate::dmg::DmgSpec;
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

#[derive(Serialize)]
struct DryRunJson<'a> {
    schema: u32,
    volume_name: &'a str,
    lints: Vec<LintJson<'a>>,
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

fn word(severity: Severity) -> &'static str {
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

/// Everything, with the reasons; nothing is built. Errors are those that the build would refuse.
pub fn dry_run(spec: &DmgSpec, found: &[Lint], as_json: bool) -> Answer {
    let errors = found.iter().any(|lint| lint.severity == Severity::Error);
    if as_json {
        let document = DryRunJson { schema: SCHEMA, volume_name: &spec.volume_name, lints: json(found) };
        return Answer::new(render::json(&document), errors);
    }
    let mut page = Page::default();
    if found.is_empty() {
        page.paint(GOOD, "Nothing will look wrong").put(".").end();
    }
    for lint in found {
        let style = match lint.severity {
            Severity::Error => BAD,
            Severity::Warning => CAREFUL,
            Severity::Info => FAINT,
        };
        page.paint(style, word(lint.severity)).put(format!(": {}", lint.title));
        page.paint(FAINT, format!(" ({})", lint.code.name())).end();
        page.line(format!("  {} Next: {}.", lint.code.why(), lint.next));
    }
    Answer::new(page.into_text(), errors)
}
