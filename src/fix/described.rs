//! The repair of faults of references and rpaths, each in a bundle described in words: what is edited, that it holds on
//! disk, and that a second fix plans nothing.

use super::{FixOptions, FixPlan, apply, plan};
use crate::bundle::{Bundle, SearchRoots, scan};
use crate::codesign::verify_bundle;
use crate::diagnose::Severity;
use crate::diagnose::case::written;
use crate::progress::Progress;

pub(super) fn look(app: &std::path::Path, roots: &SearchRoots) -> (Bundle, FixPlan) {
    let quiet = Progress::silent();
    let bundle = scan(app, &quiet).expect("a bundle");
    let seals = verify_bundle(&bundle, &quiet).expect("not cancelled");
    let options = FixOptions { roots: roots.clone(), ..FixOptions::default() };
    let plan = plan(&bundle, &seals, &options, &quiet).expect("a plan");
    (bundle, plan)
}

/// The edits of a fix of everything, signatures apart, after it was carried out and found to leave no fault and nothing
/// to do.
pub(super) fn mended(description: &str) -> Vec<String> {
    let written = written(description);
    let (bundle, first) = look(&written.app, &written.roots);
    apply(&bundle, &first, &Progress::silent()).expect("the fix");
    let (_, second) = look(&written.app, &written.roots);
    assert!(second.is_empty(), "a second fix plans {:#?}", second.edits);
    let faults = second.remaining.iter().filter(|finding| finding.severity != Severity::Info);
    let left: Vec<&str> = faults.map(|finding| finding.message.as_str()).collect();
    assert_eq!(left, [] as [&str; 0]);
    first.edits.iter().map(|planned| planned.edit.key().0).collect()
}

pub(super) const PLIST: &str = "Contents/Info.plist plist\n  key CFBundleExecutable App\n  key CFBundleIdentifier org.example.app\n\
    \u{20} key CFBundlePackageType APPL\n  key CFBundleName App\n  key CFBundleVersion 1\n\
    \u{20} key CFBundleShortVersionString 1.0\n";
const INK: &str =
    "Contents/Frameworks/libink.dylib dylib\n  id @rpath/libink.dylib\n  use /usr/lib/libSystem.B.dylib\n";

/// The program with `commands`, and libink in Frameworks.
fn with(commands: &str) -> String {
    format!("{PLIST}Contents/MacOS/App execute\n  use /usr/lib/libSystem.B.dylib\n{commands}{INK}")
}

#[test]
fn a_name_that_means_the_bundles_own_file_is_pointed_at_it() {
    let accents = with("").replace("libink", "libe\u{301}tude");
    for (name, rest) in [
        ("/Users/builder/out/App.app/Contents/Frameworks/libink.dylib", with("")),
        ("/Applications/App.app/Contents/Frameworks/libink.dylib", with("")),
        ("libink.dylib", with("")),
        ("@executable_path/../../../lib/libink.dylib", with("")),
        ("@executable_path/../../../App.app/Contents/Frameworks/libink.dylib", with("")),
        ("@rpath/LibInk.dylib", with("")),
        ("@rpath/lib\u{e9}tude.dylib", accents),
    ] {
        let rpath = "  rpath @executable_path/../Frameworks\n";
        let app =
            rest.replacen("libSystem.B.dylib\n", &format!("libSystem.B.dylib\n{rpath}  use {name}\n"), 1);
        let edits = mended(&app);
        assert_eq!(edits.len(), 1, "{name}: {edits:?}");
        assert!(edits[0].starts_with(&format!("change_use Contents/MacOS/App {name}")), "{edits:?}");
    }
}

#[test]
fn a_reference_that_rested_on_the_order_gets_a_way_of_its_own() {
    let app = with(
        "  use @executable_path/../Frameworks/libink.dylib\n  use @executable_path/../Frameworks/libpen.dylib\n",
    );
    let pen = "Contents/Frameworks/libpen.dylib dylib\n  id @rpath/libpen.dylib\n  use @rpath/libink.dylib\n";
    let edits = mended(&format!("{app}{pen}"));
    assert!(
        edits.iter().all(|edit| edit.starts_with("add_rpath") || edit.contains("libpen.dylib")),
        "{edits:?}"
    );
    assert!(!edits.is_empty());
}

#[test]
fn a_library_that_two_programs_load_no_longer_looks_beside_each() {
    let app = with("  use @executable_path/../Frameworks/libpen.dylib\n");
    let rest = "Contents/XPCServices/s.xpc/Contents/MacOS/s execute\n  use /usr/lib/libSystem.B.dylib\n\
        \u{20} rpath @loader_path/../../../../Frameworks\n  use @rpath/libpen.dylib\n\
        Contents/XPCServices/s.xpc/Contents/Info.plist plist\n  key CFBundleExecutable s\n  key CFBundleIdentifier org.example.s\n\
        \u{20} key CFBundlePackageType XPC!\n\
        Contents/Frameworks/libpen.dylib dylib\n  id @rpath/libpen.dylib\n  use @executable_path/../Frameworks/libink.dylib\n";
    let edits = mended(&format!("{app}{rest}"));
    assert!(
        edits.iter().any(|edit| edit.starts_with("change_use Contents/Frameworks/libpen.dylib")),
        "{edits:?}"
    );
}

#[test]
fn a_helper_gets_the_rpath_that_it_lacks() {
    let app = with("  rpath @executable_path/../Frameworks\n  use @rpath/libink.dylib\n");
    let helper = "Contents/Helpers/Pen.app/Contents/MacOS/Pen execute\n  use /usr/lib/libSystem.B.dylib\n  use @rpath/libink.dylib\n\
        Contents/Helpers/Pen.app/Contents/Info.plist plist\n  key CFBundleExecutable Pen\n  key CFBundleIdentifier org.example.pen\n\
        \u{20} key CFBundlePackageType APPL\n  key CFBundleName App\n  key CFBundleVersion 1\n\
    \u{20} key CFBundleShortVersionString 1.0\n";
    assert_eq!(
        mended(&format!("{app}{helper}")),
        ["add_rpath Contents/Helpers/Pen.app/Contents/MacOS/Pen @executable_path/../../../../Frameworks"]
    );
}

#[test]
fn rpaths_that_mislead_are_deleted_and_the_right_one_stays() {
    let app = with(
        "  rpath /opt/homebrew/lib\n  rpath lib\n  rpath @rpath/x\n  rpath @executable_path/../Frameworks\n  use @rpath/libink.dylib\n",
    );
    let deleted = ["/opt/homebrew/lib", "@rpath/x", "lib"];
    assert_eq!(mended(&app), deleted.map(|rpath| format!("delete_rpath Contents/MacOS/App {rpath}")));
}

#[test]
fn what_only_a_fallback_finds_is_copied_in() {
    let app = with("").replace("App execute", "App execute sdk=13.0");
    let app = app.replacen("libSystem.B.dylib\n", "libSystem.B.dylib\n  use @rpath/libold.dylib\n", 1);
    let old = "/usr/local/lib/libold.dylib dylib\n  id /usr/local/lib/libold.dylib\n  use /usr/lib/libSystem.B.dylib\n";
    let edits = mended(&format!("{app}{old}"));
    assert!(
        edits.iter().any(|edit| edit.starts_with("copy_file Contents/Frameworks/libold.dylib")),
        "{edits:?}"
    );
}
