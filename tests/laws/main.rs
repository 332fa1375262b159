//! Every page of `assets/laws` is a law of dyld with its answers; README.md beside this file says how one is written.

#![allow(clippy::disallowed_methods, reason = "tests make what they look at")]

mod answers;
#[path = "../common/model.rs"]
mod model;
mod page;
#[cfg(unix)]
mod thin;

use std::fs;
use std::path::{Path, PathBuf};

use bundlewright::dyld::{self, Conditions, Place};
use page::Page;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/laws")
}

#[test]
fn every_law_holds() {
    let mut broken = Vec::new();
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).unwrap();
        let page = Page::parse(&text);
        let needs_links = page.bundle().lines().any(|line| line.starts_with('/'));
        if needs_links && cfg!(not(unix)) {
            continue;
        }
        let answered = answers::answer(&page);
        if answered == text {
            continue;
        }
        if std::env::var("LAWS").is_ok_and(|mode| mode == "write") {
            fs::write(&path, answered).unwrap();
        } else {
            broken.push(format!("{name} holds:\n{}", differences(&text, &answered)));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn the_chapter_has_every_page_once() {
    let mut pages: Vec<String> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    let mut listed: Vec<String> = dyld::laws::all().map(|law| format!("{}.md", law.id)).collect();
    pages.sort();
    listed.sort();
    assert_eq!(listed, pages);
    assert!(dyld::laws::all().all(|law| law.text.starts_with("# ")));
}

#[test]
fn a_chain_of_two_thousand_libraries_is_walked() {
    let mut text =
        String::from("Contents/MacOS/App execute\n  rpath @executable_path\n  use @rpath/lib0.dylib\n");
    for number in 0..2000 {
        let next = number + 1;
        text += &format!("Contents/MacOS/lib{number}.dylib dylib\n  id @rpath/lib{number}.dylib\n");
        text += &format!("  rpath @loader_path\n  use @rpath/lib{next}.dylib\n  weak @rpath/lib0.dylib\n");
    }
    let bundle = model::bundle(&model::sound(model::items(&text)));
    let graph = dyld::resolve(&bundle, &Place::CleanMac, &Conditions::default());
    let [launch] = &graph.launches[..] else { panic!("{} launches", graph.launches.len()) };
    assert_eq!(launch.loads.len(), 2001);
    let said = dyld::launch::verdict(&bundle, &graph, launch, &[]).message.unwrap();
    assert!(said.starts_with("Library not loaded: @rpath/lib2000.dylib\n"), "{}", &said[..200]);
}

/// The lines that changed.
fn differences(expected: &str, actual: &str) -> String {
    let lost = expected.lines().filter(|line| !actual.lines().any(|other| other == *line));
    let new = actual.lines().filter(|line| !expected.lines().any(|other| other == *line));
    lost.map(|line| format!("- {line}\n")).chain(new.map(|line| format!("+ {line}\n"))).collect()
}
