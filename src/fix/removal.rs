//! Files to delete, with the folders that would be left empty and the links that would lead nowhere.

use std::collections::{BTreeMap, BTreeSet};

use crate::bundle::{Bundle, Node};
use crate::paths::BundlePath;

/// `paths`, each folder of which nothing else is left as a whole, and the links into what goes.
pub(super) fn whole(bundle: &Bundle, paths: &[BundlePath]) -> BTreeSet<BundlePath> {
    let goes = |path: &BundlePath| paths.iter().any(|gone| path.is_under(gone));
    let mut left: BTreeMap<BundlePath, bool> = BTreeMap::new();
    let things = bundle.nodes.iter().filter(|(_, node)| **node != Node::Folder);
    for (path, _) in things {
        let stays = !goes(path);
        for folder in path.ancestors() {
            *left.entry(folder).or_default() |= stays;
        }
    }
    let top = |path: &BundlePath| {
        let empty = path.ancestors().take_while(|folder| left.get(folder) == Some(&false)).last();
        empty.unwrap_or_else(|| path.clone())
    };
    let mut all: BTreeSet<BundlePath> = paths.iter().map(top).collect();
    let into = |link: &BundlePath| {
        let real = bundle.real_path(link);
        real.is_some_and(|real| all.iter().any(|gone| real.is_under(gone)))
    };
    let links = bundle.nodes.iter().filter(|(path, node)| matches!(node, Node::Link { .. }) && into(path));
    let links: Vec<BundlePath> = links.map(|(path, _)| path.clone()).collect();
    all.extend(links);
    all
}
