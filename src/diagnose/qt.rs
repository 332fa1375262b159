//! Which modules of Qt are loaded, and where Qt then looks for plug-ins (`QLibraryInfo`, `qt.conf`).

use std::collections::BTreeMap;

use super::Facts;
use crate::bundle::{Bundle, ImageId};
use crate::macho::PackedVersion;
use crate::paths::BundlePath;

/// The plug-in without which Qt makes no window on a Mac.
pub const COCOA: &str = "libqcocoa.dylib";

/// `Gui` of `QtGui`, `libQt6Gui.6.dylib` and `libQt5Gui.5.15.2.dylib`; `None` for a file of another name.
pub fn module(leaf: &str) -> Option<&str> {
    let library = leaf.strip_prefix("libQt5").or_else(|| leaf.strip_prefix("libQt6"));
    let name = match library {
        Some(rest) => rest.split('.').next(),
        None => leaf.strip_prefix("Qt"),
    };
    name.filter(|name| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// The modules that some process loads on the build machine, each with the first image that is one.
pub fn modules<'a>(facts: &Facts<'a>) -> BTreeMap<&'a str, &'a ImageId> {
    let mut found = BTreeMap::new();
    for launch in &facts.build.launches {
        for load in launch.loads.own().iter().filter(|load| load.loaded_by.is_some()) {
            let leaf = match &load.image {
                ImageId::Bundled(path) => path.file_name(),
                ImageId::External(path) => path.file_name(),
            };
            if let Some(module) = module(leaf) {
                found.entry(module).or_insert(&load.image);
            }
        }
    }
    found
}

/// The image of a module that is in the bundle and that some process of a clean Mac loads.
pub fn bundled<'a>(facts: &Facts<'a>, wanted: &str) -> Option<&'a BundlePath> {
    let loads = facts.clean.launches.iter().flat_map(|launch| launch.loads.own());
    let mut images = loads.filter(|load| load.loaded_by.is_some()).filter_map(|load| match &load.image {
        ImageId::Bundled(path) => Some(path),
        ImageId::External(_) => None,
    });
    images.find(|path| module(path.file_name()) == Some(wanted))
}

/// The version of Qt: `current_version` of QtCore as other modules were linked with it.
pub fn version(facts: &Facts<'_>) -> Option<PackedVersion> {
    let modules = modules(facts);
    let images = modules.values().filter_map(|id| facts.build.image(facts.bundle, id));
    let mut uses = images.flat_map(|image| &image.file.slices).flat_map(|slice| &slice.uses);
    uses.find(|used| module(used.name.leaf()) == Some("Core")).map(|used| used.current)
}

/// Where Qt looks for its plug-ins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlugInsFolder {
    /// No qt.conf says so: in Qt's own folder, as it was built, and beside the executable.
    Unsaid,
    /// qt.conf says so.
    Inside(BundlePath),
    /// qt.conf names a folder outside the bundle.
    Outside(String),
}

/// `Contents/Resources/qt.conf`, which Qt reads before any other on a Mac.
pub fn conf() -> BundlePath {
    BundlePath::root().join("Contents/Resources/qt.conf")
}

/// What the bundle's qt.conf says. `Prefix` is relative to `Contents` (on a Mac), `Plugins` to `Prefix`.
pub fn plug_ins_folder(bundle: &Bundle) -> PlugInsFolder {
    let Some(settings) = bundle.settings.get(&conf()) else { return PlugInsFolder::Unsaid };
    let prefix = setting(settings, "Prefix").unwrap_or(".");
    let plug_ins = setting(settings, "Plugins");
    let Some(base) = contents().resolve(prefix) else { return PlugInsFolder::Outside(prefix.to_owned()) };
    let plug_ins = match plug_ins {
        // The default is `plugins`, which the disks of most Macs do not tell from `PlugIns`.
        None if base == contents() => "PlugIns",
        None => "plugins",
        Some(said) => said,
    };
    base.resolve(plug_ins).map_or_else(|| PlugInsFolder::Outside(plug_ins.to_owned()), PlugInsFolder::Inside)
}

/// The text of qt.conf with `key` set to `folder`; the other lines stay. Without a text a new one.
pub fn with_folder(settings: Option<&str>, key: &str, folder: &BundlePath) -> String {
    let settings = settings.unwrap_or_default();
    let base = match setting(settings, "Prefix") {
        Some(prefix) => contents().resolve(prefix),
        None => Some(contents()),
    };
    let mut lines: Vec<String> = Vec::new();
    let mut in_paths = false;
    for line in settings.lines().map(str::trim_end) {
        if line.trim_start().starts_with('[') {
            in_paths = line.trim() == "[Paths]";
        }
        let said = line.split_once('=').map_or("", |(key, _)| key.trim());
        // A prefix that leads out of the bundle goes as well: all that it stood for would be looked for outside.
        let replaced = in_paths && (said == key || (said == "Prefix" && base.is_none()));
        if !replaced {
            lines.push(line.to_owned());
        }
    }
    let line = format!("{key} = {}", folder.relative_from(&base.unwrap_or_else(contents)));
    match lines.iter().position(|line| line.trim() == "[Paths]") {
        Some(at) => lines.insert(at + 1, line),
        None => lines.extend(["[Paths]".to_owned(), line]),
    }
    lines.join("\n") + "\n"
}

/// The value of a key in the section `Paths`.
pub fn setting<'a>(settings: &'a str, key: &str) -> Option<&'a str> {
    let lines = settings.lines().map(str::trim).skip_while(|line| *line != "[Paths]").skip(1);
    let mut own = lines.take_while(|line| !line.starts_with('['));
    own.find_map(|line| {
        let (name, value) = line.split_once('=')?;
        (name.trim() == key).then(|| value.trim().trim_matches('"')).filter(|value| !value.is_empty())
    })
}

/// The folder that qt.conf's paths begin at.
pub fn contents() -> BundlePath {
    BundlePath::root().join("Contents")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_by_framework_and_by_library() {
        let names = ["QtGui", "libQt6Gui.6.dylib", "libQt5Gui.5.15.2.dylib", "Qt3DRender"];
        assert_eq!(names.map(module), [Some("Gui"), Some("Gui"), Some("Gui"), Some("3DRender")]);
        let others = ["libqcocoa.dylib", "Qt", "QtGui.abi3.so", "libQt.dylib", "libavcodec.dylib"];
        assert_eq!(others.map(module), [None; 5]);
    }

    #[test]
    fn a_corrected_qt_conf_keeps_its_other_lines() {
        let folder = contents().join("PlugIns");
        assert_eq!(with_folder(None, "Plugins", &folder), "[Paths]\nPlugins = PlugIns\n");
        let old = "; by hand\n[Paths]\nPrefix = Resources\nPlugins = wrong\n[Other]\nPlugins = x\n";
        let new = "; by hand\n[Paths]\nPlugins = ../PlugIns\nPrefix = Resources\n[Other]\nPlugins = x\n";
        assert_eq!(with_folder(Some(old), "Plugins", &folder), new);
        let outside = "[Paths]\nPrefix = /opt/homebrew\nPlugins = share/qt/plugins\n";
        assert_eq!(with_folder(Some(outside), "Plugins", &folder), "[Paths]\nPlugins = PlugIns\n");
    }
}
