//! Pictures of every screen, for looking at: `BUNDLEWRIGHT_PICTURES=folder cargo test --test window
//! pictures`. Without the variable nothing is drawn. `BUNDLEWRIGHT_OPEN=bundle` looks at that instead of the sample,
//! `BUNDLEWRIGHT_SIZE=large|small|all` and `BUNDLEWRIGHT_THEME=dark|light` choose what is drawn.

use std::path::PathBuf;

use bundlewright::ui::App;
use egui::accesskit::Role;
use egui::{Key, Modifiers, Theme};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};

use crate::compare::choose;
use crate::crash::{drop_files, sample_report, several};
use crate::{settle, window};

fn folder() -> Option<PathBuf> {
    let folder = PathBuf::from(std::env::var_os("BUNDLEWRIGHT_PICTURES")?);
    std::fs::create_dir_all(&folder).unwrap();
    Some(folder)
}

struct Camera {
    folder: PathBuf,
    suffix: String,
}

impl Camera {
    fn shoot(&self, harness: &mut Harness<'_, App>, name: &str) {
        settle(harness);
        let picture = harness.render().unwrap();
        picture.save(self.folder.join(format!("{name}-{}.png", self.suffix))).unwrap();
    }
}

fn go(harness: &mut Harness<'_, App>, key: Key) {
    harness.key_press_modifiers(Modifiers::COMMAND, key);
    settle(harness);
}

/// The disk image while something moves, with things to mend, built, and opened again.
fn designer(camera: &Camera, harness: &mut Harness<'_, App>) {
    go(harness, Key::Num6);
    harness.get_by_label("Add a link").click();
    settle(harness);
    camera.shoot(harness, "7b-disk-image-link");
    let icon = harness.get_by_label_contains("Icon Applications at ").rect().center();
    harness.drag_at(icon);
    harness.run_steps(2);
    harness.hover_at(icon + egui::vec2(-90.0, 60.0));
    harness.run_steps(2);
    camera.shoot(harness, "7c-disk-image-drag");
    harness.drop_at(icon + egui::vec2(-90.0, 60.0));
    settle(harness);
    camera.shoot(harness, "7d-disk-image-mends");
    go(harness, Key::B);
    harness.get_by_label("Build it all the same").click();
    settle(harness);
    camera.shoot(harness, "7e-disk-image-built");
}

fn tour(camera: &Camera, width: f32, height: f32, theme: Theme) {
    let mut harness = window(width, height, theme, None);
    camera.shoot(&mut harness, "1-start");
    match std::env::var_os("BUNDLEWRIGHT_OPEN") {
        Some(bundle) => harness = window(width, height, theme, Some(bundle.into())),
        None => harness.get_by_label("Open sample").click(),
    }
    settle(&mut harness);
    camera.shoot(&mut harness, "2-overview");
    for (key, name) in [
        (Key::Num2, "3-info-plist"),
        (Key::Num3, "4-dependencies"),
        (Key::Num4, "5-findings"),
        (Key::Num5, "6-signature"),
        (Key::Num6, "7-disk-image"),
        (Key::Num7, "12-maps-sizes"),
        (Key::R, "8-plan"),
    ] {
        go(&mut harness, key);
        camera.shoot(&mut harness, name);
    }
    signature(camera, &mut harness);
    maps(camera, &mut harness);
    if std::env::var_os("BUNDLEWRIGHT_OPEN").is_some() {
        return; // somebody's own bundle is only looked at
    }
    lesson(camera, &mut harness);
    go(&mut harness, Key::Enter);
    camera.shoot(&mut harness, "8b-applied");
    go(&mut harness, Key::Num1);
    camera.shoot(&mut harness, "2b-overview-good");
    harness.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    settle(&mut harness);
    designer(camera, &mut harness);
    go(&mut harness, Key::K);
    camera.shoot(&mut harness, "9-palette");
    harness.key_press(Key::Escape);
    settle(&mut harness);
    details(camera, &mut harness);
}

fn signature(camera: &Camera, harness: &mut Harness<'_, App>) {
    go(harness, Key::Num5);
    for (part, name) in [("Seals", "6b-seals"), ("Sign", "6c-sign")] {
        click(harness, &format!("Signature: {part}"));
        camera.shoot(harness, name);
    }
    click(harness, "Signed by: An identity");
    camera.shoot(harness, "6d-sign-identity");
    click(harness, "Signature: Preflight");
    camera.shoot(harness, "6e-preflight-empty");
    harness.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::N);
    camera.shoot(harness, "6f-preflight");
}

fn click(harness: &mut Harness<'_, App>, label: &str) {
    if let Some(node) = harness.query_all_by_label(label).next() {
        node.click();
    }
    settle(harness);
}

fn maps(camera: &Camera, harness: &mut Harness<'_, App>) {
    go(harness, Key::Num7);
    for (map, name) in [
        ("Unused", "12b-maps-unused"),
        ("Circles", "12c-maps-circles"),
        ("Minimum macOS", "12d-maps-minimum"),
        ("Slices", "12e-maps-slices"),
        ("Graph", "12f-maps-graph"),
    ] {
        click(harness, &format!("Map: {map}"));
        camera.shoot(harness, name);
    }
    let node = harness.query_all_by_role(Role::TreeItem).nth(1);
    if let Some(node) = node {
        node.click();
    }
    camera.shoot(harness, "12g-maps-graph-selected");
    click(harness, "Map: Sizes");
}

/// The walk of the plug-in's fault in both places, its law, and the controls of what may differ.
fn lesson(camera: &Camera, harness: &mut Harness<'_, App>) {
    go(harness, Key::Num3);
    for (place, name) in [
        ("Place: Clean Mac", "13-lesson-clean"),
        ("Place: Mac with Homebrew", "13b-lesson-homebrew"),
        ("Place: Build Mac", "13c-lesson-build"),
    ] {
        click(harness, place);
        let row = harness
            .query_all_by_label_contains("CraftRoot/lib/Quill")
            .find(|row| row.accesskit_node().role() == Role::TreeItem);
        if let Some(row) = row {
            row.click();
        }
        camera.shoot(harness, name);
    }
    if let Some(step) = harness.query_all_by_label_contains("Step 3: ").next() {
        step.scroll_to_me();
    }
    camera.shoot(harness, "13d-lesson-steps");
    if let Some(copy) = harness.query_all_by_label("Copy as text").next() {
        copy.scroll_to_me();
    }
    camera.shoot(harness, "13e-lesson-end");
    click(harness, "Place: Clean Mac");
    click(harness, "Variables: none");
    if let Some(item) = harness.query_by_role_and_label(Role::MenuItem, "DYLD_LIBRARY_PATH") {
        item.click();
    }
    camera.shoot(harness, "14-variables");
    harness.key_press(Key::Escape);
    settle(harness);
    harness.get_by_label_contains("Hardened: ").click();
    settle(harness);
    harness.get_by_role_and_label(Role::MenuItem, "on").click();
    camera.shoot(harness, "14b-what-if");
    click(harness, "Back to usual conditions");
    harness.key_press(Key::F1);
    camera.shoot(harness, "15-manual");
    click(harness, "Chapter: What can be wrong");
    camera.shoot(harness, "15b-manual-rules");
    click(harness, "Chapter: Laws of dyld");
    harness.key_press_modifiers(Modifiers::COMMAND, Key::F);
    settle(harness);
    harness.event(egui::Event::Text("sees what its host".to_owned()));
    camera.shoot(harness, "15c-manual-plug-ins");
    harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    harness.event(egui::Event::Text("hardened programs ignore".to_owned()));
    camera.shoot(harness, "15d-manual-hardened");
}

/// What shows only after a click.
fn details(camera: &Camera, harness: &mut Harness<'_, App>) {
    go(harness, Key::Num3);
    let reference = |harness: &mut Harness<'_, App>, name: &str| {
        let row = harness
            .query_all_by_label_contains(name)
            .find(|row| row.accesskit_node().role() == Role::TreeItem);
        if let Some(row) = row {
            row.click();
        }
        settle(harness);
    };
    reference(harness, "libinkwell");
    camera.shoot(harness, "4b-walk-clean");
    if let Some(place) = harness.query_by_label("Place: Build Mac") {
        place.click();
        settle(harness);
        reference(harness, "libstamp");
        camera.shoot(harness, "4c-walk-build");
    }
    harness.get_by_label_contains("Arch: ").click();
    camera.shoot(harness, "4d-selector");
    harness.key_press(Key::Escape);
    settle(harness);
    harness.get_by_label("Tools").click();
    camera.shoot(harness, "10b-tools");
    harness.get_by_role_and_label(Role::MenuItem, "Build Mac folders…").click();
    camera.shoot(harness, "11-build-folders");
    harness.get_by_label("Close").click();
    settle(harness);
    go(harness, Key::L);
    harness.get_by_label("File").click();
    camera.shoot(harness, "10-menu-and-log");
    harness.key_press(Key::Escape);
    go(harness, Key::L);
    go(harness, Key::Num6);
    let icon = harness.get_by_label_contains("Icon Applications at ").rect().center();
    harness.drag_at(icon);
    harness.run_steps(2);
    harness.hover_at(icon + egui::vec2(6.0, 2.0));
    harness.run_steps(2);
    camera.shoot(harness, "7b-dragging");
    harness.drop_at(icon);
    settle(harness);
    go(harness, Key::B);
    click(harness, "Build it all the same");
    camera.shoot(harness, "7c-built");
}

/// A report tied to the sample, alone, several, and none; `BUNDLEWRIGHT_REPORTS=folder` looks at all reports there instead.
fn crash(camera: &Camera, width: f32, height: f32, theme: Theme) {
    let mut harness = window(width, height, theme, None);
    if let Some(folder) = std::env::var_os("BUNDLEWRIGHT_REPORTS") {
        let mut files: Vec<PathBuf> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        for file in files {
            drop_files(&mut harness, vec![file.clone()]);
            let name = file.file_name().unwrap().to_string_lossy().into_owned();
            camera.shoot(&mut harness, &format!("16-crash-{name}"));
        }
        return;
    }
    go(&mut harness, Key::Num8);
    camera.shoot(&mut harness, "16-crash-empty");
    drop_files(&mut harness, vec![PathBuf::from("/nowhere/gone.ips")]);
    camera.shoot(&mut harness, "16b-crash-unreadable");
    drop_files(&mut harness, vec![sample_report()]);
    camera.shoot(&mut harness, "16c-crash-alone");
    drop_files(&mut harness, several());
    camera.shoot(&mut harness, "16d-crash-several");
    let mut harness = window(width, height, theme, None);
    click(&mut harness, "Open sample");
    drop_files(&mut harness, vec![sample_report()]);
    camera.shoot(&mut harness, "16e-crash-tied");
    let row = harness.query_all_by_role(Role::TreeItem).next();
    if let Some(row) = row {
        row.click();
    }
    camera.shoot(&mut harness, "16f-crash-image");
    if width < 900.0 {
        harness.key_press_modifiers(Modifiers::ALT, Key::Enter);
        camera.shoot(&mut harness, "16g-crash-inspector");
    }
}

/// Two builds: `BUNDLEWRIGHT_COMPARE=A.app:B.app` instead of those of the fixture.
fn comparison(camera: &Camera, width: f32, height: f32, theme: Theme) {
    let fixture = crate::common::unpack("twice");
    let twice = |folder: &str| fixture.path().join(folder).join("Twice.app");
    let mut harness = window(width, height, theme, None);
    go(&mut harness, Key::Num9);
    camera.shoot(&mut harness, "17-compare-empty");
    let mut harness = window(width, height, theme, Some(twice("first")));
    go(&mut harness, Key::Num9);
    camera.shoot(&mut harness, "17b-compare-other-side");
    for (folder, name) in [("nowhere", "17c-compare-failed"), ("first", "17d-compare-identical")] {
        choose(&mut harness, "right", &twice(folder));
        camera.shoot(&mut harness, name);
    }
    choose(&mut harness, "right", &twice("rebuilt"));
    camera.shoot(&mut harness, "17e-compare-nothing-matters");
    click(&mut harness, "Show all");
    camera.shoot(&mut harness, "17f-compare-all");
    match std::env::var_os("BUNDLEWRIGHT_COMPARE") {
        Some(pair) => {
            let pair: Vec<PathBuf> = std::env::split_paths(&pair).collect();
            choose(&mut harness, "left", &pair[0]);
            choose(&mut harness, "right", &pair[1]);
        }
        None => choose(&mut harness, "right", &twice("relinked")),
    }
    camera.shoot(&mut harness, "17g-compare");
    harness.key_press_modifiers(Modifiers::ALT, Key::Enter);
    camera.shoot(&mut harness, "17h-compare-inspector");
    harness.key_press(Key::Escape);
    settle(&mut harness);
    harness.get_by_role_and_label(Role::Tree, "Differences").focus();
    settle(&mut harness);
    harness.key_press(Key::Home);
    harness.key_press_modifiers(Modifiers::ALT, Key::Enter);
    camera.shoot(&mut harness, "17i-compare-file");
    harness.key_press(Key::Escape);
    settle(&mut harness);
    let chips = harness.get_all_by_role(Role::CheckBox);
    let of_signatures = |label: &String| label.starts_with("Signature: ");
    let chip = chips.filter_map(|chip| chip.accesskit_node().label()).find(of_signatures);
    click(&mut harness, &chip.unwrap());
    camera.shoot(&mut harness, "17j-compare-class");
}

#[test]
fn pictures_of_crash_reports() {
    each_size(crash);
}

#[test]
fn pictures_of_a_comparison() {
    each_size(comparison);
}

#[test]
fn pictures_of_every_screen() {
    each_size(tour);
}

fn each_size(show: impl Fn(&Camera, f32, f32, Theme)) {
    let Some(folder) = folder() else { return };
    let sizes: Vec<(f32, f32)> = match std::env::var("BUNDLEWRIGHT_SIZE").ok().as_deref() {
        Some("large") => vec![(1920.0, 1080.0)],
        Some("small") => vec![(820.0, 560.0)],
        Some("all") => vec![(1280.0, 800.0), (1920.0, 1080.0), (820.0, 560.0)],
        _ => vec![(1280.0, 800.0)],
    };
    let themes = match std::env::var("BUNDLEWRIGHT_THEME").ok().as_deref() {
        Some("dark") => vec![(Theme::Dark, "dark")],
        Some("light") => vec![(Theme::Light, "light")],
        _ => vec![(Theme::Dark, "dark"), (Theme::Light, "light")],
    };
    for (width, height) in sizes {
        for (theme, name) in &themes {
            let camera = Camera { folder: folder.clone(), suffix: format!("{width}-{name}") };
            show(&camera, width, height, *theme);
        }
    }
}
