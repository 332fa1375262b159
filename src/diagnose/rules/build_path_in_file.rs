//! Files name folders of the build machine.

use std::collections::BTreeMap;

use super::Rule;
use crate::bundle::Contents;
use crate::diagnose::amounts::{about, counted};
use crate::diagnose::{Facts, Finding, Severity};
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "build-path-in-file",
    title: "Files name folders of the build machine",
    severity: Severity::Info,
    doc: include_str!("build_path_in_file.md"),
    check,
};

/// Folders that are shown; the rest is counted.
const SHOWN: usize = 5;

/// What is known of one folder: in how many files it stands, and the first file with the path there.
type Traces<'a> = BTreeMap<&'a str, (usize, &'a BundlePath, &'a str)>;

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let Some(contents) = facts.contents.filter(|contents| !contents.traces.is_empty()) else {
        return Vec::new();
    };
    let paths: Vec<&BundlePath> = contents.traces.keys().collect();
    let folders = by_folder(contents);
    let mut most: Vec<_> = folders.iter().collect();
    most.sort_by_key(|(folder, (count, ..))| (std::cmp::Reverse(*count), *folder));
    let mut shown: Vec<String> = most
        .iter()
        .take(SHOWN)
        .map(|(folder, (count, path, text))| {
            format!("{folder} in {}, first {text} in {path}", counted(*count, "file"))
        })
        .collect();
    if most.len() > SHOWN {
        shown.push(format!("{} more", counted(most.len() - SHOWN, "folder")));
    }
    let title = format!(
        "{} of the build machine in {}",
        counted(folders.len(), "folder"),
        counted(paths.len(), "file")
    );
    let message = format!(
        "{}. Build with -ffile-prefix-map (or its like) and a relative prefix if nobody should read them.",
        shown.join("; ")
    );
    vec![about(&RULE, &paths, title, message)]
}

fn by_folder(contents: &Contents) -> Traces<'_> {
    let mut folders = Traces::new();
    for (path, found) in &contents.traces {
        for (folder, text) in found {
            folders.entry(folder).and_modify(|(count, ..)| *count += 1).or_insert((1, path, text));
        }
    }
    folders
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    #[test]
    fn folders_are_counted_over_all_files() {
        let bundle = "Contents/MacOS/App execute\n\
                      Contents/Resources/a.cfg text\n  line home=/Users/ann/deps\n\
                      Contents/Resources/b.json text\n  line \"/Users/ann/src\", \"/home/bob/x\"\n";
        let findings = found_in(bundle, RULE.id);
        assert_eq!(shown(&findings), ["info Contents/Resources: 2 folders of the build machine in 2 files"]);
        let message = &findings[0].message;
        assert!(
            message.starts_with("/Users/ann in 2 files, first /Users/ann/deps in Contents/Resources/a.cfg;"),
            "{message}"
        );
    }

    #[test]
    fn load_commands_and_data_are_left_to_others() {
        let bundle = "Contents/MacOS/App execute\n  rpath /Users/ann/lib\n  use /Users/ann/lib/libx.dylib\n\
                      Contents/Resources/notes.dat text\n  line /Users/ann/notes\n";
        assert_eq!(shown(&found_in(bundle, RULE.id)), [] as [String; 0]);
    }
}
