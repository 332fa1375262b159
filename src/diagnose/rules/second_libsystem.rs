//! A libSystem other than macOS's own.

use super::Rule;
use crate::bundle::Image;
use crate::diagnose::system_uses::{
    SystemHit, is_for_mac, is_umbrella, lost_part, reexported_parts, system_uses,
};
use crate::diagnose::{Facts, Finding, Remedy, Severity, references};
use crate::dyld::{Resolution, system};
use crate::macho::InstallName;
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "second-libsystem",
    title: "A libSystem other than macOS's own",
    severity: Severity::Error,
    doc: include_str!("second_libsystem.md"),
    check,
};

/// What takes the place of every other.
const OWN: &str = "/usr/lib/libSystem.B.dylib";

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let own = facts.bundle.images.iter().filter_map(|(path, image)| copy(path, image));
    let asked = system_uses(facts.bundle, |one| system::is_other_libsystem(one.used.name.as_str()));
    own.chain(asked.iter().map(|hit| reference(facts, hit))).collect()
}

fn reference(facts: &Facts<'_>, hit: &SystemHit<'_>) -> Finding {
    let (image, name) = (hit.first.user.clone(), hit.first.used.name.clone());
    let own = InstallName::new(OWN);
    let mut uses = hit.first.image.file.slices.iter().flat_map(|slice| &slice.uses);
    let (fixable, next) = match (uses.any(|used| used.name == own), only_reexports(facts, &name)) {
        (true, _) => (false, "It asks for macOS's own as well: link again without the other."),
        (false, false) => (false, "It has code of its own: link again with -lSystem."),
        (false, true) => (
            true,
            "The fix points the reference at /usr/lib/libSystem.B.dylib, which has all that it re-exports.",
        ),
    };
    let remedy = fixable.then_some(Remedy::UseSystem { image, name, own });
    let message = format!(
        "{}, a libSystem that is not macOS's own. What it re-exports goes with the next update of macOS, and another Mac does not have it. {next}",
        hit.asks()
    );
    let title = "Another libSystem is asked for".to_owned();
    Finding { remedy, ..hit.finding(&RULE, Severity::Error, title, message) }
}

/// Whether the library at hand only passes on what macOS's own has. One that is not there cannot be asked, nor kept.
fn only_reexports(facts: &Facts<'_>, name: &InstallName) -> bool {
    let mut ends = references(facts.build).filter(|one| one.dependency.name == *name);
    ends.all(|one| match &one.dependency.resolution {
        Resolution::External(path) => facts.build.externals.get(path).is_none_or(|image| passes_on(image)),
        Resolution::Bundled(path) => facts.bundle.image(path).is_none_or(|image| passes_on(image)),
        Resolution::System(_) | Resolution::Missing => true,
    })
}

fn passes_on(image: &Image) -> bool {
    let mut slices = image.file.slices.iter().filter(|slice| is_for_mac(slice));
    slices.all(|slice| reexported_parts(slice).next().is_some())
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
    use crate::diagnose::case::{found_alone, found_in, found_with, shown};
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
    fn only_what_passes_on_macoss_own_is_replaced_by_it() {
        let store = "/nix/store/0-Libsystem/lib/libSystem.B.dylib";
        let fixable = |uses: &[&str]| {
            let user = library("@rpath/libuser.dylib", LoadKind::Required, uses);
            found_with(RULE.id, "libuser.dylib", &user)[0].remedy.is_some()
        };
        assert!(fixable(&[store]));
        assert!(!fixable(&[store, OWN]), "no load command is written twice");
        let bundle = |parts: &str| {
            format!(
                "Contents/Info.plist plist\n  key CFBundleExecutable App\nContents/MacOS/App execute\n  use {store}\n{store} dylib\n{parts}"
            )
        };
        assert!(
            found_in(&bundle("  reexport /usr/lib/system/libsystem_c.dylib\n"), RULE.id)[0].remedy.is_some()
        );
        let with_code = found_in(&bundle(""), RULE.id);
        assert!(with_code[0].message.ends_with("It has code of its own: link again with -lSystem."));
        assert!(with_code[0].remedy.is_none());
    }

    #[test]
    fn macoss_own_is_no_second_one() {
        let user = library("@rpath/libuser.dylib", LoadKind::Reexport, &["/usr/lib/libSystem.B.dylib"]);
        assert!(found_with(RULE.id, "libuser.dylib", &user).is_empty());
        assert!(found_alone("sample", "Postcard", RULE.id, |_| ()).is_empty());
    }
}
