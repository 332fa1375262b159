//! Whatever people bring: an answer or one line, never a panic.

use std::fs;
use std::path::Path;

use super::{assert_refused, run};
use crate::common::{Fixture, unpack};

const COMMANDS: [&str; 5] = ["inspect", "tree", "launch", "check", "fix"];

#[test]
fn what_is_no_bundle_is_refused_by_every_command() {
    let dir = tempfile::tempdir().expect("a folder");
    let (empty, file, missing) =
        (dir.path().join("Empty.app"), dir.path().join("File.app"), dir.path().join("Missing.app"));
    fs::create_dir(&empty).expect("a folder");
    fs::write(&file, "text").expect("a file");
    for command in COMMANDS.into_iter().chain(["undo", "verify", "sign"]) {
        for path in [&empty, &file, &missing] {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            assert_refused(&run([command.as_ref(), path.as_os_str()]), 3, &[&name]);
        }
    }
    for path in [&empty, &file, &missing] {
        let out = dir.path().join("out.dmg");
        assert_refused(&run(["dmg".as_ref(), path.as_os_str(), "-o".as_ref(), out.as_ref()]), 3, &[]);
        assert!(!out.exists());
    }
}

/// Every looking command answers with 0 or 1, and its JSON is whole.
fn assert_answers(app: &Path) {
    for command in COMMANDS {
        let dry: &[&str] = if command == "fix" { &["--dry-run"] } else { &[] };
        for json in [false, true] {
            if json && command == "tree" {
                continue;
            }
            let json: &[&str] = if json { &["--json"] } else { &[] };
            let words = [command.as_ref(), app.as_os_str()].into_iter();
            let answer = run(words.chain(dry.iter().chain(json).map(AsRef::as_ref)));
            assert!((0..=1).contains(&answer.code), "{command}: {answer:?}");
            if !json.is_empty() {
                serde_json::from_str::<serde_json::Value>(&answer.out).expect("JSON");
            }
        }
    }
}

fn rp() -> Fixture {
    unpack("rp")
}

fn executable(app: &Path) -> Vec<u8> {
    fs::read(app.join("Contents/MacOS/inherits")).expect("the executable")
}

#[test]
fn code_cut_off_anywhere_is_a_finding() {
    let fixture = rp();
    let app = fixture.app("Rp");
    let whole = executable(&app);
    for length in [4, 8, 28, 32, 33, 100, 500, 1000, 4096, whole.len() - 1] {
        let place = app.join(format!("Contents/Frameworks/libcut{length}.dylib"));
        fs::write(place, &whole[..length.min(whole.len())]).expect("a file");
    }
    assert_answers(&app);
}

#[test]
fn random_bytes_after_a_magic_number_are_a_finding() {
    let fixture = rp();
    let app = fixture.app("Rp");
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    let magics: [[u8; 4]; 6] = [
        [0xcf, 0xfa, 0xed, 0xfe],
        [0xce, 0xfa, 0xed, 0xfe],
        [0xfe, 0xed, 0xfa, 0xcf],
        [0xca, 0xfe, 0xba, 0xbe],
        [0xca, 0xfe, 0xba, 0xbf],
        [0xfe, 0xed, 0xfa, 0xce],
    ];
    for (number, magic) in magics.iter().cycle().take(24).enumerate() {
        let mut bytes = magic.to_vec();
        bytes.extend((0..2000).map(|_| random()));
        // Half of them look small enough to be walked.
        if number % 2 == 0 {
            bytes[4..24].iter_mut().for_each(|byte| *byte &= 3);
        }
        fs::write(app.join(format!("Contents/Frameworks/lib{number}.dylib")), bytes).expect("a file");
    }
    assert_answers(&app);
}

#[test]
fn a_main_executable_with_any_load_command_byte_changed_is_survived() {
    let fixture = rp();
    let app = fixture.app("Rp");
    let whole = executable(&app);
    for at in (16..whole.len().min(1200)).step_by(97) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0xff;
        fs::write(app.join("Contents/MacOS/inherits"), bytes).expect("a file");
        let answer = run(["inspect".as_ref(), app.as_os_str(), "--json".as_ref()]);
        assert!((0..=1).contains(&answer.code), "byte {at}: {answer:?}");
    }
}

#[test]
fn a_property_list_ten_thousand_deep_is_a_finding() {
    let fixture = rp();
    let app = fixture.app("Rp");
    let nested = format!("{}{}", "<array>".repeat(10_000), "</array>".repeat(10_000));
    let text = format!("<?xml version=\"1.0\"?><plist version=\"1.0\">{nested}</plist>");
    fs::write(app.join("Contents/Info.plist"), text).expect("a file");
    assert_answers(&app);
    fs::write(app.join("Contents/Info.plist"), b"bplist00garbage").expect("a file");
    assert_answers(&app);
}

#[cfg(unix)]
#[test]
fn links_in_a_circle_end() {
    use std::os::unix::fs::symlink;
    let fixture = rp();
    let app = fixture.app("Rp");
    let frameworks = app.join("Contents/Frameworks");
    for (target, link) in [("b", "a"), ("a", "b"), ("self", "self"), ("..", "up"), ("../../..", "out")] {
        symlink(target, frameworks.join(link)).expect("a link");
    }
    assert_answers(&app);
}

#[cfg(unix)]
#[test]
fn an_unreadable_file_is_a_finding() {
    use std::os::unix::fs::PermissionsExt;
    let fixture = rp();
    let app = fixture.app("Rp");
    let place = app.join("Contents/Frameworks/libsecret.dylib");
    fs::write(&place, executable(&app)).expect("a file");
    fs::set_permissions(&place, fs::Permissions::from_mode(0o000)).expect("a mode");
    if fs::read(&place).is_ok() {
        eprintln!("not checked: this user reads every file whatever its mode");
        return;
    }
    assert_answers(&app);
    let check = run(["check".as_ref(), app.as_os_str()]);
    assert!(check.out.contains("libsecret.dylib"), "{}", check.out);
}

#[test]
fn damaged_disk_images_are_refused_or_found_out() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut trailer = b"koly".to_vec();
    trailer.resize(512, 0xff);
    for (name, bytes) in [("empty.dmg", Vec::new()), ("zeros.dmg", vec![0; 4096]), ("trailer.dmg", trailer)] {
        let path = dir.path().join(name);
        fs::write(&path, bytes).expect("a file");
        let answer = run(["verify".as_ref(), path.as_os_str()]);
        assert!(matches!(answer.code, 1 | 3), "{answer:?}");
    }
}
