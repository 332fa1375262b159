//! Where a library from outside goes in the bundle.

use std::path::PathBuf;

use super::draft::Draft;
use super::edit::Edit;
use crate::bundle::{Bundle, Image, ImageId};
use crate::diagnose::rules::duplicate_library::uuids;
use crate::macho::framework_suffix;
use crate::paths::{BundlePath, RuntimePath};

/// What to do about one library outside the bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Placement {
    /// The bundle already has this very build.
    Existing(BundlePath),
    File {
        local: PathBuf,
        to: BundlePath,
        renamed: bool,
    },
    /// The framework's folder outside, where it goes, its version and its binary in the bundle.
    Framework {
        from: RuntimePath,
        local: PathBuf,
        to: BundlePath,
        version: String,
        binary: BundlePath,
    },
    /// A different framework of this name is there already.
    Occupied,
}

/// `Contents/Frameworks`, where Apple wants libraries.
pub(super) fn frameworks() -> BundlePath {
    BundlePath::root().join("Contents/Frameworks")
}

/// Decides for `image`, which lies outside. `bundle` is the model as planned so far.
pub(super) fn place(bundle: &Bundle, draft: &Draft<'_>, image: &Image) -> Placement {
    let ImageId::External(from) = &image.id else { return Placement::Occupied };
    if let Some(same) = same_build(bundle, image) {
        return Placement::Existing(same);
    }
    if let Some(inside) = comes_with_framework(draft, from) {
        return Placement::Existing(inside);
    }
    match framework_suffix(from.as_str()) {
        Some(suffix) => place_framework(bundle, draft, image, from, suffix),
        None => place_file(bundle, draft, image, from),
    }
}

/// The same build in the bundle, by the UUIDs of all slices. Plug-ins may repeat a UUID-less build, so none matches none.
fn same_build(bundle: &Bundle, image: &Image) -> Option<BundlePath> {
    let wanted = uuids(image)?;
    let mut same = bundle
        .images
        .iter()
        .filter(|(_, other)| other.is_library() && uuids(other).as_ref() == Some(&wanted));
    same.next().map(|(path, _)| path.clone())
}

/// A library inside a framework that is copied whole anyway.
fn comes_with_framework(draft: &Draft<'_>, external: &RuntimePath) -> Option<BundlePath> {
    draft.tree.iter().find_map(|planned| match &planned.edit {
        Edit::CopyFramework { from, to, .. } => to.resolve(external.strip_prefix(from)?),
        _ => None,
    })
}

/// `X.framework/[Versions/V/]X` → the folder, copied whole.
fn place_framework(
    bundle: &Bundle,
    draft: &Draft<'_>,
    image: &Image,
    from: &RuntimePath,
    suffix: &str,
) -> Placement {
    let inside = suffix.split('/').count() - 1;
    let Some(local) = image.local.ancestors().nth(inside) else { return Placement::Occupied };
    let folder = &from.as_str()[..from.as_str().len() - suffix.len()];
    let parts: Vec<&str> = suffix.split('/').collect();
    let version = if parts.len() == 4 { parts[2] } else { "A" };
    let to = frameworks().join(parts[0]);
    if bundle.nodes.contains_key(&to) || planned(draft, &to) {
        return Placement::Occupied;
    }
    Placement::Framework {
        from: RuntimePath::new(format!("{folder}{}", parts[0])),
        local: local.to_path_buf(),
        binary: to.join("Versions").join(version).join(from.file_name()),
        to,
        version: version.to_owned(),
    }
}

/// The name that its users know it by; where another library has that name already, one with a number.
fn place_file(bundle: &Bundle, draft: &Draft<'_>, image: &Image, from: &RuntimePath) -> Placement {
    let id = image.file.slices.iter().find_map(|slice| slice.install_name.as_ref()).map(|id| id.leaf());
    let leaf = id
        .filter(|leaf| BundlePath::new(leaf).is_some_and(|path| !path.is_root()))
        .unwrap_or(from.file_name());
    let taken = |path: &BundlePath| bundle.nodes.contains_key(path) || planned(draft, path);
    let mut to = frameworks().join(leaf);
    let renamed = taken(&to);
    let (stem, suffix) =
        leaf.split_once('.').map_or((leaf, String::new()), |(stem, rest)| (stem, format!(".{rest}")));
    let mut number = 2;
    while taken(&to) {
        to = frameworks().join(&format!("{stem}-{number}{suffix}"));
        number += 1;
    }
    Placement::File { local: image.local.clone(), to, renamed }
}

/// Whether the plan puts something there.
pub(super) fn planned(draft: &Draft<'_>, to: &BundlePath) -> bool {
    draft.tree.iter().any(|planned| planned.edit.path() == to)
}
