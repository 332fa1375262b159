//! `sign`: sign a bundle or a Mach-O file ad hoc.

use std::path::PathBuf;

use clap::Args;

use super::answer::{Answer, Trouble};
use super::later::not_yet;
use super::render::{CAREFUL, FAINT, GOOD, Page, count};
use super::session::Session;
use crate::workflow;

/// Sign a bundle or a Mach-O file ad hoc.
#[derive(Args)]
pub struct Sign {
    /// The .app or Mach-O file.
    #[arg(value_name = "BUNDLE|MACHO")]
    path: PathBuf,
    /// Sign with this identity (not available yet).
    #[arg(long, value_name = "FILE.p12")]
    identity: Option<PathBuf>,
    /// The identity's password (not available yet).
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Entitlements to sign with (not available yet; those that are there are kept).
    #[arg(long, value_name = "FILE")]
    entitlements: Option<PathBuf>,
    /// Turn on the hardened runtime (not available yet).
    #[arg(long)]
    hardened_runtime: bool,
    /// Whose timestamp to get (not available yet; `none` is what an ad hoc signature has).
    #[arg(long, value_name = "URL|none")]
    timestamp_url: Option<String>,
}

impl Sign {
    pub fn run(&self, session: &Session) -> Result<Answer, Trouble> {
        self.refuse_what_is_to_come()?;
        if self.path.is_file() && self.path.extension().is_some_and(|end| end.eq_ignore_ascii_case("dmg")) {
            return Err(not_yet("signing a disk image"));
        }
        let signed = workflow::sign(&self.path, &session.progress())?;
        let mut page = Page::default();
        for step in &signed.plan.steps {
            let path = if step.path.is_root() { signed.name.as_str() } else { step.path.as_str() };
            page.put(path).paint(FAINT, format!(" as {}", step.identifier)).end();
            step.keeps.iter().for_each(|text| page.paint(FAINT, format!("  keeps: {text}")).end());
            let lost = [("loses", &step.drops), ("mind", &step.warnings)];
            for (word, texts) in lost {
                texts.iter().for_each(|text| page.paint(CAREFUL, format!("  {word}: {text}")).end());
            }
        }
        page.put(self.path.display()).put(": ").paint(GOOD, "signed ad hoc");
        page.put(format!(", {}", count(signed.plan.steps.len(), "signature"))).end();
        Ok(Answer::done(page.into_text()))
    }

    fn refuse_what_is_to_come(&self) -> Result<(), Trouble> {
        let timestamp = self.timestamp_url.as_deref().is_some_and(|url| url != "none");
        let asked = [
            (
                self.identity.is_some() || self.password_file.is_some(),
                "signing with an identity (--identity)",
            ),
            (self.entitlements.is_some(), "signing with other entitlements (--entitlements)"),
            (self.hardened_runtime, "the hardened runtime (--hardened-runtime)"),
            (timestamp, "a timestamp (--timestamp-url)"),
        ];
        match asked.iter().find(|(asked, _)| *asked) {
            Some((_, what)) => Err(not_yet(what)),
            None => Ok(()),
        }
    }
}
