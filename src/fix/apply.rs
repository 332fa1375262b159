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
use super::simulate::difference;
use super::stage;
use crate::bundle::{Bundle, Node, scan};
use crate::codesign::{self, Known, Verified};
use crate::failure::Failure;
use crate::os::{disk, free_space, lock_folder};
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
    apply_to_verified(bundle, plan, &Verified::default(), progress)
}

/// [`apply`] to a bundle that was verified: hashes of what neither the plan nor anybody else changes are not calculated
/// again.
///
/// # Errors
/// As [`apply`].
pub fn apply_to_verified(
    bundle: &Bundle,
    plan: &FixPlan,
    verified: &Verified,
    progress: &Progress,
) -> Result<Receipt, Failure> {
    let last = places(&bundle.root)?;
    let _lock = last.lock()?;
    recover_places(&last)?;
    unchanged(bundle, progress)?;
    let next = last.next();
    let known = Known::of(&bundle.root, verified);
    match staged(bundle, plan, &next, &known, progress) {
        Ok(journal) => commit(&last, &next, journal),
        Err(failure) => {
            next.remove()?;
            // What the user knows is the bundle, not our copy of it.
            Err(failure.seen_at(&next.copy(), &bundle.root))
        }
    }
}

/// The most bytes that a name may have on the file systems of Macs, Linux and Windows.
const NAME_MAX: usize = 255;

fn places(bundle: &Path) -> Result<Places, Failure> {
    let Some(places) = Places::of(bundle) else {
        return Err(Failure::new(bundle, "has no name of its own", "name the bundle's folder"));
    };
    if bundle.file_name().is_some_and(|name| name.to_str().is_none()) {
        let what = "has a name that is not Unicode, which no Mac can have";
        return Err(Failure::new(bundle, what, "rename it"));
    }
    let longest = places.next().folder.file_name().map_or(0, |name| name.len());
    if longest > NAME_MAX {
        let what = format!(
            "has too long a name: a fix needs a folder beside it whose name is {} bytes longer",
            longest - bundle.file_name().map_or(0, |name| name.len())
        );
        return Err(Failure::new(bundle, what, format!("shorten it by {} bytes", longest - NAME_MAX)));
    }
    Ok(places)
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
fn staged(
    bundle: &Bundle,
    plan: &FixPlan,
    next: &Places,
    known: &Known,
    progress: &Progress,
) -> Result<Journal, Failure> {
    enough_space(bundle, plan)?;
    next.remove()?;
    let beside = next.folder.parent().unwrap_or(Path::new("/"));
    disk::create_folder(&next.folder).map_err(|error| Failure::io(beside, "be written to", &error))?;
    let receipt = receipt(plan);
    let mut journal = Journal { phase: Phase::Staging, fingerprint: String::new(), receipt };
    next.write(&journal)?;
    let copy = next.copy();
    let work = Work::of(plan);
    let folders = stage::mirror(&bundle.root, &copy, bundle.nodes.len() as u64, progress)?;
    stage::carry_out(&copy, &plan.edits, &plan.expected.nodes, &work.editing(progress))?;
    codesign::sign_known(&copy, &plan.sign, known, &work.signing(progress))?;
    stage::link_again(&bundle.root, &copy)?;
    folders.restore()?;
    check(bundle, plan, &copy, known, &work.checking(progress))?;
    stage::bring_to_disk(&bundle.root, &copy)?;
    journal.phase = Phase::Swapping;
    journal.fingerprint = fingerprint(&copy)?;
    next.write(&journal)?;
    Ok(journal)
}

/// How many bytes each part of an application goes through, so that the progress of the whole runs evenly.
struct Work {
    edited: u64,
    signed: u64,
    checked: u64,
}

impl Work {
    fn of(plan: &FixPlan) -> Work {
        let nodes = &plan.expected.nodes;
        let edited = stage::weight(plan.edits.iter().map(|planned| &planned.edit), nodes);
        let code = |step: &codesign::SignStep| plan.expected.images.get(&step.path).map(|image| image.length);
        let files = nodes.values().filter_map(|node| match node {
            Node::File { length, .. } => Some(*length),
            _ => None,
        });
        Work { edited, signed: plan.sign.steps.iter().filter_map(code).sum(), checked: files.sum() }
    }

    fn total(&self) -> u64 {
        self.edited + self.signed + self.checked
    }

    fn editing(&self, progress: &Progress) -> Progress {
        progress.part(0..self.edited, self.total())
    }

    fn signing(&self, progress: &Progress) -> Progress {
        progress.part(self.edited..self.edited + self.signed, self.total())
    }

    fn checking(&self, progress: &Progress) -> Progress {
        progress.part(self.edited + self.signed..self.total(), self.total())
    }
}

/// Reads the staged bundle as a stranger would, but for what is `known` not to have changed, and compares it with what was
/// promised.
fn check(
    bundle: &Bundle,
    plan: &FixPlan,
    copy: &Path,
    known: &Known,
    progress: &Progress,
) -> Result<(), Failure> {
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
    let seals = codesign::verify_known(&found, known, progress)?;
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
                "was not changed: the fix needs {} of disk space and there are {}",
                shown_size(wanted),
                shown_size(free)
            ),
            "free some space and try again",
        )),
        _ => Ok(()),
    }
}

fn shown_size(bytes: u64) -> String {
    if bytes < 10 << 20 { format!("{} KB", bytes >> 10) } else { format!("{} MB", bytes >> 20) }
}

/// The one step that counts, and the tidying after it.
fn commit(last: &Places, next: &Places, mut journal: Journal) -> Result<Receipt, Failure> {
    // From the swap on it is the copy that stands at the bundle's path and must be left alone by others.
    let _lock = lock_folder(&next.copy()).ok().flatten();
    swap(next).or_else(|failure| next.discard(journal.clone()).and(Err(failure)))?;
    if let Err(failure) = sync_parent(&next.bundle) {
        // Back to the originals; where that fails too, `recover` finds the new bundle and the journal.
        swap(next)?;
        next.discard(journal)?;
        return Err(failure);
    }
    journal.phase = Phase::Committed;
    next.write(&journal)?;
    settle(last, next)?;
    Ok(journal.receipt)
}

/// The new transaction becomes the one that `undo` takes back.
fn settle(last: &Places, next: &Places) -> Result<(), Failure> {
    last.remove()?;
    disk::rename(&next.folder, &last.folder).map_err(|error| Failure::io(&next.folder, "rename", &error))?;
    sync_parent(&last.folder)
}

/// Swaps the bundle and the other copy; an error leaves both where they are. That it survives a power cut is for the caller
/// to see to.
fn swap(places: &Places) -> Result<(), Failure> {
    let (bundle, copy) = (&places.bundle, places.copy());
    let fail = |error: std::io::Error| Failure::io(bundle, "be replaced by the result", &error);
    if disk::exchange(bundle, &copy).map_err(fail)? {
        return Ok(());
    }
    let aside = aside(places);
    disk::rename(bundle, &aside).map_err(fail)?;
    let mut moved = disk::rename(&copy, bundle);
    if moved.is_ok() {
        moved = disk::rename(&aside, &copy);
        if moved.is_err() {
            disk::rename(bundle, &copy).map_err(fail)?;
        }
    }
    moved.or_else(|error| disk::rename(&aside, bundle).and(Err(error))).map_err(fail)
}

/// Where the bundle waits while two renames do the work of one swap.
fn aside(places: &Places) -> PathBuf {
    places.folder.join("aside")
}

fn sync_parent(path: &Path) -> Result<(), Failure> {
    let parent = path.parent().unwrap_or(Path::new("."));
    disk::sync_folder(parent).map_err(|error| Failure::io(parent, "write", &error))
}

/// Puts the originals of the last fix back, byte for byte.
///
/// # Errors
/// [`Failure`] when there is nothing to undo, or the bundle was changed since.
pub fn undo(bundle: &Path, progress: &Progress) -> Result<(), Failure> {
    let root = fs::canonicalize(bundle).map_err(|error| Failure::io(bundle, "open", &error))?;
    let places = places(&root)?;
    let _lock = places.lock()?;
    recover_places(&places)?;
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
    let _lock = lock_folder(&places.copy()).ok().flatten();
    swap(&places)?;
    sync_parent(&places.bundle)?;
    places.discard(journal)
}

/// Cleans up after a fix that was killed: the bundle is then whole, old or new. Says what it did.
///
/// # Errors
/// [`Failure`] when the leftovers cannot be read or removed, or another process is at work on the bundle.
pub fn recover(bundle: &Path) -> Result<Option<String>, Failure> {
    let root = fs::canonicalize(bundle).unwrap_or_else(|_| bundle.to_path_buf());
    let Some(last) = Places::of(&root) else { return Ok(None) };
    let next = last.next();
    if !next.folder.exists() && !last.folder.exists() {
        return Ok(None);
    }
    for places in [&next, &last] {
        if aside(places).exists() && !places.bundle.exists() {
            let back = disk::rename(&aside(places), &places.bundle);
            back.map_err(|error| Failure::io(&places.bundle, "put back", &error))?;
        }
    }
    let _lock = last.lock()?;
    recover_places(&last)
}

/// As [`recover`], for whoever holds the lock.
fn recover_places(last: &Places) -> Result<Option<String>, Failure> {
    let said = recover_next(last, &last.next())?;
    Ok(said.or(recover_last(last)?))
}

/// A fix that did not come to its end.
fn recover_next(last: &Places, next: &Places) -> Result<Option<String>, Failure> {
    if !next.folder.exists() {
        return Ok(None);
    }
    let unswapped = [Phase::Staging, Phase::Discarded];
    let Some(mut journal) = next.read().filter(|journal| !unswapped.contains(&journal.phase)) else {
        next.remove()?;
        return Ok(Some("an interrupted fix had changed nothing; its leftovers were removed".to_owned()));
    };
    let standing = match journal.phase {
        Phase::Committed => Standing::New,
        _ => standing(next, &journal),
    };
    match standing {
        Standing::New => {
            journal.phase = Phase::Committed;
            next.write(&journal)?;
            settle(last, next)?;
            Ok(Some("an interrupted fix had been finished; it can be undone".to_owned()))
        }
        Standing::Old => {
            next.discard(journal)?;
            Ok(Some("an interrupted fix had changed nothing; its leftovers were removed".to_owned()))
        }
        Standing::Unclear => Err(unclear(next)),
    }
}

/// An undo that did not come to its end.
fn recover_last(last: &Places) -> Result<Option<String>, Failure> {
    if !last.folder.exists() {
        return Ok(None);
    }
    let finished = "an interrupted undo had been finished";
    let mut journal = match last.read() {
        Some(journal) if journal.phase == Phase::Undoing => journal,
        Some(journal) if journal.phase != Phase::Discarded && last.copy().exists() => return Ok(None),
        None if last.copy().exists() => return Ok(None), // not ours to delete
        _ => {
            last.remove()?;
            return Ok(Some(finished.to_owned()));
        }
    };
    match standing(last, &journal) {
        Standing::New => {
            journal.phase = Phase::Committed;
            last.write(&journal)?;
            Ok(Some("an interrupted undo had changed nothing; it can be tried again".to_owned()))
        }
        Standing::Old => {
            last.discard(journal)?;
            Ok(Some(finished.to_owned()))
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
    fn killed_while_the_other_copy_is_removed_the_rest_of_it_goes() {
        let undone = |places: &Places| {
            undo_until_swapped(places);
            let journal = Journal { phase: Phase::Discarded, ..places.read().unwrap() };
            places.write(&journal).unwrap();
        };
        for copy_is_gone in [false, true] {
            let scene = Scene::new(Phase::Committed, true);
            recover(&scene.last().bundle).unwrap();
            let places = scene.last();
            undone(&places);
            fs::remove_file(places.copy().join("code")).unwrap();
            if copy_is_gone {
                fs::remove_dir(places.copy()).unwrap();
                fs::remove_file(places.folder.join("journal.json")).unwrap();
            }
            recover(&places.bundle).unwrap();
            assert_eq!((scene.code().as_str(), scene.beside()), ("old!", 0));
        }
    }

    fn undo_until_swapped(places: &Places) {
        let journal = Journal { phase: Phase::Undoing, ..places.read().unwrap() };
        places.write(&journal).unwrap();
        swap(places).unwrap();
    }

    #[test]
    fn originals_are_kept_when_nobody_knows_what_they_are() {
        let scene = Scene::new(Phase::Committed, true);
        recover(&scene.last().bundle).unwrap();
        fs::remove_file(scene.last().folder.join("journal.json")).unwrap();
        assert_eq!(recover(&scene.last().bundle), Ok(None));
        assert_eq!(scene.beside(), 1);
    }

    #[test]
    fn a_change_right_after_a_committed_fix_leaves_no_doubt_which_copy_is_which() {
        let scene = Scene::new(Phase::Committed, true);
        fs::write(scene.last().bundle.join("code"), "edited").unwrap();
        assert!(recover(&scene.last().bundle).unwrap().is_some());
        let failure = undo(&scene.last().bundle, &Progress::silent()).unwrap_err();
        assert!(failure.to_string().contains("was changed after the fix"), "{failure}");
    }

    #[cfg(unix)]
    #[test]
    fn while_one_run_is_at_work_another_keeps_out() {
        let scene = Scene::new(Phase::Staging, false);
        let bundle = scene.last().bundle;
        let lock = scene.last().lock().unwrap();
        for refused in [recover(&bundle).map(drop), undo(&bundle, &Progress::silent())] {
            let text = refused.unwrap_err().to_string();
            assert!(text.contains("is being fixed or undone by another run"), "{text}");
        }
        assert_eq!(scene.beside(), 1, "the other's work is left alone");
        drop(lock);
        recover(&bundle).unwrap();
        assert_eq!(scene.beside(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn a_lock_on_what_is_no_longer_there_is_none() {
        let scene = Scene::new(Phase::Swapping, false);
        let places = scene.next();
        let lock = places.lock().unwrap();
        swap(&places).unwrap();
        assert!(places.lock().is_ok(), "the bundle that stands there now is free");
        drop(lock);
    }

    #[cfg(unix)]
    #[test]
    fn names_that_leave_no_room_for_ours_are_refused_beforehand() {
        use std::os::unix::ffi::OsStrExt;
        let refusal = |name: &[u8]| {
            places(&Path::new("/x").join(std::ffi::OsStr::from_bytes(name))).err().map(|one| one.to_string())
        };
        assert_eq!(refusal(&[b'a'; 236]), None);
        assert!(refusal(&[b'a'; 240]).unwrap().ends_with("; shorten it by 4 bytes."));
        assert!(refusal(b"F\xff.app").unwrap().contains("is not Unicode"));
    }

    #[cfg(unix)]
    #[test]
    fn read_only_folders_are_removed_too() {
        use std::os::unix::fs::PermissionsExt;
        let scene = Scene::new(Phase::Committed, true);
        let inside = scene.next().copy().join("Frameworks");
        fs::create_dir(&inside).unwrap();
        fs::write(inside.join("lib"), "code").unwrap();
        fs::set_permissions(&inside, fs::Permissions::from_mode(0o555)).unwrap();
        scene.next().remove().unwrap();
        assert_eq!(scene.beside(), 0);
    }

    #[test]
    fn without_a_fix_there_is_nothing_to_undo() {
        let dir = tempfile::tempdir().unwrap();
        let failure = undo(dir.path(), &Progress::silent()).unwrap_err();
        assert!(failure.to_string().contains("has no fix that could be undone"), "{failure}");
    }
}
