//! The steps of the main job against their floors, as ratios of medians in one run: `cargo bench`.
//!
//! `BUNDLEWRIGHT_BENCH_APP=Foo.app cargo bench` measures a bundle of yours; without it a bundle is made of the sample's
//! code and 64 MB of resources. Nothing of the bundle is changed.
#![allow(clippy::disallowed_methods, reason = "a bench makes what it measures")]

#[path = "../common/mod.rs"]
mod common;
mod measure;

use std::hint::black_box;
use std::path::{Path, PathBuf};

use bundlewright::bundle::{SearchRoots, scan};
use bundlewright::codesign::verify_bundle;
use bundlewright::dmg::{self, DmgSpec};
use bundlewright::dyld::{Conditions, Place, resolve};
use bundlewright::progress::Progress;
use measure::compare;
use rayon::prelude::*;
use sha2::{Digest, Sha256};

fn main() {
    let made = tempfile::tempdir().expect("a temporary folder");
    let app = std::env::var_os("BUNDLEWRIGHT_BENCH_APP").map_or_else(|| sample(made.path()), PathBuf::from);
    let files = files(&app);
    let bytes: u64 = files.iter().map(|file| file.metadata().map_or(0, |data| data.len())).sum();
    println!("{}: {} files, {:.1} MB", app.display(), files.len(), bytes as f64 / 1e6);

    let quiet = Progress::silent();
    let bundle = scan(&app, &quiet).expect("a bundle");
    let place = Place::BuildMac(SearchRoots::default());
    let image = made.path().join("out.dmg");
    let spec = DmgSpec::for_app(&app, "Bench", 0).expect("a plain name");

    compare(
        "scan against reading the first 4 KB of every file",
        || drop(black_box(scan(&app, &quiet))),
        || heads(&files),
    );
    compare(
        "resolve against scan",
        || drop(black_box(resolve(&bundle, &place, &Conditions::default()))),
        || drop(black_box(scan(&app, &quiet))),
    );
    compare(
        "verify against SHA-256 of every file",
        || drop(black_box(verify_bundle(&bundle, &quiet))),
        || hash(&files),
    );
    compare(
        "disk image against LZFSE of every file",
        || drop(black_box(dmg::build(&spec, &image, &quiet))),
        || compress(&files),
    );
}

fn heads(files: &[PathBuf]) {
    files.par_iter().for_each(|file| {
        let mut start = Vec::new();
        if let Ok(opened) = std::fs::File::open(file) {
            let _ = std::io::Read::read_to_end(&mut std::io::Read::take(opened, 4096), &mut start);
        }
        black_box(start);
    });
}

fn hash(files: &[PathBuf]) {
    files.par_iter().for_each(|file| drop(black_box(std::fs::read(file).map(Sha256::digest))));
}

/// As the usual image stores them.
fn compress(files: &[PathBuf]) {
    files.par_iter().for_each_init(lzfse_rust::LzfseEncoder::default, |encoder, file| {
        for chunk in std::fs::read(file).unwrap_or_default().chunks(1 << 20) {
            let mut packed = Vec::new();
            let _ = black_box(encoder.encode_bytes(chunk, &mut packed));
        }
    });
}

fn files(root: &Path) -> Vec<PathBuf> {
    let entries = walkdir::WalkDir::new(root).sort_by_file_name().into_iter().filter_map(Result::ok);
    entries.filter(|entry| entry.file_type().is_file()).map(|entry| entry.into_path()).collect()
}

/// The sample with its libraries many times over, and resources that compress like text and like pictures.
fn sample(folder: &Path) -> PathBuf {
    let fixture = common::unpack_sample();
    let app = folder.join("Bench.app");
    for file in files(&fixture.app("Postcard")) {
        let inside = file.strip_prefix(fixture.app("Postcard")).expect("below").to_path_buf();
        let to = app.join(inside);
        std::fs::create_dir_all(to.parent().expect("a folder")).expect("made");
        std::fs::copy(&file, &to).expect("copied");
    }
    let library = app.join("Contents/Frameworks/libstamp.1.dylib");
    for number in 0..400 {
        std::fs::copy(&library, app.join(format!("Contents/Frameworks/libcopy{number}.dylib")))
            .expect("copied");
    }
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for number in 0..64 {
        let mut bytes = Vec::with_capacity(1 << 20);
        while bytes.len() < 1 << 20 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let word = if number % 2 == 0 { state & 0x0f0f } else { state };
            bytes.extend_from_slice(&word.to_le_bytes());
        }
        std::fs::create_dir_all(app.join("Contents/Resources")).expect("made");
        std::fs::write(app.join(format!("Contents/Resources/data{number}.bin")), bytes).expect("written");
    }
    app
}
