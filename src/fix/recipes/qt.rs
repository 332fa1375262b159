//! Qt: plug-ins by the modules that are loaded, and `qt.conf`. The kinds by module are those that Qt's own macdeployqt
//! takes along (qtbase, `macdeployqt/shared/shared.cpp`).

use std::collections::BTreeSet;

use super::build_folders::library_folders;
use super::{Ingredient, Recipe, Sources, Wanted, archs, qml};
use crate::bundle::{Bundle, Image, source};
use crate::diagnose::Toolkit;
use crate::diagnose::qml::{folder_said, imports, key};
use crate::diagnose::qt::{
    COCOA, PlugInsFolder, conf, contents, module, modules, plug_ins_folder, version, with_folder,
};
use crate::macho::{Arch, PackedVersion};
use crate::paths::{BundlePath, RuntimePath};

pub(super) const RECIPE: Recipe = Recipe { toolkit: Toolkit::Qt, plug_ins, settings: Some(settings) };

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

/// The same for QML modules.
const QML_FROM_LIBRARIES: [&str; 5] =
    ["../qml", "../share/qt/qml", "../share/qt6/qml", "qt6/qml", "qt-6/qml"];

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
    if kind == Some("qml") {
        let candidates = folders(sources, &QML_FROM_LIBRARIES);
        let wanted = qml::modules(sources, &candidates);
        let texts = texts(sources, wanted.files.is_empty());
        return Wanted { texts, looked: looked(sources, candidates), ..wanted };
    }
    let candidates = folders(sources, &FROM_LIBRARIES);
    let files = ingredients(sources, kind, &candidates, &target(sources.facts.bundle));
    let cocoa = files.iter().any(|file| file.from.file_name() == COCOA);
    // Without the platform's plug-in the others are of no use.
    let files = if kind.is_some() || cocoa { files } else { Vec::new() };
    let texts = texts(sources, files.is_empty());
    Wanted { files, texts, looked: looked(sources, candidates), ..Wanted::default() }
}

/// The folders that are there; all that were asked for when none is.
fn looked(sources: &Sources<'_, '_>, candidates: Vec<RuntimePath>) -> Vec<RuntimePath> {
    let there = |folder: &&RuntimePath| sources.roots.real_path(folder).is_some();
    let there: Vec<RuntimePath> = candidates.iter().filter(there).cloned().collect();
    if there.is_empty() { candidates } else { there }
}

/// The folder for plug-ins: the one that qt.conf names, else Apple's.
fn target(bundle: &Bundle) -> BundlePath {
    match plug_ins_folder(bundle) {
        PlugInsFolder::Inside(folder) => folder,
        PlugInsFolder::Unsaid | PlugInsFolder::Outside(_) => contents().join("PlugIns"),
    }
}

/// qt.conf, when it does not yet say where the files are that come in.
fn texts(sources: &Sources<'_, '_>, nothing_comes: bool) -> Vec<(BundlePath, String)> {
    if nothing_comes {
        return Vec::new();
    }
    let bundle = sources.facts.bundle;
    let old = bundle.settings.get(&conf());
    let mut text = old.cloned();
    if !matches!(plug_ins_folder(bundle), PlugInsFolder::Inside(_)) {
        text = Some(with_folder(text.as_deref(), "Plugins", &target(bundle)));
    }
    let key = key(version(sources.facts));
    let uses_qml = !imports(bundle).is_empty() && modules(sources.facts).contains_key("Qml");
    if uses_qml && folder_said(bundle, key).is_none() {
        text = Some(with_folder(text.as_deref(), key, &qml::target(sources)));
    }
    text.filter(|text| Some(text) != old).map(|text| (conf(), text)).into_iter().collect()
}

fn settings(bundle: &Bundle, folder: &BundlePath) -> (BundlePath, String) {
    (conf(), with_folder(bundle.settings.get(&conf()).map(String::as_str), "Plugins", folder))
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

/// Every folder in which this Qt's plug-ins or modules may be on the build machine, the likeliest first, each once.
fn folders(sources: &Sources<'_, '_>, ways: &[&str]) -> Vec<RuntimePath> {
    let mut folders = Vec::new();
    for library_folder in library_folders(sources, |leaf| module(leaf).is_some(), &USUAL_PREFIXES) {
        for way in ways {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_builds_stay_away() {
        assert!(is_plug_in("libqgif.dylib"));
        assert!(!is_plug_in("libqgif_debug.dylib") && !is_plug_in("libqgif.prl"));
    }
}
