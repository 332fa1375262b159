//! A Swift library that older macOS does not have is not in the bundle.

use std::collections::{BTreeMap, BTreeSet};

use super::Rule;
use crate::bundle::ImageId;
use crate::diagnose::references::{Reference, references};
use crate::diagnose::wording::listed;
use crate::diagnose::{Facts, Finding, Severity};
use crate::dyld::Resolution;
use crate::macho::{LoadKind, PackedVersion};
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "swift-runtime-missing",
    title: "A Swift library is missing on older macOS",
    severity: Severity::Error,
    doc: include_str!("swift_runtime_missing.md"),
    check,
};

/// The first macOS with the Swift runtime, and with its concurrency.
const SWIFT_IN_MACOS: PackedVersion = PackedVersion::new(10, 14, 4);
const CONCURRENCY_IN_MACOS: PackedVersion = PackedVersion::new(12, 0, 0);

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let shipped: BTreeSet<&str> = facts.bundle.images.keys().map(BundlePath::file_name).collect();
    let mut lacking: BTreeMap<&str, BTreeMap<&BundlePath, PackedVersion>> = BTreeMap::new();
    for reference in references(facts.clean) {
        if let Some(leaf) = swift_library(&reference)
            && let Some(oldest) = oldest(facts, &reference)
            && oldest < first_with(leaf)
            && !shipped.contains(leaf)
        {
            lacking.entry(leaf).or_default().insert(reference.user, oldest);
        }
    }
    lacking.iter().filter_map(|(leaf, users)| finding(leaf, users)).collect()
}

fn first_with(leaf: &str) -> PackedVersion {
    if leaf == "libswift_Concurrency.dylib" { CONCURRENCY_IN_MACOS } else { SWIFT_IN_MACOS }
}

/// The Swift library that only macOS itself can give to this reference.
fn swift_library<'a>(reference: &Reference<'a>) -> Option<&'a str> {
    let dependency = reference.dependency;
    let leaf = dependency.name.as_str().strip_prefix("@rpath/")?;
    let swift = leaf.starts_with("libswift") && leaf.ends_with(".dylib");
    let system = matches!(dependency.resolution, Resolution::System(_));
    (swift && system && dependency.kind != LoadKind::Weak).then_some(leaf)
}

/// The oldest macOS on which the reference is met: what its slice and the app's Info.plist both allow.
fn oldest(facts: &Facts<'_>, reference: &Reference<'_>) -> Option<PackedVersion> {
    let slice = facts.bundle.image(reference.user)?.file.slice(reference.launch.arch)?;
    let built_for = slice.build?.min_os;
    let info = facts.bundle.info.as_ref();
    let allowed = info.and_then(|info| version(info.string("LSMinimumSystemVersion")?));
    Some(allowed.map_or(built_for, |allowed| allowed.max(built_for)))
}

fn version(text: &str) -> Option<PackedVersion> {
    let mut parts = text.trim().split('.').map(|part| part.parse::<u16>().ok());
    let major = parts.next()??;
    let mut small = || parts.next().flatten().and_then(|part| u8::try_from(part).ok()).unwrap_or(0);
    Some(PackedVersion::new(major, small(), small()))
}

fn finding(leaf: &str, users: &BTreeMap<&BundlePath, PackedVersion>) -> Option<Finding> {
    let (first, oldest) = (users.keys().next()?, users.values().min()?);
    let since = first_with(leaf);
    let title = format!("{leaf} is missing before macOS {since}");
    let message = format!(
        "{} asks for @rpath/{leaf} and may run on macOS {oldest}, but macOS has that library only since {since} and the bundle has no copy. Put the copy of your Swift toolchain into Contents/Frameworks, or raise the minimum system to {since}.",
        listed(users.keys())
    );
    let related = users.keys().skip(1).map(|path| ImageId::Bundled((*path).clone())).collect();
    Some(Finding { related, ..Finding::new(&RULE, first, title, message) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    fn app(minos: &str, plist: &str, kind: &str, leaf: &str, rest: &str) -> Vec<Finding> {
        let app = format!(
            "Contents/Info.plist plist\n  key CFBundleExecutable App\n  key LSMinimumSystemVersion {plist}\n\
             Contents/MacOS/App execute x86_64 minos={minos}\n  rpath /usr/lib/swift\n  rpath @executable_path/../Frameworks\n  {kind} @rpath/{leaf}\n{rest}"
        );
        found_in(&app, RULE.id)
    }

    #[test]
    fn the_runtime_before_its_place_in_macos_has_to_be_shipped() {
        let core = app("10.13", "10.13", "use", "libswiftCore.dylib", "");
        assert_eq!(
            shown(&core),
            ["error Contents/MacOS/App: libswiftCore.dylib is missing before macOS 10.14.4"]
        );
        let concurrency = app("10.13", "11.5", "use", "libswift_Concurrency.dylib", "");
        assert!(concurrency[0].message.contains("may run on macOS 11.5"), "{}", concurrency[0].message);
    }

    #[test]
    fn shipped_weak_or_new_enough_it_is_there() {
        let copy = "Contents/Frameworks/libswiftCore.dylib dylib x86_64\n  id @rpath/libswiftCore.dylib\n";
        // The rpath of macOS goes first on a new one, the bundle's copy serves the old.
        assert_eq!(shown(&app("10.13", "10.13", "use", "libswiftCore.dylib", copy)).len(), 0);
        assert_eq!(shown(&app("10.13", "10.13", "weak", "libswiftCore.dylib", "")).len(), 0);
        assert_eq!(shown(&app("10.13", "10.15", "use", "libswiftCore.dylib", "")).len(), 0);
        assert_eq!(shown(&app("12.0", "12.0", "use", "libswift_Concurrency.dylib", "")).len(), 0);
    }
}
