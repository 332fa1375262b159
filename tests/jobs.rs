//! The window's way through the main job: requests in, events out, nothing but values in between.
#![allow(clippy::disallowed_methods)] // the sample is removed again

use std::sync::Arc;
use std::time::{Duration, Instant};

use bundlewright::dyld::{Conditions, OsProfile, Place};
use bundlewright::failure::Failure;
use bundlewright::jobs::{Event, Jobs, Outcome, Request};
use bundlewright::workflow::package::DmgSpec;
use bundlewright::workflow::{FixOptions, Inspection};

fn answer(jobs: &Jobs, request: Request) -> Result<Outcome, Failure> {
    assert!(jobs.start(request));
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        assert!(Instant::now() < end, "no answer");
        match jobs.try_recv() {
            Some(Event::Done(outcome)) => return Ok(outcome),
            Some(Event::Failed(failure)) => return Err(failure),
            Some(Event::Progress(_) | Event::Log(_)) => {}
            None => std::thread::sleep(Duration::from_millis(1)),
        }
    }
}

fn inspected(jobs: &Jobs, request: Request) -> Inspection {
    match answer(jobs, request) {
        Ok(Outcome::Inspected(inspection) | Outcome::Undone(inspection)) => inspection,
        Ok(_) => panic!("another outcome"),
        Err(failure) => panic!("{failure}"),
    }
}

#[test]
fn a_layout_is_saved_and_read_again() {
    let jobs = Jobs::new(|| ());
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("Foo.layout.json");
    let layout = bundlewright::dmg::DmgLayout::standard("Foo.app");
    let request = Request::SaveLayout { layout: layout.clone(), out: out.clone() };
    assert!(matches!(answer(&jobs, request), Ok(Outcome::LayoutSaved(path)) if path == out));
    let spec = DmgSpec::for_app(std::path::Path::new("/x/Foo.app"), "Foo", 0).expect("a design");
    let mut other = spec.clone();
    other.layout.icon_size = 64;
    let read = answer(&jobs, Request::ReadLayout { path: out.clone(), spec: other });
    assert!(matches!(read, Ok(Outcome::LayoutRead(path, read, _)) if path == out && *read == spec));
    let theirs =
        r#"{"title": "Bar", "contents": [{"x": 7, "y": 9, "type": "link", "path": "/Applications"}]}"#;
    std::fs::write(&out, theirs).expect("a file");
    let request = Request::ReadLayout { path: out.clone(), spec: spec.clone() };
    let Ok(Outcome::LayoutRead(_, read, _)) = answer(&jobs, request) else { panic!("appdmg's is not read") };
    assert_eq!((read.volume_name.as_str(), read.layout.positions["Applications"]), ("Bar", (7, 9)));
    std::fs::write(&out, "{").expect("a file");
    let Err(failure) = answer(&jobs, Request::ReadLayout { path: out, spec }) else {
        panic!("that is no layout")
    };
    assert!(failure.to_string().contains("is not a layout"), "{failure}");
}

#[test]
fn open_plan_apply_image_verify_undo() {
    let jobs = Jobs::new(|| ());
    let before = inspected(&jobs, Request::OpenSample);
    let (bundle, found) = (before.bundle.root.clone(), before.findings.clone());
    let folder = bundle.parent().expect("a folder").to_path_buf();
    let options = FixOptions { roots: before.options.roots.clone(), ..FixOptions::default() };

    let Ok(Outcome::Planned(plan, starts, after)) =
        answer(&jobs, Request::Plan { inspection: before.clone(), options })
    else {
        panic!("no plan")
    };
    assert!(!plan.edits.is_empty() && !found.is_empty());
    assert_eq!(*after.bundle, plan.expected);
    assert!(starts.len() == 2 && starts.iter().all(|(_, ok)| *ok), "{starts:?}");
    let out = folder.join("plan.md");
    let request = Request::ExportPlan { inspection: before.clone(), plan: plan.clone(), out: out.clone() };
    assert!(matches!(answer(&jobs, request), Ok(Outcome::Exported(path)) if path == out));
    assert!(out.is_file());

    let request = Request::Apply { inspection: before.clone(), plan: Arc::clone(&plan) };
    let after = match answer(&jobs, request) {
        Ok(Outcome::Applied(receipt, after)) if receipt.edits > 0 => after,
        Ok(_) => panic!("another outcome"),
        Err(failure) => panic!("{failure}"),
    };
    assert!(after.findings.is_empty(), "{:?}", after.findings);
    // The plan was for the bundle as it was.
    let stale = answer(&jobs, Request::Apply { inspection: before.clone(), plan });
    assert!(matches!(stale, Err(Failure::Problem { .. })));

    let Ok(Outcome::Designed(spec, name)) = answer(&jobs, Request::DesignImage { inspection: after }) else {
        panic!("no image")
    };
    assert_eq!((spec.volume_name.as_str(), name.as_str()), ("Postcard 1.4", "Postcard 1.4.dmg"));
    assert!(spec.volume_icon.is_some());
    let image = folder.join(name);
    let built = answer(
        &jobs,
        Request::BuildImage { spec: spec.clone(), out: image.clone(), replace: false, sign: None },
    );
    assert!(matches!(built, Ok(Outcome::Built { bytes, .. }) if bytes > 10_000));
    let again = DmgSpec { volume_icon: None, ..spec };
    let refused =
        answer(&jobs, Request::BuildImage { spec: again, out: image.clone(), replace: false, sign: None });
    assert!(matches!(refused, Ok(Outcome::InTheWay(path)) if path == image));
    for path in [image, bundle.clone()] {
        match answer(&jobs, Request::Verify { path }) {
            Ok(Outcome::Verified(_, checked)) => assert!(checked.problems.is_empty() && checked.checks > 0),
            _ => panic!("not verified"),
        }
    }

    let undone = inspected(&jobs, Request::Undo { bundle, options: before.options.clone() });
    assert_eq!(undone.findings, found);
    std::fs::remove_dir_all(folder).expect("the sample goes");
}

#[test]
fn a_cancelled_job_says_so_and_the_next_one_runs() {
    let jobs = Jobs::new(|| ());
    let sample = inspected(&jobs, Request::OpenSample);
    let path = sample.bundle.root.clone();
    for _ in 0..4 {
        assert!(jobs.start(Request::Inspect { path: path.clone(), options: sample.options.clone() }));
    }
    jobs.cancel();
    let mut cancelled = 0;
    while jobs.busy() {
        cancelled += usize::from(matches!(jobs.try_recv(), Some(Event::Failed(Failure::Cancelled))));
    }
    assert!(cancelled >= 3, "{cancelled}");
    inspected(&jobs, Request::Inspect { path: path.clone(), options: sample.options.clone() });
    std::fs::remove_dir_all(path.parent().expect("a folder")).expect("the sample goes");
}

#[test]
fn what_cannot_be_opened_is_a_failure_with_a_next_step() {
    let jobs = Jobs::new(|| ());
    let request = Request::Inspect { path: "/no/such/Foo.app".into(), options: Default::default() };
    let Err(failure) = answer(&jobs, request) else { panic!("it opened") };
    let text = failure.to_string();
    assert!(text.starts_with("/no/such/Foo.app: ") && text.ends_with('.'), "{text}");
}

#[test]
fn another_look_resolves_and_reads_nothing_again() {
    let jobs = Jobs::new(|| ());
    let before = inspected(&jobs, Request::OpenSample);
    let conditions = Conditions { os: OsProfile::MacOs12, hardened: Some(true), ..Conditions::default() };
    let request = Request::Reconsider { inspection: before.clone(), conditions, homebrew: true };
    let Ok(Outcome::Reconsidered(after, Some(homebrew))) = answer(&jobs, request) else {
        panic!("no answer")
    };
    assert!(Arc::ptr_eq(&before.bundle, &after.bundle) && Arc::ptr_eq(&before.seals, &after.seals));
    assert_eq!(after.options.conditions.os, OsProfile::MacOs12);
    assert_eq!(
        (&after.clean.conditions, &homebrew.conditions),
        (&after.options.conditions, &after.options.conditions)
    );
    assert!(matches!(homebrew.place, Place::HomebrewMac(_)));
    let refused = |inspection: &Inspection| {
        let loads = inspection.clean.launches.iter().flat_map(|launch| launch.loads.own());
        loads.flat_map(|load| &load.dependencies).any(|dependency| dependency.refused)
    };
    assert!(!refused(&before) && refused(&after), "a hardened process refuses libraries of other teams");

    let survey = Request::Survey { inspection: before.clone(), graph: Arc::clone(&before.clean) };
    let Ok(Outcome::Surveyed(graph, survey)) = answer(&jobs, survey) else { panic!("no survey") };
    assert!(Arc::ptr_eq(&graph, &before.clean));
    assert_eq!(survey.size.images.len(), before.bundle.images.len());
}
