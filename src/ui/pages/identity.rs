//! Who signs: a file with a key and certificates, its password, and whose timestamps to get.

use std::path::PathBuf;

use egui::text_edit::TextEditState;
use egui::{Id, Key, Ui};
use zeroize::Zeroizing;

use crate::ui::command::{Action, Outbox};
use crate::ui::icons::Icon;
use crate::ui::theme::{Type, tokens};
use crate::ui::widgets::{Button, Field, label, paragraph, selector};
use crate::workflow::{Password, SignRequest, Timestamps};

/// One for the whole window: whoever signs the app signs its image, too.
#[derive(Default)]
pub struct View {
    path: String,
    /// Emptied as soon as it was used.
    password: Zeroizing<String>,
    /// 0 as usual, 1 none, 2 the server below.
    timestamps: usize,
    server: String,
    /// What the field remembers for its own undo has to go, too.
    forgotten: bool,
}

/// What happened to the form in a frame.
#[derive(Default)]
pub struct Happened {
    pub changed: bool,
    /// Enter in the password's field: go on.
    pub entered: bool,
}

impl View {
    pub fn choose(&mut self, path: PathBuf) {
        self.path = path.display().to_string();
    }

    /// What is asked for; `None` while no file is named.
    pub fn request(&self) -> Option<SignRequest> {
        let path = self.path.trim();
        (!path.is_empty()).then(|| SignRequest {
            identity: Some(PathBuf::from(path)),
            password: Password::new(self.password.as_str()),
            timestamps: match self.timestamps {
                1 => Timestamps::Nobody,
                2 => Timestamps::Server(self.server.trim().to_owned()),
                _ => Timestamps::Usual,
            },
            ..SignRequest::default()
        })
    }

    /// Lets go of the password.
    pub fn forget_password(&mut self) {
        self.password = Zeroizing::default();
        self.forgotten = true;
    }
}

fn password_id() -> Id {
    Id::unique("signing-password")
}

pub fn show(ui: &mut Ui, view: &mut View, out: &mut Outbox) -> Happened {
    let t = tokens(ui);
    let mut happened = Happened::default();
    let wide = ui.available_width();
    let tip = "PKCS#12 (.p12, .pfx), or PEM with the private key and its certificates";
    let field = Field::new("Identity", wide).icon(Icon::File).hint("Path of a .p12 or .pem");
    happened.changed |= field.show(ui, &mut view.path).on_hover_text(tip).changed();
    ui.add_space(8.0);
    if Button::new("Choose identity…").link().tip(tip).show(ui).clicked() {
        out.push(Action::PickIdentity);
    }
    ui.add_space(8.0);
    let field = Field::new("Password", wide).hint("Password").secret().id(password_id());
    if std::mem::take(&mut view.forgotten) {
        TextEditState::default().store(ui.ctx(), password_id());
    }
    let response = field.show(ui, &mut view.password);
    happened.changed |= response.changed();
    happened.entered = response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
    ui.add_space(4.0);
    paragraph(ui, "Used once to open the file, and kept nowhere.", Type::Caption, t.text_faint);
    ui.add_space(12.0);
    label(ui, "Timestamp", Type::Body, t.text_faint);
    ui.add_space(4.0);
    let values = ["As usual", "None", "From a server"].map(str::to_owned);
    let tip = "As usual: Apple's server for a Developer ID, nobody for other identities";
    if let Some(chosen) = selector(ui, "Timestamp", &values, view.timestamps, Some(wide), tip) {
        view.timestamps = chosen;
        happened.changed = true;
    }
    if view.timestamps == 2 {
        ui.add_space(8.0);
        let field = Field::new("Timestamp server", wide).mono().hint("http://…");
        happened.changed |= field.show(ui, &mut view.server).changed();
    }
    happened
}
