//! Files that only developers need.

use std::collections::BTreeMap;

use super::Rule;
use crate::bundle::Node;
use crate::diagnose::amounts::{about, counted, sized};
use crate::diagnose::{Facts, Finding, Remedy, Severity};
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "developer-file",
    title: "Files that only developers need",
    severity: Severity::Info,
    doc: include_str!("developer_file.md"),
    check,
};

/// Less is not worth a thought.
const LEAST_BYTES: u64 = 64_000;

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut paths, mut bytes): (Vec<&BundlePath>, u64) = (Vec::new(), 0);
    for (path, node) in &facts.bundle.nodes {
        if let (Some(kind), Node::File { length, .. }) = (kind(path), node) {
            *kinds.entry(kind).or_default() += 1;
            bytes = bytes.saturating_add(*length);
            paths.push(path);
        }
    }
    if bytes < LEAST_BYTES {
        return Vec::new();
    }
    let title = format!("{} that only developers need", sized(bytes));
    let kinds: Vec<String> = kinds.iter().map(|(kind, count)| counted(*count, kind)).collect();
    let message = format!(
        "Nothing at run time needs {}, such as {}. Delete them before you sign the app, unless it compiles or reads them \
         itself.",
        kinds.join(", "),
        paths.first().map_or("", |path| path.as_str())
    );
    let remedy = Some(Remedy::Remove { paths: paths.iter().map(|path| (*path).clone()).collect() });
    vec![Finding { remedy, ..about(&RULE, &paths, title, message) }]
}

fn kind(path: &BundlePath) -> Option<&'static str> {
    let (stem, ending) = path.file_name().rsplit_once('.')?;
    match ending {
        // Python's sysconfig reads this one.
        "h" if stem == "pyconfig" => None,
        "h" | "hh" | "hpp" | "hxx" => Some("header"),
        "a" => Some("static library file"),
        "la" | "prl" | "pc" | "cmake" | "pri" => Some("build file"),
        "tbd" | "modulemap" | "swiftdoc" => Some("module file"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    fn bundle(count: usize) -> String {
        let line = format!("  line {}\n", "x".repeat(999));
        format!(
            "Contents/MacOS/App execute\nContents/Resources/include/big.h text\n{}Contents/Resources/lib/libx.la text\n",
            line.repeat(count)
        )
    }

    #[test]
    fn a_folder_of_headers_is_one_finding_with_its_size() {
        let findings = found_in(&bundle(70), RULE.id);
        assert_eq!(shown(&findings), ["info Contents/Resources: 70 KB that only developers need"]);
        assert!(
            findings[0].message.contains("needs 1 build file, 1 header, such as"),
            "{}",
            findings[0].message
        );
    }

    #[test]
    fn a_few_bytes_and_what_python_reads_are_not_told() {
        assert_eq!(shown(&found_in(&bundle(50), RULE.id)), [] as [String; 0]);
        let python = bundle(70).replace("big.h", "pyconfig.h");
        assert_eq!(shown(&found_in(&python, RULE.id)), [] as [String; 0]);
    }
}
