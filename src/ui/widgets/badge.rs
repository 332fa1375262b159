//! Small marks after a name: kinds, safety, architectures.

use egui::{Color32, Rect, Shape, Stroke, StrokeKind, Ui, pos2, vec2};

use super::{galley, paint_left};
use crate::ui::theme::{Tokens, Type, size, tokens};

/// What a badge or a status means; each has its colour and tint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tone {
    Error,
    Warning,
    Note,
    Good,
    Quiet,
}

impl Tone {
    pub fn ink(self, t: &Tokens) -> Color32 {
        match self {
            Tone::Error => t.error,
            Tone::Warning => t.warning,
            Tone::Note => t.note,
            Tone::Good => t.good,
            Tone::Quiet => t.text_faint,
        }
    }

    pub fn tint(self, t: &Tokens) -> Color32 {
        match self {
            Tone::Error => t.error_tint,
            Tone::Warning => t.warning_tint,
            Tone::Note => t.note_tint,
            Tone::Good => t.good_tint,
            Tone::Quiet => t.raised,
        }
    }
}

/// Paints a badge from `x` on (or up to `x` when `to_the_left`); answers where the other side is.
pub fn badge(ui: &Ui, x: f32, y: f32, text: &str, tone: Tone, to_the_left: bool) -> f32 {
    let t = tokens(ui);
    let words =
        galley(ui, text, Type::CaptionMedium, if tone == Tone::Quiet { t.text_soft } else { tone.ink(t) });
    let wide = words.size().x + 12.0;
    let left = if to_the_left { x - wide } else { x };
    let rect = Rect::from_min_size(pos2(left.round(), (y - 9.0).round()), vec2(wide, 18.0));
    if tone == Tone::Quiet {
        let stroke = Stroke::new(1.0, t.line);
        ui.painter().rect_stroke(rect, size::RADIUS_BADGE, stroke, StrokeKind::Inside);
    } else {
        ui.painter().rect_filled(rect, size::RADIUS_BADGE, tone.tint(t));
    }
    paint_left(ui, rect.left() + 6.0, y, words);
    if to_the_left { rect.left() } else { rect.right() }
}

/// Paints one architecture; a missing slice is dashed in the error's colour. Answers where it ends.
pub fn chip(ui: &Ui, x: f32, y: f32, text: &str, missing: bool) -> f32 {
    let t = tokens(ui);
    let words = galley(ui, text, Type::MonoCaption, if missing { t.error } else { t.text_soft });
    let rect = Rect::from_min_size(pos2(x.round(), (y - 9.0).round()), vec2(words.size().x + 8.0, 18.0));
    if missing {
        let r = rect.shrink(0.5);
        let path = [r.left_top(), r.right_top(), r.right_bottom(), r.left_bottom(), r.left_top()];
        ui.painter().extend(Shape::dashed_line(&path, Stroke::new(1.0, t.error), 3.0, 2.0));
    } else {
        let stroke = Stroke::new(1.0, t.line);
        ui.painter().rect_stroke(rect, size::RADIUS_BADGE, stroke, StrokeKind::Inside);
    }
    paint_left(ui, rect.left() + 4.0, y, words);
    rect.right()
}
