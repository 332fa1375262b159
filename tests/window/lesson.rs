//! The walk, the conditions and the manual, by label.

use bundlewright::ui::App;
use egui::accesskit::Role;
use egui::{Key, Theme};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;

use crate::tour::{command, opened, press, rows, says, selected};
use crate::{settle, window};

/// Clicks the first row that has these words.
pub fn row(harness: &mut Harness<'_, App>, words: &[&str]) {
    let wanted = rows(harness).into_iter().find(|row| words.iter().all(|word| row.contains(word)));
    let wanted = wanted.unwrap_or_else(|| panic!("no row has {words:?}: {:?}", rows(harness)));
    harness.get_all_by_label(&wanted).next().unwrap().click();
    settle(harness);
}

pub fn click(harness: &mut Harness<'_, App>, label: &str) {
    harness.get_by_label(label).click();
    settle(harness);
}

/// Picks `value` in the selector called `label`.
fn pick(harness: &mut Harness<'_, App>, label: &str, value: &str) {
    harness.get_by_label_contains(&format!("{label}: ")).click();
    settle(harness);
    harness.get_by_role_and_label(Role::MenuItem, value).click();
    settle(harness);
}

#[test]
fn the_plug_ins_fault_is_told_from_the_load_command_to_the_second_copy() {
    let mut harness = opened();
    command(&mut harness, Key::Num3);
    click(&mut harness, "Place: Build Mac");
    row(&mut harness, &["CraftRoot", "Quill", "Loaded twice"]);
    assert!(says(&harness, "Step 1: libairmail.so asks for Quill"));
    assert!(says(&harness, "An image of the same file name is there"), "why the loaded copy is not used");
    assert!(says(&harness, "Two copies of one build"), "what follows");
    assert!(says(&harness, "A clean Mac: nothing is found. The plug-in cannot be opened"), "and elsewhere");

    click(&mut harness, "Place: Clean Mac");
    row(&mut harness, &["CraftRoot", "Quill", "Not found"]);
    assert!(says(&harness, "Library not loaded: /Users/builder/CraftRoot"));
}

#[test]
fn a_step_leads_to_its_law_and_back() {
    let mut harness = opened();
    command(&mut harness, Key::Num3);
    click(&mut harness, "Place: Build Mac");
    row(&mut harness, &["CraftRoot", "Quill", "Loaded twice"]);
    let law = "Law: Libraries never merge by file name";
    harness.get_all_by_label(law).next().unwrap().click();
    settle(&mut harness);
    assert!(harness.query_by_role_and_label(Role::Heading, "Libraries never merge by file name").is_some());
    assert!(says(&harness, "Contents/Frameworks/a/libx.dylib dylib"), "the page's bundle is drawn");
    harness.get_by_role_and_label(Role::Button, "Dependencies").click();
    settle(&mut harness);
    assert!(selected(&harness).contains("Quill"), "{}", selected(&harness));
}

#[test]
fn steps_can_be_read_without_their_reasons_and_copied() {
    let mut harness = opened();
    command(&mut harness, Key::Num3);
    row(&mut harness, &["libstamp"]);
    assert!(harness.query_all_by_label_contains("Law: ").next().is_some());
    harness.get_by_role_and_label(Role::Switch, "Explain each step").click();
    settle(&mut harness);
    assert!(harness.query_all_by_label_contains("Law: ").next().is_none());
    for name in ["Copy as text", "Copy as Markdown"] {
        harness.get_by_role_and_label(Role::Button, name).scroll_to_me();
        settle(&mut harness);
        click(&mut harness, name);
    }
    assert!(says(&harness, "Step 1: write-postcard asks for libstamp.1.dylib"));
}

#[test]
fn tree_walk_and_verdict_follow_the_place() {
    let mut harness = opened();
    command(&mut harness, Key::Num3);
    assert!(says(
        &harness,
        "write-postcard does not start. Clean Mac, macOS 26: dyld stops at libinkwell.2.dylib"
    ));
    assert!(says(&harness, "dyld stops at libinkwell.2.dylib, which libstamp.1.dylib asks for"));
    click(&mut harness, "Place: Mac with Homebrew");
    assert!(says(
        &harness,
        "write-postcard starts, but 1 plug-in cannot be opened. Mac with Homebrew, macOS 26"
    ));
    assert!(rows(&harness).iter().any(|row| row.contains("libinkwell") && row.contains("Outside bundle")));
    assert!(rows(&harness).iter().any(|row| row.contains("CraftRoot") && row.contains("Not found")));
    click(&mut harness, "Show me");
    assert!(selected(&harness).contains("CraftRoot"), "{}", selected(&harness));
    click(&mut harness, "Place: Build Mac");
    assert!(says(&harness, "with one library loaded twice"));
}

#[test]
fn another_macos_holds_on_every_page_until_it_is_taken_back() {
    let mut harness = opened();
    command(&mut harness, Key::Num3);
    pick(&mut harness, "macOS", "12");
    assert!(says(&harness, "Clean Mac, macOS 12"));
    pick(&mut harness, "Hardened", "on");
    command(&mut harness, Key::Num1);
    assert!(says(&harness, "What if: macOS 12, hardened runtime on."));
    click(&mut harness, "Back to usual conditions");
    assert!(!says(&harness, "What if: "));
    command(&mut harness, Key::Num3);
    assert!(says(&harness, "Clean Mac, macOS 26"));
}

#[test]
fn a_variable_is_added_and_removed() {
    let mut harness = opened();
    command(&mut harness, Key::Num3);
    click(&mut harness, "Variables: none");
    harness.get_by_role_and_label(Role::MenuItem, "DYLD_LIBRARY_PATH").click();
    settle(&mut harness);
    harness.get_by_label("Value 1").focus();
    harness.run_steps(1);
    harness.event(egui::Event::Text("/opt/lib".to_owned()));
    settle(&mut harness);
    assert!(says(&harness, "What if: DYLD_LIBRARY_PATH=/opt/lib."));
    click(&mut harness, "Remove variable 1");
    assert!(!says(&harness, "What if: "));
}

#[test]
fn the_manual_is_read_without_a_bundle_and_searched() {
    let mut harness = window(1280.0, 800.0, Theme::Light, None);
    press(&mut harness, Key::F1);
    assert!(rows(&harness).iter().any(|row| row.contains("dyld") || row.contains("rpath")));
    let all = rows(&harness).len();
    command(&mut harness, Key::F);
    harness.event(egui::Event::Text("lc_lazy".to_owned()));
    settle(&mut harness);
    assert!(rows(&harness).len() < all && !rows(&harness).is_empty());
    click(&mut harness, "Chapter: What can be wrong");
    harness.get_by_label("Search the rules").focus();
    settle(&mut harness);
    command(&mut harness, Key::A);
    harness.event(egui::Event::Text("missing-library".to_owned()));
    settle(&mut harness);
    assert!(says(&harness, "What the fix does"));
    click(&mut harness, "Start");
    assert!(harness.query_by_label("Open sample").is_some());
}
