//! Load chains: the images from one that asks back to the main executable (dyld's `Loader::LoadChain`), and the folders
//! that their rpaths mean.

use std::collections::HashMap;

use super::places::{Link, folder_of, joined};
use super::process_config::ProcessConfig;
use super::search::{Candidate, Outcome, SearchRule};
use crate::bundle::ImageId;
use crate::macho::Rpath;
use crate::paths::RuntimePath;

/// Every chain of one process. A link is known by its position; each points to the one before it.
#[derive(Default)]
pub(super) struct LoadChains {
    links: Vec<ChainLink>,
    folders: Vec<RpathFolder>,
    by_text: HashMap<String, u32>,
}

struct ChainLink {
    /// Position of the image in its process.
    image: usize,
    /// The nearest link before it whose image has rpaths: for a search the others might as well not be there.
    previous: Option<usize>,
    has_rpaths: bool,
    /// Positions in [`LoadChains::folders`]: every folder that an LC_RPATH from here on back means, each once, nearest
    /// first, up to [`MAX_SKIPPED`].
    folders: Vec<u32>,
}

/// The folder that one LC_RPATH means.
struct RpathFolder {
    declared_by: ImageId,
    rpath: Rpath,
    text: String,
}

/// How many places behind the deciding one are kept to be shown.
const MAX_SKIPPED: usize = 64;

impl LoadChains {
    /// Adds a link for the image at `position`, which `link` describes, before the chain that ends at `previous`.
    pub fn push(
        &mut self,
        position: usize,
        link: &Link<'_>,
        previous: Option<usize>,
        config: &ProcessConfig,
    ) -> usize {
        let has_rpaths = !link.slice.rpaths.is_empty();
        let mut folders = self.folders_of(link, config);
        let before = previous.map(|previous| self.links[previous].folders.as_slice()).unwrap_or_default();
        for folder in before {
            if folders.len() < MAX_SKIPPED && !folders.contains(folder) {
                folders.push(*folder);
            }
        }
        let previous = previous.and_then(|previous| match &self.links[previous] {
            before if before.has_rpaths => Some(previous),
            before => before.previous,
        });
        self.links.push(ChainLink { image: position, previous, has_rpaths, folders });
        self.links.len() - 1
    }

    /// The images from the link `newest` back: behind it only those with rpaths.
    pub fn images(&self, newest: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(Some(newest), |&link| self.links[link].previous)
            .map(|link| self.links[link].image)
    }

    /// The rpath places that a search from `link` did not come to, each once. An image that was reused may stand at one of
    /// them; that it would be found there is worth knowing.
    pub fn not_reached(&self, link: usize, tail: &str, candidates: &[Candidate]) -> Vec<Candidate> {
        let places = self.links[link].folders.iter().map(|&folder| &self.folders[folder as usize]);
        let skipped = places.map(|folder| Candidate {
            rule: SearchRule::Rpath,
            declared_by: Some(folder.declared_by.clone()),
            rpath: Some(folder.rpath.clone()),
            tried: RuntimePath::new(joined(&folder.text, tail)),
            on_disk_only: false,
            outcome: Outcome::Skipped("not reached".to_owned()),
        });
        let tried = |place: &Candidate| {
            candidates.iter().any(|one| one.rule == SearchRule::Rpath && one.tried == place.tried)
        };
        skipped.filter(|place| !tried(place)).collect()
    }

    /// The folders of one image's own rpaths.
    fn folders_of(&mut self, link: &Link<'_>, config: &ProcessConfig) -> Vec<u32> {
        let mut folders = Vec::new();
        for rpath in &link.slice.rpaths {
            let Some(text) = folder_of(rpath, link, config) else { continue };
            let next = self.folders.len() as u32;
            let folder = *self.by_text.entry(text.clone()).or_insert(next);
            if folder == next {
                self.folders.push(RpathFolder { declared_by: link.id.clone(), rpath: rpath.clone(), text });
            }
            if !folders.contains(&folder) {
                folders.push(folder);
            }
        }
        folders
    }
}
