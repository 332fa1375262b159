//! A folder's contents, links not followed. What cannot be read becomes a [`Problem`].

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use walkdir::{DirEntry, WalkDir};

use super::{Node, Problem};
use crate::failure::Failure;
use crate::os;
use crate::paths::BundlePath;
use crate::progress::Cancelled;

/// What a folder holds, and what could not be read of it.
pub struct Listing {
    /// The folder itself excluded.
    pub nodes: BTreeMap<BundlePath, Node>,
    pub problems: Vec<Problem>,
}

/// Lists everything below `root`; `count` hears how many things were seen so far.
///
/// # Errors
/// [`Failure`] when `root` itself cannot be listed, or when `count` says to stop.
pub fn list(root: &Path, mut count: impl FnMut(u64) -> Result<(), Cancelled>) -> Result<Listing, Failure> {
    let mut listing = Listing { nodes: BTreeMap::new(), problems: Vec::new() };
    let mut walk = WalkDir::new(root).min_depth(1).follow_links(false).into_iter();
    while let Some(entry) = walk.next() {
        match entry {
            Ok(entry) => {
                if !listing.add(root, &entry) && entry.file_type().is_dir() {
                    walk.skip_current_dir();
                }
            }
            Err(error) => listing.add_error(root, error)?,
        }
        if listing.nodes.len().is_multiple_of(512) {
            count(listing.nodes.len() as u64)?;
        }
    }
    Ok(listing)
}

impl Listing {
    /// Whether the entry has a name that we can go on with.
    fn add(&mut self, root: &Path, entry: &DirEntry) -> bool {
        let Some(path) = BundlePath::from_local(root, entry.path()) else {
            let folder = entry.path().parent().and_then(|folder| BundlePath::from_local(root, folder));
            let shown = entry.file_name().to_string_lossy().into_owned();
            self.problems.push(Problem::BadName { folder: folder.unwrap_or_default(), shown });
            return false;
        };
        match node(entry) {
            Ok(node) => drop(self.nodes.insert(path, node)),
            Err(error) => self.problems.push(Problem::Unreadable { path, why: reason(&error) }),
        }
        true
    }

    fn add_error(&mut self, root: &Path, error: walkdir::Error) -> Result<(), Failure> {
        let path = error.path().and_then(|path| BundlePath::from_local(root, path)).unwrap_or_default();
        let error = io::Error::from(error);
        if path.is_root() {
            return Err(Failure::io(root, "list this folder", &error));
        }
        self.problems.push(Problem::Unreadable { path, why: reason(&error) });
        Ok(())
    }
}

fn node(entry: &DirEntry) -> io::Result<Node> {
    let kind = entry.file_type();
    Ok(if kind.is_symlink() {
        Node::Link { target: os::link_text(&std::fs::read_link(entry.path())?) }
    } else if kind.is_dir() {
        Node::Folder
    } else if kind.is_file() {
        let metadata = entry.metadata().map_err(io::Error::from)?;
        Node::File { length: metadata.len(), mode: os::mode(&metadata) }
    } else {
        Node::Other
    })
}

/// An operating-system error as a clause.
pub(super) fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::NotFound => "it went away while it was read".to_owned(),
        _ => {
            let text = error.to_string();
            let text = text.strip_prefix("IO error for operation on ").unwrap_or(&text);
            text.split(" (os error").next().unwrap_or(text).to_lowercase()
        }
    }
}
