//! One line of a menu: icon or tick, words, keys.

use egui::{Color32, Response, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use super::{galley, text::paint_tinted};
use crate::ui::icons::Icon;
use crate::ui::theme::{Type, size, tokens};

#[must_use]
pub struct MenuItem<'a> {
    text: &'a str,
    keys: Option<String>,
    icon: Option<Icon>,
    enabled: bool,
    lit: Option<bool>,
}

impl<'a> MenuItem<'a> {
    pub fn new(text: &'a str) -> Self {
        MenuItem { text, keys: None, icon: None, enabled: true, lit: None }
    }

    pub fn keys(mut self, keys: Option<String>) -> Self {
        self.keys = keys;
        self
    }

    pub fn icon(mut self, icon: Option<Icon>) -> Self {
        self.icon = icon;
        self
    }

    pub fn enabled(mut self, enabled: bool) -> Self {
        self.enabled = enabled;
        self
    }

    /// Whether it is the current line of a list that the keyboard walks; the pointer then only passes over it.
    pub fn lit(mut self, lit: bool) -> Self {
        self.lit = Some(lit);
        self
    }

    /// How wide its words and keys are.
    pub fn width(&self, ui: &Ui) -> f32 {
        let words = galley(ui, self.text, Type::Body, Color32::PLACEHOLDER).size().x;
        let keys = self
            .keys
            .as_deref()
            .map(|keys| galley(ui, keys, Type::Caption, Color32::PLACEHOLDER).size().x + 24.0);
        (44.0 + words + keys.unwrap_or(0.0)).ceil()
    }

    /// At least `width` wide, wider when the words need it.
    pub fn show(self, ui: &mut Ui, width: f32) -> Response {
        let t = tokens(ui);
        let words = galley(ui, self.text, Type::Body, Color32::PLACEHOLDER);
        let keys = self.keys.as_deref().map(|keys| galley(ui, keys, Type::Caption, Color32::PLACEHOLDER));
        let wide = width.max(self.width(ui));
        let sense = if self.enabled { Sense::click() } else { Sense::hover() };
        let (rect, response) = ui.allocate_exact_size(vec2(wide, size::CONTROL), sense);
        response.widget_info(|| WidgetInfo::labeled(Role::MenuItem, self.enabled, self.text));
        let current = self.lit.unwrap_or_else(|| response.hovered() || response.has_focus());
        if self.enabled && (current || response.hovered()) {
            let ground = if current { t.selected } else { t.hover };
            ui.painter().rect_filled(rect, size::RADIUS_BADGE, ground);
        }
        let ink = if self.enabled { t.text } else { t.text_faint.gamma_multiply(0.75) };
        let y = rect.center().y;
        if let Some(icon) = self.icon {
            icon.paint_at(
                ui.painter(),
                pos2(rect.left() + 16.0, y),
                14.0,
                if self.enabled { t.text_soft } else { ink },
            );
        }
        paint_tinted(ui, rect.left() + 32.0, y, words, ink);
        if let Some(keys) = keys {
            paint_tinted(ui, rect.right() - 12.0 - keys.size().x, y, keys, t.text_faint);
        }
        response
    }
}
