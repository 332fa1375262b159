//! Changes that mend a lint with one click.

use super::super::Color;
use super::super::layout::Background;
use super::super::spec::{DmgSpec, Format, Item};

/// A change of the specification.
#[derive(Debug, Clone, PartialEq)]
pub enum Mend {
    UseFormat(Format),
    /// Puts the item's icon there.
    Place(String, (i32, i32)),
    ResizeWindow {
        width: u32,
        height: u32,
    },
    MoveWindow {
        x: i32,
        y: i32,
    },
    /// Puts an item into the volume, with its icon at this place.
    Add(Item, (i32, i32)),
    /// Gives the item at this position another name.
    Rename {
        item: usize,
        to: String,
    },
    RenameVolume(String),
    UseColor(Color),
}

impl Mend {
    /// What a button says.
    pub fn label(&self) -> String {
        match self {
            Mend::UseFormat(format) => format!("Use {}", format.name()),
            Mend::Place(name, (x, y)) => format!("Move {name} to {x}, {y}"),
            Mend::ResizeWindow { width, height } => format!("Make the window {width} × {height}"),
            Mend::MoveWindow { x, y } => format!("Move the window to {x}, {y}"),
            Mend::Add(item, _) => format!("Add {}", item.name),
            Mend::Rename { to, .. } => format!("Call it {to}"),
            Mend::RenameVolume(to) => format!("Call the volume {to}"),
            Mend::UseColor(color) => format!("Use {color}"),
        }
    }

    pub fn apply(&self, spec: &mut DmgSpec) {
        let layout = &mut spec.layout;
        match self {
            Mend::UseFormat(format) => {
                // A level means something else in another format.
                (spec.format, spec.level) = (*format, None);
            }
            Mend::Place(name, at) => drop(layout.positions.insert(name.clone(), *at)),
            Mend::ResizeWindow { width, height } => {
                (layout.window.width, layout.window.height) = (*width, *height);
            }
            Mend::MoveWindow { x, y } => (layout.window.x, layout.window.y) = (*x, *y),
            Mend::Add(item, at) => {
                layout.positions.insert(item.name.clone(), *at);
                spec.items.push(item.clone());
            }
            Mend::Rename { item, to } => {
                let Some(item) = spec.items.get_mut(*item) else { return };
                let at = layout.positions.get(&item.name).copied();
                item.name.clone_from(to);
                layout.positions.extend(at.map(|at| (to.clone(), at)));
            }
            Mend::RenameVolume(to) => spec.volume_name.clone_from(to),
            Mend::UseColor(color) => layout.background = Background::Color { color: *color },
        }
    }
}
