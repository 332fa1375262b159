//! The Finder window of the image: icons are dragged, nudged and snapped; what is shown is what is written.

use egui::{
    Align2, Color32, CursorIcon, EventFilter, Id, Key, Pos2, Rect, Response, Role, Sense, Shape, Stroke,
    StrokeKind, Ui, Vec2, WidgetInfo, pos2, vec2,
};

use super::View;
use crate::dmg::{Background, Color, ItemSource};
use crate::ui::shell::app_icon;
use crate::ui::state::Opened;
use crate::ui::theme::{Tokens, Type, size, tokens};
use crate::ui::widgets::{focus_ring, galley, paint_left};

/// The grid that icons snap to, in points.
pub const GRID: i32 = 16;
/// Height of the Finder's title bar.
const TITLE: f32 = 28.0;
/// Status bar and path bar of the Finder: nobody controls whether they are there.
const COVERED: f32 = 43.0;
/// How near to the middle an icon must come to keep to it.
const NEAR: i32 = 6;

pub fn icon_id(name: &str) -> Id {
    Id::unique(("dmg-icon", name))
}

/// Mac `wanted` comes to rest: on the grid, or on the middle of a window `width` wide.
pub fn snapped(wanted: (i32, i32), width: i32, others: &[(i32, i32)]) -> (i32, i32) {
    let grid = |at: i32| (at + GRID / 2).div_euclid(GRID) * GRID;
    let near = |at: i32, line: i32| (at - line).abs() <= NEAR;
    // The other icons' own lines first: icons beside each other are what the eye compares.
    let y = others
        .iter()
        .map(|other| other.1)
        .find(|line| near(wanted.1, *line))
        .unwrap_or_else(|| grid(wanted.1));
    let x = if near(wanted.0, width / 2) {
        width / 2
    } else {
        let row: Vec<i32> = others.iter().filter(|other| other.1 == y).map(|other| other.0).collect();
        let even = evenly(&row).into_iter();
        let mirrored = others.iter().map(|other| width - other.0);
        let columns = others.iter().map(|other| other.0);
        let mut lines = even.chain(mirrored).chain(columns);
        lines.find(|line| near(wanted.0, *line)).unwrap_or_else(|| grid(wanted.0))
    };
    (x, y)
}

/// Where one more would stand as far from its neighbour as these two stand apart, or in the middle between them.
fn evenly(row: &[i32]) -> Vec<i32> {
    let mut places = Vec::new();
    for (index, a) in row.iter().enumerate() {
        for b in row.iter().skip(index + 1).filter(|b| *b != a) {
            places.extend([(a + b) / 2, 2 * b - a, 2 * a - b]);
        }
    }
    places
}

/// Keeps a centre inside of the window.
fn inside(at: (i32, i32), window: (i32, i32)) -> (i32, i32) {
    (at.0.clamp(0, window.0.max(0)), at.1.clamp(0, window.1.max(0)))
}

pub fn show(ui: &mut Ui, view: &mut View, opened: Option<&Opened>) {
    let t = tokens(ui);
    let area = ui.available_rect_before_wrap();
    let Some(spec) = &view.spec else { return };
    let window = spec.layout.window;
    let (wide, high) = (window.width as f32, window.height as f32);
    let scale = ((area.width() - 48.0) / wide).min((area.height() - 96.0) / high).clamp(0.1, 1.0);
    let place = Rect::from_center_size(area.center() - vec2(0.0, 12.0), vec2(wide, high) * scale);
    chrome(ui, view, place, scale, t);
    let content = Rect::from_min_max(pos2(place.left(), place.top() + TITLE * scale), place.max);
    background(ui, view, content, scale);
    cover(ui, content, scale);
    icons(ui, view, opened, content, scale);
    corner(ui, view, place, scale);
    foot(ui, area, scale, t);
}

fn chrome(ui: &Ui, view: &View, place: Rect, scale: f32, t: &Tokens) {
    let radius = 10.0 * scale;
    ui.painter().add(t.shadow.as_shape(place, radius));
    let (bar, ink, edge) = if view.dark {
        (Color32::from_rgb(0x38, 0x38, 0x3A), Color32::from_rgb(0xE0, 0xE0, 0xE2), Color32::from_gray(0x50))
    } else {
        (Color32::from_rgb(0xF0, 0xF0, 0xF0), Color32::from_rgb(0x3C, 0x3C, 0x3E), Color32::from_gray(0xC8))
    };
    ui.painter().rect_filled(place, radius, bar);
    let y = place.top() + TITLE * scale / 2.0;
    for (index, light) in [(0xFF, 0x5F, 0x57), (0xFE, 0xBC, 0x2E), (0x28, 0xC8, 0x40)].into_iter().enumerate()
    {
        let at = pos2(place.left() + (16.0 + 20.0 * index as f32) * scale, y);
        ui.painter().circle_filled(at, 6.0 * scale, Color32::from_rgb(light.0, light.1, light.2));
    }
    let name = view.spec.as_ref().map(|spec| spec.volume_name.as_str()).unwrap_or_default();
    let mut font = Type::Heading.font();
    font.size *= scale;
    ui.painter().text(pos2(place.center().x, y), Align2::CENTER_CENTER, name, font, ink);
    ui.painter().rect_stroke(place, radius, Stroke::new(1.0, edge), StrokeKind::Outside);
}

/// The ground that the Finder paints where there is no picture.
fn plain(view: &View) -> Color32 {
    if view.dark { Color32::from_rgb(0x1E, 0x1E, 0x20) } else { Color32::WHITE }
}

fn background(ui: &Ui, view: &View, content: Rect, scale: f32) {
    let corner = egui::CornerRadius { nw: 0, ne: 0, sw: 9, se: 9 };
    let ground = match view.spec.as_ref().map(|spec| &spec.layout.background) {
        Some(Background::Color { color: Color { red, green, blue } }) => {
            Color32::from_rgb(*red, *green, *blue)
        }
        _ => plain(view),
    };
    ui.painter().rect_filled(content, corner, ground);
    let pictured = view.spec.as_ref().is_some_and(|spec| spec.layout.background.has_picture());
    if let Some((picture, size)) = view.picture.as_ref().filter(|_| pictured) {
        // The Finder hangs a picture into the top left corner, in its own size.
        let shown = Rect::from_min_size(content.min, *size * scale).intersect(content);
        let uv = Rect::from_min_max(Pos2::ZERO, (shown.size() / (*size * scale)).to_pos2());
        let image =
            egui::epaint::RectShape::filled(shown, corner, Color32::WHITE).with_texture(picture.id(), uv);
        ui.painter().add(image);
    }
}

/// Hatches the strip that the Finder's own bars may cover.
fn cover(ui: &Ui, content: Rect, scale: f32) {
    let strip = Rect::from_min_max(pos2(content.left(), content.bottom() - COVERED * scale), content.max);
    let ink = Color32::from_rgba_unmultiplied(0x40, 0x60, 0x70, 60);
    let painter = ui.painter().with_clip_rect(strip);
    let mut x = strip.left() - strip.height();
    while x < strip.right() {
        painter.line_segment(
            [pos2(x, strip.bottom()), pos2(x + strip.height(), strip.top())],
            Stroke::new(1.0, ink),
        );
        x += 10.0 * scale.max(0.4);
    }
    let edge = Stroke::new(1.0, Color32::from_rgba_unmultiplied(0x40, 0x60, 0x70, 120));
    ui.painter().extend(Shape::dashed_line(&[strip.left_top(), strip.right_top()], edge, 4.0, 3.0));
    let words = galley(ui, "Finder may cover this strip", Type::Caption, Color32::from_rgb(0x1A, 0x2A, 0x33));
    let plate = Rect::from_min_size(
        pos2(strip.left() + 12.0, strip.center().y - 8.0),
        words.size() + vec2(12.0, 0.0),
    );
    if plate.width() < strip.width() * 0.6 {
        ui.painter().rect_filled(
            plate,
            size::RADIUS_BADGE,
            Color32::from_rgba_unmultiplied(0xFF, 0xFF, 0xFF, 220),
        );
        paint_left(ui, plate.left() + 6.0, plate.center().y, words);
    }
}

fn icons(ui: &mut Ui, view: &mut View, opened: Option<&Opened>, content: Rect, scale: f32) {
    let Some(spec) = view.spec.clone() else { return };
    let window = (spec.layout.window.width as i32, spec.layout.window.height as i32 - TITLE as i32);
    let mut moving = None;
    for item in &spec.items {
        let at = spec.layout.positions.get(&item.name).copied().unwrap_or((window.0 / 2, window.1 / 2));
        let others: Vec<(i32, i32)> =
            spec.layout.positions.iter().filter(|(name, _)| **name != item.name).map(|(_, at)| *at).collect();
        let center = content.min + vec2(at.0 as f32, at.1 as f32) * scale;
        let response = icon(
            ui,
            view,
            opened,
            &item.name,
            &item.source,
            center,
            spec.layout.icon_size as f32,
            spec.layout.text_size as f32,
            scale,
        );
        if response.clicked() || response.drag_started() {
            view.selected = Some(item.name.clone());
            response.request_focus();
        }
        let mut to = at;
        if let Some(grip) = grip(ui, &response, at, scale) {
            let free = view.snap_off || ui.input(|input| input.modifiers.command);
            to = if free { grip } else { snapped(grip, window.0, &others) };
            moving = Some((to, others.clone()));
        } else if response.has_focus() {
            view.selected = Some(item.name.clone());
            to = nudged(ui, &response, at);
        }
        let to = inside(to, window);
        if to != at
            && let Some(spec) = &mut view.spec
        {
            spec.layout.positions.insert(item.name.clone(), to);
            view.forget_result();
        }
    }
    if let Some((at, others)) = moving {
        guides(ui, content, scale, at, &others, window);
    }
}

/// The corner by which the window is made larger and smaller.
fn corner(ui: &mut Ui, view: &mut View, place: Rect, scale: f32) {
    let grip = Rect::from_center_size(place.right_bottom() - vec2(7.0, 7.0), Vec2::splat(22.0));
    let response = ui.interact(grip, Id::unique("dmg-corner"), Sense::drag());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, "Resize the Finder's window"));
    let Some(spec) = &mut view.spec else { return };
    let window = &mut spec.layout.window;
    let key = response.id.with("size-and-scale");
    if response.drag_started() {
        ui.data_mut(|data| data.insert_temp(key, (window.width as f32, window.height as f32, scale)));
    }
    let from: Option<(f32, f32, f32)> = ui.data(|data| data.get_temp(key));
    if let (true, Some((wide, high, scale)), Some(moved)) =
        (response.dragged(), from, response.total_drag_delta())
    {
        // The canvas keeps the window in its middle, so that the corner moves half as far as the pointer.
        let size = vec2(wide, high) + moved * 2.0 / scale;
        let step = |points: f32| ((points / 10.0).round() * 10.0).clamp(200.0, 2_000.0) as u32;
        (window.width, window.height) = (step(size.x), step(size.y));
        view.forget_result();
    }
    let ink = if view.dark { Color32::from_gray(0xA0) } else { Color32::from_gray(0x70) };
    for inset in [4.0, 8.0, 12.0] {
        let (right, bottom) = (place.right() - 3.0, place.bottom() - 3.0);
        let line = [pos2(right - inset, bottom), pos2(right, bottom - inset)];
        ui.painter().line_segment(line, Stroke::new(1.0, ink));
    }
    let tip = "Drag to resize the window; the fields Size take numbers";
    response.on_hover_cursor(CursorIcon::ResizeNwSe).on_hover_text(tip);
}

/// Mac the pointer has dragged an icon to, before snapping.
fn grip(ui: &Ui, response: &Response, at: (i32, i32), scale: f32) -> Option<(i32, i32)> {
    let key = response.id.with("grabbed-at");
    if response.drag_started() {
        ui.data_mut(|data| data.insert_temp(key, at));
    }
    if !response.dragged() {
        return None;
    }
    let from: (i32, i32) = ui.data(|data| data.get_temp(key))?;
    let moved: Vec2 = response.total_drag_delta()? / scale;
    Some((from.0 + moved.x.round() as i32, from.1 + moved.y.round() as i32))
}

/// Arrow keys: one point, sixteen with Shift.
fn nudged(ui: &mut Ui, response: &Response, at: (i32, i32)) -> (i32, i32) {
    let filter = EventFilter { horizontal_arrows: true, vertical_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
    ui.input(|input| {
        let step = if input.modifiers.shift { GRID } else { 1 };
        let pressed = |key: Key| input.num_presses(key) as i32 * step;
        (
            at.0 + pressed(Key::ArrowRight) - pressed(Key::ArrowLeft),
            at.1 + pressed(Key::ArrowDown) - pressed(Key::ArrowUp),
        )
    })
}

#[expect(clippy::too_many_arguments, reason = "an icon as the Finder draws it")]
fn icon(
    ui: &mut Ui,
    view: &View,
    opened: Option<&Opened>,
    name: &str,
    source: &ItemSource,
    center: Pos2,
    side: f32,
    text: f32,
    scale: f32,
) -> Response {
    let t = tokens(ui);
    let picture = Rect::from_center_size(center, vec2(side, side) * scale);
    let mut font = Type::Body.font();
    font.size = text * scale;
    let shown = name.strip_suffix(".app").unwrap_or(name);
    let ink = label_ink(view);
    let words = ui.painter().layout_no_wrap(shown.to_owned(), font, ink);
    let whole =
        picture.union(Rect::from_center_size(pos2(center.x, picture.bottom() + 12.0 * scale), words.size()));
    let response = ui.interact(whole, icon_id(name), Sense::click_and_drag());
    let at = view.spec.as_ref().and_then(|spec| spec.layout.positions.get(name)).copied().unwrap_or_default();
    response.widget_info(|| {
        WidgetInfo::labeled(Role::Button, true, format!("Icon {shown} at {}, {}", at.0, at.1))
    });
    let drawn = picture.shrink(side * scale * 0.03);
    match source {
        ItemSource::Link(target) => folder(ui, drawn, target == "/Applications"),
        ItemSource::Local(_) | ItemSource::Stored { .. } => app_icon(ui, opened, drawn),
    }
    let below = pos2(center.x - words.size().x / 2.0, picture.bottom() + 4.0 * scale);
    ui.painter().galley(below, words, ink);
    if view.selected.as_deref() == Some(name) {
        let frame = whole.expand(10.0 * scale);
        ui.painter().rect_stroke(frame, size::RADIUS, Stroke::new(1.5, t.fill), StrokeKind::Inside);
        focus_ring(ui, &response, frame, f32::from(size::RADIUS));
    }
    response
        .on_hover_cursor(CursorIcon::Grab)
        .on_hover_text("Drag it, or nudge it with the arrow keys; with Shift by 16")
}

/// Black or white, as the Finder would: white only where its own dark ground is behind.
fn label_ink(view: &View) -> Color32 {
    let pictured = view.spec.as_ref().is_some_and(|spec| spec.layout.background != Background::None);
    if view.dark && !pictured { Color32::from_gray(0xF0) } else { Color32::from_gray(0x10) }
}

/// A folder, that of the applications with its mark, drawn: no picture of Apple's is shipped.
fn folder(ui: &Ui, rect: Rect, applications: bool) {
    let unit = rect.width() / 16.0;
    let part = |left: f32, top: f32, right: f32, bottom: f32| {
        Rect::from_min_max(rect.min + vec2(left, top) * unit, rect.min + vec2(right, bottom) * unit)
    };
    let (back, front, mark) = (
        Color32::from_rgb(0x3E, 0x95, 0xD6),
        Color32::from_rgb(0x63, 0xB5, 0xEA),
        Color32::from_rgb(0x2C, 0x7B, 0xB6),
    );
    ui.painter().rect_filled(part(0.5, 2.6, 6.6, 6.0), unit * 0.9, back);
    ui.painter().rect_filled(part(0.5, 3.8, 15.5, 12.0), unit * 0.9, back);
    ui.painter().rect_filled(part(0.5, 5.2, 15.5, 13.6), unit * 0.9, front);
    if !applications {
        return;
    }
    let at = |x: f32, y: f32| rect.min + vec2(x, y) * unit;
    let stroke = Stroke::new(unit * 0.75, mark);
    ui.painter().line_segment([at(6.3, 11.6), at(8.0, 7.2)], stroke);
    ui.painter().line_segment([at(8.0, 7.2), at(9.7, 11.6)], stroke);
    ui.painter().line_segment([at(6.9, 10.1), at(9.1, 10.1)], stroke);
}

/// Lines through the middle and through the neighbours, with the distances, while an icon moves.
fn guides(ui: &Ui, content: Rect, scale: f32, at: (i32, i32), others: &[(i32, i32)], window: (i32, i32)) {
    let t = tokens(ui);
    let stroke = Stroke::new(1.0, t.guide);
    let point = |at: (i32, i32)| content.min + vec2(at.0 as f32, at.1 as f32) * scale;
    let dash = |from: Pos2, to: Pos2| ui.painter().extend(Shape::dashed_line(&[from, to], stroke, 4.0, 3.0));
    let middle = window.0 / 2;
    let mirrored = others.iter().any(|other| window.0 - other.0 == at.0);
    if at.0 == middle || mirrored {
        let x = point((middle, 0)).x;
        dash(pos2(x, content.top() + 12.0), pos2(x, content.bottom() - COVERED * scale));
    }
    for other in others.iter().filter(|other| other.0 == at.0) {
        let x = point(*other).x;
        dash(pos2(x, content.top()), pos2(x, content.bottom()));
    }
    let mut row: Vec<i32> = others.iter().filter(|other| other.1 == at.1).map(|other| other.0).collect();
    if evenly(&row).contains(&at.0) {
        row.push(at.0);
        row.sort_unstable();
        let below = point(at).y + 104.0 * scale;
        for pair in row.windows(2) {
            span(ui, t, point((pair[0], 0)).x, point((pair[1], 0)).x, below, scale);
        }
        let y = point(at).y;
        dash(pos2(content.left(), y), pos2(content.right(), y));
        return;
    }
    for other in others.iter().filter(|other| other.1 == at.1) {
        let y = point(at).y;
        dash(pos2(content.left(), y), pos2(content.right(), y));
        let below = y + 104.0 * scale;
        let (a, b) = (point(*other).x, point(at).x);
        let half = point((middle, 0)).x;
        let spans = if mirrored { vec![(a, half), (half, b)] } else { vec![(a, b)] };
        for (from, to) in spans {
            span(ui, t, from.min(to), from.max(to), below, scale);
        }
    }
}

fn span(ui: &Ui, t: &Tokens, left: f32, right: f32, y: f32, scale: f32) {
    let stroke = Stroke::new(1.0, t.guide);
    ui.painter().hline(left..=right, y, stroke);
    for x in [left, right] {
        ui.painter().vline(x, y - 6.0..=y + 6.0, stroke);
    }
    let words = galley(ui, &format!("{:.0}", (right - left) / scale), Type::CaptionMedium, t.on_fill);
    let plate = Rect::from_center_size(pos2((left + right) / 2.0, y), words.size() + vec2(16.0, 2.0));
    ui.painter().rect_filled(plate, size::RADIUS_BADGE, t.guide_label);
    paint_left(ui, plate.left() + 8.0, y, words);
}

/// The keys, and the scale when it is not 1:1.
fn foot(ui: &Ui, area: Rect, scale: f32, t: &Tokens) {
    let y = area.bottom() - 22.0;
    let parts = [("← → ↑ ↓", "move 1 px"), ("Shift", "16 px"), ("Ctrl", "no snapping")];
    let laid: Vec<_> = parts
        .iter()
        .map(|(key, words)| {
            (galley(ui, key, Type::Caption, t.text_soft), galley(ui, words, Type::Caption, t.text_soft))
        })
        .collect();
    let wide: f32 = laid.iter().map(|(key, words)| key.size().x + words.size().x + 36.0).sum();
    let mut x = area.center().x - wide / 2.0;
    if wide > area.width() - 16.0 {
        return;
    }
    for (key, words) in laid {
        let cap = Rect::from_min_size(pos2(x, y - 9.0), vec2(key.size().x + 12.0, 18.0));
        ui.painter().rect(cap, size::RADIUS_BADGE, t.raised, Stroke::new(1.0, t.line), StrokeKind::Inside);
        paint_left(ui, cap.left() + 6.0, y, key);
        x = paint_left(ui, cap.right() + 6.0, y, words) + 18.0;
    }
    if scale < 0.995 {
        let words = galley(ui, &format!("{:.0} %", scale * 100.0), Type::Caption, t.text_soft);
        crate::ui::widgets::paint_right(ui, area.right() - 16.0, y, words);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn icons_snap_to_grid_neighbours_and_middle() {
        assert_eq!(snapped((170, 90), 640, &[]), (176, 96));
        assert_eq!(snapped((317, 90), 640, &[]).0, 320);
        assert_eq!(snapped((464, 180), 640, &[(172, 176)]), (468, 176));
        assert_eq!(snapped((-20, 5), 640, &[]), (-16, 0));
    }

    #[test]
    fn a_third_icon_snaps_to_equal_distances() {
        let row = [(100, 176), (230, 176)];
        assert_eq!(snapped((357, 174), 900, &row), (360, 176));
        assert_eq!(snapped((167, 180), 900, &row), (165, 176));
        assert_eq!(snapped((103, 300), 900, &row).0, 100, "and to the columns of the others");
    }

    #[test]
    fn icons_stay_in_the_window() {
        assert_eq!(inside((-16, 900), (640, 372)), (0, 372));
    }
}
