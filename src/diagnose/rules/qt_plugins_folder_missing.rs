//! qt.conf names a folder of plug-ins that is not there.

use super::Rule;
use crate::diagnose::{Facts, Finding, Severity};
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "qt-plugins-folder-missing",
    title: "qt.conf names a folder of plug-ins that is not there",
    severity: Severity::Warning,
    doc: include_str!("qt_plugins_folder_missing.md"),
    check,
};

const PLUG_IN: &str = "libqcocoa.dylib";

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    finding(facts).into_iter().collect()
}

fn finding(facts: &Facts<'_>) -> Option<Finding> {
    let contents = BundlePath::root().join("Contents");
    let path = contents.join("Resources/qt.conf");
    let settings = facts.contents?.configuration.get(&path)?;
    let plug_ins = setting(settings, "Plugins")?;
    let prefix = contents.resolve(setting(settings, "Prefix").unwrap_or("."))?;
    let folder = prefix.resolve(plug_ins)?;
    let cocoa = facts.bundle.nodes.keys().find(|path| path.file_name() == PLUG_IN)?;
    // The disks of most Macs know no capitals.
    let same = |other: &BundlePath| other.as_str().eq_ignore_ascii_case(folder.as_str());
    if facts.bundle.nodes.keys().any(same) || facts.bundle.real_path(&folder).is_some() {
        return None;
    }
    let there = cocoa.parent()?.parent()?;
    let message = format!(
        "Plugins = {plug_ins} in {path} means {folder}, which is not there; {PLUG_IN} is in {there}/platforms. Correct the \
         line or move the folder, and sign the app again."
    );
    Some(Finding::new(&RULE, &path, format!("{folder} is not there"), message))
}

/// The value of a key in the section `Paths`.
fn setting<'a>(settings: &'a str, key: &str) -> Option<&'a str> {
    let lines = settings.lines().map(str::trim).skip_while(|line| *line != "[Paths]").skip(1);
    let mut own = lines.take_while(|line| !line.starts_with('['));
    own.find_map(|line| {
        let (name, value) = line.split_once('=')?;
        (name.trim() == key).then(|| value.trim().trim_matches('"')).filter(|value| !value.is_empty())
    })
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
    fn the_folder_in_any_capitals_and_defaults_are_fine() {
        assert_eq!(found("  line Plugins = plugins\n", "PlugIns"), [] as [String; 0]);
        assert_eq!(
            found("  line Prefix = Resources\n  line Plugins = qt\n", "Resources/qt"),
            [] as [String; 0]
        );
        assert_eq!(found("  line Translations = x\n", "PlugIns"), [] as [String; 0]);
    }
}
