//! Bundles to be signed: a made one, and fresh copies of any.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::common;

/// A folder with `Made.app`.
pub fn made() -> TempDir {
    let fixture = common::unpack("faults");
    let app = fixture.path().join("Made.app");
    fs::rename(fixture.app("unsigned"), &app).expect("renamed");
    let library = app.join("Contents/Frameworks/libunsigned.dylib");
    let bytes = fs::read(library).expect("a library");
    let add = |name: &str, length: usize| {
        fs::write(app.join("Contents/Frameworks").join(name), grown(&bytes, length)).expect("written");
    };
    add("libbig.dylib", 256 << 20);
    (0..30).for_each(|number| add(&format!("libpart{number}.dylib"), 4 << 20));
    let resources = app.join("Contents/Resources");
    fs::create_dir_all(&resources).expect("made");
    for number in 0..1_000 {
        fs::write(resources.join(format!("{number}.txt")), filler(20_000)).expect("written");
    }
    fixture.into_folder()
}

/// The library with a `__LINKEDIT` that is longer by `length` bytes.
fn grown(library: &[u8], length: usize) -> Vec<u8> {
    let mut bytes = library.to_vec();
    let word = |bytes: &[u8], at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four"));
    let (mut at, count) = (32, word(&bytes, 16));
    for _ in 0..count {
        let size = word(&bytes, at + 4) as usize;
        // LC_SEGMENT_64: the name at 8, vmsize at 32, filesize at 48.
        if word(&bytes, at) == 0x19 && bytes[at + 8..].starts_with(b"__LINKEDIT\0") {
            let filesize = u64::from(word(&bytes, at + 48)) + length as u64;
            let vmsize = filesize.next_multiple_of(0x4000);
            bytes[at + 32..at + 40].copy_from_slice(&vmsize.to_le_bytes());
            bytes[at + 48..at + 56].copy_from_slice(&filesize.to_le_bytes());
        }
        at += size;
    }
    bytes.extend(filler(length));
    bytes
}

fn filler(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at * 31 + at / 4096) as u8).collect()
}

/// A copy of an app that may be changed, gone when this is dropped.
pub struct Fresh {
    pub app: PathBuf,
    _folder: TempDir,
}

pub fn fresh(app: &Path) -> Fresh {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let copy = folder.path().canonicalize().expect("a folder").join(app.file_name().expect("a name"));
    for entry in walkdir::WalkDir::new(app).into_iter().map(|entry| entry.expect("an entry")) {
        let inside = entry.path().strip_prefix(app).expect("below");
        let at = if inside.as_os_str().is_empty() { copy.clone() } else { copy.join(inside) };
        if entry.file_type().is_dir() {
            fs::create_dir(&at).expect("made");
        } else if entry.path_is_symlink() {
            symlink(fs::read_link(entry.path()).expect("a link"), &at).expect("a link");
        } else {
            fs::copy(entry.path(), &at).expect("copied");
        }
    }
    // Else bringing one file to the disk brings the whole copy there.
    let _ = std::process::Command::new("sync").arg("-f").arg(&copy).status();
    Fresh { app: copy, _folder: folder }
}
