//! A plan in the making: files and folders to change, wishes for load commands, and what had to be given up.

use std::collections::{BTreeMap, BTreeSet};

use super::edit::{Edit, EditKey, PlannedEdit, Safety};
use super::rewrite::{Reason, Rewrite};
use super::simulate::{Outside, Refused, simulate};
use crate::bundle::{Bundle, ImageId};
use crate::macho::edit::respelled;
use crate::macho::{EditError, InstallName, Rpath};
use crate::paths::{BundlePath, RuntimePath};

/// How references of a file are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Style {
    /// `@rpath/…`, the shortest.
    Rpath,
    /// `@loader_path/…`, which needs no LC_RPATH anywhere.
    Loader,
    /// Nothing fits: the file stays as it is.
    Untouched,
}

pub(super) struct Draft<'a> {
    pub base: &'a Bundle,
    switched_off: &'a BTreeSet<EditKey>,
    /// Changes of files and folders, in order.
    pub tree: Vec<PlannedEdit>,
    /// What those changes make or touch.
    tree_paths: BTreeSet<BundlePath>,
    pub rewrites: BTreeMap<BundlePath, Rewrite>,
    /// Changes of files and folders that a switch keeps from being made.
    declined: BTreeMap<EditKey, PlannedEdit>,
    /// Where a library from outside, by its real path, is in the bundle now.
    pub placed: BTreeMap<RuntimePath, BundlePath>,
    /// The same the other way round.
    origins: BTreeMap<BundlePath, BTreeSet<RuntimePath>>,
    /// Files and folders that the plan brought in: all their faults are mended, whatever was selected.
    pub created: BTreeSet<BundlePath>,
    /// What the plan brought in to be opened by name: no load command leads to it.
    pub opened: BTreeSet<BundlePath>,
    /// Folders of the build machine in which a recipe looked, by the rule that asked.
    pub looked: BTreeMap<Reason, Vec<RuntimePath>>,
    /// What is to be signed though nothing else about it changes.
    pub resign: BTreeSet<BundlePath>,
    styles: BTreeMap<BundlePath, Style>,
    /// Where each rewritten reference, by its text on disk, is meant to end.
    pub targets: BTreeMap<(BundlePath, InstallName), BundlePath>,
    /// Single references for which `@rpath` finds something else first.
    pub shadowed: BTreeSet<(BundlePath, InstallName)>,
    /// Executables that have no room for an rpath.
    pub no_rpath: BTreeSet<BundlePath>,
    /// Wishes for which there is no room beside the others of their file.
    given_up: BTreeSet<EditKey>,
    /// Files whose references, or whose one wish, had to be given up.
    incomplete: BTreeSet<BundlePath>,
    /// Why not all fits into a file: the first refusal, in the shortest style.
    pub full: BTreeMap<BundlePath, EditError>,
    /// Raised by every change; a round without one is the end.
    pub revision: u64,
}

impl<'a> Draft<'a> {
    pub fn new(base: &'a Bundle, switched_off: &'a BTreeSet<EditKey>) -> Self {
        Draft {
            base,
            switched_off,
            tree: Vec::new(),
            tree_paths: BTreeSet::new(),
            rewrites: BTreeMap::new(),
            declined: BTreeMap::new(),
            placed: BTreeMap::new(),
            origins: BTreeMap::new(),
            created: BTreeSet::new(),
            opened: BTreeSet::new(),
            looked: BTreeMap::new(),
            resign: BTreeSet::new(),
            styles: BTreeMap::new(),
            targets: BTreeMap::new(),
            shadowed: BTreeSet::new(),
            no_rpath: BTreeSet::new(),
            given_up: BTreeSet::new(),
            incomplete: BTreeSet::new(),
            full: BTreeMap::new(),
            revision: 0,
        }
    }

    /// The changes of files and folders, then those of load commands, as far as they are switched on.
    pub fn edits(&self) -> Vec<PlannedEdit> {
        self.tree
            .iter()
            .cloned()
            .chain(self.rewritten().filter(|planned| self.is_made(&planned.edit)))
            .collect()
    }

    fn is_made(&self, edit: &Edit) -> bool {
        !self.is_off(edit) && !self.given_up.contains(&edit.key())
    }

    /// What would be done but for its switch.
    pub fn switched_off(&self) -> Vec<PlannedEdit> {
        let rewritten = self.rewritten().filter(|planned| self.is_off(&planned.edit));
        self.declined.values().cloned().chain(rewritten).collect()
    }

    fn rewritten(&self) -> impl Iterator<Item = PlannedEdit> + '_ {
        self.rewrites.iter().flat_map(|(path, rewrite)| rewrite.edits(path))
    }

    fn is_off(&self, edit: &Edit) -> bool {
        let off = |key: &EditKey| self.switched_off.contains(key);
        // Whether a new rpath takes the place of one that goes depends on the rest of the plan; the switch is one.
        let replaced = match edit {
            Edit::DeleteRpath { path, rpath, .. } => {
                off(&EditKey(format!("replace_rpath {path} {}", rpath.as_str())))
            }
            _ => false,
        };
        replaced || off(&edit.key())
    }

    /// Adds a change of files or folders once. Answers whether it is part of the plan.
    pub fn change_tree(&mut self, edit: Edit, reason: Reason, safety: Safety) -> bool {
        if self.touches(edit.path()) && self.tree.iter().any(|planned| planned.edit == edit) {
            return true;
        }
        if self.is_off(&edit) {
            let declined = PlannedEdit { edit, reason, safety, header_bytes: None };
            self.declined.insert(declined.edit.key(), declined);
            return false;
        }
        self.tree_paths.insert(edit.path().clone());
        self.tree.push(PlannedEdit { edit, reason, safety, header_bytes: None });
        self.revision += 1;
        true
    }

    /// Adds the setting of a key of an Info.plist, or changes what it is set to: what comes in may need more than what was
    /// there.
    pub fn set_info(&mut self, edit: Edit, reason: Reason) {
        let earlier = self.tree.iter_mut().find(|planned| planned.edit.key() == edit.key());
        match earlier {
            Some(planned) if planned.edit != edit => {
                planned.edit = edit;
                self.revision += 1;
            }
            Some(_) => {}
            None => drop(self.change_tree(edit, reason, Safety::Review)),
        }
    }

    /// Whether a change of files and folders is about this very path.
    pub fn touches(&self, path: &BundlePath) -> bool {
        self.tree_paths.contains(path)
    }

    fn keep_changes(&mut self, keep: impl FnMut(&PlannedEdit) -> bool) {
        self.tree.retain(keep);
        self.tree_paths = self.tree.iter().map(|planned| planned.edit.path().clone()).collect();
    }

    /// From now on a library from outside counts as being at `path`.
    pub fn place(&mut self, external: &RuntimePath, path: BundlePath) {
        if let Some(old) = self.placed.insert(external.clone(), path.clone())
            && let Some(others) = self.origins.get_mut(&old)
        {
            others.remove(external);
        }
        self.origins.entry(path).or_default().insert(external.clone());
    }

    /// Adds changes of which none makes sense without the others: with one switched off, none is made.
    pub fn change_tree_as_one(&mut self, edits: Vec<(Edit, Safety)>, reason: Reason) {
        let (off, on): (Vec<_>, Vec<_>) = edits.into_iter().partition(|(edit, _)| self.is_off(edit));
        let chosen = if off.is_empty() { on } else { off };
        for (edit, safety) in chosen {
            self.change_tree(edit, reason, safety);
        }
    }

    pub fn style(&self, path: &BundlePath) -> Style {
        self.styles.get(path).copied().unwrap_or(Style::Rpath)
    }

    /// Changes one file's wishes. Switches are minded when the wishes become edits.
    fn wish(&mut self, path: &BundlePath, change: impl FnOnce(&mut Rewrite)) -> bool {
        if self.style(path) == Style::Untouched {
            return false;
        }
        let rewrite = self.rewrites.entry(path.clone()).or_default();
        let before = rewrite.clone();
        change(rewrite);
        if *rewrite != before {
            self.revision += 1;
        }
        true
    }

    /// `user` as it is loaded: in the bundle, or outside while its copy is only planned.
    pub fn loaded_as(&self, user: &BundlePath) -> BTreeSet<ImageId> {
        let copied = self.origins.get(user).into_iter().flatten();
        let outside = copied.map(|from| ImageId::External(from.clone()));
        outside.chain([ImageId::Bundled(user.clone())]).collect()
    }

    /// The text on disk of what the model of `path` calls `name`.
    pub fn original(&self, path: &BundlePath, name: &InstallName) -> InstallName {
        self.rewrites.get(path).map_or_else(|| name.clone(), |rewrite| rewrite.original(name))
    }

    /// `name` is the text in the model; what it was on disk is looked up.
    pub fn change_use(
        &mut self,
        path: &BundlePath,
        name: &InstallName,
        to: InstallName,
        reason: Reason,
    ) -> bool {
        let from = self.original(path, name);
        self.wish(path, |rewrite| {
            // A reference that is right as it is may still have to differ from its double.
            let respelled = respelled(from.as_str(), 1).map(InstallName::new);
            let has_double =
                respelled.is_some() && rewrite.uses.get(&from).map(|(to, _)| to) == respelled.as_ref();
            if to != from || !has_double {
                rewrite.uses.insert(from, (to, reason));
            }
        })
    }

    /// Whether `name` is a text that this plan gives to a reference of `user`.
    pub fn is_rewritten(&self, user: &ImageId, name: &InstallName) -> bool {
        let ImageId::Bundled(path) = user else { return false };
        self.rewrites.get(path).is_some_and(|rewrite| rewrite.original(name) != *name)
    }

    pub fn set_id(&mut self, path: &BundlePath, from: &InstallName, to: InstallName, reason: Reason) -> bool {
        self.wish(path, |rewrite| {
            rewrite.id.get_or_insert((from.clone(), to, reason));
        })
    }

    /// Answers whether the file will have the rpath, so that references may rest on it.
    pub fn add_rpath(&mut self, path: &BundlePath, rpath: Rpath, reason: Reason) -> bool {
        if self.no_rpath.contains(path) {
            return false;
        }
        let wished = self.wish(path, |rewrite| rewrite.add = Some((rpath, reason)));
        wished && !self.new_rpath_is_off(path)
    }

    /// Added by itself or in the place of one that goes, a file's new rpath has one switch.
    fn new_rpath_is_off(&self, path: &BundlePath) -> bool {
        let switches = ["add_rpath", "replace_rpath"].map(|kind| format!("{kind} {path} "));
        self.switched_off.iter().any(|key| switches.iter().any(|switch| key.0.starts_with(switch)))
    }

    pub fn delete_rpath(
        &mut self,
        path: &BundlePath,
        rpath: &Rpath,
        keep_first: bool,
        reason: Reason,
    ) -> bool {
        let before = self.revision;
        let wished = self.wish(path, |rewrite| {
            rewrite.delete.insert(rpath.clone(), (keep_first, reason));
        });
        if self.revision != before {
            self.try_again(path);
        }
        wished
    }

    /// With a new rpath gone from `path` there is room for what had none.
    fn try_again(&mut self, path: &BundlePath) {
        self.given_up.clear();
        self.incomplete.clear();
        if self.no_rpath.remove(path) {
            self.styles.remove(path);
        }
    }

    /// The bundle as the draft would leave it. Wishes that do not fit are taken back, file by file, down the ladder.
    pub fn model(&mut self, outside: &mut Outside) -> Bundle {
        loop {
            match simulate(self.base, &self.edits(), outside) {
                Ok(model) => return model,
                Err(Refused::LoadCommands(refused)) => {
                    refused.into_iter().for_each(|(path, error)| self.descend(&path, error))
                }
                Err(Refused::Source(failure)) => self.drop_source(&failure),
            }
        }
    }

    /// One rung down the ladder for a file whose wishes do not fit.
    fn descend(&mut self, path: &BundlePath, error: EditError) {
        self.revision += 1;
        let Some(rewrite) = self.rewrites.get(path).cloned() else { return };
        let made = rewrite.edits(path).into_iter().filter(|planned| self.is_made(&planned.edit));
        let mut growing: Vec<PlannedEdit> = made.filter(|planned| planned.header_bytes > Some(0)).collect();
        growing.sort_by_key(|planned| planned.header_bytes);
        // The install name is what an embedded library needs least.
        let id = growing.iter().find(|planned| matches!(planned.edit, Edit::SetId { .. }));
        let uses = growing.iter().rev().find(|planned| matches!(planned.edit, Edit::ChangeUse { .. }));
        let no_room = matches!(error, EditError::NoRoom { .. });
        if let Some(id) = id.filter(|_| no_room && growing.len() > 1) {
            self.given_up.insert(id.edit.key());
        } else if rewrite.add.is_some() && self.no_rpath.insert(path.clone()) {
            self.full.insert(path.clone(), error);
            let without = Rewrite { uses: BTreeMap::new(), add: None, ..rewrite };
            self.rewrites.insert(path.clone(), without);
            self.styles.insert(path.clone(), Style::Loader);
        } else if let Some(largest) = uses.or(id).filter(|_| no_room) {
            self.given_up.insert(largest.edit.key());
            self.full.entry(path.clone()).or_insert(error);
            self.incomplete.insert(path.clone());
        } else {
            self.rewrites.remove(path);
            let style = if self.style(path) == Style::Rpath { Style::Loader } else { Style::Untouched };
            self.styles.insert(path.clone(), style);
            self.full.entry(path.clone()).or_insert(error);
        }
    }

    /// A file that cannot be read cannot be copied: the step goes, the finding stays.
    fn drop_source(&mut self, failure: &crate::failure::Failure) {
        let unreadable = |planned: &PlannedEdit| match (&planned.edit, failure) {
            (
                Edit::CopyFile { local, .. } | Edit::CopyFramework { local, .. },
                crate::failure::Failure::Problem { path, .. },
            ) => path.starts_with(local),
            _ => false,
        };
        let before = self.tree.len();
        let gone: Vec<BundlePath> = self
            .tree
            .iter()
            .filter(|planned| unreadable(planned))
            .map(|planned| planned.edit.path().clone())
            .collect();
        self.forget(&gone);
        if self.tree.len() == before {
            self.keep_changes(|_| false);
            self.rewrites.clear();
        }
    }

    /// Takes back the rewriting of one reference.
    pub fn keep_use(&mut self, path: &BundlePath, original: &InstallName) {
        if let Some(rewrite) = self.rewrites.get_mut(path) {
            rewrite.uses.remove(original);
        }
    }

    /// Takes back the removal of files that are still asked for. Answers whether there was one.
    pub fn keep_files(&mut self, needed: &BTreeSet<BundlePath>) -> bool {
        let before = self.tree.len();
        self.keep_changes(|planned| match &planned.edit {
            Edit::Remove { path } => !needed.iter().any(|file| file.is_under(path)),
            _ => true,
        });
        self.tree.len() < before
    }

    /// Takes back the deletion of rpaths. Answers whether there was one.
    pub fn keep_rpaths(&mut self, needed: &BTreeSet<(BundlePath, Rpath)>) -> bool {
        let mut kept = |(path, rpath): &&(BundlePath, Rpath)| {
            self.rewrites.get_mut(path).is_some_and(|rewrite| rewrite.delete.remove(rpath).is_some())
        };
        needed.iter().filter(&mut kept).count() > 0
    }

    /// Takes back copies and all that was wished for them.
    pub fn forget(&mut self, copies: &[BundlePath]) {
        let below = |path: &BundlePath| copies.iter().any(|copy| path.is_under(copy));
        // A second name of the copy goes with it.
        let names_it = |edit: &Edit| match edit {
            Edit::Symlink { path, target } => {
                path.parent().and_then(|folder| folder.resolve(target)).is_some_and(|there| below(&there))
            }
            _ => false,
        };
        self.keep_changes(|planned| !below(planned.edit.path()) && !names_it(&planned.edit));
        self.rewrites.retain(|path, _| !below(path));
        self.created.retain(|path| !below(path));
        self.placed.retain(|_, to| !below(to));
        self.origins.retain(|path, _| !below(path));
        if !self.opened.is_empty() {
            self.opened.retain(|path| !below(path));
            if self.opened.is_empty() {
                // Settings that lead to plug-ins go with the last of them.
                self.keep_changes(|planned| !matches!(planned.edit, Edit::WriteFile { .. }));
            }
        }
    }

    /// Files that are not mended, or not in full, for want of room.
    pub fn without_room(&self) -> impl Iterator<Item = (&BundlePath, &EditError)> {
        let lacking = |path| self.style(path) == Style::Untouched || self.incomplete.contains(path);
        self.full.iter().filter(move |(path, _)| lacking(path))
    }
}
