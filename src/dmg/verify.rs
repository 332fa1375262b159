//! Reading a finished image back: its checksums, its volume, and every file beside the one it was made from.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::apple_double::Values;
use super::fault::{Fault, ReadAt};
use super::hfsplus::check;
use super::hfsplus::reader::{Entry, Kind};
use super::read::DiskImage;
use super::tree::{self, Content, Source, Tree};
use super::udif::reader::CheckError;
use crate::failure::Failure;
use crate::progress::Progress;

/// Something wrong with a disk image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where in the volume, or "" for the image itself.
    pub path: String,
    /// A word for the rule that is broken, such as "checksum".
    pub code: &'static str,
    /// A clause that follows the path.
    pub message: String,
}

/// Everything wrong with the image at `path`: checksums, coverage, and the structure of its HFS+ volume.
///
/// # Errors
/// A [`Failure`] when the file cannot be read, is no disk image, or uses a codec or file system that is not supported yet.
pub fn verify(path: &Path, progress: &Progress) -> Result<Vec<Problem>, Failure> {
    verify_known(path, progress)?.map_err(|unknown| unknown.in_file(path))
}

/// As [`verify`], where what is not supported is an answer: [`Fault::Unsupported`], about an image that may be sound.
///
/// # Errors
/// A [`Failure`] when the file cannot be read.
pub fn verify_known(path: &Path, progress: &Progress) -> Result<Result<Vec<Problem>, Fault>, Failure> {
    let file = File::open(path).map_err(|error| Failure::io(path, "read", &error))?;
    let opened = DiskImage::try_open(file).map_err(CheckError::Fault);
    match opened.and_then(|mut image| verify_open(&mut image, progress)) {
        Ok(problems) => Ok(Ok(problems)),
        // What opens as a disk image and then contradicts itself is a finding about it.
        Err(CheckError::Fault(Fault::Damaged(message))) => {
            Ok(Ok(vec![Problem { path: String::new(), code: "damaged", message }]))
        }
        Err(CheckError::Fault(unknown @ Fault::Unsupported(_))) => Ok(Err(unknown)),
        Err(other) => Err(other.in_file(path)),
    }
}

fn verify_open(image: &mut DiskImage, progress: &Progress) -> Result<Vec<Problem>, CheckError> {
    let mut problems = image.udif.checksum_problems(progress)?;
    match check::check(&mut image.partition()) {
        Ok(found) => problems.extend(found),
        Err(Fault::Damaged(message)) => {
            problems.push(Problem { path: String::new(), code: "volume", message })
        }
        Err(other) => return Err(other.into()),
    }
    Ok(problems)
}

/// As [`verify`], and every file of the volume beside what it was made from, byte for byte.
///
/// # Errors
/// As [`verify`]; also when a source cannot be read.
pub(super) fn verify_against(path: &Path, tree: &Tree, progress: &Progress) -> Result<Vec<Problem>, Failure> {
    let mut image = DiskImage::open(path)?;
    let mut problems = verify_open(&mut image, progress).map_err(|error| error.in_file(path))?;
    let mut found: BTreeMap<u32, Entry> =
        image.entries().iter().map(|entry| (entry.cnid, entry.clone())).collect();
    let mut files = Vec::new();
    for (index, expected) in tree.entries.iter().enumerate().skip(1) {
        let place = tree.path(index);
        match found.remove(&tree::cnid(index)) {
            None => problems.push(Problem {
                path: place,
                code: "missing",
                message: "is not in the volume".into(),
            }),
            Some(entry) => {
                if let Some(message) = differs(expected, &place, &entry) {
                    problems.push(Problem { path: place, code: "differs", message: message.into() });
                } else if image.beside(&entry, path)? != beside(tree, index) {
                    let message = "has other extended attributes than it was made with".into();
                    problems.push(Problem { path: place, code: "differs", message });
                } else if let Content::File { source, .. } = &expected.content {
                    files.push((source, entry));
                }
            }
        }
    }
    for entry in found.into_values() {
        problems.push(Problem {
            path: entry.path,
            code: "extra",
            message: "was never put into the volume".into(),
        });
    }
    // In the order of the disk, so that each chunk is decompressed once.
    files.sort_by_key(|(_, entry)| entry.first_block());
    let total: u64 = files.iter().map(|(_, entry)| entry.size).sum();
    let mut done = 0;
    for (source, entry) in files {
        progress.step("comparing", &entry.path, done, total)?;
        if !same_bytes(&mut image, path, source, &entry)? {
            let message = "does not have the bytes it was made from".to_owned();
            problems.push(Problem { path: entry.path, code: "content", message });
        }
        done += entry.size;
    }
    Ok(problems)
}

/// What the reader must find beside an entry.
fn beside(tree: &Tree, index: usize) -> Values {
    match tree.entries[index].content {
        Content::Link { .. } => Values::new(),
        _ => tree.beside(index),
    }
}

fn differs(expected: &tree::Entry, place: &str, entry: &Entry) -> Option<&'static str> {
    let same_kind = match (&expected.content, &entry.kind) {
        (Content::Folder, Kind::Folder) => entry.mode == 0o040_755,
        (Content::Link { target }, Kind::Link { target: found }) => {
            target == found && entry.mode == 0o120_755
        }
        (Content::File { size, executable, .. }, Kind::File) => {
            let mode = if *executable { 0o100_755 } else { 0o100_644 };
            *size == entry.size && entry.mode == mode
        }
        _ => false,
    };
    match () {
        () if entry.name != expected.name || entry.path != place => {
            Some("has another name or folder in the volume")
        }
        () if !same_kind => Some("has another kind, size, mode or target in the volume"),
        () => None,
    }
}

fn same_bytes(image: &mut DiskImage, path: &Path, source: &Source, entry: &Entry) -> Result<bool, Failure> {
    match source {
        Source::Memory(bytes) => same_stream(image, path, entry, &mut &bytes[..], path),
        Source::Stored(stored) => {
            let (mut at, mut same) = (0, true);
            image.each_part(entry, path, &mut |part| {
                let mut expected = vec![0; part.len()];
                stored.read_at(at, &mut expected)?;
                at += part.len() as u64;
                same &= expected == part;
                Ok(())
            })?;
            Ok(same)
        }
        Source::Local(local) => {
            let mut file = File::open(local).map_err(|error| Failure::io(local, "read", &error))?;
            same_stream(image, path, entry, &mut file, local)
        }
    }
}

fn same_stream(
    image: &mut DiskImage,
    path: &Path,
    entry: &Entry,
    source: &mut dyn Read,
    local: &Path,
) -> Result<bool, Failure> {
    let mut expected = vec![0; 1 << 16];
    let mut same = true;
    image.each_part(entry, path, &mut |part: &[u8]| {
        let expected = &mut expected[..part.len()];
        match source.read_exact(expected) {
            Ok(()) => same &= expected == part,
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => same = false,
            Err(error) => return Err(Failure::io(local, "read", &error)),
        }
        Ok(())
    })?;
    Ok(same)
}

impl DiskImage {
    /// The HFS+ partition as a disk of its own.
    pub(super) fn partition(&mut self) -> impl ReadAt + '_ {
        super::fault::Window { disk: &mut self.udif, start: self.start, length: self.length }
    }
}
