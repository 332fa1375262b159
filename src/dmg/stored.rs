//! Files of a disk image that is open: what an image is built from when it comes out of another one.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::read::{DiskImage, Entry, Kind};
use super::tree::{Content, Source, Tree};
use crate::failure::Failure;
use crate::progress::Progress;

/// An open image that several files are read from.
#[derive(Clone)]
pub struct Shared {
    image: Arc<Mutex<DiskImage>>,
    path: Arc<Path>,
}

/// Images by their paths, each opened once.
#[derive(Default)]
pub struct Images(BTreeMap<PathBuf, Shared>);

/// The data fork of a file of an image.
#[derive(Clone)]
pub struct Stored {
    of: Shared,
    entry: Arc<Entry>,
}

impl Images {
    pub fn open(&mut self, path: &Path) -> Result<Shared, Failure> {
        if let Some(shared) = self.0.get(path) {
            return Ok(shared.clone());
        }
        let shared = Shared { image: Arc::new(Mutex::new(DiskImage::open(path)?)), path: path.into() };
        self.0.insert(path.to_path_buf(), shared.clone());
        Ok(shared)
    }
}

impl Shared {
    /// A panic while it was read leaves nothing half done in it.
    fn lock(&self) -> MutexGuard<'_, DiskImage> {
        self.image.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stored {
    /// Fills `buf` from byte `at` on.
    ///
    /// # Errors
    /// A [`Failure`] naming the image when it is damaged there.
    pub fn read_at(&self, at: u64, buf: &mut [u8]) -> Result<(), Failure> {
        let read = self.of.lock().read_at(&self.entry, at, buf);
        read.map_err(|fault| fault.in_file(&self.of.path))
    }
}

impl fmt::Debug for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Stored({}, {})", self.of.path.display(), self.entry.path)
    }
}

impl PartialEq for Stored {
    fn eq(&self, other: &Stored) -> bool {
        self.of.path == other.of.path && self.entry == other.entry
    }
}

impl Tree {
    /// Adds what stands at `inside` in an image, with all that is in it, as `name`. Modes, links, attributes and resource forks
    /// come along as from a disk.
    ///
    /// # Errors
    /// A [`Failure`] naming the image when there is nothing at that path, or it is damaged.
    pub fn add_stored(
        &mut self,
        parent: usize,
        name: &str,
        shared: &Shared,
        inside: &str,
        progress: &Progress,
    ) -> Result<(), Failure> {
        let entries = shared.lock().entries().to_vec();
        let Some(top) = entries.iter().find(|entry| entry.path == inside) else {
            return Err(Failure::new(&*shared.path, format!("holds no {inside}"), "list what is in it"));
        };
        let mut folders: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
        for entry in &entries {
            let folder = entry.path.rsplit_once('/').map_or("", |(folder, _)| folder);
            folders.entry(folder).or_default().push(entry);
        }
        // In the order of their numbers, which is the one in which they were put in.
        folders.values_mut().for_each(|inside| inside.sort_by_key(|entry| std::cmp::Reverse(entry.cnid)));
        let mut waiting = vec![(parent, top)];
        while let Some((folder, entry)) = waiting.pop() {
            progress.step("reading", entry.path.as_str(), self.entries.len() as u64, 0)?;
            let own = entry.path.rsplit('/').next().unwrap_or_default();
            let own = if entry.path == inside { name } else { own };
            let index = self.add_entry(folder, own, shared, entry)?;
            if entry.kind == Kind::Folder {
                let inside = folders.get(entry.path.as_str()).into_iter().flatten();
                waiting.extend(inside.map(|entry| (index, *entry)));
            }
        }
        Ok(())
    }

    fn add_entry(
        &mut self,
        folder: usize,
        name: &str,
        shared: &Shared,
        entry: &Entry,
    ) -> Result<usize, Failure> {
        let origin = shared.path.join(&entry.path);
        let content = match &entry.kind {
            Kind::Link { target } => return self.add_link(folder, name, target, &origin),
            Kind::Folder => Content::Folder,
            Kind::File => {
                let source = Source::Stored(Stored { of: shared.clone(), entry: Arc::new(entry.clone()) });
                Content::File { source, size: entry.size, executable: entry.mode & 0o111 != 0 }
            }
        };
        let index = self.add(folder, name, content, &origin)?;
        let beside = shared.lock().beside(entry, &shared.path)?;
        beside.into_iter().for_each(|(name, value)| self.keep(index, name, value));
        Ok(index)
    }
}
