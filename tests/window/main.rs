//! The window, driven by the names that a screen reader hears: `cargo test --test window`.

#![expect(clippy::disallowed_methods, reason = "a test sets up its own files and reads its own switches")]

#[path = "../common/mod.rs"]
mod common;
mod compare;
mod crash;
mod design;
mod lesson;
mod maps;
mod pictures;
mod signing;
mod soft;
mod tour;

use std::path::PathBuf;

use bundlewright::ui::App;
use bundlewright::workflow::sample;
use egui_kittest::Harness;

/// The sample in a folder of its own, gone when it is dropped.
pub struct Sample {
    pub folder: tempfile::TempDir,
    pub app: PathBuf,
}

/// Everything that a test or the window lays down temporarily goes into the build's own folder, emptied at each run.
fn own_temporary_folder() {
    static READY: std::sync::Once = std::sync::Once::new();
    READY.call_once(|| {
        let folder: &'static std::path::Path =
            std::path::Path::new(concat!(env!("CARGO_TARGET_TMPDIR"), "/window"));
        let _ = std::fs::remove_dir_all(folder);
        std::fs::create_dir_all(folder).unwrap();
        tempfile::env::override_temp_dir(folder).unwrap();
    });
}

pub fn unpacked() -> Sample {
    own_temporary_folder();
    let folder = tempfile::Builder::new().prefix("bundlewright-window-").tempdir().unwrap();
    let app = sample::unpack(folder.path()).unwrap().app;
    Sample { folder, app }
}

pub fn window(width: f32, height: f32, theme: egui::Theme, open: Option<PathBuf>) -> Harness<'static, App> {
    own_temporary_folder();
    let mut harness = Harness::builder()
        .with_size(egui::vec2(width, height))
        .with_theme(theme)
        .with_max_steps(16)
        .with_render_cursor(false)
        .renderer(soft::Soft::default())
        .build_eframe(|cc| App::new(cc, open));
    settle(&mut harness);
    harness
}

/// Runs frames until no job is left.
pub fn settle(harness: &mut Harness<'_, App>) {
    let begun = std::time::Instant::now();
    loop {
        harness.run_steps(2);
        if !harness.state().is_busy() {
            harness.run_steps(3);
            if !harness.state().is_busy() {
                return;
            }
        }
        assert!(begun.elapsed().as_secs() < 60, "a job never ended");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}
