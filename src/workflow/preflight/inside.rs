//! Files that are no part of a bundle's code, and what lies in them: archives, packages, disk images, in each other too.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::Path;

use flate2::read::ZlibDecoder;

use super::{Found, hit, loose};
use crate::bundle;
use crate::bundle::archive::{self, Budget, Holder, Member};
use crate::diagnose::preflight::{self, Package, PackageSignature};
use crate::dmg::DiskImage;
use crate::dmg::read::{Entry, Kind};
use crate::failure::Failure;
use crate::macho::is_macho;
use crate::progress::{Cancelled, Progress};

/// Archives in archives in archives; the notary gives up too.
const DEEPEST: usize = 6;
/// Enough to tell what a file is.
const START: u64 = 512;
/// What is held of one file of a disk image.
const MAX_FILE: u64 = 1 << 30;

/// What the file at `local` adds, which is called `shown` in the submission.
///
/// # Errors
/// [`Cancelled`]; a file that cannot be read is told in the result.
pub(super) fn file(shown: &str, local: &Path, progress: &Progress) -> Result<Found, Cancelled> {
    let start = match start(local) {
        Ok(start) => start,
        Err(error) => return Ok(unread(shown, format!("cannot be read: {error}"))),
    };
    if !is_macho(&start) && Holder::of(shown, &start).is_none() {
        return Ok(Found::default());
    }
    match bundle::map(local) {
        Ok(bytes) => {
            let mut look = Look { found: Found::default(), progress };
            look.at(shown, &bytes, 0, &mut Budget::default())?;
            Ok(look.found)
        }
        Err(error) => Ok(unread(shown, format!("cannot be read: {error}"))),
    }
}

fn start(local: &Path) -> io::Result<Vec<u8>> {
    let mut start = Vec::with_capacity(START as usize);
    File::open(local)?.take(START).read_to_end(&mut start)?;
    Ok(start)
}

fn unread(path: &str, why: String) -> Found {
    Found { unread: vec![hit(path, why)], ..Found::default() }
}

struct Look<'a> {
    found: Found,
    progress: &'a Progress,
}

impl Look<'_> {
    fn at(&mut self, path: &str, bytes: &[u8], depth: usize, budget: &mut Budget) -> Result<(), Cancelled> {
        self.progress.step("looking into", path, 0, 0)?;
        if is_macho(bytes) {
            let one = loose(path, bytes);
            self.found.codes.extend(one.codes);
            self.found.faults.extend(one.faults);
            return Ok(());
        }
        match Holder::of(path, bytes) {
            None => Ok(()),
            Some(_) if depth == DEEPEST => {
                self.unread(path, "lies in too many archives in each other".to_owned());
                Ok(())
            }
            Some(Holder::Package) => {
                let signature = package_signature(bytes);
                self.found.packages.push(Package { path: path.to_owned(), signature });
                Ok(())
            }
            Some(Holder::DiskImage) => self.image(path, bytes, depth, budget),
            Some(holder) => self.archive(path, holder, bytes, depth, budget),
        }
    }

    fn archive(
        &mut self,
        path: &str,
        holder: Holder,
        bytes: &[u8],
        depth: usize,
        budget: &mut Budget,
    ) -> Result<(), Cancelled> {
        let mut stopped = Ok(());
        let listed = archive::each_member(holder, bytes, budget, &mut |name, member, budget| {
            let shown = preflight::inside(path, name);
            match member {
                Member::Unread(why) => self.unread(&shown, why),
                Member::Bytes(bytes) if stopped.is_ok() => {
                    stopped = self.at(&shown, bytes, depth + 1, budget)
                }
                Member::Bytes(_) => {}
            }
        });
        match listed {
            Ok(()) => self.found.opened += 1,
            Err(why) => self.unread(path, why),
        }
        stopped
    }

    /// A disk image inside: its files are looked at one by one.
    fn image(
        &mut self,
        path: &str,
        bytes: &[u8],
        depth: usize,
        budget: &mut Budget,
    ) -> Result<(), Cancelled> {
        let mut image = match DiskImage::try_open(Cursor::new(bytes.to_vec())) {
            Ok(image) => image,
            Err(fault) => {
                self.unread(path, fault.in_file(Path::new(path)).to_string());
                return Ok(());
            }
        };
        self.found.opened += 1;
        let entries: Vec<Entry> =
            image.entries().iter().filter(|one| one.kind == Kind::File).cloned().collect();
        for entry in &entries {
            let shown = preflight::inside(path, &entry.path);
            match content(&mut image, entry) {
                Ok(Some(bytes)) => self.at(&shown, &bytes, depth + 1, budget)?,
                Ok(None) => {}
                Err(why) => self.unread(&shown, why),
            }
        }
        Ok(())
    }

    fn unread(&mut self, path: &str, why: String) {
        self.found.unread.push(hit(path, why));
    }
}

/// The bytes of a file in a disk image when they matter.
fn content(image: &mut DiskImage, entry: &Entry) -> Result<Option<Vec<u8>>, String> {
    if entry.size > MAX_FILE {
        return Err("is larger than what is looked into here".to_owned());
    }
    let mut bytes = Vec::new();
    let read = image.each_part(entry, Path::new(&entry.path), &mut |part| {
        bytes.extend_from_slice(part);
        let matters = is_macho(&bytes) || Holder::of(&entry.path, &bytes).is_some();
        if matters { Ok(()) } else { Err(Failure::Cancelled) }
    });
    match read {
        Ok(()) => Ok(Some(bytes)),
        Err(Failure::Cancelled) => Ok(None),
        Err(failure) => Err(failure.to_string()),
    }
}

/// How the table of contents of a package (xar; big-endian: `xar!`, header size, version, lengths of the table, compressed
/// by zlib and not) says that it is signed.
fn package_signature(bytes: &[u8]) -> PackageSignature {
    const MAX_TABLE: u64 = 64 << 20;
    let table = || {
        let size = u16::from_be_bytes(bytes.get(4..6)?.try_into().ok()?) as usize;
        let length = usize::try_from(u64::from_be_bytes(bytes.get(8..16)?.try_into().ok()?)).ok()?;
        let packed = bytes.get(size..size.checked_add(length)?)?;
        let mut table = Vec::new();
        ZlibDecoder::new(packed).take(MAX_TABLE).read_to_end(&mut table).ok()?;
        String::from_utf8(table).ok()
    };
    let Some(table) = table() else { return PackageSignature::Unreadable };
    let mut certificates = table.split("<X509Certificate>").skip(1).peekable();
    if certificates.peek().is_none() {
        return PackageSignature::None;
    }
    let leaf = certificates.next().and_then(|rest| rest.split('<').next()).unwrap_or_default();
    match is_installer(leaf) {
        true => PackageSignature::DeveloperId,
        false => PackageSignature::Other,
    }
}

/// Whether a certificate in base64 is one of Developer ID Installer.
fn is_installer(base64: &str) -> bool {
    /// 1.2.840.113635.100.6.1.14 as DER writes it.
    const OID: [u8; 10] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x63, 0x64, 0x06, 0x01, 0x0e];
    let text: String = base64.chars().filter(|c| !c.is_whitespace()).collect();
    let der = <base64ct::Base64 as base64ct::Encoding>::decode_vec(&text).unwrap_or_default();
    der.windows(OID.len()).any(|part| part == OID)
}

/// A package with this table of contents and nothing else.
#[cfg(test)]
pub(super) fn package(table: &str) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    io::Write::write_all(&mut encoder, table.as_bytes()).unwrap();
    let packed = encoder.finish().unwrap();
    let lengths = [packed.len() as u64, table.len() as u64].map(u64::to_be_bytes).concat();
    [b"xar!\0\x1c\0\x01", &lengths[..], &[0, 0, 0, 1], &packed].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_tells_who_signed_it() {
        let with = |certificate: &str| {
            let table = format!(
                "<xar><toc><signature style=\"RSA\"><X509Certificate>{certificate}</X509Certificate>"
            );
            package_signature(&package(&table))
        };
        let der = [&[0x30, 9][..], &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x63, 0x64, 0x06, 0x01, 0x0e]].concat();
        let base64 = <base64ct::Base64 as base64ct::Encoding>::encode_string(&der);
        assert_eq!(with(&format!("{}\n{}", &base64[..8], &base64[8..])), PackageSignature::DeveloperId);
        assert_eq!(with("AAAA"), PackageSignature::Other);
        assert_eq!(package_signature(&package("<xar/>")), PackageSignature::None);
        assert_eq!(
            package_signature(b"xar!\0\x1c\0\x01\xff\xff\xff\xff\xff\xff\xff\xff"),
            PackageSignature::Unreadable
        );
    }
}
