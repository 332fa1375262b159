//! `why`: the walk of one reference, step by step.

use clap::Args;
use serde::Serialize;

use super::answer::{Answer, Trouble};
use super::look::{self, Look};
use super::pick;
use super::render::inspection_json::ResolutionJson;
use super::render::loaded::Loaded;
use super::render::{self, FAINT, Page, SCHEMA, STRONG, words};
use super::session::Session;
use crate::bundle::ImageId;
use crate::dyld::graph::{Dependency, Graph};
use crate::dyld::walk::{self, Walk};
use crate::failure::Failure;
use crate::macho::{Arch, InstallName};
use crate::paths::BundlePath;
use crate::workflow::Inspection;

/// Every place dyld tries for one reference, in order, skipped ones with the reason.
#[derive(Args)]
pub struct Why {
    #[command(flatten)]
    look: Look,
    /// The image that asks: its path in the bundle, or its file name.
    image: String,
    /// What it asks for: the text of the load command, or the last part of it.
    name: String,
    /// The architecture; the first of the image unless given.
    #[arg(long, value_parser = look::arch)]
    arch: Option<Arch>,
    /// The steps alone, without the reasons for them.
    #[arg(long)]
    brief: bool,
    /// Print Markdown, for an issue or a lesson.
    #[arg(long, conflicts_with = "json")]
    markdown: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct WhyJson<'a> {
    schema: u32,
    image: &'a str,
    name: &'a str,
    kind: &'static str,
    arch: Arch,
    /// On the build machine, with the roots given.
    resolution: ResolutionJson<'a>,
    /// On a Mac that has nothing but the bundle.
    elsewhere: ResolutionJson<'a>,
}

impl Why {
    pub fn run(&self, session: &Session) -> Result<Answer, Trouble> {
        let found = self.look.inspect(session)?;
        let image = pick::image(&found, &self.image)?;
        let name = pick::reference(&found, image, &self.name)?;
        let slices = found.bundle.images.get(image).into_iter().flat_map(|image| &image.file.slices);
        let asking = slices.filter(|slice| slice.uses.iter().any(|used| used.name == *name));
        let local = image.to_local(&found.bundle.root);
        let arch = look::choose_arch(self.arch, asking.map(|slice| slice.arch), &local)?;
        let Some(arch) = arch else { return Err(not_loaded(&local)) };
        let (Some(here), Some(there)) = (
            dependency(&found.build, image, arch, name),
            dependency(&found.clean, image, arch, name)
                .or_else(|| dependency(&found.build, image, arch, name)),
        ) else {
            return Err(not_loaded(&local));
        };
        let text = if self.json {
            render::json(&WhyJson {
                schema: SCHEMA,
                image: image.as_str(),
                name: name.as_str(),
                kind: words::kind(here.kind),
                arch,
                resolution: ResolutionJson::new(Some(here)),
                elsewhere: ResolutionJson::new(Some(there)),
            })
        } else {
            self.explain(&found, image, arch, name)
        };
        Ok(Answer::done(text))
    }

    /// The walk on the build machine when it differs, and the one on another Mac.
    fn explain(&self, found: &Inspection, image: &BundlePath, arch: Arch, name: &InstallName) -> String {
        let id = ImageId::Bundled(image.clone());
        let walk = |graph: &Graph| walk::find(&found.bundle, graph, &id, arch, name);
        let (here, there) = (walk(&found.build), walk(&found.clean));
        let same = matches!((&here, &there), (Some(a), Some(b)) if a.end.resolution == b.end.resolution);
        let walks: Vec<Walk> = here.filter(|_| !same).into_iter().chain(there).collect();
        if self.markdown {
            return walks.iter().map(walk::markdown).collect::<Vec<_>>().join("\n");
        }
        let mut page = Page::default();
        let kind = walks.first().map_or("", |walk| words::kind(walk.kind));
        page.paint(STRONG, image).paint(FAINT, format!(" ({arch})"));
        page.put(" asks for ").paint(STRONG, name).put(format!(" ({kind})")).end();
        for walk in &walks {
            page.end();
            render::walk::walk(&mut page, walk, !self.brief);
        }
        page.into_text()
    }
}

fn dependency<'a>(
    graph: &'a Graph,
    image: &BundlePath,
    arch: Arch,
    name: &InstallName,
) -> Option<&'a Dependency> {
    let all = Loaded::new(graph).of(&ImageId::Bundled(image.clone()), arch)?;
    all.iter().find(|dependency| dependency.name == *name)
}

fn not_loaded(image: &std::path::Path) -> Trouble {
    Failure::new(
        image,
        "is loaded by nothing in the bundle, so dyld never searches for it",
        "choose another image",
    )
    .into()
}
