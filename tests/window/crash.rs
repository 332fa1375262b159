//! Crash reports in the window, by label and by keyboard.

use std::path::PathBuf;
use std::sync::Arc;

use bundlewright::ui::App;
use egui::accesskit::Role;
use egui::{Event, Key, Modifiers, Theme};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};

use crate::lesson::click;
use crate::tour::{command, opened, press, rows, says, selected};
use crate::{settle, window};

#[derive(Debug)]
struct Dropped(PathBuf);

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &std::path::Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        Err("it is read by its path".to_owned())
    }
}

fn file(path: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", path].iter().collect()
}

/// The report of the sample: its plug-in brought a second Quill in.
pub fn sample_report() -> PathBuf {
    file("transcripts/quill-twice.crash")
}

/// Reports with different causes.
pub fn several() -> Vec<PathBuf> {
    let reports = ["era-13.crash", "missing.ips", "era-10.8-two-qt.crash", "era-10.6.crash", "dyld-4.log"];
    reports.map(|name| file(&format!("crash-reports/{name}"))).into()
}

pub fn drop_files(harness: &mut Harness<'_, App>, files: Vec<PathBuf>) {
    harness.input_mut().dropped_files.extend(files.into_iter().map(|file| {
        let file: Arc<dyn egui::DroppedFile + Send + Sync> = Arc::new(Dropped(file));
        file
    }));
    settle(harness);
}

/// The sample open, and its report read.
fn tied() -> Harness<'static, App> {
    let mut harness = opened();
    drop_files(&mut harness, vec![sample_report()]);
    harness
}

/// The first control of `role` whose name has all of `words`.
fn press_on(harness: &mut Harness<'_, App>, role: Role, words: &[&str]) {
    let has = |name: String| words.iter().all(|word| name.contains(word));
    let mut all = harness.get_all_by_role(role);
    let node = all.find(|node| node.accesskit_node().label().is_some_and(&has));
    node.unwrap_or_else(|| panic!("no {role:?} with {words:?}")).click();
    drop(all);
    settle(harness);
}

#[test]
fn a_report_is_dropped_and_told() {
    let mut harness = window(1280.0, 820.0, Theme::Dark, None);
    assert!(says(&harness, "crash report"), "the start screen says that one can be dropped");
    drop_files(&mut harness, vec![sample_report()]);
    for words in [
        "quill-twice.crash",
        "What happened",
        "Quill is in memory twice. It was loaded from Contents/Frameworks/Quill",
        "Who loaded whom, and from where",
        "Same build, UUID 4C4C4463",
        "No bundle is open",
        "Certain: Quill is in memory twice",
        "libinkwell.2.dylib was loaded from Homebrew",
    ] {
        assert!(says(&harness, words), "{words}");
    }
    assert!(harness.query_by_label("Open the bundle…").is_some());
    assert!(harness.query_by_label("Fix in bundle…").is_none(), "nothing is open that could be fixed");
}

#[test]
fn a_report_waits_for_its_bundle() {
    let mut harness = window(1280.0, 820.0, Theme::Dark, None);
    drop_files(&mut harness, vec![sample_report()]);
    harness.key_press_modifiers(Modifiers::COMMAND, Key::K);
    settle(&mut harness);
    harness.event(Event::Text("open sample".to_owned()));
    press(&mut harness, Key::Enter);
    assert!(says(&harness, "Same build as the report"), "the page stays, and is tied to what was opened");
    assert!(harness.query_by_label("Fix in bundle…").is_some());
    command(&mut harness, Key::W);
    assert!(says(&harness, "No bundle is open"), "a closed bundle is not spoken of any more");
    assert!(harness.query_by_label("Fix in bundle…").is_none());
}

#[test]
fn the_story_leads_to_the_load_command_and_to_its_repair() {
    let mut harness = tied();
    assert!(says(&harness, "The report is from this build"));
    press_on(&mut harness, Role::Button, &["libairmail.so, In the bundle"]);
    assert!(selected(&harness).contains("libairmail.so"), "{}", selected(&harness));
    command(&mut harness, Key::Num8);
    press_on(&mut harness, Role::Button, &["Quill, User's folder"]);
    assert!(selected(&harness).contains("CraftRoot/lib/Quill"), "{}", selected(&harness));
    command(&mut harness, Key::Num8);
    click(&mut harness, "Fix in bundle…");
    assert!(says(&harness, "Fix one reference"));
    assert!(says(&harness, "libairmail.so"));
}

#[test]
fn commands_of_the_advice_are_buttons_while_the_bundle_is_open() {
    let mut harness = tied();
    assert!(!says(&harness, "Do it with"), "what is typed elsewhere is pressed here");
    for words in ["Plan this…", "Plan everything…", "Copy command"] {
        assert!(harness.query_all_by_label(words).next().is_some(), "{words}");
    }
    let all = harness.query_all_by_label("Plan this…").next().unwrap();
    all.scroll_to_me();
    settle(&mut harness);
    harness.query_all_by_label("Plan this…").next().unwrap().click();
    settle(&mut harness);
    assert!(says(&harness, "Fix plan"), "the plan page shows the edits");
    command(&mut harness, Key::Num8);
    command(&mut harness, Key::W);
    assert!(harness.query_all_by_label("Plan this…").next().is_none());
}

#[test]
fn a_repaired_bundle_is_no_longer_blamed() {
    let mut harness = tied();
    command(&mut harness, Key::R);
    command(&mut harness, Key::Enter);
    assert!(says(&harness, "applied"));
    command(&mut harness, Key::Num8);
    assert!(says(&harness, "Quill is in memory twice"), "what happened has happened");
    assert!(harness.query_by_label("Fix in bundle…").is_none(), "there is nothing left to fix");
}

#[test]
fn images_are_listed_filtered_and_found_in_the_tree() {
    let mut harness = tied();
    let all = rows(&harness);
    assert!(all[0].contains("Quill") && all[0].contains("in memory more than once"), "{all:?}");
    assert!(all[1].contains("Quill") && all[1].contains("in memory more than once"), "{all:?}");
    assert!(all[2].contains("libinkwell.2.dylib, Homebrew"), "{all:?}");
    assert!(!all.iter().any(|row| row.contains("macOS")), "{all:?}");
    harness.get_by_role_and_label(Role::Switch, "Hide system").click();
    settle(&mut harness);
    assert!(rows(&harness).len() > all.len());
    assert!(rows(&harness).iter().any(|row| row.contains("macOS")));

    harness.get_by_role_and_label(Role::Tree, "Loaded images").focus();
    settle(&mut harness);
    for letter in ["s", "t", "a", "m", "p"] {
        harness.event(Event::Text(letter.to_owned()));
        settle(&mut harness);
    }
    assert_eq!(rows(&harness).len(), 1, "{:?}", rows(&harness));
    harness.get_by_role_and_label(Role::Tree, "Loaded images").focus();
    settle(&mut harness);
    press(&mut harness, Key::ArrowDown);
    assert!(selected(&harness).starts_with("libstamp.1.dylib"));
    assert!(says(&harness, "Path: /Applications/Postcard.app/Contents/Frameworks/libstamp.1.dylib"));
    press(&mut harness, Key::Enter);
    assert!(harness.query_by_role_and_label(Role::Tree, "Dependencies").is_some());
    assert!(selected(&harness).contains("libstamp"), "{}", selected(&harness));
}

#[test]
fn an_outsider_leads_to_the_reference_that_brought_it_in() {
    let mut harness = tied();
    press_on(&mut harness, Role::TreeItem, &["Quill, User's folder"]);
    assert!(says(&harness, "Twice: In memory also as #"));
    click(&mut harness, "Show in tree");
    assert!(selected(&harness).contains("CraftRoot/lib/Quill"), "{}", selected(&harness));
}

#[test]
fn several_reports_stand_by_cause_and_are_walked_by_keyboard() {
    let mut harness = window(1280.0, 820.0, Theme::Light, None);
    let mut reports = several();
    reports.push(several().remove(0));
    drop_files(&mut harness, reports);
    let list = rows(&harness);
    assert!(
        list.iter().any(|row| row == "libink.1.dylib was not found, 4 reports"),
        "equal causes stand together: {list:?}"
    );
    harness.get_by_role_and_label(Role::Tree, "Reports by cause").focus();
    settle(&mut harness);
    let first = selected(&harness);
    press(&mut harness, Key::End);
    assert_ne!(selected(&harness), first);
    let name = selected(&harness).split(',').next().unwrap().to_owned();
    assert!(harness.query_all_by_label(&name).next().is_some(), "the page is about {name}");
    let copied = copied(&mut harness);
    assert!(copied.contains("4 reports have this cause."), "{copied}");
    assert!(copied.matches("## What happened").count() > 2, "{copied}");
}

/// What Copy summary puts on the clipboard, by its keys.
fn copied(harness: &mut Harness<'_, App>) -> String {
    harness.input_mut().events.push(Event::Key {
        key: Key::C,
        physical_key: None,
        pressed: true,
        repeat: false,
        modifiers: Modifiers::COMMAND | Modifiers::SHIFT,
    });
    harness.step();
    let mut texts = harness.output().platform_output.commands.iter().filter_map(|command| match command {
        egui::OutputCommand::CopyText(text) => Some(text.clone()),
        _ => None,
    });
    texts.next().unwrap_or_default()
}

#[test]
fn a_report_is_pasted() {
    let mut harness = window(1280.0, 820.0, Theme::Dark, None);
    command(&mut harness, Key::Num8);
    assert!(says(&harness, "No crash report yet"));
    assert!(harness.query_by_label("Paste").is_some());
    let text = "dyld[12]: Library not loaded: @rpath/libx.dylib\n  Referenced from: /Applications/A.app/Contents/MacOS/A\n  Reason: tried: '/usr/lib/libx.dylib' (no such file)\n";
    harness.event(Event::Paste(text.to_owned()));
    settle(&mut harness);
    assert!(says(&harness, "pasted report"));
    assert!(says(&harness, "libx.dylib"));
}

#[test]
fn what_cannot_be_read_is_said_with_its_file() {
    let mut harness = window(1280.0, 820.0, Theme::Dark, None);
    let gone = PathBuf::from("/nowhere/gone.ips");
    drop_files(&mut harness, vec![gone]);
    assert!(says(&harness, "The report could not be read"));
    assert!(harness.query_all_by_label("/nowhere/gone.ips").next().is_some());
    click(&mut harness, "Try again");
    assert!(says(&harness, "The report could not be read"));
}

#[test]
fn every_state_fits_the_smallest_window_and_comes_to_rest() {
    let mut harness = window(820.0, 560.0, Theme::Light, None);
    command(&mut harness, Key::Num8);
    harness.run();
    fits(&harness);
    drop_files(&mut harness, several());
    harness.run();
    fits(&harness);
    let mut harness = opened();
    harness.set_size(egui::vec2(820.0, 560.0));
    drop_files(&mut harness, vec![sample_report()]);
    harness.run();
    fits(&harness);
    let last = harness.get_by_role_and_label(Role::Tab, "How dyld works").rect();
    let undo = harness.get_by_role_and_label(Role::Button, "Undo last fix").rect();
    assert!(last.bottom() <= undo.top(), "the rail has room for all its steps: {last:?} {undo:?}");
    assert!(says(&harness, "Also in this report"), "the inspector is not in sight, so the story tells it");
    harness.key_press_modifiers(Modifiers::ALT, Key::Enter);
    settle(&mut harness);
    harness.run();
    fits(&harness);
}

fn fits(harness: &Harness<'_, App>) {
    for role in [Role::Button, Role::Switch, Role::TreeItem] {
        for node in harness.query_all_by_role(role) {
            let rect = node.rect();
            let beside = rect.left() < -0.5 || rect.right() > 820.5;
            assert!(!beside, "{:?} is cut off: {rect:?}", node.accesskit_node().label());
        }
    }
}

/// A frame with thousands of images takes no longer than one with a few: only what is in sight is laid out.
#[test]
fn three_thousand_images_are_no_burden() {
    let mut text =
        "Process:               Big [1]\nPath:                  /Applications/Big.app/Contents/MacOS/Big\n\
        OS Version:            macOS 14.0 (23A344)\n\nBinary Images:\n"
            .to_owned();
    for at in 0..3_000_u64 {
        let (base, end) = (0x1_0000_0000 + at * 0x1_0000, 0x1_0000_ffff + at * 0x1_0000);
        text += &format!(
            "{base:#x} - {end:#x} lib{at}.dylib (*) <{at:08}-1111-3111-8111-000000000001> /Applications/Big.app/Contents/Frameworks/lib{at}.dylib\n"
        );
    }
    let mut harness = window(1280.0, 820.0, Theme::Dark, None);
    command(&mut harness, Key::Num8);
    harness.event(Event::Paste(text));
    settle(&mut harness);
    assert!(says(&harness, "3,000 listed"));
    assert!(rows(&harness).len() < 60, "only rows in sight are made");
    let begun = std::time::Instant::now();
    harness.run_steps(20);
    let each = begun.elapsed() / 20;
    assert!(each.as_millis() < 100, "a frame took {each:?}");
}
