//! Signing from the window: what is asked, planned and done.

use super::App;
use crate::jobs::Request;
use crate::ui::command::Page;
use crate::ui::pages::signature::Part;
use crate::workflow::{PreflightOptions, SignRequest};

impl App {
    pub(super) fn show_signing(&mut self) {
        self.state.page = Some(Page::Signature);
        self.state.signature.part = Part::Sign;
    }

    /// Looks what signing like this would do.
    pub(super) fn plan_signing(&mut self, request: SignRequest) {
        let Some(opened) = &self.state.opened else { return };
        let (path, request) = (opened.path(), self.asked_here(request));
        self.begin("Planning signatures", Request::PlanSigning { path, request });
    }

    /// With this machine's time and its way to a timestamp server.
    pub(super) fn asked_here(&self, request: SignRequest) -> SignRequest {
        let time = self.outside.source_date.unwrap_or_else(self.outside.clock);
        SignRequest { time, proxy: self.outside.http_proxy.clone(), ..request }
    }

    pub(super) fn sign(&mut self) {
        let (Some(opened), Some(signing)) = (&self.state.opened, self.state.signature.sign.options()) else {
            return;
        };
        let options = opened.inspection.options.clone();
        self.begin("Signing", Request::Sign { path: opened.path(), signing, options });
    }

    pub(super) fn preflight(&mut self) {
        let Some(opened) = &self.state.opened else { return };
        let options = PreflightOptions {
            temporary: self.outside.temporary.clone(),
            today: Some((self.outside.clock)()).filter(|time| *time > 0),
        };
        let path = opened.path();
        self.state.page = Some(Page::Signature);
        self.state.signature.part = Part::Preflight;
        self.begin("Checking", Request::Preflight { path, options });
    }
}
