//! `launch`: simulate the start.

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::answer::{Answer, Trouble};
use super::look::{self, Look};
use super::pick;
use super::render::{self, Page, SCHEMA, inspection_json::LaunchJson, launch};
use super::session::Session;
use crate::macho::Arch;
use crate::workflow;

#[derive(Clone, Copy, ValueEnum)]
enum Mac {
    Clean,
    Homebrew,
    Build,
}

/// Simulate the start on another Mac: what is loaded in which order, or exactly what dyld would print.
#[derive(Args)]
pub struct Launch {
    #[command(flatten)]
    look: Look,
    /// The architecture; all unless given.
    #[arg(long, value_parser = look::arch)]
    arch: Option<Arch>,
    /// Only this program or plug-in.
    #[arg(long, value_name = "IMAGE")]
    entry: Option<String>,
    /// On which Mac: one that has nothing but the bundle, one with what --root knows of Homebrew's folders too, or the
    /// build machine.
    #[arg(long, value_enum, default_value_t = Mac::Clean)]
    mac: Mac,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct LaunchesJson<'a> {
    schema: u32,
    launch: Vec<LoadedJson<'a>>,
}

#[derive(Serialize)]
struct LoadedJson<'a> {
    #[serde(flatten)]
    launch: LaunchJson<'a>,
    loads: Vec<String>,
}

impl Launch {
    pub fn run(&self, session: &Session) -> Result<Answer, Trouble> {
        let inspection = self.look.inspect(session)?;
        let mac = match self.mac {
            Mac::Clean => workflow::Mac::Clean,
            Mac::Homebrew => workflow::Mac::Homebrew,
            Mac::Build => workflow::Mac::Build,
        };
        let (graph, symbols) = workflow::on(&inspection, mac);
        let archs = graph.launches.iter().map(|launch| launch.arch);
        look::choose_arch(self.arch, archs, &self.look.bundle)?;
        let entry = match &self.entry {
            Some(entry) => Some(pick::entry(&inspection, entry)?),
            None => None,
        };
        let launches: Vec<_> = workflow::launches(&inspection, &graph, &symbols)
            .filter(|(launch, _)| self.arch.is_none_or(|arch| launch.arch == arch))
            .filter(|(launch, _)| entry.is_none_or(|entry| launch.entry == *entry))
            .collect();
        if launches.is_empty() {
            session.note(&format!("{} has nothing to start", inspection.bundle.name));
        }
        let fails = launches.iter().any(|(_, verdict)| !verdict.ok);
        let text = if self.json {
            let launch = launches.iter().map(|(launch, verdict)| LoadedJson {
                launch: LaunchJson::new(launch, verdict),
                loads: launch.loads.iter().map(|load| load.image.to_string()).collect(),
            });
            render::json(&LaunchesJson { schema: SCHEMA, launch: launch.collect() })
        } else {
            let mut page = Page::default();
            for (position, (launched, verdict)) in launches.iter().enumerate() {
                if position > 0 {
                    page.end();
                }
                launch::launch(&mut page, launched, verdict);
            }
            page.into_text()
        };
        Ok(Answer::new(text, fails))
    }
}
