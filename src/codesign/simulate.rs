//! What signing makes of the model, so that a plan can be compared with what a scan finds afterwards.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::entitlements::needs_profile;
use super::layout::{CodeBundle, Nodes, children, is_file, known_bundles};
use super::plan::COMMAND_SIZE;
use super::{SignKind, SignPlan, SignStep, Signer};
use crate::bundle::{Bundle, Image, Node};
use crate::macho::{Cms, Signature, SignatureState};
use crate::paths::BundlePath;

/// Carries `plan` out on the model. Afterwards, in every slice of every file that a step signs, the signature is what
/// a scan will read, and `header_room` is 16 less where LC_CODE_SIGNATURE was added; `_CodeSignature` holds exactly
/// the files that signing leaves there.
///
/// Lengths are not modelled: those of signed files and slices, and where their slices start, stay as they were, and
/// the files of `_CodeSignature` get 0.
pub fn simulate(bundle: &mut Bundle, plan: &SignPlan) {
    let known = known_bundles(bundle);
    for step in &plan.steps {
        let sealed = known.iter().find(|one| step.kind == SignKind::Bundle && one.bundle.path == step.path);
        let code = sealed.map_or(Some(&step.path), |one| one.executable.as_ref());
        if let Some(image) = code.and_then(|path| bundle.images.get_mut(path)) {
            sign_image(image, step, plan.signer.as_ref());
        }
        if let Some(one) = sealed {
            place_seal(&mut bundle.nodes, &one.bundle, !one.has_code);
        }
    }
}

/// Without what a step takes away because only a profile grants it.
fn allowed(claims: BTreeSet<String>) -> BTreeSet<String> {
    claims.into_iter().filter(|key| !needs_profile(key)).collect()
}

fn sign_image(image: &mut Arc<Image>, step: &SignStep, signer: Option<&Signer>) {
    for slice in &mut Arc::make_mut(image).file.slices {
        if slice.signature.state == SignatureState::None {
            slice.header_room = slice.header_room.saturating_sub(COMMAND_SIZE);
        }
        // What could not be looked up stays as far as it may; a comparison with what was signed leaves it out.
        let (claims, entitlements) = match &step.entitlements {
            Some(all) => (
                all.keys().map(|(key, _)| key.clone()).collect(),
                all.keys().filter(|(_, is_true)| *is_true).map(|(key, _)| key.clone()).collect(),
            ),
            None => (
                allowed(std::mem::take(&mut slice.signature.claims)),
                std::mem::take(&mut slice.signature.entitlements),
            ),
        };
        slice.signature = Signature {
            state: if signer.is_some() { SignatureState::Cms } else { SignatureState::Adhoc },
            identifier: Some(step.identifier.clone()),
            team: signer.and_then(|signer| signer.identity().team()).map(str::to_owned),
            flags: step.flags,
            entitlements,
            claims,
            cms: signer.map(|signer| Cms {
                developer_id: signer.identity().is_developer_id(),
                timestamp: signer.timestamp_server().is_some(),
            }),
        };
    }
}

/// The files that signing leaves in `_CodeSignature`: with a Mach-O executable the seal alone, else the signature too.
pub(super) fn seal_files(detached: bool) -> &'static [&'static str] {
    let all = &["CodeResources", "CodeDirectory", "CodeRequirements", "CodeSignature"];
    if detached { all } else { &all[..1] }
}

/// What [`sign`](super::sign) does to `_CodeSignature` of one bundle, in a listing.
pub(super) fn place_seal(nodes: &mut Nodes, bundle: &CodeBundle, detached: bool) {
    let folder = bundle.signature_folder();
    let foreign: Vec<BundlePath> = children(nodes, &folder)
        .map(|(path, _)| path.clone())
        .filter(|path| !seal_files(detached).contains(&path.file_name()) || !is_file(nodes, path))
        .collect();
    nodes.retain(|path, _| !foreign.iter().any(|gone| path.is_under(gone)));
    nodes.insert(folder.clone(), Node::Folder);
    for name in seal_files(detached) {
        nodes.entry(folder.join(name)).or_insert(Node::File { length: 0, mode: 0o644 });
    }
}
