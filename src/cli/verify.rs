//! `verify`: check every signature, seal and checksum.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::answer::{Answer, Trouble};
use super::render::seals::{ChainJson, TreeJson};
use super::render::signers::SignerJson;
use super::render::{self, BAD, FAINT, GOOD, Page, SCHEMA, STRONG, count};
use super::session::Session;
use crate::macho::Arch;
use crate::workflow::seals::{SealTree, seal_chain, seal_tree};
use crate::workflow::{self, Checked};

/// Check every signature, seal and checksum of a bundle, a Mach-O file or a disk image.
#[derive(Args)]
pub struct Verify {
    /// The .app, Mach-O file or .dmg; its content says which.
    #[arg(value_name = "BUNDLE|MACHO|DMG")]
    path: PathBuf,
    /// Show what vouches for one file of the bundle, link by link up to the app's signature, and which edit broke what.
    #[arg(long, value_name = "PATH", conflicts_with = "tree")]
    chain: Option<PathBuf>,
    /// Show everything that is signed, each under the bundle that seals it.
    #[arg(long)]
    tree: bool,
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
    codes: Vec<CodeJson<'a>>,
    /// Each distinct signer.
    signers: Vec<SignerJson<'a>>,
    /// What is no problem and worth knowing.
    notes: &'a [String],
}

/// What a signature says of its code.
#[derive(Serialize)]
struct CodeJson<'a> {
    path: &'a str,
    arch: Option<Arch>,
    identifier: &'a str,
    team: Option<&'a str>,
    cdhash: Option<&'a str>,
    /// The designated requirement.
    requirement: Option<&'a str>,
    /// Whether the signature itself holds it.
    explicit: bool,
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
        if let Some(inside) = &self.chain {
            let links = seal_chain(&self.path, inside, &session.progress())?;
            let broken = links.iter().any(|link| !link.faults.is_empty());
            let text = if self.json {
                render::json(&ChainJson::new(&links))
            } else {
                drawn(|page| render::seals::chain(page, &links))
            };
            return Ok(Answer::new(text, broken));
        }
        if self.tree {
            let tree = seal_tree(&self.path, &session.progress())?;
            let text = if self.json {
                render::json(&TreeJson::new(&tree))
            } else {
                drawn(|page| render::seals::tree(page, &tree))
            };
            return Ok(Answer::new(text, is_broken(&tree)));
        }
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
        render::signers::signers(&mut page, &checked.signers, checked.codes.len());
        if let Some(text) = checked.main_code().and_then(|code| Some((code, code.designated.as_ref()?))) {
            // As `codesign -d -r-` has it: after a mark where the signature itself does not say so.
            let (code, requirement) = text;
            page.put(if code.says_designated { "" } else { "# " });
            page.put(format!("designated => {requirement}")).end();
        }
        checked.notes.iter().for_each(|note| page.paint(FAINT, note).end());
        page.put(self.path.display()).put(format!(": {}, ", count(checked.checks as usize, "check")));
        match checked.problems.len() {
            0 => page.paint(GOOD, "no problem").end(),
            problems => page.paint(BAD, count(problems, "problem")).end(),
        }
        page.into_text()
    }
}

fn drawn(draw: impl FnOnce(&mut Page)) -> String {
    let mut page = Page::default();
    draw(&mut page);
    page.into_text()
}

fn is_broken(root: &SealTree) -> bool {
    let mut left = vec![root];
    while let Some(tree) = left.pop() {
        if tree.problems > 0 {
            return true;
        }
        left.extend(&tree.nested);
    }
    false
}

fn json(checked: &Checked) -> String {
    let problems = checked.problems.iter().map(|problem| ProblemJson {
        path: &problem.path,
        arch: problem.arch,
        code: problem.code,
        message: &problem.message,
    });
    let codes = checked.codes.iter().map(|code| CodeJson {
        path: code.path.as_str(),
        arch: code.arch,
        identifier: &code.identifier,
        team: code.team.as_deref(),
        cdhash: code.cdhash.as_deref(),
        requirement: code.designated.as_deref(),
        explicit: code.says_designated,
    });
    render::json(&VerifyJson {
        schema: SCHEMA,
        ok: checked.problems.is_empty(),
        checks: checked.checks,
        problems: problems.collect(),
        codes: codes.collect(),
        signers: checked.signers.iter().map(SignerJson::new).collect(),
        notes: &checked.notes,
    })
}
