//! What a fix leaves behind when a write fails, when the disk is full, and when the process is killed: at every change of
//! the disk in turn, from the first folder that is made to the last that is removed. What else is one transaction is put to
//! the same test ([`every_change`], [`kills`]).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{FixOptions, FixPlan, apply, plan, recover, undo};
use crate::bundle::{Bundle, SearchRoots, scan};
use crate::codesign::verify_bundle;
use crate::diagnose::case::fixture;
use crate::failure::Failure;
use crate::os::fault::{Fault, arm};
use crate::paths::RuntimePath;
use crate::progress::Progress;

/// T1 needs libraries, links and a framework from Homebrew, so that every kind of edit is made.
fn scene() -> (tempfile::TempDir, PathBuf) {
    let folder = fixture("t1").into_folder();
    let app = folder.path().canonicalize().expect("a folder").join("T1.app");
    (folder, app)
}

fn planned(app: &Path) -> (Bundle, FixPlan) {
    let quiet = Progress::silent();
    let brew = app.with_file_name("root/opt/homebrew");
    let roots = SearchRoots { roots: vec![(RuntimePath::new("/opt/homebrew"), brew)], this_machine: false };
    let bundle = scan(app, &quiet).expect("a bundle");
    let seals = verify_bundle(&bundle, &quiet).expect("not cancelled");
    let options = FixOptions { roots, ..FixOptions::default() };
    let plan = plan(&bundle, &seals, &options, &quiet).expect("a plan");
    (bundle, plan)
}

/// Everything in a folder: kind, mode and bytes of each name.
pub(crate) fn contents(folder: &Path) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
    let entries = walkdir::WalkDir::new(folder).into_iter().map(|entry| entry.expect("a readable folder"));
    entries
        .map(|entry| {
            let data = entry.metadata().expect("a file");
            let bytes = match entry.file_type() {
                kind if kind.is_symlink() => {
                    let target = std::fs::read_link(entry.path()).expect("a link");
                    target.to_string_lossy().into_owned().into_bytes()
                }
                kind if kind.is_file() => std::fs::read(entry.path()).expect("a file"),
                _ => Vec::new(),
            };
            (entry.path().to_path_buf(), (crate::os::mode(&data), bytes))
        })
        .collect()
}

/// How many names stand beside the bundle.
fn beside(app: &Path) -> usize {
    std::fs::read_dir(app.parent().expect("a folder")).expect("a folder").count() - 1
}

/// Lets each change of the disk that `job` makes to the bundle run into `fault` in turn; answers how many there were.
pub(crate) fn every_change(app: &Path, fault: Fault, job: impl Fn() -> Result<(), Failure>) -> usize {
    let (original, others) = (contents(app), beside(app));
    let mut finished = None;
    for at in 0.. {
        let armed = arm(app.parent().expect("a folder"), fault, at);
        let outcome = job();
        let changes = armed.changes();
        drop(armed);
        if changes <= at {
            outcome.expect("nothing was in its way");
            assert!(contents(app) != original);
            return changes;
        }
        let leftovers = beside(app) - others;
        recover(app).expect("tidied up");
        if outcome.is_ok() || contents(app) != original {
            // It was done already: what failed was the tidying, or telling the disk.
            let done = contents(app);
            assert!(*finished.get_or_insert_with(|| done.clone()) == done, "a mixture at change {at}");
            undo(app, &Progress::silent()).expect("the new bundle, which can be undone");
        } else {
            let said = outcome.expect_err("a failure").to_string();
            assert!(said.contains(&*app.parent().expect("a folder").to_string_lossy()), "{said}");
            let last = changes == at + 1 && fault == Fault::Once;
            assert!(leftovers == 0 || !last, "leftovers at change {at}");
        }
        assert!(contents(app) == original, "change {at}");
        assert_eq!(beside(app), others, "change {at}");
    }
    unreachable!("some run has no fault")
}

/// [`every_change`] of a fix.
fn every_change_of_a_fix(fault: Fault) -> usize {
    let (_folder, app) = scene();
    let (bundle, plan) = planned(&app);
    every_change(&app, fault, || apply(&bundle, &plan, &Progress::silent()).map(drop))
}

#[test]
fn a_failed_write_at_any_change_leaves_the_bundle_as_it_was_or_finished() {
    let changes = every_change_of_a_fix(Fault::Once);
    assert!(changes > 60, "only {changes}");
}

#[test]
fn what_stops_for_good_at_any_change_leaves_the_bundle_as_it_was_or_finished() {
    every_change_of_a_fix(Fault::Nothing);
}

#[test]
fn an_undo_that_fails_at_any_change_is_done_or_can_be_tried_again() {
    let (_folder, app) = scene();
    let (original, others) = (contents(&app), beside(&app));
    for at in 0.. {
        let (bundle, plan) = planned(&app);
        apply(&bundle, &plan, &Progress::silent()).expect("the fix");
        let fixed = contents(&app);
        let armed =
            arm(app.parent().expect("a folder"), if at % 2 == 0 { Fault::Once } else { Fault::Nothing }, at);
        let outcome = undo(&app, &Progress::silent());
        let changes = armed.changes();
        drop(armed);
        recover(&app).expect("tidied up");
        if contents(&app) == fixed {
            outcome.expect_err("a failure");
            undo(&app, &Progress::silent()).expect("the second time");
        }
        assert!(contents(&app) == original, "change {at}");
        assert_eq!(beside(&app), others, "change {at}");
        if changes <= at {
            break;
        }
    }
}

#[test]
fn a_disk_that_is_full_from_any_change_on_leaves_the_bundle_as_it_was() {
    every_change_of_a_fix(Fault::DiskFull);
}

const AT: &str = "BUNDLEWRIGHT_TEST_FAULT_AT";
const APP: &str = "BUNDLEWRIGHT_TEST_FAULT_APP";

/// A process of its own, for [`kills`]: does `job` until the change at which it is to be killed.
#[allow(clippy::disallowed_methods, reason = "this is how a test tells its child what to do")]
pub(crate) fn child_of_kills(job: impl Fn(&Path) -> Result<(), Failure>) {
    let (Ok(at), Ok(app)) = (std::env::var(AT), std::env::var(APP)) else { return };
    let (at, app) = (at.parse().expect("a number"), PathBuf::from(app));
    let _armed = arm(app.parent().expect("a folder"), Fault::Kill, at);
    job(&app).expect("nothing is in its way but the kill");
}

/// Kills the test `child`, which calls [`child_of_kills`], at every `step`th change that it makes to the bundle.
pub(crate) fn kills(app: &Path, child: &str, step: usize) {
    let (original, others) = (contents(app), beside(app));
    for at in (0..).step_by(step) {
        let child = std::process::Command::new(std::env::current_exe().expect("this test"))
            .args([child, "--exact"])
            .env(AT, at.to_string())
            .env(APP, app)
            .output()
            .expect("the child runs");
        if child.status.success() {
            assert!(contents(app) != original);
            break;
        }
        assert_ne!(child.status.code(), Some(101), "{}", String::from_utf8_lossy(&child.stdout));
        recover(app).expect("tidied up");
        if contents(app) != original {
            undo(app, &Progress::silent()).expect("the new bundle, which can be undone");
        }
        assert!(contents(app) == original, "killed at change {at}");
        assert_eq!(beside(app), others, "killed at change {at}");
    }
}

#[test]
fn child() {
    child_of_kills(|app| {
        let (bundle, plan) = planned(app);
        apply(&bundle, &plan, &Progress::silent()).map(drop)
    });
}

#[test]
fn a_kill_leaves_the_bundle_as_it_was_or_finished() {
    let (_folder, app) = scene();
    kills(&app, "fix::faults::child", 9);
}
