//! `packaging/`: Bundlewright's own packages say the same of it everywhere, and its engine makes its own app and disk image.

#![allow(clippy::disallowed_methods, reason = "tests make what they look at")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

const ID: &str = "io.github.bundlewright.Bundlewright";
const VERSION: &str = env!("CARGO_PKG_VERSION");

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn text(path: &str) -> String {
    fs::read_to_string(repository(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn desktop_file() -> String {
    text(&format!("packaging/{ID}.desktop"))
}

fn metainfo() -> String {
    text(&format!("packaging/{ID}.metainfo.xml"))
}

fn info() -> plist::Dictionary {
    plist::Value::from_file(repository("packaging/Info.plist"))
        .expect("a property list")
        .into_dictionary()
        .expect("a dictionary")
}

#[test]
fn the_window_and_every_package_bear_one_name() {
    assert!(text("src/ui/mod.rs").contains(&format!("const APP_ID: &str = \"{ID}\";")));
    let desktop = desktop_file();
    for line in [format!("Icon={ID}"), format!("StartupWMClass={ID}"), "Exec=bundlewright %f".to_owned()] {
        assert!(desktop.lines().any(|one| one == line), "{line}");
    }
    let metainfo = metainfo();
    for part in [
        format!("<id>{ID}</id>"),
        format!("<launchable type=\"desktop-id\">{ID}.desktop</launchable>"),
        format!("<icon type=\"stock\">{ID}</icon>"),
        "<binary>bundlewright</binary>".to_owned(),
    ] {
        assert!(metainfo.contains(&part), "{part}");
    }
    let info = info();
    let string = |key: &str| info.get(key).and_then(plist::Value::as_string);
    assert_eq!(string("CFBundleIdentifier"), Some(ID));
    assert_eq!(string("CFBundleExecutable"), Some("bundlewright"));
    assert_eq!(string("LSApplicationCategoryType"), Some("public.app-category.developer-tools"));
}

#[test]
fn every_package_bears_the_version_of_the_program() {
    let info = info();
    for key in ["CFBundleShortVersionString", "CFBundleVersion"] {
        assert_eq!(info.get(key).and_then(plist::Value::as_string), Some(VERSION), "{key}");
    }
    let newest = metainfo().split_once("<release ").map(|(_, rest)| rest.to_owned()).expect("a release");
    assert!(newest.starts_with(&format!("version=\"{VERSION}\"")), "{newest}");
}

#[test]
fn every_icon_is_as_wide_as_its_name_says() {
    let width = |bytes: &[u8]| {
        let picture = image::load_from_memory_with_format(bytes, image::ImageFormat::Png).expect("a PNG");
        assert_eq!(picture.width(), picture.height());
        picture.width()
    };
    for size in [16, 24, 32, 48, 64, 128, 256, 512] {
        let bytes = fs::read(repository(&format!("assets/icon/bundlewright-{size}.png"))).expect("an icon");
        assert_eq!(width(&bytes), size);
    }
    // A table of 16 bytes an entry behind 6: width (0 for 256), and at 8 and 12 how long the picture is and where it lies.
    let ico = fs::read(repository("assets/icon/bundlewright.ico")).expect("an icon");
    let number = |at: usize| u32::from_le_bytes(ico[at..at + 4].try_into().expect("four bytes")) as usize;
    assert_eq!(ico[..6], [0, 0, 1, 0, 5, 0]);
    for (entry, size) in (6..).step_by(16).zip([16, 32, 48, 64, 256]) {
        let (length, at) = (number(entry + 8), number(entry + 12));
        assert_eq!((u32::from(ico[entry]), width(&ico[at..at + length])), (size % 256, size));
    }
}

/// The scripts are for a shell.
#[cfg(unix)]
mod scripts {
    use std::ffi::OsStr;
    use std::os::unix::fs::PermissionsExt;
    use std::process::{Command, Output};

    use serde_json::Value;

    use super::*;

    fn script(name: &str, arguments: &[&OsStr]) -> Output {
        let mut command = Command::new(repository("packaging").join(name));
        command.env("BUNDLEWRIGHT", env!("CARGO_BIN_EXE_bundlewright")).args(arguments);
        // What cargo knows of all packages would take the network.
        command.env("LICENCES", repository("LICENSE-MIT")).env("SOURCE_DATE_EPOCH", "1800000000");
        command.output().expect("bash")
    }

    fn said(output: &Output) -> String {
        String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned()
    }

    fn json(word: &str, path: &Path) -> Value {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bundlewright"));
        let output = command.arg(word).arg(path).arg("--json").output().expect("it starts");
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", said(&output)))
    }

    /// A macOS program that needs macOS alone. It is not executable, as after a download.
    fn program(fixture: &common::Fixture) -> PathBuf {
        fixture.app("not-executable").join("Contents/MacOS/main")
    }

    #[test]
    fn our_app_and_its_disk_image_come_from_our_engine() {
        let fixture = common::unpack("faults");
        let (binary, out) = (program(&fixture), fixture.path().join("out"));
        let made = script("macos", &[binary.as_ref(), out.as_ref()]);
        assert!(made.status.success(), "{}", said(&made));

        let app = out.join("Bundlewright.app");
        let mode = fs::metadata(app.join("Contents/MacOS/bundlewright")).expect("a program").permissions();
        assert_eq!(mode.mode() & 0o777, 0o755);
        for file in
            ["LICENSE-MIT", "LICENSE-APACHE", "Inter-OFL.txt", "JetBrainsMono-OFL.txt", "third-party.txt"]
        {
            assert!(app.join("Contents/Resources/Licences").join(file).is_file(), "{file}");
        }
        assert_eq!(json("check", &app)["findings"], Value::Array(Vec::new()));
        let seals = json("verify", &app);
        assert_eq!((&seals["ok"], &seals["codes"][0]["identifier"]), (&true.into(), &ID.into()));

        let image = out.join(format!("Bundlewright-{VERSION}.dmg"));
        assert_eq!(json("verify", &image)["ok"], true);
        let refused = script("macos", &[binary.as_ref(), out.as_ref()]);
        assert_eq!(refused.status.code(), Some(3));
        assert!(
            said(&refused).contains("Bundlewright.app: is already there; move it away"),
            "{}",
            said(&refused)
        );
        let again = fixture.path().join("again");
        assert!(script("macos", &[binary.as_ref(), again.as_ref()]).status.success());
        assert!(
            fs::read(&image).expect("an image")
                == fs::read(again.join(image.file_name().expect("a name"))).expect("an image")
        );
    }

    #[test]
    fn an_identity_signs_both_for_the_hardened_runtime() {
        let fixture = common::unpack("faults");
        let (binary, out) = (program(&fixture), fixture.path().join("out"));
        let (identity, password) =
            (repository("tests/fixtures/identities/chain.p12"), fixture.path().join("password"));
        fs::write(&password, "secret word").expect("a file");
        let flags: [&OsStr; 6] = [
            "--identity".as_ref(),
            identity.as_ref(),
            "--password-file".as_ref(),
            password.as_ref(),
            "--timestamp-url".as_ref(),
            "none".as_ref(),
        ];
        let made = script("macos", &[&[binary.as_ref(), out.as_ref()], &flags[..]].concat());
        assert!(made.status.success(), "{}", said(&made));
        let image = json("verify", &out.join(format!("Bundlewright-{VERSION}.dmg")));
        assert_eq!((&image["ok"], &image["codes"][0]["path"]), (&true.into(), &"".into()), "{image}");
        let app = json("inspect", &out.join("Bundlewright.app"));
        assert_eq!(app["images"][0]["slices"][0]["signature"]["flags"], Value::from(vec!["runtime"]));
    }

    #[test]
    fn the_app_asks_for_the_macos_that_the_program_was_built_for() {
        let fixture = common::unpack("faults");
        let (binary, out) = (program(&fixture), fixture.path().join("out"));
        // LC_BUILD_VERSION: the platform is macOS (1), minos 11.0 and here 12.3.
        let mut bytes = fs::read(&binary).expect("a program");
        let minos = [1, 0, 0, 0, 0, 0, 11, 0];
        let at = bytes.windows(8).position(|window| window == minos).expect("LC_BUILD_VERSION") + 4;
        bytes[at..at + 4].copy_from_slice(&[0, 3, 12, 0]);
        fs::write(&binary, bytes).expect("a file");
        let made = script("macos", &[binary.as_ref(), out.as_ref()]);
        assert!(made.status.success(), "{}", said(&made));
        assert_eq!(json("inspect", &out.join("Bundlewright.app"))["minimum_system"], "12.3");
    }

    #[test]
    fn what_cannot_be_shipped_is_named_and_leaves_nothing() {
        let fixture = common::unpack("faults");
        let out = fixture.path().join("out");
        let made = script("macos", &["absent".as_ref(), out.as_ref()]);
        assert_eq!((made.status.code(), out.exists()), (Some(3), false), "{}", said(&made));
        assert!(said(&made).contains("absent: there is no such program"), "{}", said(&made));
        assert_eq!(script("macos", &["only-one".as_ref()]).status.code(), Some(2));

        let text = fixture.path().join("text");
        fs::write(&text, "no program").expect("a file");
        let made = script("macos", &[text.as_ref(), out.as_ref()]);
        assert_eq!((made.status.code(), out.exists()), (Some(3), false), "{}", said(&made));
        assert!(said(&made).contains("text: is not a Mach-O file"), "{}", said(&made));

        let brewed = common::unpack("t1");
        let made = script("macos", &[brewed.app("T1").join("Contents/MacOS/brewed").as_ref(), out.as_ref()]);
        assert_eq!(made.status.code(), Some(1), "{}", said(&made));
        assert!(said(&made).contains("/opt/homebrew/opt/foo/lib/libfoo.1.dylib"), "{}", said(&made));
        assert_eq!(fs::read_dir(&out).expect("a folder").count(), 0, "{}", said(&made));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_linux_desktop_finds_everything() {
        let folder = tempfile::tempdir().expect("a folder");
        let prefix = folder.path().join("usr");
        let made = script("linux", &[env!("CARGO_BIN_EXE_bundlewright").as_ref(), prefix.as_ref()]);
        assert!(made.status.success(), "{}", said(&made));
        let started =
            Command::new(prefix.join("bin/bundlewright")).arg("--version").output().expect("it starts");
        assert_eq!(said(&started), format!("bundlewright {VERSION}\n"));
        let share = prefix.join("share");
        assert_eq!(
            fs::read_to_string(share.join(format!("applications/{ID}.desktop"))).expect("a file"),
            desktop_file()
        );
        assert_eq!(
            fs::read_to_string(share.join(format!("metainfo/{ID}.metainfo.xml"))).expect("a file"),
            metainfo()
        );
        for size in [16, 24, 32, 48, 64, 128, 256, 512] {
            assert!(share.join(format!("icons/hicolor/{size}x{size}/apps/{ID}.png")).is_file(), "{size}");
        }
        assert!(share.join("licenses/bundlewright/third-party.txt").is_file());
    }
}
