//! A name that not every disk of a Mac can hold.

use super::Rule;
use crate::diagnose::{Facts, Finding, Severity};
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "name-not-portable",
    title: "A name that not every disk of a Mac can hold",
    severity: Severity::Error,
    doc: include_str!("name_not_portable.md"),
    check,
};

/// PATH_MAX of XNU counts the zero at the end, too.
const MAX_PATH: usize = 1023;

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let installed = "/Applications/".len() + facts.bundle.name.len() + 1;
    facts.bundle.nodes.keys().filter_map(|path| finding(path, installed)).collect()
}

fn finding(path: &BundlePath, installed: usize) -> Option<Finding> {
    let name = path.file_name();
    let (severity, what, next) = if name.contains(':') {
        (Severity::Warning, "holds a colon, which the Finder shows as a slash".to_owned(), "Rename it")
    } else if name.chars().any(char::is_control) {
        (Severity::Warning, "holds a control character".to_owned(), "Rename it")
    } else {
        // Only the first on the way down: what lies deeper is longer anyway.
        let length = installed + path.as_str().len();
        let above = length - name.len() - 1;
        if length <= MAX_PATH || above > MAX_PATH {
            return None;
        }
        (
            Severity::Error,
            format!("has {length} bytes under /Applications, and {MAX_PATH} is the most"),
            "Shorten its folders",
        )
    };
    let title = format!("{} cannot stand on every Mac", name.escape_debug());
    let message = format!("{} {what}. {next} and sign the app again.", path.as_str().escape_debug());
    Some(Finding { severity, ..Finding::new(&RULE, path, title, message) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str) -> Option<String> {
        finding(&BundlePath::new(path).unwrap(), 22)
            .map(|finding| format!("{}: {}", finding.severity, finding.message))
    }

    #[test]
    fn colons_line_breaks_and_long_paths_are_found() {
        assert!(found("Resources/a:b").unwrap().starts_with("warning: Resources/a:b holds a colon"));
        assert!(
            found("Resources/a\nb")
                .unwrap()
                .starts_with("warning: Resources/a\\nb holds a control character")
        );
        let long = vec!["x".repeat(250); 4].join("/");
        assert!(found(&long).unwrap().contains("has 1025 bytes under /Applications"));
    }

    #[test]
    fn what_just_fits_and_what_lies_deeper_is_not_told_again() {
        let long = vec!["x".repeat(250); 4].join("/");
        assert_eq!(found(long.get(..1001).unwrap()), None);
        assert_eq!(found(&format!("{long}/deeper")), None);
        assert_eq!(found("Resources/größe (1) & so.txt"), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_colon_in_a_bundle_is_found() {
        use crate::diagnose::case::{found_in, shown};
        let bundle = "Contents/MacOS/App execute\nContents/Resources/a:b text\n";
        assert_eq!(
            shown(&found_in(bundle, RULE.id)),
            ["warning Contents/Resources/a:b: a:b cannot stand on every Mac"]
        );
    }
}
