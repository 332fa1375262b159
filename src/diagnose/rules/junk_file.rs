//! Files that nobody meant to ship.

use super::Rule;
use crate::bundle::Node;
use crate::diagnose::amounts::{about, counted, listed, sized};
use crate::diagnose::{Facts, Finding, Remedy, Severity};
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "junk-file",
    title: "Files that nobody meant to ship",
    severity: Severity::Info,
    doc: include_str!("junk_file.md"),
    check,
};

const NAMES: [&str; 13] = [
    ".DS_Store",
    "__MACOSX",
    ".git",
    ".gitignore",
    ".gitattributes",
    ".gitmodules",
    ".gitkeep",
    ".svn",
    ".hg",
    "Thumbs.db",
    "desktop.ini",
    ".AppleDouble",
    ".fseventsd",
];
const ENDINGS: [&str; 4] = [".orig", ".rej", ".swp", "~"];

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let mut paths: Vec<&BundlePath> = Vec::new();
    let mut bytes = 0;
    for (path, node) in &facts.bundle.nodes {
        let inside = paths.last().is_some_and(|last| path.is_under(last));
        if !inside && is_junk(path.file_name()) {
            paths.push(path);
        }
        if let (true, Node::File { length, .. }) = (inside || is_junk(path.file_name()), node) {
            bytes += length;
        }
    }
    if paths.is_empty() {
        return Vec::new();
    }
    let title = format!("{} that nobody meant to ship", counted(paths.len(), "item"));
    let message = format!(
        "A working folder left {} ({}). Delete them and sign the app again.",
        listed(&paths),
        sized(bytes)
    );
    let remedy = Some(Remedy::Remove { paths: paths.iter().map(|path| (*path).clone()).collect() });
    vec![Finding { remedy, ..about(&RULE, &paths, title, message) }]
}

fn is_junk(name: &str) -> bool {
    NAMES.contains(&name) || ENDINGS.iter().any(|ending| name.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    #[test]
    fn a_folder_of_them_counts_once_with_all_its_bytes() {
        let bundle = "Contents/MacOS/App execute\nContents/Resources/.git/config text\n  line 123\n\
                      Contents/Resources/.git/HEAD text\n  line 123\nContents/Resources/a/.DS_Store text\n";
        let findings = found_in(bundle, RULE.id);
        assert_eq!(shown(&findings), ["info Contents/Resources: 2 items that nobody meant to ship"]);
        assert!(findings[0].message.contains(".git and Contents/Resources/a/.DS_Store (8 bytes)"));
    }

    #[test]
    fn names_that_only_look_alike_stay() {
        let bundle =
            "Contents/MacOS/App execute\nContents/Resources/original text\nContents/Resources/git text\n";
        assert_eq!(shown(&found_in(bundle, RULE.id)), [] as [String; 0]);
    }
}
