//! What is on disk: an immutable snapshot of a bundle, and the places outside it that the build machine knew.
//!
//! A fault found while scanning is data ([`Bundle::problems`]), never an error: a broken bundle is what people bring.

pub mod archive;
mod code_file;
pub mod contents;
mod entry;
pub mod framework;
pub mod info_plist;
mod map;
mod scan;
mod script;
mod settings;
pub mod source;
mod walk;
mod whole;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use crate::macho::{FileType, MachFile};
use crate::paths::{BundlePath, RuntimePath};

pub use contents::{Contents, read_contents};
pub use framework::{Framework, FrameworkShape};
pub use info_plist::InfoPlist;
pub use map::{Mapped, map};
pub use scan::{scan, scan_code};
pub use settings::{is_settings, settings_text};
pub use source::SearchRoots;
pub use walk::{Listing, list};
pub use whole::{WholeFramework, whole_form};

/// One thing in the bundle's folder. Links are never followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    Folder,
    /// `mode` holds the permission bits (0o755); on systems without them 0o644 or, for programs, 0o755.
    File {
        length: u64,
        mode: u32,
    },
    Link {
        target: String,
    },
    /// A socket, device or other thing that has no place in a bundle.
    Other,
}

/// Which image: dyld says *image* for what it loads.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ImageId {
    Bundled(BundlePath),
    /// A file outside the bundle, by its real path (links resolved) on the build machine.
    External(RuntimePath),
}

impl fmt::Display for ImageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ImageId::Bundled(path) => path.fmt(f),
            ImageId::External(path) => path.fmt(f),
        }
    }
}

/// One Mach-O file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    pub id: ImageId,
    /// Where its bytes are on this machine.
    pub local: PathBuf,
    /// Length of the file in bytes.
    pub length: u64,
    pub file: MachFile,
}

impl Image {
    /// Whether other images may link to it.
    pub fn is_library(&self) -> bool {
        self.file.slices.iter().any(|slice| slice.file_type == FileType::Dylib)
    }
}

/// What starts a process or is opened by name at run time; each has its own search for libraries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntryKind {
    /// What CFBundleExecutable of the app names.
    Main,
    /// Another executable of the bundle, run as a process of its own (`@executable_path` is its own folder).
    Helper,
    /// The executable of a nested `.app`.
    HelperApp,
    XpcService,
    AppExtension,
    /// A bundle or library that nothing links to, opened by the main executable with dlopen.
    PlugIn,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub kind: EntryKind,
    pub image: BundlePath,
    /// The innermost bundle folder that it belongs to; the root for the app's own.
    pub bundle: BundlePath,
    /// For a plug-in, the executable whose process opens it.
    pub host: Option<BundlePath>,
}

/// What a scan could not make sense of, about one file of the bundle.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Problem {
    /// It begins like a Mach-O file but cannot be read as one.
    BrokenMachO { path: BundlePath, why: String },
    /// The file exists and cannot be opened.
    Unreadable { path: BundlePath, why: String },
    /// Not valid as a property list, or nested too deep.
    BrokenInfoPlist { path: BundlePath, why: String },
    /// A name that is not Unicode: no Mac can have it.
    BadName { folder: BundlePath, shown: String },
}

/// A clause that begins with the path.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::BrokenMachO { path, why } => write!(f, "{path} cannot be read as Mach-O: {why}"),
            Problem::Unreadable { path, why } => write!(f, "{path} cannot be read: {why}"),
            Problem::BrokenInfoPlist { path, why } => write!(f, "{path} {why}"),
            Problem::BadName { folder, shown } => {
                write!(f, "{folder}/{shown} has a name that is not Unicode")
            }
        }
    }
}

/// The snapshot. Everything derived from it is replaced as a whole, never patched.
#[derive(Debug, Clone, PartialEq)]
pub struct Bundle {
    /// The bundle's folder on this machine, absolute and with links resolved.
    pub root: PathBuf,
    /// The folder's name: `Foo.app`.
    pub name: String,
    /// The same folder as a Mac standing in this machine's place would name it. Load commands that lead out of the
    /// bundle by `..` are followed from here.
    pub runtime_root: RuntimePath,
    /// Everything in the folder, the folder itself excluded.
    pub nodes: BTreeMap<BundlePath, Node>,
    /// `Contents/Info.plist`, when there is one that can be read.
    pub info: Option<InfoPlist>,
    /// The Info.plist of every nested bundle and framework, by the file's own path; the app's own is among them.
    pub info_plists: BTreeMap<BundlePath, InfoPlist>,
    /// Where CFBundleExecutable points, whether or not a file is there.
    pub main_executable: Option<BundlePath>,
    pub images: BTreeMap<BundlePath, Arc<Image>>,
    /// Scripts in a `Contents/MacOS`, and the names of the DYLD_ variables that each of them sets.
    pub scripts: BTreeMap<BundlePath, BTreeSet<String>>,
    /// The files in which toolkits are told what to open at run time (`qt.conf`, `loaders.cache`), with their texts; of each
    /// QML file the lines that import modules.
    pub settings: BTreeMap<BundlePath, String>,
    pub entries: Vec<Entry>,
    pub frameworks: Vec<Framework>,
    pub problems: Vec<Problem>,
}

impl Bundle {
    /// Works out again what follows from `nodes`, `images` and `info_plists`: the app's own Info.plist, the main
    /// executable, the frameworks and the entry points. For whoever changes the model.
    pub fn derive(&mut self) {
        self.info =
            BundlePath::new("Contents/Info.plist").and_then(|path| self.info_plists.get(&path).cloned());
        self.main_executable = entry::executable_of(self, &BundlePath::root());
        self.frameworks = framework::find(&self.nodes);
        self.entries = entry::find(self);
    }

    /// The path of `inside` on the user's Mac.
    pub fn runtime_path(&self, inside: &BundlePath) -> RuntimePath {
        self.runtime_root.join(inside.as_str())
    }

    /// Follows every link of `path`, in the bundle only. `None` when it dangles, leaves the bundle or never ends.
    pub fn real_path(&self, path: &BundlePath) -> Option<BundlePath> {
        // What was listed stands in real folders.
        if self.nodes.get(path).is_some_and(|node| !matches!(node, Node::Link { .. })) {
            return Some(path.clone());
        }
        let mut real = BundlePath::root();
        let mut ahead: Vec<String> = path.components().rev().map(str::to_owned).collect();
        let mut links = 0;
        while let Some(name) = ahead.pop() {
            if name == ".." {
                real = real.parent()?;
                continue;
            }
            let next = real.join(&name);
            match self.nodes.get(&next)? {
                Node::Link { target } if !target.starts_with('/') => {
                    links += 1;
                    if links > 32 {
                        return None; // MAXSYMLINKS of XNU
                    }
                    ahead.extend(
                        target.split('/').rev().filter(|part| !matches!(*part, "" | ".")).map(str::to_owned),
                    );
                }
                Node::Link { .. } => return None,
                _ => real = next,
            }
        }
        Some(real)
    }

    /// Answers which executable's process would open the library at a path.
    pub fn host_of(&self) -> impl Fn(&BundlePath) -> Option<BundlePath> {
        entry::host_of(self)
    }

    pub fn image(&self, path: &BundlePath) -> Option<&Arc<Image>> {
        self.images.get(path)
    }
}
