//! What the page knows: the two sides, what was found, and what of it is listed.

use std::path::{Path, PathBuf};

use super::rows::List;
use crate::compare::{Class, Comparison, verdict};
use crate::failure::Failure;
use crate::ui::facts::capital;

/// One of the two builds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    Left,
    Right,
}

impl Side {
    pub fn word(self) -> &'static str {
        match self {
            Side::Left => "left",
            Side::Right => "right",
        }
    }
}

/// Both paths, the left one first.
pub type Pair = (PathBuf, PathBuf);

#[derive(Default)]
pub struct View {
    /// While it is `None`, the open bundle is the left side.
    left: Option<PathBuf>,
    right: Option<PathBuf>,
    /// What is being typed into the path of a side.
    pub(super) typed: Option<(Side, String)>,
    found: Option<Found>,
    failure: Option<Failure>,
    running: bool,
    pub(super) list: List,
}

/// A comparison with what is asked of it in every frame, counted once.
pub(super) struct Found {
    pub comparison: Comparison,
    pub verdict: String,
    pub same_code: bool,
    /// In the order of [`Class::ALL`].
    pub counts: [usize; 6],
    pub matter: usize,
}

/// What stands below the two sides.
pub(super) enum Stage {
    /// A side is missing.
    Choose,
    /// Both are there, and nothing was asked yet or it was cancelled.
    Ready,
    Running,
    Failed(Failure),
    Found,
}

impl View {
    /// The path of a side; without a choice the `opened` bundle is the left one.
    pub fn path(&self, side: Side, opened: Option<&Path>) -> Option<PathBuf> {
        match side {
            Side::Left => self.left.clone().or(opened.map(Path::to_owned)),
            Side::Right => self.right.clone(),
        }
    }

    /// Both sides, once they are known.
    pub fn pair(&self, opened: Option<&Path>) -> Option<Pair> {
        self.path(Side::Left, opened).zip(self.right.clone())
    }

    /// The side that is asked for: the second one when the first is known.
    pub fn wanted(&self, opened: Option<&Path>) -> Side {
        if self.path(Side::Left, opened).is_some() { Side::Right } else { Side::Left }
    }

    /// "Compare with…" on a page of the `opened` bundle is about this bundle: a comparison of two others is put away.
    pub fn begin(&mut self, opened: Option<&Path>) {
        let of_others = opened.is_some()
            && self.left.is_some()
            && [&self.left, &self.right].iter().all(|side| side.as_deref() != opened);
        if of_others {
            *self = View::default();
        }
    }

    /// Takes a side in; both, once they are known.
    pub fn chosen(&mut self, side: Side, path: PathBuf, opened: Option<&Path>) -> Option<Pair> {
        if self.path(side, opened).as_ref() != Some(&path) {
            // They were about another path.
            (self.found, self.failure, self.list) = (None, None, List::default());
        }
        match side {
            Side::Left => self.left = Some(path),
            Side::Right => self.right = Some(path),
        }
        self.pair(opened)
    }

    /// Two paths are both sides, one is the side that is missing, or the right one.
    pub fn dropped(&mut self, paths: Vec<PathBuf>, opened: Option<&Path>) -> Option<Pair> {
        let mut paths = paths.into_iter();
        match (paths.next()?, paths.next()) {
            (left, Some(right)) => Some((left, right)),
            (one, None) => self.chosen(self.wanted(opened), one, opened),
        }
    }

    /// These two are being compared. What is known of the same two stays in sight until the new answer is there.
    pub fn asked(&mut self, left: &Path, right: &Path) {
        let (left, right) = (Some(left.to_owned()), Some(right.to_owned()));
        if (&self.left, &self.right) != (&left, &right) {
            // Of the same two the other way round, what is listed stays chosen.
            let swapped = (&self.left, &self.right) == (&right, &left);
            let list = if swapped { std::mem::take(&mut self.list) } else { List::default() };
            *self = View { left, right, list, ..View::default() };
        }
        self.failure = None;
        self.running = true;
    }

    pub fn receive(&mut self, comparison: Comparison) {
        self.list.forget();
        self.found = Some(Found {
            verdict: capital(&verdict(&comparison)),
            same_code: comparison.same_code(),
            counts: Class::ALL.map(|class| comparison.count(class)),
            matter: comparison.differences.iter().filter(|it| it.matters()).count(),
            comparison,
        });
        (self.failure, self.running) = (None, false);
    }

    pub fn fail(&mut self, failure: Failure) {
        (self.found, self.failure, self.running) = (None, Some(failure), false);
    }

    /// How many differences matter.
    pub fn shown(&self) -> usize {
        self.found.as_ref().map_or(0, |found| found.matter)
    }

    pub fn comparison(&self) -> Option<&Comparison> {
        self.found.as_ref().map(|found| &found.comparison)
    }

    pub(super) fn stage(&mut self, opened: Option<&Path>, busy: bool) -> Stage {
        self.running &= busy;
        match (&self.found, &self.failure) {
            (Some(_), _) => Stage::Found,
            _ if self.running => Stage::Running,
            (None, Some(failure)) => Stage::Failed(failure.clone()),
            (None, None) if self.pair(opened).is_some() => Stage::Ready,
            (None, None) => Stage::Choose,
        }
    }

    /// What was found, and the list of it.
    pub(super) fn found(&mut self) -> Option<(&Found, &mut List)> {
        self.found.as_ref().map(|found| (found, &mut self.list))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(left: &str, right: &str) -> Option<Pair> {
        Some((PathBuf::from(left), PathBuf::from(right)))
    }

    #[test]
    fn the_open_bundle_is_the_left_side_until_another_is_chosen() {
        let (mut view, opened) = (View::default(), Some(Path::new("/a.app")));
        assert_eq!(view.wanted(None), Side::Left);
        assert_eq!(view.wanted(opened), Side::Right);
        assert_eq!(view.chosen(Side::Right, "/b.app".into(), opened), pair("/a.app", "/b.app"));
        assert_eq!(view.chosen(Side::Left, "/c.app".into(), opened), pair("/c.app", "/b.app"));
    }

    #[test]
    fn one_that_is_dropped_is_the_missing_side_and_two_are_both() {
        let mut view = View::default();
        assert_eq!(view.dropped(vec!["/a".into()], None), None);
        assert_eq!(view.dropped(vec!["/b".into()], None), pair("/a", "/b"));
        assert_eq!(view.dropped(vec!["/c".into()], None), pair("/a", "/c"));
        assert_eq!(view.dropped(vec!["/x".into(), "/y".into()], None), pair("/x", "/y"));
        assert_eq!(view.dropped(Vec::new(), None), None);
    }

    #[test]
    fn compare_with_is_about_the_open_bundle() {
        let mut view = View::default();
        view.asked(Path::new("/a"), Path::new("/b"));
        view.begin(Some(Path::new("/b")));
        assert_eq!(view.pair(None), pair("/a", "/b"));
        view.begin(Some(Path::new("/c")));
        assert_eq!(view.path(Side::Left, Some(Path::new("/c"))), Some("/c".into()));
        assert_eq!(view.path(Side::Right, None), None);
    }

    #[test]
    fn a_cancelled_comparison_can_be_asked_again() {
        let mut view = View::default();
        view.asked(Path::new("/a"), Path::new("/b"));
        assert!(matches!(view.stage(None, true), Stage::Running));
        assert!(matches!(view.stage(None, false), Stage::Ready));
        view.fail(Failure::new("/b", "is missing", "check the path"));
        assert!(matches!(view.stage(None, false), Stage::Failed(_)));
        view.chosen(Side::Right, "/c".into(), None);
        assert!(matches!(view.stage(None, false), Stage::Ready));
    }
}
