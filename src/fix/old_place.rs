//! Where a file that came from outside the bundle looked for its libraries before it was copied.

use super::draft::Draft;
use super::edit::Edit;
use crate::bundle::{Image, SearchRoots, source};
use crate::macho::InstallName;
use crate::paths::{BundlePath, RuntimePath};

/// The path on the build machine of a file that the plan brings in.
pub(super) fn of(draft: &Draft<'_>, path: &BundlePath) -> Option<RuntimePath> {
    let placed = draft.placed.iter().find(|(_, to)| *to == path).map(|(from, _)| from.clone());
    placed.or_else(|| {
        draft.tree.iter().find_map(|planned| match &planned.edit {
            Edit::CopyFile { from, to, .. } => (to == path).then(|| from.clone()),
            Edit::CopyFramework { from, to, .. } => Some(from.join(path.strip_prefix(to)?)),
            _ => None,
        })
    })
}

/// The library outside the bundle that the file at `old` would get for `name`: by an absolute name, by `@loader_path`, or
/// by its own rpaths, which is all that a plug-in brings along. Those of the program that opened it there are not known.
pub(super) fn find(
    roots: &SearchRoots,
    bundle_root: &RuntimePath,
    old: &RuntimePath,
    name: &InstallName,
) -> Option<Image> {
    let (real, local) = roots.real_path(old)?;
    let user = source::open_image(&real, &local).ok()?;
    let beside = |tail: &str| real.parent().join(tail);
    let places: Vec<RuntimePath> = match name.as_str() {
        text if text.starts_with('/') => vec![RuntimePath::new(text)],
        text => match (text.strip_prefix("@loader_path/"), text.strip_prefix("@rpath/")) {
            (Some(tail), _) => vec![beside(tail)],
            (_, Some(tail)) => rpaths(&user, &beside).map(|folder| folder.join(tail)).collect(),
            _ => Vec::new(),
        },
    };
    places.into_iter().find_map(|place| {
        let (real, local) = roots.real_path(&place)?;
        let outside = real.strip_prefix(bundle_root).is_none() && !source::is_system_path(real.as_str());
        outside.then(|| source::open_image(&real, &local).ok()).flatten()
    })
}

fn rpaths(user: &Image, beside: impl Fn(&str) -> RuntimePath) -> impl Iterator<Item = RuntimePath> {
    let all = user.file.slices.iter().flat_map(|slice| &slice.rpaths);
    all.filter_map(move |rpath| match rpath.as_str().strip_prefix("@loader_path") {
        Some(tail) => Some(beside(tail)),
        None => rpath.as_str().starts_with('/').then(|| RuntimePath::new(rpath.as_str())),
    })
}
