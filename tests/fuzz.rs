//! Every reader against bytes that nobody meant: real and made inputs, changed at random and cut off.
//!
//! A short run with a fixed seed is part of the tests. `BUNDLEWRIGHT_FUZZ_SECONDS=600 cargo test --release --test fuzz --
//! --ignored` runs each entry that long, each on a thread of its own; `BUNDLEWRIGHT_FUZZ_SEED=n` takes other changes. A
//! reader that panics, or that takes longer than [`SLOW`] for one input, prints the input's seed.

#![allow(clippy::disallowed_methods, reason = "tests make what they look at")]

mod common;

use std::io::Cursor;
use std::path::Path;
use std::time::{Duration, Instant};

use bundlewright::bundle::InfoPlist;
use bundlewright::bundle::archive::{self, Budget, Holder, Member, Packing};
use bundlewright::codesign;
use bundlewright::codesign::{Authority, Profile, image_credentials};
use bundlewright::crash;
use bundlewright::dmg::hfsplus::check::check;
use bundlewright::dmg::read::Kind;
use bundlewright::dmg::{self, Background, DiskImage, DmgSpec, Format, PartitionMap};
use bundlewright::dyld::sdk::{CacheList, tbd};
use bundlewright::macho::symbols::SliceSymbols;
use bundlewright::macho::{self, fat};
use bundlewright::progress::Progress;
use bundlewright::triage;

/// No input of these sizes takes a reader longer, on any machine.
const SLOW: Duration = Duration::from_secs(10);

/// A reader, and what its inputs are made from.
struct Entry {
    name: &'static str,
    read: fn(&[u8]),
    seeds: Vec<Vec<u8>>,
}

fn entries() -> Vec<Entry> {
    let code = code();
    vec![
        Entry { name: "Mach-O", read: read_code, seeds: code.clone() },
        Entry { name: "imports", read: read_imports, seeds: code.clone() },
        Entry { name: "load commands", read: read_commands, seeds: code.clone() },
        Entry { name: "exports", read: read_exports, seeds: code },
        Entry { name: "stubs", read: read_stub, seeds: STUBS.map(|text| text.as_bytes().to_vec()).into() },
        Entry { name: "property lists", read: read_plist, seeds: plists() },
        Entry { name: "crash reports", read: read_crash, seeds: crash_reports() },
        Entry { name: "archives", read: read_archive, seeds: archives() },
        Entry { name: "profiles", read: read_profile, seeds: vec![PROFILE.to_vec()] },
        Entry { name: "CMS", read: read_cms, seeds: vec![CMS.to_vec()] },
        Entry { name: "disk images", read: read_image, seeds: disk_images().into() },
        Entry { name: "volumes", read: read_volume, seeds: disk_images()[1..].into() },
        Entry { name: "requirements", read: read_requirement, seeds: requirements() },
        Entry { name: "requirement texts", read: read_requirement_text, seeds: requirement_texts() },
    ]
}

fn read_code(bytes: &[u8]) {
    let Ok(file) = macho::read(bytes) else { return };
    for slice in &file.slices {
        let _ = (macho::format::faults(slice).len(), slice.signature.validates_libraries());
    }
}

fn slices(bytes: &[u8]) -> Vec<&[u8]> {
    let slices = fat::slices(bytes).unwrap_or_default();
    slices.into_iter().filter_map(|(_, range)| bytes.get(range)).collect()
}

fn read_imports(bytes: &[u8]) {
    for slice in slices(bytes) {
        let imports = SliceSymbols::read(slice).and_then(|symbols| symbols.imports());
        assert!(imports.map_or(0, |imports| imports.len()) <= slice.len());
    }
}

fn read_commands(bytes: &[u8]) {
    for slice in slices(bytes) {
        let commands = macho::listing::list(slice).unwrap_or_default();
        assert!(commands.iter().map(|command| command.fields.len()).sum::<usize>() <= slice.len());
        let map = macho::debug_map::read(slice).unwrap_or_default();
        assert!(map.locals.values().sum::<usize>() <= slice.len());
    }
}

fn read_exports(bytes: &[u8]) {
    for slice in slices(bytes) {
        let Ok(exports) = SliceSymbols::read(slice).and_then(|symbols| symbols.exports()) else { continue };
        let mut count = 0;
        let _ = exports.for_each(|name, _| {
            count += 1;
            let _ = name.len();
        });
        assert!(count <= slice.len());
        for name in [&b"_main"[..], b"", b"_OBJC_CLASS_$_Postcard"] {
            let _ = exports.find(name);
        }
    }
}

fn read_stub(bytes: &[u8]) {
    let _ =
        tbd::read(bytes).map(|libraries| libraries.iter().map(|one| one.symbols().count()).sum::<usize>());
    let _ = CacheList::read(&String::from_utf8_lossy(bytes));
}

fn read_plist(bytes: &[u8]) {
    let _ = InfoPlist::read(bytes).map(|plist| plist.string("CFBundleExecutable").map(str::len));
}

fn read_crash(bytes: &[u8]) {
    for report in crash::read(&crash::plain(bytes)) {
        let triage = triage::triage("fuzz", report, None);
        assert!(triage.origins.len() == triage.report.images.len());
        assert!(triage.findings.iter().flat_map(|one| &one.images).all(|at| *at < triage.origins.len()));
    }
}

fn crash_reports() -> Vec<Vec<u8>> {
    let folder = format!("{}/tests/crash-reports", env!("CARGO_MANIFEST_DIR"));
    let files = std::fs::read_dir(folder).expect("the reports").map(|entry| entry.expect("an entry").path());
    let reports = files.map(|path| std::fs::read(path).expect("a report"));
    let mut reports: Vec<Vec<u8>> = reports.filter(|bytes| bytes.len() < 20_000).collect();
    reports.sort();
    reports
}

fn read_archive(bytes: &[u8]) {
    let kinds = [Holder::Zip, Holder::Tar, Holder::Packed(Packing::Gzip), Holder::Packed(Packing::Bzip2)];
    for holder in kinds.into_iter().chain([Holder::Packed(Packing::Xz)]) {
        let _ = archive::each_member(holder, bytes, &mut Budget::default(), &mut |path, member, _| {
            if let Member::Bytes(bytes) = member {
                assert!(!bytes.is_empty(), "{path}");
            }
        });
    }
}

fn read_profile(bytes: &[u8]) {
    let _ = (Profile::read(bytes), Authority::read(bytes), image_credentials(bytes));
}

/// A real signature with its timestamp, checked over its code directory.
const CMS: &[u8] = include_bytes!("fixtures/cms/java.cms");

fn read_cms(bytes: &[u8]) {
    let faults = codesign::cms_faults(bytes, include_bytes!("fixtures/cms/java.cd"));
    let authority = Authority::read(bytes);
    assert!(!faults.is_empty() || authority.is_some(), "a signature of nobody holds");
}

/// The bare bones of a signed message around a property list, with indefinite lengths as Apple writes them.
const PROFILE: &[u8] = b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x80\x30\x80\x02\x01\x01\x31\x00\x30\x80\
    \x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01\xa0\x80\x04\x3d<plist version=\"1.0\"><dict><key>Name</key><true/></dict></plist>\
    \x00\x00\x00\x00\x31\x00\x00\x00\x00\x00\x00\x00";

/// A program in a tar, and that compressed.
fn archives() -> Vec<Vec<u8>> {
    let code = code().into_iter().next().expect("a fixture");
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.set_size(code.len() as u64);
    tar.append_data(&mut header, "bin/tool", &code[..]).expect("to write");
    let tar = tar.into_inner().expect("to write");
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, &tar).expect("to write");
    let mut zip = Vec::new();
    let mut writer = rawzip::ZipArchiveWriter::new(&mut zip);
    let stored = rawzip::CompressionMethod::STORE;
    let (mut entry, config) =
        writer.new_file("bin/tool").compression_method(stored).start().expect("to write");
    let mut contents = config.wrap(&mut entry);
    std::io::Write::write_all(&mut contents, &code).expect("to write");
    let (_, descriptor) = contents.finish().expect("to write");
    entry.finish(descriptor).expect("to write");
    writer.finish().expect("to write");
    vec![gzip.finish().expect("to write"), tar, zip]
}

fn read_image(bytes: &[u8]) {
    let Ok(mut image) = DiskImage::try_open(Cursor::new(bytes.to_vec())) else { return };
    let _ = image.layout();
    for entry in image.entries().to_vec() {
        assert!(!entry.path.is_empty());
        let _ = image.beside(&entry, Path::new("fuzz"));
        if entry.kind == Kind::File && entry.size < 1 << 20 {
            let _ = image.read(&entry.path);
        }
    }
}

fn read_volume(bytes: &[u8]) {
    let mut disk = bytes;
    let _ = check(&mut disk).map(|problems| problems.len());
}

/// A compressed image, and two bare volumes without the trailer, one behind a partition table. In them are a folder, a link to it,
/// attributes small and large, and a resource fork.
fn disk_images() -> [Vec<u8>; 3] {
    let folder = tempfile::tempdir().expect("a folder");
    let app = folder.path().join("A.app");
    std::fs::create_dir_all(app.join("Contents")).expect("to write");
    std::fs::write(app.join("Contents/Info.plist"), "<plist/>").expect("to write");
    std::fs::write(app.join("Contents/._Info.plist"), apple_double()).expect("to write");
    let image = |format, partition_map| {
        let mut spec = DmgSpec::for_app(&app, "Fuzz", 1_700_000_000).expect("a name");
        spec.layout.background = Background::None;
        (spec.format, spec.partition_map) = (format, partition_map);
        let out = folder.path().join("x.dmg");
        let built = dmg::build(&spec, &out, &Progress::silent()).expect("an image");
        (std::fs::read(out).expect("an image"), built.volume_bytes as usize)
    };
    let (mut bare, length) = image(Format::Udro, PartitionMap::Bare);
    bare.truncate(length);
    // The parts before the volume are 40 sectors, of which six that are free are not stored.
    let disk = image(Format::Udzo, PartitionMap::Gpt).0;
    let (mut map, _) = image(Format::Udro, PartitionMap::Gpt);
    map.splice(34 * 512..34 * 512, [0; 6 * 512]);
    map.truncate(40 * 512 + length);
    assert!(DiskImage::try_open(Cursor::new(map.clone())).is_ok_and(|image| image.entries().len() > 3));
    [disk, bare, map]
}

/// Two attributes, the second too large for the tree's own records, and a resource fork.
fn apple_double() -> Vec<u8> {
    let words = |numbers: &[u32]| numbers.iter().flat_map(|number| number.to_be_bytes()).collect::<Vec<u8>>();
    let (small, large) = (b"com.apple.cs.A\0", b"com.apple.cs.B\0");
    let data = 120 + 2 * 28;
    let end = data + 3 + 5_000;
    [
        words(&[0x0005_1607, 0x0002_0000, 0, 0, 0, 0]),
        vec![0, 2],
        words(&[9, 50, end - 50, 2, end, 300]),
        vec![1; 32],
        vec![0, 0],
        b"ATTR".to_vec(),
        words(&[0, end, data, end - data, 0, 0, 0]),
        vec![0, 0, 0, 2],
        words(&[data, 3]),
        [&[0, 0, 15][..], small, &[0, 0]].concat(),
        words(&[data + 3, 5_000]),
        [&[0, 0, 15][..], large, &[0, 0]].concat(),
        vec![7; 5_003 + 300],
    ]
    .concat()
}

fn read_requirement(bytes: &[u8]) {
    if let Ok(text) = codesign::requirement_text(bytes) {
        let _ = codesign::requirement_blob(&text);
    }
}

fn read_requirement_text(bytes: &[u8]) {
    let Some(blob) = codesign::requirement_blob(&String::from_utf8_lossy(bytes)) else { return };
    let text = codesign::requirement_text(&blob).expect("what was written is read");
    assert!(text.len() <= 64 + 8 * blob.len(), "{text}");
}

fn requirement_texts() -> Vec<Vec<u8>> {
    let texts = [
        "identifier \"a.b\" and anchor apple generic and certificate 1[field.1.2.840.113635.100.6.2.6] /* exists */",
        "!(cdhash H\"0102030405060708090a0b0c0d0e0f1011121314\" or certificate leaf[subject.OU] = A*) and info[x] >= 0x41",
        "certificate root = H\"0102030405060708090a0b0c0d0e0f1011121314\" or entitlement[y] absent or platform = 7",
        "certificate -1[timestamp.1.2.3] > timestamp \"20200102030405Z\" and notarized or anchor trusted",
    ];
    texts.map(|text| text.as_bytes().to_vec()).into()
}

fn requirements() -> Vec<Vec<u8>> {
    let blob = |text: Vec<u8>| {
        codesign::requirement_blob(&String::from_utf8(text).expect("text")).expect("a requirement")
    };
    requirement_texts().into_iter().map(blob).collect()
}

/// Stubs of version 3, 4 and 5 for a library that nobody has.
const STUBS: [&str; 3] = [
    "--- !tapi-tbd-v3\narchs: [ x86_64 ]\nplatform: macosx\ninstall-name: /usr/lib/libcream.dylib\nexports:\n  - archs: [ x86_64 ]\n    re-exports: [ /usr/lib/libmilk.dylib ]\n    symbols: [ _whip, '$ld$hide$os10.4$_whip' ]\n    objc-classes: [ Cream ]\n...\n",
    "--- !tapi-tbd\ntbd-version: 4\ntargets: [ x86_64-macos, arm64-macos ]\ninstall-name: '/usr/lib/libcream.dylib'\ncurrent-version: 1.2\nreexported-libraries:\n  - targets: [ arm64-macos ]\n    libraries: [ /usr/lib/libmilk.dylib ]\nexports:\n  - targets: [ x86_64-macos, arm64-macos ]\n    symbols: [ _whip ]\n    weak-symbols: [ __ZdlPv ]\n    objc-ivars: [ Cream.fat ]\n--- !tapi-tbd\ntbd-version: 4\ntargets: [ arm64-macos ]\ninstall-name: /usr/lib/libmilk.dylib\n...\n",
    r#"{"main_library":{"exported_symbols":[{"data":{"global":["_fat"]},"text":{"global":["_whip"],"weak":["_w"]}}],"install_names":[{"name":"/usr/lib/libcream.dylib"}],"target_info":[{"target":"arm64-macos"}]},"tapi_tbd_version":5}"#,
];

fn plists() -> Vec<Vec<u8>> {
    let xml = b"<?xml version=\"1.0\"?><plist version=\"1.0\"><dict><key>CFBundleExecutable</key><string>Foo</string><key>a</key><array><integer>7</integer><date>2026-11-24T00:00:00Z</date><data>AAAA</data><true/></array></dict></plist>".to_vec();
    let value = plist::Value::from_reader_xml(&xml[..]).expect("a property list");
    let mut binary = Vec::new();
    value.to_writer_binary(&mut binary).expect("to write");
    vec![xml, binary]
}

/// Every small Mach-O file of the fixtures, and of the folder that BUNDLEWRIGHT_FUZZ_SEEDS names.
fn code() -> Vec<Vec<u8>> {
    let fixtures = [common::unpack_sample(), common::unpack("t1"), common::unpack("faults")];
    let mut folders: Vec<_> = fixtures.iter().map(|fixture| fixture.path().to_path_buf()).collect();
    folders.extend(std::env::var_os("BUNDLEWRIGHT_FUZZ_SEEDS").map(Into::into));
    let files = folders.iter().flat_map(walkdir::WalkDir::new).filter_map(Result::ok);
    let small = |entry: &walkdir::DirEntry| entry.metadata().is_ok_and(|data| data.len() < 400_000);
    let files = files.filter(|entry| entry.file_type().is_file() && small(entry));
    let mut code: Vec<Vec<u8>> = files
        .map(|entry| std::fs::read(entry.path()).expect("a fixture"))
        .filter(|bytes| macho::is_macho(bytes))
        .collect();
    code.sort_by(|a, b| (a.len(), a).cmp(&(b.len(), b)));
    code.dedup();
    code
}

/// `xorshift64*`: the same numbers everywhere.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }
}

/// One of `seeds` with a few bytes changed, doubled, taken out or cut off. Headers are where changes do most.
fn changed(seeds: &[Vec<u8>], seed: u64) -> Vec<u8> {
    let mut numbers = Numbers(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut bytes = seeds[numbers.below(seeds.len())].clone();
    for _ in 0..=numbers.below(6) {
        let near = if numbers.below(2) == 0 { bytes.len().min(4096) } else { bytes.len() };
        let at = numbers.below(near);
        let odd = [0, 1, 0x7f, 0x80, 0xff, numbers.next() as u8][numbers.below(6)];
        match numbers.below(6) {
            0..=2 => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte = odd),
            3 => bytes.iter_mut().skip(at & !3).take(4).for_each(|byte| *byte = odd),
            4 => bytes.truncate(at),
            _ => {
                let end = (at + numbers.below(64)).min(bytes.len());
                let part = bytes[at.min(end)..end].to_vec();
                bytes.splice(at.min(end)..at.min(end), part);
            }
        }
    }
    bytes
}

fn run(entry: &Entry, first: u64, until: impl Fn(u64) -> bool) -> u64 {
    let mut seed = first;
    while until(seed - first) {
        let bytes = changed(&entry.seeds, seed);
        let begun = Instant::now();
        let read = std::panic::catch_unwind(|| (entry.read)(&bytes));
        assert!(read.is_ok(), "{} panics at seed {seed}", entry.name);
        assert!(begun.elapsed() < SLOW, "{} is slow at seed {seed}", entry.name);
        seed += 1;
    }
    seed - first
}

#[test]
fn no_reader_panics_in_a_short_run() {
    for entry in entries() {
        assert!(!entry.seeds.is_empty(), "{} starts from nothing", entry.name);
        run(&entry, 1, |done| done < 1_500);
    }
}

#[test]
#[ignore = "runs as long as BUNDLEWRIGHT_FUZZ_SECONDS says"]
fn no_reader_panics_in_a_long_run() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seconds = Duration::from_secs(number("BUNDLEWRIGHT_FUZZ_SECONDS").unwrap_or(60));
    let first = number("BUNDLEWRIGHT_FUZZ_SEED").unwrap_or(1_000_000);
    let entries = entries();
    std::thread::scope(|scope| {
        for entry in &entries {
            scope.spawn(move || {
                let begun = Instant::now();
                let count = run(entry, first, |_| begun.elapsed() < seconds);
                println!("{}: {count} inputs in {:.0?}, nothing found", entry.name, begun.elapsed());
            });
        }
    });
}
