//! `check`: findings only.

use clap::Args;

use super::answer::{Answer, Trouble};
use super::look::Look;
use super::render::inspection_json::CheckJson;
use super::render::{self, Page, findings};
use super::session::Session;

/// Findings only.
#[derive(Args)]
pub struct Check {
    #[command(flatten)]
    look: Look,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Check {
    pub fn run(&self, session: &Session) -> Result<Answer, Trouble> {
        let inspection = self.look.inspect(session)?;
        let text = if self.json {
            render::json(&CheckJson::new(&inspection))
        } else {
            let mut page = Page::default();
            findings::findings(&mut page, &inspection.findings);
            findings::total(&mut page, &inspection.bundle.name, &inspection.findings);
            page.into_text()
        };
        Ok(Answer::new(text, findings::any_error(&inspection.findings)))
    }
}
