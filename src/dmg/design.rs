//! An existing image as a specification: what is in it and how its window looks, to be looked at, changed and built anew.

use std::collections::BTreeSet;
use std::path::Path;

use super::finder::HIDDEN;
use super::hfsplus::{self, FINDER_NO_EXTENSION};
use super::layout::{Background, DmgLayout};
use super::licence::Licence;
use super::read::{DiskImage, Entry, Kind};
use super::spec::{DmgSpec, Format, Item, ItemSource, PartitionMap};
use super::udif::reader::Udif;
use super::udif::{RUN_ADC, RUN_BZIP2, RUN_LZFSE, RUN_LZMA, RUN_ZLIB};
use crate::failure::Failure;

/// What macOS keeps at the top of a volume for itself, beside [`HIDDEN`].
const SYSTEM: [&str; 8] = [
    ".journal",
    ".journal_info_block",
    ".HFS+ Private Directory Data\r",
    ".Spotlight-V100",
    ".TemporaryItems",
    ".DocumentRevisions-V100",
    ".com.apple.timemachine.donotpresent",
    "Desktop DB",
];

/// An image taken apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Design {
    pub spec: DmgSpec,
    /// What could not be taken over, in a sentence each.
    pub notes: Vec<String>,
}

/// Opens any image with an HFS+ volume. Items stay in it, as [`ItemSource::Stored`], and are read from there by the build.
///
/// # Errors
/// A [`Failure`] naming `path` when it is no disk image, damaged, or holds another file system.
pub fn open_design(path: &Path) -> Result<Design, Failure> {
    let mut image = DiskImage::open(path)?;
    let mut notes = Vec::new();
    let mut layout = match image.layout() {
        Ok(Some(layout)) => layout,
        Ok(None) => DmgLayout::default(),
        Err(Failure::Cancelled) => return Err(Failure::Cancelled),
        Err(_) => {
            notes.push("Its .DS_Store is damaged, so that the window is laid out anew.".to_owned());
            DmgLayout::default()
        }
    };
    let picture = picture(&mut image, &layout, path)?;
    if matches!(layout.background, Background::Picture { .. }) {
        layout.background = match &picture {
            Some(inside) => Background::Picture { picture: path.join(inside), retina: None },
            None => {
                notes.push("The picture that its .DS_Store names is not in it.".to_owned());
                Background::None
            }
        };
    }
    let items = items(image.entries(), path, picture.as_deref());
    let names: BTreeSet<&str> = items.iter().map(|item| item.name.as_str()).collect();
    layout.positions.retain(|name, _| names.contains(name.as_str()));
    keep_in_range(&mut layout, &mut notes);
    let volume_icon = image.entry(".VolumeIcon.icns").is_some().then(|| image.read(".VolumeIcon.icns"));
    let volume_icon = volume_icon.transpose()?.filter(|icon| icon.starts_with(b"icns"));
    let licences = licences(&mut image.udif, path, &mut notes)?;
    let spec = DmgSpec {
        volume_name: image.volume_name().to_owned(),
        items,
        layout,
        volume_icon,
        licences,
        format: format(&image.udif),
        partition_map: match image.udif.koly.partitioned || image.start > 0 {
            true => PartitionMap::Gpt,
            false => PartitionMap::Bare,
        },
        level: None,
        epoch: hfsplus::epoch(image.header().create_date),
    };
    Ok(Design { spec, notes })
}

/// Where the background's picture is in the volume: by its number, as the Finder finds it, or else by its path.
fn picture(image: &mut DiskImage, layout: &DmgLayout, path: &Path) -> Result<Option<String>, Failure> {
    let Background::Picture { picture, .. } = &layout.background else { return Ok(None) };
    let store = image.read(".DS_Store")?;
    let alias = DmgLayout::background_alias(&store).ok_or_else(|| {
        Failure::new(path, "names its picture by a damaged alias", "lay the window out anew")
    })?;
    let files = || image.entries().iter().filter(|entry| entry.kind == Kind::File);
    let is_named =
        |entry: &&Entry| entry.path.rsplit('/').next() == picture.file_name().and_then(|name| name.to_str());
    let numbered = files().find(|entry| entry.cnid == alias.file_cnid && is_named(entry));
    let found = numbered.or_else(|| files().find(|entry| Path::new(&entry.path) == picture.as_path()));
    Ok(found.map(|entry| entry.path.clone()))
}

/// What a user put at the top of the volume, in the order in which it was put there.
fn items(entries: &[Entry], image: &Path, picture: Option<&str>) -> Vec<Item> {
    let mut top: Vec<&Entry> = entries.iter().filter(|entry| !entry.path.contains('/')).collect();
    top.sort_by_key(|entry| entry.cnid);
    let of_macos = |entry: &&Entry| {
        HIDDEN.iter().chain(&SYSTEM).any(|name| entry.path == *name) || entry.name.first() == Some(&0)
    };
    // A hidden folder in which there is only the picture is made anew with it.
    let of_picture = |entry: &&Entry| {
        let inside = |other: &&Entry| {
            other.path.strip_prefix(entry.path.as_str()).is_some_and(|rest| rest.starts_with('/'))
        };
        let in_it = picture.is_some_and(|picture| {
            picture == entry.path
                || picture.strip_prefix(entry.path.as_str()).is_some_and(|rest| rest.starts_with('/'))
        });
        entry.is_hidden() && in_it && entries.iter().filter(inside).count() <= 1
    };
    let kept = top.into_iter().filter(|entry| !of_macos(entry) && !of_picture(entry));
    kept.map(|entry| {
        let source = match &entry.kind {
            Kind::Link { target } => ItemSource::Link(target.clone()),
            _ => ItemSource::Stored { image: image.to_path_buf(), path: entry.path.clone() },
        };
        let hide_extension =
            entry.finder.flags & FINDER_NO_EXTENSION != 0 && !matches!(entry.kind, Kind::Link { .. });
        Item { hide_extension, ..Item::new(&entry.path, source) }
    })
    .collect()
}

/// Numbers that other tools write and the designer does not offer.
fn keep_in_range(layout: &mut DmgLayout, notes: &mut Vec<String>) {
    let window = &mut layout.window;
    let mut keep = |name: &str, number: &mut u32, low: u32, high: u32| {
        if !(low..=high).contains(number) {
            let kept = (*number).clamp(low, high);
            notes.push(format!("Its {name} of {number} became {kept}."));
            *number = kept;
        }
    };
    keep("window width", &mut window.width, 100, 4_000);
    keep("window height", &mut window.height, 100, 4_000);
    keep("icon size", &mut layout.icon_size, 16, 512);
    keep("text size", &mut layout.text_size, 10, 16);
}

fn licences(udif: &mut Udif, path: &Path, notes: &mut Vec<String>) -> Result<Vec<Licence>, Failure> {
    let resources = udif.resources(&["LPic", "TEXT", "RTF "]).map_err(|fault| fault.in_file(path))?;
    let licences = Licence::of_resources(&resources);
    let texts = resources.iter().filter(|one| one.kind != "LPic").count();
    if texts > licences.len() {
        notes.push(format!(
            "{} of its {texts} licences are in languages not known here.",
            texts - licences.len()
        ));
    }
    Ok(licences)
}

/// That of its first compressed chunk.
fn format(udif: &Udif) -> Format {
    let runs = udif.tables.iter().flat_map(|table| &table.runs);
    let formats = runs.filter_map(|run| match run.kind {
        RUN_LZFSE => Some(Format::Ulfo),
        RUN_ZLIB | RUN_ADC => Some(Format::Udzo),
        RUN_LZMA => Some(Format::Ulmo),
        RUN_BZIP2 => Some(Format::Udbz),
        _ => None,
    });
    formats.into_iter().next().unwrap_or(Format::Udro)
}

#[cfg(test)]
mod tests {
    use super::super::background::pictures;
    use super::super::build;
    use super::*;
    use crate::progress::Progress;
    use std::fs;
    use std::path::PathBuf;

    fn app(folder: &Path) -> PathBuf {
        let app = folder.join("Hällo.app");
        fs::create_dir_all(app.join("Contents/b/a")).unwrap();
        fs::create_dir_all(app.join("Contents/a")).unwrap();
        fs::write(app.join("Contents/Info.plist"), "<plist/>".repeat(2000)).unwrap();
        fs::write(app.join("Contents/b/a/data.bin"), vec![7; 3 << 20]).unwrap();
        fs::write(app.join("Contents/a/z.txt"), "z").unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::{PermissionsExt, symlink};
            symlink("../b/a/data.bin", app.join("Contents/a/link")).unwrap();
            let mode = fs::Permissions::from_mode(0o755);
            fs::set_permissions(app.join("Contents/a/z.txt"), mode).unwrap();
        }
        app
    }

    fn spec(folder: &Path) -> DmgSpec {
        let mut spec = DmgSpec::for_app(&app(folder), "Hällo 1.0", 1_700_000_000).unwrap();
        fs::write(folder.join("Read me.txt"), "Hello").unwrap();
        let read_me = Item { hide_extension: true, ..Item::local(&folder.join("Read me.txt")).unwrap() };
        spec.layout.positions.insert(read_me.name.clone(), (320, 280));
        spec.items.insert(0, read_me);
        spec.volume_icon = Some(b"icns\0\0\0\x08".to_vec());
        let licence = |code| Licence::new(code, b"Be kind.".to_vec(), Path::new("L.txt")).unwrap();
        spec.licences = vec![licence("de"), licence("en")];
        spec
    }

    #[test]
    fn what_was_designed_is_what_is_opened_and_built_anew_to_the_same_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let mut spec = spec(folder.path());
        let (one, two) = (folder.path().join("one.dmg"), folder.path().join("two.dmg"));
        for (format, map) in [
            (Format::Udzo, PartitionMap::Bare),
            (Format::Ulfo, PartitionMap::Gpt),
            (Format::Udro, PartitionMap::Gpt),
        ] {
            (spec.format, spec.partition_map) = (format, map);
            build(&spec, &one, &Progress::silent()).unwrap();
            let opened = open_design(&one).unwrap();
            assert_eq!(opened.notes, [""; 0]);
            let mut expected = spec.clone();
            expected.items.iter_mut().filter(|item| !matches!(item.source, ItemSource::Link(_))).for_each(
                |item| {
                    item.source = ItemSource::Stored { image: one.clone(), path: item.name.clone() };
                },
            );
            let picture = one.join(".background/background.tiff");
            expected.layout.background = Background::Picture { picture, retina: None };
            assert_eq!(opened.spec, expected);
            assert_eq!(pictures(&opened.spec.layout).unwrap(), pictures(&spec.layout).unwrap());
            build(&opened.spec, &two, &Progress::silent()).unwrap();
            assert!(fs::read(&one).unwrap() == fs::read(&two).unwrap(), "{format:?}");
        }
    }

    #[test]
    fn a_changed_layout_is_all_that_changes() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (folder.path().join("one.dmg"), folder.path().join("two.dmg"));
        build(&spec(folder.path()), &one, &Progress::silent()).unwrap();
        let mut changed = open_design(&one).unwrap().spec;
        changed.layout.positions.insert("Applications".into(), (500, 200));
        changed.layout.background = Background::Color { color: "silver".parse().unwrap() };
        changed.items[0].hide_extension = false;
        changed.items[0].name = "First.txt".into();
        changed.volume_name = "Other".into();
        changed.format = Format::Ulmo;
        build(&changed, &two, &Progress::silent()).unwrap();
        let mut opened = open_design(&two).unwrap().spec;
        assert_eq!(
            opened.layout,
            DmgLayout { positions: opened.layout.positions.clone(), ..changed.layout.clone() }
        );
        for item in opened.items.iter_mut().zip(&changed.items).filter(|(new, _)| new.name != "Applications")
        {
            assert_eq!((&item.0.name, item.0.hide_extension), (&item.1.name, item.1.hide_extension));
        }
        let (mut before, mut after) = (DiskImage::open(&one).unwrap(), DiskImage::open(&two).unwrap());
        let inside: Vec<Entry> =
            before.entries().iter().filter(|entry| entry.path.starts_with("Hällo.app")).cloned().collect();
        assert!(inside.len() > 8);
        for entry in inside {
            let new = after.entry(&entry.path).unwrap().clone();
            assert_eq!(
                (&new.kind, new.mode, new.size),
                (&entry.kind, entry.mode, entry.size),
                "{}",
                entry.path
            );
            if entry.kind == Kind::File {
                assert!(before.read(&entry.path).unwrap() == after.read(&entry.path).unwrap());
            }
        }
        assert!(after.entry("Read me.txt").is_none() && after.entry(".background").is_none());
    }

    #[test]
    fn an_image_cannot_be_written_over_itself() {
        let folder = tempfile::tempdir().unwrap();
        let one = folder.path().join("one.dmg");
        build(&spec(folder.path()), &one, &Progress::silent()).unwrap();
        let before = fs::read(&one).unwrap();
        let opened = open_design(&one).unwrap().spec;
        let refused = build(&opened, &one, &Progress::silent()).unwrap_err().to_string();
        assert!(refused.contains("is the image that is read"), "{refused}");
        assert!(fs::read(&one).unwrap() == before);
    }

    #[test]
    fn what_is_no_image_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.dmg");
        fs::write(&file, vec![1; 4096]).unwrap();
        assert!(open_design(&file).unwrap_err().to_string().contains("x.dmg: is not a disk image"));
    }
}
