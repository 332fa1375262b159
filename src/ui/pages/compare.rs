//! Two builds: what differs, and why.

use std::path::{Path, PathBuf};

use egui::{Id, Ui};

use crate::compare::Comparison;
use crate::ui::command::{Action, Command, Outbox};
use crate::ui::icons::Icon;
use crate::ui::shell;
use crate::ui::state::Opened;
use crate::ui::theme::tokens;
use crate::ui::widgets::{empty, panel_frame};

/// One of the two builds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Left,
    Right,
}

#[derive(Default)]
pub struct View {
    left: Option<PathBuf>,
    right: Option<PathBuf>,
    comparison: Option<Comparison>,
    failure: Option<String>,
}

impl View {
    /// The side that is asked for: the second one when the first is known, as the `opened` bundle is.
    pub fn wanted(&mut self, opened: Option<PathBuf>) -> Side {
        self.left = self.left.take().or(opened);
        if self.left.is_some() { Side::Right } else { Side::Left }
    }

    /// Takes a side in; both, once they are known.
    pub fn chosen(&mut self, side: Side, path: PathBuf) -> Option<(PathBuf, PathBuf)> {
        match side {
            Side::Left => self.left = Some(path),
            Side::Right => self.right = Some(path),
        }
        self.left.clone().zip(self.right.clone())
    }

    /// Two paths are both sides, one is the side that is missing, or the right one.
    pub fn dropped(&mut self, paths: Vec<PathBuf>, opened: Option<PathBuf>) -> Option<(PathBuf, PathBuf)> {
        let mut paths = paths.into_iter();
        match (paths.next()?, paths.next()) {
            (left, Some(right)) => Some((left, right)),
            (one, None) => {
                let side = self.wanted(opened);
                self.chosen(side, one)
            }
        }
    }

    pub fn asked(&mut self, left: &Path, right: &Path) {
        *self = View { left: Some(left.to_owned()), right: Some(right.to_owned()), ..View::default() };
    }

    pub fn receive(&mut self, comparison: Comparison) {
        self.comparison = Some(comparison);
    }

    pub fn fail(&mut self, words: String) {
        self.failure = Some(words);
    }

    /// How many differences matter.
    pub fn shown(&self) -> usize {
        let matters =
            |comparison: &Comparison| comparison.differences.iter().filter(|it| it.matters()).count();
        self.comparison.as_ref().map_or(0, matters)
    }
}

pub fn filter_id() -> Id {
    Id::unique("compare-filter")
}

pub fn show(ui: &mut Ui, view: &mut View, _opened: Option<&Opened>, _busy: bool, out: &mut Outbox) {
    let t = tokens(ui);
    egui::CentralPanel::default().frame(panel_frame(t.panel)).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        shell::page_header(ui, "Compare", |_| {}, |_| {});
        let words = view.failure.as_deref().unwrap_or("Nothing is compared.");
        if view.comparison.is_none() && empty(ui, Icon::Columns, words, Some("Compare with…")) {
            out.push(Action::Run(Command::CompareWith));
        }
    });
}
