//! Windows: no permission bits to keep, and no way to swap two folders in one step.

use std::fs::Metadata;
use std::io;
use std::path::Path;

pub fn exchange(_: &Path, _: &Path) -> io::Result<bool> {
    Ok(false)
}

/// NTFS keeps its folders consistent by itself.
pub fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Windows opens no folder like a file.
pub struct Lock;

/// Two fixes at once are kept apart by the folder that each has to create.
pub fn lock_folder(_: &Path) -> io::Result<Option<Lock>> {
    Ok(Some(Lock))
}

pub fn writable_folder(_: &Path) -> io::Result<u32> {
    Ok(0)
}

pub fn mode(_: &Metadata) -> u32 {
    0
}

/// Windows tells links to folders from links to files; what the target is decides. It needs Developer Mode.
pub fn make_link(target: &Path, at: &Path) -> io::Result<()> {
    let leads_to = at.parent().unwrap_or(Path::new(".")).join(target);
    if leads_to.is_dir() {
        std::os::windows::fs::symlink_dir(target, at)
    } else {
        std::os::windows::fs::symlink_file(target, at)
    }
}

/// Not asked: a full disk is noticed while staging, where it does no harm.
pub fn free_space(_: &Path) -> Option<u64> {
    None
}

pub fn set_mode(_: &Path, _: u32) -> io::Result<()> {
    Ok(())
}

pub fn copy_attributes(_: &Path, _: &Path) -> io::Result<()> {
    Ok(())
}
