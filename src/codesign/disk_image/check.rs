//! Checks the signature of a disk image (Security, `DiskImageRep::setup`, `strictValidate`, `component`).

use super::{Layout, signature_bytes};
use crate::codesign::blob::{SLOT_TICKET, SLOT_TRAILER, SuperBlob};
use crate::codesign::check_code::CodeReport;
use crate::codesign::check_signature::{Contents, MODIFIED, Signed, check_signature};
use crate::macho::Arch;

/// `errSecCSBadDiskImageFormat`.
const BAD_FORMAT: &str = "disk image format unrecognized, invalid, or unsuitable";

/// Checks where the signature stands, and everything that it covers; `None` when the image is not signed.
pub(in crate::codesign) fn check_disk_image(image: &[u8]) -> Option<CodeReport> {
    signature_bytes(image)?;
    let mut report = CodeReport { is_whole: true, ..CodeReport::default() };
    let layout = Layout::read(image);
    report.expect(layout.is_ok(), None, "structure", || {
        format!("{BAD_FORMAT}: {}", layout.as_ref().err().map_or("", |why| why))
    });
    let Ok(Layout { content, signature: Some(signature), trailer }) = layout else { return Some(report) };
    let parts = match SuperBlob::parse(signature) {
        Ok(parts) => parts,
        Err(why) => {
            report.expect(false, None, "signature-malformed", || format!("{MODIFIED}: {why}"));
            return Some(report);
        }
    };
    report.expect(parts.length == signature.len(), None, "structure", || {
        format!("{BAD_FORMAT}: its signature takes {} of {} bytes", parts.length, signature.len())
    });
    report.expect(parts.is_packed(), None, "structure", || {
        format!("{BAD_FORMAT}: there is something between the parts of its signature")
    });
    let contents = |slot| match slot {
        SLOT_TRAILER => Contents::Known(&trailer[..]),
        slot => Contents::or_missing(parts.get(slot)),
    };
    let signed = Signed { arch: None, code: content, text: None, known: None };
    let identity = check_signature(&mut report, &signed, &parts, contents);
    // An image is for every processor; a report wants one.
    report.slices.push((Arch::ARM64, identity));
    Some(report)
}

/// Whether a notarization ticket is stapled to a signature.
pub(in crate::codesign) fn has_ticket(parts: &SuperBlob) -> bool {
    parts.contents(SLOT_TICKET).is_some_and(|ticket| !ticket.is_empty())
}
