//! What the signature of code claims about itself, as far as a notary asks for it: read, not verified.

use super::authority::Authority;
use super::blob::{SLOT_CMS, SLOT_ENTITLEMENTS, SuperBlob};
use super::check_code::{CodeReport, Outside, check_file};
use super::check_signature::MODIFIED;
use super::cms::verify::check_cms;
use super::code_directory::CodeDirectory;
use super::digest::HashType;
use super::disk_image::{self, has_ticket};
use super::embedded::{is_code, is_directory_slot, signature_bytes};
use super::{CodeFault, Credentials};
use crate::macho::header::Header;
use crate::macho::{MachFile, Signature};

/// The credentials of each slice of `file`, whose bytes are `bytes`, in its order. `None` for what is not signed; slices
/// that carry no signatures (object files, debug symbols) are `None` in the outer option.
pub fn credentials(bytes: &[u8], file: &MachFile) -> Vec<Option<Option<Credentials>>> {
    let slices = file.slices.iter().map(|slice| {
        let start = usize::try_from(slice.offset).ok()?;
        let end = start.checked_add(usize::try_from(slice.size).ok()?)?;
        let bytes = bytes.get(start..end.min(bytes.len()))?;
        let header = Header::parse(bytes).ok().filter(|header| is_code(header.file_type))?;
        Some(signature_bytes(bytes, &header).map(of_super_blob))
    });
    slices.collect()
}

/// The credentials of a disk image (UDIF); `None` when it is not signed.
pub fn image_credentials(image: &[u8]) -> Option<Credentials> {
    disk_image::signature_bytes(image).map(of_super_blob)
}

/// What is wrong with the signatures of one Mach-O file by itself: every page hash and what the file itself holds.
pub fn code_faults(bytes: &[u8]) -> Vec<CodeFault> {
    check_file(bytes, &Outside::Unknown).into_faults()
}

/// What is wrong with a CMS, the contents of slot 0x10000, over a code directory, the blob of slot 0.
pub fn cms_faults(cms: &[u8], directory: &[u8]) -> Vec<CodeFault> {
    let mut report = CodeReport::default();
    match CodeDirectory::parse(directory) {
        Ok(directory) => drop(check_cms(&mut report, None, cms, &[&directory])),
        Err(why) => report.expect(false, None, "signature-malformed", || format!("{MODIFIED}: {why}")),
    }
    report.into_faults()
}

/// Reads the super blob that a signature is.
fn of_super_blob(bytes: &[u8]) -> Credentials {
    let signature = Signature::parse(bytes);
    let nothing =
        Credentials { signature, sha1_only: false, authority: None, entitlements: None, has_ticket: false };
    let Ok(blobs) = SuperBlob::parse(bytes) else { return nothing };
    let directories: Vec<CodeDirectory> = blobs
        .blobs
        .iter()
        .filter(|(slot, _)| is_directory_slot(*slot))
        .filter_map(|(_, blob)| CodeDirectory::parse(blob).ok())
        .collect();
    Credentials {
        sha1_only: !directories.is_empty() && directories.iter().all(|one| one.hash_type == HashType::Sha1),
        authority: blobs.contents(SLOT_CMS).filter(|cms| !cms.is_empty()).and_then(Authority::read),
        entitlements: blobs.contents(SLOT_ENTITLEMENTS).map(<[u8]>::to_vec),
        has_ticket: has_ticket(&blobs),
        ..nothing
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codesign::embedded::{Signing, sign_file};
    use crate::macho::sample::Sample;
    use crate::macho::{Arch, SignatureState, read};

    fn signed(file_type: u32) -> Vec<u8> {
        let sample = Sample { file_type, ..Sample::new(Arch::ARM64) };
        let signing = Signing {
            identifier: "org.example.lib",
            flags: 2,
            entitlements: None,
            signer: None,
            bundle: None,
        };
        sign_file(&sample.build(), &signing).unwrap()
    }

    #[test]
    fn an_ad_hoc_signature_claims_no_more_than_it_has() {
        let bytes = signed(2);
        let all = credentials(&bytes, &read(&bytes).unwrap());
        let [Some(Some(one))] = &all[..] else { panic!("{all:?}") };
        assert_eq!(one.signature.state, SignatureState::Adhoc);
        assert_eq!((one.sha1_only, &one.entitlements), (false, &None));
        assert!(code_faults(&bytes).is_empty());
    }

    #[test]
    fn object_files_need_none_and_unsigned_code_has_none() {
        for (file_type, expected) in [(1, None), (6, Some(None))] {
            let bytes = Sample { file_type, ..Sample::new(Arch::ARM64) }.build();
            assert_eq!(credentials(&bytes, &read(&bytes).unwrap()), [expected], "{file_type}");
        }
    }

    #[test]
    fn a_trailer_that_points_nowhere_names_a_signature_that_cannot_be_read() {
        let mut image = vec![0; 1024];
        image[512..516].copy_from_slice(b"koly");
        assert_eq!(image_credentials(&image), None);
        image[512 + 296 + 7] = 9;
        image[512 + 296 + 8..][..8].fill(0xff);
        assert_eq!(image_credentials(&image).unwrap().signature.state, SignatureState::Unreadable);
    }
}
