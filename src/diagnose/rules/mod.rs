//! The one table of rules. A rule is a file: what it is, why it breaks, its check, its tests.

mod broken_file;
mod broken_link;
mod direct_system_part;
pub(crate) mod duplicate_library;
mod duplicate_rpath;
mod executable_unusable;
mod flat_namespace_symbol;
mod flattened_framework;
pub(crate) mod id_mismatch;
mod library_outside_bundle;
mod missing_architecture;
mod missing_library;
pub mod no_header_room;
mod no_rpath;
mod private_framework;
mod rpath_outside_bundle;
mod second_libsystem;
mod signature_invalid;
mod symbol_missing;
mod system_library_removed;
mod system_library_too_new;
mod system_library_unknown;
mod weak_library_strong_symbol;

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

/// In the order in which `rules` lists them: what stops a launch first.
pub static RULES: &[&Rule] = &[
    &executable_unusable::RULE,
    &missing_library::RULE,
    &no_rpath::RULE,
    &missing_architecture::RULE,
    &symbol_missing::RULE,
    &weak_library_strong_symbol::RULE,
    &library_outside_bundle::RULE,
    &system_library_removed::RULE,
    &system_library_too_new::RULE,
    &second_libsystem::RULE,
    &duplicate_library::RULE,
    &flattened_framework::RULE,
    &signature_invalid::RULE,
    &duplicate_rpath::RULE,
    &rpath_outside_bundle::RULE,
    &id_mismatch::RULE,
    &direct_system_part::RULE,
    &private_framework::RULE,
    &system_library_unknown::RULE,
    &broken_link::RULE,
    &broken_file::RULE,
    &no_header_room::RULE,
    &flat_namespace_symbol::RULE,
];

pub fn rule(id: &str) -> Option<&'static Rule> {
    RULES.iter().copied().find(|rule| rule.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_its_own_id_and_says_what_why_and_fix() {
        for rule in RULES {
            assert_eq!(RULES.iter().filter(|other| other.id == rule.id).count(), 1, "{}", rule.id);
            for heading in ["## What it is", "## Why it breaks", "## What the fix does"] {
                assert!(rule.doc.contains(heading), "{} lacks {heading}", rule.id);
            }
        }
    }
}
