//! The selected row: its facts, every place dyld tries for it, and what would mend it.

use egui::{Layout, Margin, Rect, Role, ScrollArea, Sense, Ui, WidgetInfo, pos2, vec2};

use super::View;
use super::rows;
use super::tree::What;
use crate::bundle::{EntryKind, Image, ImageId};
use crate::dyld::graph::{Dependency, Launch, Load};
use crate::dyld::{Graph, Resolution};
use crate::fix::Selection;
use crate::macho::{LoadKind, SignatureState};
use crate::ui::command::{Action, Outbox};
use crate::ui::facts::{Origin, counted};
use crate::ui::icons::Icon;
use crate::ui::pages::overview::one_place_a_line;
use crate::ui::state::Opened;
use crate::ui::theme::{Type, size, tokens};
use crate::ui::widgets::{
    Button, action_bar, divider, galley, label, paint_left, property, property_path, property_text,
    status_width,
};

pub fn show(ui: &mut Ui, view: &mut View, opened: &Opened, out: &mut Outbox) {
    let Some(node) = view.selected_node() else {
        crate::ui::widgets::empty(ui, Icon::Tree, "Select a row to see how dyld finds it.", None);
        return;
    };
    view.refresh_walk(opened, node);
    let mut jump = None;
    action_bar(ui, "dependency-actions", |ui| actions(ui, view, opened, node, &mut jump, out));
    let mut explained = view.walk.explained;
    ScrollArea::vertical().id_salt(("inspector", view.selected)).auto_shrink(false).show(ui, |ui| {
        egui::Frame::new().inner_margin(Margin::same(16)).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            let graph = view.graph(opened);
            match view.tree.nodes[node].what.clone() {
                What::AtRunTime { plug_ins } => at_run_time(ui, plug_ins),
                What::Entry { .. } => {
                    if let Some(launch) = view.tree.launch(graph, node) {
                        entry(ui, opened, graph, launch, view.walk.says.as_deref());
                    }
                }
                What::Reference { .. } => {
                    if let Some((load, dependency)) = view.tree.dependency(graph, node) {
                        let status = view.tree.status(node);
                        title(ui, dependency.name.leaf(), Some(&status));
                        reference(ui, view, opened, graph, node, load, dependency);
                        super::walk::show(ui, &mut explained, &view.walk, out);
                    }
                }
            }
        });
    });
    view.walk.explained = explained;
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
        ui.spacing_mut().item_spacing.x = 8.0;
        if let Some(image) = view.tree.image(view.graph(opened), node) {
            let why = Button::new("Why is this here").icon_only(Icon::Map);
            if why.tip("Why is this here: who needs it, by the shortest ways").show(ui).clicked() {
                out.push(Action::ShowInMaps(image));
            }
        }
        if let Some(path) = rows::whole_path(&view.tree, view.graph(opened), opened, node)
            && Button::new("Copy path").icon_only(Icon::Copy).tip("Copies the whole path").show(ui).clicked()
        {
            out.push(Action::Copy(path.to_string()));
        }
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

fn entry(ui: &mut Ui, opened: &Opened, graph: &Graph, launch: &Launch, says: Option<&str>) {
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
    section(ui, "What dyld says");
    match says {
        Some(message) => {
            crate::ui::widgets::mono_block(ui, &format!("dyld[1]: {}", one_place_a_line(message)), None)
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

/// Mac it was found: a square mark, a word, and the path.
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

pub fn short(id: &ImageId) -> String {
    let text = id.to_string();
    text.strip_prefix("Contents/").map(str::to_owned).unwrap_or(text)
}

pub fn section(ui: &mut Ui, words: &str) {
    let t = tokens(ui);
    ui.add_space(12.0);
    divider(ui);
    ui.add_space(12.0);
    label(ui, words, Type::Heading, t.text);
    ui.add_space(8.0);
}
