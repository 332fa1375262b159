//! What dyld would have found had no image of the same install name been loaded before.

use super::references::Reference;
use super::rules::duplicate_library::uuids;
use crate::bundle::Bundle;
use crate::dyld::system::is_system;
use crate::dyld::{Outcome, Resolution, SearchRule};
use crate::paths::{BundlePath, RuntimePath};

/// What the search that was not made would have come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Elsewhere {
    Nothing,
    /// Another build of the library.
    Another(BundlePath),
}

/// As many places behind the deciding one the resolver keeps; with more, what is behind them is not known.
const MOST_KEPT: usize = 64;

/// For a reference of the clean Mac's graph that an image of the bundle answers by its install name alone. `None` for all
/// others, and where the search would have come to the same.
pub fn elsewhere(bundle: &Bundle, reference: &Reference<'_>) -> Option<Elsewhere> {
    let dependency = reference.dependency;
    let Resolution::Bundled(used) = &dependency.resolution else { return None };
    let by_name = dependency.is_reused_by_name() && dependency.deciding()?.rule == SearchRule::AlreadyLoaded;
    if !by_name || is_system(dependency.name.as_str()) {
        return None;
    }
    let root = RuntimePath::new(format!("/Applications/{}", bundle.name));
    let inside = |tried: &RuntimePath| -> Option<BundlePath> {
        let path = BundlePath::new(tried.normalized().strip_prefix(&root)?)?;
        let real = bundle.real_path(&path)?;
        let image = bundle.image(&real)?;
        image.file.slice(reference.launch.arch).map(|_| real)
    };
    let not_tried = dependency.candidates.iter().filter(|one| matches!(one.outcome, Outcome::Skipped(_)));
    let places: Vec<&RuntimePath> = not_tried.map(|one| &one.tried).collect();
    let itself = RuntimePath::new(dependency.name.as_str());
    match places.iter().copied().chain([&itself]).find_map(inside) {
        Some(own) => (own != *used && are_two_builds(bundle, &own, used)).then_some(Elsewhere::Another(own)),
        None => (places.len() < MOST_KEPT).then_some(Elsewhere::Nothing),
    }
}

fn are_two_builds(bundle: &Bundle, a: &BundlePath, b: &BundlePath) -> bool {
    let builds = bundle.image(a).and_then(|a| uuids(a)).zip(bundle.image(b).and_then(|b| uuids(b)));
    builds.is_some_and(|(a, b)| a != b)
}
