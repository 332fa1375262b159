//! The repair of real small bundles: the torture fixtures, the faults and the sample, with the answers that
//! tests/fixtures/README.md states.
#![allow(clippy::disallowed_methods)]

#[path = "../common/mod.rs"]
mod common;
mod transaction;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use bundlewright::bundle::{SearchRoots, scan};
use bundlewright::diagnose::Severity;
use bundlewright::dyld::Resolution;
use bundlewright::fix::{self, FixOptions, FixPlan, Selection, difference};
use bundlewright::macho::{InstallName, LoadKind};
use bundlewright::paths::{BundlePath, RuntimePath};
use bundlewright::progress::Progress;
use bundlewright::workflow::{InspectOptions, Inspection, inspect};

fn options(fixture: &common::Fixture) -> InspectOptions {
    let roots = fixture.roots().into_iter().map(|(from, to)| (RuntimePath::new(from), to)).collect();
    InspectOptions::new(SearchRoots { roots, this_machine: false })
}

fn look(app: &Path, options: &InspectOptions) -> Inspection {
    inspect(app, options, &Progress::silent()).expect("a bundle")
}

fn plan(inspection: &Inspection, selection: Selection) -> FixPlan {
    let options = FixOptions { selection, roots: inspection.options.roots.clone(), ..FixOptions::default() };
    fix::plan(&inspection.bundle, &inspection.seals, &options, &Progress::silent()).expect("a plan")
}

fn texts(plan: &FixPlan) -> Vec<String> {
    plan.edits.iter().map(|planned| planned.edit.key().0).collect()
}

fn path(text: &str) -> BundlePath {
    BundlePath::new(text).expect("a bundle path")
}

/// Every file, link and folder with its content.
fn content(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = walkdir::WalkDir::new(root).into_iter().map(|entry| entry.expect("readable"));
    entries
        .map(|entry| {
            let kind = entry.file_type();
            let bytes = if kind.is_symlink() {
                fs::read_link(entry.path()).expect("a link").to_string_lossy().into_owned().into_bytes()
            } else if kind.is_dir() {
                Vec::new()
            } else {
                fs::read(entry.path()).expect("a file")
            };
            (entry.path().strip_prefix(root).expect("below").to_path_buf(), bytes)
        })
        .collect()
}

/// Fixes everything and holds what must be so after every fix: what the plan said, nothing outside or missing, nothing
/// left to do, and undo byte for byte.
fn fix_all(app: &Path, options: &InspectOptions) -> (Inspection, FixPlan) {
    let original = content(app);
    let before = look(app, options);
    let plan = plan_everything(&before);
    fix::apply(&before.bundle, &plan, &Progress::silent()).expect("the fix");
    let rescanned = scan(app, &Progress::silent()).expect("still a bundle");
    assert_eq!(difference(&plan.expected, &rescanned), None);
    let after = look(app, options);
    let again = plan_everything(&after);
    assert!(
        again.is_empty(),
        "a second fix plans {:?} and {:?} for {:#?}",
        texts(&again),
        again.sign,
        after.findings
    );
    let fixed = content(app);
    fix::undo(app, &Progress::silent()).expect("undo");
    assert!(content(app) == original, "undo must restore every byte");
    let before = look(app, options);
    fix::apply(&before.bundle, &plan_everything(&before), &Progress::silent()).expect("the fix again");
    assert!(content(app) == fixed, "the same fix must give the same bytes");
    (look(app, options), plan)
}

fn plan_everything(inspection: &Inspection) -> FixPlan {
    plan(inspection, Selection::Everything)
}

/// On a clean Mac every reference that is needed ends in the bundle or in macOS.
fn assert_self_contained(inspection: &Inspection) {
    for graph in [&inspection.clean, &inspection.build] {
        for load in graph.launches.iter().flat_map(|launch| launch.loads.iter()) {
            for dependency in &load.dependencies {
                let fine = matches!(dependency.resolution, Resolution::Bundled(_) | Resolution::System(_));
                assert!(fine, "{}: {} is {:?}", load.image, dependency.name, dependency.resolution);
            }
        }
    }
    for (path, image) in &inspection.bundle.images {
        for slice in &image.file.slices {
            let mut names: Vec<_> = slice.uses.iter().map(|one| &one.name).collect();
            names.sort();
            names.dedup();
            assert_eq!(names.len(), slice.uses.len(), "{path} has a dylib name twice");
            let mut rpaths = slice.rpaths.clone();
            rpaths.sort();
            rpaths.dedup();
            assert_eq!(rpaths.len(), slice.rpaths.len(), "{path} has an rpath twice");
            assert!(
                slice.rpaths.iter().all(|rpath| !rpath.as_str().starts_with('/')),
                "{path}: {:?}",
                slice.rpaths
            );
        }
    }
    let left: Vec<_> = inspection.findings.iter().map(|finding| &finding.message).collect();
    assert!(left.is_empty(), "still found: {left:#?}");
}

/// The install names that an image asks for.
fn uses(inspection: &Inspection, image: &str) -> Vec<(String, LoadKind)> {
    let image = inspection.bundle.image(&path(image)).unwrap_or_else(|| panic!("no {image}"));
    image.file.slices[0].uses.iter().map(|one| (one.name.as_str().to_owned(), one.kind)).collect()
}

fn rpaths(inspection: &Inspection, image: &str) -> Vec<String> {
    let image = inspection.bundle.image(&path(image)).unwrap_or_else(|| panic!("no {image}"));
    image.file.slices[0].rpaths.iter().map(|rpath| rpath.as_str().to_owned()).collect()
}

fn main_executable(inspection: &Inspection) -> String {
    inspection.bundle.main_executable.as_ref().expect("an executable").to_string()
}

#[test]
fn t1_brings_in_five_images_and_keeps_the_framework_whole() {
    let fixture = common::unpack("t1");
    let (fixed, _) = fix_all(&fixture.app("T1"), &options(&fixture));
    assert_self_contained(&fixed);
    let brought: Vec<&str> = fixed
        .bundle
        .images
        .keys()
        .filter_map(|image| image.as_str().strip_prefix("Contents/Frameworks/"))
        .collect();
    assert_eq!(
        brought,
        [
            "Bar.framework/Versions/5/Bar",
            "libbaz.dylib",
            "libfoo.1.dylib",
            "libfoocommon.1.dylib",
            "libsparkle.2.dylib"
        ]
    );
    let framework = &fixed.bundle.frameworks[0];
    assert_eq!(framework.shape, bundlewright::bundle::FrameworkShape::Whole);
    assert!(
        fixed
            .bundle
            .nodes
            .contains_key(&path("Contents/Frameworks/Bar.framework/Versions/5/Resources/data.txt"))
    );
    let executable = main_executable(&fixed);
    assert_eq!(rpaths(&fixed, &executable), ["@executable_path/../Frameworks"]);
    let sparkle =
        uses(&fixed, &executable).into_iter().find(|(name, _)| name.contains("sparkle")).expect("sparkle");
    assert_eq!(sparkle, ("@rpath/libsparkle.2.dylib".to_owned(), LoadKind::Weak));
}

#[test]
fn rp_is_right_as_it_is() {
    let fixture = common::unpack("rp");
    let inspection = look(&fixture.app("Rp"), &options(&fixture));
    let plan = plan_everything(&inspection);
    assert_eq!(texts(&plan), [] as [String; 0]);
    let missing = inspection
        .clean
        .launches
        .iter()
        .flat_map(|launch| launch.loads.iter())
        .flat_map(|load| &load.dependencies);
    assert!(missing.into_iter().all(|dependency| dependency.resolution != Resolution::Missing));
}

#[test]
fn wx_keeps_one_file_under_two_names() {
    let fixture = common::unpack("wx");
    let (fixed, _) = fix_all(&fixture.app("Wx"), &options(&fixture));
    assert_self_contained(&fixed);
    let libraries = fixed.bundle.images.keys().filter(|image| image.as_str().contains("libwx")).count();
    assert_eq!(libraries, 1, "{:?}", fixed.bundle.images.keys());
    let kinds: Vec<LoadKind> = uses(&fixed, &main_executable(&fixed))
        .into_iter()
        .filter(|(name, _)| name.contains("libwx"))
        .map(|(_, kind)| kind)
        .collect();
    assert_eq!(kinds, [LoadKind::Required, LoadKind::Weak]);
}

#[test]
fn col_keeps_two_libraries_of_one_name_apart() {
    let fixture = common::unpack("col");
    let (fixed, plan) = fix_all(&fixture.app("Col"), &options(&fixture));
    assert_self_contained(&fixed);
    let executable = main_executable(&fixed);
    let names: Vec<String> = uses(&fixed, &executable)
        .into_iter()
        .map(|(name, _)| name)
        .filter(|name| name.contains("libz"))
        .collect();
    let symbols = ["_inflate\0", "_inflate_next\0"];
    for (name, symbol) in names.iter().zip(symbols) {
        let file = fixture.app("Col").join("Contents/Frameworks").join(name.trim_start_matches("@rpath/"));
        let bytes = fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        assert!(String::from_utf8_lossy(&bytes).contains(symbol), "{name} does not export {symbol:?}");
    }
    assert_eq!(names.len(), 2);
    assert!(
        plan.edits.iter().any(|planned| planned.safety == fix::Safety::Review),
        "a rename is to be looked at"
    );
}

#[test]
fn pad_without_room_stays_untouched_and_says_how_much_is_missing() {
    let fixture = common::unpack("pad");
    let app = fixture.app("Pad");
    let inspection = look(&app, &options(&fixture));
    let plan = plan_everything(&inspection);
    let executable = main_executable(&inspection);
    assert!(!texts(&plan).iter().any(|text| text.contains(&executable)), "{:?}", texts(&plan));
    assert!(!texts(&plan).iter().any(|text| text.starts_with("copy")), "{:?}", texts(&plan));
    let room = plan.remaining.iter().find(|finding| finding.rule == "no-header-room").expect("a finding");
    assert!(room.message.contains("56 bytes"), "{}", room.message);
    assert!(room.message.contains("-headerpad_max_install_names"), "{}", room.message);
}

#[test]
fn pad_that_fits_is_fixed() {
    let fixture = common::unpack("pad");
    let (fixed, _) = fix_all(&fixture.app("PadFits"), &options(&fixture));
    assert_self_contained(&fixed);
}

#[test]
fn the_sample_gets_its_framework_back_and_loads_each_library_once() {
    let fixture = common::unpack_sample();
    let (fixed, _) = fix_all(&fixture.app("Postcard"), &options(&fixture));
    assert_self_contained(&fixed);
    let images: Vec<&str> = fixed.bundle.images.keys().map(BundlePath::as_str).collect();
    assert!(!images.contains(&"Contents/Frameworks/Quill"), "{images:?}");
    let quill = "@rpath/Quill.framework/Versions/2.2.0/Quill".to_owned();
    for user in ["Contents/MacOS/write-postcard", "Contents/PlugIns/delivery/libairmail.so"] {
        assert!(
            uses(&fixed, user).iter().any(|(name, _)| *name == quill),
            "{user}: {:?}",
            uses(&fixed, user)
        );
    }
    let pigment =
        uses(&fixed, "Contents/MacOS/write-postcard").into_iter().find(|(name, _)| name.contains("pigment"));
    assert_eq!(pigment.map(|(_, kind)| kind), Some(LoadKind::Weak));
}

#[test]
fn one_reference_is_the_same_function_with_a_filter() {
    let fixture = common::unpack_sample();
    let inspection = look(&fixture.app("Postcard"), &options(&fixture));
    let image = path("Contents/Frameworks/libstamp.1.dylib");
    let name = InstallName::new("/opt/homebrew/opt/inkwell/lib/libinkwell.2.dylib");
    let one = plan(&inspection, Selection::Reference { image: image.clone(), name });
    let all = plan_everything(&inspection);
    assert!(!one.edits.is_empty() && one.edits.len() < all.edits.len());
    assert!(
        texts(&one).iter().any(|text| text.starts_with("copy_file Contents/Frameworks/libinkwell.2.dylib"))
    );
    fix::apply(&inspection.bundle, &one, &Progress::silent()).expect("the fix");
    let after = look(&fixture.app("Postcard"), &inspection.options);
    let still = after
        .findings
        .iter()
        .any(|finding| finding.subject == image && finding.rule == "library-outside-bundle");
    assert!(!still);
}

#[test]
fn one_finding_is_mended_and_no_other_of_its_rule() {
    let fixture = common::unpack("faults");
    let inspection = look(&fixture.app("broken-symlink"), &options(&fixture));
    let links: Vec<_> = inspection.findings.iter().filter(|finding| finding.rule == "broken-link").collect();
    assert_eq!(links.len(), 2);
    let one = plan(&inspection, Selection::Finding(links[1].remedy.clone().expect("a remedy")));
    assert_eq!(texts(&one).len(), 1);
    assert!(texts(&one)[0].contains(links[1].subject.as_str()), "{:?}", texts(&one));
}

#[test]
fn an_edit_that_is_switched_off_is_not_made_and_what_rests_on_it_neither() {
    let fixture = common::unpack_sample();
    let inspection = look(&fixture.app("Postcard"), &options(&fixture));
    let all = plan_everything(&inspection);
    let copy = all
        .edits
        .iter()
        .find(|planned| planned.edit.path().as_str().ends_with("libinkwell.2.dylib"))
        .expect("a copy");
    let options = FixOptions {
        switched_off: [copy.edit.key()].into(),
        roots: inspection.options.roots.clone(),
        ..FixOptions::default()
    };
    let rest =
        fix::plan(&inspection.bundle, &inspection.seals, &options, &Progress::silent()).expect("a plan");
    assert!(!texts(&rest).iter().any(|text| text.contains("libinkwell")), "{:?}", texts(&rest));
    assert_eq!(rest.switched_off.len(), 1);
    assert!(rest.remaining.iter().any(|finding| finding.message.contains("libinkwell")));
}

#[test]
fn faults_that_can_be_mended_are() {
    let fixture = common::unpack("faults");
    for name in [
        "dereferenced-framework",
        "duplicate-rpath",
        "not-executable",
        "stale-signature",
        "unsigned",
        "fat64",
    ] {
        let (fixed, _) = fix_all(&fixture.app(name), &options(&fixture));
        // An rpath into a folder that is not there is worth a note, not an edit.
        let faults = fixed.findings.iter().filter(|finding| finding.severity != Severity::Info);
        let left: Vec<_> = faults.map(|finding| &finding.message).collect();
        assert!(left.is_empty(), "{name}: {left:#?}");
    }
}

#[cfg(unix)]
#[test]
fn a_framework_whose_current_dangles_and_one_without_versions_are_made_whole() {
    use std::os::unix::fs::symlink;
    let fixture = common::unpack("faults");
    let app = fixture.app("dereferenced-framework");
    let framework = app.join("Contents/Frameworks/Art.framework");
    for copy in ["Art", "Resources", "Versions/Current"] {
        let copy = framework.join(copy);
        if copy.is_dir() { fs::remove_dir_all(copy) } else { fs::remove_file(copy) }
            .expect("to remove a copy");
    }
    symlink("5", framework.join("Versions/Current")).expect("a link");
    symlink("Versions/Current/Art", framework.join("Art")).expect("a link");
    let flat = app.join("Contents/Frameworks/Flat.framework");
    fs::create_dir_all(&flat).expect("a folder");
    fs::copy(fixture.app("unsigned").join("Contents/Frameworks/libunsigned.dylib"), flat.join("Flat"))
        .expect("a library");
    let options = options(&fixture);
    let found = |inspection: &Inspection| -> Vec<&str> {
        let rules =
            ["framework-current-broken", "unversioned-framework", "broken-link", "flattened-framework"];
        inspection.findings.iter().map(|finding| finding.rule).filter(|rule| rules.contains(rule)).collect()
    };
    assert_eq!(found(&look(&app, &options)), ["framework-current-broken", "unversioned-framework"]);
    let (fixed, plan) = fix_all(&app, &options);
    assert_eq!(found(&fixed), [] as [&str; 0], "{:?}", texts(&plan));
    let target = |link: &str| fs::read_link(framework.with_file_name(link)).expect("a link");
    assert_eq!(target("Art.framework/Versions/Current"), Path::new("A"));
    assert_eq!(target("Flat.framework/Flat"), Path::new("Versions/Current/Flat"));
}

#[test]
fn looking_into_the_files_can_be_left_out() {
    let fixture = common::unpack("t1");
    let app = fixture.app("T1");
    fs::create_dir_all(app.join("Contents/Resources")).expect("a folder");
    fs::write(app.join("Contents/Resources/fonts.conf"), "<dir>/opt/fonts</dir>\n").expect("a file");
    let found = |contents: bool| {
        let inspection = look(&app, &InspectOptions { contents, ..options(&fixture) });
        inspection.findings.iter().filter(|finding| finding.rule == "absolute-path-in-configuration").count()
    };
    assert_eq!((found(true), found(false)), (1, 0));
}

/// Sets CS_RUNTIME in every code directory of a file.
fn harden(file: &Path) {
    let mut bytes = fs::read(file).expect("a program");
    let magic = 0xfade_0c02_u32.to_be_bytes();
    let directories: Vec<usize> =
        (0..bytes.len()).filter(|&at| bytes[at..].starts_with(&magic) && at + 16 <= bytes.len()).collect();
    assert!(!directories.is_empty(), "{} is not signed", file.display());
    directories.into_iter().for_each(|at| bytes[at + 13] |= 1);
    fs::write(file, bytes).expect("to write");
}

#[test]
fn ad_hoc_code_that_refuses_its_own_libraries_is_signed_without_the_hardened_runtime() {
    let fixture = common::unpack("faults");
    let (app, options) = (fixture.app("many-executables"), options(&fixture));
    let found = |inspection: &Inspection| {
        let hardened = |rule: &str| rule == "adhoc-hardened-runtime";
        inspection.findings.iter().filter(|finding| hardened(finding.rule)).count()
    };
    assert_eq!(found(&look(&app, &options)), 0);
    harden(&app.join("Contents/MacOS/main"));
    assert_eq!(found(&look(&app, &options)), 1);
    let selection = Selection::Rules(["adhoc-hardened-runtime".to_owned()].into());
    let plan = plan(&look(&app, &options), selection);
    assert!(plan.edits.is_empty(), "{:?}", texts(&plan));
    fix::apply(&look(&app, &options).bundle, &plan, &Progress::silent()).expect("the fix");
    assert_eq!(found(&look(&app, &options)), 0);
}

#[test]
fn faults_that_need_a_person_are_named_and_nothing_is_written_for_them() {
    let fixture = common::unpack("faults");
    for (name, rule) in [
        ("missing-architecture", "missing-architecture"),
        ("missing-executable", "executable-unusable"),
        ("truncated-library", "broken-file"),
        ("broken-symlink", "broken-link"),
    ] {
        let inspection = look(&fixture.app(name), &options(&fixture));
        let finding = inspection.findings.iter().find(|finding| finding.rule == rule);
        assert!(finding.is_some(), "{name}: {:#?}", inspection.findings);
    }
}

#[test]
fn without_the_rpath_references_say_where_the_library_is_themselves() {
    let fixture = common::unpack("t1");
    let inspection = look(&fixture.app("T1"), &options(&fixture));
    let all = plan_everything(&inspection);
    let rpath = all.edits.iter().find(|planned| planned.edit.kind() == "replace_rpath").expect("a new rpath");
    let options = FixOptions {
        switched_off: [rpath.edit.key()].into(),
        roots: inspection.options.roots.clone(),
        ..FixOptions::default()
    };
    let rest =
        fix::plan(&inspection.bundle, &inspection.seals, &options, &Progress::silent()).expect("a plan");
    assert_eq!(
        rest.switched_off.iter().map(|planned| planned.edit.key()).collect::<Vec<_>>(),
        [rpath.edit.key()]
    );
    let missing = rest.remaining.iter().filter(|finding| finding.rule == "missing-library").count();
    assert_eq!(missing, 0, "{:#?}", rest.remaining);
}

/// What was looked for through an rpath and is not on this machine may still be brought by another folder of the build
/// machine: a repair without that folder must not cut the way to it.
#[test]
fn a_repair_without_the_build_machines_folders_spoils_nothing() {
    let fixture = common::unpack("t1");
    let app = fixture.app("T1");
    let nothing = InspectOptions::new(SearchRoots { roots: Vec::new(), this_machine: false });
    let poor = look(&app, &nothing);
    let plan = plan_everything(&poor);
    assert!(!texts(&plan).iter().any(|text| text.contains("baz")), "{:?}", texts(&plan));
    if !plan.is_empty() {
        fix::apply(&poor.bundle, &plan, &Progress::silent()).expect("the fix");
    }
    let (after, _) = fix_all(&app, &options(&fixture));
    assert_self_contained(&after);
}

/// A folder with a dot in its name among code can be sealed by nobody: said once, and not tried again and again.
#[test]
fn a_folder_that_no_seal_can_hold_is_for_a_person_to_move() {
    let sample = common::unpack_sample();
    let app = sample.app("Postcard");
    let folder = app.join("Contents/Frameworks/python3.11");
    fs::create_dir(&folder).expect("a folder");
    fs::write(folder.join("site.py"), "pass").expect("a file");
    let (after, _) = fix_all(&app, &options(&sample));
    let [finding] = &after.findings[..] else { panic!("{:#?}", after.findings) };
    assert_eq!((finding.subject.as_str(), &finding.remedy), ("Contents/Frameworks/python3.11", &None));
}

/// Whatever stands where the seal goes makes room for it.
#[cfg(unix)]
#[test]
fn a_link_or_folder_in_the_seals_place_is_replaced() {
    for is_link in [false, true] {
        let fixture = common::unpack("faults");
        let app = fixture.app("unsigned");
        let place = app.join("Contents/_CodeSignature/CodeResources");
        fs::create_dir_all(place.parent().expect("a folder")).expect("a folder");
        match is_link {
            true => std::os::unix::fs::symlink("../Info.plist", &place).expect("a link"),
            false => fs::create_dir(&place).expect("a folder"),
        }
        fix_all(&app, &options(&fixture));
        assert!(fs::symlink_metadata(&place).expect("there").is_file());
    }
}

/// Where a new rpath would have taken the old one's place, the switch that keeps that away keeps the old one, now and in
/// the next repair.
#[test]
fn an_rpath_that_is_not_to_be_replaced_is_not_deleted_either() {
    let fixture = common::unpack("t1");
    let (app, looking) = (fixture.app("T1"), options(&fixture));
    let before = look(&app, &looking);
    let all = plan_everything(&before);
    let is_off = |text: &str| text.starts_with("copy_framework") || text.starts_with("replace_rpath");
    let off = all.edits.iter().map(|planned| planned.edit.key()).filter(|key| is_off(&key.0)).collect();
    let choice =
        FixOptions { switched_off: off, roots: before.options.roots.clone(), ..FixOptions::default() };
    let planned = |inspection: &Inspection| {
        fix::plan(&inspection.bundle, &inspection.seals, &choice, &Progress::silent()).expect("a plan")
    };
    let first = planned(&before);
    fix::apply(&before.bundle, &first, &Progress::silent()).expect("the fix");
    assert_eq!(texts(&planned(&look(&app, &looking))), [] as [String; 0]);
}

#[test]
fn a_file_stays_while_a_reference_to_it_cannot_be_changed() {
    let fixture = common::unpack_sample();
    let inspection = look(&fixture.app("Postcard"), &options(&fixture));
    // The rpath of the build tree stays, so the executable would need the long form, for which it has no room.
    let rules = ["flattened-framework", "missing-library"].map(str::to_owned).to_vec();
    let options = FixOptions {
        selection: Selection::Rules(rules),
        roots: inspection.options.roots.clone(),
        ..FixOptions::default()
    };
    let plan =
        fix::plan(&inspection.bundle, &inspection.seals, &options, &Progress::silent()).expect("a plan");
    let missing = plan.remaining.iter().filter(|finding| finding.rule == "missing-library").count();
    assert_eq!(missing, 0, "{:#?} leaves {:#?}", texts(&plan), plan.remaining);
}
