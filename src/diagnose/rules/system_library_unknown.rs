//! A name in a folder of macOS that no list has.

use super::Rule;
use crate::diagnose::system_uses::system_uses;
use crate::diagnose::wording::leaf;
use crate::diagnose::{Facts, Finding, Severity};
use crate::dyld::system;

pub static RULE: Rule = Rule {
    id: "system-library-unknown",
    title: "A library of macOS that no list has",
    severity: Severity::Info,
    doc: include_str!("system_library_unknown.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let unknown = system_uses(facts.bundle, |one| is_unknown(one.used.name.as_str()));
    unknown
        .iter()
        .map(|hit| {
            let title = format!("{} is in no list of macOS's libraries", leaf(&hit.first.used.name));
            let message = format!(
                "{}, a name that no public list of macOS's libraries has. It may exist all the same. Try it on the oldest macOS you support, or check the spelling.",
                hit.asks()
            );
            hit.finding(&RULE, Severity::Info, title, message)
        })
        .collect()
}

/// Private frameworks and the parts of libSystem have rules of their own.
fn is_unknown(name: &str) -> bool {
    let public = ["/usr/lib/", "/System/Library/"].iter().any(|folder| name.starts_with(folder))
        && !name.starts_with("/System/Library/PrivateFrameworks/")
        && !system::is_libsystem_part(name);
    public && system::is_system(name) && system::library(name).is_none() && !system::is_swift_library(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_with, shown};
    use crate::macho::sample::Sample;
    use crate::macho::{Arch, LoadKind};

    #[test]
    fn only_what_looks_public_and_no_list_has_is_worth_a_word() {
        let names = [
            "/usr/lib/libSystem.B.dylib",
            "/usr/lib/libmisspelt.dylib",
            "/usr/lib/swift/libswiftOther.dylib",
            "/usr/lib/system/libother.dylib",
            "/System/Library/Frameworks/AppKit.framework/AppKit",
            "/System/Library/Frameworks/SwiftData.framework/Versions/B/SwiftData",
            "/System/Library/PrivateFrameworks/Other.framework/Other",
        ];
        let uses = names.iter().map(|name| (LoadKind::Required, (*name).to_owned())).collect();
        let code =
            Sample { uses, install_name: Some("@rpath/libx.dylib".into()), ..Sample::new(Arch::ARM64) };
        assert_eq!(
            shown(&found_with(RULE.id, "libx.dylib", &code.build())),
            ["info Contents/Frameworks/libx.dylib: libmisspelt.dylib is in no list of macOS's libraries"]
        );
    }
}
