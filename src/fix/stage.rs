//! The copy of the bundle in which a plan is carried out: hard links to what stays, new files for what changes.

#![allow(clippy::disallowed_methods, reason = "one of the writers")]

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::edit::{Edit, PlannedEdit, slice_edits};
use super::journal::walk_failure;
use super::simulate::{WRITTEN_MODE, copied_mode, framework_name};
use crate::bundle::{Node, source, whole_form};
use crate::failure::Failure;
use crate::macho::{self, Arch, LoadCommandEdit, edit};
use crate::os::{copy_attributes, make_link, set_mode, sync_folder, writable_folder};
use crate::paths::BundlePath;
use crate::progress::Progress;

/// Folders of the copy that are to be read-only again once it is complete, with their modes.
pub(super) struct ReadOnly(Vec<(PathBuf, u32)>);

/// Mirrors `from` at `to`, which must not exist: folders are made, links made again, files linked (or copied where the
/// file system has no hard links). A linked file must never be written to; see [`replace`].
pub(super) fn mirror(from: &Path, to: &Path, total: u64, progress: &Progress) -> Result<ReadOnly, Failure> {
    let mut folders = Vec::new();
    for (done, entry) in walkdir::WalkDir::new(from).sort_by_file_name().into_iter().enumerate() {
        let entry = entry.map_err(|error| walk_failure(from, error))?;
        let inside = entry.path().strip_prefix(from).unwrap_or(Path::new(""));
        progress.step("preparing", inside.to_string_lossy(), done as u64, total)?;
        let target = if inside.as_os_str().is_empty() { to.to_path_buf() } else { to.join(inside) };
        let kind = entry.file_type();
        let made = if kind.is_dir() {
            folders.push((entry.path().to_path_buf(), target.clone()));
            fs::create_dir(&target)
        } else if kind.is_symlink() {
            fs::read_link(entry.path()).and_then(|link| make_link(&link, &target))
        } else {
            fs::hard_link(entry.path(), &target).or_else(|_| copy_file(entry.path(), &target))
        };
        made.map_err(|error| Failure::io(&target, "create", &error))?;
    }
    let mut read_only = Vec::new();
    for (from, to) in folders {
        let fail = |error: io::Error| Failure::io(&to, "set the attributes of", &error);
        copy_attributes(&from, &to).map_err(fail)?;
        let mode = writable_folder(&to).map_err(fail)?;
        if mode & 0o700 != 0o700 {
            read_only.push((to, mode));
        }
    }
    Ok(ReadOnly(read_only))
}

impl ReadOnly {
    /// Takes the permissions away again that the work needed.
    pub fn restore(self) -> Result<(), Failure> {
        for (folder, mode) in self.0.iter().filter(|(folder, _)| folder.is_dir()) {
            set_mode(folder, *mode).map_err(|error| Failure::io(folder, "set the mode of", &error))?;
        }
        Ok(())
    }
}

/// Carries out `edits` below `root`.
pub(super) fn carry_out(root: &Path, edits: &[PlannedEdit], progress: &Progress) -> Result<(), Failure> {
    let total = edits.len() as u64;
    let mut by_file: BTreeMap<&BundlePath, Vec<&Edit>> = BTreeMap::new();
    let mut done = 0;
    for planned in edits {
        if planned.edit.is_load_command() {
            by_file.entry(planned.edit.path()).or_default().push(&planned.edit);
        } else {
            progress.step("copying", planned.edit.path().as_str(), done, total)?;
            change_tree(root, &planned.edit)?;
            done += 1;
        }
    }
    for (path, edits) in by_file {
        progress.step("rewriting", path.as_str(), done, total)?;
        change_commands(root, path, &edits)?;
        done += edits.len() as u64;
    }
    Ok(())
}

fn change_tree(root: &Path, edit: &Edit) -> Result<(), Failure> {
    match edit {
        Edit::CopyFile { local, to, .. } => {
            add_parents(root, to)?;
            let target = to.to_local(root);
            bring(local, &target)
        }
        Edit::CopyFramework { local, to, version, .. } => copy_framework(root, local, to, version),
        Edit::Symlink { path, target } => {
            add_parents(root, path)?;
            let at = path.to_local(root);
            make_link(Path::new(target), &at).map_err(|error| Failure::io(&at, "create the link", &error))
        }
        Edit::WriteFile { path, contents } => write_new(root, path, contents),
        Edit::Remove { path } => remove(&path.to_local(root)),
        Edit::Move { from, to } => {
            add_parents(root, to)?;
            let (from, to) = (from.to_local(root), to.to_local(root));
            fs::rename(&from, &to).map_err(|error| Failure::io(&from, "move", &error))
        }
        Edit::SetMode { path, mode } => {
            let file = path.to_local(root);
            let bytes = fs::read(&file).map_err(|error| Failure::io(&file, "read", &error))?;
            replace(&file, &bytes, Some(*mode))
        }
        _ => Ok(()),
    }
}

fn copy_framework(root: &Path, local: &Path, to: &BundlePath, version: &str) -> Result<(), Failure> {
    let listing = source::list(local)?;
    let whole = whole_form(&listing, framework_name(to), Some(version));
    add_parents(root, to)?;
    make_folder(&to.to_local(root))?;
    for folder in &whole.folders {
        make_folder(&to.join(folder.as_str()).to_local(root))?;
    }
    for (inside, from) in &whole.files {
        if let Some(Node::File { .. }) = listing.get(from) {
            bring(&from.to_local(local), &to.join(inside.as_str()).to_local(root))?;
        }
    }
    for (inside, target) in &whole.links {
        let at = to.join(inside.as_str()).to_local(root);
        make_link(Path::new(target), &at).map_err(|error| Failure::io(&at, "create the link", &error))?;
    }
    Ok(())
}

fn change_commands(root: &Path, path: &BundlePath, edits: &[&Edit]) -> Result<(), Failure> {
    let file = path.to_local(root);
    let bytes = fs::read(&file).map_err(|error| Failure::io(&file, "read", &error))?;
    let refuse = |why: String| Failure::new(&file, why, "open the bundle again and plan anew");
    let parsed = macho::read(&bytes).map_err(|error| refuse(error.to_string()))?;
    let by_arch: BTreeMap<Arch, Vec<LoadCommandEdit>> =
        parsed.slices.iter().map(|slice| (slice.arch, slice_edits(slice, edits.iter().copied()))).collect();
    let edited = edit::edit_file(&bytes, &by_arch).map_err(|error| refuse(error.to_string()))?;
    replace(&file, &edited, None)
}

/// A new inode with `bytes`, in the place of `file`; its mode is kept unless one is given.
fn replace(file: &Path, bytes: &[u8], mode: Option<u32>) -> Result<(), Failure> {
    let fail = |error: &io::Error| Failure::io(file, "write", error);
    let folder = file.parent().unwrap_or(Path::new("."));
    let mut fresh = tempfile::NamedTempFile::new_in(folder).map_err(|error| fail(&error))?;
    fresh.write_all(bytes).map_err(|error| fail(&error))?;
    copy_attributes(file, fresh.path()).map_err(|error| fail(&error))?;
    if let Some(mode) = mode {
        set_mode(fresh.path(), mode).map_err(|error| fail(&error))?;
    }
    fresh.as_file().sync_all().map_err(|error| fail(&error))?;
    fresh.persist(file).map_err(|error| fail(&error.error))?;
    Ok(())
}

/// A file that was not there, on disk when this returns.
fn write_new(root: &Path, path: &BundlePath, contents: &str) -> Result<(), Failure> {
    add_parents(root, path)?;
    let file = path.to_local(root);
    let fail = |error: &io::Error| Failure::io(&file, "write", error);
    let folder = file.parent().unwrap_or(root);
    let mut fresh = tempfile::NamedTempFile::new_in(folder).map_err(|error| fail(&error))?;
    fresh.write_all(contents.as_bytes()).map_err(|error| fail(&error))?;
    set_mode(fresh.path(), WRITTEN_MODE).map_err(|error| fail(&error))?;
    fresh.as_file().sync_all().map_err(|error| fail(&error))?;
    fresh.persist_noclobber(&file).map_err(|error| fail(&error.error))?;
    Ok(())
}

/// A copy from outside the bundle, writable by its owner and on disk when this returns.
fn bring(from: &Path, to: &Path) -> Result<(), Failure> {
    let (_, mode) = source::length_and_mode(from)?;
    let fail = |error: &io::Error| Failure::io(to, "copy into the bundle", error);
    copy_file(from, to).map_err(|error| fail(&error))?;
    set_mode(to, copied_mode(mode)).map_err(|error| fail(&error))?;
    fs::File::open(to).and_then(|file| file.sync_all()).map_err(|error| fail(&error))
}

/// Content and permissions only: a copy is a new file with today's date and none of the old one's attributes.
fn copy_file(from: &Path, to: &Path) -> io::Result<()> {
    fs::copy(from, to).map(drop)
}

fn add_parents(root: &Path, path: &BundlePath) -> Result<(), Failure> {
    path.parent().map_or(Ok(()), |folder| make_folder(&folder.to_local(root)))
}

fn make_folder(folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder).map_err(|error| Failure::io(folder, "create", &error))
}

fn remove(path: &Path) -> Result<(), Failure> {
    let fail = |error: io::Error| Failure::io(path, "remove", &error);
    match fs::symlink_metadata(path) {
        Ok(data) if data.is_dir() => fs::remove_dir_all(path).map_err(fail),
        Ok(_) => fs::remove_file(path).map_err(fail),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(fail(error)),
    }
}

/// Makes the names in every folder below `root` survive a power cut.
pub(super) fn sync_folders(root: &Path) -> Result<(), Failure> {
    for entry in walkdir::WalkDir::new(root)
        .into_iter()
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_dir())
    {
        sync_folder(entry.path()).map_err(|error| Failure::io(entry.path(), "write", &error))?;
    }
    Ok(())
}
