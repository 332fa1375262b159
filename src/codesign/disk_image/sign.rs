//! Makes the signature of a disk image (Security, `SecCodeSigner::Signer::signArchitectureAgnostic`,
//! `DiskImageRep::Writer::flush`).

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::{Layout, place};
use crate::codesign::SignStep;
use crate::codesign::blob::{
    MAGIC_BLOB_WRAPPER, SLOT_CMS, SLOT_CODE_DIRECTORY, SLOT_REQUIREMENTS, SLOT_TRAILER, blob, super_blob,
};
use crate::codesign::code_directory::{ExecSegment, NewDirectory};
use crate::codesign::digest::HashType;
use crate::codesign::embedded::Refusal;
use crate::codesign::signer::{self, Signer};
use crate::progress::{Cancelled, Progress};

/// Bytes that are hashed between two looks at whether the user wants to stop.
const PART: usize = 8 << 20;

/// The one hash of all content, told to `progress` as signing `name`.
///
/// # Errors
/// [`Cancelled`] when the user stops it.
pub(in crate::codesign) fn content_hash(
    content: &[u8],
    name: &str,
    progress: &Progress,
) -> Result<Vec<u8>, Cancelled> {
    let (mut hash, mut done) = (Sha256::new(), 0);
    for part in content.chunks(PART) {
        progress.bytes("signing", name, done, content.len() as u64)?;
        hash.update(part);
        done += part.len() as u64;
    }
    Ok(hash.finalize().to_vec())
}

/// What follows the content of the signed image, whose hash is `content_hash`: the signature and the trailer that knows it.
///
/// # Errors
/// [`Refusal`] when the identity cannot sign, or its timestamp server gives none.
pub(in crate::codesign) fn signed_end(
    layout: &Layout,
    content_hash: Vec<u8>,
    step: &SignStep,
    signer: Option<&Signer>,
) -> Result<Vec<u8>, Refusal> {
    let requirements = signer::requirements(signer, &step.identifier);
    let directory = NewDirectory {
        identifier: &step.identifier,
        team: signer.and_then(|signer| signer.identity().team()),
        flags: step.flags,
        hash_type: HashType::Sha256,
        page_log2: 0,
        exec_segment: ExecSegment::default(),
        runtime: 0,
        special: BTreeMap::from([
            (SLOT_REQUIREMENTS, &requirements[..]),
            (SLOT_TRAILER, &layout.trailer[..]),
        ]),
        code_limit: layout.content.len(),
    };
    let directory = directory.with_hashes(&[content_hash]);
    let cms = signer.map(|signer| signer.sign(&[&directory])).transpose()?.unwrap_or_default();
    let mut end = super_blob(&[
        (SLOT_CODE_DIRECTORY, directory),
        (SLOT_REQUIREMENTS, requirements),
        (SLOT_CMS, blob(MAGIC_BLOB_WRAPPER, &cms)),
    ]);
    let mut trailer = layout.trailer;
    place(&mut trailer, layout.content.len() as u64, end.len() as u64);
    end.extend(trailer);
    Ok(end)
}
