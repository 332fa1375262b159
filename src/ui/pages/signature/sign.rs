//! How to sign: ad hoc or with an identity; what that would do is shown before anything is written.

use std::path::{Path, PathBuf};

use egui::text_edit::TextEditState;
use egui::{Id, Key, Layout, Margin, Panel, Rect, ScrollArea, Sense, Stroke, Ui, vec2};
use zeroize::Zeroizing;

use super::step;
use crate::ui::command::{Action, Command, Outbox};
use crate::ui::facts::counted;
use crate::ui::icons::Icon;
use crate::ui::shell;
use crate::ui::state::Opened;
use crate::ui::theme::{Type, size, tokens};
use crate::ui::widgets::{
    Button, Field, Tone, action_bar, callout, divider, empty, inside, label, panel_frame, paragraph,
    segments, selector, switch,
};
use crate::workflow::{Password, SignOptions, SignRequest, Signed, Timestamps};

#[derive(Default)]
pub struct View {
    with_identity: bool,
    identity: String,
    /// Emptied as soon as it was used.
    password: Zeroizing<String>,
    entitlements: String,
    hardened_runtime: bool,
    /// 0 as usual, 1 none, 2 the server below.
    timestamps: usize,
    server: String,
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

    pub fn choose_identity(&mut self, path: PathBuf) {
        self.identity = path.display().to_string();
        self.with_identity = true;
        self.change();
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
    fn change(&mut self) {
        self.plan = None;
        self.done = None;
        self.failure = None;
    }

    /// What is asked for; `None` while a file is to be named.
    fn request(&self) -> Option<SignRequest> {
        let file = |text: &str| Some(PathBuf::from(text.trim())).filter(|path| *path != Path::new(""));
        let identity = file(&self.identity).filter(|_| self.with_identity);
        if self.with_identity && identity.is_none() {
            return None;
        }
        Some(SignRequest {
            password: Password::new(self.password.as_str()),
            entitlements: file(&self.entitlements),
            hardened_runtime: self.hardened_runtime,
            timestamps: match (&identity, self.timestamps) {
                (None, _) | (_, 1) => Timestamps::Nobody,
                (Some(_), 2) => Timestamps::Server(self.server.trim().to_owned()),
                _ => Timestamps::Usual,
            },
            identity,
            ..SignRequest::default()
        })
    }

    fn shown(&self) -> Option<&Signed> {
        self.done.as_ref().or(self.plan.as_ref().map(|(signed, _)| signed))
    }
}

fn password_id() -> Id {
    Id::unique("signing-password")
}

/// The settings, and the buttons that go on from them.
pub fn beside(ui: &mut Ui, view: &mut View, opened: &Opened, busy: bool, called: bool, out: &mut Outbox) {
    if !view.began && !busy {
        view.began = true;
        preview(ui, view, out);
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
                buttons(ui, view, busy, out);
                if Button::new("How to sign…").show(ui).clicked() {
                    out.push(Action::Run(Command::Inspector));
                }
            });
        });
        return;
    }
    shell::inspector(ui, 320.0, true, |ui| {
        action_bar(ui, "sign-actions", |ui| {
            ui.with_layout(Layout::right_to_left(egui::Align::Center), |ui| buttons(ui, view, busy, out));
        });
        ScrollArea::vertical().id_salt("sign-settings").auto_shrink(false).show(ui, |ui| {
            egui::Frame::new().inner_margin(Margin::same(16)).show(ui, |ui| {
                ui.spacing_mut().item_spacing.y = 0.0;
                settings(ui, view, opened, busy, out);
            });
        });
    });
}

fn buttons(ui: &mut Ui, view: &mut View, busy: bool, out: &mut Outbox) {
    ui.spacing_mut().item_spacing.x = 8.0;
    let planned = view.plan.as_ref().is_some_and(|(signed, _)| !signed.plan.steps.is_empty());
    let sign = Button::new("Sign").icon(Icon::Shield).filled().enabled(planned && !busy);
    if sign.tip("Signs as it is shown; the originals can be put back").show(ui).clicked() {
        out.push(Action::Sign);
    }
    let ready = view.request().is_some() && !busy && view.plan.is_none();
    let look = Button::new("Preview").enabled(ready);
    if look.tip("Shows what would be signed, kept and lost; nothing is written").show(ui).clicked() {
        preview(ui, view, out);
    }
}

/// Asks for the plan, and lets go of the password.
fn preview(ui: &Ui, view: &mut View, out: &mut Outbox) {
    let Some(request) = view.request() else { return };
    out.push(Action::PlanSigning(Box::new(request)));
    view.password = Zeroizing::default();
    // The field remembers what was typed for its own undo.
    TextEditState::default().store(ui.ctx(), password_id());
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

fn settings(ui: &mut Ui, view: &mut View, opened: &Opened, busy: bool, out: &mut Outbox) {
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
            preview(ui, view, out);
        }
    }
    ui.add_space(8.0);
    if view.with_identity {
        identity(ui, view, busy, out);
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
            preview(ui, view, out);
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

fn identity(ui: &mut Ui, view: &mut View, busy: bool, out: &mut Outbox) {
    let t = tokens(ui);
    let tip = "PKCS#12 (.p12, .pfx), or PEM with the private key and its certificates";
    if file(ui, "Identity", "Path of a .p12 or .pem", &mut view.identity, tip) {
        view.change();
    }
    ui.add_space(8.0);
    if Button::new("Choose identity…").link().tip(tip).show(ui).clicked() {
        out.push(Action::PickIdentity);
    }
    ui.add_space(8.0);
    let field = Field::new("Password", ui.available_width()).hint("Password").secret().id(password_id());
    let response = field.show(ui, &mut view.password);
    if response.changed() {
        view.change();
    }
    if response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter)) && !busy {
        preview(ui, view, out);
    }
    ui.add_space(4.0);
    paragraph(ui, "Used once to open the file, and kept nowhere.", Type::Caption, t.text_faint);
    ui.add_space(12.0);
    let values = ["As usual", "None", "From a server"].map(str::to_owned);
    let tip = "As usual: Apple's server for a Developer ID, nobody for other identities";
    let wide = ui.available_width();
    label(ui, "Timestamp", Type::Body, t.text_faint);
    ui.add_space(4.0);
    if let Some(chosen) = selector(ui, "Timestamp", &values, view.timestamps, Some(wide), tip) {
        view.timestamps = chosen;
        view.change();
    }
    if view.timestamps == 2 {
        ui.add_space(8.0);
        let field = Field::new("Timestamp server", wide).mono().hint("http://…");
        if field.show(ui, &mut view.server).changed() {
            view.change();
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
