//! A libSystem other than macOS's own.

use super::Rule;
use crate::bundle::Image;
use crate::diagnose::system_uses::{is_for_mac, is_umbrella, lost_part, reexported_parts, system_uses};
use crate::diagnose::{Facts, Finding, Severity};
use crate::dyld::system;
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "second-libsystem",
    title: "A libSystem other than macOS's own",
    severity: Severity::Error,
    doc: include_str!("second_libsystem.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let own = facts.bundle.images.iter().filter_map(|(path, image)| copy(path, image));
    let asked = system_uses(facts.bundle, |one| system::is_other_libsystem(one.used.name.as_str()));
    let asked = asked.iter().map(|hit| {
        let message = format!(
            "{}, a libSystem that is not macOS's own. What it re-exports goes with the next update of macOS, and another Mac does not have it. Link again with -lSystem, or rewrite the reference to /usr/lib/libSystem.B.dylib with install_name_tool -change.",
            hit.asks()
        );
        hit.finding(&RULE, Severity::Error, "Another libSystem is asked for".into(), message)
    });
    own.chain(asked).collect()
}

/// The bundle's own libSystem, by its name or by what it re-exports.
fn copy(path: &BundlePath, image: &Image) -> Option<Finding> {
    let slices = || image.file.slices.iter().filter(|slice| is_for_mac(slice));
    let named = slices()
        .any(|slice| slice.install_name.as_ref().is_some_and(|name| system::is_libsystem_leaf(name.leaf())));
    let umbrella = slices().find(|slice| is_umbrella(slice));
    if !named && umbrella.is_none() {
        return None;
    }
    let parts = umbrella.map_or(0, |slice| reexported_parts(slice).count());
    let lost: Vec<String> = umbrella.into_iter().flat_map(reexported_parts).filter_map(lost_part).collect();
    let what = match (parts, lost.is_empty()) {
        (0, _) => String::new(),
        (_, true) => format!(
            " It re-exports {parts} parts of /usr/lib/system one by one, and an update of macOS may drop any."
        ),
        (_, false) => format!(
            " It re-exports {parts} parts of /usr/lib/system one by one; not there any more: {}.",
            lost.join(", ")
        ),
    };
    let message = format!(
        "{path} is a libSystem of the bundle's own.{what} Link what uses it against /usr/lib/libSystem.B.dylib and take it out of the bundle."
    );
    Some(Finding::new(&RULE, path, format!("{} is a second libSystem", path.file_name()), message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_alone, found_with, shown};
    use crate::diagnose::rules::missing_library;
    use crate::macho::sample::Sample;
    use crate::macho::{Arch, LoadKind};

    fn library(install_name: &str, kind: LoadKind, names: &[&str]) -> Vec<u8> {
        let uses = names.iter().map(|name| (kind, (*name).to_owned())).collect();
        Sample { uses, install_name: Some(install_name.into()), ..Sample::new(Arch::X86_64) }.build()
    }

    #[test]
    fn an_umbrella_over_the_parts_names_those_that_went_away() {
        let parts = ["c", "kernel", "coretls"].map(|part| format!("/usr/lib/system/libsystem_{part}.dylib"));
        let code = library("@rpath/libold.dylib", LoadKind::Reexport, &parts.each_ref().map(String::as_str));
        let findings = found_with(RULE.id, "libold.dylib", &code);
        assert_eq!(
            shown(&findings),
            ["error Contents/Frameworks/libold.dylib: libold.dylib is a second libSystem"]
        );
        let message = &findings[0].message;
        assert!(
            message.contains("not there any more: libsystem_coretls.dylib (gone since macOS 10.13)."),
            "{message}"
        );
    }

    #[test]
    fn a_copy_and_a_reference_to_one_in_the_nix_store_are_errors_and_said_once() {
        let copy = library("@rpath/libSystem.B.dylib", LoadKind::Required, &[]);
        assert_eq!(found_with(RULE.id, "libSystem.B.dylib", &copy).len(), 1);
        let store = "/nix/store/0-Libsystem/lib/libSystem.B.dylib";
        let user = library("@rpath/libuser.dylib", LoadKind::Required, &[store]);
        assert_eq!(
            shown(&found_with(RULE.id, "libuser.dylib", &user)),
            ["error Contents/Frameworks/libuser.dylib: Another libSystem is asked for"]
        );
        assert!(found_with(missing_library::RULE.id, "libuser.dylib", &user).is_empty());
    }

    #[test]
    fn macoss_own_is_no_second_one() {
        let user = library("@rpath/libuser.dylib", LoadKind::Reexport, &["/usr/lib/libSystem.B.dylib"]);
        assert!(found_with(RULE.id, "libuser.dylib", &user).is_empty());
        assert!(found_alone("sample", "Postcard", RULE.id, |_| ()).is_empty());
    }
}
