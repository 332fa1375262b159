//! Where the libraries of a toolkit are on the build machine.

use std::collections::BTreeSet;

use super::Sources;
use crate::bundle::source;
use crate::macho::framework_suffix;
use crate::paths::{BundlePath, RuntimePath};

/// The folders that may hold the libraries whose file names `ours` knows: where the loaded ones came from, where their names
/// say that they are, where the rpaths of the build lead, the search roots and the usual prefixes. The likeliest first, each
/// once, whether or not it is here.
pub(super) fn library_folders(
    sources: &Sources<'_, '_>,
    ours: impl Fn(&str) -> bool,
    usual_prefixes: &[&str],
) -> Vec<RuntimePath> {
    let outside = sources.placed.keys().chain(sources.facts.build.externals.keys());
    let mut folders: Vec<RuntimePath> =
        outside.filter(|path| ours(path.file_name())).map(library_folder).collect();
    for (path, image) in &sources.base.images {
        let slices = || image.file.slices.iter();
        let used = slices().flat_map(|slice| &slice.uses).map(|used| &used.name);
        let names = slices().filter_map(|slice| slice.install_name.as_ref()).chain(used);
        let absolute = names.filter(|name| name.as_str().starts_with('/') && ours(name.leaf()));
        folders.extend(absolute.map(|name| library_folder(&RuntimePath::new(name.as_str()))));
        let rpaths = slices().flat_map(|slice| &slice.rpaths);
        folders.extend(rpaths.filter_map(|rpath| rpath_folder(sources, path, rpath.as_str())));
    }
    let kegs: Vec<RuntimePath> = folders.iter().filter_map(homebrew_of).collect();
    folders.extend(kegs);
    folders.extend(sources.roots.roots.iter().map(|(from, _)| from.join("lib")));
    folders.extend(usual_prefixes.iter().map(|prefix| RuntimePath::new(*prefix).join("lib")));
    let mut seen = BTreeSet::new();
    folders.retain(|folder| seen.insert(folder.clone()));
    folders
}

/// `/x/lib` of `/x/lib/QtGui.framework/Versions/A/QtGui` and of `/x/lib/libQt6Gui.6.dylib`.
fn library_folder(library: &RuntimePath) -> RuntimePath {
    let framework =
        framework_suffix(library.as_str()).and_then(|suffix| library.as_str().strip_suffix(suffix));
    framework.map_or_else(|| library.parent(), |folder| RuntimePath::new(folder.trim_end_matches('/')))
}

/// Where an LC_RPATH of the bundle's file leads on the build machine; `None` for one that stays in the bundle.
fn rpath_folder(sources: &Sources<'_, '_>, image: &BundlePath, rpath: &str) -> Option<RuntimePath> {
    let base = sources.base;
    let own = ["@loader_path", "@executable_path"].iter().find_map(|own| rpath.strip_prefix(own));
    let folder = match own {
        Some(tail) => base.runtime_path(image).parent().join(tail).normalized(),
        None if rpath.starts_with('/') => RuntimePath::new(rpath).normalized(),
        None => return None,
    };
    let outside = folder.strip_prefix(&base.runtime_root).is_none();
    (outside && !source::is_system_path(folder.as_str())).then_some(folder)
}

/// `/opt/homebrew/lib` of `/opt/homebrew/Cellar/qtbase/6.9.1/lib`: there the plug-ins of all kegs come together.
fn homebrew_of(folder: &RuntimePath) -> Option<RuntimePath> {
    const PREFIXES: [&str; 2] = ["/opt/homebrew", "/usr/local"];
    let text = folder.as_str();
    let in_keg = |prefix: &&&str| {
        let inside = text.strip_prefix(**prefix).unwrap_or_default();
        inside.starts_with("/Cellar/") || inside.starts_with("/opt/")
    };
    PREFIXES.iter().find(in_keg).map(|prefix| RuntimePath::new(*prefix).join("lib"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_of_a_framework_is_above_it() {
        let of = |text: &str| library_folder(&RuntimePath::new(text)).to_string();
        assert_eq!(of("/opt/qt/lib/QtGui.framework/Versions/A/QtGui"), "/opt/qt/lib");
        assert_eq!(of("/opt/qt/lib/libQt6Gui.6.dylib"), "/opt/qt/lib");
    }

    #[test]
    fn plug_ins_of_split_kegs_come_together_in_the_prefix() {
        let of = |text: &str| homebrew_of(&RuntimePath::new(text)).map(|folder| folder.to_string());
        assert_eq!(of("/opt/homebrew/Cellar/qtbase/6.9.1/lib"), Some("/opt/homebrew/lib".to_owned()));
        assert_eq!(of("/opt/homebrew/opt/qtsvg/lib"), Some("/opt/homebrew/lib".to_owned()));
        assert_eq!(of("/Users/me/Qt/6.9.1/macos/lib"), None);
    }
}
