//! The one table of the checklist. A check is a file: what it is, why it matters, its test.

#[cfg(test)]
mod case;
mod developer_id;
mod disk_image_damaged;
mod disk_image_unsigned;
mod entitlements_format;
mod get_task_allow;
mod hardened_runtime;
mod i386_library_validation;
mod info_plist;
mod not_64_bit;
mod not_signed;
mod old_sdk;
mod only_apple;
mod package;
mod profile;
mod restricted_entitlement;
mod sha1_only;
mod signature_invalid;
mod starts_elsewhere;
mod strict_content;
mod ticket_void;
mod timestamp;
mod unread;

use super::Rule;

/// In the order in which `rules` lists them: the notary's own messages first.
pub static CHECKLIST: &[&Rule] = &[
    &not_signed::RULE,
    &developer_id::RULE,
    &signature_invalid::RULE,
    &timestamp::RULE,
    &hardened_runtime::RULE,
    &get_task_allow::RULE,
    &old_sdk::RULE,
    &sha1_only::RULE,
    &entitlements_format::RULE,
    &strict_content::RULE,
    &i386_library_validation::RULE,
    &package::RULE,
    &disk_image_damaged::RULE,
    &disk_image_unsigned::RULE,
    &ticket_void::RULE,
    &restricted_entitlement::RULE,
    &profile::RULE,
    &info_plist::RULE,
    &not_64_bit::RULE,
    &starts_elsewhere::RULE,
    &unread::RULE,
    &only_apple::RULE,
];

/// The check of an id.
pub fn check(id: &str) -> Option<&'static Rule> {
    CHECKLIST.iter().copied().find(|rule| rule.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::RULES;

    #[test]
    fn every_check_has_its_own_id_and_says_what_why_and_fix() {
        for rule in CHECKLIST {
            assert_eq!(CHECKLIST.iter().filter(|other| other.id == rule.id).count(), 1, "{}", rule.id);
            assert!(RULES.iter().all(|other| other.id != rule.id), "{}", rule.id);
            for heading in ["## What it is", "## Why it breaks", "## Example", "## What the fix does"] {
                assert!(rule.doc.contains(heading), "{} lacks {heading}", rule.id);
            }
        }
    }

    #[test]
    fn a_healthy_submission_fails_nothing() {
        let healthy = case::healthy();
        for rule in CHECKLIST {
            assert_eq!(case::hits(rule, &healthy), [] as [&str; 0], "{}", rule.id);
        }
    }
}
