//! The main job from the window, step by step, by label and by keyboard.

use bundlewright::ui::App;
use egui::accesskit::Role;
use egui::{Key, Modifiers, Theme};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};

use crate::{settle, unpacked, window};

pub fn opened() -> Harness<'static, App> {
    let mut harness = window(1280.0, 820.0, Theme::Dark, None);
    harness.get_by_label("Open sample").click();
    settle(&mut harness);
    harness
}

pub fn press(harness: &mut Harness<'_, App>, key: Key) {
    harness.key_press(key);
    settle(harness);
}

pub fn command(harness: &mut Harness<'_, App>, key: Key) {
    harness.key_press_modifiers(Modifiers::COMMAND, key);
    settle(harness);
}

pub fn rows(harness: &Harness<'_, App>) -> Vec<String> {
    let rows = harness.get_all_by_role(Role::TreeItem);
    rows.map(|row| row.accesskit_node().label().unwrap_or_default()).collect()
}

/// The row that is selected.
pub fn selected(harness: &Harness<'_, App>) -> String {
    let rows = harness.get_all_by_role(Role::TreeItem);
    let mut chosen = rows.filter(|row| row.accesskit_node().is_selected() == Some(true));
    chosen.next().and_then(|row| row.accesskit_node().label()).unwrap_or_default()
}

pub fn says(harness: &Harness<'_, App>, words: &str) -> bool {
    harness.query_all_by_label_contains(words).next().is_some()
}

#[test]
fn the_sample_opens_on_its_verdict() {
    let harness = opened();
    assert!(says(&harness, "Would not start on another Mac"));
    assert!(says(&harness, "Library not loaded: "));
    assert!(says(&harness, "is outside the bundle"));
}

#[test]
fn dependencies_are_walked_by_keyboard() {
    let mut harness = opened();
    command(&mut harness, Key::Num3);
    harness.get_by_role_and_label(Role::Tree, "Dependencies").focus();
    settle(&mut harness);
    assert!(selected(&harness).starts_with("write-postcard"), "{}", selected(&harness));

    let all = rows(&harness).len();
    press(&mut harness, Key::ArrowLeft);
    assert!(rows(&harness).len() < all, "closing a branch hides what is below it");
    press(&mut harness, Key::ArrowRight);
    assert_eq!(rows(&harness).len(), all);
    press(&mut harness, Key::ArrowDown);
    assert_eq!(selected(&harness), rows(&harness)[1]);
    assert!(says(&harness, "Step 1: "), "the walk shows every place tried");
    press(&mut harness, Key::End);
    assert_eq!(selected(&harness), rows(&harness)[all - 1]);
    press(&mut harness, Key::Home);
    assert_eq!(selected(&harness), rows(&harness)[0]);
}

#[test]
fn the_tree_is_filtered_by_typing_and_by_fault() {
    let mut harness = opened();
    command(&mut harness, Key::Num3);
    harness.get_by_role_and_label(Role::Tree, "Dependencies").focus();
    settle(&mut harness);
    for letter in ["p", "i", "g", "m"] {
        harness.event(egui::Event::Text(letter.to_owned()));
        settle(&mut harness);
    }
    let found = rows(&harness);
    assert!(found.iter().any(|row| row.contains("libpigment")), "{found:?}");
    assert!(!found.iter().any(|row| row.contains("libSystem")), "{found:?}");

    let mut harness = opened();
    command(&mut harness, Key::Num3);
    harness.get_by_role_and_label(Role::Switch, "Problems only").click();
    settle(&mut harness);
    assert!(!rows(&harness).iter().any(|row| row.contains("libSystem")));
}

#[test]
fn the_build_mac_finds_what_a_clean_mac_does_not() {
    let mut harness = opened();
    command(&mut harness, Key::Num3);
    let missing =
        |harness: &Harness<'_, App>| rows(harness).iter().filter(|row| row.contains("Not found")).count();
    assert!(missing(&harness) > 0);
    harness.get_by_label("Place: Build Mac").click();
    settle(&mut harness);
    assert_eq!(missing(&harness), 0);
    assert!(rows(&harness).iter().any(|row| row.contains("Outside bundle")));
}

#[test]
fn a_finding_leads_to_its_reference_in_the_tree() {
    let mut harness = opened();
    command(&mut harness, Key::Num4);
    let row = rows(&harness).into_iter().find(|row| row.contains("libinkwell")).unwrap();
    harness.get_by_label(&row).click();
    settle(&mut harness);
    assert!(says(&harness, "Why it breaks"), "the rule's own page stands beside it");
    harness.get_by_label("Show in tree").click();
    settle(&mut harness);
    assert!(selected(&harness).contains("libinkwell"), "{}", selected(&harness));
}

#[test]
fn the_palette_runs_a_command() {
    let mut harness = opened();
    command(&mut harness, Key::K);
    for letter in ["s", "i", "g", "n", "a", "t"] {
        harness.event(egui::Event::Text(letter.to_owned()));
        harness.run_steps(1);
    }
    press(&mut harness, Key::Enter);
    assert!(harness.query_by_role_and_label(Role::Tree, "Signatures").is_some());
}

#[test]
fn info_plist_is_searched() {
    let mut harness = opened();
    command(&mut harness, Key::Num2);
    assert!(rows(&harness).iter().any(|row| row.starts_with("CFBundleIdentifier")));
    command(&mut harness, Key::F);
    harness.event(egui::Event::Text("minimum".to_owned()));
    settle(&mut harness);
    assert_eq!(rows(&harness).len(), 1, "{:?}", rows(&harness));
}

#[test]
fn fixes_are_reviewed_switched_applied_and_undone() {
    let mut harness = opened();
    command(&mut harness, Key::R);
    let apply = |harness: &Harness<'_, App>| {
        let button = harness
            .query_all_by_label_contains("and sign")
            .find(|node| node.accesskit_node().role() == Role::Button);
        button.and_then(|node| node.accesskit_node().label()).unwrap_or_default()
    };
    let before = apply(&harness);
    assert!(before.starts_with("Apply "), "{before}");
    assert!(says(&harness, "Starts on another Mac"));

    let mut switches =
        harness.get_all_by_role(Role::Switch).map(|node| node.accesskit_node().label().unwrap_or_default());
    let first = switches.find(|name| name.contains(": ")).unwrap();
    drop(switches);
    harness.get_by_role_and_label(Role::Switch, &first).click();
    settle(&mut harness);
    assert_ne!(apply(&harness), before, "an edit that is switched off is not counted");
    harness.get_by_role_and_label(Role::Switch, &first).click();
    settle(&mut harness);
    assert_eq!(apply(&harness), before);

    command(&mut harness, Key::Enter);
    assert!(says(&harness, "applied"));
    command(&mut harness, Key::Num1);
    assert!(says(&harness, "Starts on another Mac"));
    harness.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    settle(&mut harness);
    assert!(says(&harness, "Would not start on another Mac"), "the originals are back");
}

#[test]
fn one_reference_is_fixed_by_itself() {
    let mut harness = opened();
    command(&mut harness, Key::Num3);
    let row = rows(&harness).into_iter().find(|row| row.contains("libinkwell")).unwrap();
    harness.get_by_label(&row).click();
    settle(&mut harness);
    harness.get_by_label("Fix reference…").click();
    settle(&mut harness);
    assert!(says(&harness, "Fix one reference"));
    assert!(says(&harness, "libinkwell.2.dylib"));
}

#[test]
fn icons_are_dragged_and_nudged() {
    let mut harness = opened();
    command(&mut harness, Key::Num6);
    let at = |harness: &Harness<'_, App>| {
        let icon = harness.get_by_label_contains("Icon Applications at ");
        icon.accesskit_node().label().unwrap_or_default()
    };
    assert_eq!(at(&harness), "Icon Applications at 468, 176");
    let from = harness.get_by_label_contains("Icon Applications at ").rect().center();
    harness.drag_at(from);
    harness.run_steps(2);
    harness.hover_at(from + egui::vec2(20.0, 30.0));
    harness.run_steps(2);
    harness.drop_at(from + egui::vec2(40.0, 60.0));
    settle(&mut harness);
    let moved = at(&harness);
    assert_ne!(moved, "Icon Applications at 468, 176");

    harness.get_by_label_contains("Icon Applications at ").focus();
    settle(&mut harness);
    press(&mut harness, Key::ArrowRight);
    let nudged = at(&harness);
    let x = |label: &str| label.split(['t', ',']).find_map(|part| part.trim().parse::<i32>().ok()).unwrap();
    assert_eq!(x(&nudged), x(&moved) + 1, "{moved} -> {nudged}");
}

#[test]
fn the_disk_image_is_built_and_not_over_another_file() {
    let mut harness = opened();
    command(&mut harness, Key::Num6);
    command(&mut harness, Key::B);
    assert!(says(&harness, "Not built: the bundle has "), "nobody ships errors by accident");
    harness.get_by_label("Build it all the same").click();
    settle(&mut harness);
    assert!(says(&harness, "Built and verified"), "built where the field says");

    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("other.dmg");
    std::fs::write(&other, b"somebody else's").unwrap();
    let field = harness.get_by_label("Output file");
    field.focus();
    harness.run_steps(1);
    harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    harness.run_steps(1);
    harness.event(egui::Event::Text(other.display().to_string()));
    settle(&mut harness);
    command(&mut harness, Key::B);
    assert!(says(&harness, "This file is already there."));
    assert_eq!(std::fs::read(&other).unwrap(), b"somebody else's");
    harness.get_by_label("Replace it").click();
    settle(&mut harness);
    assert!(says(&harness, "Built and verified"));
}

#[test]
fn what_cannot_be_opened_says_what_to_do() {
    let mut harness = window(1280.0, 820.0, Theme::Light, Some("/nowhere/Gone.app".into()));
    assert!(says(&harness, "This could not be opened"));
    assert!(says(&harness, "check the path"));
    harness.get_by_label("Try again").click();
    settle(&mut harness);
    assert!(says(&harness, "This could not be opened"));
}

#[derive(Debug)]
pub struct Dropped(pub std::path::PathBuf);

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &std::path::Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        Err("a folder".to_owned())
    }
}

#[test]
fn a_bundle_is_opened_by_dropping_it() {
    let sample = unpacked();
    let mut harness = window(1280.0, 820.0, Theme::Dark, None);
    harness.input_mut().dropped_files.push(std::sync::Arc::new(Dropped(sample.app.clone())));
    settle(&mut harness);
    assert!(says(&harness, "Would not start on another Mac"));
}

#[test]
fn every_page_fits_the_smallest_window() {
    let mut harness = window(820.0, 560.0, Theme::Dark, None);
    harness.get_by_label("Open sample").click();
    settle(&mut harness);
    for key in [Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Num5, Key::Num6, Key::Num7, Key::Num9] {
        command(&mut harness, key);
        let window = egui::Rect::from_min_size(egui::Pos2::ZERO, egui::vec2(820.0, 560.0));
        for node in harness.get_all_by_role(Role::Button) {
            let rect = node.rect();
            let beside = rect.left() < -0.5 || rect.right() > window.right() + 0.5;
            assert!(!beside, "{:?} is cut off in page {key:?}: {rect:?}", node.accesskit_node().label());
        }
    }
}

/// Every frame of `run` also checks that each control has a name and each letter a glyph; it panics unless the window
/// comes to rest, so an idle window costs nothing.
#[test]
fn every_page_is_named_and_comes_to_rest() {
    for theme in [Theme::Dark, Theme::Light] {
        let mut harness = window(1280.0, 820.0, theme, None);
        harness.run();
        harness.get_by_label("Open sample").click();
        settle(&mut harness);
        let pages = [Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Num5, Key::Num6, Key::Num7];
        for key in pages.into_iter().chain([Key::R, Key::L, Key::K]) {
            command(&mut harness, key);
            harness.run();
        }
    }
}

#[test]
fn build_folders_are_listed_added_and_used() {
    let mut harness = window(1920.0, 1000.0, Theme::Dark, None);
    harness.get_by_label("Open sample").click();
    settle(&mut harness);
    command(&mut harness, Key::Num3);
    harness.get_by_label("Build Mac folders…").click();
    settle(&mut harness);
    assert!(harness.query_by_label("Folder 2 on this machine").is_some(), "the sample comes with two");
    harness.get_by_label("Add folder").click();
    settle(&mut harness);
    assert!(harness.query_by_label("Folder 3 on this machine").is_some());
    harness.run();
    harness.get_by_label("Remove folder 2").click();
    settle(&mut harness);
    harness.get_by_label("Use these folders").click();
    settle(&mut harness);
    assert!(
        rows(&harness).iter().any(|row| row.contains("libinkwell") && row.contains("Not found")),
        "homebrew is gone"
    );
}

#[test]
fn in_a_narrow_window_buttons_move_into_a_menu_and_the_inspector_is_called() {
    let mut harness = window(904.0, 600.0, Theme::Dark, None);
    harness.get_by_label("Open sample").click();
    settle(&mut harness);
    command(&mut harness, Key::Num3);
    assert!(harness.query_by_label("Build Mac folders…").is_none(), "no room beside the filled button");
    assert!(harness.query_by_label("Review fixes…").is_some());
    harness.get_by_label("More actions").click();
    settle(&mut harness);
    harness.get_by_role_and_label(Role::MenuItem, "Build Mac folders…").click();
    settle(&mut harness);
    assert!(harness.query_by_label("Folder 1 on this machine").is_some());

    let mut harness = window(820.0, 560.0, Theme::Dark, None);
    harness.get_by_label("Open sample").click();
    settle(&mut harness);
    command(&mut harness, Key::Num3);
    assert!(!says(&harness, "What dyld says"));
    harness.key_press_modifiers(Modifiers::ALT, Key::Enter);
    settle(&mut harness);
    assert!(says(&harness, "What dyld says"), "Alt Enter opens the inspector");
    press(&mut harness, Key::Escape);
    assert!(!says(&harness, "What dyld says"), "Escape closes it");
}

#[test]
fn a_narrow_plan_keeps_its_outcome_and_its_button() {
    let mut harness = window(820.0, 560.0, Theme::Light, None);
    harness.get_by_label("Open sample").click();
    settle(&mut harness);
    command(&mut harness, Key::R);
    assert!(says(&harness, "Starts on another Mac"));
    assert!(says(&harness, "7 findings mended, none stays"));
    assert!(!says(&harness, "Signatures renewed"));
    harness.get_by_label("Details").click();
    settle(&mut harness);
    assert!(says(&harness, "Signatures renewed: "));
    command(&mut harness, Key::Enter);
    assert!(says(&harness, "13 edits applied"));
}

#[test]
fn the_card_of_a_file_is_closed_and_opened() {
    let mut harness = opened();
    command(&mut harness, Key::R);
    let switch = "Copy framework: Contents/Frameworks/Quill.framework";
    assert!(harness.query_by_role_and_label(Role::Switch, switch).is_some());
    let head = "Edits of Contents/Frameworks/Quill.framework";
    harness.get_by_label(head).click();
    settle(&mut harness);
    assert!(harness.query_by_role_and_label(Role::Switch, switch).is_none());
    harness.get_by_label(head).click();
    settle(&mut harness);
    assert!(harness.query_by_role_and_label(Role::Switch, switch).is_some());
}

/// A library that nothing brings here cannot be fixed: its page says what a person does, and leads there.
#[test]
fn what_cannot_be_fixed_says_what_a_person_must_do() {
    let sample = unpacked();
    let mut harness = window(1280.0, 820.0, Theme::Dark, Some(sample.app.clone()));
    command(&mut harness, Key::Num4);
    let row = rows(&harness).into_iter().find(|row| row.contains("is not found")).unwrap();
    harness.get_by_label(&row).click();
    settle(&mut harness);
    assert!(says(&harness, "Needs you: say under Build Mac folders"));
    harness.get_by_label("Build Mac folders…").click();
    settle(&mut harness);
    assert!(harness.query_by_label("Add folder").is_some());
}

#[test]
fn what_mends_nothing_is_offered_and_taken_by_a_switch() {
    let sample = unpacked();
    let header = sample.app.join("Contents/Resources/include/big.h");
    std::fs::create_dir_all(header.parent().unwrap()).unwrap();
    std::fs::write(&header, vec![b'x'; 70_000]).unwrap();
    let mut harness = window(1280.0, 820.0, Theme::Dark, Some(sample.app.clone()));
    settle(&mut harness);
    command(&mut harness, Key::R);
    let offer = "Delete 70 KB that only developers need";
    assert!(says(&harness, "Also possible") && !says(&harness, "Contents/Resources/include"));
    harness.get_by_role_and_label(Role::Switch, offer).click();
    settle(&mut harness);
    assert!(says(&harness, "Contents/Resources/include"), "the edit is in the plan");
    harness.get_by_role_and_label(Role::Switch, offer).click();
    settle(&mut harness);
    assert!(!says(&harness, "Contents/Resources/include"));
    assert!(header.is_file(), "nothing is written before it is applied");
}

#[test]
fn licences_come_along_when_their_switch_is_on() {
    let mut harness = opened();
    command(&mut harness, Key::R);
    assert!(!says(&harness, "Contents/Resources/Licenses"));
    harness.get_by_role_and_label(Role::Switch, "Copy the licences of the libraries").click();
    settle(&mut harness);
    let switch = harness.get_by_role_and_label(Role::Switch, "Copy the licences of the libraries");
    assert_eq!(switch.accesskit_node().toggled(), Some(egui::accesskit::Toggled::True));
}

#[test]
fn the_tree_can_be_seen_as_the_plan_leaves_it() {
    let mut harness = opened();
    command(&mut harness, Key::R);
    harness.get_by_label("Shown: Tree afterwards").click();
    settle(&mut harness);
    let tree = harness.get_by_role_and_label(Role::Tree, "Dependencies after the fix");
    assert!(tree.accesskit_node().label().is_some());
    let rows = rows(&harness);
    assert!(rows.iter().any(|row| row.contains("Contents/Frameworks/Quill.framework")), "{rows:?}");
    assert!(!rows.iter().any(|row| row.contains("Not found") || row.contains("Outside")), "{rows:?}");
    harness.get_by_label("Shown: Edits").click();
    settle(&mut harness);
    assert!(says(&harness, "Copy into bundle"));
}

#[test]
fn in_a_low_window_no_step_of_the_rail_is_covered() {
    let mut harness = window(820.0, 560.0, Theme::Dark, None);
    harness.get_by_label("Open sample").click();
    settle(&mut harness);
    command(&mut harness, Key::R);
    let edges = |label: &str| {
        let bounds = harness.get_by_label(label).rect();
        (bounds.top(), bounds.bottom())
    };
    let (last, undo) = (edges("How dyld works"), edges("Undo last fix"));
    assert!(last.1 <= undo.0, "{last:?} {undo:?}");
}
