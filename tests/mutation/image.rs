//! What is done to a signed disk image, ad hoc and by an identity. The same changes are refused by the independent verifier.

use std::fs;
use std::path::{Path, PathBuf};

use bundlewright::codesign::{Identity, Password, SignOptions, Signer};
use bundlewright::dmg::DmgSpec;
use bundlewright::progress::Progress;
use bundlewright::workflow::{self, package};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::signature::{put, word};
use crate::{common, oracle};

/// The postcard in an image, signed with `options`.
fn image(options: &SignOptions) -> (TempDir, PathBuf) {
    let fixture = common::unpack_sample();
    let path = fixture.path().join("Postcard.dmg");
    let spec = DmgSpec::for_app(&fixture.app("Postcard"), "Postcard", 1_700_000_000).unwrap();
    package::package_signed(&spec, &path, options, &Progress::silent()).unwrap();
    (fixture.into_folder(), path)
}

fn by_identity() -> SignOptions {
    let identities = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/identities");
    let identity = Identity::open(&identities.join("chain.p12"), &Password::new("secret word")).unwrap();
    SignOptions {
        signer: Some(Signer::new(identity, 1_800_000_000, None).unwrap()),
        ..SignOptions::default()
    }
}

/// Where things stand, in bytes from the start: written anew from `diskimagerep.cpp`.
struct Place {
    trailer: usize,
    signature: usize,
    list: usize,
}

impl Place {
    fn of(image: &[u8]) -> Place {
        let trailer = image.len() - 512;
        let long = |at: usize| u64::from_be_bytes(image[trailer + at..][..8].try_into().unwrap()) as usize;
        Place { trailer, signature: long(296), list: long(216) }
    }

    /// Where the index entry of a slot stands.
    fn entry(&self, image: &[u8], slot: u32) -> usize {
        let entries = (0..word(image, self.signature + 8) as usize).map(|row| self.signature + 12 + 8 * row);
        entries.into_iter().find(|at| word(image, *at) == slot).unwrap()
    }

    /// Where the blob of a slot starts.
    fn blob(&self, image: &[u8], slot: u32) -> usize {
        self.signature + word(image, self.entry(image, slot) + 4) as usize
    }
}

type Change = fn(&mut Vec<u8>, &Place);

/// Name, the word that tells it ("" where no image is left), and the change.
const REFUSED: &[(&str, &str, Change)] = &[
    ("a byte of the data", "page-hash", |image, _| image[100] ^= 1),
    ("the first byte", "page-hash", |image, _| image[0] ^= 1),
    ("a byte of the property list", "page-hash", |image, place| image[place.list + 60] ^= 1),
    ("the last byte of the property list", "page-hash", |image, place| image[place.signature - 1] ^= 1),
    ("the segment's identifier", "special-slot", |image, place| image[place.trailer + 64] ^= 1),
    ("the last byte", "special-slot", |image, place| image[place.trailer + 511] ^= 1),
    ("the flags of the trailer", "special-slot", |image, place| image[place.trailer + 15] ^= 2),
    ("where the signature is", "structure", |image, place| image[place.trailer + 303] ^= 1),
    ("how long it is", "structure", |image, place| image[place.trailer + 311] ^= 1),
    ("a byte of room before the trailer", "structure", |image, place| image.insert(place.trailer, 0)),
    ("a byte of room before the signature", "structure", |image, place| image.insert(place.signature, 0)),
    ("a byte less of the signature", "structure", |image, place| {
        image.remove(place.trailer - 1);
    }),
    ("a longer signature by its own word", "signature-malformed", |image, place| {
        let length = word(image, place.signature + 4);
        put(image, place.signature + 4, length + 1);
    }),
    ("the magic of the signature", "signature-malformed", |image, place| image[place.signature + 3] ^= 1),
    ("the hash of the content", "page-hash", |image, place| {
        let directory = place.blob(image, 0);
        let hashes = directory + word(image, directory + 16) as usize;
        image[hashes] ^= 1;
    }),
    ("the hash of the trailer", "special-slot", |image, place| {
        let directory = place.blob(image, 0);
        let hashes = directory + word(image, directory + 16) as usize;
        image[hashes - 6 * 32] ^= 1;
    }),
    ("how much is covered", "code-limit", |image, place| {
        let directory = place.blob(image, 0);
        let limit = word(image, directory + 32);
        put(image, directory + 32, limit - 1);
    }),
    ("a requirement set of something else", "requirements", |image, place| {
        let requirements = place.blob(image, 2);
        image[requirements + 11] ^= 1;
    }),
    ("requirements in another slot", "special-slot", |image, place| {
        let entry = place.entry(image, 2);
        put(image, entry, 4);
    }),
    ("a code directory in another slot", "signature-malformed", |image, place| {
        let entry = place.entry(image, 0);
        put(image, entry, 1);
    }),
    ("two blobs of one slot", "signature-malformed", |image, place| {
        let entry = place.entry(image, 2);
        put(image, entry, 0);
    }),
    ("cut off", "", |image, _| image.truncate(image.len() - 1)),
    ("a byte behind it", "", |image, _| image.push(0)),
    ("the magic of the trailer", "", |image, place| image[place.trailer] ^= 1),
];

/// Only of an image that an identity signed: nobody else can make these right again.
const REFUSED_BY_CMS: &[(&str, &str, Change)] = &[
    ("content with its new hash", "cms-digest", |image, place| {
        image[100] ^= 1;
        let content = Sha256::digest(&image[..place.signature]);
        let directory = place.blob(image, 0);
        let hashes = directory + word(image, directory + 16) as usize;
        image[hashes..hashes + 32].copy_from_slice(&content);
    }),
    ("the CMS in another slot", "signature-malformed", |image, place| {
        let entry = place.entry(image, 0x10000);
        put(image, entry, 0x10001);
    }),
    ("another identifier", "cms-digest", |image, place| {
        let directory = place.blob(image, 0);
        let identifier = directory + word(image, directory + 20) as usize;
        image[identifier] ^= 1;
    }),
];

fn mutants(folder: &Path, signed: &Path, changes: &[&(&str, &str, Change)]) -> Vec<PathBuf> {
    let image = fs::read(signed).unwrap();
    let place = Place::of(&image);
    let mutant = |(number, (.., change)): (usize, &&(&str, &str, Change))| {
        let mut changed = image.clone();
        change(&mut changed, &place);
        let path = folder.join(format!("{number}.dmg"));
        fs::write(&path, changed).unwrap();
        path
    };
    changes.iter().enumerate().map(mutant).collect()
}

/// The words of all problems; none where there is no image to verify.
fn codes(path: &Path) -> Vec<&'static str> {
    let checked = workflow::verify(path, &Progress::silent());
    checked.map_or_else(|_| vec![""], |checked| checked.problems.iter().map(|one| one.code).collect())
}

#[test]
fn every_change_of_an_image_is_refused_by_both_verifiers() {
    let oracle = oracle::Oracle::find();
    let ad_hoc: Vec<_> = REFUSED.iter().collect();
    let all: Vec<_> = REFUSED.iter().chain(REFUSED_BY_CMS).collect();
    for (options, changes) in [(SignOptions::default(), ad_hoc), (by_identity(), all)] {
        let (folder, signed) = image(&options);
        assert_eq!(codes(&signed), [""; 0], "what was not changed");
        let paths = mutants(folder.path(), &signed, &changes);
        for (path, (name, code, _)) in paths.iter().zip(&changes) {
            assert!(codes(path).contains(code), "{name}: wanted {code}, found {:?}", codes(path));
        }
        let Some(oracle) = &oracle else { continue };
        let passed = oracle.verdicts(&paths);
        let wrong: Vec<&str> =
            changes.iter().zip(passed).filter(|(_, passed)| *passed).map(|((name, ..), _)| *name).collect();
        assert!(wrong.is_empty(), "the independent verifier passes: {wrong:?}");
        assert_eq!(oracle.verdicts(&[signed]), [true]);
    }
}

#[test]
fn what_no_signature_covers_may_change() {
    let (folder, signed) = image(&by_identity());
    let image = fs::read(&signed).unwrap();
    let place = Place::of(&image);
    // What stapler does: a ticket in a slot of its own, behind all others.
    let count = word(&image, place.signature + 8);
    let ticket = [0xfade_0b01_u32, 16].iter().flat_map(|word| word.to_be_bytes()).chain(*b"s8ch\0\0\0\x01");
    let mut stapled = image[..place.signature].to_vec();
    let length = (place.trailer - place.signature) as u32 + 8 + 16;
    stapled.extend([0xfade_0cc0, length, count + 1].iter().flat_map(|word: &u32| word.to_be_bytes()));
    for row in 0..count as usize {
        let entry = place.signature + 12 + 8 * row;
        let moved = [word(&image, entry), word(&image, entry + 4) + 8];
        stapled.extend(moved.iter().flat_map(|word| word.to_be_bytes()));
    }
    stapled.extend([0x10002, length - 16].iter().flat_map(|word: &u32| word.to_be_bytes()));
    stapled.extend(&image[place.signature + 12 + 8 * count as usize..place.trailer]);
    stapled.extend(ticket);
    let trailer = stapled.len();
    stapled.extend(&image[place.trailer..]);
    stapled[trailer + 304..trailer + 312].copy_from_slice(&u64::from(length).to_be_bytes());
    let path = folder.path().join("stapled.dmg");
    fs::write(&path, &stapled).unwrap();
    let checked = workflow::verify(&path, &Progress::silent()).unwrap();
    assert_eq!(checked.problems, []);
    assert!(checked.notes[0].contains("a notarization ticket is stapled"), "{:?}", checked.notes);
    if let Some(oracle) = oracle::Oracle::find() {
        assert_eq!(oracle.verdicts(std::slice::from_ref(&path)), [true]);
    }
    // Who signs it again makes the ticket void, and is told so.
    let again = workflow::sign(&path, &by_identity(), &Progress::silent()).unwrap();
    assert!(again.plan.steps[0].drops.iter().any(|one| one.contains("ticket")), "{:?}", again.plan.steps);
    assert!(fs::read(&path).unwrap() == image, "the ticket is gone, and nothing else");
}
