//! A fix is done whole or not at all: what stops it, and what came between.

use std::fs;
use std::path::PathBuf;

use bundlewright::bundle::SearchRoots;
use bundlewright::fix;
use bundlewright::paths::RuntimePath;
use bundlewright::progress::Progress;
use bundlewright::workflow::InspectOptions;

use super::{assert_self_contained, common, content, fix_all, look, options, plan_everything};

#[test]
fn a_bundle_changed_after_the_plan_is_not_touched() {
    let fixture = common::unpack("t1");
    let app = fixture.app("T1");
    let inspection = look(&app, &options(&fixture));
    let plan = plan_everything(&inspection);
    fs::write(app.join("Contents/new.txt"), "later").expect("a new file");
    let failure = fix::apply(&inspection.bundle, &plan, &Progress::silent()).expect_err("must refuse");
    assert!(failure.to_string().contains("was changed after it was looked at"), "{failure}");
}

#[test]
fn undo_refuses_to_lose_what_came_after_the_fix() {
    let fixture = common::unpack("t1");
    let app = fixture.app("T1");
    fix_all(&app, &options(&fixture));
    fs::write(app.join("Contents/new.txt"), "later").expect("a new file");
    let failure = fix::undo(&app, &Progress::silent()).expect_err("must refuse");
    assert!(failure.to_string().contains("was changed after the fix"), "{failure}");
    assert!(app.join("Contents/new.txt").exists());
}

#[test]
fn cancelling_at_any_step_leaves_the_bundle_as_it_was() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    let fixture = common::unpack("t1");
    let app = fixture.app("T1");
    let original = content(&app);
    let inspection = look(&app, &options(&fixture));
    let plan = plan_everything(&inspection);
    for stop_at in 0.. {
        let steps = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&steps);
        let progress = Progress::new(move |_| match counter.fetch_add(1, Ordering::SeqCst) {
            step if step == stop_at => Err(bundlewright::progress::Cancelled),
            _ => Ok(()),
        });
        match fix::apply(&inspection.bundle, &plan, &progress) {
            Ok(_) => {
                assert!(stop_at > 10, "too few steps to stop at");
                break;
            }
            Err(failure) => assert_eq!(failure, bundlewright::failure::Failure::Cancelled),
        }
        assert!(content(&app) == original, "cancelled at step {stop_at}");
        let beside: Vec<_> = fs::read_dir(fixture.path()).expect("a folder").filter_map(Result::ok).collect();
        let leftovers =
            beside.iter().filter(|entry| entry.file_name().to_string_lossy().contains("bundlewright"));
        assert_eq!(leftovers.count(), 0, "leftovers after step {stop_at}");
    }
}

/// A child process that is killed at a given step of a fix: aborts like `kill -9`, nothing is cleaned up.
const KILL_AT: &str = "BUNDLEWRIGHT_TEST_KILL_AT";
const KILL_APP: &str = "BUNDLEWRIGHT_TEST_KILL_APP";

#[test]
fn child_that_is_killed() {
    let (Ok(step), Ok(app)) = (std::env::var(KILL_AT), std::env::var(KILL_APP)) else { return };
    let (step, app): (usize, PathBuf) = (step.parse().expect("a number"), app.into());
    let root = app.parent().expect("a folder").join("root/opt/homebrew");
    let roots = SearchRoots { roots: vec![(RuntimePath::new("/opt/homebrew"), root)], this_machine: false };
    let inspection = look(&app, &InspectOptions::new(roots));
    let plan = plan_everything(&inspection);
    let count = std::sync::atomic::AtomicUsize::new(0);
    let progress = Progress::new(move |_| {
        if count.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == step {
            std::process::abort();
        }
        Ok(())
    });
    fix::apply(&inspection.bundle, &plan, &progress).expect("the fix");
}

#[test]
fn a_kill_at_any_step_leaves_the_bundle_as_it_was_or_finished() {
    let fixture = common::unpack("t1");
    let app = fixture.app("T1");
    let original = content(&app);
    let mut step = 0;
    loop {
        let child = std::process::Command::new(std::env::current_exe().expect("this test"))
            .args(["transaction::child_that_is_killed", "--exact"])
            .env(KILL_AT, step.to_string())
            .env(KILL_APP, &app)
            .output()
            .expect("the child runs");
        let now = content(&app);
        if child.status.success() {
            assert!(now != original, "finished");
            assert!(step > 20, "too few steps to be killed at");
            break;
        }
        assert_ne!(child.status.code(), Some(101), "the child failed instead of being killed");
        assert!(now == original, "killed at step {step}");
        fix::recover(&app).expect("tidied up");
        step += 7;
    }
    assert!(fix::last_fix(&app).is_some());
}

/// A folder that may not be written to is filled all the same, and read-only again afterwards.
#[cfg(unix)]
#[test]
fn read_only_folders_stay_read_only() {
    use std::os::unix::fs::PermissionsExt;
    let sample = common::unpack_sample();
    let frameworks = sample.app("Postcard").join("Contents/Frameworks");
    fs::set_permissions(&frameworks, fs::Permissions::from_mode(0o555)).expect("a folder");
    let (after, _) = fix_all(&sample.app("Postcard"), &options(&sample));
    assert_self_contained(&after);
    let mode = fs::metadata(&frameworks).expect("a folder").permissions().mode();
    assert_eq!(mode & 0o7777, 0o555);
}

/// What cannot be sealed is told of the user's file, and nothing is left behind.
#[cfg(unix)]
#[test]
fn a_refusal_names_the_bundle_and_not_our_copy_of_it() {
    let sample = common::unpack_sample();
    let app = sample.app("Postcard");
    let socket = app.join("Contents/Frameworks/sock");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).expect("a socket");
    let before = look(&app, &options(&sample));
    let refused = fix::apply(&before.bundle, &plan_everything(&before), &Progress::silent());
    let text = refused.expect_err("a socket cannot be sealed").to_string();
    assert!(text.starts_with(&socket.canonicalize().expect("there").display().to_string()), "{text}");
    let beside = fs::read_dir(sample.path()).expect("a folder").flatten();
    let left: Vec<_> = beside.filter(|one| one.file_name().to_string_lossy().starts_with('.')).collect();
    assert!(left.is_empty(), "{left:?}");
}
