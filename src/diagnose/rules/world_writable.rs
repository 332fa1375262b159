//! Everybody may change files of the app.

use super::Rule;
use crate::bundle::Node;
use crate::diagnose::amounts::{about, counted, listed};
use crate::diagnose::{Facts, Finding, Severity};
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "world-writable",
    title: "Everybody may change files of the app",
    severity: Severity::Warning,
    doc: include_str!("world_writable.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let open = |node: &Node| matches!(node, Node::File { mode, .. } if mode & 0o002 != 0);
    let paths: Vec<&BundlePath> =
        facts.bundle.nodes.iter().filter(|(_, node)| open(node)).map(|(path, _)| path).collect();
    if paths.is_empty() {
        return Vec::new();
    }
    let title = format!("Everybody may change {}", counted(paths.len(), "file"));
    let message = format!(
        "Every account of the Mac may change {}. Take the permission away with chmod -R go-w {}; the signature does not \
         mind.",
        listed(&paths),
        facts.bundle.name
    );
    vec![about(&RULE, &paths, title, message)]
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    #[test]
    fn all_of_them_are_one_finding() {
        let bundle = "Contents/MacOS/App execute mode=777\nContents/Resources/a text mode=666\n\
                      Contents/Resources/b text mode=644\n";
        let findings = found_in(bundle, RULE.id);
        assert_eq!(shown(&findings), ["warning Contents: Everybody may change 2 files"]);
        assert!(findings[0].message.contains("may change Contents/MacOS/App and Contents/Resources/a. Take"));
    }

    #[test]
    fn a_group_may_write() {
        let bundle = "Contents/MacOS/App execute mode=775\nContents/Resources/a text mode=664\n";
        assert_eq!(shown(&found_in(bundle, RULE.id)), [] as [String; 0]);
    }
}
