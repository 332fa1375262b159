//! Linux and macOS.

#![allow(clippy::disallowed_methods, reason = "one of the writers")]

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use rustix::fs::{CWD, RenameFlags, renameat_with};

/// Swaps two folders in one step of the file system (`renameat2` with RENAME_EXCHANGE, `renamex_np` with RENAME_SWAP).
/// Answers `false`, with nothing changed, where the file system cannot.
pub fn exchange(a: &Path, b: &Path) -> io::Result<bool> {
    match renameat_with(CWD, a, CWD, b, RenameFlags::EXCHANGE) {
        Ok(()) => Ok(true),
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS | rustix::io::Errno::NOTSUP) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Makes what was created or renamed in `folder` survive a power cut.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

pub fn mode(data: &fs::Metadata) -> u32 {
    data.permissions().mode()
}

pub fn make_link(target: &str, at: &Path) -> io::Result<()> {
    symlink(target, at)
}

/// Bytes that may still be written on the disk of `path`; `None` when the system does not say.
pub fn free_space(path: &Path) -> Option<u64> {
    let stat = rustix::fs::statvfs(path).ok()?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}

pub fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
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
