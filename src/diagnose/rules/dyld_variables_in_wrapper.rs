//! A script in `Contents/MacOS` that sets DYLD_ variables.

use super::Rule;
use crate::diagnose::loaded::listed;
use crate::diagnose::{Facts, Finding, Severity};

pub static RULE: Rule = Rule {
    id: "dyld-variables-in-wrapper",
    title: "A script sets DYLD_ variables",
    severity: Severity::Warning,
    doc: include_str!("dyld_variables_in_wrapper.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let scripts = facts.bundle.scripts.iter().filter(|(_, variables)| !variables.is_empty());
    scripts
        .map(|(path, variables)| {
            let title = format!("{} sets {}", path.file_name(), listed(variables));
            let message = format!(
                "The script {path} sets {}, which macOS takes away from hardened programs and from whatever its own programs start. Give the executable an LC_RPATH instead, and let its libraries be asked for as @rpath names.",
                listed(variables)
            );
            Finding::new(&RULE, path, title, message)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    #[test]
    fn an_assignment_counts_and_a_mention_does_not() {
        let with = |line: &str| {
            let app = format!(
                "Contents/Info.plist plist\n  key CFBundleExecutable start\nContents/MacOS/start text mode=755\n  line #!/bin/sh\n  line {line}\nContents/MacOS/App execute\n"
            );
            shown(&found_in(&app, RULE.id))
        };
        assert_eq!(
            with("export DYLD_LIBRARY_PATH=\"$HERE/../Frameworks\""),
            ["warning Contents/MacOS/start: start sets DYLD_LIBRARY_PATH"]
        );
        assert_eq!(with("# DYLD_LIBRARY_PATH=x would not help"), [] as [&str; 0]);
        assert_eq!(with("unset DYLD_LIBRARY_PATH"), [] as [&str; 0]);
    }
}
