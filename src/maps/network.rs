//! One launch as a picture: images in layers, users above what they use, with places in abstract units.

use std::collections::{BTreeMap, HashMap};

use super::layers;
use super::links::{Key, counts, may_be_missing, own_loads};
use crate::bundle::ImageId;
use crate::dyld::Resolution;
use crate::dyld::graph::{Dependency, Launch};
use crate::macho::{InstallName, LoadKind};
use crate::paths::RuntimePath;

/// What to draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Show the libraries of macOS.
    pub system: bool,
    /// How many nodes there may be; beyond it some are drawn together.
    pub most: usize,
}

impl Default for Options {
    fn default() -> Self {
        Options { system: false, most: 300 }
    }
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Network {
    /// The entry first, then layer by layer, from left to right.
    pub nodes: Vec<Node>,
    pub edges: Vec<Edge>,
    /// The largest `x` and `y`; neighbours in a row are at least 1 apart, rows exactly 1.
    pub width: f32,
    pub height: f32,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    pub content: Content,
    /// Steps from the entry on the longest way without circles; a wide layer takes several rows.
    pub layer: usize,
    /// The middle of the node, from 0 on; `y` grows downwards.
    pub x: f32,
    pub y: f32,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Content {
    Image(ImageId),
    /// What the host of a plug-in has loaded before; what it uses is not drawn.
    OfHost(ImageId),
    System(RuntimePath),
    /// What nothing was found for, by the name that is asked for.
    Missing(InstallName),
    /// All libraries of macOS as one.
    Systems(Vec<RuntimePath>),
    /// Images that use nothing drawn and have the same one user.
    LeavesOf(ImageId, Vec<ImageId>),
    /// Nodes drawn together for want of room: those with the fewest references, by their distance from the entry.
    Others(Vec<String>),
}

impl Content {
    /// The paths or names of what is drawn.
    pub fn names(&self) -> Vec<String> {
        match self {
            Content::Image(image) | Content::OfHost(image) => vec![image.to_string()],
            Content::System(path) => vec![path.to_string()],
            Content::Missing(name) => vec![name.to_string()],
            Content::Systems(paths) => paths.iter().map(RuntimePath::to_string).collect(),
            Content::LeavesOf(_, images) => images.iter().map(ImageId::to_string).collect(),
            Content::Others(names) => names.clone(),
        }
    }
}

/// A user and what it uses, as positions in [`Network::nodes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    pub from: usize,
    pub to: usize,
    /// The kind that binds most among the references drawn as this edge.
    pub kind: LoadKind,
    /// How many references that are.
    pub references: usize,
}

impl Edge {
    /// Whether the launch goes on without what it leads to.
    pub fn may_be_missing(&self) -> bool {
        may_be_missing(self.kind)
    }
}

/// How many groups the images that find no room are drawn as.
const GROUPS: usize = 8;

/// The network of `launch`: the entry and all that it loads. What a plug-in's host has loaded before is drawn where the
/// plug-in's own images use it.
pub fn network(launch: &Launch, options: &Options) -> Network {
    let mut drawing = Drawing::of(launch, options);
    if drawing.contents.len() > options.most {
        drawing.group(Drawing::systems);
    }
    if drawing.contents.len() > options.most {
        drawing.group(Drawing::leaves);
    }
    if drawing.contents.len() > options.most {
        let room = options.most.saturating_sub(GROUPS).max(1);
        drawing.group(|drawing| drawing.others(room));
    }
    drawing.laid_out()
}

/// Nodes and edges without places; the entry is node 0.
struct Drawing {
    contents: Vec<Content>,
    /// By user and used.
    edges: BTreeMap<(usize, usize), (LoadKind, usize)>,
}

impl Drawing {
    fn of(launch: &Launch, options: &Options) -> Self {
        let loads = own_loads(launch);
        let mut numbers: HashMap<Content, usize> = HashMap::new();
        let mut drawing = Drawing { contents: Vec::new(), edges: BTreeMap::new() };
        for load in loads {
            drawing.number(&mut numbers, Content::Image(load.image.clone()));
        }
        for (user, load) in loads.iter().enumerate() {
            for dependency in load.dependencies.iter().filter(|one| counts(one.kind)) {
                let Some(content) = content(dependency, options) else { continue };
                let is_own = numbers.contains_key(&content);
                let content = match content {
                    Content::Image(image) if !is_own => Content::OfHost(image),
                    content => content,
                };
                let used = drawing.number(&mut numbers, content);
                drawing.draw(user, used, dependency.kind, 1);
            }
        }
        drawing
    }

    fn number(&mut self, numbers: &mut HashMap<Content, usize>, content: Content) -> usize {
        *numbers.entry(content).or_insert_with_key(|content| {
            self.contents.push(content.clone());
            self.contents.len() - 1
        })
    }

    fn draw(&mut self, from: usize, to: usize, kind: LoadKind, references: usize) {
        let edge = self.edges.entry((from, to)).or_insert((kind, 0));
        edge.1 += references;
        if may_be_missing(edge.0) && !may_be_missing(kind) {
            edge.0 = kind;
        }
    }

    /// Draws the nodes of each group that `groups` makes as one.
    fn group(&mut self, groups: impl Fn(&Drawing) -> Vec<(Content, Vec<usize>)>) {
        let groups = groups(self);
        let mut group_of: Vec<Option<usize>> = vec![None; self.contents.len()];
        for (number, (_, members)) in groups.iter().enumerate() {
            members.iter().for_each(|&member| group_of[member] = Some(number));
        }
        let mut contents = Vec::new();
        let mut place: Vec<usize> = vec![0; self.contents.len()];
        for (node, content) in self.contents.iter().enumerate().filter(|(node, _)| group_of[*node].is_none())
        {
            place[node] = contents.len();
            contents.push(content.clone());
        }
        for (node, group) in group_of.iter().enumerate() {
            if let Some(group) = group {
                place[node] = contents.len() + group;
            }
        }
        contents.extend(groups.into_iter().map(|(content, _)| content));
        self.contents = contents;
        for ((from, to), (kind, references)) in std::mem::take(&mut self.edges) {
            let (from, to, was_one) = (place[from], place[to], from == to);
            if from != to || was_one {
                self.draw(from, to, kind, references);
            }
        }
    }

    /// The libraries of macOS.
    fn systems(&self) -> Vec<(Content, Vec<usize>)> {
        let systems = self.contents.iter().enumerate().filter_map(|(node, content)| match content {
            Content::System(path) => Some((path.clone(), node)),
            _ => None,
        });
        let (mut paths, members): (Vec<RuntimePath>, Vec<usize>) = systems.unzip();
        paths.sort();
        if members.len() < 2 { Vec::new() } else { vec![(Content::Systems(paths), members)] }
    }

    /// The images that use nothing, by their only user.
    fn leaves(&self) -> Vec<(Content, Vec<usize>)> {
        let mut users: Vec<Vec<usize>> = vec![Vec::new(); self.contents.len()];
        let mut uses = vec![false; self.contents.len()];
        for &(from, to) in self.edges.keys() {
            users[to].push(from);
            uses[from] = true;
        }
        let mut by_user: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for node in 1..self.contents.len() {
            if let (false, [user], Content::Image(_)) = (uses[node], &users[node][..], &self.contents[node]) {
                by_user.entry(*user).or_default().push(node);
            }
        }
        let groups = by_user.into_iter().filter(|(_, members)| members.len() > 1);
        groups
            .filter_map(|(user, members)| match &self.contents[user] {
                Content::Image(user) => {
                    Some((Content::LeavesOf(user.clone(), self.images(&members)), members))
                }
                _ => None,
            })
            .collect()
    }

    /// All but the `room` nodes with the most references, by their distance from the entry.
    fn others(&self, room: usize) -> Vec<(Content, Vec<usize>)> {
        let mut references = vec![0; self.contents.len()];
        for &(from, to) in self.edges.keys() {
            references[from] += 1;
            references[to] += 1;
        }
        let mut order: Vec<usize> = (1..self.contents.len()).collect();
        order.sort_by_key(|&node| (std::cmp::Reverse(references[node]), node));
        let mut left: Vec<usize> = order.split_off((room - 1).min(order.len()));
        let depth = layers::depths(self.contents.len(), self.edges.keys());
        left.sort_by_key(|&node| (depth[node], node));
        let size = left.len().div_ceil(GROUPS).max(1);
        left.chunks(size).map(|members| (Content::Others(self.names(members)), members.to_vec())).collect()
    }

    /// The images among `nodes`, sorted.
    fn images(&self, nodes: &[usize]) -> Vec<ImageId> {
        let contents = nodes.iter().filter_map(|&node| self.contents.get(node));
        let images = contents.filter_map(|content| match content {
            Content::Image(image) => Some(image.clone()),
            _ => None,
        });
        let mut images: Vec<ImageId> = images.collect();
        images.sort();
        images
    }

    /// What `nodes` stand for, sorted.
    fn names(&self, nodes: &[usize]) -> Vec<String> {
        let contents = nodes.iter().filter_map(|&node| self.contents.get(node));
        let mut names: Vec<String> = contents.flat_map(Content::names).collect();
        names.sort();
        names
    }

    fn laid_out(self) -> Network {
        let spots = layers::lay_out(self.contents.len(), self.edges.keys());
        let mut order: Vec<usize> = (0..self.contents.len()).collect();
        order.sort_by(|&a, &b| {
            let key = |node: usize| (node != 0, spots[node].row, spots[node].place);
            key(a).cmp(&key(b))
        });
        let mut place = vec![0; order.len()];
        order.iter().enumerate().for_each(|(at, &node)| place[node] = at);
        let mut contents: Vec<Option<Content>> = self.contents.into_iter().map(Some).collect();
        let node = |&node: &usize| {
            let spot = &spots[node];
            let content = contents.get_mut(node)?.take()?;
            Some(Node { content, layer: spot.layer, x: spot.x, y: spot.row as f32 })
        };
        let nodes: Vec<Node> = order.iter().filter_map(node).collect();
        let edge = |(&(from, to), &(kind, references)): (&(usize, usize), &(LoadKind, usize))| Edge {
            from: place[from],
            to: place[to],
            kind,
            references,
        };
        let mut edges: Vec<Edge> = self.edges.iter().map(edge).collect();
        edges.sort_unstable();
        let most = |of: fn(&Node) -> f32| nodes.iter().map(of).fold(0.0, f32::max);
        Network { width: most(|node| node.x), height: most(|node| node.y), nodes, edges }
    }
}

/// What a reference is drawn to; `None` for what is not drawn.
fn content(dependency: &Dependency, options: &Options) -> Option<Content> {
    match Key::to(&dependency.resolution) {
        Some(Key::System(path)) => options.system.then(|| Content::System(path.clone())),
        Some(key) => key.image().map(Content::Image),
        None => {
            (dependency.resolution == Resolution::Missing).then(|| Content::Missing(dependency.name.clone()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::case::described;
    use super::*;

    fn drawn(text: &str, options: &Options) -> Network {
        let (_, graph) = described(text);
        network(&graph.launches[0], options)
    }

    fn leaves(network: &Network) -> Vec<Vec<String>> {
        let leaf = |name: String| name.rsplit('/').next().unwrap_or_default().to_owned();
        network.nodes.iter().map(|node| node.content.names().into_iter().map(leaf).collect()).collect()
    }

    const APP: &str = "
Contents/MacOS/App execute
  use @executable_path/a
  use @executable_path/z
  weak @executable_path/gone
  use /usr/lib/libz.1.dylib
  use /usr/lib/libSystem.B.dylib
Contents/MacOS/a dylib
  use @executable_path/z
  use /usr/lib/libSystem.B.dylib
Contents/MacOS/z dylib
  use @executable_path/a
  use @executable_path/one
  use @executable_path/two
Contents/MacOS/one dylib
Contents/MacOS/two dylib
";

    #[test]
    fn users_stand_above_what_they_use_but_for_the_reference_that_closes_a_circle() {
        let network = drawn(APP, &Options::default());
        assert_eq!(leaves(&network).concat(), ["App", "a", "gone", "z", "one", "two"]);
        let upwards = |edge: &&Edge| network.nodes[edge.from].y >= network.nodes[edge.to].y;
        assert_eq!(network.edges.iter().filter(upwards).count(), 1);
        assert_eq!(network.nodes[0].y, 0.0);
        assert_eq!(network, drawn(APP, &Options::default()));
    }

    #[test]
    fn nodes_of_a_row_keep_their_distance() {
        let mut text = "Contents/MacOS/App execute\n".to_owned();
        (0..60).for_each(|leaf| text += &format!("  use @executable_path/{leaf:02}\n"));
        (0..60).for_each(|leaf| text += &format!("Contents/MacOS/{leaf:02} dylib\n"));
        let network = drawn(&text, &Options::default());
        for (a, b) in network.nodes.iter().zip(network.nodes.iter().skip(1)) {
            assert!(a.y < b.y || b.x - a.x >= 0.999, "{a:?} {b:?}");
        }
        assert!(network.height >= 2.0 && network.width < 59.0, "a wide layer takes several rows");
    }

    #[test]
    fn libraries_of_macos_are_drawn_on_demand_and_as_one_when_there_is_no_room() {
        let all = drawn(APP, &Options { system: true, most: 300 });
        assert_eq!(all.nodes.len(), 8);
        let grouped = drawn(APP, &Options { system: true, most: 7 });
        let systems = vec!["libSystem.B.dylib".to_owned(), "libz.1.dylib".to_owned()];
        assert!(leaves(&grouped).contains(&systems), "{:?}", leaves(&grouped));
    }

    #[test]
    fn leaves_of_one_user_are_drawn_as_one_before_anything_else_is() {
        let grouped = drawn(APP, &Options { system: false, most: 5 });
        assert_eq!(leaves(&grouped).last().unwrap(), &["one", "two"]);
        assert_eq!(grouped.nodes.len(), 5);
    }

    #[test]
    fn a_limit_is_kept_and_nothing_is_lost() {
        let mut text = "Contents/MacOS/App execute\n  use @executable_path/0\n".to_owned();
        for image in 0..500 {
            text += &format!("Contents/MacOS/{image} dylib\n  use @executable_path/{}\n", image + 1);
        }
        text += "Contents/MacOS/500 dylib\n";
        let network = drawn(&text, &Options { system: false, most: 100 });
        assert!(network.nodes.len() <= 100, "{}", network.nodes.len());
        assert_eq!(leaves(&network).concat().len(), 502);
    }
}
