//! A private framework of macOS.

use super::Rule;
use crate::diagnose::system_uses::system_uses;
use crate::diagnose::wording::leaf;
use crate::diagnose::{Facts, Finding, Severity};

pub static RULE: Rule = Rule {
    id: "private-framework",
    title: "A private framework of macOS",
    severity: Severity::Warning,
    doc: include_str!("private_framework.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let private = system_uses(facts.bundle, |one| {
        one.used.name.as_str().starts_with("/System/Library/PrivateFrameworks/")
    });
    private
        .iter()
        .map(|hit| {
            let title = format!("{} is a private framework", leaf(&hit.first.used.name));
            let message = format!(
                "{}. Apple may change or remove it in any update, and the App Store refuses it. Use the public interface, or open it with dlopen and go on when it is not there.",
                hit.asks()
            );
            hit.finding(&RULE, Severity::Warning, title, message)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_alone, found_with, shown};
    use crate::macho::sample::Sample;
    use crate::macho::{Arch, LoadKind};

    #[test]
    fn a_private_framework_is_a_warning_and_a_weak_one_worth_knowing() {
        let name = "/System/Library/PrivateFrameworks/Hidden.framework/Versions/A/Hidden";
        let code = |kind| {
            let uses = vec![(kind, name.to_owned())];
            Sample { uses, install_name: Some("@rpath/libx.dylib".into()), ..Sample::new(Arch::ARM64) }
                .build()
        };
        assert_eq!(
            shown(&found_with(RULE.id, "libx.dylib", &code(LoadKind::Required))),
            ["warning Contents/Frameworks/libx.dylib: Hidden is a private framework"]
        );
        assert_eq!(found_with(RULE.id, "libx.dylib", &code(LoadKind::Weak))[0].severity, Severity::Info);
        assert!(found_alone("sample", "Postcard", RULE.id, |_| ()).is_empty());
    }
}
