//! `fix`: plan, apply, sign, verify.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::answer::{Answer, Trouble};
use super::look::Look;
use super::render::{self, BAD, GOOD, Page, count, findings};
use super::session::Session;
use super::{pick, rules};
use crate::diagnose::Finding;
use crate::fix::{FixOptions, FixPlan, Selection};
use crate::workflow::export::{self, Format, PlanJson};
use crate::workflow::{self, Inspection, Repaired};

/// Plan, apply, sign, verify; --dry-run prints the plan and writes nothing.
#[derive(Args)]
pub struct Fix {
    #[command(flatten)]
    look: Look,
    /// Print the plan and write nothing.
    #[arg(long)]
    dry_run: bool,
    /// Mend only what this rule found; repeatable.
    #[arg(long, value_name = "RULE")]
    only: Vec<String>,
    /// Mend only this reference of this image.
    #[arg(long, num_args = 2, value_names = ["IMAGE", "NAME"], conflicts_with = "only")]
    reference: Option<Vec<String>>,
    /// Also do what this rule offers: developer-file, debug-symbols, junk-file, extra-architecture, misplaced-code,
    /// code-place-data or unsealed-root; repeatable.
    #[arg(long, value_name = "RULE", conflicts_with_all = ["only", "reference"])]
    also: Vec<String>,
    /// Also copy the licence texts of the libraries that are copied, to Contents/Resources/Licenses.
    #[arg(long)]
    licences: bool,
    /// Leave alone the install names and bundle paths that this matches; repeatable.
    #[arg(long, value_name = "GLOB", value_parser = glob)]
    ignore: Vec<String>,
    /// Also write the plan to a file, as its name says: .txt, .md, .json, or .sh for a script of Apple's tools.
    #[arg(long, value_name = "FILE")]
    export: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct FixedJson<'a> {
    #[serde(flatten)]
    plan: PlanJson<'a>,
    applied: bool,
    checks: u64,
    problems: usize,
}

impl Fix {
    pub fn run(&self, session: &Session) -> Result<Answer, Trouble> {
        self.only.iter().chain(&self.also).try_for_each(|rule| rules::named(rule).map(drop))?;
        if !self.dry_run
            && let Some(note) = workflow::recover(&self.look.bundle)?
        {
            session.note(&note);
        }
        let before = self.look.inspect(session)?;
        let options = self.options(&before)?;
        let plan = workflow::plan(&before, &options, &session.progress())?;
        if let Some(out) = &self.export {
            export::write(&before.bundle.name, &plan, Format::for_file(out), out)?;
        }
        if self.dry_run {
            return Ok(self.preview(&before, &plan));
        }
        let fixed = workflow::repair(before, plan, &session.progress())?;
        Ok(self.result(&fixed))
    }

    fn options(&self, inspection: &Inspection) -> Result<FixOptions, Trouble> {
        let selection = match self.reference.as_deref() {
            Some([image, name]) => {
                let image = pick::image(inspection, image)?;
                let name = pick::reference(inspection, image, name)?;
                Selection::Reference { image: image.clone(), name: name.clone() }
            }
            _ if self.only.is_empty() => Selection::Everything,
            _ => Selection::Rules(self.only.clone()),
        };
        Ok(FixOptions {
            selection,
            also: self.also.clone(),
            licences: self.licences,
            ignore: self.ignore.clone(),
            roots: inspection.options.roots.clone(),
            ..FixOptions::default()
        })
    }

    fn preview(&self, before: &Inspection, plan: &FixPlan) -> Answer {
        let text = match self.json {
            true => render::json(&PlanJson::new(plan)),
            false => {
                let mut page = Page::default();
                page.block(0, &export::render(&before.bundle.name, plan, Format::Text));
                page.into_text()
            }
        };
        Answer::new(text, findings::any_error(&plan.remaining))
    }

    fn result(&self, fixed: &Repaired) -> Answer {
        let left = fixed.left();
        let text = if self.json {
            render::json(&FixedJson {
                plan: PlanJson::after(&fixed.plan, &left),
                applied: fixed.receipt.is_some(),
                checks: fixed.after.seals.checks,
                problems: fixed.after.seals.problems.len(),
            })
        } else {
            let mut page = Page::default();
            describe(&mut page, fixed, &left);
            page.into_text()
        };
        Answer::new(text, findings::any_error(&left))
    }
}

fn describe(page: &mut Page, fixed: &Repaired, left: &[Finding]) {
    let bundle = &fixed.after.bundle;
    match &fixed.receipt {
        Some(receipt) => {
            page.put(&bundle.name).put(": ").paint(GOOD, "fixed").put(" with ");
            if receipt.edits > 0 {
                let files = count(receipt.files_changed, "file");
                page.put(format!("{} in {files}, ", count(receipt.edits, "edit")));
            }
            page.line(count(receipt.signed, "signature"));
            page.line(format!("`bundlewright undo {}` takes it back.", bundle.root.display()));
        }
        None if left.is_empty() => page.line(format!("{}: nothing to fix", bundle.name)),
        None => page.line(format!("{}: nothing to change", bundle.name)),
    }
    let seals = &fixed.after.seals;
    page.put(format!("Verified: {}, ", count(seals.checks as usize, "check")));
    match seals.problems.len() {
        0 => page.paint(GOOD, "no problem").end(),
        problems => page.paint(BAD, count(problems, "problem")).end(),
    }
    if fixed.receipt.is_some() {
        let before = findings::summary(&fixed.before.findings);
        page.line(format!("Before: {before}; now: {}", findings::summary(left)));
    }
    if !left.is_empty() {
        page.end();
        findings::findings(page, left);
    }
}

fn glob(text: &str) -> Result<String, String> {
    globset::Glob::new(text).map(|_| text.to_owned()).map_err(|error| error.kind().to_string())
}
