//! Signing and verifying whole bundles, with the contents that real ones have.

#![allow(clippy::disallowed_methods, reason = "tests make what they look at")]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use bundlewright::bundle::{self, Bundle};
use bundlewright::codesign::{self, SignKind, SignOptions, SignPlan, SignStep, Verification};
use bundlewright::paths::BundlePath;
use bundlewright::progress::{Cancelled, Progress};
use common::{Fixture, unpack};

const FRAMEWORK: &str = "Contents/Frameworks/Bar.framework";

fn scan(app: &Path) -> Bundle {
    bundle::scan(app, &Progress::silent()).unwrap()
}

fn verify(app: &Path) -> Verification {
    codesign::verify_bundle(&scan(app), &Progress::silent()).unwrap()
}

/// The words for scripts of all problems, with their paths.
fn problems(app: &Path) -> Vec<String> {
    verify(app).problems.iter().map(|problem| format!("{} {}", problem.code, problem.path)).collect()
}

fn plan(app: &Path, touched: &[&str]) -> SignPlan {
    codesign::plan(&scan(app), &touched.iter().map(|path| path_of(path)).collect(), &SignOptions::default())
}

fn sign(app: &Path, touched: &[&str]) -> SignPlan {
    let plan = plan(app, touched);
    codesign::sign(app, &plan, &Progress::silent()).unwrap();
    plan
}

fn path_of(text: &str) -> BundlePath {
    BundlePath::new(text).unwrap()
}

fn write(path: PathBuf, contents: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, contents).unwrap();
}

fn step<'a>(plan: &'a SignPlan, path: &str) -> &'a SignStep {
    plan.steps.iter().find(|step| step.path.as_str() == path).unwrap()
}

fn order(plan: &SignPlan) -> Vec<&str> {
    plan.steps.iter().map(|step| step.path.as_str()).collect()
}

#[cfg(unix)]
fn symlink(target: &str, path: PathBuf) {
    std::os::unix::fs::symlink(target, path).unwrap();
}

fn info_plist(identifier: &str, executable: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><plist version=\"1.0\"><dict><key>CFBundleIdentifier</key>\
         <string>{identifier}</string><key>CFBundleExecutable</key><string>{executable}</string></dict></plist>"
    )
}

/// T1.app with a framework, a library, a helper app, and everything that has made other signers fail.
#[cfg(unix)]
fn motley() -> (Fixture, PathBuf) {
    let fixture = unpack("t1");
    let app = fixture.app("T1");
    let contents = app.join("Contents");
    let cellar = fixture.path().join("root/opt/homebrew/Cellar");
    fs::create_dir_all(contents.join("Frameworks")).unwrap();
    copy_tree(&cellar.join("bar/5.1/lib/Bar.framework"), &app.join(FRAMEWORK));
    let library = fs::read(cellar.join("baz/0.9/lib/libbaz.dylib")).unwrap();
    write(contents.join("Frameworks/libbaz.dylib"), &library);
    write(contents.join("Resources/plug.dylib"), &library);
    let faults = unpack("faults");
    let unsigned = faults.app("unsigned").join("Contents/Frameworks/libunsigned.dylib");
    let mut object = fs::read(unsigned).unwrap();
    object[12] = 1; // MH_OBJECT
    write(contents.join("Resources/qml/x.o"), object);
    write(contents.join("Resources/lib.a"), b"!<arch>\n");
    write(contents.join("MacOS/tool.sh"), "#!/bin/sh\n");
    write(contents.join("PlugIns/qt.conf"), "[Paths]\n");
    write(contents.join("Resources/icon.txt"), "icon");
    write(contents.join("Resources/de.lproj/a.strings"), "text");
    write(contents.join("Resources/de.lproj/locversion.plist"), "omitted");
    write(contents.join("Resources/.DS_Store"), "omitted");
    symlink("icon.txt", contents.join("Resources/link"));
    let privacy = app.join(FRAMEWORK).join("Versions/5/Resources/Bar_privacy.bundle/Contents");
    write(privacy.join("Info.plist"), info_plist("org.example.privacy", "none"));
    write(privacy.join("Resources/PrivacyInfo.xcprivacy"), "privacy");
    let codeless = contents.join("Frameworks/data.bundle/Contents");
    write(codeless.join("Info.plist"), info_plist("org.example.data", "none"));
    write(codeless.join("Resources/data"), "data");
    let helper = contents.join("Resources/Helper.app/Contents");
    write(helper.join("Info.plist"), info_plist("org.example.helper", "helper"));
    fs::create_dir_all(helper.join("MacOS")).unwrap();
    fs::copy(contents.join("MacOS/brewed"), helper.join("MacOS/helper")).unwrap();
    write(contents.join("_CodeSignature/junk"), "foreign");
    write(contents.join("CodeResources"), "a ticket");
    (fixture, app)
}

#[cfg(unix)]
fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let place = to.join(entry.file_name());
        match entry.file_type().unwrap() {
            kind if kind.is_symlink() => {
                symlink(fs::read_link(entry.path()).unwrap().to_str().unwrap(), place);
            }
            kind if kind.is_dir() => copy_tree(&entry.path(), &place),
            _ => drop(fs::copy(entry.path(), place).unwrap()),
        }
    }
}

/// Every file's bytes.
fn contents(app: &Path) -> BTreeMap<BundlePath, Vec<u8>> {
    let files = scan(app).nodes;
    let files = files.into_iter().filter(|(_, node)| matches!(node, bundle::Node::File { .. }));
    files.map(|(path, _)| (path.clone(), fs::read(path.to_local(app)).unwrap())).collect()
}

#[test]
#[cfg(unix)]
fn everything_a_bundle_may_hold_is_sealed() {
    let (_fixture, app) = motley();
    let plan = sign(&app, &[]);
    assert_eq!(
        order(&plan),
        [
            "Contents/Frameworks/Bar.framework/Versions/5",
            "Contents/Frameworks/data.bundle",
            "Contents/Frameworks/libbaz.dylib",
            "Contents/Resources/Helper.app",
            "Contents/Resources/plug.dylib",
            "",
        ]
    );
    assert_eq!(problems(&app), [""; 0]);
    assert!(!app.join("Contents/_CodeSignature/junk").exists());
    let warnings = step(&plan, "").warnings.join("\n");
    for said in ["MacOS/tool.sh is not code", "PlugIns/qt.conf is not code", "notarization ticket"] {
        assert!(warnings.contains(said), "{said}: {warnings}");
    }
    let seal = fs::read_to_string(app.join("Contents/_CodeSignature/CodeResources")).unwrap();
    for sealed in
        ["MacOS/tool.sh", "PlugIns/qt.conf", "Resources/qml/x.o", "Resources/lib.a", "Resources/link"]
    {
        assert!(seal.contains(&format!("<key>{sealed}</key>")), "{sealed}");
    }
    let second = &seal[seal.find("<key>files2").unwrap()..];
    for left_out in [".DS_Store<", "de.lproj/locversion.plist<", "<key>CodeResources<", "MacOS/brewed<"] {
        assert!(!second.contains(left_out), "{left_out}");
    }
}

#[test]
#[cfg(unix)]
fn signing_again_changes_nothing_and_two_machines_sign_alike() {
    let (_one, first) = motley();
    let (_two, second) = motley();
    sign(&first, &[]);
    sign(&second, &[]);
    let once = contents(&first);
    assert!(once == contents(&second), "the same input gave different bytes");
    let again = sign(&first, &[]);
    assert!(step(&again, "").keeps.contains(&"identifier".to_owned()));
    assert!(once == contents(&first), "signing twice changed something");
}

#[test]
#[cfg(unix)]
fn only_what_was_touched_and_what_encloses_it_is_signed_again() {
    let (_fixture, app) = motley();
    sign(&app, &[]);
    let before = contents(&app);
    write(app.join(FRAMEWORK).join("Versions/5/Resources/data.txt"), "changed");
    let plan = sign(&app, &["Contents/Frameworks/Bar.framework/Versions/5/Resources/data.txt"]);
    assert_eq!(order(&plan), ["Contents/Frameworks/Bar.framework/Versions/5", ""]);
    assert_eq!(problems(&app), [""; 0]);
    let after = contents(&app);
    let changed: Vec<&str> = after
        .iter()
        .filter(|(path, bytes)| before.get(*path) != Some(bytes))
        .map(|(path, _)| path.as_str())
        .collect();
    assert_eq!(
        changed,
        [
            "Contents/Frameworks/Bar.framework/Versions/5/Bar",
            "Contents/Frameworks/Bar.framework/Versions/5/Resources/data.txt",
            "Contents/Frameworks/Bar.framework/Versions/5/_CodeSignature/CodeResources",
            "Contents/MacOS/brewed",
            "Contents/_CodeSignature/CodeResources",
        ]
    );
}

#[test]
#[cfg(unix)]
fn a_seal_takes_in_nested_code_that_was_never_signed() {
    let (_fixture, app) = motley();
    let plan = plan(&app, &["Contents/Resources/icon.txt"]);
    assert_eq!(
        order(&plan),
        ["Contents/Frameworks/Bar.framework/Versions/5", "Contents/Frameworks/data.bundle", ""]
    );
    codesign::sign(&app, &plan, &Progress::silent()).unwrap();
    assert_eq!(problems(&app), [""; 0]);
}

#[test]
#[cfg(unix)]
fn a_changed_file_is_a_new_inode_with_the_old_mode() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let (_fixture, app) = motley();
    let code = app.join("Contents/MacOS/brewed");
    fs::set_permissions(&code, fs::Permissions::from_mode(0o555)).unwrap();
    let before = fs::metadata(&code).unwrap();
    sign(&app, &[""]);
    let after = fs::metadata(&code).unwrap();
    assert_ne!(before.ino(), after.ino());
    assert_eq!(after.mode() & 0o777, 0o555);
    let litter = contents(&app).into_keys().find(|path| path.file_name().starts_with(".signing"));
    assert_eq!(litter, None);
}

#[test]
#[cfg(unix)]
fn every_way_to_tamper_is_noticed() {
    let (_fixture, app) = motley();
    sign(&app, &[]);
    let good = contents(&app);
    let contents_of = |path: &str| good.get(&path_of(path)).unwrap().clone();
    let flip = |path: &str, at: usize| {
        let mut bytes = contents_of(path);
        bytes[at] ^= 1;
        fs::write(app.join(path), bytes).unwrap();
    };
    let library = "Contents/Frameworks/libbaz.dylib";
    let framework_code = "Contents/Frameworks/Bar.framework/Versions/5/Bar";
    let check = |expected: &str, tamper: &dyn Fn()| {
        tamper();
        let found = problems(&app);
        assert!(found.iter().any(|problem| problem == expected), "{expected}: {found:?}");
    };
    let restore = |path: &str| fs::write(app.join(path), contents_of(path)).unwrap();

    check("page-hash Contents/Frameworks/libbaz.dylib", &|| flip(library, 0x400));
    restore(library);
    check("page-hash Contents/MacOS/brewed", &|| flip("Contents/MacOS/brewed", 0x1000));
    restore("Contents/MacOS/brewed");
    check("info-plist Contents/MacOS/brewed", &|| flip("Contents/Info.plist", 30));
    restore("Contents/Info.plist");
    check("resource-directory Contents/MacOS/brewed", &|| flip("Contents/_CodeSignature/CodeResources", 400));
    restore("Contents/_CodeSignature/CodeResources");
    check("sealed-resource-modified Contents/Resources/icon.txt", &|| flip("Contents/Resources/icon.txt", 0));
    restore("Contents/Resources/icon.txt");
    check("sealed-resource-modified Contents/MacOS/tool.sh", &|| flip("Contents/MacOS/tool.sh", 3));
    restore("Contents/MacOS/tool.sh");
    check("structure Contents/Frameworks/libbaz.dylib", &|| {
        write(app.join(library), [contents_of(library), vec![0; 16]].concat());
    });
    check("structure Contents/Frameworks/libbaz.dylib", &|| {
        write(app.join(library), &contents_of(library)[..contents_of(library).len() - 16]);
    });
    restore(library);
    check("nested-requirement Contents/Frameworks/libbaz.dylib", &|| {
        write(app.join(library), contents_of("Contents/Resources/plug.dylib"));
    });
    restore(library);
    check("nested-requirement Contents/Frameworks/Bar.framework/Versions/5", &|| {
        let mut step =
            step(&plan(&app, &[FRAMEWORK]), "Contents/Frameworks/Bar.framework/Versions/5").clone();
        step.identifier = "org.example.swapped".to_owned();
        codesign::sign(&app, &SignPlan { steps: vec![step], ..SignPlan::default() }, &Progress::silent())
            .unwrap();
    });
    restore(framework_code);
    check("sealed-resource-missing Contents/Resources/icon.txt", &|| {
        fs::rename(app.join("Contents/Resources/icon.txt"), app.join("Contents/Resources/new.txt")).unwrap();
    });
    check("sealed-resource-added Contents/Resources/new.txt", &|| {});
    check("invalid-link Contents/Resources/link", &|| {});
    fs::rename(app.join("Contents/Resources/new.txt"), app.join("Contents/Resources/icon.txt")).unwrap();
    check("sealed-resource-modified Contents/Resources/link", &|| {
        fs::remove_file(app.join("Contents/Resources/link")).unwrap();
        symlink("lib.a", app.join("Contents/Resources/link"));
    });
    fs::remove_file(app.join("Contents/Resources/link")).unwrap();
    symlink("icon.txt", app.join("Contents/Resources/link"));
    check("unsealed-root stray", &|| write(app.join("stray"), ""));
    fs::remove_file(app.join("stray")).unwrap();
    check("framework-structure Contents/Frameworks/Bar.framework/stray", &|| {
        write(app.join(FRAMEWORK).join("stray"), "");
    });
    fs::remove_file(app.join(FRAMEWORK).join("stray")).unwrap();
    check("sealed-resource-added Contents/_CodeSignature/x", &|| {
        write(app.join("Contents/_CodeSignature/x"), "")
    });
    fs::remove_file(app.join("Contents/_CodeSignature/x")).unwrap();
    check("code-limit Contents/Frameworks/data.bundle", &|| {
        let plist = app.join("Contents/Frameworks/data.bundle/Contents/Info.plist");
        write(plist.clone(), [fs::read(&plist).unwrap(), b" ".to_vec()].concat());
    });
    restore("Contents/Frameworks/data.bundle/Contents/Info.plist");
    fs::remove_file(app.join("Contents/Resources/de.lproj/a.strings")).unwrap();
    assert_eq!(problems(&app), [""; 0], "a language may be removed");
    check("resource-directory Contents/MacOS/brewed", &|| {
        fs::remove_file(app.join("Contents/_CodeSignature/CodeResources")).unwrap();
    });
}

#[test]
#[cfg(unix)]
fn an_app_whose_executable_is_a_script_is_signed_in_files() {
    let (_fixture, app) = motley();
    write(app.join("Contents/MacOS/brewed"), "#!/bin/sh\nexec python3\n");
    let plan = sign(&app, &[]);
    assert!(step(&plan, "").warnings[0..].iter().any(|text| text.contains("is a script")));
    assert!(app.join("Contents/_CodeSignature/CodeDirectory").exists());
    assert_eq!(problems(&app), [""; 0]);
    write(app.join("Contents/MacOS/brewed"), "#!/bin/sh\nexec python2\n");
    assert_eq!(problems(&app), ["page-hash "]);
}

#[test]
#[cfg(unix)]
fn a_folder_that_no_seal_can_hold_is_said_beforehand_and_found_afterwards() {
    let (_fixture, app) = motley();
    write(app.join("Contents/MacOS/lib/python3.11/os.py"), "");
    let plan = sign(&app, &[]);
    let warnings = step(&plan, "").warnings.join("\n");
    assert!(warnings.contains("MacOS/lib/python3.11 cannot be sealed"), "{warnings}");
    assert_eq!(problems(&app), ["bundle-format Contents/MacOS/lib/python3.11"]);
}

#[test]
#[cfg(unix)]
fn every_version_of_a_framework_meets_the_requirement() {
    let (_fixture, app) = motley();
    let versions = app.join(FRAMEWORK).join("Versions");
    copy_tree(&versions.join("5"), &versions.join("4"));
    write(versions.join("4/Resources/data.txt"), "old");
    sign(&app, &[]);
    assert_eq!(problems(&app), [""; 0]);
    write(versions.join("4/Resources/data.txt"), "older");
    assert_eq!(
        problems(&app),
        ["sealed-resource-modified Contents/Frameworks/Bar.framework/Versions/4/Resources/data.txt"]
    );
}

#[test]
#[cfg(unix)]
fn what_the_model_expects_is_what_a_scan_finds() {
    let (_fixture, app) = motley();
    let mut expected = scan(&app);
    let plan = codesign::plan(&expected, &BTreeSet::new(), &SignOptions::default());
    codesign::simulate(&mut expected, &plan);
    codesign::sign(&app, &plan, &Progress::silent()).unwrap();
    let found = scan(&app);
    assert_eq!(expected.nodes.keys().collect::<Vec<_>>(), found.nodes.keys().collect::<Vec<_>>());
    for (path, image) in &found.images {
        for (found, expected) in image.file.slices.iter().zip(&expected.images[path].file.slices) {
            assert_eq!(found.signature, expected.signature, "{path}");
            assert_eq!(found.header_room, expected.header_room, "{path}");
        }
    }
}

#[test]
fn the_hardened_runtime_goes_because_it_would_refuse_the_libraries() {
    let fixture = unpack("t1");
    let app = fixture.app("T1");
    let mut hardened = plan(&app, &[""]);
    hardened.steps[0].flags = 0x12002;
    codesign::sign(&app, &hardened, &Progress::silent()).unwrap();
    assert_eq!(problems(&app), [""; 0]);
    let plan = sign(&app, &[""]);
    let step = step(&plan, "");
    assert_eq!((step.kind, step.flags), (SignKind::Bundle, 2));
    assert!(step.drops[0].starts_with("hardened runtime"), "{:?}", step.drops);
    assert!(step.drops[1].starts_with("library validation"));
    assert_eq!(problems(&app), [""; 0]);
}

#[test]
fn all_shapes_of_files_are_signed() {
    let fixture = unpack("faults");
    for name in ["fat64", "intel-only", "unsigned", "stale-signature"] {
        let app = fixture.app(name);
        sign(&app, &[]);
        assert_eq!(problems(&app), [""; 0], "{name}");
    }
}

#[test]
fn faults_of_signatures_are_found_and_nothing_else_is() {
    let fixture = unpack("faults");
    assert_eq!(problems(&fixture.app("unsigned")), ["unsigned Contents/Frameworks/libunsigned.dylib"]);
    assert_eq!(problems(&fixture.app("stale-signature")), ["page-hash Contents/Frameworks/libedited.dylib"]);
    assert_eq!(problems(&fixture.app("intel-only")), [""; 0]);
}

#[test]
fn a_file_alone_is_signed_and_verified() {
    let fixture = unpack("faults");
    let library = fixture.app("unsigned").join("Contents/Frameworks/libunsigned.dylib");
    let silent = Progress::silent();
    assert_eq!(codesign::verify_file(&library, &silent).unwrap().problems[0].code, "unsigned");
    let plan = codesign::plan_file(&library, &SignOptions::default()).unwrap();
    codesign::sign_file(&library, &plan).unwrap();
    assert_eq!(codesign::verify_file(&library, &silent).unwrap().problems, []);
    let plist = fixture.app("unsigned").join("Contents/Info.plist");
    assert!(codesign::verify_file(&plist, &silent).unwrap_err().to_string().contains("is not a Mach-O file"));
}

#[test]
fn the_user_can_stop_both() {
    let fixture = unpack("t1");
    let app = fixture.app("T1");
    let stop = Progress::new(|_| Err(Cancelled));
    assert_eq!(codesign::verify_bundle(&scan(&app), &stop), Err(Cancelled));
    let before = contents(&app);
    assert!(codesign::sign(&app, &plan(&app, &[]), &stop).is_err());
    assert!(before == contents(&app));
}

#[test]
#[cfg(unix)]
fn a_hardened_helper_is_signed_too_because_it_would_refuse_the_library() {
    let (_fixture, app) = motley();
    let helper = "Contents/Resources/Helper.app";
    let mut hardened = plan(&app, &[]);
    hardened
        .steps
        .iter_mut()
        .filter(|step| step.path.as_str() == helper)
        .for_each(|step| step.flags = 0x10002);
    codesign::sign(&app, &hardened, &Progress::silent()).unwrap();
    assert_eq!(problems(&app), [""; 0]);
    let by_resource = plan(&app, &["Contents/Resources/icon.txt"]);
    assert_eq!(order(&by_resource), [""]);
    let by_library = plan(&app, &["Contents/Frameworks/libbaz.dylib"]);
    assert_eq!(order(&by_library), ["Contents/Frameworks/libbaz.dylib", helper, ""]);
}

#[test]
fn code_without_room_for_a_signature_is_said_beforehand_and_refused() {
    let fixture = unpack("faults");
    let app = fixture.app("unsigned");
    let library = app.join("Contents/Frameworks/libunsigned.dylib");
    let bytes = fs::read(&library).unwrap();
    let room =
        scan(&app).images[&path_of("Contents/Frameworks/libunsigned.dylib")].file.slices[0].header_room;
    // An LC_NOTE-like command that nobody knows takes all the room but 8 bytes.
    let (count, size) = (u32_at(&bytes, 16), u32_at(&bytes, 20));
    let filler = room as u32 - 8;
    let mut tight = bytes.clone();
    tight[16..20].copy_from_slice(&(count + 1).to_le_bytes());
    tight[20..24].copy_from_slice(&(size + filler).to_le_bytes());
    let at = 32 + size as usize;
    tight[at..at + 4].copy_from_slice(&0x31u32.to_le_bytes());
    tight[at + 4..at + 8].copy_from_slice(&filler.to_le_bytes());
    fs::write(&library, tight).unwrap();
    let plan = plan(&app, &[]);
    let warnings = &step(&plan, "Contents/Frameworks/libunsigned.dylib").warnings;
    assert!(warnings[0].contains("no room for LC_CODE_SIGNATURE"), "{warnings:?}");
    let refusal = codesign::sign(&app, &plan, &Progress::silent()).unwrap_err().to_string();
    assert!(refusal.contains("libunsigned.dylib: has 8 bytes too few for LC_CODE_SIGNATURE"), "{refusal}");
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}
