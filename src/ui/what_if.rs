//! Whose Mac, which macOS, which variables: the conditions under which the bundle is looked at, and their controls.

use egui::{Popup, PopupCloseBehavior, Ui};

use super::command::{Action, Outbox};
use super::icons::Icon;
use super::state::Opened;
use super::theme::{Type, tokens};
use super::widgets::{Button, Choice, Field, MenuItem, drop_down, label, paragraph, selector};
use crate::dyld::{Conditions, OsProfile};
use crate::workflow::Mac;

/// In the order in which they are shown.
pub const MACS: [Mac; 3] = [Mac::Clean, Mac::Homebrew, Mac::Build];

/// The same in words.
pub const CHOICES: [Choice<'static>; 3] = [
    ("Clean Mac", "As another Mac would load it: nothing but the bundle and macOS"),
    (
        "Mac with Homebrew",
        "As another Mac would that has what the Build Mac folders know below /opt/homebrew and /usr/local",
    ),
    ("Build Mac", "As the build machine would, with its folders as far as they are here"),
];

/// The same in fewer letters.
pub const SHORT: [Choice<'static>; 3] =
    [("Clean", CHOICES[0].1), ("Homebrew", CHOICES[1].1), ("Build", CHOICES[2].1)];

/// How wide the editor of variables is; its longest line fits.
const EDITOR: f32 = 540.0;

/// The variables that dyld honours, with what each does.
const VARIABLES: [(&str, &str); 6] = [
    ("DYLD_LIBRARY_PATH", "folders searched before the place that a name says"),
    ("DYLD_FRAMEWORK_PATH", "the same for frameworks"),
    ("DYLD_FALLBACK_LIBRARY_PATH", "folders searched when nothing else was found"),
    ("DYLD_FALLBACK_FRAMEWORK_PATH", "the same for frameworks"),
    ("DYLD_INSERT_LIBRARIES", "libraries loaded before the program's own"),
    ("DYLD_IMAGE_SUFFIX", "tried at the end of each name first, such as _debug"),
];

/// What is typed into the editor of variables.
#[derive(Default)]
pub struct View {
    rows: Vec<(String, String)>,
}

impl View {
    /// Takes over what holds, when something else than the editor has set it.
    fn follow(&mut self, conditions: &Conditions) {
        let typed = environment(&self.rows);
        if typed != conditions.environment {
            let held = conditions.environment.iter();
            self.rows = held.map(|(name, value)| (name.clone(), value.clone())).collect();
        }
    }
}

/// Rows that are variables for dyld and have a value.
fn environment(rows: &[(String, String)]) -> std::collections::BTreeMap<String, String> {
    let whole = |(name, value): &&(String, String)| name.trim().starts_with("DYLD_") && !value.is_empty();
    let named = rows.iter().filter(whole);
    named.map(|(name, value)| (name.trim().to_owned(), value.clone())).collect()
}

/// What differs from the usual; `None` when nothing does.
pub fn described(opened: &Opened) -> Option<String> {
    let conditions = &opened.inspection.options.conditions;
    let usual = Conditions::default();
    let mut words = Vec::new();
    if conditions.os != usual.os {
        words.push(format!("macOS {}", conditions.os.name()));
    }
    if let Some(hardened) = conditions.hardened {
        words.push(format!("hardened runtime {}", if hardened { "on" } else { "off" }));
    }
    if conditions.no_shared_cache {
        words.push("no shared cache".to_owned());
    }
    words.extend(conditions.environment.iter().map(|(name, value)| format!("{name}={value}")));
    (!words.is_empty()).then(|| format!("{}. Every page follows it.", words.join(", ")))
}

/// macOS, hardened runtime and variables, in a row that may wrap.
pub fn controls(ui: &mut Ui, view: &mut View, place: Mac, wanted: &Conditions, out: &mut Outbox) {
    let mut conditions = wanted.clone();
    let names = OsProfile::ALL.map(|os| os.name().to_owned());
    let on = OsProfile::ALL.iter().position(|os| *os == wanted.os).unwrap_or(0);
    let tip = "Whose dyld is simulated: it changed its rules with 13, 15.4 and 26";
    if let Some(os) = selector(ui, "macOS", &names, on, None, tip).and_then(|at| OsProfile::ALL.get(at)) {
        conditions.os = *os;
    }
    let states = [None, Some(true), Some(false)];
    let words = ["as signed", "on", "off"].map(str::to_owned);
    let on = states.iter().position(|state| *state == wanted.hardened).unwrap_or(0);
    let tip = "Whether the process runs under the hardened runtime, which switches DYLD_ variables off and asks for \
               signatures of one team";
    if let Some(state) = selector(ui, "Hardened", &words, on, None, tip).and_then(|at| states.get(at)) {
        conditions.hardened = *state;
    }
    variables(ui, view, &mut conditions);
    if conditions != *wanted {
        out.push(Action::WhatIf(place, conditions));
    }
}

fn variables(ui: &mut Ui, view: &mut View, conditions: &mut Conditions) {
    view.follow(conditions);
    let count = conditions.environment.len();
    let value = if count == 0 { "none".to_owned() } else { count.to_string() };
    let response = drop_down(ui, "Variables", &value, None);
    Popup::menu(&response)
        .accessible_name("Variables")
        .close_behavior(PopupCloseBehavior::CloseOnClickOutside)
        .gap(4.0)
        .show(|ui| {
            ui.set_width(EDITOR + 16.0);
            egui::Frame::new().inner_margin(8.0).show(ui, |ui| editor(ui, &mut view.rows));
        });
    response.on_hover_text("Simulates a start with DYLD_ variables set");
    conditions.environment = environment(&view.rows);
}

fn editor(ui: &mut Ui, rows: &mut Vec<(String, String)>) {
    let t = tokens(ui);
    label(ui, "Environment of the process", Type::Heading, t.text);
    let words = "The Finder starts apps without any. A hardened or setuid program ignores them all.";
    paragraph(ui, words, Type::Caption, t.text_soft);
    ui.add_space(4.0);
    let mut gone = None;
    for (index, (name, value)) in rows.iter_mut().enumerate() {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            let number = index + 1;
            Field::new(&format!("Variable {number}"), 248.0).mono().show(ui, name);
            Field::new(&format!("Value {number}"), EDITOR - 248.0 - 40.0)
                .mono()
                .hint("/folder:/another")
                .show(ui, value);
            let remove = format!("Remove variable {number}");
            if Button::new(&remove).icon_only(Icon::Close).bare().show(ui).clicked() {
                gone = Some(index);
            }
        });
    }
    if let Some(index) = gone {
        rows.remove(index);
    }
    ui.add_space(4.0);
    label(ui, "Add", Type::Caption, t.text_faint);
    ui.spacing_mut().item_spacing.y = 0.0;
    for (name, what) in VARIABLES {
        if rows.iter().any(|(set, _)| set == name) {
            continue;
        }
        let line = MenuItem::new(name).icon(Some(Icon::Plus)).keys(Some(what.to_owned()));
        if line.show(ui, EDITOR).clicked() {
            rows.push((name.to_owned(), String::new()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_dylds_own_variables_count() {
        let row = |name: &str| (name.to_owned(), "/x".to_owned());
        let set = environment(&[
            row("DYLD_LIBRARY_PATH"),
            row("HOME"),
            (String::from("DYLD_X"), String::new()),
            row(" DYLD_IMAGE_SUFFIX "),
        ]);
        assert_eq!(set.keys().collect::<Vec<_>>(), ["DYLD_IMAGE_SUFFIX", "DYLD_LIBRARY_PATH"]);
    }

    #[test]
    fn the_editor_follows_what_was_set_elsewhere() {
        let mut view = View { rows: vec![("DYLD_LIBRARY_PATH".to_owned(), "/x".to_owned())] };
        view.follow(&Conditions::default());
        assert!(view.rows.is_empty());
    }
}
