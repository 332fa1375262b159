//! What is measured of one bundle.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::hint::black_box;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bundlewright::bundle::{self, Bundle, scan};
use bundlewright::codesign::{self, SignOptions, verify_bundle};
use bundlewright::fix::{self, FixPlan};
use bundlewright::paths::BundlePath;
use bundlewright::progress::Progress;
use bundlewright::workflow;
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::apps::fresh;
use crate::measure::{compare, median};

/// Each takes a copy of the bundle.
const RUNS: usize = 5;

pub fn measure(app: &Path) {
    let files = files(app);
    let bytes: u64 = files.iter().map(|file| file.metadata().map_or(0, |data| data.len())).sum();
    println!("{}: {} files, {:.0} MB", app.display(), files.len(), bytes as f64 / 1e6);
    let first = signing(app, &files);
    signing_again(app, first);
    let signed = fresh(app);
    workflow::sign(&signed.app, &SignOptions::default(), &Progress::silent()).expect("signed");
    let files = self::files(&signed.app);
    compare(
        "  verifying against hashing",
        || {
            let bundle = scan(&signed.app, &Progress::silent()).expect("a bundle");
            assert_eq!(verify_bundle(&bundle, &Progress::silent()).expect("verified").problems, []);
        },
        || hash(&files),
    );
    peer(app);
}

/// Prints signing against its floors; how long it took.
fn signing(app: &Path, files: &[PathBuf]) -> Duration {
    let (mut ours, mut plain, mut synced) = (Vec::new(), Vec::new(), Vec::new());
    let mut memory = 0;
    for _ in 0..RUNS {
        let fresh = fresh(app);
        let old: BTreeSet<u64> = self::files(&fresh.app).iter().map(|file| inode(file)).collect();
        let (took, most) = watched(|| {
            workflow::sign(&fresh.app, &SignOptions::default(), &Progress::silent()).expect("signed");
        });
        ours.push(took);
        memory = memory.max(most);
        let new: Vec<PathBuf> =
            self::files(&fresh.app).into_iter().filter(|file| !old.contains(&inode(file))).collect();
        for (to_disk, times) in [(false, &mut plain), (true, &mut synced)] {
            let begun = Instant::now();
            hash(files);
            write(&new, to_disk);
            times.push(begun.elapsed());
        }
    }
    let ours = median(ours);
    for (what, times) in [("hashing and writing", plain), ("the same brought to the disk", synced)] {
        let floor = median(times);
        println!("  signing against {what}: {:.2}   ({ours:.1?} / {floor:.1?})", ratio(ours, floor));
    }
    println!("  memory of its own at most: {:.1} MB", memory as f64 / 1e3);
    in_steps("signing", |progress| {
        let fresh = fresh(app);
        move || {
            let fresh = fresh;
            workflow::sign(&fresh.app, &SignOptions::default(), progress).expect("signed");
        }
    });
    ours
}

/// The transaction of a bundle that is signed and was looked at, with one library touched and with all of them.
fn signing_again(app: &Path, first: Duration) {
    for (what, one) in [("one library touched", true), ("everything touched", false)] {
        let mut times = Vec::new();
        for _ in 0..RUNS {
            let fresh = fresh(app);
            workflow::sign(&fresh.app, &SignOptions::default(), &Progress::silent()).expect("signed");
            let bundle = scan(&fresh.app, &Progress::silent()).expect("a bundle");
            let seals = verify_bundle(&bundle, &Progress::silent()).expect("verified");
            // The one of medium size.
            let mut images: Vec<_> = bundle.images.iter().map(|(path, image)| (image.length, path)).collect();
            images.sort();
            let library = images.get(images.len() / 2).map(|(_, path)| (*path).clone());
            let touched = library.into_iter().filter(|_| one).collect();
            let plan = plan(&bundle, &touched);
            times.push(in_steps("signing again", |progress| {
                let again = || fix::apply_to_verified(&bundle, &plan, &seals.verified, progress);
                move || {
                    again().expect("signed");
                }
            }));
        }
        let again = median(times);
        println!(
            "  the first signing against {what}: {:.1}   ({first:.1?} / {again:.1?})",
            ratio(first, again)
        );
    }
}

/// Times what `job` prepares, and prints where the time goes in the words of its progress.
fn in_steps<'a, J: FnOnce() + 'a>(what: &str, job: impl FnOnce(&'a Progress) -> J) -> Duration {
    let steps: Arc<Mutex<Vec<(&str, Instant)>>> = Arc::default();
    let seen = Arc::clone(&steps);
    let progress = Progress::new(move |step| {
        let mut seen = seen.lock().expect("nobody panics");
        if seen.last().is_none_or(|(verb, _)| *verb != step.verb) {
            seen.push((step.verb, Instant::now()));
        }
        Ok(())
    });
    let job = job(Box::leak(Box::new(progress)));
    let begun = Instant::now();
    job();
    let end = Instant::now();
    let steps = steps.lock().expect("nobody panics");
    let ends = steps.iter().skip(1).map(|(_, begun)| *begun).chain([end]);
    let parts: Vec<String> =
        steps.iter().zip(ends).map(|((verb, begun), end)| format!("{verb} {:.0?}", end - *begun)).collect();
    println!("    {what}: {}", parts.join(", "));
    end - begun
}

fn plan(bundle: &Bundle, touched: &BTreeSet<BundlePath>) -> FixPlan {
    let sign = codesign::plan(bundle, touched, &SignOptions::default());
    let mut expected = bundle.clone();
    codesign::simulate(&mut expected, &sign);
    FixPlan {
        edits: Vec::new(),
        switched_off: Vec::new(),
        sign,
        expected,
        offers: Vec::new(),
        remaining: Vec::new(),
        header_room: Default::default(),
        growth: 0,
    }
}

/// Every file's SHA-256 by pages of 16 KiB, as a signature has it.
fn hash(files: &[PathBuf]) {
    files.par_iter().filter(|file| file.metadata().is_ok_and(|data| data.len() > 0)).for_each(|file| {
        let bytes = bundle::map(file).expect("a file");
        bytes.par_chunks(0x4000).for_each(|page| {
            black_box(Sha256::digest(page));
        });
    });
}

fn write(files: &[PathBuf], to_disk: bool) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    files.par_iter().enumerate().for_each(|(number, file)| {
        let copy = folder.path().join(number.to_string());
        fs::write(&copy, &*bundle::map(file).expect("a file")).expect("written");
        if to_disk {
            File::open(&copy).and_then(|file| file.sync_all()).expect("on disk");
        }
    });
}

/// How long `job` takes, and by how many KB the memory that no file stands behind grows meanwhile.
fn watched(job: impl FnOnce()) -> (Duration, u64) {
    let (done, most, before) = (AtomicBool::new(false), AtomicU64::new(0), own_memory());
    let took = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                most.fetch_max(own_memory(), Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        let begun = Instant::now();
        job();
        let took = begun.elapsed();
        done.store(true, Ordering::Relaxed);
        took
    });
    (took, most.into_inner().saturating_sub(before))
}

/// In KB; 0 where the system does not say.
fn own_memory() -> u64 {
    let text = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok()).unwrap_or(0)
}

fn peer(app: &Path) {
    let fresh = fresh(app);
    let begun = Instant::now();
    let mut command = Command::new("rcodesign");
    command.arg("sign").arg(&fresh.app).stdout(Stdio::null()).stderr(Stdio::null());
    match command.status() {
        Ok(status) => println!("  rcodesign: {:.1?}, {status}", begun.elapsed()),
        Err(_) => println!("  rcodesign: not installed"),
    }
}

fn ratio(a: Duration, b: Duration) -> f64 {
    a.as_secs_f64() / b.as_secs_f64().max(1e-9)
}

fn files(app: &Path) -> Vec<PathBuf> {
    let entries = walkdir::WalkDir::new(app).into_iter().map(|entry| entry.expect("an entry"));
    entries.filter(|entry| entry.file_type().is_file()).map(walkdir::DirEntry::into_path).collect()
}

fn inode(path: &Path) -> u64 {
    path.symlink_metadata().map_or(0, |data| data.ino())
}
