//! What `verify` says of things that are no app, or that nobody signed.

use std::fs;
use std::path::Path;

use bundlewright::macho::fat;
use bundlewright::progress::Progress;
use bundlewright::workflow;

use crate::app::*;
use crate::common;

fn codes(path: &Path) -> Vec<&'static str> {
    let checked = workflow::verify(path, &Progress::silent()).unwrap();
    checked.problems.iter().map(|problem| problem.code).collect()
}

#[test]
fn nested_bundles_are_verified_by_themselves() {
    let app = App::signed();
    for bundle in [FRAMEWORK, HELPER, CODELESS] {
        assert_eq!(codes(&app.at(bundle)), [""; 0], "{bundle}");
    }
    let checked = workflow::verify(&app.at(FRAMEWORK), &Progress::silent()).unwrap();
    assert_eq!(checked.main_code().unwrap().path.as_str(), "Versions/2.2.0/Quill");
    let silent = Progress::silent();
    let header = Path::new("Versions/2.2.0/Headers/Quill.h");
    let chain = workflow::seals::seal_chain(&app.at(FRAMEWORK), header, &silent).unwrap();
    assert_eq!(chain.len(), 3, "{chain:?}");
    let tree = workflow::seals::seal_tree(&app.at(FRAMEWORK), &silent).unwrap();
    assert_eq!((tree.path.as_str(), tree.sealed), ("Versions/2.2.0", 2));
    app.write(&format!("{FRAMEWORK}/stray"), "stray");
    assert_eq!(codes(&app.at(FRAMEWORK)), ["framework-structure"]);
}

#[test]
fn what_nobody_signed_is_not_signed_even_where_it_runs() {
    let fixture = common::unpack_sample();
    let app = fixture.app("Postcard");
    // arm64 bears the linker's signature, x86_64 none.
    assert_eq!(codes(&app.join(LIBRARY)), ["unsigned"]);
    let file = fs::read(app.join(LIBRARY)).unwrap();
    let arm64 = fixture.path().join("thin.dylib");
    fs::write(&arm64, &file[fat::slices(&file).unwrap()[1].1.clone()]).unwrap();
    assert_eq!(codes(&arm64), [""; 0]);
    assert_eq!(codes(&app), ["unsigned"]);
    let main = fs::read(app.join(MAIN)).unwrap();
    fs::write(app.join(MAIN), &main[fat::slices(&main).unwrap()[1].1.clone()]).unwrap();
    assert_eq!(codes(&app), ["not-sealed"]);
    fs::remove_file(app.join(MAIN)).unwrap();
    assert_eq!(codes(&app), ["unsigned"]);
}

#[test]
fn an_object_file_has_nothing_to_sign() {
    let fixture = common::unpack_sample();
    let file = fs::read(fixture.app("Postcard").join(LIBRARY)).unwrap();
    let mut object = file[fat::slices(&file).unwrap()[0].1.clone()].to_vec();
    object[12] = 1; // MH_OBJECT
    let path = fixture.path().join("x.o");
    fs::write(&path, object).unwrap();
    assert_eq!(codes(&path), [""; 0]);
}
