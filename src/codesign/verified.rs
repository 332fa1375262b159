//! What a verification knows of files beyond its words: whose hashes need no second calculation as long as nobody writes to
//! them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::check_code::Digests;
use crate::bundle::{self, Mapped};
use crate::os::{self, Stamp};
use crate::paths::BundlePath;

/// Files as a verification read them. Empty where the system does not tell files apart well enough.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verified {
    /// Code without a fault: its pages have the hashes that its signatures say.
    pub(super) code: BTreeMap<BundlePath, Stamp>,
    /// Files that a seal names.
    pub(super) files: BTreeMap<BundlePath, (Stamp, Digests)>,
}

/// The files of [`Verified`] that are still what they were, for work on a copy of the bundle.
pub struct Known {
    root: PathBuf,
    verified: Verified,
}

/// Where the verified bytes of a file's code are.
pub(super) enum Witness {
    /// The file itself.
    Same,
    /// The file of which it is a changed copy.
    Other(Mapped),
}

impl Known {
    pub fn nothing() -> Known {
        Known { root: PathBuf::new(), verified: Verified::default() }
    }

    /// Of the bundle at `root`, before it is linked to anywhere else.
    pub fn of(root: &Path, verified: &Verified) -> Known {
        let is_still =
            |path: &BundlePath, stamp: &Stamp| os::stamp(&path.to_local(root)).as_ref() == Some(stamp);
        let mut verified = verified.clone();
        verified.code.retain(|path, stamp| is_still(path, stamp));
        verified.files.retain(|path, (stamp, _)| is_still(path, stamp));
        Known { root: root.to_owned(), verified }
    }

    /// For the code at `path`, which stands at `local` now.
    pub(super) fn code(&self, path: &BundlePath, local: &Path) -> Option<Witness> {
        let stamp = self.verified.code.get(path)?;
        if is_file(local, stamp) {
            return Some(Witness::Same);
        }
        let original = path.to_local(&self.root);
        is_file(&original, stamp).then(|| bundle::map(&original).ok().map(Witness::Other)).flatten()
    }

    /// Of the file at `path`, which stands at `local` now.
    pub(super) fn digests(&self, path: &BundlePath, local: &Path) -> Option<&Digests> {
        let (stamp, digests) = self.verified.files.get(path)?;
        is_file(local, stamp).then_some(digests)
    }
}

impl Witness {
    /// The verified bytes, where `bytes` are those of the file itself.
    pub fn of<'a>(&'a self, bytes: &'a [u8]) -> &'a [u8] {
        match self {
            Witness::Same => bytes,
            Witness::Other(mapped) => mapped,
        }
    }
}

/// Whether the same file stands there, with what was in it. A link to it more does no harm.
fn is_file(local: &Path, stamp: &Stamp) -> bool {
    os::stamp(local).is_some_and(|there| there.has_same_contents(stamp))
}
