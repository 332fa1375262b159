//! A thin bar: how much of a job is done.

use egui::{Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use crate::ui::theme::tokens;

/// `done` of `total`; a total of 0 means that nobody knows and shows a moving part.
pub fn progress(ui: &mut Ui, done: u64, total: u64) {
    let t = tokens(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(120.0, 16.0), Sense::hover());
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::ProgressIndicator, true, "Progress");
        info.value = (total > 0).then(|| done as f64 / total as f64);
        info
    });
    let bar = Rect::from_center_size(rect.center(), vec2(rect.width(), 4.0));
    ui.painter().rect_filled(bar, 2.0, t.line);
    let (from, to) = if total > 0 {
        (0.0, (done as f32 / total as f32).clamp(0.0, 1.0))
    } else {
        let at = (ui.input(|input| input.time) * 0.6).fract() as f32;
        ui.ctx().request_repaint_after(std::time::Duration::from_millis(50));
        ((at - 0.15).max(0.0), (at + 0.15).min(1.0))
    };
    let x = |part: f32| bar.left() + bar.width() * part;
    let done = Rect::from_min_max(pos2(x(from), bar.top()), pos2(x(to), bar.bottom()));
    ui.painter().rect_filled(done, 2.0, t.accent);
}
