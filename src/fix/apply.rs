//! One transaction: stage beside the bundle, sign, check, then swap. Undo swaps back.
//!
//! The swap is one step of the file system, so at no moment is there a mixture at the bundle's path. Where the system
//! has no such step (Windows), it is two renames and [`recover`] puts the originals back after a kill between them.

#![allow(clippy::disallowed_methods, reason = "one of the writers")]

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::FixPlan;
use super::journal::{Journal, Phase, Places, Standing, fingerprint, standing};
use super::platform::{exchange, free_space, sync_folder};
use super::simulate::difference;
use super::stage;
use crate::bundle::{Bundle, scan};
use crate::codesign;
use crate::failure::Failure;
use crate::paths::BundlePath;
use crate::progress::Progress;

/// What a fix did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    pub edits: usize,
    /// Files that are new or changed.
    pub files_changed: usize,
    /// Files and bundles that were signed.
    pub signed: usize,
}

/// Carries out `plan` on the bundle it was made for: all of it or nothing.
///
/// # Errors
/// [`Failure`]; the bundle is then as it was.
pub fn apply(bundle: &Bundle, plan: &FixPlan, progress: &Progress) -> Result<Receipt, Failure> {
    recover(&bundle.root)?;
    unchanged(bundle, progress)?;
    let last = places(&bundle.root)?;
    let next = last.next();
    match staged(bundle, plan, &next, progress) {
        Ok(journal) => commit(&last, &next, journal),
        Err(failure) => {
            next.remove()?;
            Err(failure)
        }
    }
}

fn places(bundle: &Path) -> Result<Places, Failure> {
    Places::of(bundle)
        .ok_or_else(|| Failure::new(bundle, "has no name of its own", "name the bundle's folder"))
}

/// A plan is for the bundle that was looked at; if that changed meanwhile, nobody has seen what would be done.
fn unchanged(bundle: &Bundle, progress: &Progress) -> Result<(), Failure> {
    let now = scan(&bundle.root, progress)?;
    if now.nodes == bundle.nodes && now.images == bundle.images {
        return Ok(());
    }
    Err(Failure::new(
        &bundle.root,
        "was changed after it was looked at",
        "open it again and review the new plan",
    ))
}

/// The finished bundle in the folder beside, checked against the plan.
fn staged(bundle: &Bundle, plan: &FixPlan, next: &Places, progress: &Progress) -> Result<Journal, Failure> {
    enough_space(bundle, plan)?;
    next.remove()?;
    fs::create_dir(&next.folder).map_err(|error| Failure::io(&next.folder, "create", &error))?;
    let receipt = receipt(plan);
    let mut journal = Journal { phase: Phase::Staging, fingerprint: String::new(), receipt };
    next.write(&journal)?;
    let copy = next.copy();
    stage::mirror(&bundle.root, &copy, bundle.nodes.len() as u64, progress)?;
    stage::carry_out(&copy, &plan.edits, progress)?;
    codesign::sign(&copy, &plan.sign, progress)?;
    check(bundle, plan, &copy, progress)?;
    stage::sync_folders(&copy)?;
    journal.phase = Phase::Swapping;
    journal.fingerprint = fingerprint(&copy)?;
    next.write(&journal)?;
    Ok(journal)
}

/// Reads the staged bundle as a stranger would and compares it with what was promised.
fn check(bundle: &Bundle, plan: &FixPlan, copy: &Path, progress: &Progress) -> Result<(), Failure> {
    let found = scan(copy, progress)?;
    let surprise = |what: String| {
        Failure::new(
            &bundle.root,
            format!("was not changed: the result is not what the plan says ({what})"),
            "report this with the plan",
        )
    };
    if let Some(what) = difference(&plan.expected, &found) {
        return Err(surprise(what));
    }
    let seals = codesign::verify_bundle(&found, progress)?;
    let broken = |step: &codesign::SignStep| seals.problems.iter().find(|problem| problem.path == step.path);
    match plan.sign.steps.iter().find_map(broken) {
        Some(problem) => Err(surprise(problem.message.clone())),
        None => Ok(()),
    }
}

fn receipt(plan: &FixPlan) -> Receipt {
    let mut paths: Vec<&BundlePath> = plan.edits.iter().map(|planned| planned.edit.path()).collect();
    paths.sort();
    paths.dedup();
    Receipt { edits: plan.edits.len(), files_changed: paths.len(), signed: plan.sign.steps.len() }
}

fn enough_space(bundle: &Bundle, plan: &FixPlan) -> Result<(), Failure> {
    // Changed files are written anew beside the old ones; the rest is linked.
    let changed = plan.edits.iter().map(|planned| planned.edit.path());
    let signed = plan.sign.steps.iter().map(|step| &step.path);
    let mut paths: Vec<&BundlePath> = changed.chain(signed).collect();
    paths.sort();
    paths.dedup();
    let rewritten: u64 = paths.into_iter().filter_map(|path| Some(bundle.image(path)?.length)).sum();
    let wanted = rewritten.saturating_add(u64::try_from(plan.growth).unwrap_or(0));
    match free_space(&bundle.root) {
        Some(free) if free < wanted => Err(Failure::new(
            &bundle.root,
            format!(
                "was not changed: the fix needs {} MB of disk space and there are {} MB",
                wanted >> 20,
                free >> 20
            ),
            "free some space and try again",
        )),
        _ => Ok(()),
    }
}

/// The one step that counts, and the tidying after it.
fn commit(last: &Places, next: &Places, mut journal: Journal) -> Result<Receipt, Failure> {
    swap(next)?;
    journal.phase = Phase::Committed;
    next.write(&journal)?;
    settle(last, next)?;
    Ok(journal.receipt)
}

/// The new transaction becomes the one that `undo` takes back.
fn settle(last: &Places, next: &Places) -> Result<(), Failure> {
    last.remove()?;
    fs::rename(&next.folder, &last.folder).map_err(|error| Failure::io(&next.folder, "rename", &error))?;
    sync_parent(&last.folder)
}

/// Swaps the bundle and the other copy.
fn swap(places: &Places) -> Result<(), Failure> {
    let (bundle, copy) = (&places.bundle, places.copy());
    let fail = |error: std::io::Error| Failure::io(bundle, "put the result in place of", &error);
    if !exchange(bundle, &copy).map_err(fail)? {
        let aside = aside(places);
        fs::rename(bundle, &aside).map_err(fail)?;
        if let Err(error) = fs::rename(&copy, bundle) {
            fs::rename(&aside, bundle).map_err(fail)?;
            return Err(fail(error));
        }
        fs::rename(&aside, &copy).map_err(fail)?;
    }
    sync_parent(bundle)
}

/// Where the bundle waits while two renames do the work of one swap.
fn aside(places: &Places) -> PathBuf {
    places.folder.join("aside")
}

fn sync_parent(path: &Path) -> Result<(), Failure> {
    let parent = path.parent().unwrap_or(Path::new("."));
    sync_folder(parent).map_err(|error| Failure::io(parent, "write", &error))
}

/// Puts the originals of the last fix back, byte for byte.
///
/// # Errors
/// [`Failure`] when there is nothing to undo, or the bundle was changed since.
pub fn undo(bundle: &Path, progress: &Progress) -> Result<(), Failure> {
    recover(bundle)?;
    let root = fs::canonicalize(bundle).map_err(|error| Failure::io(bundle, "open", &error))?;
    let places = places(&root)?;
    let Some(mut journal) = places.read().filter(|journal| journal.phase == Phase::Committed) else {
        return Err(Failure::new(
            bundle,
            "has no fix that could be undone",
            "only the last fix of a bundle can be",
        ));
    };
    progress.step("undoing", root.to_string_lossy(), 0, 1)?;
    if fingerprint(&root)? != journal.fingerprint {
        return Err(Failure::new(
            bundle,
            "was changed after the fix, and undoing would lose that",
            format!("copy your changes away, or take the originals from {}", places.copy().display()),
        ));
    }
    journal.phase = Phase::Undoing;
    places.write(&journal)?;
    swap(&places)?;
    places.remove()
}

/// Cleans up after a fix that was killed: the bundle is then whole, old or new. Says what it did.
///
/// # Errors
/// [`Failure`] when the leftovers cannot be read or removed.
pub fn recover(bundle: &Path) -> Result<Option<String>, Failure> {
    let root = fs::canonicalize(bundle).unwrap_or_else(|_| bundle.to_path_buf());
    let Some(last) = Places::of(&root) else { return Ok(None) };
    let next = last.next();
    for places in [&next, &last] {
        if aside(places).exists() && !places.bundle.exists() {
            let back = fs::rename(aside(places), &places.bundle);
            back.map_err(|error| Failure::io(&places.bundle, "put back", &error))?;
        }
    }
    let said = recover_next(&last, &next)?;
    Ok(said.or(recover_last(&last)?))
}

/// A fix that did not come to its end.
fn recover_next(last: &Places, next: &Places) -> Result<Option<String>, Failure> {
    if !next.folder.exists() {
        return Ok(None);
    }
    let Some(mut journal) = next.read().filter(|journal| journal.phase != Phase::Staging) else {
        next.remove()?;
        return Ok(Some("an interrupted fix had changed nothing; its leftovers were removed".to_owned()));
    };
    match standing(next, &journal) {
        Standing::New => {
            journal.phase = Phase::Committed;
            next.write(&journal)?;
            settle(last, next)?;
            Ok(Some("an interrupted fix had been finished; it can be undone".to_owned()))
        }
        Standing::Old => {
            next.remove()?;
            Ok(Some("an interrupted fix had changed nothing; its leftovers were removed".to_owned()))
        }
        Standing::Unclear => Err(unclear(next)),
    }
}

/// An undo that did not come to its end.
fn recover_last(last: &Places) -> Result<Option<String>, Failure> {
    let Some(mut journal) = last.read().filter(|journal| journal.phase == Phase::Undoing) else {
        return Ok(None);
    };
    match standing(last, &journal) {
        Standing::New => {
            journal.phase = Phase::Committed;
            last.write(&journal)?;
            Ok(Some("an interrupted undo had changed nothing; it can be tried again".to_owned()))
        }
        Standing::Old => {
            last.remove()?;
            Ok(Some("an interrupted undo had been finished".to_owned()))
        }
        Standing::Unclear => Err(unclear(last)),
    }
}

/// Nothing is deleted on a guess.
fn unclear(places: &Places) -> Failure {
    let what = "was changed after an interrupted fix, so it cannot be told which copy is the original";
    let next = format!("compare it with {} and delete the folder that holds it", places.copy().display());
    Failure::new(&places.bundle, what, next)
}

/// What the fix that [`undo`] can take back did; `None` when there is none.
pub fn last_fix(bundle: &Path) -> Option<Receipt> {
    let root = fs::canonicalize(bundle).ok()?;
    let journal = Places::of(&root)?.read()?;
    (journal.phase == Phase::Committed).then_some(journal.receipt)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A bundle `Foo.app` with one file, and beside it the copy of a transaction in `phase`.
    struct Scene {
        dir: tempfile::TempDir,
    }

    impl Scene {
        fn new(phase: Phase, swapped: bool) -> Self {
            let scene = Scene { dir: tempfile::tempdir().unwrap() };
            let places = scene.next();
            fs::create_dir(&places.bundle).unwrap();
            fs::create_dir_all(places.copy()).unwrap();
            fs::write(places.bundle.join("code"), "old!").unwrap();
            fs::write(places.copy().join("code"), "new").unwrap();
            let fingerprint = fingerprint(&places.copy()).unwrap();
            places.write(&Journal { phase, fingerprint, receipt: Receipt::default() }).unwrap();
            if swapped {
                swap(&places).unwrap();
            }
            scene
        }

        fn next(&self) -> Places {
            self.last().next()
        }

        fn last(&self) -> Places {
            Places::of(&self.dir.path().canonicalize().unwrap().join("Foo.app")).unwrap()
        }

        fn code(&self) -> String {
            fs::read_to_string(self.last().bundle.join("code")).unwrap()
        }

        fn beside(&self) -> usize {
            fs::read_dir(self.dir.path()).unwrap().count() - 1
        }
    }

    #[test]
    fn killed_while_staging_or_before_the_swap_it_is_the_old_bundle() {
        for phase in [Phase::Staging, Phase::Swapping] {
            let scene = Scene::new(phase, false);
            assert!(recover(&scene.last().bundle).unwrap().is_some());
            assert_eq!((scene.code().as_str(), scene.beside()), ("old!", 0), "{phase:?}");
        }
    }

    #[test]
    fn killed_with_an_unreadable_journal_it_is_the_old_bundle() {
        let scene = Scene::new(Phase::Staging, false);
        fs::write(scene.next().folder.join("journal.json"), "{").unwrap();
        recover(&scene.last().bundle).unwrap();
        assert_eq!((scene.code().as_str(), scene.beside()), ("old!", 0));
    }

    #[test]
    fn killed_after_the_swap_it_is_the_new_bundle_and_can_be_undone() {
        for phase in [Phase::Swapping, Phase::Committed] {
            let scene = Scene::new(phase, true);
            assert!(recover(&scene.last().bundle).unwrap().is_some());
            assert_eq!(scene.code(), "new");
            assert!(last_fix(&scene.last().bundle).is_some());
            undo(&scene.last().bundle, &Progress::silent()).unwrap();
            assert_eq!((scene.code().as_str(), scene.beside()), ("old!", 0), "{phase:?}");
        }
    }

    #[test]
    fn killed_between_two_renames_the_bundle_comes_back() {
        let scene = Scene::new(Phase::Swapping, false);
        let places = scene.next();
        fs::rename(&places.bundle, aside(&places)).unwrap();
        recover(&places.bundle).unwrap();
        assert_eq!(scene.code(), "old!");
    }

    #[test]
    fn killed_while_undoing_it_is_one_or_the_other() {
        let undoing = |swapped_back: bool| {
            let scene = Scene::new(Phase::Committed, true);
            recover(&scene.last().bundle).unwrap();
            let places = scene.last();
            let journal = Journal { phase: Phase::Undoing, ..places.read().unwrap() };
            places.write(&journal).unwrap();
            if swapped_back {
                swap(&places).unwrap();
            }
            recover(&places.bundle).unwrap();
            scene
        };
        assert_eq!(undoing(true).code(), "old!");
        let scene = undoing(false);
        assert_eq!(scene.code(), "new");
        undo(&scene.last().bundle, &Progress::silent()).unwrap();
        assert_eq!(scene.code(), "old!");
    }

    #[test]
    fn without_a_fix_there_is_nothing_to_undo() {
        let dir = tempfile::tempdir().unwrap();
        let failure = undo(dir.path(), &Progress::silent()).unwrap_err();
        assert!(failure.to_string().contains("has no fix that could be undone"), "{failure}");
    }
}
