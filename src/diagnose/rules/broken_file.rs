//! A file cannot be read.

use super::Rule;
use crate::bundle::{Node, Problem};
use crate::diagnose::{Facts, Finding, Severity};
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "broken-file",
    title: "A file cannot be read",
    severity: Severity::Error,
    doc: include_str!("broken_file.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let unread = facts.bundle.problems.iter().map(finding);
    let others = facts.bundle.nodes.iter().filter(|(_, node)| **node == Node::Other);
    unread.chain(others.map(|(path, _)| no_file(path))).collect()
}

/// codesign seals no such thing, and no disk image holds one.
fn no_file(path: &BundlePath) -> Finding {
    let message =
        format!("{path} is neither a file, a folder nor a link, and can stand in no bundle. Delete it.");
    Finding::new(&RULE, path, format!("{} is a pipe, socket or device", named(path)), message)
}

fn finding(problem: &Problem) -> Finding {
    let (subject, title, message) = match problem {
        Problem::BrokenMachO { path, why } => (
            path,
            "is damaged",
            format!("{path} begins like a Mach-O file but {why}. Replace it with a good copy."),
        ),
        Problem::Unreadable { path, why } => (
            path,
            "cannot be read",
            format!("{path} cannot be opened: {why}. Give yourself permission to read it and look again."),
        ),
        Problem::BrokenInfoPlist { path, why } => (
            path,
            "is no property list",
            format!("{path} {why}. Correct the file; plutil -lint names the line."),
        ),
        Problem::BadName { folder, shown } => (
            folder,
            "holds an impossible name",
            format!(
                "The folder {folder} holds {shown:?}, a name that is not Unicode and that no Mac can have. Rename it."
            ),
        ),
    };
    Finding::new(&RULE, subject, format!("{} {title}", named(subject)), message)
}

fn named(path: &BundlePath) -> &str {
    if path.is_root() { "The bundle" } else { path.file_name() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found, found_alone, shown};

    #[test]
    fn a_library_that_is_cut_off_is_named() {
        let findings = found("faults", "truncated-library", RULE.id);
        assert_eq!(shown(&findings), ["error Contents/Frameworks/libwhole.dylib: libwhole.dylib is damaged"]);
    }

    #[test]
    fn an_info_plist_that_is_none_is_named() {
        let findings = found_alone("faults", "many-executables", RULE.id, |app| {
            std::fs::write(app.join("Contents/Info.plist"), "<plist><dict>").unwrap();
        });
        assert_eq!(shown(&findings), ["error Contents/Info.plist: Info.plist is no property list"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_socket_is_named() {
        let findings = found_alone("faults", "many-executables", RULE.id, |app| {
            std::os::unix::net::UnixListener::bind(app.join("Contents/sock")).unwrap();
        });
        assert_eq!(shown(&findings), ["error Contents/sock: sock is a pipe, socket or device"]);
    }

    #[test]
    fn a_universal_static_library_is_a_resource() {
        let findings = found_alone("faults", "many-executables", RULE.id, |app| {
            let mut bytes = vec![0; 4096];
            let words = [0xcafe_babe_u32, 1, 0x0100_000c, 0, 4096, 100, 12];
            words
                .iter()
                .zip(bytes.chunks_mut(4))
                .for_each(|(word, at)| at.copy_from_slice(&word.to_be_bytes()));
            bytes.extend_from_slice(b"!<arch>\n");
            bytes.resize(4196, b' ');
            std::fs::write(app.join("Contents/libstatic.a"), bytes).unwrap();
        });
        assert_eq!(shown(&findings), [] as [String; 0]);
    }

    #[test]
    fn text_that_begins_like_nothing_known_is_a_resource() {
        let findings = found_alone("faults", "many-executables", RULE.id, |app| {
            std::fs::write(app.join("Contents/MacOS/notes.dylib"), "not code").unwrap();
        });
        assert_eq!(shown(&findings), [] as [String; 0]);
    }
}
