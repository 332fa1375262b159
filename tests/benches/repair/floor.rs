//! Our fix, and the least that any fix has to do.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::hint::black_box;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bundlewright::progress::Progress;
use bundlewright::workflow::{FixOptions, FixPlan, InspectOptions, inspect, plan, repair};
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::apps::Source;
use crate::measure::{RUNS, median};

/// What one fix did, and how long its parts took.
pub struct Fixed {
    pub plan: FixPlan,
    inspected: Duration,
    planned: Duration,
    whole: Duration,
}

/// All that the command line does for `fix`.
pub fn fix(app: &Path) -> Fixed {
    let quiet = Progress::silent();
    let begun = Instant::now();
    let before = inspect(app, &InspectOptions::default(), &quiet).expect("a bundle");
    let inspected = begun.elapsed();
    let made = plan(&before, &FixOptions::default(), &quiet).expect("a plan");
    let planned = begun.elapsed();
    let repaired = repair(before, made, &quiet).expect("repaired");
    let whole = begun.elapsed();
    assert!(repaired.receipt.is_some(), "{} needs no fix, so there is nothing to measure", app.display());
    Fixed { plan: repaired.plan, inspected, planned: planned - inspected, whole }
}

/// Prints ours against the floor; the plan of the first run.
pub fn compare(source: &Source) -> FixPlan {
    let first = source.fresh();
    let old = inodes(&first.app);
    let fixed = fix(&first.app);
    let files: Vec<PathBuf> = files(&first.app).filter(|path| !old.contains(&inode(path))).collect();
    let bytes: u64 = files.iter().map(|path| path.metadata().map_or(0, |data| data.len())).sum();
    println!(
        "  {} edits, {} signatures, {} files made anew, {:.1} MB",
        fixed.plan.edits.len(),
        fixed.plan.sign.steps.len(),
        files.len(),
        bytes as f64 / 1e6
    );
    let (mut ours, mut plain, mut synced) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let fresh = source.fresh();
        ours.push(fix(&fresh.app));
        drop(fresh);
        plain.push(copied_and_hashed(&files, false));
        synced.push(copied_and_hashed(&files, true));
    }
    let of = |part: fn(&Fixed) -> Duration| median(ours.iter().map(part).collect());
    let whole = of(|fixed| fixed.whole);
    println!(
        "  fix {whole:.1?}: inspect {:.1?}, plan {:.1?}, apply and inspect again {:.1?}",
        of(|fixed| fixed.inspected),
        of(|fixed| fixed.planned),
        of(|fixed| fixed.whole - fixed.inspected - fixed.planned)
    );
    for (what, times) in [("copying and hashing", plain), ("the same brought to the disk", synced)] {
        let floor = median(times);
        println!("  against {what}: {:.2}   ({whole:.1?} / {floor:.1?})", ratio(whole, floor));
    }
    fixed.plan
}

pub fn ratio(a: Duration, b: Duration) -> f64 {
    a.as_secs_f64() / b.as_secs_f64().max(1e-9)
}

/// How long it takes to copy `files` and hash the copies.
fn copied_and_hashed(files: &[PathBuf], to_disk: bool) -> Duration {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let begun = Instant::now();
    files.par_iter().enumerate().for_each(|(number, file)| {
        let copy = folder.path().join(number.to_string());
        fs::copy(file, &copy).expect("copied");
        if to_disk {
            File::open(&copy).and_then(|file| file.sync_all()).expect("on disk");
        }
        black_box(Sha256::digest(fs::read(&copy).expect("read")));
    });
    begun.elapsed()
}

fn inodes(app: &Path) -> BTreeSet<(u64, u64)> {
    files(app).map(|path| inode(&path)).collect()
}

fn inode(path: &Path) -> (u64, u64) {
    let data = path.symlink_metadata().expect("a file");
    (data.dev(), data.ino())
}

fn files(app: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = walkdir::WalkDir::new(app).into_iter().map(|entry| entry.expect("an entry"));
    entries.filter(|entry| entry.file_type().is_file()).map(walkdir::DirEntry::into_path)
}
