//! The answer of a preflight: what fails with Apple's words, what cannot be seen, what passed, and what comes next.

use serde::Serialize;

use super::{BAD, CAREFUL, FAINT, GOOD, Page, SCHEMA, STRONG, count};
use crate::diagnose::Severity;
use crate::diagnose::preflight::{Checked, Hit, Kind, Outcome, Place, Preflight};
use crate::macho::Arch;

/// How many files a check names before it counts the rest.
const SHOWN: usize = 8;

pub fn preflight(page: &mut Page, answer: &Preflight) {
    // What is about a disk image as a whole is of no file in it.
    let own = if answer.kind == Kind::DiskImage { answer.name.as_str() } else { "" };
    for checked in &answer.checks {
        one(page, checked, own);
    }
    page.end();
    total(page, answer);
    let places = [(Place::Mac, "Next, with Apple's tools on a Mac"), (Place::Anywhere, "Or on any system")];
    for (place, title) in places {
        page.end();
        page.paint(STRONG, title).put(":").end();
        for command in answer.next.iter().filter(|command| command.place == place) {
            page.paint(FAINT, format!("  # {}", command.why)).end();
            page.put("  ").put(&command.line).end();
        }
    }
}

fn one(page: &mut Page, checked: &Checked, own: &str) {
    let rule = checked.rule;
    let (word, style) = match (&checked.outcome, rule.severity) {
        (Outcome::Failed(_), Severity::Error) => ("failed ", BAD),
        (Outcome::Failed(_), _) => ("warning", CAREFUL),
        (Outcome::Unseen(..), _) => ("unseen ", CAREFUL),
        (Outcome::Passed | Outcome::Absent, _) => ("passed ", GOOD),
    };
    page.paint(style, word)
        .put("  ")
        .paint(STRONG, rule.title)
        .paint(FAINT, format!("  [{}]", rule.id))
        .end();
    match &checked.outcome {
        Outcome::Failed(found) => {
            if let Some(apple) = rule.apple {
                page.put("         ").paint(FAINT, "Apple: ").put(apple).end();
            }
            hits(page, found, own);
            page.put("         ").put(rule.advice).end();
        }
        Outcome::Unseen(why, found) => {
            page.put("         ").put(why).end();
            hits(page, found, own);
        }
        Outcome::Passed | Outcome::Absent => {}
    }
}

fn hits(page: &mut Page, hits: &[Hit], own: &str) {
    for hit in hits.iter().take(SHOWN) {
        page.put("         • ");
        let path = if hit.path.is_empty() { own } else { &hit.path };
        if !path.is_empty() && !hit.message.contains(path) {
            page.put(path);
            if !hit.archs.is_empty() {
                page.paint(FAINT, format!(" ({})", archs(&hit.archs)));
            }
            page.put(": ");
        }
        page.put(&hit.message).end();
    }
    if hits.len() > SHOWN {
        page.paint(FAINT, format!("         • and {} more; --json lists them all", hits.len() - SHOWN)).end();
    }
}

fn archs(archs: &[Arch]) -> String {
    archs.iter().map(Arch::to_string).collect::<Vec<_>>().join(", ")
}

fn total(page: &mut Page, answer: &Preflight) {
    let number = |wanted: fn(&Checked) -> bool| answer.checks.iter().filter(|one| wanted(one)).count();
    let looked = count(answer.files, "Mach-O file");
    let opened = match answer.opened {
        0 => String::new(),
        opened => format!(" and {}", count(opened, "archive")),
    };
    for signer in &answer.signers {
        page.put("Signed by ").paint(STRONG, signer).end();
    }
    page.put(format!("{}: {looked}{opened} looked at; ", answer.name));
    match number(Checked::rejects) {
        0 => page.paint(GOOD, "nothing here that the notary would reject"),
        failed => page.paint(BAD, format!("the notary would reject it for {}", count(failed, "reason"))),
    };
    match number(|one| one.failed().is_some() && !one.rejects()) {
        0 => page.put("."),
        warned => page.put("; ").put(count(warned, "warning")).put("."),
    };
    page.end();
}

/// The contract's document.
#[derive(Serialize)]
pub struct PreflightJson<'a> {
    schema: u32,
    name: &'a str,
    kind: &'static str,
    /// Whether the notary would reject it; that it would accept it only Apple can say.
    rejected: bool,
    files: usize,
    archives: usize,
    signers: &'a [String],
    checks: Vec<CheckJson<'a>>,
    next: Vec<CommandJson<'a>>,
}

#[derive(Serialize)]
struct CheckJson<'a> {
    id: &'static str,
    title: &'static str,
    severity: Severity,
    outcome: &'static str,
    apple: Option<&'static str>,
    advice: &'static str,
    why: Option<&'a str>,
    hits: Vec<HitJson<'a>>,
}

#[derive(Serialize)]
struct HitJson<'a> {
    path: &'a str,
    archs: &'a [Arch],
    message: &'a str,
}

#[derive(Serialize)]
struct CommandJson<'a> {
    place: &'static str,
    command: &'a str,
    why: &'static str,
}

impl<'a> PreflightJson<'a> {
    pub fn new(answer: &'a Preflight) -> Self {
        let next = answer.next.iter().map(|one| CommandJson {
            place: match one.place {
                Place::Mac => "mac",
                Place::Anywhere => "anywhere",
            },
            command: &one.line,
            why: one.why,
        });
        PreflightJson {
            schema: SCHEMA,
            name: &answer.name,
            kind: match answer.kind {
                Kind::App => "app",
                Kind::DiskImage => "disk-image",
                Kind::Code => "code",
                Kind::Folder => "folder",
            },
            rejected: answer.is_rejected(),
            files: answer.files,
            archives: answer.opened,
            signers: &answer.signers,
            checks: answer.checks.iter().map(CheckJson::new).collect(),
            next: next.collect(),
        }
    }
}

impl<'a> CheckJson<'a> {
    fn new(checked: &'a Checked) -> Self {
        let rule = checked.rule;
        let (outcome, why, hits): (_, _, &[Hit]) = match &checked.outcome {
            Outcome::Failed(hits) => ("failed", None, hits),
            Outcome::Unseen(why, hits) => ("unseen", Some(&**why), hits),
            Outcome::Passed | Outcome::Absent => ("passed", None, &[]),
        };
        let hits = hits.iter();
        let hits = hits.map(|hit| HitJson { path: &hit.path, archs: &hit.archs, message: &hit.message });
        CheckJson {
            id: rule.id,
            title: rule.title,
            severity: rule.severity,
            outcome,
            apple: rule.apple,
            advice: rule.advice,
            why,
            hits: hits.collect(),
        }
    }
}
