//! Estimates of the size of a disk image against the sizes it gets: `cargo bench --no-default-features --bench estimate`.
//!
//! `BUNDLEWRIGHT_BENCH_APP` names folders, with colons between them. Goals: half a second for 350 MB, and within 5 % of each size.
#![allow(clippy::disallowed_methods, reason = "a bench makes what it measures")]

mod measure;

use std::path::{Path, PathBuf};

use bundlewright::dmg::udif::codec::{Codec, Packer};
use bundlewright::dmg::{self, DmgSpec, Format, PartitionMap};
use bundlewright::progress::Progress;
use measure::{median, timed};
use rayon::prelude::*;

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
    gains(&mut spec, out);
}

/// What whole chunks come to, as a share of the same bytes in pieces: the constants of the estimate.
fn gains(spec: &mut DmgSpec, out: &Path) {
    (spec.format, spec.partition_map) = (Format::Udro, PartitionMap::Bare);
    dmg::build(spec, out, &Progress::silent()).expect("an image");
    let volume = std::fs::read(out).expect("an image");
    for codec in [Codec::Lzfse, Codec::Zlib(6), Codec::Lzma(1), Codec::Bzip2(9)] {
        let size = |length: usize| -> usize {
            let packed =
                |chunk: &[u8]| Packer::new(codec).pack(chunk).map_or(chunk.len(), |packed| packed.len());
            // One chunk of four says as much.
            volume
                .par_chunks(1 << 20)
                .step_by(4)
                .map(|chunk| chunk.chunks(length).map(packed).sum::<usize>())
                .sum()
        };
        println!("  {codec:?}: {:.4}", size(1 << 20) as f64 / size(256 << 10) as f64);
    }
}
