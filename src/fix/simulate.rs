//! Edits on the model: what the bundle will be. `scan(apply(edits)) == simulate(edits)`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::edit::{Edit, PlannedEdit, slice_edits};
use crate::bundle::{
    Bundle, Image, ImageId, InfoPlist, Node, is_settings, settings_text, source, whole_form,
};
use crate::failure::Failure;
use crate::macho::{Arch, Container, EditError, edit};
use crate::paths::{BundlePath, RuntimePath};

/// Files outside the bundle, each read once however often a plan is simulated.
#[derive(Default)]
pub(super) struct Outside {
    images: BTreeMap<PathBuf, Option<Arc<Image>>>,
    listings: BTreeMap<PathBuf, BTreeMap<BundlePath, Node>>,
}

impl Outside {
    fn image(&mut self, local: &Path) -> Option<Arc<Image>> {
        self.images
            .entry(local.to_path_buf())
            .or_insert_with(|| source::open_image(&RuntimePath::from_local(local), local).ok().map(Arc::new))
            .clone()
    }

    fn listing(&mut self, local: &Path) -> Result<BTreeMap<BundlePath, Node>, Failure> {
        if let Some(known) = self.listings.get(local) {
            return Ok(known.clone());
        }
        let listing = source::list(local)?;
        self.listings.insert(local.to_path_buf(), listing.clone());
        Ok(listing)
    }
}

/// Why a step of a plan cannot be simulated.
#[derive(Debug)]
pub(super) enum Refused {
    /// The load commands of these files cannot be changed as asked.
    LoadCommands(Vec<(BundlePath, EditError)>),
    /// A file to be copied cannot be read.
    Source(Failure),
}

/// The bundle after `edits`: first those of files and folders in their order, then those of load commands.
pub(super) fn simulate(
    base: &Bundle,
    edits: &[PlannedEdit],
    outside: &mut Outside,
) -> Result<Bundle, Refused> {
    let mut bundle = base.clone();
    for planned in edits.iter().filter(|planned| !planned.edit.is_load_command()) {
        change_tree(&mut bundle, &planned.edit, outside).map_err(Refused::Source)?;
    }
    let mut by_file: BTreeMap<&BundlePath, Vec<&Edit>> = BTreeMap::new();
    for planned in edits.iter().filter(|planned| planned.edit.is_load_command()) {
        by_file.entry(planned.edit.path()).or_default().push(&planned.edit);
    }
    let mut refused = Vec::new();
    for (path, edits) in by_file {
        if let Err(error) = change_commands(&mut bundle, path, &edits) {
            refused.push((path.clone(), error));
        }
    }
    if !refused.is_empty() {
        return Err(Refused::LoadCommands(refused));
    }
    bundle.derive();
    Ok(bundle)
}

fn change_tree(bundle: &mut Bundle, edit: &Edit, outside: &mut Outside) -> Result<(), Failure> {
    match edit {
        Edit::CopyFile { local, to, .. } => {
            let (length, mode) = source::length_and_mode(local)?;
            add_parents(bundle, to);
            bundle.nodes.insert(to.clone(), Node::File { length, mode: copied_mode(mode) });
            add_content(bundle, to, local, outside);
        }
        Edit::CopyFramework { local, to, version, .. } => {
            let listing = outside.listing(local)?;
            let whole = whole_form(&listing, framework_name(to), Some(version));
            add_parents(bundle, to);
            bundle.nodes.insert(to.clone(), Node::Folder);
            for folder in &whole.folders {
                bundle.nodes.insert(to.join(folder.as_str()), Node::Folder);
            }
            for (inside, from) in &whole.files {
                let Some(Node::File { length, mode }) = listing.get(from) else { continue };
                let at = to.join(inside.as_str());
                bundle.nodes.insert(at.clone(), Node::File { length: *length, mode: copied_mode(*mode) });
                add_content(bundle, &at, &from.to_local(local), outside);
            }
            for (inside, target) in &whole.links {
                bundle.nodes.insert(to.join(inside.as_str()), Node::Link { target: target.clone() });
            }
        }
        Edit::Symlink { path, target } => {
            add_parents(bundle, path);
            bundle.nodes.insert(path.clone(), Node::Link { target: target.clone() });
        }
        Edit::WriteFile { path, contents } => {
            add_parents(bundle, path);
            let length = contents.len() as u64;
            bundle.nodes.insert(path.clone(), Node::File { length, mode: WRITTEN_MODE });
            if is_settings(path) {
                bundle.settings.insert(path.clone(), contents.clone());
            }
        }
        Edit::Remove { path } => {
            bundle.nodes.retain(|node, _| !node.is_under(path));
            bundle.images.retain(|image, _| !image.is_under(path));
            bundle.info_plists.retain(|plist, _| !plist.is_under(path));
            bundle.scripts.retain(|script, _| !script.is_under(path));
            bundle.settings.retain(|file, _| !file.is_under(path));
        }
        Edit::Move { from, to } => move_tree(bundle, from, to),
        Edit::Thin { path, archs } => thin(bundle, path, archs),
        Edit::SetInfo { path, key, to, .. } => {
            if let Some(info) = bundle.info_plists.get_mut(path) {
                info.set(key, to);
            }
        }
        Edit::SetMode { path, mode: new } => {
            if let Some(Node::File { mode, .. }) = bundle.nodes.get_mut(path) {
                *mode = *new;
            }
        }
        _ => {}
    }
    Ok(())
}

/// What a written file may be used for: as any resource.
pub(super) const WRITTEN_MODE: u32 = 0o644;

/// Copies can be written by their owner: Homebrew's files are 0444, and a bundle is edited again.
pub(super) fn copied_mode(mode: u32) -> u32 {
    mode | 0o200
}

/// `X` of `…/X.framework`.
pub(super) fn framework_name(path: &BundlePath) -> &str {
    path.file_name().strip_suffix(".framework").unwrap_or(path.file_name())
}

fn add_parents(bundle: &mut Bundle, path: &BundlePath) {
    for folder in path.ancestors().filter(|folder| !folder.is_root()) {
        bundle.nodes.entry(folder).or_insert(Node::Folder);
    }
}

/// What a scan would have read of a file that comes in: code, or the Info.plist of a nested bundle.
fn add_content(bundle: &mut Bundle, at: &BundlePath, local: &Path, outside: &mut Outside) {
    if let Some(image) = outside.image(local) {
        let image = Image { id: ImageId::Bundled(at.clone()), ..(*image).clone() };
        bundle.images.insert(at.clone(), Arc::new(image));
    }
    if at.file_name() == "Info.plist"
        && let Some(plist) = std::fs::read(local).ok().and_then(|bytes| InfoPlist::read(&bytes).ok())
    {
        bundle.info_plists.insert(at.clone(), plist);
    }
    if is_settings(at)
        && let Some(text) = settings_text(local)
    {
        bundle.settings.insert(at.clone(), text);
    }
}

fn thin(bundle: &mut Bundle, path: &BundlePath, archs: &[Arch]) {
    let Some(image) = bundle.images.get_mut(path) else { return };
    let image = Arc::make_mut(image);
    image.file.slices.retain(|slice| !archs.contains(&slice.arch));
    if image.file.slices.len() == 1 {
        image.file.container = Container::Thin;
    }
    image.length = image.file.slices.iter().map(|slice| slice.size).sum();
    if let Some(Node::File { length, .. }) = bundle.nodes.get_mut(path) {
        *length = image.length;
    }
}

fn move_tree(bundle: &mut Bundle, from: &BundlePath, to: &BundlePath) {
    add_parents(bundle, to);
    let renamed = |path: &BundlePath| path.strip_prefix(from).map(|rest| to.join(rest));
    let nodes = std::mem::take(&mut bundle.nodes);
    bundle.nodes = nodes.into_iter().map(|(path, node)| (renamed(&path).unwrap_or(path), node)).collect();
    let images = std::mem::take(&mut bundle.images);
    let settings = std::mem::take(&mut bundle.settings);
    bundle.settings =
        settings.into_iter().map(|(path, text)| (renamed(&path).unwrap_or(path), text)).collect();
    let plists = std::mem::take(&mut bundle.info_plists);
    bundle.info_plists =
        plists.into_iter().map(|(path, plist)| (renamed(&path).unwrap_or(path), plist)).collect();
    bundle.images = images
        .into_iter()
        .map(|(path, image)| match renamed(&path) {
            Some(at) => (at.clone(), Arc::new(Image { id: ImageId::Bundled(at), ..(*image).clone() })),
            None => (path, image),
        })
        .collect();
}

fn change_commands(bundle: &mut Bundle, path: &BundlePath, edits: &[&Edit]) -> Result<(), EditError> {
    let Some(image) = bundle.images.get(path) else {
        return Err(EditError::Malformed(format!("{path} is not a Mach-O file")));
    };
    let mut changed = (**image).clone();
    for slice in &mut changed.file.slices {
        let wanted = slice_edits(slice, edits.iter().copied());
        *slice = edit::edit_model(slice, &wanted)?;
    }
    bundle.images.insert(path.clone(), Arc::new(changed));
    Ok(())
}

/// The first thing in which a bundle read from disk differs from the one a plan expected, in words.
///
/// Lengths are left out: signatures change them. Of a signature only its state and flags are compared: the identifier
/// may come out of a file that the plan has not read. Faults of the format name load commands by number.
pub fn difference(expected: &Bundle, found: &Bundle) -> Option<String> {
    if let Some(path) = first_difference(expected.nodes.keys(), found.nodes.keys()) {
        return Some(format!("{path} is there in one only"));
    }
    for ((path, wanted), node) in expected.nodes.iter().zip(found.nodes.values()) {
        let same = match (wanted, node) {
            (Node::File { mode: a, .. }, Node::File { mode: b, .. }) => a == b,
            (a, b) => a == b,
        };
        if !same {
            return Some(format!("{path} is {node:?}, planned was {wanted:?}"));
        }
    }
    if let Some(path) = first_difference(expected.info_plists.keys(), found.info_plists.keys()) {
        return Some(format!("{path} can be read in one only"));
    }
    for ((path, wanted), info) in expected.info_plists.iter().zip(found.info_plists.values()) {
        if wanted != info {
            return Some(format!("{path} says {:?}, planned was {:?}", info.value, wanted.value));
        }
    }
    if let Some(path) = first_difference(expected.images.keys(), found.images.keys()) {
        return Some(format!("{path} is Mach-O in one only"));
    }
    for ((path, wanted), image) in expected.images.iter().zip(found.images.values()) {
        if let Some(what) = image_difference(wanted, image) {
            return Some(format!("{path}: {what}"));
        }
    }
    if let Some(path) = differing(&expected.settings, &found.settings) {
        return Some(format!("{path} has another text than planned"));
    }
    None
}

/// The first file whose text is not the same in both.
fn differing<'a>(
    expected: &'a BTreeMap<BundlePath, String>,
    found: &'a BTreeMap<BundlePath, String>,
) -> Option<&'a BundlePath> {
    expected.keys().chain(found.keys()).find(|path| expected.get(*path) != found.get(*path))
}

fn first_difference<'a>(
    a: impl Iterator<Item = &'a BundlePath> + Clone,
    b: impl Iterator<Item = &'a BundlePath> + Clone,
) -> Option<&'a BundlePath> {
    let (left, right): (std::collections::BTreeSet<_>, std::collections::BTreeSet<_>) =
        (a.collect(), b.collect());
    left.symmetric_difference(&right).next().copied()
}

fn image_difference(expected: &Image, found: &Image) -> Option<String> {
    let plain = |image: &Image| -> Vec<_> {
        image
            .file
            .slices
            .iter()
            .map(|slice| {
                let mut slice = slice.clone();
                (slice.offset, slice.size) = (0, 0);
                slice.signature.identifier = None;
                slice.signature.entitlements.clear();
                slice.signature.claims.clear();
                slice.signature.cms = None;
                // Signing makes LINKEDIT longer, and a command that is added moves the numbers of others.
                slice.format_faults.clear();
                slice
            })
            .collect()
    };
    let (wanted, got) = (plain(expected), plain(found));
    if expected.file.container != found.file.container {
        return Some(format!("it is packed as {:?}", found.file.container));
    }
    (wanted != got).then(|| format!("load commands are {got:?}, planned were {wanted:?}"))
}
