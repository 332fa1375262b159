//! What goes into the volume: a tree of folders, files and links, read from this machine or made here.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use walkdir::WalkDir;

use super::hfsplus::unicode::{self, MAX_NAME};
use super::hfsplus::{FIRST_USER, ROOT_FOLDER};
use crate::failure::Failure;
use crate::os;
use crate::progress::Progress;

/// macOS refuses longer link targets (PATH_MAX with its closing NUL).
const MAX_TARGET: usize = 1023;

/// Where the bytes of a file come from.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    Local(PathBuf),
    Memory(Arc<[u8]>),
}

#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    Folder,
    File { source: Source, size: u64, executable: bool },
    Link { target: String },
}

/// What the Finder keeps with a file or folder: type, creator and flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Finder {
    pub kind: [u8; 4],
    pub creator: [u8; 4],
    pub flags: u16,
}

/// A file, folder or link of the volume.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Index of its folder; the root's own is 0.
    pub parent: usize,
    /// On-disk form of its name; empty for the root.
    pub name: Vec<u16>,
    pub content: Content,
    pub finder: Finder,
    /// Where it comes from, for messages.
    pub origin: PathBuf,
}

/// The volume's entries, each folder before what is in it. The first is the root.
#[derive(Debug, Clone, PartialEq)]
pub struct Tree {
    pub entries: Vec<Entry>,
}

/// Catalog node ID of the entry at `index`.
pub fn cnid(index: usize) -> u32 {
    match index {
        0 => ROOT_FOLDER,
        _ => FIRST_USER - 1 + index as u32,
    }
}

impl Tree {
    pub fn new() -> Tree {
        let root = Entry {
            parent: 0,
            name: Vec::new(),
            content: Content::Folder,
            finder: Finder::default(),
            origin: PathBuf::from("/"),
        };
        Tree { entries: vec![root] }
    }

    /// Adds one entry and answers its index.
    ///
    /// # Errors
    /// A [`Failure`] naming `origin` when HFS+ cannot hold the name.
    pub fn add(
        &mut self,
        parent: usize,
        name: &str,
        content: Content,
        origin: &Path,
    ) -> Result<usize, Failure> {
        let disk_name = unicode::to_disk(name);
        if disk_name.len() > MAX_NAME {
            let what = format!("has a name of {} UTF-16 units, and HFS+ holds {MAX_NAME}", disk_name.len());
            return Err(Failure::new(origin, what, "shorten it"));
        }
        if unicode::fold(&disk_name).is_empty() {
            return Err(Failure::new(origin, "has a name of invisible characters alone", "rename it"));
        }
        self.entries.push(Entry {
            parent,
            name: disk_name,
            content,
            finder: Finder::default(),
            origin: origin.to_path_buf(),
        });
        Ok(self.entries.len() - 1)
    }

    /// Adds a file made here.
    pub fn add_bytes(&mut self, parent: usize, name: &str, bytes: Vec<u8>) -> Result<usize, Failure> {
        let size = bytes.len() as u64;
        let content = Content::File { source: Source::Memory(bytes.into()), size, executable: false };
        self.add(parent, name, content, &Path::new("/").join(name))
    }

    pub fn add_link(
        &mut self,
        parent: usize,
        name: &str,
        target: &str,
        origin: &Path,
    ) -> Result<usize, Failure> {
        if target.len() > MAX_TARGET {
            let what =
                format!("is a link to a path of {} bytes, and macOS follows {MAX_TARGET}", target.len());
            return Err(Failure::new(origin, what, "shorten its target"));
        }
        self.add(parent, name, Content::Link { target: target.to_owned() }, origin)
    }

    /// Adds the file or folder at `path`, with all that is in it, as `name`. Links in it stay links; nothing is left out.
    ///
    /// # Errors
    /// A [`Failure`] naming the first file that cannot be read or cannot be in a disk image.
    pub fn add_local(
        &mut self,
        parent: usize,
        name: &str,
        path: &Path,
        progress: &Progress,
    ) -> Result<(), Failure> {
        // The item itself may be named by a link; what it leads to is meant.
        let start = fs::canonicalize(path).map_err(|error| Failure::io(path, "read", &error))?;
        let mut folders = vec![parent];
        for found in WalkDir::new(&start).sort_by_file_name() {
            let found = found.map_err(|error| walk_failure(path, &error))?;
            let local = found.path();
            let name = match found.depth() {
                0 => name,
                _ => found
                    .file_name()
                    .to_str()
                    .ok_or_else(|| Failure::new(local, "has a name that is not Unicode", "rename it"))?,
            };
            progress.step("reading", name, self.entries.len() as u64, 0)?;
            folders.truncate(found.depth() + 1);
            let folder = folders.last().copied().unwrap_or(parent);
            let index = self.add_found(folder, name, local, found.file_type())?;
            folders.push(index);
        }
        Ok(())
    }

    fn add_found(
        &mut self,
        folder: usize,
        name: &str,
        local: &Path,
        kind: fs::FileType,
    ) -> Result<usize, Failure> {
        let io = |error: std::io::Error| Failure::io(local, "read", &error);
        if kind.is_symlink() {
            let target = fs::read_link(local).map_err(io)?;
            let target = target.to_str().map(|_| os::link_text(&target));
            let target = target.ok_or_else(|| {
                Failure::new(local, "is a link to a name that is not Unicode", "make the link anew")
            })?;
            return self.add_link(folder, name, &target, local);
        }
        let content = if kind.is_dir() {
            Content::Folder
        } else if kind.is_file() {
            let data = fs::metadata(local).map_err(io)?;
            let executable = os::is_executable(local, &data).map_err(io)?;
            Content::File { source: Source::Local(local.to_path_buf()), size: data.len(), executable }
        } else {
            let what = "is neither a file, a folder nor a link";
            return Err(Failure::new(local, what, "leave it out of the disk image"));
        };
        self.add(folder, name, content, local)
    }

    /// Where an entry stands in the volume: `/`-separated, without a leading slash, names composed.
    pub fn path(&self, index: usize) -> String {
        let mut names = Vec::new();
        let mut at = index;
        while at != 0 {
            names.push(unicode::from_disk(&self.entries[at].name).unwrap_or_default());
            at = self.entries[at].parent;
        }
        names.reverse();
        names.join("/")
    }
}

fn walk_failure(path: &Path, error: &walkdir::Error) -> Failure {
    let path = error.path().unwrap_or(path);
    match error.io_error() {
        Some(io) => Failure::io(path, "read", io),
        None => Failure::new(path, error.to_string(), "take the loop of links away"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_hfs_plus_cannot_hold_are_refused_by_name() {
        let mut tree = Tree::new();
        let origin = Path::new("/src/x");
        let error = tree.add(0, &"é".repeat(128), Content::Folder, origin).unwrap_err().to_string();
        assert!(error.starts_with("/src/x: has a name of 256 UTF-16 units"), "{error}");
        assert!(tree.add(0, &"é".repeat(127), Content::Folder, origin).is_ok());
        assert!(
            tree.add(0, "\u{200D}", Content::Folder, origin).unwrap_err().to_string().contains("invisible")
        );
        assert!(tree.add_link(0, "l", &"x".repeat(1024), origin).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn links_modes_and_empty_folders_are_kept_as_they_are() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let top = tempfile::tempdir().unwrap();
        let root = top.path().join("Foo.app");
        fs::create_dir_all(root.join("empty")).unwrap();
        fs::write(root.join("run"), b"#!").unwrap();
        fs::set_permissions(root.join("run"), fs::Permissions::from_mode(0o700)).unwrap();
        symlink("../nowhere//x", root.join("link")).unwrap();
        let mut tree = Tree::new();
        tree.add_local(0, "Foo.app", &root, &Progress::silent()).unwrap();
        let paths: Vec<String> = (1..tree.entries.len()).map(|index| tree.path(index)).collect();
        assert_eq!(paths, ["Foo.app", "Foo.app/empty", "Foo.app/link", "Foo.app/run"]);
        assert_eq!(tree.entries[3].content, Content::Link { target: "../nowhere//x".into() });
        assert!(matches!(tree.entries[4].content, Content::File { size: 2, executable: true, .. }));
        assert_eq!((tree.entries[2].parent, tree.entries[1].parent), (1, 0));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_name_that_is_not_unicode_and_a_socket_are_named() {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;
        let top = tempfile::tempdir().unwrap();
        let scan =
            |path: &Path| Tree::new().add_local(0, "x", path, &Progress::silent()).unwrap_err().to_string();
        fs::write(top.path().join(OsStr::from_bytes(b"a\xFF")), b"").unwrap();
        assert!(scan(top.path()).contains("not Unicode"));
        let socket = top.path().join("sock");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        assert!(scan(&socket).contains("neither a file"));
    }
}
