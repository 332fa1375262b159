//! Whatever is done to a signed bundle is noticed: one change after the other, each to a fresh copy, each told by the word
//! that fits. Where Python and the independent verifier of ../shared are at hand it has to refuse the same ones.
//!
//! The bundle is made of the sample and signed by us: universal code, a framework, a helper app, a bundle without code.

#![cfg(unix)]
#![allow(clippy::disallowed_methods, reason = "tests make what they look at")]

#[path = "../common/mod.rs"]
mod common;

mod app;
mod chain;
mod image;
mod kinds;
#[path = "../common/oracle.rs"]
mod oracle;
mod signature;
mod verdicts;

use std::collections::BTreeSet;
use std::path::PathBuf;

use app::App;
use kinds::{Kind, PASSES, PASSES_WITH_US, REFUSED, REFUSED_BY_US};
use rayon::prelude::*;

/// One change to the bundle, made to a copy of it.
fn mutant(signed: &App, kind: &Kind) -> App {
    let copy = signed.copy();
    (kind.change)(&copy);
    copy
}

#[test]
fn every_change_is_refused_in_the_right_words() {
    let signed = App::signed();
    assert_eq!(signed.problems(), [""; 0], "what was not changed");
    let names: BTreeSet<&str> = kinds::all().map(|kind| kind.name).collect();
    assert_eq!(names.len(), kinds::all().count(), "two kinds of one name");
    let refused: Vec<&Kind> = REFUSED.iter().chain(REFUSED_BY_US).collect();
    assert!(refused.len() >= 30);
    let wrong: Vec<String> = refused
        .par_iter()
        .filter_map(|kind| {
            let problems = mutant(&signed, kind).problems();
            let found = problems.iter().any(|problem| problem == kind.found);
            (!found).then(|| format!("{}: wanted {:?}, found {problems:?}", kind.name, kind.found))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_no_seal_covers_may_change() {
    let signed = App::signed();
    for kind in PASSES.iter().chain(PASSES_WITH_US) {
        assert_eq!(mutant(&signed, kind).problems(), [""; 0], "{}", kind.name);
    }
}

#[test]
fn the_independent_verifier_refuses_the_same() {
    let Some(oracle) = oracle::Oracle::find() else {
        eprintln!("SKIPPED: no independent verifier here; BUNDLEWRIGHT_SHARED names the folder that has it");
        return;
    };
    let signed = App::signed();
    let passing: Vec<App> = PASSES.iter().map(|kind| mutant(&signed, kind)).chain([signed.copy()]).collect();
    let refused: Vec<App> = REFUSED.iter().map(|kind| mutant(&signed, kind)).collect();
    let paths: Vec<PathBuf> = refused.iter().chain(&passing).map(|app| app.path.clone()).collect();
    let verdicts = oracle.verdicts(&paths);
    assert_eq!(verdicts.len(), paths.len());
    let names = REFUSED.iter().chain(PASSES).map(|kind| kind.name).chain(["unchanged"]);
    let expected = std::iter::repeat_n(false, REFUSED.len()).chain(std::iter::repeat(true));
    let rows = names.zip(expected).zip(verdicts);
    let wrong: Vec<&str> =
        rows.filter(|((_, expected), passed)| expected != passed).map(|((name, _), _)| name).collect();
    assert!(wrong.is_empty(), "the two verifiers disagree about: {wrong:?}");
}
