//! The icon that Info.plist names is missing.

use std::collections::BTreeSet;

use plist::Value;

use super::Rule;
use crate::bundle::Bundle;
use crate::diagnose::amounts::listed;
use crate::diagnose::{Facts, Finding, Severity};
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "plist-icon-missing",
    title: "The icon that Info.plist names is missing",
    severity: Severity::Warning,
    doc: include_str!("plist_icon_missing.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let Some(info) = &facts.bundle.info else { return Vec::new() };
    let there = resources(facts.bundle);
    let lacks = |name: &&str| !name.is_empty() && !is_there(&there, name);
    let path = BundlePath::root().join("Contents").join("Info.plist");
    // A compiled catalogue of assets may hold the icon that CFBundleIconName names, and macOS prefers it.
    let in_catalogue = info.string("CFBundleIconName").is_some() && there.contains("assets.car");
    let own = info.string("CFBundleIconFile").filter(lacks).filter(|_| !in_catalogue);
    let own = own.map(|name| {
        finding(&path, Severity::Warning, "The app's icon is missing", "CFBundleIconFile", &[name])
    });
    let mut documents = Vec::new();
    for (list, key) in [
        ("CFBundleDocumentTypes", "CFBundleTypeIconFile"),
        ("UTExportedTypeDeclarations", "UTTypeIconFile"),
        ("UTImportedTypeDeclarations", "UTTypeIconFile"),
    ] {
        let entries = info.value.as_dictionary().and_then(|info| info.get(list)).and_then(Value::as_array);
        let names =
            entries.into_iter().flatten().filter_map(|entry| entry.as_dictionary()?.get(key)?.as_string());
        let missing: BTreeSet<&str> = names.filter(lacks).collect();
        if !missing.is_empty() {
            let missing: Vec<&str> = missing.into_iter().collect();
            documents.push(finding(
                &path,
                Severity::Info,
                "The icon of a document type is missing",
                key,
                &missing,
            ));
        }
    }
    own.into_iter().chain(documents).collect()
}

/// The names in `Contents/Resources` and its languages, in small letters: most disks of Macs take them as equal.
fn resources(bundle: &Bundle) -> BTreeSet<String> {
    let folder = BundlePath::root().join("Contents/Resources");
    let inside = bundle.nodes.keys().filter_map(|path| path.strip_prefix(&folder));
    inside
        .filter_map(|path| match path.split_once('/') {
            None => Some(path.to_lowercase()),
            Some((language, name)) => language.ends_with(".lproj").then(|| name.to_lowercase()),
        })
        .collect()
}

fn is_there(there: &BTreeSet<String>, name: &str) -> bool {
    let name = name.to_lowercase();
    there.contains(&name) || there.contains(&format!("{name}.icns"))
}

fn finding(path: &BundlePath, severity: Severity, title: &str, key: &str, names: &[&str]) -> Finding {
    let message = format!(
        "{key} in {path} names {}, which is not in Contents/Resources. Put the .icns file there or correct the key, and \
         sign the app again.",
        listed(names)
    );
    Finding { severity, ..Finding::new(&RULE, path, title, message) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    #[test]
    fn a_name_without_its_file_is_found() {
        let bundle = "Contents/Info.plist plist\n  key CFBundleIconFile AppIcon\n\
                      \x20 key CFBundleDocumentTypes <array><dict><key>CFBundleTypeIconFile</key><string>doc</string></dict></array>\n\
                      Contents/MacOS/App execute\nContents/Resources/icon.icns text\n  line x\n";
        assert_eq!(
            shown(&found_in(bundle, RULE.id)),
            [
                "warning Contents/Info.plist: The app's icon is missing",
                "info Contents/Info.plist: The icon of a document type is missing",
            ]
        );
    }

    #[test]
    fn with_or_without_its_ending_and_in_a_catalogue_it_is_there() {
        for (keys, file) in [
            ("  key CFBundleIconFile appicon\n", "AppIcon.icns"),
            ("  key CFBundleIconFile AppIcon.icns\n", "AppIcon.icns"),
            ("  key CFBundleIconFile AppIcon\n  key CFBundleIconName AppIcon\n", "Assets.car"),
            ("  key CFBundleName App\n", "x"),
        ] {
            let rest = format!("Contents/MacOS/App execute\nContents/Resources/{file} text\n  line x\n");
            let bundle = format!("Contents/Info.plist plist\n{keys}{rest}");
            assert_eq!(shown(&found_in(&bundle, RULE.id)), [] as [String; 0], "{keys}");
        }
    }
}
