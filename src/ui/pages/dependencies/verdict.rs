//! What dyld makes of the whole process, in a line above the tree.

use egui::{Layout, Role, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

use super::tree::{Own, Tree, What, missing};
use crate::bundle::ImageId;
use crate::dyld::{Graph, Place, walk};
use crate::macho::{Arch, InstallName};
use crate::paths::BundlePath;
use crate::ui::command::{Action, Outbox};
use crate::ui::facts::counted;
use crate::ui::icons::Icon;
use crate::ui::state::Opened;
use crate::ui::theme::{Type, size, tokens};
use crate::ui::widgets::{Button, Tone, cut, inside, paint_left};

/// The line, and the reference that it is about.
#[derive(Default)]
pub struct Verdict {
    tone: Option<Tone>,
    words: String,
    detail: String,
    target: Option<(ImageId, Option<InstallName>)>,
}

impl Verdict {
    pub fn of(opened: &Opened, graph: &Graph, tree: &Tree, entry: &BundlePath, arch: Arch) -> Verdict {
        let mac = match graph.place {
            Place::CleanMac => "Clean Mac",
            Place::HomebrewMac(_) => "Mac with Homebrew",
            Place::BuildMac(_) => "Build Mac",
        };
        let mac = format!("{mac}, macOS {}", graph.conditions.os.name());
        let name = entry.file_name();
        let stop = |at: usize| {
            let missing = missing(&opened.inspection, graph, at);
            walk::stop(&opened.inspection.bundle, graph, graph.launches.get(at)?, missing)
        };
        let at = graph.launches.iter().position(|launch| launch.entry == *entry && launch.arch == arch);
        let Some(at) = at else { return Verdict::default() };
        if let Some(stop) = stop(at) {
            return Verdict {
                tone: Some(Tone::Error),
                words: format!("{name} does not start"),
                detail: format!("{mac}: {}", stop.words),
                target: Some((stop.image, stop.name)),
            };
        }
        let at = |own: Own| (0..tree.nodes.len()).filter(move |&node| tree.nodes[node].own == own);
        let reference = |node: usize| {
            let (load, dependency) = tree.dependency(graph, node)?;
            Some((load.image.clone(), Some(dependency.name.clone())))
        };
        let closed: Vec<usize> = at(Own::CannotStart).collect();
        if let Some(&first) = closed.first() {
            let plug_ins = counted(closed.len(), "plug-in");
            let stop = match tree.nodes[first].what {
                What::Entry { launch } => stop(launch),
                _ => None,
            };
            return Verdict {
                tone: Some(Tone::Warning),
                words: format!("{name} starts, but {plug_ins} cannot be opened"),
                detail: stop.as_ref().map_or_else(|| mac.clone(), |stop| format!("{mac}: {}", stop.words)),
                target: stop.map(|stop| (stop.image, stop.name)),
            };
        }
        if let Some(first) = at(Own::Twice).next_back() {
            return Verdict {
                tone: Some(Tone::Warning),
                words: format!("{name} starts, with one library loaded twice"),
                detail: format!("{mac}: what one copy knows, the other does not"),
                target: reference(first),
            };
        }
        let outside = at(Own::Outside).next();
        let more = if outside.is_some() { ", with libraries that the bundle does not have" } else { "" };
        Verdict {
            tone: Some(if outside.is_some() { Tone::Warning } else { Tone::Good }),
            words: format!("{name} starts"),
            detail: format!("{mac}{more}"),
            target: outside.and_then(reference),
        }
    }

    pub fn show(&self, ui: &mut Ui, out: &mut Outbox) {
        let Some(tone) = self.tone else { return };
        let t = tokens(ui);
        let height = size::TWO_LINES;
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
        let spoken = format!("{}. {}", self.words, self.detail);
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, spoken.clone()));
        let icon = match tone {
            Tone::Error => Icon::Error,
            Tone::Good => Icon::Good,
            _ => Icon::Warning,
        };
        ui.painter().rect_filled(rect, 0.0, tone.tint(t));
        ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, t.line));
        let y = rect.center().y;
        icon.paint_at(ui.painter(), pos2(rect.left() + 24.0, y), size::ICON, tone.ink(t));
        let mut right = rect.right() - size::PADDING;
        if let Some((image, name)) = &self.target {
            let bounds = rect.shrink2(vec2(size::PADDING, (height - size::CONTROL_SMALL) / 2.0));
            inside(ui, bounds, Layout::right_to_left(egui::Align::Center), |ui| {
                if Button::new("Show me").small().tip("Selects the reference and its walk").show(ui).clicked()
                {
                    out.push(Action::ShowInTree(image.clone(), name.clone()));
                }
                right = ui.min_rect().left() - 12.0;
            });
        }
        let x = rect.left() + 40.0;
        let words = cut(ui, &self.words, Type::BodyMedium, t.text, right - x);
        paint_left(ui, x, y - 9.0, words);
        paint_left(ui, x, y + 9.0, cut(ui, &self.detail, Type::Body, t.text_soft, right - x));
        response.on_hover_text(spoken);
    }
}
