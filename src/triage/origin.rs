//! Where an image comes from, as far as its path tells.

use serde::Serialize;

use super::place::{app_root, inside, leaf};
use crate::crash::{CrashReport, LoadedImage, Source};
use crate::diagnose::Prefix;

/// Serializes as the contract's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    Bundle,
    /// The same app in another folder.
    OtherCopy,
    OtherApp,
    Homebrew,
    Macports,
    Fink,
    Nix,
    Conda,
    /// `/Library/Frameworks`.
    Framework,
    /// Elsewhere in `/Library`.
    Library,
    BuildTree,
    UserFolder,
    DiskImage,
    Temporary,
    System,
    Unknown,
}

impl Origin {
    /// "… from the bundle", "… from Homebrew".
    pub fn words(self) -> &'static str {
        match self {
            Origin::Bundle => "the bundle",
            Origin::OtherCopy => "another copy of the app",
            Origin::OtherApp => "another app",
            Origin::Homebrew => "Homebrew",
            Origin::Macports => "MacPorts",
            Origin::Fink => "Fink",
            Origin::Nix => "the Nix store",
            Origin::Conda => "a conda environment",
            Origin::Framework => "an installed framework",
            Origin::Library => "software installed in /Library",
            Origin::BuildTree => "a build tree",
            Origin::UserFolder => "a user's folder",
            Origin::DiskImage => "a mounted volume",
            Origin::Temporary => "a temporary folder",
            Origin::System => "macOS",
            Origin::Unknown => "an unknown place",
        }
    }

    /// Whether another Mac cannot be expected to have it.
    pub fn is_outside(self) -> bool {
        !matches!(self, Origin::Bundle | Origin::System | Origin::Unknown)
    }

    /// Whose `path` is, in a report about the app at `app`.
    pub fn of(path: &str, app: Option<&str>) -> Self {
        if app.is_some_and(|app| inside(app, path).is_some()) {
            return Origin::Bundle;
        }
        if is_system(path) {
            return Origin::System;
        }
        if let Some(prefix) = Prefix::of(path) {
            return Origin::from(prefix);
        }
        if let Some(other) = app_root(path) {
            let same_name = app.is_some_and(|app| leaf(app) == leaf(other));
            return if same_name { Origin::OtherCopy } else { Origin::OtherApp };
        }
        let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| path.starts_with(prefix));
        if is_build_tree(path) {
            Origin::BuildTree
        } else if starts(&["/Library/"]) {
            Origin::Library
        } else if starts(&["/Users/", "~/"]) {
            Origin::UserFolder
        } else if starts(&["/Volumes/"]) {
            Origin::DiskImage
        } else if starts(&["/private/", "/var/", "/tmp/"]) {
            Origin::Temporary
        } else if starts(&["/usr/local/", "/opt/"]) {
            Origin::Library
        } else {
            Origin::Unknown
        }
    }
}

impl From<Prefix> for Origin {
    fn from(prefix: Prefix) -> Self {
        match prefix {
            Prefix::Homebrew => Origin::Homebrew,
            Prefix::MacPorts => Origin::Macports,
            Prefix::Fink => Origin::Fink,
            Prefix::Nix => Origin::Nix,
            Prefix::Conda => Origin::Conda,
            Prefix::Frameworks => Origin::Framework,
        }
    }
}

pub fn is_system(path: &str) -> bool {
    const FOLDERS: [&str; 10] = [
        "/System/",
        "/usr/lib/",
        "/usr/libexec/",
        "/usr/bin/",
        "/usr/sbin/",
        "/usr/share/",
        "/bin/",
        "/sbin/",
        "/Library/Apple/",
        "/Library/Developer/CoreSimulator/",
    ];
    FOLDERS.iter().any(|folder| path.starts_with(folder))
}

fn is_build_tree(path: &str) -> bool {
    const NAMES: [&str; 5] = ["CraftRoot", "DerivedData", "build", "cmake-build", "node_modules"];
    path.split('/').any(|part| {
        NAMES.contains(&part)
            || part.starts_with("build-")
            || part.starts_with("cmake-build-")
            || part.starts_with("build_")
    })
}

/// The origin of every image of the report.
pub fn origins(report: &CrashReport, app: Option<&str>) -> Vec<Origin> {
    let of = |image: &LoadedImage| match (&image.path, image.source) {
        (Some(path), _) => Origin::of(path, app),
        (None, Source::SharedCache) => Origin::System,
        (None, _) => Origin::Unknown,
    };
    report.images.iter().map(of).collect()
}

/// The app that the report is about, as a path of the report: the one around the process's executable, else the first one that
/// dyld, objc or the list of images names.
pub fn app(report: &CrashReport) -> Option<String> {
    let listed = report.images.iter().filter_map(|image| image.path.as_deref());
    let main = listed.clone().filter(|path| path.contains(".app/Contents/MacOS/"));
    let asking =
        report.dyld.iter().filter_map(|message| message.from.as_ref()).map(|place| place.path.as_str());
    let tried = report.dyld.iter().flat_map(|message| &message.tried).map(|one| one.path.as_str());
    let all = report.path.as_deref().into_iter().chain(main).chain(asking).chain(listed).chain(tried);
    // What a package manager installs has apps of its own: Python.app is not what somebody ships.
    let apps = all.filter(|path| !is_system(path)).filter_map(app_root);
    let shipped = |root: &&str| Prefix::of(root).is_none();
    apps.clone()
        .find(shipped)
        .or_else(|| report.path.as_deref().filter(|path| !is_system(path)).and_then(app_root))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_has_its_word() {
        let app = Some("/Applications/Foo.app");
        for (path, origin) in [
            ("/Applications/Foo.app/Contents/MacOS/Foo", Origin::Bundle),
            ("/Users/USER/*/Foo.app/Contents/MacOS/Foo", Origin::OtherCopy),
            ("/Applications/Bar.app/Contents/MacOS/Bar", Origin::OtherApp),
            ("/opt/homebrew/*/QtCore", Origin::Homebrew),
            ("/usr/local/Cellar/x/1/lib/libx.dylib", Origin::Homebrew),
            ("/opt/local/lib/libx.dylib", Origin::Macports),
            ("/nix/store/abc-x/lib/libx.dylib", Origin::Nix),
            ("/Users/USER/miniforge3/lib/libx.dylib", Origin::Conda),
            ("/Library/Frameworks/X.framework/X", Origin::Framework),
            ("/Library/Audio/Plug-Ins/HAL/x", Origin::Library),
            ("/Users/ann/CraftRoot/lib/libx.dylib", Origin::BuildTree),
            ("/Users/USER/*/qca-qt5", Origin::UserFolder),
            ("/Volumes/*/libx.dylib", Origin::DiskImage),
            ("/private/var/folders/*/libx.dylib", Origin::Temporary),
            ("/usr/lib/dyld", Origin::System),
            ("x", Origin::Unknown),
        ] {
            assert_eq!(Origin::of(path, app), origin, "{path}");
        }
        assert_eq!(serde_json::to_string(&Origin::BuildTree).unwrap(), "\"build-tree\"");
    }
}
