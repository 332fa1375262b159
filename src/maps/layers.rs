//! Places for the nodes of a graph: layers by the longest way, few crossings by barycentres
//! (Sugiyama, Tagawa, Toda, IEEE SMC 11, 1981), rows of a width that can be looked at.

/// Where a node stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Spot {
    pub layer: usize,
    pub row: usize,
    /// From left to right in the row.
    pub place: usize,
    /// In units of one node.
    pub x: f32,
}

/// How often the layers are gone through to reduce crossings, down and up again.
const SWEEPS: usize = 6;
/// The narrowest limit of a row.
const NARROW: usize = 12;

/// A spot for each node; node 0 is on top. Edges that close a circle do not count for the layers.
pub(super) fn lay_out<'a>(nodes: usize, edges: impl Iterator<Item = &'a (usize, usize)>) -> Vec<Spot> {
    let mut next: Vec<Vec<usize>> = vec![Vec::new(); nodes];
    edges.filter(|(from, to)| from != to).for_each(|&(from, to)| next[from].push(to));
    let order = forward(&mut next);
    let layer = longest(&next, &order);
    let mut before: Vec<Vec<usize>> = vec![Vec::new(); nodes];
    for (from, next) in next.iter().enumerate() {
        next.iter().for_each(|&to| before[to].push(from));
    }
    let mut layers: Vec<Vec<usize>> = vec![Vec::new(); layer.iter().max().map_or(0, |most| most + 1)];
    (0..nodes).for_each(|node| layers[layer[node]].push(node));
    let mut along = vec![0.0; nodes];
    layers.iter().for_each(|layer| spread(layer, &mut along));
    for _ in 0..SWEEPS {
        layers.iter_mut().for_each(|layer| arrange(layer, &before, &mut along));
        layers.iter_mut().rev().for_each(|layer| arrange(layer, &next, &mut along));
    }
    layers.iter_mut().for_each(|layer| arrange(layer, &before, &mut along));
    placed(&layers, &layer, &before)
}

/// By node, the fewest steps from node 0; what it does not reach is 0 too.
pub(super) fn depths<'a>(nodes: usize, edges: impl Iterator<Item = &'a (usize, usize)>) -> Vec<usize> {
    let mut next: Vec<Vec<usize>> = vec![Vec::new(); nodes];
    edges.for_each(|&(from, to)| next[from].push(to));
    let mut depth: Vec<Option<usize>> = vec![None; nodes];
    let mut ahead = std::collections::VecDeque::new();
    if let Some(first) = depth.first_mut() {
        *first = Some(0);
        ahead.push_back(0);
    }
    while let Some(node) = ahead.pop_front() {
        for &to in &next[node] {
            if depth[to].is_none() {
                depth[to] = depth[node].map(|depth| depth + 1);
                ahead.push_back(to);
            }
        }
    }
    depth.into_iter().map(Option::unwrap_or_default).collect()
}

/// Takes out the edges that close a circle, and gives an order in which the others lead forward.
fn forward(next: &mut [Vec<usize>]) -> Vec<usize> {
    #[derive(Clone, Copy, PartialEq)]
    enum State {
        New,
        Open,
        Done,
    }
    let mut state = vec![State::New; next.len()];
    let mut done = Vec::with_capacity(next.len());
    for start in 0..next.len() {
        let mut stack = if state[start] == State::New { vec![(start, 0)] } else { Vec::new() };
        while let Some((node, at)) = stack.last_mut() {
            let node = *node;
            state[node] = State::Open;
            match next[node].get(*at).map(|&to| (to, state[to])) {
                None => {
                    state[node] = State::Done;
                    done.push(node);
                    stack.pop();
                }
                Some((_, State::Open)) => drop(next[node].remove(*at)),
                Some((to, seen)) => {
                    *at += 1;
                    if seen == State::New {
                        stack.push((to, 0));
                    }
                }
            }
        }
    }
    done.reverse();
    done
}

/// By node, the most steps to it.
fn longest(next: &[Vec<usize>], order: &[usize]) -> Vec<usize> {
    let mut layer = vec![0; next.len()];
    for &node in order {
        for &to in &next[node] {
            layer[to] = layer[to].max(layer[node] + 1);
        }
    }
    layer
}

/// Notes where in its layer each node stands, from 0 to 1.
fn spread(layer: &[usize], along: &mut [f32]) {
    for (place, &node) in layer.iter().enumerate() {
        along[node] = (place as f32 + 0.5) / layer.len() as f32;
    }
}

/// Sorts a layer by where the neighbours on one side stand in theirs.
fn arrange(layer: &mut [usize], neighbours: &[Vec<usize>], along: &mut [f32]) {
    let wish = |node: usize, along: &[f32]| match neighbours[node].len() {
        0 => along[node],
        count => neighbours[node].iter().map(|&one| along[one]).sum::<f32>() / count as f32,
    };
    let mut wishes: Vec<(f32, usize)> = layer.iter().map(|&node| (wish(node, along), node)).collect();
    // Stable: equals keep their order.
    wishes.sort_by(|a, b| a.0.total_cmp(&b.0));
    layer.iter_mut().zip(wishes).for_each(|(place, (_, node))| *place = node);
    spread(layer, along);
}

/// Cuts the layers into rows and gives every node its place.
fn placed(layers: &[Vec<usize>], layer: &[usize], before: &[Vec<usize>]) -> Vec<Spot> {
    let widest = NARROW.max((layer.len() as f32).sqrt().ceil() as usize * 2);
    let mut spots = vec![Spot { layer: 0, row: 0, place: 0, x: 0.0 }; layer.len()];
    let mut rows: Vec<Vec<usize>> = Vec::new();
    for layer in layers {
        let needed = layer.len().div_ceil(widest).max(1);
        // Every so manieth, so that each row keeps the order from left to right.
        rows.extend((0..needed).map(|row| layer.iter().skip(row).step_by(needed).copied().collect()));
    }
    for (number, row) in rows.iter().enumerate() {
        let wish = |node: usize, spots: &[Spot]| match before[node].len() {
            0 => 0.0,
            count => before[node].iter().map(|&one| spots[one].x).sum::<f32>() / count as f32,
        };
        let wishes: Vec<f32> = row.iter().map(|&node| wish(node, &spots)).collect();
        for ((place, &node), x) in row.iter().enumerate().zip(apart(&wishes)) {
            spots[node] = Spot { layer: layer[node], row: number, place, x };
        }
    }
    let left = spots.iter().map(|spot| spot.x).fold(0.0, f32::min);
    spots.iter_mut().for_each(|spot| spot.x -= left);
    spots
}

/// As near to the wishes as it goes with a distance of 1 or more and in this order: the mean of pushing everything right
/// and of pushing everything left.
fn apart(wishes: &[f32]) -> Vec<f32> {
    let mut right = wishes.to_vec();
    for at in 1..right.len() {
        right[at] = right[at].max(right[at - 1] + 1.0);
    }
    let mut left = wishes.to_vec();
    for at in (1..left.len()).rev() {
        left[at - 1] = left[at - 1].min(left[at] - 1.0);
    }
    right.iter().zip(&left).map(|(right, left)| (right + left) / 2.0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_way_decides_and_circles_are_opened() {
        let edges = [(0, 1), (1, 2), (0, 2), (2, 1), (2, 3)];
        let layers: Vec<usize> = lay_out(4, edges.iter()).iter().map(|spot| spot.layer).collect();
        assert_eq!(layers, [0, 1, 2, 3]);
    }

    #[test]
    fn crossings_are_undone() {
        // 0 over 1 and 2, whose own are given crosswise.
        let edges = [(0, 1), (0, 2), (1, 4), (2, 3)];
        let spots = lay_out(5, edges.iter());
        assert_eq!(spots[1].x < spots[2].x, spots[4].x < spots[3].x);
    }

    #[test]
    fn wishes_are_kept_where_there_is_room() {
        assert_eq!(apart(&[0.0, 0.0]), [-0.5, 0.5]);
        assert_eq!(apart(&[0.0, 3.0]), [0.0, 3.0]);
        assert_eq!(apart(&[]), Vec::<f32>::new());
    }

    #[test]
    fn depth_is_the_shortest_way() {
        assert_eq!(depths(4, [(0, 1), (1, 2), (0, 2), (2, 3)].iter()), [0, 1, 1, 2]);
    }
}
