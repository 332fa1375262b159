//! Folders among code that no seal can hold, because they are no bundle: codesign refuses to sign what they stand in.

use super::layout::{Nodes, bundles_at, known_bundles};
use super::rules::Rules;
use super::seal::{Met, items};
use super::{SignKind, SignPlan};
use crate::bundle::{Bundle, Node};
use crate::failure::Failure;
use crate::paths::BundlePath;

/// What is wrong with a folder, and what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unsealable {
    pub what: &'static str,
    pub next: &'static str,
}

/// `errSecCSBadBundleFormat`: everything with a dot in its name is taken for a bundle (`ResourceBuilder::scan`).
const NO_BUNDLE: Unsealable = Unsealable {
    what: "cannot be sealed (bundle format unrecognized, invalid, or unsuitable): among code a folder with a dot in its \
           name must be a bundle",
    next: "move it into Contents/Resources and leave a link",
};
/// `errSecCSBadBundleFormat` as codesign words it for a framework with a `Versions` that has no links.
const LINKS_LOST: Unsealable = Unsealable {
    what: "has lost its links and cannot be sealed (bundle format is ambiguous (could be app or framework))",
    next: "put the links back with `bundlewright fix`",
};

/// Of a folder in a place for code with a dot in its name.
pub(super) fn unsealable(nodes: &Nodes, folder: &BundlePath) -> Option<Unsealable> {
    if bundles_at(nodes, folder).is_empty() {
        return Some(NO_BUNDLE);
    }
    let versions = folder.join("Versions");
    let is_link = matches!(nodes.get(&versions.join("Current")), Some(Node::Link { .. }));
    (nodes.get(&versions) == Some(&Node::Folder) && !is_link).then_some(LINKS_LOST)
}

/// That everything which `plan` seals can be sealed.
///
/// # Errors
/// [`Failure`] about the first folder that cannot. A fix goes on all the same, because code that loads is worth more to its
/// user than a seal that cannot be had yet; the plan's steps warn of it.
pub fn check_sealable(bundle: &Bundle, plan: &SignPlan) -> Result<(), Failure> {
    let refuse = |path: &BundlePath, why: Unsealable| {
        Err(Failure::new(path.to_local(&bundle.root), why.what, why.next))
    };
    let is_planned =
        |path: &BundlePath| plan.steps.iter().any(|step| step.kind == SignKind::Bundle && step.path == *path);
    for one in known_bundles(bundle).iter().filter(|one| is_planned(&one.bundle.path)) {
        let is_framework = one.bundle.is_version() && one.bundle.folder.is_root();
        if let Some(why) = is_framework.then(|| unsealable(&bundle.nodes, &one.bundle.folder)).flatten() {
            return refuse(&one.bundle.folder, why);
        }
        let rules = Rules::standard(one.bundle.has_resources_folder(&bundle.nodes)).1;
        for item in items(&bundle.nodes, &one.bundle, one.executable.as_ref(), &rules) {
            if item.met == Met::FolderAmongCode
                && let Some(why) = unsealable(&bundle.nodes, item.path)
            {
                return refuse(item.path, why);
            }
        }
    }
    Ok(())
}
