//! Titles, drawn with the fonts that come along: kerned, with the same pixels on every system.

use std::sync::LazyLock;

use ab_glyph_rasterizer::{Point, Rasterizer, point};
use harfrust::{ShapeOptions, ShaperData, UnicodeBuffer};
use image::RgbImage;
use skrifa::instance::{LocationRef, Size};
use skrifa::outline::{DrawSettings, OutlinePen};
use skrifa::{FontRef, GlyphId, MetadataProvider};
use unicode_normalization::UnicodeNormalization;

use super::drawing::{Caption, Drawing};
use super::{around, mix};
use crate::dmg::layout::DmgLayout;

const TITLE: &[u8] = include_bytes!("../../../assets/fonts/Inter-SemiBold.otf");
const TEXT: &[u8] = include_bytes!("../../../assets/fonts/Inter-Regular.otf");

/// Clear of the window's edges, in points.
const MARGIN: f32 = 24.0;
/// A caption is not made smaller than this part of its size; then it is cut.
const SMALLEST: f32 = 0.6;
/// WCAG 2.2, 1.4.3 and 1.4.6.
const CONTRAST: f32 = 7.0;

/// One of the two fonts, prepared once.
struct Face {
    font: FontRef<'static>,
    shaper: ShaperData,
    /// Font units to the em.
    em: f32,
}

static TITLE_FACE: LazyLock<Option<Face>> = LazyLock::new(|| Face::new(TITLE));
static TEXT_FACE: LazyLock<Option<Face>> = LazyLock::new(|| Face::new(TEXT));

/// A glyph, and how far right and up of the line's beginning it stands, in ems.
struct Glyph {
    id: GlyphId,
    x: f32,
    y: f32,
}

impl Face {
    fn new(bytes: &'static [u8]) -> Option<Face> {
        let font = FontRef::new(bytes).ok()?;
        let em = f32::from(font.metrics(Size::unscaled(), LocationRef::default()).units_per_em);
        Some(Face { shaper: ShaperData::new(&font), font, em })
    }

    /// Glyphs and width of a line, in ems.
    fn shape(&self, text: &str) -> (Vec<Glyph>, f32) {
        let mut buffer = UnicodeBuffer::new();
        buffer.push_str(text);
        buffer.guess_segment_properties();
        let shaped = self.shaper.shaper(&self.font).build().shape(buffer, ShapeOptions::new());
        let mut pen = (0, 0);
        let glyphs = shaped.glyph_infos().iter().zip(shaped.glyph_positions()).map(|(info, place)| {
            let at = (pen.0 + place.x_offset, pen.1 + place.y_offset);
            pen = (pen.0 + place.x_advance, pen.1 + place.y_advance);
            Glyph { id: GlyphId::new(info.glyph_id), x: at.0 as f32 / self.em, y: at.1 as f32 / self.em }
        });
        let glyphs = glyphs.collect();
        (glyphs, pen.0 as f32 / self.em)
    }

    fn lacks(&self, letter: char) -> bool {
        !letter.is_whitespace() && self.font.charmap().map(letter).is_none()
    }
}

/// What the letters of a name take, in points; other scripts than the font's are guessed.
pub(in crate::dmg) fn name_width(text: &str, size: f32) -> f32 {
    let text: String = text.nfc().collect();
    let Some(face) = &*TEXT_FACE else { return 0.0 };
    let (known, lacking): (String, String) = text.chars().partition(|letter| !face.lacks(*letter));
    (face.shape(&known).1 + lacking.chars().count() as f32) * size
}

/// A caption that has found its place: in points, around its middle.
struct Line {
    face: &'static Face,
    text: String,
    size: f32,
    at: (f32, f32),
}

/// Draws the title and the subtitle at `scale` pixels to the point.
pub(super) fn paint(picture: &mut RgbImage, layout: &DmgLayout, drawing: &Drawing, scale: u32) {
    for (caption, fitted) in captions(layout, drawing) {
        if let Ok((line, _)) = fitted {
            line.paint(picture, caption, scale as f32);
        }
    }
}

/// What is not drawn as it was asked for, in a sentence each.
pub(super) fn notes(layout: &DmgLayout, drawing: &Drawing) -> Vec<String> {
    let notes = captions(layout, drawing).map(|(_, fitted)| fitted.map_or_else(Some, |(_, note)| note));
    notes.flatten().collect()
}

type Fitted = Result<(Line, Option<String>), String>;

fn captions<'a>(layout: &'a DmgLayout, drawing: &'a Drawing) -> impl Iterator<Item = (&'a Caption, Fitted)> {
    let size = |caption: &Option<Caption>, usual| {
        caption.as_ref().map_or(0.0, |caption| caption.size.unwrap_or(usual) as f32)
    };
    let (title, subtitle) = (size(&drawing.title, 22), size(&drawing.subtitle, 14));
    // Both stand as one block in the middle of what is free above the icons.
    let top = layout.positions.values().map(|&(_, y)| y as f32 - layout.icon_size as f32 / 2.0);
    let free = top.fold(layout.window.height as f32, f32::min);
    let gap = if title > 0.0 && subtitle > 0.0 { 8.0 } else { 0.0 };
    let block = (title + gap + subtitle) * 1.0;
    let above = ((free - block) / 2.0).max(10.0);
    let middles = [above + title / 2.0, above + title + gap + subtitle / 2.0];
    let all = [
        ("title", &drawing.title, &*TITLE_FACE, title, middles[0]),
        ("subtitle", &drawing.subtitle, &*TEXT_FACE, subtitle, middles[1]),
    ];
    all.into_iter().filter_map(move |(what, caption, face, size, middle)| {
        let caption = caption.as_ref().filter(|caption| !caption.text.trim().is_empty())?;
        let at = caption.at.map_or((layout.window.width as f32 / 2.0, middle), |(x, y)| (x as f32, y as f32));
        Some((caption, fit(what, caption, face.as_ref()?, size, at, layout.window.width as f32)))
    })
}

/// The line as large as it may be; an error is why it is not drawn at all.
fn fit(what: &str, caption: &Caption, face: &'static Face, size: f32, at: (f32, f32), window: f32) -> Fitted {
    let text: String = caption.text.split_whitespace().collect::<Vec<_>>().join(" ").nfc().collect();
    let lacking: String = text.chars().filter(|letter| face.lacks(*letter)).take(8).collect();
    if !lacking.is_empty() {
        return Err(format!(
            "The {what} \"{text}\" is not drawn: the font has no {lacking}. Draw it into a picture of your own."
        ));
    }
    let room = (at.0.min(window - at.0) - MARGIN).max(0.0) * 2.0;
    let fits = |text: &str, size: f32| face.shape(text).1 * size <= room;
    let whole = size.min(room / face.shape(&text).1.max(f32::EPSILON));
    let line = |text, size| Line { face, text, size, at };
    if whole >= size {
        return Ok((line(text, size), None));
    }
    if whole >= size * SMALLEST {
        let note = format!("The {what} is wider than the window, and was made smaller.");
        return Ok((line(text, whole), Some(note)));
    }
    let size = size * SMALLEST;
    let mut letters: Vec<char> = text.chars().collect();
    while let Some(last) = letters.pop() {
        let cut = format!("{}…", letters.iter().collect::<String>().trim_end());
        if !last.is_whitespace() && fits(&cut, size) {
            let note = format!("The {what} is wider than the window, and was cut to \"{cut}\".");
            return Ok((line(cut, size), Some(note)));
        }
    }
    Err(format!("The {what} is not drawn, since there is no room at its place. Move it to the middle."))
}

impl Line {
    fn paint(&self, picture: &mut RgbImage, caption: &Caption, unit: f32) {
        let (glyphs, width) = self.face.shape(&self.text);
        let size = self.size * unit;
        let left = self.at.0 * unit - width * size / 2.0;
        // Inter's capitals are 0.727 em high.
        let baseline = self.at.1 * unit + 0.3635 * size;
        let (x, y) = ((left - size / 4.0).floor().max(0.0), (baseline - size * 1.2).floor().max(0.0));
        let columns = x as u32..((left + width * size + size / 4.0).max(0.0) as u32 + 1).min(picture.width());
        let rows = y as u32..((baseline + size * 0.5).max(0.0) as u32 + 1).min(picture.height());
        if columns.is_empty() || rows.is_empty() {
            return;
        }
        let ink =
            caption.color.unwrap_or_else(|| around(picture, columns.clone(), rows.clone()).ink(CONTRAST));
        let mut pen = Pen::new(columns.len(), rows.len());
        let outlines = self.face.font.outline_glyphs();
        for glyph in glyphs {
            pen.origin = point(left + glyph.x * size - x, baseline - glyph.y * size - y);
            let settings = DrawSettings::unhinted(Size::new(size), LocationRef::default());
            if let Some(outline) = outlines.get(glyph.id) {
                // The fonts are ours: a glyph that cannot be drawn would be seen by the first test.
                let _ = outline.draw(settings, &mut pen);
            }
        }
        pen.raster.for_each_pixel_2d(|column, row, covered| {
            if covered > 0.0 {
                let pixel = picture.get_pixel_mut(columns.start + column, rows.start + row);
                *pixel = mix(*pixel, ink, covered.min(1.0));
            }
        });
    }
}

/// Outlines (upwards) into coverage (downwards).
struct Pen {
    raster: Rasterizer,
    origin: Point,
    first: Point,
    last: Point,
}

impl Pen {
    fn new(width: usize, height: usize) -> Pen {
        let zero = point(0.0, 0.0);
        Pen { raster: Rasterizer::new(width, height), origin: zero, first: zero, last: zero }
    }

    fn at(&self, x: f32, y: f32) -> Point {
        point(self.origin.x + x, self.origin.y - y)
    }
}

impl OutlinePen for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.first = self.at(x, y);
        self.last = self.first;
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let to = self.at(x, y);
        self.raster.draw_line(self.last, to);
        self.last = to;
    }

    fn quad_to(&mut self, cx: f32, cy: f32, x: f32, y: f32) {
        let to = self.at(x, y);
        self.raster.draw_quad(self.last, self.at(cx, cy), to);
        self.last = to;
    }

    fn curve_to(&mut self, ax: f32, ay: f32, bx: f32, by: f32, x: f32, y: f32) {
        let to = self.at(x, y);
        self.raster.draw_cubic(self.last, self.at(ax, ay), self.at(bx, by), to);
        self.last = to;
    }

    fn close(&mut self) {
        self.raster.draw_line(self.last, self.first);
        self.last = self.first;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;
    use sha2::{Digest, Sha256};

    fn drawing(title: &str) -> Drawing {
        Drawing { title: Some(Caption::new(title)), ..Drawing::default() }
    }

    /// Columns and rows that something was drawn into.
    fn inked(drawing: &Drawing, layout: &DmgLayout, scale: u32) -> Option<(u32, u32, u32, u32)> {
        let mut picture = RgbImage::from_pixel(layout.window.width * scale, 400 * scale, Rgb([255; 3]));
        paint(&mut picture, layout, drawing, scale);
        let dark = picture.enumerate_pixels().filter(|(_, _, pixel)| pixel.0 != [255; 3]);
        dark.map(|(x, y, _)| (x, y, x, y))
            .reduce(|a, b| (a.0.min(b.0), a.1.min(b.1), a.2.max(b.2), a.3.max(b.3)))
    }

    #[test]
    fn a_title_stands_in_the_middle_above_the_icons_at_both_scales() {
        let layout = DmgLayout::standard("Foo.app");
        for scale in [1, 2] {
            let (left, top, right, bottom) = inked(&drawing("HOH"), &layout, scale).unwrap();
            assert!((left + right + 1).abs_diff(640 * scale) <= 2, "{left} {right}");
            assert!((top + bottom + 1).abs_diff(112 * scale) <= 2, "{top} {bottom}");
            assert!((bottom - top).abs_diff(16 * scale) <= 1 + scale, "{top} {bottom}");
        }
    }

    #[test]
    fn what_is_too_wide_is_made_smaller_then_cut_and_said() {
        let layout = DmgLayout::standard("Foo.app");
        let said = |title: &str| notes(&layout, &drawing(title)).concat();
        assert_eq!(said("Foo"), "");
        let wide = "Drag this application with its rather long name to the Applications folder";
        assert_eq!(said(wide), "The title is wider than the window, and was made smaller.");
        let wider = format!("{wide}, please, and {wide}");
        assert!(said(&wider).contains("was cut to \"Drag this application") && said(&wider).contains("…\"."));
        for text in [wide, &wider] {
            let (left, _, right, _) = inked(&drawing(text), &layout, 1).unwrap();
            assert!(left >= 23 && right <= 617 && right - left > 560, "{left} {right}");
        }
        let mut cornered = drawing("Foo");
        cornered.title.as_mut().unwrap().at = Some((20, 20));
        assert!(notes(&layout, &cornered).concat().contains("no room at its place"));
    }

    #[test]
    fn scripts_the_font_lacks_are_said_and_not_drawn_as_boxes() {
        let layout = DmgLayout::standard("Foo.app");
        assert!(notes(&layout, &drawing("Žluťoučký кит Ωμέγα Việt")).is_empty());
        let text = notes(&layout, &drawing("Foo 日本")).concat();
        assert!(text.starts_with("The title \"Foo 日本\" is not drawn: the font has no 日本."), "{text}");
        assert_eq!(inked(&drawing("Foo 日本"), &layout, 1), None);
    }

    #[test]
    fn letters_are_kerned_and_composed() {
        let face = TITLE_FACE.as_ref().unwrap();
        let apart = face.shape("A").1 + face.shape("V").1;
        assert!(face.shape("AV").1 < apart);
        let [composed, apart] = ["é", "e\u{301}"].map(|text| {
            let mut picture = RgbImage::from_pixel(640, 400, Rgb([255; 3]));
            paint(&mut picture, &DmgLayout::standard("Foo.app"), &drawing(text), 1);
            picture
        });
        assert!(composed == apart);
    }

    #[test]
    fn the_pixels_are_the_same_on_every_system() {
        let mut picture = RgbImage::from_pixel(640, 400, Rgb([255; 3]));
        paint(&mut picture, &DmgLayout::standard("Foo.app"), &drawing("Äpfel & Øl"), 1);
        let digest: [u8; 32] = Sha256::digest(picture.as_raw()).into();
        assert_eq!(digest[..4], [97, 48, 19, 96]);
    }
}
