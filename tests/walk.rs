//! The walk of a reference, in every kind of step, and its exports.

#[path = "common/model.rs"]
mod model;

use bundlewright::bundle::{ImageId, SearchRoots};
use bundlewright::dyld::walk::{Fact, Mark, Step, Walk, elsewhere, find, markdown, plain};
use bundlewright::dyld::{Conditions, Place, laws, resolve};
use bundlewright::macho::{Arch, InstallName};
use bundlewright::paths::BundlePath;

fn fact(label: &'static str, text: &str) -> Fact {
    Fact { label, text: text.to_owned() }
}
fn walked(description: &str, image: &str, name: &str) -> Walk {
    let bundle = model::bundle(&model::items(description));
    let graph = resolve(&bundle, &Place::CleanMac, &Conditions::default());
    let image = ImageId::Bundled(BundlePath::new(image).unwrap());
    find(&bundle, &graph, &image, Arch::ARM64, &InstallName::new(name)).expect("a reference")
}

const PLUG_IN: &str = "Contents/MacOS/App execute\n  rpath @executable_path/../Frameworks\n  use @rpath/libquill.dylib\n\
    Contents/Frameworks/libquill.dylib dylib uuid=1D4C196B-2627-3B71-9183-CDBAB8DE5498\n  id @rpath/libquill.dylib\n\
    Contents/PlugIns/part.so bundle\n  rpath @loader_path/lib\n  use @rpath/libquill.dylib\n  use @loader_path/libquill.dylib\n  \
    use /Users/me/lib/libquill.dylib\n  weak @rpath/libgone.dylib\n\
    Contents/PlugIns/libquill.dylib dylib uuid=1D4C196B-2627-3B71-9183-CDBAB8DE5498\n  id /x/libquill.dylib\n";

fn titles(walk: &Walk) -> Vec<(&str, Mark)> {
    walk.steps.iter().map(|step| (step.title.as_str(), step.mark)).collect()
}

#[test]
fn an_absolute_path_of_the_build_machine_is_told_step_by_step() {
    let walk = walked(PLUG_IN, "Contents/PlugIns/part.so", "/Users/me/lib/libquill.dylib");
    let wanted = [
        ("part.so asks for libquill.dylib", Mark::Asked),
        ("Is it loaded already?", Mark::No),
        ("Is it a library of macOS?", Mark::No),
        ("The path as it stands", Mark::No),
        ("The same path in the cryptex", Mark::No),
        ("The path once more", Mark::No),
        ("Fallback folders", Mark::Skipped),
        ("Second round, links resolved", Mark::Skipped),
    ];
    assert_eq!(titles(&walk), wanted);
    let near = &walk.steps[1];
    assert!(near.answer.contains("same file name"), "{near:?}");
    assert_eq!(near.facts[0].text, "/Applications/App.app/Contents/Frameworks/libquill.dylib");
    assert_eq!(near.facts[1].text, "@rpath/libquill.dylib");
    assert!(walk.end.words.contains("The plug-in cannot be opened"), "{}", walk.end.words);
    assert!(
        walk.says.is_some_and(|says| says.first && says.message.starts_with("Library not loaded: /Users/me"))
    );
}

#[test]
fn what_is_loaded_already_is_used_again_and_says_who_shares_it() {
    let walk = walked(PLUG_IN, "Contents/PlugIns/part.so", "@rpath/libquill.dylib");
    assert_eq!(walk.steps[1].mark, Mark::Reused);
    assert_eq!(walk.steps[0].facts.last().unwrap().text, "part.so, then App");
    assert!(walk.notes.iter().any(|note| note.words == "The same image serves App."), "{:?}", walk.notes);
    assert!(walk.says.is_none());
}

#[test]
fn a_second_copy_in_the_process_is_a_fault_of_the_walk() {
    let walk = walked(PLUG_IN, "Contents/PlugIns/part.so", "@loader_path/libquill.dylib");
    assert!(
        walk.notes.iter().any(|note| note.fault && note.words.starts_with("Two copies")),
        "{:?}",
        walk.notes
    );
}

#[test]
fn each_rpath_names_its_declarer_and_a_repeat_says_why() {
    let walk = walked(PLUG_IN, "Contents/PlugIns/part.so", "@rpath/libgone.dylib");
    let rpaths: Vec<&Step> = walk.steps.iter().filter(|step| step.title.starts_with("@rpath")).collect();
    assert_eq!(rpaths[0].facts[0], fact("declared by", "part.so"));
    assert_eq!(rpaths[0].facts[2], fact("@loader_path is", "/Applications/App.app/Contents/PlugIns"));
    assert!(rpaths[1].why.contains("a second time"), "{:?}", rpaths[1]);
    assert!(rpaths.iter().any(|step| step.facts[0].text == "App"));
    assert!(walk.end.words.contains("goes on without it") && !walk.end.fatal);
}

#[test]
fn every_law_that_a_step_names_is_in_the_chapter() {
    let known: Vec<&str> = laws::all().map(|law| law.id).collect();
    for name in [
        "@rpath/libquill.dylib",
        "/Users/me/lib/libquill.dylib",
        "@rpath/libgone.dylib",
        "@loader_path/libquill.dylib",
    ] {
        let walk = walked(PLUG_IN, "Contents/PlugIns/part.so", name);
        for step in &walk.steps {
            assert!(step.law.is_some_and(|law| known.contains(&law)), "{step:?}");
        }
    }
}

#[test]
fn the_exports_say_the_same() {
    let walk = walked(PLUG_IN, "Contents/PlugIns/part.so", "/Users/me/lib/libquill.dylib");
    let text = plain(&walk, true);
    assert!(
        text.starts_with("On a clean Mac with macOS 26 (arm64)\n  1. part.so asks for libquill.dylib\n"),
        "{text}"
    );
    assert!(
        text.contains("✗ No such file") && text.contains("dyld prints:\n    Library not loaded: /Users"),
        "{text}"
    );
    assert!(!plain(&walk, false).contains("An equal file name means nothing"));
    let page = markdown(&walk);
    assert!(
        page.starts_with("# How dyld finds `/Users/me/lib/libquill.dylib` for `Contents/PlugIns/part.so`\n"),
        "{page}"
    );
    assert!(page.contains("*Law: Libraries never merge by file name.*"), "{page}");
}

#[test]
fn another_place_is_said_in_a_sentence() {
    let bundle = model::bundle(&model::items(PLUG_IN));
    let clean = resolve(&bundle, &Place::CleanMac, &Conditions::default());
    let brew = resolve(
        &bundle,
        &Place::HomebrewMac(SearchRoots { this_machine: false, ..SearchRoots::default() }),
        &Conditions::default(),
    );
    let launch = clean.launches.iter().find(|launch| launch.entry.file_name() == "part.so").unwrap();
    let image = ImageId::Bundled(BundlePath::new("Contents/PlugIns/part.so").unwrap());
    let name = InstallName::new("/Users/me/lib/libquill.dylib");
    let walk = find(&bundle, &clean, &image, Arch::ARM64, &name).unwrap();
    let (words, well) = elsewhere(&bundle, &brew, launch, &walk);
    assert!(words.starts_with("A Mac with Homebrew: nothing is found.") && !well, "{words}");
}
