//! What a row of the tree says, and how its cells are painted.

use std::collections::BTreeMap;

use egui::{Rect, Ui};

use super::tree::{Own, Tree, What};
use crate::bundle::{EntryKind, ImageId};
use crate::dyld::{Graph, Resolution};
use crate::macho::LoadKind;
use crate::paths::RuntimePath;
use crate::ui::shell::badges;
use crate::ui::state::Opened;
use crate::ui::theme::{Type, tokens};
use crate::ui::widgets::tree_table::{self, text_start};
use crate::ui::widgets::{Tone, chip, cut, elided, galley, paint_left};

/// Left edges of the columns; a column that does not fit is left out.
pub struct Columns {
    pub resolved: Option<f32>,
    pub archs: Option<f32>,
    pub status: f32,
    width: f32,
}

impl Columns {
    pub fn of(width: f32) -> Columns {
        let status = width - 144.0;
        let archs = (width >= 640.0).then_some(status - 104.0);
        let resolved = (width >= 480.0).then(|| (width * 0.40).round().max(200.0));
        Columns { resolved, archs, status, width }
    }

    pub fn heads(&self) -> Vec<(&'static str, f32)> {
        let all = [
            Some(("Name in the load command", 16.0)),
            self.resolved.map(|x| ("Resolved to", x)),
            self.archs.map(|x| ("Architectures", x)),
            Some(("Status", self.status)),
        ];
        all.into_iter().flatten().collect()
    }

    fn name_end(&self) -> f32 {
        self.resolved.unwrap_or(self.status) - 12.0
    }

    fn resolved_end(&self) -> f32 {
        self.archs.unwrap_or(self.status) - 12.0
    }
}

/// The text of the first column.
pub fn name(tree: &Tree, graph: &Graph, index: usize) -> String {
    let node = &tree.nodes[index];
    match &node.what {
        What::Entry { launch } => {
            graph.launches.get(*launch).map(|l| l.entry.file_name().to_owned()).unwrap_or_default()
        }
        What::AtRunTime { .. } => "Opened at run time".to_owned(),
        What::Reference { .. } => {
            tree.dependency(graph, index).map(|(_, d)| d.name.to_string()).unwrap_or_default()
        }
    }
}

pub fn row(
    tree: &Tree,
    graph: &Graph,
    index: usize,
    open: &BTreeMap<u64, bool>,
    filtered: bool,
    twin: Option<&(ImageId, String)>,
) -> tree_table::Row {
    let node = &tree.nodes[index];
    let is_twin = || {
        let (image, leaf) = twin?;
        let (_, dependency) = tree.dependency(graph, index)?;
        let other = dependency.resolution.image().is_some_and(|other| other != *image);
        Some(node.own == Own::Twice && other && dependency.name.leaf() == leaf)
    };
    let status = tree.status(index);
    tree_table::Row {
        key: node.key,
        depth: node.depth,
        open: (!node.children.is_empty()).then(|| filtered || tree.is_open(index, open)),
        spoken: format!(
            "{}, {}, {}",
            name(tree, graph, index),
            resolved_words(tree, graph, index),
            status.word
        ),
        heading: false,
        twin: is_twin() == Some(true),
    }
}

fn resolved_words(tree: &Tree, graph: &Graph, index: usize) -> String {
    match tree.dependency(graph, index) {
        Some((_, dependency)) => match &dependency.resolution {
            Resolution::Bundled(path) => path.to_string(),
            Resolution::External(path) => path.to_string(),
            Resolution::System(_) => "macOS shared cache".to_owned(),
            Resolution::Missing => "nothing found".to_owned(),
        },
        None => tree
            .launch(graph, index)
            .and_then(|launch| launch.entry.parent())
            .map(|folder| folder.to_string())
            .unwrap_or_default(),
    }
}

/// The other copy of what is selected, when it is loaded twice.
pub fn twin_of_selected(tree: &Tree, graph: &Graph, selected: Option<usize>) -> Option<(ImageId, String)> {
    let index = selected?;
    let (_, dependency) = tree.dependency(graph, index)?;
    if tree.nodes[index].own != Own::Twice {
        return None;
    }
    Some((dependency.resolution.image()?, dependency.name.leaf().to_owned()))
}

pub fn paint(
    ui: &mut Ui,
    tree: &Tree,
    graph: &Graph,
    opened: &Opened,
    index: usize,
    rect: Rect,
    columns: &Columns,
) {
    let t = tokens(ui);
    let node = &tree.nodes[index];
    let y = rect.center().y;
    let x = text_start(rect, node.depth);
    let end = rect.left() + columns.name_end();
    let kinds = kinds(tree, graph, index);
    let room = end - x - if kinds.is_empty() { 0.0 } else { 64.0 * kinds.len() as f32 };
    let text = name(tree, graph, index);
    let after = match node.what {
        What::AtRunTime { plug_ins } => {
            let after = paint_left(ui, x, y, galley(ui, &text, Type::BodyMedium, t.text));
            let count = if plug_ins == 1 { "1 plug-in".to_owned() } else { format!("{plug_ins} plug-ins") };
            paint_left(ui, after + 6.0, y, galley(ui, &count, Type::Body, t.text_faint))
        }
        What::Entry { .. } => paint_left(ui, x, y, elided(ui, &text, Type::MonoMedium, t.text, room)),
        What::Reference { .. } => paint_left(ui, x, y, elided(ui, &text, Type::Mono, t.text, room)),
    };
    badges(ui, after, y, &kinds);
    if let Some(left) = columns.resolved {
        resolved(ui, tree, graph, index, rect.left() + left, y, columns.resolved_end() - left);
    }
    if let Some(left) = columns.archs {
        archs(ui, tree, graph, opened, index, rect.left() + left, y);
    }
    tree.status(index).paint(ui, rect.left() + columns.status, y, columns.width - columns.status - 8.0);
}

fn kinds(tree: &Tree, graph: &Graph, index: usize) -> Vec<(&'static str, Tone)> {
    let word = match &tree.nodes[index].what {
        What::AtRunTime { .. } => return Vec::new(),
        What::Entry { .. } => match tree.launch(graph, index).map(|launch| launch.kind) {
            Some(EntryKind::PlugIn) => "plug-in",
            Some(EntryKind::Helper) => "helper",
            Some(EntryKind::HelperApp) => "helper app",
            Some(EntryKind::XpcService) => "XPC",
            Some(EntryKind::AppExtension) => "extension",
            _ => return Vec::new(),
        },
        What::Reference { .. } => {
            match tree.dependency(graph, index).map(|(_, dependency)| dependency.kind) {
                Some(LoadKind::Weak) => "weak",
                Some(LoadKind::Reexport) => "reexport",
                Some(LoadKind::Upward) => "upward",
                Some(LoadKind::Lazy) => "lazy",
                Some(LoadKind::Delayed) => "delayed",
                _ => return Vec::new(),
            }
        }
    };
    vec![(word, Tone::Quiet)]
}

fn resolved(ui: &Ui, tree: &Tree, graph: &Graph, index: usize, x: f32, y: f32, width: f32) {
    let t = tokens(ui);
    let folder = |path: &str| path.rfind('/').map(|cut| path[..=cut].to_owned()).unwrap_or_default();
    let Some((_, dependency)) = tree.dependency(graph, index) else {
        if let Some(launch) = tree.launch(graph, index) {
            paint_left(ui, x, y, elided(ui, &folder(launch.entry.as_str()), Type::Mono, t.text_soft, width));
        }
        return;
    };
    match &dependency.resolution {
        Resolution::Bundled(path) => {
            // When the leaf is the one that was asked for, its folder says it all.
            let framework = crate::macho::framework_suffix(path.as_str()).is_some();
            let text = if path.file_name() == dependency.name.leaf() && !framework {
                folder(path.as_str())
            } else {
                path.to_string()
            };
            paint_left(ui, x, y, elided(ui, &text, Type::Mono, t.text_soft, width));
        }
        Resolution::External(path) => {
            paint_left(ui, x, y, elided(ui, path.as_str(), Type::Mono, t.text_soft, width));
        }
        Resolution::System(_) => {
            paint_left(ui, x, y, cut(ui, "macOS shared cache", Type::Body, t.text_soft, width));
        }
        Resolution::Missing => {
            paint_left(ui, x, y, cut(ui, "Nothing found", Type::Body, t.text_soft, width));
        }
    }
}

fn archs(ui: &Ui, tree: &Tree, graph: &Graph, opened: &Opened, index: usize, x: f32, y: f32) {
    let t = tokens(ui);
    let image = tree.image(graph, index).and_then(|id| graph.image(&opened.inspection.bundle, &id).cloned());
    let Some(image) = image else {
        paint_left(ui, x, y, galley(ui, "–", Type::Body, t.text_faint));
        return;
    };
    let mut names: Vec<String> = image.file.archs().map(|arch| arch.to_string()).collect();
    names.sort();
    let mut x = x;
    for name in names.iter().take(2) {
        x = chip(ui, x, y, name, false) + 4.0;
    }
    if names.len() > 2 {
        paint_left(ui, x, y, galley(ui, &format!("+{}", names.len() - 2), Type::Caption, t.text_faint));
    } else if let Some(need) = tree.launch(graph, index).map(|launch| launch.arch.to_string())
        && !names.contains(&need)
        && !need.ends_with('e')
    {
        chip(ui, x, y, &need, true);
    }
}

/// A path for copying.
pub fn whole_path(tree: &Tree, graph: &Graph, opened: &Opened, index: usize) -> Option<RuntimePath> {
    match tree.dependency(graph, index) {
        Some((_, dependency)) => match &dependency.resolution {
            Resolution::Bundled(path) => Some(opened.inspection.bundle.runtime_path(path)),
            Resolution::External(path) | Resolution::System(path) => Some(path.clone()),
            Resolution::Missing => Some(RuntimePath::new(dependency.name.as_str())),
        },
        None => tree.launch(graph, index).map(|launch| opened.inspection.bundle.runtime_path(&launch.entry)),
    }
}
