//! The right side of the plan: what the bundle would be, in findings and in numbers, and the button that writes.

use egui::{Layout, Margin, Panel, Role, ScrollArea, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

use super::{View, mended};
use crate::diagnose::Severity;
use crate::fix::{Edit, FixPlan, Receipt};
use crate::ui::command::{Action, Command, Outbox, Page, keys};
use crate::ui::facts::{bytes, counted, number};
use crate::ui::icons::Icon;
use crate::ui::state::Opened;
use crate::ui::theme::{Type, size, tokens};
use crate::ui::widgets::{
    Button, Tone, divider, galley, label, paint_left, paint_right, panel_frame, paragraph, wrapped,
};

pub fn show(ui: &mut Ui, view: &View, opened: &Opened, busy: bool, out: &mut Outbox) {
    let t = tokens(ui);
    let Some(plan) = view.plan() else { return };
    Panel::bottom("plan-apply").exact_size(132.0).resizable(false).frame(panel_frame(t.panel)).show_separator_line(false).show(ui, |ui| {
        let rect = ui.max_rect();
        ui.painter().hline(rect.x_range(), rect.top() + 0.5, Stroke::new(1.0, t.line));
        egui::Frame::new().inner_margin(Margin::same(16)).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            let words = "All or nothing: if a step fails or you cancel, the bundle stays as it is. The originals are kept for Undo.";
            paragraph(ui, words, Type::Caption, t.text_soft);
            ui.add_space(12.0);
            let text = match plan.edits.len() {
                0 => "Sign".to_owned(),
                count => format!("Apply {} and sign", counted(count, "edit")),
            };
            let hint = keys(ui.ctx(), Command::ApplyFixes).unwrap_or_default();
            let apply = Button::new(&text).filled().large().width(ui.available_width());
            let apply = apply.hint(&hint).enabled(view.can_apply() && !busy);
            if apply.tip("Stages everything beside the bundle, signs and checks it, then swaps").show(ui).clicked() {
                out.push(Action::Run(Command::ApplyFixes));
            }
        });
    });
    ScrollArea::vertical().id_salt("plan-summary").auto_shrink(false).show(ui, |ui| {
        egui::Frame::new().inner_margin(Margin::same(16)).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            label(ui, "After these edits", Type::Heading, t.text);
            ui.add_space(12.0);
            after(ui, view, opened, plan, out);
            ui.add_space(4.0);
            divider(ui);
            ui.add_space(12.0);
            label(ui, "Summary", Type::Heading, t.text);
            ui.add_space(8.0);
            for (name, value) in numbers(plan) {
                let (rect, response) =
                    ui.allocate_exact_size(vec2(ui.available_width(), size::ROW), Sense::hover());
                response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{name}: {value}")));
                paint_left(ui, rect.left(), rect.center().y, galley(ui, name, Type::Body, t.text_soft));
                paint_right(ui, rect.right(), rect.center().y, galley(ui, &value, Type::BodyMedium, t.text));
            }
        });
    });
}

/// What is mended and what stays, in the words of the findings.
fn after(ui: &mut Ui, view: &View, opened: &Opened, plan: &FixPlan, out: &mut Outbox) {
    let mended = mended(&opened.inspection.findings, plan);
    let errors = plan.remaining.iter().filter(|finding| finding.severity == Severity::Error).count();
    let archs = |good: bool| -> Vec<String> {
        let of_kind = view.starts.iter().filter(|(_, ok)| *ok == good);
        let mut names: Vec<String> = of_kind.map(|(arch, _)| arch.to_string()).collect();
        names.sort();
        names
    };
    for (ok, arch) in [(true, archs(true).join(", ")), (false, archs(false).join(", "))] {
        if arch.is_empty() {
            continue;
        }
        if ok {
            outcome(
                ui,
                Icon::Good,
                Tone::Good,
                &format!("Starts on another Mac, {arch}"),
                "Simulated with nothing but the bundle and macOS",
            );
        } else {
            outcome(
                ui,
                Icon::Error,
                Tone::Error,
                &format!("Still does not start, {arch}"),
                "What is left is listed below",
            );
        }
    }
    if !mended.is_empty() {
        let titles: Vec<&str> = mended.iter().take(4).map(|finding| finding.title.as_str()).collect();
        let more = if mended.len() > 4 { format!(" and {} more", mended.len() - 4) } else { String::new() };
        let words = format!("{}{more}", titles.join(", "));
        outcome(ui, Icon::Good, Tone::Good, &format!("{} mended", counted(mended.len(), "finding")), &words);
    }
    let mut shown = 0;
    for finding in plan.remaining.iter().filter(|finding| finding.severity != Severity::Info).take(6) {
        let (icon, tone) = crate::ui::pages::overview::severity_icon(finding.severity);
        outcome(ui, icon, tone, &finding.title, &finding.message);
        shown += 1;
    }
    let left = plan.remaining.len() - shown;
    if left > 0 && errors + shown > 0 {
        let words = format!("{} more stay", number(left as u64));
        if Button::new(&words).link().show(ui).clicked() {
            out.push(Action::Run(Command::Go(Page::Findings)));
        }
        ui.add_space(8.0);
    }
}

fn outcome(ui: &mut Ui, icon: Icon, tone: Tone, title: &str, words: &str) {
    let t = tokens(ui);
    let width = ui.available_width() - 24.0;
    let title_galley = wrapped(ui, title, Type::Body, t.text, width);
    let words_galley = wrapped(ui, words, Type::Caption, t.text_soft, width);
    let height = title_galley.size().y + words_galley.size().y;
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height + 12.0), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{title}. {words}")));
    icon.paint_at(ui.painter(), pos2(rect.left() + 8.0, rect.top() + 9.0), size::ICON, tone.ink(t));
    let at = pos2(rect.left() + 24.0, rect.top());
    let below = at + vec2(0.0, title_galley.size().y);
    ui.painter().galley(at, title_galley, t.text);
    ui.painter().galley(below, words_galley, t.text_soft);
}

fn numbers(plan: &FixPlan) -> Vec<(&'static str, String)> {
    let count =
        |wanted: fn(&Edit) -> bool| plan.edits.iter().filter(|edit| wanted(&edit.edit)).count() as u64;
    let added = count(|edit| matches!(edit, Edit::CopyFile { .. } | Edit::CopyFramework { .. }));
    let removed = count(|edit| matches!(edit, Edit::Remove { .. }));
    let total = plan.edits.len() + plan.switched_off.len();
    let growth = match plan.growth {
        0 => "0 B".to_owned(),
        more @ 1.. => format!("+{}", bytes(more.unsigned_abs())),
        less => format!("−{}", bytes(less.unsigned_abs())),
    };
    vec![
        ("Files changed", number(plan.header_room.len() as u64)),
        ("Files and frameworks added", number(added)),
        ("Files removed", number(removed)),
        ("Edits on", format!("{} of {}", plan.edits.len(), total)),
        ("Signatures renewed", number(plan.sign.steps.len() as u64)),
        ("Size", growth),
    ]
}

/// What stands where the plan stood once it was carried out.
pub fn applied(ui: &mut Ui, receipt: &Receipt, out: &mut Outbox) {
    let t = tokens(ui);
    ui.with_layout(Layout::top_down(egui::Align::Center), |ui| {
        ui.add_space((ui.available_height() * 0.32 - 64.0).max(24.0));
        let (place, _) = ui.allocate_exact_size(vec2(40.0, 40.0), Sense::hover());
        Icon::Good.paint(ui.painter(), place, t.good);
        ui.add_space(12.0);
        label(ui, &format!("{} applied", counted(receipt.edits, "edit")), Type::Title, t.text);
        ui.add_space(4.0);
        let words = format!(
            "{} new or changed, {} made. The originals are kept for Undo.",
            counted(receipt.files_changed, "file"),
            counted(receipt.signed, "signature"),
        );
        label(ui, &words, Type::Body, t.text_soft);
        ui.add_space(20.0);
        ui.allocate_ui_with_layout(vec2(400.0, 36.0), Layout::left_to_right(egui::Align::Center), |ui| {
            let build = Button::new("Lay out the disk image").icon(Icon::Drive).filled().large();
            if build.show(ui).clicked() {
                out.push(Action::Run(Command::Go(Page::DiskImage)));
            }
            if Button::new("Undo last fix")
                .icon(Icon::Undo)
                .large()
                .tip("Puts the originals back, byte for byte")
                .show(ui)
                .clicked()
            {
                out.push(Action::Run(Command::UndoLastFix));
            }
        });
    });
}
