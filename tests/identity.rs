//! Signing with an identity: bundles and files, checked by what is read back, by openssl and by an independent verifier.
//! `tests/fixtures/identities.sh` says what the identities are.

#![allow(clippy::disallowed_methods, reason = "tests make what they look at")]

mod common;
#[path = "common/oracle.rs"]
mod oracle;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use bundlewright::bundle::{self, Bundle};
use bundlewright::codesign::{self, Entitlements, Identity, Password, SignOptions, Signer, TimestampServer};
use bundlewright::dmg::DmgSpec;
use bundlewright::macho::{Signature, SignatureState};
use bundlewright::paths::BundlePath;
use bundlewright::progress::Progress;
use bundlewright::workflow;
use common::{Fixture, unpack, unpack_sample};

/// 2027-01-15.
const NOW: u64 = 1_800_000_000;
const RUNTIME: u32 = 0x1_0000;
const LIBRARY: &str = "Contents/Frameworks/libstamp.1.dylib";

fn identities() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/identities")
}

fn signer_with(name: &str, server: Option<Arc<dyn TimestampServer>>) -> Signer {
    let identity = Identity::open(&identities().join(name), &Password::new("secret word")).unwrap();
    Signer::new(identity, NOW, server).unwrap()
}

fn by(name: &str) -> SignOptions {
    SignOptions { signer: Some(signer_with(name, None)), ..SignOptions::default() }
}

fn scan(app: &Path) -> Bundle {
    bundle::scan(app, &Progress::silent()).unwrap()
}

fn signed_sample(options: &SignOptions) -> (Fixture, PathBuf, workflow::Signed) {
    let fixture = unpack_sample();
    let app = fixture.app("Postcard");
    let signed = workflow::sign(&app, options, &Progress::silent()).unwrap();
    (fixture, app, signed)
}

fn problems(app: &Path) -> Vec<String> {
    let seals = codesign::verify_bundle(&scan(app), &Progress::silent()).unwrap();
    seals
        .problems
        .into_iter()
        .map(|problem| format!("{} {}: {}", problem.code, problem.path, problem.message))
        .collect()
}

fn signature(app: &Path, path: &str) -> Signature {
    scan(app).images[&BundlePath::new(path).unwrap()].file.slices[0].signature.clone()
}

fn main_executable(app: &Path) -> String {
    scan(app).main_executable.unwrap().as_str().to_owned()
}

/// Every file's bytes, in order.
fn contents(app: &Path) -> Vec<(BundlePath, Vec<u8>)> {
    let files = scan(app).nodes.into_iter().filter(|(_, node)| matches!(node, bundle::Node::File { .. }));
    files.map(|(path, _)| (path.clone(), fs::read(path.to_local(app)).unwrap())).collect()
}

fn entitlements(folder: &Path, keys: &str) -> Entitlements {
    let path = folder.join("entitlements.plist");
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><plist version=\"1.0\"><dict>{keys}</dict></plist>"
    );
    fs::write(&path, text).unwrap();
    Entitlements::open(&path).unwrap()
}

/// The blob of a slot in the first slice, or in a disk image, with its header.
fn slot(file: &Path, wanted: u32) -> Vec<u8> {
    let whole = fs::read(file).unwrap();
    if whole[whole.len() - 512..].starts_with(b"koly") {
        let place = whole.len() - 512 + 296;
        let start = u64::from_be_bytes(whole[place..place + 8].try_into().unwrap()) as usize;
        return blob_of(&whole[start..], wanted);
    }
    let word = |bytes: &[u8], at: usize| -> [u8; 4] { bytes[at..at + 4].try_into().unwrap() };
    let big = |bytes: &[u8], at: usize| u32::from_be_bytes(word(bytes, at)) as usize;
    let little = |bytes: &[u8], at: usize| u32::from_le_bytes(word(bytes, at)) as usize;
    let is_universal = big(&whole, 0) == 0xcafe_babe;
    let slice = if is_universal { &whole[big(&whole, 16)..] } else { &whole[..] };
    let mut at = 32;
    while little(slice, at) != 0x1d {
        at += little(slice, at + 4);
    }
    blob_of(&slice[little(slice, at + 8)..], wanted)
}

/// The blob of a slot in a SuperBlob.
fn blob_of(signature: &[u8], wanted: u32) -> Vec<u8> {
    let big = |bytes: &[u8], at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    let row = (0..big(signature, 8)).find(|row| big(signature, 12 + 8 * row) == wanted as usize).unwrap();
    let start = big(signature, 16 + 8 * row);
    signature[start..start + big(signature, start + 4)].to_vec()
}

/// Whether openssl says that the CMS of a file covers its code directory; it says nothing where there is no openssl.
fn check_with_openssl(file: &Path, folder: &Path) {
    fs::write(folder.join("cd.bin"), slot(file, 0)).unwrap();
    fs::write(folder.join("cms.der"), &slot(file, 0x10000)[8..]).unwrap();
    let verify = "cms -verify -binary -inform DER -in cms.der -content cd.bin -noverify -out cd.out";
    let said = openssl(&verify.split(' ').collect::<Vec<_>>(), folder);
    assert!(said.is_none_or(|said| said.contains("erification successful")));
}

/// `None` where there is no openssl.
fn openssl(arguments: &[&str], folder: &Path) -> Option<String> {
    let output = Command::new("openssl").args(arguments).current_dir(folder).output().ok()?;
    let said =
        String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "openssl {arguments:?}: {said}");
    Some(said)
}

#[test]
fn a_bundle_is_signed_and_verifies() {
    for name in ["rsa.p12", "p256.pem", "chain.p12"] {
        let (_fixture, app, signed) = signed_sample(&by(name));
        assert_eq!(problems(&app), [""; 0], "{name}");
        let main = signature(&app, &main_executable(&app));
        assert_eq!((main.state, main.team, main.flags & 2), (SignatureState::Cms, None, 0), "{name}");
        assert_eq!(signature(&app, LIBRARY).state, SignatureState::Cms);
        assert!(
            signed.plan.warnings[0].contains("is not issued by Apple: Gatekeeper"),
            "{:?}",
            signed.plan.warnings
        );
    }
}

#[test]
fn openssl_and_the_independent_verifier_accept_it() {
    let verifier = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/tools/verify_codesign.py");
    for name in ["rsa.p12", "p256.pem", "chain.p12"] {
        let (fixture, app, _) = signed_sample(&by(name));
        check_with_openssl(&app.join(LIBRARY), fixture.path());
        check_with_openssl(&app.join(main_executable(&app)), fixture.path());
        if verifier.is_file() {
            let output =
                Command::new("python3").arg(&verifier).args(["-q", "--expect", "cms"]).arg(&app).output();
            let output = output.expect("python3, beside the verifier");
            assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stdout));
        }
    }
}

/// The sample in an image, signed as it is built.
fn signed_image(options: &SignOptions) -> (Fixture, PathBuf) {
    let fixture = unpack_sample();
    let path = fixture.path().join("Postcard 1.0.dmg");
    let spec = DmgSpec::for_app(&fixture.app("Postcard"), "Postcard", 1_700_000_000).unwrap();
    workflow::package::package_signed(&spec, &path, options, &Progress::silent()).unwrap();
    (fixture, path)
}

#[test]
fn openssl_and_the_independent_verifier_accept_a_disk_image() {
    let server: Option<Arc<dyn TimestampServer>> = match Command::new("openssl").arg("version").output() {
        Ok(_) => Some(Arc::new(Openssl(std::env::temp_dir()))),
        Err(_) => None, // nobody to ask
    };
    for (name, server) in [("rsa.p12", None), ("chain.p12", None), ("p256.pem", server)] {
        let is_stamped = server.is_some();
        let options = SignOptions { signer: Some(signer_with(name, server)), ..SignOptions::default() };
        let (fixture, image) = signed_image(&options);
        let checked = workflow::verify(&image, &Progress::silent()).unwrap();
        assert_eq!((checked.problems, checked.notes), (vec![], vec![]), "{name}");
        let code = &checked.codes[0];
        assert_eq!(
            (code.identifier.as_str(), code.ad_hoc, code.says_designated),
            ("Postcard 1", false, true)
        );
        assert_eq!(code.authority.as_ref().unwrap().timestamp.is_some(), is_stamped, "{name}");
        check_with_openssl(&image, fixture.path());
        if let Some(oracle) = oracle::Oracle::find() {
            assert_eq!(oracle.verdicts(&[image]), [true], "{name}");
        }
    }
}

#[test]
fn an_image_is_signed_anew_and_its_identifier_stays() {
    let (_fixture, image) = signed_image(&SignOptions::default());
    let ad_hoc = fs::read(&image).unwrap();
    let identifier = |signed: &workflow::Signed| signed.plan.steps[0].identifier.clone();
    let sign = |options: &SignOptions| workflow::sign(&image, options, &Progress::silent()).unwrap();
    let mut names = vec![identifier(&sign(&by("rsa.p12")))];
    let signed = fs::read(&image).unwrap();
    let again = sign(&by("rsa.p12"));
    assert!(fs::read(&image).unwrap() == signed, "the same time and identity make the same bytes");
    assert_eq!(again.plan.steps[0].drops, ["signature with a certificate"]);
    names.push(identifier(&again));
    // The mark of an ad hoc signature goes with it, whatever the file is called meanwhile.
    assert_eq!(names, ["Postcard 1", "Postcard 1"]);
    let unsigned_length = signed.len() - 512 - slot_room(&signed);
    assert!(ad_hoc[..unsigned_length] == signed[..unsigned_length]);
    let team = sign(&by("developer-id.p12"));
    assert!(team.plan.warnings.iter().any(|text| text.contains("no timestamp")), "{:?}", team.plan.warnings);
    let developer = workflow::verify(&image, &Progress::silent()).unwrap();
    assert_eq!(developer.codes[0].team.as_deref(), Some("TEAM123456"));
}

/// `codesign -dv` of macOS 26 says of an image of this name, signed with a Developer ID: "CodeDirectory v=20200 size=315
/// flags=0x0(none) hashes=1+6" and "Internal requirements count=1 size=188".
#[test]
fn a_developer_id_image_has_the_sizes_that_codesign_gives_it() {
    let (fixture, image) = signed_image(&by("developer-id.p12"));
    let named = fixture.path().join("ContractorCRM_0.1.0_aarch64.dmg");
    let unsigned = fs::read(&image).unwrap();
    let end = unsigned.len() - 512 - slot_room(&unsigned);
    let mut trailer = unsigned[unsigned.len() - 512..].to_vec();
    trailer[296..312].fill(0);
    fs::write(&named, [&unsigned[..end], &trailer].concat()).unwrap();
    workflow::sign(&named, &by("developer-id.p12"), &Progress::silent()).unwrap();
    let directory = slot(&named, 0);
    let word = |at: usize| u32::from_be_bytes(directory[at..at + 4].try_into().unwrap());
    assert_eq!((directory.len(), slot(&named, 2).len()), (315, 188));
    assert_eq!((word(8), word(12), word(24), word(28), directory[39]), (0x20200, 0, 6, 1, 0));
}

/// Bytes of the signature of an image.
fn slot_room(image: &[u8]) -> usize {
    let place = image.len() - 512 + 304;
    u64::from_be_bytes(image[place..place + 8].try_into().unwrap()) as usize
}

#[test]
fn an_image_stays_as_it_is_when_it_cannot_be_signed() {
    let (_fixture, image) = signed_image(&by("rsa.p12"));
    let before = fs::read(&image).unwrap();
    let gone: Arc<dyn TimestampServer> = Arc::new(Gone);
    let options = SignOptions { signer: Some(signer_with("rsa.p12", Some(gone))), ..SignOptions::default() };
    let refusal = workflow::sign(&image, &options, &Progress::silent()).unwrap_err().to_string();
    assert!(refusal.contains("Postcard 1.0.dmg: got no timestamp: nobody is not there"), "{refusal}");
    assert!(fs::read(&image).unwrap() == before);
    let hardened = SignOptions { hardened_runtime: true, ..SignOptions::default() };
    let refusal = workflow::plan_signing(&image, &hardened, &Progress::silent()).unwrap_err().to_string();
    assert!(refusal.contains("is a disk image, and the hardened runtime is a program's"), "{refusal}");
    // Building fails alike, and what stood there stays.
    let spec = DmgSpec::for_app(image.parent().unwrap().join("Postcard.app").as_path(), "P", 1).unwrap();
    let refusal = workflow::package::package_signed(&spec, &image, &options, &Progress::silent())
        .unwrap_err()
        .to_string();
    assert!(refusal.contains("Postcard 1.0.dmg: got no timestamp"), "{refusal}");
    assert!(fs::read(&image).unwrap() == before);
}

/// A timestamp server that is away.
struct Gone;

impl TimestampServer for Gone {
    fn name(&self) -> &str {
        "nobody"
    }

    fn answer(&self, _: &[u8]) -> Result<Vec<u8>, String> {
        Err("is not there".to_owned())
    }
}

#[test]
fn the_same_time_and_identity_make_the_same_bytes() {
    for name in ["rsa.p12", "p256.pem", "chain.p12"] {
        let (_a, first, _) = signed_sample(&by(name));
        let (_b, second, _) = signed_sample(&by(name));
        let once = contents(&first);
        assert!(once == contents(&second), "{name}");
        workflow::sign(&first, &by(name), &Progress::silent()).unwrap();
        assert!(once == contents(&first), "{name} again");
    }
}

#[test]
fn a_seal_names_nested_code_by_who_signed_it() {
    let (_fixture, app, _) = signed_sample(&by("chain.p12"));
    let seal = fs::read_to_string(app.join("Contents/_CodeSignature/CodeResources")).unwrap();
    assert!(seal.contains("and certificate root = H\""), "the chain is one organization's");
    assert!(!seal.contains("cdhash H"), "{seal}");
    let (_fixture, app, _) = signed_sample(&by("rsa.p12"));
    let seal = fs::read_to_string(app.join("Contents/_CodeSignature/CodeResources")).unwrap();
    assert!(seal.contains("and certificate leaf = H\""), "there is no organization");
}

#[test]
fn a_developer_id_brings_its_team() {
    let fixture = unpack("faults");
    let library = fixture.app("unsigned").join("Contents/Frameworks/libunsigned.dylib");
    let plan = codesign::plan_file(&library, &by("developer-id.p12")).unwrap();
    assert!(
        plan.warnings
            .iter()
            .any(|text| text.contains("lacks the certificate of Developer ID Certification Authority"))
    );
    assert!(plan.warnings.iter().any(|text| text.contains("there will be no timestamp")));
    codesign::sign_file(&library, &plan).unwrap();
    let app = scan(&fixture.app("unsigned"));
    let signature =
        &app.images[&BundlePath::new("Contents/Frameworks/libunsigned.dylib").unwrap()].file.slices[0]
            .signature;
    assert_eq!(signature.team.as_deref(), Some("TEAM123456"));
    assert!(signature.cms.is_some_and(|cms| cms.developer_id && !cms.timestamp));
    assert_eq!(signature.identifier.as_deref(), Some("libunsigned"), "an identity needs no unique name");
    let requirement = slot(&library, 2);
    assert!(requirement.windows(10).any(|part| part == b"TEAM123456"));
}

#[test]
fn entitlements_go_to_the_main_executable_alone() {
    let fixture = unpack_sample();
    let app = fixture.app("Postcard");
    let given = entitlements(
        fixture.path(),
        "<key>com.apple.security.cs.allow-jit</key><true/><key>com.apple.developer.icloud-services</key><string>*</string>",
    );
    let options = SignOptions { entitlements: Some(given), hardened_runtime: true, ..by("rsa.p12") };
    let signed = workflow::sign(&app, &options, &Progress::silent()).unwrap();
    let main = main_executable(&app);
    for (path, image) in &scan(&app).images {
        let signature = &image.file.slices[0].signature;
        assert_eq!(signature.claims.len(), if path.as_str() == main { 2 } else { 0 }, "{path}");
        assert_eq!(signature.flags & RUNTIME, RUNTIME, "{path}");
    }
    assert_eq!(problems(&app), [""; 0]);
    let step = signed.plan.steps.last().unwrap();
    assert!(
        step.adds.contains(&"2 entitlements as given".to_owned())
            && step.adds.contains(&"hardened runtime".to_owned())
    );
    let warned = |words: &str| step.warnings.iter().any(|text| text.contains(words));
    assert!(warned(
        "com.apple.developer.icloud-services needs a provisioning profile and a certificate of Apple's"
    ));
    assert!(warned("different Team IDs"), "{:?}", step.warnings);
}

#[test]
fn without_a_team_the_hardened_runtime_goes_unless_it_is_asked_for() {
    let (_fixture, app, _) = signed_sample(&SignOptions { hardened_runtime: true, ..SignOptions::default() });
    let main = main_executable(&app);
    assert_eq!(signature(&app, &main).flags, 0x1_0002);
    let plan =
        |options: &SignOptions| codesign::plan(&scan(&app), &BTreeSet::new(), options).steps.pop().unwrap();
    let self_signed = plan(&by("rsa.p12"));
    assert_eq!(self_signed.flags & RUNTIME, 0);
    assert!(
        self_signed
            .drops
            .iter()
            .any(|text| text.starts_with("hardened runtime (a certificate without a team"))
    );
    let developer_id = plan(&by("developer-id.p12"));
    assert_eq!(developer_id.flags & RUNTIME, RUNTIME);
    assert!(developer_id.keeps.contains(&"hardened runtime".to_owned()));
}

#[test]
fn the_original_stays_when_the_identity_cannot_sign() {
    struct Unreachable;
    impl TimestampServer for Unreachable {
        fn name(&self) -> &str {
            "http://made.up/ts"
        }
        fn answer(&self, _: &[u8]) -> Result<Vec<u8>, String> {
            Err("could not be reached: nobody is there".to_owned())
        }
    }
    let fixture = unpack_sample();
    let app = fixture.app("Postcard");
    let before = contents(&app);
    let signer = Some(signer_with("rsa.p12", Some(Arc::new(Unreachable))));
    let failed = workflow::sign(&app, &SignOptions { signer, ..SignOptions::default() }, &Progress::silent());
    let text = failed.unwrap_err().to_string();
    assert!(
        text.contains("got no timestamp: http://made.up/ts could not be reached: nobody is there"),
        "{text}"
    );
    assert!(text.contains("--timestamp-url none"), "{text}");
    assert!(text.starts_with(&app.display().to_string()), "{text}");
    assert!(before == contents(&app));
}

/// A timestamp server that openssl is.
struct Openssl(PathBuf);

impl TimestampServer for Openssl {
    fn name(&self) -> &str {
        "openssl ts"
    }

    fn answer(&self, request: &[u8]) -> Result<Vec<u8>, String> {
        let folder = tempfile::tempdir_in(&self.0).map_err(|error| error.to_string())?;
        let pem = identities().join("timestamps.pem");
        let settings = "[tsa]\ndefault_tsa=one\n[one]\nserial=serial\ncrypto_device=builtin\ndefault_policy=1.2.3.4\n\
                        digests=sha256\nsigner_digest=sha256\naccuracy=secs:1\ness_cert_id_chain=no\n";
        for (name, bytes) in [("query", request), ("settings", settings.as_bytes()), ("serial", b"01\n")] {
            fs::write(folder.path().join(name), bytes).map_err(|error| error.to_string())?;
        }
        let pem = pem.to_str().ok_or("a path that is no text")?;
        let arguments = [
            "ts",
            "-reply",
            "-config",
            "settings",
            "-queryfile",
            "query",
            "-signer",
            pem,
            "-inkey",
            pem,
            "-out",
            "reply",
        ];
        openssl(&arguments, folder.path()).ok_or("there is no openssl")?;
        fs::read(folder.path().join("reply")).map_err(|error| error.to_string())
    }
}

#[test]
fn a_timestamp_is_kept_with_the_signature_and_verifies() {
    let fixture = unpack("faults");
    let library = fixture.app("unsigned").join("Contents/Frameworks/libunsigned.dylib");
    if Command::new("openssl").arg("version").output().is_err() {
        return; // nobody to ask
    }
    let server: Arc<dyn TimestampServer> = Arc::new(Openssl(fixture.path().to_owned()));
    let options =
        SignOptions { signer: Some(signer_with("p256.pem", Some(server))), ..SignOptions::default() };
    codesign::sign_file(&library, &codesign::plan_file(&library, &options).unwrap()).unwrap();
    assert_eq!(codesign::verify_file(&library, &Progress::silent()).unwrap().problems, []);
    check_with_openssl(&library, fixture.path());
    let cms = slot(&library, 0x10000);
    let token = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x02, 0x0e];
    assert!(cms.windows(token.len()).any(|part| part == token));
    let verifier = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/tools/verify_codesign.py");
    if verifier.is_file() {
        let output = Command::new("python3").arg(&verifier).arg(&library).output().expect("python3");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success() && said.contains("covers this signature"), "{said}");
    }
}

/// The first place of `part` in `bytes`.
fn find(bytes: &[u8], part: &[u8]) -> usize {
    bytes.windows(part.len()).position(|window| window == part).expect("the part")
}

#[test]
fn a_changed_signature_is_refused_by_both_verifiers() {
    let fixture = unpack("faults");
    let library = fixture.app("unsigned").join("Contents/Frameworks/libunsigned.dylib");
    let server: Option<Arc<dyn TimestampServer>> = match Command::new("openssl").arg("version").output() {
        Ok(_) => Some(Arc::new(Openssl(fixture.path().to_owned()))),
        Err(_) => None,
    };
    let is_stamped = server.is_some();
    let signer = signer_with("chain.p12", server);
    let leaf = signer.identity().certificates()[0].clone();
    let options = SignOptions { signer: Some(signer), ..SignOptions::default() };
    codesign::sign_file(&library, &codesign::plan_file(&library, &options).unwrap()).unwrap();
    let bytes = fs::read(&library).unwrap();
    let cms = find(&bytes, &slot(&library, 0x10000));
    let after = |part: &[u8], more: usize| cms + find(&bytes[cms..], part) + part.len() + more;
    let oid = |last: &[u8]| [&[0x2a, 0x86, 0x48, 0x86, 0xf7][..], last].concat();
    let certificate = find(&bytes[cms..], leaf.name().as_bytes()) + cms;
    let mut places = vec![
        // Behind the object identifier of an attribute stand the heads of its set and of the value.
        ("message digest", after(&oid(&[0x0d, 1, 9, 4]), 8), "cms-digest"),
        ("cdhashes", after(b"<data>", 6), "cms-attributes"),
        ("hashes of the directories", after(&oid(&[0x63, 0x64, 9, 2]), 25), "cms-attributes"),
        ("name of the certificate", certificate, "cms-chain"),
        // ecdsa-with-SHA256 stands before the value, and the value before the token.
        ("value", value_of(&bytes, cms) + 20, "cms-signature"),
    ];
    if is_stamped {
        // The imprint follows SHA-256 and the head of its octet string in TSTInfo.
        let info = after(&oid(&[0x0d, 1, 9, 0x10, 1, 4]), 0);
        let sha256 = [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];
        places.push(("imprint", info + find(&bytes[info..], &sha256) + 9 + 4 + 8, "cms-timestamp"));
        let end = cms + slot(&library, 0x10000).len() - 5;
        places.push(("value of the token", end, "cms-timestamp"));
    }
    let changed: Vec<PathBuf> = places
        .iter()
        .map(|(what, at, wanted)| {
            let mut other = bytes.clone();
            other[*at] ^= 1;
            let path = fixture.path().join(format!("{what}.dylib"));
            fs::write(&path, other).unwrap();
            let found = codesign::verify_file(&path, &Progress::silent()).unwrap().problems;
            assert!(found.iter().any(|one| one.code == *wanted), "{what}: {found:?}");
            path
        })
        .collect();
    let Some(oracle) = oracle::Oracle::find() else {
        eprintln!("SKIPPED: no independent verifier here");
        return;
    };
    assert_eq!(oracle.verdicts(&[library]), [true]);
    let verdicts = oracle.verdicts(&changed);
    let agreed: Vec<&str> =
        places.iter().zip(&verdicts).filter(|(_, passed)| **passed).map(|((what, ..), _)| *what).collect();
    assert_eq!(agreed, [""; 0], "the other verifier passes these");
}

/// Where the value of the signature stands: behind the last algorithm that is ECDSA with SHA-256 before a token.
fn value_of(bytes: &[u8], cms: usize) -> usize {
    const ECDSA_WITH_SHA256: [u8; 10] = [0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
    let attributes = cms + find(&bytes[cms..], b"<key>cdhashes</key>");
    attributes + find(&bytes[attributes..], &ECDSA_WITH_SHA256) + ECDSA_WITH_SHA256.len()
}

#[test]
fn a_verification_names_each_signer_once() {
    let (_fixture, app, _) = signed_sample(&by("chain.p12"));
    let checked = workflow::verify(&app, &Progress::silent()).unwrap();
    let [signer] = &checked.signers[..] else { panic!("{:?}", checked.signers) };
    let authority = signer.authority.as_ref().unwrap();
    assert_eq!(
        authority.names,
        ["Bundlewright Test Chain", "Bundlewright Test CA", "Bundlewright Test Root"]
    );
    assert_eq!((authority.is_apples, authority.is_whole), (false, true));
    assert_eq!((signer.signed_times, signer.timestamps), (Some((NOW, NOW)), None));
    assert_eq!(signer.codes.len(), checked.codes.len());
}
