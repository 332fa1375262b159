//! Which seal an edit breaks, and the tree of what is sealed.

use bundlewright::bundle;
use bundlewright::codesign::{SealLink, SealState, SealTree, SealedBy, seal_chain, seal_tree, verify_bundle};
use bundlewright::paths::BundlePath;
use bundlewright::progress::Progress;

use crate::app::*;

fn chain(app: &App, path: &str) -> Option<Vec<SealLink>> {
    let bundle = bundle::scan(&app.path, &Progress::silent()).unwrap();
    let verification = verify_bundle(&bundle, &Progress::silent()).unwrap();
    seal_chain(&bundle, &verification, &BundlePath::new(path).unwrap())
}

/// Each link in a word, with `!` where it is broken.
fn drawn(app: &App, path: &str) -> Vec<String> {
    let links = chain(app, path).unwrap_or_else(|| panic!("no chain of {path}"));
    let word = |link: &SealLink| {
        let by = match &link.seal {
            SealedBy::OwnCodeDirectory => "pages".to_owned(),
            SealedBy::Hash { entry, .. } => format!("hash {entry}"),
            SealedBy::Target { entry, .. } => format!("link {entry}"),
            SealedBy::Requirement { entry, .. } => format!("code {entry}"),
            SealedBy::Slot { code, slot } => format!("-{slot} of {}", code.file_name()),
            SealedBy::Signature { ad_hoc, .. } => format!("signature, ad hoc: {ad_hoc}"),
            SealedBy::Nothing { why } => format!("nothing: {why}"),
        };
        if link.faults.is_empty() { by } else { format!("! {by}") }
    };
    links.iter().map(word).collect()
}

fn tree(app: &App) -> SealTree {
    let bundle = bundle::scan(&app.path, &Progress::silent()).unwrap();
    seal_tree(&bundle, &verify_bundle(&bundle, &Progress::silent()).unwrap())
}

const APP: [&str; 2] = ["-3 of write-postcard", "signature, ad hoc: true"];

fn with_app<'a>(links: &[&'a str]) -> Vec<&'a str> {
    [links, &APP].concat()
}

#[test]
fn a_chain_leads_from_the_file_to_the_app() {
    let app = App::signed();
    assert_eq!(drawn(&app, "Contents/Resources/letter.txt"), with_app(&["hash Resources/letter.txt"]));
    assert_eq!(drawn(&app, "Contents/Resources/link.txt"), with_app(&["link Resources/link.txt"]));
    assert_eq!(drawn(&app, LIBRARY), with_app(&["pages", "code Frameworks/libstamp.1.dylib"]));
    let header = ["hash Headers/Quill.h", "-3 of Quill", "code Frameworks/Quill.framework"];
    assert_eq!(drawn(&app, &format!("{VERSION}/Headers/Quill.h")), with_app(&header));
    let info = ["-1 of stamper", "code Helpers/Stamper.app"];
    assert_eq!(drawn(&app, &format!("{HELPER}/Contents/Info.plist")), with_app(&info));
    let words = ["hash Resources/words.txt", "-3 of words.bundle", "code PlugIns/words.bundle"];
    assert_eq!(drawn(&app, &format!("{CODELESS}/Contents/Resources/words.txt")), with_app(&words));
    assert_eq!(drawn(&app, FRAMEWORK), with_app(&["code Frameworks/Quill.framework"]));
    assert_eq!(drawn(&app, SEAL), APP);
    assert_eq!(drawn(&app, MAIN), ["pages", APP[1]]);
    let rule = "nothing: the rule ^PkgInfo$ of the app leaves it out";
    assert_eq!(drawn(&app, "Contents/PkgInfo"), [rule]);
    assert_eq!(chain(&app, "Contents/Resources/nothing.txt"), None);
}

#[test]
fn an_edit_breaks_the_link_that_is_about_it_and_no_other() {
    let signed = App::signed();
    let broken = |path: &str, change: fn(&App)| {
        let app = signed.copy();
        change(&app);
        drawn(&app, path)
    };
    let header = format!("{VERSION}/Headers/Quill.h");
    let edited = broken(&header, |app| app.write(&format!("{VERSION}/Headers/Quill.h"), "edited"));
    assert_eq!(
        edited,
        ["! hash Headers/Quill.h", "-3 of Quill", "code Frameworks/Quill.framework", APP[0], APP[1]]
    );
    let signed_again = broken(&header, |app| {
        let other = app.copy();
        other.write(&format!("{VERSION}/Headers/Quill.h"), "edited");
        other.sign();
        app.remove(VERSION);
        copy_tree(&other.at(VERSION), &app.at(VERSION));
    });
    assert_eq!(
        signed_again,
        ["hash Headers/Quill.h", "-3 of Quill", "! code Frameworks/Quill.framework", APP[0], APP[1]]
    );
    let seal = broken("Contents/Resources/letter.txt", |app| app.edit(SEAL, |bytes| bytes.push(b'\n')));
    assert_eq!(seal, ["hash Resources/letter.txt", "! -3 of write-postcard", APP[1]]);
    let code = broken(LIBRARY, |app| app.edit(LIBRARY, |bytes| bytes[0x4800] ^= 1));
    assert_eq!(code, ["! pages", "code Frameworks/libstamp.1.dylib", APP[0], APP[1]]);
    let gone = broken("Contents/Resources/letter.txt", |app| app.remove("Contents/Resources/letter.txt"));
    assert_eq!(gone, ["! hash Resources/letter.txt", APP[0], APP[1]]);
    let added = broken("Contents/Resources/new", |app| app.write("Contents/Resources/new", ""));
    assert_eq!(added, ["! nothing: the seal of the app does not know it"]);
}

#[test]
fn the_tree_holds_each_code_under_what_seals_it() {
    let app = App::signed();
    let sound = tree(&app);
    assert_eq!((sound.path.as_str(), sound.state, sound.problems), ("", SealState::Sound, 0));
    let paths: Vec<&str> = sound.nested.iter().map(|nested| nested.path.as_str()).collect();
    assert_eq!(paths, [VERSION, LIBRARY, HELPER, PLUG_IN, CODELESS]);
    assert!(sound.nested.iter().all(|nested| nested.state == SealState::Sound));
    assert_eq!(sound.nested[0].sealed, 2, "a header and Info.plist in Resources");
    assert_eq!(sound.sealed, 5, "icon, two letters, a link, a translation");
    app.write(&format!("{VERSION}/Headers/Quill.h"), "edited");
    let broken = tree(&app);
    assert_eq!((broken.state, broken.nested[0].state), (SealState::Sound, SealState::Broken));
    assert_eq!((broken.nested[0].problems, broken.nested[1].problems), (1, 0));
}
