//! The verdict first, then what is behind it.

use egui::{CursorIcon, Layout, Margin, Rect, Role, ScrollArea, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

use crate::diagnose::{Finding, Severity};
use crate::ui::command::{Action, Command, Outbox, Page, keys};
use crate::ui::facts::{self, Facts, SignedBy, counted, number, tone};
use crate::ui::icons::Icon;
use crate::ui::shell::app_icon;
use crate::ui::state::Opened;
use crate::ui::theme::{Type, size, tokens};
use crate::ui::widgets::{
    Button, Tone, badge, card, chip, cut, divider, elided, focus_ring, galley, inside, label, mono_block,
    paint_left, paint_right, property, wrapped,
};

const TOP: usize = 5;

pub fn show(ui: &mut Ui, opened: &Opened, image_built: bool, out: &mut Outbox) {
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        egui::Frame::new().inner_margin(Margin::symmetric(32, 24)).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            ui.set_max_width(ui.available_width().min(1240.0));
            head(ui, opened, out);
            ui.add_space(24.0);
            verdict(ui, opened, out);
            ui.add_space(24.0);
            let wide = ui.available_width();
            if wide >= 760.0 {
                let side = (wide * 0.36).clamp(320.0, 400.0);
                ui.horizontal_top(|ui| {
                    ui.spacing_mut().item_spacing.x = 24.0;
                    ui.vertical(|ui| {
                        ui.set_width(wide - side - 24.0);
                        findings(ui, opened, out);
                    });
                    ui.vertical(|ui| {
                        ui.set_width(side);
                        bundle(ui, opened);
                    });
                });
            } else {
                findings(ui, opened, out);
                ui.add_space(24.0);
                bundle(ui, opened);
            }
            ui.add_space(24.0);
            tiles(ui, opened, image_built, out);
        });
    });
}

fn head(ui: &mut Ui, opened: &Opened, out: &mut Outbox) {
    let t = tokens(ui);
    let facts = &opened.facts;
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 72.0), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Heading, true, &facts.name));
    let place = Rect::from_min_size(rect.min, vec2(72.0, 72.0));
    app_icon(ui, Some(opened), place);
    let x = place.right() + 16.0;
    let mut right = rect.right();
    inside(ui, rect, Layout::right_to_left(egui::Align::Center), |ui| {
        let hint = keys(ui.ctx(), Command::Reanalyse).unwrap_or_default();
        if Button::new("Re-analyse").hint(&hint).tip("Reads the bundle again from disk").show(ui).clicked() {
            out.push(Action::Run(Command::Reanalyse));
        }
        if Button::new("Copy report")
            .icon(Icon::Copy)
            .tip("Copies verdict and findings as text")
            .show(ui)
            .clicked()
        {
            out.push(Action::Run(Command::CopyReport));
        }
        right = ui.min_rect().left();
    });
    let room = right - x - 16.0;
    paint_left(ui, x, rect.top() + 16.0, cut(ui, &facts.name, Type::Display, t.text, room));
    let line = match (&facts.version, &facts.build) {
        (Some(version), Some(build)) if version != build => format!("Version {version} (build {build})"),
        (Some(version), _) => format!("Version {version}"),
        (None, _) => "No version in Info.plist".to_owned(),
    };
    paint_left(ui, x, rect.top() + 42.0, cut(ui, &line, Type::Body, t.text_soft, room));
    let identifier = facts.identifier.as_deref().unwrap_or("no CFBundleIdentifier");
    paint_left(ui, x, rect.top() + 60.0, cut(ui, identifier, Type::Mono, t.text_soft, room));
}

fn verdict(ui: &mut Ui, opened: &Opened, out: &mut Outbox) {
    let t = tokens(ui);
    let facts = &opened.facts;
    let (tone, icon, title, words) = sentence(facts);
    card(ui, Margin::ZERO, |ui| {
        let next = next_step(facts);
        let taken = next.as_ref().map_or(0.0, |(button, ..)| button.measure(ui) + 16.0);
        let room = ui.available_width() - 56.0 - 16.0 - taken;
        let heading = wrapped(ui, &title, Type::Title, t.text, room);
        let below = wrapped(ui, &words, Type::Body, t.text_soft, room);
        let high = (heading.size().y + below.size().y + 28.0).max(72.0);
        let (band, response) = ui.allocate_exact_size(vec2(ui.available_width(), high), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{title}. {words}")));
        let mut corner = egui::CornerRadius::same(size::RADIUS_CARD - 1);
        if facts.refused.is_some() {
            (corner.sw, corner.se) = (0, 0);
        }
        ui.painter().rect_filled(band.shrink(1.0), corner, tone.tint(t));
        icon.paint_at(ui.painter(), pos2(band.left() + 28.0, band.center().y), 22.0, tone.ink(t));
        let bounds = band.shrink2(vec2(16.0, 0.0));
        inside(ui, bounds, Layout::right_to_left(egui::Align::Center), |ui| {
            if let Some((button, command)) = next
                && button.show(ui).clicked()
            {
                out.push(Action::Run(command));
            }
        });
        let x = band.left() + 56.0;
        let top = band.center().y - (heading.size().y + below.size().y) / 2.0;
        let middle = top + heading.size().y + below.size().y / 2.0;
        paint_left(ui, x, top + heading.size().y / 2.0, heading);
        paint_left(ui, x, middle, below);
        let Some(refusal) = &facts.refused else { return };
        egui::Frame::new().inner_margin(Margin { left: 16, right: 16, top: 12, bottom: 16 }).show(ui, |ui| {
            ui.horizontal(|ui| {
                let who = refusal.entry.rsplit('/').next().unwrap_or_default();
                let heading = format!("What dyld would print on a clean Mac · {who}, {}", refusal.arch);
                ui.with_layout(Layout::right_to_left(egui::Align::Center), |ui| {
                    if Button::new("Copy")
                        .link()
                        .icon(Icon::Copy)
                        .tip("Copies dyld's text as it stands")
                        .show(ui)
                        .clicked()
                    {
                        out.push(Action::Copy(format!("dyld[1]: {}", refusal.message)));
                    }
                    ui.with_layout(Layout::left_to_right(egui::Align::Center), |ui| {
                        label(ui, &heading, Type::Caption, t.text_faint);
                    });
                });
            });
            ui.add_space(4.0);
            mono_block(
                ui,
                &format!("dyld[1]: {}", one_place_a_line(&refusal.message)),
                culprit(&refusal.message),
            );
        });
    });
}

/// The filled button of the verdict: fix what can be fixed, or ship what is good.
fn next_step(facts: &Facts) -> Option<(Button<'static>, Command)> {
    if facts.fixable > 0 {
        let review = Button::new("Review fixes…").icon(Icon::Wrench).filled().large();
        Some((review.tip("Shows every edit before anything is written"), Command::ReviewFixes))
    } else if facts.errors == 0 {
        let build = Button::new("Disk image…").icon(Icon::Drive).filled().large();
        let tip = "Lays out and builds the drag-to-Applications image";
        Some((build.tip(tip), Command::Go(Page::DiskImage)))
    } else {
        None
    }
}

/// dyld writes every place it tried into one line; here each stands on its own. Copying gives dyld's line.
pub fn one_place_a_line(message: &str) -> String {
    message.replace("tried: '", "tried:\n    '").replace("), '", "),\n    '")
}

/// The library that dyld's text names.
fn culprit(message: &str) -> Option<&str> {
    let rest = message.strip_prefix("Library not loaded: ")?;
    rest.lines().next()
}

fn sentence(facts: &Facts) -> (Tone, Icon, String, String) {
    let only_here = "It works here only because the library is installed on the build Mac.";
    match &facts.refused {
        Some(refusal) if refusal.main => {
            let words = if refusal.works_on_build_mac {
                format!("A required library is outside the bundle. {only_here}")
            } else {
                "dyld stops before the app's first line of code.".to_owned()
            };
            (Tone::Error, Icon::Error, "Would not start on another Mac".to_owned(), words)
        }
        Some(refusal) => {
            let name = refusal.entry.rsplit('/').next().unwrap_or_default();
            let words = format!("The app itself starts, but {name} would fail when it is loaded.");
            (Tone::Warning, Icon::Warning, "Starts, but a part of it would fail".to_owned(), words)
        }
        None if facts.launches == 0 => (
            Tone::Error,
            Icon::Error,
            "There is nothing to start".to_owned(),
            "No executable was found where Info.plist says it is.".to_owned(),
        ),
        None if facts.errors > 0 => (
            Tone::Warning,
            Icon::Warning,
            "dyld would start it, but it is not ready to ship".to_owned(),
            format!("{} would stop it at install or on some Macs.", counted(facts.errors, "error")),
        ),
        None => (
            Tone::Good,
            Icon::Good,
            "Starts on another Mac".to_owned(),
            format!(
                "All {} were simulated: every library is found in the bundle or in macOS.",
                counted(facts.launches, "launch").replace("launchs", "launches")
            ),
        ),
    }
}

fn findings(ui: &mut Ui, opened: &Opened, out: &mut Outbox) {
    let t = tokens(ui);
    let facts = &opened.facts;
    let findings = &opened.inspection.findings;
    card(ui, Margin::ZERO, |ui| {
        let (head, _) = ui.allocate_exact_size(vec2(ui.available_width(), 44.0), Sense::hover());
        paint_left(
            ui,
            head.left() + 16.0,
            head.center().y,
            galley(ui, "Top findings", Type::Heading, t.text),
        );
        let mut right = head.right() - 16.0;
        for (count, word, ink) in [
            (facts.notes, "note", t.note),
            (facts.warnings, "warning", t.warning),
            (facts.errors, "error", t.error),
        ] {
            if count > 0 {
                right = paint_right(
                    ui,
                    right,
                    head.center().y,
                    galley(ui, &counted(count, word), Type::CaptionMedium, ink),
                ) - 12.0;
            }
        }
        divider(ui);
        if findings.is_empty() {
            let (row, response) = ui.allocate_exact_size(vec2(ui.available_width(), 56.0), Sense::hover());
            response.widget_info(|| WidgetInfo::labeled(Role::Label, true, "No findings"));
            Icon::Good.paint_at(ui.painter(), pos2(row.left() + 24.0, row.center().y), size::ICON, t.good);
            let words = "Nothing found. Every rule was checked.";
            paint_left(ui, row.left() + 44.0, row.center().y, galley(ui, words, Type::Body, t.text_soft));
            return;
        }
        for (index, finding) in findings.iter().take(TOP).enumerate() {
            if index > 0 {
                divider(ui);
            }
            if finding_row(ui, finding).clicked() {
                out.push(Action::ShowFinding(index));
            }
        }
        divider(ui);
        egui::Frame::new().inner_margin(Margin::symmetric(16, 8)).show(ui, |ui| {
            let all = format!("All {}", counted(findings.len(), "finding"));
            if Button::new(&all).link().icon_last(Icon::ArrowRight).show(ui).clicked() {
                out.push(Action::Run(Command::Go(Page::Findings)));
            }
        });
    });
}

/// A finding on two lines: what, where, and whether it can be fixed.
fn finding_row(ui: &mut Ui, finding: &Finding) -> egui::Response {
    let t = tokens(ui);
    let (row, response) = ui.allocate_exact_size(vec2(ui.available_width(), size::TWO_LINES), Sense::click());
    response.widget_info(|| {
        WidgetInfo::labeled(Role::Button, true, format!("{}: {}", finding.severity, finding.title))
    });
    if response.hovered() {
        ui.painter().rect_filled(row.shrink2(vec2(1.0, 0.0)), 0.0, t.hover);
    }
    let y = row.center().y;
    let (icon, tone) = severity_icon(finding.severity);
    icon.paint_at(ui.painter(), pos2(row.left() + 24.0, y), size::ICON, tone.ink(t));
    Icon::ChevronRight.paint_at(ui.painter(), pos2(row.right() - 22.0, y), size::ICON_SMALL, t.text_soft);
    let x = row.left() + 44.0;
    let right = remedy_badge(ui, row.right() - 40.0, y, finding);
    paint_left(ui, x, y - 9.0, cut(ui, &finding.title, Type::BodyMedium, t.text, right - x - 12.0));
    paint_left(
        ui,
        x,
        y + 9.0,
        elided(ui, &subject(finding), Type::MonoCaption, t.text_soft, right - x - 12.0),
    );
    focus_ring(ui, &response, row.shrink(2.0), 4.0);
    response.on_hover_cursor(CursorIcon::PointingHand)
}

/// The file, its slice when only one is meant, and, where there is one, what it asks for.
pub fn subject(finding: &Finding) -> String {
    let path = finding.subject.as_str().strip_prefix("Contents/").unwrap_or(finding.subject.as_str());
    let path = if path.is_empty() { "the bundle" } else { path };
    let arch = finding.arch.map(|arch| format!(" ({arch})")).unwrap_or_default();
    match &finding.reference {
        Some(name) => format!("{path}{arch} → {name}"),
        None => format!("{path}{arch}"),
    }
}

pub fn severity_icon(severity: Severity) -> (Icon, Tone) {
    let icon = match severity {
        Severity::Error => Icon::Error,
        Severity::Warning => Icon::Warning,
        Severity::Info => Icon::Note,
    };
    (icon, tone(severity))
}

/// Paints whether a finding can be fixed, up to `right`; answers where the badge begins.
pub fn remedy_badge(ui: &Ui, right: f32, y: f32, finding: &Finding) -> f32 {
    match (&finding.remedy, finding.severity) {
        (Some(_), _) => badge(ui, right, y, "Can be fixed", Tone::Good, true),
        (None, Severity::Info) => right,
        (None, _) => badge(ui, right, y, "Needs you", Tone::Warning, true),
    }
}

fn bundle(ui: &mut Ui, opened: &Opened) {
    let t = tokens(ui);
    let facts = &opened.facts;
    card(ui, Margin::symmetric(16, 12), |ui| {
        label(ui, "Bundle", Type::Heading, t.text);
        ui.add_space(6.0);
        let executable = facts.executable.as_deref().unwrap_or("missing");
        fact(ui, "CFBundleExecutable", executable, |ui, x, y, w| {
            paint_left(ui, x, y, elided(ui, executable, Type::Mono, t.text, w));
        });
        fact(ui, "Architectures", &facts.arch_list(), |ui, x, y, _| {
            let mut x = x;
            for arch in &facts.archs {
                x = chip(ui, x, y, arch, false) + 4.0;
            }
            if facts.archs.is_empty() {
                paint_left(ui, x, y, galley(ui, "–", Type::Body, t.text_faint));
            }
        });
        minimum(ui, facts);
        let sealed = seal_words(opened);
        fact(ui, "Signature", &sealed, |ui, x, y, w| {
            let ink = if opened.inspection.seals.problems.is_empty() { t.text_soft } else { t.error };
            Icon::Shield.paint_at(ui.painter(), pos2(x + 6.0, y), 14.0, ink);
            paint_left(ui, x + 18.0, y, cut(ui, &sealed, Type::Body, t.text, w - 18.0));
        });
        let frameworks = format!(
            "{}, {}",
            counted(facts.frameworks, "framework"),
            counted(facts.libraries, "library").replace("librarys", "libraries")
        );
        words(ui, "Frameworks", &frameworks);
        words(ui, "Plug-ins", &number(facts.plug_ins as u64));
        words(ui, "Size on disk", &facts::bytes(facts.bytes));
    });
}

fn minimum(ui: &mut Ui, facts: &Facts) {
    let t = tokens(ui);
    let declared =
        facts.declared_minimum.as_deref().map_or("Not declared".to_owned(), |v| format!("Declared {v}"));
    let needed = facts.needed_minimum.map(|needed| format!("needs {needed}"));
    let spoken = format!("{declared}, {}", needed.as_deref().unwrap_or("unknown"));
    fact(ui, "Minimum system", &spoken, |ui, x, y, w| {
        let end = paint_left(ui, x, y, cut(ui, &declared, Type::Body, t.text, w));
        let Some(needed) = &needed else { return };
        let old = facts.is_minimum_too_old();
        let (kind, ink) = if old { (Type::BodyMedium, t.warning) } else { (Type::Body, t.text_soft) };
        let end = paint_left(ui, end, y, galley(ui, " · ", Type::Body, t.text_faint));
        let end = paint_left(ui, end, y, galley(ui, needed, kind, ink));
        if old {
            Icon::Warning.paint_at(ui.painter(), pos2(end + 12.0, y), size::ICON_SMALL, t.warning);
        }
    });
}

fn seal_words(opened: &Opened) -> String {
    let state = opened.facts.signature;
    match opened.inspection.seals.problems.len() {
        0 if state == SignedBy::None => "Not signed".to_owned(),
        0 => format!("{}, intact", state.word()),
        count => format!("{}, {}", state.word(), counted(count, "problem")),
    }
}

fn words(ui: &mut Ui, name: &str, value: &str) {
    fact(ui, name, value, |ui, x, y, w| {
        let t = tokens(ui);
        paint_left(ui, x, y, cut(ui, value, Type::Body, t.text, w));
    });
}

/// A property with a wider name column and a line below.
fn fact(ui: &mut Ui, name: &str, spoken: &str, value: impl FnOnce(&mut Ui, f32, f32, f32)) {
    let t = tokens(ui);
    ui.scope(|ui| {
        ui.set_min_height(28.0);
        ui.add_space(2.0);
        property(ui, name, spoken, |ui, x, y, w| value(ui, x + 64.0, y, w - 64.0));
        ui.add_space(1.0);
    });
    let rect = ui.min_rect();
    ui.painter().hline(rect.x_range(), ui.cursor().top() - 0.5, Stroke::new(1.0, t.line));
}

fn tiles(ui: &mut Ui, opened: &Opened, image_built: bool, out: &mut Outbox) {
    let t = tokens(ui);
    let wide = ui.available_width();
    let columns = if wide >= 720.0 { 4 } else { 2 };
    let tiles = tile_words(opened, image_built);
    let rows = tiles.len().div_ceil(columns);
    let (rect, _) = ui.allocate_exact_size(vec2(wide, 60.0 * rows as f32), Sense::hover());
    ui.painter().rect(rect, size::RADIUS_CARD, t.panel, Stroke::new(1.0, t.line), egui::StrokeKind::Inside);
    let step = wide / columns as f32;
    for (index, (icon, tone, title, words, page)) in tiles.into_iter().enumerate() {
        let (column, row) = (index % columns, index / columns);
        let at = pos2(rect.left() + step * column as f32, rect.top() + 60.0 * row as f32);
        let tile = Rect::from_min_size(at, vec2(step, 60.0));
        if column > 0 {
            ui.painter().vline(tile.left(), tile.y_range(), Stroke::new(1.0, t.line));
        }
        let response = ui.interact(tile, ui.scope_id().with(("tile", title)), Sense::click());
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("{title}: {words}")));
        if response.hovered() {
            ui.painter().rect_filled(tile.shrink(2.0), size::RADIUS, t.hover);
        }
        icon.paint_at(ui.painter(), pos2(tile.left() + 26.0, tile.center().y), size::ICON, tone.ink(t));
        let room = tile.width() - 56.0;
        paint_left(
            ui,
            tile.left() + 44.0,
            tile.center().y - 9.0,
            cut(ui, title, Type::BodyMedium, t.text, room),
        );
        paint_left(
            ui,
            tile.left() + 44.0,
            tile.center().y + 9.0,
            cut(ui, &words, Type::Caption, t.text_soft, room),
        );
        focus_ring(ui, &response, tile.shrink(3.0), 4.0);
        if response.clicked() {
            out.push(Action::Run(Command::Go(page)));
        }
        response.on_hover_cursor(CursorIcon::PointingHand);
    }
}

type Tile = (Icon, Tone, &'static str, String, Page);

fn tile_words(opened: &Opened, image_built: bool) -> [Tile; 4] {
    let facts = &opened.facts;
    let start = match (&facts.refused, facts.errors) {
        (None, 0) => (Icon::Good, Tone::Good, "Yes, as far as it goes".to_owned()),
        (None, errors) => (Icon::Warning, Tone::Warning, format!("Yes, with {}", counted(errors, "error"))),
        (Some(_), errors) => (Icon::Error, Tone::Error, format!("No, {} to fix", counted(errors, "error"))),
    };
    let minimum = match (&facts.declared_minimum, facts.needed_minimum) {
        (Some(declared), Some(needed)) if facts.is_minimum_too_old() => {
            (Icon::Warning, Tone::Warning, format!("{declared} declared, needs {needed}"))
        }
        (Some(declared), _) => (Icon::Good, Tone::Good, format!("macOS {declared}")),
        (None, Some(needed)) => (Icon::Note, Tone::Note, format!("Not declared, needs {needed}")),
        (None, None) => (Icon::Quiet, Tone::Quiet, "Not declared".to_owned()),
    };
    let broken = opened.inspection.seals.problems.len();
    let signature = match (facts.signature, broken) {
        (_, 1..) => (Icon::Error, Tone::Error, counted(broken, "problem")),
        (SignedBy::None, _) => (Icon::Warning, Tone::Warning, "Not signed".to_owned()),
        (SignedBy::Identity, _) => (Icon::Good, Tone::Good, "Signed with an identity".to_owned()),
        _ => (Icon::Note, Tone::Note, "Ad hoc, first start needs approval".to_owned()),
    };
    let image = if image_built {
        (Icon::Good, Tone::Good, "Built".to_owned())
    } else {
        (Icon::Quiet, Tone::Quiet, "Not built yet".to_owned())
    };
    [
        (start.0, start.1, "Starts elsewhere", start.2, Page::Dependencies),
        (minimum.0, minimum.1, "Minimum system", minimum.2, Page::InfoPlist),
        (signature.0, signature.1, "Signature", signature.2, Page::Signature),
        (image.0, image.1, "Disk image", image.2, Page::DiskImage),
    ]
}

/// Verdict and findings as text, for mails and tickets.
pub fn report(opened: &Opened) -> String {
    let facts = &opened.facts;
    let (_, _, title, words) = sentence(facts);
    let mut text = format!(
        "{} {}\n{title}. {words}\n",
        opened.inspection.bundle.name,
        facts.version.as_deref().unwrap_or("")
    );
    if let Some(refusal) = &facts.refused {
        text += &format!("\ndyld[1]: {}\n", refusal.message);
    }
    for finding in opened.inspection.findings.iter() {
        text += &format!(
            "\n{}: {}\n  {}\n  {}\n",
            finding.severity,
            finding.title,
            subject(finding),
            finding.message
        );
    }
    text
}
