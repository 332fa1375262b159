//! What the signature of a disk image will say.

use std::path::Path;

use super::{Layout, TRAILER, has_ticket};
use crate::bundle;
use crate::codesign::blob::SuperBlob;
use crate::codesign::code_directory::{CS_ADHOC, CS_RUNTIME};
use crate::codesign::digest::{HashType, hex};
use crate::codesign::identifier;
use crate::codesign::{SignKind, SignOptions, SignPlan, SignStep};
use crate::failure::Failure;
use crate::macho::{Signature, SignatureState};
use crate::paths::BundlePath;

/// The plan of one step that signs the disk image at `path`, which is, or is to be, called `name`;
/// [`sign_disk_image`](crate::codesign::sign_disk_image) carries it out.
///
/// # Errors
/// [`Failure`] when the file cannot be read, is no UDIF image or contradicts itself, or when it is asked for what only code has.
pub fn plan_disk_image(path: &Path, name: &str, options: &SignOptions) -> Result<SignPlan, Failure> {
    let image = bundle::map(path).map_err(|error| Failure::io(path, "read", &error))?;
    let layout = Layout::of(path, &image)?;
    if options.entitlements.is_some() || options.hardened_runtime {
        let (what, flag) = match options.entitlements {
            Some(_) => ("entitlements are", "--entitlements"),
            None => ("the hardened runtime is", "--hardened-runtime"),
        };
        let what = format!("is a disk image, and {what} a program's");
        return Err(Failure::new(
            path,
            what,
            format!("sign it without {flag}, and the app before it goes in"),
        ));
    }
    let mut step = SignStep {
        path: BundlePath::new(name).unwrap_or_default(),
        kind: SignKind::DiskImage,
        identifier: String::new(),
        flags: if options.signer.is_some() { 0 } else { CS_ADHOC },
        entitlements: None,
        keeps: Vec::new(),
        adds: Vec::new(),
        drops: Vec::new(),
        warnings: Vec::new(),
    };
    let old = layout.signature.map(Signature::parse);
    decide_identifier(&mut step, name, old.as_ref(), &layout.trailer, options);
    if let Some(old) = &old {
        drop_old(&mut step, old, options);
    }
    if layout.signature.and_then(|old| SuperBlob::parse(old).ok()).is_some_and(|old| has_ticket(&old)) {
        step.drops.push("stapled notarization ticket (it is of the old signature)".to_owned());
    }
    Ok(SignPlan::new(vec![step], options))
}

/// The old identifier, else the file's name; ad hoc and without a dot, with the hash of the trailer
/// (`DiskImageRep::identification`).
fn decide_identifier(
    step: &mut SignStep,
    name: &str,
    old: Option<&Signature>,
    trailer: &[u8; TRAILER],
    options: &SignOptions,
) {
    let plain = identifier::canonical(name);
    let plain = if identifier::is_usable(plain) { plain } else { "disk-image" };
    let mark = format!("-{}", hex(&HashType::Sha1.digest(trailer)));
    let old = old.and_then(|old| old.identifier.as_deref()).filter(|old| identifier::is_usable(old));
    step.identifier = match (old, &options.signer) {
        // With an identity the mark that makes an ad hoc identifier unique is of no use.
        (Some(old), Some(_)) => {
            old.strip_suffix(&mark).filter(|name| !name.is_empty()).unwrap_or(old).to_owned()
        }
        (Some(old), None) => old.to_owned(),
        (None, None) if !plain.contains('.') => format!("{plain}{mark}"),
        (None, _) => plain.to_owned(),
    };
    step.keeps.extend(old.map(|_| "identifier".to_owned()));
}

/// What of the old signature goes.
fn drop_old(step: &mut SignStep, old: &Signature, options: &SignOptions) {
    let team = options.signer.as_ref().and_then(|signer| signer.identity().team());
    match (old.state, old.team.as_deref()) {
        (SignatureState::Cms, Some(old)) if Some(old) == team => step.keeps.push(format!("team {old}")),
        (SignatureState::Cms, Some(old)) => step.drops.push(format!("signature of team {old}")),
        (SignatureState::Cms, None) => step.drops.push("signature with a certificate".to_owned()),
        (SignatureState::Unreadable, _) => step.drops.push("signature that cannot be read".to_owned()),
        _ => {}
    }
    if old.flags & CS_RUNTIME != 0 {
        step.drops.push("hardened runtime (a disk image is no program)".to_owned());
    }
}
