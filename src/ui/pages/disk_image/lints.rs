//! What is wrong with the design, each with its reason, and with a button where one click mends it.

use egui::{Layout, Panel, Role, ScrollArea, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

use super::View;
use super::history::{light, same};
use crate::dmg::lint::{Lint, Mend, Severity, lints};
use crate::ui::facts::capital;
use crate::ui::icons::Icon;
use crate::ui::theme::{Tokens, Type, size, tokens};
use crate::ui::widgets::{Button, Tone, cut, galley, inside, paint_left, panel_frame};

const ROW: f32 = 30.0;
/// Rows shown without scrolling.
const SHOWN: usize = 3;

fn look(severity: Severity) -> (Icon, Tone) {
    match severity {
        Severity::Error => (Icon::Error, Tone::Error),
        Severity::Warning => (Icon::Warning, Tone::Warning),
        Severity::Info => (Icon::Note, Tone::Note),
    }
}

/// Looks at the design again where it changed, and lists what is wrong below the canvas.
pub fn show(ui: &mut Ui, view: &mut View) {
    let (Some(spec), Some(context)) = (&view.spec, &view.context) else { return };
    if view.linted.as_ref().is_none_or(|(of, _)| !same(of, spec)) {
        view.linted = Some((light(spec), lints(spec, context)));
    }
    let Some((_, found)) = &view.linted else { return };
    let t = tokens(ui);
    let rows = found.len().clamp(1, SHOWN);
    let mut mend = None;
    Panel::bottom("dmg-lints")
        .exact_size(rows as f32 * ROW + 34.0)
        .resizable(false)
        .frame(panel_frame(t.panel))
        .show_separator_line(false)
        .show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            heading(ui, found, t);
            ScrollArea::vertical().id_salt("dmg-lints").auto_shrink(false).show(ui, |ui| {
                for lint in found {
                    if line(ui, lint, t) {
                        mend.clone_from(&lint.mend);
                    }
                }
            });
        });
    if let Some(mend) = mend {
        apply(view, &mend);
    }
}

fn apply(view: &mut View, mend: &Mend) {
    if let Some(spec) = &mut view.spec {
        mend.apply(spec);
    }
    view.forget_result();
}

fn heading(ui: &mut Ui, found: &[Lint], t: &Tokens) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 34.0), Sense::hover());
    ui.painter().hline(rect.x_range(), rect.top() + 0.5, Stroke::new(1.0, t.line));
    let bad = found.iter().filter(|lint| lint.severity < Severity::Info).count();
    let words = match (bad, found.len()) {
        (_, 0) => "Places, labels, names and format are fine".to_owned(),
        (0, all) => crate::ui::facts::counted(all, "remark"),
        (bad, _) => format!("{} to look at", crate::ui::facts::counted(bad, "thing")),
    };
    let x = paint_left(ui, rect.left() + 16.0, rect.center().y, galley(ui, "Checks", Type::Heading, t.text));
    paint_left(ui, x + 10.0, rect.center().y, galley(ui, &words, Type::Caption, t.text_soft));
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("Checks: {words}")));
}

/// Answers whether its button was pressed.
fn line(ui: &mut Ui, lint: &Lint, t: &Tokens) -> bool {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
    response.widget_info(|| {
        WidgetInfo::labeled(Role::Label, true, format!("{}. {}", lint.title, capital(&lint.next)))
    });
    let (icon, tone) = look(lint.severity);
    let y = rect.center().y;
    icon.paint_at(ui.painter(), pos2(rect.left() + 24.0, y), size::ICON, tone.ink(t));
    let (mut pressed, mut right) = (false, rect.right() - 16.0);
    if let Some(mend) = &lint.mend {
        let bounds = rect.shrink2(vec2(16.0, 3.0));
        inside(ui, bounds, Layout::right_to_left(egui::Align::Center), |ui| {
            let label = mend.label();
            pressed =
                Button::new(&label).small().tip("Changes the design; undo takes it back").show(ui).clicked();
            right = ui.min_rect().left() - 12.0;
        });
    }
    let x = rect.left() + 42.0;
    let x = paint_left(ui, x, y, cut(ui, &lint.title, Type::Body, t.text, right - x));
    if right - x > 80.0 && lint.mend.is_none() {
        paint_left(
            ui,
            x + 10.0,
            y,
            cut(ui, &capital(&lint.next), Type::Caption, t.text_soft, right - x - 10.0),
        );
    }
    response.on_hover_text(format!("{}\n{}", lint.code.why(), capital(&lint.next)));
    pressed
}
