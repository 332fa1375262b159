use std::fs;
use std::path::Path;

use super::*;
use crate::bundle::archive::samples::{gzipped, tarred, zipped};
use crate::diagnose::case::written;
use crate::diagnose::preflight::{Outcome, PackageSignature};
use crate::dmg::{self, DmgSpec, Item};
use crate::macho::Arch;
use crate::macho::sample::Sample;

const PLIST: &str =
    "Contents/Info.plist plist\n  key CFBundleExecutable App\n  key CFBundleIdentifier org.example.app\n";

fn gathered(path: &Path) -> Submission {
    let options = PreflightOptions { temporary: std::env::temp_dir(), today: None };
    gather(path, &options, &Progress::silent()).expect("something to submit")
}

/// The paths of what is not signed.
fn unsigned(submission: &Submission) -> Vec<&str> {
    submission.codes.iter().filter(|code| code.credentials.is_none()).map(|code| &*code.path).collect()
}

fn library() -> Vec<u8> {
    Sample { file_type: 6, ..Sample::new(Arch::X86_64) }.build()
}

#[test]
fn code_is_found_in_archives_in_archives() {
    let app = written(&format!("{PLIST}Contents/MacOS/App execute\n"));
    let code = library();
    let jar = zipped(&[("native/liba.dylib", &code), ("Main.class", b"\xca\xfe\xba\xbe\0\0\0\x41")], true);
    let wheel = zipped(
        &[("inner/tools.jar", &jar), ("obj.o", &Sample { file_type: 1, ..Sample::new(Arch::ARM64) }.build())],
        false,
    );
    let resources = app.app.join("Contents/Resources");
    fs::create_dir_all(&resources).unwrap();
    fs::write(resources.join("tools.jar"), &jar).unwrap();
    fs::write(resources.join("all.whl"), &wheel).unwrap();
    fs::write(resources.join("old.tar.gz"), gzipped(&tarred(&[("bin/x", &code)]))).unwrap();
    fs::write(resources.join("plain"), &code).unwrap();
    fs::write(resources.join("odd.7z"), b"7z\xbc\xaf\x27\x1c rest").unwrap();
    let submission = gathered(&app.app);
    assert_eq!(
        unsigned(&submission),
        [
            "Contents/Resources/all.whl/inner/tools.jar/native/liba.dylib",
            "Contents/Resources/old.tar.gz/bin/x",
            "Contents/Resources/plain",
            "Contents/Resources/tools.jar/native/liba.dylib",
        ]
    );
    assert_eq!(submission.opened, 4);
    let [unread] = &submission.unread[..] else { panic!("{:?}", submission.unread) };
    assert_eq!(unread.message, "is compressed with 7-Zip, which is not unpacked here");
}

#[test]
fn a_disk_image_is_looked_into_as_a_whole_and_inside_of_an_app_too() {
    let app = written(&format!("{PLIST}Contents/MacOS/App execute\n"));
    let folder = tempfile::tempdir().unwrap();
    let tool = folder.path().join("tool");
    fs::write(&tool, library()).unwrap();
    let mut spec = DmgSpec::for_app(&app.app, "App", 0).unwrap();
    spec.items.push(Item::local(&tool).unwrap());
    let image = folder.path().join("App.dmg");
    dmg::build(&spec, &image, &Progress::silent()).unwrap();

    let submission = gathered(&image);
    assert_eq!((submission.kind, &*submission.name), (Kind::DiskImage, "App.dmg"));
    assert_eq!((unsigned(&submission), &submission.bundles[..]), (vec!["tool"], &["App.app".to_owned()][..]));
    assert!(submission.codes.iter().any(|code| code.path == "App.app/Contents/MacOS/App"));
    assert_eq!(submission.image, Some(Image { credentials: None, faults: Vec::new() }));

    let outer = written(&format!("{PLIST}Contents/MacOS/App execute\n"));
    fs::create_dir_all(outer.app.join("Contents/Resources")).unwrap();
    fs::copy(&image, outer.app.join("Contents/Resources/in.dmg")).unwrap();
    assert_eq!(unsigned(&gathered(&outer.app)), ["Contents/Resources/in.dmg/tool"]);
}

#[test]
fn an_image_that_cannot_be_opened_is_told_and_not_passed() {
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("x.dmg");
    let mut bytes = vec![0; 2048];
    bytes[1536..1540].copy_from_slice(b"koly");
    fs::write(&image, bytes).unwrap();
    let submission = gathered(&image);
    assert_eq!(submission.unread.len(), 1);
    let answer = preflight::preflight(&submission, "x.dmg");
    let unseen = answer.checks.iter().find(|one| one.rule.id == "notary-unread").unwrap();
    assert!(matches!(unseen.outcome, Outcome::Unseen(..)));
}

#[test]
fn a_seal_that_does_not_fit_is_a_fault_and_unsigned_code_is_not_told_twice() {
    let app = written(&format!(
        "{PLIST}Contents/MacOS/App execute signed=none\nContents/Frameworks/liba.dylib dylib signed=none\n"
    ));
    crate::workflow::sign(&app.app, &Default::default(), &Progress::silent()).unwrap();
    assert_eq!(gathered(&app.app).faults, []);
    fs::write(app.app.join("Contents/Resources.txt"), "late").unwrap();
    fs::write(app.app.join("Contents/Frameworks/libb.dylib"), library()).unwrap();
    let submission = gathered(&app.app);
    let faults: Vec<&str> = submission.faults.iter().map(|hit| &*hit.path).collect();
    assert_eq!(unsigned(&submission), ["Contents/Frameworks/libb.dylib"]);
    assert!(faults.contains(&"Contents/Resources.txt"), "{:?}", submission.faults);
}

#[test]
fn a_program_a_folder_and_what_is_neither() {
    let folder = tempfile::tempdir().unwrap();
    let tool = folder.path().join("tool");
    fs::write(&tool, library()).unwrap();
    assert_eq!((gathered(&tool).kind, unsigned(&gathered(&tool))), (Kind::Code, vec!["tool"]));
    assert_eq!(
        (gathered(folder.path()).kind, unsigned(&gathered(folder.path()))),
        (Kind::Folder, vec!["tool"])
    );
    let note = folder.path().join("note.zip");
    fs::write(&note, zipped(&[], false)).unwrap();
    let options = PreflightOptions { temporary: std::env::temp_dir(), today: None };
    let failure = gather(&note, &options, &Progress::silent()).unwrap_err().to_string();
    assert!(failure.ends_with("name one of these; unpack an archive first."), "{failure}");
}

#[test]
fn packages_and_profiles_are_read_where_they_stand() {
    let app = written(&format!(
        "{PLIST}Contents/MacOS/App execute\nContents/embedded.provisionprofile text\n  line nonsense\n"
    ));
    fs::create_dir_all(app.app.join("Contents/Resources")).unwrap();
    fs::write(app.app.join("Contents/Resources/driver.pkg"), inside::package("<xar><toc/></xar>")).unwrap();
    let submission = gathered(&app.app);
    let [package] = &submission.packages[..] else { panic!() };
    assert_eq!(
        (&*package.path, package.signature),
        ("Contents/Resources/driver.pkg", PackageSignature::None)
    );
    let [vouched] = &submission.profiles[..] else { panic!() };
    assert_eq!(vouched.executable.as_deref(), Some("Contents/MacOS/App"));
    assert!(vouched.profile.as_ref().is_err_and(|why| why.starts_with("is not a signed message")));
}
