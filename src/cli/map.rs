//! `map`: the bundle from above.

use clap::Args;

use super::answer::{Answer, Trouble};
use super::look::{self, Look};
use super::pick;
use super::render::maps::{BRIEF, FULL};
use super::render::maps_json::MapJson;
use super::render::{self, Page, maps as text};
use super::session::Session;
use crate::bundle::EntryKind;
use crate::dyld::Resolution;
use crate::dyld::graph::Launch;
use crate::macho::Arch;
use crate::maps::architectures::{Architectures, architectures};
use crate::maps::cycles::{Cycle, cycles};
use crate::maps::minimum_system::{MinimumSystem, minimum_systems};
use crate::maps::network::{Network, Options, network};
use crate::maps::size::{Brought, Size, brought, size};
use crate::maps::unused::Unused;
use crate::maps::why::{Why, why};
use crate::paths::BundlePath;
use crate::workflow::{self, Inspection};

/// The bundle from above: what takes the space, which macOS and slices it needs, what goes in circles, what nothing uses.
///
/// Without a choice a summary of everything but --why and --network.
#[derive(Args)]
pub struct Map {
    #[command(flatten)]
    look: Look,
    /// Who uses this image, and the shortest ways to it from what is started or opened.
    #[arg(long, value_name = "IMAGE")]
    why: Option<String>,
    /// What no program loads, with what speaks for keeping it.
    #[arg(long)]
    unused: bool,
    /// Libraries that need each other in a circle.
    #[arg(long)]
    cycles: bool,
    /// What each image takes, and what it brings that nothing else needs.
    #[arg(long)]
    size: bool,
    /// The macOS that each program really needs, and who is to blame.
    #[arg(long)]
    minimum_system: bool,
    /// Which image has which slices, and which are lacking.
    #[arg(long)]
    architectures: bool,
    /// Images and references of one launch, laid out in layers.
    #[arg(long)]
    network: bool,
    /// Show macOS's own libraries in the network.
    #[arg(long, requires = "network")]
    system: bool,
    /// The architecture; all unless given, the first for --size and --network.
    #[arg(long, value_parser = look::arch)]
    arch: Option<Arch>,
    /// Only this program or plug-in; the app's own for --size and --network.
    #[arg(long, value_name = "IMAGE")]
    entry: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// The maps asked for.
#[derive(Default)]
pub struct Maps {
    pub why: Option<(Resolution, Why)>,
    pub size: Option<(Size, Option<Brought>)>,
    pub minimum_system: Option<Vec<MinimumSystem>>,
    pub architectures: Option<Architectures>,
    pub cycles: Option<Vec<Cycle>>,
    pub unused: Option<Vec<Unused>>,
    pub network: Option<Network>,
}

impl Map {
    pub fn run(&self, session: &Session) -> Result<Answer, Trouble> {
        let inspection = self.look.inspect(session)?;
        let archs = inspection.build.launches.iter().map(|launch| launch.arch);
        look::choose_arch(self.arch, archs, &self.look.bundle)?;
        let entry = match &self.entry {
            Some(entry) => Some(pick::entry(&inspection, entry)?),
            None => None,
        };
        let maps = self.make(&inspection, entry, session)?;
        if self.json {
            return Ok(Answer::done(render::json(&MapJson::new(&maps))));
        }
        let mut page = Page::default();
        text::maps(&mut page, &inspection.bundle.name, &maps, if self.is_summary() { BRIEF } else { FULL });
        Ok(Answer::done(page.into_text()))
    }

    fn is_summary(&self) -> bool {
        let chosen =
            [self.unused, self.cycles, self.size, self.minimum_system, self.architectures, self.network];
        self.why.is_none() && !chosen.contains(&true)
    }

    fn make(
        &self,
        inspection: &Inspection,
        entry: Option<&BundlePath>,
        session: &Session,
    ) -> Result<Maps, Trouble> {
        let all = self.is_summary();
        let (bundle, graph) = (&inspection.bundle, &*inspection.build);
        let one = self.launch(inspection, entry);
        let mut maps = Maps::default();
        if let Some(word) = &self.why {
            let target = pick::loaded(inspection, word)?;
            let found = why(graph, &target, FULL);
            maps.why = Some((target, found));
        }
        if all || self.size {
            maps.size = Some((size(bundle, graph), one.map(|launch| brought(bundle, graph, launch))));
        }
        if all || self.minimum_system {
            let systems = minimum_systems(bundle, graph).into_iter();
            let wanted =
                |one: &MinimumSystem| entry.is_none_or(|entry| one.entry == *entry) && self.has(one.arch);
            maps.minimum_system = Some(systems.filter(wanted).collect());
        }
        if all || self.architectures {
            maps.architectures = Some(architectures(bundle, graph));
        }
        if all || self.cycles {
            let cycles = cycles(graph).into_iter();
            maps.cycles = Some(cycles.filter(|one| one.archs.iter().any(|arch| self.has(*arch))).collect());
        }
        if all || self.unused {
            maps.unused = Some(workflow::unused_images(inspection, &session.progress())?);
        }
        if self.network {
            let options = Options { system: self.system, ..Options::default() };
            maps.network = one.map(|launch| network(launch, &options));
        }
        if one.is_none() {
            session.note(&format!("{} has nothing to start", bundle.name));
        }
        Ok(maps)
    }

    fn has(&self, arch: Arch) -> bool {
        self.arch.is_none_or(|wanted| wanted == arch)
    }

    /// The launch that is looked at alone: of the entry given, or of the app, or the first there is.
    fn launch<'a>(&self, inspection: &'a Inspection, entry: Option<&BundlePath>) -> Option<&'a Launch> {
        let launches = inspection.build.launches.iter().filter(|launch| self.has(launch.arch));
        let mut wanted = launches.filter(|launch| entry.is_none_or(|entry| launch.entry == *entry));
        let first = wanted.clone().find(|launch| launch.kind != EntryKind::PlugIn);
        first.or_else(|| wanted.next())
    }
}
