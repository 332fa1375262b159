//! Bundles in bundles.

use plist::Value;
use sha1::{Digest, Sha1};

use crate::app::{App, MAIN};

const DETACHED: [&str; 4] = ["CodeDirectory", "CodeRequirements", "CodeResources", "CodeSignature"];

/// As in Flet.app: what has no code and stands in Resources is sealed file by file, and gets nothing written into it.
#[test]
fn a_privacy_bundle_in_a_framework_is_a_resource_of_it() {
    let app = App::new();
    let framework = "Contents/Frameworks/Bar.framework";
    app.add_framework(framework);
    let privacy = format!("{framework}/Versions/5/Resources/Bar_privacy.bundle/Contents");
    app.add_info_plist(&format!("{privacy}/Info.plist"), "org.example.privacy", "none");
    app.write(&format!("{privacy}/Resources/PrivacyInfo.xcprivacy"), "privacy");
    app.sign();
    assert!(!app.at(&privacy).join("_CodeSignature").exists());
    let seal = app.seal(&format!("{framework}/Versions/5"), "files2");
    for inside in ["Info.plist", "Resources/PrivacyInfo.xcprivacy"] {
        assert!(seal.contains_key(&format!("Resources/Bar_privacy.bundle/Contents/{inside}")), "{inside}");
    }
    let once = app.listing();
    app.sign();
    let bytes = |listing: &crate::app::Listing| {
        listing.iter().map(|(path, entry)| (path.clone(), entry.what.clone())).collect::<Vec<_>>()
    };
    assert!(bytes(&once) == bytes(&app.listing()), "the second signing is not the same as the first");
}

#[test]
fn a_bundle_without_code_in_frameworks_is_signed_in_files() {
    let app = App::new();
    let bundle = "Contents/Frameworks/data.bundle/Contents";
    app.add_info_plist(&format!("{bundle}/Info.plist"), "org.example.data", "none");
    app.write(&format!("{bundle}/Resources/data"), "data");
    app.sign();
    assert_eq!(app.signature_files(bundle), DETACHED);
    let seal = app.sealed("Frameworks/data.bundle").unwrap();
    let cdhash = seal.get("cdhash").and_then(Value::as_data).unwrap();
    let hex: String = cdhash.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(seal.get("requirement").and_then(Value::as_string), Some(&*format!("cdhash H\"{hex}\"")));
    assert!(!app.seal("Contents", "files2").contains_key("Frameworks/data.bundle/Contents/Resources/data"));
    app.write(&format!("{bundle}/Resources/data"), "other");
    assert_eq!(
        app.problems(),
        ["sealed-resource-modified Contents/Frameworks/data.bundle/Contents/Resources/data"]
    );
}

#[test]
fn an_app_whose_executable_is_a_script_is_signed_in_files() {
    let app = App::new();
    let script = "#!/bin/sh\nexec python3\n";
    app.write(MAIN, script);
    let plan = app.sign();
    assert_eq!(app.read(MAIN), script.as_bytes());
    assert_eq!(app.signature_files("Contents"), DETACHED);
    let warnings = &plan.steps.last().unwrap().warnings;
    assert!(warnings[0].starts_with("its main executable is a script"), "{warnings:?}");
    app.write(MAIN, "#!/bin/sh\nexec python2\n");
    assert_eq!(app.problems(), ["page-hash "]);
}

/// The helper is signed before its files are hashed: for version 2 and for version 1, where other signers keep the hash of
/// what was there before.
#[test]
fn a_helper_in_resources_is_sealed_as_it_was_signed() {
    let app = App::new();
    let helper = "Contents/Resources/Helper.app/Contents";
    app.add_info_plist(&format!("{helper}/Info.plist"), "org.example.helper", "helper");
    app.write(&format!("{helper}/MacOS/helper"), app.read(MAIN));
    app.set_mode(&format!("{helper}/MacOS/helper"), 0o755);
    let unsigned = app.read(&format!("{helper}/MacOS/helper"));
    app.sign();
    let first = app.seal("Contents", "files");
    for name in ["MacOS/helper", "_CodeSignature/CodeResources", "Info.plist"] {
        let inside = format!("Resources/Helper.app/Contents/{name}");
        let there = Sha1::digest(app.read(&format!("Contents/{inside}"))).to_vec();
        assert_eq!(first.get(&inside).and_then(Value::as_data), Some(&there[..]), "{inside}");
        assert!(app.sealed(&inside).is_some_and(|seal| seal.contains_key("hash2")), "{inside}");
    }
    assert_ne!(app.read(&format!("{helper}/MacOS/helper")), unsigned);
}
