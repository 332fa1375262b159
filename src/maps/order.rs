//! Strongly connected components, and an order without what goes in circles.

/// The strongly connected components of the graph whose nodes lead to `next`, each sorted; what is led to comes before
/// what leads there. Tarjan's algorithm (SIAM J. Comput. 1, 1972) on a stack of our own: chains may be thousands long.
pub fn components(next: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut walk = Walk {
        index: vec![None; next.len()],
        low: vec![0; next.len()],
        on_path: vec![false; next.len()],
        path: Vec::new(),
        count: 0,
        components: Vec::new(),
    };
    for start in 0..next.len() {
        if walk.index[start].is_none() {
            walk.from(start, next);
        }
    }
    walk.components
}

struct Walk {
    index: Vec<Option<usize>>,
    low: Vec<usize>,
    on_path: Vec<bool>,
    path: Vec<usize>,
    count: usize,
    components: Vec<Vec<usize>>,
}

impl Walk {
    fn from(&mut self, start: usize, next: &[Vec<usize>]) {
        let mut stack = vec![(start, 0)];
        self.enter(start);
        while let Some((node, at)) = stack.last_mut() {
            let node = *node;
            let Some(&to) = next[node].get(*at) else {
                stack.pop();
                if let Some(&(user, _)) = stack.last() {
                    self.low[user] = self.low[user].min(self.low[node]);
                }
                self.close(node);
                continue;
            };
            *at += 1;
            match self.index[to] {
                None => {
                    self.enter(to);
                    stack.push((to, 0));
                }
                Some(index) if self.on_path[to] => self.low[node] = self.low[node].min(index),
                Some(_) => {}
            }
        }
    }

    fn enter(&mut self, node: usize) {
        self.index[node] = Some(self.count);
        self.low[node] = self.count;
        self.count += 1;
        self.path.push(node);
        self.on_path[node] = true;
    }

    /// Takes the component off the path when `node` is where it was entered.
    fn close(&mut self, node: usize) {
        if self.index[node] != Some(self.low[node]) {
            return;
        }
        let from = self.path.iter().rposition(|&one| one == node).unwrap_or(0);
        let mut component = self.path.split_off(from);
        component.iter().for_each(|&one| self.on_path[one] = false);
        component.sort_unstable();
        self.components.push(component);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn circles_are_one_component_and_what_is_led_to_comes_first() {
        let next = [vec![1], vec![2], vec![0, 3], vec![], vec![4]];
        assert_eq!(components(&next), [vec![3], vec![0, 1, 2], vec![4]]);
    }

    #[test]
    fn a_chain_of_many_thousands_ends() {
        let chain: Vec<Vec<usize>> =
            (0..50_000).map(|node| if node + 1 < 50_000 { vec![node + 1] } else { vec![0] }).collect();
        assert_eq!(components(&chain).len(), 1);
    }
}
