//! What no program of the bundle loads, and whether anything in the bundle names it.
//!
//! An image that nothing links to may still be opened with dlopen, so [`mentions`] looks for its names in the files of the
//! bundle. A name that a program puts together at run time is not found.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;

use aho_corasick::AhoCorasick;
use rayon::prelude::*;

use super::links::{Links, counts, own_loads};
use crate::bundle::{self, Bundle, EntryKind, ImageId, Node};
use crate::dyld::graph::Launch;
use crate::dyld::{Graph, Resolution};
use crate::macho::{FileType, InstallName, Slice};
use crate::paths::BundlePath;
use crate::progress::{Cancelled, Progress};

/// An image that no launch of a program needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unused {
    pub image: BundlePath,
    /// Length of the file in bytes.
    pub bytes: u64,
    pub standing: Standing,
    /// The other images of the list that refer to it.
    pub users: Vec<BundlePath>,
    /// Where its name was found; empty until [`Standing`] is worked out from [`mentions`].
    pub named_in: Vec<Mention>,
}

/// What speaks for keeping it, the strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// It is made to be opened by a program: a Mach-O bundle, or in a `PlugIns` folder.
    PlugIn,
    /// An image with another standing than [`Standing::Nothing`] refers to it.
    NeededByThose,
    /// Its name stands in a file of the bundle that does not link to it.
    Named,
    /// Nothing that was looked for.
    Nothing,
}

/// One file in which a name of an image stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mention {
    pub file: BundlePath,
    /// The name as it stands there.
    pub name: String,
}

/// By image, the files that name it.
pub type Mentions = BTreeMap<BundlePath, Vec<Mention>>;

/// Every image that no program loads in any of `graphs`, by path. Give every place that counts: what one Mac finds
/// elsewhere, another needs from the bundle.
pub fn unused(bundle: &Bundle, graphs: &[&Graph], mentions: &Mentions) -> Vec<Unused> {
    let needed = needed(bundle, graphs);
    let left: BTreeSet<&BundlePath> = bundle.images.keys().filter(|path| !needed.contains(path)).collect();
    let uses = uses(graphs, &left);
    let kept = kept(bundle, &left, &uses, mentions);
    let mut users: HashMap<&BundlePath, Vec<BundlePath>> = HashMap::new();
    for (user, used) in &uses {
        used.iter().for_each(|one| users.entry(one).or_default().push((*user).clone()));
    }
    let one = |path: &BundlePath| Unused {
        image: path.clone(),
        bytes: bundle.images.get(path).map_or(0, |image| image.length),
        standing: kept.get(path).copied().unwrap_or(Standing::Nothing),
        users: users.remove(path).unwrap_or_default(),
        named_in: mentions.get(path).cloned().unwrap_or_default(),
    };
    left.iter().copied().map(one).collect()
}

/// What the programs of the bundle are and load.
fn needed<'a>(bundle: &'a Bundle, graphs: &[&'a Graph]) -> HashSet<&'a BundlePath> {
    let programs = bundle.entries.iter().filter(|entry| entry.kind != EntryKind::PlugIn);
    let launches = launches(graphs).filter(|launch| launch.kind != EntryKind::PlugIn);
    let loaded = launches.flat_map(own_loads).filter_map(|load| inside(&load.image));
    programs.map(|entry| &entry.image).chain(loaded).collect()
}

fn launches<'a>(graphs: &[&'a Graph]) -> impl Iterator<Item = &'a Launch> + Clone {
    let launches: Vec<&Launch> = graphs.iter().flat_map(|graph| &graph.launches).collect();
    launches.into_iter()
}

fn inside(image: &ImageId) -> Option<&BundlePath> {
    match image {
        ImageId::Bundled(path) => Some(path),
        ImageId::External(_) => None,
    }
}

/// Which of the images in question refer to which.
fn uses<'a>(
    graphs: &[&'a Graph],
    left: &BTreeSet<&'a BundlePath>,
) -> BTreeMap<&'a BundlePath, BTreeSet<&'a BundlePath>> {
    let loads = launches(graphs).flat_map(own_loads).map(|load| &**load);
    let links = Links::of(loads.filter(|load| inside(&load.image).is_some_and(|path| left.contains(path))));
    let path = |number: usize| match links.images.get(number) {
        Some(super::links::Key::Bundled(path)) => left.get(path).copied(),
        _ => None,
    };
    let mut uses: BTreeMap<&BundlePath, BTreeSet<&BundlePath>> = BTreeMap::new();
    for (number, from) in links.uses.iter().enumerate() {
        let Some(user) = path(number) else { continue };
        let used = from.iter().filter(|link| counts(link.kind)).filter_map(|link| path(link.to));
        uses.entry(user).or_default().extend(used.filter(|used| *used != user));
    }
    uses
}

/// Follows names and references from what is needed or made to be opened. What only names itself in a circle is not kept.
fn kept<'a>(
    bundle: &Bundle,
    left: &BTreeSet<&'a BundlePath>,
    uses: &BTreeMap<&'a BundlePath, BTreeSet<&'a BundlePath>>,
    mentions: &'a Mentions,
) -> HashMap<&'a BundlePath, Standing> {
    let mut named_by: HashMap<&BundlePath, Vec<&BundlePath>> = HashMap::new();
    let mut ahead: Vec<(&BundlePath, Standing)> = Vec::new();
    for &path in left {
        let by =
            mentions.get(path).map(Vec::as_slice).unwrap_or_default().iter().map(|mention| &mention.file);
        for file in by {
            match left.get(file) {
                Some(unused) => named_by.entry(unused).or_default().push(path),
                None => ahead.push((path, Standing::Named)),
            }
        }
        if is_made_to_be_opened(bundle, path) {
            ahead.push((path, Standing::PlugIn));
        }
    }
    let mut kept: HashMap<&BundlePath, Standing> = HashMap::new();
    while let Some((path, standing)) = ahead.pop() {
        match kept.get_mut(path) {
            Some(known) => *known = standing.min(*known),
            None => {
                kept.insert(path, standing);
                let named = named_by.get(path).into_iter().flatten().map(|&one| (one, Standing::Named));
                let used = uses.get(path).into_iter().flatten().map(|&one| (one, Standing::NeededByThose));
                ahead.extend(named.chain(used));
            }
        }
    }
    kept
}

fn is_made_to_be_opened(bundle: &Bundle, path: &BundlePath) -> bool {
    let is_bundle = |file_type| file_type == FileType::Bundle;
    let image = bundle.images.get(path);
    image.is_some_and(|image| image.file.slices.iter().any(|slice| is_bundle(slice.file_type)))
        || path.components().any(|part| part == "PlugIns")
}

/// Looks for the names of the images that `unused` lists in every program, library and text of the bundle: the file
/// name, the names of links to it, and of a framework or loadable bundle its folder. An image does not name itself, and
/// a load command does only when it is lazy or leads to nothing in the bundle in one of `graphs`.
///
/// # Errors
/// [`Cancelled`] when the user asked to stop.
pub fn mentions(
    bundle: &Bundle,
    graphs: &[&Graph],
    unused: &[Unused],
    progress: &Progress,
) -> Result<Mentions, Cancelled> {
    if unused.is_empty() {
        return Ok(Mentions::new());
    }
    let names = names(bundle, unused);
    let patterns: Vec<&str> = names.keys().map(String::as_str).collect();
    let Ok(search) = AhoCorasick::new(&patterns) else { return Ok(Mentions::new()) };
    let files: Vec<&BundlePath> = readable(bundle).collect();
    let found: Result<Vec<Vec<usize>>, Cancelled> = files
        .par_iter()
        .map(|path| {
            progress.step("searching", path.as_str(), 0, 0)?;
            Ok(found_in(bundle, path, &search))
        })
        .collect();
    let owners: Vec<&Vec<&BundlePath>> = names.values().collect();
    let loose = loose(graphs);
    let mut mentions = Mentions::new();
    for (file, numbers) in files.iter().zip(found?) {
        for number in numbers {
            let (Some(name), Some(images)) = (patterns.get(number), owners.get(number)) else { continue };
            for image in images.iter().filter(|image| is_news(bundle, &loose, file, image, name)) {
                let mention = Mention { file: (*file).clone(), name: (*name).to_owned() };
                mentions.entry((*image).clone()).or_default().push(mention);
            }
        }
    }
    Ok(mentions)
}

/// By image, what it asks for in vain as far as the bundle goes: what is missing or elsewhere, and lazy references.
fn loose<'a>(graphs: &[&'a Graph]) -> HashMap<&'a BundlePath, HashSet<&'a InstallName>> {
    let mut loose: HashMap<&BundlePath, HashSet<&InstallName>> = HashMap::new();
    for load in launches(graphs).flat_map(own_loads) {
        let Some(user) = inside(&load.image) else { continue };
        let in_vain = load.dependencies.iter().filter(|dependency| {
            !counts(dependency.kind)
                || matches!(dependency.resolution, Resolution::Missing | Resolution::External(_))
        });
        let mut in_vain = in_vain.map(|dependency| &dependency.name).peekable();
        if in_vain.peek().is_some() {
            loose.entry(user).or_default().extend(in_vain);
        }
    }
    loose
}

/// Whether a name in the file may mean the image: not when the file is the image or a copy of it, or when the name
/// stands there for a reference that leads to another image of the bundle.
fn is_news(
    bundle: &Bundle,
    loose: &HashMap<&BundlePath, HashSet<&InstallName>>,
    file: &BundlePath,
    image: &BundlePath,
    name: &str,
) -> bool {
    let Some(code) = bundle.images.get(file) else { return true };
    let has = |install_name: &InstallName| install_name.as_str().split('/').any(|part| part == name);
    if file.file_name() == image.file_name() {
        return false;
    }
    if loose.get(file).is_some_and(|names| names.iter().any(|one| has(one))) {
        return true;
    }
    let is_copy = |slice: &Slice| slice.install_name.as_ref().is_some_and(|own| own.leaf() == name);
    let links = |slice: &Slice| slice.uses.iter().any(|used| has(&used.name));
    !code.file.slices.iter().any(|slice| is_copy(slice) || links(slice))
}

/// By name, the images that it may mean.
fn names<'a>(bundle: &Bundle, unused: &'a [Unused]) -> BTreeMap<String, Vec<&'a BundlePath>> {
    let images: BTreeMap<&BundlePath, &BundlePath> =
        unused.iter().map(|one| (&one.image, &one.image)).collect();
    let mut names: BTreeMap<String, Vec<&BundlePath>> = BTreeMap::new();
    for &image in images.keys() {
        names.entry(name_of(image)).or_default().push(image);
    }
    for (path, node) in &bundle.nodes {
        let Node::Link { .. } = node else { continue };
        if let Some(image) = bundle.real_path(path).and_then(|real| images.get(&real).copied()) {
            let owners = names.entry(name_of(path)).or_default();
            if !owners.contains(&image) {
                owners.push(image);
            }
        }
    }
    names
}

/// The folder's name for what is in a folder of its own such as `X.framework`, and the file's for all else.
fn name_of(path: &BundlePath) -> String {
    const FOLDERS: [&str; 4] = ["framework", "bundle", "plugin", "component"];
    let leaf = path.file_name();
    let stem_is_leaf = |part: &&str| {
        part.rsplit_once('.').is_some_and(|(stem, suffix)| stem == leaf && FOLDERS.contains(&suffix))
    };
    path.components().rev().find(stem_is_leaf).unwrap_or(leaf).to_owned()
}

/// Lists of what is in the bundle say nothing about what is used: seals and the records of Python's installers.
const LISTS: [&str; 5] = ["CodeResources", "RECORD", "SOURCES.txt", "installed-files.txt", "CodeDirectory"];

fn readable(bundle: &Bundle) -> impl Iterator<Item = &BundlePath> {
    let files = bundle.nodes.iter().filter(|(_, node)| matches!(node, Node::File { length: 1.., .. }));
    files.map(|(path, _)| path).filter(|path| !LISTS.contains(&path.file_name()))
}

/// The numbers of the names that stand in the file by themselves, sorted.
fn found_in(bundle: &Bundle, path: &BundlePath, search: &AhoCorasick) -> Vec<usize> {
    let local = match bundle.images.get(path) {
        Some(image) => image.local.clone(),
        None => path.to_local(&bundle.root),
    };
    let Some(bytes) = open(&local, bundle.images.contains_key(path)) else { return Vec::new() };
    let is_alone = |start: usize, end: usize| {
        let before = start.checked_sub(1).and_then(|at| bytes.get(at));
        !before.is_some_and(|&byte| goes_on(byte)) && !bytes.get(end).is_some_and(|&byte| goes_on(byte))
    };
    let all = search.find_overlapping_iter(&*bytes);
    let found: BTreeSet<usize> =
        all.filter(|one| is_alone(one.start(), one.end())).map(|one| one.pattern().as_usize()).collect();
    found.into_iter().collect()
}

/// How many bytes at the start decide whether a file is text.
const START: usize = 4096;

/// Code, text, or a property list; anything else holds names by chance only.
fn open(local: &Path, is_code: bool) -> Option<bundle::Mapped> {
    let bytes = bundle::map(local).ok()?;
    let start = bytes.get(..START.min(bytes.len()))?;
    (is_code || start.starts_with(b"bplist") || !start.contains(&0)).then_some(bytes)
}

/// Whether a name with this byte at its end is another name.
fn goes_on(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'+') || byte >= 0x80
}

#[cfg(test)]
mod tests {
    use super::super::case::{described, graph_of};
    use super::*;
    use std::sync::Arc;

    const APP: &str = "
Contents/MacOS/App execute
  use @executable_path/linked.dylib
Contents/MacOS/linked.dylib dylib
Contents/MacOS/libnamed.2.dylib dylib
  use @executable_path/behind.dylib
Contents/MacOS/libnamed.dylib -> libnamed.2.dylib
Contents/MacOS/behind.dylib dylib
Contents/MacOS/dead.dylib dylib
  use @executable_path/deader.dylib
Contents/MacOS/deader.dylib dylib
Contents/PlugIns/style.dylib dylib
Contents/Resources/settings.txt text
Contents/_CodeSignature/CodeResources text
";

    fn standings(unused: &[Unused]) -> Vec<(&str, Standing)> {
        unused.iter().map(|one| (one.image.file_name(), one.standing)).collect()
    }

    #[test]
    fn evidence_keeps_what_might_be_opened_apart_from_what_nothing_names() {
        let disk = tempfile::tempdir().unwrap();
        let (mut bundle, _) = described(APP);
        bundle.root = disk.path().to_owned();
        let write = |path: &str, text: &str| {
            let local = disk.path().join(path);
            std::fs::create_dir_all(local.parent().unwrap()).unwrap();
            std::fs::write(local, text).unwrap();
        };
        write("Contents/Resources/settings.txt", "open libnamed.dylib, not mydead.dylib");
        write("Contents/_CodeSignature/CodeResources", "dead.dylib");
        let graph = graph_of(&bundle);
        let first = unused(&bundle, &[&graph], &Mentions::new());
        let names: Vec<&str> = first.iter().map(|one| one.image.file_name()).collect();
        assert_eq!(names, ["behind.dylib", "dead.dylib", "deader.dylib", "libnamed.2.dylib", "style.dylib"]);

        let found = mentions(&bundle, &[&graph], &first, &Progress::silent()).unwrap();
        let sorted = unused(&bundle, &[&graph], &found);
        let wanted = [
            ("behind.dylib", Standing::NeededByThose),
            ("dead.dylib", Standing::Nothing),
            ("deader.dylib", Standing::Nothing),
            ("libnamed.2.dylib", Standing::Named),
            ("style.dylib", Standing::PlugIn),
        ];
        assert_eq!(standings(&sorted), wanted);
        assert_eq!(sorted[2].users, [BundlePath::new("Contents/MacOS/dead.dylib").unwrap()]);
        assert_eq!(sorted[3].named_in[0].name, "libnamed.dylib");
    }

    #[test]
    fn what_a_broken_or_lazy_reference_means_is_named_and_a_second_copy_is_not() {
        let disk = tempfile::tempdir().unwrap();
        let (mut bundle, graph) = described(
            "
Contents/MacOS/App execute
  use @rpath/meant.dylib
  lazy @executable_path/later.dylib
  use @executable_path/twice.dylib
Contents/MacOS/later.dylib dylib
Contents/MacOS/twice.dylib dylib
Contents/Frameworks/meant.dylib dylib
Contents/Frameworks/twice.dylib dylib
",
        );
        for (path, image) in &mut bundle.images {
            Arc::make_mut(image).local = disk.path().join(path.file_name());
        }
        let names = "@rpath/meant.dylib\0@executable_path/later.dylib\0@executable_path/twice.dylib\0";
        std::fs::write(disk.path().join("App"), names).unwrap();
        let first = unused(&bundle, &[&graph], &Mentions::new());
        let found = mentions(&bundle, &[&graph], &first, &Progress::silent()).unwrap();
        let sorted = unused(&bundle, &[&graph], &found);
        let wanted = [
            ("meant.dylib", Standing::Named),
            ("twice.dylib", Standing::Nothing),
            ("later.dylib", Standing::Named),
        ];
        assert_eq!(standings(&sorted), wanted);
    }

    #[test]
    fn what_unused_images_say_about_each_other_does_not_keep_them() {
        let (bundle, graph) = described(APP);
        let path = |text: &str| BundlePath::new(text).unwrap();
        let by = |file: &str| vec![Mention { file: path(file), name: "x".to_owned() }];
        let mut mentions = Mentions::from([
            (path("Contents/MacOS/dead.dylib"), by("Contents/MacOS/deader.dylib")),
            (path("Contents/MacOS/libnamed.2.dylib"), by("Contents/MacOS/dead.dylib")),
        ]);
        let dead = unused(&bundle, &[&graph], &mentions);
        assert!(dead.iter().take(4).all(|one| one.standing == Standing::Nothing), "{dead:?}");
        mentions.insert(path("Contents/MacOS/dead.dylib"), by("Contents/MacOS/App"));
        let found = unused(&bundle, &[&graph], &mentions);
        let alive = found.iter().map(|one| one.standing);
        use Standing::{Named, NeededByThose, PlugIn};
        assert_eq!(alive.collect::<Vec<_>>(), [NeededByThose, Named, NeededByThose, Named, PlugIn]);
    }

    #[test]
    fn a_framework_is_looked_for_by_its_folder() {
        let path = |text: &str| BundlePath::new(text).unwrap();
        assert_eq!(name_of(&path("Contents/Frameworks/Q.framework/Versions/A/Q")), "Q.framework");
        assert_eq!(name_of(&path("Contents/PlugIns/x.bundle/Contents/MacOS/x")), "x.bundle");
        assert_eq!(name_of(&path("Contents/Frameworks/libz.dylib")), "libz.dylib");
    }
}
