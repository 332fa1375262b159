//! An rpath leads to no library.

use std::collections::{BTreeMap, BTreeSet};

use super::Rule;
use crate::bundle::{Bundle, EntryKind, ImageId, Node};
use crate::diagnose::wording::{each_rpath, listed};
use crate::diagnose::{Facts, Finding, Severity};
use crate::macho::Rpath;
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "unused-rpath",
    title: "An rpath leads to no library",
    severity: Severity::Info,
    doc: include_str!("unused_rpath.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let folders = Folders::of(facts.bundle);
    let mut idle: BTreeMap<&Rpath, Vec<&BundlePath>> = BTreeMap::new();
    for (image, rpath) in each_rpath(facts.bundle) {
        if folders.are_empty_for(image, rpath) {
            idle.entry(rpath).or_default().push(image);
        }
    }
    idle.into_iter().filter_map(|(rpath, images)| finding(rpath, &images)).collect()
}

fn finding(rpath: &Rpath, images: &[&BundlePath]) -> Option<Finding> {
    let title = format!("Rpath {rpath} leads to no library");
    let message = format!(
        "The LC_RPATH {rpath} of {} leads to a folder that is not there or holds no library, so no launch finds anything through it. Delete it where you link.",
        listed(images.iter())
    );
    let related = images.iter().skip(1).map(|image| ImageId::Bundled((*image).clone())).collect();
    Some(Finding { related, ..Finding::new(&RULE, images.first()?, title, message) })
}

/// Where libraries are, and where processes start.
struct Folders<'a> {
    bundle: &'a Bundle,
    /// Every folder below which there is an image or a link.
    filled: BTreeSet<BundlePath>,
    programs: BTreeSet<BundlePath>,
}

impl<'a> Folders<'a> {
    fn of(bundle: &'a Bundle) -> Self {
        let links = bundle.nodes.iter().filter(|(_, node)| matches!(node, Node::Link { .. }));
        let mut filled = BTreeSet::new();
        for path in bundle.images.keys().chain(links.map(|(path, _)| path)) {
            for folder in path.ancestors() {
                if !filled.insert(folder) {
                    break; // those above it are in already
                }
            }
        }
        let processes = bundle.entries.iter().filter(|entry| entry.kind != EntryKind::PlugIn);
        Folders { bundle, filled, programs: processes.filter_map(|entry| entry.image.parent()).collect() }
    }

    /// Whether this rpath of `image` means folders of the bundle, and none of them leads to a library. Those that lead out
    /// of the bundle are other rules' business.
    fn are_empty_for(&self, image: &BundlePath, rpath: &Rpath) -> bool {
        let text = rpath.as_str();
        let meant: Vec<BundlePath> = if let Some(tail) = after(text, "@loader_path") {
            image.parent().and_then(|folder| folder.resolve(tail)).into_iter().collect()
        } else if let Some(tail) = after(text, "@executable_path") {
            self.programs.iter().filter_map(|folder| folder.resolve(tail)).collect()
        } else {
            Vec::new()
        };
        // Where every toolchain puts libraries some may still come, and the rpath is right for them.
        let serves = |folder: &BundlePath| {
            let real = self.bundle.real_path(folder);
            folder.file_name() == "Frameworks" || real.is_some_and(|real| self.filled.contains(&real))
        };
        !meant.is_empty() && !meant.iter().any(serves)
    }
}

fn after<'t>(text: &'t str, variable: &str) -> Option<&'t str> {
    let rest = text.strip_prefix(variable)?;
    if rest.is_empty() { Some("") } else { rest.strip_prefix('/') }.map(|rest| rest.trim_start_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    fn with_rpath(rpath: &str) -> Vec<Finding> {
        let app = format!(
            "Contents/Info.plist plist\n  key CFBundleExecutable App\n\
             Contents/MacOS/App execute\n  rpath {rpath}\n  use @loader_path/../Frameworks/libink.dylib\n\
             Contents/Frameworks/libink.dylib dylib\n  id @rpath/libink.dylib\n  rpath {rpath}\n\
             Contents/Resources/notes text\n"
        );
        found_in(&app, RULE.id)
    }

    #[test]
    fn a_folder_without_libraries_is_named_once_for_all_images() {
        let findings = with_rpath("@executable_path/../Resources");
        assert_eq!(
            shown(&findings),
            [
                "info Contents/Frameworks/libink.dylib: Rpath @executable_path/../Resources leads to no library"
            ]
        );
        assert!(
            findings[0].message.contains("libink.dylib and Contents/MacOS/App"),
            "{}",
            findings[0].message
        );
        assert_eq!(with_rpath("@executable_path/../lib").len(), 1);
    }

    #[test]
    fn where_a_library_is_something_may_be_opened_through_it() {
        for rpath in [
            "@executable_path/../Frameworks",
            "@executable_path/..",
            "@loader_path/Frameworks",
            "/opt/homebrew/lib",
            "@loader_path/../../../x",
        ] {
            assert_eq!(shown(&with_rpath(rpath)).len(), 0, "{rpath}");
        }
    }
}
