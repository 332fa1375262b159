//! The right side of the plan: what the bundle would be, in findings and in numbers, and the button that writes.

use egui::{Layout, Margin, Panel, Rect, Role, ScrollArea, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

use super::View;
use crate::fix::Receipt;
use crate::ui::command::{Action, Command, Outbox, Page, keys};
use crate::ui::facts::{counted, number};
use crate::ui::icons::Icon;
use crate::ui::theme::{Type, size, tokens};
use crate::ui::widgets::{
    Button, Tone, cut, divider, galley, inside, label, paint_left, paint_right, panel_frame, paragraph,
    switch, wrapped,
};

pub fn show(ui: &mut Ui, view: &View, busy: bool, out: &mut Outbox) {
    let t = tokens(ui);
    Panel::bottom("plan-apply").exact_size(132.0).resizable(false).frame(panel_frame(t.panel)).show_separator_line(false).show(ui, |ui| {
        let rect = ui.max_rect();
        ui.painter().hline(rect.x_range(), rect.top() + 0.5, Stroke::new(1.0, t.line));
        egui::Frame::new().inner_margin(Margin::same(16)).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            let words = "All or nothing: if a step fails or you cancel, the bundle stays as it is. The originals are kept for Undo.";
            paragraph(ui, words, Type::Caption, t.text_soft);
            ui.add_space(12.0);
            let wide = ui.available_width();
            apply(ui, view, busy, Some(wide), out);
        });
    });
    ScrollArea::vertical().id_salt("plan-summary").auto_shrink(false).show(ui, |ui| {
        egui::Frame::new().inner_margin(Margin::same(16)).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            label(ui, "After these edits", Type::Heading, t.text);
            ui.add_space(12.0);
            after(ui, view, out);
            offers(ui, view, busy, out);
            ui.add_space(4.0);
            divider(ui);
            ui.add_space(12.0);
            label(ui, "Summary", Type::Heading, t.text);
            ui.add_space(8.0);
            for (name, value) in &view.outline.numbers {
                let (rect, response) =
                    ui.allocate_exact_size(vec2(ui.available_width(), size::ROW), Sense::hover());
                response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{name}: {value}")));
                paint_left(ui, rect.left(), rect.center().y, galley(ui, name, Type::Body, t.text_soft));
                paint_right(ui, rect.right(), rect.center().y, galley(ui, value, Type::BodyMedium, t.text));
            }
        });
    });
}

/// What mends no fault and is done only when asked for, each with its switch.
fn offers(ui: &mut Ui, view: &View, busy: bool, out: &mut Outbox) {
    if view.offers().is_empty() && !view.copies() {
        return;
    }
    let t = tokens(ui);
    ui.add_space(4.0);
    divider(ui);
    ui.add_space(12.0);
    label(ui, "Also possible", Type::Heading, t.text);
    ui.add_space(4.0);
    paragraph(ui, "Nothing is broken without these.", Type::Caption, t.text_soft);
    ui.add_space(8.0);
    for offer in view.offers() {
        let (doing, tip) = match offer.rule {
            "misplaced-code" | "code-place-data" | "unsealed-root" => {
                ("Move:", "Moves them to where Apple wants them; where it can, a link stays in the old place")
            }
            "extra-architecture" => ("Take out", "Takes this code out of the universal files"),
            _ => ("Delete", "Deletes these files; the edits at the left name each"),
        };
        if choice(ui, &format!("{doing} {}", offer.title), offer.taken, tip, busy) {
            out.push(Action::SwitchOffer(offer.rule));
        }
    }
    if view.copies() {
        let tip = "Most licences ask that their text goes along: it is copied to Contents/Resources/Licenses";
        if choice(ui, "Copy the licences of the libraries", view.with_licences(), tip, busy) {
            out.push(Action::SwitchLicences);
        }
    }
    ui.add_space(4.0);
}

/// A switch with its words beside it, over several lines where they need it. Answers whether it was flipped.
fn choice(ui: &mut Ui, name: &str, mut on: bool, tip: &str, busy: bool) -> bool {
    let words = wrapped(ui, name, Type::Body, tokens(ui).text, ui.available_width() - 36.0);
    let height = words.size().y.max(size::ROW);
    let (row, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
    let at = pos2(row.left() + 36.0, row.center().y - words.size().y / 2.0);
    ui.painter().galley(at, words, tokens(ui).text);
    let mut flipped = false;
    inside(ui, row, Layout::left_to_right(egui::Align::Center), |ui| {
        ui.add_enabled_ui(!busy, |ui| flipped = switch(ui, &mut on, name, false, tip).changed());
    });
    flipped
}

/// The button that writes.
fn apply(ui: &mut Ui, view: &View, busy: bool, wide: Option<f32>, out: &mut Outbox) {
    let text = match view.edits().unwrap_or_default() {
        0 => "Sign".to_owned(),
        count => format!("Apply {} and sign", counted(count, "edit")),
    };
    let hint = keys(ui.ctx(), Command::ApplyFixes).unwrap_or_default();
    let mut apply = Button::new(&text).filled().large().hint(&hint).enabled(view.can_apply() && !busy);
    if let Some(wide) = wide {
        apply = apply.width(wide);
    }
    if apply.tip("Stages everything beside the bundle, signs and checks it, then swaps").show(ui).clicked() {
        out.push(Action::Run(Command::ApplyFixes));
    }
}

/// The same in a window too narrow for the panel: the outcome in two lines, and the button.
pub fn strip(ui: &mut Ui, view: &View, busy: bool, out: &mut Outbox) {
    let t = tokens(ui);
    let rect = ui.max_rect();
    ui.painter().hline(rect.x_range(), rect.top() + 0.5, Stroke::new(1.0, t.line));
    let mut right = rect.right();
    let bounds = rect.shrink2(vec2(16.0, 12.0));
    inside(ui, bounds, Layout::right_to_left(egui::Align::Center), |ui| {
        apply(ui, view, busy, None, out);
        let hint = keys(ui.ctx(), Command::Inspector).unwrap_or_default();
        let details = Button::new("Details").large();
        if details.tip(&format!("What is mended, what stays and what changes · {hint}")).show(ui).clicked() {
            out.push(Action::Run(Command::Inspector));
        }
        right = ui.min_rect().left();
    });
    let still = archs(view, false);
    let (icon, tone, title) = if still.is_empty() {
        (Icon::Good, Tone::Good, format!("Starts on another Mac, {}", archs(view, true)))
    } else {
        (Icon::Error, Tone::Error, format!("Still does not start, {still}"))
    };
    let after = &view.outline.after;
    let stay = after.staying.len() + after.more;
    let words = match stay {
        0 => format!("{} mended, none stays", counted(after.mended, "finding")),
        1 => format!("{} mended, 1 stays", counted(after.mended, "finding")),
        _ => format!("{} mended, {} stay", counted(after.mended, "finding"), number(stay as u64)),
    };
    let place = Rect::from_min_max(rect.min, pos2(right, rect.bottom()));
    let response = ui.interact(place, ui.scope_id().with("outcome"), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{title}. {words}")));
    let (x, y) = (rect.left() + 40.0, rect.center().y);
    icon.paint_at(ui.painter(), pos2(rect.left() + 24.0, y), size::ICON, tone.ink(t));
    paint_left(ui, x, y - 9.0, cut(ui, &title, Type::BodyMedium, t.text, right - x - 12.0));
    paint_left(ui, x, y + 9.0, cut(ui, &words, Type::Caption, t.text_soft, right - x - 12.0));
}

/// Names of the architectures on which the app would start, or would not.
fn archs(view: &View, good: bool) -> String {
    let of_kind = view.starts.iter().filter(|(_, ok)| *ok == good);
    let mut names: Vec<String> = of_kind.map(|(arch, _)| arch.to_string()).collect();
    names.sort();
    names.join(", ")
}

/// What is mended and what stays, in the words of the findings.
fn after(ui: &mut Ui, view: &View, out: &mut Outbox) {
    let after = &view.outline.after;
    let (starts, fails) = (archs(view, true), archs(view, false));
    if !starts.is_empty() {
        let words = "Simulated with nothing but the bundle and macOS";
        outcome(ui, Icon::Good, Tone::Good, &format!("Starts on another Mac, {starts}"), words);
    }
    if !fails.is_empty() {
        let words = "What is left is listed below";
        outcome(ui, Icon::Error, Tone::Error, &format!("Still does not start, {fails}"), words);
    }
    if after.mended > 0 {
        let title = format!("{} mended", counted(after.mended, "finding"));
        outcome(ui, Icon::Good, Tone::Good, &title, &after.titles);
    }
    for finding in &after.staying {
        let (icon, tone) = crate::ui::pages::overview::severity_icon(finding.severity);
        outcome(ui, icon, tone, &finding.title, &finding.message);
    }
    if after.more > 0 {
        let verb = if after.more == 1 { "stays" } else { "stay" };
        if Button::new(&format!("{} more {verb}", number(after.more as u64))).link().show(ui).clicked() {
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
