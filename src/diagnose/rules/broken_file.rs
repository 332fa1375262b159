//! A file cannot be read.

use super::Rule;
use crate::bundle::Problem;
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
    facts.bundle.problems.iter().map(finding).collect()
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
            format!("{path} cannot be read: {why}. Correct the file; plutil -lint names the line."),
        ),
        Problem::BadName { folder, shown } => (
            folder,
            "holds an impossible name",
            format!(
                "The folder {folder} holds {shown:?}, a name that is not Unicode and that no Mac can have. Rename it."
            ),
        ),
    };
    Finding {
        rule: RULE.id,
        severity: Severity::Error,
        subject: subject.clone(),
        arch: None,
        title: format!("{} {title}", named(subject)),
        message,
        reference: None,
        related: Vec::new(),
        remedy: None,
    }
}

fn named(path: &BundlePath) -> &str {
    if path.is_root() { "The bundle" } else { path.file_name() }
}
