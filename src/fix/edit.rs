//! One change to the bundle, as the plan shows it and the transaction carries it out.

use std::path::PathBuf;

use crate::macho::{InstallName, Rpath};
use crate::paths::{BundlePath, RuntimePath};

/// What is done to the bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// Copy a file into the bundle. `from` is where it is on the build machine, `local` where it is here.
    CopyFile {
        from: RuntimePath,
        local: PathBuf,
        to: BundlePath,
    },
    /// Copy a whole framework; its links are made whole on the way.
    CopyFramework {
        from: RuntimePath,
        local: PathBuf,
        to: BundlePath,
    },
    /// A new relative link. Also how a framework that lost its links is rebuilt.
    Symlink {
        path: BundlePath,
        target: String,
    },
    /// Delete a file, link or whole folder.
    Remove {
        path: BundlePath,
    },
    /// Move within the bundle.
    Move {
        from: BundlePath,
        to: BundlePath,
    },
    SetMode {
        path: BundlePath,
        mode: u32,
    },
    SetId {
        path: BundlePath,
        from: InstallName,
        to: InstallName,
    },
    ChangeUse {
        path: BundlePath,
        from: InstallName,
        to: InstallName,
    },
    AddRpath {
        path: BundlePath,
        rpath: Rpath,
    },
    ReplaceRpath {
        path: BundlePath,
        from: Rpath,
        to: Rpath,
    },
    DeleteRpath {
        path: BundlePath,
        rpath: Rpath,
    },
    /// Sign ad hoc; the details stand in the plan's `sign`.
    Sign {
        path: BundlePath,
    },
}

/// Names an edit across re-planning, so that a switch stays off: kind, path and texts in one line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EditKey(pub String);

/// How sure we are that an edit does only good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Safety {
    Safe,
    /// Right by all we know; look at it.
    Review,
    /// A person has to decide.
    Manual,
}

/// An edit with the reason for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedEdit {
    pub edit: Edit,
    /// The rule whose finding asked for it.
    pub reason: &'static str,
    pub safety: Safety,
    /// Bytes that the header of the tightest slice gains (−) or loses (+), for load-command edits.
    pub header_bytes: Option<i64>,
}

impl Edit {
    /// The contract's word: `copy_file`, `change_use`, …
    pub fn kind(&self) -> &'static str {
        match self {
            Edit::CopyFile { .. } => "copy_file",
            Edit::CopyFramework { .. } => "copy_framework",
            Edit::Symlink { .. } => "symlink",
            Edit::Remove { .. } => "remove",
            Edit::Move { .. } => "move",
            Edit::SetMode { .. } => "set_mode",
            Edit::SetId { .. } => "set_id",
            Edit::ChangeUse { .. } => "change_use",
            Edit::AddRpath { .. } => "add_rpath",
            Edit::ReplaceRpath { .. } => "replace_rpath",
            Edit::DeleteRpath { .. } => "delete_rpath",
            Edit::Sign { .. } => "sign",
        }
    }

    /// The file of the bundle that it changes or makes.
    pub fn path(&self) -> &BundlePath {
        match self {
            Edit::CopyFile { to, .. } | Edit::CopyFramework { to, .. } | Edit::Move { to, .. } => to,
            Edit::Symlink { path, .. }
            | Edit::Remove { path }
            | Edit::SetMode { path, .. }
            | Edit::SetId { path, .. }
            | Edit::ChangeUse { path, .. }
            | Edit::AddRpath { path, .. }
            | Edit::ReplaceRpath { path, .. }
            | Edit::DeleteRpath { path, .. }
            | Edit::Sign { path } => path,
        }
    }

    /// The text before, where there is one.
    pub fn before(&self) -> Option<String> {
        match self {
            Edit::CopyFile { from, .. } | Edit::CopyFramework { from, .. } => Some(from.to_string()),
            Edit::Move { from, .. } => Some(from.to_string()),
            Edit::Remove { path } => Some(path.to_string()),
            Edit::SetId { from, .. } | Edit::ChangeUse { from, .. } => Some(from.to_string()),
            Edit::ReplaceRpath { from, .. } => Some(from.to_string()),
            Edit::DeleteRpath { rpath, .. } => Some(rpath.to_string()),
            Edit::Symlink { .. } | Edit::SetMode { .. } | Edit::AddRpath { .. } | Edit::Sign { .. } => None,
        }
    }

    /// The text after, where there is one.
    pub fn after(&self) -> Option<String> {
        match self {
            Edit::CopyFile { to, .. } | Edit::CopyFramework { to, .. } | Edit::Move { to, .. } => {
                Some(to.to_string())
            }
            Edit::Symlink { target, .. } => Some(target.clone()),
            Edit::SetMode { mode, .. } => Some(format!("{mode:o}")),
            Edit::SetId { to, .. } | Edit::ChangeUse { to, .. } => Some(to.to_string()),
            Edit::ReplaceRpath { to, .. } => Some(to.to_string()),
            Edit::AddRpath { rpath, .. } => Some(rpath.to_string()),
            Edit::Remove { .. } | Edit::DeleteRpath { .. } => None,
            Edit::Sign { .. } => Some("ad hoc".to_owned()),
        }
    }

    pub fn key(&self) -> EditKey {
        let texts = [self.before(), self.after()].map(Option::unwrap_or_default);
        EditKey(format!("{} {} {} -> {}", self.kind(), self.path(), texts[0], texts[1]))
    }
}
