//! What codesign refuses as well: nothing could seal it.

use crate::app::{App, copy_tree};

const FRAMEWORK: &str = "Contents/Frameworks/Bar.framework";

#[test]
fn a_folder_with_a_dot_among_code_is_refused() {
    let app = App::new();
    app.write("Contents/MacOS/lib/python3.11/os.py", "");
    let said = app.refused();
    for words in [
        "Contents/MacOS/lib/python3.11",
        "bundle format unrecognized, invalid, or unsuitable",
        "Contents/Resources",
    ] {
        assert!(said.contains(words), "{said}");
    }
    std::fs::create_dir_all(app.at("Contents/Resources/lib")).unwrap();
    std::fs::rename(app.at("Contents/MacOS/lib/python3.11"), app.at("Contents/Resources/lib/python3.11"))
        .unwrap();
    app.link("../../Resources/lib/python3.11", "Contents/MacOS/lib/python3.11");
    app.sign();
}

/// As zip leaves it: every link is a copy of what it led to.
#[test]
fn a_framework_whose_links_became_copies_is_refused() {
    let app = App::new();
    app.add_framework(FRAMEWORK);
    let version = app.at(FRAMEWORK).join("Versions/5");
    for (link, from) in [
        ("Versions/Current", version.clone()),
        ("Resources", version.join("Resources")),
        ("Bar", version.join("Bar")),
    ] {
        let link = app.at(FRAMEWORK).join(link);
        std::fs::remove_file(&link).unwrap();
        match from.is_dir() {
            true => copy_tree(&from, &link),
            false => assert!(std::fs::copy(&from, &link).unwrap() > 0),
        }
    }
    says_what_to_do(&app.refused());
}

/// As a wheel leaves it: the links are gone.
#[test]
fn a_framework_without_its_links_is_refused() {
    let app = App::new();
    app.add_framework(FRAMEWORK);
    for link in ["Versions/Current", "Resources", "Bar"] {
        std::fs::remove_file(app.at(FRAMEWORK).join(link)).unwrap();
    }
    says_what_to_do(&app.refused());
    app.link("5", &format!("{FRAMEWORK}/Versions/Current"));
    app.sign();
}

fn says_what_to_do(said: &str) {
    for words in [FRAMEWORK, "bundle format is ambiguous (could be app or framework)", "bundlewright fix"] {
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn what_the_dry_run_says_is_what_happens() {
    let app = App::new();
    app.write("Contents/MacOS/lib/python3.11/os.py", "");
    let (options, quiet) = (Default::default(), bundlewright::progress::Progress::silent());
    let planned = bundlewright::workflow::plan_signing(&app.path, &options, &quiet).unwrap_err();
    assert_eq!(planned.to_string(), app.refused());
}
