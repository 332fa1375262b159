//! What goes into the volume: a tree of folders, files and links, read from this machine or made here.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use walkdir::WalkDir;

use super::apple_double::{self, FINDER_INFO, FINDER_SIZE, RESOURCE_FORK, Values};
use super::hfsplus::unicode::{self, MAX_NAME};
use super::hfsplus::{FIRST_USER, ROOT_FOLDER};
use super::stored::Stored;
use crate::failure::Failure;
use crate::os;
use crate::progress::Progress;

/// macOS refuses longer link targets (PATH_MAX with its closing NUL).
const MAX_TARGET: usize = 1023;

/// Bytes of one attribute at most: a resource fork's own map reaches no further.
pub const MAX_ATTRIBUTE: usize = 16 << 20;
/// UTF-16 units of an attribute's name; HFSPlusAttrKey has room for no more.
const MAX_ATTRIBUTE_NAME: usize = 127;
/// Bytes of the largest `._name` that is read; what is larger is a file like others.
const MAX_DOUBLE: u64 = 32 << 20;
/// Types that make a file something else than a file: a hard link, the alias of a folder, a symbolic link.
const NO_TYPES: [&[u8; 4]; 3] = [b"hlnk", b"fdrp", b"slnk"];

/// Where the bytes of a file come from.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    Local(PathBuf),
    Memory(Arc<[u8]>),
    Stored(Stored),
}

#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    Folder,
    File { source: Source, size: u64, executable: bool },
    Link { target: String },
}

/// What the Finder keeps with a file or folder: 32 bytes of a catalog record, and of `com.apple.FinderInfo`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Finder {
    /// A file's type and creator; the place of a folder's window.
    pub kind: [u8; 4],
    pub creator: [u8; 4],
    pub flags: u16,
    /// Place of the icon and the extended information, as they are.
    pub rest: [u8; 22],
}

impl Finder {
    pub fn bytes(&self) -> [u8; FINDER_SIZE] {
        let mut bytes = [0; FINDER_SIZE];
        bytes[..4].copy_from_slice(&self.kind);
        bytes[4..8].copy_from_slice(&self.creator);
        bytes[8..10].copy_from_slice(&self.flags.to_be_bytes());
        bytes[10..].copy_from_slice(&self.rest);
        bytes
    }

    /// `None` unless these are 32 bytes.
    pub fn parse(bytes: &[u8]) -> Option<Finder> {
        let bytes = <[u8; FINDER_SIZE]>::try_from(bytes).ok()?;
        let [a, b, c, d, e, f, g, h, i, j, rest @ ..] = bytes;
        Some(Finder { kind: [a, b, c, d], creator: [e, f, g, h], flags: u16::from_be_bytes([i, j]), rest })
    }
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
    /// The resource fork; empty where there is none.
    pub resource: Arc<[u8]>,
    /// Extended attributes, without those two.
    pub attributes: Values,
    /// Where it comes from, for messages.
    pub origin: PathBuf,
}

/// The volume's entries, each folder before what is in it. The first is the root.
#[derive(Debug, Clone, PartialEq)]
pub struct Tree {
    pub entries: Vec<Entry>,
    /// Extended attributes that did not come along, and of how many files.
    pub left_out: BTreeMap<String, u64>,
    /// Files `._name` whose content was given to `name`.
    pub merged: u64,
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
            resource: Arc::default(),
            attributes: Values::new(),
            origin: PathBuf::from("/"),
        };
        Tree { entries: vec![root], left_out: BTreeMap::new(), merged: 0 }
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
            resource: Arc::default(),
            attributes: Values::new(),
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

    /// Adds the file or folder at `path`, with all that is in it, as `name`. Links in it stay links. Extended attributes come along,
    /// also those that stand in a file `._name` beside `name`; nothing else is left out.
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
        let mut doubles = BTreeMap::new();
        doubles.extend(double_beside(&start).map(|values| (start.clone(), values)));
        let first = self.entries.len();
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
            if let Some((owner, values)) = double(&found) {
                doubles.insert(owner, values);
                continue;
            }
            folders.truncate(found.depth() + 1);
            let folder = folders.last().copied().unwrap_or(parent);
            let index = self.add_found(folder, name, local, found.file_type())?;
            folders.push(index);
        }
        self.merged += doubles.len() as u64;
        for index in first..self.entries.len() {
            let entry = &self.entries[index];
            if matches!(entry.content, Content::Link { .. }) {
                continue;
            }
            let mut values = doubles.remove(&entry.origin).unwrap_or_default();
            let own = os::attributes(&entry.origin).into_iter();
            values.extend(own.map(|(name, value)| (name, value.into())));
            values.into_iter().for_each(|(name, value)| self.keep(index, name, value));
        }
        Ok(())
    }

    /// Gives an entry one attribute, at the place that HFS+ has for it, unless it is this machine's alone.
    pub fn keep(&mut self, index: usize, name: String, value: Arc<[u8]>) {
        let entry = &mut self.entries[index];
        let is_folder = entry.content == Content::Folder;
        let finder = (name == FINDER_INFO).then(|| Finder::parse(&value)).flatten();
        match (name.as_str(), finder) {
            (_, Some(finder)) if is_folder || !NO_TYPES.contains(&&finder.kind) => entry.finder = finder,
            (RESOURCE_FORK, _) if !is_folder && value.len() <= MAX_ATTRIBUTE => entry.resource = value,
            (FINDER_INFO | RESOURCE_FORK, _) => *self.left_out.entry(name).or_default() += 1,
            _ if is_local(&name)
                || value.len() > MAX_ATTRIBUTE
                || name.encode_utf16().count() > MAX_ATTRIBUTE_NAME =>
            {
                *self.left_out.entry(name).or_default() += 1;
            }
            _ => drop(entry.attributes.insert(name, value)),
        }
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

    /// What an entry has beside its bytes, as extended attributes.
    pub fn beside(&self, index: usize) -> Values {
        let entry = &self.entries[index];
        let mut values = entry.attributes.clone();
        if entry.finder != Finder::default() {
            values.insert(FINDER_INFO.to_owned(), entry.finder.bytes()[..].into());
        }
        if !entry.resource.is_empty() {
            values.insert(RESOURCE_FORK.to_owned(), entry.resource.clone());
        }
        values
    }

    /// What did not come along as it was, in a sentence each.
    pub fn notes(&self) -> Vec<String> {
        let files = |count: u64| if count == 1 { "1 file".to_owned() } else { format!("{count} files") };
        let merged = (self.merged > 0).then(|| {
            format!("{} of the form ._name became the attributes of name, as on a Mac.", files(self.merged))
        });
        let left_out = self
            .left_out
            .iter()
            .map(|(name, count)| format!("The attribute {name} of {} was left out.", files(*count)));
        merged.into_iter().chain(left_out).collect()
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

/// Attributes that say something about one machine and not about the file, or that only the kernel of a Mac may set.
pub fn is_local(name: &str) -> bool {
    const NAMES: [&str; 5] = [
        "com.apple.quarantine",
        "com.apple.provenance",
        "com.apple.macl",
        "com.apple.decmpfs",
        "com.apple.lastuseddate#PS",
    ];
    // Where a download came from, what an index or a server of this machine keeps.
    const PREFIXES: [&str; 6] = [
        "com.apple.system.",
        "com.apple.metadata:kMDItemWhereFroms",
        "xdg.",
        "baloo.",
        "DOSATTRIB",
        "DosStream.",
    ];
    NAMES.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// The attributes that the file `found` holds for its neighbour, whose path comes first; `None` for any other file.
fn double(found: &walkdir::DirEntry) -> Option<(PathBuf, Values)> {
    let owner = found.path().with_file_name(found.file_name().to_str()?.strip_prefix("._")?);
    let taken = found.depth() > 0 && found.file_type().is_file() && has_attributes(&owner);
    Some((owner, taken.then(|| read_double(found.path()))??))
}

/// The attributes in the AppleDouble file beside `owner`; `None` without one.
pub fn double_beside(owner: &Path) -> Option<Values> {
    let name = owner.file_name()?.to_str()?;
    read_double(&owner.with_file_name(format!("._{name}")))
}

fn has_attributes(owner: &Path) -> bool {
    fs::symlink_metadata(owner).is_ok_and(|data| data.is_file() || data.is_dir())
}

fn read_double(path: &Path) -> Option<Values> {
    let data = fs::symlink_metadata(path).ok()?;
    let small = data.is_file() && data.len() <= MAX_DOUBLE;
    apple_double::parse(&small.then(|| fs::read(path).ok())??)
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

    fn double_of(values: &[(&str, &[u8])]) -> Vec<u8> {
        let values = values.iter().map(|(name, value)| ((*name).to_owned(), (*value).into()));
        apple_double::write(&values.collect()).unwrap()
    }

    #[test]
    fn what_stands_in_a_double_goes_to_its_file() {
        let top = tempfile::tempdir().unwrap();
        let root = top.path().join("Foo.app");
        fs::create_dir_all(root.join("d")).unwrap();
        let mut finder = [0; 32];
        finder[..8].copy_from_slice(b"TEXTttxt");
        let (sealed, quarantine) =
            (("com.apple.cs.CodeDirectory", &[1, 2][..]), ("com.apple.quarantine", &[3][..]));
        let whole = double_of(&[(FINDER_INFO, &finder), (RESOURCE_FORK, &[9; 50]), sealed, quarantine]);
        finder[..4].copy_from_slice(b"hlnk");
        for (name, bytes) in [
            ("Foo.app/run", b"#!".to_vec()),
            ("Foo.app/._run", whole),
            ("Foo.app/._d", double_of(&[("com.apple.a", &[]), (RESOURCE_FORK, &[1])])),
            ("Foo.app/._gone", double_of(&[("com.apple.a", &[5])])),
            ("Foo.app/._text", b"no double".to_vec()),
            ("Foo.app/text", b"text".to_vec()),
            ("._Foo.app", double_of(&[("com.apple.b", &[6]), quarantine])),
            ("Foo.app/hard", b"".to_vec()),
            ("Foo.app/._hard", double_of(&[(FINDER_INFO, &finder)])),
        ] {
            fs::write(top.path().join(name), bytes).unwrap();
        }
        let mut tree = Tree::new();
        tree.add_local(0, "Foo.app", &root, &Progress::silent()).unwrap();
        let paths: Vec<String> = (1..tree.entries.len()).map(|index| tree.path(index)).collect();
        let expected = ["", "/._gone", "/._text", "/d", "/hard", "/run", "/text"];
        assert_eq!(paths, expected.map(|path| format!("Foo.app{path}")));
        let names = |index: usize| tree.beside(index).into_keys().collect::<Vec<_>>();
        assert_eq!(names(6), [FINDER_INFO, RESOURCE_FORK, "com.apple.cs.CodeDirectory"]);
        assert_eq!((names(1), names(4)), (vec!["com.apple.b".to_owned()], vec!["com.apple.a".to_owned()]));
        assert!(names(5).is_empty() && names(2).is_empty());
        assert_eq!(tree.entries[6].finder.creator, *b"ttxt");
        assert_eq!(
            tree.notes(),
            [
                "4 files of the form ._name became the attributes of name, as on a Mac.",
                "The attribute com.apple.FinderInfo of 1 file was left out.",
                "The attribute com.apple.ResourceFork of 1 file was left out.",
                "The attribute com.apple.quarantine of 2 files was left out.",
            ]
        );
    }

    #[cfg(unix)]
    #[test]
    fn attributes_of_the_disk_come_along_and_those_of_this_machine_do_not() {
        let top = tempfile::tempdir().unwrap();
        let file = top.path().join("f");
        fs::write(&file, b"x").unwrap();
        let prefix = if cfg!(target_os = "linux") { "user." } else { "" };
        for name in ["com.apple.cs.CodeSignature", "com.apple.quarantine", "xdg.origin.url"] {
            if xattr::set(&file, format!("{prefix}{name}"), b"1").is_err() {
                return; // a file system without attributes
            }
        }
        let mut tree = Tree::new();
        tree.add_local(0, "f", &file, &Progress::silent()).unwrap();
        assert_eq!(tree.entries[1].attributes.keys().collect::<Vec<_>>(), ["com.apple.cs.CodeSignature"]);
        assert_eq!(tree.left_out.keys().collect::<Vec<_>>(), ["com.apple.quarantine", "xdg.origin.url"]);
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
