//! Checks the CMS signature over code (Security, `SecStaticCode::verifySignature`): what was signed, by whose key, who issued
//! its certificate, and when.
//!
//! No clock is read: certificates are held against the time of the signature. That nobody known stands behind a chain is
//! told ([`Authority::is_apples`]) and no fault, since what a Mac trusts is for its owner to say.

use std::collections::BTreeMap;

use der::asn1::{ObjectIdentifier, OctetString};
use der::{Encode, Tag};

use super::key::{Hash, Made, check, check_issuer};
use super::read::{CONTENT_TYPE, MESSAGE_DIGEST, Message, Signer};
use super::timestamp::check_token;
use crate::bundle::InfoPlist;
use crate::codesign::asn1::{Element, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE};
use crate::codesign::authority::{Authority, date};
use crate::codesign::certificate::{APP_STORE, APPLE_LEAF, CODE_SIGNING, Certificate};
use crate::codesign::check_code::CodeReport;
use crate::codesign::check_signature::MODIFIED;
use crate::codesign::code_directory::CodeDirectory;
use crate::codesign::digest::HashType;
use crate::macho::Arch;

const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
/// A property list with all cdhashes, and the whole hash of each code directory.
const HASH_AGILITY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113635.100.9.1");
const HASH_AGILITY_2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113635.100.9.2");

/// A chain that does not hold: what codesign prints for it.
const NOT_TRUSTED: &str = "CSSMERR_TP_NOT_TRUSTED";
/// `errSecTimestampInvalid`.
const BAD_TIMESTAMP: &str = "the timestamp was not valid";
/// `errSecCSBadTeamIdentifier`.
const BAD_TEAM: &str = "a Team Identifier is wrong or inappropriate";

/// Who signed code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::codesign) struct Signatory {
    pub authority: Authority,
    /// From the leaf up, if signature and chain hold.
    pub chain: Option<Vec<Certificate>>,
}

/// Checks the contents of a CMS slot over `directories`, of which the first is that of slot 0.
pub(in crate::codesign) fn check_cms(
    report: &mut CodeReport,
    arch: Option<Arch>,
    cms: &[u8],
    directories: &[&CodeDirectory],
) -> Option<Signatory> {
    let mut say = |code: &'static str, words: &str, result: Result<(), String>| {
        let holds = result.is_ok();
        report.expect(holds, arch, code, || format!("{words}: {}", result.err().unwrap_or_default()));
        holds
    };
    let message = Message::read(cms);
    let signer = match &message {
        None => Err("its CMS cannot be read".to_owned()),
        Some(message) if message.content.is_some() => Err("its CMS holds what it signs".to_owned()),
        Some(message) => the_signer(message).map(|signer| (message, signer)),
    };
    let Ok((message, signer)) = signer.clone() else {
        say("cms-malformed", MODIFIED, signer.map(|_| ()));
        return None;
    };
    let primary = directories.first()?;
    say("cms-digest", MODIFIED, check_content(signer, &DATA, primary.bytes));
    say("cms-attributes", MODIFIED, check_agility(signer, directories));
    let chain = message.chain(signer, |issuer, issued| check_issuer(issuer, issued).is_ok());
    let Some(chain) = chain else {
        say("cms-chain", MODIFIED, Err("the certificate of its signer is not in its CMS".to_owned()));
        return None;
    };
    let holds = say("cms-signature", MODIFIED, check_value(signer, &chain[0]));
    let is_linked = say("cms-chain", NOT_TRUSTED, check_chain(&chain));
    say("cms-chain", NOT_TRUSTED, check_usage(&chain[0]));
    let mut time = signer.signing_time();
    if signer.has_timestamp() {
        let stamp = match signer.timestamp() {
            Some(token) => check_token(&token, signer.value.as_bytes()),
            None => Err("it cannot be read".to_owned()),
        };
        time = stamp.as_ref().ok().map(|stamp| stamp.time).or(time);
        say("cms-timestamp", BAD_TIMESTAMP, stamp.map(|_| ()));
    }
    if let Some(time) = time {
        let (word, result) = validity(&chain, time);
        say("cms-chain", word, result);
    }
    say("team-mismatch", BAD_TEAM, check_team(&chain, directories));
    let authority = Authority::of(signer, &chain);
    Some(Signatory { authority, chain: Some(chain).filter(|_| holds && is_linked) })
}

/// # Errors
/// That there is none, or more than one: Security looks at the first alone, and the others would be for show.
pub(super) fn the_signer(message: &Message) -> Result<&Signer, String> {
    match &message.signers[..] {
        [one] => Ok(one),
        all => Err(format!("its CMS has {} signers", all.len())),
    }
}

/// Checks that the signed attributes are about `content` of this kind.
///
/// # Errors
/// What is wrong, as a clause.
pub(super) fn check_content(signer: &Signer, kind: &ObjectIdentifier, content: &[u8]) -> Result<(), String> {
    if signer.value_of::<ObjectIdentifier>(&CONTENT_TYPE) != Some(*kind) {
        return Err("its CMS says that it signs something else".to_owned());
    }
    let hash = signer.hash().ok_or("its CMS has a hash of a kind that is not known here")?;
    match signer.value_of::<OctetString>(&MESSAGE_DIGEST) {
        Some(digest) if digest.as_bytes() == hash.digest(content) => Ok(()),
        Some(_) => Err("the message digest in its CMS is of something else".to_owned()),
        None => Err("its CMS has no message digest".to_owned()),
    }
}

/// Checks the value of the signature with the key of `leaf`.
///
/// # Errors
/// Why it does not hold, as a clause.
pub(super) fn check_value(signer: &Signer, leaf: &Certificate) -> Result<(), String> {
    let signed = signer.signed_bytes().ok_or("its CMS has no signed attributes")?;
    let algorithm = signer.algorithm.oid.to_string();
    let made = Made { algorithm: &algorithm, hash: signer.hash(), value: signer.value.as_bytes() };
    check(leaf, &signed, &made).map_err(|why| format!("the signature in its CMS does not hold: {why}"))
}

/// Checks that each certificate was issued by the next, and a self-issued one by itself.
///
/// # Errors
/// Which was not, as a clause.
pub(super) fn check_chain(chain: &[Certificate]) -> Result<(), String> {
    for pair in chain.windows(2) {
        let [issued, issuer] = pair else { continue };
        let name = issued.name();
        check_issuer(issuer, issued)
            .map_err(|why| format!("the certificate {name} is forged or damaged: {why}"))?;
        if !issuer.is_authority {
            return Err(format!(
                "{} issued the certificate {name} and is no certificate authority",
                issuer.name()
            ));
        }
    }
    match chain.last().filter(|last| last.is_self_issued()) {
        Some(root) => check_issuer(root, root)
            .map_err(|why| format!("the certificate {} is forged or damaged: {why}", root.name())),
        None => Ok(()),
    }
}

/// The code signing policy (Security, `SecPolicyCreateCodeSigning`).
fn check_usage(leaf: &Certificate) -> Result<(), String> {
    match (leaf.is_for(CODE_SIGNING), leaf.may_sign) {
        (false, _) => Err(format!("the certificate {} is not for code signing", leaf.name())),
        (true, false) => Err(format!("the key of {} is not for signatures", leaf.name())),
        (true, true) => Ok(()),
    }
}

/// Checks that every certificate was valid at `time`, in seconds since 1970.
///
/// # Errors
/// Which was not, as a clause.
pub(super) fn check_validity(chain: &[Certificate], time: u64) -> Result<(), String> {
    validity(chain, time).1
}

/// With the word that codesign prints.
fn validity(chain: &[Certificate], time: u64) -> (&'static str, Result<(), String>) {
    let outside = chain.iter().find(|one| time < one.not_before || time > one.not_after);
    let Some(one) = outside else { return (NOT_TRUSTED, Ok(())) };
    let word = if time > one.not_after { "CSSMERR_TP_CERT_EXPIRED" } else { "CSSMERR_TP_CERT_NOT_VALID_YET" };
    let (from, to) = (date(one.not_before), date(one.not_after));
    let what = format!(
        "the certificate {} is valid from {from} to {to}, and this was signed on {}",
        one.name(),
        date(time)
    );
    (word, Err(what))
}

/// A developer's certificate from Apple names the team in its organizational unit. What the App Store signs bears the team of
/// whoever made it.
pub(super) fn check_team(chain: &[Certificate], directories: &[&CodeDirectory]) -> Result<(), String> {
    let leaf = &chain[0];
    let is_developers =
        leaf.extensions.iter().any(|oid| oid.starts_with(APPLE_LEAF)) && !leaf.has_extension(APP_STORE);
    let Some(unit) = leaf.unit.as_deref().filter(|_| is_developers) else { return Ok(()) };
    if !chain.last().is_some_and(|root| root.is_apple_root) {
        return Ok(());
    }
    match directories.iter().find(|one| one.team != Some(unit)) {
        None => Ok(()),
        Some(other) => {
            let team = other.team.unwrap_or("no team");
            Err(format!("the code says {team}, but the certificate {} is of {unit}", leaf.name()))
        }
    }
}

/// Checks the attributes by which one signature covers every code directory.
fn check_agility(signer: &Signer, directories: &[&CodeDirectory]) -> Result<(), String> {
    if signer.attribute(&HASH_AGILITY).is_some() {
        let plist = signer.value_of::<OctetString>(&HASH_AGILITY);
        let plist = plist.and_then(|plist| InfoPlist::read(plist.as_bytes()).ok());
        let listed =
            plist.as_ref().and_then(|plist| plist.value.as_dictionary()?.get("cdhashes")?.as_array());
        let listed: Option<Vec<&[u8]>> =
            listed.and_then(|all| all.iter().map(plist::Value::as_data).collect());
        // In the order of the kinds, as `SecStaticCode::cdHashes` has them.
        let mut by_kind: Vec<&&CodeDirectory> = directories.iter().collect();
        by_kind.sort_by_key(|one| one.hash_type.raw());
        let own = by_kind.iter().map(|one| one.cdhash().0);
        if !listed.is_some_and(|listed| listed.iter().copied().eq(own.map(Vec::from).collect::<Vec<_>>())) {
            return Err("the list of cdhashes in its CMS is not of its code directories".to_owned());
        }
    }
    if let Some(values) = signer.attribute(&HASH_AGILITY_2) {
        let listed: Option<BTreeMap<ObjectIdentifier, Vec<u8>>> = values
            .iter()
            .map(|value| {
                let der = value.to_der().ok().filter(|_| value.header().tag() == Tag::Sequence)?;
                let parts = Element::read(&der)?.parts(SEQUENCE)?;
                let kind = ObjectIdentifier::from_bytes(parts.first()?.is(OBJECT_IDENTIFIER)?).ok()?;
                Some((kind, parts.get(1)?.is(OCTET_STRING)?.to_vec()))
            })
            .collect();
        let own: BTreeMap<ObjectIdentifier, Vec<u8>> =
            directories.iter().map(|one| whole_hash(one)).collect();
        if listed != Some(own) || values.len() != directories.len() {
            return Err(
                "the hashes of code directories in its CMS are not of those that are there".to_owned()
            );
        }
    }
    Ok(())
}

/// The kind of hash of a code directory as an object identifier, and the hash of the directory, uncut.
fn whole_hash(directory: &CodeDirectory) -> (ObjectIdentifier, Vec<u8>) {
    let hash = match directory.hash_type {
        HashType::Sha1 => Hash::Sha1,
        HashType::Sha256 | HashType::Sha256Truncated => Hash::Sha256,
        HashType::Sha384 => Hash::Sha384,
        HashType::Sha512 => Hash::Sha512,
    };
    (hash.object_identifier(), hash.digest(directory.bytes))
}
