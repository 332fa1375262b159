//! gdk-pixbuf has no loaders.

use super::Rule;
use crate::bundle::ImageId;
use crate::diagnose::gdk_pixbuf::{LIBRARY, LOADER};
use crate::diagnose::{Facts, Finding, Remedy, Severity, Toolkit};
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "gdk-pixbuf-loaders-missing",
    title: "gdk-pixbuf has no loaders",
    severity: Severity::Warning,
    doc: include_str!("gdk_pixbuf_loaders_missing.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let cache = facts.bundle.settings.keys().any(|path| path.file_name() == "loaders.cache");
    let loaders = facts.bundle.images.keys().any(|path| path.file_name().starts_with(LOADER));
    match loaded(facts) {
        Some(library) if !cache && !loaders => vec![finding(library)],
        _ => Vec::new(),
    }
}

fn loaded<'a>(facts: &Facts<'a>) -> Option<&'a BundlePath> {
    let loads = facts.clean.launches.iter().flat_map(|launch| launch.loads.own());
    let mut images = loads.filter(|load| load.loaded_by.is_some()).filter_map(|load| match &load.image {
        ImageId::Bundled(path) => Some(path),
        ImageId::External(_) => None,
    });
    images.find(|path| path.file_name().starts_with(LIBRARY))
}

fn finding(library: &BundlePath) -> Finding {
    let message = format!(
        "{library} is loaded, but neither a loaders.cache nor a loader is in the bundle, so that it reads only the formats \
         that are built into it: icons and images of others are not shown. Copy the loaders in and list them in \
         Contents/Resources/lib/gdk-pixbuf-2.0/2.10.0/loaders.cache; the fix does it where they can be reached."
    );
    Finding {
        remedy: Some(Remedy::PlugIns { toolkit: Toolkit::GdkPixbuf, kind: None }),
        ..Finding::new(&RULE, library, "gdk-pixbuf has no loaders", message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    const APP: &str = "Contents/Info.plist plist\n  key CFBundleExecutable App\n\
        Contents/MacOS/App execute\n  use @executable_path/../Frameworks/libgdk_pixbuf-2.0.0.dylib\n\
        Contents/Frameworks/libgdk_pixbuf-2.0.0.dylib dylib\n";

    #[test]
    fn the_library_without_a_list_of_loaders_is_found() {
        assert_eq!(
            shown(&found_in(APP, RULE.id)),
            ["warning Contents/Frameworks/libgdk_pixbuf-2.0.0.dylib: gdk-pixbuf has no loaders"]
        );
    }

    #[test]
    fn a_list_or_a_loader_is_enough_and_without_a_user_there_is_nothing_to_say() {
        let cache = format!("{APP}Contents/Resources/loaders.cache text\n  line #\n");
        let loader = format!("{APP}Contents/Resources/libpixbufloader-png.so bundle\n");
        let unused = APP.replace("  use @executable_path/../Frameworks/libgdk_pixbuf-2.0.0.dylib\n", "");
        for bundle in [cache, loader, unused] {
            assert_eq!(shown(&found_in(&bundle, RULE.id)), [] as [&str; 0]);
        }
    }
}
