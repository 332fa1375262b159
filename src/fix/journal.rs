//! The journal of a fix: what a start after a power cut needs to know.
//!
//! It stands in a folder beside the bundle, `.Foo.app.bundlewright`, together with the other copy of the bundle: the
//! one being made before the swap, the originals after it.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::apply::Receipt;
use crate::failure::Failure;
use crate::os::{Lock, disk, lock_folder, mode, writable_folder};

/// How far a fix, or its undoing, has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Phase {
    /// The copy is being made; the bundle is as it was.
    Staging,
    /// The copy is complete and checked; the swap may or may not have happened.
    Swapping,
    /// The bundle is the new one, the copy holds the originals.
    Committed,
    /// The originals are being swapped back.
    Undoing,
    /// The bundle is what it shall be; the copy is on its way out.
    Discarded,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Journal {
    pub phase: Phase,
    /// [`fingerprint`] of the new bundle: tells which copy stands where, and whether it was changed after the fix.
    pub fingerprint: String,
    pub receipt: Receipt,
}

/// Which of the two copies is at the bundle's path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Old,
    New,
    /// Neither copy is the new bundle any more: somebody changed it meanwhile.
    Unclear,
}

/// The places of one bundle's transaction.
pub(super) struct Places {
    pub bundle: PathBuf,
    /// `.Foo.app.bundlewright`
    pub folder: PathBuf,
}

impl Places {
    /// For the bundle's real folder.
    pub fn of(bundle: &Path) -> Option<Self> {
        let mut name = std::ffi::OsString::from(".");
        name.push(bundle.file_name()?);
        name.push(".bundlewright");
        Some(Places { bundle: bundle.to_path_buf(), folder: bundle.with_file_name(name) })
    }

    /// Keeps every other fix and undo away from the bundle, until the answer is dropped.
    ///
    /// # Errors
    /// [`Failure`] when one is at work.
    pub fn lock(&self) -> Result<Lock, Failure> {
        match lock_folder(&self.bundle) {
            Ok(Some(lock)) => Ok(lock),
            Ok(None) => {
                let what = "is being fixed or undone by another run of this program";
                Err(Failure::new(&self.bundle, what, "wait until that has ended, and try again"))
            }
            Err(error) => Err(Failure::io(&self.bundle, "open", &error)),
        }
    }

    /// The same while another fix is made and the last one can still be undone.
    pub fn next(&self) -> Self {
        let mut name = self.folder.as_os_str().to_owned();
        name.push("-next");
        Places { bundle: self.bundle.clone(), folder: PathBuf::from(name) }
    }

    /// The other copy of the bundle. It has the bundle's own name, so that nothing that looks at names sees a difference.
    pub fn copy(&self) -> PathBuf {
        self.folder.join(self.bundle.file_name().unwrap_or_default())
    }

    fn journal(&self) -> PathBuf {
        self.folder.join("journal.json")
    }

    /// `None` when there is none that can be read: then the swap was never reached.
    pub fn read(&self) -> Option<Journal> {
        serde_json::from_slice(&fs::read(self.journal()).ok()?).ok()
    }

    /// Replaces the journal as a whole and waits until it is on disk.
    pub fn write(&self, journal: &Journal) -> Result<(), Failure> {
        let target = self.journal();
        let fail = |error: &std::io::Error| Failure::io(&target, "write the journal", error);
        let text = serde_json::to_vec_pretty(journal).map_err(|error| fail(&std::io::Error::other(error)))?;
        disk::replace(&target, &text, disk::Sync::Now, |_| Ok(())).map_err(|error| fail(&error))?;
        disk::sync_folder(&self.folder).map_err(|error| fail(&error))
    }

    /// As [`remove`](Self::remove), of a copy that counted. A kill in between leaves no doubt what is left.
    pub fn discard(&self, mut journal: Journal) -> Result<(), Failure> {
        journal.phase = Phase::Discarded;
        // A full disk must not keep us from making room on it.
        let _ = self.write(&journal);
        self.remove()
    }

    /// Removes the copy and then the journal that tells of it.
    pub fn remove(&self) -> Result<(), Failure> {
        remove_folder(&self.copy())?;
        remove_folder(&self.folder)
    }
}

/// Folders that may not be written to are removed, too.
fn remove_folder(folder: &Path) -> Result<(), Failure> {
    let removed = match disk::remove_tree(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            let inside = walkdir::WalkDir::new(folder).into_iter().filter_map(Result::ok);
            for one in inside.filter(|one| one.file_type().is_dir()) {
                let _ = writable_folder(one.path()); // the removal says what is left
            }
            disk::remove_tree(folder)
        }
        removed => removed,
    };
    match removed {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Failure::io(folder, "remove", &error))
        }
        _ => Ok(()),
    }
}

/// What went wrong while a folder was walked, about the place where it did.
pub(super) fn walk_failure(root: &Path, error: walkdir::Error) -> Failure {
    let at = error.path().unwrap_or(root).to_path_buf();
    let error = error.into_io_error().unwrap_or_else(|| std::io::Error::other("a link leads in a circle"));
    Failure::io(&at, "read", &error)
}

/// Looks at both copies; the journal knows the new one.
pub(super) fn standing(places: &Places, journal: &Journal) -> Standing {
    let is_new = |root: &Path| fingerprint(root).is_ok_and(|found| found == journal.fingerprint);
    match (is_new(&places.bundle), is_new(&places.copy())) {
        (true, _) => Standing::New,
        (false, true) => Standing::Old,
        (false, false) => Standing::Unclear,
    }
}

/// Names, kinds, link targets, permissions, lengths and dates of everything below `root`, digested.
pub(super) fn fingerprint(root: &Path) -> Result<String, Failure> {
    let mut digest = Sha256::new();
    for entry in walkdir::WalkDir::new(root).sort_by_file_name() {
        let entry = entry.map_err(|error| walk_failure(root, error))?;
        let data = entry.metadata().map_err(|error| walk_failure(root, error))?;
        let inside = entry.path().strip_prefix(root).unwrap_or(entry.path());
        digest.update(inside.to_string_lossy().as_bytes());
        if data.is_file() {
            let age = data.modified().ok().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
            digest.update([b'f', u8::from(data.permissions().readonly())]);
            digest.update(mode(&data).to_le_bytes());
            digest.update(data.len().to_le_bytes());
            digest.update(age.unwrap_or_default().as_nanos().to_le_bytes());
        } else if data.is_symlink() {
            digest.update([b'l']);
            digest.update(fs::read_link(entry.path()).unwrap_or_default().to_string_lossy().as_bytes());
        }
    }
    Ok(digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}
