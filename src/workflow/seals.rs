//! What vouches for a file of a bundle, and everything that is signed as a tree.

use std::path::Path;

use super::Inspection;
use crate::bundle::{self, Bundle};
use crate::codesign::{self, Verification};
use crate::failure::Failure;
use crate::paths::BundlePath;
use crate::progress::Progress;

pub use crate::codesign::{SealLink, SealState, SealTree, SealedBy};

/// The seals from `inside` to the signature of the app at `path`, each with why it does not hold.
///
/// # Errors
/// [`Failure`] when the bundle cannot be read, or neither it nor its seals know such a path.
pub fn seal_chain(path: &Path, inside: &Path, progress: &Progress) -> Result<Vec<SealLink>, Failure> {
    let (bundle, verification) = look(path, progress)?;
    let within = place(&bundle, path, inside);
    within.and_then(|within| codesign::seal_chain(&bundle, &verification, &within)).ok_or_else(|| {
        let what = format!("has no {} and no seal that names it", inside.display());
        Failure::new(path, what, "name a file of the bundle, from the bundle's folder on: Contents/…")
    })
}

/// Every signed thing of the bundle at `path`, under what seals it.
///
/// # Errors
/// [`Failure`] when the bundle cannot be read.
pub fn seal_tree(path: &Path, progress: &Progress) -> Result<SealTree, Failure> {
    let (bundle, verification) = look(path, progress)?;
    Ok(codesign::seal_tree(&bundle, &verification))
}

/// Every signed thing of a bundle that has been inspected, under what seals it.
pub fn seal_tree_of(inspection: &Inspection) -> SealTree {
    codesign::seal_tree(&inspection.bundle, &inspection.seals)
}

/// The seals from the file at `path` to the signature of the inspected app; none when nothing of that name is there.
pub fn seal_chain_of(inspection: &Inspection, path: &BundlePath) -> Vec<SealLink> {
    codesign::seal_chain(&inspection.bundle, &inspection.seals, path).unwrap_or_default()
}

fn look(path: &Path, progress: &Progress) -> Result<(Bundle, Verification), Failure> {
    let bundle = bundle::scan_code(path, progress)?;
    let verification = codesign::verify_bundle(&bundle, progress)?;
    Ok((bundle, verification))
}

/// `inside` may start at the bundle, or name the file as it stands on this machine.
fn place(bundle: &Bundle, path: &Path, inside: &Path) -> Option<BundlePath> {
    let on_disk =
        [path, &bundle.root].iter().find_map(|root| inside.strip_prefix(root).ok()).unwrap_or(inside);
    let parts = on_disk.components().map(|part| part.as_os_str().to_str());
    BundlePath::new(&parts.collect::<Option<Vec<_>>>()?.join("/"))
}
