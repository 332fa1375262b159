//! `tree`: the dependency tree as text.

use clap::Args;

use super::answer::{Answer, Trouble};
use super::look::{self, Look};
use super::pick;
use super::render::{Page, tree};
use super::session::Session;
use crate::macho::Arch;

/// The dependency tree as text: what each image asks for, what it gets, and how dyld found it.
#[derive(Args)]
pub struct Tree {
    #[command(flatten)]
    look: Look,
    /// The architecture; the first of each program unless given.
    #[arg(long, value_parser = look::arch)]
    arch: Option<Arch>,
    /// Only this program or plug-in.
    #[arg(long, value_name = "IMAGE")]
    entry: Option<String>,
    /// Levels below each entry.
    #[arg(long, value_name = "N")]
    depth: Option<usize>,
    /// Show macOS's own libraries one by one.
    #[arg(long)]
    system: bool,
}

impl Tree {
    pub fn run(&self, session: &Session) -> Result<Answer, Trouble> {
        let inspection = self.look.inspect(session)?;
        let launches = &inspection.build.launches;
        let arch =
            look::choose_arch(self.arch, launches.iter().map(|launch| launch.arch), &self.look.bundle)?;
        let entry = match &self.entry {
            Some(entry) => Some(pick::entry(&inspection, entry)?),
            None => None,
        };
        let drawing = tree::Drawing { system: self.system, depth: self.depth };
        let mut page = Page::default();
        let mut last = None;
        for launch in launches.iter().filter(|launch| entry.is_none_or(|entry| launch.entry == *entry)) {
            // Each entry once: on the architecture asked for, or its first.
            let wanted = match self.arch {
                Some(_) => Some(launch.arch) == arch,
                None => last != Some(&launch.entry),
            };
            if wanted {
                if last.is_some() {
                    page.end();
                }
                last = Some(&launch.entry);
                tree::tree(&mut page, launch, &drawing);
            }
        }
        if last.is_none() {
            session.note(&format!("{} has nothing to start", inspection.bundle.name));
        }
        Ok(Answer::done(page.into_text()))
    }
}
