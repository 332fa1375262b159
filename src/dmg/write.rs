//! Writing an image to disk: it appears complete and checked, or not at all.

use std::fs::{self, File};
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

use super::assemble::{volume_tree, write_image};
use super::background;
use super::hfsplus::{self, unicode};
use super::spec::{DmgSpec, ItemSource};
use super::tree::Content;
use super::udif::Koly;
use super::verify::verify_against;
use crate::failure::Failure;
use crate::os;
use crate::progress::Progress;

/// A finished disk image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    pub path: PathBuf,
    /// Bytes of the image, and of the volume in it.
    pub bytes: u64,
    pub volume_bytes: u64,
    /// What the volume holds, the files of its window among them.
    pub files: usize,
    pub folders: usize,
    pub links: usize,
    /// What is in it otherwise than on this disk, in a sentence each.
    pub notes: Vec<String>,
}

/// Builds the disk image `out`, reads it back, compares every file with its source, and only then puts it in its place.
///
/// # Errors
/// A [`Failure`] naming the file at fault. Whatever stood at `out` before is then still there.
pub fn build(spec: &DmgSpec, out: &Path, progress: &Progress) -> Result<Built, Failure> {
    build_with(spec, out, threads(), None, progress)
}

/// Looks at a finished image that is not in its place yet, and answers what is to stand in place of its trailer: a signature
/// and the trailer that knows it.
pub type Ending<'a> = &'a mut dyn FnMut(&Path) -> Result<Vec<u8>, Failure>;

/// As [`build`], with another ending.
///
/// # Errors
/// As [`build`], and what `ending` answers.
pub fn build_ending(
    spec: &DmgSpec,
    out: &Path,
    ending: Ending,
    progress: &Progress,
) -> Result<Built, Failure> {
    build_with(spec, out, threads(), Some(ending), progress)
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(2, |count| count.get().clamp(2, 16))
}

fn build_with(
    spec: &DmgSpec,
    out: &Path,
    threads: usize,
    ending: Option<Ending>,
    progress: &Progress,
) -> Result<Built, Failure> {
    check_spec(spec, out)?;
    let tree = volume_tree(spec, progress)?;
    let mut temporary = temporary_beside(out)?;
    let volume_bytes =
        write_image(spec, &tree, BufWriter::new(temporary.as_file_mut()), out, threads, progress)?;
    if let Some(ending) = ending {
        progress.step("signing", &spec.volume_name, 0, 1)?;
        let end = ending(temporary.path()).map_err(|failure| failure.seen_at(temporary.path(), out))?;
        let file = temporary.as_file_mut();
        let written = file.seek(SeekFrom::End(-(Koly::SIZE as i64))).and_then(|_| file.write_all(&end));
        written.map_err(|error| Failure::io(out, "write", &error))?;
    }
    temporary.as_file().sync_all().map_err(|error| Failure::io(out, "write", &error))?;
    let problems = verify_against(temporary.path(), &tree, progress)?;
    if let Some(problem) = problems.first() {
        let what = format!("could not be verified: {} {}", problem.path, problem.message);
        return Err(Failure::new(out, what, "build it again, and check the disk and memory of this machine"));
    }
    let bytes = temporary.as_file().metadata().map_err(|error| Failure::io(out, "read", &error))?.len();
    temporary.persist(out).map_err(|error| Failure::io(out, "write", &error.error))?;
    sync_folder(out)?;
    let count = |matches: fn(&Content) -> bool| {
        tree.entries.iter().skip(1).filter(|entry| matches(&entry.content)).count()
    };
    Ok(Built {
        path: out.to_path_buf(),
        bytes,
        volume_bytes,
        files: count(|content| matches!(content, Content::File { .. })),
        folders: count(|content| matches!(content, Content::Folder)),
        links: count(|content| matches!(content, Content::Link { .. })),
        notes: tree.notes().into_iter().chain(background::notes(&spec.layout)).collect(),
    })
}

fn check_spec(spec: &DmgSpec, out: &Path) -> Result<(), Failure> {
    spec.layout.check()?;
    let name = unicode::to_disk(&spec.volume_name);
    if name.is_empty() || name.len() > unicode::MAX_NAME || unicode::fold(&name).is_empty() {
        let what = format!("cannot be called \"{}\" as a volume", spec.volume_name);
        return Err(Failure::new(out, what, "give it a name of 1 to 255 letters"));
    }
    if spec.volume_icon.as_ref().is_some_and(|icon| !icon.starts_with(b"icns")) {
        return Err(Failure::new("the volume icon", "is not an .icns file", "choose one, or leave it out"));
    }
    if hfsplus::date(spec.epoch).is_none() {
        let what = format!("cannot have the date {} seconds after 1970, since HFS+ ends in 2040", spec.epoch);
        return Err(Failure::new(out, what, "set SOURCE_DATE_EPOCH to an earlier date"));
    }
    if out.is_dir() {
        return Err(Failure::new(out, "is a folder", "name the disk image to be written"));
    }
    let folder =
        fs::canonicalize(folder_of(out)).map_err(|error| Failure::io(folder_of(out), "open", &error))?;
    for item in &spec.items {
        let path = match &item.source {
            ItemSource::Local(path) => path,
            ItemSource::Stored { image, .. } if is_same(image, out) => {
                let what = "is the image that is read for it";
                return Err(Failure::new(out, what, "give the new one another name"));
            }
            _ => continue,
        };
        let source = fs::canonicalize(path).map_err(|error| Failure::io(path, "read", &error))?;
        if folder.starts_with(&source) {
            let what = format!("would be written into {}, which goes into it", path.display());
            return Err(Failure::new(out, what, "write it to another folder"));
        }
    }
    Ok(())
}

fn is_same(one: &Path, other: &Path) -> bool {
    matches!((fs::canonicalize(one), fs::canonicalize(other)), (Ok(one), Ok(other)) if one == other)
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// How the names of half images begin and end.
const PARTIAL: (&str, &str) = (".bundlewright-", ".dmg.partial");

/// Removed when dropped; with the permissions of any new file.
fn temporary_beside(out: &Path) -> Result<NamedTempFile, Failure> {
    let mut builder = Builder::new();
    builder.prefix(PARTIAL.0).suffix(PARTIAL.1);
    if let Some(permissions) = os::permissions(0o666) {
        builder.permissions(permissions);
    }
    remove_orphans(folder_of(out));
    let temporary = builder.tempfile_in(folder_of(out)).map_err(|error| Failure::io(out, "write", &error))?;
    let _ = temporary.as_file().try_lock(); // some network disks know no locks
    Ok(temporary)
}

/// Half images whose makers were killed: nobody holds their lock any more.
#[allow(clippy::disallowed_methods, reason = "one of the writers, and its own file")]
fn remove_orphans(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let ours = name.to_str().is_some_and(|name| name.starts_with(PARTIAL.0) && name.ends_with(PARTIAL.1));
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        if ours && is_file && File::open(entry.path()).is_ok_and(|file| file.try_lock().is_ok()) {
            let _ = fs::remove_file(entry.path()); // another user's stays
        }
    }
}

/// Makes the new name last through a power failure.
fn sync_folder(out: &Path) -> Result<(), Failure> {
    let folder = folder_of(out);
    os::sync_folder(folder).map_err(|error| Failure::io(folder, "write", &error))
}

#[cfg(test)]
mod tests {
    use super::super::apple_double::{self, Values};
    use super::super::extract::extract;
    use super::super::fault::ReadAt;
    use super::super::gpt::{self, SECTOR};
    use super::super::layout::Background;
    use super::super::licence::Licence;
    use super::super::read::{DiskImage, Kind};
    use super::super::spec::{Format, Item, PartitionMap};
    use super::super::tree::Tree;
    use super::super::udif::reader::Udif;
    use super::super::verify::verify;
    use super::super::{DmgLayout, finder};
    use super::*;
    use crate::progress::Cancelled;
    use std::io::Cursor;

    /// An app with a program, a framework's links and an empty folder.
    fn app(folder: &Path) -> PathBuf {
        let app = folder.join("Hällo.app");
        let version = app.join("Contents/Frameworks/F.framework/Versions/A");
        fs::create_dir_all(&version).unwrap();
        fs::create_dir_all(app.join("Contents/Empty")).unwrap();
        fs::write(app.join("Contents/Info.plist"), "<plist/>".repeat(2000)).unwrap();
        fs::write(version.join("F"), vec![0; 3 << 20]).unwrap();
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("A", version.parent().unwrap().join("Current")).unwrap();
            std::os::unix::fs::symlink("Versions/Current/F", app.join("Contents/Frameworks/F.framework/F"))
                .unwrap();
        }
        app
    }

    fn spec(app: &Path) -> DmgSpec {
        let mut spec = DmgSpec::for_app(app, "Hällo 1.0", 1_700_000_000).unwrap();
        spec.volume_icon = Some(b"icns\0\0\0\x08".to_vec());
        spec
    }

    fn entries(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn an_image_is_built_verified_and_read_back_with_its_layout() {
        let folder = tempfile::tempdir().unwrap();
        let (spec, out) = (spec(&app(folder.path())), folder.path().join("out.dmg"));
        let built = build(&spec, &out, &Progress::silent()).unwrap();
        assert_eq!(built.bytes, fs::metadata(&out).unwrap().len());
        assert_eq!(verify(&out, &Progress::silent()).unwrap(), []);
        let mut image = DiskImage::open(&out).unwrap();
        assert_eq!(image.volume_name(), "Hällo 1.0");
        let target = Kind::Link { target: "/Applications".into() };
        assert_eq!(image.entry("Applications").unwrap().kind, target);
        assert!(image.entry(".VolumeIcon.icns").unwrap().is_hidden());
        let plist = image.read("Hällo.app/Contents/Info.plist").unwrap();
        assert_eq!(plist, "<plist/>".repeat(2000).as_bytes());
        assert!(image.read("Hällo.app").unwrap_err().to_string().contains("holds no file Hällo.app"));
        let mut expected = spec.layout.clone();
        let picture = ".background/background.tiff";
        expected.background = Background::Picture { picture: picture.into(), retina: None };
        assert_eq!(image.layout().unwrap(), Some(expected));
        assert!(image.read(picture).unwrap().starts_with(b"II*\0"));
    }

    #[test]
    fn the_same_input_gives_the_same_bytes_whatever_the_threads() {
        let folder = tempfile::tempdir().unwrap();
        let spec = spec(&app(folder.path()));
        let image = |threads: usize| {
            let out = folder.path().join(format!("{threads}.dmg"));
            build_with(&spec, &out, threads, None, &Progress::silent()).unwrap();
            fs::read(out).unwrap()
        };
        let one = image(1);
        assert!(one == image(4));
        let mut later = spec.clone();
        later.epoch += 1;
        build(&later, &folder.path().join("later.dmg"), &Progress::silent()).unwrap();
        assert!(one != fs::read(folder.path().join("later.dmg")).unwrap());
    }

    #[test]
    fn a_bare_volume_is_the_same_volume_without_a_partition_map() {
        let folder = tempfile::tempdir().unwrap();
        let mut spec = spec(&app(folder.path()));
        let volume = |spec: &DmgSpec| {
            let out = folder.path().join("x.dmg");
            build(spec, &out, &Progress::silent()).unwrap();
            assert_eq!(verify(&out, &Progress::silent()).unwrap(), []);
            let mut image = DiskImage::open(&out).unwrap();
            let mut bytes = vec![0; image.volume_size() as usize];
            image.partition().read_at(0, &mut bytes).unwrap();
            (image.udif.koly, image.start, bytes)
        };
        let disk = volume(&spec);
        spec.partition_map = PartitionMap::Bare;
        let bare = volume(&spec);
        assert_eq!((disk.0.partitioned, disk.1), (true, gpt::FIRST * SECTOR));
        assert_eq!((bare.0.partitioned, bare.1, bare.0.sectors * SECTOR), (false, 0, bare.2.len() as u64));
        assert!(disk.2 == bare.2);
    }

    #[test]
    fn cancelling_leaves_what_was_there_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let spec = spec(&app(folder.path()));
        let out_folder = folder.path().join("out");
        fs::create_dir(&out_folder).unwrap();
        let out = out_folder.join("x.dmg");
        fs::write(&out, "before").unwrap();
        for verb in ["reading", "compressing", "checking", "comparing"] {
            let progress = Progress::new(move |step| if step.verb == verb { Err(Cancelled) } else { Ok(()) });
            assert_eq!(build(&spec, &out, &progress), Err(Failure::Cancelled), "{verb}");
            assert_eq!(entries(&out_folder), ["x.dmg"]);
            assert_eq!(fs::read(&out).unwrap(), b"before");
        }
        build(&spec, &out, &Progress::silent()).unwrap();
        assert_eq!(entries(&out_folder), ["x.dmg"]);
        assert!(fs::metadata(&out).unwrap().len() > 6);
    }

    #[cfg(unix)]
    #[test]
    fn a_half_image_whose_maker_was_killed_goes_and_one_at_work_stays() {
        let folder = tempfile::tempdir().unwrap();
        let spec = spec(&app(folder.path()));
        let out_folder = folder.path().join("out");
        fs::create_dir(&out_folder).unwrap();
        fs::write(out_folder.join(".bundlewright-aaaaaa.dmg.partial"), "half").unwrap();
        let at_work = temporary_beside(&out_folder.join("other.dmg")).unwrap();
        build(&spec, &out_folder.join("x.dmg"), &Progress::silent()).unwrap();
        let mut names =
            vec![at_work.path().file_name().unwrap().to_str().unwrap().to_owned(), "x.dmg".into()];
        names.sort();
        assert_eq!(entries(&out_folder), names);
    }

    #[test]
    fn one_flipped_byte_is_found_wherever_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let (spec, out) = (spec(&app(folder.path())), folder.path().join("x.dmg"));
        build(&spec, &out, &Progress::silent()).unwrap();
        let good = fs::read(&out).unwrap();
        let koly = Udif::open(Cursor::new(good.clone())).unwrap().koly;
        let bad = folder.path().join("bad.dmg");
        let checksums = [good.len() - 512 + 88, good.len() - 512 + 360, good.len() - 512 + 495];
        for at in (0..koly.data_length as usize).step_by(koly.data_length as usize / 40).chain(checksums) {
            let mut bytes = good.clone();
            bytes[at] ^= 1;
            fs::write(&bad, bytes).unwrap();
            let found = verify(&bad, &Progress::silent());
            assert!(found.as_ref().is_ok_and(|problems| !problems.is_empty()), "{at}: {found:?}");
        }
        for length in [0, 10, 600, good.len() / 2, good.len() - 1] {
            fs::write(&bad, &good[..length]).unwrap();
            assert!(verify(&bad, &Progress::silent()).unwrap_err().to_string().contains("not a disk image"));
        }
    }

    #[test]
    fn a_licence_stands_in_the_image_in_every_language() {
        let folder = tempfile::tempdir().unwrap();
        let (mut spec, out) = (spec(&app(folder.path())), folder.path().join("x.dmg"));
        let licence = |code| Licence::new(code, b"Be kind.".to_vec(), Path::new("L.txt")).unwrap();
        spec.licences = vec![licence("en"), licence("de")];
        build(&spec, &out, &Progress::silent()).unwrap();
        let image = fs::read(&out).unwrap();
        let koly = Udif::open(Cursor::new(image.clone())).unwrap().koly;
        let xml = &image[koly.xml_offset as usize..][..koly.xml_length as usize];
        let list = plist::Value::from_reader_xml(xml).unwrap();
        let fork = list.as_dictionary().unwrap().get("resource-fork").unwrap().as_dictionary().unwrap();
        let count = |kind: &str| fork.get(kind).and_then(plist::Value::as_array).map(Vec::len);
        let kinds = ["LPic", "STR#", "TEXT", "RTF "];
        assert_eq!(kinds.map(count), [Some(1), Some(2), Some(2), None]);
    }

    #[cfg(unix)]
    #[test]
    fn what_is_extracted_is_what_went_in() {
        let folder = tempfile::tempdir().unwrap();
        let (app, out) = (app(folder.path()), folder.path().join("x.dmg"));
        let mut spec = spec(&app);
        spec.format = Format::Udro;
        spec.layout.background = Background::None;
        build(&spec, &out, &Progress::silent()).unwrap();
        let to = folder.path().join("to");
        extract(&out, &to, &Progress::silent()).unwrap();
        let framework = to.join("Hällo.app/Contents/Frameworks/F.framework");
        assert_eq!(fs::read_link(framework.join("F")).unwrap(), Path::new("Versions/Current/F"));
        assert_eq!(fs::read(framework.join("F")).unwrap(), vec![0; 3 << 20]);
        assert!(to.join("Hällo.app/Contents/Empty").is_dir());
        let mut found = entries(&to);
        found.retain(|name| !name.starts_with("._")); // on a disk without extended attributes
        assert_eq!(found, [".DS_Store", ".VolumeIcon.icns", "Applications", "Hällo.app"]);
        assert!(
            extract(&out, &to, &Progress::silent()).unwrap_err().to_string().contains("could not create")
        );
    }

    #[test]
    fn attributes_go_through_an_image_and_come_out_again() {
        let folder = tempfile::tempdir().unwrap();
        let (app, out) = (app(folder.path()), folder.path().join("x.dmg"));
        let values = |values: &[(&str, &[u8])]| -> Values {
            values.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect()
        };
        let large = vec![5; 70_000];
        let put = values(&[
            ("com.apple.cs.CodeDirectory", b"signed"),
            ("com.apple.cs.CodeSignature", &large),
            ("com.apple.ResourceFork", b"fork"),
        ]);
        let mut doubled = put.clone();
        doubled.insert("com.apple.quarantine".into(), b"0081;"[..].into());
        fs::write(app.join("Contents/._Info.plist"), apple_double::write(&doubled).unwrap()).unwrap();
        let built = build(&spec(&app), &out, &Progress::silent()).unwrap();
        assert_eq!(
            built.notes,
            [
                "1 file of the form ._name became the attributes of name, as on a Mac.",
                "The attribute com.apple.quarantine of 1 file was left out."
            ]
        );
        let mut image = DiskImage::open(&out).unwrap();
        let entry = image.entry("Hällo.app/Contents/Info.plist").unwrap().clone();
        assert_eq!(image.beside(&entry, &out).unwrap(), put);
        assert!(image.entry("Hällo.app/Contents/._Info.plist").is_none());
        let to = folder.path().join("to");
        extract(&out, &to, &Progress::silent()).unwrap();
        let mut again = Tree::new();
        again.add_local(0, "Hällo.app", &to.join("Hällo.app"), &Progress::silent()).unwrap();
        let index = (0..again.entries.len()).find(|index| again.path(*index) == entry.path).unwrap();
        assert_eq!(again.beside(index), put);
    }

    #[test]
    fn what_cannot_be_built_is_refused_by_name_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let app = app(folder.path());
        let good = spec(&app);
        let out = folder.path().join("x.dmg");
        let refuse = |change: &dyn Fn(&mut DmgSpec), out: &Path, words: &str| {
            let mut spec = good.clone();
            change(&mut spec);
            let text = build(&spec, out, &Progress::silent()).unwrap_err().to_string();
            assert!(text.contains(words), "{text}");
            assert_eq!(entries(folder.path()), ["Hällo.app"]);
        };
        refuse(&|spec| spec.volume_name.clear(), &out, "cannot be called");
        refuse(&|spec| spec.epoch = 3_000_000_000, &out, "HFS+ ends in 2040");
        refuse(&|spec| spec.volume_icon = Some(b"PNG".to_vec()), &out, "is not an .icns file");
        refuse(&|spec| spec.layout.icon_size = 4, &out, "icon size of 4");
        refuse(&|spec| spec.items.push(spec.items[0].clone()), &out, "for a Mac, which ignores case");
        refuse(
            &|spec| spec.items.push(Item { name: ".ds_store".into(), ..Item::applications() }),
            &out,
            "/.DS_Store",
        );
        refuse(
            &|spec| spec.items.push(Item::local(Path::new("/no/such")).unwrap()),
            &out,
            "/no/such: could not read",
        );
        refuse(&|_| (), &app.join("x.dmg"), "goes into it");
        refuse(&|_| (), &folder.path().join("none/x.dmg"), "could not open");
        refuse(&|_| (), folder.path(), "is a folder");
    }

    #[test]
    fn parked_icons_are_no_part_of_a_layout() {
        let store = DmgLayout::standard("A.app").ds_store(None).unwrap();
        let layout = DmgLayout::from_ds_store(&store).unwrap();
        assert!(finder::HIDDEN.iter().all(|name| !layout.positions.contains_key(*name)));
    }
}
