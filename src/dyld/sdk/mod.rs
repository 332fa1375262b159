//! A macOS SDK of the user: what the libraries of macOS export, exactly, for the version that the SDK is of.
//!
//! Opening one lists its stubs and looks for their install names; a stub is read whole when it is first asked about.

mod cache_list;
pub mod tbd;
mod tbd_json;
mod tbd_yaml;
mod yaml;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use rayon::prelude::*;
use serde::Deserialize;
use walkdir::WalkDir;

pub use cache_list::CacheList;
pub use tbd::Library;

use crate::bundle::map;
use crate::macho::{Arch, PackedVersion};

/// Where stubs are below an SDK's folder.
const FOLDERS: [&str; 3] = ["usr/lib", "System/Library/Frameworks", "System/Library/PrivateFrameworks"];

/// Where an SDK is below what people name: the SDK, the command line tools, a platform, Xcode's developer folder, Xcode.
const BELOW: [&str; 5] = [
    "",
    "SDKs/MacOSX.sdk",
    "Developer/SDKs/MacOSX.sdk",
    "Platforms/MacOSX.platform/Developer/SDKs/MacOSX.sdk",
    "Contents/Developer/Platforms/MacOSX.platform/Developer/SDKs/MacOSX.sdk",
];

/// The largest stub of a real SDK has less than 10 MB.
const MAX_STUB_BYTES: usize = 64 << 20;

/// An SDK, opened.
#[derive(Debug)]
pub struct Sdk {
    /// Its folder, links followed.
    pub folder: PathBuf,
    /// What SDKSettings.json says, or else the folder's name.
    pub version: Option<PackedVersion>,
    stubs: Vec<Stub>,
    /// Install name → position in `stubs`.
    names: BTreeMap<String, usize>,
}

#[derive(Debug)]
struct Stub {
    path: PathBuf,
    read: OnceLock<Result<Vec<Library>, String>>,
}

impl Sdk {
    /// Opens the SDK at `path`: a `.sdk` folder, or one of those that hold it.
    ///
    /// # Errors
    /// A clause for "PATH …", when no stubs are there.
    pub fn open(path: &Path) -> Result<Sdk, String> {
        let below = BELOW.iter().map(|below| path.join(below));
        let folder = below.into_iter().find(|folder| folder.join("usr/lib").is_dir());
        let folder = folder.ok_or("holds no macOS SDK: there is no usr/lib with stubs (.tbd) in it")?;
        let folder = folder.canonicalize().unwrap_or(folder);
        let paths = stub_paths(&folder);
        if paths.is_empty() {
            return Err("holds no stubs (.tbd files), so it is no macOS SDK".to_owned());
        }
        let named: Vec<Vec<String>> = paths.par_iter().map(|path| install_names(path)).collect();
        let mut names = BTreeMap::new();
        for (position, own) in named.into_iter().enumerate() {
            for name in own {
                names.entry(name).or_insert(position);
            }
        }
        let stubs = paths.into_iter().map(|path| Stub { path, read: OnceLock::new() }).collect();
        Ok(Sdk { version: version(&folder), folder, stubs, names })
    }

    /// Every install name, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.keys().map(String::as_str)
    }

    /// The SDK's own install name for what `name` means: itself, or `X.framework/X` by its link.
    pub fn install_name(&self, name: &str) -> Option<&str> {
        if let Some((own, _)) = self.names.get_key_value(name) {
            return Some(own);
        }
        let (folder, leaf) = name.rsplit_once('/')?;
        let versions =
            folder.ends_with(&format!("/{leaf}.framework")).then(|| format!("{folder}/Versions/"))?;
        let inside = self.names.range(versions.clone()..).map_while(|(own, _)| own.strip_prefix(&versions));
        let letter = inside.filter_map(|rest| rest.split_once('/')).find(|(_, own)| *own == leaf)?.0;
        self.names.get_key_value(&format!("{versions}{letter}/{leaf}")).map(|(own, _)| own.as_str())
    }

    /// The library with this install name; `None` when there is none or its stub cannot be read.
    pub fn library(&self, name: &str) -> Option<&Library> {
        let own = self.install_name(name)?;
        let stub = self.stubs.get(*self.names.get(own)?)?;
        stub.libraries().as_ref().ok()?.iter().find(|library| library.install_name == own)
    }

    /// Whether the library exports `symbol` to processes of `arch`, through what it re-exports included. `None` when the
    /// SDK cannot tell: no such library, not for this architecture, or a re-exported one that is not there.
    pub fn exports(&self, name: &str, symbol: &str, arch: Arch) -> Option<bool> {
        let first = self.library(name).filter(|library| library.targets.covers(arch))?;
        let mut seen = BTreeSet::from([first.install_name.as_str()]);
        let (mut ahead, mut complete) = (vec![first], true);
        while let Some(library) = ahead.pop() {
            if library.exports(symbol, arch) {
                return Some(true);
            }
            for (next, targets) in &library.reexports {
                if targets.covers(arch) && seen.insert(next) {
                    match self.library(next) {
                        Some(next) => ahead.push(next),
                        None => complete = false,
                    }
                }
            }
        }
        complete.then_some(false)
    }

    /// Reads every stub, and says which cannot be read and why, sorted.
    pub fn problems(&self) -> Vec<(&Path, &str)> {
        self.stubs
            .par_iter()
            .filter_map(|stub| Some((stub.path.as_path(), stub.libraries().as_ref().err()?.as_str())))
            .collect()
    }
}

impl Stub {
    fn libraries(&self) -> &Result<Vec<Library>, String> {
        self.read.get_or_init(|| {
            let bytes = map(&self.path).map_err(|error| format!("cannot be read: {error}"))?;
            if bytes.len() > MAX_STUB_BYTES {
                return Err("is far too large for a stub".to_owned());
            }
            tbd::read(&bytes)
        })
    }
}

/// Every `.tbd` file, sorted. Links are skipped: what they lead to is listed itself.
fn stub_paths(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = FOLDERS
        .iter()
        .flat_map(|below| WalkDir::new(folder.join(below)).follow_links(false).max_depth(16))
        .filter_map(Result::ok)
        .filter(|entry| {
            entry.file_type().is_file() && entry.path().extension().is_some_and(|end| end == "tbd")
        })
        .map(|entry| entry.into_path())
        .collect();
    paths.sort();
    paths
}

/// The install names in a stub, without reading it whole where it is YAML: there they stand at the start of a line.
fn install_names(path: &Path) -> Vec<String> {
    let Ok(bytes) = map(path) else { return Vec::new() };
    let Ok(text) = std::str::from_utf8(&bytes) else { return Vec::new() };
    if text.trim_start().starts_with('{') {
        let libraries = tbd_json::read(text).unwrap_or_default();
        return libraries.into_iter().map(|library| library.install_name).collect();
    }
    let lines = text
        .match_indices("install-name:")
        .filter(|(at, _)| *at == 0 || text.as_bytes().get(at - 1) == Some(&b'\n'));
    let name = |(at, key): (usize, &str)| {
        let line = text.get(at + key.len()..)?.lines().next()?.trim();
        let quotes = ['\'', '"'];
        Some(line.trim_start_matches(quotes).split(quotes).next()?.split(" #").next()?.trim().to_owned())
    };
    lines.filter_map(name).collect()
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Settings {
    version: String,
}

/// `Version` of SDKSettings.json, or the number in `MacOSX14.4.sdk`.
fn version(folder: &Path) -> Option<PackedVersion> {
    let settings = map(&folder.join("SDKSettings.json")).ok();
    let settings = settings.and_then(|bytes| serde_json::from_slice::<Settings>(&bytes).ok());
    let name = folder.file_name()?.to_string_lossy();
    let named = name.strip_prefix("MacOSX").and_then(|rest| rest.strip_suffix(".sdk"));
    settings.map(|settings| settings.version).as_deref().or(named).and_then(super::system::version)
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "tests make what they look at")]
mod tests {
    use super::*;
    use std::fs;

    const TEA: &str = "--- !tapi-tbd\ntbd-version: 4\ntargets: [ x86_64-macos, arm64e-macos ]\n\
        install-name: '/usr/lib/libtea.1.dylib'\nreexported-libraries:\n  - targets: [ x86_64-macos, arm64e-macos ]\n    \
        libraries: [ '/usr/lib/kitchen/libkettle.dylib' ]\n  - targets: [ arm64e-macos ]\n    \
        libraries: [ '/usr/lib/libnowhere.dylib' ]\nexports:\n  - targets: [ x86_64-macos ]\n    symbols: [ _pour ]\n\
        --- !tapi-tbd\ntbd-version: 4\ntargets: [ x86_64-macos, arm64e-macos ]\n\
        install-name: '/usr/lib/kitchen/libkettle.dylib'\nreexported-libraries:\n  - targets: [ x86_64-macos ]\n    \
        libraries: [ '/usr/lib/libtea.1.dylib' ]\nexports:\n  - targets: [ x86_64-macos, arm64e-macos ]\n    \
        symbols: [ _whistle ]\n...\n";

    const CUP: &str = r#"{ "tapi_tbd_version": 5, "main_library": { "target_info": [ { "target": "arm64-macos" } ],
        "install_names": [ { "name": "/System/Library/Frameworks/Cup.framework/Versions/A/Cup" } ],
        "exported_symbols": [ { "data": { "objc_class": [ "Cup" ] } } ] } }"#;

    fn sdk() -> (tempfile::TempDir, Sdk) {
        let top = tempfile::tempdir().expect("a folder");
        let folder = top.path().join("Xcode.app").join(BELOW[4]).with_file_name("MacOSX.sdk");
        let cup = folder.join("System/Library/Frameworks/Cup.framework/Versions/A");
        for inside in [&folder.join("usr/lib"), &cup] {
            fs::create_dir_all(inside).expect("a folder");
        }
        fs::write(folder.join("usr/lib/libtea.1.tbd"), TEA).expect("a file");
        fs::write(folder.join("usr/lib/libbad.tbd"), "install-name: /usr/lib/libbad.dylib\na: {\n")
            .expect("a file");
        fs::write(cup.join("Cup.tbd"), CUP).expect("a file");
        fs::write(folder.join("SDKSettings.json"), r#"{ "Version": "14.4", "Other": [] }"#).expect("a file");
        let sdk = Sdk::open(&top.path().join("Xcode.app")).expect("an SDK");
        (top, sdk)
    }

    #[test]
    fn an_sdk_is_found_inside_xcode_with_its_version_and_names() {
        let (_top, sdk) = sdk();
        assert_eq!(sdk.version, Some(PackedVersion::new(14, 4, 0)));
        assert_eq!(
            sdk.names().collect::<Vec<_>>(),
            [
                "/System/Library/Frameworks/Cup.framework/Versions/A/Cup",
                "/usr/lib/kitchen/libkettle.dylib",
                "/usr/lib/libbad.dylib",
                "/usr/lib/libtea.1.dylib",
            ]
        );
        let problems = sdk.problems();
        assert!(problems.len() == 1 && problems[0].0.ends_with("usr/lib/libbad.tbd"), "{problems:?}");
    }

    #[test]
    fn exports_go_through_re_exports_and_cycles_end() {
        let (_top, sdk) = sdk();
        let tea = |symbol, arch| sdk.exports("/usr/lib/libtea.1.dylib", symbol, arch);
        assert_eq!(tea("_pour", Arch::X86_64), Some(true));
        assert_eq!(tea("_whistle", Arch::X86_64), Some(true));
        assert_eq!(tea("_hum", Arch::X86_64), Some(false));
        assert_eq!(tea("_whistle", Arch::ARM64), Some(true));
        assert_eq!(tea("_hum", Arch::ARM64), None, "a re-exported library is not in the SDK");
    }

    #[test]
    fn a_framework_answers_to_its_short_name_and_only_for_its_targets() {
        let (_top, sdk) = sdk();
        let cup = "/System/Library/Frameworks/Cup.framework/Cup";
        assert_eq!(sdk.exports(cup, "_OBJC_CLASS_$_Cup", Arch::ARM64), Some(true));
        assert_eq!(sdk.exports(cup, "_OBJC_CLASS_$_Cup", Arch::X86_64), None);
        assert_eq!(sdk.exports("/usr/lib/libbad.dylib", "_x", Arch::ARM64), None);
    }

    #[test]
    fn a_folder_without_stubs_is_no_sdk() {
        let top = tempfile::tempdir().expect("a folder");
        assert!(Sdk::open(top.path()).is_err_and(|error| error.starts_with("holds no macOS SDK")));
        fs::create_dir_all(top.path().join("usr/lib")).expect("a folder");
        assert!(Sdk::open(top.path()).is_err_and(|error| error.starts_with("holds no stubs")));
        let named = top.path().join("MacOSX11.3.sdk");
        assert_eq!(version(&named), Some(PackedVersion::new(11, 3, 0)));
    }
}
