//! The design tokens: every colour, type style and size that the window uses, under one name each.

use std::sync::Arc;

use egui::epaint::Shadow;
use egui::style::{Selection, WidgetVisuals};
use egui::{
    Color32, Context, CornerRadius, FontData, FontDefinitions, FontFamily, FontId, Margin, Stroke, TextStyle,
    Theme, Ui, Vec2, Visuals, vec2,
};

/// Colours, by what they are for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tokens {
    pub window: Color32,
    pub panel: Color32,
    pub raised: Color32,
    pub hover: Color32,
    pub selected: Color32,
    pub line: Color32,
    pub outline: Color32,
    pub canvas: Color32,
    pub fill: Color32,
    pub fill_hover: Color32,
    pub on_fill: Color32,
    pub text: Color32,
    pub text_soft: Color32,
    pub text_faint: Color32,
    pub accent: Color32,
    pub error: Color32,
    pub warning: Color32,
    pub good: Color32,
    pub note: Color32,
    pub origin_bundle: Color32,
    pub origin_build: Color32,
    pub origin_host: Color32,
    pub origin_system: Color32,
    pub error_tint: Color32,
    pub warning_tint: Color32,
    pub good_tint: Color32,
    pub note_tint: Color32,
    pub diff_old: Color32,
    pub diff_new: Color32,
    pub guide: Color32,
    pub guide_label: Color32,
    pub shadow: Shadow,
}

const fn rgb(hex: u32) -> Color32 {
    Color32::from_rgb((hex >> 16) as u8, (hex >> 8) as u8, hex as u8)
}

pub static DARK: Tokens = Tokens {
    window: rgb(0x15171B),
    panel: rgb(0x1B1E23),
    raised: rgb(0x23272E),
    hover: rgb(0x2B3038),
    selected: rgb(0x213A5C),
    line: rgb(0x2F343C),
    outline: rgb(0x697381),
    canvas: rgb(0x101215),
    fill: rgb(0x2B69D4),
    fill_hover: rgb(0x245BBB),
    on_fill: rgb(0xFFFFFF),
    text: rgb(0xE6E9ED),
    text_soft: rgb(0xB1B8C2),
    text_faint: rgb(0x9CA4B0),
    accent: rgb(0x78AEFF),
    error: rgb(0xFF8A80),
    warning: rgb(0xE6B84C),
    good: rgb(0x63CB7B),
    note: rgb(0x7CC4D8),
    origin_bundle: rgb(0x5CCDB6),
    origin_build: rgb(0xCBA6F7),
    origin_host: rgb(0xE5A86E),
    origin_system: rgb(0x9CA4B0),
    error_tint: rgb(0x3B2023),
    warning_tint: rgb(0x352A12),
    good_tint: rgb(0x18301F),
    note_tint: rgb(0x17303A),
    diff_old: rgb(0x5A2A2E),
    diff_new: rgb(0x1F4A2B),
    guide: rgb(0xD6006C),
    guide_label: rgb(0xB80060),
    shadow: Shadow { offset: [0, 6], blur: 20, spread: 0, color: Color32::from_black_alpha(115) },
};

pub static LIGHT: Tokens = Tokens {
    window: rgb(0xECEEF1),
    panel: rgb(0xFFFFFF),
    raised: rgb(0xF5F6F8),
    hover: rgb(0xE8EBEF),
    selected: rgb(0xD5E5FF),
    line: rgb(0xD9DDE3),
    outline: rgb(0x7C8591),
    canvas: rgb(0xE3E6EA),
    fill: rgb(0x1F5FCC),
    fill_hover: rgb(0x1A52B3),
    on_fill: rgb(0xFFFFFF),
    text: rgb(0x1A1E23),
    text_soft: rgb(0x48505B),
    text_faint: rgb(0x5B6470),
    accent: rgb(0x1858C4),
    error: rgb(0xB42318),
    warning: rgb(0x855400),
    good: rgb(0x186A32),
    note: rgb(0x0B5F73),
    origin_bundle: rgb(0x0A6656),
    origin_build: rgb(0x7237AE),
    origin_host: rgb(0x8E4A0C),
    origin_system: rgb(0x5B6470),
    error_tint: rgb(0xFDEAE8),
    warning_tint: rgb(0xFFF2D6),
    good_tint: rgb(0xE2F4E7),
    note_tint: rgb(0xDFF1F5),
    diff_old: rgb(0xFBCFCB),
    diff_new: rgb(0xBFE8CB),
    guide: rgb(0xD6006C),
    guide_label: rgb(0xB80060),
    shadow: Shadow { offset: [0, 6], blur: 18, spread: 0, color: Color32::from_black_alpha(51) },
};

/// The tokens of the theme that `ui` is drawn in.
pub fn tokens(ui: &Ui) -> &'static Tokens {
    if ui.visuals().dark_mode { &DARK } else { &LIGHT }
}

/// Type styles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    Caption,
    CaptionMedium,
    Body,
    BodyMedium,
    Heading,
    Title,
    Display,
    Mono,
    MonoMedium,
    MonoCaption,
}

const MEDIUM: &str = "inter-medium";
const SEMI_BOLD: &str = "inter-semibold";
const MONO_MEDIUM: &str = "mono-medium";

impl Type {
    pub fn font(self) -> FontId {
        let named = |name: &str| FontFamily::Name(name.into());
        match self {
            Type::Caption => FontId::new(11.0, FontFamily::Proportional),
            Type::CaptionMedium => FontId::new(11.0, named(MEDIUM)),
            Type::Body => FontId::new(13.0, FontFamily::Proportional),
            Type::BodyMedium => FontId::new(13.0, named(MEDIUM)),
            Type::Heading => FontId::new(13.0, named(SEMI_BOLD)),
            Type::Title => FontId::new(17.0, named(SEMI_BOLD)),
            Type::Display => FontId::new(22.0, named(SEMI_BOLD)),
            Type::Mono => FontId::new(12.0, FontFamily::Monospace),
            Type::MonoMedium => FontId::new(12.0, named(MONO_MEDIUM)),
            Type::MonoCaption => FontId::new(11.0, FontFamily::Monospace),
        }
    }

    /// Height of a line in points.
    pub fn line(self) -> f32 {
        match self {
            Type::Caption | Type::CaptionMedium | Type::Mono | Type::MonoMedium | Type::MonoCaption => 16.0,
            Type::Body | Type::BodyMedium | Type::Heading => 18.0,
            Type::Title => 24.0,
            Type::Display => 28.0,
        }
    }
}

/// Sizes in points, on the 4-point grid.
pub mod size {
    pub const TOP_BAR: f32 = 36.0;
    pub const PAGE_HEADER: f32 = 52.0;
    pub const TOOLBAR: f32 = 40.0;
    pub const ACTIVITY: f32 = 26.0;
    pub const ROW: f32 = 24.0;
    pub const STEP: f32 = 32.0;
    pub const TWO_LINES: f32 = 48.0;
    pub const CONTROL: f32 = 28.0;
    pub const CONTROL_SMALL: f32 = 24.0;
    pub const CONTROL_LARGE: f32 = 36.0;
    pub const RAIL: f32 = 212.0;
    pub const RAIL_NARROW: f32 = 56.0;
    pub const INSPECTOR: f32 = 376.0;
    pub const INSPECTOR_SMALL: f32 = 320.0;
    pub const INDENT: f32 = 16.0;
    pub const ICON: f32 = 16.0;
    pub const ICON_SMALL: f32 = 12.0;
    pub const PADDING: f32 = 16.0;
    pub const RADIUS_BADGE: u8 = 4;
    pub const RADIUS: u8 = 6;
    pub const RADIUS_CARD: u8 = 8;
    pub const RADIUS_DROP: u8 = 10;
}

/// Fonts and both themes.
pub fn install(ctx: &Context) {
    ctx.set_fonts(fonts());
    ctx.set_style_of(Theme::Dark, style(&DARK, Visuals::dark()));
    ctx.set_style_of(Theme::Light, style(&LIGHT, Visuals::light()));
}

fn fonts() -> FontDefinitions {
    let mut fonts = FontDefinitions::default();
    let fallback: Vec<String> = fonts.families.get(&FontFamily::Proportional).cloned().unwrap_or_default();
    let mut add = |family: FontFamily, name: &str, data: FontData| {
        fonts.font_data.insert(name.to_owned(), Arc::new(data));
        let order = std::iter::once(name.to_owned()).chain(fallback.iter().cloned()).collect();
        fonts.families.insert(family, order);
    };
    let inter = |bytes: &'static [u8]| FontData::from_static(bytes);
    add(FontFamily::Proportional, "inter", inter(include_bytes!("../../assets/fonts/Inter-Regular.otf")));
    add(
        FontFamily::Name(MEDIUM.into()),
        MEDIUM,
        inter(include_bytes!("../../assets/fonts/Inter-Medium.otf")),
    );
    add(
        FontFamily::Name(SEMI_BOLD.into()),
        SEMI_BOLD,
        inter(include_bytes!("../../assets/fonts/Inter-SemiBold.otf")),
    );
    add(
        FontFamily::Monospace,
        "mono",
        without_ligatures(include_bytes!("../../assets/fonts/JetBrainsMono-Regular.ttf")),
    );
    add(
        FontFamily::Name(MONO_MEDIUM.into()),
        MONO_MEDIUM,
        without_ligatures(include_bytes!("../../assets/fonts/JetBrainsMono-Medium.ttf")),
    );
    fonts
}

/// A path must show the characters that stand in the file, so the table that joins them is renamed out of sight.
fn without_ligatures(font: &[u8]) -> FontData {
    let mut bytes = font.to_vec();
    let tables = bytes.get(4..6).map_or(0, |n| usize::from(u16::from_be_bytes([n[0], n[1]])));
    for record in bytes.chunks_exact_mut(4).skip(3).step_by(4).take(tables) {
        if record == b"GSUB" {
            record.copy_from_slice(b"GSUA"); // keeps the directory sorted
        }
    }
    FontData::from_owned(bytes)
}

fn style(t: &Tokens, mut visuals: Visuals) -> egui::Style {
    let text_styles = [
        (TextStyle::Small, Type::Caption),
        (TextStyle::Body, Type::Body),
        (TextStyle::Button, Type::Body),
        (TextStyle::Heading, Type::Title),
        (TextStyle::Monospace, Type::Mono),
    ]
    .map(|(name, kind)| (name, kind.font()))
    .into();
    let mut style = egui::Style { text_styles, ..egui::Style::default() };
    let spacing = &mut style.spacing;
    spacing.item_spacing = vec2(8.0, 4.0);
    spacing.button_padding = vec2(8.0, 4.0);
    spacing.interact_size = vec2(24.0, 24.0);
    spacing.window_margin = Margin::same(16);
    spacing.menu_margin = Margin::same(4);
    spacing.menu_spacing = 4.0;
    spacing.indent = size::INDENT;
    spacing.tooltip_width = 480.0;
    spacing.scroll.bar_width = 8.0;
    spacing.scroll.floating = true;
    spacing.scroll.foreground_color = false;
    style.interaction.tooltip_delay = 0.5;
    style.interaction.selectable_labels = false;
    style.animation_time = 0.08;
    style.explanation_tooltips = false;
    style.number_formatter = egui::style::NumberFormatter::new(|value, _| format!("{value:.0}"));

    let corner = CornerRadius::same(size::RADIUS);
    let look = |fill: Color32, line: Color32, text: Color32| WidgetVisuals {
        bg_fill: fill,
        weak_bg_fill: fill,
        bg_stroke: Stroke::new(1.0, line),
        corner_radius: corner,
        fg_stroke: Stroke::new(1.0, text),
        expansion: 0.0,
    };
    visuals.widgets.noninteractive = look(t.panel, t.line, t.text);
    visuals.widgets.inactive = look(t.raised, t.line, t.text_soft);
    visuals.widgets.hovered = look(t.hover, t.outline, t.text);
    visuals.widgets.active = look(t.selected, t.outline, t.text);
    visuals.widgets.open = look(t.hover, t.line, t.text);
    visuals.selection = Selection { bg_fill: t.selected, stroke: Stroke::new(1.0, t.text) };
    visuals.weak_text_color = Some(t.text_faint);
    visuals.hyperlink_color = t.accent;
    visuals.faint_bg_color = t.raised;
    visuals.extreme_bg_color = t.panel;
    visuals.text_edit_bg_color = Some(t.panel);
    visuals.code_bg_color = t.raised;
    visuals.warn_fg_color = t.warning;
    visuals.error_fg_color = t.error;
    visuals.window_corner_radius = CornerRadius::same(size::RADIUS_CARD);
    visuals.menu_corner_radius = CornerRadius::same(size::RADIUS_CARD);
    visuals.window_shadow = t.shadow;
    visuals.popup_shadow = t.shadow;
    visuals.window_fill = t.panel;
    visuals.window_stroke = Stroke::new(1.0, t.line);
    visuals.panel_fill = t.panel;
    visuals.text_cursor.stroke = Stroke::new(1.5, t.accent);
    visuals.button_frame = true;
    visuals.indent_has_left_vline = false;
    visuals.striped = false;
    style.visuals = visuals;
    style
}

/// What the window may not be made smaller than, and how it first opens.
pub const WINDOW: (Vec2, Vec2) = (vec2(820.0, 560.0), vec2(1280.0, 820.0));

#[cfg(test)]
mod tests {
    use super::*;

    /// WCAG 2 relative luminance.
    fn luminance(color: Color32) -> f64 {
        let part = |byte: u8| {
            let value = f64::from(byte) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(color.r()) + 0.7152 * part(color.g()) + 0.0722 * part(color.b())
    }

    fn contrast(a: Color32, b: Color32) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn text_can_be_read_on_every_surface() {
        for t in [&DARK, &LIGHT] {
            for ground in [t.window, t.panel, t.raised, t.selected] {
                for ink in [t.text, t.text_soft, t.text_faint, t.accent, t.error, t.warning, t.good, t.note] {
                    assert!(contrast(ink, ground) >= 4.5, "{ink:?} on {ground:?}: {}", contrast(ink, ground));
                }
            }
            let tints = [
                (t.error, t.error_tint),
                (t.warning, t.warning_tint),
                (t.good, t.good_tint),
                (t.note, t.note_tint),
                (t.on_fill, t.fill),
                (t.on_fill, t.fill_hover),
                (t.text, t.diff_old),
                (t.text, t.diff_new),
                (t.on_fill, t.guide_label),
            ];
            for (ink, ground) in tints {
                assert!(contrast(ink, ground) >= 4.5, "{ink:?} on {ground:?}: {}", contrast(ink, ground));
            }
            assert!(contrast(t.outline, t.panel) >= 3.0 && contrast(t.outline, t.window) >= 3.0);
        }
    }

    #[test]
    fn paths_are_shown_without_ligatures() {
        let font = include_bytes!("../../assets/fonts/JetBrainsMono-Regular.ttf");
        let tags = |bytes: &[u8]| -> Vec<[u8; 4]> {
            let count = usize::from(u16::from_be_bytes([bytes[4], bytes[5]]));
            (0..count).map(|i| bytes[12 + 16 * i..16 + 16 * i].try_into().unwrap()).collect()
        };
        assert!(tags(font).contains(b"GSUB"));
        let data = without_ligatures(font);
        let quiet: &[u8] = (*data.font).as_ref();
        assert!(!tags(quiet).contains(b"GSUB"));
        assert!(tags(quiet).is_sorted());
    }
}
