//! Which modules QML files import, and the folders in which Qt looks for one (`QQmlImportDatabase`).

use std::collections::BTreeSet;

use super::qt::{conf, contents, setting};
use crate::bundle::Bundle;
use crate::macho::PackedVersion;
use crate::paths::BundlePath;

/// `QtQuick.Controls`, and the major version that Qt 5 asks for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Import {
    pub module: String,
    pub major: Option<u32>,
}

/// The module of `import QtQuick.Controls 2.15 as C`, or of what follows the words of a line of qmldir.
pub fn import(line: &str) -> Option<Import> {
    let rest = line.trim().strip_prefix("import ").unwrap_or(line);
    let mut words = rest.split([' ', '\t', ';']).filter(|word| !word.is_empty());
    let module = words.next().filter(|name| name.starts_with(char::is_alphabetic))?;
    let version = words.next().unwrap_or_default();
    let major = version.split('.').next().and_then(|major| major.parse().ok());
    Some(Import { module: module.to_owned(), major })
}

/// What a module's qmldir brings along: `import`, `optional import`, `default import` and `depends`.
pub fn of_qmldir(text: &str) -> BTreeSet<Import> {
    const WORDS: [&str; 4] = ["import ", "optional import ", "default import ", "depends "];
    let rest =
        |line: &'_ str| WORDS.iter().find_map(|word| line.trim().strip_prefix(*word).map(str::to_owned));
    text.lines().filter_map(rest).filter_map(|rest| import(&rest)).collect()
}

/// What the bundle's own QML files import, each with the first file that does.
pub fn imports(bundle: &Bundle) -> Vec<(Import, &BundlePath)> {
    let files = bundle.settings.iter().filter(|(path, _)| path.file_name().ends_with(".qml"));
    let all = files.flat_map(|(path, text)| text.lines().filter_map(import).map(move |one| (one, path)));
    let mut seen = BTreeSet::new();
    let mut first: Vec<(Import, &BundlePath)> = all.filter(|(one, _)| seen.insert(one.clone())).collect();
    first.sort();
    first
}

/// The folders of a module below one that holds modules, in Qt's order: `QtQuick/Controls.2`, `QtQuick.2/Controls`,
/// `QtQuick/Controls`.
pub fn folders(wanted: &Import) -> Vec<String> {
    let parts: Vec<&str> = wanted.module.split('.').collect();
    let versioned = |major: u32| {
        let parts = parts.clone();
        (0..parts.len()).rev().map(move |at| {
            let named = parts.iter().enumerate();
            let named = named.map(|(place, part)| match place == at {
                true => format!("{part}.{major}"),
                false => (*part).to_owned(),
            });
            named.collect::<Vec<_>>().join("/")
        })
    };
    let with_major = wanted.major.into_iter().flat_map(versioned);
    with_major.chain([parts.join("/")]).collect()
}

/// The keys of qt.conf that name the folder of modules: Qt 6 reads the first, Qt 5 the second.
pub fn key(version: Option<PackedVersion>) -> &'static str {
    let old = version.is_some_and(|version| version < PackedVersion::new(6, 0, 0));
    if old { "Qml2Imports" } else { "QmlImports" }
}

/// Where the bundle's qt.conf says that modules are, when that is in the bundle.
pub fn folder_said(bundle: &Bundle, key: &str) -> Option<BundlePath> {
    let settings = bundle.settings.get(&conf())?;
    let prefix = contents().resolve(setting(settings, "Prefix").unwrap_or("."))?;
    prefix.resolve(setting(settings, key)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(module: &str, major: Option<u32>) -> Import {
        Import { module: module.to_owned(), major }
    }

    #[test]
    fn versions_choose_the_folder_and_names_do_not() {
        assert_eq!(import("import QtQuick.Controls 2.15 as C"), Some(one("QtQuick.Controls", Some(2))));
        assert_eq!(import("import QtQuick;"), Some(one("QtQuick", None)));
        assert_eq!(import("import \"parts\""), None);
        assert_eq!(
            folders(&one("QtQuick.Controls", Some(2))),
            ["QtQuick/Controls.2", "QtQuick.2/Controls", "QtQuick/Controls"]
        );
        assert_eq!(folders(&one("QtQuick", None)), ["QtQuick"]);
    }

    #[test]
    fn a_module_brings_along_what_its_qmldir_names() {
        let text = "module QtQuick.Controls\nplugin x\noptional import QtQuick.Controls.macOS auto\n\
            default import QtQuick.Controls.Basic auto\ndepends QtQuick 2.0\nprefer :/x/\n";
        let found = of_qmldir(text);
        let wanted = [
            one("QtQuick", Some(2)),
            one("QtQuick.Controls.Basic", None),
            one("QtQuick.Controls.macOS", None),
        ];
        assert_eq!(found, BTreeSet::from(wanted));
    }
}
