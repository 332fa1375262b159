//! Each file: who signed it, with which flags, and every seal that does not hold.

use std::collections::BTreeMap;
use std::sync::Arc;

use egui::{Id, Margin, Rect, Role, ScrollArea, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

use crate::bundle::Image;
use crate::codesign::{SealProblem, SignedCode, flag_names, moment};
use crate::macho::{SignatureState, Slice};
use crate::paths::BundlePath;
use crate::ui::command::{Command, keys};
use crate::ui::facts::{arch_order, counted, signed_by};
use crate::ui::icons::Icon;
use crate::ui::search::Words;
use crate::ui::shell;
use crate::ui::state::Opened;
use crate::ui::theme::{Type, size, tokens};
use crate::ui::widgets::{
    Field, Status, Tone, callout, cut, divider, elided, empty, galley, inside, label, mono_block, paint_left,
    property_path, property_text, switch, tree_table,
};

const TABLE: &str = "signature";

#[derive(Default)]
pub struct View {
    pub filter: String,
    problems_only: bool,
    selected: Option<BundlePath>,
    rows: Vec<BundlePath>,
    /// The positions of each file's problems in the verification.
    problems: BTreeMap<BundlePath, Vec<usize>>,
    /// What the rows were made from: inspection, filter and switch.
    made_from: Option<(u64, String, bool)>,
}

impl View {
    /// Brings the rows up to date with what is asked for.
    fn refresh(&mut self, opened: &Opened) {
        let now = (opened.revision, self.filter.clone(), self.problems_only);
        if self.made_from.as_ref() == Some(&now) {
            return;
        }
        let inspection = &opened.inspection;
        self.problems.clear();
        for (at, problem) in inspection.seals.problems.iter().enumerate() {
            self.problems.entry(problem.path.clone()).or_default().push(at);
        }
        // Seals of folders have problems too, without being images themselves.
        let images = &inspection.bundle.images;
        let folders = self.problems.keys().filter(|path| !images.contains_key(*path));
        let words = Words::new(&self.filter);
        let wanted = |path: &&BundlePath| {
            words.are_in(path.as_str()) && (!self.problems_only || self.problems.contains_key(*path))
        };
        self.rows = images.keys().chain(folders).filter(wanted).cloned().collect();
        self.rows.sort();
        if self.selected.as_ref().is_none_or(|selected| self.rows.binary_search(selected).is_err()) {
            self.selected = self.rows.first().cloned();
        }
        self.made_from = Some(now);
    }
}

/// CodeDirectory flags in codesign's words.
pub fn flag_words(flags: u32) -> String {
    let words = flag_names(flags);
    if words.is_empty() { "none".to_owned() } else { words.join(", ") }
}

fn status(state: SignatureState, problems: usize) -> Status {
    if problems > 0 {
        return Status::new(Icon::Error, Tone::Error, counted(problems, "problem"));
    }
    match state {
        SignatureState::None => Status::new(Icon::Warning, Tone::Warning, "Not signed"),
        SignatureState::Linker => Status::new(Icon::Note, Tone::Note, "Linker (ad hoc)"),
        SignatureState::Adhoc => Status { word: "Ad hoc".to_owned(), ..Status::found() },
        SignatureState::Cms => Status { word: "Identity".to_owned(), ..Status::found() },
        SignatureState::Unreadable => Status::new(Icon::Error, Tone::Error, "Unreadable"),
    }
}

pub fn filter_id() -> Id {
    Id::unique("signature-filter")
}

/// The inspector of the selected file.
pub fn beside(ui: &mut Ui, view: &mut View, opened: &Opened, called: bool) {
    view.refresh(opened);
    let Some(path) = view.selected.clone() else { return };
    let all = &opened.inspection.seals.problems;
    let of = view.problems.get(&path).map(Vec::as_slice).unwrap_or_default();
    let problems: Vec<&SealProblem> = of.iter().filter_map(|at| all.get(*at)).collect();
    let image = opened.inspection.bundle.images.get(&path);
    shell::inspector(ui, size::INSPECTOR, called, |ui| inspector(ui, opened, &path, image, &problems));
}

/// The table of files.
pub fn center(ui: &mut Ui, view: &mut View, opened: &Opened, called: &mut bool) {
    let image = |path: &BundlePath| opened.inspection.bundle.images.get(path);
    toolbar(ui, view);
    if view.rows.is_empty() {
        if empty(ui, Icon::Shield, "No file matches.", Some("Show all")) {
            view.filter.clear();
            view.problems_only = false;
        }
        return;
    }
    let (paths, problems) = (&view.rows, &view.problems);
    let wide = ui.available_width();
    let state_at = wide - 150.0;
    let identifier_at = (wide >= 560.0).then_some((wide * 0.46).round());
    let mut heads = vec![("File", 16.0), ("Signature", state_at)];
    heads.extend(identifier_at.map(|x| ("Identifier", x)));
    tree_table::heads(ui, &heads);
    let selected = view.selected.as_ref().and_then(|selected| paths.binary_search(selected).ok());
    let table = tree_table::Table {
        salt: TABLE,
        name: "Signatures",
        rows: paths.len(),
        row_height: size::ROW,
        selected,
        reveal: false,
    };
    let event = tree_table::show(
        ui,
        &table,
        |row| {
            let path = &paths[row];
            let word = row_status(image(path), problems.get(path).map_or(0, Vec::len)).word;
            tree_table::Row {
                key: row as u64,
                depth: 0,
                open: None,
                spoken: format!("{path}, {word}"),
                heading: false,
                twin: false,
            }
        },
        |ui, row, rect| {
            let path = &paths[row];
            let count = problems.get(path).map_or(0, Vec::len);
            paint(ui, opened, path, image(path), count, rect, identifier_at, state_at);
        },
    );
    use tree_table::Event;
    match event {
        Some(Event::Select(row) | Event::Activate(row)) => {
            view.selected = view.rows.get(row).cloned();
            *called |= matches!(event, Some(Event::Activate(_)));
        }
        Some(Event::Typed(text)) => {
            view.filter.push_str(&text);
            ui.memory_mut(|memory| memory.request_focus(filter_id()));
        }
        _ => {}
    }
}

fn row_status(image: Option<&Arc<Image>>, problems: usize) -> Status {
    let state = image.map_or(SignatureState::None, |image| signed_by(image));
    status(state, problems)
}

fn toolbar(ui: &mut Ui, view: &mut View) {
    let t = tokens(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), size::TOOLBAR), Sense::hover());
    let bounds = rect.shrink2(vec2(16.0, 6.0));
    let layout = egui::Layout::left_to_right(egui::Align::Center);
    inside(ui, bounds, layout, |ui| {
        let hint = keys(ui.ctx(), Command::Find).unwrap_or_default();
        let wide = (ui.available_width() - 150.0).clamp(100.0, 320.0);
        Field::new("Filter files", wide)
            .icon(Icon::Search)
            .hint("Filter")
            .after(&hint)
            .id(filter_id())
            .show(ui, &mut view.filter);
        switch(ui, &mut view.problems_only, "Problems only", true, "Hides every file whose signature holds");
    });
    ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, t.line));
}

#[expect(clippy::too_many_arguments, reason = "the whole context of one row")]
fn paint(
    ui: &Ui,
    opened: &Opened,
    path: &BundlePath,
    image: Option<&Arc<Image>>,
    problems: usize,
    rect: Rect,
    identifier_at: Option<f32>,
    state_at: f32,
) {
    let t = tokens(ui);
    let y = rect.center().y;
    let end = identifier_at.unwrap_or(state_at);
    let name = if path.is_root() { opened.inspection.bundle.name.as_str() } else { path.as_str() };
    paint_left(ui, rect.left() + 16.0, y, elided(ui, name, Type::Mono, t.text, end - 28.0));
    let signed =
        |image: &Arc<Image>| image.file.slices.iter().find_map(|slice| slice.signature.identifier.clone());
    if let Some(x) = identifier_at {
        let identifier = image.and_then(signed).unwrap_or_else(|| "–".to_owned());
        paint_left(
            ui,
            rect.left() + x,
            y,
            cut(ui, &identifier, Type::Mono, t.text_soft, state_at - x - 12.0),
        );
    }
    row_status(image, problems).paint(ui, rect.left() + state_at, y, rect.width() - state_at - 8.0);
}

fn inspector(
    ui: &mut Ui,
    opened: &Opened,
    path: &BundlePath,
    image: Option<&Arc<Image>>,
    problems: &[&SealProblem],
) {
    let t = tokens(ui);
    ScrollArea::vertical().id_salt(("signature", path)).auto_shrink(false).show(ui, |ui| {
        egui::Frame::new().inner_margin(Margin::same(16)).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            let name = if path.is_root() { opened.inspection.bundle.name.as_str() } else { path.file_name() };
            let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 28.0), Sense::hover());
            response.widget_info(|| WidgetInfo::labeled(Role::Heading, true, name));
            paint_left(ui, rect.left(), rect.center().y, cut(ui, name, Type::Title, t.text, rect.width()));
            property_path(ui, "Path", if path.is_root() { "." } else { path.as_str() });
            let mut slices: Vec<_> = image.iter().flat_map(|image| &image.file.slices).collect();
            slices.sort_by_key(|slice| arch_order(&slice.arch));
            for slice in slices {
                let of = |code: &&SignedCode| code.path == *path && code.arch == Some(slice.arch);
                particulars(ui, slice, opened.inspection.seals.codes.iter().find(of));
            }
            ui.add_space(8.0);
            divider(ui);
            ui.add_space(12.0);
            label(ui, "Seal", Type::Heading, t.text);
            ui.add_space(8.0);
            if problems.is_empty() {
                let (rect, response) =
                    ui.allocate_exact_size(vec2(ui.available_width(), size::ROW), Sense::hover());
                response.widget_info(|| WidgetInfo::labeled(Role::Label, true, "Nothing is wrong with it"));
                let y = rect.center().y;
                Icon::Good.paint_at(ui.painter(), pos2(rect.left() + 8.0, y), size::ICON, t.good);
                paint_left(
                    ui,
                    rect.left() + 24.0,
                    y,
                    galley(ui, "Nothing is wrong with it", Type::Body, t.text_soft),
                );
            }
            for problem in problems {
                let arch = problem.arch.map(|arch| format!(" ({arch})")).unwrap_or_default();
                mono_block(ui, &format!("{}{arch}", problem.message), None);
                ui.add_space(6.0);
            }
        });
    });
}

/// The signature of one slice.
fn particulars(ui: &mut Ui, slice: &Slice, code: Option<&SignedCode>) {
    let t = tokens(ui);
    ui.add_space(8.0);
    divider(ui);
    ui.add_space(8.0);
    label(ui, &slice.arch.to_string(), Type::Heading, t.text);
    ui.add_space(4.0);
    let signature = &slice.signature;
    property_text(ui, "State", &status(signature.state, 0).word);
    property_path(ui, "Identifier", signature.identifier.as_deref().unwrap_or("–"));
    property_text(ui, "Team", signature.team.as_deref().unwrap_or("not set"));
    property_text(ui, "Flags", &flag_words(signature.flags));
    if let Some(cdhash) = code.and_then(|code| code.cdhash.as_deref()) {
        property_path(ui, "CDHash", cdhash);
    }
    if let Some(authority) = code.and_then(|code| code.authority.as_ref()) {
        for (at, name) in authority.names.iter().enumerate() {
            property_text(ui, if at == 0 { "Authority" } else { "" }, name);
        }
        match (authority.timestamp, authority.signed_time) {
            (Some(time), _) => property_text(ui, "Timestamp", &moment(time)),
            (None, Some(time)) => property_text(ui, "Signed time", &moment(time)),
            (None, None) => property_text(ui, "Timestamp", "none"),
        }
    }
    for (at, key) in signature.claims.iter().enumerate() {
        property_path(ui, if at == 0 { "May do" } else { "" }, key);
    }
    if let Some(designated) = code.and_then(|code| code.designated.as_deref()) {
        ui.add_space(6.0);
        label(ui, "Other code knows it by", Type::Body, t.text_faint);
        ui.add_space(4.0);
        mono_block(ui, designated, None);
    }
    if slice.arch.needs_signature() && signature.state == SignatureState::None {
        let words = "Apple silicon runs no code without a signature, ad hoc at least.";
        callout(ui, Tone::Warning, Icon::Warning, words);
    }
}

#[cfg(test)]
mod tests {
    use super::flag_words;

    #[test]
    fn flags_are_named_as_codesign_names_them() {
        assert_eq!(flag_words(0x2_0002), "adhoc, linker-signed");
        assert_eq!(flag_words(0x1_0000), "runtime");
        assert_eq!(flag_words(0), "none");
    }
}
