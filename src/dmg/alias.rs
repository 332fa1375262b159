//! Alias records, version 2: how a `.DS_Store` names the background picture. Layout after the `mac_alias` documentation
//! (`alias_fmt.rst`) and Inside Macintosh. macOS 26.2 and later ignores a picture that is also named by a bookmark, so
//! an alias is all that is written.

use super::bytes::{Put, u16_at, u32_at, utf16_at};

/// Bytes before the tagged fields of a version 2 record.
const HEADER: usize = 150;
/// The Pascal strings hold so many bytes; the whole names follow as tags 14 and 15.
const MAX_VOLUME: usize = 27;
const MAX_FILE: usize = 63;
const DISK_EJECTABLE: u16 = 5;

const TAG_FOLDER_NAME: u16 = 0;
const TAG_CNID_PATH: u16 = 1;
const TAG_CARBON_PATH: u16 = 2;
const TAG_FILE_NAME: u16 = 14;
const TAG_VOLUME_NAME: u16 = 15;
const TAG_VOLUME_DATE: u16 = 16;
const TAG_FILE_DATE: u16 = 17;
const TAG_POSIX_PATH: u16 = 18;
const TAG_MOUNT_POINT: u16 = 19;
const TAG_END: u16 = 0xFFFF;

/// A file in a folder at the top of a volume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alias {
    /// On-disk forms, in which `/` stands for a `:` of a POSIX name.
    pub volume: String,
    pub folder: String,
    pub file: String,
    pub folder_cnid: u32,
    pub file_cnid: u32,
    /// HFS+ date of the volume and of the file.
    pub date: u32,
}

impl Alias {
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(400);
        out.u32(0); // the application's own
        out.u16(0); // length, put in at the end
        out.u16(2);
        out.u16(0); // a file
        pascal(&mut out, &self.volume, MAX_VOLUME);
        out.u32(self.date);
        out.extend_from_slice(b"H+");
        out.u16(DISK_EJECTABLE);
        out.u32(self.folder_cnid);
        pascal(&mut out, &self.file, MAX_FILE);
        out.u32(self.file_cnid);
        out.u32(self.date);
        out.zeros(8); // type and creator
        out.u16(0xFFFF); // not relative to another file
        out.u16(0xFFFF);
        out.zeros(16); // volume flags and file system
        let exact_date = (u64::from(self.date) << 16).to_be_bytes();
        tag(&mut out, TAG_FOLDER_NAME, self.folder.as_bytes());
        tag(&mut out, TAG_VOLUME_DATE, &exact_date);
        tag(&mut out, TAG_FILE_DATE, &exact_date);
        tag(&mut out, TAG_CNID_PATH, &self.folder_cnid.to_be_bytes());
        tag(&mut out, TAG_CARBON_PATH, format!("{}:{}:\0{}", self.volume, self.folder, self.file).as_bytes());
        tag(&mut out, TAG_FILE_NAME, &counted(&self.file));
        tag(&mut out, TAG_VOLUME_NAME, &counted(&self.volume));
        tag(&mut out, TAG_POSIX_PATH, format!("/{}/{}", posix(&self.folder), posix(&self.file)).as_bytes());
        tag(&mut out, TAG_MOUNT_POINT, format!("/Volumes/{}", posix(&self.volume)).as_bytes());
        tag(&mut out, TAG_END, &[]);
        let length = out.len() as u16;
        out[4..6].copy_from_slice(&length.to_be_bytes());
        out
    }

    /// `None` for what is no version 2 alias with a path.
    pub fn parse(data: &[u8]) -> Option<Alias> {
        if u16_at(data, 6)? != 2 {
            return None;
        }
        let mut alias = Alias {
            volume: String::new(),
            folder: String::new(),
            file: String::new(),
            date: u32_at(data, 38)?,
            folder_cnid: u32_at(data, 46)?,
            file_cnid: u32_at(data, 114)?,
        };
        let mut at = HEADER;
        loop {
            let (tag, length) = (u16_at(data, at)?, usize::from(u16_at(data, at + 2)?));
            let value = data.get(at + 4..at + 4 + length)?;
            match tag {
                TAG_END => break,
                TAG_FOLDER_NAME => alias.folder = String::from_utf8_lossy(value).into_owned(),
                TAG_FILE_NAME => alias.file = uncounted(value)?,
                TAG_VOLUME_NAME => alias.volume = uncounted(value)?,
                _ => {}
            }
            at += 4 + length.next_multiple_of(2);
        }
        (!alias.file.is_empty()).then_some(alias)
    }

    /// The file's place in the volume: `/`-separated, without a leading slash.
    pub fn path(&self) -> String {
        format!("{}/{}", posix(&self.folder), posix(&self.file))
    }
}

fn posix(disk_name: &str) -> String {
    disk_name.replace('/', ":")
}

/// A length byte and as many whole characters as fit into `room` bytes.
fn pascal(out: &mut Vec<u8>, text: &str, room: usize) {
    let cut = (0..=text.len().min(room)).rev().find(|&cut| text.is_char_boundary(cut)).unwrap_or(0);
    out.u8(cut as u8);
    out.extend_from_slice(&text.as_bytes()[..cut]);
    out.zeros(room - cut);
}

fn tag(out: &mut Vec<u8>, tag: u16, value: &[u8]) {
    out.u16(tag);
    out.u16(value.len() as u16);
    out.extend_from_slice(value);
    out.zeros(value.len() % 2);
}

fn counted(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    out.u16(text.encode_utf16().count() as u16);
    text.encode_utf16().for_each(|unit| out.u16(unit));
    out
}

fn uncounted(value: &[u8]) -> Option<String> {
    String::from_utf16(&utf16_at(value, 2, usize::from(u16_at(value, 0)?))?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alias(volume: &str) -> Alias {
        Alias {
            volume: volume.into(),
            folder: ".background".into(),
            file: "background.tiff".into(),
            folder_cnid: 16,
            file_cnid: 17,
            date: 3_800_000_000,
        }
    }

    #[test]
    fn an_alias_reads_back_whatever_the_volume_is_called() {
        for volume in ["Foo 1.2.3", &"Ä".repeat(100), "a/b"] {
            let alias = alias(volume);
            let bytes = alias.bytes();
            assert_eq!(usize::from(u16_at(&bytes, 4).unwrap()), bytes.len());
            assert_eq!(Alias::parse(&bytes), Some(alias));
        }
        assert_eq!(alias("V").path(), ".background/background.tiff");
    }

    #[test]
    fn a_cut_alias_is_refused() {
        let bytes = alias("Foo").bytes();
        for length in 0..bytes.len() {
            assert_eq!(Alias::parse(&bytes[..length]), None);
        }
    }

    #[test]
    fn no_path_of_the_building_machine_is_in_it() {
        let bytes = alias("Foo").bytes();
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains("/home") && !text.contains("/Users"));
        assert!(text.contains("/Volumes/Foo"));
    }
}
