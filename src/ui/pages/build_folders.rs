//! Mac the build machine's folders are on this one, as a panel above the page.

use std::path::PathBuf;

use egui::{Margin, Panel, Sense, Ui, pos2, vec2};

use crate::bundle::SearchRoots;
use crate::paths::RuntimePath;
use crate::ui::command::{Action, Outbox};
use crate::ui::icons::Icon;
use crate::ui::theme::{Type, tokens};
use crate::ui::widgets::{Button, Field, divider, label, panel_frame, paragraph, switch};

#[derive(Default)]
pub struct View {
    open: bool,
    /// From on the build Mac, to on this machine.
    rows: Vec<(String, String)>,
    this_machine: bool,
}

impl View {
    pub fn open(&mut self, roots: &SearchRoots) {
        self.open = true;
        self.this_machine = roots.this_machine;
        self.rows =
            roots.roots.iter().map(|(from, to)| (from.to_string(), to.display().to_string())).collect();
        if self.rows.is_empty() {
            self.rows.push(("/opt/homebrew".to_owned(), String::new()));
        }
    }

    pub fn chosen(&mut self, row: usize, folder: PathBuf) {
        if let Some((_, to)) = self.rows.get_mut(row) {
            *to = folder.display().to_string();
        }
    }

    fn roots(&self) -> SearchRoots {
        let whole = |(from, to): &(String, String)| {
            let (from, to) = (from.trim().trim_end_matches('/'), to.trim());
            (from.starts_with('/') && !to.is_empty()).then(|| (RuntimePath::new(from), PathBuf::from(to)))
        };
        SearchRoots { roots: self.rows.iter().filter_map(whole).collect(), this_machine: self.this_machine }
    }
}

/// Shows the list above the page while it is open.
pub fn show(ui: &mut Ui, view: &mut View, out: &mut Outbox) {
    if !view.open {
        return;
    }
    let t = tokens(ui);
    let frame = panel_frame(t.panel).inner_margin(Margin::same(16));
    Panel::top("build-folders").resizable(false).frame(frame).show_separator_line(false).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 4.0;
        label(ui, "Build Mac folders", Type::Title, t.text);
        let words = "A bundle built on a Mac names folders of that Mac. Say where they are on this machine, and \
                     libraries can be brought in from there.";
        paragraph(ui, words, Type::Body, t.text_soft);
        ui.add_space(8.0);
        rows(ui, view, out);
        ui.add_space(4.0);
        if Button::new("Add folder").link().icon(Icon::Plus).show(ui).clicked() {
            view.rows.push((String::new(), String::new()));
        }
        ui.add_space(8.0);
        let tip = "On when this machine built the app: its own /opt/homebrew and the like count as they stand";
        switch(ui, &mut view.this_machine, "Look on this machine too, at the same paths", true, tip);
        ui.add_space(12.0);
        ui.horizontal(|ui| {
            if Button::new("Use these folders").icon(Icon::Check).show(ui).clicked() {
                view.open = false;
                out.push(Action::SetRoots(view.roots()));
            }
            if Button::new("Close").tip("Leaves the folders as they are").show(ui).clicked() {
                view.open = false;
            }
        });
        ui.add_space(12.0);
        divider(ui);
    });
}

fn rows(ui: &mut Ui, view: &mut View, out: &mut Outbox) {
    let t = tokens(ui);
    let mut gone = None;
    let wide = (ui.available_width() - 200.0 - 16.0 - 2.0 * 28.0 - 4.0 * 8.0).clamp(160.0, 420.0);
    for (index, (from, to)) in view.rows.iter_mut().enumerate() {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 8.0;
            let number = index + 1;
            Field::new(&format!("Folder {number} on the build Mac"), 200.0)
                .mono()
                .hint("/opt/homebrew")
                .show(ui, from);
            let (rect, _) = ui.allocate_exact_size(vec2(16.0, 28.0), Sense::hover());
            Icon::ArrowRight.paint_at(
                ui.painter(),
                pos2(rect.center().x, rect.center().y),
                14.0,
                t.text_faint,
            );
            Field::new(&format!("Folder {number} on this machine"), wide)
                .mono()
                .hint("folder on this machine")
                .show(ui, to);
            let name = format!("Choose folder {number}");
            if Button::new(&name).icon_only(Icon::Folder).show(ui).clicked() {
                out.push(Action::PickBuildFolder(index));
            }
            let name = format!("Remove folder {number}");
            if Button::new(&name).icon_only(Icon::Close).show(ui).clicked() {
                gone = Some(index);
            }
        });
    }
    if let Some(index) = gone {
        view.rows.remove(index);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_rows_count() {
        let mut view = View::default();
        view.open(&SearchRoots::default());
        assert!(view.roots().roots.is_empty());
        view.chosen(0, PathBuf::from("/srv/brew"));
        view.rows.push(("relative".to_owned(), "/x".to_owned()));
        assert_eq!(view.roots().roots, [(RuntimePath::new("/opt/homebrew"), PathBuf::from("/srv/brew"))]);
    }
}
