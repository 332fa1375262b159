//! One reference: every place dyld tries, in its order, with what it found there.

use std::fmt;

use crate::bundle::ImageId;
use crate::macho::Rpath;
use crate::paths::{BundlePath, RuntimePath};

/// Which of dyld's rules produced a place to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SearchRule {
    /// An image loaded earlier has this path or install name (`Loader::matchesPath`).
    AlreadyLoaded,
    /// The name is in macOS's shared cache.
    SharedCache,
    /// An absolute name as it stands.
    Absolute,
    /// The same under `/System/Volumes/Preboot/Cryptexes/OS`.
    Cryptex,
    LoaderPath,
    ExecutablePath,
    /// One LC_RPATH of the load chain.
    Rpath,
    /// A bare or relative name, from the current folder.
    Relative,
    /// Default fallback folders, for binaries with an SDK before 14 (`/usr/local/lib`, `/Library/Frameworks`, …).
    Fallback,
    /// A folder of DYLD_LIBRARY_PATH or DYLD_FRAMEWORK_PATH.
    PathVariable,
    /// A folder of DYLD_FALLBACK_LIBRARY_PATH or DYLD_FALLBACK_FRAMEWORK_PATH.
    FallbackVariable,
    /// The place with a DYLD_IMAGE_SUFFIX in its name.
    ImageSuffix,
    /// Under `/System/iOSSupport`, for Mac Catalyst.
    CatalystSupport,
    /// The second round with the name's links resolved.
    RealPath,
}

/// What dyld finds at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// A usable file, or a library of the system.
    Found,
    /// An image loaded earlier is used instead, because its path, install name or inode is the same.
    Reused {
        because: Reuse,
    },
    NoSuchFile,
    /// A folder or other thing.
    NotAFile,
    /// A Mach-O file that lacks the wanted slice; `have` and `need` as dyld lists them.
    WrongArch {
        /// Whether the file is universal: dyld words it differently.
        universal: bool,
        have: String,
        need: String,
    },
    /// dyld would refuse the file, in dyld's words.
    Refused(String),
    /// Not tried, and why.
    Skipped(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reuse {
    SamePath,
    SameInstallName,
    SameFile,
}

/// One place tried for one reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    pub rule: SearchRule,
    /// For [`SearchRule::Rpath`]: the image that declares the LC_RPATH, and its text.
    pub declared_by: Option<ImageId>,
    pub rpath: Option<Rpath>,
    /// The path as dyld builds it, `..` included.
    pub tried: RuntimePath,
    /// Looked for on disk only, without asking macOS's shared cache.
    pub on_disk_only: bool,
    pub outcome: Outcome,
}

/// Where a reference ends.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resolution {
    /// A file of the bundle, by its real path.
    Bundled(BundlePath),
    /// A file outside it, by its real path on the build machine.
    External(RuntimePath),
    /// A library of macOS, by the name that found it.
    System(RuntimePath),
    Missing,
}

impl Resolution {
    pub fn image(&self) -> Option<ImageId> {
        match self {
            Resolution::Bundled(path) => Some(ImageId::Bundled(path.clone())),
            Resolution::External(path) => Some(ImageId::External(path.clone())),
            Resolution::System(_) | Resolution::Missing => None,
        }
    }
}

/// The contract's words for `outcome`; dyld's own where it has them.
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Found => f.write_str("found"),
            Outcome::Reused { because: Reuse::SamePath } => f.write_str("already loaded from this path"),
            Outcome::Reused { because: Reuse::SameInstallName } => {
                f.write_str("already loaded under this install name")
            }
            Outcome::Reused { because: Reuse::SameFile } => f.write_str("already loaded: the same file"),
            Outcome::NoSuchFile => f.write_str("no such file"),
            Outcome::NotAFile => f.write_str("not a file"),
            Outcome::WrongArch { universal: false, have, need } => {
                write!(f, "mach-o file, but is an incompatible architecture (have '{have}', need '{need}')")
            }
            Outcome::WrongArch { universal: true, have, need } => {
                write!(f, "fat file, but missing compatible architecture (have '{have}', need '{need}')")
            }
            Outcome::Refused(why) => f.write_str(why),
            Outcome::Skipped(why) => write!(f, "skipped: {why}"),
        }
    }
}
