//! What a verification knows of files beyond its words: whose hashes need no second calculation as long as nobody writes to
//! them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::check_code::Digests;
use super::pages::KnownPages;
use crate::bundle::{self, Mapped};
use crate::macho::Arch;
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
    made: Mutex<Made>,
}

/// What was calculated since, in the same transaction.
#[derive(Default)]
struct Made {
    /// Of code that was signed: the file it was signed from, and what it was given, for each architecture.
    code: BTreeMap<BundlePath, (Stamp, Signatures)>,
    files: BTreeMap<BundlePath, (Stamp, Digests)>,
}

/// A signature for each slice of a file.
pub(super) type Signatures = Arc<Vec<(Arch, Vec<u8>)>>;

/// Where the verified bytes of a file's code are.
pub(super) enum Witness {
    /// The file itself.
    Same,
    /// The file of which it is a changed copy.
    Other(Mapped),
    /// The file from which it was signed just now, with the signatures that it was given.
    Signed(Mapped, Signatures),
}

impl Known {
    pub fn nothing() -> Known {
        Known { root: PathBuf::new(), verified: Verified::default(), made: Mutex::default() }
    }

    /// Of the bundle at `root`, before it is linked to anywhere else.
    pub fn of(root: &Path, verified: &Verified) -> Known {
        let is_still =
            |path: &BundlePath, stamp: &Stamp| os::stamp(&path.to_local(root)).as_ref() == Some(stamp);
        let mut verified = verified.clone();
        verified.code.retain(|path, stamp| is_still(path, stamp));
        verified.files.retain(|path, (stamp, _)| is_still(path, stamp));
        Known { root: root.to_owned(), verified, made: Mutex::default() }
    }

    /// For the code at `path`, which stands at `local` now.
    pub(super) fn code(&self, path: &BundlePath, local: &Path) -> Option<Witness> {
        let original = path.to_local(&self.root);
        let made = self.made().code.get(path).filter(|(stamp, _)| is_file(&original, stamp)).cloned();
        if let Some((_, signatures)) = made {
            return bundle::map(&original).ok().map(|mapped| Witness::Signed(mapped, signatures));
        }
        let stamp = self.verified.code.get(path)?;
        if is_file(local, stamp) {
            return Some(Witness::Same);
        }
        is_file(&original, stamp).then(|| bundle::map(&original).ok().map(Witness::Other)).flatten()
    }

    /// Of the file at `path`, which stands at `local` now.
    pub(super) fn digests(&self, path: &BundlePath, local: &Path) -> Option<Digests> {
        let made = self.made().files.get(path).cloned();
        let (stamp, digests) = made.or_else(|| self.verified.files.get(path).cloned())?;
        is_file(local, &stamp).then_some(digests)
    }

    /// The code at `path`, which was the file of `stamp`, was given `signatures`.
    pub(super) fn was_signed(
        &self,
        path: &BundlePath,
        stamp: Option<Stamp>,
        signatures: Vec<(Arch, Vec<u8>)>,
    ) {
        // Only a file that stays where the bundle is can be compared with what was made of it.
        let stays = stamp.filter(|stamp| is_file(&path.to_local(&self.root), stamp));
        if let Some(stamp) = stays {
            self.made().code.insert(path.clone(), (stamp, Arc::new(signatures)));
        }
    }

    /// The file at `path`, of `stamp`, was read.
    pub(super) fn was_read(&self, path: &BundlePath, stamp: Option<Stamp>, digests: &Digests) {
        if let Some(stamp) = stamp {
            self.made().files.insert(path.clone(), (stamp, digests.clone()));
        }
    }

    fn made(&self) -> MutexGuard<'_, Made> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Witness {
    /// The known pages of the slice for `arch`, where `bytes` are those of the file itself.
    pub fn pages<'a>(&'a self, bytes: &'a [u8], arch: Arch) -> Option<KnownPages<'a>> {
        match self {
            Witness::Same => KnownPages::find(bytes, arch),
            Witness::Other(mapped) => KnownPages::find(mapped, arch),
            Witness::Signed(mapped, signatures) => {
                let (_, signature) = signatures.iter().find(|(other, _)| *other == arch)?;
                KnownPages::signed(mapped, arch, signature)
            }
        }
    }
}

/// Whether the same file stands there, with what was in it. A link to it more does no harm.
fn is_file(local: &Path, stamp: &Stamp) -> bool {
    os::stamp(local).is_some_and(|there| there.has_same_contents(stamp))
}
