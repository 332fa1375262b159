use std::fs;

use super::*;

/// 2027-01-15.
const NOW: u64 = 1_800_000_000;

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/identities").join(name)
}

fn bytes(name: &str) -> Vec<u8> {
    fs::read(path(name)).expect("a fixture")
}

fn password() -> Password {
    Password::new("secret word")
}

fn identity(name: &str) -> Identity {
    Identity::open(&path(name), &password()).unwrap()
}

/// Why the file yields nothing to sign with, without its path.
fn refusal(name: &str, password: &Password, time: u64) -> String {
    let opened = Identity::open(&path(name), password).and_then(|identity| identity.check(time));
    let text = opened.expect_err(name).to_string();
    text.split_once(": ").expect("a path").1.to_owned()
}

#[test]
fn every_kind_of_file_is_read() {
    let names =
        ["rsa.p12", "legacy.p12", "tripledes.p12", "p256.pem", "locked.pem", "traditional.pem", "chain.p12"];
    for name in names {
        let identity = identity(name);
        assert!(identity.name().starts_with("Bundlewright Test"), "{name}");
        identity.check(NOW).unwrap();
        assert!(identity.sign(b"message").is_some(), "{name}");
        assert_eq!((identity.team(), identity.is_apples()), (None, false), "{name}");
    }
    assert_eq!(
        Identity::open(&path("no-password.p12"), &Password::default()).unwrap().name(),
        "Bundlewright Test"
    );
}

#[test]
fn old_and_new_encryption_lock_the_same_key() {
    let signature = |name| identity(name).sign(b"message").unwrap();
    assert_eq!(signature("rsa.p12"), signature("legacy.p12"));
    assert_eq!(signature("rsa.p12"), signature("tripledes.p12"));
    assert_eq!(signature("p256.pem"), signature("locked.pem"));
    assert_eq!(signature("p256.pem"), signature("traditional.pem"));
}

#[test]
fn the_chain_goes_from_the_leaf_to_the_root() {
    let chain = identity("chain.p12");
    let names: Vec<&str> = chain.certificates().iter().map(Certificate::name).collect();
    assert_eq!(names, ["Bundlewright Test Chain", "Bundlewright Test CA", "Bundlewright Test Root"]);
    assert!(
        !chain.is_incomplete() && chain.team().is_none(),
        "an organizational unit is a team in Apple's certificates only"
    );
}

#[test]
fn apples_certificates_have_a_team() {
    let developer_id = identity("developer-id.p12");
    assert_eq!(developer_id.team(), Some("TEAM123456"));
    assert!(developer_id.is_developer_id() && developer_id.is_incomplete());
}

#[test]
fn a_wrong_password_is_told_from_none() {
    for name in ["rsa.p12", "legacy.p12", "locked.pem"] {
        assert!(
            refusal(name, &Password::new("wrong"), NOW).starts_with("does not open with this password"),
            "{name}"
        );
        assert!(
            refusal(name, &Password::default(), NOW)
                .starts_with("is locked with a password; give its password"),
            "{name}"
        );
    }
}

#[test]
fn what_is_no_identity_is_refused_by_name() {
    let of = |name| refusal(name, &password(), NOW);
    assert!(of("no-key.pem").starts_with("holds no private key; export"), "{}", of("no-key.pem"));
    assert!(of("certificate.cer").starts_with("holds no private key"));
    let mismatch = of("mismatch.pem");
    assert!(mismatch.starts_with(
        "holds a private key and certificates that do not belong together: Bundlewright Test Chain"
    ));
    assert!(of("p521.pem").starts_with("holds a private key on the curve 1.3.132.0.35"));
    assert!(of("../README.md").starts_with("is neither PKCS#12 nor PEM"));
    assert!(of("nowhere.p12").starts_with("could not read"));
}

#[test]
fn a_certificate_for_something_else_is_refused_by_name() {
    let of = |name| refusal(name, &password(), NOW);
    assert!(
        of("web-server.p12").starts_with("has a certificate that is not for code signing"),
        "{}",
        of("web-server.p12")
    );
    assert!(of("installer.p12").starts_with("is a Developer ID Installer certificate, which signs packages"));
    assert!(of("distribution.p12").starts_with("is a distribution certificate for the Mac App Store"));
    assert!(of("weak.p12").starts_with("has a weak key: RSA with 1024 bits"));
}

#[test]
fn a_certificate_has_its_time() {
    let past = refusal("rsa.p12", &password(), 946_684_800);
    assert!(
        past.contains("is valid only from") && past.contains("and this is 2000-01-01: Bundlewright Test"),
        "{past}"
    );
    let future = refusal("chain.p12", &password(), 4_000_000_000);
    assert!(future.contains("has a certificate that expired on") && future.contains("renew it"), "{future}");
}

#[test]
fn a_password_is_never_shown() {
    assert_eq!(format!("{:?}", password()), "Password(…)");
    assert!(!format!("{:?}", identity("rsa.p12")).contains("secret"));
    let spelled = |text: &str| Password::from_lines(text.to_owned()).as_bytes().to_vec();
    assert_eq!(
        [spelled("a b\n"), spelled("a b\r\n"), spelled("a\n\n")],
        [b"a b".to_vec(), b"a b".to_vec(), b"a\n".to_vec()]
    );
}

#[test]
fn a_broken_file_is_refused_and_never_a_panic() {
    let open = |bytes: &[u8]| Identity::read(Path::new("x"), bytes, &password());
    for name in ["rsa.p12", "legacy.p12", "p256.pem", "locked.pem"] {
        let whole = bytes(name);
        for length in (0..whole.len()).step_by(7) {
            assert!(open(&whole[..length]).is_err(), "{name} cut at {length}");
        }
    }
    let whole = bytes("p256.pem");
    for at in 0..whole.len() {
        let mut broken = whole.clone();
        broken[at] ^= 0x15;
        let _ = open(&broken);
    }
    let whole = bytes("rsa.p12");
    for at in (0..whole.len()).step_by(127) {
        let mut broken = whole.clone();
        broken[at] ^= 0x55;
        let _ = open(&broken);
    }
}

#[test]
fn a_file_that_asks_for_endless_work_is_refused() {
    let mut whole = bytes("rsa.p12");
    // The last element is the number of rounds of the seal: 2048.
    let at = whole.len() - 2;
    assert_eq!(whole[at - 2..], [2, 2, 8, 0]);
    whole[at] = 0x7f;
    assert!(pkcs12::read(&whole, &password()).is_err());
}
