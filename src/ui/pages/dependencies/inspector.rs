//! The selected row: its facts, every place dyld tries for it, and what would mend it.

use egui::{Layout, Margin, Panel, Rect, Role, ScrollArea, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

use super::View;
use super::rows;
use super::tree::{Own, What};
use crate::bundle::{EntryKind, Image, ImageId};
use crate::dyld::graph::{Dependency, Launch, Load};
use crate::dyld::{Candidate, Graph, Outcome, Resolution, SearchRule};
use crate::fix::Selection;
use crate::macho::{LoadKind, SignatureState};
use crate::ui::command::{Action, Outbox};
use crate::ui::facts::{Origin, counted};
use crate::ui::icons::Icon;
use crate::ui::pages::overview::one_place_a_line;
use crate::ui::state::Opened;
use crate::ui::theme::{Type, size, tokens};
use crate::ui::widgets::{
    Button, Tone, callout, divider, galley, inside, label, paint_left, panel_frame, property, property_path,
    property_text, status_width, wrapped,
};

pub fn show(ui: &mut Ui, view: &mut View, opened: &Opened, out: &mut Outbox) {
    let t = tokens(ui);
    let Some(node) = view.selected_node() else {
        crate::ui::widgets::empty(ui, Icon::Tree, "Select a row to see how dyld finds it.", None);
        return;
    };
    let mut jump = None;
    Panel::bottom("dependency-actions")
        .exact_size(56.0)
        .resizable(false)
        .frame(panel_frame(t.panel))
        .show_separator_line(false)
        .show(ui, |ui| {
            let rect = ui.max_rect();
            ui.painter().hline(rect.x_range(), rect.top() + 0.5, Stroke::new(1.0, t.line));
            actions(ui, view, opened, node, &mut jump, out);
        });
    ScrollArea::vertical().id_salt(("inspector", view.selected)).auto_shrink(false).show(ui, |ui| {
        egui::Frame::new().inner_margin(Margin::same(16)).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            let graph = view.graph(opened);
            match view.tree.nodes[node].what.clone() {
                What::AtRunTime { plug_ins } => at_run_time(ui, plug_ins),
                What::Entry { .. } => {
                    if let Some(launch) = view.tree.launch(graph, node) {
                        entry(ui, opened, graph, launch);
                    }
                }
                What::Reference { .. } => {
                    if let Some((load, dependency)) = view.tree.dependency(graph, node) {
                        let status = view.tree.status(node);
                        title(ui, dependency.name.leaf(), Some(&status));
                        reference(ui, view, opened, graph, node, load, dependency);
                        walk(ui, view, opened, node, load, dependency);
                    }
                }
            }
        });
    });
    if let Some(to) = jump {
        view.jump(to);
    }
}

fn actions(
    ui: &mut Ui,
    view: &View,
    opened: &Opened,
    node: usize,
    jump: &mut Option<usize>,
    out: &mut Outbox,
) {
    let bounds = ui.max_rect().shrink2(vec2(16.0, 14.0));
    inside(ui, bounds, Layout::left_to_right(egui::Align::Center), |ui| {
        let fixable = view.tree.nodes[node].own.is_problem();
        if let Some((image, name)) = view.selected_reference(opened).filter(|_| fixable) {
            let fix = Button::new("Fix reference…").icon(Icon::Wrench);
            if fix.tip("Plans the repair of this one reference and shows every edit").show(ui).clicked() {
                out.push(Action::Plan(Selection::Reference { image, name }));
            }
        }
        if let Some(first) = view.tree.nodes[node].shown_at
            && Button::new("Go to where it is shown").tip("Its own references stand there").show(ui).clicked()
        {
            *jump = Some(first);
        }
        ui.with_layout(Layout::right_to_left(egui::Align::Center), |ui| {
            if let Some(path) = rows::whole_path(&view.tree, view.graph(opened), opened, node)
                && Button::new("Copy path")
                    .icon_only(Icon::Copy)
                    .tip("Copies the whole path")
                    .show(ui)
                    .clicked()
            {
                out.push(Action::Copy(path.to_string()));
            }
        });
    });
}

fn title(ui: &mut Ui, words: &str, status: Option<&crate::ui::widgets::Status>) {
    let t = tokens(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 24.0), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Heading, true, words));
    let wide = status.map_or(0.0, |status| status_width(ui, &status.word));
    let room = rect.width() - wide - 12.0;
    let mut name = crate::ui::widgets::job(words, Type::Title, t.text);
    name.wrap = egui::text::TextWrapping::truncate_at_width(room);
    let name = ui.painter().layout_job(name);
    paint_left(ui, rect.left(), rect.center().y, name);
    if let Some(status) = status {
        status.paint(ui, rect.right() - wide, rect.center().y, wide + 2.0);
    }
    response.on_hover_text(words);
    ui.add_space(4.0);
}

fn at_run_time(ui: &mut Ui, plug_ins: usize) {
    let t = tokens(ui);
    title(ui, "Opened at run time", None);
    let words = format!(
        "Nothing links to these {plug_ins} files. The app opens them by name with dlopen, so dyld looks for their libraries \
         then, not at the start: a fault in them shows as a feature that is missing."
    );
    crate::ui::widgets::paragraph(ui, &words, Type::Body, t.text_soft);
}

fn entry(ui: &mut Ui, opened: &Opened, graph: &Graph, launch: &Launch) {
    let t = tokens(ui);
    title(ui, launch.entry.file_name(), None);
    let kind = match launch.kind {
        EntryKind::Main => "The app's executable",
        EntryKind::Helper => "A helper executable",
        EntryKind::HelperApp => "A helper app's executable",
        EntryKind::XpcService => "An XPC service",
        EntryKind::AppExtension => "An app extension",
        EntryKind::PlugIn => "A plug-in, opened with dlopen",
    };
    property_path(ui, "Path", launch.entry.as_str());
    property_text(ui, "Kind", kind);
    property_text(ui, "Loads", &format!("{} on {}", counted(launch.loads.len(), "image"), launch.arch));
    if let Some(image) = graph.image(&opened.inspection.bundle, &ImageId::Bundled(launch.entry.clone())) {
        image_facts(ui, image, launch);
    }
    let verdict = crate::dyld::launch::verdict(&opened.inspection.bundle, graph, launch, &[]);
    section(ui, "What dyld says");
    match verdict.message {
        Some(message) => {
            crate::ui::widgets::mono_block(ui, &format!("dyld[1]: {}", one_place_a_line(&message)), None)
        }
        None => {
            let (rect, response) =
                ui.allocate_exact_size(vec2(ui.available_width(), size::ROW), Sense::hover());
            response.widget_info(|| WidgetInfo::labeled(Role::Label, true, "Every library is found"));
            Icon::Good.paint_at(ui.painter(), pos2(rect.left() + 8.0, rect.center().y), size::ICON, t.good);
            paint_left(
                ui,
                rect.left() + 24.0,
                rect.center().y,
                galley(ui, "Every library is found", Type::Body, t.text_soft),
            );
        }
    }
}

/// What the loaded slice says about itself.
fn image_facts(ui: &mut Ui, image: &Image, launch: &Launch) {
    let Some(slice) = image.file.slice(launch.arch).or_else(|| image.file.slices.first()) else { return };
    if let Some(name) = &slice.install_name {
        property_path(ui, "Calls itself", name.as_str());
    }
    if let Some(build) = slice.build {
        property_text(ui, "Built for", &format!("macOS {} · SDK {}", build.min_os, build.sdk));
    }
    for (index, rpath) in slice.rpaths.iter().enumerate() {
        property_path(ui, if index == 0 { "Rpaths" } else { "" }, rpath.as_str());
    }
    property_text(ui, "Header", &format!("{} B free", crate::ui::facts::number(slice.header_room)));
    let signature = match slice.signature.state {
        SignatureState::None => "Not signed",
        SignatureState::Linker => "Linker (ad hoc)",
        SignatureState::Adhoc => "Ad hoc",
        SignatureState::Cms => "Signed with an identity",
        SignatureState::Unreadable => "Unreadable",
    };
    property_text(ui, "Signature", signature);
    if let Some(uuid) = &slice.uuid {
        property_path(ui, "UUID", uuid);
    }
}

fn reference(
    ui: &mut Ui,
    view: &View,
    opened: &Opened,
    graph: &Graph,
    node: usize,
    load: &Load,
    dependency: &Dependency,
) {
    let t = tokens(ui);
    let name = dependency.name.as_str();
    let words = crate::ui::widgets::path_lines(ui, name, Type::Mono, t.text_soft, ui.available_width());
    let (rect, response) = ui.allocate_exact_size(words.size(), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, name));
    ui.painter().galley(rect.min, words, t.text_soft);
    ui.add_space(6.0);
    property_path(ui, "Needed by", &short(&load.image));
    let kind = match dependency.kind {
        LoadKind::Required => "Required",
        LoadKind::Weak => "Weak: the launch goes on without it",
        LoadKind::Reexport => "Reexported: its symbols count as the library's own",
        LoadKind::Upward => "Upward: initialised later, to allow a cycle",
        LoadKind::Lazy => "Lazy: ignored by dyld since macOS 12",
        LoadKind::Delayed => "Delayed: initialised at first use",
    };
    property_text(ui, "Load kind", kind);
    let user = graph.image(&opened.inspection.bundle, &load.image);
    let launch = view.tree.launch(graph, node);
    if let (Some(user), Some(launch)) = (user, launch)
        && let Some(wanted) = user
            .file
            .slice(launch.arch)
            .and_then(|slice| slice.uses.iter().find(|u| u.name == dependency.name))
    {
        let versions =
            format!("current {}, compatible {}", wanted.current.dotted(), wanted.compatibility.dotted());
        property_text(ui, "Versions", &versions);
    }
    match &dependency.resolution {
        Resolution::Missing => {}
        Resolution::System(path) => origin(ui, &dependency.resolution, path.as_str()),
        Resolution::Bundled(path) => origin(ui, &dependency.resolution, path.as_str()),
        Resolution::External(path) => origin(ui, &dependency.resolution, path.as_str()),
    }
    let image =
        dependency.resolution.image().and_then(|id| graph.image(&opened.inspection.bundle, &id).cloned());
    if let Some(image) = image {
        let mut archs: Vec<String> = image.file.archs().map(|arch| arch.to_string()).collect();
        archs.sort();
        property_text(ui, "Slices", &archs.join(", "));
    }
}

/// Where it was found: a square mark, a word, and the path.
fn origin(ui: &mut Ui, resolution: &Resolution, path: &str) {
    let t = tokens(ui);
    let Some(origin) = Origin::of(resolution) else { return };
    let color = match origin {
        Origin::Bundle => t.origin_bundle,
        Origin::Build => t.origin_build,
        Origin::Host => t.origin_host,
        Origin::System => t.origin_system,
    };
    let word = origin.word(path);
    property(ui, "Found in", word, |ui, x, y, _| {
        let mark = Rect::from_center_size(pos2(x + 4.0, y), vec2(8.0, 8.0));
        ui.painter().rect_filled(mark, 2.0, color);
        paint_left(ui, x + 14.0, y, galley(ui, word, Type::Body, t.text));
    });
    property_path(ui, "Path", path);
}

fn short(id: &ImageId) -> String {
    let text = id.to_string();
    text.strip_prefix("Contents/").map(str::to_owned).unwrap_or(text)
}

fn section(ui: &mut Ui, words: &str) {
    let t = tokens(ui);
    ui.add_space(12.0);
    divider(ui);
    ui.add_space(12.0);
    label(ui, words, Type::Heading, t.text);
    ui.add_space(8.0);
}

/// Every candidate in dyld's order.
fn walk(ui: &mut Ui, view: &View, opened: &Opened, node: usize, load: &Load, dependency: &Dependency) {
    section(ui, "How dyld finds it");
    let rpaths = dependency.candidates.iter().filter(|candidate| candidate.rule == SearchRule::Rpath).count();
    let deciding = dependency
        .candidates
        .iter()
        .position(|c| matches!(c.outcome, Outcome::Found | Outcome::Reused { .. }));
    let mut rpath = 0;
    let last = dependency.candidates.len().saturating_sub(1);
    for (index, candidate) in dependency.candidates.iter().enumerate() {
        if candidate.rule == SearchRule::Rpath {
            rpath += 1;
        }
        let words = rule_words(candidate, rpath, rpaths);
        step(ui, index, &words, candidate, deciding == Some(index), index < last);
    }
    let own = view.selected_node().map(|node| view.tree.nodes[node].own);
    let advice = match own {
        Some(Own::Outside) => Some(elsewhere(view, opened, node, load, dependency)),
        Some(Own::NotFound) => {
            Some((Tone::Error, "dyld stops here: a required library is nowhere it looks."))
        }
        Some(Own::Twice) => {
            Some((Tone::Warning, "Two copies in one process: two sets of globals, classes and singletons."))
        }
        Some(Own::AbsentWeak) => {
            Some((Tone::Note, "A weak library may be absent. The app checks for it before it uses it."))
        }
        _ => None,
    };
    if let Some((tone, words)) = advice {
        let icon = match tone {
            Tone::Error => Icon::Error,
            Tone::Note => Icon::Note,
            _ => Icon::Warning,
        };
        callout(ui, tone, icon, words);
    }
}

/// What becomes of a reference to the build machine's library where that library is not.
fn elsewhere(
    view: &View,
    opened: &Opened,
    node: usize,
    load: &Load,
    dependency: &Dependency,
) -> (Tone, &'static str) {
    let launch = view.tree.launch(view.graph(opened), node);
    let same_launch =
        |other: &&Launch| launch.is_some_and(|l| (&l.entry, l.arch) == (&other.entry, other.arch));
    let clean = opened.inspection.clean.launches.iter().find(same_launch);
    let same_load = clean.and_then(|clean| clean.loads.of(&load.image));
    let there =
        same_load.and_then(|load| load.dependencies.iter().find(|other| other.name == dependency.name));
    match there.map(|there| (&there.resolution, there.kind)) {
        Some((Resolution::Bundled(_), _)) => (
            Tone::Warning,
            "On a clean Mac the bundle's own copy is found instead: what runs here is not what users get.",
        ),
        Some((Resolution::System(_), _)) => {
            (Tone::Note, "On a clean Mac the copy of macOS is found instead.")
        }
        Some((_, LoadKind::Weak)) => {
            (Tone::Warning, "On a clean Mac nothing is there, and the app goes on without it.")
        }
        Some(_) => (Tone::Warning, "On a clean Mac nothing is there, and dyld stops at this reference."),
        None => {
            (Tone::Warning, "On a clean Mac dyld does not come this far: what needs it is not there either.")
        }
    }
}

fn rule_words(candidate: &Candidate, rpath: usize, rpaths: usize) -> String {
    match candidate.rule {
        SearchRule::AlreadyLoaded => "Already loaded?".to_owned(),
        SearchRule::SharedCache => "In the macOS shared cache?".to_owned(),
        SearchRule::Absolute => "The name as it stands".to_owned(),
        SearchRule::Cryptex => "In the Cryptex volume of macOS".to_owned(),
        SearchRule::LoaderPath => "@loader_path".to_owned(),
        SearchRule::ExecutablePath => "@executable_path".to_owned(),
        SearchRule::Rpath => format!("@rpath {rpath} of {rpaths}"),
        SearchRule::Relative => "From the current folder".to_owned(),
        SearchRule::Fallback => "Fallback folders".to_owned(),
        SearchRule::RealPath => "With links resolved".to_owned(),
    }
}

fn step(ui: &mut Ui, index: usize, words: &str, candidate: &Candidate, deciding: bool, more: bool) {
    let t = tokens(ui);
    let left = 32.0;
    let width = ui.available_width() - left;
    let mut lines: Vec<(f32, std::sync::Arc<egui::Galley>)> = Vec::new();
    lines.push((0.0, galley(ui, words, Type::BodyMedium, t.text)));
    if let Some(by) = &candidate.declared_by {
        let name = short(by);
        let leaf = name.rsplit('/').next().unwrap_or(&name);
        lines.push((0.0, wrapped(ui, &format!("Declared by {leaf}:"), Type::Caption, t.text_soft, width)));
    }
    if let Some(rpath) = &candidate.rpath {
        lines.push((
            0.0,
            crate::ui::widgets::path_lines(ui, rpath.as_str(), Type::MonoCaption, t.text_soft, width),
        ));
    }
    let asked = matches!(candidate.rule, SearchRule::AlreadyLoaded | SearchRule::SharedCache);
    if !asked && !candidate.tried.as_str().is_empty() {
        lines.push((
            0.0,
            crate::ui::widgets::path_lines(ui, candidate.tried.as_str(), Type::Mono, t.text, width),
        ));
    }
    let (icon, tone, said) = outcome_words(candidate);
    let ink = if tone == Tone::Quiet { t.text_soft } else { tone.ink(t) };
    let kind = if deciding { Type::CaptionMedium } else { Type::Caption };
    lines.push((18.0, wrapped(ui, &said, kind, ink, width - 18.0)));
    let height = lines.iter().map(|(_, line)| line.size().y).sum::<f32>() + 6.0;
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height + 10.0), Sense::hover());
    let spoken = format!("Step {}: {words}, {} {said}", index + 1, candidate.tried);
    response.widget_info(|| WidgetInfo::labeled(Role::ListItem, true, &spoken));

    let center = pos2(rect.left() + 10.0, rect.top() + 10.0);
    if more {
        ui.painter().vline(center.x, center.y + 14.0..=rect.bottom() - 2.0, Stroke::new(1.0, t.line));
    }
    let (ring, ground) = if deciding { (tone.ink(t), tone.tint(t)) } else { (t.line, t.raised) };
    ui.painter().circle(center, 9.5, ground, Stroke::new(if deciding { 1.5 } else { 1.0 }, ring));
    let number = galley(
        ui,
        &(index + 1).to_string(),
        Type::CaptionMedium,
        if deciding { tone.ink(t) } else { t.text_soft },
    );
    paint_left(ui, center.x - number.size().x / 2.0, center.y, number);
    let mut y = rect.top() + 1.0;
    let last = lines.len() - 1;
    for (at, (indent, line)) in lines.into_iter().enumerate() {
        if at == last {
            y += 2.0;
            icon.paint_at(
                ui.painter(),
                pos2(rect.left() + left + 6.0, y + 8.0),
                size::ICON_SMALL,
                tone.ink(t),
            );
        }
        let height = line.size().y;
        ui.painter().galley(pos2(rect.left() + left + indent, y), line, t.text);
        y += height;
    }
}

/// An icon and dyld's words for what was found at a place.
fn outcome_words(candidate: &Candidate) -> (Icon, Tone, String) {
    let said = candidate.outcome.to_string();
    match (&candidate.outcome, candidate.rule) {
        (Outcome::Found, SearchRule::SharedCache) => {
            (Icon::Quiet, Tone::Quiet, "Yes, it comes with macOS".to_owned())
        }
        (Outcome::Found, _) => (Icon::Good, Tone::Good, "Found".to_owned()),
        (Outcome::Reused { .. }, _) => (Icon::Link, Tone::Good, capital(&said)),
        (Outcome::NoSuchFile, SearchRule::AlreadyLoaded) => (Icon::Quiet, Tone::Quiet, "No".to_owned()),
        (Outcome::NoSuchFile, SearchRule::SharedCache) => {
            (Icon::Quiet, Tone::Quiet, "No, this is not a system library".to_owned())
        }
        (Outcome::NoSuchFile | Outcome::NotAFile, _) => (Icon::Close, Tone::Quiet, capital(&said)),
        (Outcome::Skipped(_), _) => (Icon::Quiet, Tone::Quiet, capital(&said)),
        (Outcome::WrongArch { .. } | Outcome::Refused(_), _) => (Icon::Error, Tone::Error, capital(&said)),
    }
}

fn capital(words: &str) -> String {
    let mut letters = words.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().collect::<String>() + letters.as_str())
        .unwrap_or_default()
}
