//! Our fix, and the least that any fix has to do.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::hint::black_box;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bundlewright::fix::apply;
use bundlewright::progress::Progress;
use bundlewright::workflow::{FixOptions, FixPlan, InspectOptions, inspect, plan};
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::apps::Source;
use crate::measure::{RUNS, median};

/// What one fix did, and how long its parts took.
pub struct Fixed {
    pub plan: FixPlan,
    /// Inspecting, planning, applying, inspecting again.
    parts: [Duration; 4],
    whole: Duration,
}

/// All that the command line does for `fix`.
pub fn fix(app: &Path) -> Fixed {
    let (quiet, options) = (Progress::silent(), InspectOptions::default());
    let begun = Instant::now();
    let before = inspect(app, &options, &quiet).expect("a bundle");
    let inspected = begun.elapsed();
    let plan = plan(&before, &FixOptions::default(), &quiet).expect("a plan");
    let planned = begun.elapsed();
    assert!(!plan.is_empty(), "{} needs no fix, so there is nothing to measure", app.display());
    apply(&before.bundle, &plan, &quiet).expect("applied");
    let applied = begun.elapsed();
    let after = inspect(app, &options, &quiet).expect("a bundle");
    let whole = begun.elapsed();
    let left = after.findings.iter().filter(|one| one.rule == "library-outside-bundle").count();
    assert_eq!(left, 0, "what stands outside is still used from there");
    Fixed { plan, parts: [inspected, planned - inspected, applied - planned, whole - applied], whole }
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
    let whole = median(ours.iter().map(|fixed| fixed.whole).collect());
    let part = |number: usize| median(ours.iter().map(|fixed| fixed.parts[number]).collect());
    println!(
        "  fix {whole:.1?}: inspect {:.1?}, plan {:.1?}, apply {:.1?}, inspect again {:.1?}",
        part(0),
        part(1),
        part(2),
        part(3)
    );
    apply_in_steps(source);
    for (what, times) in [("copying and hashing", plain), ("the same brought to the disk", synced)] {
        let floor = median(times);
        println!("  against {what}: {:.2}   ({whole:.1?} / {floor:.1?})", ratio(whole, floor));
    }
    fixed.plan
}

/// Where the time of applying goes, in the words of its progress.
fn apply_in_steps(source: &Source) {
    let (fresh, quiet) = (source.fresh(), Progress::silent());
    let before = inspect(&fresh.app, &InspectOptions::default(), &quiet).expect("a bundle");
    let plan = plan(&before, &FixOptions::default(), &quiet).expect("a plan");
    let steps: Arc<Mutex<Vec<(&str, Instant)>>> = Arc::default();
    let seen = Arc::clone(&steps);
    let progress = Progress::new(move |step| {
        let mut seen = seen.lock().expect("nobody panics");
        if seen.last().is_none_or(|(verb, _)| *verb != step.verb) {
            seen.push((step.verb, Instant::now()));
        }
        Ok(())
    });
    apply(&before.bundle, &plan, &progress).expect("applied");
    let end = Instant::now();
    let steps = steps.lock().expect("nobody panics");
    let ends = steps.iter().skip(1).map(|(_, begun)| *begun).chain([end]);
    let parts: Vec<String> =
        steps.iter().zip(ends).map(|((verb, begun), end)| format!("{verb} {:.1?}", end - *begun)).collect();
    println!("    applying: {}", parts.join(", "));
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
