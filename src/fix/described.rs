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

#[cfg(unix)]
#[test]
fn a_program_under_two_names_stays_one_file() {
    use std::os::unix::fs::MetadataExt;
    let tool = "Contents/Helpers/tool execute\n  use /usr/lib/libSystem.B.dylib\n  use /Users/builder/out/App.app/Contents/Frameworks/libink.dylib\n";
    let written = written(&format!(
        "{}{tool}",
        with("  rpath @executable_path/../Frameworks\n  use @rpath/libink.dylib\n")
    ));
    let names = ["tool", "tool-too"].map(|name| written.app.join("Contents/Helpers").join(name));
    #[allow(clippy::disallowed_methods, reason = "a test makes what it repairs")]
    std::fs::hard_link(&names[0], &names[1]).expect("a link");
    let inodes = || names.each_ref().map(|name| std::fs::metadata(name).expect("a file").ino());
    let before = inodes();
    let (bundle, plan) = look(&written.app, &written.roots);
    apply(&bundle, &plan, &Progress::silent()).expect("the fix");
    let after = inodes();
    assert_eq!((before[0] == before[1], after[0] == after[1]), (true, true));
    assert_ne!(before, after, "a changed file is a new inode");
    let (_, second) = look(&written.app, &written.roots);
    assert!(second.is_empty(), "{:?}", second.edits);
    super::undo(&written.app, &Progress::silent()).expect("undone");
    assert_eq!(inodes(), before);
}

fn everything_with(written: &crate::diagnose::case::Written, also: &[&str]) -> (Bundle, FixPlan) {
    let quiet = Progress::silent();
    let bundle = scan(&written.app, &quiet).expect("a bundle");
    let seals = verify_bundle(&bundle, &quiet).expect("not cancelled");
    let also = also.iter().map(|rule| (*rule).to_owned()).collect();
    let options = FixOptions { roots: written.roots.clone(), also, ..FixOptions::default() };
    let plan = plan(&bundle, &seals, &options, &quiet).expect("a plan");
    (bundle, plan)
}

fn keys(plan: &FixPlan) -> Vec<&str> {
    plan.edits.iter().map(|planned| planned.edit.kind()).collect()
}

#[test]
fn what_only_developers_need_goes_when_asked_for_with_its_folders() {
    let big = "x".repeat(70_000);
    let app = format!(
        "{}Contents/Resources/include/ink.h text\n  line {big}\nContents/Resources/include/more/pen.h text\n  line y\n\
         Contents/Resources/lib/libink.a text\n  line z\nContents/Resources/lib/note.txt text\n  line kept\n\
         Contents/Resources/Headers -> include\n",
        with("  rpath @executable_path/../Frameworks\n  use @rpath/libink.dylib\n")
    );
    let written = written(&app);
    let (_, plain) = everything_with(&written, &[]);
    assert_eq!(keys(&plain), [] as [&str; 0]);
    let offered: Vec<(&str, bool)> = plain.offers.iter().map(|offer| (offer.rule, offer.taken)).collect();
    assert_eq!(offered, [("developer-file", false)]);
    let (bundle, plan) = everything_with(&written, &["developer-file"]);
    let removed: Vec<&str> = plan.edits.iter().map(|planned| planned.edit.path().as_str()).collect();
    let of = |tail: &str| format!("Contents/Resources/{tail}");
    assert_eq!(removed, [of("Headers"), of("include"), of("lib/libink.a")]);
    apply(&bundle, &plan, &Progress::silent()).expect("the fix");
    let (_, second) = everything_with(&written, &["developer-file"]);
    assert!(second.is_empty() && second.offers.is_empty());
    super::undo(&written.app, &Progress::silent()).expect("undone");
    assert!(written.app.join("Contents/Resources/include/more/pen.h").is_file());
}

#[test]
fn code_for_processors_of_the_past_is_taken_out_when_asked_for() {
    let app = with("  rpath @executable_path/../Frameworks\n  use @rpath/libink.dylib\n")
        .replace("libink.dylib dylib\n", "libink.dylib dylib i386 arm64\n");
    let written = written(&app);
    let (bundle, plan) = everything_with(&written, &["extra-architecture"]);
    assert_eq!(keys(&plan), ["thin"]);
    apply(&bundle, &plan, &Progress::silent()).expect("the fix");
    let (after, second) = everything_with(&written, &["extra-architecture"]);
    assert!(second.is_empty(), "{:?}", second.edits);
    let ink = after.images.values().find(|image| image.local.ends_with("libink.dylib")).expect("libink");
    assert_eq!(ink.file.archs().map(|arch| arch.to_string()).collect::<Vec<_>>(), ["arm64"]);
}

#[test]
fn the_oldest_macos_is_raised_to_what_the_code_needs() {
    let app = with("  rpath @executable_path/../Frameworks\n  use @rpath/libink.dylib\n")
        .replace("plist\n", "plist\n  key LSMinimumSystemVersion 11.0\n")
        .replace("libink.dylib dylib\n", "libink.dylib dylib minos=14.0\n");
    let edits = mended(&app);
    assert_eq!(edits, ["set_info Contents/Info.plist LSMinimumSystemVersion"]);
}

#[test]
fn licence_texts_come_along_when_asked_for() {
    let outside = "/opt/homebrew/Cellar/ink/2.1/lib/libink.2.dylib dylib\n  id /opt/homebrew/opt/ink/lib/libink.2.dylib\n\
        \u{20} use /usr/lib/libSystem.B.dylib\n/opt/homebrew/Cellar/ink/2.1/LICENSE.txt text\n  line Use it.\n\
        /opt/homebrew/Cellar/ink/2.1/COPYING text\n  line Copy it.\n/opt/homebrew/Cellar/ink/2.1/README text\n  line no\n\
        /opt/homebrew/opt/ink -> ../Cellar/ink/2.1\n";
    let app = format!("{}{outside}", with("  use /opt/homebrew/opt/ink/lib/libink.2.dylib\n"));
    let written = written(&app);
    let quiet = Progress::silent();
    let bundle = scan(&written.app, &quiet).expect("a bundle");
    let seals = verify_bundle(&bundle, &quiet).expect("not cancelled");
    let options = FixOptions { roots: written.roots.clone(), licences: true, ..FixOptions::default() };
    let first = plan(&bundle, &seals, &options, &quiet).expect("a plan");
    apply(&bundle, &first, &quiet).expect("the fix");
    let licences = written.app.join("Contents/Resources/Licenses/ink");
    let mut names: Vec<String> = std::fs::read_dir(&licences)
        .expect("the folder")
        .map(|entry| entry.expect("a name").file_name().into_string().expect("Unicode"))
        .collect();
    names.sort();
    assert_eq!(names, ["COPYING", "LICENSE.txt"]);
    let bundle = scan(&written.app, &quiet).expect("a bundle");
    let seals = verify_bundle(&bundle, &quiet).expect("not cancelled");
    assert!(plan(&bundle, &seals, &options, &quiet).expect("a plan").is_empty());
}

/// Where the files are after the rules' offers were taken, and where links lead.
fn moved_by(rule: &str, app: &str) -> Vec<String> {
    let written = written(app);
    let (bundle, first) = everything_with(&written, &[rule]);
    apply(&bundle, &first, &Progress::silent()).expect("the fix");
    let (after, second) = everything_with(&written, &[rule]);
    assert!(second.is_empty(), "a second fix plans {:?}", second.edits);
    let errors = second.remaining.iter().filter(|finding| finding.severity == Severity::Error);
    assert_eq!(errors.map(|finding| finding.message.as_str()).collect::<Vec<_>>(), [] as [&str; 0]);
    let new = after.nodes.iter().filter(|(path, node)| bundle.nodes.get(*path) != Some(*node));
    let files = new.filter(|(path, node)| {
        !matches!(node, crate::bundle::Node::Folder) && !path.as_str().contains("_CodeSignature")
    });
    files
        .filter_map(|(path, node)| match node {
            crate::bundle::Node::Link { target } => Some(format!("{path} -> {target}")),
            _ if bundle.nodes.contains_key(path) => None,
            _ => Some(path.to_string()),
        })
        .collect()
}

#[test]
fn a_library_among_the_resources_moves_and_is_still_found() {
    let app = with(
        "  rpath @executable_path/../Frameworks\n  use @executable_path/../Resources/lib/libpen.dylib\n  use @rpath/libink.dylib\n",
    ) + "Contents/Resources/lib/libpen.dylib dylib\n  id @executable_path/../Resources/lib/libpen.dylib\n  use /usr/lib/libSystem.B.dylib\n\
           Contents/Resources/lib/python3.12/_ssl.so bundle\n  use /usr/lib/libSystem.B.dylib\n";
    assert_eq!(
        moved_by("misplaced-code", &app),
        [
            "Contents/Frameworks/lib/libpen.dylib",
            "Contents/Resources/lib/libpen.dylib -> ../../Frameworks/lib/libpen.dylib"
        ]
    );
}

#[test]
fn data_among_code_and_beside_contents_moves_to_the_resources() {
    let app = with("  rpath @executable_path/../Frameworks\n  use @rpath/libink.dylib\n");
    assert_eq!(
        moved_by("code-place-data", &format!("{app}Contents/MacOS/colours.txt text\n  line red\n")),
        [
            "Contents/MacOS/colours.txt -> ../Resources/MacOS/colours.txt",
            "Contents/Resources/MacOS/colours.txt"
        ]
    );
    assert_eq!(
        moved_by("unsealed-root", &format!("{app}README.txt text\n  line read\n")),
        ["Contents/Resources/README.txt"]
    );
}
