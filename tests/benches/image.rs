//! Disk images against their floors: `cargo bench --no-default-features --bench image`.
//!
//! `BUNDLEWRIGHT_BENCH_APP=Foo.app` names the bundle (the pinned one is PySide6); without it one is made of 64 MB. The floor of a
//! format is to read the finished volume and to compress its chunks with the same codec, level and threads; the image is also
//! read back and compared, which is told apart. Nothing of the bundle is changed.
#![allow(clippy::disallowed_methods, reason = "a bench makes what it measures")]

mod measure;

use std::fs::File;
use std::hint::black_box;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

use bundlewright::dmg::udif::codec::{Codec, Packer};
use bundlewright::dmg::{self, DmgSpec, Format, PartitionMap};
use bundlewright::progress::Progress;
use measure::{median, timed};
use rayon::prelude::*;

const CHUNK: usize = 1 << 20;
/// One round takes seconds and not milliseconds.
const RUNS: usize = 3;

fn main() {
    let made = tempfile::tempdir().expect("a temporary folder");
    let named = std::env::var_os("BUNDLEWRIGHT_BENCH_APP");
    let app =
        named.map_or_else(|| sample(made.path()), |app| PathBuf::from(app).canonicalize().expect("a folder"));
    let folders = walkdir::WalkDir::new(&app).into_iter().filter_map(Result::ok);
    let lengths: Vec<u64> = folders
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| entry.metadata().map_or(0, |data| data.len()))
        .collect();
    let bytes: u64 = lengths.iter().sum();
    let rounded: u64 = lengths.iter().map(|length| length.next_multiple_of(4096)).sum();
    println!("{}: {} files, {:.1} MB", app.display(), lengths.len(), bytes as f64 / 1e6);

    let mut spec = DmgSpec::for_app(&app, "Bench", 0).expect("a plain name");
    let out = made.path().join("out.dmg");
    let volume = volume(&spec, made.path());
    let overhead = volume.metadata().expect("a volume").len() as i64 - rounded as i64;
    println!("volume: {overhead} bytes over the files in whole blocks (at most 1500000)");

    for (format, codec) in
        [(Format::Ulfo, Codec::Lzfse), (Format::Udzo, Codec::Zlib(6)), (Format::Ulmo, Codec::Lzma(1))]
    {
        spec.format = format;
        let (mut ours, mut floors, mut checks) = (Vec::new(), Vec::new(), Vec::new());
        let mut length = 0;
        for _ in 0..RUNS {
            let quiet = Progress::silent();
            reset_peak();
            ours.push(timed(&|| drop(black_box(dmg::build(&spec, &out, &quiet).expect("an image")))));
            let peak = peak();
            floors.push(timed(&|| assert!(black_box(compress(&volume, codec)) > 0)));
            checks.push(timed(&|| drop(black_box(dmg::verify(&out, &quiet).expect("an image")))));
            length = out.metadata().expect("an image").len();
            println!(
                "  {}: peak {}",
                format.name(),
                peak.map_or("unknown".into(), |mb| format!("{mb:.0} MB"))
            );
        }
        let (ours, floor, check) = (median(ours), median(floors), median(checks));
        let ratio = |over: f64| over / floor.as_secs_f64().max(1e-9);
        println!(
            "{}: {:.2} of the floor, {:.2} without reading it back   ({ours:.2?}, of which checked {check:.2?} / {floor:.2?}), {length} bytes",
            format.name(),
            ratio(ours.as_secs_f64()),
            ratio(ours.saturating_sub(check).as_secs_f64()),
        );
    }
    seven_zip(&volume, made.path());
}

/// The volume as it is, without compression.
fn volume(spec: &DmgSpec, folder: &Path) -> PathBuf {
    let mut spec = spec.clone();
    (spec.format, spec.partition_map) = (Format::Udro, PartitionMap::Bare);
    let image = folder.join("raw.dmg");
    dmg::build(&spec, &image, &Progress::silent()).expect("an image");
    let mut opened = dmg::DiskImage::open(&image).expect("an image");
    let out = folder.join("volume.raw");
    let mut file = File::create(&out).expect("to write");
    opened.copy_volume(&mut file).expect("to write");
    out
}

/// Reads a file and compresses it in chunks, on as many threads as the machine has; zeros are left out as in an image.
fn compress(volume: &Path, codec: Codec) -> usize {
    let length = volume.metadata().expect("a volume").len() as usize;
    (0..length.div_ceil(CHUNK))
        .into_par_iter()
        .map_init(
            || (Packer::new(codec), File::open(volume).expect("a volume")),
            |(packer, file), index| {
                let mut chunk = Vec::with_capacity(CHUNK);
                std::io::Seek::seek(file, std::io::SeekFrom::Start((index * CHUNK) as u64)).expect("a place");
                file.take(CHUNK as u64).read_to_end(&mut chunk).expect("to read");
                let zero = chunk.iter().all(|byte| *byte == 0);
                if zero { 0 } else { packer.pack(&chunk).map_or(chunk.len(), |packed| packed.len()) }
            },
        )
        .sum()
}

/// What 7-Zip takes to make a zip of the same bytes; it writes no disk images.
fn seven_zip(volume: &Path, folder: &Path) {
    let zip = folder.join("volume.zip");
    let run = || Command::new("7z").args(["a", "-mx=5", "-bd"]).arg(&zip).arg(volume).output();
    let begun = std::time::Instant::now();
    match run() {
        Ok(ran) if ran.status.success() => {
            let length = zip.metadata().map_or(0, |data| data.len());
            println!("7-Zip, the same volume as a zip: {:.2?}, {length} bytes", begun.elapsed());
        }
        _ => println!("7-Zip is not installed"),
    }
}

/// Linux counts the most memory that a process has had, and can begin anew.
fn reset_peak() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

fn peak() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse::<f64>().ok().map(|kb| kb / 1024.0)
}

/// Resources that compress like text and like pictures.
fn sample(folder: &Path) -> PathBuf {
    let app = folder.join("Bench.app");
    std::fs::create_dir_all(app.join("Contents/Resources")).expect("made");
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for number in 0..64 {
        let mut bytes = Vec::with_capacity(1 << 20);
        while bytes.len() < 1 << 20 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let word = if number % 2 == 0 { state & 0x0f0f } else { state };
            bytes.extend_from_slice(&word.to_le_bytes());
        }
        std::fs::write(app.join(format!("Contents/Resources/data{number}.bin")), bytes).expect("written");
    }
    app
}
