//! What a frame of the window costs with 10,000 images: `cargo bench --bench window`, or with `--profile dev` to spare the
//! release build. Laying out, painting into shapes and the tree for screen readers are measured; no pixels are drawn.
//!
//! `BUNDLEWRIGHT_BENCH_IMAGES=n` takes another number. Exits with an error when a frame of an optimised build takes longer
//! than [`BUDGET`].
#![allow(clippy::disallowed_methods, reason = "a bench makes what it measures")]

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use bundlewright::ui::App;
use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;

#[path = "../common/model.rs"]
mod model;
#[path = "../laws/thin.rs"]
mod thin;

const BUDGET: Duration = Duration::from_millis(4);
const FRAMES: usize = 120;

fn main() -> ExitCode {
    let images = std::env::var("BUNDLEWRIGHT_BENCH_IMAGES").ok().and_then(|text| text.parse().ok());
    let images: usize = images.unwrap_or(10_000);
    let folder = tempfile::tempdir().expect("a temporary folder");
    make(images, folder.path(), "one");
    let begun = Instant::now();
    let mut harness = Harness::builder()
        .with_size(egui::vec2(1280.0, 800.0))
        .with_max_steps(16)
        .build_eframe(|cc| App::new(cc, Some(folder.path().join("Big.app"))));
    let longest = settle(&mut harness);
    let build = if cfg!(debug_assertions) { "unoptimised" } else { "optimised" };
    println!(
        "{images} images, {build} build; opened in {:.1?}, longest frame {longest:.1?}",
        begun.elapsed()
    );
    let mut worst = Duration::ZERO;
    for (key, page) in
        [(Key::Num3, "Dependencies"), (Key::Num4, "Findings"), (Key::Num5, "Signature"), (Key::Num7, "Maps")]
    {
        harness.key_press_modifiers(Modifiers::COMMAND, key);
        println!("{page}: longest frame {:.1?} while it opens", settle(&mut harness));
        worst = worst.max(scrolled(&mut harness, page));
        searched(&mut harness, page);
    }
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Num7);
    settle(&mut harness);
    harness.get_by_label("Map: Graph").click();
    settle(&mut harness);
    worst = worst.max(scrolled(&mut harness, "Graph"));
    make(images, &folder.path().join("other"), "other");
    compare(&mut harness, &folder.path().join("other/Big.app"));
    worst = worst.max(scrolled(&mut harness, "Compare"));
    searched(&mut harness, "Compare");
    if worst > BUDGET && !cfg!(debug_assertions) {
        eprintln!("a frame takes {worst:.1?}, more than {BUDGET:?}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// Against a build whose every image differs in ten rpaths.
fn compare(harness: &mut Harness<'_, App>, other: &Path) {
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Num9);
    settle(harness);
    harness.get_by_label("Path of the right side").focus();
    harness.run_steps(2);
    harness.event(egui::Event::Text(other.display().to_string()));
    harness.run_steps(1);
    harness.key_press(Key::Enter);
    let begun = Instant::now();
    let longest = settle(harness);
    println!("Compare: longest frame {longest:.1?} while the two are compared in {:.1?}", begun.elapsed());
    assert!(harness.query_by_role_and_label(Role::Tree, "Differences").is_some(), "compared");
}

/// A program that asks for every library, each of which asks for two others, written out thin. `build` is in ten rpaths of
/// each library.
fn make(images: usize, folder: &Path, build: &str) {
    let mut text = String::from("/Contents/MacOS/Big execute\n  rpath @executable_path/../Frameworks\n");
    for number in 0..images {
        text += &format!("  use @rpath/libpart{number}.dylib\n");
    }
    for number in 0..images {
        let (one, two) = ((number * 7 + 1) % images, (number * 13 + 5) % images);
        text += &format!(
            "/Contents/Frameworks/libpart{number}.dylib dylib\n  id @rpath/libpart{number}.dylib\n  \
             use @rpath/libpart{one}.dylib\n  use @rpath/libpart{two}.dylib\n  use /usr/lib/libSystem.B.dylib\n"
        );
        (0..10).for_each(|place| text += &format!("  rpath @loader_path/{build}/{place}\n"));
    }
    let app = folder.join("Big.app");
    thin::write(&model::items(&text), &app);
    let plist =
        "<plist version=\"1.0\"><dict><key>CFBundleExecutable</key><string>Big</string></dict></plist>";
    std::fs::write(app.join("Contents/Info.plist"), plist).expect("written");
}

/// Runs frames until no job is left; answers the longest.
fn settle(harness: &mut Harness<'_, App>) -> Duration {
    let (mut longest, mut quiet) = (Duration::ZERO, 0);
    while quiet < 4 {
        longest = longest.max(frame(harness));
        quiet = if harness.state().is_busy() { 0 } else { quiet + 1 };
        if quiet == 0 {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
    longest
}

fn frame(harness: &mut Harness<'_, App>) -> Duration {
    let begun = Instant::now();
    harness.step();
    begun.elapsed()
}

/// Frames in which the wheel turns over the middle of the page; answers their median.
fn scrolled(harness: &mut Harness<'_, App>, page: &str) -> Duration {
    harness.hover_at(egui::pos2(600.0, 500.0));
    harness.run_steps(2);
    let mut times: Vec<Duration> = (0..FRAMES)
        .map(|_| {
            harness.event(egui::Event::MouseWheel {
                unit: egui::MouseWheelUnit::Point,
                delta: egui::vec2(0.0, -90.0),
                phase: egui::TouchPhase::Move,
                source: egui::MouseWheelSource::Wheel,
                modifiers: Modifiers::NONE,
            });
            frame(harness)
        })
        .collect();
    times.sort();
    let (median, slow) = (times[FRAMES / 2], times[FRAMES * 95 / 100]);
    println!("{page}: scrolling {median:.2?} a frame, {slow:.2?} for the slowest twentieth");
    median
}

/// The frame in which a search over everything is typed.
fn searched(harness: &mut Harness<'_, App>, page: &str) {
    harness.key_press_modifiers(Modifiers::COMMAND, Key::F);
    harness.run_steps(2);
    harness.event(egui::Event::Text("part123".to_owned()));
    let typed = frame(harness);
    let next = frame(harness);
    harness.run_steps(2); // a list that got shorter scrolls back
    let rows = harness.query_all_by_role(Role::TreeItem).count();
    println!("{page}: searching {:.2?}, {rows} rows shown then", typed.max(next));
    harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    harness.run_steps(1);
    harness.key_press(Key::Backspace);
    settle(harness);
}
