//! Looking into files that hold other files: zip (jar, whl, jmod, …), tar, and what gzip, bzip2 or xz compressed. For hostile input: nothing is
//! allocated from a length that the archive only claims, and a [`Budget`] bounds what is unpacked altogether.

#[cfg(test)]
pub(crate) mod samples;

use std::io::{self, Read};

use bzip2::read::MultiBzDecoder;
use flate2::read::{DeflateDecoder, MultiGzDecoder};
use lzma_rust2::XzReader;

use crate::macho::is_macho;

/// Enough of a file to tell what it is: `ustar` stands at byte 257 of a tar.
const START: usize = 512;
/// The largest member that is unpacked, in bytes.
const MAX_MEMBER: u64 = 1 << 30;

/// KiB that `xz` may ask for: `xz -9`, its most, needs 65 MiB.
const XZ_MEMORY: u32 = 192 << 10;

/// What a file holds other files in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    Zip,
    Tar,
    /// One file, compressed.
    Packed(Packing),
    /// An installer package (xar).
    Package,
    /// A disk image (UDIF), by the name of the file; its trailer is not looked at.
    DiskImage,
    /// What is not unpacked here, by its usual name.
    Other(&'static str),
}

/// How one file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    Gzip,
    Bzip2,
    Xz,
}

impl Holder {
    /// By the first bytes of the file, and for a disk image by its name.
    pub fn of(name: &str, start: &[u8]) -> Option<Holder> {
        const MAGICS: [(&[u8], Holder); 11] = [
            (b"PK\x03\x04", Holder::Zip),
            (b"PK\x05\x06", Holder::Zip),           // without a member
            (b"JM\x01\x00PK\x03\x04", Holder::Zip), // a module of a JDK
            (b"\x1f\x8b", Holder::Packed(Packing::Gzip)),
            (b"xar!", Holder::Package),
            (b"BZh", Holder::Packed(Packing::Bzip2)),
            (b"\xfd7zXZ\0", Holder::Packed(Packing::Xz)),
            (b"\x28\xb5\x2f\xfd", Holder::Other("Zstandard")),
            (b"7z\xbc\xaf\x27\x1c", Holder::Other("7-Zip")),
            (b"Rar!\x1a\x07", Holder::Other("RAR")),
            (b"pbzx", Holder::Other("pbzx")),
        ];
        let by_magic = MAGICS.iter().find(|(magic, _)| start.starts_with(magic)).map(|(_, holder)| *holder);
        let is_image = || name.len() > 4 && name.to_ascii_lowercase().ends_with(".dmg");
        let is_tar = || start.get(257..262) == Some(b"ustar");
        by_magic
            .or_else(|| is_tar().then_some(Holder::Tar))
            .or_else(|| is_image().then_some(Holder::DiskImage))
    }
}

/// Bytes that may still be unpacked.
#[derive(Debug)]
pub struct Budget(u64);

impl Default for Budget {
    /// 8 GiB: more than any app holds, and little enough to come to an end.
    fn default() -> Self {
        Budget(8 << 30)
    }
}

/// Something in an archive.
#[derive(Debug, PartialEq, Eq)]
pub enum Member<'a> {
    /// A Mach-O file or something that holds others.
    Bytes(&'a [u8]),
    /// It cannot be looked at, and why, as a clause.
    Unread(String),
}

/// Hears the path of a member in its archive, and gets the budget for what lies in that member.
pub type Visit<'a> = &'a mut dyn FnMut(&str, Member<'_>, &mut Budget);

/// Calls `visit` with the path in the archive and the bytes of every member that is code or holds other files, in the
/// order of the archive. The file that is compressed by itself has the path "", unless it is a tar, whose members are visited.
///
/// # Errors
/// Why the archive cannot be listed to its end, as a clause.
pub fn each_member(
    holder: Holder,
    bytes: &[u8],
    budget: &mut Budget,
    visit: Visit<'_>,
) -> Result<(), String> {
    match holder {
        Holder::Zip => zip(bytes, budget, visit),
        Holder::Tar => tar(bytes, budget, visit),
        Holder::Packed(packing) => packed(packing, bytes, budget, visit),
        Holder::Package => Err("is an installer package, which is not unpacked here".to_owned()),
        Holder::DiskImage => Err("is a disk image".to_owned()),
        Holder::Other(name) => Err(format!("is compressed with {name}, which is not unpacked here")),
    }
}

fn zip(bytes: &[u8], budget: &mut Budget, visit: Visit) -> Result<(), String> {
    let damaged = |error: rawzip::Error| format!("cannot be read as a zip archive: {error}");
    let archive = rawzip::ZipArchive::from_slice(bytes).map_err(damaged)?;
    let mut entries = archive.entries();
    while let Some(entry) = entries.next_entry().map_err(damaged)? {
        let raw = entry.file_path();
        let path = String::from_utf8_lossy(raw.as_ref()).into_owned();
        if entry.is_dir() {
            continue;
        }
        let method = entry.compression_method();
        let found = archive.get_entry(entry.wayfinder()).map_err(damaged);
        let mut unread = |why: String| visit(&path, Member::Unread(why), budget);
        match (found, method) {
            _ if entry.flags().is_encrypted() => unread("is encrypted".to_owned()),
            (Err(why), _) => unread(why),
            (Ok(found), rawzip::CompressionMethod::STORE) => member(&path, found.data(), budget, visit),
            (Ok(found), rawzip::CompressionMethod::DEFLATE) => {
                member(&path, DeflateDecoder::new(found.data()), budget, visit);
            }
            (Ok(_), other) => unread(format!("is compressed by method {}", other.as_u16())),
        }
    }
    Ok(())
}

fn tar(bytes: impl Read, budget: &mut Budget, visit: Visit) -> Result<(), String> {
    let damaged = |error: io::Error| format!("cannot be read as a tar archive: {error}");
    let mut archive = tar::Archive::new(bytes);
    for entry in archive.entries().map_err(damaged)? {
        let entry = entry.map_err(damaged)?;
        if entry.header().entry_type().is_file() {
            let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            member(&path, entry, budget, visit);
        }
    }
    Ok(())
}

fn packed(packing: Packing, bytes: &[u8], budget: &mut Budget, visit: Visit) -> Result<(), String> {
    let unpacked = || -> Box<dyn Read + '_> {
        match packing {
            Packing::Gzip => Box::new(MultiGzDecoder::new(bytes)),
            Packing::Bzip2 => Box::new(MultiBzDecoder::new(bytes)),
            Packing::Xz => Box::new(XzReader::new_mem_limit(bytes, true, XZ_MEMORY)),
        }
    };
    let mut start = Vec::new();
    // What cannot be decompressed is told by whoever reads on.
    let _ = unpacked().take(START as u64).read_to_end(&mut start);
    if Holder::of("", &start) == Some(Holder::Tar) {
        return tar(unpacked().take(budget.0), budget, visit);
    }
    member("", unpacked(), budget, visit);
    Ok(())
}

/// Reads on only when the first bytes say that it matters.
fn member(path: &str, mut from: impl Read, budget: &mut Budget, visit: Visit) {
    let mut bytes = Vec::new();
    let matters = |start: &[u8]| is_macho(start) || Holder::of(path, start).is_some();
    let limit = MAX_MEMBER.min(budget.0);
    let read = from.by_ref().take((START as u64).min(limit)).read_to_end(&mut bytes).and_then(|_| {
        if matters(&bytes) {
            from.take(limit + 1 - (bytes.len() as u64)).read_to_end(&mut bytes)
        } else {
            Ok(0)
        }
    });
    budget.0 = budget.0.saturating_sub(bytes.len() as u64);
    let mut unread = |why: String| visit(path, Member::Unread(why), budget);
    match read {
        Err(error) => unread(format!("cannot be unpacked: {error}")),
        Ok(_) if bytes.len() as u64 > limit => unread("is larger than what is unpacked here".to_owned()),
        Ok(_) if limit < START as u64 => unread("comes after all that is unpacked here".to_owned()),
        Ok(_) if matters(&bytes) => visit(path, Member::Bytes(&bytes), budget),
        Ok(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::samples::{bzipped, gzipped, tarred, xzipped, zipped};
    use super::*;
    use crate::macho::Arch;
    use crate::macho::sample::Sample;

    fn code() -> Vec<u8> {
        Sample::new(Arch::ARM64).build()
    }

    /// Paths and lengths of what matters, or why it could not be read.
    fn seen(bytes: &[u8], mut budget: Budget) -> Result<Vec<String>, String> {
        let mut seen = Vec::new();
        let holder = Holder::of("x", bytes).ok_or("is no archive")?;
        each_member(holder, bytes, &mut budget, &mut |path, member, _| {
            seen.push(match member {
                Member::Bytes(bytes) => format!("{path} {}", bytes.len()),
                Member::Unread(why) => format!("{path} {why}"),
            });
        })?;
        Ok(seen)
    }

    #[test]
    fn code_and_archives_are_visited_in_every_form_and_nothing_else() {
        let (code, inner) = (code(), zipped(&[], false));
        let files: [(&str, &[u8]); 3] = [("lib/a.dylib", &code), ("notes.txt", b"hello"), ("in.jar", &inner)];
        let expected = [format!("lib/a.dylib {}", code.len()), format!("in.jar {}", inner.len())];
        let tarred = tarred(&files);
        let packed = [gzipped(&tarred), bzipped(&tarred), xzipped(&tarred)];
        let plain = [zipped(&files, true), zipped(&files, false), tarred];
        for bytes in plain.into_iter().chain(packed) {
            assert_eq!(seen(&bytes, Budget::default()).unwrap(), expected);
        }
        let module = [b"JM\x01\x00", &zipped(&files, true)[..]].concat();
        assert_eq!(seen(&module, Budget::default()).unwrap(), expected);
        assert_eq!(seen(&gzipped(&code), Budget::default()).unwrap(), [format!(" {}", code.len())]);
    }

    #[test]
    fn what_is_unpacked_is_bounded() {
        let many = vec![0; 1 << 20];
        let code = [&code()[..], &many].concat();
        let bytes = zipped(&[("a", &code), ("b", &code)], true);
        assert_eq!(
            seen(&bytes, Budget(1000)).unwrap(),
            ["a is larger than what is unpacked here", "b comes after all that is unpacked here"]
        );
        let cut = seen(&gzipped(&tarred(&[("a", &code)])), Budget(2000)).unwrap_err();
        assert!(cut.starts_with("cannot be read as a tar"), "{cut}");
    }

    #[test]
    fn what_is_cut_off_or_changed_is_told_and_never_panics() {
        let code = code();
        let files: [(&str, &[u8]); 2] = [("lib/a.dylib", &code), ("b", &code)];
        for whole in [zipped(&files, true), tarred(&files), gzipped(&tarred(&files))] {
            for length in (0..whole.len()).step_by(7) {
                let _ = seen(&whole[..length], Budget::default());
                let mut changed = whole.clone();
                changed[length] ^= 0x55;
                let _ = seen(&changed, Budget::default());
            }
        }
        assert!(
            seen(&zipped(&files, true)[..40], Budget::default())
                .unwrap_err()
                .starts_with("cannot be read as a zip")
        );
        assert_eq!(Holder::of("a.DMG", b"x"), Some(Holder::DiskImage));
        assert_eq!(Holder::of("a.txt", b"x"), None);
    }
}
