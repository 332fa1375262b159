//! Differences that no linker at hand makes: slices described in words.

use super::*;
use crate::macho::LoadKind;
use crate::macho::sample::{Sample, symbol_table};

fn slices(left: &Sample, right: &Sample) -> Vec<String> {
    let found = slice::compare("lib", left.arch, &left.build(), &right.build());
    found.iter().map(|it| format!("{} {}: {}", it.class.word(), it.field, tree::sides(it))).collect()
}

/// Without what merely follows in the layout of the file.
fn causes(left: &Sample, right: &Sample) -> Vec<String> {
    slices(left, right).into_iter().filter(|line| !line.starts_with("format ")).collect()
}

fn asking(uses: &[(LoadKind, &str)]) -> Sample {
    let uses = uses.iter().map(|(kind, name)| (*kind, (*name).to_owned())).collect();
    Sample { uses, room: 512, ..Sample::new(Arch::ARM64) }
}

#[test]
fn a_library_is_followed_by_its_name_through_kinds_and_folders() {
    use LoadKind::*;
    let one = |kind, name| asking(&[(kind, name)]);
    let brewed = "/opt/homebrew/lib/libz.1.dylib";
    assert_eq!(
        causes(&one(Required, brewed), &one(Weak, brewed)),
        ["linkage LC_LOAD_DYLIB libz.1.dylib cmd: LC_LOAD_DYLIB → LC_LOAD_WEAK_DYLIB"]
    );
    assert_eq!(
        causes(&one(Required, brewed), &one(Required, "@rpath/libz.1.dylib")),
        [format!("linkage LC_LOAD_DYLIB name: {brewed} → @rpath/libz.1.dylib")]
    );
    assert_eq!(
        causes(&one(Required, brewed), &one(Required, "/usr/local/lib/libz.1.dylib")),
        [format!("environment LC_LOAD_DYLIB name: {brewed} → /usr/local/lib/libz.1.dylib")]
    );
    assert_eq!(
        causes(&one(Required, brewed), &one(Required, "@rpath/libpng.dylib")),
        [
            format!("linkage LC_LOAD_DYLIB: only left: {brewed}"),
            "linkage LC_LOAD_DYLIB: only right: @rpath/libpng.dylib".to_owned()
        ]
    );
}

#[test]
fn versions_of_macos_libraries_are_those_of_the_sdk() {
    let with =
        |name: &str, current| Sample { current: vec![current], ..asking(&[(LoadKind::Required, name)]) };
    let (old, new) = (0x0001_0000, 0x0002_0000);
    let system = "/usr/lib/libSystem.B.dylib";
    assert_eq!(
        causes(&with(system, old), &with(system, new)),
        ["environment LC_LOAD_DYLIB libSystem.B.dylib current version: 1.0.0 → 2.0.0"]
    );
    assert_eq!(
        causes(&with("@rpath/libz.dylib", old), &with("@rpath/libz.dylib", new)),
        ["linkage LC_LOAD_DYLIB libz.dylib current version: 1.0.0 → 2.0.0"]
    );
}

#[test]
fn the_two_kinds_of_version_commands_correspond() {
    let old = Sample { minimums: vec![(0x000a_0d00, 0x000a_0e00)], room: 64, ..Sample::new(Arch::X86_64) };
    let new = Sample { builds: vec![(1, 0x000a_0e00, 0x000b_0000)], room: 64, ..Sample::new(Arch::X86_64) };
    let found = causes(&old, &new);
    assert_eq!(found[0], "environment LC_VERSION_MIN_MACOSX cmd: LC_VERSION_MIN_MACOSX → LC_BUILD_VERSION");
    assert!(found.iter().all(|line| line.starts_with("environment ")), "{found:?}");
}

#[test]
fn paths_and_dates_of_object_files_are_told_apart() {
    let with = |path: &str, date: u8| {
        let table = symbol_table(crate::macho::ByteOrder::Little, true, &[(path, 0x66, 1)]);
        let (mut entries, strings) = table;
        entries[8] = date; // n_value of the only entry
        Sample { symbol_table: Some((entries, strings)), ..Sample::new(Arch::ARM64) }
    };
    let date = causes(&with("/src/a.o", 7), &with("/src/a.o", 8));
    assert_eq!(date, ["environment debug map N_OSO date: 7 → 8"]);
    let both = causes(&with("/ann/a.o", 7), &with("/bob/a.o", 8));
    assert_eq!(both[0], "environment debug map N_OSO: /ann/a.o → /bob/a.o");
    assert_eq!(both.len(), 2);
}

#[test]
fn code_that_was_edited_after_linking_keeps_a_uuid_that_lies() {
    let sample = Sample { uuid: Some([7; 16]), ..Sample::new(Arch::ARM64) };
    let (left, mut right) = (sample.build(), sample.build());
    let at = right.windows(16).position(|part| part == [0xc3; 16]).unwrap();
    right[at + 3] = 0x90;
    let found = slice::compare("lib", Arch::ARM64, &left, &right);
    let field = |it: &Difference| (it.field.clone(), it.class, it.code);
    assert_eq!(
        found.iter().map(field).collect::<Vec<_>>(),
        [("__TEXT,__text".to_owned(), Class::Content, true)]
    );
    assert!(found[0].right.ends_with("1 bytes differ, the first at 0x3"), "{}", found[0].right);
    assert!(found[0].explanation.contains("LC_UUID is the same"));
}

#[test]
fn bytes_that_nothing_describes_are_padding() {
    let sample = Sample { room: 64, ..Sample::new(Arch::ARM64) };
    let (left, mut right) = (sample.build(), sample.build());
    let end = crate::macho::header::Header::parse(&left).unwrap().commands_end();
    right[end + 5] = 1;
    let found = slice::compare("lib", Arch::ARM64, &left, &right);
    assert_eq!((found.len(), found[0].class, found[0].field.as_str()), (1, Class::Format, "padding"));
}

#[test]
fn property_lists_are_compared_by_key_and_form() {
    let read = |body: &str| {
        let text = format!("<?xml version=\"1.0\"?><plist version=\"1.0\"><dict>{body}</dict></plist>");
        text.into_bytes()
    };
    let compare = |left: &[u8], right: &[u8]| -> Vec<String> {
        let found = content::compare("Contents/Info.plist", left, right);
        found.iter().map(|it| format!("{} {}: {}", it.class.word(), it.field, tree::sides(it))).collect()
    };
    let a = read(
        "<key>a</key><array><integer>1</integer></array><key>BuildMachineOSBuild</key><string>22A</string>",
    );
    let b = read(
        "<key>a</key><array><integer>2</integer><true/></array><key>CFBundleVersion</key><string>7</string>",
    );
    assert_eq!(
        compare(&a, &b),
        [
            "environment BuildMachineOSBuild: only left: 22A",
            "content CFBundleVersion: only right: 7",
            "content a[0]: 1 → 2",
            "content a[1]: only right: true",
        ]
    );
    let mut binary = Vec::new();
    crate::bundle::InfoPlist::read(&a).unwrap().value.to_writer_binary(&mut binary).unwrap();
    assert_eq!(compare(&a, &binary), ["format format: xml → binary"]);
    let spaced = [&a[..], b"\n"].concat();
    assert_eq!(compare(&a, &spaced), ["format spelling: the same values → the same values"]);
}

#[test]
fn stamps_of_gzip_and_python_are_no_content() {
    let only = |left: &[u8], right: &[u8]| {
        let found = content::compare("x", left, right);
        (found.len(), found[0].class, found[0].left.clone(), found[0].right.clone())
    };
    let gzip = |time: u8| [&[0x1f, 0x8b, 8, 0, time, 0, 0, 0][..], b"packed"].concat();
    assert_eq!(only(&gzip(1), &gzip(2)), (1, Class::Environment, "1".into(), "2".into()));
    let compiled = |time: u8| [&[0xcb, 0x0d, b'\r', b'\n', 0, 0, 0, 0, time, 0, 0, 0][..], b"code"].concat();
    assert_eq!(only(&compiled(3), &compiled(4)).1, Class::Environment);
    assert_eq!(only(b"one", b"two").1, Class::Content);
}
