//! One launch as a picture: pan by dragging, zoom by scrolling, arrow keys from image to image.

use std::sync::Arc;

use egui::{
    EventFilter, Id, Key, Layout, Modifiers, Painter, Pos2, Rect, Role, Sense, Shape, Stroke, StrokeKind, Ui,
    Vec2, WidgetInfo, pos2, vec2,
};

use crate::bundle::ImageId;
use crate::dyld::Graph;
use crate::jobs::Request;
use crate::macho::LoadKind;
use crate::maps::network::{Content, Network, Options};
use crate::ui::command::{Action, Outbox};
use crate::ui::facts::{Origin, counted};
use crate::ui::icons::Icon;
use crate::ui::theme::{Tokens, Type, size, tokens};
use crate::ui::widgets::{Button, empty, focus_ring, galley, inside, middle_elide, paint_left};

/// Distance of neighbours, and the size of a node, at zoom 1.
const STEP: Vec2 = vec2(188.0, 88.0);
const NODE: Vec2 = vec2(168.0, 30.0);
const CLOSEST: f32 = 2.0;
const FARTHEST: f32 = 0.05;
/// Below this zoom names cannot be read and are left out.
const READABLE: f32 = 0.7;

/// Graph, launch, and whether with the libraries of macOS.
type Subject = (Arc<Graph>, usize, bool);

#[derive(Default)]
pub struct Drawing {
    /// Libraries of macOS too.
    pub system: bool,
    shown: Option<(Subject, Arc<Network>)>,
    asked: Option<Subject>,
    pan: Vec2,
    zoom: f32,
    fitted: bool,
    /// To be fitted whole, though no name can be read then.
    whole: bool,
    /// The selection comes from elsewhere and is to be brought into sight.
    sought: bool,
    selected: Option<usize>,
}

fn same(a: &Subject, b: &Subject) -> bool {
    Arc::ptr_eq(&a.0, &b.0) && (a.1, a.2) == (b.1, b.2)
}

impl Drawing {
    pub fn arrived(&mut self, graph: Arc<Graph>, launch: usize, network: Arc<Network>) {
        let system = self.asked.take().is_some_and(|asked| asked.2);
        self.shown = Some(((graph, launch, system), network));
        (self.fitted, self.whole, self.selected) = (false, false, None);
    }

    pub fn give_up(&mut self) {
        self.asked = None;
    }

    fn buttons(&mut self, ui: &mut Ui) {
        ui.spacing_mut().item_spacing.x = 6.0;
        if Button::new("Fit").tip("Shows the whole picture · 0").show(ui).clicked() {
            (self.fitted, self.whole) = (false, true);
        }
        if Button::new("Zoom in").icon_only(Icon::Plus).tip("Zoom in · +").show(ui).clicked() {
            self.zoom_by(1.25);
        }
        if Button::new("Zoom out").icon_only(Icon::Minus).tip("Zoom out · −").show(ui).clicked() {
            self.zoom_by(0.8);
        }
    }

    fn zoom_by(&mut self, factor: f32) {
        let zoom = (self.zoom * factor).clamp(FARTHEST, CLOSEST);
        self.pan *= zoom / self.zoom.max(FARTHEST);
        self.zoom = zoom;
    }

    /// Answers the image that was chosen.
    pub fn show(
        &mut self,
        ui: &mut Ui,
        graph: &Arc<Graph>,
        launch: Option<usize>,
        selected: Option<&ImageId>,
        out: &mut Outbox,
    ) -> Option<ImageId> {
        let Some(launch) = launch else {
            empty(ui, Icon::Map, "No program was found, so there is nothing to draw.", None);
            return None;
        };
        let key = (Arc::clone(graph), launch, self.system);
        let Some(network) =
            self.shown.as_ref().filter(|(of, _)| same(of, &key)).map(|(_, network)| Arc::clone(network))
        else {
            if !self.asked.as_ref().is_some_and(|asked| same(asked, &key)) {
                let options = Options { system: self.system, ..Options::default() };
                let request = Request::Draw { graph: Arc::clone(graph), launch, options };
                out.push(Action::Ask(Box::new(request)));
                self.asked = Some(key);
            }
            empty(ui, Icon::Map, "The graph is being drawn…", None);
            return None;
        };
        let wanted = selected.and_then(|image| position(&network, image));
        if wanted.is_some() && self.selected.and_then(|at| image_of(&network, at)) != selected {
            self.selected = wanted;
            self.sought = true;
        }
        let before = self.selected;
        self.canvas(ui, &network);
        let now = self.selected.filter(|_| self.selected != before)?;
        image_of(&network, now).cloned()
    }

    fn canvas(&mut self, ui: &mut Ui, network: &Network) {
        let t = tokens(ui);
        let area = ui.available_rect_before_wrap();
        ui.painter().rect_filled(area, 0.0, t.canvas);
        if !self.fitted {
            self.fit(area, network);
        }
        if std::mem::take(&mut self.sought) {
            self.reveal(area, network);
        }
        let id = Id::unique("graph");
        let ground = ui.interact(area, id, Sense::click_and_drag());
        let count = counted(network.nodes.len(), "node");
        ground.widget_info(|| WidgetInfo::labeled(Role::Canvas, true, format!("Graph of {count}")));
        if ground.dragged() {
            self.pan += ground.drag_delta();
        }
        if ground.clicked() {
            ui.memory_mut(|memory| memory.request_focus(id));
        }
        self.wheel(ui, area, &ground);
        let filter = EventFilter { horizontal_arrows: true, vertical_arrows: true, ..EventFilter::default() };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(id, filter));
        if ground.has_focus() {
            self.keys(ui, area, network);
        }
        let painter = ui.painter_at(area);
        let places: Vec<Rect> =
            network.nodes.iter().map(|node| self.place(area, network, node.x, node.y)).collect();
        self.edges(&painter, network, &places, area, t);
        self.nodes(ui, &painter, network, &places, area, id);
        focus_ring(ui, &ground, area.shrink(3.0), 4.0);
        self.caption(&painter, ui, network, area);
        let bar = Rect::from_min_size(area.min, vec2(area.width(), 44.0)).shrink2(vec2(size::PADDING, 8.0));
        inside(ui, bar, Layout::right_to_left(egui::Align::Center), |ui| self.buttons(ui));
    }

    fn fit(&mut self, area: Rect, network: &Network) {
        let whole = vec2(network.width * STEP.x + NODE.x + 48.0, network.height * STEP.y + NODE.y + 96.0);
        let fits = (area.width() / whole.x).min(area.height() / whole.y).clamp(FARTHEST, 1.0);
        self.zoom = if self.whole { fits } else { fits.max(READABLE) };
        self.pan = Vec2::ZERO;
        self.fitted = true;
        // What is too large begins at the program that starts it.
        if let Some(start) = network.nodes.first().filter(|_| self.zoom > fits) {
            let at = self.place(area, network, start.x, start.y).center();
            self.pan = pos2(area.center().x, area.top() + 72.0) - at;
        }
    }

    fn place(&self, area: Rect, network: &Network, x: f32, y: f32) -> Rect {
        let middle = vec2(network.width, network.height) / 2.0;
        let at = (vec2(x, y) - middle) * STEP * self.zoom;
        Rect::from_center_size(area.center() + self.pan + at, NODE * self.zoom)
    }

    fn wheel(&mut self, ui: &Ui, area: Rect, ground: &egui::Response) {
        let Some(at) = ground.hover_pos() else { return };
        let (scroll, pinch) = ui.input(|input| (input.smooth_scroll_delta().y, input.zoom_delta()));
        let factor = if pinch != 1.0 { pinch } else { (scroll / 240.0).exp() };
        if factor == 1.0 {
            return;
        }
        let zoom = (self.zoom * factor).clamp(FARTHEST, CLOSEST);
        let from = at - area.center();
        self.pan = from - (from - self.pan) * (zoom / self.zoom);
        self.zoom = zoom;
    }

    fn keys(&mut self, ui: &Ui, area: Rect, network: &Network) {
        let pressed = |key: Key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
        for (key, toward) in [
            (Key::ArrowLeft, vec2(-1.0, 0.0)),
            (Key::ArrowRight, vec2(1.0, 0.0)),
            (Key::ArrowUp, vec2(0.0, -1.0)),
            (Key::ArrowDown, vec2(0.0, 1.0)),
        ] {
            if pressed(key) {
                self.selected = Some(self.selected.map_or(0, |from| next(network, from, toward)));
                self.reveal(area, network);
            }
        }
        if pressed(Key::Plus) || pressed(Key::Equals) {
            self.zoom_by(1.25);
        }
        if pressed(Key::Minus) {
            self.zoom_by(0.8);
        }
        if pressed(Key::Num0) {
            (self.fitted, self.whole) = (false, true);
        }
    }

    /// Moves the picture so that the selected node is in sight.
    fn reveal(&mut self, area: Rect, network: &Network) {
        let Some(node) = self.selected.and_then(|at| network.nodes.get(at)) else { return };
        let place = self.place(area, network, node.x, node.y);
        if !area.shrink(24.0).contains_rect(place) {
            self.pan += area.center() - place.center();
        }
    }

    fn edges(&self, painter: &Painter, network: &Network, places: &[Rect], area: Rect, t: &Tokens) {
        let lit = |edge: &&crate::maps::network::Edge| {
            Some(edge.from) == self.selected || Some(edge.to) == self.selected
        };
        let line = |edge: &crate::maps::network::Edge| {
            let (from, to) = (places.get(edge.from)?, places.get(edge.to)?);
            let down = from.center().y <= to.center().y;
            let ends = match down {
                true => [from.center_bottom(), to.center_top()],
                false => [from.center_top(), to.center_bottom()],
            };
            area.intersects(Rect::from_two_pos(ends[0], ends[1]).expand(1.0)).then_some(ends)
        };
        for edge in network.edges.iter().filter(|edge| !lit(edge)) {
            if let Some(ends) = line(edge) {
                painter.line_segment(ends, Stroke::new(1.0, t.outline.gamma_multiply(0.45)));
            }
        }
        for edge in network.edges.iter().filter(lit) {
            let Some(ends) = line(edge) else { continue };
            let stroke =
                Stroke::new(1.5, if Some(edge.from) == self.selected { t.accent } else { t.origin_build });
            if edge.kind == LoadKind::Weak {
                painter.extend(Shape::dashed_line(&ends, stroke, 4.0, 3.0));
            } else {
                painter.line_segment(ends, stroke);
            }
            arrow(painter, ends, stroke);
        }
    }

    fn nodes(&mut self, ui: &Ui, painter: &Painter, network: &Network, places: &[Rect], area: Rect, id: Id) {
        let t = tokens(ui);
        for (at, node) in network.nodes.iter().enumerate() {
            let Some(place) = places.get(at).filter(|place| area.intersects(**place)) else { continue };
            let response = ui.interact(place.intersect(area), id.with(at), Sense::CLICK);
            let needed = network.edges.iter().any(|edge| edge.to == at && !edge.may_be_missing());
            let (name, kind, ink) = look(&node.content, needed, t);
            let on = self.selected == Some(at);
            response.widget_info(|| WidgetInfo::labeled(Role::TreeItem, true, format!("{name}, {kind}")));
            ui.ctx().accesskit_node_builder(response.id, |node| node.set_selected(on));
            let ground = if on {
                t.selected
            } else if response.hovered() {
                t.hover
            } else {
                t.panel
            };
            let edge = if on { Stroke::new(2.0, t.accent) } else { Stroke::new(1.0, ink) };
            painter.rect(*place, 5.0 * self.zoom, ground, edge, StrokeKind::Inside);
            if self.zoom >= READABLE {
                let words = if matches!(node.content, Content::Missing(_)) { ink } else { t.text };
                name_in(ui, painter, &name, *place, ink, words);
            }
            if self.zoom < READABLE && on {
                let words = galley(ui, &name, Type::MonoMedium, t.text);
                let under = pos2(place.center().x - words.size().x / 2.0, place.bottom() + 3.0);
                let ground = Rect::from_min_size(under, words.size()).expand2(vec2(4.0, 1.0));
                painter.rect_filled(ground, 4.0, t.selected);
                painter.galley(under, words, t.text);
            }
            if response.clicked() {
                self.selected = Some(at);
                ui.memory_mut(|memory| memory.request_focus(id));
            }
            let names = node.content.names();
            let shown = names.iter().take(12).cloned().collect::<Vec<_>>().join("\n");
            let more =
                if names.len() > 12 { format!("\nand {} more", names.len() - 12) } else { String::new() };
            response.on_hover_text(format!("{kind}\n{shown}{more}"));
        }
    }

    fn caption(&self, painter: &Painter, ui: &Ui, network: &Network, area: Rect) {
        let t = tokens(ui);
        let legend = match self.selected {
            Some(_) => "blue: what it uses, violet: what uses it",
            None => "drag to move, scroll to zoom, arrow keys from image to image",
        };
        let words = format!(
            "{}, {} · {:.0} % · {legend}",
            counted(network.nodes.len(), "node"),
            counted(network.edges.len(), "edge"),
            self.zoom * 100.0
        );
        let words = crate::ui::widgets::cut(ui, &words, Type::Caption, t.text_soft, area.width() - 32.0);
        let at = pos2(area.left() + size::PADDING, area.bottom() - 24.0);
        painter.rect_filled(Rect::from_min_size(at, words.size()).expand2(vec2(6.0, 3.0)), 4.0, t.canvas);
        painter.galley(at, words, t.text_soft);
    }
}

fn name_in(ui: &Ui, painter: &Painter, name: &str, place: Rect, ink: egui::Color32, words: egui::Color32) {
    let room = ((place.width() - 28.0) / 6.7).max(3.0) as usize;
    let words = galley(ui, &middle_elide(name, room), Type::MonoCaption, words);
    let y = place.center().y;
    let mark = Rect::from_center_size(pos2(place.left() + 11.0, y), vec2(8.0, 8.0));
    painter.rect_filled(mark, 2.0, ink);
    paint_left(ui, place.left() + 20.0, y, words);
}

fn arrow(painter: &Painter, [from, to]: [Pos2; 2], stroke: Stroke) {
    let along = (to - from).normalized();
    let side = vec2(-along.y, along.x);
    let base = to - along * 7.0;
    let points = vec![to, base + side * 3.5, base - side * 3.5];
    painter.add(Shape::convex_polygon(points, stroke.color, Stroke::NONE));
}

/// A node's name, what it is, and the colour of its origin. `needed` says whether a launch ends without it.
fn look(content: &Content, needed: bool, t: &Tokens) -> (String, String, egui::Color32) {
    let leaf = |text: &str| text.rsplit('/').next().unwrap_or(text).to_owned();
    match content {
        Content::Image(image) | Content::OfHost(image) => {
            let path = image.to_string();
            let host = if matches!(content, Content::OfHost(_)) { ", loaded by the host before" } else { "" };
            match image {
                ImageId::Bundled(_) => (leaf(&path), format!("in the bundle{host}"), t.origin_bundle),
                ImageId::External(_) => {
                    let origin = Origin::outside(&path);
                    let ink = if origin == Origin::Host { t.origin_host } else { t.origin_build };
                    (leaf(&path), format!("outside the bundle, {}{host}", origin.word(&path)), ink)
                }
            }
        }
        Content::System(path) => (leaf(path.as_str()), "part of macOS".to_owned(), t.origin_system),
        Content::Missing(name) if needed => (name.leaf().to_owned(), "not found".to_owned(), t.error),
        Content::Missing(name) => (name.leaf().to_owned(), "absent and not needed".to_owned(), t.note),
        Content::Systems(all) => (
            counted(all.len(), "macOS library").replace("librarys", "libraries"),
            "part of macOS".to_owned(),
            t.origin_system,
        ),
        Content::LeavesOf(_, all) => {
            (counted(all.len(), "image"), "that only this one uses".to_owned(), t.origin_bundle)
        }
        Content::Others(all) => {
            (counted(all.len(), "image"), "drawn together for want of room".to_owned(), t.origin_bundle)
        }
    }
}

fn image_of(network: &Network, at: usize) -> Option<&ImageId> {
    match &network.nodes.get(at)?.content {
        Content::Image(image) | Content::OfHost(image) => Some(image),
        _ => None,
    }
}

fn position(network: &Network, image: &ImageId) -> Option<usize> {
    (0..network.nodes.len()).find(|at| image_of(network, *at) == Some(image))
}

/// The nearest node in a direction; the same one where there is none.
fn next(network: &Network, from: usize, toward: Vec2) -> usize {
    let Some(here) = network.nodes.get(from) else { return 0 };
    let far = |x: f32, y: f32| {
        let way = vec2(x - here.x, y - here.y);
        let ahead = way.x * toward.x + way.y * toward.y;
        let aside = (way.x * toward.y - way.y * toward.x).abs();
        (ahead > 0.01).then_some(ahead + 2.0 * aside)
    };
    let others = network.nodes.iter().enumerate().filter_map(|(at, node)| Some((far(node.x, node.y)?, at)));
    others.min_by(|a, b| a.0.total_cmp(&b.0)).map_or(from, |(_, at)| at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::maps::network::Node;
    use crate::paths::RuntimePath;

    fn network(places: &[(f32, f32)]) -> Network {
        let node = |&(x, y): &(f32, f32)| Node {
            content: Content::System(RuntimePath::new("/usr/lib/x")),
            layer: 0,
            x,
            y,
        };
        Network { nodes: places.iter().map(node).collect(), ..Network::default() }
    }

    #[test]
    fn arrow_keys_go_to_the_nearest_node_in_their_direction() {
        let network = network(&[(1.0, 0.0), (0.0, 1.0), (1.0, 1.0), (2.0, 1.0)]);
        assert_eq!(next(&network, 0, vec2(0.0, 1.0)), 2);
        assert_eq!(next(&network, 2, vec2(1.0, 0.0)), 3);
        assert_eq!(next(&network, 2, vec2(-1.0, 0.0)), 1);
        assert_eq!(next(&network, 3, vec2(1.0, 0.0)), 3);
    }
}
