//! A bundle in the making, what is in it, and how it comes out of signing.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use bundlewright::codesign::SignPlan;
use bundlewright::failure::Failure;
use bundlewright::progress::Progress;
use bundlewright::{bundle, codesign, workflow};
use plist::{Dictionary, Value};

use crate::common::{self, Fixture};
use crate::oracle::Oracle;

pub const MAIN: &str = "Contents/MacOS/brewed";

/// T1.app with what a case adds.
pub struct App {
    pub path: PathBuf,
    fixture: Fixture,
}

/// Everything about one name in the bundle.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub what: What,
    pub mode: u32,
    pub modified: SystemTime,
    pub attributes: BTreeMap<String, Vec<u8>>,
    pub inode: u64,
}

#[derive(Debug, Clone, PartialEq)]
pub enum What {
    File(Vec<u8>),
    /// With the names in it.
    Folder(Vec<String>),
    Link(PathBuf),
}

pub type Listing = BTreeMap<String, Entry>;

impl App {
    pub fn new() -> App {
        let fixture = common::unpack("t1");
        App { path: fixture.app("T1"), fixture }
    }

    pub fn at(&self, inside: &str) -> PathBuf {
        self.path.join(inside)
    }

    pub fn beside(&self, name: &str) -> PathBuf {
        self.fixture.path().join(name)
    }

    pub fn read(&self, inside: &str) -> Vec<u8> {
        fs::read(self.at(inside)).unwrap()
    }

    pub fn write(&self, inside: &str, contents: impl AsRef<[u8]>) {
        fs::create_dir_all(self.at(inside).parent().unwrap()).unwrap();
        fs::write(self.at(inside), contents).unwrap();
    }

    pub fn link(&self, target: &str, inside: &str) {
        fs::create_dir_all(self.at(inside).parent().unwrap()).unwrap();
        symlink(target, self.at(inside)).unwrap();
    }

    pub fn set_mode(&self, inside: &str, mode: u32) {
        fs::set_permissions(self.at(inside), fs::Permissions::from_mode(mode)).unwrap();
    }

    pub fn set_modified(&self, inside: &str, time: SystemTime) {
        fs::File::open(self.at(inside)).unwrap().set_modified(time).unwrap();
    }

    /// Homebrew's Bar.framework of the fixture: code, two links and an Info.plist.
    pub fn add_framework(&self, inside: &str) {
        let cellar = self.fixture.path().join("root/opt/homebrew/Cellar");
        copy_tree(&cellar.join("bar/5.1/lib/Bar.framework"), &self.at(inside));
    }

    pub fn library(&self) -> Vec<u8> {
        fs::read(self.fixture.path().join("root/opt/homebrew/Cellar/baz/0.9/lib/libbaz.dylib")).unwrap()
    }

    pub fn add_info_plist(&self, inside: &str, identifier: &str, executable: &str) {
        let info = [("CFBundleIdentifier", identifier), ("CFBundleExecutable", executable)];
        let info: Dictionary =
            info.into_iter().map(|(key, value)| (key.to_owned(), Value::from(value))).collect();
        self.write(inside, "");
        Value::Dictionary(info).to_file_xml(self.at(inside)).unwrap();
    }

    pub fn listing(&self) -> Listing {
        let entries = walkdir::WalkDir::new(&self.path).into_iter().map(Result::unwrap);
        let entries = entries.map(|entry| {
            let inside = entry.path().strip_prefix(&self.path).unwrap().to_str().unwrap().to_owned();
            (inside, Entry::read(entry.path()))
        });
        entries.collect()
    }

    pub fn try_sign(&self) -> Result<SignPlan, Failure> {
        workflow::sign(&self.path, &Default::default(), &Progress::silent()).map(|signed| signed.plan)
    }

    /// Signs it, and sees to it that nothing got lost and every seal holds, in our eyes and in the independent verifier's.
    pub fn sign(&self) -> SignPlan {
        let plan = self.sign_ourselves();
        self.assert_verdict(true);
        plan
    }

    /// [`App::sign`] where the other verifier errs.
    pub fn sign_ourselves(&self) -> SignPlan {
        let before = self.listing();
        let plan = self.try_sign().unwrap();
        assert_nothing_lost(&before, &self.listing());
        assert_eq!(self.problems(), [""; 0]);
        plan
    }

    /// That the independent verifier, where it is at hand, says so.
    pub fn assert_verdict(&self, good: bool) {
        match Oracle::find() {
            Some(oracle) => {
                assert_eq!(oracle.verdicts(std::slice::from_ref(&self.path)), [good], "the other verifier")
            }
            None => {
                eprintln!("no independent verifier here; BUNDLEWRIGHT_SHARED names the folder that has it")
            }
        }
    }

    /// Lets it be refused, and sees to it that nothing changed and nothing is left behind; what was said.
    pub fn refused(&self) -> String {
        let (before, beside) = (self.listing(), self.names_beside());
        let said = self.try_sign().unwrap_err().to_string();
        assert!(self.listing() == before, "what was refused was changed");
        assert_eq!(self.names_beside(), beside);
        said
    }

    fn names_beside(&self) -> Vec<String> {
        names_in(self.path.parent().unwrap())
    }

    /// The words for scripts of all problems, with their paths, sorted.
    pub fn problems(&self) -> Vec<String> {
        let bundle = bundle::scan(&self.path, &Progress::silent()).unwrap();
        let found = codesign::verify_bundle(&bundle, &Progress::silent()).unwrap().problems;
        found.iter().map(|problem| format!("{} {}", problem.code, problem.path)).collect()
    }

    /// One dictionary of a bundle's CodeResources: `files`, `files2`.
    pub fn seal(&self, base: &str, version: &str) -> Dictionary {
        let seal = Value::from_file(self.at(base).join("_CodeSignature/CodeResources")).unwrap();
        seal.into_dictionary().unwrap().remove(version).unwrap().into_dictionary().unwrap()
    }

    /// How the app's own seal holds a path; `None` when it does not.
    pub fn sealed(&self, inside: &str) -> Option<Dictionary> {
        self.seal("Contents", "files2").remove(inside)?.into_dictionary()
    }

    /// The names in `_CodeSignature` of a bundle's base.
    pub fn signature_files(&self, base: &str) -> Vec<String> {
        names_in(&self.at(base).join("_CodeSignature"))
    }
}

impl Entry {
    fn read(path: &Path) -> Entry {
        let data = path.symlink_metadata().unwrap();
        let what = match data.file_type() {
            kind if kind.is_symlink() => What::Link(fs::read_link(path).unwrap()),
            kind if kind.is_dir() => What::Folder(names_in(path)),
            _ => What::File(fs::read(path).unwrap()),
        };
        let names = xattr::list(path).into_iter().flatten();
        let attributes = names
            .filter_map(|name| Some((name.to_str()?.to_owned(), xattr::get(path, &name).ok().flatten()?)));
        Entry {
            what,
            mode: data.mode(),
            modified: data.modified().unwrap(),
            attributes: attributes.collect(),
            inode: data.ino(),
        }
    }

    fn is_code(&self) -> bool {
        matches!(&self.what, What::File(bytes) if bytes.starts_with(&[0xcf, 0xfa]) || bytes.starts_with(&[0xca, 0xfe]))
    }
}

/// Every name is there with its mode, its attributes and its date. Only code and the signature's own files have other
/// bytes, only `_CodeSignature` has names that were not there.
pub fn assert_nothing_lost(before: &Listing, after: &Listing) {
    let is_signature = |path: &str| path.split('/').any(|name| name == "_CodeSignature");
    for (path, old) in before.iter().filter(|(path, _)| !is_signature(path)) {
        let new = after.get(path).unwrap_or_else(|| panic!("{path} is lost"));
        assert_eq!((old.mode, &old.attributes), (new.mode, &new.attributes), "{path}");
        let same = match (&old.what, &new.what) {
            (What::Folder(old), What::Folder(new)) => old == new || old.iter().all(|name| new.contains(name)),
            (What::File(_), What::File(_)) if old.is_code() => new.is_code(),
            (old, new) => old == new,
        };
        assert!(same, "{path} is not what it was");
        let may_be_younger = matches!(old.what, What::Link(_)) || old.what != new.what && !old.is_code();
        assert!(may_be_younger || old.modified == new.modified, "{path} has another date");
    }
    let new = after.keys().filter(|path| !before.contains_key(*path) && !is_signature(path));
    assert_eq!(new.collect::<Vec<_>>(), [""; 0]);
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

pub fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let place = to.join(entry.file_name());
        match entry.file_type().unwrap() {
            kind if kind.is_symlink() => symlink(fs::read_link(entry.path()).unwrap(), place).unwrap(),
            kind if kind.is_dir() => copy_tree(&entry.path(), &place),
            _ => drop(fs::copy(entry.path(), place).unwrap()),
        }
    }
}
