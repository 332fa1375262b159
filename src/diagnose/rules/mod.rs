//! The one table of rules. A rule is a file: what it is, why it breaks, its check, its tests.

mod adhoc_hardened_runtime;
mod arm64e_slice;
mod broken_file;
mod broken_link;
mod chained_fixups_too_old;
mod code_place_data;
mod compatibility_version;
pub(crate) mod duplicate_library;
mod duplicate_rpath;
mod dyld_variables_in_wrapper;
mod executable_unusable;
mod extra_architecture;
mod flattened_framework;
mod foreign_platform;
mod get_task_allow;
mod hardened_runtime_missing;
pub(crate) mod id_mismatch;
mod library_outside_bundle;
mod library_validation_old_sdk;
mod minimum_system_higher_than_needed;
mod minimum_system_too_low;
mod misplaced_code;
mod missing_architecture;
mod missing_library;
pub mod no_header_room;
mod no_rpath;
mod provisioning_profile_void;
mod restricted_entitlement_adhoc;
mod rpath_outside_bundle;
mod sdk_unknown;
mod signature_invalid;
mod stapled_ticket_void;
mod strict_format;
mod team_mismatch;
mod timestamp_missing;
mod two_version_commands;
mod unsealed_root;
mod uuid_missing;

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
    &foreign_platform::RULE,
    &library_outside_bundle::RULE,
    &duplicate_library::RULE,
    &flattened_framework::RULE,
    &signature_invalid::RULE,
    &adhoc_hardened_runtime::RULE,
    &team_mismatch::RULE,
    &restricted_entitlement_adhoc::RULE,
    &library_validation_old_sdk::RULE,
    &strict_format::RULE,
    &uuid_missing::RULE,
    &duplicate_rpath::RULE,
    &rpath_outside_bundle::RULE,
    &id_mismatch::RULE,
    &compatibility_version::RULE,
    &minimum_system_too_low::RULE,
    &sdk_unknown::RULE,
    &chained_fixups_too_old::RULE,
    &two_version_commands::RULE,
    &arm64e_slice::RULE,
    &code_place_data::RULE,
    &unsealed_root::RULE,
    &hardened_runtime_missing::RULE,
    &timestamp_missing::RULE,
    &get_task_allow::RULE,
    &dyld_variables_in_wrapper::RULE,
    &broken_link::RULE,
    &broken_file::RULE,
    &no_header_room::RULE,
    &extra_architecture::RULE,
    &misplaced_code::RULE,
    &minimum_system_higher_than_needed::RULE,
    &provisioning_profile_void::RULE,
    &stapled_ticket_void::RULE,
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
