//! The sample: a small app with typical faults and the build machine it came from, for whoever has no bundle at hand.
//!
//! `tests/fixtures/README.md` says what is wrong with it; `tests/fixtures/build.sh` builds it.

#![allow(clippy::disallowed_methods, reason = "writes the sample where the user asked for it")]

use std::fs;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use flate2::read::GzDecoder;
use tar::{Archive, EntryType};

use crate::bundle::SearchRoots;
use crate::failure::Failure;
use crate::os;
use crate::paths::RuntimePath;

const ARCHIVE: &[u8] = include_bytes!("../../assets/sample/sample.tar.gz");
const APP: &str = "Postcard.app";
const BUILD_MACHINE: &str = "build-machine";
/// The build machine's folders that the app still refers to.
const ROOTS: [&str; 2] = ["/Users/builder/CraftRoot", "/opt/homebrew"];

/// Where [`unpack`] put the sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    pub app: PathBuf,
    /// The search roots to open it with: a path of the build machine, and the folder it is in now (`--root FROM=TO`).
    pub roots: Vec<(String, PathBuf)>,
}

impl Sample {
    /// The roots alone, so that nothing of this machine gets mixed in.
    pub fn search_roots(&self) -> SearchRoots {
        let roots =
            self.roots.iter().map(|(from, to)| (RuntimePath::new(from.as_str()), to.clone())).collect();
        SearchRoots { roots, this_machine: false }
    }
}

/// Writes the sample into `dir`, which is created when it is absent.
///
/// # Errors
/// When `dir` already holds a sample (it is never overwritten: it may have been repaired since), cannot be written,
/// or is on a system that grants no symbolic links. Nothing is left behind then.
pub fn unpack(dir: &Path) -> Result<Sample, Failure> {
    fs::create_dir_all(dir).map_err(|error| Failure::io(dir, "create the folder", &error))?;
    for name in [APP, BUILD_MACHINE] {
        if dir.join(name).symlink_metadata().is_ok() {
            let next = "choose another folder, or move that one away";
            return Err(Failure::new(dir.join(name), "is already there", next));
        }
    }
    // Unpacked aside and moved, so that a failure in the middle leaves no half of an app.
    let aside = tempfile::Builder::new().prefix(".sample-").tempdir_in(dir);
    let aside = aside.map_err(|error| Failure::io(dir, "write to the folder", &error))?;
    unpack_archive(ARCHIVE, aside.path())?;
    for name in [APP, BUILD_MACHINE] {
        let to = dir.join(name);
        fs::rename(aside.path().join(name), &to).map_err(|error| Failure::io(&to, "create", &error))?;
    }
    let local = |from: &str| dir.join(BUILD_MACHINE).join(from.trim_start_matches('/'));
    let roots = ROOTS.iter().map(|&from| (from.to_owned(), local(from))).collect();
    Ok(Sample { app: dir.join(APP), roots })
}

/// Unpacks a compressed tar of folders, files and relative links into `dir`.
///
/// An entry that would leave `dir` is refused. Links are made last, so that no file is written through one.
fn unpack_archive(archive: &[u8], dir: &Path) -> Result<(), Failure> {
    let damaged = |error: io::Error| Failure::io(dir, "unpack the sample", &error);
    let mut archive = Archive::new(GzDecoder::new(archive));
    let mut links = Vec::new();
    for entry in archive.entries().map_err(damaged)? {
        let mut entry = entry.map_err(damaged)?;
        let path = entry.path().map_err(damaged)?.into_owned();
        if !stays_inside(Path::new(""), &path) {
            return Err(refused(&path));
        }
        let to = dir.join(&path);
        match entry.header().entry_type() {
            EntryType::Directory => {
                fs::create_dir_all(&to).map_err(|error| Failure::io(&to, "create the folder", &error))?;
            }
            EntryType::Regular => {
                let mode = entry.header().mode().map_err(damaged)?;
                write_file(&mut entry, &to, mode).map_err(|error| Failure::io(&to, "create", &error))?;
            }
            EntryType::Symlink => {
                let target = entry.link_name().map_err(damaged)?.unwrap_or_default().into_owned();
                if !stays_inside(path.parent().unwrap_or(Path::new("")), &target) {
                    return Err(refused(&path));
                }
                links.push((to, target));
            }
            _ => return Err(refused(&path)),
        }
    }
    // Deepest first: `Versions/Current` stands before the links that lead through it.
    links.sort_by_key(|(link, _)| std::cmp::Reverse(link.components().count()));
    links.iter().try_for_each(|(link, target)| symlink(target, link))
}

fn refused(path: &Path) -> Failure {
    Failure::new(path, "is an entry that would leave its folder", "do not use this archive")
}

/// Whether the relative `path`, seen from the folder `from` of the archive, is still in the archive.
fn stays_inside(from: &Path, path: &Path) -> bool {
    let mut depth = from.components().count();
    path.components().all(|part| match part {
        Component::Normal(_) => {
            depth += 1;
            true
        }
        Component::CurDir => true,
        Component::ParentDir if depth > 0 => {
            depth -= 1;
            true
        }
        _ => false,
    })
}

fn write_file(from: &mut impl Read, to: &Path, mode: u32) -> io::Result<()> {
    let mut file = fs::File::create_new(to)?;
    io::copy(from, &mut file)?;
    if let Some(permissions) = os::permissions(mode & 0o777) {
        file.set_permissions(permissions)?;
    }
    Ok(())
}

fn symlink(target: &Path, link: &Path) -> Result<(), Failure> {
    os::make_link(target, link).map_err(|error| {
        Failure::new(link, format!("could not become a symbolic link: {error}"), os::LINK_ADVICE)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(kind: EntryType, path: &str, target: &str) -> Vec<u8> {
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(kind);
        header.set_mode(0o644);
        header.as_ustar_mut().expect("a ustar header").name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_link_name_literal(target).expect("a short target");
        header.set_size(0);
        header.set_cksum();
        let gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        let mut builder = tar::Builder::new(gz);
        builder.append(&header, io::empty()).expect("an entry");
        builder.into_inner().and_then(flate2::write::GzEncoder::finish).expect("an archive")
    }

    #[test]
    fn the_sample_comes_with_its_links_and_its_roots() {
        let dir = tempfile::tempdir().expect("a folder");
        let sample = unpack(&dir.path().join("new")).expect("the sample");
        assert!(sample.app.join("Contents/MacOS/write-postcard").is_file());
        for (from, to) in &sample.roots {
            assert!(to.is_dir(), "{from}");
        }
        let brew = &sample.roots[1].1;
        assert!(brew.join("opt/inkwell").symlink_metadata().expect("a link").is_symlink());
        assert!(brew.join("opt/inkwell/lib/libinkwell.2.dylib").is_file());
        let craft = &sample.roots[0].1;
        assert!(craft.join("lib/Quill.framework/Quill").is_file());
        let left = fs::read_dir(dir.path().join("new")).expect("the folder").count();
        assert_eq!(left, 2, "nothing but the app and the build machine");
    }

    #[test]
    fn a_sample_that_is_there_is_not_overwritten() {
        let dir = tempfile::tempdir().expect("a folder");
        let sample = unpack(dir.path()).expect("the sample");
        fs::write(sample.app.join("Contents/PkgInfo"), "mine").expect("a file");
        let text = unpack(dir.path()).expect_err("refused").to_string();
        assert!(
            text.ends_with("Postcard.app: is already there; choose another folder, or move that one away."),
            "{text}"
        );
        assert_eq!(fs::read(sample.app.join("Contents/PkgInfo")).expect("a file"), b"mine");
    }

    #[test]
    fn an_entry_that_leaves_the_folder_is_refused() {
        let dir = tempfile::tempdir().expect("a folder");
        let inside = dir.path().join("inside");
        fs::create_dir(&inside).expect("a folder");
        for (kind, path, target) in [
            (EntryType::Regular, "../out", ""),
            (EntryType::Regular, "/out", ""),
            (EntryType::Symlink, "a", "../out"),
            (EntryType::Symlink, "a", "/out"),
            (EntryType::Link, "a", "../out"),
        ] {
            let result = unpack_archive(&archive(kind, path, target), &inside);
            assert!(result.is_err(), "{kind:?} {path} {target}");
        }
        assert_eq!(fs::read_dir(&inside).expect("the folder").count(), 0);
        assert!(unpack_archive(&archive(EntryType::Symlink, "a", "b/../c"), &inside).is_ok());
    }

    #[test]
    fn a_damaged_archive_is_an_error() {
        let dir = tempfile::tempdir().expect("a folder");
        assert!(unpack_archive(&ARCHIVE[..ARCHIVE.len() / 2], dir.path()).is_err());
        assert!(unpack_archive(b"not an archive", dir.path()).is_err());
    }
}
