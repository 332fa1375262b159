//! A setting leads to a folder of the build machine.

use std::collections::BTreeMap;

use super::Rule;
use crate::diagnose::amounts::listed;
use crate::diagnose::gdk_pixbuf::mends;
use crate::diagnose::{Facts, Finding, Severity};
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "absolute-path-in-configuration",
    title: "A setting leads to a folder of the build machine",
    severity: Severity::Error,
    doc: include_str!("absolute_path_in_configuration.md"),
    check,
};

/// Where build machines keep what a clean Mac does not have.
const PLACES: [&str; 8] =
    ["/Users/", "/home/", "/opt/", "/usr/local/", "/nix/store/", "/sw/", "/private/tmp/", "/Volumes/"];

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    // While a repair is planned there is no more than the settings, which are all that it can mend.
    let mut files: BTreeMap<&BundlePath, &String> = facts.bundle.settings.iter().collect();
    files.extend(facts.contents.into_iter().flat_map(|contents| &contents.configuration));
    files.into_iter().filter_map(|(path, text)| finding(path, &outside(text))).collect()
}

/// The paths of the build machine in the lines that are no comment.
fn outside(text: &str) -> Vec<&str> {
    let lines =
        text.lines().filter(|line| !line.trim_start().starts_with(['#', ';', '/']) || line.starts_with('/'));
    lines.filter_map(path_in).collect()
}

fn path_in(line: &str) -> Option<&str> {
    let start = PLACES.iter().filter_map(|place| line.find(place)).min()?;
    let before = line.get(..start)?.chars().next_back();
    if before.is_some_and(|letter| letter.is_alphanumeric() || "._-~}/".contains(letter)) {
        return None;
    }
    let rest = line.get(start..)?;
    let end = rest.find(['"', '\'', '<', ';', ',', '\n']).unwrap_or(rest.len());
    rest.get(..end).map(str::trim_end)
}

fn finding(path: &BundlePath, outside: &[&str]) -> Option<Finding> {
    let name = path.file_name();
    // Caches and the like may be set right when the app starts; this one is read before.
    let severity = if is_read_by_qt(path) { Severity::Error } else { Severity::Warning };
    let first = outside.first()?;
    let title = format!("{name} leads to {}", place(first));
    let message = format!(
        "{path} names {}, which another Mac does not have. Write paths relative to the bundle and sign the app again.",
        listed(outside)
    );
    Some(Finding { severity, remedy: mends(path), ..Finding::new(&RULE, path, title, message) })
}

/// Qt reads the one of the process's bundle, else the one beside its executable.
fn is_read_by_qt(path: &BundlePath) -> bool {
    let mut folders = path.components().rev().skip(1);
    let place = (folders.next(), folders.next());
    matches!(path.file_name(), "qt.conf" | "qt6.conf")
        && matches!(place, (Some("Resources" | "MacOS"), Some("Contents")))
}

/// The first two folders of a path.
fn place(path: &str) -> &str {
    let end = path.match_indices('/').nth(3).map_or(path.len(), |(at, _)| at);
    path.get(..end).unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    #[test]
    fn qt_aborts_and_caches_may_be_made_anew() {
        let bundle = "Contents/MacOS/App execute\n\
                      Contents/Resources/qt.conf text\n  line [Paths]\n  line Prefix = /opt/homebrew/opt/qt\n\
                      Contents/Resources/loaders.cache text\n  line # made by a tool in /opt/local/bin\n\
                      \x20 line \"/opt/local/lib/loaders/libpng.so\"\n";
        let findings = found_in(bundle, RULE.id);
        assert_eq!(
            shown(&findings),
            [
                "error Contents/Resources/qt.conf: qt.conf leads to /opt/homebrew/opt",
                "warning Contents/Resources/loaders.cache: loaders.cache leads to /opt/local/lib",
            ]
        );
        assert_eq!(
            found_in(&bundle.replace("Resources/qt.conf", "Resources/bin/qt.conf"), RULE.id)[0].severity,
            Severity::Warning
        );
        assert!(
            findings[1].message.contains("names /opt/local/lib/loaders/libpng.so, which"),
            "{}",
            findings[1].message
        );
    }

    #[test]
    fn relative_paths_comments_and_folders_of_every_mac_are_fine() {
        let text = "[Paths]\nPlugins = PlugIns\n; Prefix = /opt/qt\n<dir>/System/Library/Fonts</dir>\n\
                    \"@executable_path/../lib/opt/x.so\"\n<dir prefix=\"xdg\">~/opt/fonts</dir>\n";
        assert_eq!(outside(text), [] as [&str; 0]);
        assert_eq!(
            outside("/Users/ann/project/src\n<dir>/opt/fonts</dir>"),
            ["/Users/ann/project/src", "/opt/fonts"]
        );
    }
}
