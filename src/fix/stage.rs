//! The copy of the bundle in which a plan is carried out: hard links to what stays, new files for what changes.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use super::edit::{Edit, PlannedEdit, slice_edits};
use super::journal::walk_failure;
use super::simulate::{WRITTEN_MODE, copied_mode, framework_name};
use crate::bundle::{InfoPlist, Node, source, whole_form};
use crate::failure::Failure;
use crate::macho::{self, Arch, Container, LoadCommandEdit, edit, fat};
use crate::os::disk::Sync;
use crate::os::{self, disk};
use crate::paths::BundlePath;
use crate::progress::Progress;

/// The folders of the copy, and what each has to get back once it is complete.
pub(super) struct Folders(Vec<Folder>);

struct Folder {
    from: PathBuf,
    to: PathBuf,
    /// Where the work needed more permissions than it had.
    mode: Option<u32>,
}

/// Mirrors `from` at `to`, which must not exist: folders are made, links made again, files linked (or copied where the
/// file system has no hard links). A linked file must never be written to; see [`replace`].
pub(super) fn mirror(from: &Path, to: &Path, total: u64, progress: &Progress) -> Result<Folders, Failure> {
    let mut folders = Vec::new();
    for (done, entry) in walkdir::WalkDir::new(from).sort_by_file_name().into_iter().enumerate() {
        let entry = entry.map_err(|error| walk_failure(from, error))?;
        let inside = entry.path().strip_prefix(from).unwrap_or(Path::new(""));
        progress.step("preparing", inside.to_string_lossy(), done as u64, total)?;
        let target = if inside.as_os_str().is_empty() { to.to_path_buf() } else { to.join(inside) };
        let kind = entry.file_type();
        let made = if kind.is_dir() {
            folders.push(Folder { from: entry.path().to_path_buf(), to: target.clone(), mode: None });
            disk::create_folder(&target)
        } else if kind.is_symlink() {
            fs::read_link(entry.path()).and_then(|link| disk::create_link(&link, &target))
        } else {
            disk::link_or_copy(entry.path(), &target)
        };
        made.map_err(|error| Failure::io(&target, "create", &error))?;
    }
    for Folder { from, to, mode } in &mut folders {
        let fail = |error: io::Error| Failure::io(to, "set the attributes of", &error);
        disk::copy_attributes(from, to).map_err(fail)?;
        *mode = Some(os::writable_folder(to).map_err(fail)?).filter(|mode| mode & 0o700 != 0o700);
    }
    Ok(Folders(folders))
}

impl Folders {
    /// Takes the permissions away again that the work needed, and gives back the date to each folder in which no name came
    /// or went.
    pub fn restore(self) -> Result<(), Failure> {
        for Folder { from, to, mode } in self.0.iter().filter(|folder| folder.to.is_dir()) {
            let fail = |error: io::Error| Failure::io(to, "set the attributes of", &error);
            if names_in(from).map_err(fail)? == names_in(to).map_err(fail)? {
                disk::copy_date(from, to).map_err(fail)?;
            }
            mode.map_or(Ok(()), |mode| disk::set_mode(to, mode)).map_err(fail)?;
        }
        Ok(())
    }
}

fn names_in(folder: &Path) -> io::Result<BTreeSet<OsString>> {
    fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name())).collect()
}

/// Files that had one inode under several names get one again, where what was done to each name came to the same.
pub(super) fn link_again(original: &Path, copy: &Path) -> Result<(), Failure> {
    let mut groups: BTreeMap<(u64, u64), Vec<PathBuf>> = BTreeMap::new();
    for entry in walkdir::WalkDir::new(original).sort_by_file_name() {
        let entry = entry.map_err(|error| walk_failure(original, error))?;
        let data = entry.metadata().map_err(|error| walk_failure(original, error))?;
        if let Some(inode) = os::shared_inode(&data).filter(|_| data.is_file()) {
            let inside = entry.path().strip_prefix(original).unwrap_or(entry.path());
            groups.entry(inode).or_default().push(copy.join(inside));
        }
    }
    for names in groups.values() {
        let Some((first, others)) = names.split_first() else { continue };
        for name in others {
            let fail = |error: io::Error| Failure::io(name, "link", &error);
            if are_copies(first, name).map_err(fail)? {
                disk::link_again(first, name).map_err(fail)?;
            }
        }
    }
    Ok(())
}

/// Whether both are there, as two files that are the same in all but their names.
fn are_copies(a: &Path, b: &Path) -> io::Result<bool> {
    let (Ok(one), Ok(other)) = (fs::symlink_metadata(a), fs::symlink_metadata(b)) else { return Ok(false) };
    let alike =
        one.is_file() && other.is_file() && one.len() == other.len() && os::mode(&one) == os::mode(&other);
    let linked = os::shared_inode(&one).is_some_and(|inode| os::shared_inode(&other) == Some(inode));
    Ok(alike && !linked && fs::read(a)? == fs::read(b)?)
}

/// How many bytes `edits` write, where `nodes` are the bundle's files afterwards. All load commands of a file are written
/// at once.
pub(super) fn weight<'a>(
    edits: impl IntoIterator<Item = &'a Edit>,
    nodes: &BTreeMap<BundlePath, Node>,
) -> u64 {
    let (mut rewritten, mut bytes) = (BTreeSet::new(), 0);
    for edit in edits {
        if !edit.is_load_command() || rewritten.insert(edit.path()) {
            bytes += weight_of(edit, nodes);
        }
    }
    bytes
}

fn weight_of(edit: &Edit, nodes: &BTreeMap<BundlePath, Node>) -> u64 {
    let length = |node: &Node| match node {
        Node::File { length, .. } => *length,
        _ => 0,
    };
    match edit {
        Edit::CopyFramework { to, .. } => {
            let alike =
                nodes.range(to.clone()..).take_while(|(path, _)| path.as_str().starts_with(to.as_str()));
            alike.filter(|(path, _)| path.is_under(to)).map(|(_, node)| length(node)).sum()
        }
        Edit::Move { .. } | Edit::Symlink { .. } | Edit::Remove { .. } => 0,
        edit => nodes.get(edit.path()).map_or(0, length),
    }
}

/// Carries out `edits` below `root`: those of files and folders in their order, but neighbouring copies at once. `after` are
/// the bundle's files when all is done.
pub(super) fn carry_out(
    root: &Path,
    edits: &[PlannedEdit],
    after: &BTreeMap<BundlePath, Node>,
    progress: &Progress,
) -> Result<(), Failure> {
    let (commands, tree): (Vec<&Edit>, Vec<&Edit>) =
        edits.iter().map(|planned| &planned.edit).partition(|edit| edit.is_load_command());
    let (total, done) = (weight(edits.iter().map(|planned| &planned.edit), after), AtomicU64::new(0));
    let step = |verb, path: &BundlePath, bytes| {
        progress.bytes(verb, path.as_str(), done.fetch_add(bytes, Ordering::Relaxed), total)
    };
    let is_copy = |edit: &Edit| matches!(edit, Edit::CopyFile { .. } | Edit::CopyFramework { .. });
    for together in tree.chunk_by(|a, b| is_copy(a) && is_copy(b)) {
        together.par_iter().try_for_each(|edit| {
            step("copying", edit.path(), weight_of(edit, after))?;
            change_tree(root, edit)
        })?;
    }
    let mut by_file: BTreeMap<&BundlePath, Vec<&Edit>> = BTreeMap::new();
    for edit in commands {
        by_file.entry(edit.path()).or_default().push(edit);
    }
    by_file.par_iter().try_for_each(|(path, edits)| {
        step("rewriting", path, weight(edits.iter().copied(), after))?;
        change_commands(root, path, edits)
    })
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
            disk::create_link(Path::new(target), &at)
                .map_err(|error| Failure::io(&at, "create the link", &error))
        }
        Edit::WriteFile { path, contents } => write_new(root, path, contents),
        Edit::Remove { path } => remove(&path.to_local(root)),
        Edit::Move { from, to } => {
            add_parents(root, to)?;
            let (from, to) = (from.to_local(root), to.to_local(root));
            disk::rename(&from, &to).map_err(|error| Failure::io(&from, "move", &error))
        }
        Edit::SetMode { path, mode } => {
            let file = path.to_local(root);
            replace(&file, &read(&file)?, Some(*mode))
        }
        Edit::Thin { path, archs } => thin(&path.to_local(root), archs),
        Edit::SetInfo { path, key, to, .. } => set_info(&path.to_local(root), key, to),
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
    let files: Vec<_> = whole.files.iter().collect();
    files.into_par_iter().try_for_each(|(inside, from)| match listing.get(from) {
        Some(Node::File { .. }) => bring(&from.to_local(local), &to.join(inside.as_str()).to_local(root)),
        _ => Ok(()),
    })?;
    for (inside, target) in &whole.links {
        let at = to.join(inside.as_str()).to_local(root);
        disk::create_link(Path::new(target), &at)
            .map_err(|error| Failure::io(&at, "create the link", &error))?;
    }
    Ok(())
}

fn thin(file: &Path, archs: &[Arch]) -> Result<(), Failure> {
    let bytes = read(file)?;
    let refuse = |error: macho::ReadError| Failure::new(file, error.to_string(), PLAN_ANEW);
    let parsed = macho::read(&bytes).map_err(refuse)?;
    let kept = parsed.slices.iter().filter(|slice| !archs.contains(&slice.arch));
    let range = |slice: &macho::Slice| slice.offset as usize..(slice.offset + slice.size) as usize;
    let kept: Vec<Vec<u8>> = kept.filter_map(|slice| bytes.get(range(slice)).map(<[u8]>::to_vec)).collect();
    let container = if kept.len() == 1 { Container::Thin } else { parsed.container };
    replace(file, &fat::assemble_fat(container, &kept).map_err(refuse)?, None)
}

fn set_info(file: &Path, key: &str, value: &str) -> Result<(), Failure> {
    let refuse = |why: String| Failure::new(file, why, PLAN_ANEW);
    let mut info = InfoPlist::read(&read(file)?).map_err(refuse)?;
    info.set(key, value);
    replace(file, &info.to_bytes().map_err(refuse)?, None)
}

const PLAN_ANEW: &str = "open the bundle again and plan anew";

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(file).map_err(|error| Failure::io(file, "read", &error))
}

fn change_commands(root: &Path, path: &BundlePath, edits: &[&Edit]) -> Result<(), Failure> {
    let file = path.to_local(root);
    let bytes = read(&file)?;
    let refuse = |why: String| Failure::new(&file, why, PLAN_ANEW);
    let parsed = macho::read(&bytes).map_err(|error| refuse(error.to_string()))?;
    let by_arch: BTreeMap<Arch, Vec<LoadCommandEdit>> =
        parsed.slices.iter().map(|slice| (slice.arch, slice_edits(slice, edits.iter().copied()))).collect();
    let edited = edit::edit_file(&bytes, &by_arch).map_err(|error| refuse(error.to_string()))?;
    replace(&file, &edited, None)
}

/// A new inode with `bytes`, in the place of `file`; its mode is kept unless one is given.
fn replace(file: &Path, bytes: &[u8], mode: Option<u32>) -> Result<(), Failure> {
    let dress = |fresh: &Path| {
        disk::copy_attributes(file, fresh)?;
        mode.map_or(Ok(()), |mode| disk::set_mode(fresh, mode))
    };
    disk::replace(file, bytes, Sync::Later, dress).map_err(|error| Failure::io(file, "write", &error))
}

/// A file that was not there.
fn write_new(root: &Path, path: &BundlePath, contents: &str) -> Result<(), Failure> {
    add_parents(root, path)?;
    let file = path.to_local(root);
    if file.symlink_metadata().is_ok() {
        return Err(Failure::new(file, "is there already", PLAN_ANEW));
    }
    let written =
        disk::replace(&file, contents.as_bytes(), Sync::Later, |fresh| disk::set_mode(fresh, WRITTEN_MODE));
    written.map_err(|error| Failure::io(&file, "write", &error))
}

/// A copy from outside the bundle, writable by its owner: a new file with today's date and none of the old one's
/// attributes.
fn bring(from: &Path, to: &Path) -> Result<(), Failure> {
    let (_, mode) = source::length_and_mode(from)?;
    let copied = disk::copy(from, to, copied_mode(mode));
    copied.map_err(|error| Failure::io(to, "copy into the bundle", &error))
}

fn add_parents(root: &Path, path: &BundlePath) -> Result<(), Failure> {
    path.parent().map_or(Ok(()), |folder| make_folder(&folder.to_local(root)))
}

fn make_folder(folder: &Path) -> Result<(), Failure> {
    disk::create_folders(folder).map_err(|error| Failure::io(folder, "create", &error))
}

fn remove(path: &Path) -> Result<(), Failure> {
    let fail = |error: io::Error| Failure::io(path, "remove", &error);
    match fs::symlink_metadata(path) {
        Ok(data) if data.is_dir() => disk::remove_tree(path).map_err(fail),
        Ok(_) => disk::remove_file(path).map_err(fail),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(fail(error)),
    }
}

/// Makes the names in every folder of the copy, and every file that is not the original's own, survive a power cut. All at
/// once: the disk takes them together.
pub(super) fn bring_to_disk(original: &Path, copy: &Path) -> Result<(), Failure> {
    let entries: Vec<_> = walkdir::WalkDir::new(copy)
        .into_iter()
        .collect::<Result<_, _>>()
        .map_err(|error| walk_failure(copy, error))?;
    let is_new = |path: &Path| {
        let shared = |path: &Path| fs::symlink_metadata(path).ok().and_then(|data| os::shared_inode(&data));
        let inside = path.strip_prefix(copy).unwrap_or(path);
        shared(path).is_none_or(|inode| shared(&original.join(inside)) != Some(inode))
    };
    entries.par_iter().try_for_each(|entry| {
        let (path, kind) = (entry.path(), entry.file_type());
        let synced = match kind {
            kind if kind.is_dir() => disk::sync_folder(path),
            kind if kind.is_file() && is_new(path) => disk::sync_file(path),
            _ => Ok(()),
        };
        synced.map_err(|error| Failure::io(path, "write", &error))
    })
}
