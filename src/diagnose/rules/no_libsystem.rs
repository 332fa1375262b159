//! Something that links with nothing, or a process without libSystem.

use super::Rule;
use crate::bundle::{EntryKind, ImageId};
use crate::diagnose::{Facts, Finding, Severity};
use crate::dyld::Resolution;
use crate::dyld::graph::{Launch, Load};
use crate::macho::{FileType, LoadKind, PackedVersion, Slice};
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "no-libsystem",
    title: "Nothing links with libSystem",
    severity: Severity::Error,
    doc: include_str!("no_libsystem.md"),
    check,
};

/// From which SDK dyld wants a load command in every file (dyld, `Policy::enforceHasLinkedDylibs`).
const FIRST_STRICT_SDK: PackedVersion = PackedVersion::new(15, 4, 0);

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let alone = facts.bundle.images.iter().filter_map(|(path, image)| {
        let wrong = image.file.slices.iter().find(|slice| is_refused(slice))?;
        let all = image.file.slices.iter().all(is_refused);
        Some(Finding { arch: (!all).then_some(wrong.arch), ..links_with_nothing(path) })
    });
    let mut processes: Vec<&BundlePath> = facts
        .clean
        .launches
        .iter()
        .filter(|launch| launch.kind != EntryKind::PlugIn && is_without(facts, launch))
        .map(|launch| &launch.entry)
        .collect();
    processes.dedup();
    alone.chain(processes.into_iter().map(process_without)).collect()
}

fn links_with_something(slice: &Slice) -> bool {
    slice.uses.iter().any(|used| used.kind != LoadKind::Lazy)
}

/// An SDK of 0 counts as the far future in dyld's arithmetic.
fn is_refused(slice: &Slice) -> bool {
    let linked = matches!(slice.file_type, FileType::Execute | FileType::Dylib | FileType::Bundle);
    let strict = slice
        .build
        .is_none_or(|build| build.sdk == PackedVersion::default() || build.sdk >= FIRST_STRICT_SDK);
    linked && strict && !links_with_something(slice)
}

/// Whether nothing in the process leads to macOS. What is missing might have, and for a file without load commands dyld
/// takes libSystem by itself.
fn is_without(facts: &Facts<'_>, launch: &Launch) -> bool {
    let closed = |load: &Load| {
        let bare = match &load.image {
            ImageId::Bundled(path) => facts.bundle.image(path).is_some_and(|image| {
                image.file.slice(launch.arch).is_none_or(|slice| !links_with_something(slice))
            }),
            ImageId::External(_) => true,
        };
        let inside = |resolution: &Resolution| matches!(resolution, Resolution::Bundled(_));
        !bare && load.dependencies.iter().all(|dependency| inside(&dependency.resolution))
    };
    launch.loads.iter().all(|load| closed(load))
}

fn links_with_nothing(path: &BundlePath) -> Finding {
    Finding::new(
        &RULE,
        path,
        format!("{} links with nothing", path.file_name()),
        format!(
            "{path} has no load command for any library, which dyld refuses in a file of this SDK: missing LC_LOAD_DYLIB (must link with at least libSystem.dylib). Link it with -lSystem."
        ),
    )
}

fn process_without(entry: &BundlePath) -> Finding {
    Finding::new(
        &RULE,
        entry,
        format!("{} does not load libSystem", entry.file_name()),
        format!(
            "Neither {entry} nor any library that it loads has a load command for /usr/lib/libSystem.B.dylib or anything else of macOS; dyld stops with: program does not link with libSystem.B.dylib. Link {entry} with -lSystem."
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found, found_in, shown};

    fn app(sdk: &str, main: &str, ink: &str) -> Vec<Finding> {
        let app = format!(
            "Contents/Info.plist plist\n  key CFBundleExecutable App\n\
             Contents/MacOS/App execute\n  use @loader_path/libink.dylib\n{main}\
             Contents/MacOS/libink.dylib dylib sdk={sdk}\n  id @rpath/libink.dylib\n{ink}"
        );
        found_in(&app, RULE.id)
    }

    const SYSTEM: &str = "  use /usr/lib/libSystem.B.dylib\n";

    #[test]
    fn a_library_of_a_new_sdk_has_to_link_with_something() {
        let title = "error Contents/MacOS/libink.dylib: libink.dylib links with nothing";
        assert_eq!(shown(&app("15.4", SYSTEM, "")), [title]);
        assert_eq!(shown(&app("0.0", SYSTEM, "")), [title]);
    }

    #[test]
    fn a_process_in_which_everything_is_private_has_no_libsystem() {
        let ring = "  use @loader_path/App.dylib\nContents/MacOS/App.dylib dylib\n  id App\n  use @loader_path/libink.dylib\n";
        assert_eq!(shown(&app("15.0", "", ring)), ["error Contents/MacOS/App: App does not load libSystem"]);
    }

    #[test]
    fn macos_reached_in_any_way_or_taken_by_dyld_itself_is_enough() {
        assert_eq!(shown(&app("15.4", "", "  use /usr/lib/libz.1.dylib\n")).len(), 0);
        assert_eq!(shown(&app("15.0", "", "")).len(), 0, "dyld adds libSystem for libink");
        assert_eq!(shown(&found("faults", "load-kinds", RULE.id)).len(), 0);
    }
}
