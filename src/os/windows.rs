//! Windows: no permission bits, `\` between names, `\\?\` before canonical paths, and no way to swap two folders in
//! one step.

use std::collections::BTreeMap;
use std::fs::{File, Metadata, OpenOptions, Permissions};
use std::io::{self, Read};
use std::os::windows::fs::{OpenOptionsExt, symlink_dir, symlink_file};
use std::path::{Path, PathBuf};

use super::Stamp;

pub fn exchange(_: &Path, _: &Path) -> io::Result<bool> {
    Ok(false)
}

/// Makes what was written into a file survive a power cut. Windows asks for a handle that may write.
pub fn sync_file(file: &Path) -> io::Result<()> {
    OpenOptions::new().write(true).open(file)?.sync_all()
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

/// The scan gives programs 0o755 itself.
pub const RECORDS_MODES: bool = false;

pub fn mode(_: &Metadata) -> u32 {
    0o644
}

/// Other names of a file are not told apart here.
pub fn shared_inode(_: &Metadata) -> Option<(u64, u64)> {
    None
}

/// None: what a file is called and when it was written to does not tell it from a new one of the same date.
pub fn stamp(_: &Path) -> Option<Stamp> {
    None
}

/// What starts like a program is one: Mach-O of either width and order, universal, `#!`.
pub fn is_executable(path: &Path, _: &Metadata) -> io::Result<bool> {
    let mut start = Vec::new();
    File::open(path)?.take(4).read_to_end(&mut start)?;
    let magic: [&[u8]; 7] = [
        b"#!",
        &[0xFE, 0xED, 0xFA, 0xCE],
        &[0xFE, 0xED, 0xFA, 0xCF],
        &[0xCE, 0xFA, 0xED, 0xFE],
        &[0xCF, 0xFA, 0xED, 0xFE],
        &[0xCA, 0xFE, 0xBA, 0xBE],
        &[0xCA, 0xFE, 0xBA, 0xBF],
    ];
    Ok(magic.iter().any(|magic| start.starts_with(magic)))
}

/// A link's target in the spelling of a Mac.
pub fn link_text(target: &Path) -> String {
    target.to_string_lossy().replace('\\', "/")
}

/// A canonical path as people write it.
pub fn plain_path(path: PathBuf) -> PathBuf {
    let text = path.to_string_lossy();
    match text.strip_prefix(r"\\?\") {
        Some(rest) if rest.get(1..2) == Some(":") => PathBuf::from(rest),
        _ => path,
    }
}

/// Where a path of the build machine is when this machine is it: `/C:/Qt` is `C:/Qt`.
pub fn local_path(runtime: &str) -> PathBuf {
    let drive = runtime.get(2..3) == Some(":");
    PathBuf::from(if drive { runtime.trim_start_matches('/') } else { runtime })
}

/// What to do when a link cannot be made.
pub const LINK_ADVICE: &str =
    "turn on Developer Mode in the Windows settings, or start Bundlewright as administrator";

pub fn create_with(_: &mut OpenOptions, _: u32) {}

pub fn permissions(_: u32) -> Option<Permissions> {
    None
}

/// Windows takes links of `\` only, and wants to know beforehand whether they lead to a folder.
pub fn make_link(target: &Path, at: &Path) -> io::Result<()> {
    let native: PathBuf = target.components().collect();
    let leads_to_folder = at.parent().is_some_and(|folder| folder.join(&native).is_dir());
    if leads_to_folder { symlink_dir(&native, at) } else { symlink_file(&native, at) }
}

/// Not asked: a full disk is noticed while staging, where it does no harm.
pub fn free_space(_: &Path) -> Option<u64> {
    None
}

pub fn set_mode(_: &Path, _: u32) -> io::Result<()> {
    Ok(())
}

/// None: what a Mac keeps in extended attributes stands in `._` files here.
pub fn attribute_names(_: &Path) -> Vec<String> {
    Vec::new()
}

pub fn attributes(_: &Path) -> BTreeMap<String, Vec<u8>> {
    BTreeMap::new()
}

/// When `from` was changed last, as the date of `to`. Windows opens a folder only when asked to by FILE_FLAG_BACKUP_SEMANTICS.
pub fn copy_date(from: &Path, to: &Path) -> io::Result<()> {
    let to = OpenOptions::new().write(true).custom_flags(0x0200_0000).open(to)?;
    to.set_modified(std::fs::symlink_metadata(from)?.modified()?)
}

/// Not kept.
pub fn set_attribute(_: &Path, _: &str, _: &[u8]) -> bool {
    false
}

pub fn copy_attributes(_: &Path, _: &Path) -> io::Result<()> {
    Ok(())
}

/// Has the Explorer show a file, selected in its folder.
pub fn reveal(path: &Path) -> io::Result<()> {
    let mut selected = std::ffi::OsString::from("/select,");
    selected.push(path);
    std::process::Command::new("explorer").arg(selected).spawn().map(drop)
}
