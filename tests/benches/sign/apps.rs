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
        fs::write(app.join("Contents/Frameworks").join(name), common::grown(&bytes, length))
            .expect("written");
    };
    add("libbig.dylib", 256 << 20);
    (0..30).for_each(|number| add(&format!("libpart{number}.dylib"), 4 << 20));
    let resources = app.join("Contents/Resources");
    fs::create_dir_all(&resources).expect("made");
    for number in 0..1_000 {
        fs::write(resources.join(format!("{number}.txt")), common::filler(20_000)).expect("written");
    }
    fixture.into_folder()
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
