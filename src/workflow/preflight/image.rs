//! The disk image that is submitted.

use std::path::Path;

use super::hit;
use crate::codesign;
use crate::diagnose::preflight::Hit;
use crate::dmg::DiskImage;
use crate::failure::Failure;
use crate::progress::Progress;

/// What is wrong with the volume: checksums and structure. What cannot be read for its format is no fault of it.
pub(super) fn faults(path: &Path, progress: &Progress) -> Result<Vec<Hit>, Failure> {
    match crate::dmg::verify(path, progress) {
        Ok(problems) => Ok(problems.iter().map(|one| hit(&one.path, one.message.clone())).collect()),
        Err(Failure::Cancelled) => Err(Failure::Cancelled),
        Err(Failure::Problem { .. }) => Ok(Vec::new()),
    }
}

/// What is wrong with the signature of the image itself, if it has one.
pub(super) fn signature_faults(path: &Path, progress: &Progress) -> Result<Vec<Hit>, Failure> {
    let verification = codesign::verify_disk_image(path, progress)?.unwrap_or_default();
    Ok(verification.problems.iter().map(|one| hit("", one.message.clone())).collect())
}

/// Calls `look` with the volume of the image, unpacked for the time of the call, or with the reason why it cannot be.
pub(super) fn unpacked(
    path: &Path,
    temporary: &Path,
    progress: &Progress,
    look: impl FnOnce(Result<&Path, String>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    if let Err(Failure::Problem { what, .. }) = DiskImage::open(path) {
        return look(Err(what));
    }
    let folder = tempfile::Builder::new().prefix("bundlewright-preflight-").tempdir_in(temporary);
    let folder = folder.map_err(|error| Failure::io(temporary, "write to the folder", &error))?;
    let volume = folder.path().join("volume");
    match crate::dmg::extract(path, &volume, progress) {
        Ok(_) => look(Ok(&volume)),
        // A part of the volume would look like an app with files missing.
        Err(Failure::Problem { path: about, what, .. }) if about == path => look(Err(what)),
        Err(other) => Err(other),
    }
}
