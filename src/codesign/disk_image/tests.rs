use super::*;
use crate::codesign::blob::{MAGIC_BLOB_WRAPPER, SLOT_CMS, SLOT_TICKET, SuperBlob, blob, super_blob};
use crate::codesign::code_directory::CodeDirectory;
use crate::codesign::{SignKind, SignStep};
use crate::codesign::{SignOptions, sign_disk_image};
use crate::os::fault::{Fault, arm};
use crate::paths::BundlePath;
use crate::progress::{Cancelled, Progress};

const CONTENT: &[u8] = b"a data fork and then a property list";

/// As much of an image as codesign looks at.
fn unsigned() -> Vec<u8> {
    let mut trailer = [0; TRAILER];
    trailer[..8].copy_from_slice(b"koly\0\0\0\x04");
    trailer[32..40].copy_from_slice(&11_u64.to_be_bytes());
    trailer[216..224].copy_from_slice(&20_u64.to_be_bytes());
    trailer[224..232].copy_from_slice(&16_u64.to_be_bytes());
    trailer[500..].fill(7); // not ours to know, and covered all the same
    [CONTENT, &trailer].concat()
}

fn signed(image: &[u8]) -> Vec<u8> {
    let step = SignStep {
        path: BundlePath::root(),
        kind: SignKind::DiskImage,
        identifier: "org.example.image".to_owned(),
        flags: 2,
        entitlements: None,
        keeps: Vec::new(),
        adds: Vec::new(),
        drops: Vec::new(),
        warnings: Vec::new(),
    };
    let layout = Layout::read(image).unwrap();
    let hash = content_hash(layout.content, "", &Progress::silent()).unwrap();
    [layout.content, &signed_end(&layout, hash, &step, None).unwrap()].concat()
}

fn codes(image: &[u8]) -> Vec<&'static str> {
    let report = check_disk_image(image).expect("a signature");
    let mut codes: Vec<&str> = report.faults.iter().map(|fault| fault.code).collect();
    codes.dedup();
    codes
}

/// The image with another signature, about which the trailer knows.
fn with_signature(image: &[u8], blobs: &[(u32, Vec<u8>)]) -> Vec<u8> {
    let Layout { content, mut trailer, .. } = Layout::read(image).unwrap();
    let signature = super_blob(blobs);
    place(&mut trailer, content.len() as u64, signature.len() as u64);
    [content, &signature, &trailer].concat()
}

fn blobs(image: &[u8]) -> Vec<(u32, Vec<u8>)> {
    let parts = SuperBlob::parse(Layout::read(image).unwrap().signature.unwrap()).unwrap();
    parts.blobs.into_iter().map(|(slot, blob)| (slot, blob.to_vec())).collect()
}

#[test]
fn the_signature_is_laid_out_as_apple_does() {
    let image = signed(&unsigned());
    let at = CONTENT.len();
    let trailer = &image[image.len() - TRAILER..];
    assert_eq!(u64_at(trailer, OFFSET_AT), Some(at as u64));
    let length = u64_at(trailer, LENGTH_AT).unwrap() as usize;
    assert_eq!(image.len(), at + length + TRAILER);
    let parts = SuperBlob::parse(&image[at..at + length]).unwrap();
    assert_eq!(parts.blobs.iter().map(|(slot, _)| *slot).collect::<Vec<_>>(), [0, 2, 0x10000]);
    assert!(parts.is_packed());
    let directory = CodeDirectory::parse(parts.get(0).unwrap()).unwrap();
    assert_eq!((directory.version, directory.flags, directory.page_log2), (0x20100, 2, 0));
    assert_eq!((directory.special_slots, directory.code_slots), (6, 1));
    assert_eq!(directory.code_limit, at as u64);
    let mut covered = trailer.to_vec();
    covered[LENGTH_AT..LENGTH_AT + 8].fill(0);
    assert_eq!(directory.special_hash(6).unwrap(), directory.hash_type.digest(&covered));
    assert_eq!(directory.code_hash(0).unwrap(), directory.hash_type.digest(CONTENT));
}

#[test]
fn signing_again_changes_nothing() {
    let once = signed(&unsigned());
    assert_eq!(codes(&once), [""; 0]);
    assert_eq!(signed(&once), once);
    assert_eq!(Layout::read(&once).unwrap().trailer, Layout::read(&unsigned()).unwrap().trailer);
}

#[test]
fn an_image_without_a_signature_has_none_to_check() {
    assert_eq!(check_disk_image(&unsigned()), None);
    assert_eq!(signature_bytes(&unsigned()), None);
    assert_eq!(check_disk_image(b"no image"), None);
    assert!(is_disk_image(&unsigned()));
    assert!(!is_disk_image(&unsigned()[CONTENT.len()..]), "a trailer of nothing");
}

#[test]
fn every_changed_byte_is_noticed() {
    let image = signed(&unsigned());
    let directory = CONTENT.len() + 36;
    // Of the directory itself the hashes: the rest is what the cdhash of an ad hoc signature is there for.
    let hashes = directory + 48 + "org.example.image\0".len()..directory + blobs(&image)[0].1.len();
    let trailer = image.len() - TRAILER..image.len();
    // A place of 0 is that of an unsigned image, and a changed magic makes no image at all.
    for at in (0..CONTENT.len()).chain(hashes).chain(trailer.skip(4)) {
        let mut changed = image.clone();
        changed[at] ^= 0x10;
        assert_ne!(codes(&changed), [""; 0], "byte {at}");
    }
}

#[test]
fn what_the_image_does_not_end_with_is_told() {
    let image = signed(&unsigned());
    let trailer_at = image.len() - TRAILER;
    let with = |at: usize, number: u64| {
        let mut changed = image.clone();
        changed[trailer_at + at..][..8].copy_from_slice(&number.to_be_bytes());
        codes(&changed)
    };
    for (at, number) in
        [(OFFSET_AT, 3), (OFFSET_AT, u64::MAX), (LENGTH_AT, 0), (LENGTH_AT, u64::MAX), (224, 99)]
    {
        assert_eq!(with(at, number), ["structure"], "{number} at {at}");
    }
    let stuffed = [&image[..trailer_at], &[0], &image[trailer_at..]].concat();
    assert_eq!(codes(&stuffed), ["structure"], "a byte before the trailer");
    let mut longer = stuffed.clone();
    let length = u64_at(&image[trailer_at..], LENGTH_AT).unwrap() + 1;
    longer[trailer_at + 1 + LENGTH_AT..][..8].copy_from_slice(&length.to_be_bytes());
    assert_eq!(codes(&longer), ["structure"], "a byte behind the signature");
    assert_eq!(check_disk_image(&[&image[..], &[0]].concat()), None, "no image any more");
    assert_eq!(check_disk_image(&image[..image.len() - 1]), None);
}

#[test]
fn renamed_slots_and_other_signatures_are_told() {
    let image = signed(&unsigned());
    let renamed = |slot: u32, name: u32| {
        let mut blobs = blobs(&image);
        blobs.iter_mut().filter(|(old, _)| *old == slot).for_each(|(old, _)| *old = name);
        codes(&with_signature(&image, &blobs))
    };
    assert_eq!(renamed(0, 1), ["signature-malformed"]);
    assert_eq!(renamed(2, 4), ["requirements", "special-slot"]);
    assert_eq!(renamed(SLOT_CMS, 3), ["resource-directory"]);
    let other = signed(&[b"!", &unsigned()[..]].concat());
    assert!(codes(&with_signature(&image, &blobs(&other))).contains(&"page-hash"));
}

#[test]
fn a_ticket_may_be_stapled_and_is_noticed() {
    let image = signed(&unsigned());
    let mut stapled = blobs(&image);
    stapled.push((SLOT_TICKET, blob(MAGIC_BLOB_WRAPPER, b"s8ch and more")));
    let stapled = with_signature(&image, &stapled);
    assert_eq!(codes(&stapled), [""; 0]);
    assert!(crate::codesign::image_credentials(&stapled).unwrap().has_ticket);
    assert!(!crate::codesign::image_credentials(&image).unwrap().has_ticket);
    assert_eq!(signed(&stapled), image, "a new signature has no ticket");
}

#[test]
fn an_image_that_contradicts_itself_is_not_signed() {
    let says = |at: usize, number: u64| {
        let mut image = unsigned();
        image[CONTENT.len() + at..][..8].copy_from_slice(&number.to_be_bytes());
        Layout::read(&image).map(|_| ()).unwrap_err()
    };
    // An old signature in the middle of the data, of which signing would leave the first bytes alone.
    assert!(says(OFFSET_AT, 5).contains("does not end at byte 36"));
    assert!(says(224, u64::MAX).starts_with("its property list does not end before byte 36"));
    assert!(says(32, 37).starts_with("its data does not end before byte 36"));
    assert!(says(4, 5 << 32).starts_with("its trailer is of version 5"));
    let mut inside = unsigned();
    let signature_in_data = [(OFFSET_AT, 5_u64), (LENGTH_AT, 31)];
    for (at, number) in signature_in_data {
        inside[CONTENT.len() + at..][..8].copy_from_slice(&number.to_be_bytes());
    }
    assert!(Layout::read(&inside).unwrap_err().starts_with("its data does not end before byte 5"));
}

#[test]
fn no_byte_makes_a_reader_stumble() {
    let image = signed(&unsigned());
    for at in 0..image.len() {
        for value in [0, 1, 0x7f, 0xff] {
            let mut changed = image.clone();
            changed[at] = value;
            let _ = (check_disk_image(&changed), Layout::read(&changed).map(|_| ()));
        }
    }
    for length in 0..image.len() {
        let _ = (check_disk_image(&image[..length]), Layout::read(&image[length..]).map(|_| ()));
    }
}

#[test]
fn whatever_change_of_the_disk_fails_the_old_image_stays() {
    let temporary = tempfile::tempdir().unwrap();
    // Faults are told by the path that is changed, which no link leads to.
    let folder = temporary.path().canonicalize().unwrap();
    let path = folder.join("a.dmg");
    std::fs::write(&path, unsigned()).unwrap();
    let plan = plan_disk_image(&path, "a.dmg", &SignOptions::default()).unwrap();
    let names = || std::fs::read_dir(&folder).unwrap().count();
    let mut failed = 0;
    loop {
        let armed = arm(&folder, Fault::Once, failed);
        let done = sign_disk_image(&path, &plan, &Progress::silent());
        drop(armed);
        assert_eq!(names(), 1, "nothing else is left behind");
        if done.is_ok() {
            break;
        }
        assert_eq!(std::fs::read(&path).unwrap(), unsigned());
        failed += 1;
    }
    assert!(failed >= 4, "{failed}");
    assert_eq!(codes(&std::fs::read(&path).unwrap()), [""; 0]);
}

#[test]
fn the_user_can_stop_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.dmg");
    std::fs::write(&path, unsigned()).unwrap();
    let plan = plan_disk_image(&path, "a.dmg", &SignOptions::default()).unwrap();
    let stopped = sign_disk_image(&path, &plan, &Progress::new(|_| Err(Cancelled)));
    assert_eq!(stopped, Err(Failure::Cancelled));
    assert_eq!(std::fs::read(&path).unwrap(), unsigned());
}
