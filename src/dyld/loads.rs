//! What one process has loaded, in dyld's load order.

use std::collections::HashMap;
use std::ops::Index;
use std::sync::Arc;

use super::graph::Dependency;
use crate::bundle::ImageId;
use crate::paths::RuntimePath;

/// One loaded image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Load {
    pub image: ImageId,
    /// Its path as dyld shows it: every link resolved.
    pub path: RuntimePath,
    /// LC_UUID of the slice that was loaded.
    pub uuid: Option<String>,
    /// Position of that slice in its file.
    pub slice: usize,
    /// Position in [`Loads`] of the image that caused it; `None` for what nothing asks for: the entry itself, and what
    /// DYLD_INSERT_LIBRARIES names.
    pub loaded_by: Option<usize>,
    /// Same order as the slice's `uses`.
    pub dependencies: Vec<Dependency>,
}

/// The images of a process by position. Those of the host process come first for a plug-in: they are shared with the
/// host's own list, not copied.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Loads {
    before: Option<Arc<Loads>>,
    own: Vec<Arc<Load>>,
    positions: HashMap<ImageId, usize>,
    turns: Vec<usize>,
}

impl Loads {
    /// `own` follow those `before`; `turns` says in which order their dependents were loaded.
    pub(super) fn new(before: Option<Arc<Loads>>, own: Vec<Arc<Load>>, turns: Vec<usize>) -> Self {
        let start = before.as_ref().map_or(0, |before| before.len());
        let positions = own.iter().enumerate().map(|(at, load)| (load.image.clone(), start + at)).collect();
        Loads { before, own, positions, turns }
    }

    pub fn len(&self) -> usize {
        self.before.as_ref().map_or(0, |before| before.len()) + self.own.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn get(&self, position: usize) -> Option<&Arc<Load>> {
        let start = self.len() - self.own.len();
        match position.checked_sub(start) {
            Some(own) => self.own.get(own),
            None => self.before.as_ref()?.get(position),
        }
    }

    /// Every image, the host's first.
    pub fn iter(&self) -> Iter<'_> {
        Iter { loads: self, next: 0 }
    }

    /// Only what this launch itself loads: for a plug-in what comes after its host's.
    pub fn own(&self) -> &[Arc<Load>] {
        &self.own
    }

    /// What the host process had loaded before a plug-in was opened in it.
    pub fn before(&self) -> Option<&Arc<Loads>> {
        self.before.as_ref()
    }

    /// Where the image stands; its first place if it is there under several.
    pub fn position(&self, image: &ImageId) -> Option<usize> {
        let before = self.before.as_ref().and_then(|before| before.position(image));
        before.or_else(|| self.positions.get(image).copied())
    }

    pub fn of(&self, image: &ImageId) -> Option<&Arc<Load>> {
        self.get(self.position(image)?)
    }

    /// The launch's own images in the order in which dyld loads their dependents: the order of its faults.
    pub fn turns(&self) -> impl Iterator<Item = &Arc<Load>> {
        self.turns.iter().filter_map(|&position| self.get(position))
    }
}

/// Walks [`Loads`] by position.
pub struct Iter<'l> {
    loads: &'l Loads,
    next: usize,
}

impl<'l> Iterator for Iter<'l> {
    type Item = &'l Arc<Load>;

    fn next(&mut self) -> Option<Self::Item> {
        let load = self.loads.get(self.next)?;
        self.next += 1;
        Some(load)
    }
}

impl<'l> IntoIterator for &'l Loads {
    type Item = &'l Arc<Load>;
    type IntoIter = Iter<'l>;

    fn into_iter(self) -> Iter<'l> {
        self.iter()
    }
}

impl Index<usize> for Loads {
    type Output = Arc<Load>;

    /// # Panics
    /// When no image has that position.
    fn index(&self, position: usize) -> &Arc<Load> {
        self.get(position).expect("a position of this launch")
    }
}
