//! Opening a disk image: what is in it, the bytes of its files, and the layout of its window.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::apple_double::Values;
use super::fault::{Fault, ReadAt, Window};
use super::gpt::SECTOR;
use super::hfsplus::VolumeHeader;
use super::hfsplus::reader::Volume;
use super::layout::DmgLayout;
use super::partitions::{self, Named};
use super::udif::reader::{ReadSeek, Udif};
use crate::failure::Failure;

pub use super::hfsplus::reader::{Entry, Kind};

/// What [`DiskImage::read`] reads at most; larger files are for [`DiskImage::each_part`].
const MAX_IN_MEMORY: u64 = 256 << 20;
/// Bytes handed on at a time.
const PART: u64 = 1 << 16;

/// An open disk image with an HFS+ volume.
pub struct DiskImage {
    pub(super) udif: Udif,
    /// First byte and length of the partition.
    pub(super) start: u64,
    pub(super) length: u64,
    volume: Volume,
    name: String,
    entries: Vec<Entry>,
    path: PathBuf,
}

impl DiskImage {
    /// # Errors
    /// A [`Failure`] naming `path`: it cannot be read, is no disk image, is damaged, or uses a codec or file system
    /// that is not supported yet.
    pub fn open(path: &Path) -> Result<DiskImage, Failure> {
        let file = File::open(path).map_err(|error| Failure::io(path, "read", &error))?;
        let mut image = DiskImage::try_open(file).map_err(|fault| fault.in_file(path))?;
        image.path = path.to_path_buf();
        Ok(image)
    }

    /// As [`DiskImage::open`], from any stream.
    pub fn try_open(file: impl ReadSeek + 'static) -> Result<DiskImage, Fault> {
        let mut udif = Udif::open(file)?;
        let (start, length) = find_volume(&mut udif)?;
        let mut partition = Window { disk: &mut udif, start, length };
        let volume = Volume::open(&mut partition)?;
        let (name, entries) = volume.list(&mut partition)?;
        Ok(DiskImage { udif, start, length, volume, name, entries, path: PathBuf::new() })
    }

    pub fn volume_name(&self) -> &str {
        &self.name
    }

    /// Bytes of the volume, decompressed.
    pub fn volume_size(&self) -> u64 {
        self.length
    }

    /// All files, folders and links, each folder before what is in it, in the volume's own order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// How many checksums and entries [`super::verify`] compares.
    pub fn checks(&self) -> u64 {
        let koly = &self.udif.koly;
        let own = [koly.master_checksum, koly.data_checksum].into_iter().flatten().count();
        let tables = self.udif.tables.iter().filter(|table| table.checksum.is_some()).count();
        (own + tables + self.entries.len()) as u64
    }

    pub fn entry(&self, path: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.path == path)
    }

    /// The bytes of the file at `path` in the volume.
    ///
    /// # Errors
    /// A [`Failure`] when there is no such file, or it is damaged or too large to hold.
    pub fn read(&mut self, path: &str) -> Result<Vec<u8>, Failure> {
        let image = self.path.clone();
        let Some(entry) = self.entry(path).filter(|entry| entry.kind == Kind::File).cloned() else {
            return Err(Failure::new(&image, format!("holds no file {path}"), "list what is in it"));
        };
        if entry.size > MAX_IN_MEMORY {
            let what = format!("holds {path} of {} bytes, too large to open", entry.size);
            return Err(Failure::new(&image, what, "extract it instead"));
        }
        let mut bytes = Vec::new();
        self.each_part(&entry, &image, &mut |part| {
            bytes.extend_from_slice(part);
            Ok(())
        })?;
        Ok(bytes)
    }

    /// What a file or folder has beside its bytes: extended attributes, and as `com.apple.FinderInfo` and
    /// `com.apple.ResourceFork` what HFS+ keeps elsewhere. Nothing of links.
    ///
    /// # Errors
    /// A [`Failure`] naming `image` when a value is damaged or too large to hold.
    pub fn beside(&mut self, entry: &Entry, image: &Path) -> Result<Values, Failure> {
        let mut partition = Window { disk: &mut self.udif, start: self.start, length: self.length };
        self.volume.beside(&mut partition, entry).map_err(|fault| fault.in_file(image))
    }

    /// Fills `buf` from byte `at` of a file on.
    pub(super) fn read_at(&mut self, entry: &Entry, at: u64, buf: &mut [u8]) -> Result<(), Fault> {
        let extents = self.volume.content(entry)?;
        let mut partition = Window { disk: &mut self.udif, start: self.start, length: self.length };
        self.volume.read_extents(&mut partition, &extents, at, buf)
    }

    /// The volume's header, which knows its date.
    pub(super) fn header(&self) -> &VolumeHeader {
        &self.volume.header
    }

    /// Calls `visit` with the bytes of a file, part by part.
    ///
    /// # Errors
    /// What `visit` answers, or a [`Failure`] naming `image` when the file is damaged.
    pub fn each_part(
        &mut self,
        entry: &Entry,
        image: &Path,
        visit: &mut dyn FnMut(&[u8]) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let extents = self.volume.content(entry).map_err(|fault| fault.in_file(image))?;
        let mut partition = Window { disk: &mut self.udif, start: self.start, length: self.length };
        let mut buf = vec![0; PART as usize];
        let mut at = 0;
        while at < entry.size {
            let part = &mut buf[..(entry.size - at).min(PART) as usize];
            let read = self.volume.read_extents(&mut partition, &extents, at, part);
            read.map_err(|fault| fault.in_file(image))?;
            visit(part)?;
            at += part.len() as u64;
        }
        Ok(())
    }

    /// Writes the volume as it is, decompressed, to `out`.
    ///
    /// # Errors
    /// A [`Failure`] when the image is damaged or `out` cannot be written.
    pub fn copy_volume(&mut self, out: &mut dyn Write) -> Result<(), Failure> {
        let mut buf = vec![0; PART as usize];
        let mut at = 0;
        while at < self.length {
            let part = &mut buf[..(self.length - at).min(PART) as usize];
            let read = self.udif.read_at(self.start + at, part);
            read.map_err(|fault| fault.in_file(&self.path))?;
            out.write_all(part).map_err(|error| Failure::io(&self.path, "copy the volume of", &error))?;
            at += part.len() as u64;
        }
        Ok(())
    }

    /// The layout its `.DS_Store` describes; `None` when it has none.
    ///
    /// # Errors
    /// A [`Failure`] when the `.DS_Store` is damaged.
    pub fn layout(&mut self) -> Result<Option<DmgLayout>, Failure> {
        if self.entry(".DS_Store").is_none() {
            return Ok(None);
        }
        let bytes = self.read(".DS_Store")?;
        let layout = DmgLayout::from_ds_store(&bytes);
        layout
            .map(Some)
            .ok_or_else(|| Failure::new(&self.path, "holds a damaged .DS_Store", "lay the window out anew"))
    }
}

/// First byte and length of the partition that holds an HFS+ volume.
fn find_volume(udif: &mut Udif) -> Result<(u64, u64), Fault> {
    let tables = udif.tables.clone();
    let tables = tables.iter().map(|table| {
        let part = (table.start.saturating_mul(SECTOR), table.sectors.saturating_mul(SECTOR));
        Named { name: &table.name, part }
    });
    let tables: Vec<Named> = tables.collect();
    match partitions::find_volume(udif, &tables) {
        Err(Fault::Unsupported(what)) if udif.raw && what == partitions::NOTHING => {
            let what = "is not a disk image: it does not end in a UDIF trailer, and no volume is found in it";
            Err(Fault::Unsupported(what.to_owned()))
        }
        found => found,
    }
}
