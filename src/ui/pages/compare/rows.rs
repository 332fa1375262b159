//! The differences that are listed, as rows: made anew when what is asked for changes, never for a frame.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::compare::tree::{Branch, tree};
use crate::compare::{Class, Comparison, Difference};
use crate::ui::search::Words;

/// Which differences are listed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Only {
    /// True content, linkage, and what a signature allows.
    #[default]
    Matters,
    All,
    /// Those of some classes.
    Classes(BTreeSet<Class>),
}

impl Only {
    fn takes(&self, difference: &Difference) -> bool {
        match self {
            Only::Matters => difference.matters(),
            Only::All => true,
            Only::Classes(classes) => classes.contains(&difference.class),
        }
    }

    pub fn is_on(&self, class: Class) -> bool {
        matches!(self, Only::Classes(classes) if classes.contains(&class))
    }

    /// Asks for a class, or no longer; without any class everything is listed.
    pub fn flip(&mut self, class: Class) {
        let mut classes = match std::mem::take(self) {
            Only::Classes(classes) => classes,
            Only::Matters | Only::All => BTreeSet::new(),
        };
        if !classes.remove(&class) {
            classes.insert(class);
        }
        *self = if classes.is_empty() { Only::All } else { Only::Classes(classes) };
    }
}

/// One row.
pub struct Line {
    /// Stays the same when other rows come and go.
    pub key: u64,
    /// How far it is indented: a file of one slice has the fields of that slice right below it.
    pub depth: usize,
    /// `None` when nothing is below it.
    pub open: Option<bool>,
    /// Its places among the branches: file, slice, field.
    at: [usize; DEEPEST],
    /// How many of these count, less one.
    level: usize,
    /// Of a row that is one difference: its place in [`Comparison::differences`].
    pub difference: Option<usize>,
}

/// File, slice, field.
const DEEPEST: usize = 3;

#[derive(Default)]
pub struct List {
    pub filter: String,
    pub only: Only,
    pub reveal: bool,
    /// Branches that were opened or closed by hand.
    open: BTreeMap<u64, bool>,
    branches: Vec<Branch>,
    lines: Vec<Line>,
    selected: Option<u64>,
    /// Where the selected row is now.
    row: Option<usize>,
    /// What the branches were made from.
    made_from: Option<(String, Only)>,
}

impl List {
    /// Another comparison is there; what is asked of it stays.
    pub fn forget(&mut self) {
        *self = List {
            filter: std::mem::take(&mut self.filter),
            only: std::mem::take(&mut self.only),
            ..List::default()
        };
    }

    /// Brings branches and rows up to date with what is asked for; answers whether they had to be made.
    pub fn refresh(&mut self, comparison: &Comparison) -> bool {
        let now = (self.filter.trim().to_owned(), self.only.clone());
        if self.made_from.as_ref() == Some(&now) {
            return false;
        }
        let words = Words::new(&self.filter);
        self.branches = tree(comparison, |difference| {
            self.only.takes(difference) && (words.is_empty() || has(difference, &words))
        });
        self.made_from = Some(now);
        self.lay_out(comparison);
        if self.row.is_none() {
            let first = self.lines.iter().position(|line| line.difference.is_some());
            self.select(first.or(if self.lines.is_empty() { None } else { Some(0) }));
            self.reveal = true;
        }
        true
    }

    /// The rows that are in view of the open branches.
    fn lay_out(&mut self, comparison: &Comparison) {
        self.lines.clear();
        // What somebody asked for by name is open, and so is everything when nothing in it matters more than the rest.
        let all = !self.filter.trim().is_empty()
            || matches!(self.only, Only::Classes(_))
            || !self.branches.iter().any(|file| file.matters);
        let files = self.branches.iter().enumerate().rev();
        let mut left: Vec<_> = files.map(|(index, file)| (file, [index, 0, 0], 0, 0, 0)).collect();
        while let Some((branch, at, level, depth, above)) = left.pop() {
            let difference = branch.difference.or_else(|| branch.only_there(comparison));
            let key = difference.map_or_else(|| branch_key(above, &branch.label), |index| index as u64);
            let opened = || self.open.get(&key).copied().unwrap_or(all || branch.matters);
            let open = difference.is_none().then(opened);
            self.lines.push(Line { key, depth, open, at, level, difference });
            let (parent, level) = only_slice(branch).map_or((branch, level), |slice| (slice, level + 1));
            if open == Some(true) && level + 1 < DEEPEST {
                let below = |index: usize| {
                    let mut at = at;
                    at[level + 1] = index;
                    at
                };
                let children = parent.children.iter().enumerate().rev();
                left.extend(children.map(|(index, child)| (child, below(index), level + 1, depth + 1, key)));
            }
        }
        self.row = self.selected.and_then(|key| self.lines.iter().position(|line| line.key == key));
    }

    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    pub fn branch(&self, line: &Line) -> Option<&Branch> {
        let (first, below) = line.at.get(..=line.level)?.split_first()?;
        let file = self.branches.get(*first)?;
        below.iter().try_fold(file, |branch, index| branch.children.get(*index))
    }

    pub fn selected_row(&self) -> Option<usize> {
        self.row
    }

    pub fn selected(&self) -> Option<&Line> {
        self.lines.get(self.row?)
    }

    pub fn select(&mut self, row: Option<usize>) {
        let line = row.and_then(|row| self.lines.get(row));
        (self.selected, self.row) = (line.map(|line| line.key), line.and(row));
    }

    /// Opens or closes the branch of a row, and selects it.
    pub fn set_open(&mut self, row: usize, open: bool, comparison: &Comparison) {
        let Some(line) = self.lines.get(row) else { return };
        self.open.insert(line.key, open);
        self.select(Some(row));
        self.lay_out(comparison);
    }
}

/// The slice that everything listed of a file is in.
pub fn only_slice(file: &Branch) -> Option<&Branch> {
    match &file.children[..] {
        [slice] if slice.difference.is_none() => Some(slice),
        _ => None,
    }
}

/// Apart from the keys of differences, which are small numbers.
fn branch_key(above: u64, label: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (above, label).hash(&mut hasher);
    hasher.finish() | 1 << 63
}

fn has(difference: &Difference, words: &Words) -> bool {
    let texts = [&difference.path, &difference.field, &difference.left, &difference.right];
    texts.iter().any(|text| words.are_in(text))
        || words.are_in(difference.class.title())
        || words.are_in(&difference.explanation)
}

#[cfg(test)]
mod tests;
