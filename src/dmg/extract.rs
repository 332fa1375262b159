//! Copying a volume to this disk. Beside `write.rs` the only file of the room that writes, and only what was not there before.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::apple_double::{self, Values};
use super::read::{DiskImage, Kind};
use super::tree;
use crate::failure::Failure;
use crate::os;
use crate::progress::Progress;

/// Copies everything in the image at `path` into the new folder `to`. Where the disk of `to` keeps no extended attributes, they
/// are written into a file `._name` beside `name`, as a Mac does.
///
/// # Errors
/// A [`Failure`] when `to` exists already or the image is damaged; `to` then holds what was copied before.
pub fn extract(path: &Path, to: &Path, progress: &Progress) -> Result<usize, Failure> {
    let mut image = DiskImage::open(path)?;
    let entries = image.entries().to_vec();
    let total = entries.iter().map(|entry| entry.size).fold(0, u64::saturating_add);
    let mut done = 0_u64;
    let mut doubles: Vec<(PathBuf, Values)> = Vec::new();
    fs::create_dir(to).map_err(|error| Failure::io(to, "create", &error))?;
    for entry in &entries {
        progress.step("extracting", &entry.path, done, total)?;
        done = done.saturating_add(entry.size);
        let place = local_place(to, &entry.path).ok_or_else(|| {
            Failure::new(
                path,
                format!("holds {}, a name this system cannot have", entry.path),
                "extract it on a Mac",
            )
        })?;
        let io = |error: std::io::Error| Failure::io(&place, "create", &error);
        let beside = image.beside(entry, path)?;
        match &entry.kind {
            Kind::Folder => fs::create_dir(&place).map_err(io)?,
            Kind::Link { target } => link(target, &place).map_err(io)?,
            Kind::File => {
                let mut file = new_file(&place, entry.mode).map_err(io)?;
                image.each_part(entry, path, &mut |part| {
                    file.write_all(part).map_err(|error| Failure::io(&place, "write", &error))
                })?;
            }
        }
        let unkept: Values = beside
            .into_iter()
            .filter(|(name, value)| !tree::is_local(name) && !os::set_attribute(&place, name, value))
            .collect();
        doubles.extend((!unkept.is_empty()).then_some((place, unkept)));
    }
    doubles.iter().try_for_each(|(owner, values)| write_double(owner, values))?;
    Ok(entries.len())
}

/// Writes what is beside `owner` into its file `._name`, unless the image has a file of that name.
fn write_double(owner: &Path, values: &Values) -> Result<(), Failure> {
    let (Some(name), Some(bytes)) = (owner.file_name(), apple_double::write(values)) else {
        return Err(Failure::new(owner, "has extended attributes too long to keep", "extract it on a Mac"));
    };
    let mut hidden = std::ffi::OsString::from("._");
    hidden.push(name);
    let place = owner.with_file_name(hidden);
    match new_file(&place, 0) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        file => file
            .and_then(|mut file| file.write_all(&bytes))
            .map_err(|error| Failure::io(&place, "write", &error)),
    }
}

/// Never outside `to`: each part must be a plain name here too.
fn local_place(to: &Path, path: &str) -> Option<PathBuf> {
    let mut place = to.to_path_buf();
    for name in path.split('/') {
        let mut parts = Path::new(name).components();
        match (parts.next(), parts.next()) {
            (Some(std::path::Component::Normal(part)), None) if part == name => place.push(name),
            _ => return None,
        }
    }
    Some(place)
}

/// A file that was not there before, so that nothing is ever written through a link.
fn new_file(place: &Path, mode: u16) -> std::io::Result<File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    os::create_with(&mut options, if mode & 0o111 != 0 { 0o777 } else { 0o666 });
    options.open(place)
}

/// Where links need a privilege that is not there, a file that says where it leads is what can always be made.
fn link(target: &str, place: &Path) -> std::io::Result<()> {
    os::make_link(Path::new(target), place).or_else(|error| match error.kind() {
        std::io::ErrorKind::PermissionDenied if !os::RECORDS_MODES => {
            new_file(place, 0)?.write_all(target.as_bytes())
        }
        _ => Err(error),
    })
}
