//! A program runs with the rights of its owner.

use super::Rule;
use crate::bundle::Node;
use crate::diagnose::{Facts, Finding, Severity};
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "setuid-program",
    title: "A program runs with the rights of its owner",
    severity: Severity::Warning,
    doc: include_str!("setuid_program.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let files = facts.bundle.nodes.iter().filter_map(|(path, node)| match node {
        Node::File { mode, .. } if mode & 0o6000 != 0 => Some((path, *mode)),
        _ => None,
    });
    files.map(|(path, mode)| finding(path, mode)).collect()
}

fn finding(path: &BundlePath, mode: u32) -> Finding {
    let whose = if mode & 0o4000 != 0 { "user" } else { "group" };
    let title = format!("{} has the set-{whose}-ID bit", path.file_name());
    let message = format!(
        "{path} has mode {mode:04o}. The bit is lost when the app is copied, and dangerous when it is not. Take it away \
         (chmod u-s,g-s) and register the program with launchd instead."
    );
    Finding::new(&RULE, path, title, message)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    #[test]
    fn both_bits_are_found() {
        let bundle = "Contents/MacOS/App execute mode=4755\nContents/MacOS/tool execute mode=2755\n";
        assert_eq!(
            shown(&found_in(bundle, RULE.id)),
            [
                "warning Contents/MacOS/App: App has the set-user-ID bit",
                "warning Contents/MacOS/tool: tool has the set-group-ID bit",
            ]
        );
    }

    #[test]
    fn the_sticky_bit_is_no_matter() {
        assert_eq!(shown(&found_in("Contents/MacOS/App execute mode=1755\n", RULE.id)), [] as [String; 0]);
    }
}
