//! A bundle in the app has no Info.plist.

use super::Rule;
use crate::bundle::Node;
use crate::diagnose::{Facts, Finding, Severity};
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "nested-bundle-without-plist",
    title: "A bundle in the app has no Info.plist",
    severity: Severity::Error,
    doc: include_str!("nested_bundle_without_plist.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let folders = facts.bundle.nodes.iter().filter(|(_, node)| **node == Node::Folder).map(|(path, _)| path);
    folders.filter_map(|folder| finding(facts, folder)).collect()
}

fn finding(facts: &Facts<'_>, folder: &BundlePath) -> Option<Finding> {
    let (_, kind) = folder.file_name().rsplit_once('.')?;
    let severity = match kind {
        "xpc" | "appex" => Severity::Error,
        "app" | "bundle" | "plugin" => Severity::Warning,
        _ => return None,
    };
    let contents = folder.join("Contents");
    let has = |name: &str| facts.bundle.nodes.contains_key(&contents.join(name));
    if !has("MacOS") || has("Info.plist") {
        return None;
    }
    let effect = match severity {
        Severity::Error => "launchd does not find it, so it never starts",
        _ => "only what knows the path of its executable can use it",
    };
    let message = format!(
        "{folder} has code but no Contents/Info.plist: {effect}. Put the Info.plist of its build there and sign it again."
    );
    let title = format!("{} has no Info.plist", folder.file_name());
    Some(Finding { severity, ..Finding::new(&RULE, folder, title, message) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    #[test]
    fn a_service_never_starts_a_helper_app_may() {
        let bundle = "Contents/MacOS/App execute\nContents/XPCServices/S.xpc/Contents/MacOS/S execute\n\
                      Contents/Helpers/H.app/Contents/MacOS/H execute\n";
        assert_eq!(
            shown(&found_in(bundle, RULE.id)),
            [
                "error Contents/XPCServices/S.xpc: S.xpc has no Info.plist",
                "warning Contents/Helpers/H.app: H.app has no Info.plist",
            ]
        );
    }

    #[test]
    fn described_bundles_and_plain_folders_are_fine() {
        let bundle = "Contents/MacOS/App execute\nContents/XPCServices/S.xpc/Contents/MacOS/S execute\n\
                      Contents/XPCServices/S.xpc/Contents/Info.plist plist\n\
                      Contents/Resources/theme.bundle/image.png text\nContents/Resources/x.app/Contents/note text\n";
        assert_eq!(shown(&found_in(bundle, RULE.id)), [] as [String; 0]);
    }
}
