//! The inspector's part about what stands behind the icons: a template to begin with, then ground, arrow, words and plates.

use egui::{Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, vec2};

use super::View;
use super::settings::{row, section};
use crate::dmg::{Arrow, ArrowStyle, Background, Base, Caption, Color, Drawing, Template};
use crate::ui::command::{Action, Outbox};
use crate::ui::facts::capital;
use crate::ui::theme::{Type, tokens};
use crate::ui::widgets::{Button, Field, elided, number_field, paint_left, selector, switch};

pub fn show(ui: &mut Ui, view: &mut View, out: &mut Outbox) {
    section(ui, "Background", false);
    let title = view.title.clone();
    let Some(spec) = &mut view.spec else { return };
    let named = spec.items.iter().find(|item| item.name.ends_with(".app")).or(spec.items.first());
    let app = named.map(|item| item.name.clone()).unwrap_or_default();
    template(ui, &mut spec.layout, &app, &title);
    let background = &mut spec.layout.background;
    kind(ui, background, &app, out);
    match background {
        Background::None => {}
        Background::Color { color } => colour(ui, "Colour", "Background colour", color),
        Background::Picture { picture, .. } => chosen_picture(ui, &picture.display().to_string(), out),
        Background::Drawn(drawing) => drawn(ui, drawing, &app, &title),
    }
}

/// A whole layout to begin with. Which one it was is not remembered: everything can be changed.
fn template(ui: &mut Ui, layout: &mut crate::dmg::DmgLayout, app: &str, title: &str) {
    let made = |template: Template| {
        let mut made = template.layout(app, title);
        // Where the window opens, and items beside the two, stay as they are.
        (made.window.x, made.window.y) = (layout.window.x, layout.window.y);
        for (name, at) in &layout.positions {
            made.positions.entry(name.clone()).or_insert(*at);
        }
        made
    };
    let on = Template::ALL.iter().position(|template| made(*template) == *layout);
    let mut names: Vec<String> = Template::ALL.iter().map(|template| capital(template.name())).collect();
    names.extend(on.is_none().then(|| "Changed".to_owned()));
    let mut chosen = None;
    row(ui, "Template", |ui| {
        let wide = ui.available_width();
        let about: Vec<String> =
            Template::ALL.iter().map(|one| format!("{}: {}", capital(one.name()), one.about())).collect();
        let tip = format!("A whole layout to begin with.\n{}", about.join("\n"));
        chosen = selector(ui, "Template", &names, on.unwrap_or(Template::ALL.len()), Some(wide), &tip);
    });
    if let Some(template) = chosen.and_then(|index| Template::ALL.get(index)) {
        *layout = made(*template);
    }
}

fn kind(ui: &mut Ui, background: &mut Background, app: &str, out: &mut Outbox) {
    let kinds = ["Drawn here", "Finder's own", "Colour", "Picture file…"].map(str::to_owned);
    let on = match background {
        Background::Drawn(_) => 0,
        Background::None => 1,
        Background::Color { .. } => 2,
        Background::Picture { .. } => 3,
    };
    let mut chosen = None;
    row(ui, "Kind", |ui| {
        let wide = ui.available_width();
        chosen = selector(ui, "Background", &kinds, on, Some(wide), "What stands behind the icons");
    });
    match chosen {
        Some(0) if on != 0 => *background = Drawing::with_arrow(app, "Applications").into(),
        Some(1) => *background = Background::None,
        Some(2) if on != 2 => *background = Background::Color { color: Color::hex(0xEE_F2F5) },
        Some(3) => out.push(Action::PickBackground),
        _ => {}
    }
}

fn chosen_picture(ui: &mut Ui, path: &str, out: &mut Outbox) {
    let t = tokens(ui);
    row(ui, "", |ui| {
        let room = ui.available_width() - 76.0;
        let words = elided(ui, path, Type::MonoCaption, t.text_soft, room);
        let (rect, response) = ui.allocate_exact_size(vec2(room, 18.0), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, path));
        paint_left(ui, rect.left(), rect.center().y, words);
        response.on_hover_text(path);
        if Button::new("Change…").link().show(ui).clicked() {
            out.push(Action::PickBackground);
        }
    });
}

fn drawn(ui: &mut Ui, drawing: &mut Drawing, app: &str, title: &str) {
    match &mut drawing.base {
        Base::Solid { color } => colour(ui, "Ground", "Ground colour", color),
        Base::Gradient { from, to, angle } => {
            colour(ui, "From", "Gradient from", from);
            colour(ui, "To", "Gradient to", to);
            row(ui, "Angle", |ui| {
                let mut degrees = angle.rem_euclid(360).unsigned_abs();
                if number_field(ui, "Gradient angle", "°", &mut degrees, 0..=359) {
                    *angle = degrees as i32;
                }
            });
        }
        Base::Picture { .. } => {}
    }
    arrow(ui, &mut drawing.arrow, app);
    caption(ui, "Title", &mut drawing.title, title);
    caption(ui, "Subtitle", &mut drawing.subtitle, "");
    row(ui, "Labels", |ui| {
        let tip = "Plates under the names, on which black and white are equally readable";
        switch(ui, &mut drawing.label_plates, "Plates under them", true, tip);
    });
}

fn arrow(ui: &mut Ui, arrow: &mut Option<Arrow>, app: &str) {
    let mut names = vec!["None".to_owned()];
    names.extend(ArrowStyle::ALL.iter().map(|style| capital(style.name())));
    let style = arrow.as_ref().map(|arrow| arrow.style);
    let on = ArrowStyle::ALL.iter().position(|one| Some(*one) == style).map_or(0, |index| index + 1);
    let mut chosen = None;
    row(ui, "Arrow", |ui| {
        let wide = ui.available_width();
        chosen = selector(ui, "Arrow", &names, on, Some(wide), "From the app to the folder it is dragged to");
    });
    match chosen {
        None => {}
        Some(0) => *arrow = None,
        Some(index) => {
            let style = ArrowStyle::ALL.get(index - 1).copied().unwrap_or_default();
            let kept = arrow.take().unwrap_or_else(|| Arrow::between(app, "Applications"));
            *arrow = Some(Arrow { style, ..kept });
        }
    }
}

/// A line of words above the icons; none while the field is empty.
fn caption(ui: &mut Ui, name: &str, caption: &mut Option<Caption>, hint: &str) {
    let mut text = caption.as_ref().map(|caption| caption.text.clone()).unwrap_or_default();
    let before = text.clone();
    row(ui, name, |ui| {
        let wide = ui.available_width();
        Field::new(name, wide).hint(hint).show(ui, &mut text);
    });
    if text != before {
        *caption = match caption.take() {
            _ if text.is_empty() => None,
            Some(kept) => Some(Caption { text, ..kept }),
            None => Some(Caption::new(&text)),
        };
    }
}

/// A colour as CSS writes it, with what it looks like. What is being typed is kept until it is a colour.
fn colour(ui: &mut Ui, name: &str, spoken: &str, color: &mut Color) {
    let t = tokens(ui);
    let id = egui::Id::unique(("dmg-colour", spoken));
    let kept: Option<(Color, String)> = ui.data(|data| data.get_temp(id));
    let mut text = match kept {
        Some((of, text)) if of == *color => text,
        _ => color.to_string(),
    };
    row(ui, name, |ui| {
        Field::new(spoken, 110.0).mono().hint("#rrggbb").show(ui, &mut text);
        let (swatch, _) = ui.allocate_exact_size(vec2(24.0, 24.0), Sense::hover());
        match text.parse::<Color>() {
            Ok(parsed) => {
                *color = parsed;
                let Color { red, green, blue } = parsed;
                let fill = egui::Color32::from_rgb(red, green, blue);
                ui.painter().rect(swatch, 5.0, fill, Stroke::new(1.0, t.outline), StrokeKind::Inside);
            }
            Err(_) => drop(crate::ui::widgets::label(ui, "Not a colour", Type::Caption, t.error)),
        }
    });
    ui.data_mut(|data| data.insert_temp(id, (*color, text)));
}
