//! Data where codesign expects code.

use std::collections::BTreeSet;

use super::Rule;
use crate::bundle::Node;
use crate::diagnose::loaded::{about_all, counted, listed};
use crate::diagnose::{Facts, Finding, Remedy, Severity};
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "code-place-data",
    title: "Data in a folder for code",
    severity: Severity::Warning,
    doc: include_str!("code_place_data.md"),
    check,
};

/// Folders of `Contents` in which the default rules of codesign call every file nested code, bundles aside.
const FOR_CODE: [&str; 7] =
    ["MacOS", "Frameworks", "SharedFrameworks", "PlugIns", "Plug-ins", "XPCServices", "Helpers"];

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let contents = BundlePath::root().join("Contents");
    let is_data = |path: &BundlePath, node: &Node| {
        let mut parts = path.strip_prefix(&contents).unwrap_or("").split('/');
        let folder = parts.next().unwrap_or("");
        let inside: Vec<&str> = parts.collect();
        // A folder with a dot in its name may be a bundle, which seals its own contents; codesign refuses other ones.
        let in_bundle = inside.iter().rev().skip(1).any(|part| part.contains('.'));
        let seen = !inside.is_empty() && !in_bundle && inside.last() != Some(&".DS_Store");
        FOR_CODE.contains(&folder)
            && seen
            && matches!(node, Node::File { .. })
            && facts.bundle.image(path).is_none()
    };
    let main = facts.bundle.main_executable.as_ref();
    // Of a sealed app the check of the seal says that they are not signed.
    let said: BTreeSet<&BundlePath> = facts.seals.problems.iter().map(|problem| &problem.path).collect();
    let nodes = facts
        .bundle
        .nodes
        .iter()
        .filter(|(path, node)| Some(*path) != main && is_data(path, node) && !said.contains(path));
    let files: BTreeSet<BundlePath> = nodes.map(|(path, _)| path.clone()).collect();
    let title = format!("{} of data in folders for code", counted(files.len()));
    let message = format!(
        "{} {} no Mach-O code, but {} where codesign signs every file as code, into extended attributes that archives lose. Move {} into Contents/Resources, with a link in the old place if need be.",
        listed(&files),
        if files.len() == 1 { "is" } else { "are" },
        if files.len() == 1 { "lies" } else { "lie" },
        if files.len() == 1 { "it" } else { "them" }
    );
    let moves: Vec<(BundlePath, BundlePath)> =
        files.iter().map(|path| (path.clone(), in_resources(&contents, path))).collect();
    let remedy = Some(Remedy::Relocate { moves, link: true });
    let finding = about_all(&RULE, &files, title, message);
    finding.map(|finding| Finding { remedy, ..finding }).into_iter().collect()
}

/// `Contents/Resources/MacOS/data.txt` for `Contents/MacOS/data.txt`.
fn in_resources(contents: &BundlePath, path: &BundlePath) -> BundlePath {
    contents.join("Resources").join(path.strip_prefix(contents).unwrap_or(path.file_name()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    #[test]
    fn data_beside_the_executable_but_not_in_a_bundle() {
        let with = |item: &str| {
            let app = format!(
                "Contents/Info.plist plist\n  key CFBundleExecutable App\nContents/MacOS/App execute\n{item}\n"
            );
            shown(&found_in(&app, RULE.id))
        };
        assert_eq!(
            with("Contents/MacOS/settings.ini text"),
            ["warning Contents/MacOS/settings.ini: 1 file of data in folders for code"]
        );
        assert_eq!(with("Contents/Frameworks/X.framework/Resources/a.txt text"), [] as [&str; 0]);
        assert_eq!(with("Contents/Resources/settings.ini text"), [] as [&str; 0]);
        assert_eq!(with("Contents/Frameworks/libx.dylib dylib"), [] as [&str; 0]);
    }
}
