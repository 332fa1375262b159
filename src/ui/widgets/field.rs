//! Text fields: panel ground, a one-point outline, an icon before and keys or a unit after.

use egui::{
    Align2, FontSelection, Frame, Id, Key, Layout, Rect, Response, Sense, Stroke, StrokeKind, TextEdit, Ui,
    pos2, vec2,
};

use super::{galley, inside, paint_right};
use crate::ui::icons::Icon;
use crate::ui::theme::{Type, size, tokens};

#[must_use]
pub struct Field<'a> {
    name: &'a str,
    hint: &'a str,
    icon: Option<Icon>,
    after: Option<&'a str>,
    width: f32,
    height: f32,
    mono: bool,
    id: Option<Id>,
    right: bool,
    secret: bool,
}

impl<'a> Field<'a> {
    pub fn new(name: &'a str, width: f32) -> Self {
        Field {
            name,
            hint: "",
            icon: None,
            after: None,
            width,
            height: size::CONTROL,
            mono: false,
            id: None,
            right: false,
            secret: false,
        }
    }

    pub fn hint(mut self, hint: &'a str) -> Self {
        self.hint = hint;
        self
    }

    pub fn icon(mut self, icon: Icon) -> Self {
        self.icon = Some(icon);
        self
    }

    /// Keys or a unit at the right end.
    pub fn after(mut self, after: &'a str) -> Self {
        self.after = Some(after);
        self
    }

    pub fn mono(mut self) -> Self {
        self.mono = true;
        self
    }

    pub fn large(mut self) -> Self {
        self.height = size::CONTROL_LARGE;
        self
    }

    pub fn id(mut self, id: Id) -> Self {
        self.id = Some(id);
        self
    }

    pub fn right(mut self) -> Self {
        self.right = true;
        self
    }

    /// Shows dots: a password.
    pub fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    pub fn show(self, ui: &mut Ui, text: &mut String) -> Response {
        let t = tokens(ui);
        let (rect, ground) = ui.allocate_exact_size(vec2(self.width, self.height), Sense::hover());
        ui.painter().rect_filled(rect, size::RADIUS, t.panel);
        let mut inner = rect.shrink2(vec2(8.0, 0.0));
        if let Some(icon) = self.icon {
            icon.paint_at(ui.painter(), pos2(inner.left() + 8.0, inner.center().y), 15.0, t.text_faint);
            inner.min.x += 24.0;
        }
        if let Some(after) = self.after {
            let words = galley(ui, after, Type::Caption, t.text_faint);
            inner.max.x = paint_right(ui, inner.right(), inner.center().y, words) - 6.0;
        }
        let kind = if self.mono { Type::Mono } else { Type::Body };
        // As high as egui makes any text field, so that it centres its line where the icon is.
        let high = ui.spacing().interact_size.y.max(kind.line());
        let top = inner.center().y - high / 2.0;
        let line = Rect::from_x_y_ranges(inner.x_range(), top..=top + high);
        let hint = egui::RichText::new(self.hint).font(Type::Body.font()).color(t.text_faint);
        let mut edit = TextEdit::singleline(text)
            .password(self.secret)
            .frame(Frame::NONE)
            .margin(egui::Margin::ZERO)
            .font(FontSelection::FontId(kind.font()))
            .text_color(t.text)
            .hint_text(hint)
            .align(if self.right { Align2::RIGHT_CENTER } else { Align2::LEFT_CENTER })
            .min_size(vec2(line.width(), 0.0))
            .desired_width(line.width());
        edit = match self.id {
            Some(id) => edit.id(id),
            None => edit.id(ground.id.with(self.name)),
        };
        let layout = Layout::left_to_right(egui::Align::Center);
        let response = inside(ui, line, layout, |ui| ui.add(edit)).accessible_name(self.name);
        if ground.clicked() {
            response.request_focus();
        }
        let edge =
            if response.has_focus() { Stroke::new(2.0, t.accent) } else { Stroke::new(1.0, t.outline) };
        ui.painter().rect_stroke(rect, size::RADIUS, edge, StrokeKind::Inside);
        response
    }
}

/// A whole number with its unit, kept within `range`. Answers whether it changed.
pub fn number_field(
    ui: &mut Ui,
    name: &str,
    unit: &str,
    value: &mut u32,
    range: std::ops::RangeInclusive<u32>,
) -> bool {
    let key = ui.scope_id().with(("number", name));
    let mut text = ui.data(|data| data.get_temp::<String>(key)).unwrap_or_else(|| value.to_string());
    let response = Field::new(name, 72.0).after(unit).right().show(ui, &mut text);
    let before = *value;
    if response.has_focus() {
        let step = ui.input(|input| {
            i64::from(input.key_pressed(Key::ArrowUp)) - i64::from(input.key_pressed(Key::ArrowDown))
        });
        if step != 0 {
            let moved = (i64::from(*value) + step).clamp(i64::from(*range.start()), i64::from(*range.end()));
            *value = u32::try_from(moved).unwrap_or(*value);
            text = value.to_string();
        }
        if response.changed()
            && let Ok(typed) = text.trim().parse::<u32>()
            && range.contains(&typed)
        {
            *value = typed;
        }
        ui.data_mut(|data| data.insert_temp(key, text));
    } else {
        ui.data_mut(|data| data.remove::<String>(key));
    }
    *value != before
}
