//! Qt: plug-ins by the modules that are loaded, and `qt.conf`. The kinds by module are those that Qt's own macdeployqt
//! takes along (qtbase, `macdeployqt/shared/shared.cpp`).

use std::collections::BTreeSet;

use super::{Ingredient, Recipe, Sources, Wanted};
use crate::bundle::{Bundle, Image, source};
use crate::diagnose::Toolkit;
use crate::diagnose::qt::{
    COCOA, PlugInsFolder, conf, module, modules, plug_ins_folder, version, with_plug_ins,
};
use crate::macho::{Arch, PackedVersion, framework_suffix};
use crate::paths::{BundlePath, RuntimePath};

pub(super) const RECIPE: Recipe = Recipe { toolkit: Toolkit::Qt, plug_ins, settings };

/// Plug-ins that a module opens.
struct Kind {
    module: &'static str,
    folder: &'static str,
    /// Only these files; all that fit when empty.
    only: &'static [&'static str],
}

const fn all(module: &'static str, folder: &'static str) -> Kind {
    Kind { module, folder, only: &[] }
}

const KINDS: [Kind; 24] = [
    Kind { module: "Gui", folder: "platforms", only: &[COCOA] },
    Kind { module: "Widgets", folder: "styles", only: &["libqmacstyle.dylib"] },
    all("Gui", "imageformats"),
    all("Gui", "iconengines"),
    all("Gui", "platforminputcontexts"),
    all("VirtualKeyboard", "virtualkeyboard"),
    all("PrintSupport", "printsupport"),
    all("Network", "tls"),
    all("Network", "networkinformation"),
    all("Network", "bearer"),
    // The others need the client library of a database server.
    Kind { module: "Sql", folder: "sqldrivers", only: &["libqsqlite.dylib"] },
    all("Multimedia", "multimedia"),
    all("Multimedia", "mediaservice"),
    all("Multimedia", "audio"),
    all("Positioning", "position"),
    all("Location", "geoservices"),
    all("Sensors", "sensors"),
    all("SerialBus", "canbus"),
    all("TextToSpeech", "texttospeech"),
    all("WebView", "webview"),
    all("3DRender", "sceneparsers"),
    all("3DRender", "geometryloaders"),
    all("3DRender", "renderers"),
    all("3DQuickRender", "renderplugins"),
];

/// Where a Qt keeps its plug-ins, from the folder of its libraries: its own installer and keg, Homebrew's Qt 6, Linux-like
/// prefixes (conda, Nix).
const FROM_LIBRARIES: [&str; 6] = [
    "../plugins",
    "../share/qt/plugins",
    "../share/qt6/plugins",
    "qt6/plugins",
    "qt-6/plugins",
    "qt5/plugins",
];

/// Prefixes whose Qt counts when nothing in the bundle says which one it was. Each has a folder `lib`.
const USUAL_PREFIXES: [&str; 8] = [
    "/opt/homebrew",
    "/opt/homebrew/opt/qt",
    "/opt/homebrew/opt/qt@5",
    "/usr/local",
    "/usr/local/opt/qt",
    "/usr/local/opt/qt@5",
    "/opt/local/libexec/qt6",
    "/opt/local/libexec/qt5",
];

fn plug_ins(sources: &Sources<'_, '_>, kind: Option<&str>) -> Wanted {
    let candidates = plug_in_folders(sources);
    let (there, _): (Vec<_>, Vec<_>) =
        candidates.iter().cloned().partition(|folder| sources.roots.real_path(folder).is_some());
    let target = match plug_ins_folder(sources.facts.bundle) {
        PlugInsFolder::Inside(folder) => folder,
        PlugInsFolder::Unsaid | PlugInsFolder::Outside(_) => BundlePath::root().join("Contents/PlugIns"),
    };
    let files = ingredients(sources, kind, &there, &target);
    let cocoa = files.iter().any(|file| file.from.file_name() == COCOA);
    let complete = kind.is_some() || cocoa;
    let said = matches!(plug_ins_folder(sources.facts.bundle), PlugInsFolder::Inside(_));
    let texts = match complete && !files.is_empty() && !said {
        true => vec![settings(sources.facts.bundle, &target)],
        false => Vec::new(),
    };
    let looked = if there.is_empty() { candidates } else { there };
    // Without the platform's plug-in the others are of no use.
    Wanted { files: if complete { files } else { Vec::new() }, texts, looked }
}

fn settings(bundle: &Bundle, folder: &BundlePath) -> (BundlePath, String) {
    (conf(), with_plug_ins(bundle.settings.get(&conf()).map(String::as_str), folder))
}

/// The plug-ins of the wanted kinds, each from the first folder that has one that fits.
fn ingredients(
    sources: &Sources<'_, '_>,
    kind: Option<&str>,
    folders: &[RuntimePath],
    target: &BundlePath,
) -> Vec<Ingredient> {
    let loaded = Loaded::new(sources);
    let mut files = Vec::new();
    let mut taken = BTreeSet::new();
    let wanted = KINDS.iter().filter(|one| kind.is_none_or(|kind| kind == one.folder));
    for one in wanted.filter(|one| loaded.modules.contains(one.module)) {
        for folder in folders.iter().map(|folder| folder.join(one.folder)) {
            for name in sources.roots.names(&folder) {
                let listed = one.only.is_empty() || one.only.contains(&name.as_str());
                let to = target.join(one.folder).resolve(&name);
                let Some(to) = to.filter(|_| listed && is_plug_in(&name)) else { continue };
                let Some((from, local)) = sources.roots.real_path(&folder.join(&name)) else { continue };
                let there = sources.facts.bundle.nodes.contains_key(&to) || taken.contains(&to);
                let fits = !there
                    && source::open_image(&from, &local).is_ok_and(|image| loaded.takes(&image, &name));
                if fits {
                    taken.insert(to.clone());
                    files.push(Ingredient { from, local, to });
                }
            }
        }
    }
    files
}

/// Qt names its debug builds so.
fn is_plug_in(name: &str) -> bool {
    name.starts_with("lib") && name.ends_with(".dylib") && !name.ends_with("_debug.dylib")
}

/// The Qt that the app loads.
struct Loaded<'a> {
    modules: BTreeSet<&'a str>,
    version: Option<PackedVersion>,
    archs: BTreeSet<Arch>,
}

impl<'a> Loaded<'a> {
    fn new(sources: &Sources<'_, 'a>) -> Self {
        let facts = sources.facts;
        let modules = modules(facts);
        let core = modules.get("Core").or_else(|| modules.get("Gui"));
        let core = core.and_then(|id| facts.build.image(facts.bundle, id));
        let archs = core.map(|image| archs(image)).unwrap_or_default();
        let version = version(facts);
        Loaded { modules: modules.into_keys().collect(), version, archs }
    }

    /// Whether Qt would open the plug-in: built for this very Qt (most use its private interfaces), for every
    /// architecture, and with no module that the app can do without.
    fn takes(&self, plug_in: &Image, name: &str) -> bool {
        let uses = || plug_in.file.slices.iter().flat_map(|slice| &slice.uses);
        let of_module = |wanted: &str, leaf: &str| module(leaf) == Some(wanted);
        let versions = uses().filter(|used| of_module("Core", used.name.leaf())).map(|used| used.current);
        let same_version = self.version.is_none_or(|version| versions.clone().all(|one| one == version));
        let lean =
            || uses().filter_map(|used| module(used.name.leaf())).all(|one| self.modules.contains(one));
        self.archs.is_subset(&archs(plug_in))
            && versions.clone().next().is_some()
            && same_version
            && (name == COCOA || lean())
    }
}

fn archs(image: &Image) -> BTreeSet<Arch> {
    image.file.slices.iter().map(|slice| slice.arch).collect()
}

/// Every folder in which this Qt's plug-ins may be on the build machine, the likeliest first, each once.
fn plug_in_folders(sources: &Sources<'_, '_>) -> Vec<RuntimePath> {
    let mut folders = Vec::new();
    for library_folder in library_folders(sources) {
        for way in FROM_LIBRARIES {
            let folder = library_folder.join(way).normalized();
            if !folders.contains(&folder) {
                folders.push(folder);
            }
        }
    }
    let mut seen = BTreeSet::new();
    folders.retain(|folder| {
        let real = sources.roots.real_path(folder).map_or_else(|| folder.clone(), |(real, _)| real);
        seen.insert(real)
    });
    folders
}

/// Folders of Qt's libraries: where the loaded ones came from, where their names say that they are, where the rpaths of
/// the build lead, and the usual ones.
fn library_folders(sources: &Sources<'_, '_>) -> Vec<RuntimePath> {
    let outside = sources.placed.keys().chain(sources.facts.build.externals.keys());
    let mut folders: Vec<RuntimePath> =
        outside.filter(|path| module(path.file_name()).is_some()).map(library_folder).collect();
    for (path, image) in &sources.base.images {
        let slices = || image.file.slices.iter();
        let names = slices()
            .filter_map(|slice| slice.install_name.as_ref())
            .chain(slices().flat_map(|slice| &slice.uses).map(|used| &used.name));
        let absolute = names.filter(|name| name.as_str().starts_with('/') && module(name.leaf()).is_some());
        folders.extend(absolute.map(|name| library_folder(&RuntimePath::new(name.as_str()))));
        let rpaths = slices().flat_map(|slice| &slice.rpaths);
        folders.extend(rpaths.filter_map(|rpath| rpath_folder(sources, path, rpath.as_str())));
    }
    let kegs: Vec<RuntimePath> = folders.iter().filter_map(homebrew_of).collect();
    folders.extend(kegs);
    let mapped = sources.roots.roots.iter().map(|(from, _)| from.join("lib"));
    folders.extend(mapped);
    folders.extend(USUAL_PREFIXES.map(|prefix| RuntimePath::new(prefix).join("lib")));
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
    let beside = |tail: &str| base.runtime_path(image).parent().join(tail).normalized();
    let folder = match rpath.strip_prefix("@loader_path") {
        Some(tail) => beside(tail),
        None => match rpath.strip_prefix("@executable_path") {
            Some(tail) => beside(tail),
            None if rpath.starts_with('/') => RuntimePath::new(rpath).normalized(),
            None => return None,
        },
    };
    let outside = folder.strip_prefix(&base.runtime_root).is_none();
    (outside && !source::is_system_path(folder.as_str())).then_some(folder)
}

/// `/opt/homebrew/lib` of `/opt/homebrew/Cellar/qtbase/6.9.1/lib`: there the plug-ins of all kegs of Qt come together.
fn homebrew_of(folder: &RuntimePath) -> Option<RuntimePath> {
    let text = folder.as_str();
    let end = text.find("/Cellar/").or_else(|| text.find("/opt/qt"))?;
    text.get(..end).map(|prefix| RuntimePath::new(prefix).join("lib"))
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

    #[test]
    fn debug_builds_stay_away() {
        assert!(is_plug_in("libqgif.dylib"));
        assert!(!is_plug_in("libqgif_debug.dylib") && !is_plug_in("libqgif.prl"));
    }
}
