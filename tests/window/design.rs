//! The designer of the disk image, by label.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use bundlewright::ui::{App, Outside};
use egui::accesskit::Role;
use egui::{Key, Modifiers, Theme};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use sha2::{Digest, Sha256};

use crate::lesson::click;
use crate::tour::{command, opened, press, says};
use crate::{settle, unpacked, window};

fn designing() -> Harness<'static, App> {
    let mut harness = opened();
    command(&mut harness, Key::Num6);
    harness
}

fn place(harness: &Harness<'_, App>, icon: &str) -> String {
    let label = format!("Icon {icon} at ");
    let icon = harness.get_by_label_contains(&label);
    icon.accesskit_node().label().unwrap_or_default()
}

/// Moves the Applications folder to the left, in steps of 16 points.
fn move_left(harness: &mut Harness<'_, App>, steps: usize) {
    harness.get_by_label_contains("Icon Applications at ").focus();
    settle(harness);
    for _ in 0..steps {
        harness.key_press_modifiers(Modifiers::SHIFT, Key::ArrowLeft);
        harness.run_steps(1);
    }
    settle(harness);
}

fn labels(harness: &Harness<'_, App>, role: Role) -> Vec<String> {
    let nodes = harness.get_all_by_role(role);
    nodes.map(|node| node.accesskit_node().label().unwrap_or_default()).collect()
}

#[test]
fn every_change_is_taken_back_and_made_again() {
    let mut harness = designing();
    let first = place(&harness, "Applications");
    move_left(&mut harness, 2);
    let moved = place(&harness, "Applications");
    assert_ne!(first, moved);
    click(&mut harness, "Undo");
    click(&mut harness, "Undo");
    assert_eq!(place(&harness, "Applications"), first);
    command(&mut harness, Key::Y);
    command(&mut harness, Key::Y);
    assert_eq!(place(&harness, "Applications"), moved);
    command(&mut harness, Key::Z);
    assert_ne!(place(&harness, "Applications"), moved, "by keyboard, too");
}

#[test]
fn what_is_wrong_is_listed_and_one_click_mends_it() {
    let mut harness = designing();
    assert!(!says(&harness, "stand on each other") && !says(&harness, "overlap"), "the usual design is fine");
    move_left(&mut harness, 18);
    let before = place(&harness, "Applications");
    let mends: Vec<String> =
        labels(&harness, Role::Button).into_iter().filter(|label| label.starts_with("Move ")).collect();
    assert_eq!(mends.len(), 1, "{mends:?}");
    click(&mut harness, &mends[0]);
    assert!(!labels(&harness, Role::Button).contains(&mends[0]), "it is mended");
    command(&mut harness, Key::Z);
    assert_eq!(place(&harness, "Applications"), before, "and can be taken back");
}

#[test]
fn each_format_says_how_large_the_image_will_be() {
    let harness = designing();
    let formats = labels(&harness, Role::RadioButton);
    assert_eq!(formats.iter().filter(|label| label.contains("about ")).count(), 5, "{formats:?}");
}

static REVEALED: Mutex<Option<PathBuf>> = Mutex::new(None);

#[test]
fn what_was_built_is_shown_with_its_checksum_and_opened_as_it_was_designed() {
    let sample = unpacked();
    let mut harness = window(1280.0, 820.0, Theme::Light, None);
    let reveal = |path: &Path| {
        *REVEALED.lock().unwrap() = Some(path.to_owned());
        Ok(())
    };
    harness.state_mut().surround(Outside { reveal, ..Outside::default() });
    harness.state_mut().open_with(sample.app.clone(), None);
    settle(&mut harness);
    command(&mut harness, Key::Num6);
    move_left(&mut harness, 1);
    press(&mut harness, Key::ArrowDown);
    let designed = [place(&harness, "Postcard"), place(&harness, "Applications")];
    command(&mut harness, Key::B);
    click(&mut harness, "Build it all the same");
    let folder = sample.app.parent().unwrap();
    let mut images = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let image = images.find(|path| path.extension().is_some_and(|end| end == "dmg")).expect("an image");
    let sum: String =
        Sha256::digest(std::fs::read(&image).unwrap()).iter().map(|b| format!("{b:02x}")).collect();
    assert!(says(&harness, &format!("SHA-256 {sum}")));
    click(&mut harness, "Show in folder");
    assert_eq!(REVEALED.lock().unwrap().as_deref(), Some(image.as_path()));

    // In a window of its own the image is what was designed, can be changed, and is built anew beside the old one.
    let mut harness = window(1280.0, 820.0, Theme::Dark, Some(image.clone()));
    assert!(says(&harness, "every checksum and signature holds"));
    assert_eq!([place(&harness, "Postcard"), place(&harness, "Applications")], designed);
    move_left(&mut harness, 1);
    let changed = place(&harness, "Applications");
    command(&mut harness, Key::B);
    assert!(says(&harness, "Built and verified"));
    let new = image.with_file_name(format!("{} new.dmg", image.file_stem().unwrap().to_str().unwrap()));
    let mut harness = window(1280.0, 820.0, Theme::Dark, Some(new));
    assert_eq!(place(&harness, "Applications"), changed);
    command(&mut harness, Key::W);
    assert!(says(&harness, "Open sample"), "closed, the window starts anew");
}

#[test]
fn things_are_added_renamed_and_taken_away() {
    let mut harness = designing();
    click(&mut harness, "Add a link");
    assert!(says(&harness, "Icon Utilities at "));
    let field = harness.get_by_label("Item name");
    field.focus();
    harness.run_steps(1);
    harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    harness.run_steps(1);
    harness.event(egui::Event::Text("Werkzeuge".to_owned()));
    settle(&mut harness);
    assert!(says(&harness, "Icon Werkzeuge at ") && !says(&harness, "Icon Utilities at "));
    press(&mut harness, Key::Enter); // the typing is done
    click(&mut harness, "Remove");
    assert!(!says(&harness, "Icon Werkzeuge at "));
    click(&mut harness, "Undo");
    assert!(says(&harness, "Icon Werkzeuge at "), "what was taken away comes back");
}

#[test]
fn the_window_is_resized_by_its_corner_and_icons_are_spaced_by_command() {
    let mut harness = designing();
    let corner = harness.get_by_label("Resize the Finder's window").rect().center();
    harness.drag_at(corner);
    harness.run_steps(2);
    harness.hover_at(corner + egui::vec2(-30.0, 0.0));
    harness.run_steps(2);
    harness.drop_at(corner + egui::vec2(-60.0, 0.0));
    settle(&mut harness);
    move_left(&mut harness, 1);
    command(&mut harness, Key::K);
    harness.event(egui::Event::Text("space icons".to_owned()));
    settle(&mut harness);
    press(&mut harness, Key::Enter);
    let x = |icon: &str| -> i32 {
        let place = place(&harness, icon);
        place.split(" at ").nth(1).unwrap().split(',').next().unwrap().parse().unwrap()
    };
    let (left, right) = (x("Postcard"), x("Applications"));
    assert!(left < 160, "a smaller window than one of 640 points: {left}");
    assert!((right - 3 * left).abs() <= 3, "a quarter from each edge: {left}, {right}");
}

#[test]
fn templates_and_the_drawn_ground_are_chosen_and_taken_back() {
    let mut harness = designing();
    let before = place(&harness, "Postcard");
    click(&mut harness, "Template: Classic");
    click(&mut harness, "Dark");
    assert_ne!(place(&harness, "Postcard"), before, "another layout");
    assert!(says(&harness, "Template: Dark"));
    assert!(!says(&harness, "white label"), "its plates make names readable in both appearances");
    let title = harness.get_by_label("Title");
    assert_eq!(title.accesskit_node().value().as_deref(), Some("Postcard"));
    command(&mut harness, Key::Z);
    assert_eq!(place(&harness, "Postcard"), before);
    assert!(says(&harness, "Template: Classic"));
    click(&mut harness, "Arrow: Line");
    click(&mut harness, "Curve");
    assert!(says(&harness, "Template: Changed"), "what was changed is no template any more");
}
