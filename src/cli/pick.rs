//! What a user's word means: an image by its path or its file name, a reference by its whole text or its last part.

use std::collections::BTreeSet;
use std::path::Path;

use super::answer::Trouble;
use crate::dyld::Resolution;
use crate::failure::Failure;
use crate::macho::InstallName;
use crate::paths::BundlePath;
use crate::workflow::Inspection;

/// An image of the bundle.
pub fn image<'a>(inspection: &'a Inspection, word: &str) -> Result<&'a BundlePath, Trouble> {
    let images = inspection.bundle.images.keys();
    one(images, word, |path| path.as_str(), || inside(inspection, word))
        .map_err(|why| Failure::new(&inspection.bundle.root, why.of("image", word), why.next("image")).into())
}

/// Anything that a launch loads: an image of the bundle, or else one outside it or a library of macOS.
pub fn loaded(inspection: &Inspection, word: &str) -> Result<Resolution, Trouble> {
    match image(inspection, word) {
        Ok(path) => return Ok(Resolution::Bundled(path.clone())),
        Err(trouble) if inspection.bundle.images.keys().any(|path| path.file_name() == word) => {
            return Err(trouble);
        }
        Err(_) => {}
    }
    let loads = inspection.build.launches.iter().flat_map(|launch| launch.loads.own());
    let found = loads.flat_map(|load| &load.dependencies).map(|dependency| &dependency.resolution);
    let outside: BTreeSet<&Resolution> =
        found.filter(|found| matches!(found, Resolution::External(_) | Resolution::System(_))).collect();
    one(outside.into_iter(), word, path_of, || None)
        .cloned()
        .map_err(|why| Failure::new(&inspection.bundle.root, why.of("image", word), why.next("image")).into())
}

fn path_of(found: &Resolution) -> &str {
    match found {
        Resolution::Bundled(path) => path.as_str(),
        Resolution::External(path) | Resolution::System(path) => path.as_str(),
        Resolution::Missing => "",
    }
}

/// What starts a process or is opened by name.
pub fn entry<'a>(inspection: &'a Inspection, word: &str) -> Result<&'a BundlePath, Trouble> {
    let entries = inspection.bundle.entries.iter().map(|entry| &entry.image);
    one(entries, word, |path| path.as_str(), || inside(inspection, word)).map_err(|why| {
        Failure::new(&inspection.bundle.root, why.of("program or plug-in", word), why.next("entry")).into()
    })
}

/// A reference of `image`.
pub fn reference<'a>(
    inspection: &'a Inspection,
    image: &BundlePath,
    word: &str,
) -> Result<&'a InstallName, Trouble> {
    let file = inspection.bundle.images.get(image);
    let names = file.into_iter().flat_map(|image| &image.file.slices).flat_map(|slice| &slice.uses);
    one(names.map(|used| &used.name), word, |name| name.as_str(), || None).map_err(|why| {
        Failure::new(
            image.to_local(&inspection.bundle.root),
            why.of("reference", word),
            why.next("reference"),
        )
        .into()
    })
}

/// `word` as a path of this machine that leads into the bundle.
fn inside(inspection: &Inspection, word: &str) -> Option<String> {
    let local = Path::new(word).canonicalize().ok()?;
    BundlePath::from_local(&inspection.bundle.root, &local).map(|path| path.to_string())
}

/// Why a word means nothing.
#[derive(Debug, PartialEq, Eq)]
enum Unclear {
    Nothing,
    Several(Vec<String>),
}

impl Unclear {
    fn of(&self, what: &str, word: &str) -> String {
        match self {
            Unclear::Nothing => format!("has no {what} {word}"),
            Unclear::Several(_) => format!("has more than one {what} called {word}"),
        }
    }

    fn next(&self, what: &str) -> String {
        match self {
            Unclear::Nothing => format!("`bundlewright inspect` lists every {what}"),
            Unclear::Several(all) => format!("give one of {}", all.join(", ")),
        }
    }
}

/// The item whose text is `word`, or `other()`, or else the only one whose last part is `word`.
fn one<'a, T: Ord>(
    items: impl Iterator<Item = &'a T>,
    word: &str,
    text: impl Fn(&'a T) -> &'a str,
    other: impl Fn() -> Option<String>,
) -> Result<&'a T, Unclear> {
    let mut items: Vec<&T> = items.collect();
    items.sort();
    items.dedup();
    let exactly = |word: &str| items.iter().copied().find(|item| text(item) == word);
    if let Some(found) = exactly(word).or_else(|| exactly(&other()?)) {
        return Ok(found);
    }
    let leaf = |item: &'a T| text(item).rsplit('/').next() == Some(word);
    let close: Vec<&'a T> = items.iter().copied().filter(|item| leaf(item)).collect();
    match close[..] {
        [found] => Ok(found),
        [] => Err(Unclear::Nothing),
        _ => Err(Unclear::Several(close.into_iter().map(|item| text(item).to_owned()).collect())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pick(word: &str) -> Result<String, Unclear> {
        let names = ["/a/libx.dylib", "/b/libx.dylib", "@rpath/liby.dylib"].map(InstallName::new);
        one(names.iter(), word, |name| name.as_str(), || None).map(|name| name.as_str().to_owned())
    }

    #[test]
    fn the_whole_text_or_a_last_part_that_is_clear() {
        assert_eq!(pick("/b/libx.dylib").unwrap(), "/b/libx.dylib");
        assert_eq!(pick("liby.dylib").unwrap(), "@rpath/liby.dylib");
        assert_eq!(pick("libz.dylib"), Err(Unclear::Nothing));
        let several = pick("libx.dylib").unwrap_err();
        assert_eq!(several.next("reference"), "give one of /a/libx.dylib, /b/libx.dylib");
    }
}
