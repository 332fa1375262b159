//! The fixtures are what `tests/fixtures/README.md` says they are.

#![allow(clippy::disallowed_methods, reason = "tests make what they look at")]

mod common;

use std::fs;
use std::path::Path;

use bundlewright::macho::{self, Container, LoadKind, MachFile};

fn read(path: &Path) -> MachFile {
    let data = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    macho::read(&data).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn uuids(path: &Path) -> Vec<Option<String>> {
    read(path).slices.into_iter().map(|slice| slice.uuid).collect()
}

#[test]
fn the_sample_holds_one_build_of_quill_twice() {
    let sample = common::unpack_sample();
    let flat = sample.app("Postcard").join("Contents/Frameworks/Quill");
    let whole = sample.path().join("build-machine/Users/builder/CraftRoot/lib/Quill.framework/Quill");
    assert_eq!(uuids(&flat).len(), 2, "universal");
    assert_eq!(uuids(&flat), uuids(&whole));
    assert_ne!(read(&flat).slices[0].install_name, read(&whole).slices[0].install_name);
}

#[test]
fn both_icons_read_at_every_size() {
    let sample = common::unpack_sample();
    let icons = [
        sample.app("Postcard").join("Contents/Resources/Postcard.icns"),
        Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/icon/bundlewright.icns"),
    ];
    for path in icons {
        let file = fs::File::open(&path).expect("an icon");
        let family = icns::IconFamily::read(file).expect("an icon family");
        let mut widths: Vec<u32> = Vec::new();
        for kind in family.available_icons() {
            widths.push(family.get_icon_with_type(kind).expect("an icon that decodes").width());
        }
        for width in [16, 32, 64, 128, 256, 512] {
            assert!(widths.contains(&width), "{}: {widths:?}", path.display());
        }
    }
}

#[test]
fn every_torture_bundle_unpacks_with_its_build_machine() {
    for (archive, app, roots) in
        [("t1", "T1", 1), ("rp", "Rp", 0), ("wx", "Wx", 1), ("col", "Col", 2), ("pad", "Pad", 2)]
    {
        let fixture = common::unpack(archive);
        assert!(fixture.app(app).join("Contents/Info.plist").is_file(), "{archive}");
        assert_eq!(fixture.roots().len(), roots, "{archive}");
    }
    let t1 = common::unpack("t1");
    let opt = t1.path().join("root/opt/homebrew/opt/foo");
    assert!(opt.symlink_metadata().expect("the keg's link").is_symlink());
    assert!(opt.join("lib/libfoo.1.dylib").is_file());
}

#[test]
fn the_full_executable_has_no_header_room() {
    let pad = common::unpack("pad");
    assert_eq!(read(&pad.app("Pad").join("Contents/MacOS/full")).slices[0].header_room, 0);
    assert_eq!(read(&pad.app("PadFits").join("Contents/Frameworks/libfold.dylib")).slices[0].header_room, 0);
}

#[test]
fn the_faults_hold_what_no_linker_writes() {
    let faults = common::unpack("faults");
    let main = |name: &str| read(&faults.app(name).join("Contents/MacOS/main"));

    let kinds: Vec<LoadKind> = main("load-kinds").slices[0].uses.iter().map(|each| each.kind).collect();
    use LoadKind::*;
    assert_eq!(kinds, [Required, Weak, Weak, Delayed, Required, Required, Lazy]);

    assert_eq!(main("fat64").container, Container::Fat64);
    assert_eq!(main("intel-only").container, Container::Thin);
    let uses = &main("duplicate-dylib").slices[0].uses;
    assert_eq!(uses[0].name, uses[1].name);
    let twice = read(&faults.app("duplicate-rpath").join("Contents/Frameworks/libtwice.dylib"));
    assert_eq!(twice.slices[0].rpaths.len(), 2);
    assert_eq!(uuids(&faults.app("no-uuid").join("Contents/Frameworks/libanonymous.dylib")), [None]);

    let truncated = fs::read(faults.app("truncated-library").join("Contents/Frameworks/libwhole.dylib"));
    assert!(macho::read(&truncated.expect("the file")).is_err());
}
