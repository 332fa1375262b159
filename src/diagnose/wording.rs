//! Words that several rules share.

use std::fmt::Display;

use super::Prefix;
use crate::bundle::Bundle;
use crate::macho::{InstallName, Rpath};
use crate::paths::{BundlePath, RuntimePath};

/// The library's name as people say it: the framework's when it is one, else the file's.
pub fn leaf(name: &InstallName) -> &str {
    name.leaf()
}

/// Where a path of the build machine comes from, in words.
pub fn origin(path: &RuntimePath) -> &'static str {
    Prefix::of(path.as_str()).map_or("the build tree", Prefix::words)
}

/// The folder of the build machine that would have to be mapped for `name` to be found; `None` when the name is not
/// absolute.
pub fn root_hint(name: &InstallName) -> Option<String> {
    let text = name.as_str().strip_prefix('/')?;
    let known = ["opt/homebrew", "opt/local", "usr/local", "nix/store", "Library/Frameworks"];
    if let Some(root) = known.iter().find(|root| text.starts_with(&format!("{root}/"))) {
        return Some(format!("/{root}"));
    }
    let parts: Vec<&str> = text.split('/').collect();
    let depth = parts.len().saturating_sub(1).clamp(1, 3);
    Some(format!("/{}", parts[..depth].join("/")))
}

/// How many things a sentence names before it counts the rest.
const SHOWN: usize = 4;

/// "a, b and c", or "a, b, c, d and 5 more".
pub fn listed<T: Display>(things: impl ExactSizeIterator<Item = T>) -> String {
    let count = things.len();
    let mut words: Vec<String> =
        things.take(if count > SHOWN + 1 { SHOWN } else { count }).map(|thing| thing.to_string()).collect();
    if words.len() < count {
        words.push(format!("{} more", count - words.len()));
    }
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => words.concat(),
    }
}

/// Every LC_RPATH of the bundle's images, each text once an image, whatever slices have it.
pub fn each_rpath(bundle: &Bundle) -> Vec<(&BundlePath, &Rpath)> {
    let mut all = Vec::new();
    for (path, image) in &bundle.images {
        let mut texts: Vec<&Rpath> = image.file.slices.iter().flat_map(|slice| &slice.rpaths).collect();
        texts.sort();
        texts.dedup();
        all.extend(texts.into_iter().map(|rpath| (path, rpath)));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hint_is_a_folder_that_one_would_map() {
        let hint = |text: &str| root_hint(&InstallName::new(text));
        assert_eq!(hint("/opt/homebrew/opt/ink/lib/libink.dylib").as_deref(), Some("/opt/homebrew"));
        assert_eq!(hint("/Users/ann/Root/lib/libx.dylib").as_deref(), Some("/Users/ann/Root"));
        assert_eq!(hint("@rpath/libx.dylib"), None);
    }

    #[test]
    fn long_lists_are_cut_and_counted() {
        let of = |count: usize| listed(["a", "b", "c", "d", "e", "f"][..count].iter());
        assert_eq!(
            [of(0), of(1), of(2), of(5), of(6)],
            ["", "a", "a and b", "a, b, c, d and e", "a, b, c, d and 2 more"]
        );
    }
}
