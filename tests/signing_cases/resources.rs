//! Files that are no code, where code is expected or beside it.

use plist::Value;

use crate::app::{App, What};

fn is_sealed_by_hash(app: &App, inside: &str) -> bool {
    app.sealed(inside).is_some_and(|seal| seal.contains_key("hash2") && !seal.contains_key("requirement"))
}

#[test]
fn a_script_in_macos_stays_and_is_sealed() {
    let app = App::new();
    app.write("Contents/MacOS/tool.sh", "#!/bin/sh\nexec true\n");
    app.set_mode("Contents/MacOS/tool.sh", 0o755);
    let plan = app.sign();
    assert!(is_sealed_by_hash(&app, "MacOS/tool.sh"));
    let warnings = plan.steps.last().unwrap().warnings.join("\n");
    assert!(warnings.contains("MacOS/tool.sh is not code but stands among code"), "{warnings}");
}

#[test]
fn a_settings_file_in_plug_ins_stays_and_is_sealed() {
    let app = App::new();
    app.write("Contents/PlugIns/qt.conf", "[Paths]\nPlugins = PlugIns\n");
    app.sign();
    assert!(is_sealed_by_hash(&app, "PlugIns/qt.conf"));
}

#[test]
fn an_object_file_in_resources_is_a_resource() {
    let app = App::new();
    let faults = crate::common::unpack("faults");
    let unsigned = faults.app("unsigned").join("Contents/Frameworks/libunsigned.dylib");
    let mut object = std::fs::read(unsigned).unwrap();
    object[12] = 1; // MH_OBJECT
    app.write("Contents/Resources/qml/objects-Release/x.o", &object);
    let plan = app.sign();
    assert_eq!(plan.steps.len(), 1);
    assert!(is_sealed_by_hash(&app, "Resources/qml/objects-Release/x.o"));
    // Among code as well, where the other verifier takes it for code.
    app.write("Contents/MacOS/x.o", &object);
    let plan = app.sign_ourselves();
    assert!(is_sealed_by_hash(&app, "MacOS/x.o"));
    assert_eq!(app.read("Contents/MacOS/x.o"), object);
    assert_eq!(plan.steps.len(), 1);
}

/// A fat header over two archives, as `lipo` makes of two libfoo.a.
#[test]
fn a_universal_static_archive_is_a_resource() {
    let app = App::new();
    let row = |cpu: u32, at: u32| [cpu, 0, at, 8, 3];
    let words = [[0xcafe_babe, 2].as_slice(), &row(0x0100_0007, 48), &row(0x0100_000c, 56)].concat();
    let mut archive: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
    archive.extend(b"!<arch>\n!<arch>\n");
    app.write("Contents/Resources/libfoo.a", &archive);
    app.write("Contents/Frameworks/libfoo.a", &archive);
    // The other verifier takes every fat header for code.
    app.sign_ourselves();
    for place in ["Resources/libfoo.a", "Frameworks/libfoo.a"] {
        assert!(is_sealed_by_hash(&app, place), "{place}");
        assert_eq!(app.read(&format!("Contents/{place}")), archive, "{place}");
    }
}

/// `^Resources/.*\.lproj/locversion.plist$` says omit in both versions of the rules.
#[test]
fn the_version_of_a_language_is_left_out_of_both_seals() {
    let app = App::new();
    app.write("Contents/Resources/de.lproj/locversion.plist", "version");
    app.write("Contents/Resources/de.lproj/a.strings", "text");
    app.sign();
    for version in ["files", "files2"] {
        let seal = app.seal("Contents", version);
        assert!(!seal.contains_key("Resources/de.lproj/locversion.plist"), "{version}");
        let language = seal.get("Resources/de.lproj/a.strings").and_then(Value::as_dictionary).unwrap();
        assert_eq!(language.get("optional").and_then(Value::as_boolean), Some(true), "{version}");
    }
    std::fs::remove_dir_all(app.at("Contents/Resources/de.lproj")).unwrap();
    assert_eq!(app.problems(), [""; 0], "a language may be removed");
}

/// codesign seals them too; only its strict verification objects.
#[test]
fn links_that_lead_nowhere_are_sealed_with_a_warning() {
    let app = App::new();
    app.write("Contents/Resources/there.txt", "there");
    app.link("there.txt", "Contents/Resources/good");
    app.link("gone.txt", "Contents/Resources/dangling");
    app.link("/Users/builder/data", "Contents/Resources/absolute");
    app.link("../../../outside", "Contents/Resources/outside");
    app.link("/System/Library/Fonts", "Contents/Resources/system");
    let before = app.listing();
    let plan = app.try_sign().unwrap();
    let after = app.listing();
    crate::app::assert_nothing_lost(&before, &after);
    let warned: Vec<&str> = plan.steps.last().unwrap().warnings.iter().map(String::as_str).collect();
    let invalid = ["absolute", "dangling", "outside"];
    let words = |name| format!("invalid destination for symbolic link in bundle: Resources/{name}");
    assert_eq!(warned, invalid.map(words));
    assert_eq!(app.problems(), invalid.map(|name| format!("invalid-link Contents/Resources/{name}")));
    for name in ["absolute", "dangling", "good", "outside", "system"] {
        let What::Link(target) = &after[&format!("Contents/Resources/{name}")].what else { panic!("{name}") };
        let seal = app.sealed(&format!("Resources/{name}")).unwrap();
        assert_eq!(seal.get("symlink").and_then(Value::as_string), target.to_str(), "{name}");
    }
    app.assert_verdict(false);
    for name in invalid {
        std::fs::remove_file(app.at("Contents/Resources").join(name)).unwrap();
    }
    app.sign();
}
