//! Estimates of the size of a disk image against the sizes it gets: `cargo bench --no-default-features --bench estimate`.
//!
//! `BUNDLEWRIGHT_BENCH_APP` names folders, with colons between them. Goals: half a second for 350 MB, and within 5 % of each size.
#![allow(clippy::disallowed_methods, reason = "a bench makes what it measures")]

mod measure;

use std::path::{Path, PathBuf};

use bundlewright::dmg::{self, DmgSpec};
use bundlewright::progress::Progress;
use measure::{median, timed};

fn main() {
    let Some(named) = std::env::var_os("BUNDLEWRIGHT_BENCH_APP") else {
        println!("name folders in BUNDLEWRIGHT_BENCH_APP");
        return;
    };
    let made = tempfile::tempdir().expect("a temporary folder");
    std::env::split_paths(&named).for_each(|app| one(&app, &made.path().join("out.dmg")));
}

fn one(app: &Path, out: &Path) {
    let app: PathBuf = app.canonicalize().expect("a folder");
    let mut spec = DmgSpec::for_app(&app, "Bench 1", 0).expect("a plain name");
    let quiet = Progress::silent();
    let estimates = dmg::estimate(&spec, &quiet).expect("an estimate");
    let times = (0..3).map(|_| timed(&|| drop(dmg::estimate(&spec, &quiet)))).collect();
    println!("{}: {:.2?}", app.display(), median(times));
    for one in estimates {
        spec.format = one.format;
        let built = dmg::build(&spec, out, &quiet).expect("an image").bytes;
        let share = |bytes: i64| bytes as f64 * 100.0 / built as f64;
        println!(
            "  {}: {:+.2} % (said ± {:.2} %) of {built} bytes",
            one.format.name(),
            share(one.bytes as i64 - built as i64),
            share(one.uncertainty as i64),
        );
    }
}
