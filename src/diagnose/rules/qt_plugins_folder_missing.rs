//! qt.conf names a folder of plug-ins that is not there.

use super::Rule;
use crate::diagnose::qt::{COCOA, PlugInsFolder, conf, plug_ins_folder, setting};
use crate::diagnose::{Facts, Finding, Remedy, Severity, Toolkit};

pub static RULE: Rule = Rule {
    id: "qt-plugins-folder-missing",
    title: "qt.conf names a folder of plug-ins that is not there",
    severity: Severity::Warning,
    doc: include_str!("qt_plugins_folder_missing.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    finding(facts).into_iter().collect()
}

fn finding(facts: &Facts<'_>) -> Option<Finding> {
    let path = conf();
    let named = match plug_ins_folder(facts.bundle) {
        PlugInsFolder::Unsaid => return None,
        PlugInsFolder::Inside(folder) => {
            // The disks of most Macs know no capitals.
            let mut all = facts.bundle.nodes.keys();
            let there = all.any(|other| other.as_str().eq_ignore_ascii_case(folder.as_str()));
            if there || facts.bundle.real_path(&folder).is_some() {
                return None;
            }
            folder.to_string()
        }
        PlugInsFolder::Outside(_) => String::new(),
    };
    let cocoa = facts.bundle.nodes.keys().find(|path| path.file_name() == COCOA)?;
    let folder = cocoa.parent()?.parent()?;
    let said = |key| setting(facts.bundle.settings.get(&path)?, key).map(|value| format!("{key} = {value}"));
    let lines: Vec<String> = ["Prefix", "Plugins"].into_iter().filter_map(said).collect();
    let (title, means) = match named.as_str() {
        "" => ("qt.conf leads out of the bundle".to_owned(), "a folder outside the bundle".to_owned()),
        named => (format!("{named} is not there"), format!("{named}, which is not there")),
    };
    let message = format!(
        "{} in {path} means {means}; {COCOA} is in {folder}/platforms. Correct the line or move the folder, and sign the app \
         again.",
        lines.join(", ")
    );
    let remedy = Some(Remedy::PlugInsFolder { toolkit: Toolkit::Qt, folder });
    Some(Finding { remedy, ..Finding::new(&RULE, &path, title, message) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    fn found(settings: &str, folder: &str) -> Vec<String> {
        let bundle = format!(
            "Contents/MacOS/App execute\nContents/Resources/qt.conf text\n  line [Paths]\n{settings}\
             Contents/{folder}/platforms/libqcocoa.dylib bundle\n"
        );
        shown(&found_in(&bundle, RULE.id))
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let subject = "warning Contents/Resources/qt.conf:";
        assert_eq!(
            found("  line Plugins = PlugIns\n", "qt/plugins"),
            [format!("{subject} Contents/PlugIns is not there")]
        );
        let prefix = "  line Prefix = Resources\n  line Plugins=plugins\n";
        assert_eq!(found(prefix, "PlugIns"), [format!("{subject} Contents/Resources/plugins is not there")]);
    }

    #[test]
    fn a_folder_outside_the_bundle_is_nobodys() {
        for settings in ["  line Prefix = /opt/qt\n", "  line Plugins = ../../../plugins\n"] {
            let found = found(settings, "PlugIns");
            assert_eq!(found, ["warning Contents/Resources/qt.conf: qt.conf leads out of the bundle"]);
        }
    }

    #[test]
    fn the_folder_in_any_capitals_and_defaults_are_fine() {
        assert_eq!(found("  line Plugins = plugins\n", "PlugIns"), [] as [String; 0]);
        assert_eq!(
            found("  line Prefix = Resources\n  line Plugins = qt\n", "Resources/qt"),
            [] as [String; 0]
        );
        assert_eq!(found("  line Translations = x\n", "PlugIns"), [] as [String; 0]);
    }
}
