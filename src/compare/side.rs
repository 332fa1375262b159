//! One of the two things that are compared: a folder, a single file, or the volume of a disk image.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;

use super::Subject;
use super::archive;
use crate::bundle::{self, Mapped, Node, Problem};
use crate::dmg::read::{Entry, Kind};
use crate::dmg::{self, DiskImage};
use crate::failure::Failure;
use crate::macho;
use crate::os;
use crate::progress::Progress;

/// Bytes read at a time where a file is not mapped.
const PART: usize = 1 << 18;
/// What macOS itself puts on a volume that can be written.
const OF_THE_VOLUME: [&str; 4] =
    [".Trashes", ".fseventsd", ".Spotlight-V100", ".HFS+ Private Directory Data\r"];

/// What a path is on one side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Thing {
    Folder,
    File {
        length: u64,
        mode: u32,
    },
    Link {
        target: String,
    },
    Other,
    /// It is there and cannot be looked at.
    Unreadable(String),
}

/// A thing and where its bytes are.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub thing: Thing,
    place: Place,
}

#[derive(Debug, Clone)]
enum Place {
    Local(PathBuf),
    InImage(Box<Entry>),
    Nowhere,
}

/// The bytes of a file.
pub(super) enum Bytes {
    Mapped(Mapped),
    Read(Vec<u8>),
}

impl std::ops::Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Bytes::Mapped(bytes) => bytes,
            Bytes::Read(bytes) => bytes,
        }
    }
}

pub(super) struct Side {
    path: PathBuf,
    kind: String,
    /// By their paths, in composed form, so that a name is the same on every file system.
    pub items: BTreeMap<String, Item>,
    image: Option<Mutex<DiskImage>>,
    pub volume_name: Option<String>,
    /// Whether it is one file and not a folder.
    pub is_file: bool,
    /// What AppleDouble files hold, by the file it belongs to.
    doubled: BTreeMap<String, dmg::Values>,
}

/// What a path names, before anything of it is listed.
enum Opened {
    Folder(PathBuf),
    File(PathBuf, &'static str),
    Image(Box<DiskImage>),
}

/// Opens both sides, and of a disk image the part that the other side is.
///
/// # Errors
/// [`Failure`] when one cannot be read, or when the two are of kinds that cannot be compared.
pub(super) fn open(left: &Path, right: &Path, progress: &Progress) -> Result<(Side, Side), Failure> {
    let sides = (opened(left)?, opened(right)?);
    Ok(match sides {
        (Opened::Folder(a), Opened::Folder(b)) => (folder(left, &a, progress)?, folder(right, &b, progress)?),
        (Opened::Image(a), Opened::Image(b)) => (volume(left, *a, None)?, volume(right, *b, None)?),
        (Opened::Folder(a), Opened::Image(b)) => {
            let inside = part_of(right, &b, &a)?;
            (folder(left, &a, progress)?.on_a_volume(&a), volume(right, *b, inside.as_deref())?)
        }
        (Opened::Image(a), Opened::Folder(b)) => {
            let inside = part_of(left, &a, &b)?;
            (volume(left, *a, inside.as_deref())?, folder(right, &b, progress)?.on_a_volume(&b))
        }
        (Opened::File(a, kind_a), Opened::File(b, kind_b)) => {
            let name = file_name(&a);
            (file(left, &a, kind_a, &name)?, file(right, &b, kind_b, &name)?)
        }
        (Opened::File(..), _) => return Err(mixed(left, right)),
        (_, Opened::File(..)) => return Err(mixed(right, left)),
    })
}

fn mixed(file: &Path, other: &Path) -> Failure {
    let what = format!("is a single file, and {} is not", other.display());
    Failure::new(file, what, "compare it with the file of that bundle that it corresponds to")
}

fn opened(path: &Path) -> Result<Opened, Failure> {
    let about = path.metadata().map_err(|error| Failure::io(path, "open", &error))?;
    if about.is_dir() {
        let real = path.canonicalize().map_err(|error| Failure::io(path, "open", &error))?;
        return Ok(Opened::Folder(real));
    }
    if !about.is_file() {
        let next = "name an app bundle, a Mach-O file or a disk image";
        return Err(Failure::new(path, "is neither a file nor a folder", next));
    }
    let mut start = Vec::new();
    let file = File::open(path).map_err(|error| Failure::io(path, "read", &error))?;
    file.take(512).read_to_end(&mut start).map_err(|error| Failure::io(path, "read", &error))?;
    let kind = match () {
        _ if macho::fat::container(&start).is_some() => Some("Mach-O file"),
        _ if archive::is_archive(&start) => Some("static library"),
        _ if start.starts_with(b"bplist") || start.starts_with(b"<?xml") => Some("property list"),
        _ => None,
    };
    if let Some(kind) = kind {
        return Ok(Opened::File(path.to_path_buf(), kind));
    }
    match DiskImage::open(path) {
        Ok(image) => Ok(Opened::Image(Box::new(image))),
        Err(Failure::Problem { what, .. }) if what.starts_with("is not a disk image") => Err(Failure::new(
            path,
            "is neither an app bundle nor a Mach-O file nor a disk image",
            "name one of these, or compare it with `cmp`",
        )),
        Err(failure) => Err(failure),
    }
}

/// Which folder of the image's volume `local` corresponds to; `None` for all of it.
fn part_of(path: &Path, image: &DiskImage, local: &Path) -> Result<Option<String>, Failure> {
    let name: String = file_name(local).nfc().collect();
    let is_bundle = local.extension().is_some() || local.join("Contents").is_dir();
    let top = |entry: &&Entry| entry.kind == Kind::Folder && !entry.path.contains('/');
    if image.entries().iter().filter(top).any(|entry| entry.path == name) {
        return Ok(Some(name));
    }
    if !is_bundle {
        return Ok(None);
    }
    let apps: Vec<&str> = image
        .entries()
        .iter()
        .filter(top)
        .map(|entry| entry.path.as_str())
        .filter(|path| path.ends_with(".app"))
        .collect();
    match apps[..] {
        [only] => Ok(Some(only.to_owned())),
        [] => Err(Failure::new(
            path,
            format!("holds no app to compare with {name}"),
            "choose the disk image of that app",
        )),
        _ => {
            let what = format!("holds {} apps, and none is called {name}", apps.len());
            Err(Failure::new(path, what, "extract it, and compare with one of them"))
        }
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn folder(path: &Path, real: &Path, progress: &Progress) -> Result<Side, Failure> {
    let listing = bundle::list(real, |count| progress.step("listing", file_name(real), count, 0))?;
    let mut items = BTreeMap::new();
    for (inside, node) in listing.nodes {
        let thing = match node {
            Node::Folder => Thing::Folder,
            Node::File { length, mode } => Thing::File { length, mode },
            Node::Link { target } => Thing::Link { target },
            Node::Other => Thing::Other,
        };
        let item = Item { thing, place: Place::Local(inside.to_local(real)) };
        insert(&mut items, inside.as_str(), item);
    }
    for problem in listing.problems {
        let (path, why) = match problem {
            Problem::BadName { folder, shown } => {
                (format!("{folder}/{shown}"), "its name is not Unicode".to_owned())
            }
            Problem::Unreadable { path, why } => (path.to_string(), why),
            other => (String::new(), other.to_string()),
        };
        items.insert(path, Item { thing: Thing::Unreadable(why), place: Place::Nowhere });
    }
    let is_app = real.extension().is_some_and(|end| end == "app") || real.join("Contents").is_dir();
    let is_framework = real.extension().is_some_and(|end| end == "framework");
    let kind = if is_app {
        "app bundle"
    } else if is_framework {
        "framework"
    } else {
        "folder"
    };
    Ok(Side::new(path, kind.to_owned(), items, None))
}

/// Two names that are one to a Mac keep apart here, as they do on this disk.
fn insert(items: &mut BTreeMap<String, Item>, path: &str, item: Item) {
    let composed: String = path.nfc().collect();
    match items.contains_key(&composed) {
        true => drop(items.insert(path.to_owned(), item)),
        false => drop(items.insert(composed, item)),
    }
}

fn file(path: &Path, local: &Path, kind: &str, key: &str) -> Result<Side, Failure> {
    let about = local.metadata().map_err(|error| Failure::io(path, "open", &error))?;
    let thing = Thing::File { length: about.len(), mode: os::mode(&about) };
    let item = Item { thing, place: Place::Local(local.to_path_buf()) };
    let mut side = Side::new(path, kind.to_owned(), [(key.to_owned(), item)].into(), None);
    side.is_file = true;
    Ok(side)
}

fn volume(path: &Path, image: DiskImage, inside: Option<&str>) -> Result<Side, Failure> {
    let mut items = BTreeMap::new();
    let prefix = inside.map(|inside| format!("{inside}/"));
    for entry in image.entries() {
        let key = match &prefix {
            Some(prefix) => entry.path.strip_prefix(prefix.as_str()),
            None => Some(entry.path.as_str()),
        };
        let top = entry.path.split('/').next().unwrap_or_default();
        let Some(key) = key.filter(|_| !OF_THE_VOLUME.contains(&top) && !top.starts_with('\0')) else {
            continue;
        };
        let thing = match &entry.kind {
            Kind::Folder => Thing::Folder,
            Kind::File => Thing::File { length: entry.size, mode: u32::from(entry.mode) & 0o7777 },
            Kind::Link { target } => Thing::Link { target: target.clone() },
        };
        items.insert(key.to_owned(), Item { thing, place: Place::InImage(Box::new(entry.clone())) });
    }
    let kind = inside.map_or_else(|| "disk image".to_owned(), |inside| format!("{inside} in a disk image"));
    let name = inside.is_none().then(|| image.volume_name().to_owned());
    let mut side = Side::new(path, kind, items, Some(image));
    side.volume_name = name;
    Ok(side)
}

/// What is left out because one side does not record it.
pub(super) fn notes(left: &Side, right: &Side) -> Vec<String> {
    let mut notes = Vec::new();
    if left.is_image() != right.is_image() {
        notes.push(
            "Of permissions only the right to execute is compared: a disk image is written with plain ones."
                .to_owned(),
        );
    }
    for side in [left, right].into_iter().filter(|side| !side.doubled.is_empty()) {
        let what = "what files of the form ._name hold is compared as attributes of name, as on a Mac.";
        notes.push(format!("Of {} {what}", side.path.display()));
    }
    if !os::RECORDS_MODES {
        notes.push("Permissions are not compared: this system keeps none.".to_owned());
    }
    notes
}

impl Side {
    fn new(path: &Path, kind: String, items: BTreeMap<String, Item>, image: Option<DiskImage>) -> Side {
        let image = image.map(Mutex::new);
        let doubled = BTreeMap::new();
        Side { path: path.to_path_buf(), kind, items, image, volume_name: None, is_file: false, doubled }
    }

    /// A folder as a volume holds it, which has extended attributes and so no AppleDouble files.
    fn on_a_volume(mut self, real: &Path) -> Side {
        let owners: Vec<(String, String)> =
            self.items.keys().filter_map(|key| owner_of_double(key)).collect();
        for (double, owner) in owners {
            let holder =
                self.items.get(&owner).filter(|it| matches!(it.thing, Thing::File { .. } | Thing::Folder));
            if let Some(Place::Local(path)) = holder.map(|it| &it.place)
                && let Some(values) = dmg::double_beside(path)
            {
                self.items.remove(&double);
                self.doubled.insert(owner, values);
            }
        }
        self.doubled.extend(dmg::double_beside(real).map(|values| (String::new(), values)));
        self
    }

    pub fn is_image(&self) -> bool {
        self.image.is_some()
    }

    pub fn subject(&self) -> Subject {
        let lengths = self.items.values().filter_map(|item| match item.thing {
            Thing::File { length, .. } => Some(length),
            _ => None,
        });
        let lengths: Vec<u64> = lengths.collect();
        Subject {
            path: self.path.display().to_string(),
            kind: self.kind.clone(),
            files: lengths.len(),
            bytes: lengths.iter().sum(),
        }
    }

    /// Block at which the bytes of a file of a disk image begin: images are read fastest in this order.
    pub fn first_block(&self, key: &str) -> u32 {
        match self.items.get(key).map(|item| &item.place) {
            Some(Place::InImage(entry)) => entry.first_block(),
            _ => 0,
        }
    }

    /// Every byte of a file; of a disk image no more than it may hold at once.
    pub fn bytes(&self, key: &str) -> Result<Bytes, String> {
        match &self.item(key)?.place {
            Place::Local(path) => bundle::map(path)
                .map(Bytes::Mapped)
                .map_err(|error| Failure::io(path, "read", &error).to_string()),
            Place::InImage(entry) => {
                let bytes = self.in_image(|image| image.read(&entry.path))?;
                Ok(Bytes::Read(bytes))
            }
            Place::Nowhere => Err("it cannot be read".to_owned()),
        }
    }

    /// SHA-256 of a file, read in parts.
    pub fn digest(&self, key: &str) -> Result<[u8; 32], String> {
        let mut hash = Sha256::new();
        self.each_part(key, &mut |part| hash.update(part))?;
        Ok(hash.finalize().into())
    }

    fn each_part(&self, key: &str, visit: &mut dyn FnMut(&[u8])) -> Result<(), String> {
        match &self.item(key)?.place {
            Place::Local(path) => {
                let mut file = self.open(path)?;
                let mut part = vec![0; PART];
                loop {
                    match file.read(&mut part).map_err(|error| reason(&error))? {
                        0 => return Ok(()),
                        read => visit(part.get(..read).unwrap_or_default()),
                    }
                }
            }
            Place::InImage(entry) => self.in_image(|image| {
                image.each_part(entry, &self.path, &mut |part| {
                    visit(part);
                    Ok(())
                })
            }),
            Place::Nowhere => Err("it cannot be read".to_owned()),
        }
    }

    /// Whether the file at `key` holds the same bytes on both sides. Both are as long.
    pub fn holds_same(&self, key: &str, other: &Side, other_key: &str) -> Result<bool, String> {
        match (&self.item(key)?.place, &other.item(other_key)?.place) {
            (Place::Local(a), Place::Local(b)) => same_bytes(self.open(a)?, other.open(b)?, self.length(key)),
            _ => Ok(self.digest(key)? == other.digest(other_key)?),
        }
    }

    /// The extended attributes, of a file or folder in a disk image as far as they can be read. `key` "" is the folder itself.
    pub fn attributes(&self, key: &str) -> BTreeMap<String, Vec<u8>> {
        let mut values = self.own_attributes(key);
        for (name, value) in self.doubled.get(key).into_iter().flatten() {
            values.entry(name.clone()).or_insert_with(|| value.to_vec());
        }
        values
    }

    fn own_attributes(&self, key: &str) -> BTreeMap<String, Vec<u8>> {
        match self.items.get(key).map(|item| &item.place) {
            Some(Place::Local(path)) => os::attributes(path),
            Some(Place::InImage(entry)) => {
                let values = self.in_image(|image| image.beside(entry, &self.path)).unwrap_or_default();
                values.into_iter().map(|(name, value)| (name, value.to_vec())).collect()
            }
            None if key.is_empty() && !self.is_image() => os::attributes(&self.path),
            _ => BTreeMap::new(),
        }
    }

    /// The first bytes of a file, enough to tell what it is.
    pub fn start(&self, key: &str) -> Vec<u8> {
        let mut start = Vec::new();
        if let Some(Place::Local(path)) = self.items.get(key).map(|item| &item.place) {
            if let Ok(file) = self.open(path) {
                let _ = file.take(4096).read_to_end(&mut start); // what cannot be read shows where it is compared
            }
        } else if let Ok(bytes) = self.bytes(key) {
            start.extend(bytes.iter().take(4096));
        }
        start
    }

    /// Of a file, in bytes; 0 of anything else.
    pub fn length(&self, key: &str) -> u64 {
        match self.items.get(key).map(|item| &item.thing) {
            Some(Thing::File { length, .. }) => *length,
            _ => 0,
        }
    }

    fn item(&self, key: &str) -> Result<&Item, String> {
        self.items.get(key).ok_or_else(|| "it is not there".to_owned())
    }

    fn open(&self, path: &Path) -> Result<File, String> {
        File::open(path).map_err(|error| reason(&error))
    }

    fn in_image<T>(&self, read: impl FnOnce(&mut DiskImage) -> Result<T, Failure>) -> Result<T, String> {
        let image = self.image.as_ref().ok_or("it is not in a disk image")?;
        let mut image = image.lock().unwrap_or_else(PoisonError::into_inner);
        read(&mut image).map_err(|failure| match failure {
            Failure::Problem { what, .. } => what,
            Failure::Cancelled => "stopped".to_owned(),
        })
    }
}

/// A path of the form `a/._name` with `a/name`.
fn owner_of_double(key: &str) -> Option<(String, String)> {
    let (folder, name) = key.rsplit_once('/').map_or(("", key), |(folder, _)| key.split_at(folder.len() + 1));
    Some((key.to_owned(), format!("{folder}{}", name.strip_prefix("._")?)))
}

fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string().split(" (os error").next().unwrap_or_default().to_lowercase(),
    }
}

fn same_bytes(mut a: File, mut b: File, length: u64) -> Result<bool, String> {
    // One byte more than there should be shows a file that has grown meanwhile.
    let part = usize::try_from(length).map_or(PART, |length| length.saturating_add(1).min(PART));
    let (mut left, mut right) = (vec![0; part], vec![0; part]);
    loop {
        let read = fill(&mut a, &mut left).map_err(|error| reason(&error))?;
        let other = fill(&mut b, &mut right).map_err(|error| reason(&error))?;
        if left.get(..read) != right.get(..other) {
            return Ok(false);
        }
        if read < part {
            return Ok(true);
        }
    }
}

/// Reads until the buffer is full or the file ends.
fn fill(file: &mut File, buf: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buf.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read(rest) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
