//! Every call by which `fix` and `codesign` change the disk. There is no other, so that a test can make each of them fail
//! in turn, or be the last that the process makes (`fault`).

#![allow(clippy::disallowed_methods, reason = "one of the writers")]

use std::fs;
use std::io::{self, Write};
use std::path::Path;

#[cfg(test)]
use super::fault;

#[cfg(not(test))]
mod fault {
    pub(super) fn before(_: &std::path::Path, _: super::Change) -> std::io::Result<()> {
        Ok(())
    }
}

/// Whether a change takes up room on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Fails on a full disk.
    Adds,
    Frees,
}

pub fn create_folder(path: &Path) -> io::Result<()> {
    fault::before(path, Change::Adds)?;
    fs::create_dir(path)
}

/// With the folders above it.
pub fn create_folders(path: &Path) -> io::Result<()> {
    fault::before(path, Change::Adds)?;
    fs::create_dir_all(path)
}

/// A second name of the same file, or a copy where the file system has no hard links. A linked file is never written to.
pub fn link_or_copy(from: &Path, to: &Path) -> io::Result<()> {
    fault::before(to, Change::Adds)?;
    fs::hard_link(from, to).or_else(|_| fs::copy(from, to).map(drop))
}

/// Makes `name`, a file, another name of the file `of`. Where there are no hard links it stays as it is.
pub fn link_again(of: &Path, name: &Path) -> io::Result<()> {
    fault::before(name, Change::Adds)?;
    let folder = name.parent().unwrap_or(Path::new("."));
    let link = |at: &Path| fs::hard_link(of, at);
    match tempfile::Builder::new().prefix(".linking-").make_in(folder, link) {
        Ok(link) => link.into_temp_path().persist(name).map_err(|error| error.error),
        Err(_) => Ok(()),
    }
}

/// Content and permissions only; [`sync_file`] brings it to the disk.
pub fn copy(from: &Path, to: &Path, mode: u32) -> io::Result<()> {
    fault::before(to, Change::Adds)?;
    fs::copy(from, to)?;
    super::set_mode(to, mode)
}

/// A symbolic link.
pub fn create_link(target: &Path, at: &Path) -> io::Result<()> {
    fault::before(at, Change::Adds)?;
    super::make_link(target, at)
}

pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fault::before(to, Change::Frees)?;
    fs::rename(from, to)
}

/// Swaps two folders; `false` where the file system cannot.
pub fn exchange(a: &Path, b: &Path) -> io::Result<bool> {
    fault::before(a, Change::Frees)?;
    super::exchange(a, b)
}

pub fn remove_file(path: &Path) -> io::Result<()> {
    fault::before(path, Change::Frees)?;
    fs::remove_file(path)
}

pub fn remove_tree(path: &Path) -> io::Result<()> {
    fault::before(path, Change::Frees)?;
    fs::remove_dir_all(path)
}

pub fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    fault::before(path, Change::Frees)?;
    super::set_mode(path, mode)
}

pub fn copy_attributes(from: &Path, to: &Path) -> io::Result<()> {
    fault::before(to, Change::Frees)?;
    super::copy_attributes(from, to)
}

/// When `from` was changed last becomes the date of `to`.
pub fn copy_date(from: &Path, to: &Path) -> io::Result<()> {
    fault::before(to, Change::Frees)?;
    super::copy_date(from, to)
}

/// Makes what was created or renamed in `folder` survive a power cut.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    fault::before(folder, Change::Frees)?;
    super::sync_folder(folder)
}

/// Makes what was written into a file survive a power cut.
pub fn sync_file(file: &Path) -> io::Result<()> {
    fault::before(file, Change::Adds)?;
    super::sync_file(file)
}

/// When a file that is made anew has to be on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sync {
    /// Before it takes its name.
    Now,
    /// Whoever makes many brings all of them to the disk at once, which takes a fraction of the time.
    Later,
}

/// Puts `bytes` in the place of `path` as a new inode: [`beside`], then [`Beside::take_place`].
pub fn replace(
    path: &Path,
    bytes: &[u8],
    sync: Sync,
    dress: impl FnOnce(&Path) -> io::Result<()>,
) -> io::Result<()> {
    beside(path, &[bytes], sync, dress)?.take_place()
}

/// A new file that has yet to take its name; it goes when it is dropped before.
pub struct Beside<'a> {
    file: tempfile::NamedTempFile,
    path: &'a Path,
}

/// Writes `pieces`, one behind the other, into a temporary sibling of `path`, which `dress` gives its permissions. The kernel
/// keeps what it knows of a signature with the inode, so that a file changed in place is killed.
pub fn beside<'a>(
    path: &'a Path,
    pieces: &[impl AsRef<[u8]>],
    sync: Sync,
    dress: impl FnOnce(&Path) -> io::Result<()>,
) -> io::Result<Beside<'a>> {
    fault::before(path, Change::Adds)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".writing-").tempfile_in(folder)?;
    fault::before(path, Change::Adds)?;
    pieces.iter().try_for_each(|piece| file.write_all(piece.as_ref()))?;
    dress(file.path())?;
    if sync == Sync::Now {
        fault::before(path, Change::Adds)?;
        file.as_file().sync_all()?;
    }
    Ok(Beside { file, path })
}

impl Beside<'_> {
    /// Windows replaces no file that is mapped.
    pub fn take_place(self) -> io::Result<()> {
        fault::before(self.path, Change::Frees)?;
        self.file.persist(self.path).map_err(|error| error.error).map(drop)
    }
}
