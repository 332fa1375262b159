//! Disk images that are signed, as a script sees them.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Run, assert_refused, finished, program, run};
use crate::common::{Fixture, unpack};

fn identity(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/identities").join(name)
}

/// Rp.app, its image and a file with the identity's password.
fn packed() -> (Fixture, PathBuf, PathBuf) {
    let fixture = unpack("rp");
    let (image, password) = (fixture.path().join("Rp 1.0.dmg"), fixture.path().join("password"));
    fs::write(&password, "secret word\n").expect("a file");
    let built = run(["dmg".as_ref(), fixture.app("Rp").as_os_str(), "-o".as_ref(), image.as_os_str()]);
    assert_eq!(built.code, 0, "{built:?}");
    (fixture, image, password)
}

/// `words` before the path, `flags` behind it.
fn with(word: &str, path: &Path, flags: &[&OsStr]) -> Run {
    let arguments = [word.as_ref(), path.as_os_str()].into_iter().chain(flags.iter().copied());
    finished(program().env("SOURCE_DATE_EPOCH", "1800000000").args(arguments).output().expect("it starts"))
}

fn json(run: &Run) -> Value {
    serde_json::from_str(&run.out).unwrap_or_else(|error| panic!("{error}: {run:?}"))
}

#[test]
fn an_image_is_signed_ad_hoc_and_twice_the_same() {
    let (_fixture, image, _) = packed();
    let unsigned = fs::read(&image).expect("an image");
    let verify = with("verify", &image, &[]);
    assert_eq!(verify.code, 0, "{verify:?}");
    assert!(verify.out.contains("the image itself is not signed"), "{}", verify.out);

    let plan = with("sign", &image, &["--dry-run".as_ref(), "--json".as_ref()]);
    assert_eq!((plan.code, json(&plan)["signed"].as_bool()), (0, Some(false)), "{plan:?}");
    assert!(fs::read(&image).expect("an image") == unsigned, "a dry run writes nothing");

    let signed = json(&with("sign", &image, &["--json".as_ref()]));
    let step = &signed["steps"][0];
    assert_eq!((step["kind"].as_str(), step["path"].as_str()), (Some("disk_image"), Some("Rp 1.0.dmg")));
    let identifier = step["identifier"].as_str().expect("text");
    assert!(identifier.starts_with("Rp 1-") && identifier.len() == "Rp 1-".len() + 40, "{identifier}");
    let once = fs::read(&image).expect("an image");
    assert!(once.starts_with(&unsigned[..unsigned.len() - 512]), "only the end is new");
    assert_eq!(with("sign", &image, &[]).code, 0);
    assert!(fs::read(&image).expect("an image") == once);

    let verify = json(&with("verify", &image, &["--json".as_ref()]));
    assert_eq!(
        (verify["ok"].as_bool(), verify["codes"][0]["identifier"].as_str()),
        (Some(true), Some(identifier))
    );
    assert_eq!(verify["notes"].as_array().map(Vec::len), Some(0));
    let mut changed = once.clone();
    changed[100] ^= 1;
    fs::write(&image, changed).expect("a file");
    let verify = with("verify", &image, &["--json".as_ref()]);
    let problems = json(&verify)["problems"].as_array().expect("a list").clone();
    assert_eq!(verify.code, 1);
    assert!(problems.iter().any(|one| one["code"] == "page-hash" && one["path"] == ""), "{problems:?}");
    assert!(problems.iter().any(|one| one["code"] == "data-checksum"), "{problems:?}");
}

#[test]
#[cfg(unix)]
fn a_signed_image_is_a_new_file_and_links_lead_to_it() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let (fixture, image, _) = packed();
    fs::set_permissions(&image, fs::Permissions::from_mode(0o640)).expect("a mode");
    let link = fixture.path().join("latest.dmg");
    std::os::unix::fs::symlink("Rp 1.0.dmg", &link).expect("a link");
    let before = fs::metadata(&image).expect("an image");
    assert_eq!(with("sign", &link, &[]).code, 0);
    let after = fs::metadata(&image).expect("an image");
    assert!(link.is_symlink() && before.ino() != after.ino());
    assert_eq!(after.mode() & 0o777, 0o640);
    let names: Vec<OsString> =
        fs::read_dir(fixture.path()).expect("a folder").flatten().map(|entry| entry.file_name()).collect();
    assert!(!names.iter().any(|name| name.to_string_lossy().starts_with(".writing")), "{names:?}");
}

#[test]
fn an_image_is_built_signed_and_the_same_twice() {
    let (fixture, _, password) = packed();
    let (key, out) = (identity("rsa.p12"), fixture.path().join("Signed.dmg"));
    let flags: [&OsStr; 7] = [
        "-o".as_ref(),
        out.as_ref(),
        "--identity".as_ref(),
        key.as_ref(),
        "--password-file".as_ref(),
        password.as_ref(),
        "--json".as_ref(),
    ];
    let built = with("dmg", &fixture.app("Rp"), &flags);
    let document = json(&built);
    assert_eq!(document["signature"]["identifier"], "Signed");
    assert_eq!(document["signature"]["identity"]["name"], "Bundlewright Test");
    let once = fs::read(&out).expect("an image");
    assert_eq!(document["bytes"].as_u64(), Some(once.len() as u64));
    let again = with("dmg", &fixture.app("Rp"), &flags[..6]);
    assert!(again.out.contains("Signed by Bundlewright Test as Signed\n"), "{again:?}");
    assert!(fs::read(&out).expect("an image") == once);
    let verify = with("verify", &out, &[]);
    assert_eq!(verify.code, 0, "{verify:?}");
    assert!(verify.out.contains("Authority=Bundlewright Test\n"), "{}", verify.out);
    assert!(verify.out.contains("designated => identifier Signed and certificate"), "{}", verify.out);

    let preflight = json(&with("preflight", &out, &["--json".as_ref()]));
    let checks = preflight["checks"].as_array().expect("a list");
    let outcome = |id: &str| checks.iter().find(|one| one["id"] == id).map(|one| one["outcome"].clone());
    assert_eq!(outcome("notary-disk-image-unsigned").expect("a check"), "passed");
    assert_eq!(outcome("notary-signature-invalid").expect("a check"), "passed");
    assert_eq!(outcome("notary-developer-id").expect("a check"), "failed");
    assert_eq!(outcome("notary-ticket-void"), None);
    let mut changed = once;
    changed[100] ^= 1;
    fs::write(&out, changed).expect("a file");
    let preflight = with("preflight", &out, &[]);
    assert!(
        preflight.out.contains("Signed.dmg: invalid signature (code or signature have been modified)"),
        "{preflight:?}"
    );
}

#[test]
fn an_image_that_cannot_be_looked_into_is_signed_and_its_signature_verified() {
    let (fixture, image, _) = packed();
    let raw: [&OsStr; 4] = ["-o".as_ref(), image.as_ref(), "--format".as_ref(), "udro".as_ref()];
    assert_eq!(with("dmg", &fixture.app("Rp"), &raw).code, 0);
    let mut bytes = fs::read(&image).expect("an image");
    // The volume header of HFS+, without which it is a volume of some other kind.
    let header = bytes.windows(4).position(|part| part == b"H+\0\x04").expect("a volume");
    bytes[header] = b'?';
    fs::write(&image, bytes).expect("a file");
    assert_refused(&with("verify", &image, &[]), 3, &["Rp 1.0.dmg", "holds a volume of the kind HFS"]);
    assert_eq!(with("sign", &image, &[]).code, 0);
    let verify = with("verify", &image, &[]);
    assert_eq!(verify.code, 0, "{verify:?}");
    for said in ["Signature=adhoc\n", "the volume was not checked: the image holds a volume of the kind HFS"]
    {
        assert!(verify.out.contains(said), "{verify:?}");
    }
}

#[test]
fn what_cannot_be_signed_is_named() {
    let (fixture, image, password) = packed();
    let path = |name: &str, bytes: &[u8]| {
        let path = fixture.path().join(name);
        fs::write(&path, bytes).expect("a file");
        path
    };
    let whole = fs::read(&image).expect("an image");
    let cut = path("cut.dmg", &whole[..whole.len() - 1]);
    assert_refused(&with("sign", &cut, &[]), 3, &["cut.dmg", "does not end in a UDIF trailer"]);
    let encrypted = path("secret.dmg", &[&b"encrcdsa"[..], &[0; 1000]].concat());
    assert_refused(&with("sign", &encrypted, &[]), 3, &["secret.dmg", "is an encrypted disk image"]);
    let empty = path("empty.dmg", b"");
    assert_refused(&with("sign", &empty, &[]), 3, &["empty.dmg", "is not a disk image"]);
    let mut odd = whole.clone();
    let trailer = odd.len() - 512;
    odd[trailer + 303] = 9;
    let odd = path("odd.dmg", &odd);
    assert_refused(&with("sign", &odd, &[]), 3, &["odd.dmg", "contradicts itself", "at byte 9"]);
    assert_refused(&with("sign", &image, &["--hardened-runtime".as_ref()]), 3, &["is a program's"]);
    let xml =
        b"<plist version=\"1.0\"><dict><key>com.apple.security.cs.allow-jit</key><true/></dict></plist>";
    let entitlements = path("e.plist", xml);
    let flags: [&OsStr; 2] = ["--entitlements".as_ref(), entitlements.as_ref()];
    assert_refused(&with("sign", &image, &flags), 3, &["entitlements are a program's"]);
    let wrong: [&OsStr; 4] = ["-o".as_ref(), image.as_ref(), "--password-file".as_ref(), password.as_ref()];
    let built = with("dmg", &fixture.app("Rp"), &wrong);
    assert_eq!(built.code, 2, "{built:?}");
    let server: [&OsStr; 4] =
        ["-o".as_ref(), image.as_ref(), "--timestamp-url".as_ref(), "http://x".as_ref()];
    assert_refused(&with("dmg", &fixture.app("Rp"), &server), 3, &["ad hoc signature"]);
    assert!(fs::read(&image).expect("an image") == whole);
}
