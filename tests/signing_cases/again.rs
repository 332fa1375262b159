//! Signing a bundle that was verified: hashes of what did not change since are taken over, and only of that.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use bundlewright::bundle::{Bundle, scan};
use bundlewright::codesign::{self, Known, SignOptions, Verification, verify_bundle, verify_known};
use bundlewright::fix::{self, FixPlan};
use bundlewright::paths::BundlePath;
use bundlewright::progress::Progress;

use crate::app::{App, MAIN, What};
use crate::common;

const LIBRARY: &str = "Contents/Frameworks/libbaz.dylib";

fn signed() -> App {
    let app = App::new();
    app.write(LIBRARY, app.library());
    app.add_framework("Contents/Frameworks/Bar.framework");
    app.write("Contents/Resources/data.txt", "data");
    app.write("Contents/MacOS/tool.sh", "#!/bin/sh\n");
    app.sign();
    app
}

fn looked_at(app: &App) -> (Bundle, Verification) {
    let bundle = scan(&app.path, &Progress::silent()).unwrap();
    let seals = verify_bundle(&bundle, &Progress::silent()).unwrap();
    (bundle, seals)
}

/// Signs what is `touched`, or all, as a fix does.
fn sign_again(bundle: &Bundle, touched: &[&str], seals: &Verification) {
    let touched: BTreeSet<BundlePath> = touched.iter().map(|path| BundlePath::new(path).unwrap()).collect();
    let sign = codesign::plan(bundle, &touched, &SignOptions::default());
    let mut expected = bundle.clone();
    codesign::simulate(&mut expected, &sign);
    let plan = FixPlan {
        edits: Vec::new(),
        switched_off: Vec::new(),
        sign,
        expected,
        offers: Vec::new(),
        remaining: Vec::new(),
        header_room: BTreeMap::new(),
        growth: 0,
    };
    fix::apply_to_verified(bundle, &plan, &seals.verified, &Progress::silent()).unwrap();
}

fn contents(app: &App) -> BTreeMap<String, What> {
    app.listing().into_iter().map(|(path, entry)| (path, entry.what)).collect()
}

#[test]
fn what_is_known_gives_the_same_bytes_as_what_is_calculated() {
    for touched in [&[LIBRARY][..], &["Contents/Resources/new.txt"], &[]] {
        let after = [true, false].map(|known| {
            let app = signed();
            app.write("Contents/Resources/new.txt", "new");
            let (bundle, seals) = looked_at(&app);
            let seals = if known { seals } else { Verification::default() };
            sign_again(&bundle, touched, &seals);
            assert_eq!(app.problems(), [""; 0]);
            app.assert_verdict(true);
            contents(&app)
        });
        assert!(after[0] == after[1], "{touched:?}");
    }
}

/// Same length, and the old date if it is put back: no listing tells it.
#[test]
fn what_was_written_to_after_the_verification_is_hashed_again() {
    for date_put_back in [false, true] {
        for path in [LIBRARY, MAIN, "Contents/Resources/data.txt", "Contents/MacOS/tool.sh"] {
            let app = signed();
            let (bundle, seals) = looked_at(&app);
            let before = app.listing().remove(path).unwrap().modified;
            let bytes = app.read(path);
            let at = bytes.len() / 3;
            let file = fs::OpenOptions::new().write(true).open(app.at(path)).unwrap();
            file.write_all_at(&[bytes[at] ^ 1], at as u64).unwrap();
            if date_put_back {
                app.set_modified(path, before);
            }
            assert_ne!(app.problems(), [""; 0], "{path}");
            sign_again(&bundle, &[], &seals);
            assert_eq!(app.problems(), [""; 0], "{path}");
            app.assert_verdict(true);
        }
    }
}

/// The copy in which a transaction works: folders of its own, files by hard links.
fn linked(app: &App) -> PathBuf {
    let copy = app.beside("next").join("T1.app");
    for entry in walkdir::WalkDir::new(&app.path).into_iter().map(Result::unwrap) {
        let to = copy.join(entry.path().strip_prefix(&app.path).unwrap());
        match entry.file_type() {
            kind if kind.is_dir() => fs::create_dir_all(to).unwrap(),
            _ => fs::hard_link(entry.path(), to).unwrap(),
        }
    }
    copy
}

#[test]
fn the_check_after_signing_sees_every_byte_of_what_was_signed() {
    let app = App::new();
    let faults = common::unpack("faults");
    let unsigned = fs::read(faults.app("unsigned").join("Contents/Frameworks/libunsigned.dylib")).unwrap();
    app.write(LIBRARY, common::grown(&unsigned, 100_000));
    app.write("Contents/Resources/data.txt", "data");
    let bundle = scan(&app.path, &Progress::silent()).unwrap();
    let plan = codesign::plan(&bundle, &BTreeSet::new(), &SignOptions::default());
    let known = Known::of(&app.path, &Verification::default().verified);
    let copy = linked(&app);
    codesign::sign_known(&copy, &plan, &known, &Progress::silent()).unwrap();
    let problems = || {
        let staged = scan(&copy, &Progress::silent()).unwrap();
        let found = verify_known(&staged, &known, &Progress::silent()).unwrap().problems;
        found.iter().map(|problem| format!("{} {}", problem.code, problem.path)).collect::<Vec<_>>()
    };
    assert_eq!(problems(), [""; 0]);
    let signed = fs::read(copy.join(LIBRARY)).unwrap();
    // In the first page, in one that was taken over, in the last one, and in the hashes.
    let page_hash = format!("page-hash {LIBRARY}");
    for at in [0x400, 50_000, unsigned.len() + 99_000, signed.len() - 80] {
        let mut bytes = signed.clone();
        bytes[at] ^= 1;
        fs::write(copy.join(LIBRARY), bytes).unwrap();
        assert!(problems().contains(&page_hash), "byte {at}: {:?}", problems());
    }
    fs::write(copy.join(LIBRARY), &signed).unwrap();
    assert_eq!(problems(), [""; 0]);
    fs::write(copy.join("Contents/Resources/data.txt"), "DATA").unwrap();
    assert_eq!(problems(), ["sealed-resource-modified Contents/Resources/data.txt"]);
}
