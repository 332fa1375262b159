//! A status: always an icon and a word, in its colour.

use egui::{Color32, Ui, pos2};

use super::badge::Tone;
use super::{cut, galley, paint_left};
use crate::ui::icons::Icon;
use crate::ui::theme::{Type, size, tokens};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    pub icon: Icon,
    pub tone: Tone,
    pub word: String,
    /// The quiet case: a green icon and soft text.
    pub calm: bool,
}

impl Status {
    pub fn new(icon: Icon, tone: Tone, word: impl Into<String>) -> Self {
        Status { icon, tone, word: word.into(), calm: false }
    }

    pub fn found() -> Self {
        Status { calm: true, ..Status::new(Icon::Good, Tone::Good, "Found") }
    }

    pub fn paint(&self, ui: &Ui, x: f32, y: f32, width: f32) {
        let t = tokens(ui);
        let ink = self.tone.ink(t);
        self.icon.paint_at(ui.painter(), pos2(x + 7.0, y), 15.0, ink);
        let ink = if self.calm { t.text_soft } else { ink };
        paint_left(ui, x + 22.0, y, cut(ui, &self.word, Type::Body, ink, width - 22.0));
    }
}

/// How wide the status `word` is.
pub fn status_width(ui: &Ui, word: &str) -> f32 {
    galley(ui, word, Type::Body, Color32::WHITE).size().x + size::ICON + 6.0
}
