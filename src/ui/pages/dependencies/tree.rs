//! The dependency tree of one entry point on one architecture: each image expanded once, later rows point up.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use crate::bundle::{EntryKind, ImageId};
use crate::dyld::graph::{Dependency, Graph, Launch, Load};
use crate::dyld::symbols::MissingSymbol;
use crate::dyld::{Outcome, Resolution, launch};
use crate::macho::{Arch, LoadKind};
use crate::paths::BundlePath;
use crate::ui::facts;
use crate::ui::icons::Icon;
use crate::ui::widgets::{Status, Tone};
use crate::workflow::Inspection;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// The executable that starts the process, or a plug-in that it opens: the launch's position in the graph.
    Entry { launch: usize },
    /// Heads the plug-ins.
    AtRunTime { plug_ins: usize },
    /// A dependency of a load of a launch.
    Reference { launch: usize, load: usize, dependency: usize },
}

#[derive(Debug, Clone)]
pub struct Node {
    pub what: What,
    pub parent: Option<usize>,
    pub depth: usize,
    pub children: Vec<usize>,
    /// What is wrong with this row alone.
    pub own: Own,
    /// How many references below are at fault, this one included.
    pub problems: usize,
    /// Mac the same image is expanded.
    pub shown_at: Option<usize>,
    pub key: u64,
}

/// What is to be said of one row, before what lies below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Own {
    Found,
    /// An entry that dyld would stop.
    CannotStart,
    System,
    Twice,
    Outside,
    NotFound,
    WrongArch,
    Refused,
    AbsentWeak,
    Ignored,
}

impl Own {
    pub fn is_problem(self) -> bool {
        matches!(self, Own::Twice | Own::Outside | Own::NotFound | Own::WrongArch | Own::Refused)
    }

    fn of(dependency: &Dependency) -> Own {
        match (&dependency.resolution, dependency.kind) {
            (Resolution::Bundled(_) | Resolution::External(_), _) if dependency.refused => Own::Refused,
            (Resolution::System(_), _) => Own::System,
            (Resolution::External(_), _) => Own::Outside,
            (Resolution::Bundled(_), _) => Own::Found,
            (Resolution::Missing, LoadKind::Weak) => Own::AbsentWeak,
            (Resolution::Missing, LoadKind::Lazy) => Own::Ignored,
            (Resolution::Missing, _) => {
                let outcome =
                    |wanted: fn(&Outcome) -> bool| dependency.candidates.iter().any(|c| wanted(&c.outcome));
                if outcome(|o| matches!(o, Outcome::WrongArch { .. })) {
                    Own::WrongArch
                } else if outcome(|o| matches!(o, Outcome::Refused(_))) {
                    Own::Refused
                } else {
                    Own::NotFound
                }
            }
        }
    }
}

/// The symbols that a launch of `graph` lacks; they are looked for on a clean Mac.
pub fn missing<'a>(
    inspection: &'a Inspection,
    graph: &Graph,
    launch: usize,
) -> &'a [(usize, Arc<MissingSymbol>)] {
    if std::ptr::eq(graph, &*inspection.clean) { inspection.symbols.of(launch) } else { &[] }
}

/// The whole tree, in the order in which it is shown.
#[derive(Debug, Default)]
pub struct Tree {
    pub nodes: Vec<Node>,
    by_key: HashMap<u64, usize>,
}

/// A node whose children are being added.
struct Open {
    node: usize,
    launch: usize,
    load: usize,
    next: usize,
}

impl Tree {
    pub fn build(inspection: &Inspection, graph: &Graph, entry: &BundlePath, arch: Arch) -> Tree {
        let mut tree = Tree::default();
        let mut shown: HashMap<ImageId, usize> = HashMap::new();
        let Some(main) = graph.launches.iter().position(|l| l.entry == *entry && l.arch == arch) else {
            return tree;
        };
        tree.expand(inspection, graph, main, None, &mut shown);
        let hosted: BTreeSet<&BundlePath> = inspection
            .bundle
            .entries
            .iter()
            .filter(|plug_in| plug_in.kind == EntryKind::PlugIn && plug_in.host.as_ref() == Some(entry))
            .map(|plug_in| &plug_in.image)
            .collect();
        let plug_ins: Vec<usize> = graph
            .launches
            .iter()
            .enumerate()
            .filter(|(_, l)| l.kind == EntryKind::PlugIn && l.arch == arch && hosted.contains(&l.entry))
            .map(|(index, _)| index)
            .collect();
        if !plug_ins.is_empty() {
            let group =
                tree.add(What::AtRunTime { plug_ins: plug_ins.len() }, None, Own::Found, "at-run-time");
            for launch in plug_ins {
                tree.expand(inspection, graph, launch, Some(group), &mut shown);
            }
        }
        tree.mark_twins(inspection, graph, &shown);
        tree.count_problems();
        tree
    }

    pub fn with_key(&self, key: u64) -> Option<usize> {
        self.by_key.get(&key).copied()
    }

    fn add(&mut self, what: What, parent: Option<usize>, own: Own, name: &str) -> usize {
        let (depth, above) =
            parent.map_or((0, 0), |parent| (self.nodes[parent].depth + 1, self.nodes[parent].key));
        let mut hasher = DefaultHasher::new();
        (above, name, parent.map_or(0, |parent| self.nodes[parent].children.len())).hash(&mut hasher);
        let index = self.nodes.len();
        self.nodes.push(Node {
            what,
            parent,
            depth,
            children: Vec::new(),
            own,
            problems: 0,
            shown_at: None,
            key: hasher.finish(),
        });
        self.by_key.entry(hasher.finish()).or_insert(index);
        if let Some(parent) = parent {
            self.nodes[parent].children.push(index);
        }
        index
    }

    /// Adds a launch's entry and everything below it, without recursion: load chains may be long.
    fn expand(
        &mut self,
        inspection: &Inspection,
        graph: &Graph,
        launch: usize,
        parent: Option<usize>,
        shown: &mut HashMap<ImageId, usize>,
    ) {
        let Some(start) = graph.launches.get(launch) else { return };
        let missing = missing(inspection, graph, launch);
        let starts = launch::verdict(&inspection.bundle, graph, start, missing).ok;
        let own = if starts { Own::Found } else { Own::CannotStart };
        let root = self.add(What::Entry { launch }, parent, own, start.entry.as_str());
        shown.insert(ImageId::Bundled(start.entry.clone()), root);
        let mut open = vec![Open { node: root, launch, load: start.start, next: 0 }];
        while let Some(top) = open.last_mut() {
            let Some(load) = start.loads.get(top.load) else {
                open.pop();
                continue;
            };
            let Some(dependency) = load.dependencies.get(top.next) else {
                open.pop();
                continue;
            };
            let (above, at) = (top.node, top.next);
            top.next += 1;
            let what = What::Reference { launch: top.launch, load: top.load, dependency: at };
            let node = self.add(what, Some(above), Own::of(dependency), dependency.name.as_str());
            let Some(image) = dependency.resolution.image() else { continue };
            if let Some(first) = shown.get(&image) {
                self.nodes[node].shown_at = Some(*first);
            } else if let Some(load) = start.loads.position(&image) {
                shown.insert(image, node);
                open.push(Open { node, launch, load, next: 0 });
            }
        }
    }

    /// Copies of one library count as loaded twice only when this process really loads both.
    fn mark_twins(&mut self, inspection: &Inspection, graph: &Graph, loaded: &HashMap<ImageId, usize>) {
        let mut twins: BTreeSet<ImageId> = BTreeSet::new();
        for finding in inspection.findings.iter().filter(|finding| facts::is_duplicate(finding)) {
            let subject = ImageId::Bundled(finding.subject.clone());
            let copies = std::iter::once(&subject).chain(&finding.related);
            let here: Vec<&ImageId> = copies.filter(|image| loaded.contains_key(image)).collect();
            if here.len() > 1 {
                twins.extend(here.into_iter().cloned());
            }
        }
        for index in 0..self.nodes.len() {
            let image =
                self.dependency(graph, index).and_then(|(_, dependency)| dependency.resolution.image());
            if image.is_some_and(|image| twins.contains(&image)) {
                self.nodes[index].own = Own::Twice;
            }
        }
    }

    fn count_problems(&mut self) {
        for index in (0..self.nodes.len()).rev() {
            let own = usize::from(self.nodes[index].own.is_problem());
            self.nodes[index].problems += own;
            if let Some(parent) = self.nodes[index].parent {
                self.nodes[parent].problems += self.nodes[index].problems;
            }
        }
    }

    /// What the status column says.
    pub fn status(&self, index: usize) -> Status {
        let node = &self.nodes[index];
        let below = node.problems - usize::from(node.own.is_problem());
        match node.own {
            Own::Twice => Status::new(Icon::Twin, Tone::Error, "Loaded twice"),
            Own::Outside => Status::new(Icon::Error, Tone::Error, "Outside bundle"),
            Own::NotFound => Status::new(Icon::Error, Tone::Error, "Not found"),
            Own::WrongArch => Status::new(Icon::Error, Tone::Error, "Wrong architecture"),
            Own::Refused => Status::new(Icon::Error, Tone::Error, "Refused by dyld"),
            Own::AbsentWeak => Status::new(Icon::Note, Tone::Note, "Absent, weak"),
            Own::Ignored => Status::new(Icon::Quiet, Tone::Quiet, "Ignored by dyld"),
            Own::System => Status::new(Icon::Quiet, Tone::Quiet, "System"),
            Own::CannotStart if node.depth == 0 => Status::new(Icon::Error, Tone::Error, "Cannot start"),
            Own::CannotStart => Status::new(Icon::Error, Tone::Error, "Cannot load"),
            Own::Found if below > 0 => {
                let word = if below == 1 { "1 problem".to_owned() } else { format!("{below} problems") };
                Status::new(Icon::Error, Tone::Error, word)
            }
            Own::Found if node.shown_at.is_some() => Status::new(Icon::Link, Tone::Quiet, "Shown above"),
            Own::Found => Status::found(),
        }
    }

    /// The rows to show, top to bottom. With a filter, matches and what leads to them, all open.
    pub fn visible(&self, open: &BTreeMap<u64, bool>, matches: Option<&dyn Fn(usize) -> bool>) -> Vec<usize> {
        let wanted = matches.map(|matches| {
            let mut wanted = vec![false; self.nodes.len()];
            for index in 0..self.nodes.len() {
                if matches(index) {
                    let mut at = Some(index);
                    while let Some(here) = at.filter(|here| !wanted[*here]) {
                        wanted[here] = true;
                        at = self.nodes[here].parent;
                    }
                }
            }
            wanted
        });
        let mut rows = Vec::new();
        let mut hidden_below: Option<usize> = None;
        for index in self.in_order() {
            let node = &self.nodes[index];
            if hidden_below.is_some_and(|depth| node.depth > depth) {
                continue;
            }
            hidden_below = None;
            match &wanted {
                Some(wanted) if !wanted[index] => hidden_below = Some(node.depth),
                Some(_) => rows.push(index),
                None => {
                    rows.push(index);
                    if !self.is_open(index, open) {
                        hidden_below = Some(node.depth);
                    }
                }
            }
        }
        rows
    }

    /// Nodes are added depth first, which is the order of the rows.
    fn in_order(&self) -> impl Iterator<Item = usize> {
        0..self.nodes.len()
    }

    pub fn is_open(&self, index: usize, open: &BTreeMap<u64, bool>) -> bool {
        let node = &self.nodes[index];
        let by_itself = node.depth == 0 || (node.problems > 0 && node.depth < 4);
        open.get(&node.key).copied().unwrap_or(by_itself)
    }

    /// Opens everything above `index`.
    pub fn reveal(&self, index: usize, open: &mut BTreeMap<u64, bool>) {
        let mut at = self.nodes[index].parent;
        while let Some(here) = at {
            open.insert(self.nodes[here].key, true);
            at = self.nodes[here].parent;
        }
    }

    pub fn dependency<'a>(&self, graph: &'a Graph, index: usize) -> Option<(&'a Load, &'a Dependency)> {
        let What::Reference { launch, load, dependency } = self.nodes.get(index)?.what else { return None };
        let load = graph.launches.get(launch)?.loads.get(load)?;
        Some((load, load.dependencies.get(dependency)?))
    }

    pub fn launch<'a>(&self, graph: &'a Graph, index: usize) -> Option<&'a Launch> {
        match self.nodes.get(index)?.what {
            What::Entry { launch } | What::Reference { launch, .. } => graph.launches.get(launch),
            What::AtRunTime { .. } => None,
        }
    }

    /// The image that a row stands for.
    pub fn image(&self, graph: &Graph, index: usize) -> Option<ImageId> {
        match self.nodes.get(index)?.what {
            What::Entry { launch } => Some(ImageId::Bundled(graph.launches.get(launch)?.entry.clone())),
            What::AtRunTime { .. } => None,
            What::Reference { .. } => self.dependency(graph, index)?.1.resolution.image(),
        }
    }
}
