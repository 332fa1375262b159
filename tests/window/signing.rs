//! Signing, seals and the notary's checklist, by label.

use std::path::Path;

use bundlewright::ui::{App, Outside};
use egui::{Key, Modifiers, Theme};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;

use crate::lesson::{click, row};
use crate::tour::{command, opened, rows, says, selected};
use crate::{settle, unpacked, window};

fn shifted(harness: &mut Harness<'_, App>, key: Key) {
    harness.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, key);
    settle(harness);
}

fn write(harness: &mut Harness<'_, App>, field: &str, text: &str) {
    harness.get_by_label(field).focus();
    settle(harness);
    harness.event(egui::Event::Text(text.to_owned()));
    settle(harness);
}

/// An executable whose signature is looked at from outside.
fn executable(app: &Path) -> Vec<u8> {
    std::fs::read(app.join("Contents/MacOS/write-postcard")).unwrap()
}

#[test]
fn signing_shows_its_plan_first_and_can_be_undone() {
    let sample = unpacked();
    let mut harness = window(1280.0, 820.0, Theme::Dark, Some(sample.app.clone()));
    let before = executable(&sample.app);
    shifted(&mut harness, Key::S);
    assert!(says(&harness, "to be made, ad hoc, from the inside out"), "the plan is there by itself");
    assert!(rows(&harness).iter().any(|row| row.starts_with("Postcard.app, ")), "{:?}", rows(&harness));
    assert_eq!(executable(&sample.app), before, "a plan writes nothing");

    click(&mut harness, "Sign");
    assert!(says(&harness, "Signed, read again and verified"), "a receipt is shown");
    assert_ne!(executable(&sample.app), before);
    shifted(&mut harness, Key::Z);
    assert_eq!(executable(&sample.app), before, "undo puts the originals back");
}

#[test]
fn an_identity_is_opened_with_its_password_and_signs() {
    let sample = unpacked();
    let mut harness = window(1280.0, 820.0, Theme::Dark, None);
    // Within the days of the certificates of the tests.
    let outside = Outside { clock: || 1_800_000_000, ..Outside::default() };
    harness.state_mut().surround(outside);
    harness.state_mut().open_with(sample.app.clone(), None);
    settle(&mut harness);
    shifted(&mut harness, Key::S);
    click(&mut harness, "Signed by: An identity");
    let identity = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/identities/rsa.p12");
    write(&mut harness, "Identity", &identity.display().to_string());
    write(&mut harness, "Password", "wrong");
    click(&mut harness, "Preview");
    assert!(says(&harness, "does not open with this password"), "why it is refused");

    write(&mut harness, "Password", "secret word");
    harness.key_press(Key::Enter);
    settle(&mut harness);
    assert!(says(&harness, "to be made, by "), "the plan names the signer");
    click(&mut harness, "Sign");
    assert!(says(&harness, "Signed, read again and verified"));
    click(&mut harness, "Signature: Files");
    row(&mut harness, &["write-postcard"]);
    assert!(says(&harness, "Authority: "), "who signed stands with the file");
}

#[test]
fn seals_are_a_tree_and_each_has_its_chain() {
    let mut harness = opened();
    command(&mut harness, Key::Num5);
    click(&mut harness, "Signature: Seals");
    let all = rows(&harness);
    assert!(all[0].starts_with("Postcard.app, "), "{all:?}");
    row(&mut harness, &["Contents/Frameworks/"]);
    assert!(says(&harness, "What vouches for it"));
    assert!(says(&harness, "Link 1: Contents/Frameworks/"));
}

#[test]
fn the_preflight_says_what_the_notary_would() {
    let mut harness = opened();
    shifted(&mut harness, Key::N);
    assert!(says(&harness, "The notary would reject it for "));
    assert!(says(&harness, "Failed: Everything is signed with a Developer ID"));
    assert!(says(&harness, "What comes next"));
    click(&mut harness, "notary-developer-id");
    assert!(harness.query_by_label("Search the rules").is_some(), "the manual is opened");
    assert!(selected(&harness).contains("Developer ID"), "at the check's own page: {}", selected(&harness));
}
