//! `verify`: check every signature, seal and checksum.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::answer::{Answer, Trouble};
use super::render::{self, BAD, FAINT, GOOD, Page, SCHEMA, STRONG, count};
use super::session::Session;
use crate::macho::Arch;
use crate::workflow::{self, Checked};

/// Check every signature, seal and checksum of a bundle, a Mach-O file or a disk image.
#[derive(Args)]
pub struct Verify {
    /// The .app, Mach-O file or .dmg; its content says which.
    #[arg(value_name = "BUNDLE|MACHO|DMG")]
    path: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct VerifyJson<'a> {
    schema: u32,
    ok: bool,
    checks: u64,
    problems: Vec<ProblemJson<'a>>,
}

#[derive(Serialize)]
struct ProblemJson<'a> {
    path: &'a str,
    arch: Option<Arch>,
    code: &'static str,
    message: &'a str,
}

impl Verify {
    pub fn run(&self, session: &Session) -> Result<Answer, Trouble> {
        let checked = workflow::verify(&self.path, &session.progress())?;
        let text = if self.json { json(&checked) } else { self.text(&checked) };
        Ok(Answer::new(text, !checked.problems.is_empty()))
    }

    fn text(&self, checked: &Checked) -> String {
        let mut page = Page::default();
        let mut last = None;
        for problem in &checked.problems {
            if last != Some(&problem.path) {
                last = Some(&problem.path);
                let path = if problem.path.is_empty() {
                    self.path.to_string_lossy()
                } else {
                    (&problem.path).into()
                };
                page.paint(STRONG, path).end();
            }
            page.put("  ").paint(BAD, "•").put(" ").put(&problem.message);
            let arch = problem.arch.map(|arch| format!(", {arch}")).unwrap_or_default();
            page.paint(FAINT, format!("  [{}{arch}]", problem.code)).end();
        }
        page.put(self.path.display()).put(format!(": {}, ", count(checked.checks as usize, "check")));
        match checked.problems.len() {
            0 => page.paint(GOOD, "no problem").end(),
            problems => page.paint(BAD, count(problems, "problem")).end(),
        }
        page.into_text()
    }
}

fn json(checked: &Checked) -> String {
    let problems = checked.problems.iter().map(|problem| ProblemJson {
        path: &problem.path,
        arch: problem.arch,
        code: problem.code,
        message: &problem.message,
    });
    render::json(&VerifyJson {
        schema: SCHEMA,
        ok: checked.problems.is_empty(),
        checks: checked.checks,
        problems: problems.collect(),
    })
}
