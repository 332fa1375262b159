//! Where an image comes from: a square mark and a word, each with its colour.

use egui::{Color32, Rect, Ui, pos2, vec2};

use crate::triage::Origin;
use crate::ui::theme::{Tokens, Type, tokens};
use crate::ui::widgets::{cut, paint_left};

/// Side of the mark with the gap after it.
pub const MARK: f32 = 14.0;

pub fn word(origin: Origin) -> &'static str {
    match origin {
        Origin::Bundle => "In the bundle",
        Origin::OtherCopy => "Other copy",
        Origin::OtherApp => "Other app",
        Origin::Homebrew => "Homebrew",
        Origin::Macports => "MacPorts",
        Origin::Fink => "Fink",
        Origin::Nix => "Nix store",
        Origin::Conda => "Conda",
        Origin::Framework => "Framework",
        Origin::Library => "/Library",
        Origin::BuildTree => "Build tree",
        Origin::UserFolder => "User's folder",
        Origin::DiskImage => "Volume",
        Origin::Temporary => "Temporary",
        Origin::System => "macOS",
        Origin::Unknown => "Unknown",
    }
}

pub fn color(origin: Origin, t: &Tokens) -> Color32 {
    match origin {
        Origin::Bundle => t.origin_bundle,
        Origin::System | Origin::Unknown => t.origin_system,
        Origin::Homebrew
        | Origin::Macports
        | Origin::Fink
        | Origin::Nix
        | Origin::Conda
        | Origin::Framework
        | Origin::Library => t.origin_host,
        Origin::OtherCopy
        | Origin::OtherApp
        | Origin::BuildTree
        | Origin::UserFolder
        | Origin::DiskImage
        | Origin::Temporary => t.origin_build,
    }
}

/// Paints mark and word from `x` on.
pub fn paint(ui: &Ui, x: f32, y: f32, origin: Origin, kind: Type, width: f32) {
    let ink = color(origin, tokens(ui));
    let mark = Rect::from_center_size(pos2(x + 4.0, y), vec2(8.0, 8.0));
    ui.painter().rect_filled(mark, 2.0, ink);
    paint_left(ui, x + MARK, y, cut(ui, word(origin), kind, ink, width - MARK));
}
