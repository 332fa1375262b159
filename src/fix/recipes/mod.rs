//! What toolkits open by name at run time, which no load command shows. One file a toolkit; this is the table of them.

mod build_folders;
mod gdk_pixbuf;
#[cfg(test)]
mod gdk_pixbuf_described;
mod gio;
#[cfg(test)]
mod gio_described;
mod qml;
mod qt;
#[cfg(test)]
mod qt_described;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::bundle::{Bundle, Image, SearchRoots};
use crate::diagnose::{Facts, Toolkit};
use crate::dyld::Place;
use crate::macho::Arch;
use crate::paths::{BundlePath, RuntimePath};

/// What a recipe may look at.
pub(super) struct Sources<'a, 'f> {
    pub facts: &'a Facts<'f>,
    /// The bundle as it is on disk, with the names and rpaths that its build gave it.
    pub base: &'a Bundle,
    pub roots: &'a SearchRoots,
    /// Where what came from outside, by its real path there, is in the bundle.
    pub placed: &'a BTreeMap<RuntimePath, BundlePath>,
}

/// One file that is to come in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ingredient {
    /// Where it really is on the build machine, and here.
    pub from: RuntimePath,
    pub local: PathBuf,
    pub to: BundlePath,
}

/// What must come into the bundle.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    pub files: Vec<Ingredient>,
    /// Relative links and where they lead.
    pub links: Vec<(BundlePath, String)>,
    /// Small text files and what they say. One that is there is replaced.
    pub texts: Vec<(BundlePath, String)>,
    /// Folders of the build machine that were looked at.
    pub looked: Vec<RuntimePath>,
}

/// A text file and what it has to say for plug-ins in a folder.
type Settings = fn(&Bundle, &BundlePath) -> (BundlePath, String);

pub(super) struct Recipe {
    toolkit: Toolkit,
    /// The plug-ins of one kind, or all that the app can want.
    plug_ins: fn(&Sources<'_, '_>, Option<&str>) -> Wanted,
    /// What has to say that the plug-ins are in this folder, where a file does.
    settings: Option<Settings>,
}

static RECIPES: [Recipe; 3] = [qt::RECIPE, gdk_pixbuf::RECIPE, gio::RECIPE];

fn recipe(toolkit: Toolkit) -> Option<&'static Recipe> {
    RECIPES.iter().find(|recipe| recipe.toolkit == toolkit)
}

/// Asks the toolkit's recipe for the plug-ins of one kind, or for all that the app can want.
pub(super) fn plug_ins(sources: &Sources<'_, '_>, toolkit: Toolkit, kind: Option<&str>) -> Wanted {
    recipe(toolkit).map(|recipe| (recipe.plug_ins)(sources, kind)).unwrap_or_default()
}

/// The file that tells the toolkit where its plug-ins are, as it has to be.
pub(super) fn settings(
    bundle: &Bundle,
    toolkit: Toolkit,
    folder: &BundlePath,
) -> Option<(BundlePath, String)> {
    let settings = recipe(toolkit)?.settings?;
    Some(settings(bundle, folder))
}

fn archs(image: &Image) -> BTreeSet<Arch> {
    image.file.slices.iter().map(|slice| slice.arch).collect()
}

/// The build machine's folders, when this is a look at the build machine.
pub(super) fn roots<'a>(facts: &Facts<'a>) -> Option<&'a SearchRoots> {
    match &facts.build.place {
        Place::BuildMac(roots) | Place::HomebrewMac(roots) => Some(roots),
        Place::CleanMac => None,
    }
}
