//! Pictures of every screen, for looking at: `BUNDLEWRIGHT_PICTURES=folder cargo test --features gui-tests --test window
//! pictures`. Without the variable nothing is drawn.

use std::path::PathBuf;

use bundlewright::ui::App;
use egui::{Key, Modifiers, Theme};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;

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

fn tour(camera: &Camera, width: f32, height: f32, theme: Theme) {
    let mut harness = window(width, height, theme, None);
    camera.shoot(&mut harness, "1-start");
    harness.get_by_label("Open sample").click();
    settle(&mut harness);
    camera.shoot(&mut harness, "2-overview");
    for (key, name) in [
        (Key::Num2, "3-info-plist"),
        (Key::Num3, "4-dependencies"),
        (Key::Num4, "5-findings"),
        (Key::Num5, "6-signature"),
        (Key::Num6, "7-disk-image"),
        (Key::R, "8-plan"),
    ] {
        go(&mut harness, key);
        camera.shoot(&mut harness, name);
    }
    go(&mut harness, Key::K);
    camera.shoot(&mut harness, "9-palette");
}

#[test]
fn pictures_of_every_screen() {
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
            tour(&camera, width, height, *theme);
        }
    }
}
