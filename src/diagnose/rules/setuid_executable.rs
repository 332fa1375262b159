//! Files that run as another user.

use super::Rule;
use crate::bundle::Node;
use crate::diagnose::{Facts, Finding, Severity};

pub static RULE: Rule = Rule {
    id: "setuid-executable",
    title: "A file runs as another user",
    severity: Severity::Warning,
    doc: include_str!("setuid_executable.md"),
    check,
};

/// `S_ISUID` and `S_ISGID`.
const SETUID_OR_SETGID: u32 = 0o6000;

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let files = facts.bundle.nodes.iter().filter_map(|(path, node)| match node {
        Node::File { mode, .. } if mode & SETUID_OR_SETGID != 0 => Some((path, *mode)),
        _ => None,
    });
    files
        .map(|(path, mode)| {
            let which = if mode & 0o4000 != 0 { "setuid" } else { "setgid" };
            let message = format!(
                "{path} has mode {mode:04o}. Archives and copies lose the {which} bit, and dyld restricts the program. Take the bit away, and do what needs rights in a launch daemon."
            );
            Finding::new(&RULE, path, format!("{} is {which}", path.file_name()), message)
        })
        .collect()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    #[test]
    fn the_bits_are_told_apart() {
        let with = |mode: &str| {
            let app = format!(
                "Contents/Info.plist plist\n  key CFBundleExecutable App\nContents/MacOS/App execute mode={mode}\n"
            );
            shown(&found_in(&app, RULE.id))
        };
        assert_eq!(with("4755"), ["warning Contents/MacOS/App: App is setuid"]);
        assert_eq!(with("2755"), ["warning Contents/MacOS/App: App is setgid"]);
        assert_eq!(with("755"), [] as [&str; 0]);
    }
}
