//! A symbol of libSystem that is newer than the oldest macOS the code may run on.

use std::collections::{BTreeMap, BTreeSet};

use super::Rule;
use crate::bundle::ImageId;
use crate::diagnose::system_uses::OldestOs;
use crate::diagnose::wording::listed;
use crate::diagnose::{Facts, Finding, Severity};
use crate::dyld::symbols::RecentSymbol;
use crate::dyld::system::{Listed, Shown, libsystem_symbol};
use crate::macho::{Arch, InstallName, PackedVersion};
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "libsystem-symbol-too-new",
    title: "A symbol of libSystem is newer than the oldest macOS allowed",
    severity: Severity::Warning,
    doc: include_str!("libsystem_symbol_too_new.md"),
    check,
};

/// What one image asks of libSystem too early.
struct TooNew<'a> {
    reference: &'a InstallName,
    archs: BTreeSet<Arch>,
    symbols: BTreeSet<&'a str>,
    oldest: PackedVersion,
    /// The first macOS whose stubs list all of them.
    first: PackedVersion,
}

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let Some(symbols) = facts.symbols else { return Vec::new() };
    let oldest = OldestOs::of(facts.bundle);
    let mut images: BTreeMap<&BundlePath, TooNew<'_>> = BTreeMap::new();
    for recent in symbols.clean.recent.iter().chain(&symbols.build.recent) {
        let ImageId::Bundled(user) = &recent.image else { continue };
        let Some((oldest, first)) = too_new(facts, &oldest, user, recent) else { continue };
        let image = images.entry(user).or_insert_with(|| TooNew {
            reference: &recent.reference,
            archs: BTreeSet::new(),
            symbols: BTreeSet::new(),
            oldest,
            first,
        });
        image.archs.insert(recent.arch);
        image.symbols.insert(&recent.symbol);
        (image.oldest, image.first) = (image.oldest.min(oldest), image.first.max(first));
    }
    images.iter().map(|(user, image)| finding(facts, user, image)).collect()
}

/// The oldest macOS on which the slice may run, where it lacks the symbol, and the first that lists it.
fn too_new(
    facts: &Facts<'_>,
    oldest: &OldestOs<'_>,
    user: &BundlePath,
    recent: &RecentSymbol,
) -> Option<(PackedVersion, PackedVersion)> {
    let os = oldest.of_slice(facts.bundle.image(user)?.file.slice(recent.arch)?)?;
    match libsystem_symbol(&recent.symbol, os) {
        Listed::NotYet { first, .. } => Some((os, first)),
        _ => None,
    }
}

fn finding(facts: &Facts<'_>, user: &BundlePath, image: &TooNew<'_>) -> Finding {
    let TooNew { reference, oldest, .. } = image;
    let (count, first) = (image.symbols.len(), Shown(image.first));
    let what = match image.symbols.first() {
        Some(one) if count == 1 => (*one).to_owned(),
        _ => format!("{count} symbols"),
    };
    let them = if count == 1 { "it" } else { "them" };
    let title = format!("{} needs {what}, newer than macOS {oldest}", user.file_name());
    let message = format!(
        "{user} imports {} from {reference} and may run on macOS {oldest}, whose libSystem does not list {them}; the first that does is the one of macOS {first}. On an older one dyld says \"Symbol not found\". Raise the deployment target and LSMinimumSystemVersion to {first}, or build {} for {oldest} without {them}.",
        listed(image.symbols.iter()),
        user.file_name()
    );
    let slices = facts.bundle.image(user).map_or(0, |image| image.file.slices.len());
    Finding {
        arch: (image.archs.len() < slices).then(|| image.archs.first().copied()).flatten(),
        reference: Some((*reference).clone()),
        ..Finding::new(&RULE, user, title, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_at, shown};
    use crate::dyld::symbols::sample_app::{App, importing, uses};
    use crate::macho::sample::{ImportEntry, Sample, chained_fixups};

    fn built_for(minos: u32, sample: Sample) -> Sample {
        Sample { builds: vec![(1, minos, 0x001a_0000)], ..sample }
    }

    #[test]
    fn a_symbol_that_the_oldest_macos_lacks_is_named_with_the_one_that_has_it() {
        let main = built_for(0x000e_0000, importing(&[(1, "_strchrnul"), (1, "_malloc")], uses(&[])));
        let findings = found_at(&App::new(&main).path(), RULE.id);
        assert_eq!(
            shown(&findings),
            ["warning Contents/MacOS/main: main needs _strchrnul, newer than macOS 14.0"]
        );
        assert_eq!(
            findings[0].message,
            "Contents/MacOS/main imports _strchrnul from /usr/lib/libSystem.B.dylib and may run on macOS 14.0, whose libSystem does not list it; the first that does is the one of macOS 15.x. On an older one dyld says \"Symbol not found\". Raise the deployment target and LSMinimumSystemVersion to 15.x, or build main for 14.0 without it."
        );
    }

    #[test]
    fn what_is_weak_or_new_enough_is_fine() {
        let new_enough = built_for(0x001a_0000, importing(&[(1, "_strchrnul")], uses(&[])));
        assert_eq!(shown(&found_at(&App::new(&new_enough).path(), RULE.id)), [] as [&str; 0]);
        let weak = ImportEntry { ordinal: 1, name: "_strchrnul".into(), weak: true };
        let plain = built_for(0x000e_0000, uses(&[]));
        let fixups = chained_fixups(plain.order, 1, &[weak]);
        let weak = Sample { chained_fixups: Some(fixups), ..plain };
        assert_eq!(shown(&found_at(&App::new(&weak).path(), RULE.id)), [] as [&str; 0]);
    }

    #[test]
    fn a_library_is_measured_by_the_macos_that_its_program_needs() {
        let library = built_for(0x000e_0000, importing(&[(1, "_strchrnul")], uses(&[])));
        let main = built_for(0x001a_0000, uses(&[(crate::macho::LoadKind::Required, "liba.dylib")]));
        let app = App::new(&main).library("liba.dylib", library);
        assert_eq!(shown(&found_at(&app.path(), RULE.id)), [] as [&str; 0]);
    }
}
