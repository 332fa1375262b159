//! A cache names loaders that are not in the bundle.

use std::collections::BTreeSet;

use super::Rule;
use crate::diagnose::amounts::{counted, listed};
use crate::diagnose::gdk_pixbuf::mends;
use crate::diagnose::{Facts, Finding, Severity, gio};
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "gtk-loader-missing",
    title: "A cache names loaders that are not in the bundle",
    severity: Severity::Warning,
    doc: include_str!("gtk_loader_missing.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let settings = facts.bundle.settings.iter();
    let caches: Vec<(&BundlePath, &String)> = settings
        .filter(|(path, _)| matches!(path.file_name(), "loaders.cache" | "immodules.cache" | gio::CACHE))
        .collect();
    if caches.is_empty() {
        return Vec::new();
    }
    let there: BTreeSet<&str> = facts.bundle.nodes.keys().map(BundlePath::file_name).collect();
    caches.into_iter().filter_map(|(path, text)| finding(path, &missing(path, text, &there))).collect()
}

/// A module stands alone on its line in quotation marks; what follows describes it. GIO's list has names and colons.
fn missing<'a>(path: &BundlePath, cache: &'a str, there: &BTreeSet<&str>) -> BTreeSet<&'a str> {
    if path.file_name() == gio::CACHE {
        return gio::modules(cache).filter(|leaf| !there.contains(leaf)).collect();
    }
    let modules = cache.lines().filter_map(|line| line.trim().strip_prefix('"')?.strip_suffix('"'));
    let files = modules.filter(|module| module.ends_with(".so") || module.ends_with(".dylib"));
    files.filter_map(|module| module.rsplit('/').next()).filter(|leaf| !there.contains(leaf)).collect()
}

fn finding(path: &BundlePath, missing: &BTreeSet<&str>) -> Option<Finding> {
    let first = missing.first()?;
    let title = match missing.len() {
        1 => format!("{first} is listed and not there"),
        many => format!("{} are listed and not there", counted(many, "loader")),
    };
    let message = format!(
        "{path} lists {}, of which the bundle has no file. Copy them in, or make the cache anew from what is there, and \
         sign the app again.",
        listed(missing)
    );
    Some(Finding { remedy: mends(path), ..Finding::new(&RULE, path, title, message) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    const CACHE: &str = "Contents/MacOS/App execute\nContents/Resources/loaders.cache text\n\
        \x20 line \"@executable_path/../Resources/loaders/libpixbufloader-png.so\"\n\
        \x20 line \"png\" 5 \"gdk-pixbuf\" \"PNG\" \"LGPL\"\n  line \"image/png\" \"\"\n";

    #[test]
    fn a_module_that_was_not_copied_is_named() {
        assert_eq!(
            shown(&found_in(CACHE, RULE.id)),
            ["warning Contents/Resources/loaders.cache: libpixbufloader-png.so is listed and not there"]
        );
    }

    #[test]
    fn the_list_of_gio_has_names_and_colons() {
        let list = "Contents/MacOS/App execute\nContents/Resources/gio/giomodule.cache text\n\
            \x20 line libgiognutls.so: gio-tls-backend\n";
        let subject = "warning Contents/Resources/gio/giomodule.cache:";
        assert_eq!(
            shown(&found_in(list, RULE.id)),
            [format!("{subject} libgiognutls.so is listed and not there")]
        );
        let whole = format!("{list}Contents/Resources/gio/libgiognutls.so bundle\n");
        assert_eq!(shown(&found_in(&whole, RULE.id)), [] as [String; 0]);
    }

    #[test]
    fn a_module_that_is_there_is_fine() {
        let bundle = format!("{CACHE}Contents/Resources/loaders/libpixbufloader-png.so bundle\n");
        assert_eq!(shown(&found_in(&bundle, RULE.id)), [] as [String; 0]);
    }
}
