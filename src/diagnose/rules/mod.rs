//! The one table of rules. A rule is a file: what it is, why it breaks, its check, its tests.

use super::{Facts, Finding, Severity};

/// One rule. `doc` is Markdown that the window, `rules` and the manual show alike.
pub struct Rule {
    /// Kebab case; part of the command line's contract.
    pub id: &'static str,
    pub title: &'static str,
    /// The worst severity it reports.
    pub severity: Severity,
    pub doc: &'static str,
    pub check: fn(&Facts<'_>) -> Vec<Finding>,
}

/// In the order in which `rules` lists them.
pub static RULES: &[&Rule] = &[];

pub fn rule(id: &str) -> Option<&'static Rule> {
    RULES.iter().copied().find(|rule| rule.id == id)
}
