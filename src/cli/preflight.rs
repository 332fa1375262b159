//! `preflight`: would Apple's notary accept it?

use std::path::PathBuf;

use clap::Args;

use super::answer::{Answer, Trouble};
use super::render::{self, Page, preflight as shown};
use super::session::Session;
use crate::workflow::{self, PreflightOptions};

/// Would Apple's notary accept it? Checks an app, a disk image, a program or a folder; uploads nothing.
#[derive(Args)]
pub struct Preflight {
    /// The .app, .dmg, Mach-O file or folder; its content says which.
    #[arg(value_name = "BUNDLE|DMG|MACHO|FOLDER")]
    path: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Preflight {
    pub fn run(&self, session: &Session) -> Result<Answer, Trouble> {
        let today = session.source_date()?.or(Some(session.environment.now));
        let options = PreflightOptions { temporary: session.environment.temporary.clone(), today };
        let answer = workflow::preflight(&self.path, &options, &session.progress())?;
        let text = if self.json {
            render::json(&shown::PreflightJson::new(&answer))
        } else {
            let mut page = Page::default();
            shown::preflight(&mut page, &answer);
            page.into_text()
        };
        Ok(Answer::new(text, answer.is_rejected()))
    }
}
