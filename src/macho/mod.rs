//! Mach-O bytes ⇄ values. Pure: `&[u8]` in, values or bytes out.
//!
//! Layout facts are those of `<mach-o/loader.h>` and `<mach-o/fat.h>` (Apple's xnu and cctools). Offsets are bytes
//! from the start of the slice unless a name says otherwise; a thin file is one slice at offset 0.

mod arch;
mod bind_opcodes;
mod byte_order;
mod chained_fixups;
pub mod debug_map;
pub mod edit;
mod edit_names;
mod edit_write;
pub mod exports_trie;
pub mod fat;
pub mod format;
pub mod header;
mod kinds;
mod leb128;
pub mod listing;
mod name_command;
mod parts;
#[cfg(test)]
mod properties;
mod read;
#[cfg(test)]
pub(crate) mod sample;
mod segment;
pub mod signature;
mod symbol_table;
pub mod symbols;
mod version;

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;

pub use arch::Arch;
pub use byte_order::ByteOrder;
pub use edit::{EditError, LoadCommandEdit};
pub use format::FormatFault;
pub use kinds::{FileType, Platform};
pub use parts::Parts;
pub use read::{is_macho, is_macho_file, read, read_file};
pub use segment::{Section, Segment};
pub use signature::{Cms, Signature, SignatureState};
pub use version::PackedVersion;

/// The text of an LC_LOAD_DYLIB or LC_ID_DYLIB command: what dyld is asked for. Never a `Path`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct InstallName(Arc<str>);

/// The text of an LC_RPATH command. Never a `Path`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Rpath(Arc<str>);

impl InstallName {
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        InstallName(text.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Text after the last `/`: dyld's "leaf name".
    pub fn leaf(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or("")
    }

    /// The part from `X.framework` on when the name has dyld's framework form `…/X.framework/[Versions/V/]X`.
    pub fn framework_suffix(&self) -> Option<&str> {
        framework_suffix(&self.0)
    }
}

/// The part of `path` from `X.framework` on when it ends `X.framework/X` or `X.framework/Versions/V/X`
/// (dyld, `PathOverrides::getFrameworkPartialPath`).
pub fn framework_suffix(path: &str) -> Option<&str> {
    let leaf = path.rsplit('/').next().filter(|leaf| !leaf.is_empty())?;
    let folder = format!("{leaf}.framework/");
    let at = path.rfind(&folder).filter(|&at| at == 0 || path.as_bytes()[at - 1] == b'/')?;
    let inside: Vec<&str> = path[at + folder.len()..].split('/').collect();
    matches!(inside[..], [_] | ["Versions", _, _]).then(|| &path[at..])
}

/// So that maps can be asked with a piece of text.
impl Borrow<str> for InstallName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl Rpath {
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Rpath(text.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for InstallName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Rpath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How a dylib command asks for its library.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LoadKind {
    /// LC_LOAD_DYLIB: the launch fails without it.
    Required,
    /// LC_LOAD_WEAK_DYLIB: may be absent.
    Weak,
    /// LC_REEXPORT_DYLIB: required, and its symbols count as ours.
    Reexport,
    /// LC_LOAD_UPWARD_DYLIB: required, initialised later to allow a cycle.
    Upward,
    /// LC_LAZY_LOAD_DYLIB: ignored by dyld since macOS 12.
    Lazy,
    /// `dylib_use_command` with DYLIB_USE_DELAYED_INIT: required, initialised at first use.
    Delayed,
}

impl LoadKind {
    /// The load command by its name in `<mach-o/loader.h>`.
    pub fn command(self) -> &'static str {
        match self {
            LoadKind::Required | LoadKind::Delayed => "LC_LOAD_DYLIB",
            LoadKind::Weak => "LC_LOAD_WEAK_DYLIB",
            LoadKind::Reexport => "LC_REEXPORT_DYLIB",
            LoadKind::Upward => "LC_LOAD_UPWARD_DYLIB",
            LoadKind::Lazy => "LC_LAZY_LOAD_DYLIB",
        }
    }
}

/// One dylib command, in load-command order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DylibUse {
    pub name: InstallName,
    pub kind: LoadKind,
    pub compatibility: PackedVersion,
    pub current: PackedVersion,
    /// The raw flags of a `dylib_use_command` (marker 0x1a741800), 0 for the classic commands.
    pub use_flags: u32,
}

impl DylibUse {
    /// Whether the launch goes on without it. A delayed library may be weak as well; a re-exported one never is
    /// (dyld, `JustInTimeLoader::loadDependents`).
    pub fn may_be_missing(&self) -> bool {
        self.kind == LoadKind::Weak || (self.kind != LoadKind::Reexport && self.use_flags & 1 != 0)
    }
}

/// LC_BUILD_VERSION or LC_VERSION_MIN_*.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuildVersion {
    pub platform: Platform,
    pub min_os: PackedVersion,
    /// 0 when the linker did not know it ("sdk n/a").
    pub sdk: PackedVersion,
}

/// One version command, in load-command order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VersionCommand {
    /// LC_VERSION_MIN_*, whose `build.platform` follows from the command's number; else LC_BUILD_VERSION.
    pub is_minimum: bool,
    pub build: BuildVersion,
}

/// One architecture of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slice {
    pub arch: Arch,
    /// Bytes from the start of the file, and the length.
    pub offset: u64,
    pub size: u64,
    pub file_type: FileType,
    /// `flags` of the Mach-O header (MH_*).
    pub flags: u32,
    /// LC_ID_DYLIB.
    pub install_name: Option<InstallName>,
    /// `compatibility_version` of LC_ID_DYLIB.
    pub compatibility: Option<PackedVersion>,
    /// Every dylib command in order; its position + 1 is its ordinal (lazy ones have none since macOS 12).
    pub uses: Vec<DylibUse>,
    /// Every LC_RPATH in order, duplicates included.
    pub rpaths: Vec<Rpath>,
    pub build: Option<BuildVersion>,
    /// Every version command; `build` is the one that counts on a Mac.
    pub version_commands: Vec<VersionCommand>,
    /// LC_UUID, upper case with dashes.
    pub uuid: Option<String>,
    /// Bytes between the end of the load commands and the first section's data: what longer names may grow into.
    /// Padding that a name command does not need counts as free, for an edit takes it back when it must.
    pub header_room: u64,
    /// Whether there is a section `__RESTRICT,__restrict`, which makes the process a restricted one.
    pub restricted: bool,
    /// Whether its fixups are chains (LC_DYLD_CHAINED_FIXUPS).
    pub chained_fixups: bool,
    /// Every LC_DYLD_ENVIRONMENT, `NAME=VALUE`.
    pub dyld_environment: Vec<String>,
    /// What dyld's validation objects to and no edit of names changes; [`format::faults`] gives all.
    pub format_faults: Vec<FormatFault>,
    pub signature: Signature,
}

/// How slices are packed into the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Container {
    Thin,
    /// `fat_arch`, 32-bit offsets.
    Fat,
    /// `fat_arch_64`.
    Fat64,
}

/// One Mach-O file: a slice for each architecture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MachFile {
    pub container: Container,
    pub slices: Vec<Slice>,
}

impl MachFile {
    pub fn slice(&self, arch: Arch) -> Option<&Slice> {
        self.slices.iter().find(|slice| slice.arch == arch)
    }

    pub fn archs(&self) -> impl Iterator<Item = Arch> + '_ {
        self.slices.iter().map(|slice| slice.arch)
    }
}

/// Why bytes could not be read as Mach-O. The message is a clause for "FILE …".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadError(pub String);

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ReadError {}
