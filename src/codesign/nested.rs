//! Inside-out order: which bundle or code encloses which.

use std::collections::BTreeSet;

use super::SignStep;
use super::layout::KnownBundle;
use crate::paths::BundlePath;

/// The bundles whose seal covers `path`, or which `path` itself is, up to the app.
pub(super) fn enclosers<'a>(
    known: &'a [KnownBundle],
    path: &BundlePath,
) -> impl Iterator<Item = &'a KnownBundle> + use<'a> {
    let path = path.clone();
    known.iter().filter(move |one| {
        // What stands beside `Contents` or `Versions` is sealed by nobody, but the encloser's seal depends on it.
        path.is_under(&one.bundle.path) || (!one.bundle.is_version() && path.is_under(&one.bundle.folder))
    })
}

/// Sorts so that what is nested comes before what seals it: the deeper path first, equals by name.
pub(super) fn inside_out(steps: &mut [SignStep]) {
    steps.sort_by(|a, b| depth(&b.path).cmp(&depth(&a.path)).then_with(|| a.path.cmp(&b.path)));
}

/// The steps in groups that can be carried out at once: of two at the same depth neither encloses the other.
pub(super) fn waves(steps: &[SignStep]) -> impl Iterator<Item = &[SignStep]> {
    steps.chunk_by(|a, b| depth(&a.path) == depth(&b.path))
}

/// `touched` and, for folders, all that is below them.
pub(super) fn with_contents<'a>(
    paths: impl Iterator<Item = &'a BundlePath>,
    touched: &'a BTreeSet<BundlePath>,
) -> BTreeSet<BundlePath> {
    let below = paths.filter(|path| path.ancestors().any(|folder| touched.contains(&folder)));
    below.chain(touched).cloned().collect()
}

fn depth(path: &BundlePath) -> usize {
    path.components().count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codesign::SignKind;

    #[test]
    fn what_is_nested_comes_first_and_the_app_last() {
        let step = |path: &str| SignStep {
            path: BundlePath::new(path).unwrap(),
            kind: SignKind::Code,
            identifier: String::new(),
            flags: 2,
            entitlements: None,
            keeps: Vec::new(),
            adds: Vec::new(),
            drops: Vec::new(),
            warnings: Vec::new(),
        };
        let mut steps = [
            "",
            "Contents/Frameworks/F.framework/Versions/A",
            "Contents/Frameworks/l.dylib",
            "Contents/Frameworks/F.framework/Versions/A/Helpers/h",
            "Contents/Frameworks/a.dylib",
        ]
        .map(step);
        inside_out(&mut steps);
        let order: Vec<&str> = steps.iter().map(|step| step.path.file_name()).collect();
        assert_eq!(order, ["h", "A", "a.dylib", "l.dylib", ""]);
        assert_eq!(waves(&steps).map(<[SignStep]>::len).collect::<Vec<_>>(), [1, 1, 2, 1]);
    }
}
