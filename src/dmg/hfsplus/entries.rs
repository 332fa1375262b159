//! The files, folders and links of a volume that is open: their list, what they lead to, and what is beside their bytes.

use std::collections::{BTreeMap, BTreeSet};

use super::super::apple_double::{FINDER_INFO, RESOURCE_FORK, Values};
use super::super::fault::{Fault, ReadAt};
use super::super::tree::Finder;
use super::attributes;
use super::catalog::{self, Key, MODE_TYPE, Record};
use super::reader::Volume;
use super::{Extent, Fork, ROOT_FOLDER, ROOT_PARENT, unicode};

/// Longer than any path macOS can use; a hostile image could make each name longer than the last.
const MAX_PATH: usize = 16 * 1024;
/// PATH_MAX of macOS, with room for what other writers allow.
const MAX_TARGET: u64 = 4096;
const MODE_LINK: u16 = 0o120_000;
/// Bytes of one extended attribute or resource fork.
const MAX_VALUE: u64 = 64 << 20;
/// Why a hard link's content is elsewhere.
const HARD_LINK: &str = "is a hard link to a folder or to nothing";

/// What a file of the volume is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    Folder,
    File,
    /// A symbolic link, with its target as it stands in the volume.
    Link {
        target: String,
    },
}

/// A file, folder or link of a volume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// `/`-separated, without a leading slash; names are composed, as people type them.
    pub path: String,
    pub kind: Kind,
    /// Bytes of the data fork.
    pub size: u64,
    /// POSIX mode with its file-type bits.
    pub mode: u16,
    pub finder: Finder,
    pub cnid: u32,
    /// On-disk form of the name.
    pub name: Vec<u16>,
    data: Fork,
    resource: Fork,
    /// The catalog number of the file whose forks and attributes these are: another's, of a hard link.
    owner: u32,
    /// Why its data fork is not its content: it is a hard link, or compressed by the file system.
    indirect: Option<&'static str>,
}

impl Entry {
    /// Whether the Finder hides it: by its flag or its name.
    pub fn is_hidden(&self) -> bool {
        self.finder.flags & super::FINDER_INVISIBLE != 0 || self.name.first() == Some(&u16::from(b'.'))
    }

    /// Byte of the volume where its content starts, in units of blocks; for reading files in disk order.
    pub fn first_block(&self) -> u32 {
        self.data.extents[0].0
    }
}

impl Volume {
    /// The volume's name, and all in it in the order of their folders.
    pub fn list(&self, disk: &mut dyn ReadAt) -> Result<(String, Vec<Entry>), Fault> {
        let mut children: BTreeMap<u32, Vec<(Key, Record)>> = BTreeMap::new();
        let mut seen = BTreeSet::new();
        let mut name = None;
        for (key, record) in self.records(disk)? {
            let cnid = match &record {
                Record::Folder { cnid, .. } => *cnid,
                Record::File(catalog::File { cnid, .. }) => *cnid,
                Record::Thread { .. } => continue,
            };
            if !seen.insert(cnid) {
                return Err(Fault::damaged(format!("uses the catalog number {cnid} twice")));
            }
            if cnid == ROOT_FOLDER && key.parent == ROOT_PARENT {
                name = unicode::from_disk(&key.name);
            } else {
                children.entry(key.parent).or_default().push((key, record));
            }
        }
        let name = name.ok_or_else(|| Fault::damaged("has a volume without a root folder"))?;
        let inodes = inodes(&children);
        let mut entries = Vec::new();
        // Depth first, folders waiting on a stack; each leaves `children` once, so no loop can form.
        let mut waiting: Vec<(String, Key, Record)> = Vec::new();
        let mut push = |waiting: &mut Vec<_>, folder: u32, path: &str| {
            let inside = children.remove(&folder).unwrap_or_default();
            waiting.extend(inside.into_iter().rev().map(|(key, record)| (path.to_owned(), key, record)));
        };
        push(&mut waiting, ROOT_FOLDER, "");
        while let Some((folder, key, record)) = waiting.pop() {
            let name = unicode::from_disk(&key.name)
                .filter(|name| !matches!(name.as_str(), "" | "." | ".."))
                .ok_or_else(|| Fault::damaged("has a file name that no Mac writes"))?;
            let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
            if path.len() > MAX_PATH {
                return Err(Fault::damaged("has folders nested deeper than any path can say"));
            }
            if let Record::Folder { cnid, .. } = record {
                push(&mut waiting, cnid, &path);
            }
            entries.extend(self.entry(disk, path, key, record, &inodes)?);
        }
        Ok((name, entries))
    }

    fn entry(
        &self,
        disk: &mut dyn ReadAt,
        path: String,
        key: Key,
        record: Record,
        inodes: &BTreeMap<u32, catalog::File>,
    ) -> Result<Option<Entry>, Fault> {
        Ok(match record {
            Record::Thread { .. } => None,
            Record::Folder { cnid, mode, finder, .. } => Some(Entry {
                path,
                kind: Kind::Folder,
                size: 0,
                mode,
                finder,
                cnid,
                name: key.name,
                data: Fork::default(),
                resource: Fork::default(),
                owner: cnid,
                indirect: None,
            }),
            Record::File(link) => {
                let is_link = (&link.finder.kind, &link.finder.creator) == (b"hlnk", b"hfs+");
                let file = inodes.get(&link.special).filter(|_| is_link).unwrap_or(&link);
                let kind = match file.mode & MODE_TYPE {
                    MODE_LINK => Kind::Link { target: self.link_target(disk, file)? },
                    _ => Kind::File,
                };
                let indirect = match (&file.finder.kind, &file.finder.creator) {
                    (b"hlnk", b"hfs+") | (b"fdrp", b"MACS") => Some(HARD_LINK),
                    _ if file.owner_flags & 0x20 != 0 => Some("is compressed by the file system"),
                    _ => None,
                };
                Some(Entry {
                    path,
                    kind,
                    size: file.data.size,
                    mode: file.mode,
                    finder: file.finder,
                    cnid: link.cnid,
                    name: key.name,
                    data: file.data,
                    resource: file.resource,
                    owner: file.cnid,
                    indirect,
                })
            }
        })
    }

    fn link_target(&self, disk: &mut dyn ReadAt, file: &catalog::File) -> Result<String, Fault> {
        if file.data.size > MAX_TARGET {
            return Err(Fault::damaged("has a link to a path longer than any path can be"));
        }
        let extents = self.extents_of(file.cnid, 0, &file.data)?;
        let mut target = vec![0; file.data.size as usize];
        self.read_extents(disk, &extents, 0, &mut target)?;
        String::from_utf8(target).map_err(|_| Fault::damaged("has a link whose target is not Unicode"))
    }

    /// What a file or folder has beside its bytes, as extended attributes; nothing of links.
    ///
    /// # Errors
    /// A [`Fault`] when a value is damaged, or larger than any that is read here.
    pub fn beside(&self, disk: &mut dyn ReadAt, entry: &Entry) -> Result<Values, Fault> {
        let mut values = Values::new();
        if matches!(entry.kind, Kind::Link { .. }) {
            return Ok(values);
        }
        let first = attributes::Key { cnid: entry.owner, name: Vec::new(), start: 0 };
        let of_file = self.attribute_records.range(first..).take_while(|(key, _)| key.cnid == entry.owner);
        for (key, record) in of_file {
            let value = match record {
                attributes::Record::Inline(value) => value.clone(),
                attributes::Record::Fork(fork) => {
                    self.read_value(disk, fork, &self.attribute_extents(key, fork)?)?
                }
                attributes::Record::Extents(_) => continue,
            };
            let name = String::from_utf16(&key.name)
                .map_err(|_| Fault::damaged("has an extended attribute whose name is not Unicode"))?;
            values.insert(name, value.into());
        }
        if entry.finder != Finder::default() && entry.indirect != Some(HARD_LINK) {
            values.insert(FINDER_INFO.to_owned(), entry.finder.bytes()[..].into());
        }
        if entry.resource.size > 0 {
            let extents = self.extents_of(entry.owner, 0xFF, &entry.resource)?;
            values.insert(RESOURCE_FORK.to_owned(), self.read_value(disk, &entry.resource, &extents)?.into());
        }
        Ok(values)
    }

    fn read_value(&self, disk: &mut dyn ReadAt, fork: &Fork, extents: &[Extent]) -> Result<Vec<u8>, Fault> {
        if fork.size > MAX_VALUE {
            let size = fork.size;
            return Err(Fault::Unsupported(format!(
                "has an extended attribute of {size} bytes, too large to read"
            )));
        }
        let mut value = vec![0; fork.size as usize];
        self.read_extents(disk, extents, 0, &mut value)?;
        Ok(value)
    }

    /// The blocks of a file's content.
    ///
    /// # Errors
    /// [`Fault::Unsupported`] for hard links that lead nowhere or to folders, and for compressed files, whose content is elsewhere.
    pub fn content(&self, entry: &Entry) -> Result<Vec<Extent>, Fault> {
        match entry.indirect {
            Some(why) => {
                Err(Fault::Unsupported(format!("holds {}, which {why} and cannot be read yet", entry.path)))
            }
            None => self.extents_of(entry.owner, 0, &entry.data),
        }
    }
}

/// The files that hard links lead to, by their numbers: they stand in a folder that nobody sees; TN1150 "Hard Links".
fn inodes(children: &BTreeMap<u32, Vec<(Key, Record)>>) -> BTreeMap<u32, catalog::File> {
    let private: Vec<u16> = "\0\0\0\0HFS+ Private Data".encode_utf16().collect();
    let folder = children.get(&ROOT_FOLDER).into_iter().flatten().find(|(key, _)| key.name == private);
    let Some((_, Record::Folder { cnid, .. })) = folder else { return BTreeMap::new() };
    let files = children.get(cnid).into_iter().flatten().filter_map(|(key, record)| match record {
        Record::File(file) => {
            let name = String::from_utf16(&key.name).ok()?;
            Some((name.strip_prefix("iNode")?.parse().ok()?, file.clone()))
        }
        _ => None,
    });
    files.collect()
}
