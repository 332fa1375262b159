//! Scripts beside the executables, and which DYLD_ variables they set.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use super::{Image, Node};
use crate::paths::BundlePath;

/// No script that starts a program is longer, in bytes.
const LONGEST: u64 = 64 << 10;

/// Every file right in a `Contents/MacOS` that begins with `#!`. What cannot be read is none.
pub(super) fn read(
    root: &Path,
    nodes: &BTreeMap<BundlePath, Node>,
    images: &BTreeMap<BundlePath, Arc<Image>>,
) -> BTreeMap<BundlePath, BTreeSet<String>> {
    let candidates = nodes.iter().filter(|(path, node)| {
        let small = matches!(node, Node::File { length, .. } if *length <= LONGEST);
        small && is_beside_executables(path) && !images.contains_key(*path)
    });
    candidates
        .filter_map(|(path, _)| {
            let text = std::fs::read(path.to_local(root)).ok().filter(|text| text.starts_with(b"#!"))?;
            Some((path.clone(), variables(&String::from_utf8_lossy(&text))))
        })
        .collect()
}

fn is_beside_executables(path: &BundlePath) -> bool {
    let mut parts = path.components().rev().skip(1);
    parts.next() == Some("MacOS") && parts.next() == Some("Contents")
}

/// Names that begin with `DYLD_` and are followed by `=`, comment lines left out.
fn variables(script: &str) -> BTreeSet<String> {
    let lines = script.lines().filter(|line| !line.trim_start().starts_with('#'));
    lines.flat_map(|line| line.split("DYLD_").skip(1)).filter_map(variable).collect()
}

/// The variable whose name goes on with `rest`: `NAME=…`, or `NAME"] = …` as in Python.
fn variable(rest: &str) -> Option<String> {
    let length = rest.bytes().take_while(|byte| byte.is_ascii_uppercase() || *byte == b'_').count();
    let (name, after) = rest.split_at(length);
    let after = after.trim_start_matches(['"', '\'', ']', ' ']);
    let assigned = after.starts_with('=') && !after.starts_with("==");
    (length > 0 && assigned).then(|| format!("DYLD_{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assignments_in_shell_and_python() {
        let found = |script: &str| variables(script).into_iter().collect::<Vec<_>>();
        let shell =
            "#!/bin/sh\nexport DYLD_LIBRARY_PATH=\"$D\" DYLD_FRAMEWORK_PATH=$D\n# DYLD_PRINT_LIBRARIES=1\n";
        assert_eq!(found(shell), ["DYLD_FRAMEWORK_PATH", "DYLD_LIBRARY_PATH"]);
        assert_eq!(found("os.environ['DYLD_LIBRARY_PATH'] = here\n"), ["DYLD_LIBRARY_PATH"]);
        assert_eq!(found("unset DYLD_LIBRARY_PATH\n[ $DYLD_X == 1 ]\necho DYLD_\n"), [] as [&str; 0]);
    }

    #[test]
    fn only_beside_executables() {
        let beside = |path: &str| is_beside_executables(&BundlePath::new(path).unwrap());
        assert!(beside("Contents/MacOS/start") && beside("Contents/X.app/Contents/MacOS/start"));
        assert!(!beside("Contents/Resources/start") && !beside("Contents/MacOS/lib/start"));
    }
}
