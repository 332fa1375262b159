//! The journal of a fix: what a start after a power cut needs to know.
//!
//! It stands in a folder beside the bundle, `.Foo.app.bundlewright`, together with the other copy of the bundle: the
//! one being made before the swap, the originals after it.

#![allow(clippy::disallowed_methods, reason = "one of the writers")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::apply::Receipt;
use super::platform::{mode, sync_folder};
use crate::failure::Failure;

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
        let name = bundle.file_name()?.to_str()?;
        let folder = bundle.with_file_name(format!(".{name}.bundlewright"));
        Some(Places { bundle: bundle.to_path_buf(), folder })
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
        let mut file = tempfile::NamedTempFile::new_in(&self.folder).map_err(|error| fail(&error))?;
        let text = serde_json::to_vec_pretty(journal).map_err(|error| fail(&std::io::Error::other(error)))?;
        file.write_all(&text).and_then(|()| file.as_file().sync_all()).map_err(|error| fail(&error))?;
        file.persist(&target).map_err(|error| fail(&error.error))?;
        sync_folder(&self.folder).map_err(|error| fail(&error))
    }

    pub fn remove(&self) -> Result<(), Failure> {
        match fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(Failure::io(&self.folder, "remove", &error))
            }
            _ => Ok(()),
        }
    }
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
        let entry = entry.map_err(|error| Failure::io(root, "list", &error.into()))?;
        let data = entry.metadata().map_err(|error| Failure::io(entry.path(), "look at", &error.into()))?;
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
