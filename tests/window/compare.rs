//! Two builds side by side, by label and by keyboard.

use std::path::{Path, PathBuf};

use bundlewright::ui::App;
use egui::accesskit::{Role, Toggled};
use egui::{Key, Modifiers, Theme};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};

use crate::common::{self, Fixture};
use crate::lesson::{click, row};
use crate::tour::{Dropped, command, press, rows, says, selected};
use crate::{Sample, settle, unpacked, window};

/// Types `path` as a side and presses Enter.
pub fn choose(harness: &mut Harness<'_, App>, side: &str, path: &Path) {
    harness.get_by_label(&format!("Path of the {side} side")).focus();
    harness.run_steps(2);
    harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    harness.run_steps(1);
    harness.event(egui::Event::Text(path.display().to_string()));
    harness.run_steps(1);
    press(harness, Key::Enter);
}

fn twice(fixture: &Fixture, folder: &str) -> PathBuf {
    fixture.path().join(folder).join("Twice.app")
}

/// The window with two builds of `Twice.app` compared.
fn compared(fixture: &Fixture, left: &str, right: &str) -> Harness<'static, App> {
    let mut harness = window(1280.0, 820.0, Theme::Dark, None);
    command(&mut harness, Key::Num9);
    choose(&mut harness, "left", &twice(fixture, left));
    choose(&mut harness, "right", &twice(fixture, right));
    harness
}

fn fixture() -> Fixture {
    crate::own_temporary_folder();
    common::unpack("twice")
}

/// A copy of the sample beside it, signed as a release is.
fn signed_copy(sample: &Sample) -> PathBuf {
    use bundlewright::{bundle, codesign, progress::Progress};
    let copy = sample.folder.path().join("signed/Postcard.app");
    for entry in walkdir::WalkDir::new(&sample.app) {
        let entry = entry.unwrap();
        let place = copy.join(entry.path().strip_prefix(&sample.app).unwrap());
        match entry.file_type() {
            kind if kind.is_dir() => std::fs::create_dir_all(place).unwrap(),
            #[cfg(unix)]
            kind if kind.is_symlink() => {
                std::os::unix::fs::symlink(std::fs::read_link(entry.path()).unwrap(), place).unwrap();
            }
            _ => drop(std::fs::copy(entry.path(), place).unwrap()),
        }
    }
    let scanned = bundle::scan(&copy, &Progress::silent()).unwrap();
    let touched = scanned.images.keys().cloned().collect();
    let plan = codesign::plan(&scanned, &touched, &codesign::SignOptions::default());
    codesign::sign(&copy, &plan, &Progress::silent()).unwrap();
    copy
}

fn has_row(harness: &Harness<'_, App>, words: &str) -> bool {
    rows(harness).iter().any(|row| row.contains(words))
}

#[test]
fn a_rebuild_says_what_differs_and_what_to_set() {
    let fixture = fixture();
    let mut harness = compared(&fixture, "first", "rebuilt");
    assert!(says(&harness, "Same code, different build environment, UUID and signature. 1 file equal"));
    assert!(says(&harness, "Nothing that matters differs"));
    click(&mut harness, "Show all");
    row(&mut harness, &["LC_BUILD_VERSION minos", "Build environment", "11.0 → 12.0"]);
    assert!(says(&harness, "Left: 11.0") && says(&harness, "Right: 12.0"));
    assert!(says(&harness, "MACOSX_DEPLOYMENT_TARGET"), "the reason, and what to set");
    assert!(says(&harness, "Code: The same code runs"));
    assert!(says(&harness, "Class: Build environment"));
}

#[test]
fn other_code_is_listed_first_with_its_file_and_slice() {
    let fixture = fixture();
    let mut harness = compared(&fixture, "first", "other");
    assert!(says(&harness, "Different code in 2 images"));
    assert!(!has_row(&harness, "LC_UUID"), "only what matters at first");
    row(&mut harness, &["__TEXT,__text", "True content"]);
    assert!(says(&harness, "Code: Other instructions or data run"));
    assert!(says(&harness, "File: Contents/Frameworks/lib"));
}

#[test]
fn classes_and_words_choose_what_is_listed() {
    let fixture = fixture();
    let mut harness = compared(&fixture, "first", "relinked");
    let on = |harness: &Harness<'_, App>| {
        let switch = harness.get_by_role_and_label(Role::Switch, "Only what matters");
        switch.accesskit_node().toggled() == Some(Toggled::True)
    };
    assert!(on(&harness) && has_row(&harness, "LC_RPATH, Linkage") && !has_row(&harness, "LC_UUID"));
    let chip = |harness: &Harness<'_, App>, class: &str| {
        let chips = harness.get_all_by_role(Role::CheckBox);
        let mut names = chips.map(|chip| chip.accesskit_node().label().unwrap_or_default());
        names.find(|name| name.starts_with(class)).unwrap()
    };
    let always = chip(&harness, "Always differs: ");
    assert_ne!(always, "Always differs: 0");
    assert_eq!(chip(&harness, "Format: "), "Format: 0");
    click(&mut harness, &always);
    assert!(!on(&harness) && !has_row(&harness, "LC_RPATH"));
    command(&mut harness, Key::F);
    harness.event(egui::Event::Text("libone".to_owned()));
    settle(&mut harness);
    assert!(has_row(&harness, "LC_UUID") && !has_row(&harness, "libtwo"), "{:?}", rows(&harness));
    harness.event(egui::Event::Text(" no such thing".to_owned()));
    settle(&mut harness);
    assert!(says(&harness, "No difference matches this filter."));
    click(&mut harness, "Show all");
    assert!(has_row(&harness, "LC_RPATH, Linkage") && has_row(&harness, "libtwo"));
    harness.get_by_role_and_label(Role::Switch, "Only what matters").click();
    settle(&mut harness);
    assert!(on(&harness) && !has_row(&harness, "LC_UUID"));
}

#[test]
fn a_build_is_identical_with_itself() {
    let fixture = fixture();
    let harness = compared(&fixture, "first", "first");
    assert!(says(&harness, "Identical. 5 files equal"));
    assert!(says(&harness, "Nothing differs"));
    assert!(harness.query_by_role_and_label(Role::Tree, "Differences").is_none());
}

#[test]
fn what_cannot_be_compared_says_why_and_is_tried_again() {
    let fixture = fixture();
    let mut harness = compared(&fixture, "first", "nowhere");
    assert!(says(&harness, "These two could not be compared"));
    assert!(says(&harness, "nowhere/Twice.app") && says(&harness, "check the path"));
    std::fs::rename(fixture.path().join("again"), fixture.path().join("nowhere")).unwrap();
    click(&mut harness, "Try again");
    assert!(says(&harness, "Identical"));
}

#[test]
fn sides_are_swapped_and_compared_again() {
    let fixture = fixture();
    let mut harness = compared(&fixture, "first", "rebuilt");
    click(&mut harness, "Show all");
    assert!(has_row(&harness, "11.0 → 12.0"));
    assert!(says(&harness, "Left: Twice.app in first") && says(&harness, "Right: Twice.app in rebuilt"));
    click(&mut harness, "Swap sides");
    assert!(says(&harness, "Left: Twice.app in rebuilt") && says(&harness, "Right: Twice.app in first"));
    assert!(has_row(&harness, "12.0 → 11.0"));
    std::fs::rename(fixture.path().join("rebuilt"), fixture.path().join("away")).unwrap();
    press(&mut harness, Key::F5);
    assert!(says(&harness, "These two could not be compared"), "F5 compares again");
}

#[test]
fn the_open_bundle_is_the_left_side_and_a_difference_leads_into_its_tree() {
    let sample = unpacked();
    let signed = signed_copy(&sample);
    let mut harness = window(1280.0, 820.0, Theme::Dark, Some(sample.app.clone()));
    command(&mut harness, Key::Num9);
    assert!(says(&harness, "Left: Postcard.app, the open bundle"));
    assert!(says(&harness, "Choose the other build"));
    choose(&mut harness, "right", &signed);
    assert!(says(&harness, "Same code, different signature"));
    row(&mut harness, &["libstamp.1.dylib, "]);
    click(&mut harness, "Show in tree");
    assert!(selected(&harness).contains("libstamp"), "{}", selected(&harness));
    command(&mut harness, Key::Num9);
    assert!(says(&harness, "Same code, different signature"), "the comparison stays");
}

#[test]
fn two_that_are_dropped_are_both_sides_and_one_is_the_right_one() {
    let fixture = fixture();
    let mut harness = window(1280.0, 820.0, Theme::Light, None);
    command(&mut harness, Key::Num9);
    let drop = |harness: &mut Harness<'_, App>, folders: &[&str]| {
        for folder in folders {
            let dropped = Dropped(twice(&fixture, folder));
            harness.input_mut().dropped_files.push(std::sync::Arc::new(dropped));
        }
        settle(harness);
    };
    drop(&mut harness, &["first", "other"]);
    assert!(says(&harness, "Different code in 2 images"));
    drop(&mut harness, &["again"]);
    assert!(says(&harness, "Identical"));
}

#[test]
fn differences_are_walked_by_keyboard_and_copied() {
    let fixture = fixture();
    let mut harness = compared(&fixture, "first", "relinked");
    harness.get_by_role_and_label(Role::Tree, "Differences").focus();
    settle(&mut harness);
    press(&mut harness, Key::Home);
    let all = rows(&harness).len();
    press(&mut harness, Key::ArrowLeft);
    assert!(rows(&harness).len() < all, "closing a file hides what is in it");
    press(&mut harness, Key::ArrowRight);
    assert_eq!(rows(&harness).len(), all);
    assert!(says(&harness, "Differences that are listed"), "a file is told by classes");
    press(&mut harness, Key::End);
    assert_eq!(selected(&harness), rows(&harness)[all - 1]);
    harness.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::C);
    harness.run_steps(1);
    assert!(says(&harness, "as Markdown"));
}

#[test]
fn a_narrow_window_cuts_nothing_off_and_calls_the_inspector() {
    let fixture = fixture();
    for wide in [820.0, 904.0, 1040.0] {
        let mut harness = window(wide, 560.0, Theme::Dark, None);
        command(&mut harness, Key::Num9);
        choose(&mut harness, "left", &twice(&fixture, "first"));
        choose(&mut harness, "right", &twice(&fixture, "other"));
        let buttons = harness.get_all_by_role(Role::Button).chain(harness.get_all_by_role(Role::CheckBox));
        for node in buttons {
            let rect = node.rect();
            let name = node.accesskit_node().label();
            assert!(rect.left() > -0.5 && rect.right() < wide + 0.5, "{name:?} is cut off: {rect:?}");
        }
        assert!(rows(&harness).len() > 3, "there is room for rows");
        if wide < 900.0 {
            assert!(!says(&harness, "Why it differs"));
            harness.key_press_modifiers(Modifiers::ALT, Key::Enter);
            settle(&mut harness);
        }
        assert!(says(&harness, "Why it differs"));
    }
}

/// As in the tour: every control has a name, every letter a glyph, and the window comes to rest.
#[test]
fn the_page_is_named_and_comes_to_rest() {
    let fixture = fixture();
    for theme in [Theme::Dark, Theme::Light] {
        let mut harness = window(1280.0, 820.0, theme, None);
        command(&mut harness, Key::Num9);
        harness.run();
        choose(&mut harness, "left", &twice(&fixture, "first"));
        for folder in ["nowhere", "first", "rebuilt", "other"] {
            choose(&mut harness, "right", &twice(&fixture, folder));
            harness.run();
        }
    }
}
