//! The dominator tree: through which node every way from the start goes.

/// By node, its immediate dominator when everything starts at `start`; `None` for the start and what it does not reach.
/// The algorithm of Lengauer and Tarjan (TOPLAS 1, 1979) with path compression, near-linear, on stacks of our own.
pub(super) fn dominators(start: usize, next: &[Vec<usize>]) -> Vec<Option<usize>> {
    let mut tree = Tree::of(start, next);
    let mut buckets: Vec<Vec<usize>> = vec![Vec::new(); next.len()];
    let mut found: Vec<Option<usize>> = vec![None; next.len()];
    for rank in (1..tree.order.len()).rev() {
        let node = tree.order[rank];
        for user in std::mem::take(&mut tree.users[node]) {
            let best = tree.best(user);
            tree.semi[node] = tree.semi[node].min(tree.semi[best]);
        }
        buckets[tree.order[tree.semi[node]]].push(node);
        let Some(parent) = tree.parent[node] else { continue };
        tree.above[node] = Some(parent);
        for waiting in std::mem::take(&mut buckets[parent]) {
            let best = tree.best(waiting);
            let is_below = tree.semi[best] < tree.semi[waiting];
            found[waiting] = Some(if is_below { best } else { parent });
        }
    }
    for &node in tree.order.iter().skip(1) {
        if found[node] != Some(tree.order[tree.semi[node]]) {
            found[node] = found[node].and_then(|one| found[one]);
        }
    }
    found
}

/// A depth-first walk, and the forest that the second phase links together.
struct Tree {
    /// Nodes in the order in which they are met.
    order: Vec<usize>,
    parent: Vec<Option<usize>>,
    /// By node, those met that lead to it.
    users: Vec<Vec<usize>>,
    /// By node, the rank of its semidominator.
    semi: Vec<usize>,
    above: Vec<Option<usize>>,
    /// By node, the one with the least semidominator on the compressed way up.
    least: Vec<usize>,
}

impl Tree {
    fn of(start: usize, next: &[Vec<usize>]) -> Self {
        let mut tree = Tree {
            order: Vec::new(),
            parent: vec![None; next.len()],
            users: vec![Vec::new(); next.len()],
            semi: vec![usize::MAX; next.len()],
            above: vec![None; next.len()],
            least: (0..next.len()).collect(),
        };
        let mut stack: Vec<(usize, usize)> = next.get(start).map(|_| (start, 0)).into_iter().collect();
        while let Some((node, at)) = stack.last_mut() {
            let node = *node;
            if *at == 0 {
                tree.semi[node] = tree.order.len();
                tree.order.push(node);
            }
            let Some(&to) = next[node].get(*at) else {
                stack.pop();
                continue;
            };
            *at += 1;
            tree.users[to].push(node);
            if tree.semi[to] == usize::MAX {
                tree.parent[to] = Some(node);
                stack.push((to, 0));
            }
        }
        tree
    }

    /// Of the nodes from `node` up to, not with, the top of its tree in the forest: the one of the least semidominator.
    fn best(&mut self, node: usize) -> usize {
        let Some(mut above) = self.above[node] else { return node };
        let mut way = vec![node];
        while let Some(next) = self.above[above] {
            way.push(above);
            above = next;
        }
        // From the top down: each takes over what the one above it found.
        let mut previous: Option<usize> = None;
        for &one in way.iter().rev() {
            if let Some(previous) = previous {
                let candidate = self.least[previous];
                if self.semi[candidate] < self.semi[self.least[one]] {
                    self.least[one] = candidate;
                }
                self.above[one] = Some(above);
            }
            previous = Some(one);
        }
        self.least[node]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_diamond_meets_at_its_top() {
        let next = [vec![1, 2], vec![3], vec![3], vec![4], vec![1], vec![0]];
        let found = dominators(0, &next);
        assert_eq!(found, [None, Some(0), Some(0), Some(0), Some(3), None]);
    }

    #[test]
    fn a_chain_of_many_thousands_ends() {
        let chain: Vec<Vec<usize>> =
            (0..50_000).map(|node| if node + 1 < 50_000 { vec![node + 1] } else { Vec::new() }).collect();
        assert_eq!(dominators(0, &chain)[49_999], Some(49_998));
    }

    /// What the start reaches when one node is taken out.
    fn reached_without(next: &[Vec<usize>], out: Option<usize>) -> Vec<bool> {
        let mut seen = vec![false; next.len()];
        let mut ahead = if out == Some(0) { Vec::new() } else { vec![0] };
        while let Some(node) = ahead.pop() {
            if Some(node) != out && !std::mem::replace(&mut seen[node], true) {
                ahead.extend(&next[node]);
            }
        }
        seen
    }

    proptest! {
        #[test]
        fn the_tree_says_what_is_lost_without_a_node(edges in prop::collection::vec((0..12usize, 0..12usize), 0..40)) {
            let mut next = vec![Vec::new(); 12];
            edges.iter().for_each(|&(from, to)| next[from].push(to));
            let found = dominators(0, &next);
            let all = reached_without(&next, None);
            for out in 1..12 {
                let left = reached_without(&next, Some(out));
                for node in (0..12).filter(|&node| node != out && all[node]) {
                    let above = std::iter::successors(found[node], |&one| found[one]);
                    prop_assert_eq!(above.into_iter().any(|one| one == out), !left[node], "{} without {}", node, out);
                }
            }
        }
    }
}
