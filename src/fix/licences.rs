//! The licence files of libraries that come into the bundle: most licences ask that their text goes along.

use std::collections::BTreeSet;
use std::path::Path;

use super::draft::Draft;
use super::edit::{Edit, Safety};
use crate::bundle::SearchRoots;
use crate::paths::{BundlePath, RuntimePath};

/// How the texts are called, whatever follows: LICENSE.txt, COPYING.LESSER.
const NAMES: [&str; 5] = ["LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE"];

/// Folders of many packages: what lies there is nobody's in particular.
const SHARED: [&str; 10] = [
    "/opt/homebrew",
    "/opt/homebrew/Cellar",
    "/usr/local",
    "/usr/local/Cellar",
    "/opt/local",
    "/nix/store",
    "/Library/Frameworks",
    "/Library",
    "/opt",
    "/usr",
];

/// How many folders above a library its package may begin.
const LEVELS: usize = 4;

/// Adds the copying of the texts that lie beside each library or framework which `draft` copies.
pub(super) fn collect(draft: &mut Draft<'_>, roots: &SearchRoots) {
    let mut done: BTreeSet<RuntimePath> = BTreeSet::new();
    let copied: Vec<(RuntimePath, BundlePath)> = draft
        .tree
        .iter()
        .filter_map(|planned| match &planned.edit {
            Edit::CopyFile { from, to, .. } | Edit::CopyFramework { from, to, .. } => {
                Some((from.clone(), to.clone()))
            }
            _ => None,
        })
        .collect();
    for (from, to) in copied {
        let Some((package, texts)) = package(&from, roots) else { continue };
        if !done.insert(package.clone()) {
            continue;
        }
        let folder = BundlePath::root().join("Contents/Resources/Licenses").join(name(&package, &to));
        for text in texts {
            let from = package.join(&text);
            let Some(local) = roots.map(&from) else { continue };
            let edit = Edit::CopyFile { from, local, to: folder.join(&text) };
            draft.change_tree(edit, "licence", Safety::Safe);
        }
    }
}

/// The nearest folder above a library that has licence texts, and their names.
fn package(library: &RuntimePath, roots: &SearchRoots) -> Option<(RuntimePath, Vec<String>)> {
    let above = std::iter::successors(Some(library.parent()), |folder| Some(folder.parent()));
    let shared = |folder: &RuntimePath| {
        let is_root = roots.roots.iter().any(|(from, _)| from == folder);
        is_root || SHARED.contains(&folder.as_str()) || folder.as_str().split('/').count() < 3
    };
    above
        .take(LEVELS)
        .take_while(|folder| !shared(folder))
        .find_map(|folder| Some((folder.clone(), texts(&roots.map(&folder)?)?)))
}

fn texts(folder: &Path) -> Option<Vec<String>> {
    let files = std::fs::read_dir(folder).ok()?.flatten().filter(|entry| entry.path().is_file());
    let names = files.filter_map(|entry| entry.file_name().into_string().ok());
    let mut texts: Vec<String> = names.filter(|name| is_text(name)).collect();
    texts.sort();
    (!texts.is_empty()).then_some(texts)
}

fn is_text(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    NAMES.iter().any(|start| {
        upper.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-', '_']))
    })
}

/// Homebrew's name of the package, else the library's own without its version.
fn name<'t>(package: &'t RuntimePath, copy: &'t BundlePath) -> &'t str {
    let cellar = package.as_str().split_once("/Cellar/").map(|(_, rest)| rest);
    let brewed = cellar.and_then(|rest| rest.split('/').next()).filter(|name| !name.is_empty());
    let own = copy.file_name();
    brewed.unwrap_or(own.split_once('.').map_or(own, |(stem, _)| stem))
}
