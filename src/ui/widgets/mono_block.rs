//! Words of dyld, codesign or Finder: quoted in mono, never rephrased.

use egui::text::{LayoutJob, TextWrapping};
use egui::{Color32, Sense, Stroke, StrokeKind, Ui, vec2};

use super::text::{self, format};
use crate::ui::theme::{Type, size, tokens};

/// Shows `quote` with `marked` (a part of it) tinted. Answers nothing: copying is the caller's button.
pub fn mono_block(ui: &mut Ui, quote: &str, marked: Option<&str>) {
    let t = tokens(ui);
    let width = ui.available_width();
    let mut job = LayoutJob { wrap: TextWrapping::wrap_at_width(width - 24.0), ..LayoutJob::default() };
    let plain = format(Type::Mono, t.text);
    let at = marked.and_then(|marked| quote.find(marked).map(|at| at..at + marked.len()));
    match at {
        Some(at) => {
            let mut lit = plain.clone();
            lit.background = t.diff_old;
            job.append(&quote[..at.start], 0.0, plain.clone());
            job.append(&quote[at.clone()], 0.0, lit);
            job.append(&quote[at.end..], 0.0, plain);
        }
        None => job.append(quote, 0.0, plain),
    }
    let galley = ui.painter().layout_job(job);
    let (rect, response) = ui.allocate_exact_size(vec2(width, galley.size().y + 16.0), Sense::hover());
    ui.painter().rect(rect, size::RADIUS, t.raised, Stroke::new(1.0, t.line), StrokeKind::Inside);
    ui.painter().galley(rect.min + vec2(12.0, 8.0), galley, Color32::PLACEHOLDER);
    text::name(&response, quote);
}
