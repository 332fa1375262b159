//! Draws egui's triangles on the CPU: the same pixels everywhere, without a graphics card or a display.

use std::collections::HashMap;

use egui::epaint::{ClippedPrimitive, Primitive, Vertex};
use egui::{Color32, ColorImage, ImageData, Rect, TextureFilter, TextureId, TexturesDelta};
use egui_kittest::TestRenderer;
use image::{Rgba, RgbaImage};

#[derive(Default)]
pub struct Soft {
    textures: HashMap<TextureId, (ColorImage, bool)>,
}

impl TestRenderer for Soft {
    fn handle_delta(&mut self, delta: &mut TexturesDelta) {
        for (id, change) in
            delta.set.drain().flat_map(|(id, changes)| changes.into_iter().map(move |change| (id, change)))
        {
            let ImageData::Color(image) = &change.image;
            let smooth = change.options.magnification == TextureFilter::Linear;
            match change.pos {
                None => {
                    self.textures.insert(id, (ColorImage::clone(image), smooth));
                }
                Some([left, top]) => {
                    if let Some((whole, _)) = self.textures.get_mut(&id) {
                        for y in 0..image.size[1] {
                            let to = (top + y) * whole.size[0] + left;
                            let from = y * image.size[0];
                            whole.pixels[to..to + image.size[0]]
                                .copy_from_slice(&image.pixels[from..from + image.size[0]]);
                        }
                    }
                }
            }
        }
        for id in delta.free.drain() {
            self.textures.remove(&id);
        }
    }

    fn render(&mut self, ctx: &egui::Context, output: &egui::FullOutput) -> Result<RgbaImage, String> {
        let scale = output.pixels_per_point;
        let size = ctx.content_rect().size() * scale;
        let (width, height) = (size.x.round() as usize, size.y.round() as usize);
        let mut pixels = vec![[0.0_f32; 4]; width * height];
        for primitive in ctx.tessellate(output.shapes.clone(), scale) {
            self.draw(&primitive, scale, width, height, &mut pixels);
        }
        let mut image = RgbaImage::new(width as u32, height as u32);
        for (at, pixel) in image.pixels_mut().enumerate() {
            let part = |index: usize| (pixels[at][index] * 255.0 + 0.5) as u8;
            *pixel = Rgba([part(0), part(1), part(2), 255]);
        }
        Ok(image)
    }
}

impl Soft {
    fn draw(
        &self,
        primitive: &ClippedPrimitive,
        scale: f32,
        width: usize,
        height: usize,
        pixels: &mut [[f32; 4]],
    ) {
        let Primitive::Mesh(mesh) = &primitive.primitive else { return };
        let Some((texture, smooth)) = self.textures.get(&mesh.texture_id) else { return };
        let clip = Rect::from_min_max(
            (primitive.clip_rect.min.to_vec2() * scale).round().to_pos2(),
            (primitive.clip_rect.max.to_vec2() * scale).round().to_pos2(),
        );
        for corners in mesh.indices.chunks_exact(3) {
            let corner = |index: usize| mesh.vertices[corners[index] as usize];
            triangle(
                [corner(0), corner(1), corner(2)],
                scale,
                clip,
                (width, height),
                texture,
                *smooth,
                pixels,
            );
        }
    }
}

fn triangle(
    corners: [Vertex; 3],
    scale: f32,
    clip: Rect,
    (width, height): (usize, usize),
    texture: &ColorImage,
    smooth: bool,
    pixels: &mut [[f32; 4]],
) {
    let [a, b, c] = corners.map(|corner| corner.pos.to_vec2() * scale);
    let area = (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
    if area == 0.0 {
        return;
    }
    let edge = |low: f32, limit: usize| low.max(0.0).min(limit as f32) as usize;
    let left = edge(a.x.min(b.x).min(c.x).max(clip.min.x).floor(), width);
    let right = edge(a.x.max(b.x).max(c.x).min(clip.max.x).ceil(), width);
    let top = edge(a.y.min(b.y).min(c.y).max(clip.min.y).floor(), height);
    let bottom = edge(a.y.max(b.y).max(c.y).min(clip.max.y).ceil(), height);
    for y in top..bottom {
        for x in left..right {
            let p = egui::vec2(x as f32 + 0.5, y as f32 + 0.5);
            let weigh = |u: egui::Vec2, v: egui::Vec2| (v.x - u.x) * (p.y - u.y) - (v.y - u.y) * (p.x - u.x);
            let (wa, wb, wc) = (weigh(b, c) / area, weigh(c, a) / area, weigh(a, b) / area);
            // A pixel on a shared edge belongs to one triangle alone: top-left rule.
            let inside = |w: f32, u: egui::Vec2, v: egui::Vec2| {
                let (dx, dy) = if area > 0.0 { (v.x - u.x, v.y - u.y) } else { (u.x - v.x, u.y - v.y) };
                w > 0.0 || (w == 0.0 && (dy < 0.0 || (dy == 0.0 && dx > 0.0)))
            };
            if !(inside(wa, b, c) && inside(wb, c, a) && inside(wc, a, b)) {
                continue;
            }
            let mix = |f: fn(&Vertex) -> f32| f(&corners[0]) * wa + f(&corners[1]) * wb + f(&corners[2]) * wc;
            let (u, v) = (mix(|corner| corner.uv.x), mix(|corner| corner.uv.y));
            let texel = sample(texture, u, v, smooth);
            let tint = [
                mix(|corner| f32::from(corner.color.r())),
                mix(|corner| f32::from(corner.color.g())),
                mix(|corner| f32::from(corner.color.b())),
                mix(|corner| f32::from(corner.color.a())),
            ];
            let ink: [f32; 4] = std::array::from_fn(|index| texel[index] * tint[index] / 255.0);
            let pixel = &mut pixels[y * width + x];
            for index in 0..4 {
                pixel[index] = (ink[index] + pixel[index] * (1.0 - ink[3])).clamp(0.0, 1.0);
            }
        }
    }
}

fn sample(texture: &ColorImage, u: f32, v: f32, smooth: bool) -> [f32; 4] {
    let [width, height] = texture.size;
    let at = |x: i64, y: i64| -> [f32; 4] {
        let (x, y) = (x.clamp(0, width as i64 - 1) as usize, y.clamp(0, height as i64 - 1) as usize);
        let color: Color32 = texture.pixels[y * width + x];
        color.to_array().map(|part| f32::from(part) / 255.0)
    };
    let (x, y) = (u * width as f32 - 0.5, v * height as f32 - 0.5);
    if !smooth {
        return at((x + 0.5).floor() as i64, (y + 0.5).floor() as i64);
    }
    let (left, top) = (x.floor(), y.floor());
    let (fx, fy) = (x - left, y - top);
    let corner = |dx: i64, dy: i64| at(left as i64 + dx, top as i64 + dy);
    let (tl, tr, bl, br) = (corner(0, 0), corner(1, 0), corner(0, 1), corner(1, 1));
    std::array::from_fn(|index| {
        let upper = tl[index] * (1.0 - fx) + tr[index] * fx;
        let lower = bl[index] * (1.0 - fx) + br[index] * fx;
        upper * (1.0 - fy) + lower * fy
    })
}
