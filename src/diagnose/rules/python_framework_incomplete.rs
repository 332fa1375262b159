//! Python is there without its library.

use super::Rule;
use crate::bundle::FrameworkShape;
use crate::diagnose::{Facts, Finding, Severity};
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "python-framework-incomplete",
    title: "Python is there without its library",
    severity: Severity::Warning,
    doc: include_str!("python_framework_incomplete.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let frameworks = facts.bundle.frameworks.iter();
    let python = frameworks.filter(|one| {
        one.shape != FrameworkShape::NoBinary && matches!(one.name.as_str(), "Python" | "Python3")
    });
    if facts.bundle.nodes.keys().any(holds_library) {
        return Vec::new();
    }
    python.map(|framework| finding(&framework.path)).collect()
}

fn holds_library(path: &BundlePath) -> bool {
    let name = path.file_name();
    let in_encodings = path.parent().is_some_and(|folder| folder.file_name() == "encodings");
    in_encodings && name.starts_with("__init__.")
        || name == "base_library.zip"
        || name.starts_with("python") && name.ends_with(".zip")
        || name == "encodings"
}

fn finding(framework: &BundlePath) -> Finding {
    let title = format!("{} has no standard library", framework.file_name());
    let message = format!(
        "{framework} is the interpreter only: no encodings package is anywhere in the bundle, which Python imports first. \
         Copy lib/python3.… of the same Python into the framework's version and sign it again."
    );
    Finding::new(&RULE, framework, title, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    const BINARY: &str =
        "Contents/MacOS/App execute\nContents/Frameworks/Python.framework/Versions/3.12/Python dylib\n";

    #[test]
    fn the_interpreter_alone_cannot_start() {
        assert_eq!(
            shown(&found_in(BINARY, RULE.id)),
            ["warning Contents/Frameworks/Python.framework: Python.framework has no standard library"]
        );
    }

    #[test]
    fn a_library_in_the_framework_in_resources_or_in_a_zip_will_do() {
        for library in [
            "Contents/Frameworks/Python.framework/Versions/3.12/lib/python3.12/encodings/__init__.py",
            "Contents/Resources/lib/python312.zip",
            "Contents/Frameworks/base_library.zip",
        ] {
            assert_eq!(
                shown(&found_in(&format!("{BINARY}{library} text\n"), RULE.id)),
                [] as [String; 0],
                "{library}"
            );
        }
    }
}
