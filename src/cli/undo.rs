//! `undo`: restore the originals of the last fix.

use std::path::PathBuf;

use clap::Args;

use super::answer::{Answer, Trouble};
use super::render::{GOOD, Page};
use super::session::Session;
use crate::fix;

/// Restore the originals of the last fix, byte for byte.
#[derive(Args)]
pub struct Undo {
    /// The app bundle.
    bundle: PathBuf,
}

impl Undo {
    pub fn run(&self, session: &Session) -> Result<Answer, Trouble> {
        if let Some(note) = fix::recover(&self.bundle)? {
            session.note(&note);
        }
        fix::undo(&self.bundle, &session.progress())?;
        let mut page = Page::default();
        page.put(self.bundle.display()).put(": ").paint(GOOD, "undone").put("; the originals are back").end();
        Ok(Answer::done(page.into_text()))
    }
}
