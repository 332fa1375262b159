//! Where the bytes are: what each image takes, and what comes with it and with nothing else.

use std::collections::HashSet;

use super::dominators::dominators;
use super::links::{Key, Links, own_loads};
use crate::bundle::{Bundle, ImageId, Node};
use crate::dyld::graph::{Graph, Launch};
use crate::macho::Arch;
use crate::paths::BundlePath;

/// The files of a bundle, in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Size {
    /// The largest first.
    pub images: Vec<ImageSize>,
    /// All of `images`.
    pub code: u64,
    /// Every other file.
    pub other: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageSize {
    pub image: BundlePath,
    /// Length of the file.
    pub bytes: u64,
    pub slices: Vec<(Arch, u64)>,
    /// What would not be needed without it: its own bytes and those of the bundle's images that every launch gets to
    /// through it alone.
    pub exclusive: u64,
}

/// What one launch loads, by the references of its entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brought {
    pub entry: BundlePath,
    pub arch: Arch,
    /// Length of the entry's own file.
    pub own: u64,
    /// Length of all files that it loads, its own included; for a plug-in without what its host has loaded before.
    pub total: u64,
    /// The images that the entry asks for itself; those that bring most first.
    pub direct: Vec<Direct>,
    /// The bytes that several of `direct` bring together.
    pub shared: u64,
}

/// One image that an entry asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Direct {
    pub image: ImageId,
    /// Length of its file.
    pub bytes: u64,
    /// Bytes that would go if it went: its own and what is loaded through it alone.
    pub exclusive: u64,
    /// How many images that are, itself included.
    pub images: usize,
    /// Whether other loaded images ask for it too, so that it stays when the entry no longer does.
    pub is_shared: bool,
}

/// The sizes of all files, and over all launches of `graph` what comes with each image.
pub fn size(bundle: &Bundle, graph: &Graph) -> Size {
    let loads = graph.launches.iter().flat_map(own_loads).map(|load| &**load);
    let links = Links::of(loads);
    let mut next = next(&links);
    // A start before all starts.
    let entries: HashSet<usize> =
        graph.launches.iter().filter_map(|launch| links.number(Key::Bundled(&launch.entry))).collect();
    let mut entries: Vec<usize> = entries.into_iter().collect();
    entries.sort_unstable();
    let start = next.len();
    next.push(entries);
    let inside =
        |key: &Key<'_>| if matches!(key, Key::Bundled(_)) { bytes_of(bundle, graph, key) } else { 0 };
    let own: Vec<u64> = links.images.iter().map(inside).chain([0]).collect();
    let exclusive = sums(start, &next, own.into_iter().map(|bytes| (bytes, 1)).collect());
    let mut images: Vec<ImageSize> = bundle
        .images
        .iter()
        .map(|(path, image)| ImageSize {
            image: path.clone(),
            bytes: image.length,
            slices: image.file.slices.iter().map(|slice| (slice.arch, slice.size)).collect(),
            exclusive: links
                .number(Key::Bundled(path))
                .and_then(|number| exclusive.get(number))
                .map_or(image.length, |sum| sum.0),
        })
        .collect();
    images.sort_by(|a, b| (b.bytes, &a.image).cmp(&(a.bytes, &b.image)));
    let code = images.iter().map(|image| image.bytes).sum();
    let files = bundle.nodes.iter().filter(|(path, _)| !bundle.images.contains_key(*path));
    let other = files.map(|(_, node)| if let Node::File { length, .. } = node { *length } else { 0 }).sum();
    Size { images, code, other }
}

/// What `launch` loads and through which reference of its entry.
pub fn brought(bundle: &Bundle, graph: &Graph, launch: &Launch) -> Brought {
    let links = Links::of(own_loads(launch).iter().map(|load| &**load));
    let loaded: HashSet<Key<'_>> = own_loads(launch).iter().map(|load| Key::of(&load.image)).collect();
    let mut next = next(&links);
    // What the host has loaded does not come with the plug-in.
    let is_own = |number: &usize| links.images.get(*number).is_some_and(|key| loaded.contains(key));
    next.iter_mut().for_each(|next| next.retain(is_own));
    let sizes: Vec<(u64, usize)> = links.images.iter().map(|key| (bytes_of(bundle, graph, key), 1)).collect();
    let entry = Key::Bundled(&launch.entry);
    let empty = Brought {
        entry: launch.entry.clone(),
        arch: launch.arch,
        own: bytes_of(bundle, graph, &entry),
        total: 0,
        direct: Vec::new(),
        shared: 0,
    };
    let Some(start) = links.number(entry) else { return empty };
    let direct: Vec<usize> = next[start].iter().copied().filter(|&one| one != start).collect();
    let asked = users(&next);
    let sums = sums(start, &next, sizes.clone());
    let one = |&number: &usize| {
        Some(Direct {
            image: links.images.get(number)?.image()?,
            bytes: sizes[number].0,
            exclusive: sums[number].0,
            images: sums[number].1,
            is_shared: asked[number] > 1,
        })
    };
    let mut direct: Vec<Direct> = direct.iter().filter_map(one).collect();
    direct.sort_by(|a, b| (b.exclusive, &a.image).cmp(&(a.exclusive, &b.image)));
    let total = sums[start].0;
    let apart: u64 = direct.iter().map(|one| one.exclusive).sum();
    Brought { total, shared: total.saturating_sub(empty.own).saturating_sub(apart), direct, ..empty }
}

/// By image, what it leads to, each once.
fn next(links: &Links<'_>) -> Vec<Vec<usize>> {
    let next = |user: usize| {
        let mut next: Vec<usize> = links.loaded_by(user).collect();
        next.dedup();
        next
    };
    (0..links.images.len()).map(next).collect()
}

/// By image, how many others ask for it.
fn users(next: &[Vec<usize>]) -> Vec<usize> {
    let mut users = vec![0; next.len()];
    for (user, used) in next.iter().enumerate() {
        used.iter().filter(|&&one| one != user).for_each(|&one| users[one] += 1);
    }
    users
}

/// By node, the bytes and the number of what it dominates, itself included. What the start does not reach keeps its own.
fn sums(start: usize, next: &[Vec<usize>], mut sums: Vec<(u64, usize)>) -> Vec<(u64, usize)> {
    let above = dominators(start, next);
    let mut below: Vec<usize> = vec![0; next.len()];
    above.iter().flatten().for_each(|&one| below[one] += 1);
    // From the leaves of the tree up.
    let mut ahead: Vec<usize> = (0..next.len()).filter(|&node| below[node] == 0).collect();
    while let Some(node) = ahead.pop() {
        let Some(parent) = above[node] else { continue };
        let (bytes, images) = sums[node];
        sums[parent].0 = sums[parent].0.saturating_add(bytes);
        sums[parent].1 += images;
        below[parent] -= 1;
        if below[parent] == 0 {
            ahead.push(parent);
        }
    }
    sums
}

fn bytes_of(bundle: &Bundle, graph: &Graph, key: &Key<'_>) -> u64 {
    let image = match key {
        Key::Bundled(path) => bundle.images.get(*path),
        Key::External(path) => graph.externals.get(*path),
        Key::System(_) => None,
    };
    image.map_or(0, |image| image.length)
}

#[cfg(test)]
mod tests {
    use super::super::case::described;
    use super::*;

    const APP: &str = "
Contents/MacOS/App execute
  use @executable_path/big
  use @executable_path/small
Contents/MacOS/big dylib
  use @executable_path/behind
  use @executable_path/both
Contents/MacOS/behind dylib
Contents/MacOS/small dylib
  use @executable_path/both
Contents/MacOS/both dylib
Contents/PlugIns/p dylib
  use @executable_path/small
  use @executable_path/own
Contents/MacOS/own dylib
Contents/Resources/text text
";

    #[test]
    fn what_only_one_reference_brings_is_told_from_what_several_share() {
        let (bundle, graph) = described(APP);
        let main = brought(&bundle, &graph, &graph.launches[0]);
        let direct: Vec<_> = main
            .direct
            .iter()
            .map(|one| (one.image.to_string(), one.exclusive / 4096, one.is_shared))
            .collect();
        let wanted =
            [("Contents/MacOS/big".to_owned(), 2, false), ("Contents/MacOS/small".to_owned(), 1, false)];
        assert_eq!(direct, wanted);
        assert_eq!((main.total / 4096, main.shared / 4096), (5, 1));
    }

    #[test]
    fn a_plug_in_does_not_bring_what_its_host_has() {
        let (bundle, graph) = described(APP);
        let plug_in = graph.launches.iter().find(|launch| launch.entry.file_name() == "p").unwrap();
        let brought = brought(&bundle, &graph, plug_in);
        assert_eq!((brought.total / 4096, brought.direct.len(), brought.shared), (2, 1, 0));
    }

    #[test]
    fn over_all_launches_an_image_keeps_only_what_nothing_else_needs() {
        let (bundle, graph) = described(APP);
        let size = size(&bundle, &graph);
        let exclusive = |name: &str| {
            let found = size.images.iter().find(|one| one.image.file_name() == name).unwrap();
            found.exclusive / 4096
        };
        assert_eq!(["App", "big", "small", "both", "p"].map(exclusive), [3, 2, 1, 1, 2]);
        assert_eq!((size.code / 4096, size.other / 4096), (7, 1));
    }
}
