//! Qt: plug-ins by the modules that are loaded, and `qt.conf`. The kinds by module are those that Qt's own macdeployqt
//! takes along (qtbase, `macdeployqt/shared/shared.cpp`).

use std::collections::BTreeSet;

use super::build_folders::library_folders;
use super::{Ingredient, Recipe, Sources, Wanted, archs};
use crate::bundle::{Bundle, Image, source};
use crate::diagnose::Toolkit;
use crate::diagnose::qt::{
    COCOA, PlugInsFolder, conf, module, modules, plug_ins_folder, version, with_plug_ins,
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

/// Every folder in which this Qt's plug-ins may be on the build machine, the likeliest first, each once.
fn plug_in_folders(sources: &Sources<'_, '_>) -> Vec<RuntimePath> {
    let mut folders = Vec::new();
    for library_folder in library_folders(sources, |leaf| module(leaf).is_some(), &USUAL_PREFIXES) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_builds_stay_away() {
        assert!(is_plug_in("libqgif.dylib"));
        assert!(!is_plug_in("libqgif_debug.dylib") && !is_plug_in("libqgif.prl"));
    }
}
