//! Comparing against hashing both sides with SHA-256 on the same threads, as ratios of medians in one run:
//! `cargo bench --bench compare`.
//!
//! `BUNDLEWRIGHT_BENCH_APPS=A.app:B.app` measures each of these with itself; `BUNDLEWRIGHT_BENCH_PAIRS=A.app:B.app` the one
//! with the other. Without either, made folders of many small and a few large files show both ends.
#![allow(clippy::disallowed_methods, reason = "a bench makes what it measures")]

mod measure;

use std::fs::{self, File};
use std::hint::black_box;
use std::io::Read;
use std::path::{Path, PathBuf};

use bundlewright::compare;
use bundlewright::progress::Progress;
use rayon::prelude::*;
use sha2::{Digest, Sha256};

fn main() {
    let named = |variable| -> Vec<PathBuf> {
        let apps = std::env::var_os(variable).unwrap_or_default();
        std::env::split_paths(&apps).filter(|app| !app.as_os_str().is_empty()).collect()
    };
    let apps = named("BUNDLEWRIGHT_BENCH_APPS");
    apps.iter().for_each(|app| measure(app, app));
    let pairs = named("BUNDLEWRIGHT_BENCH_PAIRS");
    pairs.chunks_exact(2).for_each(|pair| measure(&pair[0], &pair[1]));
    if apps.is_empty() && pairs.is_empty() {
        for (files, length) in [(4_000, 8 << 10), (8, 24 << 20)] {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let sides = ["left", "right"].map(|side| made(&folder.path().join(side), files, length));
            measure(&sides[0], &sides[1]);
        }
    }
}

fn measure(left: &Path, right: &Path) {
    let found = compare::compare(left, right, &Progress::silent()).expect("two sides");
    println!(
        "{} and {}: {} files, {} MB on the left; {} differences",
        left.display(),
        right.display(),
        found.left.files,
        found.left.bytes / 1_000_000,
        found.differences.len()
    );
    measure::compare(
        "  compare against hashing both sides",
        || drop(black_box(compare::compare(left, right, &Progress::silent()))),
        || [left, right].iter().for_each(|side| hash(side)),
    );
}

/// SHA-256 of every file below a folder.
fn hash(side: &Path) {
    let files = walkdir::WalkDir::new(side).into_iter().map(|entry| entry.expect("a readable folder"));
    let files: Vec<PathBuf> =
        files.filter(|entry| entry.file_type().is_file()).map(|entry| entry.into_path()).collect();
    files.par_iter().with_max_len(1).for_each(|file| {
        let (mut hash, mut part) = (Sha256::new(), vec![0; 1 << 18]);
        let mut file = File::open(file).expect("a file");
        loop {
            match file.read(&mut part).expect("readable") {
                0 => break,
                read => hash.update(&part[..read]),
            }
        }
        black_box(hash.finalize());
    });
}

/// Files of numbers that are the same on every run.
fn made(folder: &Path, files: usize, length: usize) -> PathBuf {
    fs::create_dir_all(folder).expect("a folder");
    for number in 0..files {
        let bytes: Vec<u8> = (0..length).map(|at| (at * 31 + number * 7) as u8).collect();
        fs::write(folder.join(format!("{number}")), bytes).expect("a file");
    }
    folder.to_owned()
}
