//! Inspecting against its floors, as ratios of medians in one run: `cargo bench --bench inspect`.
//!
//! The floor is to map every Mach-O file and have goblin parse its headers, on the same threads. Measured is all that
//! `inspect` does but the hashing of signatures: scan, resolve every entry point and slice on both Macs, every rule; then
//! the same with symbols, whose floor decodes every table of imports and every trie once.
//!
//! Three made bundles of 500, 2,000 and 8,000 libraries show how it grows. `BUNDLEWRIGHT_BENCH_APPS=A.app:B.app` measures
//! bundles of yours. Where they are installed, llvm-otool and delocate list the same files beside it.
#![allow(clippy::disallowed_methods, reason = "a bench makes what it measures")]

mod measure;
#[path = "../common/model.rs"]
mod model;
#[cfg(unix)]
#[path = "../laws/thin.rs"]
mod thin;

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use bundlewright::bundle::{self, Bundle, SearchRoots, scan};
use bundlewright::codesign::{Verification, verify_bundle};
use bundlewright::diagnose::{Facts, RULES, Symbols, diagnose};
use bundlewright::dyld::symbols::{NothingKnown, check};
use bundlewright::dyld::{Conditions, Place, resolve};
use bundlewright::macho::symbols::SliceSymbols;
use bundlewright::progress::Progress;
use measure::{compare, timed};
use rayon::prelude::*;

fn main() {
    let named = std::env::var_os("BUNDLEWRIGHT_BENCH_APPS").unwrap_or_default();
    for app in std::env::split_paths(&named).filter(|app| !app.as_os_str().is_empty()) {
        measure(&app);
        peers(&app);
    }
    #[cfg(unix)]
    for count in [500, 2_000, 8_000] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        measure(&made(folder.path(), count));
    }
}

fn measure(app: &Path) {
    let bundle = scan(app, &Progress::silent()).expect("a bundle");
    let seals = verify_bundle(&bundle, &Progress::silent()).expect("not cancelled");
    // What the app takes from outside is read as well.
    let here = resolve(&bundle, &Place::BuildMac(SearchRoots::default()), &Conditions::default());
    let images = bundle.images.values().chain(here.externals.values());
    let files: Vec<PathBuf> = images.map(|image| image.local.clone()).collect();
    println!("{}: {} Mach-O files", app.display(), files.len());
    steps(app, &seals);
    compare(
        "  inspect against goblin's headers",
        || {
            black_box(inspect(app, &seals, false));
        },
        || headers(&files),
    );
    compare(
        "  with symbols against decoding every table once",
        || {
            black_box(inspect(app, &seals, true));
        },
        || {
            headers(&files);
            decode(&bundle);
        },
    );
}

/// Where the time goes: each step once, and the rules that take longest.
fn steps(app: &Path, seals: &Verification) {
    let begun = std::time::Instant::now();
    let bundle = scan(app, &Progress::silent()).expect("a bundle");
    let scanned = begun.elapsed();
    let conditions = Conditions::default();
    let build = resolve(&bundle, &Place::BuildMac(SearchRoots::default()), &conditions);
    let built = begun.elapsed();
    let clean = resolve(&bundle, &Place::CleanMac, &conditions);
    println!("  scan {scanned:.1?}, resolve {:.1?} and {:.1?}", built - scanned, begun.elapsed() - built);
    let facts = Facts::new(&bundle, &build, &clean, seals);
    let mut rules: Vec<(Duration, &str)> = RULES
        .iter()
        .map(|rule| {
            let begun = std::time::Instant::now();
            black_box((rule.check)(&facts));
            (begun.elapsed(), rule.id)
        })
        .collect();
    rules.sort_by(|a, b| b.cmp(a));
    let all: Duration = rules.iter().map(|(time, _)| *time).sum();
    let longest: Vec<String> = rules.iter().take(6).map(|(time, id)| format!("{id} {time:.1?}")).collect();
    println!("  rules {all:.1?}: {}", longest.join(", "));
}

/// All of `inspect` but the hashes of signatures; the number of findings.
fn inspect(app: &Path, seals: &Verification, with_symbols: bool) -> usize {
    let bundle = scan(app, &Progress::silent()).expect("a bundle");
    let (here, conditions) = (Place::BuildMac(SearchRoots::default()), Conditions::default());
    let (build, clean) = rayon::join(
        || resolve(&bundle, &here, &conditions),
        || resolve(&bundle, &Place::CleanMac, &conditions),
    );
    let symbols = with_symbols.then(|| check(&bundle, &clean, &NothingKnown));
    let symbols = symbols.as_ref().map(|symbols| Symbols { build: symbols, clean: symbols });
    let mut facts = Facts::new(&bundle, &build, &clean, seals);
    facts.symbols = symbols;
    diagnose(&facts).len()
}

fn headers(files: &[PathBuf]) {
    files.par_iter().for_each(|file| {
        let bytes = bundle::map(file).expect("a file");
        drop(black_box(goblin::mach::Mach::parse(&bytes).map(|mach| match mach {
            goblin::mach::Mach::Fat(fat) => fat.into_iter().filter_map(Result::ok).count(),
            goblin::mach::Mach::Binary(_) => 1,
        })));
    });
}

fn decode(bundle: &Bundle) {
    let images: Vec<_> = bundle.images.values().collect();
    images.par_iter().for_each(|image| {
        let bytes = bundle::map(&image.local).expect("a file");
        for slice in &image.file.slices {
            let slice = &bytes[slice.offset as usize..(slice.offset + slice.size) as usize];
            let Ok(symbols) = SliceSymbols::read(slice) else { continue };
            let mut exports = 0;
            let _ = symbols.exports().and_then(|all| all.for_each(|_, _| exports += 1));
            black_box((symbols.imports().map_or(0, |imports| imports.len()), exports));
        }
    });
}

/// What other tools need to list the dependencies of the same files.
fn peers(app: &Path) {
    let bundle = scan(app, &Progress::silent()).expect("a bundle");
    let files: Vec<PathBuf> = bundle.images.values().map(|image| image.local.clone()).collect();
    for (tool, arguments) in
        [("llvm-otool", vec!["-L", "-arch", "all"]), ("llvm-otool-14", vec!["-L", "-arch", "all"])]
    {
        peer(tool, Command::new(tool).args(arguments).args(&files));
    }
    peer("delocate-listdeps", Command::new("delocate-listdeps").arg("--all").arg(app));
}

fn peer(name: &str, command: &mut Command) {
    command.stdout(Stdio::null()).stderr(Stdio::null());
    if command.status().is_err() {
        return println!("  {name}: not installed");
    }
    let command = std::cell::RefCell::new(command);
    let times = (0..3).map(|_| timed(&|| drop(command.borrow_mut().status()))).collect();
    println!("  {name} over the same files: {:.1?}", measure::median(times));
}

/// An app with `count` libraries: each is used by an earlier one, and uses three more.
#[cfg(unix)]
fn made(folder: &Path, count: usize) -> PathBuf {
    let mut text = String::from(
        "/Made.app/Contents/MacOS/Made execute\n  rpath @executable_path/../Frameworks\n  use @rpath/lib0.dylib\n  use /usr/lib/libSystem.B.dylib\n",
    );
    for number in 0..count {
        text += &format!(
            "/Made.app/Contents/Frameworks/lib{number}.dylib dylib\n  id @rpath/lib{number}.dylib\n"
        );
        let below = (4 * number + 1..4 * number + 5).chain([number * 7 / 3 + 11, number / 2, number / 3]);
        let mut named: Vec<usize> = below.filter(|other| *other < count && *other != number).collect();
        named.sort_unstable();
        named.dedup();
        for other in named {
            text += &format!("  use @rpath/lib{other}.dylib\n");
        }
        text += "  use /usr/lib/libSystem.B.dylib\n";
    }
    thin::write(&model::sound(model::items(&text)), folder);
    folder.join("Made.app")
}
