//! Signatures of made-up identities and one of Apple's own signer, whole and with each part changed.

use std::path::Path;

use der::asn1::ObjectIdentifier;
use sha2::{Digest, Sha256};

use super::verify::{Signatory, check_chain, check_cms, check_team};
use super::write::Signed;
use crate::codesign::asn1::{
    CONTEXT_0, INTEGER, NULL, OBJECT_IDENTIFIER, OCTET_STRING, SET, element, sequence, set,
};
use crate::codesign::certificate::{APP_STORE, Certificate, DEVELOPER_ID_APPLICATION};
use crate::codesign::check_code::CodeReport;
use crate::codesign::code_directory::{CodeDirectory, ExecSegment, NewDirectory};
use crate::codesign::digest::HashType;
use crate::codesign::identity::{Identity, Password};

/// 2027-01-15 and 2020-01-01.
const NOW: u64 = 1_800_000_000;
const BEFORE: u64 = 1_577_836_800;

fn fixture(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(path)
}

fn identity(name: &str) -> Identity {
    Identity::open(&fixture("identities").join(name), &Password::new("secret word")).unwrap()
}

fn directory(hash_type: HashType) -> Vec<u8> {
    let code = [7; 100];
    let new = NewDirectory {
        identifier: "org.example.x",
        team: None,
        flags: 0,
        hash_type,
        page_log2: 12,
        exec_segment: ExecSegment::default(),
        runtime: 0,
        special: std::collections::BTreeMap::new(),
        code_limit: code.len(),
    };
    new.build(&code)
}

/// Codes and messages of what is wrong, and who signed.
fn faults(cms: &[u8], directories: &[Vec<u8>]) -> (Vec<(&'static str, String)>, Option<Signatory>) {
    let parsed: Vec<CodeDirectory> =
        directories.iter().map(|one| CodeDirectory::parse(one).unwrap()).collect();
    let mut report = CodeReport::default();
    let signatory = check_cms(&mut report, None, cms, &parsed.iter().collect::<Vec<_>>());
    let faults = report.faults.into_iter().map(|fault| (fault.code, fault.message)).collect();
    (faults, signatory)
}

fn codes(cms: &[u8], directories: &[Vec<u8>]) -> Vec<&'static str> {
    faults(cms, directories).0.into_iter().map(|(code, _)| code).collect()
}

fn object(dotted: &str) -> Vec<u8> {
    element(OBJECT_IDENTIFIER, ObjectIdentifier::new_unwrap(dotted).as_bytes())
}

fn sha256() -> Vec<u8> {
    sequence(&[&object("2.16.840.1.101.3.4.2.1"), &NULL])
}

/// A token by `server` over `value`, of a time as RFC 3161 writes it.
fn token(server: &Identity, value: &[u8], time: &str) -> Vec<u8> {
    const TST_INFO: &str = "1.2.840.113549.1.9.16.1.4";
    let certificate = &server.certificates()[0];
    let imprint = sequence(&[&sha256(), &element(OCTET_STRING, &Sha256::digest(value))]);
    let info = sequence(&[
        &element(INTEGER, &[1]),
        &object("1.2.3"),
        &imprint,
        &element(INTEGER, &[9]),
        &element(0x18, time.as_bytes()),
    ]);
    let attribute = |kind: &str, value: Vec<u8>| sequence(&[&object(kind), &element(SET, &value)]);
    let named = sequence(&[&sequence(&[&sequence(&[&element(OCTET_STRING, &certificate.sha256())])])]);
    let mut attributes = set(vec![
        attribute("1.2.840.113549.1.9.3", object(TST_INFO)),
        attribute("1.2.840.113549.1.9.4", element(OCTET_STRING, &Sha256::digest(&info))),
        attribute("1.2.840.113549.1.9.16.2.47", named),
    ]);
    let signature = server.sign(&attributes).unwrap();
    attributes[0] = CONTEXT_0;
    let signer = sequence(&[
        &element(INTEGER, &[1]),
        &sequence(&[&certificate.issuer, &certificate.serial]),
        &sha256(),
        &attributes,
        &server.algorithm(),
        &element(OCTET_STRING, &signature),
    ]);
    let data = sequence(&[
        &element(INTEGER, &[3]),
        &element(SET, &sha256()),
        &sequence(&[&object(TST_INFO), &element(CONTEXT_0, &element(OCTET_STRING, &info))]),
        &element(CONTEXT_0, &certificate.der),
        &element(SET, &signer),
    ]);
    sequence(&[&object("1.2.840.113549.1.7.2"), &element(CONTEXT_0, &data)])
}

/// The signature of `name` over `directories`, which says that it was at `time`; stamped at `stamped`.
fn signed(name: &str, time: u64, directories: &[Vec<u8>], stamped: Option<(&str, &str)>) -> Vec<u8> {
    let identity = identity(name);
    let bytes: Vec<&[u8]> = directories.iter().map(Vec::as_slice).collect();
    let signed = Signed::new(&identity, time, &bytes).unwrap();
    let token = stamped.map(|(server, at)| token(&self::identity(server), &signed.value, at));
    signed.encode(token.as_deref())
}

const STAMPED: Option<(&str, &str)> = Some(("timestamps.pem", "20270115080000.5Z"));

fn both() -> Vec<Vec<u8>> {
    vec![directory(HashType::Sha1), directory(HashType::Sha256)]
}

/// `bytes` with one bit of the `nth` place of `part` changed, `at` bytes from its start.
fn flipped(bytes: &[u8], part: &[u8], nth: usize, at: usize) -> Vec<u8> {
    let mut places = (0..bytes.len()).filter(|start| bytes[*start..].starts_with(part));
    let start = places.nth(nth).expect("the part");
    let mut changed = bytes.to_vec();
    changed[start + at] ^= 1;
    changed
}

#[test]
fn what_is_signed_here_holds() {
    for name in ["rsa.p12", "p256.pem", "chain.p12"] {
        for stamped in [None, STAMPED] {
            let cms = signed(name, NOW, &both(), stamped);
            let (faults, signatory) = faults(&cms, &both());
            assert_eq!(faults, [], "{name}");
            let Some(Signatory { authority, chain: Some(chain) }) = signatory else { panic!("{name}") };
            assert_eq!(authority.names[0], identity(name).name());
            assert_eq!(
                (authority.is_apples, authority.is_whole),
                (false, true),
                "nobody known, and no fault"
            );
            assert_eq!(authority.signed_time, Some(NOW));
            assert_eq!(authority.timestamp, stamped.map(|_| NOW));
            assert_eq!(chain.len(), if name == "chain.p12" { 3 } else { 1 });
        }
    }
}

#[test]
fn apples_own_signature_holds_with_chain_and_timestamp() {
    let (cms, directory) = (std::fs::read(fixture("cms/java.cms")), std::fs::read(fixture("cms/java.cd")));
    let (cms, directories) = (cms.unwrap(), vec![directory.unwrap()]);
    let (found, signatory) = faults(&cms, &directories);
    assert_eq!(found, []);
    let Some(Signatory { authority, chain: Some(chain) }) = signatory else { panic!("no chain") };
    assert_eq!(
        authority.names,
        [
            "Developer ID Application: Eclipse Foundation, Inc. (JCDTMS22B4)",
            "Developer ID Certification Authority",
            "Apple Root CA"
        ]
    );
    assert!(authority.is_apples && chain[2].is_apple_root);
    assert_eq!(authority.not_developer_id, None);
    assert_eq!((authority.timestamp, authority.signed_time), (Some(1_768_988_497), Some(1_768_988_497)));
    assert_eq!(chain[0].subject_field("OU"), Some("JCDTMS22B4"));
    // Apple's root is signed with SHA-1, its server's token comes with three certificates.
    for root in [&chain[2].der, &chain[1].der] {
        assert_eq!(codes(&flipped(&cms, root, 0, root.len() - 20), &directories)[0], "cms-chain");
    }
    let mut others = directories.clone();
    others[0][700] ^= 1;
    assert_eq!(codes(&cms, &others), ["cms-digest", "cms-attributes"]);
}

#[test]
fn each_part_is_missed_when_it_is_changed() {
    let (directories, identity) = (both(), identity("chain.p12"));
    let [leaf, middle, root] = identity.certificates() else { panic!("three") };
    let cms = signed("chain.p12", NOW, &directories, STAMPED);
    let server = self::identity("timestamps.pem").certificates()[0].clone();
    let bytes: Vec<&[u8]> = directories.iter().map(Vec::as_slice).collect();
    let value = Signed::new(&identity, NOW, &bytes).unwrap().value;
    let (digest, other) = (Sha256::digest(&directories[0]), Sha256::digest(&directories[1]));
    let end = |certificate: &Certificate| certificate.der.len() - 5;
    /// What it is called, its bytes, which of their places, how far in, and what that is told by.
    type Case<'a> = (&'a str, &'a [u8], usize, usize, &'a [&'a str]);
    let cases: [Case; 14] = [
        ("message digest", &digest, 0, 9, &["cms-digest", "cms-signature"]),
        ("9.2", &other, 0, 9, &["cms-attributes", "cms-signature"]),
        ("9.1", b"<data>\n\t\t", 1, 12, &["cms-attributes", "cms-signature"]),
        ("signing time", b"270115080000Z", 0, 5, &["cms-signature"]),
        ("value", &value, 0, value.len() - 3, &["cms-signature", "cms-timestamp"]),
        ("key of the leaf", &leaf.public_key, 0, 20, &["cms-signature", "cms-chain"]),
        ("signature of the leaf", &leaf.der, 0, end(leaf), &["cms-chain"]),
        ("signature of the middle", &middle.der, 0, end(middle), &["cms-chain"]),
        ("signature of the root", &root.der, 0, end(root), &["cms-chain"]),
        ("serial number of the leaf", &leaf.serial, 0, 6, &["cms-chain"]),
        ("imprint", &Sha256::digest(&value), 0, 3, &["cms-timestamp"]),
        ("time of the token", b"20270115080000.5Z", 0, 13, &["cms-timestamp"]),
        ("key of the server", &server.public_key, 0, 20, &["cms-timestamp"]),
        ("signature of the server's certificate", &server.der, 0, end(&server), &["cms-timestamp"]),
    ];
    for (what, part, nth, at, wanted) in cases {
        assert_eq!(codes(&flipped(&cms, part, nth, at), &directories), wanted, "{what}");
    }
    let mut last = cms.clone();
    *last.last_mut().unwrap() ^= 1;
    assert_eq!(codes(&last, &directories), ["cms-timestamp"], "the value of the token stands last");
}

#[test]
fn a_signature_is_over_all_directories_and_no_other() {
    let cms = signed("rsa.p12", NOW, &both(), None);
    assert_eq!(codes(&cms, &both()[..1]), ["cms-attributes"], "one is gone");
    let swapped: Vec<Vec<u8>> = both().into_iter().rev().collect();
    assert_eq!(codes(&cms, &swapped), ["cms-digest"]);
    let alone = signed("rsa.p12", NOW, &both()[..1], None);
    assert_eq!(codes(&alone, &both()), ["cms-attributes"], "one is new");
    for cut in [0, 1, 40, cms.len() - 1] {
        assert_eq!(codes(&cms[..cut], &both()), ["cms-malformed"], "{cut} bytes");
    }
}

#[test]
fn certificates_have_to_be_valid_when_it_was_signed_and_for_it() {
    let message = |cms: &[u8]| {
        let (faults, _) = faults(cms, &both());
        assert_eq!(faults.len(), 1, "{faults:?}");
        faults[0].clone()
    };
    let early = message(&signed("rsa.p12", BEFORE, &both(), None));
    assert_eq!(early.0, "cms-chain");
    assert!(
        early.1.starts_with("CSSMERR_TP_CERT_NOT_VALID_YET: the certificate Bundlewright Test is valid from"),
        "{early:?}"
    );
    let late = message(&signed("rsa.p12", 4_000_000_000, &both(), None));
    assert!(
        late.1.starts_with("CSSMERR_TP_CERT_EXPIRED: ") && late.1.contains("signed on 2096-10-02"),
        "{late:?}"
    );
    // What a server says counts, not what the signer says.
    assert_eq!(codes(&signed("rsa.p12", BEFORE, &both(), STAMPED), &both()), [""; 0]);
    let server = message(&signed("rsa.p12", NOW, &both(), Some(("timestamps.pem", "20200101000000Z"))));
    assert!(server.0 == "cms-timestamp" && server.1.contains("is valid from"), "{server:?}");
    let other = message(&signed("rsa.p12", NOW, &both(), Some(("p256.pem", "20270115080000Z"))));
    assert!(
        other.1
            == "the timestamp was not valid: the certificate Bundlewright Test P-256 is not for timestamps",
        "{other:?}"
    );
    let web = message(&signed("web-server.p12", NOW, &both(), None));
    assert!(web.1.ends_with("the certificate Bundlewright Web Server is not for code signing"), "{web:?}");
}

#[test]
fn who_is_no_authority_issues_nothing() {
    let mut chain = identity("chain.p12").certificates().to_vec();
    assert_eq!(check_chain(&chain), Ok(()));
    chain[1].is_authority = false;
    assert!(check_chain(&chain).unwrap_err().contains("Bundlewright Test CA issued the certificate"));
}

#[test]
fn the_team_is_that_of_the_certificate() {
    let bytes = directory(HashType::Sha256);
    let parsed = CodeDirectory::parse(&bytes).unwrap();
    let check = |team: Option<&str>, mark: &str, is_apple_root: bool| {
        let leaf = Certificate {
            unit: Some("TEAM123456".to_owned()),
            extensions: vec![mark.to_owned()],
            ..Certificate::default()
        };
        let root = Certificate { is_apple_root, ..Certificate::default() };
        let mut directory = parsed.clone();
        directory.team = team;
        check_team(&[leaf, root], &[&directory])
    };
    assert_eq!(check(Some("TEAM123456"), DEVELOPER_ID_APPLICATION, true), Ok(()));
    assert!(
        check(Some("OTHER"), DEVELOPER_ID_APPLICATION, true).unwrap_err().starts_with("the code says OTHER")
    );
    assert!(check(None, DEVELOPER_ID_APPLICATION, true).is_err());
    assert_eq!(check(Some("OTHER"), APP_STORE, true), Ok(()), "the store signs for every team");
    assert_eq!(check(None, DEVELOPER_ID_APPLICATION, false), Ok(()), "a made-up certificate grants no team");
}

#[test]
fn a_message_cut_or_changed_anywhere_never_panics() {
    let directories = both();
    let cms = signed("p256.pem", NOW, &directories, STAMPED);
    for at in (0..cms.len()).step_by(3) {
        let mut changed = cms.clone();
        changed[at] ^= 0x81;
        let _ = (faults(&cms[..at], &directories), faults(&changed, &directories));
    }
}
