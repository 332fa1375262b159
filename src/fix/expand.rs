//! Remedies → edits of the draft.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use super::draft::{Draft, Style};
use super::edit::{Edit, Safety};
use super::framework;
use super::place::{Placement, frameworks, place};
use super::recipes;
use super::removal;
use super::rewrite::Reason;
use crate::bundle::{Bundle, EntryKind, ImageId};
use crate::diagnose::{Facts, Finding, Remedy, references, right_id};
use crate::dyld::{Outcome, Resolution, graph::Dependency, graph::Load};
use crate::macho::edit::respelled;
use crate::macho::{InstallName, Rpath};
use crate::paths::{BundlePath, RuntimePath};

/// One round: every remedy once, structure first. `pending` gets the references that are rewritten already and still
/// do not end where they should.
pub(super) fn expand(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    findings: &[&Finding],
) -> BTreeSet<(BundlePath, InstallName)> {
    let strayed = strayed(draft, facts);
    let mut round = Round { draft, facts, pending: BTreeSet::new(), loads: OnceCell::new(), strayed };
    round.call_back();
    let mut ordered: Vec<&Finding> = findings.to_vec();
    ordered.sort_by_key(|finding| finding.remedy.as_ref().map(step));
    for finding in ordered {
        if let Some(remedy) = &finding.remedy {
            round.remember_leak(finding, remedy);
            round.remedy(remedy, finding.rule);
        }
    }
    round.follow_placed();
    round.follow_old_places();
    round.drop_old_rpaths();
    round.pending
}

/// Structure before copies, copies before references: a remedy may rest on what an earlier one decided.
fn step(remedy: &Remedy) -> u8 {
    match remedy {
        Remedy::MakeExecutable { .. } | Remedy::RemoveLink { .. } | Remedy::Remove { .. } => 0,
        Remedy::Relocate { .. } => 1,
        Remedy::RestoreFramework { .. } => 1,
        Remedy::Unflatten { .. } => 2,
        Remedy::Merge { .. } => 3,
        Remedy::Bundle { .. } => 4,
        Remedy::PlugIns { .. } | Remedy::PlugInsFolder { .. } => 5,
        Remedy::Repoint { .. } | Remedy::UseSystem { .. } | Remedy::Respell { .. } => 6,
        Remedy::SetId { .. } | Remedy::AddRpath { .. } => 7,
        Remedy::DeleteRpath { .. } => 8,
        Remedy::Thin { .. } | Remedy::SetInfo { .. } => 8,
        Remedy::Sign { .. } => 9,
    }
}

pub(super) struct Round<'r, 'd, 'f> {
    pub draft: &'r mut Draft<'d>,
    pub facts: &'r Facts<'f>,
    pending: BTreeSet<(BundlePath, InstallName)>,
    /// What each image is loaded as on the build machine, once somebody asks.
    loads: OnceCell<BTreeMap<&'r ImageId, Vec<&'r Load>>>,
    /// References that this plan rewrote and that end elsewhere than they were meant to.
    strayed: BTreeSet<(BundlePath, InstallName)>,
}

/// A text of ours finds what it should not where another file of the name comes first: through an rpath that had to stay, say.
fn strayed(draft: &Draft<'_>, facts: &Facts<'_>) -> BTreeSet<(BundlePath, InstallName)> {
    let all = references(facts.build).chain(references(facts.clean));
    let strays = all.filter(|reference| {
        let original = draft.original(reference.user, &reference.dependency.name);
        let meant = draft.targets.get(&(reference.user.clone(), original));
        meant.filter(|target| facts.bundle.nodes.contains_key(*target)).is_some_and(|target| match &reference
            .dependency
            .resolution
        {
            Resolution::Bundled(path) => path != target,
            Resolution::External(_) => true,
            Resolution::Missing => !reference.dependency.met_wrong_arch(),
            Resolution::System(_) => false,
        })
    });
    strays.map(|reference| (reference.user.clone(), reference.dependency.name.clone())).collect()
}

impl Round<'_, '_, '_> {
    fn remedy(&mut self, remedy: &Remedy, reason: Reason) {
        match remedy {
            Remedy::MakeExecutable { path } => {
                self.draft.change_tree(
                    Edit::SetMode { path: path.clone(), mode: 0o755 },
                    reason,
                    Safety::Safe,
                );
            }
            Remedy::RemoveLink { path } => {
                self.draft.change_tree(Edit::Remove { path: path.clone() }, reason, Safety::Review);
            }
            Remedy::Remove { paths } => {
                for path in removal::whole(self.facts.bundle, paths) {
                    self.draft.change_tree(Edit::Remove { path }, reason, Safety::Review);
                }
            }
            Remedy::Relocate { moves, link } => self.relocate(moves, *link, reason),
            Remedy::Thin { images, archs } => {
                for path in images {
                    let edit = Edit::Thin { path: path.clone(), archs: archs.clone() };
                    self.draft.change_tree(edit, reason, Safety::Review);
                }
            }
            Remedy::SetInfo { plist, key, value } => self.set_info(plist, key, value, reason),
            Remedy::RestoreFramework { framework } => {
                framework::restore(self.draft, self.facts.bundle, framework, reason)
            }
            Remedy::Unflatten { flat, framework } => self.unflatten(flat, framework, reason),
            Remedy::Merge { keep, remove } => self.merge(keep, remove, reason),
            Remedy::Bundle { external } => {
                if !self.only_strays_end_at(external) {
                    self.bring_in(external, reason);
                }
            }
            Remedy::Repoint { image, name, target } => {
                if !self.strayed.contains(&(image.clone(), name.clone())) {
                    self.repoint(image, name, target, reason);
                }
            }
            Remedy::UseSystem { image, name, own } => {
                self.draft.change_use(image, name, own.clone(), reason);
            }
            Remedy::Respell { image, name } => {
                if let Some(to) = respelled(name.as_str(), 1) {
                    self.draft.change_use(image, name, InstallName::new(to), reason);
                }
            }
            Remedy::PlugIns { toolkit, kind } => self.bring_plug_ins(*toolkit, *kind, reason),
            Remedy::PlugInsFolder { toolkit, folder } => {
                if let Some((path, text)) = recipes::settings(self.facts.bundle, *toolkit, folder) {
                    self.write(path, text, reason, Safety::Review);
                }
            }
            Remedy::SetId { image } => self.set_id(image, reason),
            Remedy::AddRpath { image, rpath } => {
                self.draft.add_rpath(image, rpath.clone(), reason);
            }
            Remedy::DeleteRpath { image, rpath } => self.delete_rpath(image, rpath, reason),
            Remedy::Sign { path } => {
                self.draft.resign.insert(path.clone());
            }
        }
    }

    /// What strayed is written in another way, before anything is made of where it ends.
    fn call_back(&mut self) {
        for (user, name) in self.strayed.clone() {
            let original = self.draft.original(&user, &name);
            if let Some(target) = self.draft.targets.get(&(user.clone(), original)).cloned() {
                self.repoint(&user, &name, &target, "library-outside-bundle");
            }
        }
    }

    fn only_strays_end_at(&self, external: &RuntimePath) -> bool {
        let end = Resolution::External(external.clone());
        let mut users = references(self.facts.build).filter(|one| one.dependency.resolution == end);
        users.all(|one| self.strayed.contains(&(one.user.clone(), one.dependency.name.clone())))
    }

    /// An outside file that hides the bundle's own copy needs no copy; what finds it is in the way.
    fn remember_leak(&mut self, finding: &Finding, remedy: &Remedy) {
        if let (Remedy::Repoint { target, .. }, [ImageId::External(external)]) =
            (remedy, &finding.related[..])
        {
            self.draft.place(external, target.clone());
        }
    }

    /// Puts a library from outside into the bundle, with what it needs in turn, and answers where it is then.
    fn bring_in(&mut self, external: &RuntimePath, reason: Reason) -> Option<BundlePath> {
        if let Some(known) = self.draft.placed.get(external) {
            return Some(known.clone());
        }
        let image = self.facts.build.externals.get(external)?;
        let placement = place(self.facts.bundle, self.draft, image);
        self.carry_out(external, placement, reason)
    }

    pub fn carry_out(
        &mut self,
        external: &RuntimePath,
        placement: Placement,
        reason: Reason,
    ) -> Option<BundlePath> {
        let (edit, target, safety) = match placement {
            Placement::Occupied => return None,
            Placement::Existing(path) => {
                self.draft.place(external, path.clone());
                return Some(path);
            }
            Placement::File { local, to, renamed } => {
                let safety = if renamed { Safety::Review } else { Safety::Safe };
                (Edit::CopyFile { from: external.clone(), local, to: to.clone() }, to, safety)
            }
            Placement::Framework { from, local, to, version, binary } => {
                (Edit::CopyFramework { from, local, to, version }, binary, Safety::Safe)
            }
        };
        let new = edit.path().clone();
        if !self.draft.change_tree(edit, reason, safety) {
            return None;
        }
        self.draft.created.insert(new);
        self.draft.place(external, target.clone());
        self.bring_needs(external, &target, reason);
        Some(target)
    }

    /// What a library found from its old place (by `@loader_path`, by rpaths of the build tree) it must find from the new one.
    fn bring_needs(&mut self, external: &RuntimePath, target: &BundlePath, reason: Reason) {
        let loads = self.loads.get_or_init(|| loads(self.facts));
        let loads = loads.get(&ImageId::External(external.clone())).into_iter().flatten();
        let mut needs = BTreeSet::new();
        for dependency in loads.flat_map(|load| &load.dependencies) {
            match &dependency.resolution {
                Resolution::External(need) => needs.extend([(dependency.name.clone(), Err(need.clone()))]),
                Resolution::Bundled(path) => needs.extend([(dependency.name.clone(), Ok(path.clone()))]),
                Resolution::System(_) | Resolution::Missing => {}
            }
        }
        for (name, need) in needs {
            let place = match need {
                Ok(path) => Some(path),
                Err(outside) => self.bring_in(&outside, reason),
            };
            if let Some(place) = place {
                self.repoint(target, &name, &place, reason);
            }
        }
    }

    fn unflatten(&mut self, flat: &BundlePath, external: &RuntimePath, reason: Reason) {
        let Some(image) = self.facts.build.externals.get(external) else { return };
        // The flat copy is the same build, so it must not count as the place to go to.
        let mut without = self.facts.bundle.clone();
        without.images.remove(flat);
        let placement = place(&without, self.draft, image);
        if !matches!(placement, Placement::Framework { .. }) {
            return;
        }
        let Some(binary) = self.carry_out(external, placement, reason) else { return };
        if self.draft.change_tree(Edit::Remove { path: flat.clone() }, reason, Safety::Review) {
            self.repoint_users(flat, &binary, reason);
        }
    }

    fn merge(&mut self, keep: &BundlePath, remove: &BundlePath, reason: Reason) {
        let shares = |edit: &Edit| [keep, remove].iter().any(|path| path.is_under(edit.path()));
        if self.draft.tree.iter().any(|planned| shares(&planned.edit)) {
            return; // a framework's restoration deals with it
        }
        if self.draft.change_tree(Edit::Remove { path: remove.clone() }, reason, Safety::Review) {
            self.repoint_users(remove, keep, reason);
        }
    }

    /// Points everything that ends at `old` now at `new`.
    fn repoint_users(&mut self, old: &BundlePath, new: &BundlePath, reason: Reason) {
        let users: BTreeSet<(BundlePath, InstallName)> = references(self.facts.build)
            .chain(references(self.facts.clean))
            .filter(|reference| reference.dependency.resolution == Resolution::Bundled(old.clone()))
            .map(|reference| (reference.user.clone(), reference.dependency.name.clone()))
            .collect();
        for (user, name) in users {
            self.repoint(&user, &name, new, reason);
        }
    }

    /// References that still end outside although the library is in the bundle now.
    fn follow_placed(&mut self) {
        let mut outside = BTreeSet::new();
        for reference in references(self.facts.build) {
            if let Resolution::External(external) = &reference.dependency.resolution
                && let Some(target) = self.draft.placed.get(external)
                && !self.strayed.contains(&(reference.user.clone(), reference.dependency.name.clone()))
            {
                outside.insert((reference.user.clone(), reference.dependency.name.clone(), target.clone()));
            }
        }
        // The reference that already has the copy's name takes it; others of the same image go by a link.
        let mut outside: Vec<(BundlePath, InstallName, BundlePath)> = outside.into_iter().collect();
        outside.sort_by_key(|(_, name, target)| name.leaf() != target.file_name());
        for (user, name, target) in outside {
            self.repoint(&user, &name, &target, "library-outside-bundle");
        }
    }

    pub fn repoint(&mut self, user: &BundlePath, name: &InstallName, target: &BundlePath, reason: Reason) {
        let original = self.draft.original(user, name);
        let before = self.draft.revision;
        let says = name.as_str().strip_prefix("@loader_path/").and_then(|tail| user.parent()?.resolve(tail));
        let text = if says.as_ref() == Some(target) {
            name.as_str().to_owned()
        } else {
            self.text(user, &original, target, reason)
        };
        let Some(text) = self.free_text(user, name, target, text, reason) else { return };
        let done = self.draft.change_use(user, name, text, reason);
        if done {
            self.draft.targets.insert((user.clone(), original.clone()), target.clone());
        }
        if done && self.draft.revision == before {
            self.pending.insert((user.clone(), original));
        }
    }

    /// The shortest text that leads from `user` to `target`.
    fn text(
        &mut self,
        user: &BundlePath,
        original: &InstallName,
        target: &BundlePath,
        reason: Reason,
    ) -> String {
        let by_rpath = self.draft.style(user) == Style::Rpath
            && !self.draft.shadowed.contains(&(user.clone(), original.clone()));
        match target.strip_prefix(&frameworks()) {
            Some(below) if by_rpath && self.ensure_rpaths(user, reason) => format!("@rpath/{below}"),
            _ => loader_text(user, target),
        }
    }

    /// dyld refuses two equal dylib names in one image, so a second reference to the same file goes through a link, or, where
    /// the names are equal, by another spelling.
    fn free_text(
        &mut self,
        user: &BundlePath,
        name: &InstallName,
        target: &BundlePath,
        text: String,
        reason: Reason,
    ) -> Option<InstallName> {
        let is_free = |one: &InstallName| self.is_free(user, name, one);
        let wanted = InstallName::new(text.clone());
        if is_free(&wanted) {
            return Some(wanted);
        }
        let link = target.parent()?.resolve(name.leaf())?;
        let folder = text.rsplit_once('/').map_or("", |(folder, _)| folder);
        let by_link = InstallName::new(format!("{folder}/{}", name.leaf()));
        let there = self.facts.bundle.real_path(&link).as_ref() == Some(target);
        let edit = Edit::Symlink { path: link.clone(), target: target.file_name().to_owned() };
        let ours = self.draft.tree.iter().any(|planned| planned.edit == edit);
        let other = self.facts.bundle.nodes.contains_key(&link) || self.draft.touches(&link);
        if link == *target || (other && !there && !ours) || !is_free(&by_link) {
            return (1..8).filter_map(|times| respelled(&text, times)).map(InstallName::new).find(is_free);
        }
        (there || self.draft.change_tree(edit, reason, Safety::Safe)).then_some(by_link)
    }

    /// Whether no other reference of `user` than `name` has the text `one`, in the model or in the plan.
    fn is_free(&self, user: &BundlePath, name: &InstallName, one: &InstallName) -> bool {
        let loaded = self.draft.loaded_as(user);
        let image = loaded.iter().find_map(|id| self.facts.build.image(self.facts.bundle, id));
        let mut slices = image.iter().flat_map(|image| &image.file.slices);
        let in_model =
            slices.any(|slice| slice.uses.iter().any(|other| other.name == *one && other.name != *name));
        let original = self.draft.original(user, name);
        let in_plan = self.draft.rewrites.get(user).is_some_and(|rewrite| {
            // A text on disk that goes is not free either: edits are made one after the other.
            rewrite.uses.iter().any(|(from, (to, _))| (to == one || from == one) && *from != original)
        });
        !in_model && !in_plan
    }

    /// Makes sure that `@rpath` leads to `Contents/Frameworks` in every process that loads `user`. Answers whether it does.
    fn ensure_rpaths(&mut self, user: &BundlePath, reason: Reason) -> bool {
        let processes = processes_of(self.facts, &self.draft.loaded_as(user));
        let lacking: Vec<&BundlePath> =
            processes.iter().filter(|process| !has_rpath(self.facts.bundle, process)).collect();
        lacking.into_iter().fold(true, |all, process| {
            let folder = process.parent().unwrap_or_default();
            let rpath = Rpath::new(format!("@executable_path/{}", frameworks().relative_from(&folder)));
            self.draft.add_rpath(process, rpath, reason) && all
        })
    }

    /// With the new name every user of the old one follows: what was one image must not become two.
    fn set_id(&mut self, image: &BundlePath, reason: Reason) {
        let Some(model) = self.facts.bundle.image(image) else { return };
        let Some(old) = model.file.slices.iter().find_map(|slice| slice.install_name.clone()) else { return };
        if !self.draft.set_id(image, &old, right_id(image), reason) {
            return;
        }
        let by_old_name: BTreeSet<BundlePath> = references(self.facts.build)
            .filter(|reference| {
                reference.dependency.name == old
                    && reference.dependency.resolution == Resolution::Bundled(image.clone())
            })
            .map(|reference| reference.user.clone())
            .collect();
        for user in by_old_name {
            if old.as_str().starts_with('@') {
                // Most often the same text finds the file as before, by a search; if another has it, the user is called back.
                let original = self.draft.original(&user, &old);
                self.draft.targets.entry((user, original)).or_insert_with(|| image.clone());
            } else {
                self.repoint(&user, &old, image, reason);
            }
        }
    }

    /// Whoever knows the old place still finds the file there where a link stays.
    fn relocate(&mut self, moves: &[(BundlePath, BundlePath)], link: bool, reason: Reason) {
        let nodes = &self.facts.bundle.nodes;
        for (from, to) in
            moves.iter().filter(|(from, to)| nodes.contains_key(from) && !nodes.contains_key(to))
        {
            let mut edits = vec![(Edit::Move { from: from.clone(), to: to.clone() }, Safety::Review)];
            if link {
                let target = to.relative_from(&from.parent().unwrap_or_default());
                edits.push((Edit::Symlink { path: from.clone(), target }, Safety::Review));
            }
            self.draft.change_tree_as_one(edits, reason);
        }
    }

    fn set_info(&mut self, plist: &BundlePath, key: &'static str, value: &str, reason: Reason) {
        let Some(info) = self.draft.base.info_plists.get(plist) else { return };
        let from = info.string(key).map(str::to_owned);
        let (path, to) = (plist.clone(), value.to_owned());
        self.draft.set_info(Edit::SetInfo { path, key, from, to }, reason);
    }

    /// Only once nothing outside is found through it that stays outside, nor anything looked for that is missing here: with
    /// another folder of the build machine at hand it may be found through it yet.
    pub fn delete_rpath(&mut self, image: &BundlePath, rpath: &Rpath, reason: Reason) {
        let again = reason == "duplicate-rpath"; // the first of them stays
        let mut loads = self.facts.build.launches.iter().flat_map(|launch| launch.loads.own());
        let needed = loads.any(|load| {
            load.dependencies.iter().any(|dependency| self.needs_rpath(&load.image, dependency, image, rpath))
        });
        if again || !needed {
            self.draft.delete_rpath(image, rpath, again, reason);
        }
    }

    fn needs_rpath(
        &self,
        user: &ImageId,
        dependency: &Dependency,
        image: &BundlePath,
        rpath: &Rpath,
    ) -> bool {
        let declared = ImageId::Bundled(image.clone());
        let mut through = dependency.candidates.iter().filter(|candidate| {
            candidate.declared_by.as_ref() == Some(&declared) && candidate.rpath.as_ref() == Some(rpath)
        });
        match &dependency.resolution {
            Resolution::External(external) => {
                through.any(|candidate| candidate.outcome == Outcome::Found)
                    && !self.draft.placed.contains_key(external)
            }
            // A text of our own that leads nowhere is taken back in the end, and a library of another architecture is there.
            Resolution::Missing => {
                through.next().is_some()
                    && !dependency.met_wrong_arch()
                    && !self.draft.is_rewritten(user, &dependency.name)
            }
            _ => false,
        }
    }
}

fn loads<'f>(facts: &'f Facts<'_>) -> BTreeMap<&'f ImageId, Vec<&'f Load>> {
    let mut loads: BTreeMap<&ImageId, Vec<&Load>> = BTreeMap::new();
    for load in facts.build.launches.iter().flat_map(|launch| launch.loads.own()) {
        loads.entry(&load.image).or_default().push(load);
    }
    loads
}

fn loader_text(user: &BundlePath, target: &BundlePath) -> String {
    format!("@loader_path/{}", target.relative_from(&user.parent().unwrap_or_default()))
}

/// The executables of the processes that load one of `images`.
fn processes_of(facts: &Facts<'_>, images: &BTreeSet<ImageId>) -> BTreeSet<BundlePath> {
    let launches = facts.build.launches.iter().chain(&facts.clean.launches);
    let concerned =
        launches.filter(|launch| images.iter().any(|image| launch.loads.position(image).is_some()));
    concerned.filter_map(|launch| process_of(facts.bundle, &launch.entry)).collect()
}

/// The executable itself, or for a plug-in the one that opens it.
fn process_of(bundle: &Bundle, entry: &BundlePath) -> Option<BundlePath> {
    let entry = bundle.entries.iter().find(|one| one.image == *entry)?;
    match entry.kind {
        EntryKind::PlugIn => entry.host.clone().or_else(|| bundle.main_executable.clone()),
        _ => Some(entry.image.clone()),
    }
}

/// Whether every slice of an executable has an rpath that means `Contents/Frameworks`.
fn has_rpath(bundle: &Bundle, executable: &BundlePath) -> bool {
    let Some(image) = bundle.image(executable) else { return false };
    let folder = executable.parent().unwrap_or_default();
    let leads_there = |rpath: &Rpath| {
        let text = rpath.as_str();
        let tail = text.strip_prefix("@executable_path").or_else(|| text.strip_prefix("@loader_path"));
        tail.and_then(|tail| folder.resolve(tail.trim_start_matches('/'))) == Some(frameworks())
    };
    image.file.slices.iter().all(|slice| slice.rpaths.iter().any(leads_there))
}
