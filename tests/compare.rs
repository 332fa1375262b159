//! Builds whose differences are known, class by class: `tests/fixtures/twice.py` makes them.

#![allow(clippy::disallowed_methods, reason = "tests make what they look at")]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use bundlewright::bundle;
use bundlewright::codesign;
use bundlewright::compare::tree::tree;
use bundlewright::compare::{Change, Class, Comparison, compare, verdict};
use bundlewright::dmg::{DmgSpec, build};
use bundlewright::macho::{self, Container, fat};
use bundlewright::paths::RuntimePath;
use bundlewright::progress::{Cancelled, Progress};
use bundlewright::workflow::{self, FixOptions, InspectOptions, comparison_markdown};
use common::unpack;

fn of(left: &Path, right: &Path) -> Comparison {
    compare(left, right, &Progress::silent()).unwrap()
}

fn classes(comparison: &Comparison) -> BTreeSet<Class> {
    comparison.differences.iter().map(|difference| difference.class).collect()
}

/// "Class field" of every difference, each once.
fn fields(comparison: &Comparison) -> BTreeSet<String> {
    comparison.differences.iter().map(|it| format!("{} {}", it.class.word(), it.field)).collect()
}

fn set(words: &[&str]) -> BTreeSet<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in walkdir::WalkDir::new(from).min_depth(1) {
        let entry = entry.unwrap();
        let place = to.join(entry.path().strip_prefix(from).unwrap());
        if entry.file_type().is_dir() {
            fs::create_dir_all(place).unwrap();
        } else if entry.file_type().is_symlink() {
            #[cfg(unix)]
            std::os::unix::fs::symlink(fs::read_link(entry.path()).unwrap(), place).unwrap();
        } else {
            fs::copy(entry.path(), place).unwrap();
        }
    }
}

fn sign(app: &Path) {
    let bundle = bundle::scan(app, &Progress::silent()).unwrap();
    let touched = bundle.images.keys().cloned().collect();
    let plan = codesign::plan(&bundle, &touched, &codesign::SignOptions::default());
    codesign::sign(app, &plan, &Progress::silent()).unwrap();
}

struct Twice(common::Fixture);

impl Twice {
    fn unpack() -> Twice {
        Twice(unpack("twice"))
    }

    fn app(&self, folder: &str) -> PathBuf {
        self.0.path().join(folder).join("Twice.app")
    }

    fn path(&self, inside: &str) -> PathBuf {
        self.0.path().join(inside)
    }

    fn compare(&self, right: &str) -> Comparison {
        of(&self.app("first"), &self.app(right))
    }
}

#[test]
fn a_bundle_is_identical_with_itself_and_with_the_same_build_again() {
    let twice = Twice::unpack();
    for right in ["first", "again"] {
        let comparison = twice.compare(right);
        assert!(comparison.is_equal() && comparison.same_code(), "{:?}", comparison.differences);
        assert_eq!((verdict(&comparison).as_str(), comparison.tally.equal), ("identical", 5));
    }
}

#[test]
fn a_rebuild_differs_in_uuid_and_environment_alone() {
    let comparison = Twice::unpack().compare("rebuilt");
    let expected = [
        "always LC_UUID",
        "environment DTSDKName",
        "environment LC_BUILD_VERSION minos",
        "environment LC_BUILD_VERSION sdk",
        "environment LSMinimumSystemVersion",
        "signature CDHash",
    ];
    assert_eq!(fields(&comparison), set(&expected));
    assert!(comparison.same_code());
    assert_eq!(verdict(&comparison), "same code, different build environment, UUID and signature");
    let minos = comparison.differences.iter().find(|it| it.field == "LC_BUILD_VERSION minos").unwrap();
    assert_eq!((minos.left.as_str(), minos.right.as_str()), ("11.0", "12.0"));
    assert!(minos.explanation.contains("MACOSX_DEPLOYMENT_TARGET"));
}

#[test]
fn a_bundle_signed_again_differs_in_signatures_alone() {
    let twice = Twice::unpack();
    let signed = twice.path("signed/Twice.app");
    copy(&twice.app("first"), &signed);
    sign(&signed);
    let comparison = of(&twice.app("first"), &signed);
    assert_eq!(classes(&comparison), [Class::Signature].into());
    assert!(comparison.same_code());
    assert_eq!(verdict(&comparison), "same code, different signature");
    let seal = comparison.differences.iter().find(|it| it.path.ends_with("CodeResources")).unwrap();
    assert_eq!((seal.change, seal.field.as_str()), (Change::Added, "file"));
}

#[test]
fn other_order_versions_and_rpaths_are_linkage() {
    let comparison = Twice::unpack().compare("relinked");
    assert_eq!(classes(&comparison), [Class::Linkage, Class::Signature, Class::Always].into());
    let linkage: BTreeSet<&str> = comparison
        .differences
        .iter()
        .filter(|it| it.class == Class::Linkage)
        .map(|it| it.field.as_str())
        .collect();
    let expected =
        ["LC_ID_DYLIB current version", "LC_RPATH", "order of libraries", "LC_DYLD_INFO_ONLY lazy_bind data"];
    assert_eq!(linkage, expected.into());
    assert_eq!(verdict(&comparison), "same code, different linkage, UUID and signature");
}

#[test]
fn chains_instead_of_opcodes_are_another_format_of_the_same_code() {
    let comparison = Twice::unpack().compare("chained");
    assert_eq!(classes(&comparison), [Class::Format, Class::Signature, Class::Always].into());
    assert!(comparison.same_code());
}

#[test]
fn other_functions_are_other_code_with_the_section_that_differs() {
    let comparison = Twice::unpack().compare("other");
    assert!(!comparison.same_code());
    assert_eq!(verdict(&comparison), "different code in 2 images");
    let of_class = |class| comparison.differences.iter().filter(move |it| it.class == class);
    let content: BTreeSet<&str> = of_class(Class::Content).map(|it| it.field.as_str()).collect();
    assert_eq!(content, ["__TEXT,__text", "export _one", "export _three", "export _two"].into());
    let text = of_class(Class::Content).find(|it| it.field == "__TEXT,__text").unwrap();
    assert!(text.right.ends_with("different from 0x14 on"), "{}", text.right);
}

#[test]
fn debug_maps_and_archives_tell_what_the_build_machine_left() {
    let twice = Twice::unpack();
    let debug = of(&twice.path("debug/ann/libdebug.dylib"), &twice.path("debug/bob/libdebug.dylib"));
    let expected =
        ["always LC_UUID", "environment debug map N_OSO", "environment debug map N_SO", "signature CDHash"];
    assert_eq!(fields(&debug), set(&expected));
    let archives = of(&twice.path("archive/monday/libtwice.a"), &twice.path("archive/tuesday/libtwice.a"));
    assert_eq!(fields(&archives), set(&["environment member date and owner"]));
    assert!(archives.same_code() && archives.differences[0].explanation.contains("ZERO_AR_DATE"));
    let less = of(&twice.path("archive/monday/libtwice.a"), &twice.path("archive/less/libtwice.a"));
    assert_eq!(fields(&less), set(&["content member two.o"]));
}

#[test]
fn nix_builds_differ_as_the_article_shows() {
    let twice = Twice::unpack();
    let sdk = of(&twice.path("nix/10.12/true"), &twice.path("nix/10.13/true"));
    assert_eq!(fields(&sdk), set(&["always LC_UUID", "environment LC_VERSION_MIN_MACOSX sdk"]));
    assert_eq!(verdict(&sdk), "same code, different build environment and UUID");
    let moved = of(&twice.path("nix/umbrella/true"), &twice.path("nix/moved/true"));
    assert_eq!(fields(&moved), set(&["always LC_UUID", "environment LC_LOAD_DYLIB name"]));
    let umbrella = of(&twice.path("nix/10.12/true"), &twice.path("nix/umbrella/true"));
    let added = umbrella.differences.iter().find(|it| it.field == "LC_LOAD_DYLIB").unwrap();
    assert_eq!((added.class, added.change), (Class::Linkage, Change::Added));
    assert!(added.right.starts_with("/nix/store/"));
}

#[test]
fn a_thin_file_and_a_universal_one_share_the_slice_that_both_have() {
    let twice = Twice::unpack();
    let universal = twice.app("first").join("Contents/MacOS/twice");
    let bytes = fs::read(&universal).unwrap();
    let (_, range) = fat::slices(&bytes).unwrap()[0].clone();
    let thin = twice.path("thin");
    fs::write(&thin, &bytes[range.clone()]).unwrap();
    let comparison = of(&thin, &universal);
    let arch = macho::read(&bytes).unwrap().slices[1].arch;
    let content = format!("content architecture {arch}");
    assert_eq!(fields(&comparison), set(&[&content, "format container", "content mode"]));
    assert_eq!(
        verdict(&comparison),
        "same code in all that both have, 1 image or slice on one side only, different files or values and format"
    );
    let again = twice.path("again.fat");
    fs::write(&again, fat::assemble_fat(Container::Fat64, &[bytes[range].to_vec()]).unwrap()).unwrap();
    assert_eq!(classes(&of(&thin, &again)), [Class::Format].into(), "the same slice in another container");
}

#[test]
fn a_repaired_bundle_differs_in_linkage_signatures_and_what_came_in() {
    let fixture = unpack("t1");
    let app = fixture.app("T1");
    let before = fixture.path().join("before/T1.app");
    copy(&app, &before);
    let roots = fixture.roots().into_iter().map(|(from, to)| (RuntimePath::new(from), to)).collect();
    let roots = bundle::SearchRoots { roots, this_machine: false };
    let inspection =
        workflow::inspect(&app, &InspectOptions::new(roots.clone()), &Progress::silent()).unwrap();
    let options = FixOptions { roots, ..FixOptions::default() };
    let plan = workflow::plan(&inspection, &options, &Progress::silent()).unwrap();
    workflow::repair(inspection, plan, &Progress::silent()).unwrap();
    let comparison = of(&before, &app);
    let executable: BTreeSet<Class> = comparison
        .differences
        .iter()
        .filter(|it| it.path == "Contents/MacOS/brewed" && it.arch.is_some())
        .map(|it| it.class)
        .collect();
    assert_eq!(executable, [Class::Linkage, Class::Signature].into(), "{:#?}", fields(&comparison));
    let rest = comparison.differences.iter().filter(|it| it.path != "Contents/MacOS/brewed");
    let rest: Vec<_> = rest.filter(|it| it.class != Class::Signature).collect();
    assert!(rest.iter().all(|it| it.change == Change::Added && it.class == Class::Content), "{rest:#?}");
    assert!(
        verdict(&comparison).starts_with("same code in all that both have, 5 images"),
        "{}",
        verdict(&comparison)
    );
}

#[test]
fn files_that_moved_are_followed_and_compared() {
    let twice = Twice::unpack();
    let moved = twice.path("moved/Twice.app");
    copy(&twice.app("first"), &moved);
    let frameworks = moved.join("Contents/Frameworks");
    fs::rename(
        moved.join("Contents/Resources/read-me.txt"),
        moved.join("Contents/Resources/read-me-first.txt"),
    )
    .unwrap();
    let (from, to) = (frameworks.join("libone.dylib"), frameworks.join("deep/libone.dylib"));
    fs::create_dir(frameworks.join("deep")).unwrap();
    fs::rename(&from, &to).unwrap();
    // Edited as well: only its LC_UUID says that it is the same link.
    let mut bytes = fs::read(&to).unwrap();
    let at = bytes.windows(12).position(|part| part == b"libone.dylib").unwrap();
    bytes[at] = b'L';
    fs::write(&to, bytes).unwrap();
    let comparison = of(&twice.app("first"), &moved);
    let paths: Vec<(&str, &str)> = comparison
        .differences
        .iter()
        .filter(|it| it.change == Change::Moved)
        .map(|it| (it.left.as_str(), it.right.as_str()))
        .collect();
    assert_eq!(
        paths,
        [
            ("Contents/Frameworks/libone.dylib", "Contents/Frameworks/deep/libone.dylib"),
            ("Contents/Resources/read-me.txt", "Contents/Resources/read-me-first.txt")
        ]
    );
    assert!(fields(&comparison).contains("linkage LC_ID_DYLIB name"), "{:?}", fields(&comparison));
    assert_eq!((comparison.tally.moved, comparison.tally.added, comparison.tally.removed), (2, 0, 0));
}

#[test]
fn a_bundle_equals_the_disk_image_built_from_it() {
    let twice = Twice::unpack();
    let (app, image) = (twice.app("first"), twice.path("Twice.dmg"));
    build(&DmgSpec::for_app(&app, "Twice", 0).unwrap(), &image, &Progress::silent()).unwrap();
    for (left, right) in [(&app, &image), (&image, &app), (&image, &image)] {
        let comparison = of(left, right);
        assert!(comparison.is_equal(), "{:?}", comparison.differences);
        assert_eq!(
            comparison.notes.is_empty(),
            left == right,
            "only a folder has permissions that an image lacks"
        );
    }
    let rebuilt = of(&image, &twice.app("rebuilt"));
    let same = of(&twice.app("first"), &twice.app("rebuilt"));
    assert_eq!(rebuilt.differences, same.differences, "what is read from an image is as good as a folder");
}

#[test]
fn what_stands_in_apple_double_files_is_on_the_image_as_attributes() {
    let twice = Twice::unpack();
    let (app, image) = (twice.app("first"), twice.path("Twice.dmg"));
    // Header, no entries; and one of 32 bytes of Finder information.
    let mut double = [&[0, 5, 0x16, 7, 0, 2, 0, 0][..], &[0; 16], &[0, 1]].concat();
    double.extend([[0, 0, 0, 9], [0, 0, 0, 38], [0, 0, 0, 32]].concat());
    double.extend([&b"TEXTttxt"[..], &[0; 24]].concat());
    fs::write(app.join("Contents/Resources/._read-me.txt"), &double).unwrap();
    fs::write(app.join("Contents/Resources/._nobody"), &double).unwrap();
    build(&DmgSpec::for_app(&app, "Twice", 0).unwrap(), &image, &Progress::silent()).unwrap();
    let comparison = of(&app, &image);
    assert!(comparison.is_equal(), "{:?}", comparison.differences);
    assert!(comparison.notes.iter().any(|note| note.contains("._name")), "{:?}", comparison.notes);
    fs::remove_file(app.join("Contents/Resources/._read-me.txt")).unwrap();
    assert_eq!(fields(&of(&app, &image)), set(&["content attribute com.apple.FinderInfo"]));
}

#[cfg(unix)]
#[test]
fn links_modes_and_kinds_are_compared_without_following_them() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = tempfile::tempdir().unwrap();
    for side in ["a", "b"] {
        let side = folder.path().join(side);
        fs::create_dir_all(side.join("empty")).unwrap();
        symlink(".", side.join("loop")).unwrap();
        fs::write(side.join("run"), "x").unwrap();
    }
    let (a, b) = (folder.path().join("a"), folder.path().join("b"));
    assert!(of(&a, &b).is_equal());
    symlink("loop", a.join("link")).unwrap();
    symlink("nowhere", b.join("link")).unwrap();
    fs::set_permissions(b.join("run"), fs::Permissions::from_mode(0o755)).unwrap();
    fs::remove_dir(b.join("empty")).unwrap();
    fs::write(b.join("empty"), "now a file").unwrap();
    let comparison = of(&a, &b);
    assert_eq!(fields(&comparison), set(&["content kind", "content link target", "content mode"]));
    assert!(comparison.same_code());
    fs::set_permissions(b.join("run"), fs::Permissions::from_mode(0o750)).unwrap();
    fs::set_permissions(a.join("run"), fs::Permissions::from_mode(0o755)).unwrap();
    let mode = of(&a, &b).differences.into_iter().find(|it| it.field == "mode").unwrap();
    assert_eq!((mode.class, mode.left.as_str(), mode.right.as_str()), (Class::Environment, "0755", "0750"));
}

#[test]
fn hostile_files_are_differences_and_never_a_panic() {
    let twice = Twice::unpack();
    let whole = fs::read(twice.app("first").join("Contents/MacOS/twice")).unwrap();
    let (left, right) = (twice.path("whole"), twice.path("cut"));
    fs::write(&left, &whole).unwrap();
    for length in (0..whole.len()).step_by(whole.len() / 8).chain([4, 8, 60, 16_400]) {
        fs::write(&right, &whole[..length]).unwrap();
        match compare(&left, &right, &Progress::silent()) {
            Ok(comparison) => assert!(!comparison.is_equal() && !comparison.same_code(), "{length}"),
            Err(failure) => assert!(failure.to_string().contains("neither"), "{length}: {failure}"),
        }
    }
    let libraries = ["first", "other"]
        .map(|it| fs::read(twice.app(it).join("Contents/Frameworks/libone.dylib")).unwrap());
    fs::write(&left, &libraries[0]).unwrap();
    for at in (4..libraries[0].len().min(1_000)).step_by(23) {
        let mut bytes = libraries[1].clone();
        bytes[at] ^= 0xff;
        fs::write(&right, bytes).unwrap();
        assert!(!of(&left, &right).is_equal());
    }
}

#[test]
fn a_single_byte_anywhere_is_never_overlooked() {
    let twice = Twice::unpack();
    let bytes = fs::read(twice.app("first").join("Contents/Frameworks/libone.dylib")).unwrap();
    let (left, right) = (twice.path("left"), twice.path("right"));
    fs::write(&left, &bytes).unwrap();
    for at in (4..bytes.len()).step_by(131) {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        fs::write(&right, &changed).unwrap();
        assert!(!of(&left, &right).is_equal(), "byte {at}");
    }
}

#[test]
fn what_cannot_be_compared_is_refused_by_name() {
    let twice = Twice::unpack();
    let (app, code, text) = (twice.app("first"), twice.path("nix/10.12/true"), twice.path("text"));
    fs::write(&text, "hello").unwrap();
    let refused =
        |left: &Path, right: &Path| compare(left, right, &Progress::silent()).unwrap_err().to_string();
    assert!(refused(&app, &code).contains("is a single file"));
    assert!(refused(&text, &code).contains("is neither an app bundle nor a Mach-O file nor a disk image"));
    assert!(refused(&app, &twice.path("gone")).contains("check the path"));
    let image = twice.path("Other.dmg");
    build(&DmgSpec::for_app(&app, "Twice", 0).unwrap(), &image, &Progress::silent()).unwrap();
    assert!(refused(&code, &image).contains("is a single file"));
    let stop = Progress::new(|_| Err(Cancelled));
    assert!(compare(&app, &twice.app("again"), &stop).is_err());
}

#[test]
fn the_tree_and_the_markdown_hold_every_difference() {
    let comparison = Twice::unpack().compare("rebuilt");
    let branches = tree(&comparison, |_| true);
    fn leaves(branch: &bundlewright::compare::tree::Branch) -> usize {
        branch.children.iter().map(leaves).sum::<usize>() + usize::from(branch.difference.is_some())
    }
    assert_eq!(branches.iter().map(leaves).sum::<usize>(), comparison.differences.len());
    let counted: BTreeMap<Class, usize> =
        branches.iter().flat_map(|it| &it.counts).fold(BTreeMap::new(), |mut all, (class, count)| {
            *all.entry(*class).or_default() += count;
            all
        });
    assert!(counted.iter().all(|(class, count)| comparison.count(*class) == *count));
    assert!(tree(&comparison, |it| it.matters()).is_empty(), "nothing of a rebuild is shown at first");
    let markdown = comparison_markdown(&comparison);
    assert!(markdown.starts_with("# Comparison: same code, different build environment"), "{markdown}");
    assert!(
        markdown.contains("| `Contents/MacOS/twice` (arm64) | `LC_BUILD_VERSION sdk` | `14.5` | `15.0` |"),
        "{markdown}"
    );
}
