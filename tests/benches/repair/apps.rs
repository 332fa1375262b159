//! Apps whose libraries stand outside of them, and fresh copies of them.

use std::fmt::Write;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::{model, thin};

/// An app that is never changed, in a folder of its own.
pub struct Source {
    pub name: String,
    app: PathBuf,
    /// What it lives on is in here as long as this is.
    folder: Option<tempfile::TempDir>,
}

/// A copy of an app that may be changed, gone when this is dropped.
pub struct Fresh {
    pub app: PathBuf,
    _folder: tempfile::TempDir,
}

/// The made ones and the named ones, each as its turn comes.
pub fn all() -> impl Iterator<Item = Source> {
    let made = [("200 libraries in a row", 200, 200), ("200 libraries side by side", 200, 1)];
    let made = made.into_iter().chain([("2,000 libraries in rows of 20", 2_000, 20)]);
    let named = std::env::var_os("BUNDLEWRIGHT_BENCH_APPS").unwrap_or_default();
    let named: Vec<PathBuf> =
        std::env::split_paths(&named).filter(|app| !app.as_os_str().is_empty()).collect();
    made.map(|(name, count, row)| made_of(name, count, row)).chain(named.into_iter().map(|app| Source {
        name: app.display().to_string(),
        app: app.canonicalize().expect("an app"),
        folder: None,
    }))
}

/// A program that asks for the first of each row of libraries; each of them asks for the next.
fn made_of(name: &str, count: usize, row: usize) -> Source {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let build = folder.path().canonicalize().expect("a real path").join("usr/local/lib");
    let library = |number: usize| format!("{}/libpart{number}.dylib", build.display());
    let system = "  use /usr/lib/libSystem.B.dylib\n";
    let mut text = String::from("/Made.app/Contents/MacOS/Made execute\n");
    for number in (0..count).step_by(row) {
        let _ = writeln!(text, "  use {}", library(number));
    }
    text += system;
    for number in 0..count {
        let own = library(number);
        let inside =
            own.strip_prefix(&folder.path().canonicalize().expect("a real path").display().to_string());
        let _ = writeln!(text, "{} dylib\n  id {own}", inside.expect("below"));
        if (number + 1) % row != 0 && number + 1 < count {
            let _ = writeln!(text, "  use {}", library(number + 1));
        }
        text += system;
    }
    thin::write(&model::sound(model::items(&text)), folder.path());
    let app = folder.path().join("Made.app");
    let plist = "<plist version=\"1.0\"><dict><key>CFBundleExecutable</key><string>Made</string>\
                 <key>CFBundleIdentifier</key><string>org.example.made</string></dict></plist>";
    fs::write(app.join("Contents/Info.plist"), plist).expect("written");
    Source { name: name.to_owned(), app, folder: Some(folder) }
}

impl Source {
    /// A copy that still finds what the app finds beside it.
    pub fn fresh(&self) -> Fresh {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let name = self.app.file_name().expect("a name");
        let beside = self.app.parent().expect("a folder");
        if self.folder.is_none() {
            for other in fs::read_dir(beside).expect("a folder").map(|entry| entry.expect("an entry")) {
                if other.file_name() != name {
                    symlink(other.path(), folder.path().join(other.file_name())).expect("a link");
                }
            }
        }
        let app = folder.path().join(name);
        copy(&self.app, &app);
        Fresh { app, _folder: folder }
    }
}

/// A whole folder with its links and modes.
pub fn copy(from: &Path, to: &Path) {
    for entry in walkdir::WalkDir::new(from).into_iter().map(|entry| entry.expect("an entry")) {
        let inside = entry.path().strip_prefix(from).expect("below");
        let at = if inside.as_os_str().is_empty() { to.to_path_buf() } else { to.join(inside) };
        if entry.file_type().is_dir() {
            fs::create_dir(&at).expect("made");
        } else if entry.path_is_symlink() {
            symlink(fs::read_link(entry.path()).expect("a link"), &at).expect("a link");
        } else {
            fs::copy(entry.path(), &at).expect("copied");
        }
    }
}
