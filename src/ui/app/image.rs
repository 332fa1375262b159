//! The disk image: when it is built, and when it is refused.

use std::path::PathBuf;

use super::App;
use crate::jobs::Request;
use crate::ui::command::Page;

impl App {
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
