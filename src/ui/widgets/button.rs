//! Buttons: one filled in a window, raised ones, text alone inside a panel, icon alone for copy and back.

use std::sync::Arc;

use egui::{
    Color32, CursorIcon, Galley, Rect, Response, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, vec2,
};

use super::{focus_ring, galley, text::paint_tinted};
use crate::ui::icons::Icon;
use crate::ui::theme::{Type, size, tokens};

#[derive(Clone, Copy, PartialEq)]
enum Look {
    Filled,
    Raised,
    Link,
    Quiet,
    /// Nothing but its icon until the pointer is over it.
    Bare,
}

#[must_use]
pub struct Button<'a> {
    text: &'a str,
    icon: Option<Icon>,
    look: Look,
    height: f32,
    hint: Option<&'a str>,
    tip: Option<&'a str>,
    enabled: bool,
    width: Option<f32>,
    icon_last: bool,
    icon_only: bool,
}

impl<'a> Button<'a> {
    pub fn new(text: &'a str) -> Self {
        Button {
            text,
            icon: None,
            look: Look::Raised,
            height: size::CONTROL,
            hint: None,
            tip: None,
            enabled: true,
            width: None,
            icon_last: false,
            icon_only: false,
        }
    }

    /// The next step: at most one in a window.
    pub fn filled(mut self) -> Self {
        self.look = Look::Filled;
        self
    }

    pub fn link(mut self) -> Self {
        self.look = Look::Link;
        self.height = 20.0;
        self
    }

    /// A link in soft text: there, but never what one looks at first.
    pub fn quiet(mut self) -> Self {
        self = self.link();
        self.look = Look::Quiet;
        self
    }

    pub fn icon(mut self, icon: Icon) -> Self {
        self.icon = Some(icon);
        self
    }

    /// The icon stands after the words.
    pub fn icon_last(mut self, icon: Icon) -> Self {
        self.icon_last = true;
        self.icon(icon)
    }

    /// Shows the icon alone; `text` stays its name.
    pub fn icon_only(mut self, icon: Icon) -> Self {
        self.icon_only = true;
        self.icon(icon)
    }

    pub fn bare(mut self) -> Self {
        self.look = Look::Bare;
        self
    }

    pub fn small(mut self) -> Self {
        self.height = size::CONTROL_SMALL;
        self
    }

    pub fn large(mut self) -> Self {
        self.height = size::CONTROL_LARGE;
        self
    }

    /// The keys that do the same, shown inside.
    pub fn hint(mut self, keys: &'a str) -> Self {
        self.hint = Some(keys);
        self
    }

    pub fn tip(mut self, tip: &'a str) -> Self {
        self.tip = Some(tip);
        self
    }

    pub fn enabled(mut self, enabled: bool) -> Self {
        self.enabled = enabled;
        self
    }

    pub fn width(mut self, width: f32) -> Self {
        self.width = Some(width);
        self
    }

    fn kind(&self) -> Type {
        match self.look {
            Look::Link => Type::CaptionMedium,
            Look::Quiet => Type::Caption,
            _ => Type::BodyMedium,
        }
    }

    fn gaps(&self) -> (f32, f32) {
        let padding = match self.look {
            Look::Link | Look::Quiet => 0.0,
            _ if self.icon_only => (self.height - size::ICON) / 2.0,
            _ if self.height < size::CONTROL => 8.0,
            _ => 16.0,
        };
        (padding, if self.height < size::CONTROL { 6.0 } else { 8.0 })
    }

    fn icon_side(&self) -> f32 {
        if self.kind() == Type::CaptionMedium { size::ICON_SMALL } else { size::ICON }
    }

    /// Its words and its keys, laid out.
    fn words(&self, ui: &Ui) -> (Option<Arc<Galley>>, Option<Arc<Galley>>) {
        let text = (!self.icon_only).then(|| galley(ui, self.text, self.kind(), Color32::PLACEHOLDER));
        (text, self.hint.map(|keys| galley(ui, keys, Type::Caption, Color32::PLACEHOLDER)))
    }

    /// How wide icon, words and keys are together.
    fn content(&self, text: Option<&Arc<Galley>>, hint: Option<&Arc<Galley>>) -> f32 {
        let wide = |words: &Arc<Galley>| words.size().x;
        let parts = [self.icon.map(|_| self.icon_side()), text.map(wide), hint.map(wide)];
        let shown: Vec<f32> = parts.into_iter().flatten().collect();
        shown.iter().sum::<f32>() + self.gaps().1 * (shown.len().saturating_sub(1)) as f32
    }

    /// How wide it will be.
    pub fn measure(&self, ui: &Ui) -> f32 {
        let (text, hint) = self.words(ui);
        let own = self.content(text.as_ref(), hint.as_ref()) + 2.0 * self.gaps().0;
        self.width.unwrap_or(own).round()
    }

    pub fn show(self, ui: &mut Ui) -> Response {
        let t = tokens(ui);
        let icon_side = self.icon_side();
        let (padding, gap) = self.gaps();
        let (text, hint) = self.words(ui);
        let content = self.content(text.as_ref(), hint.as_ref());
        let wanted = vec2(self.width.unwrap_or(content + 2.0 * padding).round(), self.height);
        let sense = if self.enabled { Sense::click() } else { Sense::hover() };
        let (rect, mut response) = ui.allocate_exact_size(wanted, sense);
        response.widget_info(|| WidgetInfo::labeled(Role::Button, self.enabled, self.text));

        let hot = self.enabled && (response.hovered() || response.is_pointer_button_down_on());
        let (ground, ink, soft) = match self.look {
            Look::Filled => (Some(if hot { t.fill_hover } else { t.fill }), t.on_fill, t.on_fill),
            Look::Raised => (Some(if hot { t.hover } else { t.raised }), t.text, t.text_faint),
            Look::Bare => (hot.then_some(t.hover), t.text_soft, t.text_faint),
            Look::Link => (None, t.accent, t.text_faint),
            Look::Quiet => (None, t.text_soft, t.text_faint),
        };
        let disabled = !self.enabled;
        let (ground, ink, soft) = match (disabled, self.look) {
            (true, Look::Filled) => (Some(t.raised), t.text_faint, t.text_faint),
            (true, _) => (ground, t.text_faint, t.text_faint),
            _ => (ground, ink, soft),
        };
        if let Some(ground) = ground {
            ui.painter().rect_filled(rect, size::RADIUS, ground);
            if self.look == Look::Raised || disabled {
                ui.painter().rect_stroke(rect, size::RADIUS, Stroke::new(1.0, t.line), StrokeKind::Inside);
            }
        }
        let y = rect.center().y;
        let mut x = rect.center().x - content / 2.0;
        let icon = |x: f32| {
            if let Some(icon) = self.icon {
                let place =
                    Rect::from_center_size(egui::pos2(x + icon_side / 2.0, y), vec2(icon_side, icon_side));
                icon.paint(ui.painter(), place, ink);
            }
        };
        if self.icon.is_some() && !self.icon_last {
            icon(x);
            x += icon_side + gap;
        }
        if let Some(text) = text {
            let end = x + text.size().x;
            paint_tinted(ui, x, y, text, ink);
            if matches!(self.look, Look::Link | Look::Quiet) && hot {
                ui.painter().hline(x..=end, rect.bottom() - 2.0, Stroke::new(1.0, ink));
            }
            x = end + gap;
        }
        if self.icon_last {
            icon(x);
            x += icon_side + gap;
        }
        if let Some(hint) = hint {
            paint_tinted(ui, x, y, hint, soft);
        }
        focus_ring(ui, &response, rect, f32::from(size::RADIUS));
        if hot {
            response = response.on_hover_cursor(CursorIcon::PointingHand);
        }
        match self.tip {
            Some(tip) => response.on_hover_text(tip),
            None if self.icon_only => response.on_hover_text(self.text),
            None => response,
        }
    }
}
