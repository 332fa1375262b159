//! How to sign: ad hoc or with an identity; what that would do is shown before anything is written.

use std::path::PathBuf;

use egui::{Layout, Margin, Panel, Rect, ScrollArea, Sense, Stroke, Ui, vec2};

use super::step;
use crate::ui::command::{Action, Command, Outbox};
use crate::ui::facts::counted;
use crate::ui::icons::Icon;
use crate::ui::pages::identity;
use crate::ui::shell;
use crate::ui::state::Opened;
use crate::ui::theme::{Type, size, tokens};
use crate::ui::widgets::{
    Button, Field, Tone, action_bar, callout, divider, empty, inside, label, panel_frame, paragraph,
    segments, switch,
};
use crate::workflow::{SignOptions, SignRequest, Signed, Timestamps};

#[derive(Default)]
pub struct View {
    with_identity: bool,
    entitlements: String,
    hardened_runtime: bool,
    plan: Option<(Signed, SignOptions)>,
    /// The plan that was carried out last.
    done: Option<Signed>,
    failure: Option<String>,
    pub(super) selected: usize,
    /// The first plan was asked for by itself.
    began: bool,
}

impl View {
    pub fn receive(&mut self, signed: Signed, options: SignOptions) {
        self.plan = Some((signed, options));
        self.failure = None;
        self.done = None;
        self.selected = 0;
    }

    pub fn signed(&mut self, signed: Signed) {
        self.plan = None;
        self.done = Some(signed);
    }

    pub fn fail(&mut self, words: String) {
        self.failure = Some(words);
    }

    pub fn choose_entitlements(&mut self, path: PathBuf) {
        self.entitlements = path.display().to_string();
        self.change();
    }

    /// What the plan was made with.
    pub fn options(&self) -> Option<SignOptions> {
        self.plan.as_ref().map(|(_, options)| options.clone())
    }

    /// Something else is asked for: the plan is stale, and the key in it is let go.
    pub fn change(&mut self) {
        self.plan = None;
        self.done = None;
        self.failure = None;
    }

    /// What is asked for; `None` while an identity is to be named.
    fn request(&self, identity: &identity::View) -> Option<SignRequest> {
        let nobody = || SignRequest { timestamps: Timestamps::Nobody, ..SignRequest::default() };
        let who = if self.with_identity { identity.request()? } else { nobody() };
        let entitlements = Some(PathBuf::from(self.entitlements.trim()));
        Some(SignRequest {
            entitlements: entitlements.filter(|path| !path.as_os_str().is_empty()),
            hardened_runtime: self.hardened_runtime,
            ..who
        })
    }

    fn shown(&self) -> Option<&Signed> {
        self.done.as_ref().or(self.plan.as_ref().map(|(signed, _)| signed))
    }
}

/// The settings, and the buttons that go on from them.
pub fn beside(
    ui: &mut Ui,
    view: &mut View,
    form: &mut identity::View,
    opened: &Opened,
    (busy, called): (bool, bool),
    out: &mut Outbox,
) {
    if !view.began && !busy {
        view.began = true;
        preview(view, form, out);
    }
    let narrow = ui.ctx().content_rect().width() < shell::NARROW;
    if narrow && !called {
        // The next step stays in sight; the settings come when they are called.
        let strip = Panel::bottom("sign-strip").exact_size(56.0).resizable(false).show_separator_line(false);
        strip.frame(panel_frame(tokens(ui).panel)).show(ui, |ui| {
            let rect = ui.max_rect();
            ui.painter().hline(rect.x_range(), rect.top() + 0.5, Stroke::new(1.0, tokens(ui).line));
            let layout = Layout::right_to_left(egui::Align::Center);
            inside(ui, rect.shrink2(vec2(16.0, 14.0)), layout, |ui| {
                buttons(ui, view, form, busy, out);
                if Button::new("How to sign…").show(ui).clicked() {
                    out.push(Action::Run(Command::Inspector));
                }
            });
        });
        return;
    }
    shell::inspector(ui, 320.0, true, |ui| {
        action_bar(ui, "sign-actions", |ui| {
            ui.with_layout(Layout::right_to_left(egui::Align::Center), |ui| {
                buttons(ui, view, form, busy, out)
            });
        });
        ScrollArea::vertical().id_salt("sign-settings").auto_shrink(false).show(ui, |ui| {
            egui::Frame::new().inner_margin(Margin::same(16)).show(ui, |ui| {
                ui.spacing_mut().item_spacing.y = 0.0;
                settings(ui, view, form, opened, busy, out);
            });
        });
    });
}

fn buttons(ui: &mut Ui, view: &mut View, form: &mut identity::View, busy: bool, out: &mut Outbox) {
    ui.spacing_mut().item_spacing.x = 8.0;
    let planned = view.plan.as_ref().is_some_and(|(signed, _)| !signed.plan.steps.is_empty());
    let sign = Button::new("Sign").icon(Icon::Shield).filled().enabled(planned && !busy);
    if sign.tip("Signs as it is shown; the originals can be put back").show(ui).clicked() {
        out.push(Action::Sign);
    }
    let ready = view.request(form).is_some() && !busy && view.plan.is_none();
    let look = Button::new("Preview").enabled(ready);
    if look.tip("Shows what would be signed, kept and lost; nothing is written").show(ui).clicked() {
        preview(view, form, out);
    }
}

/// Asks for the plan, and lets go of the password.
fn preview(view: &View, form: &mut identity::View, out: &mut Outbox) {
    let Some(request) = view.request(form) else { return };
    out.push(Action::PlanSigning(Box::new(request)));
    form.forget_password();
}

fn section(ui: &mut Ui, words: &str) {
    let t = tokens(ui);
    label(ui, words, Type::Heading, t.text);
    ui.add_space(8.0);
}

fn between(ui: &mut Ui) {
    ui.add_space(14.0);
    divider(ui);
    ui.add_space(12.0);
}

fn settings(
    ui: &mut Ui,
    view: &mut View,
    form: &mut identity::View,
    opened: &Opened,
    busy: bool,
    out: &mut Outbox,
) {
    let t = tokens(ui);
    section(ui, "Signed by");
    let choices = [
        ("Nobody", "Ad hoc: runs on any Mac that is told to trust it, cannot be notarized"),
        ("An identity", "A certificate with its private key, such as a Developer ID"),
    ];
    if let Some(chosen) = segments(ui, "Signed by", &choices, usize::from(view.with_identity)) {
        view.with_identity = chosen == 1;
        view.change();
        if !view.with_identity && !busy {
            preview(view, form, out);
        }
    }
    ui.add_space(8.0);
    if view.with_identity {
        let happened = identity::show(ui, form, out);
        if happened.changed {
            view.change();
        }
        if happened.entered && !busy {
            preview(view, form, out);
        }
    } else {
        let words = "An ad hoc signature is the code's own hash. Apple silicon asks for that much of everything \
                     it runs; for other people's Macs an identity is wanted.";
        paragraph(ui, words, Type::Caption, t.text_soft);
    }
    between(ui);
    section(ui, "What the app may do");
    let tip = "In place of the entitlements that the main executable has; helpers keep theirs";
    if file(ui, "Entitlements", "Keep those it has", &mut view.entitlements, tip) {
        view.change();
    }
    ui.add_space(8.0);
    ui.horizontal(|ui| {
        let choose = Button::new("Choose entitlements…").link();
        if choose.tip(tip).show(ui).clicked() {
            out.push(Action::PickEntitlements);
        }
    });
    ui.add_space(8.0);
    let tip = "The notary asks for it. Without it, it stays where it is on and can be";
    if switch(ui, &mut view.hardened_runtime, "Hardened runtime in all code", true, tip).changed() {
        view.change();
        if !view.with_identity && !busy {
            preview(view, form, out);
        }
    }
    if let Some(words) = &view.failure {
        ui.add_space(14.0);
        callout(ui, Tone::Error, Icon::Error, words);
    }
    if view.done.is_some() {
        ui.add_space(14.0);
        let problems = opened.inspection.seals.problems.len();
        match problems {
            0 => callout(ui, Tone::Good, Icon::Good, "Signed, read again and verified: every seal holds."),
            _ => {
                let words =
                    format!("Signed and read again: {}. Files shows them.", counted(problems, "problem"));
                callout(ui, Tone::Error, Icon::Error, &words);
            }
        }
    }
}

/// A field for a file's path. Answers whether it was changed.
fn file(ui: &mut Ui, name: &str, hint: &str, path: &mut String, tip: &str) -> bool {
    let field = Field::new(name, ui.available_width()).icon(Icon::File).hint(hint);
    field.show(ui, path).on_hover_text(tip).changed()
}

/// The plan: each signature, and the particulars of the selected one.
pub fn center(ui: &mut Ui, view: &mut View, opened: &Opened, called: &mut bool) {
    let Some(signed) = view.shown().cloned() else {
        let words = match view.with_identity {
            true => {
                "Name the identity and its password, then look at the plan. Nothing is written before you sign."
            }
            false => "Look at the plan first. Nothing is written before you sign.",
        };
        empty(ui, Icon::Shield, words, None);
        return;
    };
    band(ui, view, &signed);
    let chosen = signed.plan.steps.get(view.selected);
    if let Some(chosen) = chosen {
        let high = step::height(ui, chosen, ui.available_height() * 0.5);
        Panel::bottom("sign-step")
            .exact_size(high)
            .resizable(false)
            .show_separator_line(false)
            .frame(panel_frame(tokens(ui).panel))
            .show(ui, |ui| step::particulars(ui, chosen, opened));
    }
    step::table(ui, view, &signed.plan.steps, opened, called);
}

/// What the plan comes to, in a line; and what is to be said of it as a whole.
fn band(ui: &mut Ui, view: &View, signed: &Signed) {
    let t = tokens(ui);
    let steps = &signed.plan.steps;
    let how = match &signed.plan.signer {
        Some(signer) => format!("by {}", signer.identity().name()),
        None => "ad hoc".to_owned(),
    };
    let words = match &view.done {
        Some(_) => format!("{} made, {how}", counted(steps.len(), "signature")),
        None => format!("{} to be made, {how}, from the inside out", counted(steps.len(), "signature")),
    };
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), size::TOOLBAR), Sense::hover());
    let bounds = Rect::from_min_max(rect.min, rect.max).shrink2(vec2(16.0, 6.0));
    inside(ui, bounds, Layout::left_to_right(egui::Align::Center), |ui| {
        label(ui, &words, Type::BodyMedium, t.text);
    });
    ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, t.line));
    for warning in &signed.plan.warnings {
        egui::Frame::new().inner_margin(Margin::symmetric(16, 12)).show(ui, |ui| {
            callout(ui, Tone::Warning, Icon::Warning, warning);
        });
    }
}
