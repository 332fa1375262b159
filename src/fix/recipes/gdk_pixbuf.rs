//! gdk-pixbuf: the loaders that `loaders.cache` lists, and the list itself with paths that hold on every Mac, as
//! bundlers of GTK write it. The loaders go to `PlugIns`, where codesign seals code as code.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::build_folders::library_folders;
use super::{Ingredient, Recipe, Sources, Wanted, archs};
use crate::bundle::{Bundle, settings_text, source};
use crate::diagnose::Toolkit;
use crate::diagnose::gdk_pixbuf::{CACHE, LIBRARY, loader};
use crate::macho::Arch;
use crate::paths::{BundlePath, RuntimePath};

pub(super) const RECIPE: Recipe = Recipe { toolkit: Toolkit::GdkPixbuf, plug_ins, settings: None };

const USUAL_PREFIXES: [&str; 3] = ["/opt/homebrew", "/usr/local", "/opt/local"];

fn plug_ins(sources: &Sources<'_, '_>, _: Option<&str>) -> Wanted {
    let libraries = library_folders(sources, |leaf| leaf.starts_with(LIBRARY), &USUAL_PREFIXES);
    let looked: Vec<RuntimePath> = libraries.iter().map(|folder| folder.join(CACHE)).collect();
    let bundle = sources.facts.bundle;
    let own = bundle.settings.iter().find(|(path, _)| path.file_name() == "loaders.cache");
    let theirs = || {
        let there = looked.iter().filter_map(|cache| sources.roots.real_path(cache));
        let texts = there.filter_map(|(_, local)| settings_text(&local));
        texts.map(|text| (BundlePath::root().join("Contents/Resources/lib").join(CACHE), text)).next()
    };
    let listed = own.map(|(path, text)| (path.clone(), text.clone())).or_else(theirs);
    let Some((path, text)) = listed else { return Wanted { looked, ..Wanted::default() } };
    let mut kitchen = Kitchen { sources, libraries, archs: library_archs(sources), files: Vec::new() };
    let text = kitchen.rewritten(&text, own.is_some());
    let texts = if text.lines().any(|line| loader(line).is_some()) { vec![(path, text)] } else { Vec::new() };
    Wanted { files: kitchen.files, texts, looked, ..Wanted::default() }
}

/// The architectures of the library that will open the loaders.
fn library_archs(sources: &Sources<'_, '_>) -> BTreeSet<Arch> {
    let images = &sources.facts.bundle.images;
    let library = images.iter().find(|(path, _)| path.file_name().starts_with(LIBRARY));
    library.map(|(_, image)| archs(image)).unwrap_or_default()
}

struct Kitchen<'s, 'a, 'f> {
    sources: &'s Sources<'a, 'f>,
    libraries: Vec<RuntimePath>,
    archs: BTreeSet<Arch>,
    files: Vec<Ingredient>,
}

impl Kitchen<'_, '_, '_> {
    /// The list with paths into the bundle. What is nowhere keeps its place in the bundle's own list, so that it is
    /// found missing, and is left out of one that comes from the build machine.
    fn rewritten(&mut self, text: &str, keep_lost: bool) -> String {
        let mut lines = Vec::new();
        let mut lost = false;
        for line in text.lines() {
            let Some(listed) = loader(line) else {
                // What describes a loader goes with it; comments begin with #.
                if !lost || line.starts_with('#') {
                    lines.push(line.to_owned());
                }
                continue;
            };
            let place = self.place(listed);
            lost = place.is_none() && !keep_lost;
            match place {
                Some(place) => {
                    lines.push(format!("\"{}\"", by_executable(self.sources.facts.bundle, &place)))
                }
                None if keep_lost => lines.push(line.to_owned()),
                None => {}
            }
        }
        lines.join("\n") + "\n"
    }

    /// Where the loader is in the bundle, or will be.
    fn place(&mut self, listed: &str) -> Option<BundlePath> {
        let bundle = self.sources.facts.bundle;
        let leaf = listed.rsplit('/').next().unwrap_or(listed);
        let by_program = listed.strip_prefix("@executable_path/");
        let said = by_program.and_then(|tail| programs(bundle).resolve(tail));
        let here = said.filter(|path| bundle.images.contains_key(path));
        let here = here.or_else(|| bundle.images.keys().find(|path| path.file_name() == leaf).cloned());
        if here.is_some() {
            return here;
        }
        let to = BundlePath::root().join("Contents/PlugIns/gdk-pixbuf").resolve(leaf)?;
        if self.files.iter().all(|file| file.to != to) {
            let (from, local) = self.outside(listed, leaf)?;
            self.files.push(Ingredient { from, local, to: to.clone() });
        }
        Some(to)
    }

    /// The loader on the build machine: at the path that is listed, or among the loaders of its gdk-pixbuf.
    fn outside(&self, listed: &str, leaf: &str) -> Option<(RuntimePath, PathBuf)> {
        let said = listed.starts_with('/').then(|| RuntimePath::new(listed));
        let usual =
            self.libraries.iter().map(|folder| folder.join(CACHE).parent().join("loaders").join(leaf));
        let real = said.into_iter().chain(usual).filter_map(|path| self.sources.roots.real_path(&path));
        real.filter(|(from, local)| {
            source::open_image(from, local).is_ok_and(|image| self.archs.is_subset(&archs(&image)))
        })
        .find(|(from, _)| from.strip_prefix(&self.sources.base.runtime_root).is_none())
    }
}

/// The folder of the main executable, which `@executable_path` means.
fn programs(bundle: &Bundle) -> BundlePath {
    let main = bundle.main_executable.as_ref().and_then(BundlePath::parent);
    main.unwrap_or_else(|| BundlePath::root().join("Contents/MacOS"))
}

fn by_executable(bundle: &Bundle, place: &BundlePath) -> String {
    format!("@executable_path/{}", place.relative_from(&programs(bundle)))
}
