//! `compare`: two builds, what differs and why.

use std::path::PathBuf;

use clap::Args;

use super::answer::{Answer, Trouble};
use super::render::{self, comparison};
use super::session::Session;
use crate::workflow;

/// Compare two builds: two bundles or folders, two Mach-O files, two disk images, or a bundle and its disk image.
#[derive(Args)]
pub struct Compare {
    /// The one side: a .app, a framework, a Mach-O file or a .dmg.
    #[arg(value_name = "A")]
    left: PathBuf,
    /// The other side.
    #[arg(value_name = "B")]
    right: PathBuf,
    /// Print every difference; else those of the build environment, the format and signatures are counted only.
    #[arg(long)]
    all: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Print Markdown, to paste into an issue.
    #[arg(long, conflicts_with = "json")]
    markdown: bool,
}

impl Compare {
    pub fn run(&self, session: &Session) -> Result<Answer, Trouble> {
        let found = workflow::compare(&self.left, &self.right, &session.progress())?;
        let text = match (self.json, self.markdown) {
            (true, _) => render::json(&comparison::ComparisonJson::new(&found)),
            (_, true) => workflow::comparison_markdown(&found),
            _ => comparison::text(&found, self.all),
        };
        Ok(Answer::new(text, !found.is_equal()))
    }
}
