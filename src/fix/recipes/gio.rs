//! GIO: the modules that the bundle's `giomodule.cache` lists and that are not there. GIO opens them beside their list; they
//! go to `PlugIns`, where codesign seals code as code, and get links there.

use super::build_folders::library_folders;
use super::{Ingredient, Recipe, Sources, Wanted};
use crate::bundle::source;
use crate::diagnose::Toolkit;
use crate::diagnose::gio::{CACHE, modules};
use crate::paths::{BundlePath, RuntimePath};

pub(super) const RECIPE: Recipe = Recipe { toolkit: Toolkit::Gio, plug_ins, settings: None };

const USUAL_PREFIXES: [&str; 3] = ["/opt/homebrew", "/usr/local", "/opt/local"];

fn plug_ins(sources: &Sources<'_, '_>, _: Option<&str>) -> Wanted {
    let libraries = library_folders(sources, |leaf| leaf.starts_with("libgio-2.0."), &USUAL_PREFIXES);
    let looked: Vec<RuntimePath> = libraries.iter().map(|folder| folder.join("gio/modules")).collect();
    let mut wanted = Wanted { looked, ..Wanted::default() };
    let caches = sources.facts.bundle.settings.iter().filter(|(path, _)| path.file_name() == CACHE);
    for (cache, text) in caches {
        for name in modules(text) {
            bring(sources, &cache.parent().unwrap_or_default(), name, &mut wanted);
        }
    }
    wanted
}

fn bring(sources: &Sources<'_, '_>, folder: &BundlePath, name: &str, wanted: &mut Wanted) {
    let places =
        (folder.resolve(name), BundlePath::root().join("Contents/PlugIns/gio-modules").resolve(name));
    let (Some(place), Some(to)) = places else { return };
    let nodes = &sources.facts.bundle.nodes;
    if nodes.contains_key(&place) || nodes.contains_key(&to) {
        return;
    }
    let mut real = wanted.looked.iter().filter_map(|folder| sources.roots.real_path(&folder.join(name)));
    let found = real.find(|(from, local)| source::open_image(from, local).is_ok());
    if let Some((from, local)) = found {
        wanted.links.push((place, to.relative_from(folder)));
        wanted.files.push(Ingredient { from, local, to });
    }
}
