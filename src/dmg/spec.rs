//! What a disk image is made of.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::layout::DmgLayout;
use super::licence::Licence;
use super::udif::codec::Codec;
use crate::failure::Failure;

/// Everything a disk image depends on. The same specification and files give the same bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct DmgSpec {
    /// What the Finder calls the volume; best with the version, since the Finder remembers windows by this name.
    pub volume_name: String,
    /// What stands at the top of the volume.
    pub items: Vec<Item>,
    pub layout: DmgLayout,
    /// An `.icns` file's bytes.
    pub volume_icon: Option<Vec<u8>>,
    /// What has to be agreed to before it opens, once for each language; the first is for everybody else.
    pub licences: Vec<Licence>,
    pub format: Format,
    pub partition_map: PartitionMap,
    /// Compression level, one of [`Format::levels`]; without one, the usual.
    pub level: Option<u8>,
    /// Date of everything, in seconds since 1970: `SOURCE_DATE_EPOCH`.
    pub epoch: u64,
}

/// Something at the top of the volume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    pub name: String,
    pub source: ItemSource,
    /// Whether the Finder leaves out the name's extension. It always does so for apps.
    pub hide_extension: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ItemSource {
    /// A file, or a folder with all that is in it.
    Local(PathBuf),
    /// A symbolic link to this place on the user's Mac.
    Link(String),
    /// What stands at this path in the volume of another disk image, with all that is in it.
    Stored { image: PathBuf, path: String },
}

/// The format of the image, in hdiutil's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Format {
    #[default]
    Ulfo,
    Udzo,
    Ulmo,
    Udbz,
    Udro,
}

/// What stands around the volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PartitionMap {
    /// A disk with a GUID partition table, as `hdiutil` makes it.
    #[default]
    Gpt,
    /// The volume alone: hdiutil's `-layout NONE`.
    Bare,
}

impl Format {
    pub const ALL: [Format; 5] = [Format::Ulfo, Format::Udzo, Format::Ulmo, Format::Udbz, Format::Udro];

    /// "ULFO", as hdiutil's `-format` takes it.
    pub fn name(self) -> &'static str {
        match self {
            Format::Ulfo => "ULFO",
            Format::Udzo => "UDZO",
            Format::Ulmo => "ULMO",
            Format::Udbz => "UDBZ",
            Format::Udro => "UDRO",
        }
    }

    /// How it is stored, and what speaks for it.
    pub fn about(self) -> &'static str {
        match self {
            Format::Ulfo => "LZFSE, quick to make and to open",
            Format::Udzo => "zlib, opened by every macOS",
            Format::Ulmo => "LZMA, the smallest",
            Format::Udbz => "bzip2, small, slow to open",
            Format::Udro => "not compressed",
        }
    }

    /// Major and minor number of the oldest system that opens it.
    pub fn oldest_system(self) -> (u32, u32) {
        match self {
            Format::Ulfo => (10, 11),
            Format::Ulmo => (10, 15),
            Format::Udzo | Format::Udbz | Format::Udro => (10, 4),
        }
    }

    /// The compression levels it has, and the one that is taken unless another is asked for.
    pub fn levels(self) -> Option<(RangeInclusive<u8>, u8)> {
        match self {
            Format::Udzo => Some((1..=12, 6)),
            Format::Ulmo => Some((0..=9, 1)),
            Format::Udbz => Some((1..=9, 9)),
            Format::Ulfo | Format::Udro => None,
        }
    }

    /// The codec of this level; of the usual one where there is none or it is out of range.
    pub(super) fn codec(self, level: Option<u8>) -> Codec {
        let (range, usual) = self.levels().unwrap_or((0..=0, 0));
        let level = level.filter(|level| range.contains(level)).unwrap_or(usual);
        match self {
            Format::Ulfo => Codec::Lzfse,
            Format::Udzo => Codec::Zlib(level),
            Format::Ulmo => Codec::Lzma(level),
            Format::Udbz => Codec::Bzip2(level),
            Format::Udro => Codec::Raw,
        }
    }
}

impl Item {
    pub fn new(name: &str, source: ItemSource) -> Item {
        Item { name: name.to_owned(), source, hide_extension: false }
    }

    /// A file or folder under its own name.
    ///
    /// # Errors
    /// A [`Failure`] when `path` ends in no name, or in one that is not Unicode.
    pub fn local(path: &Path) -> Result<Item, Failure> {
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.ok_or_else(|| {
            Failure::new(path, "has no name that a volume can hold", "name a file or folder")
        })?;
        Ok(Item::new(name, ItemSource::Local(path.to_path_buf())))
    }

    /// The link users drag the app to.
    pub fn applications() -> Item {
        Item::new("Applications", ItemSource::Link("/Applications".into()))
    }
}

impl DmgSpec {
    /// The usual image of an app: it, the link to drag it to, a background with an arrow.
    ///
    /// # Errors
    /// A [`Failure`] when `app` ends in no usable name.
    pub fn for_app(app: &Path, volume_name: &str, epoch: u64) -> Result<DmgSpec, Failure> {
        let item = Item::local(app)?;
        Ok(DmgSpec {
            volume_name: volume_name.to_owned(),
            layout: DmgLayout::standard(&item.name),
            items: vec![item, Item::applications()],
            volume_icon: None,
            licences: Vec::new(),
            format: Format::default(),
            partition_map: PartitionMap::default(),
            level: None,
            epoch,
        })
    }
}
