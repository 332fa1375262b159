//! The one table of rules. A rule is a file: what it is, why it breaks, its check, its tests.

mod absolute_path_in_configuration;
mod absolute_path_into_bundle;
mod adhoc_hardened_runtime;
mod arm64e_slice;
mod broken_file;
mod broken_link;
mod build_path_in_file;
mod bundle_identifier_duplicate;
mod bundle_identifier_invalid;
mod case_collision;
mod case_mismatch;
mod chained_fixups_too_old;
mod code_place_data;
mod compatibility_version;
mod debug_symbols;
mod dependency_cycle;
mod developer_file;
mod direct_system_part;
pub(crate) mod duplicate_library;
mod duplicate_reference;
mod duplicate_rpath;
mod dyld_variables_in_wrapper;
mod empty_file_as_library;
mod executable_is_script;
mod executable_path_in_shared_library;
mod executable_unusable;
mod extra_architecture;
mod flat_namespace_symbol;
mod flattened_framework;
mod foreign_platform;
mod framework_current_broken;
mod framework_without_plist;
mod gdk_pixbuf_loaders_missing;
mod get_task_allow;
mod gtk_loader_missing;
mod hardened_runtime_missing;
mod helper_rpath_missing;
pub(crate) mod id_mismatch;
mod install_name_missing;
mod junk_file;
mod lazy_load_command;
mod library_outside_bundle;
mod library_validation_old_sdk;
mod libsystem_symbol_too_new;
mod link_outside_bundle;
mod minimum_system_higher_than_needed;
mod minimum_system_too_low;
mod misplaced_code;
mod missing_architecture;
mod missing_library;
mod name_not_portable;
mod nested_bundle_without_plist;
mod nested_rpath;
pub mod no_header_room;
mod no_libsystem;
mod no_rpath;
mod not_readable;
mod old_sdk_fallback;
mod order_dependent;
mod package_type;
mod plist_encoding;
mod plist_executable_name;
mod plist_icon_missing;
mod plist_key_missing;
mod plist_placeholder;
mod plist_version_format;
mod private_framework;
mod provisioning_profile_void;
mod python_framework_incomplete;
mod qml_module_missing;
mod qt_platform_plugin_missing;
mod qt_plugin_missing;
mod qt_plugins_folder_missing;
mod quarantine_attribute;
mod reference_escapes_bundle;
mod reference_to_non_library;
mod relative_reference;
mod relative_rpath;
mod resource_fork;
mod restricted_entitlement_adhoc;
mod rpath_before_bundle;
mod rpath_outside_bundle;
mod sdk_unknown;
mod second_libsystem;
mod setuid_program;
mod shadowed_copy;
mod signature_invalid;
mod stapled_ticket_void;
mod strict_format;
mod swift_runtime_missing;
mod symbol_missing;
mod system_library_removed;
mod system_library_too_new;
mod system_library_unknown;
mod team_mismatch;
mod timestamp_missing;
pub(crate) mod two_majors_together;
mod two_version_commands;
mod two_versions_of_library;
mod unicode_normalization;
mod unsealed_root;
mod unused_library;
mod unused_rpath;
mod unversioned_framework;
mod uuid_missing;
mod weak_library_strong_symbol;
mod world_writable;

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
    &symbol_missing::RULE,
    &weak_library_strong_symbol::RULE,
    &foreign_platform::RULE,
    &library_outside_bundle::RULE,
    &system_library_removed::RULE,
    &system_library_too_new::RULE,
    &libsystem_symbol_too_new::RULE,
    &second_libsystem::RULE,
    &reference_to_non_library::RULE,
    &relative_reference::RULE,
    &absolute_path_into_bundle::RULE,
    &reference_escapes_bundle::RULE,
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
    &direct_system_part::RULE,
    &private_framework::RULE,
    &system_library_unknown::RULE,
    &duplicate_rpath::RULE,
    &rpath_before_bundle::RULE,
    &rpath_outside_bundle::RULE,
    &relative_rpath::RULE,
    &nested_rpath::RULE,
    &unused_rpath::RULE,
    &adhoc_hardened_runtime::RULE,
    &team_mismatch::RULE,
    &restricted_entitlement_adhoc::RULE,
    &library_validation_old_sdk::RULE,
    &strict_format::RULE,
    &uuid_missing::RULE,
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
    &link_outside_bundle::RULE,
    &broken_file::RULE,
    &empty_file_as_library::RULE,
    &qt_platform_plugin_missing::RULE,
    &qt_plugin_missing::RULE,
    &qt_plugins_folder_missing::RULE,
    &qml_module_missing::RULE,
    &absolute_path_in_configuration::RULE,
    &gdk_pixbuf_loaders_missing::RULE,
    &gtk_loader_missing::RULE,
    &python_framework_incomplete::RULE,
    &plist_executable_name::RULE,
    &nested_bundle_without_plist::RULE,
    &framework_current_broken::RULE,
    &unversioned_framework::RULE,
    &framework_without_plist::RULE,
    &plist_key_missing::RULE,
    &plist_placeholder::RULE,
    &plist_version_format::RULE,
    &package_type::RULE,
    &plist_encoding::RULE,
    &plist_icon_missing::RULE,
    &bundle_identifier_invalid::RULE,
    &bundle_identifier_duplicate::RULE,
    &executable_is_script::RULE,
    &case_collision::RULE,
    &name_not_portable::RULE,
    &resource_fork::RULE,
    &not_readable::RULE,
    &world_writable::RULE,
    &setuid_program::RULE,
    &quarantine_attribute::RULE,
    &build_path_in_file::RULE,
    &junk_file::RULE,
    &developer_file::RULE,
    &debug_symbols::RULE,
    &no_header_room::RULE,
    &flat_namespace_symbol::RULE,
    &dependency_cycle::RULE,
    &unused_library::RULE,
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
            for heading in ["## What it is", "## Why it breaks", "## Example", "## What the fix does"] {
                assert!(rule.doc.contains(heading), "{} lacks {heading}", rule.id);
            }
        }
    }
}
