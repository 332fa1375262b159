//! QML modules of Qt: what the bundle's files import, and what those modules name in turn. As with macdeployqt, plug-ins
//! go to `PlugIns/quick` with a link in their place.

use std::collections::BTreeSet;

use super::{Ingredient, Sources, Wanted};
use crate::bundle::{settings_text, source};
use crate::diagnose::qml::{Import, folder_said, folders, import, imports, key, of_qmldir};
use crate::diagnose::qt::version;
use crate::paths::{BundlePath, RuntimePath};

/// Where the modules go: where qt.conf says, else where macdeployqt puts them.
pub(super) fn target(sources: &Sources<'_, '_>) -> BundlePath {
    let bundle = sources.facts.bundle;
    folder_said(bundle, key(version(sources.facts)))
        .unwrap_or_else(|| BundlePath::root().join("Contents/Resources/qml"))
}

/// Every imported module that one of `libraries` has below its `qml` and the bundle has not.
pub(super) fn modules(sources: &Sources<'_, '_>, qml_folders: &[RuntimePath]) -> Wanted {
    let target = target(sources);
    let mut wanted = Wanted::default();
    let mut ahead: Vec<Import> = imports(sources.facts.bundle).into_iter().map(|(one, _)| one).collect();
    let mut seen: BTreeSet<Import> = ahead.iter().cloned().collect();
    while let Some(next) = ahead.pop() {
        let Some((folder, inside)) = find(sources, qml_folders, &next) else { continue };
        let more = bring(sources, &folder, &target.join(&inside), &mut wanted);
        ahead.extend(more.into_iter().filter(|one| seen.insert(one.clone())));
    }
    wanted.files.sort_by(|a, b| a.to.cmp(&b.to));
    wanted.links.sort();
    wanted
}

/// The module's folder on the build machine, and its path below the folder of modules.
fn find(
    sources: &Sources<'_, '_>,
    qml_folders: &[RuntimePath],
    wanted: &Import,
) -> Option<(RuntimePath, String)> {
    let places =
        qml_folders.iter().flat_map(|qml| folders(wanted).into_iter().map(move |inside| (qml, inside)));
    let plain = places.filter(|(_, inside)| BundlePath::new(inside).is_some());
    let mut all = plain.map(|(qml, inside)| (qml.join(&inside), inside));
    all.find(|(folder, _)| sources.roots.real_path(&folder.join("qmldir")).is_some())
}

/// One module; answers what it imports. With `prefer` in its qmldir the plug-in holds the QML files itself.
fn bring(
    sources: &Sources<'_, '_>,
    folder: &RuntimePath,
    target: &BundlePath,
    wanted: &mut Wanted,
) -> BTreeSet<Import> {
    let local = |name: &str| sources.roots.real_path(&folder.join(name));
    let text = local("qmldir").and_then(|(_, local)| settings_text(&local)).unwrap_or_default();
    let compiled = text.lines().any(|line| line.trim().starts_with("prefer "));
    let mut more = of_qmldir(&text);
    for name in sources.roots.names(folder) {
        let Some((from, local)) = local(&name).filter(|(_, local)| local.is_file()) else { continue };
        let Some(place) = target.resolve(&name) else { continue };
        if name.ends_with(".dylib") {
            bring_plug_in(sources, (from, local), &place, wanted);
            continue;
        }
        if name.ends_with(".qml") {
            more.extend(settings_text(&local).unwrap_or_default().lines().filter_map(import));
        }
        let needed = name == "qmldir" || !compiled && !is_for_tools(&name);
        if needed && !sources.facts.bundle.nodes.contains_key(&place) {
            wanted.files.push(Ingredient { from, local, to: place });
        }
    }
    more
}

fn bring_plug_in(
    sources: &Sources<'_, '_>,
    (from, local): (RuntimePath, std::path::PathBuf),
    place: &BundlePath,
    wanted: &mut Wanted,
) {
    let nodes = &sources.facts.bundle.nodes;
    let to = BundlePath::root().join("Contents/PlugIns/quick").join(place.file_name());
    let taken = wanted.files.iter().any(|file| file.to == to);
    let debug = place.file_name().ends_with("_debug.dylib");
    if debug || nodes.contains_key(place) || taken || source::open_image(&from, &local).is_err() {
        return;
    }
    let way = to.relative_from(&place.parent().unwrap_or_default());
    wanted.links.push((place.clone(), way));
    if !nodes.contains_key(&to) {
        wanted.files.push(Ingredient { from, local, to });
    }
}

/// Descriptions for editors and compilers.
fn is_for_tools(name: &str) -> bool {
    [".qmltypes", ".qmlc", ".prl", ".metainfo"].iter().any(|end| name.ends_with(end))
}
