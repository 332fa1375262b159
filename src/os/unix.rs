//! Linux and macOS.

#![allow(clippy::disallowed_methods, reason = "one of the writers")]

use std::collections::BTreeMap;
use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::Stamp;

/// Swaps two folders in one step of the file system (`renameat2` with RENAME_EXCHANGE, `renamex_np` with RENAME_SWAP).
/// Answers `false`, with nothing changed, where the file system cannot.
pub fn exchange(a: &Path, b: &Path) -> io::Result<bool> {
    match renameat_with(CWD, a, CWD, b, RenameFlags::EXCHANGE) {
        Ok(()) => Ok(true),
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS | rustix::io::Errno::NOTSUP) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Holds a folder as long as it lives; the system lets go of it when the process is killed.
pub struct Lock(File);

/// Closing alone is not enough: a process that is being started elsewhere may hold a copy of the handle for a moment.
impl Drop for Lock {
    fn drop(&mut self) {
        let _ = self.0.unlock();
    }
}

/// `None` while another process holds the folder that stands at this path.
pub fn lock_folder(path: &Path) -> io::Result<Option<Lock>> {
    let folder = File::open(path)?;
    match folder.try_lock() {
        Err(TryLockError::WouldBlock) => return Ok(None),
        // Some network disks know no locks; better no lock than no fix.
        Ok(()) | Err(TryLockError::Error(_)) => {}
    }
    // Whoever held it may have put another folder in its place before letting go.
    let (held, there) = (folder.metadata()?, fs::metadata(path)?);
    Ok(((held.dev(), held.ino()) == (there.dev(), there.ino())).then(|| Lock(folder)))
}

/// Gives the owner every permission to a folder, and answers the mode it had.
pub fn writable_folder(path: &Path) -> io::Result<u32> {
    let mode = fs::symlink_metadata(path)?.permissions().mode();
    if mode & 0o700 != 0o700 {
        set_mode(path, mode | 0o700)?;
    }
    Ok(mode)
}

/// Makes what was created or renamed in `folder` survive a power cut.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Makes what was written into a file survive a power cut.
pub fn sync_file(file: &Path) -> io::Result<()> {
    File::open(file)?.sync_all()
}

/// Files carry permission bits of their own.
pub const RECORDS_MODES: bool = true;

/// The permission bits.
pub fn mode(data: &Metadata) -> u32 {
    data.permissions().mode() & 0o7777
}

/// Device and inode of a file that has other names (hard links).
pub fn shared_inode(data: &Metadata) -> Option<(u64, u64)> {
    (data.nlink() > 1).then(|| (data.dev(), data.ino()))
}

/// `None` for what is no file, or cannot be looked at.
pub fn stamp(path: &Path) -> Option<Stamp> {
    let data = fs::symlink_metadata(path).ok().filter(Metadata::is_file)?;
    Some(Stamp {
        file: (data.dev(), data.ino()),
        length: data.len(),
        modified: (data.mtime(), data.mtime_nsec()),
        changed: (data.ctime(), data.ctime_nsec()),
    })
}

/// Whether a file may be started.
pub fn is_executable(_: &Path, data: &Metadata) -> io::Result<bool> {
    Ok(data.permissions().mode() & 0o111 != 0)
}

/// A link's target in the spelling of a Mac.
pub fn link_text(target: &Path) -> String {
    target.to_string_lossy().into_owned()
}

/// A canonical path as people write it.
pub fn plain_path(path: PathBuf) -> PathBuf {
    path
}

/// Where a path of the build machine is when this machine is it.
pub fn local_path(runtime: &str) -> PathBuf {
    PathBuf::from(runtime)
}

/// What to do when a link cannot be made.
pub const LINK_ADVICE: &str = "choose a folder on another disk";

pub fn make_link(target: &Path, at: &Path) -> io::Result<()> {
    symlink(target, at)
}

/// Bytes that may still be written on the disk of `path`; `None` when the system does not say.
pub fn free_space(path: &Path) -> Option<u64> {
    let stat = rustix::fs::statvfs(path).ok()?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// The permissions that a new file with these bits gets, less what the user's umask takes away.
pub fn create_with(options: &mut OpenOptions, mode: u32) {
    options.mode(mode);
}

/// The same for the permissions of a temporary file that becomes an ordinary one.
pub fn permissions(mode: u32) -> Option<fs::Permissions> {
    Some(fs::Permissions::from_mode(mode))
}

pub fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

/// The names of the extended attributes; none where the file system keeps none.
pub fn attribute_names(path: &Path) -> Vec<String> {
    let names = xattr::list(path).into_iter().flatten();
    names.filter_map(|name| name.into_string().ok()).collect()
}

/// The extended attributes by name, without the prefix `user.` that Linux puts before those of a Mac. Those of other
/// owners (`security.`, `system.`) are this machine's.
pub fn attributes(path: &Path) -> BTreeMap<String, Vec<u8>> {
    let value = |name: String| {
        let value = xattr::get(path, &name).ok().flatten()?;
        let plain = if cfg!(target_os = "linux") { name.strip_prefix("user.")? } else { &name };
        Some((plain.to_owned(), value))
    };
    attribute_names(path).into_iter().filter_map(value).collect()
}

/// When `from` was changed last, as the date of `to`, a file or folder of ours.
pub fn copy_date(from: &Path, to: &Path) -> io::Result<()> {
    File::open(to)?.set_modified(fs::symlink_metadata(from)?.modified()?)
}

/// Gives a file or folder an extended attribute that a Mac knows by this name; `false` where it cannot be kept.
pub fn set_attribute(path: &Path, name: &str, value: &[u8]) -> bool {
    let prefix = if cfg!(target_os = "linux") { "user." } else { "" };
    xattr::set(path, format!("{prefix}{name}"), value).is_ok()
}

/// Permissions and extended attributes of a folder or file onto its copy. Attributes that the target's file system
/// cannot hold are left out.
pub fn copy_attributes(from: &Path, to: &Path) -> io::Result<()> {
    for name in xattr::list(from).into_iter().flatten() {
        if let Ok(Some(value)) = xattr::get(from, &name) {
            let _ = xattr::set(to, &name, &value);
        }
    }
    fs::set_permissions(to, fs::metadata(from)?.permissions())
}

/// Has the system's file manager show a file: the Finder selects it, others open its folder.
pub fn reveal(path: &Path) -> io::Result<()> {
    let mut show = if cfg!(target_os = "macos") {
        let mut show = Command::new("open");
        show.arg("-R").arg(path);
        show
    } else {
        let mut show = Command::new("xdg-open");
        show.arg(path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")));
        show
    };
    let mut child = show.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    // It may stay open for hours; somebody has to take note of its end.
    std::thread::Builder::new().name("bundlewright-reveal".to_owned()).spawn(move || child.wait())?;
    Ok(())
}
