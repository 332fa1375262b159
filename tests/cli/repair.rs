//! The main job as a user does it: look, fix, check, undo, build the image.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::{assert_refused, on, run};
use crate::common::{unpack, unpack_sample};

/// Every file and link below `root` with its bytes, its mode and its target.
fn snapshot(root: &Path) -> BTreeMap<String, (u32, Vec<u8>)> {
    let mut all = BTreeMap::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let data = path.symlink_metadata().expect("metadata");
            let content = match (data.is_symlink(), data.is_dir()) {
                (true, _) => {
                    fs::read_link(&path).expect("a link").to_string_lossy().into_owned().into_bytes()
                }
                (_, true) => {
                    folders.push(path.clone());
                    Vec::new()
                }
                _ => fs::read(&path).expect("a file"),
            };
            all.insert(path.display().to_string(), (mode(&data), content));
        }
    }
    all
}

#[cfg(unix)]
fn mode(data: &fs::Metadata) -> u32 {
    std::os::unix::fs::PermissionsExt::mode(&data.permissions())
}

#[cfg(not(unix))]
fn mode(_: &fs::Metadata) -> u32 {
    0
}

#[test]
fn fix_then_check_then_undo() {
    let fixture = unpack("t1");
    let app = fixture.app("T1");
    let original = snapshot(fixture.path());
    let plan = on(&fixture, "fix --dry-run", &app);
    assert_eq!(plan.code, 0, "{plan:?}");
    assert_eq!(snapshot(fixture.path()), original, "a dry run writes nothing");

    let fixed = on(&fixture, "fix", &app);
    assert_eq!(fixed.code, 0, "{fixed:?}");
    assert!(fixed.out.contains("T1.app: fixed with "), "{}", fixed.out);
    // Without the roots: as on another Mac.
    let check = run(["check".as_ref(), app.as_os_str()]);
    assert_eq!(check.code, 0, "{check:?}");
    let launch = run(["launch".as_ref(), app.as_os_str()]);
    assert_eq!(launch.code, 0, "{launch:?}");
    let verify = run(["verify".as_ref(), app.as_os_str()]);
    assert_eq!(verify.code, 0, "{verify:?}");

    let fixed_state = snapshot(&app);
    let again = on(&fixture, "fix", &app);
    assert_eq!(again.code, 0);
    assert!(again.out.starts_with("T1.app: nothing to fix\n"), "{}", again.out);
    assert_eq!(snapshot(&app), fixed_state, "a second fix changes nothing");

    let undone = run(["undo".as_ref(), app.as_os_str()]);
    assert_eq!(undone.code, 0, "{undone:?}");
    assert_eq!(snapshot(fixture.path()), original, "undo restores every byte");
    let nothing = run(["undo".as_ref(), app.as_os_str()]);
    assert_eq!(nothing.code, 3, "{nothing:?}");
}

#[test]
fn what_has_no_room_is_said_with_the_bytes_that_are_missing() {
    let fixture = unpack("pad");
    let app = fixture.app("Pad");
    let original = snapshot(&app);
    for words in ["fix --dry-run", "fix"] {
        let answer = on(&fixture, words, &app);
        assert_eq!(answer.code, 1, "{answer:?}");
        assert!(answer.out.contains("no-header-room") && answer.out.contains("bytes"), "{}", answer.out);
    }
    assert_eq!(snapshot(&app), original);
}

#[test]
fn only_a_rule_or_a_reference_and_never_what_is_ignored() {
    let fixture = unpack("t1");
    let app = fixture.app("T1");
    let left = |words: &str| {
        let answer = on(&fixture, &format!("fix --dry-run --json {words}"), &app);
        let document: serde_json::Value = serde_json::from_str(&answer.out).expect("JSON");
        let copies =
            document["edits"].as_array().expect("edits").iter().filter(|edit| edit["kind"] == "copy_file");
        copies
            .filter_map(|edit| edit["to"].as_str()?.rsplit('/').next().map(str::to_owned))
            .collect::<Vec<_>>()
    };
    assert_eq!(left("--reference brewed libbaz.dylib"), ["libbaz.dylib"]);
    assert!(!left("--ignore *sparkle*").contains(&"libsparkle.2.dylib".to_owned()));
    assert!(left("").contains(&"libsparkle.2.dylib".to_owned()));
    assert_eq!(left("--only duplicate-rpath"), Vec::<String>::new());
}

#[test]
fn a_plan_is_exported_in_the_format_of_its_name() {
    let fixture = unpack("t1");
    for (name, start) in [
        ("plan.md", "# Plan for T1.app"),
        ("plan.sh", "#!/bin/sh\n"),
        ("plan.json", "{"),
        ("plan.txt", "Plan for T1.app"),
    ] {
        let out = fixture.path().join(name);
        let answer = on(&fixture, &format!("fix --dry-run --export {}", out.display()), &fixture.app("T1"));
        assert_eq!(answer.code, 0, "{answer:?}");
        let text = fs::read_to_string(&out).expect("the plan");
        assert!(text.starts_with(start) && text.contains("libfoo.1.dylib"), "{text}");
    }
}

#[test]
fn a_disk_image_comes_out_whole_and_the_same_twice() {
    let fixture = unpack("rp");
    let app = fixture.app("Rp");
    let build = |name: &str| {
        let out = fixture.path().join(name);
        let place = ["--place", "Rp.app=100,120", "--window", "500x300", "--background-color", "#224466"];
        let answer = run(["dmg".as_ref(), app.as_os_str(), "-o".as_ref(), out.as_os_str()]
            .into_iter()
            .chain(place.map(AsRef::as_ref)));
        assert_eq!(answer.code, 0, "{answer:?}");
        assert!(answer.out.contains("Volume \"Rp 1.0\""), "{}", answer.out);
        out
    };
    let (first, second) = (build("first.dmg"), build("second.dmg"));
    assert_eq!(fs::read(&first).expect("an image"), fs::read(&second).expect("an image"));
    assert_eq!(run(["verify".as_ref(), first.as_os_str()]).code, 0);
    let mut bytes = fs::read(&first).expect("an image");
    bytes[100] ^= 1;
    fs::write(&first, bytes).expect("a file");
    assert_eq!(run(["verify".as_ref(), first.as_os_str()]).code, 1);

    let inside = app.join("Contents/Resources.dmg");
    let answer = run(["dmg".as_ref(), app.as_os_str(), "-o".as_ref(), inside.as_os_str()]);
    assert_eq!((answer.code, inside.exists()), (3, false), "{answer:?}");
    let answer = run([
        "dmg".as_ref(),
        app.as_os_str(),
        "-o".as_ref(),
        second.as_os_str(),
        "--place".as_ref(),
        "No.app=1,1".as_ref(),
    ]);
    assert_eq!(answer.code, 2, "{answer:?}");
}

#[test]
fn signing_makes_a_bundle_and_a_file_valid() {
    let fixture = unpack("faults");
    let app = fixture.app("unsigned");
    assert_eq!(run(["verify".as_ref(), app.as_os_str()]).code, 1);
    let library = app.join("Contents/Frameworks/libunsigned.dylib");
    let signed = run(["sign".as_ref(), library.as_os_str()]);
    assert_eq!(signed.code, 0, "{signed:?}");
    assert_eq!(run(["verify".as_ref(), library.as_os_str()]).code, 0);
    let signed = run(["sign".as_ref(), app.as_os_str()]);
    assert_eq!(signed.code, 0, "{signed:?}");
    let verify = run(["verify".as_ref(), app.as_os_str()]);
    assert_eq!(verify.code, 0, "{verify:?}");
}

fn identity(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/identities").join(name)
}

#[test]
fn an_identity_signs_with_its_password_from_a_file() {
    let fixture = unpack("faults");
    let app = fixture.app("unsigned");
    let password = fixture.path().join("password");
    std::fs::write(&password, "secret word\n").expect("a password file");
    let sign = |name: &str, more: &[&str]| {
        let identity = identity(name);
        let mut line = vec!["sign".as_ref(), app.as_os_str(), "--identity".as_ref(), identity.as_os_str()];
        line.extend(more.iter().map(std::ffi::OsStr::new));
        run(line)
    };
    let with = ["--password-file", password.to_str().expect("text")];
    let plan = sign("rsa.p12", &[&with[..], &["--dry-run", "--json"]].concat());
    assert_eq!(plan.code, 0, "{plan:?}");
    let plan: serde_json::Value = serde_json::from_str(&plan.out).expect("JSON");
    assert_eq!(plan["schema"], 1);
    assert_eq!((&plan["signed"], &plan["identity"]["name"]), (&false.into(), &"Bundlewright Test".into()));
    let last = plan["steps"].as_array().and_then(|steps| steps.last()).expect("a step");
    assert_eq!(
        (&last["path"], &last["kind"], &last["flags"]),
        (&"".into(), &"bundle".into(), &serde_json::json!([]))
    );
    assert_eq!(run(["verify".as_ref(), app.as_os_str()]).code, 1, "nothing is signed yet");
    let signed = sign("rsa.p12", &with);
    assert!(signed.out.contains("signed by Bundlewright Test, "), "{signed:?}");
    assert_eq!(run(["verify".as_ref(), app.as_os_str()]).code, 0);
    assert_refused(&sign("rsa.p12", &[]), 3, &["is locked with a password", "--password-file"]);
    assert_refused(&sign("installer.p12", &with), 3, &["is a Developer ID Installer certificate"]);
    assert_refused(&run(["sign", "A.app", "--timestamp-url", "http://x.example"]), 3, &["ad hoc signature"]);
    assert_eq!(run(["sign", "A.app", "--password-file", "x"]).code, 2);
}

#[test]
fn the_demo_does_the_whole_job_without_a_display() {
    let dir = tempfile::tempdir().expect("a folder");
    let place = dir.path().join("demo");
    let answer = run(["demo".as_ref(), "--headless".as_ref(), "--dir".as_ref(), place.as_os_str()]);
    assert_eq!(answer.code, 0, "{answer:?}");
    let app = place.join("Postcard.app");
    assert_eq!(run(["verify".as_ref(), app.as_os_str()]).code, 0);
    assert_eq!(run(["launch".as_ref(), app.as_os_str()]).code, 0);
    let images = fs::read_dir(&place).expect("the folder").filter_map(Result::ok);
    let image =
        images.map(|entry| entry.path()).find(|path| path.extension().is_some_and(|end| end == "dmg"));
    assert_eq!(run(["verify".as_ref(), image.expect("an image").as_os_str()]).code, 0);
    let sample = unpack_sample();
    assert!(sample.app("Postcard").is_dir());
}

#[test]
fn what_a_rule_offers_is_done_only_when_asked_for() {
    let fixture = unpack_sample();
    let app = fixture.app("Postcard");
    let symbols = app.join("Contents/Resources/Postcard.app.dSYM");
    fs::create_dir(&symbols).expect("a folder");
    fs::write(symbols.join("symbols"), "not for everybody").expect("a file");
    let dry = on(&fixture, "fix --dry-run", &app);
    assert!(
        dry.out.contains("Offered besides, with --also RULE\n  17 bytes of debug symbols  [debug-symbols]\n"),
        "{}",
        dry.out
    );
    assert!(!dry.out.contains("dSYM\n  remove"), "{}", dry.out);
    assert_eq!(on(&fixture, "fix --also debug-symbols", &app).code, 0);
    assert!(!symbols.exists());
    assert_eq!(run(["undo".into(), app.clone().into_os_string()]).code, 0);
    assert!(symbols.join("symbols").is_file());
    assert_eq!(on(&fixture, "fix --also no-such-rule", &app).code, 2);
}

#[test]
fn no_image_is_made_of_a_bundle_with_errors_unless_somebody_insists() {
    let fixture = unpack_sample();
    let (app, out) = (fixture.app("Postcard"), fixture.path().join("Postcard.dmg"));
    let build = |more: &[&str]| {
        let flags = ["dmg".as_ref(), app.as_os_str(), "-o".as_ref(), out.as_os_str()];
        run(flags.into_iter().chain(more.iter().map(|flag| flag.as_ref())))
    };
    let refused = build(&[]);
    assert_eq!((refused.code, out.exists()), (3, false), "{refused:?}");
    assert!(refused.err.contains("errors (") && refused.err.contains("--despite-errors"), "{}", refused.err);
    let built = build(&["--despite-errors"]);
    assert_eq!((built.code, out.exists()), (0, true), "{built:?}");
    assert!(built.err.contains("has "), "the errors are still told: {}", built.err);
}
