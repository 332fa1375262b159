//! One change to the bundle, as the plan shows it and the transaction carries it out.

use std::path::PathBuf;

use crate::macho::{Arch, InstallName, LoadCommandEdit, Rpath, Slice};
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
        version: String,
    },
    /// A new relative link. Also how a framework that lost its links is rebuilt.
    Symlink {
        path: BundlePath,
        target: String,
    },
    /// A new small text file; never over one that is there.
    WriteFile {
        path: BundlePath,
        contents: String,
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
    /// Take the slices of these architectures out of a universal file.
    Thin {
        path: BundlePath,
        archs: Vec<Arch>,
    },
    /// Set a text at the top of an Info.plist; the file keeps its format.
    SetInfo {
        path: BundlePath,
        key: &'static str,
        from: Option<String>,
        to: String,
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
    /// Delete every LC_RPATH of this text, or all but the first.
    DeleteRpath {
        path: BundlePath,
        rpath: Rpath,
        keep_first: bool,
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
    /// The rule whose finding asked for it; `licence` where the user did.
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
            Edit::WriteFile { .. } => "write_file",
            Edit::Remove { .. } => "remove",
            Edit::Move { .. } => "move",
            Edit::SetMode { .. } => "set_mode",
            Edit::Thin { .. } => "thin",
            Edit::SetInfo { .. } => "set_info",
            Edit::SetId { .. } => "set_id",
            Edit::ChangeUse { .. } => "change_use",
            Edit::AddRpath { .. } => "add_rpath",
            Edit::ReplaceRpath { .. } => "replace_rpath",
            Edit::DeleteRpath { .. } => "delete_rpath",
        }
    }

    /// The file of the bundle that it changes or makes.
    pub fn path(&self) -> &BundlePath {
        match self {
            Edit::CopyFile { to, .. } | Edit::CopyFramework { to, .. } | Edit::Move { to, .. } => to,
            Edit::Symlink { path, .. }
            | Edit::WriteFile { path, .. }
            | Edit::Remove { path }
            | Edit::SetMode { path, .. }
            | Edit::Thin { path, .. }
            | Edit::SetInfo { path, .. }
            | Edit::SetId { path, .. }
            | Edit::ChangeUse { path, .. }
            | Edit::AddRpath { path, .. }
            | Edit::ReplaceRpath { path, .. }
            | Edit::DeleteRpath { path, .. } => path,
        }
    }

    /// The text before, where there is one.
    pub fn before(&self) -> Option<String> {
        match self {
            Edit::CopyFile { from, .. } | Edit::CopyFramework { from, .. } => Some(from.to_string()),
            Edit::Move { from, .. } => Some(from.to_string()),
            Edit::Remove { path } => Some(path.to_string()),
            Edit::Thin { archs, .. } => Some(listed(archs)),
            Edit::SetInfo { key, from, .. } => from.as_ref().map(|from| format!("{key} {from}")),
            Edit::SetId { from, .. } | Edit::ChangeUse { from, .. } => Some(from.to_string()),
            Edit::ReplaceRpath { from, .. } => Some(from.to_string()),
            Edit::DeleteRpath { rpath, .. } => Some(rpath.to_string()),
            Edit::Symlink { .. } | Edit::WriteFile { .. } | Edit::SetMode { .. } | Edit::AddRpath { .. } => {
                None
            }
        }
    }

    /// The text after, where there is one.
    pub fn after(&self) -> Option<String> {
        match self {
            Edit::CopyFile { to, .. } | Edit::CopyFramework { to, .. } | Edit::Move { to, .. } => {
                Some(to.to_string())
            }
            Edit::Symlink { target, .. } => Some(target.clone()),
            Edit::WriteFile { contents, .. } => Some(contents.clone()),
            Edit::SetMode { mode, .. } => Some(format!("{mode:o}")),
            Edit::SetInfo { key, to, .. } => Some(format!("{key} {to}")),
            Edit::SetId { to, .. } | Edit::ChangeUse { to, .. } => Some(to.to_string()),
            Edit::ReplaceRpath { to, .. } => Some(to.to_string()),
            Edit::AddRpath { rpath, .. } => Some(rpath.to_string()),
            Edit::Remove { .. } | Edit::Thin { .. } | Edit::DeleteRpath { .. } => None,
        }
    }

    /// The text it changes, not what it changes it to: planning again may find a better one.
    pub fn key(&self) -> EditKey {
        let what = match self {
            Edit::SetInfo { key, .. } => (*key).to_owned(),
            Edit::WriteFile { .. } => String::new(), // its path says it; the text has many lines
            _ => self.before().or_else(|| self.after()).unwrap_or_default(),
        };
        EditKey(format!("{} {} {what}", self.kind(), self.path()))
    }

    /// Whether it changes load commands of a Mach-O file.
    pub fn is_load_command(&self) -> bool {
        matches!(
            self,
            Edit::SetId { .. }
                | Edit::ChangeUse { .. }
                | Edit::AddRpath { .. }
                | Edit::ReplaceRpath { .. }
                | Edit::DeleteRpath { .. }
        )
    }

    /// Bytes by which it lengthens (+) or shortens (−) the load commands of a 64-bit slice.
    pub fn header_bytes(&self) -> Option<i64> {
        match self {
            Edit::SetId { from, to, .. } | Edit::ChangeUse { from, to, .. } => {
                Some(command_size(24, to.as_str()) - command_size(24, from.as_str()))
            }
            Edit::AddRpath { rpath, .. } => Some(command_size(12, rpath.as_str())),
            Edit::ReplaceRpath { from, to, .. } => {
                Some(command_size(12, to.as_str()) - command_size(12, from.as_str()))
            }
            Edit::DeleteRpath { rpath, .. } => Some(-command_size(12, rpath.as_str())),
            _ => None,
        }
    }
}

/// "i386, ppc7400"
fn listed(archs: &[Arch]) -> String {
    let names: Vec<String> = archs.iter().map(Arch::to_string).collect();
    names.join(", ")
}

/// `cmdsize` of a command with `fixed` bytes and one string, NUL included, rounded up to 8 (`<mach-o/loader.h>`).
fn command_size(fixed: usize, text: &str) -> i64 {
    (fixed + text.len() + 1).next_multiple_of(8) as i64
}

/// The edits of load commands that `edits` (all for one file) mean for one slice: only what the slice has is changed.
pub(super) fn slice_edits<'a>(slice: &Slice, edits: impl Iterator<Item = &'a Edit>) -> Vec<LoadCommandEdit> {
    let uses = |name: &InstallName| slice.uses.iter().any(|one| one.name == *name);
    let count = |rpath: &Rpath| slice.rpaths.iter().filter(|one| *one == rpath).count();
    let mut out = Vec::new();
    for edit in edits {
        match edit {
            Edit::SetId { to, .. } if slice.install_name.as_ref().is_some_and(|id| id != to) => {
                out.push(LoadCommandEdit::SetId(to.clone()));
            }
            Edit::ChangeUse { from, to, .. } if uses(from) => {
                out.push(LoadCommandEdit::ChangeUse { from: from.clone(), to: to.clone() });
            }
            Edit::AddRpath { rpath, .. } if count(rpath) == 0 => {
                out.push(LoadCommandEdit::AddRpath(rpath.clone()))
            }
            Edit::ReplaceRpath { from, to, .. } if count(from) > 0 => {
                let delete = LoadCommandEdit::DeleteRpath(from.clone());
                let spare = if count(to) > 0 { count(from) } else { count(from) - 1 };
                out.extend(std::iter::repeat_n(delete, spare));
                if count(to) == 0 {
                    out.push(LoadCommandEdit::ReplaceRpath { from: from.clone(), to: to.clone() });
                }
            }
            Edit::ReplaceRpath { to, .. } if count(to) == 0 => {
                out.push(LoadCommandEdit::AddRpath(to.clone()))
            }
            Edit::DeleteRpath { rpath, keep_first, .. } => {
                let spare = count(rpath).saturating_sub(usize::from(*keep_first));
                out.extend(std::iter::repeat_n(LoadCommandEdit::DeleteRpath(rpath.clone()), spare));
            }
            _ => {}
        }
    }
    out
}
