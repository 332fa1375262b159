//! `inspect`: every image, load command, resolution and finding.

use clap::Args;

use super::answer::{Answer, Trouble};
use super::look::{self, Look};
use super::render::inspection_json::InspectionJson;
use super::render::{self, Page, findings, inspection};
use super::session::Session;
use crate::macho::Arch;

/// Every image, load command, resolution and finding.
#[derive(Args)]
pub struct Inspect {
    #[command(flatten)]
    look: Look,
    /// Only this architecture (text only; JSON always has all).
    #[arg(long, value_parser = look::arch)]
    arch: Option<Arch>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Inspect {
    pub fn run(&self, session: &Session) -> Result<Answer, Trouble> {
        let inspection = self.look.inspect(session)?;
        let text = if self.json {
            render::json(&InspectionJson::new(&inspection))
        } else {
            let archs = inspection.bundle.images.values().flat_map(|image| image.file.archs());
            if self.arch.is_some() {
                look::choose_arch(self.arch, archs, &self.look.bundle)?;
            }
            let mut page = Page::default();
            inspection::inspection(&mut page, &inspection, self.arch);
            page.into_text()
        };
        Ok(Answer::new(text, findings::any_error(&inspection.findings)))
    }
}
