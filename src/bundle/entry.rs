//! Entry points: what starts a process, and what is opened by name.

use std::collections::BTreeSet;

use super::{Bundle, Entry, EntryKind, Image, Node};
use crate::macho::FileType;
use crate::paths::BundlePath;

/// Kinds of nested bundles by their suffix. The executable of any other is a helper.
const NESTED_PROCESSES: [(&str, EntryKind); 3] =
    [("app", EntryKind::HelperApp), ("xpc", EntryKind::XpcService), ("appex", EntryKind::AppExtension)];

/// Where CFBundleExecutable of the bundle at `folder` points, whether or not a file is there. Without the key macOS takes
/// the bundle's own name, which counts only when there is such a file.
pub(super) fn executable_of(bundle: &Bundle, folder: &BundlePath) -> Option<BundlePath> {
    let programs = folder.join("Contents/MacOS");
    let info = bundle.info_plists.get(&folder.join("Contents/Info.plist"));
    if let Some(name) =
        info.and_then(|info| info.string("CFBundleExecutable")).filter(|name| !name.is_empty())
    {
        return programs.resolve(name);
    }
    let name = if folder.is_root() { bundle.name.as_str() } else { folder.file_name() };
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    BundlePath::new(stem)
        .filter(|stem| !stem.is_root())
        .map(|stem| programs.join(stem.as_str()))
        .filter(|path| bundle.nodes.contains_key(path))
}

/// Every entry point, the main executable first, then by kind and path.
pub(super) fn find(bundle: &Bundle) -> Vec<Entry> {
    let nested = nested_bundles(bundle);
    let main = bundle.main_executable.as_ref().and_then(|path| bundle.real_path(path));
    let mut entries: Vec<Entry> = bundle
        .images
        .iter()
        .filter(|(_, image)| is(image, FileType::Execute))
        .map(|(path, _)| process(path, main.as_ref(), &nested))
        .collect();
    let plug_ins = plug_ins(bundle, &nested, &entries);
    entries.extend(plug_ins);
    entries.sort_by(|a, b| (a.kind, &a.image).cmp(&(b.kind, &b.image)));
    entries
}

/// Answers which executable's process would open the library at a path.
pub(super) fn host_of(bundle: &Bundle) -> impl Fn(&BundlePath) -> Option<BundlePath> {
    let nested = nested_bundles(bundle);
    move |path| host(path, &nested, &bundle.entries)
}

/// A bundle folder below the root, and the file that its Info.plist starts.
struct Nested {
    folder: BundlePath,
    executable: Option<BundlePath>,
}

impl Nested {
    fn kind(&self) -> EntryKind {
        let suffix = self.folder.file_name().rsplit('.').next().unwrap_or("");
        NESTED_PROCESSES
            .iter()
            .find(|(known, _)| *known == suffix)
            .map_or(EntryKind::Helper, |&(_, kind)| kind)
    }
}

/// Every folder below the root with `Contents/Info.plist` or `Contents/MacOS`, outer ones first.
fn nested_bundles(bundle: &Bundle) -> Vec<Nested> {
    let contents =
        bundle.nodes.iter().filter(|(path, node)| **node == Node::Folder && path.file_name() == "Contents");
    contents
        .filter(|(path, _)| {
            ["Info.plist", "MacOS"].iter().any(|mark| bundle.nodes.contains_key(&path.join(mark)))
        })
        .filter_map(|(path, _)| path.parent().filter(|folder| !folder.is_root()))
        .map(|folder| {
            let executable = executable_of(bundle, &folder).and_then(|path| bundle.real_path(&path));
            Nested { folder, executable }
        })
        .collect()
}

fn innermost<'a>(nested: &'a [Nested], path: &BundlePath) -> Option<&'a Nested> {
    nested.iter().rfind(|nested| path.is_under(&nested.folder))
}

fn process(path: &BundlePath, main: Option<&BundlePath>, nested: &[Nested]) -> Entry {
    let owner = innermost(nested, path);
    let kind = if main == Some(path) {
        EntryKind::Main
    } else {
        owner.filter(|owner| owner.executable.as_ref() == Some(path)).map_or(EntryKind::Helper, Nested::kind)
    };
    let bundle = owner.map_or_else(BundlePath::root, |owner| owner.folder.clone());
    Entry { kind, image: path.clone(), bundle, host: None }
}

/// Loadable bundles, and libraries in a `PlugIns` folder or that no load command in the bundle asks for.
fn plug_ins(bundle: &Bundle, nested: &[Nested], processes: &[Entry]) -> Vec<Entry> {
    let asked_for = asked_for(bundle);
    bundle
        .images
        .iter()
        .filter(|(path, image)| {
            is(image, FileType::Bundle)
                || is(image, FileType::Dylib)
                    && (path.components().any(|part| part == "PlugIns") || !asked_for.contains(*path))
        })
        .map(|(path, _)| Entry {
            kind: EntryKind::PlugIn,
            image: path.clone(),
            bundle: innermost(nested, path).map_or_else(BundlePath::root, |owner| owner.folder.clone()),
            host: host(path, nested, processes),
        })
        .collect()
}

/// The images whose file name, or the name of a link to them, is the leaf of some load command.
fn asked_for(bundle: &Bundle) -> BTreeSet<BundlePath> {
    let leaves: BTreeSet<&str> = bundle
        .images
        .values()
        .flat_map(|image| image.file.slices.iter())
        .flat_map(|slice| slice.uses.iter().map(|used| used.name.leaf()))
        .collect();
    bundle
        .nodes
        .iter()
        .filter(|(path, node)| !matches!(node, Node::Folder) && leaves.contains(path.file_name()))
        .filter_map(|(path, _)| bundle.real_path(path))
        .collect()
}

/// Whose process opens the plug-in at `path`: the executable of the innermost bundle around it that has one.
fn host(path: &BundlePath, nested: &[Nested], processes: &[Entry]) -> Option<BundlePath> {
    let mut processes = processes.iter().filter(|process| process.kind != EntryKind::PlugIn);
    let runs = |executable: &BundlePath| processes.clone().any(|process| process.image == *executable);
    let around = nested.iter().rev().filter(|nested| path.is_under(&nested.folder));
    let enclosing = around.filter_map(|nested| nested.executable.clone()).find(runs);
    enclosing.or_else(|| {
        // An app started by a script has no main image; what the script starts stands beside it.
        let beside = |entry: &&Entry| {
            entry.bundle.is_root()
                && entry.image.parent().is_some_and(|folder| folder.as_str() == "Contents/MacOS")
        };
        let main = processes.clone().find(|entry| entry.kind == EntryKind::Main);
        main.or_else(|| processes.find(beside)).map(|entry| entry.image.clone())
    })
}

fn is(image: &Image, file_type: FileType) -> bool {
    image.file.slices.iter().any(|slice| slice.file_type == file_type)
}
