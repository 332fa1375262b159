//! QML imports modules of Qt that are not in the bundle.

use std::collections::BTreeSet;

use super::Rule;
use crate::bundle::ImageId;
use crate::diagnose::amounts::{counted, listed};
use crate::diagnose::qml::{Import, folders, imports};
use crate::diagnose::qt::{bundled, version};
use crate::diagnose::{Facts, Finding, Remedy, Severity, Toolkit};
use crate::macho::PackedVersion;
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "qml-module-missing",
    title: "QML imports a module of Qt that is not in the bundle",
    severity: Severity::Warning,
    doc: include_str!("qml_module_missing.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    finding(facts).into_iter().collect()
}

fn finding(facts: &Facts<'_>) -> Option<Finding> {
    let library = bundled(facts, "Qml")?;
    let missing = missing(facts);
    let (_, file) = missing.first()?;
    let names: BTreeSet<&str> = missing.iter().map(|(import, _)| import.module.as_str()).collect();
    let title = format!("{} of QML not in the bundle", counted(names.len(), "module"));
    let message = format!(
        "{file} imports {}, and no folder of the bundle has its qmldir. Copy the modules from the folder qml of the same Qt to \
         Contents/Resources/qml and name it in qt.conf; the fix does it where that Qt can be reached.",
        listed(names.iter().copied())
    );
    Some(Finding {
        related: missing.iter().map(|(_, file)| ImageId::Bundled((*file).clone())).collect(),
        remedy: Some(Remedy::PlugIns { toolkit: Toolkit::Qt, kind: Some("qml") }),
        ..Finding::new(&RULE, library, title, message)
    })
}

/// Modules of Qt's own: others may be part of the program. Those of the libraries QtQml and QtQuick register themselves
/// since Qt 6.
fn missing<'a>(facts: &Facts<'a>) -> Vec<(Import, &'a BundlePath)> {
    let new = version(facts).is_none_or(|version| version >= PackedVersion::new(6, 0, 0));
    let known = |module: &str| new && matches!(module, "QtQml" | "QtQuick");
    let modules: BTreeSet<&str> =
        facts.bundle.nodes.keys().filter_map(|path| path.as_str().strip_suffix("/qmldir")).collect();
    let there = |import: &Import| {
        let mut ends = folders(import).into_iter().map(|folder| format!("/{folder}"));
        ends.any(|end| modules.iter().any(|module| module.ends_with(&end)))
    };
    let all = imports(facts.bundle).into_iter();
    all.filter(|(import, _)| import.module.starts_with("Qt") && !known(&import.module) && !there(import))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    const APP: &str = "Contents/Info.plist plist\n  key CFBundleExecutable App\n\
        Contents/MacOS/App execute\n  use @executable_path/../Frameworks/libQt6Qml.6.dylib\n\
        Contents/Frameworks/libQt6Qml.6.dylib dylib\n\
        Contents/Resources/main.qml text\n  line import QtQuick\n  line import QtQuick.Controls 2.15\n  line import Mine 1.0\n";

    #[test]
    fn a_module_without_its_folder_is_named() {
        let found = found_in(APP, RULE.id);
        assert_eq!(
            shown(&found),
            ["warning Contents/Frameworks/libQt6Qml.6.dylib: 1 module of QML not in the bundle"]
        );
        assert!(found[0].message.starts_with("Contents/Resources/main.qml imports QtQuick.Controls, and"));
    }

    #[test]
    fn the_folder_with_or_without_a_version_is_fine() {
        for folder in ["Controls", "Controls.2"] {
            let whole = format!("{APP}Contents/Resources/qml/QtQuick/{folder}/qmldir text\n  line module\n");
            assert_eq!(shown(&found_in(&whole, RULE.id)), [] as [&str; 0]);
        }
    }
}
