//! The disk image: when it is built, and when it is refused.

use std::path::{Path, PathBuf};

use egui::Context;

use super::App;
use crate::dmg::{Design, Item};
use crate::jobs::Request;
use crate::ui::command::Page;
use crate::ui::pages::disk_image::items;
use crate::ui::state::Activity;
use crate::workflow::package;

/// Whether somebody means the design of an image by this path.
pub(super) fn is_disk_image(path: &Path) -> bool {
    path.extension().is_some_and(|end| end.eq_ignore_ascii_case("dmg")) && path.is_file()
}

impl App {
    /// Shows an existing image, to be changed and built anew. The bundle that was open is closed: the page is about one thing.
    pub(super) fn image_opened(
        &mut self,
        path: PathBuf,
        design: Design,
        minimum_system: Option<(u32, u32)>,
        problems: Vec<String>,
    ) {
        problems.iter().chain(&design.notes).for_each(|note| self.state.note(note.clone()));
        self.state.opened = None;
        self.state.image = Default::default();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        self.state.image.design(design.spec, path.with_file_name(format!("{name} new.dmg")));
        (self.state.image.notes, self.state.image.problems) = (design.notes, problems);
        self.state.image.minimum_system = minimum_system;
        self.state.image.source = Some(path);
        self.state.page = Some(Page::DiskImage);
    }

    pub(super) fn add_item(&mut self, path: &Path) {
        let view = &mut self.state.image;
        let Some(spec) = &mut view.spec else { return };
        match Item::local(path) {
            Ok(item) => {
                view.selected = Some(items::put(spec, item));
                view.forget_result();
            }
            Err(failure) => self.state.activity = Activity::Failed(failure.to_string()),
        }
    }

    /// Has the picture behind the icons drawn, the design checked and its size estimated again where it changed.
    pub(super) fn keep_image_up(&mut self, ctx: &Context) {
        let view = &mut self.state.image;
        if self.state.page != Some(Page::DiskImage) {
            return;
        }
        // A drag, and what is typed, are one step each.
        let at_rest = !ctx.input(|input| input.pointer.any_down()) && !ctx.text_edit_focused();
        view.settle(at_rest);
        if self.side.busy() {
            return;
        }
        if let Some(opened) = &self.state.opened {
            view.minimum_system = package::minimum_system(&opened.inspection.bundle);
        }
        let request = match (view.stale_picture(), at_rest) {
            (Some(layout), _) => Some(Request::DrawBackdrop { layout }),
            (None, true) => view.wants(),
            (None, false) => None,
        };
        if let Some(request) = request {
            self.side.start(request);
        }
    }

    /// From its own page the image is built where the field says; from elsewhere the page comes first.
    pub(super) fn build_image(&mut self) {
        let output = self.state.image.output.trim();
        if self.state.page() != Page::DiskImage {
            self.state.page = Some(Page::DiskImage);
        } else if !output.is_empty() {
            self.build(PathBuf::from(output), false);
        }
    }

    /// The user has seen that the bundle has errors.
    pub(super) fn build_despite_errors(&mut self) {
        self.state.image.despite_errors = true;
        self.build_image();
    }

    /// A file that this window built before may go; any other only when the user said so. With errors in the bundle the
    /// user has to insist.
    pub(super) fn build(&mut self, out: PathBuf, replace: bool) {
        let errors = self.state.opened.as_ref().is_some_and(|opened| opened.facts.errors > 0);
        let view = &mut self.state.image;
        let Some(spec) = view.spec.clone() else { return };
        let replace = replace || view.made.contains(&out);
        view.forget_result();
        if errors && !view.despite_errors {
            view.refused = true;
            return;
        }
        let sign = if view.signs { self.state.identity.request() } else { None };
        if view.signs && sign.is_none() {
            view.failure = Some("Name the identity that signs it, or switch Sign the image off.".to_owned());
            return;
        }
        let sign = sign.map(|request| Box::new(self.asked_here(request)));
        self.begin("Building", Request::BuildImage { spec, out, replace, sign });
    }
}
