//! LC_LAZY_LOAD_DYLIB, which dyld ignores.

use std::collections::BTreeSet;

use super::Rule;
use crate::bundle::Image;
use crate::diagnose::wording::listed;
use crate::diagnose::{Facts, Finding, Severity};
use crate::macho::{InstallName, LoadKind};
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "lazy-load-command",
    title: "LC_LAZY_LOAD_DYLIB is ignored",
    severity: Severity::Warning,
    doc: include_str!("lazy_load_command.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    facts.bundle.images.iter().filter_map(|(path, image)| finding(path, image)).collect()
}

fn finding(path: &BundlePath, image: &Image) -> Option<Finding> {
    let (mut names, mut shifted) = (BTreeSet::<&InstallName>::new(), false);
    for slice in &image.file.slices {
        let first = slice.uses.iter().position(|used| used.kind == LoadKind::Lazy);
        let rest = first.and_then(|first| slice.uses.get(first..)).unwrap_or_default();
        names.extend(rest.iter().filter(|used| used.kind == LoadKind::Lazy).map(|used| &used.name));
        shifted |= rest.iter().any(|used| used.kind != LoadKind::Lazy);
    }
    if names.is_empty() {
        return None;
    }
    let order = match shifted {
        true => {
            " It has no ordinal either, so symbols that name a later library by number may be looked for in the wrong one."
        }
        false => "",
    };
    let title = format!("{} loads a library lazily", path.file_name());
    let message = format!(
        "{path} has an LC_LAZY_LOAD_DYLIB for {}. dyld has ignored that command since macOS 12: the library is not loaded.{order} Link it with -weak_library, or open it with dlopen.",
        listed(names.iter())
    );
    Some(Finding::new(&RULE, path, title, message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found, found_in, shown};

    #[test]
    fn the_command_is_named_and_a_shift_of_ordinals_is_said() {
        let last = found("faults", "load-kinds", RULE.id);
        assert_eq!(shown(&last), ["warning Contents/MacOS/main: main loads a library lazily"]);
        assert!(!last[0].message.contains("ordinal"), "{}", last[0].message);
        let app = "Contents/Info.plist plist\n  key CFBundleExecutable App\n\
            Contents/MacOS/App execute\n  lazy @rpath/liblate.dylib\n  use /usr/lib/libSystem.B.dylib\n";
        let first = found_in(app, RULE.id);
        assert!(first[0].message.contains("no ordinal either"), "{}", first[0].message);
    }

    #[test]
    fn weak_and_delayed_libraries_are_loaded() {
        let app = "Contents/Info.plist plist\n  key CFBundleExecutable App\n\
            Contents/MacOS/App execute\n  weak @rpath/liblate.dylib\n  use /usr/lib/libSystem.B.dylib\n";
        assert_eq!(shown(&found_in(app, RULE.id)).len(), 0);
    }
}
