//! What signing leaves behind when a change of the disk fails, when the disk is full, and when the process is killed.

use std::path::{Path, PathBuf};

use crate::codesign::SignOptions;
use crate::diagnose::case::fixture;
use crate::failure::Failure;
use crate::fix::faults::{child_of_kills, contents, every_change, kills};
use crate::os::fault::{Fault, arm};
use crate::progress::Progress;

const LIBRARY: &str = "root/opt/homebrew/Cellar/baz/0.9/lib/libbaz.dylib";

fn sign(path: &Path) -> Result<(), Failure> {
    super::sign(path, &SignOptions::default(), &Progress::silent()).map(drop)
}

/// An app with a library, a bundle that is signed in files, a folder that is read-only, and a stray file in the
/// signature's folder, so that every kind of change is made.
fn scene() -> (tempfile::TempDir, PathBuf) {
    let folder = fixture("t1").into_folder();
    let app = folder.path().canonicalize().expect("a folder").join("T1.app");
    let write = |inside: &str, bytes: &[u8]| {
        let path = app.join(inside);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, bytes).expect("written");
    };
    let library = std::fs::read(app.with_file_name(LIBRARY)).expect("a library");
    write("Contents/Frameworks/libbaz.dylib", &library);
    let info = b"<plist version=\"1.0\"><dict><key>CFBundleIdentifier</key><string>org.example.data</string></dict></plist>";
    write("Contents/Frameworks/data.bundle/Contents/Info.plist", info);
    write("Contents/Resources/still/data.txt", b"data");
    write("Contents/_CodeSignature/stray", b"stray");
    crate::os::disk::set_mode(&app.join("Contents/Resources/still"), 0o555).expect("set");
    (folder, app)
}

/// One whose every signature was valid before one of its files was changed.
fn signed_scene() -> (tempfile::TempDir, PathBuf) {
    let (folder, app) = scene();
    sign(&app).expect("signed");
    crate::fix::undo(&app, &Progress::silent()).expect("undone");
    sign(&app).expect("signed");
    std::fs::write(app.join("Contents/Resources/new.txt"), "new").expect("written");
    std::fs::remove_dir_all(app.with_file_name(".T1.app.bundlewright")).expect("no way back");
    (folder, app)
}

#[test]
fn a_failed_change_leaves_the_bundle_as_it_was_or_signed() {
    for (_folder, app) in [scene(), signed_scene()] {
        let changes = every_change(&app, Fault::Once, || sign(&app));
        assert!(changes > 60, "only {changes}");
    }
}

#[test]
fn what_stops_for_good_leaves_the_bundle_as_it_was_or_signed() {
    let (_folder, app) = signed_scene();
    every_change(&app, Fault::Nothing, || sign(&app));
}

#[test]
fn a_full_disk_leaves_the_bundle_as_it_was() {
    let (_folder, app) = scene();
    every_change(&app, Fault::DiskFull, || sign(&app));
}

#[test]
fn child() {
    child_of_kills(sign);
}

#[test]
fn a_kill_leaves_the_bundle_as_it_was_or_signed() {
    let (_folder, app) = scene();
    kills(&app, "workflow::sign_faults::child", 9);
}

#[test]
fn a_file_alone_is_the_old_one_or_the_signed_one() {
    let (_folder, app) = scene();
    let folder = app.with_file_name("alone");
    std::fs::create_dir(&folder).expect("made");
    let file = folder.join("libbaz.dylib");
    for fault in [Fault::Once, Fault::DiskFull, Fault::Nothing] {
        std::fs::copy(app.with_file_name(LIBRARY), &file).expect("copied");
        let original = contents(&folder);
        for at in 0.. {
            let armed = arm(&folder, fault, at);
            let outcome = sign(&file);
            let changes = armed.changes();
            drop(armed);
            if changes <= at {
                outcome.expect("nothing was in its way");
                assert!(contents(&folder) != original);
                assert!(changes > 4, "only {changes}");
                break;
            }
            let Err(failure) = outcome else {
                // What frees room is done on a full disk as well.
                assert_eq!(fault, Fault::DiskFull);
                break;
            };
            assert!(failure.to_string().contains("libbaz.dylib"), "{failure}");
            assert!(contents(&folder) == original, "{fault:?} at change {at}");
        }
    }
}
