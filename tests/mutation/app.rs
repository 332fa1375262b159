//! The bundle that is changed.

use std::fs;
use std::path::{Path, PathBuf};

use bundlewright::codesign;
use bundlewright::progress::Progress;
use bundlewright::{bundle, workflow};
use tempfile::TempDir;

use crate::{common, signature};

pub const MAIN: &str = "Contents/MacOS/write-postcard";
pub const LIBRARY: &str = "Contents/Frameworks/libstamp.1.dylib";
pub const PLUG_IN: &str = "Contents/PlugIns/delivery/libairmail.so";
pub const FRAMEWORK: &str = "Contents/Frameworks/Quill.framework";
pub const VERSION: &str = "Contents/Frameworks/Quill.framework/Versions/2.2.0";
pub const HELPER: &str = "Contents/Helpers/Stamper.app";
pub const CODELESS: &str = "Contents/PlugIns/words.bundle";
pub const SEAL: &str = "Contents/_CodeSignature/CodeResources";

/// A copy of the bundle in a folder of its own, which goes with it.
pub struct App {
    pub path: PathBuf,
    folder: TempDir,
}

impl App {
    /// Postcard.app with everything that can be nested in one, entitled and signed ad hoc.
    pub fn signed() -> App {
        let fixture = common::unpack_sample();
        let from = fixture.path().join("build-machine/Users/builder/CraftRoot/lib/Quill.framework");
        let app = App { path: fixture.app("Postcard"), folder: fixture.into_folder() };
        fs::remove_file(app.at("Contents/Frameworks/Quill")).unwrap();
        copy_tree(&from, &app.at(FRAMEWORK));
        fs::remove_file(app.at(FRAMEWORK).join("Quill")).unwrap();
        for (link, target) in [
            (format!("{FRAMEWORK}/Quill"), "Versions/Current/Quill"),
            ("Contents/Resources/link.txt".to_owned(), "letter.txt"),
        ] {
            app.link(target, &link);
        }
        app.write("Contents/Resources/letter.txt", "Dear reader");
        app.write("Contents/Resources/envelope.txt", "To whom it may concern");
        app.write("Contents/Resources/de.lproj/words.strings", "text");
        app.write("Contents/Resources/de.lproj/locversion.plist", "left out");
        app.write(&format!("{CODELESS}/Contents/Info.plist"), info_plist("org.example.words", "none"));
        app.write(&format!("{CODELESS}/Contents/Resources/words.txt"), "words");
        app.write(&format!("{HELPER}/Contents/Info.plist"), info_plist("org.example.stamper", "stamper"));
        app.write(&format!("{HELPER}/Contents/Resources/ink.txt"), "blue");
        app.write(&format!("{HELPER}/Contents/MacOS/stamper"), app.read(MAIN));
        let entitled = signature::entitled(&app.read(MAIN), ENTITLEMENTS);
        app.write(MAIN, entitled);
        workflow::sign(&app.path, &Default::default(), &Progress::silent()).unwrap();
        // What the signing kept for an undo stands beside the bundle.
        app
    }

    pub fn copy(&self) -> App {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(self.path.file_name().unwrap());
        copy_tree(&self.path, &path);
        App { path, folder }
    }

    pub fn at(&self, inside: &str) -> PathBuf {
        self.path.join(inside)
    }

    pub fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn read(&self, inside: &str) -> Vec<u8> {
        fs::read(self.at(inside)).unwrap()
    }

    pub fn text(&self, inside: &str) -> String {
        String::from_utf8(self.read(inside)).unwrap()
    }

    pub fn write(&self, inside: &str, contents: impl AsRef<[u8]>) {
        fs::create_dir_all(self.at(inside).parent().unwrap()).unwrap();
        fs::write(self.at(inside), contents).unwrap();
    }

    pub fn edit(&self, inside: &str, edit: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = self.read(inside);
        edit(&mut bytes);
        self.write(inside, bytes);
    }

    pub fn remove(&self, inside: &str) {
        let path = self.at(inside);
        let kind = path.symlink_metadata().unwrap().file_type();
        if kind.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.unwrap();
    }

    pub fn rename(&self, from: &str, to: &str) {
        fs::rename(self.at(from), self.at(to)).unwrap();
    }

    pub fn link(&self, target: &str, inside: &str) {
        std::os::unix::fs::symlink(target, self.at(inside)).unwrap();
    }

    pub fn sign(&self) {
        workflow::sign(&self.path, &Default::default(), &Progress::silent()).unwrap();
    }

    /// Puts a changed CodeResources under its executable's code directories: nothing seals an app that is signed ad hoc.
    pub fn seal_again(&self, edit: impl FnOnce(String) -> String) {
        let edited = edit(self.text(SEAL));
        assert_ne!(edited, self.text(SEAL));
        self.write(SEAL, &edited);
        self.edit(MAIN, |bytes| signature::set_special(bytes, 3, edited.as_bytes()));
    }

    /// The words for scripts of all problems, with their paths, sorted.
    pub fn problems(&self) -> Vec<String> {
        let bundle = bundle::scan(&self.path, &Progress::silent()).unwrap();
        let found = codesign::verify_bundle(&bundle, &Progress::silent()).unwrap().problems;
        found.iter().map(|problem| format!("{} {}", problem.code, problem.path)).collect()
    }
}

pub const ENTITLEMENTS: &str =
    "<plist version=\"1.0\"><dict><key>com.apple.security.cs.allow-jit</key><true/></dict></plist>";

fn info_plist(identifier: &str, executable: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><plist version=\"1.0\"><dict><key>CFBundleIdentifier</key>\
         <string>{identifier}</string><key>CFBundleExecutable</key><string>{executable}</string></dict></plist>"
    )
}

pub fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let place = to.join(entry.file_name());
        match entry.file_type().unwrap() {
            kind if kind.is_symlink() => {
                std::os::unix::fs::symlink(fs::read_link(entry.path()).unwrap(), place).unwrap();
            }
            kind if kind.is_dir() => copy_tree(&entry.path(), &place),
            _ => drop(fs::copy(entry.path(), place).unwrap()),
        }
    }
}
