//! No room in the header for the repair.

use super::Rule;
use crate::diagnose::{Facts, Finding, Severity};
use crate::macho::EditError;
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "no-header-room",
    title: "No room in the header for the repair",
    severity: Severity::Error,
    doc: include_str!("no_header_room.md"),
    check,
};

/// Whether there is room depends on what is to be written, so the planner reports it, not the check.
fn check(_: &Facts<'_>) -> Vec<Finding> {
    Vec::new()
}

/// What the planner reports when no way to mend `path` fits.
pub fn finding(path: &BundlePath, error: &EditError) -> Finding {
    let arch = match error {
        EditError::NoRoom { arch, .. } => Some(*arch),
        _ => None,
    };
    Finding {
        rule: RULE.id,
        severity: Severity::Error,
        subject: path.clone(),
        arch,
        title: format!("{} has no room for the repair", path.file_name()),
        message: format!("{path} was left untouched: {error}."),
        reference: None,
        related: Vec::new(),
        remedy: None,
    }
}
