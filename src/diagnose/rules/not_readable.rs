//! Others cannot read files of the app.

use super::Rule;
use crate::bundle::Node;
use crate::diagnose::amounts::{about, counted, listed};
use crate::diagnose::{Facts, Finding, Severity};
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "not-readable",
    title: "Others cannot read files of the app",
    severity: Severity::Error,
    doc: include_str!("not_readable.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let with = |wanted: fn(u32) -> bool| -> Vec<&BundlePath> {
        let files = facts.bundle.nodes.iter();
        files
            .filter(|(_, node)| matches!(node, Node::File { mode, .. } if wanted(*mode)))
            .map(|(path, _)| path)
            .collect()
    };
    let closed = |mode: u32| mode & 0o400 == 0;
    let private = |mode: u32| mode & 0o400 != 0 && (mode & 0o004 == 0 || mode & 0o101 == 0o100);
    [
        finding(facts, &with(closed), Severity::Error, "even their owner", "Not even the owner may read"),
        finding(
            facts,
            &with(private),
            Severity::Warning,
            "everybody but their owner",
            "Only the owner may use",
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn finding(
    facts: &Facts<'_>,
    paths: &[&BundlePath],
    severity: Severity,
    whom: &str,
    title: &str,
) -> Option<Finding> {
    if paths.is_empty() {
        return None;
    }
    let title = format!("{title} {}", counted(paths.len(), "file"));
    let message = format!(
        "The permissions of {} keep {whom} out. Give them with chmod -R a+rX {}; the signature does not mind.",
        listed(paths),
        facts.bundle.name
    );
    Some(Finding { severity, ..about(&RULE, paths, title, message) })
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    #[test]
    fn private_and_closed_files_are_told_apart() {
        let bundle = "Contents/MacOS/App execute mode=744\nContents/Resources/a text mode=600\n\
                      Contents/Resources/b text mode=0\n";
        assert_eq!(
            shown(&found_in(bundle, RULE.id)),
            [
                "error Contents/Resources/b: Not even the owner may read 1 file",
                "warning Contents: Only the owner may use 2 files",
            ]
        );
    }

    #[test]
    fn reading_is_enough() {
        let bundle = "Contents/MacOS/App execute mode=555\nContents/Resources/a text mode=444\n";
        assert_eq!(shown(&found_in(bundle, RULE.id)), [] as [String; 0]);
    }
}
