//! The differences as a tree: file, then slice, then field. The words are these; a window adds none.

use std::collections::BTreeMap;

use super::{Class, Comparison, Difference};

/// A branch of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    pub label: String,
    /// What it comes to: "2 linkage, 1 signature" of a file, "11.0 → 12.0" of a field.
    pub summary: String,
    /// How many differences of each class are in it.
    pub counts: BTreeMap<Class, usize>,
    /// Whether something in it is shown at first.
    pub matters: bool,
    pub children: Vec<Branch>,
    /// Of a leaf: its place in [`Comparison::differences`].
    pub difference: Option<usize>,
}

/// The whole tree, of the differences that `wanted` takes. Files that matter come first, else they are in order; so are the
/// fields of a slice, by class.
pub fn tree(comparison: &Comparison, wanted: impl Fn(&Difference) -> bool) -> Vec<Branch> {
    let mut files: Vec<Branch> = Vec::new();
    let mut current: Option<(&str, Vec<usize>)> = None;
    for (index, difference) in comparison.differences.iter().enumerate().filter(|(_, it)| wanted(it)) {
        match &mut current {
            Some((path, indices)) if *path == difference.path => indices.push(index),
            _ => {
                files.extend(current.take().map(|(path, indices)| file(comparison, path, &indices)));
                current = Some((&difference.path, vec![index]));
            }
        }
    }
    files.extend(current.map(|(path, indices)| file(comparison, path, &indices)));
    files.sort_by_key(|branch| !branch.matters);
    files
}

fn file(comparison: &Comparison, path: &str, indices: &[usize]) -> Branch {
    let mut children = Vec::new();
    let mut rest = indices;
    while let Some(first) = rest.first() {
        let arch = comparison.differences.get(*first).and_then(|difference| difference.arch);
        let same = |index: &&usize| comparison.differences.get(**index).is_some_and(|it| it.arch == arch);
        let length = rest.iter().take_while(same).count();
        let (of_arch, others) = rest.split_at(length);
        let mut leaves: Vec<Branch> = of_arch.iter().filter_map(|index| leaf(comparison, *index)).collect();
        leaves.sort_by_key(Branch::class);
        match arch {
            Some(arch) => children.push(Branch::of(arch.to_string(), leaves)),
            None => children.extend(leaves),
        }
        rest = others;
    }
    let label = if path.is_empty() { "the folder itself" } else { path };
    Branch::of(label.to_owned(), children)
}

fn leaf(comparison: &Comparison, index: usize) -> Option<Branch> {
    let difference = comparison.differences.get(index)?;
    Some(Branch {
        label: difference.field.clone(),
        summary: sides(difference),
        counts: [(difference.class, 1)].into(),
        matters: difference.matters(),
        children: Vec::new(),
        difference: Some(index),
    })
}

/// "11.0 → 12.0"; "only on the left: …" of what one side lacks.
pub fn sides(difference: &Difference) -> String {
    use super::Change::*;
    match difference.change {
        Removed => format!("only left: {}", difference.left),
        Added => format!("only right: {}", difference.right),
        Changed | Moved => format!("{} → {}", difference.left, difference.right),
    }
}

impl Branch {
    /// The one that matters most of those in it.
    pub fn class(&self) -> Option<Class> {
        self.counts.keys().next().copied()
    }

    /// Of a file that one side has alone, which is all there is to say of it: the place of that difference.
    pub fn only_there(&self, comparison: &Comparison) -> Option<usize> {
        let [only] = &self.children[..] else { return None };
        let index = only.difference?;
        comparison.differences.get(index).filter(|difference| difference.field == "file").map(|_| index)
    }

    fn of(label: String, children: Vec<Branch>) -> Branch {
        let mut counts: BTreeMap<Class, usize> = BTreeMap::new();
        for (class, count) in children.iter().flat_map(|child| &child.counts) {
            *counts.entry(*class).or_default() += count;
        }
        let matters = children.iter().any(|child| child.matters);
        Branch { label, summary: summary(&counts), counts, matters, children, difference: None }
    }
}

/// "2 linkage, 1 signature".
pub fn summary(counts: &BTreeMap<Class, usize>) -> String {
    counts.iter().map(|(class, count)| format!("{count} {}", class.word())).collect::<Vec<_>>().join(", ")
}
