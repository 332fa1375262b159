//! `sign`: sign a bundle, a Mach-O file or a disk image, ad hoc or with an identity.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::answer::{Answer, Trouble};
use super::identity::{IdentityArgs, IdentityJson};
use super::render::{CAREFUL, FAINT, GOOD, Page, count};
use super::session::Session;
use crate::codesign::{self, SignKind, SignPlan, SignStep};
use crate::workflow::{self, SignRequest, Signed};

/// Sign a bundle, a Mach-O file or a disk image; ad hoc by default.
#[derive(Args)]
pub struct Sign {
    /// The .app, Mach-O file or .dmg; its content says which.
    #[arg(value_name = "BUNDLE|MACHO|DMG")]
    path: PathBuf,
    #[command(flatten)]
    identity: IdentityArgs,
    /// Entitlements for the app's main executable, in place of those it has. Helpers keep theirs.
    #[arg(long, value_name = "FILE")]
    entitlements: Option<PathBuf>,
    /// Turn on the hardened runtime in all code; without it, it stays where it is on and can be.
    #[arg(long)]
    hardened_runtime: bool,
    /// Print the plan and write nothing.
    #[arg(long)]
    dry_run: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct SignJson<'a> {
    schema: u32,
    name: &'a str,
    signed: bool,
    identity: Option<IdentityJson<'a>>,
    steps: Vec<StepJson<'a>>,
    warnings: &'a [String],
}

#[derive(Serialize)]
struct StepJson<'a> {
    path: &'a str,
    kind: &'static str,
    identifier: &'a str,
    flags: Vec<&'static str>,
    keeps: &'a [String],
    adds: &'a [String],
    drops: &'a [String],
    warnings: &'a [String],
}

impl Sign {
    pub fn run(&self, session: &Session) -> Result<Answer, Trouble> {
        let options = self.request(session)?.read()?;
        let signed = match self.dry_run {
            true => workflow::plan_signing(&self.path, &options, &session.progress())?,
            false => workflow::sign(&self.path, &options, &session.progress())?,
        };
        Ok(Answer::done(if self.json { self.in_json(&signed) } else { self.in_text(&signed) }))
    }

    fn request(&self, session: &Session) -> Result<SignRequest, Trouble> {
        Ok(SignRequest {
            entitlements: self.entitlements.clone(),
            hardened_runtime: self.hardened_runtime,
            ..self.identity.request(session)?
        })
    }

    fn in_json(&self, signed: &Signed) -> String {
        let json = SignJson {
            schema: 1,
            name: &signed.name,
            signed: !self.dry_run,
            identity: signed.plan.signer.as_ref().map(IdentityJson::new),
            steps: signed.plan.steps.iter().map(StepJson::new).collect(),
            warnings: &signed.plan.warnings,
        };
        // Strings, numbers and lists of them always serialise.
        serde_json::to_string_pretty(&json).unwrap_or_default() + "\n"
    }

    fn in_text(&self, signed: &Signed) -> String {
        let SignPlan { steps, signer, warnings } = &signed.plan;
        let mut page = Page::default();
        for step in steps {
            let path = if step.path.is_root() { signed.name.as_str() } else { step.path.as_str() };
            page.put(path).paint(FAINT, format!(" as {}", step.identifier)).end();
            for (word, texts) in [("keeps", &step.keeps), ("gets", &step.adds)] {
                texts.iter().for_each(|text| page.paint(FAINT, format!("  {word}: {text}")).end());
            }
            for (word, texts) in [("loses", &step.drops), ("mind", &step.warnings)] {
                texts.iter().for_each(|text| page.paint(CAREFUL, format!("  {word}: {text}")).end());
            }
        }
        warnings.iter().for_each(|text| page.paint(CAREFUL, format!("mind: {text}")).end());
        let how = match signer {
            Some(signer) => format!("signed by {}", signer.identity().name()),
            None => "signed ad hoc".to_owned(),
        };
        page.put(self.path.display()).put(": ");
        match self.dry_run {
            true => page.put(format!("would be {how}")),
            false => page.paint(GOOD, how),
        };
        page.put(format!(", {}", count(steps.len(), "signature"))).end();
        page.into_text()
    }
}

impl<'a> StepJson<'a> {
    fn new(step: &'a SignStep) -> Self {
        StepJson {
            path: step.path.as_str(),
            kind: match step.kind {
                SignKind::Code => "code",
                SignKind::DiskImage => "disk_image",
                SignKind::Bundle => "bundle",
            },
            identifier: &step.identifier,
            flags: codesign::flag_names(step.flags),
            keeps: &step.keeps,
            adds: &step.adds,
            drops: &step.drops,
            warnings: &step.warnings,
        }
    }
}
