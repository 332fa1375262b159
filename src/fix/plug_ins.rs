//! Files that are opened by name: brought in as a recipe says, with what they found from their old place.

use std::collections::BTreeSet;

use super::edit::{Edit, Safety};
use super::expand::Round;
use super::old_place;
use super::place::place;
use super::recipes::{self, Ingredient, Sources};
use super::rewrite::Reason;
use crate::bundle::ImageId;
use crate::diagnose::{Toolkit, references};
use crate::dyld::Resolution;
use crate::macho::{InstallName, Rpath};
use crate::paths::BundlePath;

impl Round<'_, '_, '_> {
    /// What a toolkit opens by name. No load command leads to it, so it stays in the plan though nothing loads it.
    pub fn bring_plug_ins(&mut self, toolkit: Toolkit, kind: Option<&'static str>, reason: Reason) {
        let Some(roots) = recipes::roots(self.facts) else { return };
        let sources = Sources { facts: self.facts, base: self.draft.base, roots, placed: &self.draft.placed };
        let wanted = recipes::plug_ins(&sources, toolkit, kind);
        for Ingredient { from, local, to } in wanted.files {
            let edit = Edit::CopyFile { from: from.clone(), local, to: to.clone() };
            if self.draft.change_tree(edit, reason, Safety::Review) {
                self.draft.created.insert(to.clone());
                self.draft.opened.insert(to.clone());
                self.draft.place(&from, to);
            }
        }
        for (path, target) in wanted.links {
            self.draft.change_tree(Edit::Symlink { path, target }, reason, Safety::Review);
        }
        for (path, text) in wanted.texts {
            self.write(path, text, reason, Safety::Review);
        }
        self.draft.looked.insert(reason, wanted.looked);
    }

    /// A small text file, in the place of one that says something else.
    pub fn write(&mut self, path: BundlePath, contents: String, reason: Reason, safety: Safety) {
        let planned = |edit: &Edit| matches!(edit, Edit::WriteFile { path: other, .. } if *other == path);
        let said = self.facts.bundle.settings.get(&path) == Some(&contents);
        if said || self.draft.tree.iter().any(|one| planned(&one.edit)) {
            return;
        }
        let there = self.facts.bundle.nodes.contains_key(&path);
        let remove = there.then(|| (Edit::Remove { path: path.clone() }, safety));
        let write = (Edit::WriteFile { path, contents }, safety);
        self.draft.change_tree_as_one(remove.into_iter().chain([write]).collect(), reason);
    }

    /// Rpaths of a plug-in that was brought in go by its old place; from the new one most lead to no folder.
    pub fn drop_old_rpaths(&mut self) {
        let opened: Vec<BundlePath> = self.draft.opened.iter().cloned().collect();
        for path in opened {
            let Some(image) = self.facts.bundle.image(&path) else { continue };
            let folder = path.parent().unwrap_or_default();
            let rpaths: BTreeSet<&Rpath> = image.file.slices.iter().flat_map(|slice| &slice.rpaths).collect();
            for rpath in rpaths {
                let Some(tail) = rpath.as_str().strip_prefix("@loader_path") else { continue };
                let leads_to = folder.resolve(tail.trim_start_matches('/'));
                let there = leads_to.and_then(|folder| self.facts.bundle.real_path(&folder));
                if there.is_none() {
                    self.delete_rpath(&path, rpath, "unused-rpath");
                }
            }
        }
    }

    /// What a copied file finds nowhere from its new place is looked for from its old one: its rpaths went by that.
    pub fn follow_old_places(&mut self) {
        let Some(roots) = recipes::roots(self.facts) else { return };
        let missing: BTreeSet<(BundlePath, InstallName)> = references(self.facts.build)
            .filter(|reference| reference.dependency.resolution == Resolution::Missing)
            .filter(|reference| self.draft.created.iter().any(|new| reference.user.is_under(new)))
            .map(|reference| (reference.user.clone(), reference.dependency.name.clone()))
            .collect();
        for (user, name) in missing {
            let original = self.draft.original(&user, &name);
            let old = old_place::of(self.draft, &user);
            let found =
                old.and_then(|old| old_place::find(roots, &self.facts.bundle.runtime_root, &old, &original));
            let Some(image) = found else { continue };
            let ImageId::External(external) = image.id.clone() else { continue };
            let target = self.draft.placed.get(&external).cloned().or_else(|| {
                let placement = place(self.facts.bundle, self.draft, &image);
                self.carry_out(&external, placement, "missing-library")
            });
            if let Some(target) = target {
                self.repoint(&user, &name, &target, "missing-library");
            }
        }
    }
}
