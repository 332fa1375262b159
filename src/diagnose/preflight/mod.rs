//! Would Apple's notary accept this? The checklist that can be gone through without Apple, as rules.
//!
//! That an app is signed ad hoc is no fault of the app: these rules are asked only on request, and about a [`Submission`]:
//! an app, a disk image, a program or a folder. Apple's words are those of "Resolving common notarization issues" and of the
//! notary's logs.

mod checklist;
mod next;
mod submission;

use std::collections::BTreeSet;

use crate::diagnose::Severity;

pub use checklist::{CHECKLIST, check};
pub use next::{Command, Place, next_commands};
pub use submission::{Code, Found, Hit, Image, Kind, Package, PackageSignature, Submission, Vouched, inside};

/// One line of the checklist. `doc` is Markdown like that of [`crate::diagnose::Rule`].
pub struct Rule {
    /// Kebab case, `notary-…`; part of the command line's contract.
    pub id: &'static str,
    /// What holds when it passes.
    pub title: &'static str,
    /// An error where the notary rejects; a warning where it accepts and a Mac does not.
    pub severity: Severity,
    /// The words of Apple's log, where it has some.
    pub apple: Option<&'static str>,
    /// What to do when it fails, in a sentence.
    pub advice: &'static str,
    pub doc: &'static str,
    pub check: fn(&Submission) -> Outcome,
}

/// What a check came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Passed,
    /// Never empty.
    Failed(Vec<Hit>),
    /// It cannot be seen from here, or not everywhere: why, and where.
    Unseen(String, Vec<Hit>),
    /// There is nothing of the kind in the submission.
    Absent,
}

impl Outcome {
    /// Failed, when there is a hit.
    pub fn of(hits: Vec<Hit>) -> Outcome {
        if hits.is_empty() { Outcome::Passed } else { Outcome::Failed(hits) }
    }
}

/// A line of the checklist with its answer.
#[derive(Clone)]
pub struct Checked {
    pub rule: &'static Rule,
    pub outcome: Outcome,
}

/// The answer: easy to print and to draw.
#[derive(Clone)]
pub struct Preflight {
    pub name: String,
    pub kind: Kind,
    /// What fails first, errors before warnings, then what cannot be seen, then what passed; what is absent is left out.
    pub checks: Vec<Checked>,
    /// How many Mach-O files were looked at, and how many archives and disk images inside were opened.
    pub files: usize,
    pub opened: usize,
    /// Who signed, by the names of their certificates, each once.
    pub signers: Vec<String>,
    pub next: Vec<Command>,
}

impl Checked {
    pub fn failed(&self) -> Option<&[Hit]> {
        match &self.outcome {
            Outcome::Failed(hits) => Some(hits),
            _ => None,
        }
    }

    /// Whether the notary rejects the submission for it.
    pub fn rejects(&self) -> bool {
        self.failed().is_some() && self.rule.severity == Severity::Error
    }

    fn order(&self) -> u8 {
        match (&self.outcome, self.rule.severity) {
            (Outcome::Failed(_), Severity::Error) => 0,
            (Outcome::Failed(_), _) => 1,
            (Outcome::Unseen(..), _) => 2,
            (Outcome::Passed | Outcome::Absent, _) => 3,
        }
    }
}

impl Preflight {
    pub fn is_rejected(&self) -> bool {
        self.checks.iter().any(Checked::rejects)
    }
}

/// Goes through the whole checklist. `file` is what the commands shall name.
pub fn preflight(submission: &Submission, file: &str) -> Preflight {
    let asked = CHECKLIST.iter().map(|rule| Checked { rule, outcome: (rule.check)(submission) });
    let mut checks: Vec<Checked> = asked.filter(|one| one.outcome != Outcome::Absent).collect();
    checks.sort_by_key(Checked::order);
    let mut files: Vec<&str> = submission.codes.iter().map(|code| &*code.path).collect();
    files.dedup();
    let authorities = submission.signed().filter_map(|(.., one)| one.authority.as_ref());
    let signers: BTreeSet<&String> = authorities.filter_map(|authority| authority.names.first()).collect();
    Preflight {
        name: submission.name.clone(),
        kind: submission.kind,
        checks,
        files: files.len(),
        opened: submission.opened,
        signers: signers.into_iter().cloned().collect(),
        next: next_commands(submission, file),
    }
}
