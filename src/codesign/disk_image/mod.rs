//! The signature of a UDIF disk image: a SuperBlob between its content and its trailer (Security, `diskimagerep.cpp`).
//!
//! ```text
//! [data fork][property list][SuperBlob][trailer, 512 bytes]
//! └───────── content ──────┘
//! ```
//!
//! The code directory covers the content as one page, and in slot −6 the trailer as if it did not know how long the signature
//! is. So a ticket may be stapled to the signature, which makes it longer. Positions are in bytes from the start of the file,
//! numbers of the trailer big-endian.

mod check;
mod plan;
mod sign;
#[cfg(test)]
mod tests;

pub(super) use check::{check_disk_image, has_ticket};
pub use plan::plan_disk_image;
pub(super) use sign::{content_hash, signed_end};

use std::path::Path;

use super::blob::{BLOB_HEADER, u32_at, u64_at};
use crate::failure::Failure;

/// Bytes of the trailer, which is called koly after its first four.
const TRAILER: usize = 512;
/// The one version that codesign knows.
const VERSION: u32 = 4;
/// Where the trailer says where the signature is, and how long.
const OFFSET_AT: usize = 296;
const LENGTH_AT: usize = 304;
/// Where the trailer places what has to stand before the signature, each as offset and length.
const PARTS: [(usize, &str); 3] = [(24, "data"), (40, "resource fork"), (216, "property list")];

/// An image taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layout<'a> {
    /// What a signature covers: all that stands before it.
    pub content: &'a [u8],
    /// The bytes between content and trailer, if the trailer says that they are a signature.
    pub signature: Option<&'a [u8]>,
    /// The trailer as slot −6 covers it: with the place of the signature, signed or not, and without its length.
    pub trailer: [u8; TRAILER],
}

/// Whether a file is what codesign takes for a disk image: its last 512 bytes say so.
pub fn is_disk_image(bytes: &[u8]) -> bool {
    trailer(bytes).is_some()
}

/// The trailer of a file that is long enough to be an image.
fn trailer(bytes: &[u8]) -> Option<[u8; TRAILER]> {
    let trailer = bytes.last_chunk::<TRAILER>().filter(|trailer| trailer.starts_with(b"koly"));
    trailer.filter(|_| bytes.len() >= TRAILER + BLOB_HEADER).copied()
}

/// The bytes that the trailer calls the signature, however little it fits; `None` when the image is not signed.
pub(super) fn signature_bytes(image: &[u8]) -> Option<&[u8]> {
    let trailer = trailer(image)?;
    let start = u64_at(&trailer, OFFSET_AT).filter(|start| *start > 0)?;
    let end = start.saturating_add(u64_at(&trailer, LENGTH_AT)?);
    let range = usize::try_from(start).ok()?..usize::try_from(end).ok()?;
    Some(image.get(range).unwrap_or_default())
}

impl<'a> Layout<'a> {
    /// The layout of the image at `path`, whose bytes are `image`, if a signature can stand in it.
    ///
    /// # Errors
    /// [`Failure`] when it is no UDIF image, or contradicts itself.
    pub fn of(path: &Path, image: &'a [u8]) -> Result<Layout<'a>, Failure> {
        if !is_disk_image(image) {
            let what = match image.starts_with(b"encrcdsa") {
                true => "is an encrypted disk image, which cannot be signed",
                false => "is not a disk image: it does not end in a UDIF trailer",
            };
            let next = "name an image that bundlewright dmg or hdiutil convert -format UDZO makes";
            return Err(Failure::new(path, what, next));
        }
        Layout::read(image).map_err(|why| {
            let what = format!("is a disk image that contradicts itself, so that it cannot be signed: {why}");
            Failure::new(path, what, "download or build the disk image again")
        })
    }

    /// # Errors
    /// A clause that says how the trailer contradicts the file.
    pub fn read(image: &'a [u8]) -> Result<Layout<'a>, String> {
        let mut trailer = trailer(image).ok_or("it does not end in a UDIF trailer")?;
        let version = u32_at(&trailer, 4).unwrap_or_default();
        if version != VERSION {
            return Err(format!("its trailer is of version {version}, and codesign knows {VERSION} alone"));
        }
        let trailer_at = image.len() - TRAILER;
        let long = |at| u64_at(&trailer, at).unwrap_or_default();
        let (offset, length) = (long(OFFSET_AT), long(LENGTH_AT));
        let content_end = if offset == 0 { trailer_at as u64 } else { offset };
        if offset != 0 && offset.checked_add(length) != Some(trailer_at as u64) {
            return Err(format!(
                "its trailer names a signature of {length} bytes at byte {offset}, which does not end at byte {trailer_at} \
                 where the trailer begins"
            ));
        }
        for (at, what) in PARTS {
            let end = long(at).checked_add(long(at + 8));
            if long(at + 8) > 0 && end.is_none_or(|end| end > content_end) {
                return Err(format!(
                    "its {what} does not end before byte {content_end}, where its content ends"
                ));
            }
        }
        let (content, rest) = image.split_at_checked(content_end as usize).unwrap_or((image, &[]));
        let signature = rest.get(..length as usize).filter(|_| offset != 0);
        place(&mut trailer, content_end, 0);
        Ok(Layout { content, signature, trailer })
    }
}

/// Makes the trailer say where the signature is.
fn place(trailer: &mut [u8; TRAILER], offset: u64, length: u64) {
    for (at, number) in [(OFFSET_AT, offset), (LENGTH_AT, length)] {
        if let Some(field) = trailer.get_mut(at..at + 8) {
            field.copy_from_slice(&number.to_be_bytes());
        }
    }
}
