//! The one table of rules. A rule is a file: what it is, why it breaks, its check, its tests.

mod absolute_path_into_bundle;
mod broken_file;
mod broken_link;
mod case_mismatch;
mod dependency_cycle;
pub(crate) mod duplicate_library;
mod duplicate_reference;
mod duplicate_rpath;
mod executable_path_in_shared_library;
mod executable_unusable;
mod flattened_framework;
mod helper_rpath_missing;
pub(crate) mod id_mismatch;
mod install_name_missing;
mod lazy_load_command;
mod library_outside_bundle;
mod link_outside_bundle;
mod missing_architecture;
mod missing_library;
mod nested_rpath;
pub mod no_header_room;
mod no_libsystem;
mod no_rpath;
mod old_sdk_fallback;
mod order_dependent;
mod reference_escapes_bundle;
mod reference_to_non_library;
mod relative_reference;
mod relative_rpath;
mod rpath_before_bundle;
mod rpath_outside_bundle;
mod shadowed_copy;
mod signature_invalid;
mod swift_runtime_missing;
mod two_majors_together;
mod two_versions_of_library;
mod unicode_normalization;
mod unused_library;
mod unused_rpath;

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
    &helper_rpath_missing::RULE,
    &missing_architecture::RULE,
    &reference_to_non_library::RULE,
    &relative_reference::RULE,
    &absolute_path_into_bundle::RULE,
    &reference_escapes_bundle::RULE,
    &library_outside_bundle::RULE,
    &old_sdk_fallback::RULE,
    &no_libsystem::RULE,
    &swift_runtime_missing::RULE,
    &case_mismatch::RULE,
    &unicode_normalization::RULE,
    &executable_path_in_shared_library::RULE,
    &order_dependent::RULE,
    &shadowed_copy::RULE,
    &duplicate_library::RULE,
    &two_versions_of_library::RULE,
    &two_majors_together::RULE,
    &flattened_framework::RULE,
    &signature_invalid::RULE,
    &duplicate_reference::RULE,
    &lazy_load_command::RULE,
    &install_name_missing::RULE,
    &id_mismatch::RULE,
    &duplicate_rpath::RULE,
    &rpath_before_bundle::RULE,
    &rpath_outside_bundle::RULE,
    &relative_rpath::RULE,
    &nested_rpath::RULE,
    &unused_rpath::RULE,
    &broken_link::RULE,
    &link_outside_bundle::RULE,
    &broken_file::RULE,
    &no_header_room::RULE,
    &dependency_cycle::RULE,
    &unused_library::RULE,
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
            for heading in ["## What it is", "## Why it breaks", "## Example", "## What the fix does"] {
                assert!(rule.doc.contains(heading), "{} lacks {heading}", rule.id);
            }
        }
    }
}
